/* core_trigger_decide.c - the decision line of a trigger: with its answer, or before. */
#include "core/core_int.h"

void core_trigger_decide(struct core_trigger *t, const struct trg_answer *answer, bool as_new)
{
	char device[POL_DEVICE_TEXT_MAX];
	struct core_decision d = core_trigger_decision(t, device);

	d.result_code = DIA_RESULT_SUCCESS;
	d.request_status = answer->status;
	d.reason = (enum pol_reason)answer->reason;
	d.rule = core_trigger_rule(t);
	d.as_new = as_new;
	core_decide_action(t->core, &d);
}

void core_trigger_decide_early(struct core_trigger *t)
{
	core_trigger_decide(t, &(struct trg_answer){ .status = TSP_STATUS_SUCCESS, .reason = POL_NONE }, false);
	t->decided = true;
	t->core->flow.lines_first = true;
}
