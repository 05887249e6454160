/* core_admit.c - decides whether an authenticated connection is admitted as an SCS (CONTRACTS
 * section 1, "names that must agree").
 * The core looks up, pol_admit() judges, and the edge sends the CEA or refuses.
 * A connection above connections_max first probes the oldest session. */
#include <stdlib.h>
#include <string.h>

#include "base/anchor_list.h"
#include "base/str.h"
#include "core/core_claims.h"
#include "core/core_int.h"
#include "core/core_limits.h"
#include "core/core_storm.h"
#include "policy/pol_admit.h"

static void identity_view(struct pol_identity *out, const struct ipc_identity *in)
{
	*out = (struct pol_identity){ .kind = in->kind, .not_after_s = in->not_after_s, .ike = in->ike[0] ? in->ike : NULL };
	for (; out->names_n < in->names_n && out->names_n < IDENTITY_NAMES_MAX; out->names_n++) {
		out->names[out->names_n] = in->names[out->names_n];
	}
	for (; out->anchors_n < in->anchors_n && out->anchors_n < IDENTITY_ANCHORS_MAX; out->anchors_n++) {
		out->anchors[out->anchors_n] = in->anchors[out->anchors_n];
		out->revocation[out->anchors_n] = in->revocation[out->anchors_n];
	}
}

const char *core_also_named(const struct core *c, const struct pol_identity *id, const struct asc_scs *scs)
{
	for (uint8_t i = 0; i < id->names_n; i++) {
		const struct asc_scs *other = asc_scs_by_origin_host(c->store.asc, id->names[i]);

		if (other && strcmp(other->name, scs->name) != 0) {
			return id->names[i];
		}
	}
	return NULL;
}

/* Finds the SCS provisioned with that Origin-Host and lets policy judge. */
static enum pol_reason judge(struct core *c, const struct ipc_session_open *open, const struct asc_scs *scs)
{
	struct pol_identity id;
	struct pol_admit_scs facts = { 0 };
	struct core_scs *live = scs ? core_scs_get(c, scs->name) : NULL;

	identity_view(&id, &open->identity);
	id.connection = core_connection_of(open);
	/* The helper proves no SCS that is not in the core's list; it may have left that since, and
	 * what an edge in other hands says is worth nothing. */
	if (scs && protection_has_ndsip(open->protection) && !scs->ndsip_hosts.n) {
		return POL_NOT_PROTECTED;
	}
	if (scs) {
		if (!live) {
			return POL_NOMEM;
		}
		facts = (struct pol_admit_scs){ scs->origin_host,     scs->realm,
						scs->anchor,          core_also_named(c, &id, scs),
						live->sessions_n,     core_connections_max(c, scs),
						scs->revocation_soft, core_agreement(scs) };
	}
	return pol_admit(&id, open->origin_host, open->origin_realm, scs ? &facts : NULL, clock_real_ms() / 1000);
}

static bool send_verdict(struct core_edge *e, uint64_t number, const struct ipc_session_verdict *v)
{
	char words[EDGE_WORDS_MAX];

	if (core_send(e, ipc_session_verdict_put(e->core->record, e->who.generation, number, v))) {
		log_error(e->core->log, "core",
			  "%s does not take the verdict of session %llu: a new one waits until it gives up, an open one "
			  "stays as it is",
			  core_edge_words(words, e), (unsigned long long)number);
		return false;
	}
	return true;
}

static void refuse(struct core_edge *e, uint64_t number, enum pol_reason reason)
{
	struct ipc_session_verdict v = { .result_code = DIA_RESULT_UNKNOWN_PEER };

	if (reason == POL_TOO_MANY_CONNECTIONS || reason == POL_CONNECTING_TOO_OFTEN || reason == POL_NOMEM ||
	    reason == POL_OVERLOAD) {
		v.result_code = DIA_RESULT_TOO_BUSY;
	} else if (pol_admit_security(reason)) {
		v.result_code = DIA_RESULT_NO_COMMON_SECURITY;
	}
	str_set(v.reason, sizeof v.reason, pol_reason_str(reason));
	st_count(&e->core->st, reason == POL_TOO_MANY_CONNECTIONS   ? ST_SESSION_LIMIT
			       : reason == POL_CONNECTING_TOO_OFTEN ? ST_SESSION_RATE
								    : ST_SESSION_REFUSED);
	(void)send_verdict(e, number, &v);
}

