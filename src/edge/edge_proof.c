/* edge_proof.c - see edge_proof.h. The helper decides; the edge has a clock of its own beside it,
 * so that a helper that says nothing lets nobody through and holds nobody for ever. */
#include "edge/edge_proof.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/str.h"

#define HELPER_MS 500u /* beyond the grace: for the helper to say it first */

struct edge_proof_closing {
	uint64_t id;
	TAILQ_ENTRY(edge_proof_closing) entry;
};

static struct edge_proofs *proofs_of(void *arg)
{
	return OBJ_OF(arg, struct edge_proofs, EDGE_PROOFS_MAGIC);
}

static const struct cfg_ndsip *conf_of(const struct edge_proofs *all)
{
	return &all->env->cfg->ndsip;
}

/* -- states */

static bool waits(const struct edge_proof *p)
{
	return p->state == EDGE_PROOF_WAITS || p->state == EDGE_PROOF_HELD;
}

static void set_state(struct edge_proofs *all, struct edge_proof *p, enum edge_proof_state state, uint64_t wait_ms)
{
	if (waits(p)) {
		TAILQ_REMOVE(&all->held, p, held);
	}
	p->state = state;
	if (waits(p)) { /* in order of their times, which differ by HELPER_MS at most */
		struct edge_proof *before = TAILQ_LAST(&all->held, edge_proof_list);

		p->cut_ms = net_loop_now_ms(all->env->loop) + wait_ms;
		while (before && before->cut_ms > p->cut_ms) {
			before = TAILQ_PREV(before, edge_proof_list, held);
		}
		if (before) {
			TAILQ_INSERT_AFTER(&all->held, before, p, held);
		} else {
			TAILQ_INSERT_HEAD(&all->held, p, held);
		}
		all->env->deadlines_moved = true;
	}
}

static void forget(struct edge_proofs *all, struct edge_proof *p)
{
	set_state(all, p, EDGE_PROOF_NONE, 0);
	if (p->unsaid) {
		TAILQ_REMOVE(&all->saying, p, saying);
	}
	map_del(&all->by_id, &p->node);
	TAILQ_REMOVE(&all->all, p, entry);
	OBJ_END(p, EDGE_PROOF_MAGIC);
}

/* -- the channel */

static void lose(struct edge_proofs *all);

static void on_lost(void *arg, int err)
{
	struct edge_proofs *all = proofs_of(arg);

	log_error(all->env->log, "edge", "the channel to the NDS/IP helper is closed%s; sessions with NDS/IP %s",
		  err == ERR_PROTO ? ": what came is no message" : "",
		  conf_of(all)->on_loss == CFG_NDSIP_KEEP ? "stay, new ones are refused" : "are cut unless it is back in time");
	lose(all);
}

/* Ids of the helper are forgotten by it with the channel. */
static void forget_closing(struct edge_proofs *all)
{
	struct edge_proof_closing *c;

	while ((c = TAILQ_FIRST(&all->closing))) {
		TAILQ_REMOVE(&all->closing, c, entry);
		free(c);
	}
}

static void hold(struct edge_proofs *all, struct edge_proof *p, unsigned reason, uint64_t wait_ms)
{
	p->reason = reason;
	if (p->state == EDGE_PROOF_PROVEN) {
		set_state(all, p, EDGE_PROOF_HELD, wait_ms);
		all->cb->held(all->arg, p);
	}
}

/* What the helper before has proven is not proven. */
static void forget_proofs(struct edge_proofs *all)
{
	bool keep = conf_of(all)->on_loss == CFG_NDSIP_KEEP;
	struct edge_proof *p;

	TAILQ_FOREACH (p, &all->all, entry) {
		p->asked = false;
		if (!keep) {
			hold(all, p, NS_REASON_NO_HELPER, conf_of(all)->grace_ms);
		}
	}
}

static void lose(struct edge_proofs *all)
{
	ns_channel_free(all->channel);
	all->channel = NULL;
	forget_closing(all);
	forget_proofs(all);
	all->lost(all->lost_arg, all->number);
}

bool edge_proofs_ready(const struct edge_proofs *all)
{
	return all->channel != NULL;
}

static void say_later(struct edge_proofs *all, struct edge_proof *p)
{
	if (!p->unsaid) {
		p->unsaid = true;
		TAILQ_INSERT_TAIL(&all->saying, p, saying);
	}
}

/* False: there is no room. Another failure is told by on_lost. */
static bool send_close(struct edge_proofs *all, uint64_t id)
{
	struct ns_msg m = { .kind = NS_CLOSE, .close = { id } };

	return ns_channel_send(all->channel, &m) != ERR_BUSY;
}

