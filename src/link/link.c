/* link.c - a link from its owner's side: creation, requests, answers, end. link_conn.c has the
 * connection. */
#include "link/link.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/clock.h"
#include "base/str.h"
#include "link/link_conn.h"
#include "tls/tls_stream.h"

#define SMALL_MESSAGE 2048u
/* Time of an accepted connection for its TLS handshake before the wait for the CER starts. The
 * stream itself ends a slow handshake earlier. */
#define HANDSHAKE_GRACE_MS 15000u

const char *link_end_str(enum link_end end)
{
	static const char *const words[] = {
#define LINK_END_ROW(name, words) words,
		LINK_END_TABLE(LINK_END_ROW)
#undef LINK_END_ROW
	};

	return (unsigned)end < LINK_END_N ? words[end] : "unknown";
}

uint32_t link_random(struct link *l) /* xorshift: jitter and first identifiers, no secrets */
{
	l->random ^= l->random << 13;
	l->random ^= l->random >> 17;
	l->random ^= l->random << 5;
	return l->random;
}

static void seed(struct link *l)
{
	if (getrandom(&l->random, sizeof l->random, GRND_NONBLOCK) != sizeof l->random) {
		l->random = (uint32_t)clock_real_ms() ^ (uint32_t)(uintptr_t)l;
	}
	l->random |= 1; /* never 0: xorshift would stay at 0 */
	l->hop_by_hop_next = link_random(l);
	link_ids_init(&l->ids, l->conf->host, clock_real_ms(), link_random(l));
}

static const char *const phase_words[] = { [LINK_IDLE] = "idle",
					   [LINK_WAIT_CER] = "waiting for the CER",
					   [LINK_VERDICT] = "waiting for the verdict",
					   [LINK_MACHINE] = "in the peer machine",
					   [LINK_ENDED] = "ended" };

static const uint32_t next_phases[] = {
	[LINK_IDLE] = MACHINE_TO(LINK_WAIT_CER) | MACHINE_TO(LINK_MACHINE),
	[LINK_WAIT_CER] = MACHINE_TO(LINK_VERDICT) | MACHINE_TO(LINK_ENDED),
	[LINK_VERDICT] = MACHINE_TO(LINK_MACHINE) | MACHINE_TO(LINK_ENDED),
	[LINK_MACHINE] = MACHINE_TO(LINK_ENDED),
	[LINK_ENDED] = MACHINE_TO(LINK_IDLE), /* of a peer */
};

const struct machine link_phase_machine = { "link", "connection", phase_words, next_phases, LINK_PHASES };

static uint32_t *gauge(const struct link *l)
{
	return l->conf->counters ? l->conf->counters->in_phase : NULL;
}

void link_set_phase(struct link *l, enum link_phase phase)
{
	OBJ_CHECK(l, LINK_MAGIC);
	l->phase = (enum link_phase)machine_go_traced(&link_phase_machine, gauge(l), l->conf->log, l->address, l->phase, phase);
}

static void begin_machines(struct link *l)
{
	const struct link_conf *conf = l->conf;
	struct link_counters *c = conf->counters;
	struct peer_waits waits = { .connect_ms = HANDSHAKE_GRACE_MS,
				    .cea_ms = conf->cea_wait_ms,
				    .dpa_ms = conf->dpa_wait_ms ? conf->dpa_wait_ms : 5000 };

	machine_begin(&link_phase_machine, gauge(l), l->phase);
	peer_fsm_init(&l->fsm, &waits, c ? c->in_fsm : NULL, conf->log, l->address, net_loop_now_ms(l->loop));
	peer_watchdog_init(&l->watchdog, conf->watchdog_ms, conf->watchdog_unchecked, conf->reopen_ms, c ? c->in_watchdog : NULL,
			   conf->log, l->address);
	peer_reopen_init(&l->reopen, l->watchdog.twinit_ms, c ? c->in_reopen : NULL, conf->log, l->address);
}

static void end_machines(struct link *l)
{
	peer_reopen_end(&l->reopen);
	peer_watchdog_end(&l->watchdog);
	peer_fsm_end(&l->fsm);
	machine_end(&link_phase_machine, gauge(l), l->phase);
}

int link_make(struct link **out, struct net_loop *loop, const struct link_conf *conf, const struct link_cb *cb, void *arg)
{
	struct link *l = calloc(1, sizeof *l);
	int err;

	if (!l) {
		return ERR_NOMEM;
	}
	obj_begin(&l->obj, LINK_MAGIC);
	l->conf = conf;
	l->cb = cb;
	l->arg = arg;
	l->loop = loop;
	err = peer_pending_new(&l->pending, conf->pending_max ? conf->pending_max : 4096);
	if (err) {
		goto free_link;
	}
	err = net_timer_new(&l->timer, loop, link_on_timer, l);
	if (err) {
		goto free_pending;
	}
	seed(l);
	begin_machines(l);
	*out = l;
	return 0;

free_pending:
	peer_pending_free(l->pending);
free_link:
	free(l);
	return err;
}

