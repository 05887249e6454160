/* net_sctp.c - a stream over one SCTP association; its life is that of net_tcp.c.
 *
 * The queue holds whole messages, each behind its length. A message leaves by one call or not at
 * all. What arrives is gathered until the kernel says that a message has ended.
 * The kernel tells an end in three ways, of which each may come first: end of file, an error, or a
 * notification. After our own shutdown it is the notification alone. */
#include "net/net_sctp.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/sctp.h>

#include "net/net_message.h"
#include "net/net_sctp_event.h"
#include "net/net_sctp_int.h"
#include "net/net_tcp_int.h"

#define MESSAGE_MAX 65536u
#define PAYLOAD_DTLS 47u /* RFC 6733 2.1.1 */
#define WHY_MAX 160

struct net_sctp {
	struct net_message in;
	/* connecting: addresses that the other side may have; accepted: none are given */
	struct net_ip allowed[NET_SCTP_ADDRS_MAX];
	size_t allowed_n;
	/* those that it had when the association was accepted or opened; 0: not known yet */
	struct net_ip peer[NET_IPS_MAX];
	size_t peer_n;
};

/* -- addresses of the other side */

static bool among(const struct net_ip *ip, const struct net_ip *list, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (net_ip_equal(ip, &list[i])) {
			return true;
		}
	}
	return false;
}

/* False, with words: the kernel cannot say them, or there are too many. */
static bool peer_ips(const struct net_tcp *t, struct net_ip ips[NET_IPS_MAX], size_t *n, char why[WHY_MAX])
{
	int err = net_sctp_ips(t->fd, true, ips, n);

	if (err == ERR_LIMIT) {
		snprintf(why, WHY_MAX, "the other side lists more than %d addresses", NET_IPS_MAX);
	} else if (err) {
		snprintf(why, WHY_MAX, "the addresses of the other side are not known");
	}
	return !err;
}

/* True: they are those of the beginning. */
static bool same_addresses(const struct net_tcp *t)
{
	struct net_ip now[NET_IPS_MAX];
	char why[WHY_MAX];
	size_t n;

	if (!peer_ips(t, now, &n, why) || n != t->sctp->peer_n) {
		return false;
	}
	for (size_t i = 0; i < n; i++) {
		if (!among(&now[i], t->sctp->peer, t->sctp->peer_n)) {
			return false;
		}
	}
	return true;
}

static bool opened(struct net_tcp *t)
{
	struct net_sctp *s = t->sctp;
	char why[WHY_MAX], host[NET_IP_TEXT_MAX];

	if (s->peer_n) { /* accepted: somebody may have asked for them since */
		if (!same_addresses(t)) {
			net_tcp_die(t, ERR_AUTH, "the addresses of the other side have changed, or are not known");
			return false;
		}
	} else if (!peer_ips(t, s->peer, &s->peer_n, why)) {
		net_tcp_die(t, ERR_AUTH, why);
		return false;
	}
	for (size_t i = 0; s->allowed_n && i < s->peer_n; i++) {
		if (!among(&s->peer[i], s->allowed, s->allowed_n)) {
			net_ip_text(host, &s->peer[i]);
			snprintf(why, sizeof why,
				 "the other side also has the address %s, which is not one of those configured for it", host);
			net_tcp_die(t, ERR_AUTH, why);
			return false;
		}
	}
	return true;
}

/* -- sending */

int net_sctp_add(struct net_tcp *t, const void *p, size_t n)
{
	uint32_t len = (uint32_t)n;
	int err;

	if (n == 0 || n > UINT32_MAX - sizeof len) {
		return ERR_INVAL; /* SCTP has no empty message */
	}
	err = net_queue_add(&t->out, &len, sizeof len);
	if (err) {
		return err;
	}
	err = net_queue_add(&t->out, p, n);
	if (err) {
		net_queue_cut(&t->out, sizeof len);
	}
	return err;
}

