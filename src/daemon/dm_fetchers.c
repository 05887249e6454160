/* dm_fetchers.c - the parent's side of the fetcher: the pairs of sockets between it and the edges
 * and the core, and the connections to responders. The fetcher reads what strangers send and may
 * connect to nothing: it asks, and the parent connects to the responders of the configuration, and
 * reads and sends nothing. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "conf/cfg_iwf_ocsp.h"
#include "daemon/dm_parent_int.h"

#define CONNECTIONS_A_SECOND 512u /* an honest fetcher has as many as it has slots, and each takes time */

void dm_fetchers_place(struct dm_parent *p)
{
	dm_child_init(&p->fetcher, p, DM_FETCHER);
	p->fetcher_n = cfg_responder_any(p->cfg);
}

/* -- pairs */

/* Edges of a zone without TLS have nothing to ask, nor has the core without a receiver of
 * checkpoints. */
static bool needs_pair(const struct dm_child *c)
{
	const struct cfg_iwf *cfg = c->parent->cfg;
	struct cfg_responder receiver;

	if (c->role == DM_CORE) {
		return cfg_responder(&receiver, cfg, CFG_RECEIVER);
	}
	for (size_t i = 0; c->role == DM_EDGE && i < cfg->listen_n; i++) {
		if (cfg->listen[i].zone == (int)c->zone && protection_has_tls(cfg->listen[i].protection)) {
			return true;
		}
	}
	return false;
}

static void lose(struct dm_child *c)
{
	const struct cfg_timers *timers = &c->parent->cfg->timers;
	struct dm_pair *pair = &c->fetch_pair;

	pair->lost = true;
	dm_again_ended(&pair->again, true, net_loop_now_ms(c->parent->loop) - pair->since_ms);
	net_timer_start(c->fetch_again, dm_again_pause_ms(&pair->again, timers->edge_restart_ms, timers->restart_max_ms));
}

static int make_pair(struct dm_child *edge)
{
	struct dm_msg m = {
		.kind = DM_FETCH, .generation = edge->generation, .index = edge->fetch_pair.number, .what = edge->role == DM_CORE
	};
	int pair[2], err;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) < 0) {
		return ERR_IO;
	}
	err = dm_send(edge->parent->fetcher.sock, &m, &pair[1], 1);
	if (!err) {
		err = dm_send(edge->sock, &m, &pair[0], 1);
	}
	close(pair[0]);
	close(pair[1]);
	return err;
}

static void join(struct dm_child *edge)
{
	struct dm_parent *p = edge->parent;
	char name[EDGE_WORDS_MAX];
	int err;

	if (!p->fetcher_n || !p->fetcher.pid || !edge->pid || !needs_pair(edge)) {
		return;
	}
	edge->fetch_pair.number++;
	edge->fetch_pair.lost = false;
	edge->fetch_pair.since_ms = net_loop_now_ms(p->loop);
	err = make_pair(edge);
	if (err) {
		log_error(&p->log, "daemon", "%s gets no channel to the fetcher, it is tried again: %s",
			  dm_child_name(edge, name), err_str(err));
		lose(edge);
	}
}

void dm_fetchers_join(struct dm_child *c)
{
	if (c->role != DM_FETCHER) {
		join(c);
		return;
	}
	for (uint32_t i = 0; i < c->parent->edges_n; i++) {
		join(&c->parent->edges[i]);
	}
	join(&c->parent->core);
}

static void on_again(void *arg)
{
	struct dm_child *c = OBJ_OF(arg, struct dm_child, DM_CHILD_MAGIC);
	char name[EDGE_WORDS_MAX];

	/* without one of the two the start of the next one makes the pair */
	if (c->fetch_pair.lost && c->pid && c->parent->fetcher.pid && !c->parent->stopping) {
		log_warn(&c->parent->log, "daemon", "%s gets a new channel to the fetcher: the one before has closed",
			 dm_child_name(c, name));
		join(c);
	}
}

bool dm_fetchers_lost(struct dm_child *c, const struct dm_msg *m)
{
	if (!needs_pair(c) || !c->parent->fetcher_n) {
		return false;
	}
	if (m->index == c->fetch_pair.number && !c->fetch_pair.lost) { /* else it has a newer one already */
		lose(c);
	}
	return true;
}

int dm_fetchers_watch(struct dm_parent *p)
{
	int err = net_timer_new(&p->core.fetch_again, p->loop, on_again, &p->core);

	for (uint32_t i = 0; i < p->edges_n && !err; i++) {
		err = net_timer_new(&p->edges[i].fetch_again, p->loop, on_again, &p->edges[i]);
	}
	return err;
}

/* -- connections to responders */

static socklen_t address_of(struct sockaddr_storage *out, const struct cfg_responder *r)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons(r->url.port) };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = htons(r->url.port) };

	if (inet_pton(AF_INET, r->address, &v4.sin_addr) == 1) {
		memcpy(out, &v4, sizeof v4);
		return sizeof v4;
	}
	if (inet_pton(AF_INET6, r->address, &v6.sin6_addr) == 1) {
		memcpy(out, &v6, sizeof v6);
		return sizeof v6;
	}
	return 0;
}

/* Does not wait: the fetcher sees when the connection is there. Returns the descriptor, or -1. */
static int begin_connection(const struct cfg_responder *r)
{
	struct sockaddr_storage to;
	socklen_t len = address_of(&to, r);
	int fd = len ? socket(to.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0) : -1;

	if (fd >= 0 && connect(fd, (const struct sockaddr *)&to, len) < 0 && errno != EINPROGRESS) {
		close(fd);
		fd = -1;
	}
	return fd;
}

static bool within_rate(struct dm_parent *p)
{
	uint64_t now = net_loop_now_ms(p->loop);

	if (now - p->fetch_since_ms >= 1000) {
		p->fetch_since_ms = now;
		p->fetch_made = 0;
	}
	return p->fetch_made++ < CONNECTIONS_A_SECOND;
}

bool dm_fetchers_connect(struct dm_child *c, const struct dm_msg *asked)
{
	struct dm_parent *p = c->parent;
	struct dm_msg m = { .kind = DM_FETCH_CONNECTED, .generation = asked->generation };
	struct cfg_responder r;
	int fd = -1;

	if (c->role != DM_FETCHER || !cfg_responder(&r, p->cfg, asked->index)) {
		return false;
	}
	if (within_rate(p)) {
		fd = begin_connection(&r);
	}
	if (dm_send(c->sock, &m, &fd, fd < 0 ? 0 : 1)) {
		log_warn(&p->log, "daemon", "the fetcher does not take messages");
	}
	if (fd >= 0) {
		close(fd);
	}
	return true;
}
