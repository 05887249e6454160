/* esme_options.h - the command line of mtc-sme, checked whole before anything is sent. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "smpp/smpp_pdu.h"
#include "tls/tls_identity.h"

#define ESME_WHY_MAX 256
#define ESME_PAYLOAD_MAX 60000u
#define ESME_COUNT_MAX 10000000u
#define ESME_WINDOW_MAX 10000u
#define ESME_TO_MAX SMPP_DESTINATIONS_MAX

enum esme_command { ESME_SUBMIT, ESME_CANCEL, ESME_REPLACE, ESME_QUERY, ESME_LISTEN, ESME_HELP, ESME_VERSION };

struct esme_options {
	enum esme_command command;
	/* where and who */
	char address[64];
	uint16_t connect_port;
	bool plain;
	const char *certificate, *key, *keylog, *server_name; /* NULL: none */
	const char *anchors[IDENTITY_ANCHORS_MAX];
	size_t anchors_n;
	char system_id[SMPP_SYSTEM_ID_MAX + 1], password[SMPP_PASSWORD_MAX + 1];
	uint32_t connect_wait_s, answer_wait_s;
	/* what */
	struct smpp_address source, to[ESME_TO_MAX];
	size_t to_n;
	char message_id[SMPP_MESSAGE_ID_MAX + 1];
	uint8_t *payload; /* owned; NULL: none */
	size_t payload_len;
	bool has_port, port_in_header, data_sm, in_payload, receipt;
	uint32_t port, pid, coding, esm_class, validity_s, priority; /* validity_s 0: not named */
	/* how */
	bool has_wait, load, debug;
	uint32_t wait_s, count, window, rate;
};

/* Parses the arguments after the program's name. 0; ERR_INVAL with the mistake and what was
 * expected; ERR_NOMEM. On failure nothing is to be freed. Borrows argv. */
ERR_MUST_USE int esme_options_parse(struct esme_options *out, int argc, const char *const *argv, char why[ESME_WHY_MAX]);
void esme_options_fini(struct esme_options *o);

/* Prints usage and worked examples. */
void esme_options_help(void);
