/* net_transport.h - the one place that chooses between TCP, SCTP of the kernel and SCTP in user
 * space. `sctp` is what SCTP needs beside address and port; NULL: TCP. All else is as in net_tcp.h
 * and net_sctp.h. */
#pragma once
#include "net/net_sctp.h"

ERR_MUST_USE int net_usable(const char *address, uint16_t port, const struct net_sctp_ends *sctp);
ERR_MUST_USE int net_bind(int *fd_out, uint16_t *port_out, const char *address, uint16_t port, const struct net_sctp_ends *sctp,
			  int backlog);
/* Words for the errno of net_bind() and net_usable(), with what to do next. Static or
 * strerror()'s. */
const char *net_bind_words(int error);
/* As net_listener_new(), for a descriptor of net_bind() with the same `port` and `sctp`. */
ERR_MUST_USE int net_listen(struct net_listener **out, struct net_loop *l, int fd, uint16_t port,
			    const struct net_sctp_ends *sctp, net_accept_fn *fn, void *arg);
/* `transport`: enum transport, that of the listener. */
ERR_MUST_USE int net_accept(struct net_stream **out, struct net_loop *l, int transport, int fd, const char *peer,
			    const struct net_stream_conf *conf, const struct net_stream_cb *cb, void *arg);
ERR_MUST_USE int net_connect(struct net_stream **out, struct net_loop *l, const char *address, uint16_t port,
			     const struct net_sctp_ends *sctp, const struct net_stream_conf *conf, const struct net_stream_cb *cb,
			     void *arg);
