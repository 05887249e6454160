/* core_peers.c - the peers of our own domain: one connection each, owned by the core, with the
 * internal identity. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/core_int.h"
#include "core/core_smpp.h"
#include "net/net_usr.h"

static void on_usable(void *arg, struct link *l)
{
	struct core_peer *p = OBJ_OF(arg, struct core_peer, CORE_PEER_MAGIC);

	(void)l;
	p->tried = true;
	p->core->peers.events->usable(p);
}

static bool may_connect(void *arg, char why[LINK_WHY_MAX])
{
	return core_proof_may_connect(OBJ_OF(arg, struct core_peer, CORE_PEER_MAGIC), why);
}

static void on_connected(void *arg, struct link *l)
{
	core_proof_begin(OBJ_OF(arg, struct core_peer, CORE_PEER_MAGIC), l);
	core_trace_peer(arg);
}

static void on_open(void *arg, struct link *l)
{
	struct core_peer *p = OBJ_OF(arg, struct core_peer, CORE_PEER_MAGIC);

	p->open = true;
	p->lost_why[0] = 0;
	st_count(&p->core->st, ST_PEER_OPENED);
	log_info(p->core->log, "core", "peer %s (%s) is open, protection %s", p->conf->name, p->conf->host,
		 protection_word(p->conf->protection));
	if (link_peer_link(p->peer)) {
		on_usable(arg, l);
	}
}

static void on_reopen(void *arg, struct link *l, bool held)
{
	struct core_peer *p = OBJ_OF(arg, struct core_peer, CORE_PEER_MAGIC);

	(void)l;
	p->tried = p->tried || held;
	st_count(&p->core->st, held ? ST_PEER_HELD : ST_PEER_REOPEN);
}

static void on_request(void *arg, struct link *l, const struct dia_msg *m)
{
	struct core_peer *p = OBJ_OF(arg, struct core_peer, CORE_PEER_MAGIC);

	p->core->peers.events->request(p, l, m);
}

static void on_down(void *arg, struct link *l, int err, const char *why)
{
	struct core_peer *p = OBJ_OF(arg, struct core_peer, CORE_PEER_MAGIC);
	const char *kind = p->cut ? "" : err_str_beside(err, why); /* the other side did not close it */

	(void)l;
	p->cut = false;
	p->tried = true;
	core_proof_end(p);
	if (p->open && !p->core->stop.begun && !p->leaves) {
		st_count(&p->core->st, ST_PEER_DOWN);
		log_warn(p->core->log, "core", "peer %s (%s) is down: %s%s%s%s", p->conf->name, p->conf->host, why,
			 *kind ? " (" : "", kind, *kind ? ")" : "");
	}
	p->open = false;
	snprintf(p->lost_why, sizeof p->lost_why, "the last connection ended: %.200s", why);
	p->core->peers.events->down(p);
}

static void on_failed(void *arg, int err, uint32_t result_code, const char *why)
{
	struct core_peer *p = OBJ_OF(arg, struct core_peer, CORE_PEER_MAGIC);

	(void)err;
	(void)result_code;
	p->cut = false;
	p->tried = true;
	core_proof_end(p);
	snprintf(p->lost_why, sizeof p->lost_why, "the last attempt failed: %.200s", why);
}

static void on_state(void *arg)
{
	struct core_peer *p = OBJ_OF(arg, struct core_peer, CORE_PEER_MAGIC);

	p->since_ms = core_now_ms(p->core);
}

static const struct link_cb link_cb = { .may_connect = may_connect,
					.on_connected = on_connected,
					.on_open = on_open,
					.on_usable = on_usable,
					.on_reopen = on_reopen,
					.on_request = on_request,
					.on_down = on_down,
					.on_failed = on_failed,
					.on_state = on_state };

static void conf_links(struct core *c)
{
	const struct cfg_iwf *cfg = c->cfg;

	c->peers.link_conf = (struct link_conf){
		.host = cfg->internal.host,
		.realm = cfg->internal.realm,
		.product = "mtc-iwf",
		.applications = { APP_S6M, APP_T4 },
		.applications_n = 2,
		.limits = { cfg->limits.core_message_max, (uint16_t)cfg->limits.avps_max, (uint8_t)cfg->limits.nesting_max },
		.dpa_wait_ms = (uint32_t)cfg->timers.disconnect_wait_ms,
		.watchdog_ms = (uint32_t)cfg->timers.watchdog_ms,
		.watchdog_unchecked = cfg->timers.watchdog_ms < 6000,
		.reopen_ms = (uint32_t)cfg->timers.reopen_ms,
		.reconnect_ms = (uint32_t)cfg->timers.reconnect_ms,
		.reconnect_refused_ms = (uint32_t)cfg->timers.reconnect_refused_ms,
		.pending_max = cfg->limits.peer_pending_max,
		.log = c->log,
		.counters = &c->peers.links,
	};
}

