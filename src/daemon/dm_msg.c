/* dm_msg.c - fixed-size messages with descriptors, and the sealed memory that carries files to
 * children without a file system. */
#include "daemon/dm_msg.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

union control { /* aligned as the kernel wants it */
	struct cmsghdr head;
	char space[CMSG_SPACE(sizeof(int) * DM_FDS_MAX)];
};

int dm_send(int sock, const struct dm_msg *m, const int *fds, int fds_n)
{
	struct dm_msg copy = *m;
	struct iovec iov = { &copy, sizeof copy };
	struct msghdr h = { .msg_iov = &iov, .msg_iovlen = 1 };
	union control control = { 0 };
	ssize_t n;

	if (fds_n > 0) {
		h.msg_control = control.space;
		h.msg_controllen = CMSG_SPACE(sizeof(int) * (size_t)fds_n);
		control.head.cmsg_level = SOL_SOCKET;
		control.head.cmsg_type = SCM_RIGHTS;
		control.head.cmsg_len = CMSG_LEN(sizeof(int) * (size_t)fds_n);
		memcpy(CMSG_DATA(&control.head), fds, sizeof(int) * (size_t)fds_n);
	}
	do {
		/* a child sends no descriptors, and its sandbox has no sendmsg() */
		n = fds_n > 0 ? sendmsg(sock, &h, MSG_NOSIGNAL | MSG_DONTWAIT)
			      : send(sock, &copy, sizeof copy, MSG_NOSIGNAL | MSG_DONTWAIT);
	} while (n < 0 && errno == EINTR);
	if (n == (ssize_t)sizeof copy) {
		return 0;
	}
	if (n < 0 && (errno == EPIPE || errno == ECONNRESET)) {
		return ERR_CLOSED;
	}
	return n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK) ? ERR_BUSY : ERR_IO;
}

static void close_all(int fds[DM_FDS_MAX])
{
	for (int i = 0; i < DM_FDS_MAX; i++) {
		if (fds[i] >= 0) {
			close(fds[i]);
		}
		fds[i] = -1;
	}
}

/* Copies the descriptors out of one control message. */
static int take_fds(const struct cmsghdr *c, int fds[DM_FDS_MAX])
{
	size_t n;

	if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS) {
		return ERR_PROTO;
	}
	n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
	if (n > DM_FDS_MAX) {
		return ERR_PROTO;
	}
	memcpy(fds, CMSG_DATA(c), n * sizeof(int));
	return 0;
}

int dm_recv(int sock, struct dm_msg *m, int fds[DM_FDS_MAX])
{
	struct dm_msg got;
	struct iovec iov = { &got, sizeof got };
	union control control = { 0 };
	struct msghdr h = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.space, .msg_controllen = sizeof control.space
	};
	struct cmsghdr *c;
	ssize_t n;

	for (int i = 0; i < DM_FDS_MAX; i++) {
		fds[i] = -1;
	}
	do {
		n = recvmsg(sock, &h, MSG_CMSG_CLOEXEC);
	} while (n < 0 && errno == EINTR);
	if (n < 0) {
		return errno == EAGAIN || errno == EWOULDBLOCK ? ERR_AGAIN : ERR_IO;
	}
	c = CMSG_FIRSTHDR(&h);
	if (c && take_fds(c, fds)) {
		return ERR_PROTO;
	}
	if (n == 0) {
		close_all(fds);
		return ERR_CLOSED;
	}
	if (n != (ssize_t)sizeof got || (h.msg_flags & (MSG_TRUNC | MSG_CTRUNC))) {
		close_all(fds);
		return ERR_PROTO;
	}
	*m = got;
	return 0;
}

static int write_all(int fd, const void *p, size_t len)
{
	const char *at = p;

	while (len > 0) {
		ssize_t n = write(fd, at, len);

		if (n < 0 && errno == EINTR) {
			continue;
		}
		if (n <= 0) {
			return ERR_IO;
		}
		at += n;
		len -= (size_t)n;
	}
	return 0;
}

int dm_memfd_v(int *fd, const char *name, const struct iovec *v, size_t n)
{
	int err = 0;

	*fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (*fd < 0) {
		return ERR_IO;
	}
	for (size_t i = 0; i < n && !err; i++) {
		err = write_all(*fd, v[i].iov_base, v[i].iov_len);
	}
	if (!err && fcntl(*fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) < 0) {
		err = ERR_IO;
	}
	if (err) {
		close(*fd);
		*fd = -1;
	}
	return err;
}

int dm_memfd(int *fd, const char *name, const void *p, size_t len)
{
	return dm_memfd_v(fd, name, &(struct iovec){ (void *)(uintptr_t)p, len }, 1);
}
