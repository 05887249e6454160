/* core_view.c - the core for operators: views of its parts, and the changes that an operator may
 * make. No file of the core calls these functions. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/obj.h"
#include "base/str.h"
#include "core/core_int.h"
#include "net/net_tcp.h"

_Static_assert(CORE_LAPSES_TEXT_MAX >= APP_LAPSES_TEXT_MAX, "app_lapses_text() writes into a view");
_Static_assert(CORE_PEER_REASON_MAX >= LINK_PEER_REASON_MAX, "link_peer_reason() writes into a view");

/* -- shared parts */

const struct cfg_iwf *core_cfg(const struct core *c)
{
	return c->cfg;
}

const struct log *core_log(const struct core *c)
{
	return c->log;
}

struct net_loop *core_loop(const struct core *c)
{
	return c->loop;
}

struct st_counters *core_counters(struct core *c)
{
	return &c->st;
}

struct asc *core_store(const struct core *c)
{
	return c->store.asc;
}

enum log_level core_log_level(struct core *c, enum log_level level)
{
	enum log_level before = c->log->level;

	c->log->level = level;
	c->cb->on_log_level(c->arg, level);
	return before;
}

/* -- status */

void core_status(const struct core *c, struct core_status *out)
{
	struct jrn_counts now = jrn_counts(c->journal.jrn);

	*out = (struct core_status){ .started_ms = c->time.started_ms,
				     .sessions = (uint32_t)c->sessions.by_key.n,
				     .pending = c->triggers.pending,
				     .triggers = c->triggers.n - c->triggers.pending + (uint32_t)c->later.left,
				     .entering = (uint32_t)c->later.left,
				     .files_generation = c->files.generation,
				     .stopping = c->stop.begun,
				     .decisions = { .failing = c->decisions.failing,
						    .since_ms = c->decisions.since_ms,
						    .lost = aud_lost(c->decisions.aud) },
				     .memory = { .is_short = core_memory_short(c),
						 .since_ms = c->memory.since_ms,
						 .reserve = c->memory.reserve.octets },
				     .log_failing = log_failing(c->log),
				     .journal = { .state = c->journal.state,
						  .since_ms = c->journal.since_ms,
						  .records = now.records,
						  .octets = now.octets,
						  .files = now.files,
						  .commit_us = now.commit_us,
						  .waiting = jrn_pending(c->journal.jrn) } };
}

static void gauges(struct st_counters *st, enum st_counter first, const uint32_t *in_state, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		st->v[first + i] = in_state[i];
	}
}

_Static_assert(ST_TRIGGERS_IN_UNKNOWN - ST_TRIGGERS_IN_IDLE == TRG_UNKNOWN && TRG_STATE_COUNT == TRG_UNKNOWN + 1,
	       "a gauge for each state, in the same order");
_Static_assert(ST_SESSIONS_IN_PROBED - ST_SESSIONS_IN_OPEN == CORE_SESSION_PROBED, "likewise; ENDED is never seen");
_Static_assert(ST_WAITS_IN_SCS - ST_WAITS_IN_NOTHING == CORE_WAIT_SCS && CORE_WAITS == CORE_WAIT_SCS + 1, "likewise");
_Static_assert(ST_STREAMS_IN_LINGERING - ST_STREAMS_IN_CONNECTING == NET_TCP_LINGERING && NET_TCP_STATES == NET_TCP_LINGERING + 1,
	       "likewise");
_Static_assert(ST_TLS_IN_DEAD - ST_TLS_IN_BEGINNING == TLS_DEAD && TLS_STATES == TLS_DEAD + 1, "likewise");
_Static_assert(ST_JOURNAL_IN_FAILING - ST_JOURNAL_IN_WELL == JRN_FAILING && JRN_HEALTHS == JRN_FAILING + 1, "likewise");
_Static_assert(ST_SPARE_IN_MADE - ST_SPARE_IN_IDLE == JRN_MAKER_MADE && JRN_MAKER_STATES == JRN_MAKER_MADE + 1, "likewise");
_Static_assert(ST_PEERS_IN_CLOSING - ST_PEERS_IN_CLOSED == PEER_CLOSING && PEER_STATE_N == PEER_CLOSING + 1, "likewise");
_Static_assert(ST_WATCHDOGS_IN_REOPEN - ST_WATCHDOGS_IN_INITIAL == PEER_WD_REOPEN && PEER_WD_STATE_N == PEER_WD_REOPEN + 1,
	       "likewise");
