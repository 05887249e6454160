/* core_ports.c - ports of the trigger machine (trigger/): deadline, journal record, answer and
 * end.
 * core_s6m.c and core_t4.c send its requests; core_drr.c and core_dnr.c handle its reports. */
#include "base/fault.h"
#include "core/core_dnr.h"
#include "core/core_int.h"
#include "core/core_path.h"
#include "core/core_ports.h"
#include "core/core_rights.h"
#include "core/core_s6m.h"
#include "core/core_smpp.h"
#include "core/core_t4.h"

static void port_arm(void *arg, struct trg *trg, uint64_t at_ms)
{
	struct core *c = OBJ_OF(arg, struct core, CORE_MAGIC);

	int err = core_deadline_set(core_trigger_of(trg), at_ms);

	if (err && core_memory_spend(c)) { /* an accepted trigger without a deadline would never end */
		err = core_deadline_set(core_trigger_of(trg), at_ms);
	}
	if (err) {
		log_error(c->log, "core", "transaction %s: no memory for its deadline", core_trigger_of(trg)->transaction);
	}
}

/* After the answer only rule and address are needed (for `triggers show`): interns them and
 * frees the rest. */
static void input_end(struct core_trigger *t)
{
	struct core_decision_input *input = t->input;

	if (!input) {
		return;
	}
	t->rule = trg_names_keep(&t->core->triggers.rule_texts, input->rule);
	t->address = trg_names_keep(&t->core->triggers.rule_texts, input->address);
	t->input = NULL;
	heap_del(&t->core->overdue.heap, &input->overdue);
	core_piece_input_end(t->core, input);
}

static int port_judge_again(void *arg, struct trg *trg, struct trg_refusal *out)
{
	struct core_trigger *t = core_trigger_of(trg);
	struct core_judged j;

	(void)arg;
	core_trigger_judge(t, &j, net_loop_real_ms(t->core->loop));
	core_trigger_say_detected(t, &j.verdict);
	if (j.verdict.status == TSP_STATUS_SUCCESS) {
		return 0;
	}
	core_trigger_set_rule(t, j.verdict.rule);
	*out = (struct trg_refusal){ j.verdict.status, j.verdict.reason };
	return ERR_REFUSED;
}

/* A report that is not the SMS-SC's, once it is durable. */
static void count_own_report(struct core *c, const struct trg *trg)
{
	bool own = trg->state == TRG_REPORTING && trg->told == TRG_TOLD_NOT;

	if (own && trg->own_outcome == TSP_OUTCOME_EXPIRED) {
		st_count(&c->st, ST_TRIGGERS_EXPIRED);
	} else if (own && trg->own_outcome == TSP_OUTCOME_UNCONFIRMED) {
		st_count(&c->st, ST_REPORTS_UNCONFIRMED);
	}
}

static void on_stored(void *arg, uint64_t number, int err)
{
	struct core_trigger *t = OBJ_OF(arg, struct core_trigger, CORE_TRIGGER_MAGIC);
	struct trg_event ev = { .kind = err ? TRG_EV_DISK : TRG_EV_DURABLE };
	struct core *c = t->core;

	(void)number;
	if (--t->storing) { /* a newer record is queued; wait for its completion */
		return;
	}
	if (t->gone) {
		OBJ_END(t, CORE_TRIGGER_MAGIC);
		core_piece_trigger_end(c, t);
		return;
	}
	FAULT_POINT(CORE_INTENT_DURABLE);
	if (!err) {
		count_own_report(c, t->trg);
	}
	core_trigger_step(t, &ev);
	core_flow_early(c);
}

static int port_store(void *arg, struct trg *trg)
{
	struct core *c = OBJ_OF(arg, struct core, CORE_MAGIC);
	bool intent = !trg->stored;
	int err = intent ? core_quota_take(core_trigger_of(trg)) : 0; /* on an error the answer is 201, which stops counting it */

	if (intent) {
		core_t4_will_ask(c, trg);
	}
	if (!err && intent) {
		err = core_smpp_plan(c, trg);
	} else if (!err && core_smpp_name_reference(c, core_trigger_of(trg))) {
		log_error(c->log, "core", "no memory for the reference of a trigger; its receipt will not be found");
	}
	if (!err) {
		err = core_trigger_put(core_trigger_of(trg), intent, on_stored, core_trigger_of(trg));
	}
	FAULT_POINT(CORE_INTENT_QUEUED);
	if (!err) {
		core_trigger_of(trg)->storing++;
	}
	if (err) {
		st_count(&c->st, err == ERR_BUSY ? ST_JOURNAL_BUSY : ST_JOURNAL_REFUSED);
	} else if (intent && !trg->has_outcome) {
		st_count(&c->st, ST_JOURNAL_INTENTS);
	}
	return err;
}

static void port_note(void *arg, struct trg *trg)
{
	struct core *c = OBJ_OF(arg, struct core, CORE_MAGIC);
	struct core_trigger *t = core_trigger_of(trg);

	t->accepted_ms = core_now_ms(c);
	if (core_trigger_put(t, false, NULL, NULL)) {
		log_warn(c->log, "core", "transaction %s: its state is journalled later or not at all", t->transaction);
	}
}

static void count_success(struct core_trigger *t, uint32_t action, bool as_new)
{
	if (as_new) {
		st_count(&t->core->st, ST_TRIGGERS_REPLACED_NEW);
		return;
	}
	if (action == TSP_ACTION_RECALL) {
		st_count(&t->core->st, ST_TRIGGERS_RECALLED);
	} else if (action == TSP_ACTION_REPLACE) {
		st_count(&t->core->st, ST_TRIGGERS_REPLACED);
	}
}

