/* net_sctp_int.h - sockets of SCTP, and what both kinds of SCTP share: for net_sctp.c and
 * net_usr.c. */
#pragma once
#include "net/net_addr.h"
#include "net/net_sctp.h"

#define NET_SCTP_ADDRS_MAX (TRANSPORT_MORE_MAX + 1)

struct net_message;
struct net_tcp;
/* Of struct net_wire: the queue holds whole messages, each behind its length of 4 octets. */
ERR_MUST_USE int net_sctp_add(struct net_tcp *t, const void *p, size_t n);
/* A piece of a message has come, the last one or not: the stream's owner gets the message when it
 * is whole. False: the stream does not go on, and net_tcp_die() was called. */
bool net_sctp_piece(struct net_tcp *t, struct net_message *in, const uint8_t *p, size_t n, bool last);

/* One end as the kernel needs it. */
struct net_sctp_addrs {
	union net_addr addr[NET_SCTP_ADDRS_MAX];
	size_t n;
};

/* ERR_INVAL: one is no address. */
ERR_MUST_USE int net_sctp_addrs(struct net_sctp_addrs *out, const char *first, const char *const *more, size_t more_n,
				uint16_t port);

/* A socket bound to `local`, with the timers and without ADD-IP. `other` are the addresses that it
 * will connect to (the family follows from both); NULL: it will listen.
 * ERR_NOTFOUND, ERR_IO with errno. */
ERR_MUST_USE int net_sctp_socket(int *fd_out, const struct net_sctp_addrs *local, const struct net_sctp_addrs *other,
				 const struct net_sctp_timers *timers);
/* Starts to connect. 0, or errno (EINPROGRESS). */
int net_sctp_connectx(int fd, const struct net_sctp_addrs *to);

/* Of a connected or accepted socket: events, payload protocol id, no delay. ERR_IO with errno. */
ERR_MUST_USE int net_sctp_prepare(int fd);
/* The next messages leave without order. */
void net_sctp_unordered(int fd);
/* As net_stream_peer_ips() and net_stream_local_ips(). */
ERR_MUST_USE int net_sctp_ips(int fd, bool peer, struct net_ip out[NET_IPS_MAX], size_t *n);