/* What the connection has and what was agreed, when that is the reason; else "". */
static void not_agreed(char out[AGREEMENT_TEXT_MAX], const struct asc_scs *scs, const struct ipc_session_open *open,
		       enum pol_reason reason)
{
	struct agreed_connection has = core_connection_of(open);
	struct agreement agreed;
	enum agreed_item item;

	*out = 0;
	if (!scs) {
		return;
	}
	agreed = core_agreement(scs);
	item = agreement_check(&agreed, &has);
	if (item != AGREED_ALL && reason == pol_not_agreed(item)) {
		agreement_text(out, item, &agreed, &has);
	}
}

static void session_refuse(struct core_edge *e, uint64_t number, const struct ipc_session_open *open, enum pol_reason reason)
{
	struct core *c = e->core;
	const struct asc_scs *scs = asc_scs_by_origin_host(c->store.asc, open->origin_host);
	struct pol_identity id;
	char item[AGREEMENT_TEXT_MAX];
	const char *also;

	not_agreed(item, scs, open, reason);
	core_decide_session(c, e->who.generation, number, open, scs ? scs->name : "", reason, item);
	identity_view(&id, &open->identity);
	also = reason == POL_CERTIFICATE_OF_TWO && scs ? core_also_named(c, &id, scs) : NULL;
	if (reason != POL_CONNECTING_TOO_OFTEN || core_storm_may_log(c, scs)) {
		log_warn(c->log, "core", "session %u-%06llx of %s at %s refused: %s%s%s%s%s", e->who.generation,
			 (unsigned long long)number, open->origin_host, open->address, pol_reason_words(reason),
			 also ? ": also " : "", also ? also : "", *item ? ": " : "", item);
	}
	refuse(e, number, reason);
}

void core_session_terms(struct core_session *s, const struct asc_scs *scs)
{
	struct ipc_session_verdict v = { .admitted = true,
					 .result_code = DIA_RESULT_SUCCESS,
					 .p_bit_optional = scs->p_bit_optional,
					 .anchor = s->anchor,
					 .revocation_soft = scs->revocation_soft };
	struct scs_limits limits;

	core_scs_limits(s->core, scs, &limits);
	v.pending_max = limits.pending_max;
	memcpy(v.scs, scs->name, sizeof v.scs);
	memcpy(v.reason, "accepted", sizeof "accepted");
	if (send_verdict(s->edge, s->key.number, &v)) {
		s->pending_max = v.pending_max;
		s->p_bit_optional = v.p_bit_optional;
		s->revocation_soft = v.revocation_soft;
	}
}

static void admit(struct core_session *s, const struct ipc_session_open *open, const struct asc_scs *scs)
{
	struct core *c = s->core;
	struct pol_identity id;
	uint8_t anchor;

	identity_view(&id, &open->identity);
	anchor = pol_admit_anchor(&id, scs->anchor);
	s->anchor = 0; /* an internal SCS has none */
	if (anchor < IDENTITY_ANCHORS_MAX) {
		s->anchor = anchor;
		str_set(s->anchor_name, sizeof s->anchor_name, id.anchors[anchor]);
		core_proven_by(s->proven, id.anchors[anchor]);
	}
	core_decide_session(c, s->edge->who.generation, s->key.number, open, scs->name, POL_NONE, "");
	st_count(&c->st, ST_SESSION_ADMITTED);
	core_session_terms(s, scs);
	core_wake_begin(s->scs);
	(void)core_session_permitted(s); /* an edge may announce what a reload has just removed */
}

/* -- one connection more than connections_max: the oldest session is probed by a DWR; if it does
 * not answer in time it is gone and the new one takes its place, else the new one is refused.
 *
 *   session_open at the limit --> session_cut{probe_ms} to the oldest
 *                             --> session_closed: judged again
 *                             --> probe_ms + PROBE_GRACE_MS: refused */

