/* net_usr_stack.c - usrsctp in the loop: UDP sockets, the ends behind them, and time.
 *
 * The state of the stack is global in the library, and so is ours: `the`. All of it is touched in
 * the loop that began it.
 *
 * A stranger's datagram gets a slot only by an INIT, for which the stack keeps nothing (the cookie
 * holds it); a slot without an association goes to the next stranger, the oldest first. Any other
 * datagram of a stranger is answered through the slot of strangers, which no association may have:
 * so an end that goes on with an association of before learns that there is none. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "net/net_usr_int.h"

#define STREAMS_OUT 1u
#define STREAMS_IN 64u
#define TICK_MS 10u   /* the grain of the stack's own timers */
#define IDLE_MS 1000u /* without an association only sockets that are gone wait for time */
#define DATAGRAMS_A_TURN 32
#define HEAD_LEN 12u /* of an SCTP packet, RFC 9260 3.1; the type of its first chunk follows */
#define CHUNK_HEAD_LEN 4u
#define CHUNK_INIT 1u
#define CHUNK_COOKIE_ECHO 10u

#define STACK_MAGIC 0xa90e64c3u
struct stack {
	struct obj obj;
	struct net_loop *loop;
	unsigned ports;
	int busy;
	struct net_timer *timer;
	uint64_t ticked_ms;
	struct net_usr_offer *offered;                   /* borrowed */
	struct net_usr_slot slots[NET_USR_ENDS_MAX + 1]; /* [0]: of strangers */
	TAILQ_HEAD(, net_usr_slot) idle;                 /* not held; the oldest first */
};

static struct stack *the; /* see the head of the file */

/* -- slots */

static void *handle_of(const struct net_usr_slot *s)
{
	return (void *)(uintptr_t)(s - the->slots + 1); /* a number, which nobody follows */
}

static struct net_usr_slot *slot_at(const void *handle)
{
	uintptr_t n = (uintptr_t)handle;

	return n >= 1 && n <= NET_USR_ENDS_MAX + 1 ? &the->slots[n - 1] : NULL;
}

struct sockaddr_conn net_usr_slot_addr(const struct net_usr_slot *s, uint16_t port)
{
	return (struct sockaddr_conn){ .sconn_family = AF_CONN, .sconn_port = htons(port), .sconn_addr = handle_of(s) };
}

struct net_usr_slot *net_usr_slot_of(const struct sockaddr_conn *a)
{
	struct net_usr_slot *s = a->sconn_family == AF_CONN ? slot_at(a->sconn_addr) : NULL;

	return s == &the->slots[0] ? NULL : s;
}

void net_usr_slot_hold(struct net_usr_slot *s)
{
	if (s->used++ == 0) {
		TAILQ_REMOVE(&the->idle, s, entry);
	}
}

void net_usr_slot_drop(struct net_usr_slot *s)
{
	if (--s->used == 0) {
		TAILQ_INSERT_TAIL(&the->idle, s, entry);
	}
}

static bool same_end(const union net_addr *a, const union net_addr *b)
{
	struct net_ip p = net_ip_of(a), q = net_ip_of(b);

	return net_addr_port(a) == net_addr_port(b) && net_ip_equal(&p, &q);
}

static struct net_usr_slot *slot_find(const struct net_usr_port *p, const union net_addr *from)
{
	for (size_t i = 1; i <= NET_USR_ENDS_MAX; i++) {
		if (the->slots[i].port == p && same_end(&the->slots[i].remote, from)) {
			return &the->slots[i];
		}
	}
	return NULL;
}

/* NULL: all have associations. */
static struct net_usr_slot *slot_take(struct net_usr_port *p, const union net_addr *remote)
{
	struct net_usr_slot *s = TAILQ_FIRST(&the->idle);

	if (s) {
		TAILQ_REMOVE(&the->idle, s, entry);
		TAILQ_INSERT_TAIL(&the->idle, s, entry);
		s->port = p;
		s->remote = *remote;
	}
	return s;
}

static void slots_forget(const struct net_usr_port *p)
{
	for (size_t i = 0; i <= NET_USR_ENDS_MAX; i++) {
		if (the->slots[i].port == p) {
			the->slots[i].port = NULL;
		}
	}
}

/* -- packets */

/* Called by the stack, which must not be called from here. A packet that cannot be sent is lost, as
 * on any network. */
