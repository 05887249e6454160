/* core_path.c - the path of one trigger, second half (ARCHITECTURE.md section 4). The first half,
 * up to the ring, is edge_tsp.c. In order, one function a stage:
 *
 *        the session it came on is admitted    3010
 *        the journal's triggers it may mean     201 if they cannot be entered now
 *   8    duplicate?                            the same answer, a wait with the first, or refused
 *        a replay? (replay.mode)               107
 *        still in time for an answer?          201
 *   9    judge (policy), in the order of CONTRACTS section 2
 *   10   the procedure machine owns it, with core_trigger.c, core_s6m.c, core_t4.c as its ports:
 *        ask the HSS, (11) intent durable, (12) DTR
 *   13   the one answer, and the decision with it
 *   14   later: core_drr.c */
#include <string.h>

#include "base/fault.h"
#include "base/stage.h"
#include "base/str.h"
#include "core/core_int.h"
#include "core/core_limits.h"
#include "core/core_overdue.h"
#include "core/core_path.h"
#include "core/core_absence.h"
#include "core/core_rights.h"
#include "core/core_took.h"

/* A request while it passes the stages. */
struct visit {
	struct core *core;
	struct core_edge *edge;
	uint64_t transaction;
	const struct ipc_device_action *a;
	struct core_session *session;
	const struct asc_scs *scs; /* borrowed until the store changes; never stored */
	struct core_dup_waiter asker;
	struct core_dup_entry *dup;
	uint64_t dup_hash; /* core_dup_hash() */
	uint8_t digest[HASH_LEN];
	struct pol_request request;
	struct pol_verdict verdict; /* its rules are those of `found` */
	struct assoc_found *found;  /* rules about the SCS and the device */
	uint64_t now_ms;            /* core timeline */
	uint64_t came_ns;           /* clock_mono_ns() */
	uint64_t wall_ms;           /* wall clock, for the windows of rules */
	uint64_t give_up_ms;        /* ms of the loop's clock */
	char text[CORE_TRANSACTION_TEXT_MAX];
};

/* -- stage 13: the answer */

/* Temporary trouble is 201. It is 3004 only if Destination-Host names this host and the trouble
 * is in this system (CONTRACTS 2). */
static struct ipc_device_action_answer answer_of(const struct visit *v, const struct pol_verdict *verdict)
{
	struct ipc_device_action_answer a = { .result_code = DIA_RESULT_SUCCESS,
					      .request_status = verdict->status,
					      .feature_supported = core_t4_target(v->core, NULL) };

	if (verdict->status == TSP_STATUS_TEMPORARYERROR && v->a->host_named && verdict->reason == POL_OVERLOAD) {
		a.result_code = DIA_RESULT_TOO_BUSY;
	}
	return a;
}

static struct core_decision decision_of(const struct visit *v, char device[POL_DEVICE_TEXT_MAX])
{
	return (struct core_decision){
		.transaction = v->text,
		.scs = v->session->scs->name,
		.origin_host = v->scs ? v->scs->origin_host : "",
		.address = v->session->address,
		.protection = v->session->listen->protection,
		.device = pol_request_device(device, &v->request),
		.action = v->a->action_type,
		.reference = v->a->reference,
	};
}

static void say_detected(const struct visit *v)
{
	char device[POL_DEVICE_TEXT_MAX], rule[ASSOC_RULE_TEXT_MAX];
	struct core_decision d = decision_of(v, device);

	d.reason = v->verdict.detected_reason;
	d.rule = assoc_rule_text(rule, v->verdict.detected);
	core_decide_detected(v->core, &d);
}

static enum stage refuse(struct visit *v, const struct pol_verdict *verdict)
{
	struct ipc_device_action_answer a = answer_of(v, verdict);
	char device[POL_DEVICE_TEXT_MAX], rule[ASSOC_RULE_TEXT_MAX];
	struct core_decision d = decision_of(v, device);

