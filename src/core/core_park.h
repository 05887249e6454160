/* core_park.h - accepted triggers that only wait for their report, parked (trigger/trg_park.h): one
 * block of about 330 octets stands in the tables in place of a trigger of 950. The functions
 * that find triggers return them awake, so a parked trigger is woken before anything happens to it.
 * The newest accepted triggers stay awake, because many reports come soon. */
#pragma once
#include <stdbool.h>

#include "base/err.h"
#include "core/core_seat.h"
#include "trigger/trg.h"

struct core;
struct core_cursor;
struct core_trigger;

#define CORE_AWAKE_MAX                                                                                                           \
	1024u /* accepted triggers that stay awake; 1.1 MiB: parking reads what the processor still has in its cache */

/* Parks the oldest accepted triggers above core_triggers.awake_max, a bounded number; at the end of
 * each turn of the loop. */
void core_park_look(struct core *c);

/* Parks a trigger that only waits for its report. True: `t` is freed, and what stands in its place
 * has the same seat in all tables. False: it stays, because it does more, or there is no memory. */
bool core_trigger_park(struct core_trigger *t);

/* The seat of a trigger, awake or parked; NULL: none. */
struct core_seat *core_seat_find(const struct core *c, const char *e164, uint32_t reference);

struct core_park_new {          /* a trigger of the journal, parked from the beginning, and not yet entered */
	struct core_seat *seat; /* owned */
	struct core_scs *scs;
	struct core_seat_key key;
	uint32_t reference, action;
};

/* Parks a trigger of the journal (trg_read()), which stands in no table. ERR_STATE: it does more
 * than wait for its report. ERR_NOMEM. */
ERR_MUST_USE int core_park_restored(struct core_park_new *out, struct core *c, struct core_scs *scs, const struct trg *trg);
/* Enters it in all tables; its deadline is the caller's to set. ERR_EXISTS: there is one of that
 * number, and this one is freed. */
ERR_MUST_USE int core_park_enter(struct core *c, const struct core_park_new *p);
void core_park_drop(struct core *c, const struct core_park_new *p); /* frees it instead */

/* The trigger of a seat, woken if it is parked: then the seat is freed. NULL: no memory, also not
 * after the reserve was given up; counted in core_triggers.unwoken. */
struct core_trigger *core_seat_wake(struct core *c, struct core_seat *seat);

/* The next trigger of a walk, awake; one that was parked is parked again by the next call, and
 * valid until then. NULL: at the end. */
struct core_trigger *core_park_next(struct core_cursor *w);

/* Of a seat, awake or parked. */
struct core_seat_facts {
	uint64_t received_ms;
	uint32_t action; /* enum tsp_action_type */
	enum trg_state state;
};
void core_seat_look(struct core_seat *seat, struct core_seat_facts *out);
void core_seat_counts(struct core_seat *seat);                 /* it counts against the quota of the day (core_quota.h) */
const char *core_seat_e164(struct core_seat *seat);            /* SCS-Identity */
bool core_seat_has_id(struct core_seat *seat, const char *id); /* the SMS-SC gave it this message id */
void core_parked_free(struct core *c, struct core_seat *seat); /* of a parked trigger, at the end of the core */
