/* net_usr_none.c - a build without usrsctp. */
#include "net/net_usr.h"

bool net_usr_built(void)
{
	return false;
}

int net_usr_usable(const char *address, uint16_t udp_port)
{
	(void)address;
	(void)udp_port;
	return ERR_NOTFOUND;
}

int net_usr_bind(int *fd_out, const char *address, uint16_t udp_port)
{
	(void)fd_out;
	(void)address;
	(void)udp_port;
	return ERR_NOTFOUND;
}

int net_usr_listen(struct net_usr_listener **out, struct net_loop *l, int fd, uint16_t port, const struct net_sctp_timers *timers,
		   net_accept_fn *fn, void *arg)
{
	(void)out;
	(void)l;
	(void)fd;
	(void)port;
	(void)timers;
	(void)fn;
	(void)arg;
	return ERR_NOTFOUND;
}

void net_usr_listener_free(struct net_usr_listener *n)
{
	(void)n;
}

int net_usr_accept(struct net_stream **out, struct net_loop *l, int fd, const char *peer, const struct net_stream_conf *conf,
		   const struct net_stream_cb *cb, void *arg)
{
	(void)out;
	(void)l;
	(void)fd;
	(void)peer;
	(void)conf;
	(void)cb;
	(void)arg;
	return ERR_NOTFOUND;
}

int net_usr_open(struct net_usr_port **out, struct net_loop *l, const char *local, const char *address, uint16_t udp_port)
{
	(void)out;
	(void)l;
	(void)local;
	(void)address;
	(void)udp_port;
	return ERR_NOTFOUND;
}

void net_usr_close(struct net_usr_port *p)
{
	(void)p;
}

int net_usr_connect(struct net_stream **out, struct net_loop *l, uint16_t port, const struct net_sctp_ends *ends,
		    const struct net_stream_conf *conf, const struct net_stream_cb *cb, void *arg)
{
	(void)out;
	(void)l;
	(void)port;
	(void)ends;
	(void)conf;
	(void)cb;
	(void)arg;
	return ERR_NOTFOUND;
}
