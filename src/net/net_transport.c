/* net_transport.c - TCP or SCTP. */
#include "net/net_transport.h"

int net_usable(const char *address, uint16_t port, const struct net_sctp_ends *sctp)
{
	return sctp ? net_sctp_usable(address, port, sctp) : net_tcp_usable(address, port);
}

int net_bind(int *fd_out, uint16_t *port_out, const char *address, uint16_t port, const struct net_sctp_ends *sctp, int backlog)
{
	return sctp ? net_sctp_bind(fd_out, port_out, address, port, sctp, backlog)
		    : net_tcp_bind(fd_out, port_out, address, port, backlog);
}

int net_accept(struct net_stream **out, struct net_loop *l, int transport, int fd, const char *peer,
	       const struct net_stream_conf *conf, const struct net_stream_cb *cb, void *arg)
{
	return transport == TRANSPORT_SCTP ? net_sctp_accept(out, l, fd, peer, conf, cb, arg)
					   : net_tcp_accept(out, l, fd, peer, conf, cb, arg);
}

int net_connect(struct net_stream **out, struct net_loop *l, const char *address, uint16_t port, const struct net_sctp_ends *sctp,
		const struct net_stream_conf *conf, const struct net_stream_cb *cb, void *arg)
{
	return sctp ? net_sctp_connect(out, l, address, port, sctp, conf, cb, arg)
		    : net_tcp_connect(out, l, address, port, conf, cb, arg);
}
