/* edge_tsp.c - the path of one trigger, first half (ARCHITECTURE.md section 4). Stages 1, 2 and the CER
 * are in edge_session.c; the link does 3 (frame), 4 (header, AVP index) and the rest of 5 (base protocol).
 * Here are the others in order, one function for each stage:
 *
 *   5a  request for this host?            3001, 3005, 3003, 3002, 3007
 *   6   open the transaction: it owns its octets and is answered exactly once, by the core or at its deadline
 *   7a  origin = origin of the CER?       3010, then close
 *   7b  typed decode                      3xxx/5xxx with Failed-AVP
 *   7c  screen: canonical names; offer to the core as a record
 *   ---- the ring ----
 *   13  the core's answer -> DAA, built by edge_out.c */
#include "edge/edge_tsp.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include "base/fault.h"
#include "base/stage.h"
#include "base/str.h"
#include "diameter/dia_dict.h"
#include "edge/edge_out.h"
#include "edge/edge_txn.h"
#include "policy/pol_admit.h"
#include "policy/pol_screen.h"

/* A request while it passes the stages. */
struct visit {
	struct edge_tsp *tsp;
	struct edge_session *session;
	const struct dia_msg *m;
	struct dia_bytes origin_host, origin_realm, destination_host, destination_realm;
	struct tsp_dar *dar; /* filled by stage_decode() */
	struct edge_txn *txn;
};

static enum stage refuse(struct visit *v, const struct dia_failed *why)
{
	(void)edge_tsp_error(v->tsp, v->session, v->m, why); /* logged; it has no transaction yet */
	return STAGE_ANSWERED;
}

/* -- stage 5a: routing */

static bool is_us(const struct dia_bytes *name, const char *us)
{
	return str_equal_nocase(name->p, name->len, us, strlen(us));
}

/* Of several names the first that is not the expected one counts: no order of them makes a foreign name pass. */
static void take_name(struct dia_bytes *kept, const struct dia_bytes *value, const char *expected)
{
	if (!kept->p || is_us(kept, expected)) {
		*kept = *value;
	}
}

/* Takes the routing AVPs of the top level. Returns whether a Route-Record names this host. */
static bool routing_members(struct visit *v)
{
	const struct cfg_identity *us = &v->tsp->env->cfg->external;
	struct dia_failed ignored;
	uint16_t left;
	struct dia_win w = dia_msg_win(v->m, &left);
	struct dia_avp avp;
	bool loop = false;

	while (dia_win_next(&w, &avp, &ignored) == DIA_MORE) {
		struct dia_bytes value = { avp.data, avp.data_len };

		if (avp.vendor != 0) {
			continue;
		}
		switch (avp.code) {
		case DIA_CODE_ORIGIN_HOST:
			take_name(&v->origin_host, &value, v->session->host);
			break;
		case DIA_CODE_ORIGIN_REALM:
			take_name(&v->origin_realm, &value, v->session->realm);
			break;
		case DIA_CODE_DESTINATION_HOST:
			take_name(&v->destination_host, &value, us->host);
			break;
		case DIA_CODE_DESTINATION_REALM:
			take_name(&v->destination_realm, &value, us->realm);
			break;
		case DIA_CODE_ROUTE_RECORD:
			loop = loop || is_us(&value, us->host);
			break;
		default:
			break;
		}
	}
	return loop;
}

static enum stage stage_ours(struct visit *v)
{
	const struct cfg_identity *us = &v->tsp->env->cfg->external;
	struct dia_failed why;
	bool loop = routing_members(v);