static void destroy(struct link *l)
{
	struct link_peer *peer = l->peer;

	net_timer_free(l->timer);
	dia_frame_free(l->frame);
	peer_pending_free(l->pending);
	end_machines(l);
	OBJ_END(l, LINK_MAGIC);
	free(l);
	if (peer) {
		link_peer_destroy(peer);
	}
}

void link_enter(struct link *l)
{
	OBJ_CHECK(l, LINK_MAGIC);
	l->busy++;
}

void link_leave(struct link *l)
{
	OBJ_CHECK(l, LINK_MAGIC);
	assert(l->busy > 0);
	if (--l->busy) {
		return;
	}
	if (l->freed) {
		destroy(l);
	} else if (l->peer) {
		link_peer_look(l->peer);
	}
}

/* Ends the link: no further callbacks, except that outstanding requests complete with
 * ERR_CLOSED. */
void link_dispose(struct link *l)
{
	static const struct link_cb nobody = { 0 };
	struct peer_pending_entry e;

	OBJ_CHECK(l, LINK_MAGIC);
	if (l->freed) {
		return;
	}
	link_enter(l);
	l->freed = true;
	l->cb = &nobody;
	if (l->phase != LINK_IDLE) {
		link_finish(l, link_lost_event(l), false, LINK_END_DROPPED, ERR_CLOSED, "freed by its owner");
	}
	net_timer_stop(l->timer);
	while (peer_pending_pop(l->pending, UINT64_MAX, &e) == 0) {
		e.fn(e.arg, ERR_CLOSED, NULL);
	}
	link_leave(l);
}

void link_free(struct link *l)
{
	if (!l) {
		return;
	}
	assert(!l->peer); /* a peer's link ends with link_peer_free() */
	link_dispose(l);
}

int link_accept(struct link **out, struct net_loop *loop, struct net_stream *s, const struct link_conf *conf,
		const struct link_cb *cb, void *arg)
{
	uint32_t wait_ms = conf->cer_wait_ms ? conf->cer_wait_ms : 5000;
	struct link *l;
	int err = link_make(&l, loop, conf, cb, arg);

	if (err) {
		return err;
	}
	err = link_attach(l);
	if (err) {
		link_dispose(l);
		return err;
	}
	l->stream = s; /* taken only now: on failure the caller still owns it */
	link_set_phase(l, LINK_WAIT_CER);
	if (!tls_stream_identity(s)) {
		wait_ms += HANDSHAKE_GRACE_MS; /* until the stream is open */
	}
	l->held_deadline_ms = net_loop_now_ms(loop) + wait_ms;
	str_cut(l->address, sizeof l->address, net_stream_peer(s));
	net_stream_set_cb(s, &link_stream_cb, l);
	LINK_COUNT(l, accepted);
	link_arm(l);
	*out = l;
	return 0;
}

void link_admit(struct link *l)
{
	OBJ_CHECK(l, LINK_MAGIC);
	if (l->phase != LINK_VERDICT) {
		return;
	}
	link_enter(l);
	link_set_phase(l, LINK_MACHINE);
	net_stream_resume(l->stream);
	if (link_event(l, PEER_EV_R_CONN_CER, NULL) == 0 && l->phase == LINK_MACHINE) {
		link_opened(l);
	}
	link_arm(l);
	link_leave(l);
}

void link_refuse(struct link *l, uint32_t result_code)
{
	OBJ_CHECK(l, LINK_MAGIC);
	if (l->phase != LINK_VERDICT) {
		link_drop(l, "refused");
		return;
	}
	link_enter(l);
	link_send_cea(l, result_code);
	LINK_COUNT(l, refused);
	link_finish(l, link_lost_event(l), false, LINK_END_REFUSED, ERR_REFUSED, "%s (%u)", dia_result_str(result_code),
		    result_code);
	link_leave(l);
}

void link_part(struct link *l, enum dia_disconnect_cause cause)
{
	OBJ_CHECK(l, LINK_MAGIC);
	link_enter(l);
	l->stopped_by_us = true;
	if (l->phase == LINK_MACHINE && peer_fsm_is_open(&l->fsm)) {
		l->dpr_cause = cause;
		link_tell(l, PEER_EV_STOP, NULL); /* every open state has a row for Stop */
		link_arm(l);
	} else if (l->phase != LINK_IDLE && l->fsm.state != PEER_CLOSING) {
		link_finish(l, link_lost_event(l), false, LINK_END_DROPPED, ERR_CLOSED, "stopped before it was open");
	}
	link_leave(l);
}

void link_disconnect(struct link *l, enum dia_disconnect_cause cause)
{
	assert(!l->peer); /* a peer must also know whether to reconnect: link_peer_stop() */
	link_part(l, cause);
}

void link_probe(struct link *l, uint32_t wait_ms)
{
	OBJ_CHECK(l, LINK_MAGIC);
	if (!link_is_open(l)) {
		return;
	}
	link_enter(l);
	l->probe_deadline_ms = net_loop_now_ms(l->loop) + wait_ms;
	link_send_dwr(l);
	link_arm(l);
	link_leave(l);
}

