/* link_peer.c - a configured peer to which we connect and reconnect.
 *
 *  waiting --Start--> connecting --CER/CEA--> open --loss--> waiting --Tc--> connecting ...
 *                                  (or reopening: three DWAs first)
 *                                               | link_peer_stop()
 *                                               +----> stopped --link_peer_kick()--> connecting
 *
 * Tc starts at a sixteenth of its value and doubles with each attempt that does not complete
 * CER/CEA. It varies by a fifth, so that many nodes do not connect to a restarted peer at the same
 * time.
 * After a DPR with BUSY or DO_NOT_WANT_TO_TALK_TO_YOU the next attempt follows after
 * reconnect_refused_ms: RFC 6733 5.4 forbids the usual pace, and without any attempt the peer would
 * stay lost until an operator acts. */
#include "link/link_peer.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/shown.h"
#include "base/str.h"
#include "link/link_conn.h"
#include "net/net_transport.h"

#define BACKOFF_STEPS 4u
#define RECONNECT_MIN_MS 20u
#define REFUSED_MS 60000u

#define LINK_PEER_MAGIC 0xbce1268cu
struct link_peer {
	struct obj obj;
	const struct link_peer_conf *conf;
	struct link *link; /* the one link, reused for every connection */
	struct net_timer *timer;
	unsigned attempts;   /* attempts since CER/CEA were last done */
	const char *stopped; /* reason of link_peer_stop(), NULL: not stopped */
	uint64_t next_ms;    /* time of the next attempt; 0: no timer */
	/* the peer ended the last connection by a DPR that forbids a reconnect */
	bool refused;
	/* the last connection ended by Disconnect-Peer; false if this process had none */
	bool clean;
	bool reconnect;  /* the peer was in REOPEN: reconnect at once */
	bool own_reopen; /* we were in REOPEN too: three watchdog answers are still required */
	bool kicked, freed;
	const char *shown; /* the state that the owner was last told of */
};

static uint32_t reconnect_delay_ms(struct link_peer *p)
{
	uint32_t tc_ms = p->link->conf->reconnect_ms ? p->link->conf->reconnect_ms : 30000;
	unsigned steps = p->attempts < BACKOFF_STEPS ? p->attempts : BACKOFF_STEPS;
	uint32_t delay_ms = tc_ms >> (BACKOFF_STEPS - steps), spread_ms;

	if (p->refused) {
		delay_ms = p->link->conf->reconnect_refused_ms ? p->link->conf->reconnect_refused_ms : REFUSED_MS;
	}
	spread_ms = delay_ms / 5;
	delay_ms = delay_ms - spread_ms + link_random(p->link) % (2 * spread_ms + 1);
	return delay_ms < RECONNECT_MIN_MS ? RECONNECT_MIN_MS : delay_ms;
}

static void start_after(struct link_peer *p, uint32_t delay_ms)
{
	p->next_ms = net_loop_now_ms(p->link->loop) + delay_ms;
	net_timer_start(p->timer, delay_ms);
}

static void start_never(struct link_peer *p)
{
	p->next_ms = 0;
	net_timer_stop(p->timer);
}

static void start(void *arg)
{
	struct link_peer *p = OBJ_OF(arg, struct link_peer, LINK_PEER_MAGIC);
	struct link *l = p->link;

	if (p->freed || l->phase != LINK_IDLE) {
		return;
	}
	link_enter(l);
	p->kicked = p->refused = p->reconnect = false;
	p->next_ms = 0;
	link_set_phase(l, LINK_MACHINE);
	link_tell(l, PEER_EV_START, NULL); /* an idle peer's machine is Closed */
	link_arm(l);
	link_leave(l);
}

/* Without a connection, waiting and connecting alternate. They count as one spell in "since". */
static bool is_outage(const char *state)
{
	return strcmp(state, "waiting") == 0 || strcmp(state, "connecting") == 0;
}

void link_peer_look(struct link_peer *p)
{
	const char *state = link_peer_state(p), *before = p->shown;

	p->shown = state;
	if (strcmp(state, before) != 0 && !(is_outage(state) && is_outage(before)) && p->link->cb->on_state) {
		p->link->cb->on_state(p->link->arg);
	}
}

/* Why no connection was even begun. */
static const char *no_attempt(const struct link_peer *p, int err, char words[LINK_WHY_MAX])
{
	if (p->conf->sctp && err == ERR_NOTFOUND) {
		return "this kernel has no SCTP; load its module (modprobe sctp), or use transport tcp";
	}
	if ((p->conf->sctp || p->conf->local) && err == ERR_IO) {
		snprintf(words, LINK_WHY_MAX, "our local_addresses cannot be used: %s", strerror(errno));
		return words;
	}
	return err_str(err);
}

