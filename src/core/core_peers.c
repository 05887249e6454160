/* core_peers.c - the peers of our own domain: one connection each, owned by the core, with the
 * internal identity. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/core_int.h"

static void on_usable(void *arg, struct link *l)
{
	struct core_peer *p = OBJ_OF(arg, struct core_peer, CORE_PEER_MAGIC);

	(void)l;
	p->core->peers.events->usable(p);
}

static bool may_connect(void *arg, char why[LINK_WHY_MAX])
{
	return core_proof_may_connect(OBJ_OF(arg, struct core_peer, CORE_PEER_MAGIC), why);
}

static void on_connected(void *arg, struct link *l)
{
	core_proof_begin(OBJ_OF(arg, struct core_peer, CORE_PEER_MAGIC), l);
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
	core_proof_end(p);
	if (p->open && !p->core->stop.begun) {
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

	if (conf->transport != TRANSPORT_SCTP) {
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
	return e;
}

/* Over SCTP our addresses are in sctp_of(). */
static const char *local_of(const struct cfg_peer *conf)
{
	return conf->transport == TRANSPORT_TCP && conf->local_addresses_n ? conf->local_addresses[0] : NULL;
}

int core_peers_open(struct core *c, struct tls_ctx *const tls[CFG_PEERS_MAX], const struct core_peer_events *events)
{
	c->peers.events = events;
	conf_links(c);
	for (size_t i = 0; i < c->cfg->peers_n; i++) {
		struct core_peer *p = &c->peers.row[i];
		int err;

		p->core = c;
		TAILQ_INIT(&p->waiting[0]);
		TAILQ_INIT(&p->waiting[1]);
		core_lanes_init(&p->lanes[0]);
		core_lanes_init(&p->lanes[1]);
		obj_begin(&p->obj, CORE_PEER_MAGIC);
		p->conf = &c->cfg->peers[i];
		p->since_ms = core_now_ms(p->core);
		p->link_peer_conf = (struct link_peer_conf){
			p->conf->host, p->conf->realm,         p->conf->address,          p->conf->port,
			tls[i],        p->conf->reopen_detect, sctp_of(p, &c->cfg->sctp), local_of(p->conf)
		};
		err = link_peer_new(&p->peer, c->loop, &p->link_peer_conf, &c->peers.link_conf, &link_cb, p);
		if (err) {
			return err;
		}
		c->peers.n = i + 1;
	}
	return 0;
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

void core_peers_close(struct core *c)
{
	drop_asks(c);
	for (size_t i = 0; i < c->peers.n; i++) {
		struct link_peer *peer = c->peers.row[i].peer;

		if (!peer) {
			continue;
		}
		c->peers.events->down(&c->peers.row[i]);
		core_proof_end(&c->peers.row[i]);
		c->peers.row[i].peer = NULL;
		link_peer_free(peer, false);
		c->peers.row[i].open = false;
		c->peers.row[i].since_ms = core_now_ms(c); /* closing, to the end */
	}
}
