/* core_t4.c - submits triggers to the SMS-SC and recalls them (T4, TS 29.337 6). The DTR is
 * built here with the internal identity. */
#include <string.h>

#include "apps/t4_dtr.h"
#include "base/fault.h"
#include "base/str.h"
#include "core/core_devices.h"
#include "core/core_int.h"
#include "core/core_smpp.h"
#include "core/core_t4.h"
#include "policy/pol_map.h"

struct dtr_parts {
	struct core_message message;
	uint8_t msisdn[STR_TBCD_MAX], smea[APP_SMEA_MAX];
};

/* Where a request about this trigger goes. A reload may have named another SMS-SC since its first
 * DTR, and that one would take a copy for a trigger that it does not have yet. */
static size_t place_of(const struct core *c, struct trg *trg)
{
	uint32_t number = core_trigger_of(trg)->dtr_peer;
	size_t place;

	if ((number || trg->resumed) && core_peers_t4_sent_to(&place, c, number, trg->sent_to)) {
		return place;
	}
	return core_peers_t4(c, number, trg->accepted_by);
}

/* The copy of a DTR whose outcome is unknown would go to an SMS-SC that did not get the first. */
static bool would_double(const struct core *c, struct trg *trg, size_t place)
{
	return trg->sent_to && strcmp(c->peers.row[place].conf->host, trg->sent_to) != 0 && !c->cfg->t4.copy_to_new_peer;
}

static const char *host_of(const struct core *c, struct trg *trg, size_t place)
{
	const struct core_trigger *t = core_trigger_of(trg);
	const char *route = c->cfg->t4.destination_host;
	const struct core_peer *p = &c->peers.row[place];

	/* a recall or replace goes to the SMS-SC that accepted the original (TS 23.682 5.2.3) */
	if (trg->accepted_by) {
		return trg->accepted_by;
	}
	if (t->dtr_peer && p->number == t->dtr_peer) {
		return t->dtr_host;
	}
	if (trg->resumed && trg->sent_to && strcmp(trg->sent_to, p->conf->host) == 0) {
		return trg->sent_host;
	}
	return route[0] ? route : NULL;
}

void core_t4_will_ask(const struct core *c, struct trg *trg)
{
	size_t place = place_of(c, trg);

	trg_set_sent_to(trg, c->peers.row[place].conf->host, host_of(c, trg, place));
}

/* Fills the members common to a DTR and its recall. */
static int head(struct t4_dtr *dtr, struct dtr_parts *parts, struct core *c, struct trg *trg, uint32_t end_to_end, bool again,
		size_t place)
{
	const struct cfg_route *route = &c->cfg->t4;
	const char *msisdn = trg->sub.msisdn[0] ? trg->sub.msisdn : trg->req.msisdn;
	struct core_message *m = &parts->message;
	size_t len;

	m->octets = buf_over(c->scratch, sizeof c->scratch);
	m->session_id_len = (uint32_t)link_ids_session_of(&c->peers.ids, m->session_id, trg->req.received_ms, end_to_end);
	m->host = host_of(c, trg, place);
	t4_dtr_clear(dtr);
	dtr->head.request = true;
	dtr->head.retransmitted = again;
	dtr->head.session_id = (struct dia_bytes){ (const uint8_t *)m->session_id, m->session_id_len };
	dtr->head.auth_session_state = dia_u32_of(APP_NO_STATE_MAINTAINED);
	dtr->head.origin_host = dia_text(c->cfg->internal.host);
	dtr->head.origin_realm = dia_text(c->cfg->internal.realm);
	dtr->head.destination_realm = dia_text(route->destination_realm);
	dtr->head.destination_host = dia_text(m->host);
	if (trg->sub.imsi[0]) {
		dtr->user_identifier.user_name = dia_text(trg->sub.imsi);
	}
	if (msisdn[0]) {
		if (str_tbcd(parts->msisdn, &len, msisdn)) {
			return ERR_INVAL;
		}
		dtr->user_identifier.msisdn = (struct dia_bytes){ parts->msisdn, (uint32_t)len };
	}
	if (trg->req.priority == TSP_PRIORITY) {
		dtr->head.drmp = dia_u32_of(route->priority_drmp);
	}
	if (trg->req.external[0]) {
		dtr->user_identifier.external_identifier = dia_text(trg->req.external);
	}
	if (app_smea(parts->smea, &len, trg->req.scs_e164)) {
		return ERR_INVAL;
	}
	dtr->sm_rp_smea = (struct dia_bytes){ parts->smea, (uint32_t)len };
	return 0;
}

