/* net_transport.c - TCP, SCTP of the kernel or SCTP in user space. */
#include "net/net_transport.h"

#include <errno.h>
#include <string.h>

#include "net/net_usr.h"

int net_usable(const char *address, uint16_t port, const struct net_sctp_ends *sctp)
{
	return !sctp          ? net_tcp_usable(address, port)
	       : sctp->in_udp ? net_usr_usable(address, sctp->udp_port)
			      : net_sctp_usable(address, port, sctp);
}

int net_bind(int *fd_out, uint16_t *port_out, const char *address, uint16_t port, const struct net_sctp_ends *sctp, int backlog)
{
	if (sctp && sctp->in_udp) {
		if (port_out) {
			*port_out = port;
		}
		return net_usr_bind(fd_out, address, sctp->udp_port);
	}
	return sctp ? net_sctp_bind(fd_out, port_out, address, port, sctp, backlog)
		    : net_tcp_bind(fd_out, port_out, address, port, backlog);
}

const char *net_bind_words(int error)
{
	switch (error) {
	case EADDRINUSE:
		return "Address already in use: another program has this port, and 'ss -lntp' names it; end that one, or take "
		       "another port";
	case EADDRNOTAVAIL:
		return "Cannot assign requested address: no device of this machine has it; 'ip address' shows what it has";
	case EACCES:
		return "Permission denied: a port below 1024 needs root, or the capability net_bind_service";
	default:
		return strerror(error);
	}
}

int net_listen(struct net_listener **out, struct net_loop *l, int fd, uint16_t port, const struct net_sctp_ends *sctp,
	       net_accept_fn *fn, void *arg)
{
	return sctp && sctp->in_udp ? net_listener_in_udp(out, l, fd, port, &sctp->timers, fn, arg)
				    : net_listener_new(out, l, fd, fn, arg);
}

int net_accept(struct net_stream **out, struct net_loop *l, int transport, int fd, const char *peer,
	       const struct net_stream_conf *conf, const struct net_stream_cb *cb, void *arg)
{
	switch (transport) {
	case TRANSPORT_SCTP:
		return net_sctp_accept(out, l, fd, peer, conf, cb, arg);
	case TRANSPORT_SCTP_UDP:
		return net_usr_accept(out, l, fd, peer, conf, cb, arg);
	default:
		return net_tcp_accept(out, l, fd, peer, conf, cb, arg);
	}
}

int net_connect(struct net_stream **out, struct net_loop *l, const char *address, uint16_t port, const struct net_sctp_ends *sctp,
		const struct net_stream_conf *conf, const struct net_stream_cb *cb, void *arg)
{
	if (sctp && sctp->in_udp) {
		return net_usr_connect(out, l, port, sctp, conf, cb, arg);
	}
	return sctp ? net_sctp_connect(out, l, address, port, sctp, conf, cb, arg)
		    : net_tcp_connect(out, l, address, port, conf, cb, arg);
}
