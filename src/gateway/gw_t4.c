/* gw_t4.c - handing a trigger to the SMS-SC and taking it back (T4, TS 29.337 6). Built here, under the internal identity. */
#include <string.h>

#include "apps/t4_dtr.h"
#include "base/str.h"
#include "gateway/gw_core_int.h"
#include "policy/pol_map.h"

struct dtr_parts {
	char session_id[LINK_SESSION_ID_MAX];
	uint8_t msisdn[STR_TBCD_MAX], smea[APP_SMEA_MAX];
};

/* What a DTR and the recall of it have in common. */
static int head(struct t4_dtr *dtr, struct dtr_parts *parts, struct gw_core *c, const struct trg *t, bool again)
{
	const struct cfg_route *route = &c->cfg->t4;
	const char *msisdn = t->sub.msisdn[0] ? t->sub.msisdn : t->req.msisdn;
	size_t len;

	dtr->head.request = true;
	dtr->head.retransmitted = again;
	dtr->head.session_id = (struct dia_bytes){ (const uint8_t *)parts->session_id,
						   (uint32_t)link_ids_session(&c->ids_internal, parts->session_id) };
	dtr->head.auth_session_state = dia_u32_of(APP_NO_STATE_MAINTAINED);
	dtr->head.origin_host = dia_text(c->cfg->internal.host);
	dtr->head.origin_realm = dia_text(c->cfg->internal.realm);
	dtr->head.destination_realm = dia_text(route->destination_realm);
	if (route->destination_host[0])
		dtr->head.destination_host = dia_text(route->destination_host);
	if (t->sub.imsi[0])
		dtr->user_identifier.user_name = dia_text(t->sub.imsi);
	if (msisdn[0]) {
		if (str_tbcd(parts->msisdn, &len, msisdn))
			return ERR_INVAL;
		dtr->user_identifier.msisdn = (struct dia_bytes){ parts->msisdn, (uint32_t)len };
	}
	if (t->req.external[0])
		dtr->user_identifier.external_identifier = dia_text(t->req.external);
	if (app_smea(parts->smea, &len, t->req.scs_e164))
		return ERR_INVAL;
	dtr->sm_rp_smea = (struct dia_bytes){ parts->smea, (uint32_t)len };
	return 0;
}

static const uint8_t nothing[1];

static struct dia_bytes payload_of(const struct trg *t)
{
	return (struct dia_bytes){ t->req.payload_len ? t->req.payload : nothing, t->req.payload_len };
}

static int ask(struct gw_core *c, struct trg *t, const struct t4_dtr *dtr, uint32_t end_to_end, link_answer_fn *fn)
{
	struct buf out = buf_over(c->scratch, sizeof c->scratch);

	t4_dtr_build(&out, dtr, 0, end_to_end);
	return gw_peer_ask(t->owner, c->cfg->t4.peer_index, &out, (uint32_t)c->cfg->t4.answer_wait_ms, fn);
}

/* -- the DTA */

/* Who took it is who may report about it. */
static void remember_taker(struct gw_trigger *t, const struct t4_dta *dta)
{
	if (ident_host(t->taker, dta->head.origin_host.p, dta->head.origin_host.len))
		t->taker[0] = 0;
}

static enum trg_event_kind meaning_of(struct gw_trigger *t, const struct t4_dta *dta, struct pol_verdict *v)
{
	switch (pol_map_dta(v, &dta->head, false)) {
	case POL_T4_TAKEN:
		remember_taker(t, dta);
		return TRG_EV_DTA_OK;
	case POL_T4_REFUSED:
		st_count(&t->core->st, ST_T4_REFUSED);
		return TRG_EV_DTA_NO;
	default:
		return TRG_EV_DTA_UNHANDLED;
	}
}

static void on_dta(void *arg, int err, const struct dia_msg *m)
{
	struct gw_trigger *t = gw_peer_answered(arg, err);
	struct trg_event ev = { .kind = TRG_EV_DTA_SILENT };
	struct dia_failed why = { 0 };
	struct pol_verdict v;
	struct t4_dta dta;

	if (!t)
		return;
	pol_map_t4_silent(&v);
	if (err == ERR_TIMEOUT)
		st_count(&t->core->st, ST_T4_TIMEOUTS);
	if (!err && t4_dta_parse(&dta, m, &why) == 0)
		ev.kind = meaning_of(t, &dta, &v);
	else if (!err) /* it may have it: as good as silence */
		log_warn(t->core->log, "core", "transaction %s: the SMS-SC's answer cannot be read: %s", t->transaction,
			 why.text);
	ev.status = v.status;
	ev.reason = v.reason;
	gw_trigger_step(t, &ev);
}

int gw_t4_submit(void *arg, struct trg *t, bool again)
{
	struct gw_core *c = arg;
	struct t4_dtr dtr = { .trigger_action = dia_u32_of(T4_TRIGGER) };
	struct dtr_parts parts;
	int err = head(&dtr, &parts, c, t, again);

	if (!err && t->sub.nodes_len)
		err = trg_nodes_unpack(t->sub.nodes, t->sub.nodes_len, &dtr.serving_node, dtr.additional_serving_nodes,
				       &dtr.additional_serving_nodes_n);
	if (err)
		return err;
	dtr.payload = payload_of(t);
	dtr.reference_number = dia_u32_of(t->req.reference);
	if (t->req.has_validity)
		dtr.validity_time_s = dia_u32_of(trg_validity_left_s(&t->req, clock_real_ms()));
	dtr.priority_indication = dia_u32_of(t->req.priority);
	if (t->req.has_port)
		dtr.application_port = dia_u32_of(t->req.port);
	err = ask(c, t, &dtr, t->dtr_end_to_end, on_dta);
	if (!err)
		st_count(&c->st, again ? ST_T4_RESENT : ST_T4_REQUESTS);
	return err;
}

/* -- recall: Old-Reference-Number names the trigger (TS 29.337; t4.md section 6, row 12) */

static void on_recalled(void *arg, int err, const struct dia_msg *m)
{
	struct gw_trigger *t = gw_peer_answered(arg, err);
	struct trg_event ev = { .kind = TRG_EV_RECALL_SILENT };
	struct dia_failed why = { 0 };
	struct pol_verdict v;
	struct t4_dta dta;

	if (!t)
		return;
	if (!err && t4_dta_parse(&dta, m, &why) == 0 && pol_map_dta(&v, &dta.head, false) != POL_T4_UNHANDLED)
		ev.kind = TRG_EV_RECALL_DONE;
	gw_trigger_step(t, &ev);
}

int gw_t4_recall(void *arg, struct trg *t, bool again)
{
	struct gw_core *c = arg;
	struct t4_dtr dtr = { .trigger_action = dia_u32_of(T4_RECALL), .old_reference_number = dia_u32_of(t->req.reference) };
	struct dtr_parts parts;
	int err = head(&dtr, &parts, c, t, again);

	if (err)
		return err;
	dtr.payload = (struct dia_bytes){ nothing, 0 }; /* mandatory in the grammar, meaningless here */
	err = ask(c, t, &dtr, t->recall_end_to_end, on_recalled);
	if (!err && !again)
		st_count(&c->st, ST_T4_RECALLS);
	return err;
}