void link_peer_connect(struct link_peer *p)
{
	struct link *l = p->link;
	const struct net_stream_conf conf = { .message_len_max = l->conf->limits.message_len_max, .local = p->conf->local };
	char words[LINK_WHY_MAX];
	int err = link_attach(l);

	LINK_COUNT(l, connects);
	p->attempts++;
	(void)shown_address(l->address, p->conf->address, p->conf->port);
	if (!err && l->cb->may_connect && !l->cb->may_connect(l->arg, words)) {
		link_finish(l, PEER_EV_I_RCV_CONN_NACK, true, LINK_END_NOT_CONNECTED, ERR_REFUSED, "%s", words);
		return;
	}
	if (!err && p->conf->tls) {
		err = tls_connect(&l->stream, p->conf->tls, l->loop, p->conf->address, p->conf->port, p->conf->host, NULL,
				  &link_stream_cb, l);
	} else if (!err) {
		err = net_connect(&l->stream, l->loop, p->conf->address, p->conf->port, p->conf->sctp, &conf, &link_stream_cb, l);
	}
	if (err) {
		link_finish(l, PEER_EV_I_RCV_CONN_NACK, true, LINK_END_NOT_CONNECTED, err, "%s", no_attempt(p, err, words));
	}
}

/* The connection has ended and all are notified: decides what follows. */
void link_peer_ended(struct link_peer *p)
{
	struct link *l = p->link;
	bool in_order = l->opened && (l->dpr_received || l->stopped_by_us);

	OBJ_CHECK(p, LINK_PEER_MAGIC);
	link_set_phase(l, LINK_IDLE);
	if (p->freed) {
		link_dispose(l);
		return;
	}
	if (l->opened) {
		p->clean = l->end == LINK_END_DISCONNECTED;
	}
	if (in_order && !p->own_reopen) {
		peer_watchdog_renew(&l->watchdog);
	}
	p->own_reopen = false;
	if (l->opened) {
		p->attempts = 0;
	}
	p->refused = l->opened && l->dpr_received && l->dpr_cause_received != DIA_DISCONNECT_REBOOTING;
	if (p->stopped) {
		log_info(l->conf->log, "link", "%s: not reconnecting: %s", p->conf->host, p->stopped);
		return;
	}
	start_after(p, p->kicked || (p->reconnect && !p->refused) ? 0 : reconnect_delay_ms(p));
	if (p->refused && !p->kicked) {
		log_warn(l->conf->log, "link", "%s: told %s, next attempt in %" PRIu64 " s", p->conf->host,
			 dia_disconnect_cause_str(l->dpr_cause_received), link_peer_next_ms(p) / 1000);
	}
}

void link_peer_opened(struct link_peer *p)
{
	OBJ_CHECK(p, LINK_PEER_MAGIC);
	if (p->conf->reopen_detect && !p->conf->sctp) {
		link_reopen(p->link, p->clean ? PEER_REOPEN_EV_OPEN_CLEAN : PEER_REOPEN_EV_OPEN_UNCLEAN);
	}
}

void link_peer_reconnect(struct link_peer *p)
{
	OBJ_CHECK(p, LINK_PEER_MAGIC);
	p->reconnect = true;
	p->own_reopen = p->link->watchdog.state == PEER_WD_REOPEN;
}

void link_peer_expectation(const struct link_peer *p, const char **host, const char **realm)
{
	*host = p->conf->host;
	*realm = p->conf->realm;
}

void link_peer_destroy(struct link_peer *p)
{
	net_timer_free(p->timer);
	OBJ_END(p, LINK_PEER_MAGIC);
	free(p);
}

int link_peer_new(struct link_peer **out, struct net_loop *loop, const struct link_peer_conf *peer, const struct link_conf *conf,
		  const struct link_cb *cb, void *arg)
{
	struct link_peer *p = calloc(1, sizeof *p);
	int err;

	if (!p) {
		return ERR_NOMEM;
	}
	obj_begin(&p->obj, LINK_PEER_MAGIC);
	p->conf = peer;
	err = net_timer_new(&p->timer, loop, start, p);
	if (err) {
		goto free_peer;
	}
	err = link_make(&p->link, loop, conf, cb, arg);
	if (err) {
		goto free_timer;
	}
	p->link->peer = p;
	p->shown = link_peer_state(p);
	start_after(p, 0);
	*out = p;
	return 0;

free_timer:
	net_timer_free(p->timer);
free_peer:
	free(p);
	return err;
}

/* Ends all callbacks of this link; outstanding requests complete with ERR_CLOSED. */
static void silence(struct link *l)
{
	static const struct link_cb nobody = { 0 };
	struct peer_pending_entry e;

	l->cb = &nobody;
	while (peer_pending_pop(l->pending, UINT64_MAX, &e) == 0) {
		e.fn(e.arg, ERR_CLOSED, NULL);
	}
}

void link_peer_free(struct link_peer *p, bool polite)
{
	struct link *l;

	if (!p) {
		return;
	}
	l = p->link;
	link_enter(l);
	p->freed = true;
	start_never(p);
	silence(l);
	if (!polite || (!link_is_open(l) && l->fsm.state != PEER_CLOSING)) {
		link_dispose(l);
	} else if (link_is_open(l)) {
		link_part(l, DIA_DISCONNECT_REBOOTING); /* link_peer_ended() continues */
	}
	link_leave(l);
}

