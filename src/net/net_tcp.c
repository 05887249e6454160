/* net_tcp.c - a stream over one connected socket: TCP and UNIX here, SCTP with net_sctp.c.
 *
 *  connect -> CONNECTING --writable--> OPEN --end of file, error--> DEAD
 *  accept --> OPENING ---next turn-----^ |                           |
 *                                        +----net_stream_close()-----+--> LINGERING
 *  LINGERING --sent, other side ended, 1 s--> gone
 *
 * Writing only queues; the flush task at the end of the turn sends once. Reading is one recv() per
 * event into memory that the loop's streams share. LINGERING sends the queue, ends our direction,
 * reads and drops until the other side ends its own. A close() with unread octets would send a
 * reset, which may overtake our last words.
 * No call waits (MSG_DONTWAIT), also where another process holds the same open socket and makes it
 * a blocking one. */
#include <assert.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "net/net_addr.h"
#include "net/net_tcp_int.h"

#define LINGER_MS 1000

_Static_assert(offsetof(struct net_tcp, base.obj) == 0, "a TCP stream begins with its struct obj");

struct net_tcp *net_tcp_of(const void *p)
{
	return obj_of(p, NET_TCP_MAGIC, "struct net_tcp", __func__);
}

static const char *const state_words[] = { "connecting", "opening", "open", "dead", "lingering" };

static const uint32_t next_states[] = {
	[NET_TCP_CONNECTING] = MACHINE_TO(NET_TCP_OPEN) | MACHINE_TO(NET_TCP_DEAD),
	[NET_TCP_OPENING] = MACHINE_TO(NET_TCP_OPEN) | MACHINE_TO(NET_TCP_LINGERING) | MACHINE_TO(NET_TCP_DEAD),
	[NET_TCP_OPEN] = MACHINE_TO(NET_TCP_LINGERING) | MACHINE_TO(NET_TCP_DEAD),
	/* the owner knows that the other side ended, and may still send */
	[NET_TCP_DEAD] = MACHINE_TO(NET_TCP_LINGERING) | MACHINE_TO(NET_TCP_DEAD),
	[NET_TCP_LINGERING] = MACHINE_TO(NET_TCP_DEAD),
};

const struct machine net_tcp_machine = { "net", "stream", state_words, next_states, NET_TCP_STATES };

/* The one place where the state of a stream changes. */
static void set_state(struct net_tcp *t, enum net_tcp_state state)
{
	t->state = (enum net_tcp_state)machine_go(&net_tcp_machine, net_loop_tcp_gauge(t->loop), t->state, state);
}

static int from_errno(int e)
{
	switch (e) {
	case ECONNREFUSED:
		return ERR_REFUSED;
	case ECONNRESET:
	case EPIPE:
		return ERR_CLOSED;
	case ETIMEDOUT:
		return ERR_TIMEOUT;
	case ENOMEM:
	case ENOBUFS:
		return ERR_NOMEM;
	default:
		return ERR_IO;
	}
}

/* Updates the events that the descriptor is watched for. A failure (memory) is not reported here:
 * the next event or time limit ends the stream. */
static void tcp_watch(struct net_tcp *t)
{
	int events = 0;

	if (t->base.frozen) {
		if (t->wire->want) {
			t->wire->want(t, 0);
		} else if (t->watch) {
			net_watch_stop(t->watch);
		}
		return;
	}
	if ((t->state == NET_TCP_OPEN && !t->paused) || (t->state == NET_TCP_LINGERING && !t->eof)) {
		events |= NET_READ;
	}
	if (t->state == NET_TCP_CONNECTING || ((t->state == NET_TCP_OPEN || t->state == NET_TCP_LINGERING) && t->blocked)) {
		events |= NET_WRITE;
	}
	if (t->wire->want) {
		t->wire->want(t, events);
	} else if (t->watch && net_watch_set(t->watch, events) && t->state != NET_TCP_LINGERING) {
		t->failed_errno = ENOMEM;
		net_task_later(t->loop, &t->later);
	}
}

void net_tcp_die(struct net_tcp *t, int err, const char *why)
{
	set_state(t, NET_TCP_DEAD);
	net_task_cancel(&t->later);
	net_task_cancel(&t->flush);
	net_timer_free(t->timer);
	t->timer = NULL;
	tcp_watch(t);
	net_stream_hold(&t->base);
	net_stream_emit_close(&t->base, err, why);
	net_stream_drop(&t->base);
}