	dia_failed_none(&why);
	if (v->m->hdr.app_id != APP_TSP) {
		dia_failed_set(&why, DIA_RESULT_APPLICATION_UNSUPPORTED, "application %u is not Tsp", v->m->hdr.app_id);
	} else if (v->m->hdr.code != APP_CMD_DEVICE_ACTION) {
		dia_failed_set(&why, DIA_RESULT_COMMAND_UNSUPPORTED, "command %u is not one an SCS sends", v->m->hdr.code);
	} else if (loop) {
		dia_failed_set(&why, DIA_RESULT_LOOP_DETECTED, "Route-Record names this host");
	} else if (v->destination_realm.p && !is_us(&v->destination_realm, us->realm)) {
		dia_failed_set(&why, DIA_RESULT_REALM_NOT_SERVED, "Destination-Realm is not ours");
	} else if (v->destination_host.p && !is_us(&v->destination_host, us->host)) {
		dia_failed_set(&why, DIA_RESULT_UNABLE_TO_DELIVER, "Destination-Host is not this host");
	}
	return why.result_code ? refuse(v, &why) : STAGE_CONTINUE;
}

/* -- stage 6: the transaction */

/* A DAR is proxiable (TS 29.368 6.6.1). Without the P bit it is answered 3008, unless the SCS is
 * provisioned to omit it. */
static int read_dar(struct tsp_dar *dar, const struct dia_msg *m, bool p_bit_optional, struct dia_failed *why)
{
	struct dia_msg meant = *m;

	if (p_bit_optional) {
		meant.hdr.flags |= DIA_FLAG_P;
	}
	return tsp_dar_parse(dar, &meant, why);
}

/* Parses the request of a transaction again. It was valid on arrival, by the SCS's permissions of that time. */
static int txn_read(const struct edge_txn *t, struct dia_msg *m, struct tsp_dar *dar)
{
	struct dia_failed why;
	int err = dia_msg_parse(m, t->message, t->len, &t->session->all->link_conf.limits, &why);

	return err ? err : read_dar(dar, m, true, &why);
}

static enum stage stage_open(struct visit *v)
{
	struct dia_failed why;

	v->txn = edge_txn_new(v->tsp, v->session, v->m->bytes, v->m->hdr.length, v->destination_host.p != NULL);
	if (!v->txn) {
		dia_failed_set(&why, DIA_RESULT_TOO_BUSY, "too many requests wait for their answer");
		return refuse(v, &why);
	}
	return STAGE_CONTINUE;
}

/* Answers with an error of the edge and ends the transaction. */
static enum stage txn_refuse(struct visit *v, const struct dia_failed *why)
{
	edge_txn_answered(v->txn, edge_tsp_error(v->tsp, v->session, v->m, why));
	edge_txn_finish(v->txn, EDGE_TXN_ANSWERED);
	return STAGE_ANSWERED;
}

/* -- stage 7a: origin */

static enum stage stage_origin(struct visit *v)
{
	struct edge_session *s = v->session;
	struct dia_failed why;

	if (v->origin_host.p && v->origin_realm.p &&
	    pol_same_origin(s->host, s->realm, (const char *)v->origin_host.p, v->origin_host.len,
			    (const char *)v->origin_realm.p, v->origin_realm.len)) {
		return STAGE_CONTINUE;
	}
	dia_failed_set(&why, DIA_RESULT_UNKNOWN_PEER, "Origin-Host and Origin-Realm are not the pair of this connection's CER");
	log_warn(v->tsp->env->log, "edge", "session %" PRIu64 ": %s at %s speaks for another; closed", s->number, s->host,
		 s->address);
	(void)txn_refuse(v, &why);
	s->end_reason = pol_reason_str(POL_FOREIGN_ORIGIN);
	edge_session_drop(s, "it speaks for another"); /* CONTRACTS section 1: 3010, then close without DPR */
	return STAGE_DROPPED;
}

/* -- stage 7b: typed decode */

/* True if the request requires a feature that is not supported here (TS 29.229 7.2.1). */
static bool requires_more(const struct app_head *head)
{
	for (uint8_t i = 0; i < head->features_n; i++) {
		const struct app_features *f = &head->features[i];
		bool ours = f->vendor_id == DIA_VENDOR_3GPP && f->list_id == TSP_FEATURE_LIST_ID;

		if (f->mandatory && (f->list & ~(ours ? EDGE_OUT_FEATURES : 0u))) {
			return true;
		}
	}
	return false;
}

