/* dia_grammar.h - commands and groups as tables; one decoder and one encoder serve them all.
 *
 * A row says which AVP it is, where and how the typed struct keeps it, how often it may occur and
 * which values it may have. The order of rows is the order in which we send. Any order is accepted,
 * except for rows with DIA_FIRST.
 * The rules of the decoder (RFC 6733 4.1, 7; the M rule of TS 29.336 table 6.4.1-1 note 2):
 *   in the table           its M bit is ignored; lengths 5014, values 5004, too often 5009 with the
 *                          first one over the limit, forbidden (max 0) or not where it must be 5008
 *   not in the table       ignored when the dictionary has it or its M bit is clear; else 5001
 *   in the table, absent   5005 with an example, when min is 1
 *   E bit in an answer     read by the answer-message grammar; with a result below 3000 it
 *                          contradicts itself: 3008
 * A reading by rules (dia_command_parse_by()) lets pass, or refuses, what its caller says of the
 * kinds DIA_KIND_*.
 * A lenient reading forgives what its rows name: a row with a lapse bit may be absent (one that is
 * DIA_FIRST: stand elsewhere). A message that is refused leaves the caller's struct empty. No
 * allocation. PURE. */
#pragma once
#include <stddef.h>

#include "base/buf.h"
#include "diameter/dia_dict.h"
#include "diameter/dia_failed.h"
#include "diameter/dia_msg.h"

#define DIA_ROWS_MAX 40u /* rows of one table */

/* How the value is kept. */
enum dia_keep {
	DIA_KEEP_NOT,      /* known, but nothing is kept */
	DIA_KEEP_U32,      /* struct dia_u32 */
	DIA_KEEP_U64,      /* struct dia_u64 */
	DIA_KEEP_BARE_U32, /* uint32_t: written whenever its group is */
	DIA_KEEP_BARE_U64, /* uint64_t, likewise */
	DIA_KEEP_BYTES,    /* struct dia_bytes; of a group: its inside, raw */
	DIA_KEEP_ADDRESS,  /* struct dia_address (dia_base.h) */
	DIA_KEEP_GROUP,    /* a struct of its own, or the same one when `at` is 0 */
};

/* dia_row.flags */
enum {
	DIA_FIRST = 1,   /* must be the first AVP */
	DIA_SPARE = 2,   /* more of them than max are ignored */
	DIA_OK_ONLY = 4, /* not demanded in an answer that is a refusal */
	/* a value that is not allowed counts as absent (M clear: RFC 6733 4.1) */
	DIA_BAD_IS_NONE = 8,
	DIA_SHARED = 16,    /* counted together with the row before: exactly one of the two */
	DIA_FLAG_IS_M = 32, /* the bool at flag_at is the AVP's M bit, not its presence */
	/* the bool at flag_at is false when this AVP is there (its neighbour's is true) */
	DIA_FLAG_NOT = 64,
};

struct dia_row {
	const struct dia_avp_def *def;
	const struct dia_grammar *inside; /* DIA_KEEP_GROUP */
	/* of def; kept here because every AVP is compared with them */
	uint32_t code, vendor;
	uint32_t values;   /* bit n: value n is allowed; 0: every value */
	uint16_t at;       /* where it is kept; of a list: its first element */
	uint16_t count_at; /* list: where its uint8_t count is */
	uint16_t stride;   /* list: octets of an element; 0: no list */
	/* with has_flag: a bool, in the struct or in the element of a list */
	uint16_t flag_at;
	bool has_flag;
	uint8_t keep, min, max, flags;
	uint8_t sent;  /* flags of the AVP when we send it: what dia_avp_flags(def) gives */
	uint8_t type;  /* of def */
	uint8_t lapse; /* the bit that tells a lenient reader; 0: nothing is forgiven */
};

struct dia_grammar {
	const struct dia_row *rows;
	uint8_t rows_n;
	/* a group that is never empty: without any member of the table, its first row is missing */
	bool some;
	/* unknown AVPs with the M bit are accepted: for the answer-message, where nothing must hide
	 * the error */
	bool any;
};

enum dia_sent {
#define DIA_ROW_(symbol, code, vendor, name, type, m)                                                                            \
	DIA_SENT_##symbol = ((vendor) ? DIA_AVP_V : 0) | (DIA_M_##m == DIA_M_MUST ? DIA_AVP_M : 0),
	DIA_AVP_TABLE(DIA_ROW_)
#undef DIA_ROW_
};

enum dia_type_of {
#define DIA_ROW_(symbol, code, vendor, name, type, m) DIA_TYPE_OF_##symbol = DIA_TYPE_##type,
	DIA_AVP_TABLE(DIA_ROW_)
#undef DIA_ROW_
};