void net_tcp_die_errno(struct net_tcp *t, int e, const char *doing)
{
	char words[64], why[128];

	if (e == ECONNRESET || e == EPIPE) {
		snprintf(why, sizeof why, "connection reset by the other side");
	} else {
		snprintf(why, sizeof why, "%s: %s", doing, strerror_r(e, words, sizeof words));
	}
	net_tcp_die(t, from_errno(e), why);
}

/* -- sending */

/* Sends the whole queue by one call. */
static int tcp_send(struct net_tcp *t)
{
	ssize_t n;

	do {
		n = send(t->fd, t->out.p + t->out.head, t->out.len, MSG_NOSIGNAL | MSG_DONTWAIT);
	} while (n < 0 && errno == EINTR);
	if (n < 0 && errno != EAGAIN) {
		return errno;
	}
	if (n > 0) {
		net_queue_del(&t->out, (size_t)n);
	}
	t->blocked = t->out.len > 0;
	return 0;
}

static int send_queue(struct net_tcp *t)
{
	return t->out.len ? t->wire->send(t) : 0;
}

static void on_flush(void *arg)
{
	struct net_tcp *t = net_tcp_of(arg);

	if (t->state != NET_TCP_OPEN || t->blocked || t->failed_errno || t->base.frozen) {
		return;
	}
	t->failed_errno = send_queue(t);
	if (t->failed_errno) {
		/* the other side may have sent the reason, so it is read first */
		net_task_later(t->loop, &t->later);
	} else if (t->blocked) {
		tcp_watch(t);
	}
}

static int tcp_write(struct net_stream *s, const void *p, size_t n)
{
	struct net_tcp *t = net_tcp_of(s);
	int err;

	if (n > t->out_max || t->out.len > t->out_max - n) {
		return ERR_LIMIT;
	}
	err = t->wire->add(t, p, n);
	if (err) {
		return err;
	}
	if (t->state == NET_TCP_OPEN && !t->blocked) {
		net_task_flush(t->loop, &t->flush);
	}
	return 0;
}

static int tcp_add(struct net_tcp *t, const void *p, size_t n)
{
	return net_queue_add(&t->out, p, n);
}

/* The flush task stays on its list: with nothing queued it does nothing. */
static void tcp_push(struct net_stream *s)
{
	on_flush(net_tcp_of(s));
}

/* -- receiving */

/* Passes all descriptors of a message to the owner. */
static void tcp_emit_fds(struct net_tcp *t, struct msghdr *m)
{
	bool cut = m->msg_flags & MSG_CTRUNC;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
		int fds[NET_FDS_MAX];
		size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof *fds;

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS || n < 1 || n > NET_FDS_MAX) {
			continue;
		}
		memcpy(fds, CMSG_DATA(c), n * sizeof *fds);
		net_stream_emit_fds(&t->base, fds, n, cut);
	}
}

/* As recv(), and with the descriptors that came along. */
static ssize_t tcp_recv_fds(struct net_tcp *t, uint8_t *buf)
{
	union {
		struct cmsghdr head;
		uint8_t room[CMSG_SPACE(NET_FDS_MAX * sizeof(int))];
	} control;
	struct iovec io = { buf, NET_READ_MAX };
	struct msghdr m = { .msg_iov = &io, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control };
	ssize_t n = recvmsg(t->fd, &m, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);

	if (n > 0) {
		tcp_emit_fds(t, &m);
	}
	return n;
}

/* Returns whether there may be more. The caller holds a reference. */
static bool tcp_read(struct net_tcp *t)
{
	uint8_t *buf = net_loop_read_buf(t->loop);
	ssize_t n = t->base.on_fds ? tcp_recv_fds(t, buf) : recv(t->fd, buf, NET_READ_MAX, MSG_DONTWAIT);

	if (n > 0) {
		net_stream_emit_data(&t->base, buf, (size_t)n);
		return true;
	}
	if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
		return errno == EINTR;
	}
	if (n < 0) {
		net_tcp_die_errno(t, errno, "receive");
	} else {
		t->eof = t->base.half_closed = true;
		net_tcp_die(t, ERR_CLOSED, "closed by the other side");
	}
	return false;
}