static enum stage txn_no_feature(struct visit *v)
{
	struct edge_tsp *tsp = v->tsp;
	struct buf out = edge_session_out(v->session);

	st_count(&tsp->env->st, ST_EDGE_SCREENED);
	edge_out_no_feature(&out, &tsp->env->cfg->external, &v->txn->asked);
	edge_txn_answered(v->txn, edge_tsp_send(tsp, v->session, &out));
	edge_txn_finish(v->txn, EDGE_TXN_ANSWERED);
	return STAGE_ANSWERED;
}

static enum stage stage_decode(struct visit *v)
{
	struct dia_msg kept = *v->m; /* the octets of the transaction: what the answer repeats is a view of them */
	struct dia_failed why;

	kept.bytes = v->txn->message;
	dia_failed_none(&why);
	if (read_dar(v->dar, &kept, v->session->p_bit_optional, &why)) {
		if (!why.result_code) {
			dia_failed_set(&why, DIA_RESULT_UNABLE_TO_COMPLY, "the request could not be read");
		}
		return txn_refuse(v, &why);
	}
	if (!v->dar->has_action) {
		dia_failed_missing(&why, DIA_CODE_DEVICE_ACTION, DIA_VENDOR_3GPP);
		return txn_refuse(v, &why);
	}
	edge_out_asked(&v->txn->asked, v->m, v->dar);
	if (requires_more(&v->dar->head)) {
		return txn_no_feature(v);
	}
	if (v->dar->action.action_type.v == TSP_ACTION_REPLACE && !v->dar->action.old_reference_number.present) {
		dia_failed_missing(&why, DIA_CODE_OLD_REFERENCE_NUMBER, DIA_VENDOR_3GPP);
		return txn_refuse(v, &why);
	}
	return STAGE_CONTINUE;
}

/* -- stage 7c: screening and the record for the core */

static struct ipc_opt_u32 opt(const struct dia_u32 *v)
{
	return (struct ipc_opt_u32){ v->present ? v->v : 0, v->present };
}

static uint8_t device_kind(const struct tsp_device_action *a, const struct pol_request *r)
{
	if ((a->external_identifier.p && !r->external[0]) || (a->msisdn.p && !r->msisdn[0])) {
		return IPC_DEVICE_MALFORMED;
	}
	if (r->external[0] && r->msisdn[0]) {
		return IPC_DEVICE_BOTH;
	}
	if (r->external[0]) {
		return IPC_DEVICE_EXTERNAL;
	}
	return r->msisdn[0] ? IPC_DEVICE_MSISDN : IPC_DEVICE_NONE;
}

/* Puts the request into canonical form. The core judges and forwards only this form. */
static void screen(struct ipc_device_action *out, const struct edge_txn *t, const struct dia_msg *m, const struct tsp_dar *dar)
{
	const struct tsp_device_action *a = &dar->action;
	struct pol_request r;
	struct pol_verdict finding;

	pol_screen(&r, &finding, a); /* the verdict is ignored: the core judges the record */
	*out = (struct ipc_device_action){ .session = t->session->number, .end_to_end = m->hdr.end_to_end };
	out->retransmitted = m->hdr.flags & DIA_FLAG_T;
	out->host_named = t->host_named;
	out->again = t->offered;
	out->answer_by_ms = t->answer_by_ms;
	out->device = device_kind(a, &r);
	memcpy(out->external_id, r.external, sizeof out->external_id);
	memcpy(out->msisdn, r.msisdn, sizeof out->msisdn);
	memcpy(out->scs_identity, r.scs_identity, sizeof out->scs_identity);
	out->scs_identity_malformed = a->scs_identity.p && !r.scs_identity[0];
	out->reference = a->reference_number.v;
	out->action_type = a->action_type.v;
	out->session_id = ipc_session_id_hash(dar->head.session_id.p, dar->head.session_id.len);
	out->old_reference = opt(&a->old_reference_number);
	out->validity_s = opt(&a->validity_time_s);
	out->has_trigger_data = a->trigger_data.present;
	if (!a->trigger_data.present) {
		return;
	}
	out->priority = opt(&a->trigger_data.priority_indication);
	out->port = opt(&a->trigger_data.application_port);
	out->payload_len = a->trigger_data.payload.len;
	out->payload = a->trigger_data.payload.p;
}

