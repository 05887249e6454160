/* core_trigger.c - what is around the trigger machine (trigger/): its place in the tables, its timer, its journal record, its answer. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fault.h"
#include "core/core_int.h"

/* -- finding */

static struct core_reference reference_of(const char *e164, uint32_t number)
{
	struct core_reference r = { .reference = number };

	strncpy(r.e164, e164, sizeof r.e164 - 1);
	return r;
}

struct core_trigger *core_trigger_find(struct core *c, const char *e164, uint32_t reference)
{
	struct core_reference r = reference_of(e164, reference);

	return MAP_OF(map_find(&c->triggers_by_ref, &r, sizeof r), struct core_trigger, node);
}

/* -- making and ending */

static void attach(struct core_trigger *t, struct core *c, struct core_scs *scs)
{
	t->core = c;
	t->scs = scs;
	t->ref = reference_of(t->trg->req.scs_e164, t->trg->req.reference);
	if (t->trg->req.action != TSP_ACTION_RECALL)
		map_add(&c->triggers_by_ref, &t->node, &t->ref, sizeof t->ref);
	TAILQ_INSERT_TAIL(&scs->triggers, t, of_scs);
	TAILQ_INSERT_TAIL(&c->triggers, t, entry);
	c->triggers_n++;
}

int core_trigger_new(struct core_trigger **out, struct core *c, struct core_scs *scs, const struct trg_request *req)
{
	struct core_trigger *t = calloc(1, sizeof *t);
	int err;

	if (!t)
		return ERR_NOMEM;
	err = trg_new(&t->trg, jrn_next(c->jrn), req, &c->trg_conf, &core_trigger_ports, c);
	if (err) {
		free(t);
		return err;
	}
	t->trg->owner = t;
	attach(t, c, scs);
	*out = t;
	return 0;
}

void core_trigger_resume_end(struct core_trigger *t)
{
	if (t->resuming)
		t->core->resuming--;
	t->resuming = false;
}

void core_trigger_ask_drop(struct core_trigger *t)
{
	if (t->ask)
		t->ask->trigger = NULL;
	t->ask = NULL;
	core_trigger_resume_end(t);
	core_queue_take(t);
}

void core_trigger_free(struct core_trigger *t)
{
	struct core *c = t->core;

	core_cursors_pass(t);
	core_trigger_ask_drop(t);
	if (t->notice)
		core_notice_free(t->notice);
	if (t->storing && c->jrn)
		jrn_forget(c->jrn, t);
	if (t->counted) {
		t->scs->pending--;
		c->pending--;
	}
	multimap_del(&c->triggers_by_device, &t->by_device);
	if (map_has(&t->node))
		map_del(&c->triggers_by_ref, &t->node);
	TAILQ_REMOVE(&t->scs->triggers, t, of_scs);
	TAILQ_REMOVE(&c->triggers, t, entry);
	c->triggers_n--;
	heap_del(&c->deadlines, &t->deadline);
	trg_free(t->trg);
	free(t->asked);
	free(t);
}

void core_trigger_step(struct core_trigger *t, const struct trg_event *ev)
{
	struct core *c = t->core;
	bool group = t->trg->req.action != TSP_ACTION_TRIGGER && !c->in_group; /* it may end or report its original: together */

	if (group)
		jrn_group_begin(c->jrn);
	c->in_group |= group;
	t->stepping = true;
	(void)trg_step(t->trg, ev, clock_real_ms()); /* an unwelcome event was traced and changed nothing */
	t->stepping = false;
	if (group) {
		jrn_group_end(c->jrn);
		c->in_group = false;
	}
	if (t->forgotten) {
		core_finished_keep(t);
		core_trigger_free(t);
	}
}

/* -- ports */

static struct core_trigger *of(const struct trg *t)
{
	return t->owner;
}

void core_trigger_on_deadline(struct core_trigger *t)
{
	struct trg_event ev = { .kind = TRG_EV_TIMER };

	if (t->trg->state == TRG_ACCEPTED && t->trg->own_outcome == TRG_NO_OUTCOME)
		st_count(&t->core->st, ST_REPORTS_UNCONFIRMED);
	core_trigger_step(t, &ev);
}

