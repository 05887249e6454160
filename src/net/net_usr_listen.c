/* net_usr_listen.c - UDP sockets of SCTP in user space, and the associations that others make. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "net/net_usr_int.h"

#define BACKLOG 16 /* each is accepted, or refused, behind the datagram that completed it */

#define NET_USR_LISTENER_MAGIC 0x4be1d09fu
struct net_usr_listener {
	struct obj obj;
	struct net_usr_port *port;
	struct socket *so;
	net_accept_fn *fn;
	void *arg;
	bool *gone; /* set while accepting: net_usr_listener_free() in a callback sets it */
};

bool net_usr_built(void)
{
	return true;
}

/* -- UDP sockets */

/* Closes and keeps errno for the caller's message. */
static int give_up(int fd, int err)
{
	int saved = errno;

	close(fd);
	errno = saved;
	return err;
}

static int udp_socket(int *fd_out, const char *address, uint16_t udp_port)
{
	union net_addr a;
	socklen_t len;
	int fd, on = 1, err = net_addr_parse(&a, &len, address, udp_port);

	if (err) {
		return err;
	}
	fd = socket(a.sa.sa_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0) {
		return ERR_IO;
	}
	if ((a.sa.sa_family == AF_INET6 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on)) || bind(fd, &a.sa, len)) {
		return give_up(fd, ERR_IO);
	}
	*fd_out = fd;
	return 0;
}

int net_usr_usable(const char *address, uint16_t udp_port)
{
	int fd, err = udp_socket(&fd, address, udp_port);

	if (!err) {
		close(fd);
	}
	return err == ERR_IO && errno == EADDRINUSE ? 0 : err;
}

int net_usr_bind(int *fd_out, const char *address, uint16_t udp_port)
{
	return udp_socket(fd_out, address, udp_port);
}

int net_usr_open(struct net_usr_port **out, struct net_loop *l, const char *local, const char *address, uint16_t udp_port)
{
	union net_addr to;
	socklen_t len;
	int fd, err = net_addr_parse(&to, &len, address, udp_port);

	if (!err) {
		err = udp_socket(&fd, local, 0);
	}
	if (err) {
		return err;
	}
	err = connect(fd, &to.sa, len) ? ERR_IO : net_usr_port_new(out, l, fd, &to);
	return err ? give_up(fd, err) : 0;
}

void net_usr_close(struct net_usr_port *p)
{
	if (p) {
		OBJ_CHECK(p, NET_USR_PORT_MAGIC);
		net_usr_port_drop(p);
	}
}

/* -- accepting */

/* The cookie names the slot that its INIT came through. */
static struct net_usr_slot *slot_of(const struct sockaddr_conn *a, const struct net_usr_slot *from)
{
	struct net_usr_slot *s = net_usr_slot_of(a);

	return s == from ? s : NULL;
}

/* The descriptor is a copy of that of the UDP socket: each association has one, as any connection
 * has, so that the caller needs to know no other way of refusing it. */
static void offer(struct net_usr_listener *n, struct socket *so, struct net_usr_slot *slot)
{
	struct net_usr_offer o = { .fd = fcntl(n->port->fd, F_DUPFD_CLOEXEC, 3), .so = so, .slot = slot, .port = n->port };
	char peer[NET_ADDRESS_MAX];

	if (o.fd >= 0) {
		net_usr_offer(&o);
		net_addr_text(peer, &slot->remote);
		n->fn(n->arg, o.fd, peer);
		net_usr_offer(NULL);
	}
	if (o.so) {
		net_usr_end(o.so);
	}
}

/* Returns whether to look for another. */
static bool accept_one(struct net_usr_listener *n, const struct net_usr_slot *from)
{
	struct sockaddr_conn a = { 0 };
	socklen_t len = sizeof a;
	struct socket *so = usrsctp_accept(n->so, (struct sockaddr *)&a, &len);
	struct net_usr_slot *slot = so ? slot_of(&a, from) : NULL;

	if (slot) {
		offer(n, so, slot);
	} else if (so) {
		net_usr_end(so);
	}
	return so != NULL;
}

void net_usr_accept_from(struct net_usr_listener *n, const struct net_usr_slot *from)
{
	bool gone = false;

	n->gone = &gone;
	for (int i = 0; i < BACKLOG; i++) {
		bool more = accept_one(n, from);

		if (gone) {
			return;
		}
		if (!more) {
			break;
		}
	}
	n->gone = NULL;
}

static int listen_at(struct net_usr_listener *n, uint16_t port, const struct net_sctp_timers *timers)
{
	struct sockaddr_conn any = { .sconn_family = AF_CONN, .sconn_port = htons(port) };

	n->so = usrsctp_socket(AF_CONN, SOCK_STREAM, IPPROTO_SCTP, NULL, NULL, 0, NULL);
	if (!n->so || net_usr_set_all(n->so, timers)) {
		return n->so ? ERR_IO : ERR_NOMEM;
	}
	if (usrsctp_bind(n->so, (struct sockaddr *)&any, sizeof any)) {
		return errno == EADDRINUSE ? ERR_EXISTS : ERR_IO;
	}
	return usrsctp_listen(n->so, BACKLOG) ? ERR_IO : 0;
}

int net_usr_listen(struct net_usr_listener **out, struct net_loop *l, int fd, uint16_t port, const struct net_sctp_timers *timers,
		   net_accept_fn *fn, void *arg)
{
	struct net_usr_listener *n = calloc(1, sizeof *n);
	int own, err;

	if (!n) {
		return ERR_NOMEM;
	}
	own = fcntl(fd, F_DUPFD_CLOEXEC, 3); /* the streams go on when the caller closes its own */
	err = own < 0 ? ERR_IO : net_usr_port_new(&n->port, l, own, NULL);
	if (err) {
		free(n);
		return own < 0 ? err : give_up(own, err);
	}
	obj_begin(&n->obj, NET_USR_LISTENER_MAGIC);
	n->fn = fn;
	n->arg = arg;
	err = listen_at(n, port, timers);
	if (err) {
		net_usr_listener_free(n);
		return err;
	}
	n->port->listener = n;
	*out = n;
	return 0;
}

void net_usr_listener_free(struct net_usr_listener *n)
{
	if (!n) {
		return;
	}
	OBJ_CHECK(n, NET_USR_LISTENER_MAGIC);
	if (n->gone) {
		*n->gone = true;
	}
	n->port->listener = NULL;
	if (n->so) {
		net_usr_end(n->so);
	}
	net_usr_port_drop(n->port);
	OBJ_END(n, NET_USR_LISTENER_MAGIC);
	free(n);
}