	d.result_code = a.result_code;
	d.request_status = a.request_status;
	d.reason = verdict->reason;
	d.rule = verdict->rule ? assoc_rule_text(rule, verdict->rule) : "";
	core_decide_action(v->core, &d);
	core_tally_refused(v->session->scs, verdict->reason);
	core_took_decision(v->core, NULL, v->came_ns);
	if (verdict->reason == POL_NOMEM) {
		core_answer(v->core, NULL, &v->asker, &a);
		core_dup_forget(v->core->dup, v->dup); /* a refusal for lack of memory keeps no memory */
	} else {
		core_answer(v->core, v->dup, &v->asker, &a);
	}
	return STAGE_ANSWERED;
}

/* Without a rule. */
static enum stage refuse_for(struct visit *v, enum pol_reason reason)
{
	struct pol_verdict verdict = pol_verdict_of(reason);

	return refuse(v, &verdict);
}

/* -- the session */

static enum stage stage_session(struct visit *v)
{
	struct ipc_device_action_answer no = { .session = v->a->session, .result_code = DIA_RESULT_UNKNOWN_PEER };

	v->session = core_session_find(v->core, v->edge->who.generation, v->a->session);
	v->scs = v->session ? asc_scs_find(v->core->store.asc, v->session->scs->name) : NULL;
	if (v->scs) {
		v->session->scs->tally.requests++;
		return STAGE_CONTINUE;
	}
	st_count(&v->core->st, ST_RING_STALE); /* the session was cut while the request was on the ring */
	core_answer(v->core, NULL, &v->asker, &no);
	return STAGE_ANSWERED;
}

/* -- the validated request as policy needs it: the core repeats the edge's checks. The form of the
 * names was checked with the record. */

static void screen(struct visit *v)
{
	const struct ipc_device_action *a = v->a;
	struct tsp_device_action t = { .reference_number = dia_u32_of(a->reference), .action_type = dia_u32_of(a->action_type) };
	struct pol_names_given names = { a->external_id, a->msisdn, a->scs_identity };

	t.old_reference_number = (struct dia_u32){ a->old_reference.v, a->old_reference.present };
	t.validity_time_s = (struct dia_u32){ a->validity_s.v, a->validity_s.present };
	t.trigger_data.present = a->has_trigger_data;
	t.trigger_data.payload = (struct dia_bytes){ a->payload, a->payload_len };
	t.trigger_data.priority_indication = (struct dia_u32){ a->priority.v, a->priority.present };
	t.trigger_data.application_port = (struct dia_u32){ a->port.v, a->port.present };
	pol_screen_named(&v->request, &v->verdict, &t, &names);
	if (a->scs_identity_malformed) {
		v->verdict = pol_verdict_of(POL_MALFORMED_SCS_IDENTITY);
	} else if (a->device == IPC_DEVICE_MALFORMED && v->verdict.status != TSP_STATUS_INVSCSID) {
		v->verdict = pol_verdict_of(POL_MALFORMED_DEVICE);
	}
}

/* -- after a start: what the journal has of this request, of its Reference-Numbers */

static enum stage stage_later(struct visit *v)
{
	return core_later_asked(v->core, v->scs, v->a) ? refuse_for(v, POL_NOMEM) : STAGE_CONTINUE;
}

/* -- stage 8: duplicates */

/* Digest of the request without the parts in which a copy may differ: connection, T flag.
 * Kept in the journal: what is digested stays the same from version to version.
 * Meanwhile the memory arrives in which the duplicates and the Reference-Number are looked up. */
static int digest(struct visit *v)
{
	const struct core_dup *dups = v->core->dup;
	const struct multimap *by_ref = &v->core->triggers.by_ref;
	uint64_t ref = core_seat_hash(v->core, v->scs->e164, v->a->reference);
	struct ipc_device_action same = *v->a;
	uint8_t *octets = v->core->record;
	size_t len;

	v->dup_hash = core_dup_prefetch(dups, v->scs->origin_host, v->a->end_to_end);
	multimap_prefetch(by_ref, ref);
	same.session = 0;
	same.retransmitted = same.again = same.host_named = false;
	same.answer_by_ms = same.session_id = 0;
	len = ipc_device_action_put(octets, 0, 0, &same);
	core_dup_prefetch_first(dups, v->dup_hash);
	multimap_prefetch_first(by_ref, ref);
	return hash_piece(v->core->hash, octets, len, v->digest);
}

