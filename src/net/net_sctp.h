/* net_sctp.h - SCTP (RFC 9260) as a transport of Diameter (RFC 6733 2.1.1), by the kernel's
 * one-to-one sockets. The streams are those of net_stream.h.
 * An association has several addresses at each end. Ours are always named: a socket that is bound
 * to every address would list all of the machine to the other side.
 * All messages leave on stream 0 with payload protocol id 46, in order until
 * net_stream_unordered(); messages are received on any stream. Payload protocol id 47 (DTLS over
 * SCTP) is refused. ADD-IP (RFC 5061) is switched off; should an address of the other side change
 * nevertheless, the stream ends. */
#pragma once
#include "base/transport.h"
#include "net/net_tcp.h"

/* Zero: the kernel's value. */
struct net_sctp_timers {
	uint32_t heartbeat_ms; /* to each idle path */
	uint32_t rto_initial_ms, rto_min_ms, rto_max_ms;
	uint16_t path_retransmits;        /* after so many in a row a path is down */
	uint16_t association_retransmits; /* the same for the association */
};

struct net_usr_port;

/* What SCTP needs beside one address and port. */
struct net_sctp_ends {
	/* further addresses of the one that is listened on or connected to */
	const char *more[TRANSPORT_MORE_MAX];
	size_t more_n;
	/* connecting: our own addresses, at least one */
	const char *local[TRANSPORT_MORE_MAX + 1];
	size_t local_n;
	struct net_sctp_timers timers;
	/* SCTP in user space (net_usr.h) in place of the kernel's, and then the UDP port of the
	 * other side, or of the listener */
	bool in_udp;
	uint16_t udp_port;
	struct net_usr_port *udp; /* connecting: of net_usr_open(), borrowed */
};

/* False: this kernel has no SCTP (its module is missing). */
bool net_sctp_possible(void);
/* True: the kernel cannot switch ADD-IP off for one socket, and net.sctp.addip_enable is on. */
bool net_sctp_addip_on(void);

/* As net_tcp_usable() and net_tcp_bind(). ERR_NOTFOUND: this kernel has no SCTP. */
ERR_MUST_USE int net_sctp_usable(const char *address, uint16_t port, const struct net_sctp_ends *ends);
ERR_MUST_USE int net_sctp_bind(int *fd_out, uint16_t *port_out, const char *address, uint16_t port,
			       const struct net_sctp_ends *ends, int backlog);

/* As net_tcp_accept(). */
ERR_MUST_USE int net_sctp_accept(struct net_stream **out, struct net_loop *l, int fd, const char *peer,
				 const struct net_stream_conf *conf, const struct net_stream_cb *cb, void *arg);
/* As net_tcp_connect(). The association is refused, with ERR_AUTH and a text that names the
 * address, when the other side has one that is neither `address` nor in ends->more. ERR_NOTFOUND:
 * this kernel has no SCTP. ERR_IO with errno: our side cannot be bound to ends->local. */
ERR_MUST_USE int net_sctp_connect(struct net_stream **out, struct net_loop *l, const char *address, uint16_t port,
				  const struct net_sctp_ends *ends, const struct net_stream_conf *conf,
				  const struct net_stream_cb *cb, void *arg);
