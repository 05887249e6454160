/* net_tcp.h - making streams: TCP and UNIX, listening and connecting. All descriptors are
 * non-blocking and close-on-exec. */
#pragma once
#include "base/machine.h"
#include "net/net_loop.h"
#include "net/net_stream.h"

#define NET_ADDRESS_MAX 64 /* text of base/shown.h, or "unix", with NUL */

/* Checks whether this process may listen at the address; nothing listens afterwards. 0, also if the
 * address is in use (by this program itself, when a configuration is checked while it runs).
 * ERR_INVAL; ERR_IO with errno: this machine does not have the address, or the port is not
 * permitted. */
ERR_MUST_USE int net_tcp_usable(const char *address, uint16_t port);

/* Makes a listening descriptor; port 0 binds a free one. `address` is numeric IPv4 or IPv6.
 * *port_out (NULL allowed) is the bound port. ERR_INVAL: not an address; else ERR_IO with errno. */
ERR_MUST_USE int net_tcp_bind(int *fd_out, uint16_t *port_out, const char *address, uint16_t port, int backlog);
/* Removes a stale socket file first (a socket without a listener; ERR_EXISTS if there is a
 * listener); sets the mode. */
ERR_MUST_USE int net_unix_bind(int *fd_out, const char *path, unsigned mode, int backlog);

/* States of a stream over one socket; drawn in net_tcp.c. */
enum net_tcp_state { NET_TCP_CONNECTING, NET_TCP_OPENING, NET_TCP_OPEN, NET_TCP_DEAD, NET_TCP_LINGERING, NET_TCP_STATES };
extern const struct machine net_tcp_machine;
/* Number of streams of the loop in each of NET_TCP_STATES states. Includes streams below TLS and
 * streams that their owner has closed. */
const uint32_t *net_loop_streams(const struct net_loop *l);

struct net_listener;
/* A new connection: `fd` is owned by the callee, `peer` is its address in text, borrowed. */
typedef void net_accept_fn(void *arg, int fd, const char *peer);
/* Watches a listening descriptor (borrowed; several processes may watch the same one). Pauses for
 * 100 ms if the process is out of descriptors. */
ERR_MUST_USE int net_listener_new(struct net_listener **out, struct net_loop *l, int fd, net_accept_fn *fn, void *arg);
/* The same for associations of SCTP in user space: net_usr_listen(). */
struct net_sctp_timers;
ERR_MUST_USE int net_listener_in_udp(struct net_listener **out, struct net_loop *l, int fd, uint16_t port,
				     const struct net_sctp_timers *timers, net_accept_fn *fn, void *arg);
void net_listener_free(struct net_listener *l);

/* Makes a stream of an accepted descriptor. Takes fd on success only. on_open is called on the next
 * turn. */
ERR_MUST_USE int net_tcp_accept(struct net_stream **out, struct net_loop *l, int fd, const char *peer,
				const struct net_stream_conf *conf, const struct net_stream_cb *cb, void *arg);
/* Connects; success or failure come by on_open / on_close. ERR_INVAL: conf->local is no address of
 * the family of `address`; ERR_IO with errno: this machine does not have it. */
ERR_MUST_USE int net_tcp_connect(struct net_stream **out, struct net_loop *l, const char *address, uint16_t port,
				 const struct net_stream_conf *conf, const struct net_stream_cb *cb, void *arg);
ERR_MUST_USE int net_unix_connect(struct net_stream **out, struct net_loop *l, const char *path,
				  const struct net_stream_conf *conf, const struct net_stream_cb *cb, void *arg);
