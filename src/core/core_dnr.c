/* core_dnr.c - delivery reports to the SCS (stage 14): sends DNR until the SCS acknowledges. */
#include <stdlib.h>
#include <string.h>

#include "base/fault.h"
#include "base/str.h"
#include "core/core_claims.h"
#include "core/core_dnr.h"
#include "core/core_int.h"
#include "core/core_took.h"

static bool takes_reports(const struct core_session *s, uint64_t now_ms)
{
	return !s->edge->bad && now_ms >= s->refuses_until_ms;
}

/* Prefers the requesting session; on retry rotates over the SCS's open sessions.
 * A session that refused a report or did not answer is used only if no other is open, the
 * longest pause first. */
static struct core_session *pick_session(const struct core_trigger *t, bool again)
{
	struct core_session *s = again ? NULL : core_session_find(t->core, t->asker.generation, t->asker.session), *last = NULL;
	uint64_t now_ms = net_loop_now_ms(t->core->loop);
	struct core_scs *scs = t->scs;

	if (s && s->scs == scs && takes_reports(s, now_ms)) {
		return s;
	}
	TAILQ_FOREACH (s, &scs->sessions, of_scs) {
		if (takes_reports(s, now_ms)) {
			break;
		}
		if (!s->edge->bad && (!last || s->refuses_until_ms < last->refuses_until_ms)) {
			last = s;
		}
	}
	if (!s) {
		s = last;
	}
	if (s) {
		TAILQ_REMOVE(&scs->sessions, s, of_scs);
		TAILQ_INSERT_TAIL(&scs->sessions, s, of_scs);
	}
	return s;
}

/* The pause starts at dnr.retry_min and doubles up to dnr.retry_max. An accepted report ends it. */
static void note_answer(struct core_session *s, const struct ipc_device_notification_answer *a, bool taken)
{
	const struct cfg_dnr *dnr = &s->core->cfg->dnr;
	bool first = !s->refuses_ms;

	if (a->outcome == IPC_DNA_CLOSED) {
		return; /* the session ends: not a refusal */
	}
	if (taken) {
		s->refuses_ms = s->refuses_until_ms = 0;
		return;
	}
	s->refuses_ms = first ? dnr->retry_min_ms : 2 * s->refuses_ms;
	if (s->refuses_ms > dnr->retry_max_ms) {
		s->refuses_ms = dnr->retry_max_ms;
	}
	s->refuses_until_ms = net_loop_now_ms(s->core->loop) + s->refuses_ms;
	if (first && a->outcome != IPC_DNA_BUSY) {
		log_warn(s->core->log, "core", "%s at %s %s a report (%u); its other sessions are asked first", s->scs->name,
			 s->address, a->outcome == IPC_DNA_ANSWERED ? "refuses" : "does not answer",
			 a->result_code ? a->result_code : a->experimental_code);
	}
}

static void fill(struct ipc_device_notification *out, const struct core *c, const struct trg *trg, const struct core_session *s,
		 bool again)
{
	const struct trg_request *r = &trg->req;

	*out = (struct ipc_device_notification){
		.session = s->key.number,
		.report = core_dnr_session(c, trg->number),
		.end_to_end = trg->dnr_end_to_end,
		.retransmitted = again,
		.device = r->external[0] ? r->msisdn[0] ? IPC_DEVICE_BOTH : IPC_DEVICE_EXTERNAL : IPC_DEVICE_MSISDN,
		.reference = r->reference,
		.delivery_outcome = trg->outcome,
		.wait_ms = (uint32_t)c->cfg->dnr.answer_wait_ms,
	};
	str_set(out->external_id, sizeof out->external_id, r->external);
	str_set(out->msisdn, sizeof out->msisdn, r->msisdn);
	str_set(out->scs_identity, sizeof out->scs_identity, r->scs_e164);
}

static void wait_for(struct core *c, struct core_notice *n)
{
	uint64_t wait_ms = c->cfg->dnr.answer_wait_ms + CORE_DNR_LATE_MS;

	n->until_ms = net_loop_now_ms(c->loop) + wait_ms;
	TAILQ_INSERT_TAIL(&c->dnrs.by_age, n, by_age);
	if (!c->dnrs.armed) {
		c->dnrs.armed = true;
		net_timer_start(c->dnrs.late, wait_ms);
	}
}