/* NULL: the peer is reached over TCP. */
static const struct net_sctp_ends *sctp_of(struct core_peer *p, const struct cfg_sctp *times)
{
	const struct cfg_peer *conf = p->conf;
	struct net_sctp_ends *e = &p->sctp;

	if (!transport_is_sctp(conf->transport)) {
		return NULL;
	}
	for (size_t i = 0; i < conf->more_addresses_n; i++) {
		e->more[e->more_n++] = conf->more_addresses[i];
	}
	for (size_t i = 0; i < conf->local_addresses_n; i++) {
		e->local[e->local_n++] = conf->local_addresses[i];
	}
	e->timers = (struct net_sctp_timers){ (uint32_t)times->heartbeat_ms,     (uint32_t)times->rto_initial_ms,
					      (uint32_t)times->rto_min_ms,       (uint32_t)times->rto_max_ms,
					      (uint16_t)times->path_retransmits, (uint16_t)times->association_retransmits };
	e->in_udp = conf->transport == TRANSPORT_SCTP_UDP;
	e->udp_port = conf->udp_port;
	return e;
}

/* The sandbox lets none be made later. Without it the peer waits, and the rest runs. */
static void open_udp(struct core_peer *p)
{
	const struct cfg_peer *conf = p->conf;
	int err = 0;

	if (p->sctp.in_udp) {
		err = net_usr_open(&p->sctp.udp, p->core->loop, conf->local_addresses[0], conf->address, conf->udp_port);
	}
	if (err) {
		log_error(p->core->log, "core",
			  "the UDP socket for peer %s cannot be made: %s; it is tried again at the next start", conf->name,
			  err == ERR_IO ? strerror(errno) : err_str(err));
	}
}

/* Over SCTP our addresses are in sctp_of(). */
static const char *local_of(const struct cfg_peer *conf)
{
	return conf->transport == TRANSPORT_TCP && conf->local_addresses_n ? conf->local_addresses[0] : NULL;
}

/* The context of a place may be that of a peer that had the place before. */
static struct tls_ctx *tls_of(const struct core_peer *p, struct tls_ctx *tls)
{
	return p->conf->protection == PROTECTION_TLS ? tls : NULL;
}

static int begin(struct core_peer *p, struct tls_ctx *tls)
{
	struct core *c = p->core;

	p->sctp = (struct net_sctp_ends){ 0 };
	p->link_peer_conf =
	    (struct link_peer_conf){ p->conf->host,  p->conf->realm,         p->conf->address,          p->conf->port,
				     tls_of(p, tls), p->conf->reopen_detect, sctp_of(p, &c->cfg->sctp), local_of(p->conf) };
	open_udp(p);
	p->leaves = p->left = p->tried = p->took = false;
	p->features = (struct core_features){ .n = 0 };
	p->number = ++c->peers.number_last;
	p->begun_ms = net_loop_now_ms(c->loop);
	p->since_ms = core_now_ms(c);
	if (core_smpp_used(c) && p->conf == &c->cfg->peers[c->cfg->t4.peer_index]) {
		return core_smpp_new(&p->smpp, p);
	}
	return link_peer_new(&p->peer, c->loop, &p->link_peer_conf, &c->peers.link_conf, &link_cb, p);
}

/* The row of a peer that had none. One that is gone has a row without a link. */
static int begin_row(struct core *c, size_t i, struct tls_ctx *tls)
{
	struct core_peer *p = &c->peers.row[i];
	int err;

	p->core = c;
	TAILQ_INIT(&p->waiting[0]);
	TAILQ_INIT(&p->waiting[1]);
	core_lanes_init(&p->lanes[0]);
	core_lanes_init(&p->lanes[1]);
	obj_begin(&p->obj, CORE_PEER_MAGIC);
	p->conf = &c->cfg->peers[i];
	p->leaves = p->left = p->conf->gone_ms != 0;
	err = p->left ? 0 : begin(p, tls);
	c->peers.n = err ? c->peers.n : i + 1;
	return err;
}

static void on_look(void *core)
{
	(void)core; /* waking the loop is enough: the end of the turn calls core_peers_look() */
}

