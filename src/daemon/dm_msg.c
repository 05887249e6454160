/* dm_msg.c - fixed-size messages with descriptors, and the sealed memory that carries files to children without a file system. */
#include "daemon/dm_msg.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#define FILE_LEN_MAX (1u << 20)

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
	do
		n = sendmsg(sock, &h, MSG_NOSIGNAL | MSG_DONTWAIT);
	while (n < 0 && errno == EINTR);
	if (n == (ssize_t)sizeof copy)
		return 0;
	if (n < 0 && (errno == EPIPE || errno == ECONNRESET))
		return ERR_CLOSED;
	return n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK) ? ERR_BUSY : ERR_IO;
}

static void close_all(int fds[DM_FDS_MAX])
{
	for (int i = 0; i < DM_FDS_MAX; i++) {
		if (fds[i] >= 0)
			close(fds[i]);
		fds[i] = -1;
	}
}

/* Copies the descriptors out of one control message. */
static int take_fds(const struct cmsghdr *c, int fds[DM_FDS_MAX])
{
	size_t n;

	if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
		return ERR_PROTO;
	n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
	if (n > DM_FDS_MAX)
		return ERR_PROTO;
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

	for (int i = 0; i < DM_FDS_MAX; i++)
		fds[i] = -1;
	do
		n = recvmsg(sock, &h, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno == EAGAIN || errno == EWOULDBLOCK ? ERR_AGAIN : ERR_IO;
	c = CMSG_FIRSTHDR(&h);
	if (c && take_fds(c, fds))
		return ERR_PROTO;
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

int dm_memfd(int *fd, const char *name, const void *p, size_t len)
{
	const char *at = p;
	size_t left = len;

	*fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (*fd < 0)
		return ERR_IO;
	while (left > 0) {
		ssize_t n = write(*fd, at, left);

		if (n <= 0)
			goto fail;
		at += n;
		left -= (size_t)n;
	}
	if (fcntl(*fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) == 0)
		return 0;
fail:
	close(*fd);
	*fd = -1;
	return ERR_IO;
}

int dm_memfd_of(int *fd, const char *path)
{
	char *content = NULL;
	size_t len = 0;
	ssize_t n = 0;
	int err = ERR_IO, from = open(path, O_RDONLY | O_CLOEXEC);

	if (from < 0)
		return ERR_IO;
	content = malloc(FILE_LEN_MAX + 1);
	while (content && len <= FILE_LEN_MAX && (n = read(from, content + len, FILE_LEN_MAX + 1 - len)) > 0)
		len += (size_t)n;
	if (content && n >= 0)
		err = len > FILE_LEN_MAX ? ERR_LIMIT : dm_memfd(fd, "mtc-iwf-file", content, len);
	if (content)
		explicit_bzero(content, len); /* it may have been a key */
	free(content);
	close(from);
	return err;
}