/* Counts and logs a request with the Session-Id of a finished one. */
static bool replayed(struct visit *v)
{
	const char *host = v->scs->origin_host;
	struct core_replay_request q = { host, strnlen(host, IDENT_HOST_MAX), v->a->session_id, v->a->end_to_end, v->digest };
	enum core_replay_kind kind = core_replay_look(v->core->replay, &q, v->now_ms);

	if (kind == CORE_REPLAY_NONE) {
		return false;
	}
	st_count(&v->core->st, ST_REPLAYS);
	if (core_seen_say(v->core, CORE_SEEN_REPLAY)) {
		log_info(v->core->log, "core", "transaction %s: a finished Session-Id of %s came again, %s", v->text,
			 v->session->scs->name, core_replay_words(kind));
	}
	return true;
}

/* The copy gets the answer of the first request at the deadline of the first.
 * A request restored from the journal gets its deadline here. */
static void in_flight(struct visit *v)
{
	struct core_trigger *first = v->dup ? core_dup_owner(v->dup) : NULL;

	if (first) {
		core_overdue_watch(first, v->give_up_ms);
	}
}

static enum stage stage_duplicate(struct visit *v)
{
	struct core *c = v->core;
	struct ipc_device_action_answer answer;
	uint64_t dropped = core_dup_dropped(c->dup);
	enum core_dup_verdict what;

	if (digest(v)) {
		return refuse_for(v, POL_NOMEM);
	}
	what = core_dup_look(c->dup, v->scs->origin_host, v->a->end_to_end, v->dup_hash, v->digest, &v->asker, v->now_ms, &v->dup,
			     &answer);
	st_count_n(&c->st, ST_DUPLICATES_FULL, core_dup_dropped(c->dup) - dropped);
	switch (what) {
	case CORE_DUP_ANSWERED:
		st_count(&c->st, ST_DUPLICATES);
		if (core_seen_say(c, CORE_SEEN_COPY)) {
			log_info(c->log, "core", "transaction %s: a copy, answered as before", v->text);
		}
		core_answer(c, NULL, &v->asker, &answer);
		return STAGE_ANSWERED;
	case CORE_DUP_IN_FLIGHT:
		st_count(&c->st, ST_DUPLICATES);
		in_flight(v);
		if (core_seen_say(c, CORE_SEEN_COPY)) {
			log_info(c->log, "core", "transaction %s: a copy, waits with the first", v->text);
		}
		return STAGE_SUSPENDED;
	case CORE_DUP_NOMEM:
		return refuse_for(v, POL_NOMEM);
	case CORE_DUP_DIFFERS:
		st_count(&c->st, ST_DUPLICATES_FOREIGN);
		(void)replayed(v);                           /* refused in any case */
		return refuse_for(v, POL_DUPLICATE_DIFFERS); /* v->dup is NULL: the first request keeps its entry */
	default:
		if (v->dup) {
			core_dup_set_session(v->dup, v->a->session_id);
		}
		return STAGE_CONTINUE;
	}
}

/* -- is it a replay? What is known as a duplicate has left before. */

static enum stage stage_replay(struct visit *v)
{
	char device[POL_DEVICE_TEXT_MAX];
	struct core_decision d;

	if (!replayed(v)) {
		return STAGE_CONTINUE;
	}
	if (v->core->cfg->replay.mode == CFG_REPLAY_REFUSE) {
		return refuse_for(v, POL_REPLAY);
	}
	d = decision_of(v, device);
	d.reason = POL_REPLAY;
	d.rule = "replay";
	core_decide_detected(v->core, &d);
	return STAGE_CONTINUE;
}

