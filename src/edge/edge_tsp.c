/* edge_tsp.c - the path of one trigger, first half (ARCHITECTURE.md section 4). Stages 1, 2 and the
 * CER are in edge_accept.c, edge_identity.c and edge_verdict.c; the link does 3 (frame), 4 (header,
 * AVP index) and the rest of 5 (base protocol).
 * Here are the others in order, one function for each stage:
 *
 *   5a  request for this host?            3007, 3001, 3005, 3003, 3002: rows of the screening, as
 *                                         the rules of the core say
 *   6   open the transaction: it owns its octets and is answered exactly once, by the core or at
 *       its deadline
 *   7a  origin = origin of the CER?       3010, then close
 *   7b  typed decode and form             3xxx/5xxx with Failed-AVP: further rows of the screening
 *   7c  canonical names; offer to the core as a record
 *   ---- the ring ----
 *   13  the core's answer -> DAA, built by edge_out.c */
#include "edge/edge_tsp.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/stage.h"
#include "base/str.h"
#include "diameter/dia_dict.h"
#include "edge/edge_out.h"
#include "edge/edge_trace.h"
#include "edge/edge_txn.h"
#include "policy/pol_admit.h"
#include "policy/pol_screen.h"

/* A request while it passes the stages. */
struct visit {
	struct edge_tsp *tsp;
	struct edge_session *session;
	const struct dia_msg *m;
	uint64_t came_ns; /* clock_mono_ns() */
	struct pol_names names;
	struct pol_screening screening;
	struct pol_routing routing; /* filled by stage_ours() */
	struct tsp_dar *dar;        /* filled by stage_decode() */
	struct edge_txn *txn;
};

static enum stage refuse(struct visit *v, const struct dia_failed *why)
{
	(void)edge_tsp_error(v->tsp, v->session, v->m, why); /* logged; it has no transaction yet */
	return STAGE_ANSWERED;
}

static void log_dropped(const struct visit *v, const struct dia_failed *why)
{
	if (edge_tsp_may_say(v->tsp, v->session)) {
		log_info(v->tsp->env->log, "edge", "session %" PRIu64 " of %s: request dropped by a screening row: %s",
			 v->session->number, v->session->host, why->text);
	}
}

/* -- stage 5a: routing */

static struct visit visit_of(struct edge_tsp *tsp, struct edge_session *s, const struct dia_msg *m)
{
	const struct cfg_identity *us = &tsp->env->cfg->external;
	struct visit v = { .tsp = tsp, .session = s, .m = m, .names = { us->host, us->realm, s->host, s->realm } };

	edge_screen_begin(tsp->screen, s, &v.screening);
	return v;
}

/* `r` NULL: only its header is good. */
static enum stage route(struct visit *v, const struct pol_routing *r)
{
	struct dia_failed why;

	switch (pol_screening_route(&v->screening, v->m, r, &v->names, &why)) {
	case POL_SCREENED_PASS:
		return STAGE_CONTINUE;
	case POL_SCREENED_REFUSED:
		return refuse(v, &why);
	default:
		log_dropped(v, &why);
		st_count(&v->tsp->env->st, ST_EDGE_SCREEN_DROPPED);
		link_no_answer(v->session->link);
		return STAGE_ANSWERED;
	}
}

static enum stage stage_ours(struct visit *v)
{
	pol_routing_take(&v->routing, v->m, &v->names);
	return route(v, &v->routing);
}

/* -- stage 6: the transaction */

/* Parses the request of a transaction again. It was valid on arrival, by the SCS's permissions of
 * that time. */
static int txn_read(const struct edge_txn *t, struct dia_msg *m, struct tsp_dar *dar)
{
	struct dia_failed why;
	int err = dia_msg_parse(m, t->message, t->len, &t->session->all->link_conf.limits, &why);

	return err ? err : pol_screened_again(dar, m);
}

static enum stage stage_open(struct visit *v)
{
	const struct dia_bytes *host = &v->routing.destination_host;
	bool us = host->p && str_equal_nocase(host->p, host->len, v->names.our_host, strlen(v->names.our_host));
	struct dia_failed why;

	v->txn = edge_txn_new(v->tsp, v->session, v->m->bytes, v->m->hdr.length, us);
	if (!v->txn) {
		dia_failed_set(&why, DIA_RESULT_TOO_BUSY, "too many requests wait for their answer");
		return refuse(v, &why);
	}
	v->txn->came_ns = v->came_ns;
	return STAGE_CONTINUE;
}

/* Answers with an error of the edge and ends the transaction. */
static enum stage txn_refuse(struct visit *v, const struct dia_failed *why)
{
	edge_txn_answered(v->txn, edge_tsp_error(v->tsp, v->session, v->m, why));
	edge_txn_finish(v->txn, EDGE_TXN_ANSWERED);
	return STAGE_ANSWERED;
}

