/* edge_ocsp.c - see edge_ocsp.h. */
#include "edge/edge_ocsp.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/str.h"
#include "conf/cfg_iwf_ocsp.h"
#include "edge/edge_session.h"

#define FETCHER_MS 200u      /* beyond timers.ocsp: for the fetcher to say first that there is no answer */
#define LOOKS_A_REFRESH 32u  /* times in ocsp.refresh at which sessions are looked at together */
#define STAPLE_MAX_MS 60000u /* times are dates: the wall clock may be set meanwhile */
#define LINES_A_SPAN 5u
#define SPAN_MS 10000u

_Static_assert(TLS_OCSP_DENIED_MAX == IPC_OCSP_DENIED_MAX, "one bound");
_Static_assert(CFG_OCSP_MAX <= UINT8_MAX, "a responder is an octet in the ring");
_Static_assert(TLS_OCSP_QUESTION_MAX <= FCH_REQUEST_MAX && TLS_OCSP_ANSWER_MAX == FCH_RESPONSE_MAX, "one bound");

static struct edge_ocsp *ocsp_of(void *arg)
{
	return OBJ_OF(arg, struct edge_ocsp, EDGE_OCSP_MAGIC);
}

static uint64_t now_s(void)
{
	return clock_real_ms() / 1000;
}

/* -- connections that wait */

static void arm_limit(struct edge_ocsp *o)
{
	const struct edge_session *s = TAILQ_FIRST(&o->waiting);
	uint64_t now = net_loop_now_ms(o->all->env->loop);

	if (s) {
		net_timer_start(o->limit, s->ocsp.by_ms > now ? s->ocsp.by_ms - now : 0);
	} else {
		net_timer_stop(o->limit);
	}
}

void edge_ocsp_forget(struct edge_ocsp *o, struct edge_session *s)
{
	if (s->ocsp.number) {
		s->ocsp.number = 0;
		TAILQ_REMOVE(&o->waiting, s, ocsp.entry);
		o->waiting_n--;
	}
}

/* The number of an open question about a certificate of the session, without which its
 * revocation is not known; 0: there is none, or it is revoked in any case. */
static uint32_t open_question(const struct edge_session *s)
{
	struct tls_revocation r;
	uint32_t number = 0;

	for (uint8_t i = 0; s->listener->tls && s->stream && i < s->identity.anchors_n; i++) {
		tls_stream_revocation(&r, s->stream, s->listener->tls, s->identity.anchors[i], now_s());
		if (r.listed) {
			return 0;
		}
		number = number ? number : r.wait_for;
	}
	return number;
}

bool edge_ocsp_wait(struct edge_ocsp *o, struct edge_session *s)
{
	uint32_t number = s->ocsp.over ? 0 : open_question(s);

	if (!number) {
		edge_ocsp_forget(o, s);
		return false;
	}
	if (!s->ocsp.number) {
		if (!s->ocsp.by_ms) {
			s->ocsp.by_ms = net_loop_now_ms(o->all->env->loop) + o->all->env->cfg->timers.ocsp_ms + FETCHER_MS;
			st_count(&o->all->env->st, ST_EDGE_OCSP_WAITED);
		}
		TAILQ_INSERT_TAIL(&o->waiting, s, ocsp.entry);
		o->waiting_n++;
		arm_limit(o);
	}
	s->ocsp.number = number;
	return true;
}

static void on_limit(void *arg)
{
	struct edge_ocsp *o = ocsp_of(arg);
	uint64_t now = net_loop_now_ms(o->all->env->loop);
	struct edge_session *s;

	while ((s = TAILQ_FIRST(&o->waiting)) && s->ocsp.by_ms <= now) {
		edge_ocsp_forget(o, s);
		s->ocsp.over = true;
		o->go_on(s); /* may free it */
	}
	arm_limit(o);
}

/* -- the store asks, and has an answer */

