/* core_rights.c - judges again the right to a trigger under way. */
#include <string.h>

#include "base/str.h"
#include "core/core_int.h"
#include "core/core_rights.h"

const struct assoc_found *core_trigger_rules(struct core_trigger *t, struct assoc_found *found, const char *external,
					     const char *msisdn, uint64_t when_ms)
{
	struct asc_device device = { external && external[0] ? external : NULL, msisdn && msisdn[0] ? msisdn : NULL };
	bool proves = t->trg->req.groups[0] != 0;
	struct core_proven proven;
	struct asc_asker who;

	if (proves) {
		core_proven_from(&proven, t->trg->req.groups, t->trg->req.groups_not_after_s);
	}
	who = core_asker(t->scs->name, proves ? &proven : NULL, when_ms);
	return asc_find_rules(t->core->store.asc, &who, &device, found) ? NULL : found;
}

/* -- the verdict on the given names, while it stands */

void core_given_allowed(struct core_given *g, const struct core *c, const struct assoc_found *found,
			const struct core_proven *proven, uint64_t when_ms)
{
	int64_t when_s = (int64_t)(when_ms / 1000);

	*g = (struct core_given){ .allowed = true, .store = asc_generation(c->store.asc), .window = { INT64_MIN, INT64_MAX } };
	pol_assoc_window(&g->window, found, when_s);
	if (!proven || !proven->not_after_s) {
		return;
	}
	if (when_ms / 1000 <= proven->not_after_s) { /* as core_asker() */
		pol_window_until(&g->window, (int64_t)proven->not_after_s);
	} else {
		pol_window_from(&g->window, (int64_t)proven->not_after_s + 1);
	}
}

static bool given_stands(const struct core_trigger *t, uint64_t when_ms)
{
	const struct core_given *g = t->input ? &t->input->given : NULL;
	int64_t when_s = (int64_t)(when_ms / 1000);

	return g && g->allowed && g->store == asc_generation(t->core->store.asc) && when_s >= g->window.from_s &&
	       when_s <= g->window.until_s;
}

/* -- judging again */

/* Judges the SCS itself, as it is provisioned now. */
static enum pol_reason judge_scs(const struct core_trigger *t)
{
	const struct asc_scs *scs = asc_scs_find(t->core->store.asc, t->scs->name);

	if (!scs || strcmp(scs->e164, t->trg->req.scs_e164) != 0) {
		return POL_SCS_REMOVED;
	}
	return pol_right_of(t->trg->req.action) & scs->actions ? POL_NONE : POL_ACTION_NOT_ALLOWED;
}

/* The given names are allowed. */
static void judge_other(struct core_trigger *t, struct core_judged *j, const char *external, const char *msisdn, uint64_t when_ms)
{
	j->verdict = pol_verdict_of(POL_NONE);
	if (external || msisdn) {
		pol_judge_other(&j->verdict, pol_right_of(t->trg->req.action),
				core_trigger_rules(t, &j->number, external, msisdn, when_ms), when_ms);
	}
}

/* The given names are allowed; a number that is not denied is judged once, as they are. */
static void judge_number(struct core_trigger *t, struct core_judged *j, uint64_t when_ms)
{
	const char *msisdn = t->trg->sub.msisdn;
	struct core_given *g = &t->input->given;

	if (strcmp(g->number, msisdn) == 0) {
		j->verdict = pol_verdict_of(POL_NONE);
		return;
	}
	judge_other(t, j, NULL, msisdn[0] ? msisdn : NULL, when_ms);
	if (j->verdict.detected && !t->detected) {
		return; /* the next verdict tells of that rule again, until its line is written */
	}
	if (j->verdict.status == TSP_STATUS_SUCCESS && msisdn[0]) {
		pol_assoc_window(&g->window, &j->number, (int64_t)(when_ms / 1000));
		str_set(g->number, sizeof g->number, msisdn); /* trigger/ has bounded it */
	}
}

/* By the given names, and by another one unless both are NULL. */
static void judge_names(struct core_trigger *t, struct core_judged *j, const char *external, const char *msisdn, uint64_t when_ms)
{
	const struct trg_request *r = &t->trg->req;
	const struct assoc_found *given, *other = NULL;

	if (given_stands(t, when_ms)) {
		judge_other(t, j, external, msisdn, when_ms);
		return;
	}
	given = core_trigger_rules(t, &j->given, r->external, r->msisdn, when_ms);
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

	if (given_stands(t, when_ms)) {
		judge_number(t, j, when_ms);
		return;
	}
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