int core_report_notify(void *arg, struct trg *trg, bool again)
{
	struct core *c = OBJ_OF(arg, struct core, CORE_MAGIC);
	struct core_trigger *t = core_trigger_of(trg);
	struct core_session *s = c->stop.begun ? NULL : pick_session(t, again);
	struct ipc_device_notification record;
	struct core_notice *n;
	int err;

	if (!s) {
		return ERR_CLOSED;
	}
	n = calloc(1, sizeof *n);
	if (!n && core_memory_spend(c)) {
		n = calloc(1, sizeof *n);
	}
	if (!n) {
		return ERR_NOMEM;
	}
	obj_begin(&n->obj, CORE_NOTICE_MAGIC);
	n->transaction = c->sessions.notice_next++;
	n->session = s;
	n->trigger = t;
	fill(&record, c, trg, s, again);
	err = core_send(s->edge, ipc_device_notification_put(c->record, s->edge->who.generation, n->transaction, &record));
	FAULT_POINT(CORE_DNR_QUEUED);
	if (err) {
		free(n);
		return err;
	}
	map_add(&c->sessions.notices_by_number, &n->node, &n->transaction, sizeof n->transaction);
	TAILQ_INSERT_TAIL(&s->notices, n, entry);
	wait_for(c, n);
	t->notice = n;
	s->scs->notices_n++;
	st_count(&c->st, ST_REPORTS_SENT);
	s->scs->tally.reports++;
	if (!again) {
		core_took_report(t);
	}
	return 0;
}

static bool acknowledged(const struct ipc_device_notification_answer *a)
{
	uint32_t code = a->experimental_code
			    ? a->experimental_code
			    : a->result_code; /* only the class of the code matters, so that of any vendor will do */

	return a->outcome == IPC_DNA_ANSWERED && code / 1000 == 2;
}

/* True if the lapses of the answer are accepted; notes them. The present provisioning decides. */
static bool forgiven(struct core_session *s, uint8_t lapses)
{
	const struct asc_scs *scs = lapses ? asc_scs_find(s->core->store.asc, s->scs->name) : NULL;

	if (scs && scs->strict_answers) {
		return false;
	}
	core_lapses_note(s->core, &s->scs->lapses, lapses, "DNA", "SCS", s->scs->name);
	s->lapses.n += lapses != 0;
	s->lapses.seen |= lapses;
	return true;
}

void core_report_on_answer(struct core_edge *e, uint64_t transaction, const struct ipc_device_notification_answer *a)
{
	struct core *c = e->core;
	struct core_notice *n =
	    MAP_OF(map_find(&c->sessions.notices_by_number, &transaction, sizeof transaction), struct core_notice, node);
	struct trg_event ev = { .kind = TRG_EV_DNA_NO };
	struct core_trigger *t;

	FAULT_POINT(CORE_DNA_TAKEN);
	if (!n) {
		return; /* its session has ended, or an earlier core asked */
	}
	if (n->session->edge != e || n->session->key.number != a->session) {
		core_claim_end(e, "it announces the answer to a report that went to another session");
		return;
	}
	t = n->trigger;
	if (acknowledged(a) && forgiven(n->session, a->lapses)) {
		ev.kind = TRG_EV_DNA_OK;
	}
	note_answer(n->session, a, ev.kind == TRG_EV_DNA_OK);
	if (ev.kind == TRG_EV_DNA_OK) {
		st_count(&c->st, ST_REPORTS_ACKNOWLEDGED);
		n->session->scs->tally.acknowledged++;
	}
	log_debug(c->log, "core", "transaction %s: report %s", t->transaction,
		  ev.kind == TRG_EV_DNA_OK ? "acknowledged by the SCS" : "not acknowledged; it is sent again");
	core_notice_free(n);
	core_trigger_step(t, &ev);
}

/* -- an edge that does not say what became of a DNR */

#define LATE_A_TURN 256u

static void give_up(struct core *c, struct core_notice *n)
{
	const struct ipc_device_notification_answer none = { .outcome = IPC_DNA_TIMEOUT };
	struct core_trigger *t = n->trigger;

	st_count(&c->st, ST_REPORTS_UNANSWERED);
	note_answer(n->session, &none, false);
	core_notice_free(n);
	core_trigger_step(t, &(struct trg_event){ .kind = TRG_EV_DNA_NO });
}

static void on_late(void *arg)
{
	struct core *c = OBJ_OF(arg, struct core, CORE_MAGIC);
	uint64_t now_ms = net_loop_now_ms(c->loop);
	struct core_notice *n;

	for (unsigned i = 0; i < LATE_A_TURN && (n = TAILQ_FIRST(&c->dnrs.by_age)) && n->until_ms <= now_ms; i++) {
		give_up(c, n);
	}
	n = TAILQ_FIRST(&c->dnrs.by_age);
	c->dnrs.armed = n != NULL;
	if (n) {
		net_timer_start(c->dnrs.late, n->until_ms > now_ms ? n->until_ms - now_ms : 0);
	}
}

int core_dnrs_init(struct core *c)
{
	TAILQ_INIT(&c->dnrs.by_age);
	return net_timer_new(&c->dnrs.late, c->loop, on_late, c);
}

void core_dnrs_fini(struct core *c)
{
	net_timer_free(c->dnrs.late);
}
