/* net_listener.c - accepts on a descriptor that several processes may share. Each turn accepts
 * only a few connections. So a flood neither starves existing connections nor goes to one
 * process alone. */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/obj.h"
#include "net/net_addr.h"
#include "net/net_tcp.h"
#include "net/net_usr.h"

#define ACCEPTS_A_TURN 16
#define WAIT_MS 100 /* pause after descriptors or memory ran out */

#define NET_LISTENER_MAGIC 0xc7aa2dbau
struct net_listener {
	struct obj obj;
	int fd;
	struct net_watch *watch;      /* NULL: in user space */
	struct net_usr_listener *usr; /* NULL: a socket of the kernel */
	struct net_timer *timer;
	net_accept_fn *fn;
	void *arg;
	bool *gone; /* set while accepting: net_listener_free() in a callback sets it */
};

static void on_wait_over(void *arg)
{
	struct net_listener *n = OBJ_OF(arg, struct net_listener, NET_LISTENER_MAGIC);

	if (net_watch_set(n->watch, NET_READ)) {
		net_timer_start(n->timer, WAIT_MS);
	}
}

/* One connection. Returns whether to look for another at once. */
static bool accept_one(struct net_listener *n)
{
	union net_addr a = { 0 };
	socklen_t len = sizeof a;
	char peer[NET_ADDRESS_MAX];
	int fd = accept4(n->fd, &a.sa, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd < 0) {
		switch (errno) {
		case EMFILE:
		case ENFILE:
		case ENOBUFS:
		case ENOMEM:
			/* The connection stays in the kernel's queue and would wake us for ever. */
			if (net_watch_set(n->watch, 0) == 0) {
				net_timer_start(n->timer, WAIT_MS);
			}
			return false;
		case EAGAIN:
			return false;
		default:
			return true; /* the client has closed that connection already */
		}
	}
	net_addr_text(peer, &a);
	n->fn(n->arg, fd, peer);
	return true;
}

static void on_readable(void *arg, int events)
{
	struct net_listener *n = OBJ_OF(arg, struct net_listener, NET_LISTENER_MAGIC);
	bool gone = false;

	(void)events;
	n->gone = &gone;
	for (int i = 0; i < ACCEPTS_A_TURN; i++) {
		bool more = accept_one(n);

		if (gone) {
			return;
		}
		if (!more) {
			break;
		}
	}
	n->gone = NULL;
}

int net_listener_new(struct net_listener **out, struct net_loop *l, int fd, net_accept_fn *fn, void *arg)
{
	struct net_listener *n = calloc(1, sizeof *n);
	int err;

	if (!n) {
		return ERR_NOMEM;
	}
	*n = (struct net_listener){ .obj = { NET_LISTENER_MAGIC }, .fd = fd, .fn = fn, .arg = arg };
	err = net_timer_new(&n->timer, l, on_wait_over, n);
	if (err) {
		goto free_listener;
	}
	err = net_watch_new(&n->watch, l, fd, on_readable, n);
	if (err) {
		goto free_timer;
	}
	err = net_watch_set(n->watch, NET_READ);
	if (err) {
		goto free_watch;
	}
	*out = n;
	return 0;

free_watch:
	net_watch_free(n->watch);
free_timer:
	net_timer_free(n->timer);
free_listener:
	free(n);
	return err;
}

int net_listener_in_udp(struct net_listener **out, struct net_loop *l, int fd, uint16_t port,
			const struct net_sctp_timers *timers, net_accept_fn *fn, void *arg)
{
	struct net_listener *n = calloc(1, sizeof *n);
	int err = n ? net_usr_listen(&n->usr, l, fd, port, timers, fn, arg) : ERR_NOMEM;

	if (err) {
		free(n);
		return err;
	}
	obj_begin(&n->obj, NET_LISTENER_MAGIC);
	n->fd = fd;
	*out = n;
	return 0;
}

void net_listener_free(struct net_listener *n)
{
	if (!n) {
		return;
	}
	OBJ_CHECK(n, NET_LISTENER_MAGIC);
	if (n->gone) {
		*n->gone = true;
	}
	net_usr_listener_free(n->usr);
	net_watch_free(n->watch);
	net_timer_free(n->timer);
	OBJ_END(n, NET_LISTENER_MAGIC);
	free(n);
}