static int offer(struct edge_txn *t, const struct dia_msg *m, const struct tsp_dar *dar)
{
	struct edge_tsp *tsp = t->tsp;
	struct ipc_device_action record;
	int err;

	FAULT_POINT(EDGE_REQUEST_READ);
	screen(&record, t, m, dar);
	err = edge_ring_send_within(tsp->ring, ipc_device_action_put(tsp->ring->record, tsp->env->generation, t->number, &record),
				    EDGE_REQUESTS_WAIT_MAX);
	FAULT_POINT(EDGE_OFFERED);
	if (!err) {
		t->offered = true;
	}
	return err;
}

static enum stage stage_screen(struct visit *v)
{
	struct edge_tsp *tsp = v->tsp;

	if (offer(v->txn, v->m, v->dar) == 0 || !edge_ring_up(tsp->ring)) {
		return STAGE_SUSPENDED; /* without a core it waits for a new one until its deadline */
	}
	edge_txn_answer_alone(v->txn);
	return STAGE_ANSWERED;
}

/* -- the order of the stages */

typedef enum stage stage_fn(struct visit *v);
static stage_fn *const stages[] = { stage_ours, stage_open, stage_origin, stage_decode, stage_screen };

static void on_request(void *arg, struct edge_session *s, const struct dia_msg *m)
{
	struct tsp_dar dar;
	struct visit v = { .tsp = OBJ_OF(arg, struct edge_tsp, EDGE_TSP_MAGIC), .session = s, .m = m, .dar = &dar };

	OBJ_CHECK(s, EDGE_SESSION_MAGIC);

	for (size_t i = 0; i < sizeof stages / sizeof *stages; i++) {
		if (stages[i](&v) != STAGE_CONTINUE) {
			return;
		}
	}
}

/* -- after a restart of the core */

static void offer_again(void *arg)
{
	struct edge_tsp *tsp = OBJ_OF(arg, struct edge_tsp, EDGE_TSP_MAGIC);
	struct edge_txn *t, *next;

	TAILQ_FOREACH (t, &tsp->unconfirmed, entry) {
		edge_txn_report_given_up(t);
	}
	for (t = TAILQ_FIRST(&tsp->txns); t; t = next) {
		struct dia_msg m;
		struct tsp_dar dar;

		next = TAILQ_NEXT(t, entry);
		if (txn_read(t, &m, &dar) || offer(t, &m, &dar)) {
			log_warn(tsp->env->log, "edge", "transaction %" PRIu32 "-%06" PRIx64 " could not be offered again",
				 tsp->env->generation, t->number);
		}
	}
}

const struct edge_front edge_tsp_front = { .application = APP_TSP,
					   .on_request = on_request,
					   .session_gone = edge_txn_session_gone,
					   .due = edge_txn_due,
					   .offer_again = offer_again,
					   .on_answer = edge_txn_on_answer };

/* -- start and end */

int edge_tsp_init(struct edge_tsp *tsp, struct edge_env *env, struct edge_ring *ring)
{
	obj_begin(&tsp->obj, EDGE_TSP_MAGIC);
	tsp->env = env;
	tsp->ring = ring;
	tsp->wait_ms = cfg_answer_within_ms(env->cfg);
	TAILQ_INIT(&tsp->txns);
	TAILQ_INIT(&tsp->unconfirmed);
	return map_init(&tsp->by_number);
}

void edge_tsp_fini(struct edge_tsp *tsp)
{
	assert(!TAILQ_FIRST(&tsp->txns) && !TAILQ_FIRST(&tsp->unconfirmed)); /* each ended with its session */
	map_fini(&tsp->by_number);
	tsp->obj.magic = 0; /* not OBJ_END(): it may never have begun */
}
