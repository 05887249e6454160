/* adm_trigger.c - one trigger, for operators: everything about it, why it is where it is, and taking it back. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "admin/adm_int.h"

/* -- which one is meant */

struct search {
	const struct core *c;
	uint32_t reference;
	struct core_trigger *first;
	uint32_t n;
	char names[256]; /* of the SCSs that have one */
};

static struct core_trigger *of_scs(const struct core *c, const struct core_scs *scs, uint32_t reference)
{
	const struct core_trigger *any = scs ? TAILQ_FIRST(&scs->triggers) : NULL;
	struct core_trigger *t = any ? core_trigger_find((struct core *)(uintptr_t)c, any->ref.e164, reference) : NULL;

	return t && t->scs == scs ? t : NULL;
}

static void look_at(void *arg, struct map_node *node)
{
	struct search *s = arg;
	struct core_scs *scs = MAP_OF(node, struct core_scs, node);
	struct core_trigger *t = of_scs(s->c, scs, s->reference);
	size_t used = strlen(s->names);

	if (!t)
		return;
	if (!s->n++)
		s->first = t;
	snprintf(s->names + used, sizeof s->names - used, "%s%s", used ? ", " : "", scs->name);
}

static void search(struct search *s, struct core *c, const char *scs, uint32_t reference)
{
	*s = (struct search){ .c = c, .reference = reference };
	if (!scs) {
		map_each(&c->scs_by_name, look_at, s);
		return;
	}
	s->first = of_scs(c, MAP_OF(map_find(&c->scs_by_name, scs, (uint32_t)strlen(scs)), struct core_scs, node), reference);
	s->n = s->first != NULL;
}

static void not_known(struct ctl_request *rq, const struct core *c, const char *scs, uint32_t reference)
{
	ctl_fail(
	    rq,
	    "the core holds no trigger %u%s%s%s, and it is not among the last %u that ended; older ones, and requests that were "
	    "refused at once, are in the decision log",
	    reference, scs ? " of '" : "", scs ? scs : "", scs ? "'" : "", core_finished_count(c->ended));
}

/* -- everything about it */

static void set_time(json_t *row, const char *name, uint64_t at_ms)
{
	if (at_ms)
		json_object_set_new(row, name, adm_time(at_ms));
}

static void set_text(json_t *row, const char *name, const char *text)
{
	if (text[0])
		json_object_set_new(row, name, json_string(text));
}

static void set_id(json_t *row, const char *name, uint32_t id)
{
	char text[16];

	snprintf(text, sizeof text, "0x%08x", id);
	if (id)
		json_object_set_new(row, name, json_string(text));
}

static json_t *row_of(const struct core_view *p)
{
	char digest[2 * TRG_DIGEST_LEN + 1];
	json_t *row = json_pack("{s:s, s:I, s:s, s:s, s:s}", "scs", p->scs, "reference", (json_int_t)p->reference, "device",
				p->device, "action", tsp_action_str(p->action), "state", trg_state_str(p->state));

	if (!row)
		return NULL;
	if (p->has_old_reference)
		json_object_set_new(row, "old_reference", json_integer(p->old_reference));
	set_time(row, "received", p->received_ms);
	if (p->answered)
		set_text(row, "answer", tsp_request_status_str(p->answer_status));
	set_time(row, "accepted", p->accepted_ms);
	set_time(row, "expires", p->expires_ms);
	if (p->has_outcome)
		set_text(row, "outcome", tsp_delivery_outcome_str(p->outcome));
	set_time(row, "reported", p->reported_ms);
	set_time(row, "ended", p->ended_ms);
	if (p->late)
		json_object_set_new(row, "untold", json_true());
	set_time(row, "cancelled", p->cancelled_ms);
	if (p->cancelled)
		json_object_set_new(row, "cancelled_by_uid", json_integer(p->cancelled_uid));
	set_text(row, "transaction", p->transaction);
	set_text(row, "address", p->address);
	set_text(row, "rule", p->rule);
	set_text(row, "taker", p->taker);
	set_id(row, "end_to_end", p->end_to_end);
	set_id(row, "dtr_end_to_end", p->dtr_end_to_end);
	set_id(row, "recall_end_to_end", p->recall_end_to_end);
	set_id(row, "dnr_end_to_end", p->dnr_end_to_end);
	json_object_set_new(row, "dtrs_sent", json_integer(p->submits));
	json_object_set_new(row, "recalls_sent", json_integer(p->recalls));
	json_object_set_new(row, "dnrs_sent", json_integer(p->notifies));
	str_hex(digest, p->digest, TRG_DIGEST_LEN);
	json_object_set_new(row, "request_digest", json_string(digest));
	return row;
}

