/* core_admit.c - may this authenticated connection be this SCS? (CONTRACTS section 1, "names that must agree"). The core looks up,
 * pol_admit() judges, the edge lets the CEA go or refuses. One connection more than connections_max: core_probe.c. */
#include <stdlib.h>
#include <string.h>

#include "core/core_int.h"

struct core_session *core_session_find(struct core *c, uint32_t generation, uint64_t number)
{
	struct core_session_key key = { generation, number };

	return MAP_OF(map_find(&c->sessions_by_key, &key, sizeof key), struct core_session, node);
}

struct core_scs *core_scs_get(struct core *c, const char *name)
{
	size_t len = strlen(name);
	struct core_scs *s = MAP_OF(map_find(&c->scs_by_name, name, (uint32_t)len), struct core_scs, node);

	if (s)
		return s;
	s = calloc(1, sizeof *s);
	if (!s)
		return NULL;
	memcpy(s->name, name, len < sizeof s->name ? len : sizeof s->name - 1);
	TAILQ_INIT(&s->sessions);
	TAILQ_INIT(&s->triggers);
	map_add(&c->scs_by_name, &s->node, s->name, (uint32_t)len);
	return s;
}

static void identity_view(struct pol_identity *out, const struct ipc_identity *in)
{
	static const enum pol_identity_kind kinds[] = {
		[IPC_IDENTITY_TLS] = POL_IDENTITY_TLS,
		[IPC_IDENTITY_IPSEC] = POL_IDENTITY_IPSEC,
		[IPC_IDENTITY_INTERNAL] = POL_IDENTITY_INTERNAL,
	};

	*out = (struct pol_identity){ .kind = kinds[in->kind], .not_after_s = in->not_after_s };
	for (; out->names_n < in->names_n && out->names_n < POL_NAMES_MAX; out->names_n++)
		out->names[out->names_n] = in->names[out->names_n];
	for (; out->anchors_n < in->anchors_n && out->anchors_n < POL_ANCHORS_MAX; out->anchors_n++)
		out->anchors[out->anchors_n] = in->anchors[out->anchors_n];
}

static uint32_t connections_max(const struct core *c, const struct asc_scs *scs)
{
	return scs->connections_max < c->cfg->limits.connections_per_scs ? scs->connections_max
									 : c->cfg->limits.connections_per_scs;
}

/* Looks up who is provisioned under that Origin-Host, and lets policy judge. */
static enum pol_reason judge(struct core *c, const struct ipc_session_open *open, const struct asc_scs *scs)
{
	struct pol_identity id;
	struct pol_admit_scs facts = { 0 };
	struct core_scs *live = scs ? core_scs_get(c, scs->name) : NULL;

	identity_view(&id, &open->identity);
	if (scs) {
		if (!live)
			return POL_NOMEM;
		facts = (struct pol_admit_scs){ scs->origin_host, scs->realm, scs->anchor, live->sessions_n,
						connections_max(c, scs) };
	}
	return pol_admit(&id, open->origin_host, open->origin_realm, scs ? &facts : NULL, clock_real_ms() / 1000);
}

static void send_verdict(struct core_edge *e, uint64_t number, const struct ipc_session_verdict *v)
{
	if (core_send(e, ipc_session_verdict_put(e->core->record, e->who.generation, number, v)))
		log_error(e->core->log, "core", "edge %u does not take a verdict; its session waits until it gives up",
			  e->who.generation);
}

static void refuse(struct core_edge *e, uint64_t number, enum pol_reason reason)
{
	struct ipc_session_verdict v = { .result_code = DIA_RESULT_UNKNOWN_PEER };

	if (reason == POL_TOO_MANY_CONNECTIONS || reason == POL_NOMEM || reason == POL_OVERLOAD)
		v.result_code = DIA_RESULT_TOO_BUSY;
	memcpy(v.reason, pol_reason_str(reason), strlen(pol_reason_str(reason)) + 1);
	st_count(&e->core->st, reason == POL_TOO_MANY_CONNECTIONS ? ST_SESSION_LIMIT : ST_SESSION_REFUSED);
	send_verdict(e, number, &v);
}

#define EXPIRY_LOOK_MS (3600u * 1000u) /* longer waits in parts: the time of day may be set meanwhile */