static int send_messages(struct net_tcp *t)
{
	uint32_t len;
	ssize_t n;

	t->blocked = false;
	while (t->out.len) {
		memcpy(&len, t->out.p + t->out.head, sizeof len);
		n = send(t->fd, t->out.p + t->out.head + sizeof len, len, MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR) {
			continue;
		}
		if (n < 0 && errno == EAGAIN) {
			t->blocked = true;
			return 0;
		}
		if (n < 0) {
			return errno;
		}
		net_queue_del(&t->out, sizeof len + len);
	}
	return 0;
}

static void unordered(struct net_stream *s)
{
	net_sctp_unordered(net_tcp_of(s)->fd);
}

/* -- receiving */

bool net_sctp_piece(struct net_tcp *t, struct net_message *in, const uint8_t *p, size_t n, bool last)
{
	const uint8_t *message;
	size_t len;
	int err = net_message_add(in, p, n, last, &message, &len);

	if (err == ERR_AGAIN) {
		return true;
	}
	if (err == ERR_NOMEM) {
		net_tcp_die(t, err, "no memory for a message");
		return false;
	}
	if (len) {
		net_stream_emit_data(&t->base, message, len);
	}
	if (err && t->state == NET_TCP_OPEN && !t->base.closed) {
		net_tcp_die(t, err, "a message is longer than the limit");
	}
	return !err;
}

static bool on_news(struct net_tcp *t, const uint8_t *p, size_t n)
{
	char text[NET_SCTP_NEWS_MAX];

	switch (net_sctp_read_news(p, n, text)) {
	case NET_SCTP_NOTE:
		net_stream_emit_note(&t->base, text);
		return true;
	case NET_SCTP_ADDRESSES:
		if (!same_addresses(t)) {
			net_tcp_die(t, ERR_AUTH, text);
			return false;
		}
		return true;
	case NET_SCTP_ENDED:
		net_tcp_die(t, ERR_CLOSED, text);
		return false;
	default:
		return true;
	}
}

/* Whether the piece is of a message that was protected by DTLS. */
static bool is_dtls(struct msghdr *m)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
		struct sctp_rcvinfo info;

		if (c->cmsg_level == IPPROTO_SCTP && c->cmsg_type == SCTP_RCVINFO && c->cmsg_len >= CMSG_LEN(sizeof info)) {
			memcpy(&info, CMSG_DATA(c), sizeof info);
			return ntohl(info.rcv_ppid) == PAYLOAD_DTLS;
		}
	}
	return false;
}

/* The kernel reports a path without a route as an error of the socket, although the association
 * goes on over the others. When it cannot, a notification or the time limit says so. */
static bool passing(int e)
{
	return e == EHOSTUNREACH || e == ENETUNREACH || e == EHOSTDOWN || e == ENETDOWN;
}

