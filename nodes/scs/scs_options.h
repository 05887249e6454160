/* scs_options.h - the command line of mtc-scs, checked whole before anything is sent. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/ident.h"
#include "base/transport.h"
#include "tls/tls_identity.h"

#define SCS_WHY_MAX 256
#define SCS_PAYLOAD_MAX 60000 /* bytes; a gateway accepts no larger message from outside */
#define SCS_STAMP_LEN 8u      /* bytes added by --stamp */
#define SCS_EXTERNAL_MAX 1024 /* bytes, with --unchecked */
#define SCS_COUNT_MAX 10000000u
#define SCS_WINDOW_MAX 65536u
#define SCS_WAIT_MAX 604800u

enum scs_command { SCS_TRIGGER, SCS_REPLACE, SCS_RECALL, SCS_LISTEN, SCS_HELP, SCS_VERSION };

struct scs_options {
	enum scs_command command;
	/* where and who */
	char address[64];
	uint16_t connect_port;
	bool plain, sctp;
	uint32_t udp_port; /* sctp: in user space, inside UDP; 0: the kernel's */
	/* sctp: our addresses, and those of the gateway besides `address` */
	const char *local[TRANSPORT_MORE_MAX + 1], *more[TRANSPORT_MORE_MAX];
	size_t local_n, more_n;
	const char *certificate, *key, *keylog; /* NULL: none */
	const char *anchors[IDENTITY_ANCHORS_MAX];
	size_t anchors_n;
	char origin_host[IDENT_HOST_MAX + 1], realm[IDENT_HOST_MAX + 1];
	char iwf_host[IDENT_HOST_MAX + 1], iwf_realm[IDENT_HOST_MAX + 1];
	uint32_t connect_wait_s, answer_wait_s;
	/* what */
	char scs_identity[IDENT_MSISDN_MAX + 1]; /* "": none */
	/* "": none; "{}" is replaced by a number from devices_first to devices_last */
	char external[SCS_EXTERNAL_MAX + 1];
	char msisdn[IDENT_MSISDN_MAX + 1]; /* "": none */
	bool has_devices, unchecked;
	uint32_t devices_first, devices_last;
	uint8_t *payload; /* owned, with room for a stamp; NULL: none */
	size_t payload_len;
	bool has_port, has_validity, has_old_reference, has_wait, priority;
	uint32_t port, validity_s, reference, old_reference, wait_s;
	/* how often */
	bool load; /* --count given: a summary instead of a line for each */
	uint32_t count, window, rate;
	/* stamp: the Reference-Number as 8 hex digits behind the payload */
	bool verbose, debug, stamp;
	uint32_t resend;   /* how often an unanswered request is sent again, with T */
	const char *state; /* listen; NULL: none */
};

/* Parses the arguments after the program's name. `random` is the default reference. 0; ERR_INVAL
 * with the mistake and what was expected; ERR_NOMEM. On failure nothing is to be freed. Borrows
 * argv. */
ERR_MUST_USE int scs_options_parse(struct scs_options *out, int argc, const char *const *argv, uint32_t random,
				   char why[SCS_WHY_MAX]);
void scs_options_fini(struct scs_options *o);

/* Prints usage and worked examples. */
void scs_options_help(void);
