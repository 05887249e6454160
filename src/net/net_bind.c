/* net_bind.c - listening descriptors, TCP and UNIX. */
#include <errno.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include "net/net_addr.h"
#include "net/net_tcp.h"

#define SOCK_FLAGS (SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC)

/* Closes and keeps errno for the caller's message. */
static int give_up(int fd, int err)
{
	int saved = errno;

	close(fd);
	errno = saved;
	return err;
}

static int bind_only(int *fd_out, union net_addr *a, socklen_t *len, const char *address, uint16_t port)
{
	int fd, on = 1;
	int err = net_addr_parse(a, len, address, port);

	if (err) {
		return err;
	}
	fd = socket(a->sa.sa_family, SOCK_FLAGS, 0);
	if (fd < 0) {
		return ERR_IO;
	}
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on)) {
		return give_up(fd, ERR_IO);
	}
	/* A v6 socket for v6 only: 0.0.0.0 and :: may both be listened on. */
	if (a->sa.sa_family == AF_INET6 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on)) {
		return give_up(fd, ERR_IO);
	}
	if (bind(fd, &a->sa, *len)) {
		return give_up(fd, ERR_IO);
	}
	*fd_out = fd;
	return 0;
}

int net_tcp_usable(const char *address, uint16_t port)
{
	union net_addr a;
	socklen_t len;
	int fd, err = bind_only(&fd, &a, &len, address, port);

	if (!err) {
		close(fd);
	}
	return err == ERR_IO && errno == EADDRINUSE ? 0 : err;
}

/* All edges of a zone share the listener, and one that an attacker has can make it blocking
 * (FIONBIO, which edges need for sockets of their own). The others would then wait in accept() for
 * ever; with this the kernel sends them back at its next tick. */
static int never_wait_long(int fd)
{
	struct timeval shortest = { 0, 1000 };

	return setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &shortest, sizeof shortest);
}

int net_tcp_bind(int *fd_out, uint16_t *port_out, const char *address, uint16_t port, int backlog)
{
	union net_addr a;
	socklen_t len;
	int fd, err = bind_only(&fd, &a, &len, address, port);

	if (err) {
		return err;
	}
	if (never_wait_long(fd) || listen(fd, backlog)) {
		return give_up(fd, ERR_IO);
	}
	len = sizeof a;
	if (getsockname(fd, &a.sa, &len)) {
		return give_up(fd, ERR_IO);
	}
	if (port_out) {
		*port_out = net_addr_port(&a);
	}
	*fd_out = fd;
	return 0;
}

/* Makes way for our socket file. Only a socket that refuses connections is stale. */
static int remove_stale(const char *path, const union net_addr *a, socklen_t len)
{
	struct stat st;
	int fd, r;

	if (lstat(path, &st)) {
		return errno == ENOENT ? 0 : ERR_IO;
	}
	if (!S_ISSOCK(st.st_mode)) {
		return ERR_EXISTS;
	}
	fd = socket(AF_UNIX, SOCK_FLAGS, 0);
	if (fd < 0) {
		return ERR_IO;
	}
	r = connect(fd, &a->sa, len);
	if (r == 0 || errno != ECONNREFUSED) {
		return give_up(fd, r == 0 || errno == EAGAIN ? ERR_EXISTS : ERR_IO);
	}
	close(fd);
	return unlink(path) ? ERR_IO : 0;
}

int net_unix_bind(int *fd_out, const char *path, unsigned mode, int backlog)
{
	union net_addr a;
	socklen_t len;
	int fd;
	int err = net_addr_unix(&a, &len, path);

	if (err) {
		return err;
	}
	err = remove_stale(path, &a, len);
	if (err) {
		return err;
	}
	fd = socket(AF_UNIX, SOCK_FLAGS, 0);
	if (fd < 0) {
		return ERR_IO;
	}
	/* Before bind: the file never has more rights than these. After bind: the umask may have
	 * removed some of them. */
	if (fchmod(fd, mode) || bind(fd, &a.sa, len)) {
		return give_up(fd, ERR_IO);
	}
	if (chmod(path, mode) || listen(fd, backlog)) {
		err = give_up(fd, ERR_IO);
		unlink(path);
		return err;
	}
	*fd_out = fd;
	return 0;
}