/* What it waits for, of whom, and how that one is. */
static void set_outlook(json_t *row, const struct core_trigger *t)
{
	const struct core *c = t->core;
	const struct core_peer *hss = &c->peers[c->cfg->s6m.peer_index], *smssc = &c->peers[c->cfg->t4.peer_index];
	const struct core_peer *peer = t->trg->state == TRG_ASKING ? hss : smssc;
	bool scs = t->trg->state == TRG_NOTIFYING || t->trg->state == TRG_BACKOFF;
	struct trg_outlook look;

	trg_look(t->trg, &look);
	set_text(row, "waits_for", look.waits_for);
	if (look.next_ms != UINT64_MAX)
		set_time(row, "next", look.next_ms);
	if (look.until_ms != UINT64_MAX)
		set_time(row, "until", look.until_ms);
	if (scs)
		json_object_set_new(row, "scs_sessions", json_integer(t->scs->sessions_n));
	else if (t->trg->state != TRG_WRITING && t->trg->state != TRG_REPORTING)
		json_object_set_new(row, "peer", json_sprintf("%s (%s)", peer->conf->name, peer->open ? "open" : "not open"));
}

static json_t *history_of(const struct core_view *p)
{
	json_t *list = json_array();

	for (size_t i = 0; i < p->history_n; i++) {
		const struct trg_history_entry *e = &p->history[i];
		json_t *one = json_pack("{s:o, s:I, s:s, s:s, s:s}", "at", adm_time(e->at_ms), "after_ms",
					(json_int_t)(e->at_ms - p->received_ms), "from", trg_state_str(e->from), "to",
					trg_state_str(e->to), "event", trg_event_str(e->event));

		if (e->reason)
			set_text(one, "reason", pol_reason_str((enum pol_reason)e->reason));
		json_array_append_new(list, one);
	}
	return list;
}

static void show(struct ctl_request *rq, const struct core_view *p, json_t *row)
{
	ctl_line(rq, row);
	ctl_done(rq, json_pack("{s:i, s:o, s:I}", "count", 1, "history", history_of(p), "history_missing",
			       (json_int_t)p->history_dropped));
}

static void on_show(void *arg, struct ctl_request *rq, const json_t *args)
{
	struct core *c = arg;
	const char *scs = ctl_arg_text(args, "scs", NULL);
	uint32_t reference = (uint32_t)ctl_arg_num(args, "reference", 0);
	const struct core_view *ended;
	struct core_view_room room;
	struct core_view p;
	struct search s;
	json_t *row;

	search(&s, c, scs, reference);
	if (s.n > 1) {
		ctl_fail(rq, "%u triggers have the number %u, of %s: say which SCS", s.n, reference, s.names);
		return;
	}
	if (s.n) {
		core_view_of(&p, &room, s.first);
		row = row_of(&p);
		set_outlook(row, s.first);
		show(rq, &p, row);
		return;
	}
	ended = core_finished_find(c->ended, scs, reference);
	if (ended)
		show(rq, ended, row_of(ended));
	else
		not_known(rq, c, scs, reference);
}

/* -- taking it back: told to the operator once a core that starts anew would know it, too */

struct cancel {
	struct core *core;
	struct ctl_request *rq;
	uint32_t reference;
	char scs[IDENT_SCS_MAX + 1];
};