/* Sending failed: reads what the other side sent before it closed (a TLS alert, a DPR). */
static void tcp_read_last(struct net_tcp *t)
{
	int left = 16;

	while (left-- > 0 && t->state == NET_TCP_OPEN && !t->paused && !t->base.frozen && t->wire->read(t)) {
		;
	}
	if (t->state == NET_TCP_OPEN && !t->base.closed) {
		net_tcp_die_errno(t, t->failed_errno, "send");
	}
}

/* -- opening */

static bool tcp_usable(struct net_tcp *t)
{
	(void)t;
	return true;
}

static void tcp_opened(struct net_tcp *t)
{
	union net_addr a = { 0 };
	socklen_t len = sizeof a;

	if (getsockname(t->fd, &a.sa, &len) == 0) {
		net_addr_text(t->base.local, &a);
	}
	if (!t->wire->opened(t)) {
		return;
	}
	set_state(t, NET_TCP_OPEN);
	net_timer_free(t->timer);
	t->timer = NULL;
	tcp_watch(t);
	if (t->out.len) {
		net_task_flush(t->loop, &t->flush);
	}
	net_stream_emit_open(&t->base);
}

static void on_later(void *arg)
{
	struct net_tcp *t = net_tcp_of(arg);

	net_stream_hold(&t->base);
	if (t->state == NET_TCP_OPEN) {
		tcp_read_last(t);
	} else if (t->failed_errno) {
		net_tcp_die_errno(t, t->failed_errno, "connect");
	} else if (t->state == NET_TCP_OPENING || t->state == NET_TCP_CONNECTING) {
		tcp_opened(t);
	}
	net_stream_drop(&t->base);
}

static void tcp_connected(struct net_tcp *t)
{
	int e = 0;
	socklen_t len = sizeof e;

	if (t->wire->failed) {
		e = t->wire->failed(t);
	} else if (getsockopt(t->fd, SOL_SOCKET, SO_ERROR, &e, &len)) {
		e = errno;
	}
	if (e && t->wire->passing && t->wire->passing(e)) {
		return; /* the time limit runs on */
	}
	if (e) {
		net_tcp_die_errno(t, e, "connect");
	} else {
		tcp_opened(t);
	}
}

static void on_connect_limit(void *arg)
{
	struct net_tcp *t = net_tcp_of(arg);
	char why[64];

	snprintf(why, sizeof why, "connect: no answer in %u ms", t->connect_wait_ms);
	net_tcp_die(t, ERR_TIMEOUT, why);
}

/* -- ending */

static void tcp_destroy(struct net_stream *s)
{
	struct net_tcp *t = net_tcp_of(s);

	net_task_cancel(&t->later);
	net_task_cancel(&t->flush);
	net_timer_free(t->timer);
	net_watch_free(t->watch);
	if (t->fd >= 0) {
		close(t->fd);
	}
	net_queue_fini(&t->out);
	if (t->wire->fini) {
		t->wire->fini(t);
	}
	machine_end(&net_tcp_machine, net_loop_tcp_gauge(t->loop), t->state);
	t->base.obj.magic = 0;
	free(t);
}

static void linger_end(void *arg)
{
	struct net_tcp *t = net_tcp_of(arg);

	net_linger_del(t->loop, &t->linger);
	net_stream_drop(&t->base);
}

/* Continues the end. Returns false if it is complete (everything sent and the end received) or has
 * failed. */
static bool linger_step(struct net_tcp *t)
{
	if (send_queue(t)) {
		return false;
	}
	if (!t->out.len && !t->finished) {
		t->finished = true;
		if (t->eof || (t->wire->finish ? t->wire->finish(t) : shutdown(t->fd, SHUT_WR))) {
			return false;
		}
	}
	tcp_watch(t);
	return true;
}

static ssize_t tcp_drop(struct net_tcp *t)
{
	return recv(t->fd, net_loop_read_buf(t->loop), NET_READ_MAX, MSG_DONTWAIT);
}