_Static_assert(ST_REOPENS_IN_HOLD - ST_REOPENS_IN_CLEAR == PEER_REOPEN_HOLD && PEER_REOPEN_STATE_N == PEER_REOPEN_HOLD + 1,
	       "likewise");

_Static_assert((int)ST_CORE_TURNS_LONGER - (int)ST_CORE_TURNS_BELOW_1MS == NET_TURNS - 1, "a counter for each row of the loop");

void core_gauges(struct core *c)
{
	struct jrn_counts jrn = jrn_counts(c->journal.jrn);

	OBJ_CHECK(c, CORE_MAGIC);
	for (unsigned i = 0; i < NET_TURNS; i++) {
		c->st.v[ST_CORE_TURNS_BELOW_1MS + i] = net_loop_turns(c->loop)[i];
	}
	c->st.v[ST_CORE_TURNS_TIME] = net_loop_turns_us(c->loop);
	gauges(&c->st, ST_TRIGGERS_IN_IDLE, c->triggers.in_state, TRG_STATE_COUNT);
	gauges(&c->st, ST_SESSIONS_IN_OPEN, c->sessions.in_state, CORE_SESSION_PROBED + 1);
	gauges(&c->st, ST_WAITS_IN_NOTHING, c->triggers.in_wait, CORE_WAITS);
	gauges(&c->st, ST_STREAMS_IN_CONNECTING, net_loop_streams(c->loop), NET_TCP_STATES);
	gauges(&c->st, ST_TLS_IN_BEGINNING, tls_streams(c->loop), TLS_STATES);
	gauges(&c->st, ST_JOURNAL_IN_WELL, jrn.in_health, JRN_HEALTHS);
	gauges(&c->st, ST_SPARE_IN_IDLE, jrn.in_maker, JRN_MAKER_STATES);
	gauges(&c->st, ST_PEERS_IN_CLOSED, c->peers.links.in_fsm, PEER_STATE_N);
	gauges(&c->st, ST_WATCHDOGS_IN_INITIAL, c->peers.links.in_watchdog, PEER_WD_STATE_N);
	gauges(&c->st, ST_REOPENS_IN_CLEAR, c->peers.links.in_reopen, PEER_REOPEN_STATE_N);
}

void core_loop_each(const struct core *c, core_loop_fn *fn, void *arg)
{
	const struct core_edge *e;
	char name[EDGE_NAME_MAX];

	fn(arg, "core", net_loop_turns(c->loop));
	TAILQ_FOREACH (e, &c->edges.list, entry) {
		fn(arg, edge_name(name, e->who.slot), e->turns);
	}
}

void core_edge_each(const struct core *c, core_edge_fn *fn, void *arg)
{
	const struct core_edge *e;

	TAILQ_FOREACH (e, &c->edges.list, entry) {
		struct core_edge_view view = { .zone = e->who.zone,
					       .pid = e->who.pid,
					       .generation = e->who.generation,
					       .sessions = e->sessions_n,
					       .files_generation = e->files_generation,
					       .up = !e->bad };

		edge_name(view.name, e->who.slot);
		fn(arg, &view);
	}
}

static const char *peer_state(const struct core_peer *p)
{
	return p->smpp ? core_smpp_state(p->smpp) : p->peer ? link_peer_state(p->peer) : "closing";
}

static void show_peer(const struct core_peer *p, core_peer_fn *fn, void *arg)
{
	const struct cfg_iwf *cfg = p->core->cfg;
	struct core_peer_view view = { .conf = p->conf,
				       .smpp = core_smpp_used(p->core) && p->conf == &cfg->peers[cfg->t4.peer_index],
				       .state = peer_state(p),
				       .reason = "shutting down",
				       .next_ms = p->smpp   ? core_smpp_next_ms(p->smpp)
						  : p->peer ? link_peer_next_ms(p->peer)
							    : LINK_PEER_NO_ATTEMPT,
				       .since_ms = p->since_ms,
				       .requests = p->requests,
				       .answers = p->answers,
				       .timeouts = p->timeouts,
				       .forgiven = p->lapses.n,
				       .pending = p->requests - p->answers - p->timeouts - p->lost };

	app_lapses_text(view.lapses, p->lapses.seen);
	if (p->peer) {
		link_peer_reason(p->peer, view.reason);
	} else if (p->smpp) {
		str_cut(view.reason, sizeof view.reason, core_smpp_reason(p->smpp));
	}
	if (!view.reason[0]) {
		char words[NS_WORDS_MAX];

		core_proof_words(words, p);
		snprintf(view.reason, sizeof view.reason, "%s%s", *words ? "NDS/IP: " : "", words);
	}
	if (!view.reason[0] && !p->open) {
		str_cut(view.reason, sizeof view.reason, p->lost_why);
	}
	fn(arg, &view);
}