static const uint8_t nothing[1];

static struct dia_bytes payload_of(const struct trg *trg)
{
	return (struct dia_bytes){ trg->req.payload_len ? trg->req.payload : nothing, trg->req.payload_len };
}

static int ask(struct core *c, size_t place, struct trg *trg, const struct t4_dtr *dtr, struct core_message *m,
	       uint32_t end_to_end, link_answer_fn *fn)
{
	int err;

	t4_dtr_build(&m->octets, dtr, 0, end_to_end);
	err = core_peer_ask(core_trigger_of(trg), place, m, (uint32_t)c->cfg->t4.answer_wait_ms, fn);
	if (!err) {
		c->peers.row[place].took = true;
	}
	return err;
}

/* The first DTR has left: what else is said about it goes there, too. */
static void note_place(struct core *c, struct core_trigger *t, size_t place, const char *host)
{
	if (!t->dtr_peer) {
		t->dtr_peer = c->peers.row[place].number;
		t->dtr_host = trg_names_keep(&c->triggers.dtr_hosts, host);
	}
}

/* A reload has moved t4.peer since the intent was stored. */
static void note_other_place(struct core *c, struct core_trigger *t, size_t place, const char *host)
{
	const char *peer = c->peers.row[place].conf->host;

	if (!t->trg->sent_to || strcmp(t->trg->sent_to, peer) != 0) {
		trg_set_sent_to(t->trg, peer, host);
		if (core_trigger_keep(t, NULL, NULL)) {
			log_warn(c->log, "core", "transaction %s: the journal still names another peer for its DTR",
				 t->transaction);
		}
	}
}

/* -- features of the SMS-SC (TS 29.229 7.2): an answer lists all of them */

/* The M flag keeps an SMS-SC without this feature from reading a recall as a new trigger.
 * A replace has no M flag, see t4.recall_replace. */
static void offer_features(struct t4_dtr *dtr)
{
	dtr->head.features[0] = (struct app_features){ .vendor_id = DIA_VENDOR_3GPP,
						       .list_id = T4_FEATURE_LIST_ID,
						       .list = T4_FEATURE_RECALL_REPLACE,
						       .mandatory = dtr->trigger_action.v == T4_RECALL };
	dtr->head.features_n = 1;
}

/* -- the DTA */

struct meaning {
	struct trg_event ev;
	/* Origin-Host of the SMS-SC that accepted it; only that one may report */
	char accepted_by[IDENT_HOST_MAX + 1];
};

/* `replaces`: the DTR was a replace. */
static enum pol_t4_meaning map_dta(struct pol_verdict *v, const struct core *c, const struct t4_dta *dta, bool replaces)
{
	struct pol_t4_rules rules = { .congestion_is_temporary = c->cfg->t4.congestion == CFG_CONGESTION_TEMPORARY,
				      .not_pending_is_stored =
					  replaces && c->cfg->t4.replace_not_pending == CFG_NOT_PENDING_STORED };

	return pol_map_dta(v, &dta->head, &rules);
}

static bool is_replace(const struct trg *trg)
{
	return trg->req.action == TSP_ACTION_REPLACE && !trg->as_new;
}