static void port_arm(void *arg, struct trg *trg, uint64_t at_ms)
{
	struct core *c = arg;

	if (core_deadline_set(of(trg), at_ms))
		log_error(c->log, "core", "transaction %s: no memory for its deadline", of(trg)->transaction);
}

const char *core_trigger_rule(const struct core_trigger *t)
{
	return t->asked ? t->asked->rule : t->rule ? t->rule : "";
}

const char *core_trigger_address(const struct core_trigger *t)
{
	return t->asked && t->asked->address[0] ? t->asked->address : t->address ? t->address : "";
}

/* Answered: what is still told of it on demand is shared with others that were asked for the same way. */
static void asked_end(struct core_trigger *t)
{
	struct core_decision_input *asked = t->asked;

	if (!asked)
		return;
	t->rule = trg_names_keep(&t->core->words, asked->rule);
	t->address = trg_names_keep(&t->core->words, asked->address);
	t->asked = NULL;
	free(asked);
}

struct core_decision core_trigger_decision(const struct core_trigger *t, char device[POL_DEVICE_TEXT_MAX])
{
	const struct trg_request *r = &t->trg->req;

	snprintf(device, POL_DEVICE_TEXT_MAX, "%s%s", r->external[0] ? "" : "msisdn:", r->external[0] ? r->external : r->msisdn);
	return (struct core_decision){
		.transaction = t->transaction,
		.scs = t->scs->name,
		.origin_host = r->origin_host,
		.address = core_trigger_address(t),
		.device = device,
		.action = r->action,
		.reference = r->reference,
	};
}

void core_trigger_say_detected(struct core_trigger *t, const struct pol_verdict *v)
{
	char device[POL_DEVICE_TEXT_MAX];
	struct core_decision d = core_trigger_decision(t, device);

	if (t->detected || !v->detected[0])
		return;
	t->detected = true;
	d.reason = v->detected_reason;
	d.rule = v->detected;
	core_decide_detected(t->core, &d);
}

void core_trigger_set_rule(struct core_trigger *t, const char *rule)
{
	const char *kept = t->asked ? NULL : trg_names_keep(&t->core->words, rule); /* answered long ago, or restored */

	if (kept)
		t->rule = kept;
	else if (!t->asked)
		t->asked = calloc(1, sizeof *t->asked);
	if (t->asked)
		snprintf(t->asked->rule, sizeof t->asked->rule, "%s", rule);
}

static int port_judge_again(void *arg, struct trg *trg, struct trg_refusal *out)
{
	struct core_trigger *t = of(trg);
	struct pol_verdict v;

	(void)arg;
	core_trigger_judge(t, &v, clock_real_ms());
	core_trigger_say_detected(t, &v);
	if (v.status == TSP_STATUS_SUCCESS)
		return 0;
	core_trigger_set_rule(t, v.rule);
	*out = (struct trg_refusal){ v.status, v.reason };
	return ERR_REFUSED;
}

static void on_stored(void *arg, uint64_t number, int err)
{
	struct core_trigger *t = arg;
	struct trg_event ev = { .kind = err ? TRG_EV_DISK : TRG_EV_DURABLE };

	(void)number;
	if (--t->storing) /* it was put once more: that record is the one that is waited for */
		return;
	FAULT_POINT(CORE_INTENT_DURABLE);
	core_trigger_step(t, &ev);
}

static int put(struct core_trigger *t, bool first, jrn_done_fn *done, void *arg)
{
	uint8_t record[TRG_RECORD_MAX];
	struct buf b = buf_over(record, sizeof record);

	trg_record_build(&b, t->trg);
	if (b.full)
		return ERR_LIMIT;
	return (first ? jrn_add : jrn_put)(t->core->jrn, t->trg->number, record, b.len, done, arg);
}

int core_trigger_keep(struct core_trigger *t, jrn_done_fn *done, void *arg)
{
	t->kept = true;
	return put(t, false, done, arg);
}