static int ask(void *arg, uint32_t responder, uint32_t number, const uint8_t *request, size_t len)
{
	struct edge_ocsp *o = ocsp_of(arg);
	int err = o->channel ? fch_client_ask(o->channel, &(struct fch_question){ number, responder, len, request }) : ERR_BUSY;

	return err == ERR_CLOSED ? ERR_BUSY : err; /* there will be another channel */
}

static void answered(void *arg, uint32_t number, bool listed)
{
	struct edge_ocsp *o = ocsp_of(arg);
	struct edge_session *s, *next;

	for (s = TAILQ_FIRST(&o->waiting); s; s = next) {
		next = TAILQ_NEXT(s, ocsp.entry);
		if (s->ocsp.number == number && !edge_ocsp_wait(o, s)) {
			o->go_on(s); /* may free it */
		}
	}
	arm_limit(o);
	if (listed) {
		o->listed(o->all);
	}
	edge_ocsp_staple(o);
}

static void tell(struct edge_ocsp *o, const char *why)
{
	struct edge_env *env = o->all->env;
	uint64_t now = net_loop_now_ms(env->loop);
	uint32_t rest = few_rest(&o->told, SPAN_MS, now);

	if (rest) {
		log_warn(env->log, "edge", "OCSP: %" PRIu32 " more answers did not come or were not taken", rest);
	}
	if (few_say(&o->told, LINES_A_SPAN, SPAN_MS, now)) {
		log_warn(env->log, "edge", "OCSP: no answer is taken: %s", why);
	}
}

/* -- the channel */

static void on_answer(void *arg, const struct fch_answer *a)
{
	struct edge_ocsp *o = ocsp_of(arg);
	struct st_counters *st = &o->all->env->st;
	char why[TLS_OCSP_WHY_MAX];
	int err;

	if (a->result != FCH_OK) {
		st_count(st, ST_EDGE_OCSP_FAILED);
		tell(o, fch_result_words(a->result));
		tls_ocsp_failed(o->store, a->number, fch_result_words(a->result), now_s());
		return;
	}
	err = tls_ocsp_answer(o->store, a->number, a->response, a->len, now_s(), why);
	if (err == ERR_NOTFOUND) {
		return; /* the fetcher that it was asked by is not this one */
	}
	st_count(st, err ? ST_EDGE_OCSP_REFUSED : ST_EDGE_OCSP_ANSWERS);
	if (err) {
		tell(o, *why ? why : err_str(err));
	}
}

static void on_room(void *arg)
{
	tls_ocsp_go(ocsp_of(arg)->store, now_s());
}

static void on_lost(void *arg, int err)
{
	struct edge_ocsp *o = ocsp_of(arg);

	log_error(o->all->env->log, "edge", "the channel to the fetcher is closed%s; no OCSP responder can be asked",
		  err == ERR_PROTO ? ": what came is no message" : "");
	fch_client_free(o->channel);
	o->channel = NULL;
	tls_ocsp_lost(o->store, "there is no fetcher to ask the responder", now_s());
	o->lost(o->lost_arg, o->channel_number);
}

int edge_ocsp_channel(struct edge_ocsp *o, int fd, uint32_t number, void (*lost)(void *arg, uint32_t number), void *arg)
{
	struct fch_client_conf conf = {
		.loop = o->all->env->loop, .on_answer = on_answer, .on_room = on_room, .on_lost = on_lost, .arg = o
	};
	int err;

	fch_client_free(o->channel);
	o->channel = NULL;
	o->channel_number = number;
	o->lost = lost;
	o->lost_arg = arg;
	tls_ocsp_lost(o->store, "there is another fetcher", now_s());
	err = fch_client_new(&o->channel, fd, &conf);
	if (err) {
		o->channel = NULL;
		lost(arg, number);
		return err;
	}
	tls_ocsp_go(o->store, now_s());
	edge_ocsp_staple(o);
	return 0;
}

/* -- our own certificates */