static void port_answer(void *arg, struct trg *trg, const struct trg_answer *answer)
{
	struct core *c = OBJ_OF(arg, struct core, CORE_MAGIC);
	struct core_trigger *t = core_trigger_of(trg);
	struct ipc_device_action_answer a = {
		.result_code = DIA_RESULT_SUCCESS,
		.request_status = answer->status,
		.mtc_error_diagnostic = { answer->has_diagnostic ? answer->diagnostic : 0, answer->has_diagnostic },
		.feature_supported = core_t4_target(c, trg->accepted_by),
	};
	bool as_new = trg->accepted && answer->status != TSP_STATUS_SUCCESS; /* TS 23.682 5.2.3.2 */

	FAULT_POINT(CORE_ANSWER_DUE);
	if (!t->decided || answer->status != TSP_STATUS_SUCCESS) {
		core_trigger_decide(t, answer, as_new);
	}
	if (answer->status == TSP_STATUS_SUCCESS || as_new) {
		t->scs->tally.accepted++;
	} else {
		core_tally_refused(t->scs, (enum pol_reason)answer->reason);
	}
	input_end(t);
	if (answer->status == TSP_STATUS_SUCCESS || as_new) {
		count_success(t, trg->req.action, as_new);
	}
	core_quota_answered(t, answer->status == TSP_STATUS_SUCCESS || as_new,
			    trg->resumed && answer->status == TSP_STATUS_TEMPORARYERROR);
	if (t->counted) {
		t->counted = false;
		t->scs->pending--;
		c->triggers.pending--;
	}
	if (t->dup || t->asker.generation) {
		core_answer(c, t->dup, &t->asker, &a);
	}
	t->dup = NULL;
}

static uint32_t port_end_to_end(void *arg)
{
	struct core *c = OBJ_OF(arg, struct core, CORE_MAGIC);

	return link_ids_end_to_end(&c->peers.ids);
}

static uint32_t port_report_end_to_end(void *arg, const struct trg *trg)
{
	return core_dnr_end_to_end(OBJ_OF(arg, struct core, CORE_MAGIC), trg->number);
}

/* A journal of a program before may have brought another End-to-End-Id. */
static bool port_ids_last(void *arg, const struct trg *trg)
{
	struct core *c = OBJ_OF(arg, struct core, CORE_MAGIC);

	return c->dnr_ids.durable && trg->dnr_end_to_end == core_dnr_end_to_end(c, trg->number);
}

static void say_dropped(const struct core_trigger *t)
{
	char device[POL_DEVICE_TEXT_MAX];
	struct core_decision d = core_trigger_decision(t, device);

	log_warn(
	    t->core->log, "core",
	    "transaction %s: report %s of trigger %u of %s for %s is dropped: not acknowledged within journal.report_retention",
	    t->transaction, tsp_delivery_outcome_str(t->trg->outcome), d.reference, d.scs, device);
}

static void port_forget(void *arg, struct trg *trg, bool late)
{
	struct core *c = OBJ_OF(arg, struct core, CORE_MAGIC);
	struct core_trigger *t = core_trigger_of(trg);

	if (late) {
		st_count(&c->st, trg->has_outcome ? ST_REPORTS_EXPIRED : ST_REPORTS_LATE);
	}
	if (late && trg->has_outcome) {
		say_dropped(t);
	}
	if ((trg->stored || t->kept) && !core_past_keep(c, trg) && jrn_del(c->journal.jrn, trg->number)) {
		log_error(c->log, "core", "transaction %s: its record stays in the journal for now", t->transaction);
	}
	FAULT_POINT(CORE_DELETE_QUEUED);
	t->forgotten = true;
	t->late = late;
}

static struct trg *port_original(void *arg, struct trg *trg)
{
	struct core_trigger *o = core_trigger_find(arg, trg->req.scs_e164, trg_old_reference(&trg->req));

	return o && o->trg != trg ? o->trg : NULL;
}

static bool port_ended(void *arg, const struct trg *trg, struct trg_ended *out)
{
	const struct core_past_entry *e = core_past_find(arg, trg->req.scs_e164, trg_old_reference(&trg->req), core_now_ms(arg));

	if (e) {
		*out = (struct trg_ended){ e->scs, e->imsi, e->msisdn, e->external, e->accepted_by, e->reported };
	}
	return e != NULL;
}

static void port_tell(void *arg, struct trg *original, const struct trg_event *ev)
{
	(void)arg;
	core_trigger_step(core_trigger_of(original), ev);
}

static void port_trace(void *arg, const struct trg *trg, enum trg_state from, enum trg_state to, enum trg_event_kind e,
		       bool refused)
{
	struct core *c = OBJ_OF(arg, struct core, CORE_MAGIC);

	if (refused) {
		log_debug(c->log, "trigger", "transaction %s: '%s' is not welcome while %s", core_trigger_of(trg)->transaction,
			  trg_event_str(e), trg_state_str(from));
	} else {
		log_debug(c->log, "trigger", "transaction %s: %s -> %s: %s", core_trigger_of(trg)->transaction,
			  trg_state_str(from), trg_state_str(to), trg_event_str(e));
	}
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
	.ids_last = port_ids_last,
	.arm = port_arm,
	.end_to_end = port_end_to_end,
	.report_end_to_end = port_report_end_to_end,
	.forget = port_forget,
	.original = port_original,
	.ended = port_ended,
	.tell = port_tell,
	.can_recall = core_t4_can_recall,
	.revoked = core_revoke_audit,
	.copies = core_smpp_copies,
	.trace = port_trace,
};
