/* trg_facts.h - the contents of a trigger's journal record; shared by the files that write and read
 * records. */
#pragma once
#include "trigger/trg_int.h"

enum trg_kind {
	TRG_KIND_INTENT = 1,
	TRG_KIND_ACCEPTED,
	TRG_KIND_RECALLING,
	TRG_KIND_REPORT,
	TRG_KIND_REVOKING, /* since version 2 */
	TRG_KIND_UNKNOWN   /* since version 5 */
};

enum {
	TRG_MORE_AS_NEW = 0x1,
	TRG_MORE_REVOKED = 0x2,
	TRG_MORE_GROUPS_UNKNOWN = 0x4,
	TRG_MORE_UNWANTED = 0x8, /* undecided, and to be recalled */
	TRG_MORE_TOLD_201 = 0x10,
	TRG_MORE_TOLD_112 = 0x20,    /* a replace that became a new trigger; since version 3 */
	TRG_MORE_REFUSED = 0x40,     /* in TRG_KIND_RECALLING: nothing to recall; since version 3 */
	TRG_MORE_SENT_TO = 0x80,     /* two more texts: the peer of its DTR, its Destination-Host; in version 4 only */
	TRG_MORE_MESSAGE_ID = 0x100, /* one more text behind those: the message id; in version 5 only */
	TRG_MORE_PARTS = 0x200,      /* behind that: its parts (trg_parts_put()); in version 6 only */
	TRG_MORE_ALL = 0x3ff,
	TRG_MORE_V4 = 0xff,
	TRG_MORE_V5 = 0x1ff,
	TRG_MORE_OLD = 0x7f /* of versions before 4 */
};

/* Optional members of a record of version 4. Above them stand the flags TRG_MORE_. */
enum {
	TRG_HAS_OLD_REFERENCE = 0x1,
	TRG_HAS_PORT = 0x2,
	TRG_HAS_VALIDITY = 0x4,
	TRG_HAS_EXPIRES = 0x8, /* it is not the sum of the other two */
	TRG_HAS_GROUPS = 0x10,
	TRG_HAS_RECALL = 0x20,
	TRG_HAS_DNR = 0x40,
	TRG_HAS_REPORT = 0x80,
	TRG_HAS_DRR = 0x100,
	TRG_HAS_REVOKE_REASON = 0x200,
	TRG_HAS_WHOLE = 0x400, /* payload and serving nodes */
	TRG_HAS_ALL = 0x7ff,
	TRG_HAS_BITS = 11
};

struct trg_facts {
	enum trg_kind kind;
	struct trg_request req;          /* texts in `texts`, octets in the record */
	struct trg_subscriber sub;       /* as above */
	const char *accepted_by;         /* "": not known */
	const char *sent_to, *sent_host; /* "": not known, none */
	const char *message_id;          /* "": none */
	const uint8_t *parts;            /* in the record; NULL: none */
	size_t parts_len;
	uint32_t dtr, recall, dnr, outcome;
	uint64_t reported_ms;
	uint32_t more; /* TRG_MORE_ */
	uint8_t revoke_reason;
	uint16_t submits, recalls, notifies, dropped;
	size_t history_n;
	struct trg_history_packed history[TRG_HISTORY_MAX];
	const uint8_t *drr; /* HASH_LEN octets in the record; NULL: none */
	struct {            /* NUL-terminated copies */
		char scs[IDENT_SCS_MAX + 1], scs_e164[STR_DIGITS_MAX + 1];
		char origin_host[IDENT_HOST_MAX + 1], origin_realm[IDENT_HOST_MAX + 1];
		char external[IDENT_EXTERNAL_MAX + 1], msisdn[IDENT_MSISDN_MAX + 1];
		char imsi[STR_DIGITS_MAX + 1], sub_msisdn[STR_DIGITS_MAX + 1];
		char groups[TRG_GROUPS_LEN_MAX + 1], accepted_by[IDENT_HOST_MAX + 1];
		char sent_to[IDENT_HOST_MAX + 1], sent_host[IDENT_HOST_MAX + 1];
		char message_id[TRG_MESSAGE_ID_MAX + 1];
	} texts;
};

/* Reads a record of any version into *f, which keeps pointers into itself and the record.
 * ERR_VERSION, ERR_PROTO. */
ERR_MUST_USE int trg_facts_read(struct trg_facts *f, const void *record, size_t len);