static void on_linger_event(struct net_tcp *t, int events)
{
	ssize_t n = 1;

	if (events & NET_READ) {
		n = t->wire->drop(t);
		if (n == 0) {
			t->eof = true;
		}
	}
	if ((n < 0 && errno != EAGAIN && errno != EINTR) || (t->eof && t->finished) || !linger_step(t)) {
		linger_end(t);
	}
}

static void tcp_close(struct net_stream *s, bool abort)
{
	struct net_tcp *t = net_tcp_of(s);
	bool was_open = t->state == NET_TCP_OPEN || t->state == NET_TCP_OPENING || (t->state == NET_TCP_DEAD && t->eof);

	net_task_cancel(&t->later);
	net_task_cancel(&t->flush);
	net_timer_free(t->timer);
	t->timer = NULL;
	if (!abort && was_open && !t->failed_errno) {
		set_state(t, NET_TCP_LINGERING);
		if (linger_step(t) && net_timer_new(&t->timer, t->loop, linger_end, t) == 0) {
			net_timer_start(t->timer, LINGER_MS);
			net_stream_hold(s);
			net_linger_add(t->loop, &t->linger);
			return;
		}
	}
	if (t->wire->shut) {
		t->wire->shut(t);
	} else if (abort) { /* fails on UNIX sockets, which know no reset */
		(void)setsockopt(t->fd, SOL_SOCKET, SO_LINGER, &(struct linger){ .l_onoff = 1 }, sizeof(struct linger));
	}
	set_state(t, NET_TCP_DEAD);
	net_task_cancel(&t->later);
	net_watch_free(t->watch);
	t->watch = NULL;
	close(t->fd);
	t->fd = -1;
}

/* -- the stream */

void net_tcp_event(struct net_tcp *t, int events)
{
	if (t->state == NET_TCP_LINGERING) {
		on_linger_event(t, events);
		return;
	}
	net_stream_hold(&t->base);
	if (t->state == NET_TCP_CONNECTING) {
		tcp_connected(t);
	} else if (t->state == NET_TCP_OPEN) {
		if (events & NET_WRITE) {
			t->blocked = false;
			on_flush(t);
			if (!t->blocked) {
				tcp_watch(t);
			}
		}
		if (events & NET_READ && t->state == NET_TCP_OPEN && !t->paused && !t->base.frozen) {
			(void)t->wire->read(t);
		}
	}
	net_stream_drop(&t->base);
}

static void on_event(void *arg, int events)
{
	net_tcp_event(net_tcp_of(arg), events);
}

static size_t tcp_queued(const struct net_stream *s)
{
	return net_tcp_of(s)->out.len;
}

static void tcp_pause(struct net_stream *s)
{
	struct net_tcp *t = net_tcp_of(s);

	t->paused = true;
	tcp_watch(t);
}

static void tcp_resume(struct net_stream *s)
{
	struct net_tcp *t = net_tcp_of(s);

	t->paused = false;
	tcp_watch(t);
}

static void tcp_freeze(struct net_stream *s, bool frozen)
{
	struct net_tcp *t = net_tcp_of(s);

	if (t->state == NET_TCP_DEAD) {
		return;
	}
	tcp_watch(t);
	if (!frozen && t->out.len && !t->blocked) {
		net_task_flush(t->loop, &t->flush);
	}
}

static const struct net_stream_ops tcp_ops = { tcp_write,  tcp_queued, tcp_push,    tcp_pause,
					       tcp_resume, tcp_close,  tcp_destroy, tcp_freeze };

static const struct net_wire byte_wire = {
	.add = tcp_add, .send = tcp_send, .opened = tcp_usable, .read = tcp_read, .drop = tcp_drop
};

