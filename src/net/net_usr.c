/* net_usr.c - a stream over one association of the stack in user space; its life is that of
 * net_tcp.c.
 *
 * The stack tells by an upcall that something may have changed. Then, and whenever the stream
 * begins to wait for something, a task looks at what the socket is ready for; it comes again until
 * nothing is left that the stream waits for, as a descriptor is reported again. */
#include "net/net_usr.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "net/net_message.h"
#include "net/net_sctp_int.h"
#include "net/net_tcp_int.h"
#include "net/net_usr_int.h"

#define MESSAGE_MAX 65536u
#define BUFFER_MAX (256u * 1024u) /* what the stack holds of one association, each way */
#define PAYLOAD_DIAMETER 46u      /* RFC 6733 2.1.1 */
#define PAYLOAD_DTLS 47u

struct net_usr {
	struct net_message in;
	struct socket *so; /* NULL: ended */
	struct net_usr_slot *slot;
	struct net_usr_port *port;
	struct net_task look;
	int wanted;     /* NET_READ | NET_WRITE */
	uint16_t flags; /* of the next messages */
};

/* -- readiness */

static int ready(const struct net_usr *u)
{
	int now = usrsctp_get_events(u->so);
	bool over = now & SCTP_EVENT_ERROR;

	return (now & SCTP_EVENT_READ || over ? NET_READ : 0) | (now & SCTP_EVENT_WRITE || over ? NET_WRITE : 0);
}

static void on_look(void *arg)
{
	struct net_tcp *t = net_tcp_of(arg);
	struct net_usr *u = t->usr;
	int events = u->so ? ready(u) & u->wanted : 0;

	net_stream_hold(&t->base);
	if (events) {
		net_tcp_event(t, events);
	}
	if (u->so && ready(u) & u->wanted) {
		net_task_later(t->loop, &u->look);
	}
	net_stream_drop(&t->base);
}

static void on_upcall(struct socket *so, void *arg, int flags)
{
	struct net_tcp *t = net_tcp_of(arg);

	(void)so;
	(void)flags;
	net_task_later(t->loop, &t->usr->look);
}

static void want(struct net_tcp *t, int events)
{
	t->usr->wanted = events;
	if (events && t->usr->so) {
		net_task_later(t->loop, &t->usr->look);
	}
}

/* -- sending */

static int send_messages(struct net_tcp *t)
{
	struct sctp_sndinfo info = { .snd_flags = t->usr->flags, .snd_ppid = htonl(PAYLOAD_DIAMETER) };
	uint32_t len;

	t->blocked = false;
	while (t->out.len) {
		memcpy(&len, t->out.p + t->out.head, sizeof len);
		if (len > BUFFER_MAX) {
			return EMSGSIZE; /* the stack would wait for room for ever */
		}
		if (usrsctp_sendv(t->usr->so, t->out.p + t->out.head + sizeof len, len, NULL, 0, &info, sizeof info,
				  SCTP_SENDV_SNDINFO, 0) < 0) {
			t->blocked = errno == EAGAIN;
			return t->blocked ? 0 : errno;
		}
		net_queue_del(&t->out, sizeof len + len);
	}
	return 0;
}

static void unordered(struct net_stream *s)
{
	net_tcp_of(s)->usr->flags = SCTP_UNORDERED;
}

/* -- receiving */

/* NULL: the association goes on. A restart: net_sctp_event.c says why it is an end. */
static const char *end_of(const void *p, size_t n)
{
	struct sctp_assoc_change c;

	if (n < sizeof c) {
		return NULL;
	}
	memcpy(&c, p, sizeof c);
	if (c.sac_type != SCTP_ASSOC_CHANGE) {
		return NULL;
	}
	switch (c.sac_state) {
	case SCTP_COMM_LOST:
		return "the association is lost";
	case SCTP_CANT_STR_ASSOC:
		return "the association could not be made";
	case SCTP_SHUTDOWN_COMP:
		return "closed by the other side";
	case SCTP_RESTART:
		return "the other side has started the association anew";
	default:
		return NULL;
	}
}

