/* net_feed.c - waits with a limit, then makes one system call. The client shares the flags of the
 * descriptor, so they stay unchanged. */
#include "net/net_feed.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/wake.h"

static int refuse(const char **why, const char *words)
{
	*why = words;
	return ERR_INVAL;
}

int net_feed_open(struct net_feed *f, int fd, bool to_write, uint32_t idle_ms, const char **why)
{
	int flags = fcntl(fd, F_GETFL), mode = flags & O_ACCMODE;
	struct stat st;
	off_t at;

	if (flags < 0 || (flags & O_PATH) || (mode != O_RDWR && mode != (to_write ? O_WRONLY : O_RDONLY))) {
		return refuse(why, to_write ? "is not open for writing" : "is not open for reading");
	}
	if (fstat(fd, &st) || S_ISDIR(st.st_mode) || S_ISBLK(st.st_mode)) {
		return refuse(why, "is no file and no pipe");
	}
	f->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (f->stop_fd < 0) {
		return ERR_NOMEM;
	}
	at = S_ISREG(st.st_mode) && !to_write ? lseek(fd, 0, SEEK_CUR) : -1;
	f->total = at >= 0 && st.st_size > at ? (uint64_t)(st.st_size - at) : 0;
	f->fd = fd;
	f->idle_ms = idle_ms;
	atomic_init(&f->octets, 0);
	atomic_init(&f->waiting, false);
	atomic_init(&f->stopped, false);
	return 0;
}

void net_feed_close(struct net_feed *f)
{
	close(f->fd);
	close(f->stop_fd);
}

void net_feed_stop(struct net_feed *f)
{
	atomic_store(&f->stopped, true);
	wake_set(f->stop_fd);
}

static int wait_for(struct net_feed *f, short events)
{
	struct pollfd p[2] = { { .fd = f->fd, .events = events }, { .fd = f->stop_fd, .events = POLLIN } };
	int n;

	do {
		if (atomic_load(&f->stopped)) {
			return ERR_CLOSED;
		}
		n = poll(p, 2, f->idle_ms > INT_MAX ? INT_MAX : (int)f->idle_ms);
	} while (n < 0 && errno == EINTR);
	if (n < 0) {
		return ERR_IO;
	}
	return n == 0 ? ERR_TIMEOUT : atomic_load(&f->stopped) ? ERR_CLOSED : 0;
}

ssize_t net_feed_read(struct net_feed *f, void *p, size_t n)
{
	ssize_t k;
	int err;

	atomic_store(&f->waiting, true);
	do {
		err = wait_for(f, POLLIN);
		k = err ? 0 : read(f->fd, p, n);
	} while (!err && k < 0 && (errno == EINTR || errno == EAGAIN));
	atomic_store(&f->waiting, false);
	if (err) {
		return err;
	}
	/* A file system that hung may return data long after the stop. Nobody waits for such data
	 * any longer. */
	if (atomic_load(&f->stopped)) {
		return ERR_CLOSED;
	}
	if (k < 0) {
		return ERR_IO;
	}
	atomic_fetch_add(&f->octets, (uint64_t)k);
	return k;
}

static int from_errno(int e)
{
	return e == ENOSPC || e == EDQUOT || e == EFBIG ? ERR_NOSPC : e == EPIPE || e == ECONNRESET ? ERR_CLOSED : ERR_IO;
}

int net_feed_write(struct net_feed *f, const void *p, size_t n)
{
	const uint8_t *from = p;
	int err = 0;

	atomic_store(&f->waiting, true);
	while (n && !err) {
		ssize_t k;

		err = wait_for(f, POLLOUT);
		if (err) {
			break;
		}
		/* a pipe that is ready for writing takes so many octets without waiting */
		k = write(f->fd, from, n < PIPE_BUF ? n : PIPE_BUF);
		if (k < 0 && errno != EINTR && errno != EAGAIN) {
			err = from_errno(errno);
		}
		if (k <= 0) {
			continue;
		}
		from += k;
		n -= (size_t)k;
		atomic_fetch_add(&f->octets, (uint64_t)k);
	}
	atomic_store(&f->waiting, false);
	return err;
}