static void say_all(struct edge_proofs *all)
{
	struct edge_proof_closing *c;
	struct edge_proof *p;

	while (all->channel && (c = TAILQ_FIRST(&all->closing)) && send_close(all, c->id)) {
		TAILQ_REMOVE(&all->closing, c, entry);
		free(c);
	}
	while (all->channel && (p = TAILQ_FIRST(&all->saying))) {
		struct ns_msg m = { .kind = NS_OPEN, .open = p->open };

		m.open.again = p->scs[0] != 0;
		if (ns_channel_send(all->channel, &m) == ERR_BUSY) {
			return;
		}
		p->asked = true;
		p->unsaid = false;
		TAILQ_REMOVE(&all->saying, p, saying);
	}
}

static void on_room(void *arg)
{
	say_all(proofs_of(arg));
}

/* -- what the helper says */

static void cut(struct edge_proofs *all, struct edge_proof *p, unsigned reason)
{
	p->reason = reason;
	edge_proof_end(all, p);
	all->cb->cut(all->arg, p);
}

static bool same_scs(const struct edge_proof *p, const struct ns_state *s)
{
	return !strcmp(p->scs, s->scs) && !strcmp(p->identity, s->identity) && !strcmp(p->anchor, s->anchor);
}

static void on_proven(struct edge_proofs *all, struct edge_proof *p, const struct ns_state *s)
{
	if (p->scs[0] && !same_scs(p, s)) { /* an honest helper cuts it itself */
		cut(all, p, NS_REASON_SA_OTHER_IDENTITY);
		return;
	}
	str_set(p->scs, sizeof p->scs, s->scs);
	str_set(p->identity, sizeof p->identity, s->identity);
	str_set(p->anchor, sizeof p->anchor, s->anchor);
	if (p->state != EDGE_PROOF_PROVEN) {
		set_state(all, p, EDGE_PROOF_PROVEN, 0);
		all->cb->proven(all->arg, p);
	}
}

static bool kept(const struct edge_proofs *all, const struct edge_proof *p, const struct ns_state *s)
{
	return conf_of(all)->on_loss == CFG_NDSIP_KEEP && p->state == EDGE_PROOF_PROVEN && s->reason == NS_REASON_CHARON_AWAY;
}

static void on_message(void *arg, const struct ns_msg *m)
{
	struct edge_proofs *all = proofs_of(arg);
	const struct ns_state *s = &m->state;
	struct edge_proof *p = MAP_OF(map_find(&all->by_id, &s->id, sizeof s->id), struct edge_proof, node);

	if (!p || !p->asked) {
		return; /* it ended meanwhile */
	}
	if (s->proof == NS_PROVEN) {
		on_proven(all, p, s);
	} else if (s->proof == NS_CUT) {
		p->asked = false; /* the helper has forgotten it */
		cut(all, p, s->reason);
	} else if (!kept(all, p, s)) {
		hold(all, p, s->reason, conf_of(all)->grace_ms + HELPER_MS);
	}
}

int edge_proofs_channel(struct edge_proofs *all, int fd, uint32_t number, void (*lost)(void *arg, uint32_t number), void *arg)
{
	struct ns_channel_conf conf = { .loop = all->env->loop,
					.from = NS_TO_EDGE,
					.on_message = on_message,
					.on_room = on_room,
					.on_lost = on_lost,
					.arg = all };
	struct edge_proof *p;
	int err;

	OBJ_CHECK(all, EDGE_PROOFS_MAGIC);
	ns_channel_free(all->channel);
	all->channel = NULL;
	forget_closing(all);
	all->number = number;
	all->lost = lost;
	all->lost_arg = arg;
	err = ns_channel_new(&all->channel, fd, &conf);
	if (err) {
		all->channel = NULL;
		lose(all);
		return err;
	}
	forget_proofs(all); /* the end of the channel before may not have been read yet */
	TAILQ_FOREACH (p, &all->all, entry) {
		say_later(all, p);
	}
	say_all(all);
	return 0;
}

/* -- connections */

_Static_assert(NS_ENDS_MAX < NET_IPS_MAX, "a list that is too long for the helper can be read, and is refused");

/* All addresses of one end of an association: a packet may have any of them. */
static int take_ips(struct sa_address out[NS_ENDS_MAX], uint8_t *out_n, const struct net_ip *ips, size_t n)
{
	if (!n || n > NS_ENDS_MAX) {
		return n ? ERR_LIMIT : ERR_INVAL;
	}
	for (size_t i = 0; i < n; i++) {
		size_t len = ips[i].family == AF_INET ? 4 : ips[i].family == AF_INET6 ? 16 : 0;

		if (!len) {
			return ERR_INVAL;
		}
		out[i] = (struct sa_address){ .family = len == 4 ? 4 : 6 };
		memcpy(out[i].octets, ips[i].octets, len);
	}
	*out_n = (uint8_t)n;
	return 0;
}

