/* net_usr.h - SCTP in user space (usrsctp), inside UDP (RFC 6951): for laboratories whose kernel
 * has no SCTP. The streams are those of net_stream.h, and messages leave as in net_sctp.h.
 *
 * An end has one address: the stack sees no IP address, and lists none. Its UDP port stands for
 * it; datagrams from another UDP port are of another end (RFC 6951 would let a NAT change it).
 * ADD-IP, stream reconfiguration and partial reliability are off.
 * usrsctp keeps its state in globals: one loop of a process has it, from the first socket to the
 * last. It makes a thread that waits for work which only ADD-IP has; all else is done in the loop.
 * A process holds at most NET_USR_ENDS_MAX other ends at once; beyond that the associations that
 * are new are refused in silence, as a network would lose them. */
#pragma once
#include "net/net_sctp.h"

#define NET_USR_ENDS_MAX 256u

/* For a laboratory: no kernel ends the association of a process that is killed, so only silence
 * tells. It is noticed in about two seconds. */
#define NET_USR_QUICK                                                                                                            \
	{                                                                                                                        \
		.heartbeat_ms = 500, .rto_initial_ms = 200, .rto_min_ms = 100, .rto_max_ms = 500, .path_retransmits = 2,         \
		.association_retransmits = 3                                                                                     \
	}

struct net_usr_port; /* a UDP socket of ours to one other end */

/* False: this build has none, and everything below returns ERR_NOTFOUND. */
bool net_usr_built(void);
#define NET_USR_MISSING "this build has no SCTP in user space (meson option usrsctp); use transport sctp or tcp"

/* As net_tcp_usable() and net_tcp_bind(), for the UDP socket of a listener. Port 0 is a free
 * one. */
ERR_MUST_USE int net_usr_usable(const char *address, uint16_t udp_port);
ERR_MUST_USE int net_usr_bind(int *fd_out, const char *address, uint16_t udp_port);

struct net_usr_listener;
/* Accepts associations at SCTP port `port` over the UDP socket `fd` (borrowed; no other process may
 * read from it). `fn` gets a descriptor of its own that stands for the association until
 * net_usr_accept() or close(). ERR_EXISTS: another listener has that SCTP port, or another loop has
 * the stack. ERR_NOMEM, ERR_IO. */
ERR_MUST_USE int net_usr_listen(struct net_usr_listener **out, struct net_loop *l, int fd, uint16_t port,
				const struct net_sctp_timers *timers, net_accept_fn *fn, void *arg);
void net_usr_listener_free(struct net_usr_listener *n); /* NULL allowed */
/* As net_tcp_accept(); only in `fn`. */
ERR_MUST_USE int net_usr_accept(struct net_stream **out, struct net_loop *l, int fd, const char *peer,
				const struct net_stream_conf *conf, const struct net_stream_cb *cb, void *arg);

/* Makes the UDP socket for associations to `address` and `udp_port`, bound to ours and connected: a
 * sandbox lets none be made later. ERR_INVAL: one is no address; ERR_IO with errno: this machine
 * does not have `local`. ERR_EXISTS, ERR_NOMEM; ERR_LIMIT: NET_USR_ENDS_MAX. */
ERR_MUST_USE int net_usr_open(struct net_usr_port **out, struct net_loop *l, const char *local, const char *address,
			      uint16_t udp_port);
/* Its streams may go on to their end. NULL allowed. */
void net_usr_close(struct net_usr_port *p);
/* As net_tcp_connect(), over ends->udp. ERR_IO: it is NULL. */
ERR_MUST_USE int net_usr_connect(struct net_stream **out, struct net_loop *l, uint16_t port, const struct net_sctp_ends *ends,
				 const struct net_stream_conf *conf, const struct net_stream_cb *cb, void *arg);