struct link *link_peer_link(struct link_peer *p)
{
	OBJ_CHECK(p, LINK_PEER_MAGIC);
	return link_may_request(p->link) ? p->link : NULL;
}

void link_peer_tap(struct link_peer *p, link_tap_fn *fn, void *arg)
{
	OBJ_CHECK(p, LINK_PEER_MAGIC);
	link_tap(p->link, fn, arg);
}

void link_peer_kick(struct link_peer *p)
{
	OBJ_CHECK(p, LINK_PEER_MAGIC);
	p->stopped = NULL;
	p->kicked = true;
	if (p->link->phase == LINK_IDLE) {
		start_after(p, 0);
	} else if (p->link->phase == LINK_MACHINE && p->link->fsm.state != PEER_CLOSING) {
		p->kicked = false; /* connected or connecting */
	}
	link_peer_look(p);
}

void link_peer_stop(struct link_peer *p, enum dia_disconnect_cause cause, const char *reason)
{
	struct link *l = p->link;

	OBJ_CHECK(p, LINK_PEER_MAGIC);
	p->stopped = reason;
	p->kicked = false;
	start_never(p);
	if (l->phase == LINK_MACHINE && l->fsm.state != PEER_CLOSING) {
		link_part(l, cause);
	}
	link_peer_look(p);
}

void link_peer_no_more(struct link_peer *p, const char *reason)
{
	p->stopped = reason;
	p->kicked = false;
	start_never(p);
}

const char *link_peer_state(const struct link_peer *p)
{
	const struct link *l = p->link;

	OBJ_CHECK(p, LINK_PEER_MAGIC);
	if (l->phase != LINK_MACHINE) {
		return p->stopped ? "stopped" : p->kicked ? "connecting" : "waiting";
	}
	if (l->fsm.state == PEER_CLOSING) {
		return "closing";
	}
	if (!peer_fsm_is_open(&l->fsm)) {
		return "connecting";
	}
	if (l->watchdog.state == PEER_WD_SUSPECT) {
		return "suspect";
	}
	if (l->watchdog.state == PEER_WD_REOPEN) {
		return "reopening";
	}
	if (l->reopen.state == PEER_REOPEN_QUIET) {
		return "connecting";
	}
	return l->reopen.state == PEER_REOPEN_HOLD ? "peer in reopen" : "open";
}

/* Reason of the state while a connection exists. */
static const char *connected_reason(const struct link *l)
{
	if (l->reopen.state == PEER_REOPEN_LEAVING) {
		return "the peer discards requests after a loss (REOPEN, RFC 3539): connecting again";
	}
	if (l->fsm.state == PEER_CLOSING) {
		return l->dpr_received ? "the peer disconnects" : "the peer has not answered our Disconnect-Peer-Request yet";
	}
	if (!peer_fsm_is_open(&l->fsm)) {
		return "";
	}
	if (l->watchdog.state == PEER_WD_SUSPECT) {
		return "the peer does not answer the watchdog";
	}
	if (l->watchdog.state == PEER_WD_REOPEN) {
		return "after a loss: three watchdog answers are needed first";
	}
	return l->reopen.state == PEER_REOPEN_HOLD ? "it discards requests until it has three watchdog answers (REOPEN, RFC 3539)"
						   : "";
}

void link_peer_reason(const struct link_peer *p, char out[LINK_PEER_REASON_MAX])
{
	const struct link *l = p->link;
	uint64_t next_ms = link_peer_next_ms(p);
	char last[LINK_WHY_MAX + 64] = "";

	if (l->phase == LINK_MACHINE || p->stopped) {
		str_cut(out, LINK_PEER_REASON_MAX, l->phase == LINK_MACHINE ? connected_reason(l) : p->stopped);
		return;
	}
	if (p->refused) {
		snprintf(last, sizeof last, "told %s", dia_disconnect_cause_str(l->dpr_cause_received));
	} else if (l->notified) {
		snprintf(last, sizeof last, "%s%s%s", link_end_str(l->end), *l->why ? ": " : "", l->why);
	}
	if (next_ms == LINK_PEER_NO_ATTEMPT) {
		str_cut(out, LINK_PEER_REASON_MAX, last);
	} else {
		snprintf(out, LINK_PEER_REASON_MAX, "%s%snext attempt in %" PRIu64 " s", last, *last ? ", " : "",
			 (next_ms + 999) / 1000);
	}
}

uint64_t link_peer_next_ms(const struct link_peer *p)
{
	uint64_t now_ms = net_loop_now_ms(p->link->loop);

	OBJ_CHECK(p, LINK_PEER_MAGIC);
	if (!p->next_ms) {
		return LINK_PEER_NO_ATTEMPT;
	}
	return p->next_ms > now_ms ? p->next_ms - now_ms : 0;
}
