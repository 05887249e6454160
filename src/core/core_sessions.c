/* core_sessions.c - the admitted sessions, their SCSs, and the outstanding DNRs of each session. */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "core/core_int.h"
#include "core/core_limits.h"

#include "base/container.h"
#include "base/str.h"

static const char *const state_words[] = {
	[CORE_SESSION_OPEN] = "open", [CORE_SESSION_PROBED] = "probed", [CORE_SESSION_ENDED] = "ended"
};

static const uint32_t next_states[] = {
	[CORE_SESSION_OPEN] = MACHINE_TO(CORE_SESSION_PROBED) | MACHINE_TO(CORE_SESSION_ENDED),
	[CORE_SESSION_PROBED] = MACHINE_TO(CORE_SESSION_OPEN) | MACHINE_TO(CORE_SESSION_ENDED),
	[CORE_SESSION_ENDED] = 0,
};

const struct machine core_session_machine = { "core", "session at", state_words, next_states, CORE_SESSION_STATES };

/* The one place where a session's state changes. */
static void set_state(struct core_session *s, enum core_session_state state)
{
	s->state = (enum core_session_state)machine_go_traced(&core_session_machine, s->core->sessions.in_state, s->core->log,
							      s->address, s->state, state);
}

void core_session_probe(struct core_session *s, struct core_probe *probe)
{
	OBJ_CHECK(s, CORE_SESSION_MAGIC);
	set_state(s, probe ? CORE_SESSION_PROBED : CORE_SESSION_OPEN);
	s->probe = probe;
}

struct core_session *core_session_find(struct core *c, uint32_t generation, uint64_t number)
{
	struct core_session_key key = { generation, number };

	return MAP_OF(map_find(&c->sessions.by_key, &key, sizeof key), struct core_session, node);
}

struct core_scs *core_scs_find(const struct core *c, const char *name)
{
	return MAP_OF(map_find(&c->sessions.scs_by_name, name, (uint32_t)strlen(name)), struct core_scs, node);
}

struct core_scs *core_scs_get(struct core *c, const char *name)
{
	size_t len = strlen(name);
	struct core_scs *s = core_scs_find(c, name);

	if (s) {
		return s;
	}
	s = calloc(1, sizeof *s);
	if (!s) {
		return NULL;
	}
	obj_begin(&s->obj, CORE_SCS_MAGIC);
	s->core = c;
	memcpy(s->name, name, len < sizeof s->name ? len : sizeof s->name - 1);
	TAILQ_INIT(&s->sessions);
	TAILQ_INIT(&s->triggers);
	TAILQ_INIT(&s->parked);
	TAILQ_INSERT_TAIL(&c->sessions.scs_list, s, all);
	map_add(&c->sessions.scs_by_name, &s->node, s->name, (uint32_t)len);
	return s;
}

#define EXPIRY_LOOK_MS                                                                                                           \
	(3600u * 1000u) /* core_sessions_look() comes earlier when the wall clock was set, or the machine was suspended */

static void expiry_arm(struct core *c)
{
	const struct heap_node *first = heap_first(&c->sessions.expiries);
	uint64_t now_ms = clock_real_ms(), wait_ms = EXPIRY_LOOK_MS, not_after_s = first ? first->at : UINT64_MAX;

	if (not_after_s >= c->sessions.expiry_s) {
		return; /* the timer may be early after a deletion; it then re-arms */
	}
	c->sessions.expiry_s = not_after_s;
	if (not_after_s < now_ms / 1000 + EXPIRY_LOOK_MS / 1000) {
		wait_ms = (not_after_s + 1) * 1000 > now_ms ? (not_after_s + 1) * 1000 - now_ms : 0;
	}
	net_timer_start(c->sessions.expiry, wait_ms);
}

struct core_session *core_session_new(struct core_edge *e, uint64_t number, const struct ipc_session_open *open,
				      struct core_scs *scs)
{
	struct core_session *s = calloc(1, sizeof *s);
	struct core *c = e->core;