void edge_ocsp_staple(struct edge_ocsp *o)
{
	uint64_t at = UINT64_MAX, now = now_s(), wait_ms = STAPLE_MAX_MS;

	for (size_t i = 0; i < o->all->listeners_n; i++) {
		struct edge_listener *l = &o->all->listeners[i];
		struct tls_stapled *stapled = &o->stapled[l->conf - o->all->env->cfg->listen];
		uint64_t next = l->tls ? tls_ctx_staple(l->tls, now, stapled) : UINT64_MAX;

		at = next < at ? next : at;
	}
	if (at == UINT64_MAX) {
		net_timer_stop(o->staple);
		return;
	}
	if (at < now + STAPLE_MAX_MS / 1000) {
		wait_ms = at > now ? (at - now) * 1000 : 1000;
	}
	net_timer_start(o->staple, wait_ms);
}

static void on_staple(void *arg)
{
	edge_ocsp_staple(ocsp_of(arg));
}

/* -- other edges, by the core */

_Static_assert(TLS_OCSP_SAID_MAX == IPC_OCSP_MAX && TLS_OCSP_KEY_LEN == IPC_OCSP_KEY_LEN, "one bound");

/* A response for which the ring has no room is sent again to the next core. Until then the other
 * edges ask the responder themselves. */
static void spread(void *arg, const struct tls_ocsp_said *said)
{
	struct edge_ocsp *o = ocsp_of(arg);
	struct edge_ring *ring = o->all->ring;
	struct ipc_ocsp found = { .this_s = said->this_s, .len = (uint32_t)said->len, .response = said->response };
	size_t len;

	memcpy(found.key, said->key, sizeof found.key);
	len = ipc_ocsp_put(ring->record, IPC_REC_OCSP_FOUND, o->all->env->generation, &found);
	if (edge_ring_up(ring) && edge_ring_send_within(ring, len, EDGE_REQUESTS_WAIT_MAX)) {
		log_warn(o->all->env->log, "edge", "the core does not take an OCSP answer that revokes a certificate");
	}
}

void edge_ocsp_on_known(struct edge_ocsp *o, const struct ipc_ocsp *known)
{
	struct tls_ocsp_said said = { .this_s = known->this_s, .len = known->len, .response = known->response };

	memcpy(said.key, known->key, sizeof said.key);
	tls_ocsp_learn(o->store, &said, now_s());
}

/* -- for operators */

static void state_of(struct ipc_ocsp_state *out, const struct edge_ocsp *o, const struct tls_ocsp_tally *t, uint32_t number)
{
	const struct tls_stapled *staple = number < CFG_ANCHORS_MAX ? NULL : &o->stapled[number - CFG_ANCHORS_MAX];

	memset(out, 0, sizeof *out);
	out->responder = (uint8_t)number;
	out->open = t->open;
	out->answers = t->answers;
	out->failures = t->failures;
	out->answered_s = t->answered_s;
	out->failed_s = t->failed_s;
	out->revoked = t->revoked;
	out->unknown = t->unknown;
	for (unsigned i = 0; i < TLS_OCSP_DENIED_MAX; i++) {
		const struct tls_ocsp_denied *d = &t->denied[i];
		struct ipc_ocsp_denied *to = &out->denied[out->denied_n];

		if (d->at_s) {
			str_set(to->name, sizeof to->name, d->name);
			to->unknown = d->unknown;
			to->at_s = d->at_s;
			out->denied_n++;
		}
	}
	out->staple_this_s = staple ? staple->this_s : 0;
	out->staple_until_s = staple ? staple->until_s : 0;
	for (size_t i = 0; i < IPC_OCSP_WHY_LEN && t->why[i]; i++) {
		out->why[i] = t->why[i] >= ' ' && t->why[i] <= '~' ? t->why[i] : '?';
	}
}

static bool same_denied(const struct ipc_ocsp_state *a, const struct ipc_ocsp_state *b)
{
	bool same = a->denied_n == b->denied_n;

	for (uint8_t i = 0; same && i < a->denied_n; i++) {
		same = strcmp(a->denied[i].name, b->denied[i].name) == 0 && a->denied[i].unknown == b->denied[i].unknown &&
		       a->denied[i].at_s == b->denied[i].at_s;
	}
	return same;
}