int net_tcp_new(struct net_tcp **out, const struct net_wire *wire, enum net_tcp_state first, struct net_loop *l, int fd,
		const char *peer, const struct net_stream_conf *conf, const struct net_stream_cb *cb, void *arg)
{
	struct net_tcp *t = calloc(1, sizeof *t);
	int err;

	if (!t) {
		return ERR_NOMEM;
	}
	err = wire->want ? 0 : net_watch_new(&t->watch, l, fd, on_event, t);
	if (err) {
		free(t);
		return err;
	}
	net_stream_init(&t->base, NET_TCP_MAGIC, &tcp_ops, peer, cb, arg);
	t->wire = wire;
	t->loop = l;
	t->state = first;
	machine_begin(&net_tcp_machine, net_loop_tcp_gauge(l), first);
	t->fd = fd;
	t->out.spares = net_loop_spares(l);
	t->later = (struct net_task){ .fn = on_later, .arg = t };
	t->flush = (struct net_task){ .fn = on_flush, .arg = t };
	t->linger = (struct net_linger){ .end = linger_end, .arg = t };
	t->out_max = conf && conf->write_queue_max ? conf->write_queue_max : NET_WRITE_QUEUE_MAX;
	t->connect_wait_ms = conf && conf->connect_wait_ms ? conf->connect_wait_ms : NET_CONNECT_WAIT_MS;
	*out = t;
	return 0;
}

static int bytes_new(struct net_tcp **out, enum net_tcp_state first, struct net_loop *l, int fd, const char *peer,
		     const struct net_stream_conf *conf, const struct net_stream_cb *cb, void *arg)
{
	int on = 1;

	/* fails on UNIX sockets, which have no such delay */
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	return net_tcp_new(out, &byte_wire, first, l, fd, peer, conf, cb, arg);
}

void net_tcp_accepted(struct net_stream **out, struct net_tcp *t)
{
	net_task_later(t->loop, &t->later);
	*out = &t->base;
}

int net_tcp_connecting(struct net_stream **out, struct net_tcp *t, int failed_errno)
{
	int err = net_timer_new(&t->timer, t->loop, on_connect_limit, t);

	if (err) {
		net_stream_abort(&t->base);
		return err;
	}
	if (failed_errno == EINPROGRESS) {
		net_timer_start(t->timer, t->connect_wait_ms);
		tcp_watch(t);
	} else {
		t->failed_errno = failed_errno;
		net_task_later(t->loop, &t->later);
	}
	*out = &t->base;
	return 0;
}

int net_tcp_accept(struct net_stream **out, struct net_loop *l, int fd, const char *peer, const struct net_stream_conf *conf,
		   const struct net_stream_cb *cb, void *arg)
{
	struct net_tcp *t;
	int err = bytes_new(&t, NET_TCP_OPENING, l, fd, peer, conf, cb, arg);

	if (!err) {
		net_tcp_accepted(out, t);
	}
	return err;
}

/* Our own end of a connection that is to be made; the kernel chooses the port. */
static int bind_to(int fd, int family, const char *local)
{
	union net_addr a;
	socklen_t len;
	int err = net_addr_parse(&a, &len, local, 0);

	if (err || a.sa.sa_family != family) {
		return ERR_INVAL;
	}
	return bind(fd, &a.sa, len) < 0 ? ERR_IO : 0;
}

static int connect_to(struct net_stream **out, struct net_loop *l, const union net_addr *a, socklen_t len,
		      const struct net_stream_conf *conf, const struct net_stream_cb *cb, void *arg)
{
	char peer[NET_ADDRESS_MAX];
	struct net_tcp *t;
	int err, fd;

	net_addr_text(peer, a);
	fd = socket(a->sa.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0) {
		return ERR_IO;
	}
	err = conf && conf->local ? bind_to(fd, a->sa.sa_family, conf->local) : 0;
	if (!err) {
		err = bytes_new(&t, NET_TCP_CONNECTING, l, fd, peer, conf, cb, arg);
	}
	if (err) {
		int failed = errno;

		close(fd);
		errno = failed;
		return err;
	}
	return net_tcp_connecting(out, t, connect(fd, &a->sa, len) ? errno : 0);
}

int net_tcp_connect(struct net_stream **out, struct net_loop *l, const char *address, uint16_t port,
		    const struct net_stream_conf *conf, const struct net_stream_cb *cb, void *arg)
{
	union net_addr a;
	socklen_t len;
	int err = net_addr_parse(&a, &len, address, port);

	return err ? err : connect_to(out, l, &a, len, conf, cb, arg);
}

int net_unix_connect(struct net_stream **out, struct net_loop *l, const char *path, const struct net_stream_conf *conf,
		     const struct net_stream_cb *cb, void *arg)
{
	union net_addr a;
	socklen_t len;
	int err = net_addr_unix(&a, &len, path);

	return err ? err : connect_to(out, l, &a, len, conf, cb, arg);
}
