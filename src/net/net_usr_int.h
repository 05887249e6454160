/* net_usr_int.h - the one stack of this process, for net_usr*.c only. */
#pragma once
#include <sys/queue.h>

#include <usrsctp.h>

#include "base/obj.h"
#include "net/net_addr.h"
#include "net/net_task.h"
#include "net/net_usr.h"

/* One other end: what the stack has in place of an address is the number of its slot, because it
 * tells that to the other end (in a cookie), and a pointer would tell where our heap is. */
struct net_usr_slot {
	union net_addr remote;
	struct net_usr_port *port; /* NULL: free */
	unsigned used;             /* sockets and ports that hold it; at 0 another end may get it */
	TAILQ_ENTRY(net_usr_slot) entry;
};

#define NET_USR_PORT_MAGIC 0x71d40b8eu
struct net_usr_port {
	struct obj obj;
	struct net_loop *loop;
	unsigned refs; /* its owner, and each stream */
	int fd;        /* owned */
	struct net_watch *watch;
	struct net_usr_slot *to;           /* connected; NULL: of a listener */
	struct net_usr_listener *listener; /* NULL: none */
};

/* `to`: NULL, or the other end that fd is connected to. Takes fd on success. ERR_LIMIT: there are
 * NET_USR_ENDS_MAX of them. */
ERR_MUST_USE int net_usr_port_new(struct net_usr_port **out, struct net_loop *l, int fd, const union net_addr *to);
/* One reference more, and one less; the last one that is dropped closes fd and frees the port. */
void net_usr_port_hold(struct net_usr_port *p);
void net_usr_port_drop(struct net_usr_port *p);

/* The same for a slot, whose last user gives it free for another end. */
void net_usr_slot_hold(struct net_usr_slot *s);
void net_usr_slot_drop(struct net_usr_slot *s);
/* What the stack has in place of its address; `port` is that of SCTP, host byte order. */
struct sockaddr_conn net_usr_slot_addr(const struct net_usr_slot *s, uint16_t port);
struct net_usr_slot *net_usr_slot_of(const struct sockaddr_conn *a); /* NULL: none that may have an association */

/* An association that its listener hands over now; `so` NULL: taken. */
struct net_usr_offer {
	int fd;
	struct socket *so;
	struct net_usr_slot *slot;
	struct net_usr_port *port;
};
void net_usr_offer(struct net_usr_offer *o); /* borrowed until the next call; NULL: none */
struct net_usr_offer *net_usr_offered(void); /* NULL: none */

/* While a stream has an association, the stack's timers run by the tick. */
void net_usr_busy(int more);

/* A datagram of this end has gone through the stack: associations may wait to be accepted. */
void net_usr_accept_from(struct net_usr_listener *n, const struct net_usr_slot *from);

/* SCTP options that every socket of ours has. */
ERR_MUST_USE int net_usr_set_all(struct socket *so, const struct net_sctp_timers *timers);
/* Ends a socket, and its association by an ABORT if there is one. */
void net_usr_end(struct socket *so);
