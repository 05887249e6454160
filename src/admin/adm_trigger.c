/* adm_trigger.c - commands for one trigger: show it with its history and present wait, and cancel
 * it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin/adm_int.h"
#include "apps/tsp.h"
#include "base/str.h"

static void fail_unknown(struct ctl_request *rq, const struct adm *a, const char *scs, uint32_t reference)
{
	ctl_fail(
	    rq,
	    "the core holds no trigger %u%s%s%s, and it is not among the last %u that ended; older ones, and requests that were "
	    "refused at once, are in the decision log",
	    reference, scs ? " of '" : "", scs ? scs : "", scs ? "'" : "", core_triggers_ended(a->core));
}

/* -- everything about it */

static void set_time(const struct adm *a, json_t *row, const char *name, uint64_t at_ms)
{
	if (at_ms) {
		json_object_set_new(row, name, adm_core_time(a, at_ms));
	}
}

static void set_text(json_t *row, const char *name, const char *text)
{
	if (text[0]) {
		json_object_set_new(row, name, json_string(text));
	}
}

static void set_id(json_t *row, const char *name, uint32_t id)
{
	char text[16];

	snprintf(text, sizeof text, "0x%08x", id);
	if (id) {
		json_object_set_new(row, name, json_string(text));
	}
}

static json_t *row_of(const struct adm *a, const struct core_trigger_view *p)
{
	char digest[2 * HASH_LEN + 1];
	json_t *row = json_pack("{s:s, s:I, s:s, s:s, s:s}", "scs", p->scs, "reference", (json_int_t)p->reference, "device",
				p->device, "action", tsp_action_str(p->action), "state", trg_state_str(p->state));

	if (!row) {
		return NULL;
	}
	if (p->has_old_reference) {
		json_object_set_new(row, "old_reference", json_integer(p->old_reference));
	}
	set_time(a, row, "received", p->received_ms);
	if (p->answered) {
		set_text(row, "answer", tsp_request_status_str(p->answer_status));
	}
	set_time(a, row, "accepted", p->accepted_ms);
	set_time(a, row, "expires", p->expires_ms);
	if (p->has_outcome) {
		set_text(row, "outcome", tsp_delivery_outcome_str(p->outcome));
	}
	set_time(a, row, "reported", p->reported_ms);
	set_time(a, row, "ended", p->ended_ms);
	if (p->late) {
		json_object_set_new(row, "untold", json_true());
	}
	set_time(a, row, "cancelled", p->cancelled_ms);
	if (p->cancelled) {
		json_object_set_new(row, "cancelled_by_uid", json_integer(p->cancelled_uid));
	}
	set_text(row, "transaction", p->transaction);
	set_text(row, "address", p->address);
	set_text(row, "rule", p->rule);
	set_text(row, "taker", p->accepted_by);
	set_id(row, "end_to_end", p->end_to_end);
	set_id(row, "dtr_end_to_end", p->dtr_end_to_end);
	set_id(row, "recall_end_to_end", p->recall_end_to_end);
	set_id(row, "dnr_end_to_end", p->dnr_end_to_end);
	json_object_set_new(row, "dtrs_sent", json_integer(p->submits));
	json_object_set_new(row, "recalls_sent", json_integer(p->recalls));
	json_object_set_new(row, "dnrs_sent", json_integer(p->notifies));
	str_hex(digest, p->digest, HASH_LEN);
	json_object_set_new(row, "request_digest", json_string(digest));
	return row;
}

/* What the trigger waits for, and the state of the SCS or the core peer that it waits for. */
static void set_outlook(const struct adm *a, json_t *row, const struct core_trigger *t)
{
	struct core_trigger_outlook look;

	core_trigger_outlook(t, &look);
	set_text(row, "waits_for", look.waits_for);
	if (look.next_ms != UINT64_MAX) {
		set_time(a, row, "next", look.next_ms);
	}
	if (look.until_ms != UINT64_MAX) {
		set_time(a, row, "until", look.until_ms);
	}
	if (look.for_scs) {
		json_object_set_new(row, "scs_sessions", json_integer(look.scs_sessions));
	}
	if (look.peer) {
		json_object_set_new(row, "peer", json_sprintf("%s (%s)", look.peer, look.peer_state));
	}
}