/* What the rows that read a request say of it. */
static enum stage screened(struct visit *v, enum pol_screened how, const struct dia_failed *why)
{
	switch (how) {
	case POL_SCREENED_PASS:
		return STAGE_CONTINUE;
	case POL_SCREENED_REFUSED:
		return txn_refuse(v, why);
	default:
		log_dropped(v, why);
		edge_txn_finish(v->txn, EDGE_TXN_DROPPED);
		link_no_answer(v->session->link);
		return STAGE_ANSWERED;
	}
}

/* -- stage 7a: origin */

static enum stage stage_origin(struct visit *v)
{
	struct edge_session *s = v->session;
	const struct dia_bytes *host = &v->routing.origin_host, *realm = &v->routing.origin_realm;
	struct dia_failed why;

	if (host->p && realm->p &&
	    pol_same_origin(s->host, s->realm, (const char *)host->p, host->len, (const char *)realm->p, realm->len)) {
		return STAGE_CONTINUE;
	}
	dia_failed_set(&why, DIA_RESULT_UNKNOWN_PEER, "Origin-Host and Origin-Realm are not the pair of this connection's CER");
	v->screening.caught |= pol_row_bit(SCREEN_IDENTITY); /* a fixed row */
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
	enum pol_screened how;
	struct dia_failed why;

	kept.bytes = v->txn->message;
	dia_failed_none(&why);
	how = pol_screening_read(&v->screening, v->dar, &kept, v->session->p_bit_optional, &why);
	if (!how) {
		how = pol_screening_form(&v->screening, &kept, v->dar, &v->routing, &v->names, &why);
	}
	if (how) {
		return screened(v, how, &why);
	}
	if (!v->dar->has_action) {
		dia_failed_missing(&why, DIA_CODE_DEVICE_ACTION, DIA_VENDOR_3GPP);
		return txn_refuse(v, &why);
	}
	edge_trace_request(v->session->all->trace, v->session, v->m, v->dar);
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

	int err = offer(v->txn, v->m, v->dar);

	st_took(&tsp->env->st, ST_TIME_EDGE_SCREENING, clock_mono_ns() - v->came_ns);
	if (!err || !edge_ring_up(tsp->ring)) {
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
	struct edge_tsp *tsp = OBJ_OF(arg, struct edge_tsp, EDGE_TSP_MAGIC);
	struct tsp_dar dar;
	struct visit v = visit_of(tsp, s, m);
	size_t i = 0;

	OBJ_CHECK(s, EDGE_SESSION_MAGIC);
	v.dar = &dar;
	v.came_ns = clock_mono_ns();
	while (i < sizeof stages / sizeof *stages && stages[i](&v) == STAGE_CONTINUE) {
		i++;
	}
	edge_screen_end(tsp->screen, s, &m->hdr, &v.screening); /* a session that was dropped is freed in a later turn */
}

/* The AVPs of another application are not looked at. */
static void on_foreign(void *arg, struct edge_session *s, const struct dia_msg *m)
{
	struct edge_tsp *tsp = OBJ_OF(arg, struct edge_tsp, EDGE_TSP_MAGIC);
	struct visit v = visit_of(tsp, s, m);

	OBJ_CHECK(s, EDGE_SESSION_MAGIC);
	(void)route(&v, NULL); /* refused or dropped: it is of no application of ours */
	edge_screen_end(tsp->screen, s, &m->hdr, &v.screening);
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
					   .on_foreign = on_foreign,
					   .session_gone = edge_txn_session_gone,
					   .due = edge_txn_due,
					   .offer_again = offer_again,
					   .on_answer = edge_txn_on_answer };

/* -- start and end */

int edge_tsp_init(struct edge_tsp *tsp, struct edge_env *env, struct edge_ring *ring, struct edge_screen *screen)
{
	obj_begin(&tsp->obj, EDGE_TSP_MAGIC);
	tsp->env = env;
	tsp->ring = ring;
	tsp->screen = screen;
	tsp->wait_ms = cfg_answer_within_ms(env->cfg);
	TAILQ_INIT(&tsp->txns);
	TAILQ_INIT(&tsp->unconfirmed);
	return multimap_init(&tsp->by_number);
}

void edge_tsp_fini(struct edge_tsp *tsp)
{
	assert(!TAILQ_FIRST(&tsp->txns) && !TAILQ_FIRST(&tsp->unconfirmed)); /* each ended with its session */
	multimap_fini(&tsp->by_number);
	tsp->obj.magic = 0; /* not OBJ_END(): it may never have begun */
}