static void expiry_arm(struct core *c, uint64_t not_after_s)
{
	uint64_t now_ms = clock_real_ms(), wait_ms = EXPIRY_LOOK_MS;

	if (!not_after_s || not_after_s >= c->expiry_s)
		return;
	c->expiry_s = not_after_s;
	if (not_after_s < now_ms / 1000 + EXPIRY_LOOK_MS / 1000)
		wait_ms = (not_after_s + 1) * 1000 > now_ms ? (not_after_s + 1) * 1000 - now_ms : 0;
	net_timer_start(c->expiry, wait_ms);
}

void core_session_refuse(struct core_edge *e, uint64_t number, const struct ipc_session_open *open, enum pol_reason reason)
{
	struct core *c = e->core;
	const struct asc_scs *scs = asc_scs_by_origin_host(c->asc, open->origin_host);

	core_decide_session(c, e->who.generation, number, open, scs ? scs->name : "", reason);
	log_warn(c->log, "core", "session %u-%06llx of %s at %s refused: %s", e->who.generation, (unsigned long long)number,
		 open->origin_host, open->address, pol_reason_words(reason));
	refuse(e, number, reason);
}

static struct core_session *session_new(struct core_edge *e, uint64_t number, const struct ipc_session_open *open,
					struct core_scs *scs)
{
	struct core_session *s = calloc(1, sizeof *s);
	struct core *c = e->core;

	if (!s)
		return NULL;
	s->core = c;
	s->edge = e;
	s->scs = scs;
	s->key = (struct core_session_key){ e->who.generation, number };
	memcpy(s->address, open->address, sizeof s->address);
	s->listen = &c->cfg->listen[open->listener];
	s->since_ms = clock_real_ms();
	s->not_after_s = open->identity.not_after_s;
	s->proven = core_proven_of(c, &open->identity);
	TAILQ_INIT(&s->notices);
	map_add(&c->sessions_by_key, &s->node, &s->key, sizeof s->key);
	TAILQ_INSERT_TAIL(&c->sessions, s, entry);
	TAILQ_INSERT_TAIL(&scs->sessions, s, of_scs);
	scs->sessions_n++;
	e->sessions_n++;
	expiry_arm(c, s->not_after_s);
	return s;
}

void core_session_free(struct core_session *s)
{
	struct core *c = s->core;
	struct core_probe *probe = s->probe;
	struct core_notice *n;

	while ((n = TAILQ_FIRST(&s->notices))) {
		struct core_trigger *t = n->trigger;
		struct trg_event ev = { .kind = TRG_EV_DNA_NO };

		core_notice_free(n);
		core_trigger_step(t, &ev);
	}
	map_del(&c->sessions_by_key, &s->node);
	TAILQ_REMOVE(&c->sessions, s, entry);
	TAILQ_REMOVE(&s->scs->sessions, s, of_scs);
	s->scs->sessions_n--;
	s->edge->sessions_n--;
	st_count(&c->st, ST_SESSION_CLOSED);
	core_proven_free(s->proven);
	free(s);
	if (probe)
		core_probe_session_gone(probe);
}

/* Reports that waited for the SCS go now. */
static void reports_wake(struct core_scs *scs)
{
	struct core_trigger *t, *next;
	struct trg_event ev = { .kind = TRG_EV_SCS_BACK };

	for (t = TAILQ_FIRST(&scs->triggers); t; t = next) {
		next = TAILQ_NEXT(t, of_scs);
		if (t->trg->state == TRG_BACKOFF)
			core_trigger_step(t, &ev);
	}
}

/* An edge has the listeners of its own zone only, and each is as it was configured. */
static bool listener_fits(const struct core_edge *e, const struct ipc_session_open *open)
{
	const struct cfg_iwf *cfg = e->core->cfg;
	const struct cfg_listen *l = open->listener < cfg->listen_n ? &cfg->listen[open->listener] : NULL;

	return l && l->zone == (int)e->who.zone &&
	       open->zone == (l->zone == CFG_EXTERNAL ? IPC_ZONE_EXTERNAL : IPC_ZONE_INTERNAL) &&
	       open->protection == (l->protection == CFG_TLS ? IPC_PROTECTION_TLS : IPC_PROTECTION_NONE);
}

static void let_in(struct core_session *s, const struct ipc_session_open *open, const struct asc_scs *scs)
{
	struct ipc_session_verdict v = { .admitted = true, .result_code = DIA_RESULT_SUCCESS, .pending_max = scs->pending_max };
	struct core *c = s->core;

	core_decide_session(c, s->edge->who.generation, s->key.number, open, scs->name, POL_NONE);
	st_count(&c->st, ST_SESSION_ADMITTED);
	memcpy(v.scs, scs->name, sizeof v.scs);
	memcpy(v.reason, "accepted", sizeof "accepted");
	send_verdict(s->edge, s->key.number, &v);
	reports_wake(s->scs);
}