static int port_store(void *arg, struct trg *trg)
{
	struct core *c = arg;
	bool intent = !trg->stored;
	int err = put(of(trg), intent, on_stored, of(trg));

	FAULT_POINT(CORE_INTENT_QUEUED);
	if (!err)
		of(trg)->storing++;
	if (err)
		st_count(&c->st, err == ERR_BUSY ? ST_JOURNAL_BUSY : ST_JOURNAL_REFUSED);
	else if (intent && !trg->has_outcome)
		st_count(&c->st, ST_JOURNAL_INTENTS);
	else if (trg->outcome == TSP_OUTCOME_EXPIRED && !trg->token)
		st_count(&c->st, ST_TRIGGERS_EXPIRED);
	return err;
}

static void port_note(void *arg, struct trg *trg)
{
	struct core *c = arg;
	struct core_trigger *t = of(trg);

	t->accepted_ms = clock_real_ms();
	if (put(t, false, NULL, NULL))
		log_warn(c->log, "core", "transaction %s: its state is journalled later or not at all", t->transaction);
}

static void count_success(struct core_trigger *t, uint32_t action)
{
	if (action == TSP_ACTION_RECALL) {
		st_count(&t->core->st, ST_TRIGGERS_RECALLED); /* takes nothing of the quota */
		return;
	}
	if (action == TSP_ACTION_REPLACE)
		st_count(&t->core->st, ST_TRIGGERS_REPLACED);
	t->scs->quota_used++;
}

static void port_answer(void *arg, struct trg *trg, const struct trg_answer *answer)
{
	struct core *c = arg;
	struct core_trigger *t = of(trg);
	struct ipc_device_action_answer a = {
		.result_code = DIA_RESULT_SUCCESS,
		.request_status = answer->status,
		.mtc_error_diagnostic = { answer->has_diagnostic ? answer->diagnostic : 0, answer->has_diagnostic },
		.feature_supported = core_t4_target(c),
	};
	char device[POL_DEVICE_TEXT_MAX];
	struct core_decision d = core_trigger_decision(t, device);

	FAULT_POINT(CORE_ANSWER_DUE);
	d.result_code = a.result_code;
	d.request_status = answer->status;
	d.reason = (enum pol_reason)answer->reason;
	d.rule = core_trigger_rule(t);
	core_decide_action(c, &d);
	asked_end(t);
	if (answer->status == TSP_STATUS_SUCCESS)
		count_success(t, trg->req.action);
	if (t->counted) {
		t->counted = false;
		t->scs->pending--;
		c->pending--;
	}
	if (t->dup || t->asker.generation)
		core_answer(c, t->dup, &t->asker, &a);
	t->dup = NULL;
}

static uint32_t port_end_to_end(void *arg)
{
	struct core *c = arg;

	return link_ids_end_to_end(&c->ids_internal);
}

static void port_forget(void *arg, struct trg *trg, bool late)
{
	struct core *c = arg;
	struct core_trigger *t = of(trg);

	if (late)
		st_count(&c->st, trg->has_outcome ? ST_REPORTS_EXPIRED : ST_REPORTS_LATE);
	if ((trg->stored || t->kept) && !core_answers_keep(c, trg) && jrn_del(c->jrn, trg->number))
		log_error(c->log, "core", "transaction %s: its record stays in the journal for now", t->transaction);
	FAULT_POINT(CORE_DELETE_QUEUED);
	t->forgotten = true;
	t->late = late;
}

static struct trg *port_original(void *arg, struct trg *trg)
{
	struct core_trigger *o = core_trigger_find(arg, trg->req.scs_e164, trg_old_reference(&trg->req));

	return o && o->trg != trg ? o->trg : NULL;
}

static void port_tell(void *arg, struct trg *original, const struct trg_event *ev)
{
	(void)arg;
	core_trigger_step(of(original), ev);
}