static json_t *history_of(const struct adm *a, const struct core_trigger_view *p)
{
	json_t *list = json_array();

	for (size_t i = 0; i < p->history_n; i++) {
		const struct trg_history_entry *e = &p->history[i];
		json_t *one = json_pack("{s:o, s:I, s:s, s:s, s:s}", "at", adm_core_time(a, e->at_ms), "after_ms",
					(json_int_t)(e->at_ms - p->received_ms), "from", trg_state_str(e->from), "to",
					trg_state_str(e->to), "event", trg_event_str(e->event));

		if (e->reason) {
			set_text(one, "reason", pol_reason_str((enum pol_reason)e->reason));
		}
		json_array_append_new(list, one);
	}
	return list;
}

static void show(const struct adm *a, struct ctl_request *rq, const struct core_trigger_view *p, json_t *row)
{
	ctl_line(rq, row);
	ctl_done(rq, json_pack("{s:i, s:o, s:I}", "count", 1, "history", history_of(a, p), "history_missing",
			       (json_int_t)p->history_dropped));
}

static void on_show(void *arg, struct ctl_request *rq, const json_t *args)
{
	const struct adm *a = OBJ_OF(arg, struct adm, ADM_MAGIC);
	const char *scs = ctl_arg_text(args, "scs", NULL);
	uint32_t reference = (uint32_t)ctl_arg_num(args, "reference", 0);
	const struct core_trigger_view *ended;
	struct core_trigger_match m;
	struct core_trigger_view p;
	struct core_view_room room;
	json_t *row;

	core_trigger_match(a->core, scs, reference, &m);
	if (m.n > 1) {
		ctl_fail(rq, "%u triggers have the number %u, of %s: name the SCS, too", m.n, reference, m.names);
		return;
	}
	if (m.n) {
		core_trigger_view(&p, &room, m.first);
		row = row_of(a, &p);
		set_outlook(a, row, m.first);
		show(a, rq, &p, row);
		return;
	}
	ended = core_trigger_ended(a->core, scs, reference);
	if (ended) {
		show(a, rq, ended, row_of(a, ended));
	} else {
		fail_unknown(rq, a, scs, reference);
	}
}

/* -- cancelling: answered when the cancellation is in the journal, so that it survives a restart of
 * the core */

#define CANCEL_MAGIC 0xa93f32afu
struct cancel {
	struct obj obj;
	struct adm_wait wait;
	struct ctl_request *rq;
	uint32_t reference;
	char scs[IDENT_SCS_MAX + 1];
};

/* NULL, or why the trigger cannot be cancelled. */
static const char *not_cancellable(const struct core_trigger_view *t)
{
	if (t->cancel_durable) {
		return "an operator has cancelled it already";
	}
	switch (t->state) {
	case TRG_RECALLING:
	case TRG_REVOKING:
		return t->cancelled ? NULL : "it is being cancelled already";
	case TRG_REPORTING:
	case TRG_NOTIFYING:
	case TRG_BACKOFF:
		return "its outcome is already known and is being reported to the SCS";
	case TRG_UNKNOWN:
		return "the SMS-SC did not answer, so it has no message id to cancel; only its receipt can tell what became of "
		       "it";
	case TRG_RESUMING:
		return t->answered ? "it has expired; a report about it may still come" : NULL;
	default:
		return trg_takes(t->state, TRG_EV_CANCEL) ? NULL : "it cannot be cancelled in its present state";
	}
}

static void say_cancelled(struct ctl_request *rq, const struct cancel *w, enum trg_state state)
{
	ctl_done(rq, json_pack("{s:s, s:I, s:s}", "scs", w->scs, "reference", (json_int_t)w->reference, "state",
			       trg_state_str(state)));
}