static void refused(struct core_trigger *t, struct trg_event *ev, const struct t4_dta *dta)
{
	bool recall = t->trg->req.action == TSP_ACTION_RECALL;

	st_count(&t->core->st, ST_T4_REFUSED);
	ev->kind = TRG_EV_DTA_NO;
	if (recall && core_says_unsupported(&dta->head)) {
		ev->reason = POL_SMSSC_NO_RECALL;
		ev->status = pol_reason_status(POL_SMSSC_NO_RECALL);
	}
	ev->has_diagnostic = ev->status == TSP_STATUS_REPLACEFAIL && dta->mtc_error_diagnostic.present;
	ev->diagnostic = ev->has_diagnostic ? dta->mtc_error_diagnostic.v : 0;
}

/* A temporary error for a repeated DTR does not tell the outcome of the first: only an SMS-SC
 * that deduplicates would give the first answer. */
static bool is_inconclusive(const struct trg *trg, const struct pol_verdict *v)
{
	return trg->state == TRG_RESUBMITTING && v->status == TSP_STATUS_TEMPORARYERROR;
}

/* `host`: the Origin-Host in canonical form; NULL: not known yet. */
static void set_accepted_by(struct meaning *out, const struct t4_dta *dta, const char *host)
{
	if (host) {
		out->ev.accepted_by = host;
	} else if (ident_host(out->accepted_by, dta->head.origin_host.p, dta->head.origin_host.len) == 0) {
		out->ev.accepted_by = out->accepted_by;
	}
}

static void meaning_of(struct meaning *out, struct core_trigger *t, struct core_peer *p, const struct t4_dta *dta)
{
	struct trg_event *ev = &out->ev;
	const char *host = core_features_learn(p, &dta->head);
	struct pol_verdict v;

	switch (map_dta(&v, t->core, dta, is_replace(t->trg))) {
	case POL_T4_TAKEN:
		ev->kind = TRG_EV_DTA_OK;
		set_accepted_by(out, dta, host);
		ev->no_feature = core_feature_of(t->core, ev->accepted_by) == CORE_FEATURE_MISSING;
		return;
	case POL_T4_STORED:
		ev->kind = TRG_EV_DTA_STORED;
		ev->status = v.status;
		ev->reason = v.reason;
		set_accepted_by(out, dta, host);
		return;
	case POL_T4_REFUSED:
		ev->status = v.status;
		ev->reason = v.reason;
		refused(t, ev, dta);
		if (is_inconclusive(t->trg, &v)) {
			ev->kind = TRG_EV_DTA_UNHANDLED;
		}
		return;
	default:
		ev->kind = TRG_EV_DTA_UNHANDLED;
		ev->status = v.status;
		ev->reason = v.reason;
	}
}

/* Reads the DTA. False: it is malformed or belongs to another request. Like no answer: the
 * SMS-SC may have the trigger. */
static bool read_dta(struct t4_dta *dta, const struct core_trigger *t, const struct core_request *request,
		     const struct dia_msg *m)
{
	struct core_peer *p = request->peer;
	struct dia_failed why;
	const char *foreign = NULL;
	uint8_t lapses = 0;
	int err;

	dia_failed_none(&why);
	err = p->conf->strict_answers ? t4_dta_parse(dta, m, &why) : t4_dta_parse_lenient(dta, m, &why, &lapses);
	if (!err) {
		foreign = core_peer_foreign(request, &dta->head, p->core->cfg->t4.destination_realm);
	}
	if (err || foreign) {
		log_warn(p->core->log, "core", "transaction %s: the SMS-SC's answer cannot be used: %s", t->transaction,
			 foreign ? foreign : why.text);
		return false;
	}
	core_lapses_note(p->core, &p->lapses, lapses, "DTA", "peer", p->conf->name);
	return true;
}

static void on_dta(void *arg, int err, const struct dia_msg *m)
{
	struct core_request request;
	struct core_trigger *t = core_peer_answered(&request, arg, err);
	struct meaning what = { .ev = { .kind = TRG_EV_DTA_SILENT } };
	struct t4_dta dta;

	FAULT_POINT(CORE_DTA_TAKEN);
	if (!t) {
		return;
	}
	if (err == ERR_TIMEOUT) {
		st_count(&t->core->st, ST_T4_TIMEOUTS);
	}
	if (!err && read_dta(&dta, t, &request, m)) {
		meaning_of(&what, t, request.peer, &dta);
	}
	core_trigger_step(t, &what.ev);
	core_flow_early(request.peer->core);
}

