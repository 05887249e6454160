/* core_quota.h - what each SCS used of its quota of the day, in the journal, so that it outlives the core.
 *
 * A trigger or replacement counts from when its intent is put into the journal, in the same commit, until it is refused: so an SCS is never
 * told SUCCESS for one that a later core does not count. Before that it counts among those that ask, in memory only. One refused with an
 * answer that an earlier core may have given otherwise goes on counting. */
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

struct core_quota { /* of one SCS */
	struct pol_quota day;
	uint64_t number; /* of its record in the journal, smaller than those of the day's triggers; 0: none */
	struct jrn_place place;
	uint32_t asking; /* requests whose intent is not yet in the journal */
};

struct core_quotas {
	TAILQ_HEAD(, core_scs) list; /* those with a record, the one that began first at the head */
	uint64_t n;
	uint64_t looked_at; /* records that core_quotas_look() looked at, since the start: tests hold it against all */
};

void core_quotas_init(struct core *c);

/* What counts against the quota now: used, and asking. Begins the day when it is a new one: to be called before the number of a trigger of
 * that day is taken. */
uint64_t core_quota_of(struct core *c, struct core_scs *scs, uint64_t now_ms);
/* For people: what is used, and of which day (since 1970-01-01 UTC). */
uint64_t core_quota_used(const struct core *c, const struct core_scs *scs, uint64_t *day);

/* A request of the SCS begins; it is neither refused nor in the journal. Nothing for a recall. */
void core_quota_ask(struct core_trigger *t);
/* Its intent goes into the journal next: counts it, in front of that. Nothing when it counts already. Errors as of jrn_put(). */
ERR_MUST_USE int core_quota_take(struct core_trigger *t);
/* It was answered: it counts, or not. `maybe_told`: an earlier core may have told the SCS that it is accepted. */
void core_quota_answered(struct core_trigger *t, bool accepted, bool maybe_told);
/* It was accepted, and the SCS is told now that it is not. */
void core_quota_give_back(struct core_trigger *t);
void core_quota_end(struct core_trigger *t); /* it is about to be freed */

/* The SCS has used nothing today; what is under way is not given back. `done` is called once that is durable, or with an error, at the latest
 * in core_free(). ERR_NOTFOUND: there is nothing to forget. Else as of jrn_put(). */
ERR_MUST_USE int core_quota_forget(struct core *c, struct core_scs *scs, jrn_done_fn *done, void *arg);

/* -- after a restart */
bool core_quota_is(const void *record, size_t len); /* is it a record of this file? */
ERR_MUST_USE int core_quota_restore(struct core *c, uint64_t number, const void *record, size_t len); /* ERR_NOMEM */
/* A trigger of the journal: it counts when it began after the record of its SCS did. */
void core_quota_restored(struct core_trigger *t);
/* After all records: counts what the journal still knows of an SCS without a record, because an older program wrote it. */
void core_quotas_seed(struct core *c);

/* Deletes the records of days that are over, some at a time; to be called every few seconds. */
void core_quotas_look(struct core *c);
