/* core_trigger.c - surroundings of the trigger machine (trigger/): tables, timer, journal
 * record, answer. */
#include <string.h>

#include "base/str.h"
#include "core/core_int.h"
#include "core/core_took.h"

/* -- lookup */

/* Of all triggers, also those of the journal that are not entered yet. */
static struct core_seat *find_seat(struct core *c, const char *e164, uint32_t reference)
{
	struct core_seat *seat = core_seat_find(c, e164, reference);

	if (seat || !c->later.left) {
		return seat;
	}
	if (core_later_reference(c, e164, reference)) {
		c->triggers.unwoken++;
		log_error(c->log, "core", "a trigger of the journal is asked for and cannot be taken up");
	}
	return core_seat_find(c, e164, reference);
}

struct core_trigger *core_trigger_find(struct core *c, const char *e164, uint32_t reference)
{
	struct core_seat *seat = find_seat(c, e164, reference);

	return seat ? core_seat_wake(c, seat) : NULL;
}

bool core_trigger_known(struct core *c, const char *e164, uint32_t reference)
{
	return find_seat(c, e164, reference) != NULL;
}

/* -- making and ending */

void core_trigger_attach(struct core_trigger *t, struct core *c, struct core_scs *scs)
{
	obj_begin(&t->obj, CORE_TRIGGER_MAGIC);
	machine_begin(&core_wait_machine, c->triggers.in_wait, t->wait);
	t->core = c;
	t->scs = scs;
	t->ref = core_reference_of(t->trg->req.scs_e164, t->trg->req.reference);
	core_seat_enter(c, &t->seat, scs, t->trg->req.reference, t->trg->req.action, core_seat_hash_of(c, &t->ref));
	if (t->trg->stored && core_smpp_used(c) && core_smpp_name(c, &t->seat, t->trg)) { /* restored */
		log_error(c->log, "core", "no memory for the message id of a trigger; its receipt will not be found");
	}
}

int core_trigger_new(struct core_trigger **out, struct core *c, struct core_scs *scs, const struct trg_request *req)
{
	struct core_trigger *t = core_piece_trigger(c);
	int err;

	if (!t) {
		return ERR_NOMEM;
	}
	err = trg_new(&t->trg, jrn_next(c->journal.jrn), req, &c->triggers.conf, c->triggers.ports, c);
	if (err) {
		core_piece_trigger_end(c, t);
		return err;
	}
	t->trg->owner = t;
	core_trigger_attach(t, c, scs);
	*out = t;
	return 0;
}

static void answer_timer_end(struct core_trigger *t)
{
	if (t->input) {
		heap_del(&t->core->overdue.heap, &t->input->overdue);
	}
}

void core_trigger_free(struct core_trigger *t)
{
	struct core *c = t->core;

	OBJ_CHECK(t, CORE_TRIGGER_MAGIC);
	core_cursors_pass(c, &t->seat);
	core_trigger_ask_drop(t);
	if (t->notice) {
		core_notice_free(t->notice);
	}
	core_wake_forget(t);
	machine_end(&core_wait_machine, c->triggers.in_wait, t->wait);
	core_quota_end(t);
	if (t->counted) {
		t->scs->pending--;
		c->triggers.pending--;
	}
	core_seat_leave(c, &t->seat);
	trg_free(t->trg);
	answer_timer_end(t);
	core_piece_input_end(c, t->input);
	t->gone = true;
	if (!t->storing) { /* else the journal still has it: its last completion frees it */
		OBJ_END(t, CORE_TRIGGER_MAGIC);
		core_piece_trigger_end(c, t);
	}
}