static bool receive(struct net_tcp *t)
{
	union {
		struct cmsghdr head;
		uint8_t room[CMSG_SPACE(sizeof(struct sctp_rcvinfo))];
	} control;
	uint8_t *buf = net_loop_read_buf(t->loop);
	struct iovec io = { buf, NET_READ_MAX };
	struct msghdr m = { .msg_iov = &io, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control };
	ssize_t n = recvmsg(t->fd, &m, MSG_CMSG_CLOEXEC);

	if (n < 0 && (errno == EAGAIN || errno == EINTR || passing(errno))) {
		return errno != EAGAIN;
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
	if (m.msg_flags & MSG_NOTIFICATION) {
		return on_news(t, buf, (size_t)n);
	}
	if (is_dtls(&m)) {
		net_tcp_die(t, ERR_PROTO, "a message is protected by DTLS, which is not offered over SCTP");
		return false;
	}
	return net_sctp_piece(t, &t->sctp->in, buf, (size_t)n, m.msg_flags & MSG_EOR);
}

/* After our shutdown only a notification tells the end. */
static ssize_t drop(struct net_tcp *t)
{
	uint8_t *buf = net_loop_read_buf(t->loop);
	struct iovec io = { buf, NET_READ_MAX };
	struct msghdr m = { .msg_iov = &io, .msg_iovlen = 1 };
	char text[NET_SCTP_NEWS_MAX];
	ssize_t n = recvmsg(t->fd, &m, MSG_CMSG_CLOEXEC);

	if (n > 0 && (m.msg_flags & MSG_NOTIFICATION) && net_sctp_read_news(buf, (size_t)n, text) == NET_SCTP_ENDED) {
		return 0;
	}
	return n;
}

static void fini(struct net_tcp *t)
{
	net_message_fini(&t->sctp->in);
	free(t->sctp);
	t->sctp = NULL;
}

static int ips(const struct net_stream *s, bool peer, struct net_ip out[NET_IPS_MAX], size_t *n)
{
	const struct net_tcp *t = net_tcp_of(s);

	if (peer && t->sctp->peer_n) {
		*n = t->sctp->peer_n;
		memcpy(out, t->sctp->peer, *n * sizeof *out);
		return 0;
	}
	return net_sctp_ips(t->fd, peer, out, n);
}

static const struct net_wire sctp_wire = { .add = net_sctp_add,
					   .send = send_messages,
					   .opened = opened,
					   .read = receive,
					   .drop = drop,
					   .passing = passing,
					   .fini = fini };
static const struct net_message_ops message_ops = { .unordered = unordered, .ips = ips };

/* -- making */

/* Takes fd on success only. `allowed` NULL: any address. */
static int stream_new(struct net_tcp **out, enum net_tcp_state first, struct net_loop *l, int fd, const char *peer,
		      const struct net_sctp_addrs *allowed, const struct net_stream_conf *conf, const struct net_stream_cb *cb,
		      void *arg)
{
	struct net_sctp *s = calloc(1, sizeof *s);
	int err = s ? net_sctp_prepare(fd) : ERR_NOMEM;

	if (!err) {
		err = net_tcp_new(out, &sctp_wire, first, l, fd, peer, conf, cb, arg);
	}
	if (err) {
		free(s);
		return err;
	}
	net_message_init(&s->in, conf && conf->message_len_max ? conf->message_len_max : MESSAGE_MAX);
	for (size_t i = 0; allowed && i < allowed->n; i++) {
		s->allowed[s->allowed_n++] = net_ip_of(&allowed->addr[i]);
	}
	(*out)->sctp = s;
	(*out)->base.messages = &message_ops;
	return 0;
}

int net_sctp_accept(struct net_stream **out, struct net_loop *l, int fd, const char *peer, const struct net_stream_conf *conf,
		    const struct net_stream_cb *cb, void *arg)
{
	struct net_tcp *t;
	int err = stream_new(&t, NET_TCP_OPENING, l, fd, peer, NULL, conf, cb, arg);

	if (!err) {
		if (net_sctp_ips(fd, true, t->sctp->peer, &t->sctp->peer_n)) {
			t->sctp->peer_n = 0; /* opened() asks again, and says why not */
		}
		net_tcp_accepted(out, t);
	}
	return err;
}

int net_sctp_connect(struct net_stream **out, struct net_loop *l, const char *address, uint16_t port,
		     const struct net_sctp_ends *ends, const struct net_stream_conf *conf, const struct net_stream_cb *cb,
		     void *arg)
{
	struct net_sctp_addrs to, local;
	char peer[NET_ADDRESS_MAX];
	struct net_tcp *t;
	int fd, saved, err = net_sctp_addrs(&to, address, ends->more, ends->more_n, port);

	if (!err) {
		err = ends->local_n ? net_sctp_addrs(&local, ends->local[0], ends->local + 1, ends->local_n - 1, 0) : ERR_INVAL;
	}
	if (!err) {
		err = net_sctp_socket(&fd, &local, &to, &ends->timers);
	}
	if (err) {
		return err;
	}
	net_addr_text(peer, &to.addr[0]);
	err = stream_new(&t, NET_TCP_CONNECTING, l, fd, peer, &to, conf, cb, arg);
	if (err) {
		saved = errno;
		close(fd);
		errno = saved;
		return err;
	}
	return net_tcp_connecting(out, t, net_sctp_connectx(fd, &to));
}
