/* ns_channel.c - see ns_channel.h. */
#include "ndsip/ns_channel.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/obj.h"

#define A_TURN 64u /* messages of one channel, so that none keeps the others waiting */

#define NS_CHANNEL_MAGIC 0x3ad07be4u
struct ns_channel {
	struct obj obj;
	struct ns_channel_conf conf;
	int fd;
	struct net_watch *watch;
	bool full;  /* send was refused: waits for NET_WRITE */
	bool lost;  /* on_lost was called */
	bool busy;  /* in a callback */
	bool freed; /* by its owner, in a callback */
};
OBJ_FIRST(struct ns_channel);

static void dispose(struct ns_channel *c)
{
	net_watch_free(c->watch);
	close(c->fd);
	OBJ_END(c, NS_CHANNEL_MAGIC);
	free(c);
}

void ns_channel_free(struct ns_channel *c)
{
	if (!c) {
		return;
	}
	OBJ_CHECK(c, NS_CHANNEL_MAGIC);
	if (c->busy) {
		c->freed = true;
	} else {
		dispose(c);
	}
}

static void lose(struct ns_channel *c, int err)
{
	if (c->lost) {
		return;
	}
	c->lost = true;
	net_watch_stop(c->watch);
	c->conf.on_lost(c->conf.arg, err);
}

/* Whether there may be another one. */
static bool take(struct ns_channel *c)
{
	uint8_t octets[NS_MSG_OCTETS_MAX + 1]; /* one more: a longer datagram is seen */
	struct ns_msg m;
	ssize_t n = recv(c->fd, octets, sizeof octets, MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) {
		return false;
	}
	if (n <= 0) {
		lose(c, ERR_CLOSED);
		return false;
	}
	if (ns_msg_decode(&m, c->conf.from, octets, (size_t)n)) {
		lose(c, ERR_PROTO);
		return false;
	}
	c->conf.on_message(c->conf.arg, &m);
	return !c->freed && !c->lost;
}

static void on_event(void *arg, int events)
{
	struct ns_channel *c = OBJ_OF(arg, struct ns_channel, NS_CHANNEL_MAGIC);

	c->busy = true;
	if (events & NET_WRITE && c->full) {
		c->full = false;
		if (net_watch_set(c->watch, NET_READ)) {
			lose(c, ERR_IO);
		} else if (c->conf.on_room) {
			c->conf.on_room(c->conf.arg);
		}
	}
	for (unsigned i = 0; events & NET_READ && i < A_TURN && !c->freed && !c->lost && take(c); i++) {
		/* more may wait */
	}
	c->busy = false;
	if (c->freed) {
		dispose(c);
	}
}

int ns_channel_send(struct ns_channel *c, const struct ns_msg *m)
{
	uint8_t octets[NS_MSG_OCTETS_MAX];
	size_t n = ns_msg_encode(octets, m);
	ssize_t sent;

	OBJ_CHECK(c, NS_CHANNEL_MAGIC);
	if (!n) {
		return ERR_INVAL;
	}
	if (c->lost) {
		return ERR_CLOSED;
	}
	if (c->full) {
		return ERR_BUSY;
	}
	sent = send(c->fd, octets, n, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (sent == (ssize_t)n) {
		return 0;
	}
	if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS || errno == EINTR)) {
		c->full = true;
		return net_watch_set(c->watch, NET_READ | NET_WRITE) ? ERR_CLOSED : ERR_BUSY;
	}
	return ERR_CLOSED; /* reading says so, too */
}

int ns_channel_new(struct ns_channel **out, int fd, const struct ns_channel_conf *conf)
{
	struct ns_channel *c = calloc(1, sizeof *c);
	int err;

	if (!c) {
		close(fd);
		return ERR_NOMEM;
	}
	obj_begin(&c->obj, NS_CHANNEL_MAGIC);
	c->conf = *conf;
	c->fd = fd;
	err = net_watch_new(&c->watch, conf->loop, fd, on_event, c);
	if (!err) {
		err = net_watch_set(c->watch, NET_READ);
	}
	if (err) {
		dispose(c);
		return err;
	}
	*out = c;
	return 0;
}
