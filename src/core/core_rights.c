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

void core_trigger_judge(struct core_trigger *t, struct pol_verdict *v, uint64_t when_ms)
{
	const struct trg *trg = t->trg;
	struct assoc_found given, number; /* filled by core_trigger_rules() */
	const struct assoc_found *by_name, *by_number = NULL;

	*v = pol_verdict_of(judge_scs(t));
	if (v->status != TSP_STATUS_SUCCESS) {
		return;
	}
	by_name = core_trigger_rules(t, &given, trg->req.external, trg->req.msisdn, when_ms);
	if (by_name && trg->sub.msisdn[0]) {
		by_number = core_trigger_rules(t, &number, NULL, trg->sub.msisdn, when_ms);
		if (!by_number) {
			by_name = NULL; /* an unreadable store never allows */
		}
	}
	pol_judge_again(v, pol_right_of(trg->req.action), by_name, by_number, when_ms);
}
