/* core_tally.c - see core_tally.h, and core_scs_each() of core_view.h. */
#include "core/core_tally.h"

#include "core/core_int.h"

void core_tally_refused(struct core_scs *scs, enum pol_reason reason)
{
	struct core_tally *t = &scs->tally;
	uint8_t i = 0;

	while (i < t->reasons_n && t->reasons[i] != (uint8_t)reason) {
		i++;
	}
	if (i == CORE_TALLY_REASONS) {
		t->refused_other++;
		return;
	}
	if (i == t->reasons_n) {
		t->reasons[t->reasons_n++] = (uint8_t)reason;
	}
	t->refused[i]++;
}

/* The earliest end of a certificate among its sessions; 0: none is known. */
static uint64_t not_after_s(const struct core_scs *scs)
{
	const struct core_session *s;
	uint64_t first = 0;

	TAILQ_FOREACH (s, &scs->sessions, of_scs) {
		if (s->not_after_s && (!first || s->not_after_s < first)) {
			first = s->not_after_s;
		}
	}
	return first;
}

void core_scs_each(const struct core *c, core_scs_fn *fn, void *arg)
{
	const struct core_scs *scs;

	TAILQ_FOREACH (scs, &c->sessions.scs_list, all) {
		struct core_scs_counts counts = { .scs = scs->name,
						  .requests = scs->tally.requests,
						  .accepted = scs->tally.accepted,
						  .reports = scs->tally.reports,
						  .acknowledged = scs->tally.acknowledged,
						  .refused = scs->tally.refused,
						  .reasons = scs->tally.reasons,
						  .reasons_n = scs->tally.reasons_n,
						  .refused_other = scs->tally.refused_other,
						  .sessions = scs->sessions_n,
						  .pending = scs->pending,
						  .not_after_s = not_after_s(scs) };

		fn(arg, &counts);
	}
}

uint64_t core_sessions_refused(const struct core *c, enum pol_reason reason)
{
	return (unsigned)reason < POL_REASON_COUNT ? c->sessions.refused[reason] : 0;
}