/* One piece of a message, or a notification. As recv(). */
static ssize_t receive(struct net_tcp *t, uint8_t *buf, struct sctp_rcvinfo *info, int *flags)
{
	struct sockaddr_conn from;
	socklen_t from_len = sizeof from, info_len = sizeof *info;
	unsigned kind = SCTP_RECVV_NOINFO;
	ssize_t n;

	*flags = 0;
	n = usrsctp_recvv(t->usr->so, buf, NET_READ_MAX, (struct sockaddr *)&from, &from_len, info, &info_len, &kind, flags);
	if (kind != SCTP_RECVV_RCVINFO) {
		*info = (struct sctp_rcvinfo){ .rcv_ppid = 0 };
	}
	return n;
}

static bool read_once(struct net_tcp *t)
{
	uint8_t *buf = net_loop_read_buf(t->loop);
	struct sctp_rcvinfo info;
	const char *why;
	int flags;
	ssize_t n = receive(t, buf, &info, &flags);

	if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
		return errno == EINTR;
	}
	if (n < 0) {
		net_tcp_die_errno(t, errno, "receive");
		return false;
	}
	if (n == 0) {
		t->eof = true;
		net_tcp_die(t, ERR_CLOSED, "closed by the other side");
		return false;
	}
	if (flags & MSG_NOTIFICATION) {
		why = end_of(buf, (size_t)n);
		if (why) {
			net_tcp_die(t, ERR_CLOSED, why);
		}
		return !why;
	}
	if (ntohl(info.rcv_ppid) == PAYLOAD_DTLS) {
		net_tcp_die(t, ERR_PROTO, "a message is protected by DTLS, which is not offered over SCTP");
		return false;
	}
	return net_sctp_piece(t, &t->usr->in, buf, (size_t)n, flags & MSG_EOR);
}

static ssize_t drop(struct net_tcp *t)
{
	uint8_t *buf = net_loop_read_buf(t->loop);
	struct sctp_rcvinfo info;
	int flags;
	ssize_t n = receive(t, buf, &info, &flags);

	return n > 0 && (flags & MSG_NOTIFICATION) && end_of(buf, (size_t)n) ? 0 : n;
}

/* -- life */

static bool opened(struct net_tcp *t)
{
	net_addr_text(t->base.peer, &t->usr->slot->remote);
	return true;
}

static int failed(struct net_tcp *t)
{
	int e = 0;
	socklen_t len = sizeof e;

	return usrsctp_getsockopt(t->usr->so, SOL_SOCKET, SO_ERROR, &e, &len) ? errno : e;
}

static int finish(struct net_tcp *t)
{
	return usrsctp_shutdown(t->usr->so, SHUT_WR);
}

static void shut(struct net_tcp *t)
{
	struct net_usr *u = t->usr;

	net_task_cancel(&u->look);
	if (!u->so) {
		return;
	}
	net_usr_end(u->so);
	u->so = NULL;
	net_usr_busy(-1);
	net_usr_slot_drop(u->slot);
	net_usr_port_drop(u->port);
}

static void fini(struct net_tcp *t)
{
	shut(t);
	net_message_fini(&t->usr->in);
	free(t->usr);
	t->usr = NULL;
}

/* The other end has one address: that which its datagrams come from. */
static int ips(const struct net_stream *s, bool peer, struct net_ip out[NET_IPS_MAX], size_t *n)
{
	const struct net_tcp *t = net_tcp_of(s);
	union net_addr a = { 0 };
	socklen_t len = sizeof a;

	*n = 0;
	if (!peer && getsockname(t->fd, &a.sa, &len)) {
		return ERR_IO;
	}
	if (peer && !t->usr->so) {
		return ERR_IO;
	}
	out[(*n)++] = net_ip_of(peer ? &t->usr->slot->remote : &a);
	return 0;
}

static const struct net_wire usr_wire = { .add = net_sctp_add,
					  .send = send_messages,
					  .opened = opened,
					  .read = read_once,
					  .drop = drop,
					  .fini = fini,
					  .want = want,
					  .failed = failed,
					  .finish = finish,
					  .shut = shut };
static const struct net_message_ops message_ops = { .unordered = unordered, .ips = ips };

/* -- making */