#define PROBES_MAX 256     /* connections that wait for the result of a probe */
#define PROBE_GRACE_MS 500 /* time for the records to the edge and back */

#define CORE_PROBE_MAGIC 0x8ed2305du
struct core_probe {
	struct obj obj;
	struct core *core;
	uint32_t generation; /* of the new connection's edge */
	uint64_t number;
	struct ipc_session_open open;
	struct core_session *oldest; /* NULL: it has ended */
	struct net_timer *timer;
	TAILQ_ENTRY(core_probe) entry;
};

static void probe_free(struct core_probe *p)
{
	OBJ_CHECK(p, CORE_PROBE_MAGIC);
	if (p->oldest) {
		core_session_probe(p->oldest, NULL);
	}
	net_timer_free(p->timer);
	TAILQ_REMOVE(&p->core->probes.list, p, entry);
	p->core->probes.n--;
	OBJ_END(p, CORE_PROBE_MAGIC);
	free(p);
}

/* Returns the oldest session that is not being probed. */
static struct core_session *oldest_of(const struct core_scs *scs)
{
	struct core_session *s, *oldest = NULL;

	TAILQ_FOREACH (s, &scs->sessions, of_scs) {
		if (s->state == CORE_SESSION_OPEN && !s->edge->bad && (!oldest || s->since_ms < oldest->since_ms)) {
			oldest = s;
		}
	}
	return oldest;
}

static void on_answered(void *arg)
{
	struct core_probe *p = OBJ_OF(arg, struct core_probe, CORE_PROBE_MAGIC);
	struct core_edge *e = core_edge_find(p->core, p->generation);
	struct ipc_session_open open = p->open;
	uint64_t number = p->number;

	probe_free(p);
	if (e && !e->bad) {
		session_refuse(e, number, &open, POL_TOO_MANY_CONNECTIONS);
	}
}

static int ask(struct core_session *s, uint32_t probe_ms)
{
	struct ipc_session_cut cut = { .probe_ms = probe_ms, .reason = "another-connection" };

	return core_send(s->edge, ipc_session_cut_put(s->core->record, s->edge->who.generation, s->key.number, &cut));
}

/* Returns POL_NONE if the oldest session is being probed, else why the new connection is
 * refused. */
static enum pol_reason probe_begin(struct core_edge *e, uint64_t number, const struct ipc_session_open *open,
				   struct core_scs *scs)
{
	struct core *c = e->core;
	uint32_t probe_ms =
	    c->cfg->limits.probe_wait_ms < IPC_PROBE_MAX_MS ? (uint32_t)c->cfg->limits.probe_wait_ms : IPC_PROBE_MAX_MS;
	struct core_session *s = oldest_of(scs);
	struct core_probe *p;

	if (!s || !probe_ms || c->probes.n >= PROBES_MAX) {
		return POL_TOO_MANY_CONNECTIONS;
	}
	p = calloc(1, sizeof *p);
	if (!p) {
		return POL_NOMEM;
	}
	obj_begin(&p->obj, CORE_PROBE_MAGIC);
	p->core = c;
	p->generation = e->who.generation;
	p->number = number;
	p->open = *open;
	if (net_timer_new(&p->timer, c->loop, on_answered, p)) {
		free(p);
		return POL_NOMEM;
	}
	if (ask(s, probe_ms)) {
		net_timer_free(p->timer);
		free(p);
		return POL_TOO_MANY_CONNECTIONS;
	}
	p->oldest = s;
	core_session_probe(s, p);
	TAILQ_INSERT_TAIL(&c->probes.list, p, entry);
	c->probes.n++;
	net_timer_start(p->timer, probe_ms + PROBE_GRACE_MS);
	return POL_NONE;
}

/* -- judging a connection, for the first time or after a probe */