static int take_association(struct ns_open *o, const struct net_stream *stream)
{
	struct net_ip ips[NET_IPS_MAX];
	size_t n;
	int err = net_stream_local_ips(stream, ips, &n);

	o->protocol = SA_SCTP;
	if (!err) {
		err = take_ips(o->local, &o->local_n, ips, n);
	}
	if (!err) {
		err = net_stream_peer_ips(stream, ips, &n);
	}
	return err ? err : take_ips(o->remote, &o->remote_n, ips, n);
}

static int take_end(struct sa_address *out, uint16_t *port, const struct sockaddr_storage *a)
{
	const struct sockaddr_in6 *v6 = (const void *)a;
	const struct sockaddr_in *v4 = (const void *)a;

	*out = (struct sa_address){ .family = 0 };
	if (a->ss_family == AF_INET) {
		out->family = 4;
		memcpy(out->octets, &v4->sin_addr, 4);
		*port = ntohs(v4->sin_port);
	} else if (a->ss_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr)) {
		out->family = 4;
		memcpy(out->octets, v6->sin6_addr.s6_addr + 12, 4);
		*port = ntohs(v6->sin6_port);
	} else if (a->ss_family == AF_INET6) {
		out->family = 6;
		memcpy(out->octets, &v6->sin6_addr, 16);
		*port = ntohs(v6->sin6_port);
	} else {
		return ERR_INVAL;
	}
	return 0;
}

/* Both ends, from the socket and never from a text. SCTP has one port a side, whatever the
 * address. */
static int take_ends(struct ns_open *o, const struct net_stream *stream, int fd)
{
	struct sockaddr_storage local, remote;
	socklen_t local_len = sizeof local, remote_len = sizeof remote;
	int err;

	if (getsockname(fd, (struct sockaddr *)&local, &local_len) < 0 ||
	    getpeername(fd, (struct sockaddr *)&remote, &remote_len) < 0) {
		return ERR_IO;
	}
	o->protocol = SA_TCP;
	o->local_n = o->remote_n = 1;
	err = take_end(&o->local[0], &o->local_port, &local);
	if (!err) {
		err = take_end(&o->remote[0], &o->remote_port, &remote);
	}
	return err || !net_stream_is_messages(stream) ? err : take_association(o, stream);
}

int edge_proof_begin(struct edge_proofs *all, struct edge_proof *p, const struct net_stream *stream, int fd)
{
	int err;

	OBJ_CHECK(all, EDGE_PROOFS_MAGIC);
	if (!all->channel) {
		return ERR_CLOSED;
	}
	*p = (struct edge_proof){ .state = EDGE_PROOF_NONE };
	err = take_ends(&p->open, stream, fd);
	if (err) {
		return err;
	}
	obj_begin(&p->obj, EDGE_PROOF_MAGIC);
	p->id = p->open.id = ++all->id_next;
	p->reason = NS_REASON_NO_HELPER;
	map_add(&all->by_id, &p->node, &p->id, sizeof p->id);
	TAILQ_INSERT_TAIL(&all->all, p, entry);
	set_state(all, p, EDGE_PROOF_WAITS, conf_of(all)->grace_ms + HELPER_MS);
	say_later(all, p);
	say_all(all);
	return 0;
}

void edge_proof_end(struct edge_proofs *all, struct edge_proof *p)
{
	struct edge_proof_closing *c;

	if (p->state == EDGE_PROOF_NONE) {
		return;
	}
	OBJ_CHECK(p, EDGE_PROOF_MAGIC);
	if (p->asked && all->channel && (!TAILQ_EMPTY(&all->closing) || !send_close(all, p->id))) {
		c = calloc(1, sizeof *c);
		if (c) { /* without memory the helper keeps an id that names nothing, until the channel closes */
			c->id = p->id;
			TAILQ_INSERT_TAIL(&all->closing, c, entry);
		}
	}
	forget(all, p);
}

uint64_t edge_proofs_due(struct edge_proofs *all, uint64_t now_ms)
{
	struct edge_proof *p;

	while ((p = TAILQ_FIRST(&all->held))) {
		if (now_ms < p->cut_ms) {
			return p->cut_ms;
		}
		cut(all, p, p->reason);
	}
	return UINT64_MAX;
}

/* -- life */

int edge_proofs_init(struct edge_proofs *all, struct edge_env *env, const struct edge_proof_cb *cb, void *arg)
{
	*all = (struct edge_proofs){ .env = env, .cb = cb, .arg = arg };
	obj_begin(&all->obj, EDGE_PROOFS_MAGIC);
	TAILQ_INIT(&all->all);
	TAILQ_INIT(&all->held);
	TAILQ_INIT(&all->saying);
	TAILQ_INIT(&all->closing);
	return map_init(&all->by_id);
}

void edge_proofs_fini(struct edge_proofs *all)
{
	if (!all->env) {
		return;
	}
	ns_channel_free(all->channel);
	forget_closing(all);
	map_fini(&all->by_id);
}