void core_peer_each(const struct core *c, core_peer_fn *fn, void *arg)
{
	for (size_t i = 0; i < c->peers.n; i++) {
		const struct core_peer *p = &c->peers.row[i];

		if (!p->left) {
			show_peer(p, fn, arg);
		}
	}
}

/* -- certificates, keys and anchors */

void core_file_each(const struct core *c, core_file_fn *fn, void *arg)
{
	for (size_t i = 0; i < c->files.n; i++) {
		fn(arg, &c->files.row[i]);
	}
}

uint64_t core_crls_are_wrong(const struct core *c)
{
	return c->files.crls_wrong;
}

int core_reload(struct core *c, uint32_t number, bool dry_run)
{
	return c->cb->on_reload ? c->cb->on_reload(c->arg, number, dry_run) : ERR_CLOSED;
}

static int find_peer(struct core *c, const char *name, struct core_peer **out)
{
	for (size_t i = 0; i < c->peers.n && !c->stop.begun; i++) {
		*out = &c->peers.row[i];
		if (strcmp((*out)->conf->name, name) == 0 && ((*out)->peer || (*out)->smpp) && !(*out)->leaves) {
			return 0;
		}
	}
	return c->stop.begun ? ERR_CLOSED : ERR_NOTFOUND;
}

int core_peer_start(struct core *c, const char *name, const char **state)
{
	struct core_peer *p;
	int err = find_peer(c, name, &p);

	if (err) {
		return err;
	}
	if (p->smpp) {
		core_smpp_kick(p->smpp);
	} else {
		link_peer_kick(p->peer);
	}
	*state = peer_state(p);
	return 0;
}

int core_peer_stop(struct core *c, const char *name, const char **state)
{
	struct core_peer *p;
	int err = find_peer(c, name, &p);

	if (err) {
		return err;
	}
	if (p->smpp) {
		core_smpp_stop(p->smpp, "stopped by operator");
	} else {
		link_peer_stop(p->peer, DIA_DISCONNECT_DO_NOT_WANT, "stopped by operator");
	}
	*state = peer_state(p);
	return 0;
}

/* -- sessions and SCSs */

void core_session_each(const struct core *c, core_session_fn *fn, void *arg)
{
	const struct core_session *s;

	TAILQ_FOREACH (s, &c->sessions.list, entry) {
		const struct asc_scs *scs = asc_scs_find(c->store.asc, s->scs->name);
		struct core_session_view view = { .scs = s->scs->name,
						  .origin_host = scs ? scs->origin_host : "",
						  .address = s->address,
						  .listen = s->listen,
						  .connection = s->connection,
						  .since_ms = s->since_ms,
						  .pending = s->scs->pending,
						  .not_after_s = s->not_after_s,
						  .forgiven = s->lapses.n,
						  .asker = core_asker(s->scs->name, s->proven, clock_real_ms()) };

		app_lapses_text(view.lapses, s->lapses.seen);
		core_transaction_text(view.session, (uint32_t)s->key.generation, s->key.number);
		edge_name(view.edge, s->edge->who.slot);
		fn(arg, &view);
	}
}

static struct core_scs *find_scs(const struct core *c, const char *name)
{
	return MAP_OF(map_find(&c->sessions.scs_by_name, name, (uint32_t)strlen(name)), struct core_scs, node);
}

void core_scs_view(const struct core *c, const char *scs, struct core_scs_view *out)
{
	const struct core_scs *s = find_scs(c, scs);

	*out = (struct core_scs_view){ .quota_day = core_wall_ms(c, core_now_ms(c)) / POL_QUOTA_DAY_MS };
	if (!s) {
		return;
	}
	out->sessions = s->sessions_n;
	out->quota_used = core_quota_used(c, s, &out->quota_day);
	out->quota_asking = s->quota.asking;
}

int core_quota_reset(struct core *c, const char *scs, core_kept_fn *done, void *arg)
{
	return core_quota_forget(c, find_scs(c, scs), done, arg);
}

/* -- one trigger */

/* An SCS has at most one trigger with this number. All its triggers have the same E.164 number
 * in their key. */