/* -- is there time left for an answer? */

static enum stage stage_time(struct visit *v)
{
	if (net_loop_now_ms(v->core->loop) < v->give_up_ms) {
		return STAGE_CONTINUE;
	}
	st_count(&v->core->st, ST_REQUESTS_OVERDUE);
	return refuse_for(v, POL_ANSWER_OVERDUE);
}

/* -- can it be recorded? */

static enum stage stage_record(struct visit *v)
{
	return core_audit_refuses(v->core) ? refuse_for(v, POL_AUDIT) : STAGE_CONTINUE;
}

/* -- stage 9: policy */

static struct pol_load load_of(const struct visit *v)
{
	struct core *c = v->core;
	struct core_scs *live = v->session->scs;
	uint32_t total = c->cfg->limits.pending_total;

	return (struct pol_load){
		.pending_of_scs = live->pending,
		.overloaded =
		    c->stop.begun || c->triggers.pending >= total || c->triggers.n + c->later.left >= c->cfg->limits.triggers_max,
		.overloaded_low = c->triggers.pending >= total - total / 10,
		.memory_short = core_memory_short(c),
		.quota_used = core_quota_of(c, live, v->now_ms),
		.reference_in_use = v->request.action != TSP_ACTION_RECALL && /* a recall names the number of another trigger */
				    (core_trigger_known(v->core, v->scs->e164, v->a->reference) ||
				     core_past_reserved(v->core, v->scs->e164, v->a->reference, v->now_ms)),
		.absent_too_often = core_absence_over(c, v->scs, &v->request),
	};
}

static enum stage stage_judge(struct visit *v)
{
	struct core *c = v->core;
	struct asc_device device = { v->request.external[0] ? v->request.external : NULL,
				     v->request.msisdn[0] ? v->request.msisdn : NULL };
	struct asc_asker who = core_asker(v->scs->name, v->session->proven, v->wall_ms);
	struct pol_verdict screened = v->verdict;
	struct pol_scs scs;
	struct pol_facts facts = {
		.scs = &scs, .rate = &v->session->scs->rate, .found = v->found, .now_ms = v->wall_ms, .steady_ms = v->now_ms
	};

	core_scs_facts(&scs, c, v->scs);
	facts.load = load_of(v);
	facts.payload_ceiling = core_payload_ceiling(c);
	facts.validity_ceiling_s = core_validity_ceiling_s(c);
	if ((device.external || device.msisdn) && asc_find_rules(c->store.asc, &who, &device, v->found)) {
		facts.found = NULL;
	}
	pol_judge(&v->verdict, &v->request, &screened, &facts);
	if (v->verdict.detected) {
		say_detected(v);
	}
	if (v->verdict.status == TSP_STATUS_SUCCESS) {
		return STAGE_CONTINUE;
	}
	if (v->verdict.reason == POL_PENDING || v->verdict.reason == POL_OVERLOAD) {
		st_count(&c->st, ST_PENDING_LIMIT);
	}
	if (v->verdict.reason == POL_NOMEM) {
		st_count(&c->st, ST_MEMORY_REFUSED);
	}
	if (v->verdict.reason == POL_ABSENT_TOO_OFTEN) {
		st_count(&c->st, ST_ABSENT_REFUSED);
	}
	return refuse(v, &v->verdict);
}

/* -- stage 10: the machine */