/* What a row starts with. */
#define DIA_ROW(SYMBOL)                                                                                                          \
	.def = DIA_DEF(SYMBOL), .code = DIA_CODE_##SYMBOL, .vendor = DIA_CODE_VENDOR_##SYMBOL, .sent = DIA_SENT_##SYMBOL,        \
	.type = DIA_TYPE_OF_##SYMBOL

/* Occurrence: one, at most one, one unless the answer is a refusal, none. */
#define DIA_ONE .min = 1, .max = 1
#define DIA_OPT .min = 0, .max = 1
#define DIA_ONE_IF_OK .min = 1, .max = 1, .flags = DIA_OK_ONLY
#define DIA_NEVER .keep = DIA_KEEP_NOT, .min = 0, .max = 0

/* Where: a single member, a list `name` with its count `name`_n. */
#define DIA_AT(kind, type, member) .keep = DIA_KEEP_##kind, .at = offsetof(type, member)
#define DIA_LIST(kind, type, member, limit)                                                                                      \
	.keep = DIA_KEEP_##kind, .at = offsetof(type, member), .count_at = offsetof(type, member##_n),                           \
	.stride = sizeof(((type *)0)->member[0]), .max = (limit)
/* A bool: presence of a group, or what DIA_FLAG_IS_M and DIA_FLAG_NOT say. */
#define DIA_FLAG(type, member) .has_flag = true, .flag_at = offsetof(type, member)
#define DIA_VALUE(n) (1u << (n))

/* A table with more rows than the decoder counts does not compile. */
#define DIA_ROWS_N(table)                                                                                                        \
	(sizeof(table) / sizeof *(table) * sizeof(char[sizeof(table) / sizeof *(table) <= DIA_ROWS_MAX ? 1 : -1]))
#define DIA_GRAMMAR_ROWS(table) .rows = (table), .rows_n = DIA_ROWS_N(table)
#define DIA_GRAMMAR(table)                                                                                                       \
	{                                                                                                                        \
		DIA_GRAMMAR_ROWS(table)                                                                                          \
	}

/* One side (request or answer) of a command. */
struct dia_command {
	const struct dia_grammar *grammar;
	const struct dia_grammar *error; /* answer with the E bit: answer-message (RFC 6733 7.2) */
	uint32_t code, app_id;
	uint16_t result_at; /* answer: its struct dia_u32 result_code */
	/* The parts of a struct that are all zero when it is empty: all of it but the elements of
	 * lists. These are several kilobytes, and most messages use none of them. An element is
	 * cleared when it is added, and nobody reads behind the count of a list. */
	struct {
		uint16_t at, len;
	} plain[2];
	bool request, proxiable;
	/* What rows cannot say; `st` is the struct that was filled. NULL: nothing. */
	int (*finish)(const struct dia_command *c, void *st, const struct dia_msg *m, struct dia_failed *failed);
};

/* Makes `st` empty: no member is there, every list has the count 0. */
void dia_command_clear(const struct dia_command *c, void *st);

/* Fills `out`, which is empty unless 0 is returned.
 * ERR_PROTO with `failed` filled: also when `m` is not this command (3007, 3001), or a request with
 * the wrong P bit (3008). */
ERR_MUST_USE int dia_command_parse(const struct dia_command *c, void *out, const struct dia_msg *m, struct dia_failed *failed);
/* The same, lenient at the top level of the message. `lapses` is set to the lapse bits of the
 * forgiven mistakes. */
ERR_MUST_USE int dia_command_parse_lenient(const struct dia_command *c, void *out, const struct dia_msg *m,
					   struct dia_failed *failed, uint8_t *lapses);

/* Breaches of a grammar that a caller may let pass, and that are no breach by themselves. */
enum {
	DIA_KIND_UNKNOWN = 1, /* an AVP with the M bit that nobody knows (5001) */
	DIA_KIND_PLACE = 2,   /* an AVP that the table does not have, and that may be ignored (5008 where it is refused) */
	DIA_KIND_MANY = 4,    /* an AVP that occurs too often (5009); the first ones count */
};

struct dia_rules {
	uint8_t pass;  /* kinds that are let pass */
	uint8_t seen;  /* out: kinds that were met, let pass or not */
	uint8_t broke; /* out: the kind that the refusal is for; 0: it is for another rule, or there is none */
};

/* dia_command_parse() by these rules, in all groups of the message. */
ERR_MUST_USE int dia_command_parse_by(const struct dia_command *c, void *out, const struct dia_msg *m, struct dia_failed *failed,
				      struct dia_rules *rules);

/* Writes the whole message; `extra` flags (E, T) are added to R and P. Check out->full. */
void dia_command_build(struct buf *out, const struct dia_command *c, const void *in, uint8_t extra, uint32_t hop_by_hop,
		       uint32_t end_to_end);
