/* core_trigger_view.c - fills the view of a trigger for operators, under way or ended. */
#include <stdio.h>
#include <string.h>

#include "core/core_int.h"

const char *core_trigger_rule(const struct core_trigger *t)
{
	return t->input ? t->input->rule : t->rule ? t->rule : "";
}

const char *core_trigger_address(const struct core_trigger *t)
{
	return t->input && t->input->address[0] ? t->input->address : t->address ? t->address : "";
}

static const char *device_text(char out[CORE_DEVICE_TEXT_MAX], const struct trg *trg)
{
	bool named = trg->req.external[0] != 0;

	snprintf(out, CORE_DEVICE_TEXT_MAX, "%s%s", named ? "" : "msisdn:", named ? trg->req.external : trg->req.msisdn);
	return out;
}

void core_trigger_brief(struct core_trigger_view *out, char device[CORE_DEVICE_TEXT_MAX], const struct core_trigger *t)
{
	const struct trg *trg = t->trg;
	bool taken = trg->answered && (trg->answer_status == TSP_STATUS_SUCCESS || trg->accepted);

	*out = (struct core_trigger_view){
		.scs = t->scs->name,
		.device = device_text(device, trg),
		.transaction = t->transaction,
		.address = core_trigger_address(t),
		.rule = core_trigger_rule(t),
		.accepted_by = trg->accepted_by ? trg->accepted_by : "",
		.number = trg->number,
		.state = trg->state,
		.action = trg->req.action,
		.reference = trg->req.reference,
		.old_reference = trg->req.old_reference,
		.has_old_reference = trg->req.has_old_reference,
		.answered = trg->answered,
		.answer_status = trg->answer_status,
		.has_outcome = trg->has_outcome,
		.outcome = trg->outcome,
		.late = t->late,
		.cancelled = t->cancelled_ms != 0,
		.cancelled_ms = t->cancelled_ms,
		.cancelled_uid = t->cancelled_uid,
		.cancel_durable = t->cancel_durable,
		.received_ms = trg->req.received_ms,
		.accepted_ms = !taken           ? 0
			       : t->accepted_ms ? t->accepted_ms
						: trg->req.received_ms,
		.expires_ms = trg->req.has_validity ? trg->req.expires_ms : 0,
		.reported_ms = trg->has_outcome ? trg->reported_ms : 0,
		.end_to_end = trg->req.end_to_end,
		.dtr_end_to_end = trg->dtr_end_to_end,
		.recall_end_to_end = trg->recall_end_to_end,
		.dnr_end_to_end = trg->dnr_end_to_end,
		.submits = trg->submits,
		.recalls = trg->recalls,
		.notifies = trg->notifies,
	};
	memcpy(out->digest, trg->req.digest, sizeof out->digest);
}

void core_trigger_view(struct core_trigger_view *out, struct core_view_room *room, const struct core_trigger *t)
{
	core_trigger_brief(out, room->device, t);
	out->history = room->history;
	out->history_n = trg_history(t->trg, room->history, &out->history_dropped);
}

void core_finished_keep(struct core_trigger *t)
{
	struct core *c = t->core;
	struct core_view_room room;
	struct core_trigger_view p;

	core_trigger_view(&p, &room, t);
	p.ended_ms = core_now_ms(c);
	if (core_finished_add(c->finished, &p)) {
		st_count(&c->st, ST_TRIGGERS_ENDED_DROPPED);
	}
}