void link_freeze(struct link *l, bool frozen)
{
	OBJ_CHECK(l, LINK_MAGIC);
	if (l->stream) {
		net_stream_freeze(l->stream, frozen);
	}
}

void link_drop(struct link *l, const char *why)
{
	OBJ_CHECK(l, LINK_MAGIC);
	if (l->phase == LINK_IDLE) {
		return;
	}
	link_enter(l);
	link_finish(l, link_lost_event(l), false, LINK_END_DROPPED, ERR_CLOSED, "%s", why);
	link_leave(l);
}

/* One request less is owed an answer; the other side may have been waiting to leave. */
static void pay(struct link *l)
{
	l->owed -= l->owed > 0;
	if (!l->owed && l->leave_by_ms) {
		link_leaving_ends(l);
	}
}

void link_no_answer(struct link *l)
{
	OBJ_CHECK(l, LINK_MAGIC);
	link_enter(l);
	pay(l);
	link_leave(l);
}

int link_answer(struct link *l, const uint8_t *message, size_t len)
{
	struct peer_step step;
	int err;

	OBJ_CHECK(l, LINK_MAGIC);
	if (!link_is_open(l) || peer_fsm_step(&l->fsm, PEER_EV_SEND_MESSAGE, net_loop_now_ms(l->loop), &step)) {
		return ERR_CLOSED;
	}
	err = link_write(l, message, len);
	link_enter(l);
	if (!err) {
		LINK_COUNT(l, answers_out);
		pay(l);
	} else if (err == ERR_LIMIT) { /* a request without an answer: the connection is of no more use */
		link_finish(l, link_lost_event(l), true, LINK_END_SLOW_READER, err, "bytes that wait: %zu",
			    net_stream_queued(l->stream));
	}
	link_leave(l);
	return err;
}

/* Writes a copy of the message with our Hop-by-Hop-Id. */
static int write_request(struct link *l, const uint8_t *message, size_t len, uint32_t hop_by_hop)
{
	uint8_t small[SMALL_MESSAGE], *copy = len <= sizeof small ? small : malloc(len);
	struct buf id;
	int err;

	if (!copy) {
		return ERR_NOMEM;
	}
	memcpy(copy, message, len);
	id = buf_over(copy + 12, 4);
	buf_be32(&id, hop_by_hop);
	err = link_write(l, copy, len);
	if (copy != small) {
		free(copy);
	}
	return err;
}

void link_push(struct link *l)
{
	OBJ_CHECK(l, LINK_MAGIC);
	if (l->stream) {
		net_stream_push(l->stream);
	}
}

int link_request(struct link *l, const uint8_t *message, size_t len, uint32_t wait_ms, link_answer_fn *fn, void *arg)
{
	struct peer_pending_entry e = { .fn = fn, .arg = arg };
	struct peer_step step;
	struct dia_hdr hdr;
	uint64_t now_ms = net_loop_now_ms(l->loop);
	int err = dia_hdr_parse(&hdr, message, len);

	OBJ_CHECK(l, LINK_MAGIC);
	if (err || hdr.length != len || !(hdr.flags & DIA_FLAG_R)) {
		return ERR_INVAL;
	}
	if (!link_is_open(l) || l->leave_by_ms || !peer_reopen_may_send(&l->reopen) ||
	    peer_fsm_step(&l->fsm, PEER_EV_SEND_MESSAGE, now_ms, &step)) {
		return ERR_CLOSED;
	}
	e.end_to_end = hdr.end_to_end;
	e.code = hdr.code;
	e.deadline_ms = now_ms + (wait_ms ? wait_ms : 10000);
	do { /* after 2^32 requests an old one may still hold its id */
		e.hop_by_hop = hdr.hop_by_hop = l->hop_by_hop_next++;
		err = peer_pending_add(l->pending, &e);
	} while (err == ERR_EXISTS);
	if (err) {
		LINK_COUNT(l, pending_full);
		return err;
	}
	err = write_request(l, message, len, e.hop_by_hop);
	if (err) {
		peer_pending_drop(l->pending, e.hop_by_hop);
		return err;
	}
	LINK_COUNT(l, requests_out);
	if (l->reopen.state == PEER_REOPEN_HOLD) {
		link_reopen(l, PEER_REOPEN_EV_PROBE);
	}
	link_arm(l);
	return 0;
}

bool link_is_open(const struct link *l)
{
	OBJ_CHECK(l, LINK_MAGIC);
	return l->phase == LINK_MACHINE && peer_fsm_is_open(&l->fsm);
}

const char *link_peer_host(const struct link *l)
{
	OBJ_CHECK(l, LINK_MAGIC);
	return l->host;
}

const char *link_address(const struct link *l)
{
	OBJ_CHECK(l, LINK_MAGIC);
	return l->address;
}

const struct net_stream *link_stream(const struct link *l)
{
	OBJ_CHECK(l, LINK_MAGIC);
	return l->stream;
}