int core_peers_open(struct core *c, struct tls_ctx *const tls[CFG_PEERS_MAX], const struct core_peer_events *events)
{
	int err = net_timer_new(&c->peers.look, c->loop, on_look, c);

	c->peers.events = events;
	c->peers.s6m = c->cfg->s6m.peer_index;
	c->peers.t4 = c->cfg->t4.peer_index;
	conf_links(c);
	for (size_t i = 0; i < c->cfg->peers_n && !err; i++) {
		err = begin_row(c, i, tls[i]);
	}
	return err;
}

/* Drops all requests without an event to their triggers: undecided ones stay in the journal, and
 * the next core repeats them with the T flag. */
static void drop_asks(struct core *c)
{
	struct core_seat *seat;

	for (seat = c->peers.n ? TAILQ_FIRST(&c->triggers.list) : NULL; seat; seat = TAILQ_NEXT(seat, entry)) {
		if (!seat->parked) {
			core_trigger_ask_drop(core_trigger_at(seat));
		}
	}
}

void core_peers_leave(struct core *c)
{
	drop_asks(c);
	for (size_t i = 0; i < c->peers.n; i++) {
		struct core_peer *p = &c->peers.row[i];

		/* in every state: without a DPR the peer waits for three watchdogs at the next
		 * start */
		if (p->peer) {
			link_peer_stop(p->peer, DIA_DISCONNECT_REBOOTING, "shutting down");
		} else if (p->smpp) {
			core_smpp_stop(p->smpp, "shutting down");
		}
	}
}

bool core_peers_left(const struct core *c)
{
	for (size_t i = 0; i < c->peers.n; i++) {
		if (c->peers.row[i].open) {
			return false;
		}
	}
	return true;
}

static void close_peer(struct core_peer *p)
{
	struct link_peer *peer = p->peer;

	if (p->smpp) {
		p->core->peers.events->down(p);
		core_smpp_free(p->smpp);
		p->smpp = NULL;
		p->open = false;
		p->since_ms = core_now_ms(p->core);
	}
	if (!peer) {
		return;
	}
	p->core->peers.events->down(p);
	core_proof_end(p);
	p->peer = NULL;
	link_peer_free(peer, false);
	net_usr_close(p->sctp.udp);
	p->sctp.udp = NULL;
	p->open = false;
	p->since_ms = core_now_ms(p->core); /* closing, to the end */
}

void core_peers_close(struct core *c)
{
	drop_asks(c);
	for (size_t i = 0; i < c->peers.n; i++) {
		close_peer(&c->peers.row[i]);
	}
	net_timer_free(c->peers.look);
	c->peers.look = NULL;
}

/* -- a reload */

#define BEGINS_MS 2000u

bool core_peer_begins(const struct core_peer *p)
{
	return (p->peer || p->smpp) && !p->tried && !p->leaves && net_loop_now_ms(p->core->loop) < p->begun_ms + BEGINS_MS;
}

#define MOVES_MS 15000u /* for a new peer to be open, and one that leaves to answer */
#define LOOK_MS 50u

bool core_peer_routed(const struct core_peer *p)
{
	size_t i = (size_t)(p - p->core->peers.row);

	return i == p->core->peers.t4 || i == p->core->cfg->t4.peer_index || p->leaves;
}

bool core_peer_reports(const struct core_peer *p)
{
	return core_peer_routed(p) || p->took || trg_names_has(&p->core->triggers.smssc_hosts, p->conf->host);
}

static int renew(struct core *c, size_t i, struct tls_ctx *tls)
{
	struct core_peer *p = &c->peers.row[i];

	if (i >= c->peers.n) {
		return begin_row(c, i, tls);
	}
	if (p->conf->gone_ms && !p->leaves) {
		log_info(c->log, "core", "peer %s (%s) is removed; it leaves when it has answered", p->conf->name, p->conf->host);
		p->leaves = true;
		c->peers.moves = true;
		if (p->peer) {
			link_peer_no_more(p->peer, "removed from the configuration");
		} else if (p->smpp) {
			core_smpp_no_more(p->smpp, "removed from the configuration");
		}
	} else if (!p->conf->gone_ms && p->leaves && (p->peer || p->smpp) && !p->left) {
		/* It is back before it has left; another one gets a place only after a rest. Its
		 * requests are answered. */
		log_info(c->log, "core", "peer %s (%s) stays", p->conf->name, p->conf->host);
		p->leaves = false;
		p->link_peer_conf.tls = tls_of(p, tls);
		if (p->peer) {
			link_peer_kick(p->peer);
		} else {
			core_smpp_kick(p->smpp);
		}
	} else if (!p->conf->gone_ms && p->leaves) {
		close_peer(p); /* it may be another one in this place */
		return begin(p, tls);
	} else if (!p->conf->gone_ms) {
		p->link_peer_conf.reopen_detect = p->conf->reopen_detect;
		p->link_peer_conf.tls = tls_of(p, tls);
		if (p->smpp) {
			core_smpp_renew(p->smpp);
		}
	}
	return 0;
}

