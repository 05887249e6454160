/* core_past_record.h - the record of an ended trigger in the journal: octets from and to the facts
 * of core_past.h.
 * Numbers big-endian, strings u16 length + octets. The first octet differs from that of a trigger's
 * record (trigger/trg_record.c).
 * 0x81, of an older version: the answer alone, see get_answer_alone().
 * 0x82: flags, then for each set flag: the answer; digest and time of the DRR; the trigger, see
 * put_trigger(). */
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/ident.h"
#include "base/str.h"
#include "core/core_past.h"
#include "ipc/ipc_rec.h"
#include "trigger/trg.h"

#define CORE_PAST_RECORD_MAX 2048u

enum {
	CORE_PAST_HAS_ANSWER = 0x1,
	CORE_PAST_HAS_DRR = 0x2,
	CORE_PAST_HAS_TRIGGER = 0x4,
	CORE_PAST_WAS_ACCEPTED = 0x8,
	CORE_PAST_WAS_REPORTED = 0x10,
	CORE_PAST_HAS_ALL = 0x1f
};

/* Of the device, the SCS and the SMS-SC that accepted it; "" when unknown. */
struct core_past_texts {
	const char *scs, *imsi, *msisdn, *external, *accepted_by;
};

struct core_past_room { /* NUL-terminated copies of a record's strings */
	char host[IDENT_HOST_MAX + 1], e164[STR_DIGITS_MAX + 1], scs[IDENT_SCS_MAX + 1];
	char imsi[STR_DIGITS_MAX + 1], msisdn[STR_DIGITS_MAX + 1], external[IDENT_EXTERNAL_MAX + 1],
	    accepted_by[IDENT_HOST_MAX + 1];
};

struct core_past_answer {
	uint64_t received_ms;
	uint32_t end_to_end;
	const uint8_t *digest;
	struct ipc_device_action_answer answer;
};

struct core_past_record {
	uint8_t flags;
	struct core_past_answer answer;
	const uint8_t *drr;
	uint64_t reported_ms, ended_ms, reserved_until_ms;
	uint32_t reference;
	struct core_past_texts texts;
	struct core_past_room room;
};

bool core_past_is(const void *record, size_t len); /* true: record of an ended trigger */
/* Returns the octets written; 0: they do not fit. `a` NULL: no answer is kept. The trigger is kept
 * if `e` stands under its reference. */
size_t core_past_build(uint8_t out[CORE_PAST_RECORD_MAX], const struct trg *trg, const struct core_past_entry *e,
		       const struct ipc_device_action_answer *a);
/* `out` points into `record` and into itself. ERR_PROTO: the record is damaged. */
ERR_MUST_USE int core_past_parse(struct core_past_record *out, const void *record, size_t len);