static int prepare(struct socket *so)
{
	struct sctp_event changes = { .se_assoc_id = SCTP_FUTURE_ASSOC, .se_type = SCTP_ASSOC_CHANGE, .se_on = 1 };
	int on = 1, size = BUFFER_MAX;

	return usrsctp_set_non_blocking(so, 1) || usrsctp_setsockopt(so, IPPROTO_SCTP, SCTP_EVENT, &changes, sizeof changes) ||
		       usrsctp_setsockopt(so, IPPROTO_SCTP, SCTP_RECVRCVINFO, &on, sizeof on) ||
		       usrsctp_setsockopt(so, IPPROTO_SCTP, SCTP_NODELAY, &on, sizeof on) ||
		       usrsctp_setsockopt(so, SOL_SOCKET, SO_SNDBUF, &size, sizeof size) ||
		       usrsctp_setsockopt(so, SOL_SOCKET, SO_RCVBUF, &size, sizeof size)
		   ? ERR_IO
		   : 0;
}

/* Takes fd and the socket on success only. */
static int stream_new(struct net_tcp **out, enum net_tcp_state first, struct net_loop *l, const struct net_usr_offer *of,
		      const char *peer, const struct net_stream_conf *conf, const struct net_stream_cb *cb, void *arg)
{
	struct net_usr *u = calloc(1, sizeof *u);
	int err = u ? prepare(of->so) : ERR_NOMEM;

	if (!err) {
		err = net_tcp_new(out, &usr_wire, first, l, of->fd, peer, conf, cb, arg);
	}
	if (err) {
		free(u);
		return err;
	}
	net_message_init(&u->in, conf && conf->message_len_max ? conf->message_len_max : MESSAGE_MAX);
	u->so = of->so;
	u->slot = of->slot;
	u->port = of->port;
	u->look = (struct net_task){ .fn = on_look, .arg = *out };
	net_usr_slot_hold(u->slot);
	net_usr_port_hold(u->port);
	net_usr_busy(1);
	(*out)->usr = u;
	(*out)->base.messages = &message_ops;
	(void)usrsctp_set_upcall(u->so, on_upcall, *out);
	return 0;
}

int net_usr_accept(struct net_stream **out, struct net_loop *l, int fd, const char *peer, const struct net_stream_conf *conf,
		   const struct net_stream_cb *cb, void *arg)
{
	struct net_usr_offer *o = net_usr_offered();
	struct net_tcp *t;
	int err = o && o->so && o->fd == fd ? stream_new(&t, NET_TCP_OPENING, l, o, peer, conf, cb, arg) : ERR_INVAL;

	if (!err) {
		o->so = NULL; /* taken */
		net_tcp_accepted(out, t);
	}
	return err;
}

/* The port at this end is the stack's choice. */
static int connect_to(struct net_tcp *t, uint16_t port)
{
	struct sockaddr_conn ours = net_usr_slot_addr(t->usr->slot, 0), to = net_usr_slot_addr(t->usr->slot, port);

	if (usrsctp_bind(t->usr->so, (struct sockaddr *)&ours, sizeof ours) == 0 &&
	    usrsctp_connect(t->usr->so, (struct sockaddr *)&to, sizeof to) == 0) {
		return 0;
	}
	return errno;
}

int net_usr_connect(struct net_stream **out, struct net_loop *l, uint16_t port, const struct net_sctp_ends *ends,
		    const struct net_stream_conf *conf, const struct net_stream_cb *cb, void *arg)
{
	struct net_usr_port *p = ends->udp;
	struct net_usr_offer o = { .fd = -1 };
	char peer[NET_ADDRESS_MAX];
	struct net_tcp *t;
	int err;

	if (!p) {
		errno = EADDRNOTAVAIL; /* its socket could not be made */
		return ERR_IO;
	}
	o.fd = fcntl(p->fd, F_DUPFD_CLOEXEC, 3);
	o.so = o.fd < 0 ? NULL : usrsctp_socket(AF_CONN, SOCK_STREAM, IPPROTO_SCTP, NULL, NULL, 0, NULL);
	o.slot = p->to;
	o.port = p;
	err = o.so ? net_usr_set_all(o.so, &ends->timers) : o.fd < 0 ? ERR_IO : ERR_NOMEM;
	if (!err) {
		net_addr_text(peer, &p->to->remote);
		err = stream_new(&t, NET_TCP_CONNECTING, l, &o, peer, conf, cb, arg);
	}
	if (!err) {
		return net_tcp_connecting(out, t, connect_to(t, port));
	}
	if (o.so) {
		net_usr_end(o.so);
	}
	if (o.fd >= 0) {
		close(o.fd);
	}
	return err;
}