static int on_packet(void *handle, void *p, size_t n, uint8_t tos, uint8_t set_df)
{
	const struct net_usr_slot *s = the ? slot_at(handle) : NULL;
	socklen_t len;

	(void)tos;
	(void)set_df;
	if (!s || !s->port) {
		return 0;
	}
	len = s->remote.sa.sa_family == AF_INET ? sizeof s->remote.v4 : sizeof s->remote.v6;
	err_ignore(sendto(s->port->fd, p, n, MSG_NOSIGNAL, s->port->to ? NULL : &s->remote.sa, s->port->to ? 0 : len) < 0,
		   "the stack sends again what nobody acknowledges");
	return 0;
}

/* NULL: the datagram is dropped. */
static struct net_usr_slot *slot_for(struct net_usr_port *p, const union net_addr *from, uint8_t chunk)
{
	struct net_usr_slot *s = p->to ? p->to : slot_find(p, from);

	if (s || chunk == CHUNK_COOKIE_ECHO) {
		return s;
	}
	if (chunk == CHUNK_INIT) {
		return slot_take(p, from);
	}
	the->slots[0].port = p;
	the->slots[0].remote = *from;
	return &the->slots[0];
}

static void on_datagram(struct net_usr_port *p, const uint8_t *b, size_t n, const union net_addr *from)
{
	struct net_usr_slot *s = n < HEAD_LEN + CHUNK_HEAD_LEN ? NULL : slot_for(p, from, b[HEAD_LEN]);

	if (!s) {
		return;
	}
	usrsctp_conninput(handle_of(s), b, n, 0);
	the->slots[0].port = NULL;
	if (p->listener) {
		net_usr_accept_from(p->listener, s);
	}
}

