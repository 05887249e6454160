/* trg_request.h - the data of a request and of the HSS's answer that a trigger needs; bounded,
 * canonical. PURE. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "apps/app_common.h"
#include "base/buf.h"
#include "base/hash.h"
#include "base/ident.h"
#include "base/protection.h"
#include "base/scs_limits.h"
#include "base/str.h"

#define TRG_NODES_LEN_MAX 4096u /* packed serving nodes */
/* names of groups, separated by spaces */
#define TRG_GROUPS_LEN_MAX (IDENTITY_GROUPS_MAX * (IDENT_SCS_MAX + 1u))

/* strings end in NUL, "" when absent; never NULL in a struct trg */
struct trg_request {
	const char *scs, *scs_e164;             /* name; E.164 digits as provisioned */
	const char *origin_host, *origin_realm; /* of the DAR; destination of the DNR */
	uint32_t end_to_end;                    /* of the DAR */
	uint8_t digest[HASH_LEN];               /* of the request, for duplicates after a restart */
	const char *external, *msisdn;          /* as given by the SCS; at least one */
	uint32_t action;                        /* enum tsp_action_type */
	uint32_t reference, old_reference;
	uint32_t payload_len;
	const uint8_t *payload;
	uint32_t port, priority;
	/* As given; the DTR carries the rest of it: trg_validity_left_s(). */
	uint32_t validity_s;
	bool has_old_reference, has_port, has_validity;
	/* restored from a record without groups: cannot be judged again */
	bool groups_unknown;
	uint64_t received_ms, expires_ms; /* as of trg_step(); expires = received + validity */
	/* Groups proven by the certificate of the session, separated by spaces; "" when none. */
	const char *groups;
	uint64_t groups_not_after_s; /* end of the proof; 0: unknown */
};

/* Reference named by a recall or replace: Old-Reference-Number, else Reference-Number (CONTRACTS
 * section 1). */
uint32_t trg_old_reference(const struct trg_request *req);

struct trg_subscriber {            /* from the SIA */
	const char *imsi, *msisdn; /* digits, at most STR_DIGITS_MAX; "" when the HSS gave none */
	const uint8_t *nodes;      /* trg_nodes_pack() */
	uint32_t nodes_len;        /* 0: no serving node (absent subscriber) */
};

/* Validity-Time for a DTR sent now: the time until the expiry, rounded up; 0 after it. */
uint32_t trg_validity_left_s(const struct trg_request *req, uint64_t now_ms);

/* Serving nodes as opaque octets that survive a restart. Pack: check out->full. Unpack: views
 * into `p`; ERR_PROTO. */
void trg_nodes_pack(struct buf *out, const struct app_serving_node *node, const struct app_serving_node *additional, size_t n);
ERR_MUST_USE int trg_nodes_unpack(const void *p, size_t len, struct app_serving_node *node,
				  struct app_serving_node additional[APP_ADDITIONAL_NODES_MAX], uint8_t *n);