/* -- the DTR */

/* A copy says what the DTR said: it is the same request (RFC 6733 3). The DTR of an earlier core
 * may have left long ago, and an SMS-SC that never saw that one must not keep the trigger beyond
 * its validity: what is left is said. */
static uint32_t validity_of(const struct trg *trg, bool again)
{
	struct core_trigger *t = core_trigger_of(trg);

	if (!again || !t->dtr_validity_s) {
		t->dtr_validity_s = trg_validity_left_s(&trg->req, core_now_ms(t->core));
	}
	return t->dtr_validity_s;
}

static int fill_trigger(struct t4_dtr *dtr, const struct trg *trg, bool again)
{
	bool replaces = is_replace(trg);
	int err = 0;

	dtr->trigger_action = dia_u32_of(replaces ? T4_REPLACE : T4_TRIGGER);
	if (replaces) {
		dtr->old_reference_number = dia_u32_of(trg_old_reference(&trg->req));
	}
	if (trg->sub.nodes_len) {
		err = trg_nodes_unpack(trg->sub.nodes, trg->sub.nodes_len, &dtr->serving_node, dtr->additional_serving_nodes,
				       &dtr->additional_serving_nodes_n);
	}
	dtr->payload = payload_of(trg);
	dtr->reference_number = dia_u32_of(trg->req.reference);
	if (trg->req.has_validity) {
		dtr->validity_time_s = dia_u32_of(validity_of(trg, again));
	}
	dtr->priority_indication = dia_u32_of(trg->req.priority);
	if (trg->req.has_port) {
		dtr->application_port = dia_u32_of(trg->req.port);
	}
	return err;
}

/* A recall names the trigger in Old-Reference-Number and sends no new one (TS 29.337). */
static void fill_recall(struct t4_dtr *dtr, uint32_t reference)
{
	dtr->trigger_action = dia_u32_of(T4_RECALL);
	dtr->old_reference_number = dia_u32_of(reference);
	/* mandatory in the grammar, ignored in a recall */
	dtr->payload = (struct dia_bytes){ nothing, 0 };
}

static int leave_submit(struct core_trigger *t, bool again)
{
	if (trg_expired(t->trg, core_now_ms(t->core)) || trg_unwanted(t->trg)) {
		return ERR_CLOSED;
	}
	return core_t4_submit(t->core, t->trg, again);
}

static void late_submit(struct core_trigger *t)
{
	core_trigger_step(t, &(struct trg_event){ .kind = TRG_EV_UNSENT });
}

static const struct core_turn turn_submit = { leave_submit, late_submit };

/* By SMPP in place of T4. */
static int submit_smpp(struct core *c, struct trg *trg, size_t place, bool again)
{
	struct core_trigger *t = core_trigger_of(trg);
	const char *host = host_of(c, trg, place);
	int err;

	core_trigger_by_device(t);
	t->left = true;
	if (!again) {
		note_other_place(c, t, place, host);
	}
	err = core_smpp_submit(c, trg, place, again);
	if (err) {
		t->left = again;
		return err;
	}
	note_place(c, t, place, host);
	c->peers.row[place].took = true;
	st_count(&c->st, again ? ST_T4_RESENT : ST_T4_REQUESTS);
	return 0;
}