/* Steps the machine. False: the trigger was freed. */
static bool step(struct core_trigger *t, const struct trg_event *ev)
{
	struct core *c = t->core;
	/* A recall or replace may end or report its original: one commit for both. A record that
	 * the journal refuses for now leaves the rest of the group. Ends are never refused, so a
	 * restart asks with T once more, or waits for a report that was to be UNDELIVERABLE. */
	bool group = t->trg->req.action != TSP_ACTION_TRIGGER && !c->triggers.in_group;

	if (group) {
		jrn_group_begin(c->journal.jrn);
	}
	c->triggers.in_group |= group;
	t->stepping = true;
	(void)trg_step(t->trg, ev, core_now_ms(c)); /* an event that the state does not accept is traced and ignored */
	t->stepping = false;
	if (group) {
		jrn_group_end(c->journal.jrn);
		c->triggers.in_group = false;
	}
	if (!t->forgotten) {
		core_wake_settle(t);
		return true;
	}
	core_finished_keep(t);
	core_trigger_free(t);
	return false;
}

bool core_trigger_give_up(struct core_trigger *t)
{
	struct trg_event ev = { .kind = TRG_EV_GIVE_UP,
				.status = pol_reason_status(POL_ANSWER_OVERDUE),
				.reason = POL_ANSWER_OVERDUE,
				.unsent = !t->left };

	OBJ_CHECK(t, CORE_TRIGGER_MAGIC);
	answer_timer_end(t);
	if (!t->trg->answered) {
		st_count(&t->core->st, ST_REQUESTS_OVERDUE);
		core_trigger_ask_drop(t); /* the answer would come too late */
	}
	return step(t, &ev);
}

/* After giving up, the record is written again and the deadline set again: the end of an older
 * write or wait does not count. */
static bool is_outdated(const struct core_trigger *t, const struct trg_event *ev)
{
	return ev->kind == TRG_EV_DURABLE || ev->kind == TRG_EV_DISK
		   ? t->storing > 0
		   : ev->kind == TRG_EV_TIMER && t->trg->armed_ms > core_now_ms(t->core);
}

/* After its deadline an unanswered trigger ignores all events: one might lead to a SUCCESS that
 * the SCS does not receive. */
static bool given_up(struct core_trigger *t, const struct trg_event *ev)
{
	const struct heap_node *due = t->input ? &t->input->overdue : NULL;

	if (!due || !due->place || net_loop_now_ms(t->core->loop) < due->at) {
		return false;
	}
	if (ev->token && !t->left) { /* a report of a trigger that was never sent */
		t->core->triggers.ports->acknowledge(t->core, t->trg, ev->token, false);
		(void)core_trigger_give_up(t);
		return true;
	}
	return !core_trigger_give_up(t) || is_outdated(t, ev);
}

void core_trigger_step(struct core_trigger *t, const struct trg_event *ev)
{
	OBJ_CHECK(t, CORE_TRIGGER_MAGIC);
	core_took_stage(t, ev);
	if (!given_up(t, ev)) {
		(void)step(t, ev);
	}
}

struct core_decision core_trigger_decision(const struct core_trigger *t, char device[POL_DEVICE_TEXT_MAX])
{
	const struct trg_request *r = &t->trg->req;

	OBJ_CHECK(t, CORE_TRIGGER_MAGIC);
	return (struct core_decision){
		.transaction = t->transaction,
		.scs = t->scs->name,
		.origin_host = r->origin_host,
		.address = core_trigger_address(t),
		.protection = t->protection,
		.device = pol_device_text(device, r->external, r->msisdn),
		.action = r->action,
		.reference = r->reference,
	};
}

void core_trigger_say_detected(struct core_trigger *t, const struct pol_verdict *v)
{
	char device[POL_DEVICE_TEXT_MAX], rule[ASSOC_RULE_TEXT_MAX];
	struct core_decision d;

	if (t->detected || !v->detected) {
		return;
	}
	t->detected = true;
	d = core_trigger_decision(t, device);
	d.reason = v->detected_reason;
	d.rule = assoc_rule_text(rule, v->detected);
	core_decide_detected(t->core, &d);
}

