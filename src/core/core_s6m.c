/* core_s6m.c - queries the HSS (S6m, TS 29.336 7) for permission, identity and serving nodes.
 * The SIR is built here with the internal identity, from canonical values only. */
#include <string.h>

#include "apps/s6m_sir.h"
#include "base/fault.h"
#include "base/str.h"
#include "core/core_absence.h"
#include "core/core_int.h"
#include "core/core_rights.h"
#include "core/core_s6m.h"
#include "policy/pol_map.h"

/* Values that the SIR borrows until it is built. */
struct sir_parts {
	uint8_t msisdn[STR_TBCD_MAX], scs[STR_TBCD_MAX], smea[APP_SMEA_MAX];
};

int core_s6m_sir(struct core_message *out, struct core *c, const struct trg_request *req)
{
	const struct cfg_route *route = &c->cfg->s6m;
	struct s6m_sir sir;
	struct sir_parts parts;
	size_t len;

	s6m_sir_clear(&sir);
	sir.has_service_parameters = sir.has_t4_parameters = true;
	sir.head.request = true;
	out->session_id_len = (uint32_t)link_ids_session(&c->peers.ids, out->session_id);
	sir.head.session_id = (struct dia_bytes){ (const uint8_t *)out->session_id, out->session_id_len };
	sir.head.auth_session_state = dia_u32_of(APP_NO_STATE_MAINTAINED);
	sir.head.origin_host = dia_text(c->cfg->internal.host);
	sir.head.origin_realm = dia_text(c->cfg->internal.realm);
	sir.head.destination_realm = dia_text(route->destination_realm);
	out->host = route->destination_host[0] ? route->destination_host : NULL;
	sir.head.destination_host = dia_text(out->host);
	if (req->external[0]) {
		sir.user_identifier.external_identifier = dia_text(req->external);
	} else {
		if (str_tbcd(parts.msisdn, &len, req->msisdn)) {
			return ERR_INVAL;
		}
		sir.user_identifier.msisdn = (struct dia_bytes){ parts.msisdn, (uint32_t)len };
	}
	sir.service_id = dia_u32_of(S6M_SERVICE_DEVICE_TRIGGER);
	if (str_tbcd(parts.scs, &len, req->scs_e164)) {
		return ERR_INVAL;
	}
	sir.scs_identity = (struct dia_bytes){ parts.scs, (uint32_t)len };
	if (app_smea(parts.smea, &len, req->scs_e164)) {
		return ERR_INVAL;
	}
	sir.sm_rp_smea = (struct dia_bytes){ parts.smea, (uint32_t)len };
	sir.priority_indication = dia_u32_of(req->priority);
	if (req->priority == TSP_PRIORITY) {
		sir.head.drmp = dia_u32_of(route->priority_drmp);
	}
	sir.sir_flags = dia_u32_of(S6M_SIR_FLAG_S6M);
	s6m_sir_build(&out->octets, &sir, 0, link_ids_end_to_end(&c->peers.ids));
	return 0;
}

/* -- the answer */

/* Takes the IMSI from the first instance that has one, and the MSISDN likewise (TS 29.336 7
 * allows several instances).
 * False: not digits, or no IMSI. */
bool core_s6m_who(struct core_s6m_who *out, const struct s6m_sia *sia)
{
	*out = (struct core_s6m_who){ .imsi = "" };
	for (uint8_t i = 0; i < sia->user_identifiers_n; i++) {
		const struct app_user_identifier *u = &sia->user_identifiers[i];

		if (u->user_name.p && !out->imsi[0]) {
			if (u->user_name.len < 6 || str_copy(out->imsi, sizeof out->imsi, u->user_name.p, u->user_name.len)) {
				return false;
			}
			if (strspn(out->imsi, "0123456789") != u->user_name.len) {
				return false;
			}
		}
		if (!u->msisdn.p || out->msisdn[0]) {
			continue;
		}
		if (u->msisdn.len > STR_TBCD_MAX || str_untbcd(out->msisdn, u->msisdn.p, u->msisdn.len)) {
			return false;
		}
		out->msisdn_at = u->msisdn.p;
	}
	return out->imsi[0] != 0;
}

static void refuse(struct core_trigger *t, const struct pol_verdict *v)
{
	struct trg_event ev = { .kind = TRG_EV_SUBSCRIBER_NO, .status = v->status, .reason = v->reason };

	core_trigger_step(t, &ev);
}

/* Judges another name of the device. False: a rule denies it, or the store is unreadable.
 * The requested name, and the MSISDN judged at every step, are judged elsewhere. */
static bool other_name_ok(struct core_trigger *t, const char *external, const char *msisdn, struct core_judged *j)
{
	core_trigger_judge_name(t, j, external, msisdn, net_loop_real_ms(t->core->loop));
	core_trigger_say_detected(t, &j->verdict);
	return j->verdict.status == TSP_STATUS_SUCCESS;
}

/* Judges every further name in the answer: a deny rule for one name of the device holds for all
 * its names.
 * A malformed name in the SIA is a protocol error of the HSS. */
static bool other_names_ok(struct core_trigger *t, const struct s6m_sia *sia, const struct core_s6m_who *who,
			   struct core_judged *j)
{
	char external[IDENT_EXTERNAL_MAX + 1], digits[STR_DIGITS_MAX + 1];