static void port_trace(void *arg, const struct trg *trg, enum trg_state from, enum trg_state to, enum trg_event_kind e,
		       bool refused)
{
	struct core *c = arg;

	if (refused)
		log_debug(c->log, "trigger", "transaction %s: '%s' is not welcome while %s", of(trg)->transaction,
			  trg_event_str(e), trg_state_str(from));
	else
		log_debug(c->log, "trigger", "transaction %s: %s -> %s: %s", of(trg)->transaction, trg_state_str(from),
			  trg_state_str(to), trg_event_str(e));
}

const struct trg_ports core_trigger_ports = {
	.ask_subscriber = core_s6m_ask,
	.judge_again = port_judge_again,
	.store = port_store,
	.note = port_note,
	.submit = core_t4_submit,
	.recall = core_t4_recall,
	.answer = port_answer,
	.acknowledge = core_report_acknowledge,
	.notify = core_report_notify,
	.arm = port_arm,
	.end_to_end = port_end_to_end,
	.forget = port_forget,
	.original = port_original,
	.tell = port_tell,
	.can_recall = core_t4_can_recall,
	.revoked = core_revoke_said,
	.trace = port_trace,
};

/* -- after a restart */

/* The request's place among the duplicates, so that a copy of it is recognised: with its answer, or waiting for one. */
static void restore_dup(struct core_trigger *t)
{
	const struct trg *trg = t->trg;
	uint64_t window_ms = t->core->cfg->limits.duplicates_window_ms;
	struct ipc_device_action_answer a = { .result_code = DIA_RESULT_SUCCESS, .request_status = trg->answer_status };

	if (trg->answered && clock_real_ms() >= trg->req.received_ms + window_ms)
		return; /* a copy now is a new request */
	if (core_dup_restore(t->core->dup, trg->req.origin_host, trg->req.end_to_end, trg->req.digest, trg->answered ? &a : NULL,
			     trg->req.received_ms, &t->dup))
		log_warn(t->core->log, "core", "transaction %s: copies of its request will not be recognised", t->transaction);
}

static int restore_one(void *arg, uint64_t number, const void *record, size_t len)
{
	struct core *c = arg;
	struct core_trigger *t;
	struct core_scs *scs;
	int err;

	if (core_answers_is(record, len))
		return core_answers_restore(c, number, record, len);
	t = calloc(1, sizeof *t);
	if (!t)
		return ERR_NOMEM;
	err = trg_restore(&t->trg, number, record, len, &c->trg_conf, &core_trigger_ports, c);
	if (err) {
		free(t);
		log_error(c->log, "core", "journal record %llu cannot be read and is left alone: %s", (unsigned long long)number,
			  err_str(err));
		return err == ERR_NOMEM ? err : 0;
	}
	scs = core_scs_get(c, t->trg->req.scs);
	if (!scs ||
	    (t->trg->req.action != TSP_ACTION_RECALL && core_trigger_find(c, t->trg->req.scs_e164, t->trg->req.reference))) {
		trg_free(t->trg);
		free(t);
		return scs ? 0 : ERR_NOMEM;
	}
	t->trg->owner = t;
	core_transaction_text(t->transaction, 0, number);
	attach(t, c, scs);
	core_trigger_by_device(t);
	restore_dup(t);
	st_count(&c->st, ST_JOURNAL_RECOVERED);
	return 0;
}

/* Priority first: whoever is resumed first asks first when the peers are there. */
static void resume(struct core *c, bool priority)
{
	struct trg_event restored = { .kind = TRG_EV_RESTORED };
	struct core_trigger *t;
	struct core_cursor w;

	core_cursor_begin(&w, c, NULL); /* one that is taken up may end another */
	while ((t = core_cursor_next(&w))) {
		if ((t->trg->req.priority == TSP_PRIORITY) != priority)
			continue;
		core_trigger_step(t, &restored);
		FAULT_POINT(CORE_RESUMED);
	}
	core_cursor_end(&w);
}

int core_triggers_restore(struct core *c)
{
	int err = jrn_replay(c->jrn, restore_one, c);

	FAULT_POINT(CORE_REPLAYED);
	if (err)
		return err;
	if (c->triggers_n)
		log_info(c->log, "core", "%u triggers taken up from the journal", c->triggers_n);
	resume(c, true);
	resume(c, false);
	return 0;
}
