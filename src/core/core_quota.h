/* core_quota.h - the used daily quota of each SCS, kept in the journal across restarts.
 * A trigger or replacement counts from the commit that holds its intent until it is refused: no
 * SCS gets SUCCESS for one that a later core does not count.
 * Before that commit it counts as `asking`, in memory only.
 * A trigger refused after a restart continues to count if an earlier core may have answered
 * SUCCESS. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/err.h"
#include "journal/jrn.h"
#include "policy/pol_quota.h"

struct core;
struct core_scs;
struct core_trigger;
struct trg;

struct core_quota { /* of one SCS */
	struct pol_quota day;
	/* key of its journal record, smaller than the keys of the day's triggers; 0: none */
	uint64_t number;
	struct jrn_place place;
	uint32_t asking; /* requests whose intent is not yet in the journal */
};

struct core_quotas {
	TAILQ_HEAD(, core_scs) list; /* SCSs with a record, the oldest day first */
	uint64_t n;
	/* records visited by core_quotas_look() since the start; tests compare it with the total */
	uint64_t looked_at;
};

void core_quotas_init(struct core *c);

/* Triggers that count against the quota now: used and asking.
 * Starts the new day if there is one: call it before the number of a trigger of that day is
 * taken. */
uint64_t core_quota_of(struct core *c, struct core_scs *scs, uint64_t now_ms);
/* For operators: the used quota, and its day (since 1970-01-01 UTC). */
uint64_t core_quota_used(const struct core *c, const struct core_scs *scs, uint64_t *day);

/* A request starts: counts it as `asking`. Does nothing for a recall. */
void core_quota_ask(struct core_trigger *t);
/* Counts the trigger. Called directly before its intent is put into the journal.
 * Does nothing if it counts already. Errors as of jrn_put(). */
ERR_MUST_USE int core_quota_take(struct core_trigger *t);
/* The trigger was answered: it counts if it was accepted.
 * `maybe_accepted`: an earlier core may have answered SUCCESS. */
void core_quota_answered(struct core_trigger *t, bool accepted, bool maybe_accepted);
/* The trigger was accepted, and its SCS now gets a refusal: it no longer counts. */
void core_quota_give_back(struct core_trigger *t);
void core_quota_end(struct core_trigger *t); /* before the trigger is freed */

/* Sets the used quota of today to 0. A trigger that counted before does not reduce it again when
 * it is refused later.
 * On 0 `done` is called once, when that is durable or with an error, at the latest in
 * core_free().
 * ERR_NOTFOUND: nothing was used. Other errors as of jrn_put(). */
ERR_MUST_USE int core_quota_forget(struct core *c, struct core_scs *scs, jrn_done_fn *done, void *arg);

/* -- after a restart */
bool core_quota_is(const void *record, size_t len); /* true: record of this file */
/* ERR_NOMEM */
ERR_MUST_USE int core_quota_restore(struct core *c, uint64_t number, const void *record, size_t len);
/* A trigger of the journal counts if it started after the record of its SCS did. */
bool core_quota_counted(const struct core_scs *scs, const struct trg *trg);
/* Called after all records were read. Counts the triggers in the journal of an SCS without a
 * record: an older version wrote them. */
void core_quotas_seed(struct core *c);

/* Deletes records of past days, several per call. Called every few seconds. */
void core_quotas_look(struct core *c);