	if (!s || core_proven_of(&s->proven, c, &open->identity)) {
		free(s);
		return NULL;
	}
	obj_begin(&s->obj, CORE_SESSION_MAGIC);
	s->core = c;
	s->edge = e;
	s->scs = scs;
	s->key = (struct core_session_key){ e->who.generation, number };
	memcpy(s->address, open->address, sizeof s->address);
	s->listen = &c->cfg->listen[open->listener];
	s->connection = core_connection_of(open);
	s->since_ms = core_now_ms(c);
	s->not_after_s = open->identity.not_after_s;
	if (s->not_after_s && heap_set(&c->sessions.expiries, &s->expiry, s->not_after_s)) {
		core_proven_free(s->proven);
		free(s); /* without a timer it would outlive its certificate */
		return NULL;
	}
	machine_begin(&core_session_machine, c->sessions.in_state, s->state);
	TAILQ_INIT(&s->notices);
	map_add(&c->sessions.by_key, &s->node, &s->key, sizeof s->key);
	TAILQ_INSERT_TAIL(&c->sessions.list, s, entry);
	TAILQ_INSERT_TAIL(&scs->sessions, s, of_scs);
	TAILQ_INSERT_TAIL(&e->sessions, s, of_edge);
	scs->sessions_n++;
	e->sessions_n++;
	expiry_arm(c);
	return s;
}

void core_notice_free(struct core_notice *n)
{
	OBJ_CHECK(n, CORE_NOTICE_MAGIC);
	map_del(&n->session->core->sessions.notices_by_number, &n->node);
	TAILQ_REMOVE(&n->session->notices, n, entry);
	TAILQ_REMOVE(&n->session->core->dnrs.by_age, n, by_age);
	n->trigger->notice = NULL;
	n->session->scs->notices_n--;
	n->session->core->sessions.events->notice_ended(n->session->scs);
	OBJ_END(n, CORE_NOTICE_MAGIC);
	free(n);
}

void core_session_free(struct core_session *s)
{
	struct core *c = s->core;
	struct core_probe *probe = s->probe;
	struct core_notice *n;

	OBJ_CHECK(s, CORE_SESSION_MAGIC);
	set_state(s, CORE_SESSION_ENDED);
	while ((n = TAILQ_FIRST(&s->notices))) {
		struct core_trigger *t = n->trigger;

		core_notice_free(n);
		c->sessions.events->notice_lost(t);
	}
	heap_del(&c->sessions.expiries, &s->expiry);
	map_del(&c->sessions.by_key, &s->node);
	TAILQ_REMOVE(&c->sessions.list, s, entry);
	TAILQ_REMOVE(&s->scs->sessions, s, of_scs);
	TAILQ_REMOVE(&s->edge->sessions, s, of_edge);
	s->scs->sessions_n--;
	s->edge->sessions_n--;
	st_count(&c->st, ST_SESSION_CLOSED);
	core_proven_free(s->proven);
	machine_end(&core_session_machine, c->sessions.in_state, s->state);
	OBJ_END(s, CORE_SESSION_MAGIC);
	free(s);
	if (probe) {
		c->sessions.events->probe_answered(probe);
	}
}

void core_session_cut(struct core_session *s, enum core_cut why)
{
	/* DO_NOT_WANT only if the SCS must not reconnect. */
	static const struct {
		const char *word; /* in records and logs */
		enum dia_disconnect_cause cause;
	} cuts[] = {
		[CORE_CUT_SCS_REMOVED] = { "scs-removed", DIA_DISCONNECT_DO_NOT_WANT },
		[CORE_CUT_SCS_CHANGED] = { "scs-changed", DIA_DISCONNECT_REBOOTING },
		[CORE_CUT_CERTIFICATE_EXPIRED] = { "certificate-expired", DIA_DISCONNECT_REBOOTING },
		[CORE_CUT_LISTENER_REMOVED] = { "listener-removed", DIA_DISCONNECT_REBOOTING },
		[CORE_CUT_ANCHOR_REMOVED] = { "anchor-removed", DIA_DISCONNECT_DO_NOT_WANT },
		[CORE_CUT_NOT_AGREED] = { "not-agreed", DIA_DISCONNECT_REBOOTING },
	};
	struct ipc_session_cut cut = { .disconnect_cause = cuts[why].cause };
	struct core *c = s->core;
	char words[EDGE_WORDS_MAX];

	str_cut(cut.reason, sizeof cut.reason, cuts[why].word);
	if (core_send(s->edge, ipc_session_cut_put(c->record, s->edge->who.generation, s->key.number, &cut))) {
		log_error(c->log, "core", "%s does not take a cut", core_edge_words(words, s->edge));
	}
	core_session_free(s);
}