static struct core_trigger *trigger_of(struct core *c, const struct core_scs *scs, uint32_t reference)
{
	struct core_seat *any = scs ? TAILQ_FIRST(&scs->triggers) : NULL;
	struct core_trigger *t = any ? core_trigger_find(c, core_seat_e164(any), reference) : NULL;

	return t && t->scs == scs ? t : NULL;
}

#define MATCH_MAGIC 0x944b89d1u
struct match {
	struct obj obj;
	struct core *core;
	uint32_t reference;
	struct core_trigger_match *out;
};

static void match_scs(void *arg, struct map_node *node)
{
	const struct match *m = OBJ_OF(arg, struct match, MATCH_MAGIC);
	struct core_scs *scs = MAP_OF(node, struct core_scs, node);
	struct core_trigger *t = trigger_of(m->core, scs, m->reference);
	size_t used = strlen(m->out->names);

	if (!t) {
		return;
	}
	if (!m->out->n++) {
		m->out->first = t;
	}
	snprintf(m->out->names + used, sizeof m->out->names - used, "%s%s", used ? ", " : "", scs->name);
}

void core_trigger_match(struct core *c, const char *scs, uint32_t reference, struct core_trigger_match *out)
{
	struct match m = { OBJ(MATCH_MAGIC), c, reference, out };
	int err = core_later_all(c); /* an SCS of the journal may have no other trigger */
	struct core_scs *one = scs ? find_scs(c, scs) : NULL;

	*out = (struct core_trigger_match){ 0 };
	if (err) {
		log_error(c->log, "core", "triggers of the journal cannot be taken up: %s", err_str(err));
	}
	if (!scs) {
		map_each(&c->sessions.scs_by_name, match_scs, &m);
	} else if (one) {
		match_scs(&m, &one->node);
	}
}

const struct core_trigger_view *core_trigger_ended(const struct core *c, const char *scs, uint32_t reference)
{
	return core_finished_find(c->finished, scs, reference);
}

uint32_t core_triggers_ended(const struct core *c)
{
	return core_finished_count(c->finished);
}

void core_trigger_outlook(const struct core_trigger *t, struct core_trigger_outlook *out)
{
	const struct core *c = t->core;
	enum trg_state state = t->trg->state;
	const struct core_peer *peer = &c->peers.row[state == TRG_ASKING ? c->peers.s6m : c->peers.t4];
	struct trg_outlook look;

	trg_look(t->trg, &look);
	*out = (struct core_trigger_outlook){ .waits_for = look.waits_for, .next_ms = look.next_ms, .until_ms = look.until_ms };
	if (state == TRG_NOTIFYING || state == TRG_BACKOFF) {
		out->for_scs = true;
		out->scs_sessions = t->scs->sessions_n;
	} else if (state != TRG_WRITING && state != TRG_REPORTING) {
		out->peer = peer->conf->name;
		out->peer_state = peer_state(peer);
	}
}

void core_trigger_cancel(struct core_trigger *t, uint32_t uid)
{
	struct trg_event ev = { .kind = TRG_EV_CANCEL, .status = pol_reason_status(POL_CANCELLED), .reason = POL_CANCELLED };

	t->cancelled_ms = core_now_ms(t->core);
	t->cancelled_uid = uid;
	st_count(&t->core->st, ST_TRIGGERS_CANCELLED);
	core_trigger_step(t, &ev);
}

void core_trigger_cancel_durable(struct core_trigger *t, bool durable)
{
	t->cancel_durable = t->cancelled_ms && durable;
}

/* -- all triggers */

struct core_walk {
	struct core_cursor cursor;
};

int core_walk_new(struct core_walk **out, struct core *c, const char *scs)
{
	struct core_scs *one;
	struct core_walk *w;
	int err = core_later_all(c);

	if (err) {
		return err;
	}
	one = scs ? find_scs(c, scs) : NULL;
	if (scs && !one) {
		return ERR_NOTFOUND;
	}
	w = calloc(1, sizeof *w);
	if (!w) {
		return ERR_NOMEM;
	}
	core_cursor_begin(&w->cursor, c, one);
	*out = w;
	return 0;
}

struct core_trigger *core_walk_next(struct core_walk *w)
{
	return core_park_next(&w->cursor);
}

void core_walk_free(struct core_walk *w)
{
	if (!w) {
		return;
	}
	core_cursor_end(&w->cursor);
	free(w);
}
