/* net_sctp_socket.c - sockets of SCTP and their options, by the interface of the kernel itself
 * (linux/sctp.h): the four functions that a library would add are one option each.
 *
 * Options of a connected socket are set without sendmsg(), which an edge must not have: how its
 * messages leave is a default of the socket. */
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <linux/sctp.h>

#include "net/net_sctp_int.h"

#define PAYLOAD_PROTOCOL 46u /* Diameter in clear, RFC 6733 2.1.1 */
#define STREAMS_OUT 1u
#define STREAMS_IN 64u /* the kernel keeps a state for each */

static int option(int fd, int name, const void *value, socklen_t len)
{
	return setsockopt(fd, IPPROTO_SCTP, name, value, len) ? ERR_IO : 0;
}

/* Closes and keeps errno for the caller's message. */
static int give_up(int fd, int err)
{
	int saved = errno;

	close(fd);
	errno = saved;
	return err;
}

/* -- addresses */

int net_sctp_addrs(struct net_sctp_addrs *out, const char *first, const char *const *more, size_t more_n, uint16_t port)
{
	socklen_t len;
	int err = net_addr_parse(&out->addr[0], &len, first, port);

	out->n = 1;
	for (size_t i = 0; i < more_n && !err; i++) {
		if (out->n == NET_SCTP_ADDRS_MAX) {
			return ERR_LIMIT;
		}
		err = net_addr_parse(&out->addr[out->n++], &len, more[i], port);
	}
	return err;
}

static bool has(const struct net_sctp_addrs *a, int family)
{
	for (size_t i = 0; a && i < a->n; i++) {
		if (a->addr[i].sa.sa_family == family) {
			return true;
		}
	}
	return false;
}

static socklen_t addr_len(const union net_addr *a)
{
	return a->sa.sa_family == AF_INET ? sizeof a->v4 : sizeof a->v6;
}

/* One behind the other, each as long as its family: the form that the kernel takes and gives. */
static socklen_t pack(uint8_t out[sizeof(struct sockaddr_in6) * NET_SCTP_ADDRS_MAX], const struct net_sctp_addrs *a)
{
	socklen_t len = 0;

	for (size_t i = 0; i < a->n; i++) {
		memcpy(out + len, &a->addr[i], addr_len(&a->addr[i]));
		len += addr_len(&a->addr[i]);
	}
	return len;
}

static int with_addrs(int fd, int name, const struct net_sctp_addrs *a)
{
	uint8_t packed[sizeof(struct sockaddr_in6) * NET_SCTP_ADDRS_MAX];

	return setsockopt(fd, IPPROTO_SCTP, name, packed, pack(packed, a));
}

int net_sctp_connectx(int fd, const struct net_sctp_addrs *to)
{
	return with_addrs(fd, SCTP_SOCKOPT_CONNECTX, to) < 0 ? errno : 0;
}

int net_sctp_ips(int fd, bool peer, struct net_ip out[NET_IPS_MAX], size_t *n)
{
	struct { /* struct sctp_getaddrs, whose last member has no length */
		sctp_assoc_t association;
		uint32_t n;
		uint8_t addrs[NET_IPS_MAX * sizeof(struct sockaddr_in6)];
	} got = { .association = 0 };
	socklen_t len = sizeof got;
	size_t at = 0;

	_Static_assert(offsetof(struct sctp_getaddrs, addrs) == 2 * sizeof(uint32_t), "the kernel's form");
	*n = 0;
	if (getsockopt(fd, IPPROTO_SCTP, peer ? SCTP_GET_PEER_ADDRS : SCTP_GET_LOCAL_ADDRS, &got, &len)) {
		return errno == ENOMEM ? ERR_LIMIT : ERR_IO;
	}
	if (got.n > NET_IPS_MAX) {
		return ERR_LIMIT;
	}
	while (*n < got.n) {
		union net_addr a = { 0 };

		if (sizeof got.addrs - at < sizeof a.v4) {
			return ERR_LIMIT;
		}
		memcpy(&a.v4, got.addrs + at, sizeof a.v4);
		if (a.sa.sa_family == AF_INET6) {
			if (sizeof got.addrs - at < sizeof a.v6) {
				return ERR_LIMIT;
			}
			memcpy(&a.v6, got.addrs + at, sizeof a.v6);
		}
		at += addr_len(&a);
		out[(*n)++] = net_ip_of(&a);
	}
	return 0;
}

/* -- options */

static int set_timers(int fd, const struct net_sctp_timers *t)
{
	struct sctp_rtoinfo rto = { .srto_initial = t->rto_initial_ms, .srto_min = t->rto_min_ms, .srto_max = t->rto_max_ms };
	struct sctp_assocparams association = { .sasoc_asocmaxrxt = t->association_retransmits };
	struct sctp_paddrparams path = { .spp_hbinterval = t->heartbeat_ms,
					 .spp_pathmaxrxt = t->path_retransmits,
					 .spp_flags = t->heartbeat_ms ? SPP_HB_ENABLE : 0 };
	int err = option(fd, SCTP_RTOINFO, &rto, sizeof rto);

	if (!err) {
		err = option(fd, SCTP_ASSOCINFO, &association, sizeof association);
	}
	return err ? err : option(fd, SCTP_PEER_ADDR_PARAMS, &path, sizeof path);
}