uint32_t core_sessions_cut(struct core *c, const char *scs, enum core_cut why)
{
	struct core_scs *live = core_scs_find(c, scs);
	struct core_session *s, *next;
	uint32_t n = 0;

	if (why != CORE_CUT_CERTIFICATE_EXPIRED) {
		core_ndsip_terminate(c, scs, why == CORE_CUT_SCS_REMOVED ? NS_WHY_REMOVED : NS_WHY_CHANGED);
	}
	for (s = live ? TAILQ_FIRST(&live->sessions) : NULL; s; s = next) {
		next = TAILQ_NEXT(s, of_scs);
		core_session_cut(s, why);
		n++;
	}
	return n;
}

bool core_session_permitted(struct core_session *s)
{
	enum core_cut why;

	if (s->listen->gone_ms) {
		why = CORE_CUT_LISTENER_REMOVED;
	} else if (s->anchor_name[0] && !cfg_anchor_known(s->core->cfg, s->anchor_name)) {
		why = CORE_CUT_ANCHOR_REMOVED;
	} else {
		return true;
	}
	log_warn(s->core->log, "core", "session of %s at %s is cut: %s", s->scs->name, s->address,
		 why == CORE_CUT_LISTENER_REMOVED ? "its listener was removed from the configuration"
						  : "its trust anchor was removed from the configuration");
	core_decide_session_end(s->core, s, why == CORE_CUT_LISTENER_REMOVED ? "listener-removed" : "anchor-removed", NULL);
	core_session_cut(s, why);
	return false;
}

void core_sessions_permitted(struct core *c)
{
	struct core_session *s, *next;

	for (s = TAILQ_FIRST(&c->sessions.list); s; s = next) {
		next = TAILQ_NEXT(s, entry);
		(void)core_session_permitted(s);
	}
}

/* A certificate is valid until its own end, not until the end of the connection (RFC 6733 13.1). */
static void on_expiry(void *core)
{
	uint64_t now_s = clock_real_ms() / 1000;
	struct core *c = OBJ_OF(core, struct core, CORE_MAGIC);
	struct heap_node *first;

	while ((first = heap_first(&c->sessions.expiries))) {
		struct core_session *s = CONTAINER_OF(first, struct core_session, expiry);

		c->sessions.looked_at++;
		if (now_s <= s->not_after_s) {
			break;
		}
		log_warn(c->log, "core", "session of %s at %s is cut: its certificate has expired", s->scs->name, s->address);
		core_decide_session_end(c, s, pol_reason_str(POL_CERTIFICATE_EXPIRED), "");
		core_session_cut(s, CORE_CUT_CERTIFICATE_EXPIRED);
	}
	c->sessions.expiry_s = UINT64_MAX;
	expiry_arm(c);
}

/* The end of a certificate is a date: compared with the wall clock. */
void core_sessions_look(struct core *c)
{
	const struct heap_node *first = heap_first(&c->sessions.expiries);

	if (first && clock_real_ms() / 1000 > first->at) {
		on_expiry(c);
	}
}

/* -- the part */

int core_sessions_init(struct core *c, const struct core_session_events *events)
{
	struct core_sessions *p = &c->sessions;
	uint32_t first_notice; /* an edge may answer what an earlier core asked: the numbers of two cores differ */

	if (getrandom(&first_notice, sizeof first_notice, 0) != sizeof first_notice) {
		return ERR_IO;
	}
	TAILQ_INIT(&p->list);
	TAILQ_INIT(&p->scs_list);
	p->events = events;
	p->notice_next = (uint64_t)first_notice << 32 | 1;
	p->expiry_s = UINT64_MAX;
	if (map_init(&p->by_key) || map_init(&p->scs_by_name) || map_init(&p->notices_by_number)) {
		return ERR_NOMEM;
	}
	return net_timer_new(&p->expiry, c->loop, on_expiry, c);
}

static void free_scs(void *arg, struct map_node *node)
{
	struct core_scs *s = MAP_OF(node, struct core_scs, node);

	map_del(arg, node);
	OBJ_END(s, CORE_SCS_MAGIC);
	free(s);
}

void core_sessions_fini(struct core *c)
{
	struct core_sessions *p = &c->sessions;

	if (p->scs_by_name.buckets) {
		map_each(&p->scs_by_name, free_scs, &p->scs_by_name);
	}
	map_fini(&p->by_key);
	map_fini(&p->scs_by_name);
	map_fini(&p->notices_by_number);
	net_timer_free(p->expiry);
	heap_fini(&p->expiries);
}