static void request_of(struct trg_request *out, const struct visit *v, const char *groups)
{
	const struct pol_request *r = &v->request;
	const struct core_proven *proven = v->session->proven;
	uint64_t came_ms = core_overdue_came_ms(v->core, v->a->answer_by_ms);

	*out = (struct trg_request){
		.scs = v->scs->name,
		.scs_e164 = v->scs->e164,
		.origin_host = v->scs->origin_host,
		.origin_realm = v->scs->realm,
		.end_to_end = v->a->end_to_end,
		.external = r->external,
		.msisdn = r->msisdn,
		.action = r->action,
		.reference = r->reference,
		.old_reference = r->old_reference,
		.has_old_reference = r->has_old_reference,
		.payload = r->payload.p,
		.payload_len = r->payload.len,
		.has_port = r->has_port,
		.port = r->port,
		.priority = r->priority,
		.has_validity = r->has_validity,
		.validity_s = r->validity_s,
		.received_ms = came_ms,
		.expires_ms = came_ms + 1000ull * r->validity_s,
		.groups = groups,
		.groups_not_after_s = proven ? proven->not_after_s : 0,
	};
	memcpy(out->digest, v->digest, sizeof out->digest);
}

/* A recall belongs to an accepted trigger: it may use the memory reserve. */
static int make(struct core_trigger **t, const struct visit *v, const struct trg_request *req)
{
	int err = core_trigger_new(t, v->core, v->session->scs, req);

	if (err && core_memory_spend(v->core) && req->action == TSP_ACTION_RECALL) {
		err = core_trigger_new(t, v->core, v->session->scs, req);
	}
	return err;
}

static enum stage stage_submit(struct visit *v)
{
	struct trg_event start = { .kind = TRG_EV_START };
	struct core_decision_input *input;
	char groups[TRG_GROUPS_LEN_MAX + 1];
	struct trg_request req;
	struct core_trigger *t;

	core_proven_text(groups, v->core, v->session->proven);
	request_of(&req, v, groups);
	input = core_piece_input(v->core); /* required: it holds the deadline of the answer */
	if (!input || make(&t, v, &req)) {
		core_piece_input_end(v->core, input);
		st_count(&v->core->st, ST_MEMORY_REFUSED);
		return refuse_for(v, POL_NOMEM);
	}
	memcpy(t->transaction, v->text, sizeof t->transaction);
	memcpy(input->address, v->session->address, sizeof input->address);
	if (v->verdict.rule) {
		assoc_rule_text(input->rule, v->verdict.rule);
	}
	core_given_allowed(&input->given, v->core, v->found, v->session->proven, v->wall_ms);
	t->protection = (uint8_t)v->session->listen->protection;
	t->input = input;
	t->detected = v->verdict.detected != NULL;
	t->dup = v->dup;
	if (t->dup) {
		core_dup_set_owner(t->dup, t);
	}
	t->asker = v->asker;
	t->host_named = v->a->host_named;
	core_quota_ask(t);
	t->counted = true;
	t->scs->pending++;
	v->core->triggers.pending++;
	core_overdue_watch(t, v->give_up_ms);
	core_took_decision(v->core, t, v->came_ns);
	core_trigger_step(t, &start);
	return STAGE_SUSPENDED;
}

/* -- the order of the stages */

typedef enum stage stage_fn(struct visit *v);
static stage_fn *const stages[] = { stage_session, stage_later,  stage_duplicate, stage_replay,
				    stage_time,    stage_record, stage_judge,     stage_submit };

void core_on_device_action(struct core_edge *e, uint64_t transaction, const struct ipc_device_action *a)
{
	struct assoc_found found;
	struct visit v = { .core = e->core,
			   .edge = e,
			   .transaction = transaction,
			   .a = a,
			   .found = &found,
			   .now_ms = core_now_ms(e->core),
			   .came_ns = clock_mono_ns(),
			   .wall_ms = net_loop_real_ms(e->core->loop) };

	assoc_found_none(&found);
	v.asker = (struct core_dup_waiter){ e->who.generation, transaction, a->session };
	core_transaction_text(v.text, e->who.generation, transaction);
	v.give_up_ms = core_overdue_at(e->core, a->answer_by_ms);
	st_count(&e->core->st, ST_REQUESTS);
	FAULT_POINT(CORE_REQUEST_TAKEN);
	screen(&v);
	for (size_t i = 0; i < sizeof stages / sizeof *stages; i++) {
		if (stages[i](&v) != STAGE_CONTINUE) {
			return;
		}
	}
}
