/* core_rights.c - judges again the right to a trigger under way. */
#include <string.h>

#include "core/core_int.h"
#include "core/core_rights.h"

const struct assoc_found *core_trigger_rules(struct core_trigger *t, struct assoc_found *found, const char *external,
					     const char *msisdn, uint64_t when_ms)
{
	struct asc_device device = { external && external[0] ? external : NULL, msisdn && msisdn[0] ? msisdn : NULL };
	struct core_proven proven;
	struct asc_asker who;

	core_proven_from(&proven, t->trg->req.groups, t->trg->req.groups_not_after_s);
	who = core_asker(t->scs->name, &proven, when_ms);
	return asc_find_rules(t->core->store.asc, &who, &device, found) ? NULL : found;
}

/* Judges the SCS itself, as it is provisioned now. */
static enum pol_reason judge_scs(const struct core_trigger *t)
{
	const struct asc_scs *scs = asc_scs_find(t->core->store.asc, t->scs->name);

	if (!scs || strcmp(scs->e164, t->trg->req.scs_e164) != 0) {
		return POL_SCS_REMOVED;
	}
	return pol_right_of(t->trg->req.action) & scs->actions ? POL_NONE : POL_ACTION_NOT_ALLOWED;
}

/* By the given names, and by another one unless both are NULL. */
static void judge_names(struct core_trigger *t, struct core_judged *j, const char *external, const char *msisdn, uint64_t when_ms)
{
	const struct trg_request *r = &t->trg->req;
	const struct assoc_found *given = core_trigger_rules(t, &j->given, r->external, r->msisdn, when_ms), *other = NULL;

	if (given && (external || msisdn)) {
		other = core_trigger_rules(t, &j->number, external, msisdn, when_ms);
		if (!other) {
			given = NULL; /* an unreadable store never allows */
		}
	}
	pol_judge_again(&j->verdict, pol_right_of(r->action), given, other, when_ms);
}

void core_trigger_judge(struct core_trigger *t, struct core_judged *j, uint64_t when_ms)
{
	const char *msisdn = t->trg->sub.msisdn;

	j->verdict = pol_verdict_of(judge_scs(t));
	if (j->verdict.status == TSP_STATUS_SUCCESS) {
		judge_names(t, j, NULL, msisdn[0] ? msisdn : NULL, when_ms);
	}
}

void core_trigger_judge_name(struct core_trigger *t, struct core_judged *j, const char *external, const char *msisdn,
			     uint64_t when_ms)
{
	judge_names(t, j, external, msisdn, when_ms);
}