int core_peers_renew(struct core *c, struct tls_ctx *const tls[CFG_PEERS_MAX])
{
	int err = 0;

	conf_links(c);
	for (size_t i = 0; i < c->cfg->peers_n && !c->stop.begun; i++) {
		int one = renew(c, i, tls[i]);

		err = err ? err : one;
	}
	if (c->peers.moves || c->peers.s6m != c->cfg->s6m.peer_index || c->peers.t4 != c->cfg->t4.peer_index) {
		c->peers.moves = true;
		c->peers.moves_by_ms = net_loop_now_ms(c->loop) + MOVES_MS;
		core_peers_look(c);
	}
	return err;
}

bool core_peer_usable(const struct core_peer *p)
{
	return p->smpp ? core_smpp_bound(p->smpp) : p->peer && link_peer_link(p->peer);
}

uint32_t core_peer_window(const struct core_peer *p)
{
	uint32_t window = p->core->cfg->limits.peer_window, own = p->core->cfg->smssc.window;

	return !p->smpp ? window : !core_smpp_may(p->smpp) ? 0 : own < window ? own : window;
}

static bool usable(const struct core *c, size_t i)
{
	return i < c->peers.n && core_peer_usable(&c->peers.row[i]);
}

size_t core_peers_t4(const struct core *c, uint32_t number, const char *host)
{
	for (size_t i = 0; number && i < c->peers.n; i++) {
		if (c->peers.row[i].number == number && usable(c, i)) {
			return i;
		}
	}
	for (size_t i = 0; host && i < c->peers.n; i++) {
		if (i != c->peers.s6m && usable(c, i) && strcmp(c->peers.row[i].conf->host, host) == 0) {
			return i;
		}
	}
	return c->peers.t4;
}

bool core_peers_t4_sent_to(size_t *place, const struct core *c, uint32_t number, const char *host)
{
	bool found = false;

	for (size_t i = 0; i < c->peers.n; i++) {
		const struct core_peer *p = &c->peers.row[i];

		if (number && p->number == number && usable(c, i)) {
			*place = i;
			return true;
		}
		if (host && !p->left && strcmp(p->conf->host, host) == 0 && (!found || usable(c, i))) {
			*place = i;
			found = true;
		}
	}
	return found;
}

/* False: it waits. */
static bool follow(struct core *c, size_t *route, size_t wanted, bool late)
{
	if (*route == wanted) {
		return true;
	}
	if (!late && !usable(c, wanted) && usable(c, *route)) {
		return false;
	}
	log_info(c->log, "core", "requests go to peer %s now", c->cfg->peers[wanted].name);
	*route = wanted;
	if (usable(c, wanted)) {
		c->peers.events->usable(&c->peers.row[wanted]);
	}
	return true;
}

/* False: it waits for answers, or requests still go to it. */
static bool leave(struct core_peer *p, bool late)
{
	struct core *c = p->core;
	size_t i = (size_t)(p - c->peers.row);

	if (!p->leaves || p->left) {
		return true;
	}
	if (i == c->peers.s6m || i == c->peers.t4 || (!late && p->outstanding && p->open)) {
		return false;
	}
	if (p->peer) {
		link_peer_stop(p->peer, DIA_DISCONNECT_DO_NOT_WANT, "removed from the configuration");
	} else if (p->smpp) {
		core_smpp_stop(p->smpp, "removed from the configuration");
	}
	p->left = true;
	return true;
}

void core_peers_look(struct core *c)
{
	bool late, done;

	if (!c->peers.moves || c->stop.begun) {
		return;
	}
	late = net_loop_now_ms(c->loop) >= c->peers.moves_by_ms && !net_loop_listens(c->loop);
	done = follow(c, &c->peers.s6m, c->cfg->s6m.peer_index, late);
	done = follow(c, &c->peers.t4, c->cfg->t4.peer_index, late) && done;
	for (size_t i = 0; i < c->peers.n; i++) {
		done = leave(&c->peers.row[i], late) && done;
	}
	c->peers.moves = !done;
	if (!done) {
		net_timer_start(c->peers.look, LOOK_MS);
	}
}