bool core_session_admit(struct core_edge *e, uint64_t number, const struct ipc_session_open *open)
{
	struct core *c = e->core;
	const struct asc_scs *scs = asc_scs_by_origin_host(c->asc, open->origin_host);
	enum pol_reason reason = judge(c, open, scs);
	struct core_session *s;

	if (reason == POL_TOO_MANY_CONNECTIONS && core_probe_begin(e, number, open, core_scs_get(c, scs->name)))
		return false; /* not yet */
	if (reason == POL_NONE && c->sessions_by_key.n >= c->cfg->limits.sessions_max)
		reason = POL_OVERLOAD;
	s = reason == POL_NONE ? session_new(e, number, open, core_scs_get(c, scs->name)) : NULL;
	if (reason == POL_NONE && !s)
		reason = POL_NOMEM;
	if (reason == POL_NONE)
		let_in(s, open, scs);
	else
		core_session_refuse(e, number, open, reason);
	return reason == POL_NONE;
}

int core_on_session_open(struct core_edge *e, uint64_t number, const struct ipc_session_open *open)
{
	struct core_session *s;

	if (!listener_fits(e, open))
		return ERR_PROTO;
	st_count(&e->core->st, ST_SESSION_OPENED);
	core_probe_forget(e->core, e->who.generation, number);
	s = core_session_find(e->core, e->who.generation, number);
	if (s)
		core_session_free(s); /* announced anew: judged anew */
	(void)core_session_admit(e, number, open);
	return 0;
}

void core_on_session_closed(struct core_edge *e, uint64_t number, const struct ipc_session_closed *closed)
{
	struct core_session *s = core_session_find(e->core, e->who.generation, number);

	core_probe_forget(e->core, e->who.generation, number);
	if (!s)
		return; /* a refused one closes too and is not known */
	if (strcmp(closed->reason, pol_reason_str(POL_FOREIGN_ORIGIN)) == 0)
		core_decide_session_end(e->core, s, pol_reason_str(POL_FOREIGN_ORIGIN));
	core_session_free(s);
}

/* Nothing that still comes from it is taken. */
static void cut(struct core_session *s, const char *reason)
{
	struct ipc_session_cut cut = { .disconnect_cause = 2 };
	struct core *c = s->core;

	memcpy(cut.reason, reason, strlen(reason) + 1);
	if (core_send(s->edge, ipc_session_cut_put(c->record, s->edge->who.generation, s->key.number, &cut)))
		log_error(c->log, "core", "edge %u does not take a cut", s->edge->who.generation);
	core_session_free(s);
}

uint32_t core_sessions_cut(struct core *c, const char *scs, const char *reason)
{
	struct core_scs *live = MAP_OF(map_find(&c->scs_by_name, scs, (uint32_t)strlen(scs)), struct core_scs, node);
	struct core_session *s, *next;
	uint32_t n = 0;

	for (s = live ? TAILQ_FIRST(&live->sessions) : NULL; s; s = next) {
		next = TAILQ_NEXT(s, of_scs);
		cut(s, reason);
		n++;
	}
	return n;
}

/* What a certificate proves, it proves until its end and not until the connection's (RFC 6733 13.1). */
void core_sessions_expire(void *core)
{
	uint64_t now_s = clock_real_ms() / 1000, earliest = UINT64_MAX;
	struct core *c = core;
	struct core_session *s, *next;

	for (s = TAILQ_FIRST(&c->sessions); s; s = next) {
		next = TAILQ_NEXT(s, entry);
		if (s->not_after_s && now_s > s->not_after_s) {
			log_warn(c->log, "core", "session of %s at %s is cut: its certificate has expired", s->scs->name,
				 s->address);
			core_decide_session_end(c, s, pol_reason_str(POL_CERTIFICATE_EXPIRED));
			cut(s, pol_reason_str(POL_CERTIFICATE_EXPIRED));
		} else if (s->not_after_s && s->not_after_s < earliest) {
			earliest = s->not_after_s;
		}
	}
	c->expiry_s = UINT64_MAX;
	expiry_arm(c, earliest);
}