int core_t4_submit(void *arg, struct trg *trg, bool again)
{
	struct core *c = OBJ_OF(arg, struct core, CORE_MAGIC);
	struct t4_dtr dtr;
	/* after a restart there may be a million of them, and the SMS-SC has other work */
	bool resumes = again && trg->resumed;
	struct core_trigger *t = core_trigger_of(trg);
	size_t place = place_of(c, trg);
	struct dtr_parts parts;
	int err;

	if (again && would_double(c, trg, place)) {
		return ERR_CLOSED;
	}
	if (core_queue_full(c, place) || (!again && core_queue_begins(c, place))) {
		return core_queue_put(t, place, &turn_submit, again, c->cfg->t4.answer_wait_ms);
	}
	if (core_smpp_used(c)) {
		return submit_smpp(c, trg, place, again);
	}
	err = resumes && c->triggers.resuming >= c->cfg->limits.resume
		  ? ERR_BUSY
		  : head(&dtr, &parts, c, trg, trg->dtr_end_to_end, again, place);
	if (!err && trg->req.action == TSP_ACTION_RECALL) {
		fill_recall(&dtr, trg_old_reference(&trg->req));
	} else if (!err) {
		err = fill_trigger(&dtr, trg, again);
	}
	if (err) {
		return err;
	}
	offer_features(&dtr);
	core_trigger_by_device(t);
	t->left = true;
	if (!again) {
		note_other_place(c, t, place, parts.message.host);
	}
	err = ask(c, place, trg, &dtr, &parts.message, trg->dtr_end_to_end, on_dta);
	if (err && !again) {
		t->left = false;
	} else if (!err) {
		note_place(c, t, place, parts.message.host);
	}
	FAULT_POINT(CORE_DTR_QUEUED);
	if (!err) {
		st_count(&c->st, again ? ST_T4_RESENT : ST_T4_REQUESTS);
	}
	if (!err && resumes) {
		t->resuming = true;
		c->triggers.resuming++;
	}
	return err;
}

/* -- recall of a submitted trigger */

static void on_recalled(void *arg, int err, const struct dia_msg *m)
{
	struct core_request request;
	struct core_trigger *t = core_peer_answered(&request, arg, err);
	struct trg_event ev = { .kind = TRG_EV_RECALL_SILENT };
	struct pol_verdict v;
	struct t4_dta dta;

	FAULT_POINT(CORE_RECALL_TAKEN);
	if (!t) {
		return;
	}
	if (!err && read_dta(&dta, t, &request, m)) {
		enum pol_t4_meaning meaning = map_dta(&v, t->core, &dta, false);

		(void)core_features_learn(request.peer, &dta.head);
		if (meaning != POL_T4_UNHANDLED) {
			ev.kind = meaning == POL_T4_TAKEN ? TRG_EV_RECALL_DONE : TRG_EV_RECALL_NO;
		}
		ev.status = v.status;
	}
	core_trigger_step(t, &ev);
}

static int leave_recall(struct core_trigger *t, bool again)
{
	return core_t4_recall(t->core, t->trg, again);
}

static void late_recall(struct core_trigger *t)
{
	core_trigger_step(t, &(struct trg_event){ .kind = TRG_EV_RECALL_SILENT });
}

static const struct core_turn turn_recall = { leave_recall, late_recall };

int core_t4_recall(void *arg, struct trg *trg, bool again)
{
	struct core *c = OBJ_OF(arg, struct core, CORE_MAGIC);
	bool of_other = trg->req.action == TSP_ACTION_RECALL;
	struct t4_dtr dtr;
	struct dtr_parts parts;
	size_t place = place_of(c, trg);
	int err;

	if (core_queue_full(c, place)) {
		return core_queue_put(core_trigger_of(trg), place, &turn_recall, again, c->cfg->t4.answer_wait_ms);
	}
	if (core_smpp_used(c)) {
		err = core_smpp_recall(c, trg, place);
		st_count_n(&c->st, ST_T4_RECALLS, !err && !again);
		return err;
	}
	err = head(&dtr, &parts, c, trg, trg->recall_end_to_end, again, place);
	if (err) {
		return err;
	}
	fill_recall(&dtr, of_other ? trg_old_reference(&trg->req) : trg->req.reference);
	offer_features(&dtr);
	err = ask(c, place, trg, &dtr, &parts.message, trg->recall_end_to_end, on_recalled);
	FAULT_POINT(CORE_RECALL_QUEUED);
	if (!err && !again) {
		st_count(&c->st, ST_T4_RECALLS);
	}
	return err;
}