void core_trigger_set_rule(struct core_trigger *t, const struct assoc_rule *decided)
{
	char rule[ASSOC_RULE_TEXT_MAX] = "";
	const char *kept;

	if (decided) {
		assoc_rule_text(rule, decided);
	}
	kept = t->input ? NULL : trg_names_keep(&t->core->triggers.rule_texts, rule); /* answered before, or restored */

	if (kept) {
		t->rule = kept;
	} else if (!t->input) {
		t->input = core_piece_input(t->core);
	}
	if (t->input) {
		str_cut(t->input->rule, sizeof t->input->rule, rule);
	}
}

/* -- the part */

/* Limit of the parties, and of interned rules. Above it each trigger keeps its own copy. */
#define SHARED_TEXTS_MAX 65536u

/* An SMS-SC repeats a report within minutes. A core that is started again and again, as by reloads,
 * must not keep triggers for ever. */
#define START_GRACE_MAX_MS UINT64_C(600000)

static uint64_t start_grace_ms(const struct cfg_iwf *cfg)
{
	return cfg->journal.report_grace_ms < START_GRACE_MAX_MS ? cfg->journal.report_grace_ms : START_GRACE_MAX_MS;
}

static struct trg_conf conf_of(struct core *c)
{
	const struct cfg_iwf *cfg = c->cfg;

	return (struct trg_conf){
		.in_state = c->triggers.in_state,
		.report_grace_ms = cfg->journal.report_grace_ms,
		.unconfirmed_from_ms = c->time.started_ms + start_grace_ms(cfg),
		.first_number = jrn_next(c->journal.jrn),
		.report_retention_ms = cfg->journal.report_retention_ms,
		.old_ms = c->time.line.old_ms,
		.drop_from_ms = c->time.line.sure_from_ms,
		.retry_min_ms = cfg->dnr.retry_min_ms,
		.retry_max_ms = cfg->dnr.retry_max_ms,
		.reasons = { POL_NONE, POL_ACTION_NOT_SUPPORTED, POL_CONTRADICTING_DEVICE, POL_HSS_SILENT, POL_JOURNAL,
			     POL_SMSSC_SILENT, POL_NOMEM, POL_ORIGINAL_UNKNOWN, POL_ORIGINAL_REPORTED, POL_ORIGINAL_BUSY,
			     POL_ORIGINAL_DEVICE, POL_SMSSC_NO_RECALL, POL_EXPIRED },
		.smssc_hosts = &c->triggers.smssc_hosts,
		.parties = &c->triggers.parties,
		.pool = &c->pieces.machines,
	};
}

int core_triggers_init(struct core *c, const struct trg_ports *ports)
{
	struct core_triggers *p = &c->triggers;

	TAILQ_INIT(&p->list);
	TAILQ_INIT(&p->cursors);
	core_cursor_begin(&p->park, c, NULL);
	p->awake_max = CORE_AWAKE_MAX;
	p->ports = ports;
	p->parties.max = p->rule_texts.max = SHARED_TEXTS_MAX;
	p->conf = conf_of(c);
	if (sip_key_new(&p->smssc_hosts.key)) {
		return ERR_IO;
	}
	p->parties.key = p->rule_texts.key = p->dtr_hosts.key = p->smssc_hosts.key;
	if (trg_names_reserve(&p->smssc_hosts)) {
		return ERR_NOMEM;
	}
	return sip_key_new(&p->key) || multimap_init(&p->by_ref) || multimap_init(&p->by_device) ? ERR_NOMEM : 0;
}

void core_triggers_fini(struct core *c)
{
	struct core_triggers *p = &c->triggers;
	struct core_seat *seat;

	while ((seat = TAILQ_FIRST(&p->list))) {
		if (seat->parked) {
			core_parked_free(c, seat);
		} else {
			core_trigger_free(core_trigger_at(seat));
		}
	}
	multimap_fini(&p->by_ref);
	multimap_fini(&p->by_device);
	trg_names_fini(&p->smssc_hosts);
	trg_names_fini(&p->dtr_hosts);
	trg_parties_fini(&p->parties);
	trg_names_fini(&p->rule_texts);
}
