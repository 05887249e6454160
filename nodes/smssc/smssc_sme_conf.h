/* smssc_sme_conf.h - the section `smes` of the configuration of mtc-smssc: where SMEs connect over
 * SMPP, who they are, what they may do (docs/man/mtc-smssc.1, docs/user/tsms.md). */
#pragma once
#include "base/str.h"
#include "nodes/common/node_conf.h"
#include "nodes/smssc/sme_filter.h"

#define SME_LIST_MAX 64
#define SME_HASH_MAX 256 /* octets of a password's hash with NUL */

struct sme_scs_conf { /* the SCS of the gateway that an SME is; host "": it may not trigger */
	struct node_identity identity;
	char certificate[CFG_PATH_MAX], key[CFG_PATH_MAX]; /* with protection tls */
};

enum sme_kind { SME_APPLICATION, SME_NETWORK };

struct sme_conf {
	char system_id[SMPP_SYSTEM_ID_MAX + 1];
	char certificate[CFG_HOST_MAX];     /* dNSName of its certificate; "": it connects in clear */
	char password[SME_HASH_MAX];        /* crypt(5) */
	char addresses[8][CFG_ADDRESS_MAX]; /* it may connect from; none: any */
	size_t addresses_n;
	char sources[16][SMPP_ADDRESS_MAX + 2]; /* sme_address.h; the first is the default if it has no '*' */
	size_t sources_n;
	char numbers[8][STR_DIGITS_MAX + 1]; /* mobiles reach it by */
	size_t numbers_n;
	uint32_t rate, burst, window, binds;
	struct sme_scs_conf scs;
	int kind;   /* enum sme_kind */
	int forged; /* enum sme_forged_policy; of a network */
};

struct sme_tls_conf {
	char address[CFG_ADDRESS_MAX]; /* "": off */
	uint16_t port;
	char certificate[CFG_PATH_MAX], key[CFG_PATH_MAX];
	char anchors[IDENTITY_ANCHORS_MAX][CFG_PATH_MAX];
	size_t anchors_n;
};

struct sme_plain_conf {
	char address[CFG_ADDRESS_MAX]; /* "": off */
	uint16_t port;
};

struct sme_gateway_conf {              /* where SMEs that may trigger are SCSs */
	char address[CFG_ADDRESS_MAX]; /* "": none may */
	uint16_t port;
	char host[CFG_HOST_MAX], realm[CFG_HOST_MAX]; /* of the gateway */
	int protection;                               /* enum node_protection */
	char anchors[IDENTITY_ANCHORS_MAX][CFG_PATH_MAX];
	size_t anchors_n;
	uint64_t answer_wait_ms, report_wait_ms, parts_wait_ms, reconnect_ms;
	uint32_t pending;
};

enum sme_forged_policy { SME_FORGED_DROP, SME_FORGED_STRIP };

struct sme_mobiles_conf { /* messages that mobiles send */
	bool send;
	int forged; /* enum sme_forged_policy */
	uint32_t rate, burst;
};

struct smssc_sme_conf {
	struct sme_tls_conf tls;
	struct sme_plain_conf plain;
	struct sme_gateway_conf gateway;
	struct sme_mobiles_conf mobiles;
	char subscribers[CFG_PATH_MAX]; /* docs/user/subscribers.md; "": no number is known */
	struct sme_conf list[SME_LIST_MAX];
	size_t list_n;
	char reserved[32][12]; /* ports, "N" or "N-M" */
	size_t reserved_n;
	uint64_t bind_wait_ms, answer_wait_ms, enquire_ms, inactive_ms, validity_ms, validity_max_ms;
	uint32_t connections, connections_per_address, unbound_per_address, pdu_max, receipts;
};

extern const struct cfg_row smssc_sme_rows[];

/* Whether SMEs can connect, or mobiles may send. */
static inline bool smssc_sme_on(const struct smssc_sme_conf *c)
{
	return c->tls.address[0] || c->plain.address[0] || c->mobiles.send;
}

/* Descriptors that the process wants: one for each connection, and some for all else. */
static inline uint32_t smssc_sme_descriptors(const struct smssc_sme_conf *c)
{
	return c->connections + 1024;
}

/* Checks that span several keys. False: errors are in `why`. */
bool smssc_sme_check(const struct smssc_sme_conf *c, const struct cfg_lines *lines, struct report *why);
/* The context of the listener with TLS, NULL without one; checks that this machine has the
 * addresses. For -t and for the start. ERR_INVAL: errors are in `why`, and *out is NULL. */
ERR_MUST_USE int smssc_sme_tls(struct tls_ctx **out, const struct node_identity *identity, const struct smssc_sme_conf *c,
			       const struct cfg_lines *lines, struct report *why);
/* The SME that mobiles reach by this number; NULL: none. */
const struct sme_conf *smssc_sme_of_number(const struct smssc_sme_conf *c, const char *digits);
/* The ports of `reserved_ports`. */
void smssc_sme_reserved(struct sme_ports *out, const struct smssc_sme_conf *c);