/* NULL, or why not. */
static const char *nothing_to_cancel(const struct core_trigger *t)
{
	if (t->cancel_durable)
		return "an operator has taken it back already";
	switch (t->trg->state) {
	case TRG_RECALLING:
	case TRG_REVOKING:
		return t->cancelled_ms ? NULL : "it is being taken back already";
	case TRG_REPORTING:
	case TRG_NOTIFYING:
	case TRG_BACKOFF:
		return "what became of it is known already, and on its way to the SCS";
	case TRG_RESUMING:
		return t->trg->answered ? "it has expired; a report of it may still come" : NULL;
	default:
		return trg_takes(t->trg->state, TRG_EV_CANCEL) ? NULL : "it is at no point where it can be taken back";
	}
}

static void say_cancelled(struct cancel *w, const struct core_trigger *t)
{
	ctl_done(w->rq, json_pack("{s:s, s:I, s:s}", "scs", w->scs, "reference", (json_int_t)w->reference, "state",
				  trg_state_str(t ? t->trg->state : TRG_DONE)));
}

static void say_not_durable(struct ctl_request *rq, int err)
{
	ctl_fail(rq,
		 "it is taken back, but the journal could not note that: %s. A core that starts anew does not know of it: cancel "
		 "it again",
		 err_str(err));
}

static void on_kept(void *arg, uint64_t number, int err)
{
	struct cancel w = *(struct cancel *)arg;
	struct search s = { .first = NULL };

	free(arg);
	if (w.core->ctl)
		search(&s, w.core, w.scs, w.reference);
	if (s.first && s.first->trg->number != number)
		s.first = NULL; /* it ended, and its number is used again */
	if (s.first)
		s.first->cancel_durable = s.first->cancelled_ms && !err;
	if (err && (s.first || !w.core->ctl))
		say_not_durable(w.rq, err);
	else
		say_cancelled(&w, s.first);
}

static void step_cancel(struct core_trigger *t, const struct ctl_caller *who)
{
	struct trg_event ev = { .kind = TRG_EV_CANCEL, .status = pol_reason_status(POL_CANCELLED), .reason = POL_CANCELLED };

	t->cancelled_ms = clock_real_ms();
	t->cancelled_uid = (uint32_t)who->uid;
	st_count(&t->core->st, ST_TRIGGERS_CANCELLED);
	core_trigger_step(t, &ev);
}

static void cancel(struct core *c, struct ctl_request *rq, struct core_trigger *t, const char *scs)
{
	struct cancel *w = malloc(sizeof *w);
	struct search s;
	int err;

	if (!w) {
		ctl_fail(rq, "out of memory: nothing was done");
		return;
	}
	*w = (struct cancel){ .core = c, .rq = rq, .reference = t->trg->req.reference };
	strncpy(w->scs, scs, sizeof w->scs - 1);
	if (!t->cancelled_ms)
		step_cancel(t, ctl_caller(rq));
	search(&s, c, w->scs, w->reference);
	if (!s.first) { /* ended, and answered: there was no record of it */
		say_cancelled(w, NULL);
		free(w);
		return;
	}
	err = core_trigger_keep(s.first, on_kept, w);
	if (err) {
		free(w);
		say_not_durable(rq, err);
	}
}

static void on_cancel(void *arg, struct ctl_request *rq, const json_t *args)
{
	struct core *c = arg;
	const char *scs = ctl_arg_text(args, "scs", ""), *why;
	uint32_t reference = (uint32_t)ctl_arg_num(args, "reference", 0);
	struct search s;

	search(&s, c, scs, reference);
	if (!s.first) {
		if (core_finished_find(c->ended, scs, reference))
			ctl_fail(rq, "trigger %u of '%s' has ended; 'triggers show' says how", reference, scs);
		else
			not_known(rq, c, scs, reference);
		return;
	}
	why = nothing_to_cancel(s.first);
	if (why)
		ctl_fail(rq, "trigger %u of '%s': %s", reference, scs, why);
	else
		cancel(c, rq, s.first, scs);
}

const struct ctl_command adm_trigger_one_rows[] = {
	{ "triggers.show", "one of them, also one of the last that ended", ctl_args_triggers_show, false, on_show },
	{ "triggers.cancel", "take it back", ctl_args_triggers_cancel, true, on_cancel },
	{ .name = NULL },
};