/* `anew`: judged again, so it does not count among the connections that the SCS begins. */
static bool session_admit(struct core_edge *e, uint64_t number, const struct ipc_session_open *open, bool anew)
{
	struct core *c = e->core;
	const struct asc_scs *scs = asc_scs_by_origin_host(c->store.asc, open->origin_host);
	enum pol_reason reason = judge(c, open, scs);
	struct core_session *s;

	if (!anew && (reason == POL_NONE || reason == POL_TOO_MANY_CONNECTIONS) && core_storm_too_often(c, scs)) {
		reason = POL_CONNECTING_TOO_OFTEN;
	}
	if (reason == POL_TOO_MANY_CONNECTIONS) {
		reason = probe_begin(e, number, open, core_scs_get(c, scs->name));
		if (reason == POL_NONE) {
			return false; /* the probe decides later */
		}
	}
	if (reason == POL_NONE && c->sessions.by_key.n >= c->cfg->limits.sessions_max) {
		reason = POL_OVERLOAD;
	}
	s = reason == POL_NONE ? core_session_new(e, number, open, core_scs_get(c, scs->name)) : NULL;
	if (reason == POL_NONE && !s) {
		reason = POL_NOMEM;
	}
	if (reason == POL_NONE) {
		admit(s, open, scs);
	} else {
		session_refuse(e, number, open, reason);
	}
	return reason == POL_NONE;
}

/* No SCS did this: the line names the connection as the edge announced it, and no SCS. */
static void end_claimant(struct core_edge *e, uint64_t number, const struct ipc_session_open *open, const char *why)
{
	core_decide_session(e->core, e->who.generation, number, open, "", POL_EDGE_FALSE_CLAIM, "");
	core_claim_end(e, why);
}

void core_on_session_open(struct core_edge *e, uint64_t number, const struct ipc_session_open *open)
{
	char why[CORE_CLAIM_MAX];
	struct core_session *s;

	if (!core_claim_fits(e, open, why)) {
		end_claimant(e, number, open, why);
		return;
	}
	st_count(&e->core->st, ST_SESSION_OPENED);
	core_probe_forget(e->core, e->who.generation, number);
	s = core_session_find(e->core, e->who.generation, number);
	if (s) {
		core_session_free(s); /* announced again: judge it again */
	}
	(void)session_admit(e, number, open, s != NULL);
}

void core_on_session_closed(struct core_edge *e, uint64_t number, const struct ipc_session_closed *closed)
{
	/* The edge ends these sessions by itself. */
	static const enum pol_reason decided[] = { POL_FOREIGN_ORIGIN, POL_CERTIFICATE_REVOKED, POL_REVOCATION_UNKNOWN,
						   POL_PROTECTION_LOST };
	struct core_session *s = core_session_find(e->core, e->who.generation, number);

	core_probe_forget(e->core, e->who.generation, number);
	if (!s) {
		return; /* a refused session also closes, but is not in the table */
	}
	for (size_t i = 0; i < sizeof decided / sizeof *decided; i++) {
		if (strcmp(closed->reason, pol_reason_str(decided[i])) == 0) {
			core_decide_session_end(e->core, s, pol_reason_str(decided[i]), "");
		}
	}
	core_session_free(s);
}

void core_probe_session_gone(struct core_probe *p)
{
	struct core_edge *e = core_edge_find(p->core, p->generation);
	struct ipc_session_open open = p->open;
	struct core *c = p->core;
	uint64_t number = p->number;

	OBJ_CHECK(p, CORE_PROBE_MAGIC);
	p->oldest = NULL;
	probe_free(p);
	if (e && !e->bad && session_admit(e, number, &open, true)) {
		st_count(&c->st, ST_SESSION_REPLACED);
	}
}

void core_probe_forget(struct core *c, uint32_t generation, uint64_t number)
{
	struct core_probe *p, *next;

	for (p = TAILQ_FIRST(&c->probes.list); p; p = next) {
		next = TAILQ_NEXT(p, entry);
		if (p->generation == generation && (number == 0 || p->number == number)) {
			probe_free(p);
		}
	}
}

void core_probes_init(struct core *c)
{
	TAILQ_INIT(&c->probes.list);
}

void core_probes_fini(struct core *c)
{
	struct core_probe *p;

	while ((p = TAILQ_FIRST(&c->probes.list))) {
		probe_free(p);
	}
}