static void say_not_durable(struct ctl_request *rq, int err)
{
	ctl_fail(rq,
		 "it is being cancelled, but the journal could not record that: %s. After a restart of the core it is not "
		 "cancelled: cancel "
		 "it again",
		 err_str(err));
}

/* Returns the trigger of SCS and reference that has this journal number, and fills `view`. NULL: it
 * has ended. */
static struct core_trigger *find_again(const struct adm *a, const struct cancel *w, uint64_t number,
				       struct core_trigger_view *view, char device[CORE_DEVICE_TEXT_MAX])
{
	struct core_trigger_match m;

	core_trigger_match(a->core, w->scs, w->reference, &m);
	if (!m.first) {
		return NULL;
	}
	core_trigger_brief(view, device, m.first);
	/* else it ended and the SCS uses its reference again */
	return view->number == number ? m.first : NULL;
}

static void on_kept(void *arg, uint64_t number, int err)
{
	struct cancel *ended = OBJ_OF(arg, struct cancel, CANCEL_MAGIC), w = *ended;
	const struct adm *a = adm_wait_end(&ended->wait);
	char device[CORE_DEVICE_TEXT_MAX];
	struct core_trigger_view view;
	struct core_trigger *t = a ? find_again(a, &w, number, &view, device) : NULL;

	free(ended);
	if (t) {
		core_trigger_cancel_durable(t, !err);
	}
	if (err && (t || !a)) {
		say_not_durable(w.rq, err);
	} else {
		say_cancelled(w.rq, &w, t ? view.state : TRG_DONE);
	}
}

static void cancel(struct adm *a, struct ctl_request *rq, struct core_trigger *t, const struct core_trigger_view *p)
{
	struct cancel *w = malloc(sizeof *w);
	struct core_trigger_match m;
	int err;

	if (!w) {
		ctl_fail(rq, "out of memory: nothing was done");
		return;
	}
	*w = (struct cancel){ .rq = rq, .reference = p->reference };
	str_cut(w->scs, sizeof w->scs, p->scs);
	if (!p->cancelled) {
		core_trigger_cancel(t, (uint32_t)ctl_caller(rq)->uid);
	}
	core_trigger_match(a->core, w->scs, w->reference, &m);
	if (!m.first) { /* the trigger ended with its answer; the journal had no record of it */
		say_cancelled(rq, w, TRG_DONE);
		free(w);
		return;
	}
	obj_begin(&w->obj, CANCEL_MAGIC);
	adm_wait_begin(&w->wait, a);
	err = core_trigger_keep(m.first, on_kept, w);
	if (err) {
		adm_wait_end(&w->wait);
		free(w);
		say_not_durable(rq, err);
	}
}

static void on_cancel(void *arg, struct ctl_request *rq, const json_t *args)
{
	struct adm *a = OBJ_OF(arg, struct adm, ADM_MAGIC);
	const char *scs = ctl_arg_text(args, "scs", ""), *why;
	uint32_t reference = (uint32_t)ctl_arg_num(args, "reference", 0);
	char device[CORE_DEVICE_TEXT_MAX];
	struct core_trigger_match m;
	struct core_trigger_view p;

	core_trigger_match(a->core, scs, reference, &m);
	if (!m.first) {
		if (core_trigger_ended(a->core, scs, reference)) {
			ctl_fail(rq, "trigger %u of '%s' has ended; 'mtcctl triggers show' shows how", reference, scs);
		} else {
			fail_unknown(rq, a, scs, reference);
		}
		return;
	}
	core_trigger_brief(&p, device, m.first);
	why = not_cancellable(&p);
	if (why) {
		ctl_fail(rq, "trigger %u of '%s': %s", reference, scs, why);
	} else {
		cancel(a, rq, m.first, &p);
	}
}

const struct ctl_command adm_trigger_one_rows[] = {
	{ "triggers.show", "show one trigger, also one of the last that ended", ctl_args_triggers_show, false, on_show },
	{ "triggers.cancel", "cancel a trigger", ctl_args_triggers_cancel, true, on_cancel },
	{ .name = NULL },
};