static bool same_state(const struct ipc_ocsp_state *a, const struct ipc_ocsp_state *b)
{
	return a->responder == b->responder && a->open == b->open && a->answers == b->answers && a->failures == b->failures &&
	       a->answered_s == b->answered_s && a->failed_s == b->failed_s && a->staple_this_s == b->staple_this_s &&
	       a->staple_until_s == b->staple_until_s && strcmp(a->why, b->why) == 0 && a->revoked == b->revoked &&
	       a->unknown == b->unknown && same_denied(a, b);
}

void edge_ocsp_report(struct edge_ocsp *o)
{
	struct edge_ring *ring = o->all->ring;
	struct ipc_ocsp_state now;

	for (uint32_t i = 0; i < CFG_OCSP_MAX && edge_ring_up(ring); i++) {
		state_of(&now, o, tls_ocsp_tally(o->store, i), i);
		if (!same_state(&now, &o->reported[i]) &&
		    edge_ring_send_within(ring, ipc_ocsp_state_put(ring->record, o->all->env->generation, &now),
					  EDGE_REQUESTS_WAIT_MAX) == 0) {
			o->reported[i] = now;
		}
	}
}

static void report_all_again(struct edge_ocsp *o)
{
	memset(o->reported, 0, CFG_OCSP_MAX * sizeof *o->reported);
	for (unsigned i = 0; i < CFG_OCSP_MAX; i++) {
		o->reported[i].responder = (uint8_t)i;
	}
}

void edge_ocsp_announce(struct edge_ocsp *o)
{
	tls_ocsp_spread_again(o->store);
	report_all_again(o);
	edge_ocsp_report(o);
}

/* -- the whole */

uint64_t edge_ocsp_look_at_s(const struct edge_ocsp *o, uint64_t ask_at_s, uint64_t fresh_until_s)
{
	uint64_t step = o->all->env->cfg->ocsp.refresh_ms / 1000 / LOOKS_A_REFRESH + 1, at;

	if (ask_at_s > UINT64_MAX - step) {
		return UINT64_MAX;
	}
	at = (ask_at_s + step - 1) / step * step;
	return at > fresh_until_s ? ask_at_s : at;
}

int edge_ocsp_init(struct edge_ocsp *o, struct edge_sessions *all, void (*go_on)(struct edge_session *s),
		   void (*listed)(struct edge_sessions *all))
{
	const struct cfg_ocsp *c = &all->env->cfg->ocsp;
	struct tls_ocsp_conf conf = { .responders_n = CFG_OCSP_MAX,
				      .entries_max = c->entries,
				      .asked_max = c->asked,
				      .refresh_s = c->refresh_ms / 1000,
				      .retry_s = c->retry_ms / 1000,
				      .max_age_s = c->max_age_ms / 1000,
				      .nonce = c->nonce,
				      .ask = ask,
				      .answered = answered,
				      .known_max = c->revoked,
				      .spread = spread,
				      .arg = o };
	int err;

	*o = (struct edge_ocsp){ .obj = OBJ(EDGE_OCSP_MAGIC), .all = all, .go_on = go_on, .listed = listed };
	TAILQ_INIT(&o->waiting);
	o->reported = calloc(CFG_OCSP_MAX, sizeof *o->reported);
	if (!o->reported) {
		return ERR_NOMEM;
	}
	report_all_again(o);
	err = tls_ocsp_new(&o->store, &conf);
	if (!err) {
		err = net_timer_new(&o->limit, all->env->loop, on_limit, o);
	}
	return err ? err : net_timer_new(&o->staple, all->env->loop, on_staple, o);
}

void edge_ocsp_fini(struct edge_ocsp *o)
{
	fch_client_free(o->channel);
	o->channel = NULL;
	net_timer_free(o->limit);
	net_timer_free(o->staple);
	o->limit = o->staple = NULL;
	tls_ocsp_free(o->store);
	o->store = NULL;
	free(o->reported);
	o->reported = NULL;
}