	for (uint8_t i = 0; i < sia->user_identifiers_n; i++) {
		const struct app_user_identifier *u = &sia->user_identifiers[i];

		j->verdict = pol_verdict_of(POL_HSS_PROTOCOL);
		if (u->external_identifier.p && ident_external(external, u->external_identifier.p, u->external_identifier.len)) {
			return false;
		}
		if (u->external_identifier.p && strcmp(external, t->trg->req.external) != 0 &&
		    !other_name_ok(t, external, NULL, j)) {
			return false;
		}
		if (!u->msisdn.p || u->msisdn.p == who->msisdn_at) {
			continue;
		}
		if (u->msisdn.len > STR_TBCD_MAX || str_untbcd(digits, u->msisdn.p, u->msisdn.len)) {
			return false;
		}
		if (strcmp(digits, who->msisdn) != 0 && !other_name_ok(t, NULL, digits, j)) {
			return false;
		}
	}
	return true;
}

/* Time that the trigger may wait for an absent device. A recall does not need the device. */
static uint32_t wait_s(const struct trg *trg)
{
	return trg->req.action == TSP_ACTION_RECALL ? UINT32_MAX : trg->req.validity_s;
}

/* The verdict on an answer that says whether the device is there, when the SCS may not learn that
 * now: the same for both. Else counts what the SCS is about to learn. `imsi`: "" if unknown. */
static void hide_presence(struct core_trigger *t, const char *imsi, struct pol_verdict *v)
{
	if (v->status != TSP_STATUS_SUCCESS && v->reason != POL_HSS_ABSENT) {
		return;
	}
	if (core_absence_over_now(t, imsi)) {
		st_count(&t->core->st, ST_ABSENT_REFUSED);
		*v = pol_verdict_of(POL_ABSENT_TOO_OFTEN);
	} else if (v->reason == POL_HSS_ABSENT) {
		core_absence_learnt(t, imsi);
	}
}

static void take(struct core_trigger *t, const struct s6m_sia *sia)
{
	struct pol_verdict broken = pol_verdict_of(POL_HSS_PROTOCOL);
	uint8_t packed[TRG_NODES_LEN_MAX];
	struct core_s6m_who who;
	bool named = core_s6m_who(&who, sia);
	struct trg_subscriber sub = { who.imsi, who.msisdn, packed, 0 };
	struct trg_event ev = { .kind = TRG_EV_SUBSCRIBER, .subscriber = &sub };
	struct buf nodes = buf_over(packed, sizeof packed);
	struct core_judged j;
	struct pol_verdict v;
	bool absent = false;

	pol_map_sia(&v, &absent, sia, wait_s(t->trg));
	hide_presence(t, named ? who.imsi : "", &v);
	if (v.status != TSP_STATUS_SUCCESS) {
		st_count(&t->core->st, ST_S6M_REFUSED);
		refuse(t, &v);
		return;
	}
	if (!named) {
		log_warn(t->core->log, "core", "transaction %s: the HSS's answer is no permission: %s", t->transaction,
			 who.imsi[0] ? "a name of the subscriber is not readable" : "a success without a readable IMSI");
		refuse(t, &broken);
		return;
	}
	if (!other_names_ok(t, sia, &who, &j)) {
		core_trigger_set_rule(t, j.verdict.rule);
		refuse(t, &j.verdict);
		return;
	}
	if (!absent && sia->serving_node.present) {
		trg_nodes_pack(&nodes, &sia->serving_node, sia->additional_serving_nodes, sia->additional_serving_nodes_n);
		sub.nodes_len = nodes.full ? 0 : (uint32_t)nodes.len;
	}
	core_trigger_step(t, &ev);
}

static void on_answer(void *arg, int err, const struct dia_msg *m)
{
	struct core_request request;
	struct core_trigger *t = core_peer_answered(&request, arg, err);
	struct dia_failed why;
	const char *foreign = NULL;
	struct pol_verdict v;
	struct s6m_sia sia;

	FAULT_POINT(CORE_SIA_TAKEN);
	if (!t) {
		return;
	}
	if (err) {
		st_count(&t->core->st, ST_S6M_TIMEOUTS);
		pol_map_s6m_silent(&v);
		refuse(t, &v);
		return;
	}
	dia_failed_none(&why);
	/* No lapse is accepted here: the answer is a permission. */
	err = s6m_sia_parse(&sia, m, &why);
	if (!err) {
		foreign = core_peer_foreign(&request, &sia.head, t->core->cfg->s6m.destination_realm);
	}
	if (err || foreign) {
		log_warn(t->core->log, "core", "transaction %s: the HSS's answer cannot be used: %s", t->transaction,
			 foreign ? foreign : why.text);
		v = pol_verdict_of(POL_HSS_PROTOCOL);
		refuse(t, &v);
		return;
	}
	take(t, &sia);
	core_flow_early(request.peer->core);
}

static int leave(struct core_trigger *t, bool again)
{
	(void)again;
	return core_s6m_ask(t->core, t->trg);
}

static void late(struct core_trigger *t)
{
	struct pol_verdict v;

	pol_map_s6m_silent(&v);
	refuse(t, &v);
}

static const struct core_turn turn = { leave, late };

int core_s6m_ask(void *arg, struct trg *trg)
{
	struct core *c = OBJ_OF(arg, struct core, CORE_MAGIC);
	struct core_message out;
	int err;

	if (core_queue_full(c, c->peers.s6m) || core_queue_begins(c, c->peers.s6m)) {
		return core_queue_put(core_trigger_of(trg), c->peers.s6m, &turn, false, c->cfg->s6m.answer_wait_ms);
	}
	out.octets = buf_over(c->scratch, sizeof c->scratch);
	err = core_s6m_sir(&out, c, &trg->req);
	if (!err) {
		err = core_peer_ask(core_trigger_of(trg), c->peers.s6m, &out, (uint32_t)c->cfg->s6m.answer_wait_ms, on_answer);
	}
	FAULT_POINT(CORE_SIR_QUEUED);
	if (!err) {
		st_count(&c->st, ST_S6M_REQUESTS);
	}
	return err;
}
