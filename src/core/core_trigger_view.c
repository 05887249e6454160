/* core_trigger_view.c - a trigger as operators see it: while it is under way, and as it is kept after its end. */
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

static const char *device_text(char out[CORE_DEVICE_TEXT_MAX], const struct trg *g)
{
	bool named = g->req.external[0] != 0;

	snprintf(out, CORE_DEVICE_TEXT_MAX, "%s%s", named ? "" : "msisdn:", named ? g->req.external : g->req.msisdn);
	return out;
}

void core_trigger_brief(struct core_trigger_view *out, char device[CORE_DEVICE_TEXT_MAX], const struct core_trigger *t)
{
	const struct trg *g = t->trg;
	bool taken = g->answered && (g->answer_status == TSP_STATUS_SUCCESS || g->accepted);

	*out = (struct core_trigger_view){
		.scs = t->scs->name,
		.device = device_text(device, g),
		.transaction = t->transaction,
		.address = core_trigger_address(t),
		.rule = core_trigger_rule(t),
		.taker = g->taker ? g->taker : "",
		.number = g->number,
		.state = g->state,
		.action = g->req.action,
		.reference = g->req.reference,
		.old_reference = g->req.old_reference,
		.has_old_reference = g->req.has_old_reference,
		.answered = g->answered,
		.answer_status = g->answer_status,
		.has_outcome = g->has_outcome,
		.outcome = g->outcome,
		.late = t->late,
		.cancelled = t->cancelled_ms != 0,
		.cancelled_ms = t->cancelled_ms,
		.cancelled_uid = t->cancelled_uid,
		.cancel_durable = t->cancel_durable,
		.received_ms = g->req.received_ms,
		.accepted_ms = !taken           ? 0
			       : t->accepted_ms ? t->accepted_ms
						: g->req.received_ms,
		.expires_ms = g->req.has_validity ? g->req.expires_ms : 0,
		.reported_ms = g->has_outcome ? g->reported_ms : 0,
		.end_to_end = g->req.end_to_end,
		.dtr_end_to_end = g->dtr_end_to_end,
		.recall_end_to_end = g->recall_end_to_end,
		.dnr_end_to_end = g->dnr_end_to_end,
		.submits = g->submits,
		.recalls = g->recalls,
		.notifies = g->notifies,
	};
	memcpy(out->digest, g->req.digest, sizeof out->digest);
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