/* Older kernels have ADD-IP for all sockets or for none, by net.sctp.addip_enable (0 unless
 * somebody has changed it). */
static bool refuse_asconf(int fd)
{
	struct sctp_assoc_value off = { .assoc_id = SCTP_FUTURE_ASSOC, .assoc_value = 0 };

	return !option(fd, SCTP_ASCONF_SUPPORTED, &off, sizeof off);
}

static int set_all(int fd, const struct net_sctp_timers *timers)
{
	struct sctp_initmsg init = { .sinit_num_ostreams = STREAMS_OUT, .sinit_max_instreams = STREAMS_IN };
	int err = option(fd, SCTP_INITMSG, &init, sizeof init);

	(void)refuse_asconf(fd);
	return err ? err : set_timers(fd, timers);
}

/* How the next messages leave. */
static int leave_with(int fd, uint16_t flags)
{
	struct sctp_sndinfo leave = {
		.snd_sid = 0, .snd_flags = flags, .snd_ppid = htonl(PAYLOAD_PROTOCOL), .snd_assoc_id = SCTP_FUTURE_ASSOC
	};

	return setsockopt(fd, IPPROTO_SCTP, SCTP_DEFAULT_SNDINFO, &leave, sizeof leave);
}

void net_sctp_unordered(int fd)
{
	err_ignore(leave_with(fd, SCTP_UNORDERED), "in order is right, too");
}

int net_sctp_prepare(int fd)
{
	struct sctp_event_subscribe events = { .sctp_association_event = 1, .sctp_address_event = 1 };
	int on = 1, err = option(fd, SCTP_EVENTS, &events, sizeof events);

	if (!err) {
		err = option(fd, SCTP_RECVRCVINFO, &on, sizeof on);
	}
	if (!err) {
		err = option(fd, SCTP_NODELAY, &on, sizeof on);
	}
	return !err && leave_with(fd, 0) ? ERR_IO : err;
}

/* -- sockets */

static int open_socket(int *fd_out, int family)
{
	int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_SCTP);

	if (fd < 0) {
		return errno == EPROTONOSUPPORT || errno == ESOCKTNOSUPPORT ? ERR_NOTFOUND : ERR_IO;
	}
	*fd_out = fd;
	return 0;
}

bool net_sctp_possible(void)
{
	int fd, err = open_socket(&fd, AF_INET);

	if (!err) {
		close(fd);
	}
	return err != ERR_NOTFOUND;
}

static bool sysctl_on(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char word = '0';
	ssize_t n = fd < 0 ? 0 : read(fd, &word, 1);

	if (fd >= 0) {
		close(fd);
	}
	return n == 1 && word != '0';
}

bool net_sctp_addip_on(void)
{
	bool refused;
	int fd;

	if (open_socket(&fd, AF_INET)) {
		return false;
	}
	refused = refuse_asconf(fd);
	close(fd);
	return !refused && sysctl_on("/proc/sys/net/sctp/addip_enable");
}

int net_sctp_socket(int *fd_out, const struct net_sctp_addrs *local, const struct net_sctp_addrs *other,
		    const struct net_sctp_timers *timers)
{
	bool v4 = has(local, AF_INET) || has(other, AF_INET), v6 = has(local, AF_INET6) || has(other, AF_INET6);
	int fd, on = 1, v6_only = !v4, err = open_socket(&fd, v6 ? AF_INET6 : AF_INET);

	if (err) {
		return err;
	}
	/* A listener: its port is in use as long as associations of a process that ended are being
	 * shut down. */
	if ((!other && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on)) ||
	    (v6 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &v6_only, sizeof v6_only)) || set_all(fd, timers) ||
	    with_addrs(fd, SCTP_SOCKOPT_BINDX_ADD, local)) {
		return give_up(fd, ERR_IO);
	}
	*fd_out = fd;
	return 0;
}

/* -- listening */

static int bound(int *fd_out, const char *address, uint16_t port, const struct net_sctp_ends *ends)
{
	struct net_sctp_addrs local;
	int err = net_sctp_addrs(&local, address, ends->more, ends->more_n, port);

	return err ? err : net_sctp_socket(fd_out, &local, NULL, &ends->timers);
}

int net_sctp_usable(const char *address, uint16_t port, const struct net_sctp_ends *ends)
{
	int fd, err = bound(&fd, address, port, ends);

	if (!err) {
		close(fd);
	}
	return err == ERR_IO && errno == EADDRINUSE ? 0 : err;
}

int net_sctp_bind(int *fd_out, uint16_t *port_out, const char *address, uint16_t port, const struct net_sctp_ends *ends,
		  int backlog)
{
	struct timeval shortest = { 0, 1000 }; /* as in net_bind.c */
	union net_addr a = { 0 };
	socklen_t len = sizeof a;
	int fd, err = bound(&fd, address, port, ends);

	if (err) {
		return err;
	}
	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &shortest, sizeof shortest) || listen(fd, backlog) ||
	    getsockname(fd, &a.sa, &len)) {
		return give_up(fd, ERR_IO);
	}
	if (port_out) {
		*port_out = net_addr_port(&a);
	}
	*fd_out = fd;
	return 0;
}
