/* fch_client.c - see fch_client.h. */
#include "fetch/fch_client.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/obj.h"

#define A_TURN 4u /* answers: each is verified, which takes some 100 microseconds */

#define FCH_CLIENT_MAGIC 0x92c5e07fu
struct fch_client {
	struct obj obj;
	struct fch_client_conf conf;
	int fd;
	struct net_watch *watch;
	bool lost;
	uint8_t datagram[FCH_OCTETS_MAX + 1]; /* one more: a longer one is seen */
};
OBJ_FIRST(struct fch_client);

static void lose(struct fch_client *c, int err)
{
	c->lost = true;
	net_watch_stop(c->watch);
	c->conf.on_lost(c->conf.arg, err); /* frees it */
}

/* Whether there may be another one, and the client still is. */
static bool take(struct fch_client *c)
{
	ssize_t n = recv(c->fd, c->datagram, sizeof c->datagram, MSG_DONTWAIT);
	struct fch_answer a;

	if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) {
		return false;
	}
	if (n <= 0 || fch_answer_get(&a, c->datagram, (size_t)n)) {
		lose(c, n <= 0 ? ERR_CLOSED : ERR_PROTO);
		return false;
	}
	c->conf.on_answer(c->conf.arg, &a);
	return true;
}

static void on_event(void *arg, int events)
{
	struct fch_client *c = OBJ_OF(arg, struct fch_client, FCH_CLIENT_MAGIC);

	if (events & NET_WRITE) {
		if (net_watch_set(c->watch, NET_READ)) {
			lose(c, ERR_IO);
			return;
		}
		c->conf.on_room(c->conf.arg);
	}
	for (unsigned i = 0; events & NET_READ && i < A_TURN && take(c); i++) {
		/* more may wait */
	}
}

int fch_client_ask(struct fch_client *c, const struct fch_question *q)
{
	uint8_t octets[FCH_HEAD + FCH_REQUEST_MAX];
	size_t n;
	ssize_t sent;

	OBJ_CHECK(c, FCH_CLIENT_MAGIC);
	if (c->lost || !q->len || q->len > FCH_REQUEST_MAX) {
		return c->lost ? ERR_CLOSED : ERR_INVAL;
	}
	n = fch_question_put(octets, q);
	sent = send(c->fd, octets, n, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (sent == (ssize_t)n) {
		return 0;
	}
	if (errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS || errno == EINTR) {
		return net_watch_set(c->watch, NET_READ | NET_WRITE) ? ERR_CLOSED : ERR_BUSY;
	}
	return ERR_CLOSED; /* reading says so, too */
}

int fch_client_new(struct fch_client **out, int fd, const struct fch_client_conf *conf)
{
	struct fch_client *c = calloc(1, sizeof *c);
	int err;

	if (!c) {
		close(fd);
		return ERR_NOMEM;
	}
	obj_begin(&c->obj, FCH_CLIENT_MAGIC);
	c->conf = *conf;
	c->fd = fd;
	err = net_watch_new(&c->watch, conf->loop, fd, on_event, c);
	if (!err) {
		err = net_watch_set(c->watch, NET_READ);
	}
	if (err) {
		fch_client_free(c);
		return err;
	}
	*out = c;
	return 0;
}

void fch_client_free(struct fch_client *c)
{
	if (!c) {
		return;
	}
	OBJ_CHECK(c, FCH_CLIENT_MAGIC);
	net_watch_free(c->watch);
	close(c->fd);
	OBJ_END(c, FCH_CLIENT_MAGIC);
	free(c);
}