static void on_readable(void *arg, int events)
{
	struct net_usr_port *p = OBJ_OF(arg, struct net_usr_port, NET_USR_PORT_MAGIC);

	(void)events;
	net_usr_port_hold(p);
	for (int i = 0; i < DATAGRAMS_A_TURN && p->watch; i++) {
		union net_addr from = { 0 };
		struct iovec io = { net_loop_read_buf(p->loop), NET_READ_MAX };
		struct msghdr m = { .msg_name = &from, .msg_namelen = sizeof from, .msg_iov = &io, .msg_iovlen = 1 };
		ssize_t n = recvmsg(p->fd, &m, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

		/* What ICMP says of a connected socket proves nothing about one association (RFC
		 * 6951 5.5): it is read here, and passed over. */
		if (n < 0 && errno == EAGAIN) {
			break;
		}
		if (n > 0 && !(m.msg_flags & MSG_TRUNC)) {
			on_datagram(p, io.iov_base, (size_t)n, &from);
		}
	}
	net_usr_port_drop(p);
}

/* -- time */

static void on_tick(void *arg)
{
	struct stack *s = OBJ_OF(arg, struct stack, STACK_MAGIC);
	uint64_t now = net_loop_now_ms(s->loop), passed = now - s->ticked_ms;

	s->ticked_ms = now;
	usrsctp_handle_timers(passed < UINT32_MAX ? (uint32_t)passed : UINT32_MAX);
	net_timer_start(s->timer, s->busy ? TICK_MS : IDLE_MS);
}

void net_usr_busy(int more)
{
	bool before = the->busy != 0;

	the->busy += more;
	if (!before && the->busy) {
		net_timer_start(the->timer, TICK_MS);
	}
}

void net_usr_offer(struct net_usr_offer *o)
{
	the->offered = o;
}

struct net_usr_offer *net_usr_offered(void)
{
	return the ? the->offered : NULL;
}

/* -- the stack */

static void silent(const char *format, ...)
{
	(void)format;
}

static void configure(void)
{
	usrsctp_sysctl_set_sctp_ecn_enable(0); /* a datagram does not tell */
	usrsctp_sysctl_set_sctp_asconf_enable(0);
	usrsctp_sysctl_set_sctp_auto_asconf(0);
	usrsctp_sysctl_set_sctp_reconfig_enable(0);
	usrsctp_sysctl_set_sctp_pktdrop_enable(0);
	usrsctp_sysctl_set_sctp_pr_enable(0);
	usrsctp_sysctl_set_sctp_no_csum_on_loopback(0);
}

static int stack_begin(struct net_loop *l)
{
	struct stack *s;
	int err;

	if (the) {
		return the->loop == l ? 0 : ERR_EXISTS;
	}
	s = calloc(1, sizeof *s);
	if (!s) {
		return ERR_NOMEM;
	}
	err = net_timer_new(&s->timer, l, on_tick, s);
	if (err) {
		free(s);
		return err;
	}
	obj_begin(&s->obj, STACK_MAGIC);
	s->loop = l;
	s->ticked_ms = net_loop_now_ms(l);
	TAILQ_INIT(&s->idle);
	the = s;
	usrsctp_init_nothreads(0, on_packet, silent);
	configure();
	for (size_t i = 0; i <= NET_USR_ENDS_MAX; i++) { /* now: it makes system calls */
		usrsctp_register_address(handle_of(&s->slots[i]));
		if (i) {
			TAILQ_INSERT_TAIL(&s->idle, &s->slots[i], entry);
		}
	}
	net_timer_start(s->timer, IDLE_MS);
	return 0;
}

static void stack_end(void)
{
	struct stack *s = the;

	for (size_t i = 0; i <= NET_USR_ENDS_MAX; i++) {
		usrsctp_deregister_address(handle_of(&s->slots[i]));
	}
	(void)usrsctp_finish(); /* sockets whose time is not over stay until the process ends */
	the = NULL;
	net_timer_free(s->timer);
	OBJ_END(s, STACK_MAGIC);
	free(s);
}

/* -- ports */

int net_usr_port_new(struct net_usr_port **out, struct net_loop *l, int fd, const union net_addr *to)
{
	struct net_usr_port *p = calloc(1, sizeof *p);
	int err = p ? stack_begin(l) : ERR_NOMEM;

	if (err) {
		free(p);
		return err;
	}
	the->ports++;
	*p = (struct net_usr_port){ .obj = { NET_USR_PORT_MAGIC }, .loop = l, .refs = 1, .fd = -1 };
	err = net_watch_new(&p->watch, l, fd, on_readable, p);
	if (!err) {
		err = net_watch_set(p->watch, NET_READ);
	}
	if (!err && to) {
		p->to = slot_take(p, to);
		err = p->to ? 0 : ERR_LIMIT;
	}
	if (err) {
		net_usr_port_drop(p);
		return err;
	}
	if (p->to) {
		net_usr_slot_hold(p->to);
	}
	p->fd = fd;
	*out = p;
	return 0;
}

void net_usr_port_hold(struct net_usr_port *p)
{
	p->refs++;
}

void net_usr_port_drop(struct net_usr_port *p)
{
	if (--p->refs) {
		return;
	}
	if (p->to) {
		net_usr_slot_drop(p->to);
	}
	slots_forget(p);
	net_watch_free(p->watch);
	p->watch = NULL;
	if (p->fd >= 0) {
		close(p->fd);
	}
	OBJ_END(p, NET_USR_PORT_MAGIC);
	free(p);
	if (--the->ports == 0) {
		stack_end();
	}
}

/* -- sockets of the stack */

int net_usr_set_all(struct socket *so, const struct net_sctp_timers *t)
{
	struct sctp_initmsg init = { .sinit_num_ostreams = STREAMS_OUT, .sinit_max_instreams = STREAMS_IN };
	struct sctp_rtoinfo rto = { .srto_initial = t->rto_initial_ms, .srto_min = t->rto_min_ms, .srto_max = t->rto_max_ms };
	struct sctp_assocparams association = { .sasoc_asocmaxrxt = t->association_retransmits };
	struct sctp_paddrparams path = { .spp_hbinterval = t->heartbeat_ms,
					 .spp_pathmaxrxt = t->path_retransmits,
					 .spp_flags = t->heartbeat_ms ? SPP_HB_ENABLE : 0 };

	if (usrsctp_set_non_blocking(so, 1) || usrsctp_setsockopt(so, IPPROTO_SCTP, SCTP_INITMSG, &init, sizeof init) ||
	    usrsctp_setsockopt(so, IPPROTO_SCTP, SCTP_RTOINFO, &rto, sizeof rto) ||
	    usrsctp_setsockopt(so, IPPROTO_SCTP, SCTP_ASSOCINFO, &association, sizeof association) ||
	    usrsctp_setsockopt(so, IPPROTO_SCTP, SCTP_PEER_ADDR_PARAMS, &path, sizeof path)) {
		return ERR_IO;
	}
	return 0;
}

void net_usr_end(struct socket *so)
{
	struct linger now = { .l_onoff = 1 };

	(void)usrsctp_set_upcall(so, NULL, NULL);
	(void)usrsctp_setsockopt(so, SOL_SOCKET, SO_LINGER, &now, sizeof now);
	usrsctp_close(so);
}
