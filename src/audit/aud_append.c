/* aud_append.c - records into the file, the tree and the tiles, in this order; each step is tried
 * again until it works. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "audit/aud_store_int.h"
#include "base/wake.h"

#define AGAIN_MS 1000u /* between attempts to write */

/* False: the time was over. */
bool aud_wait_ms(struct aud_store *s, uint64_t ms)
{
	struct timespec until;
	int err;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += (time_t)(ms / 1000);
	until.tv_nsec += (long)(ms % 1000) * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_nsec -= 1000000000;
		until.tv_sec++;
	}
	err = pthread_cond_timedwait(&s->work, &s->lock, &until);
	return err != ETIMEDOUT;
}

static void set_error(struct aud_store *s, int error)
{
	pthread_mutex_lock(&s->lock);
	if (error) {
		atomic_store_explicit(&s->failing, true, memory_order_relaxed);
	}
	if (s->view.error != error) {
		s->view.error = error;
		pthread_cond_broadcast(&s->tried);
		wake_set(s->wake);
	}
	pthread_mutex_unlock(&s->lock);
}

int aud_insist(struct aud_store *s, int (*again)(struct aud_store *s, const void *p, size_t n), const void *p, size_t n)
{
	while (again(s, p, n)) {
		bool stopping;

		set_error(s, errno ? errno : EIO);
		pthread_mutex_lock(&s->lock);
		if (s->threaded && !s->stopping) {
			aud_wait_ms(s, AGAIN_MS);
		}
		stopping = s->stopping || !s->threaded || s->view.broken;
		pthread_mutex_unlock(&s->lock);
		if (stopping) {
			return ERR_CLOSED;
		}
	}
	if (s->view.error) { /* only this thread sets it */
		set_error(s, 0);
	}
	return 0;
}

/* -- records */

struct aud_place aud_next_place(const struct aud_store *s)
{
	return (struct aud_place){ s->edge.size, s->interval };
}

/* A file is durable with its name only. */
static int sync_names(const struct aud_store *s)
{
	int fd = openat(s->dir_fd, "records", O_RDONLY | O_DIRECTORY | O_CLOEXEC), err = fd < 0 || fsync(fd) < 0 ? ERR_IO : 0;
	int error = errno;

	if (fd >= 0) {
		close(fd);
	}
	errno = error;
	return err;
}

static int next_file(struct aud_store *s)
{
	char name[AUD_NAME_MAX];
	int fd;

	aud_segment_name(name, s->edge.size);
	fd = openat(s->dir_fd, name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0640);
	if (fd < 0) {
		return ERR_IO;
	}
	if (sync_names(s)) {
		close(fd);
		return ERR_IO;
	}
	if (s->file >= 0) {
		if (fdatasync(s->file) < 0) {
			close(fd);
			return ERR_IO;
		}
		close(s->file);
	}
	s->file = fd;
	s->segment = s->edge.size;
	s->file_octets = 0;
	return 0;
}

/* All octets or none: what was written in part is cut off again. */
static int write_records(struct aud_store *s, const void *p, size_t n)
{
	ssize_t k;
	int error;

	if ((s->file < 0 || s->file_octets >= s->segment_size) && next_file(s)) {
		return ERR_IO;
	}
	/* what `mtcctl audit prune` has moved away is seen when it is needed */
	if (s->all_octets + n > s->size_max && (aud_count_octets(s) || s->all_octets + n > s->size_max)) {
		errno = EDQUOT; /* audit.size_max */
		return ERR_IO;
	}
	do {
		k = write(s->file, p, n);
	} while (k < 0 && errno == EINTR);
	if (k == (ssize_t)n) {
		s->file_octets += n;
		s->all_octets += n;
		return 0;
	}
	error = k < 0 ? errno : ENOSPC;
	if (k > 0 && ftruncate(s->file, (off_t)s->file_octets) < 0) {
		error = errno; /* the next attempt would stand behind half a record */
		aud_broken(s, "%s: a record was written in part and cannot be cut off: %s", s->dir, strerror(error));
	}
	errno = error;
	return ERR_IO;
}

static int put_leaf(struct aud_store *s, const void *p, size_t n)
{
	struct mrk_hash leaf;
	int err = mrk_leaf(s->hash, p, n, &leaf);

	if (!err) {
		err = mrk_add(&s->edge, s->hash, &leaf, aud_tiles_put, &s->tiles);
	}
	if (err) { /* the edge is as before */
		errno = err == ERR_IO ? s->tiles.error : ENOMEM;
	}
	return err;
}

int aud_append(struct aud_store *s, const char *records, size_t len, uint64_t n)
{
	const char *end = records + len;
	int err = aud_insist(s, write_records, records, len);

	(void)n;
	while (!err && records < end) {
		const char *newline = memchr(records, '\n', (size_t)(end - records));

		err = aud_insist(s, put_leaf, records, (size_t)(newline - records));
		records = newline + 1;
	}
	pthread_mutex_lock(&s->lock);
	s->view.records = s->edge.size;
	s->view.octets = s->all_octets;
	pthread_mutex_unlock(&s->lock);
	return err;
}

/* Makes records of lines, and writes as many at a time as `out` holds. */
int aud_drain(struct aud_store *s, const char *lines, size_t len)
{
	const char *end = lines + len;
	int err = 0;

	while (!err && lines < end) {
		struct aud_place at = aud_next_place(s);
		uint64_t first = at.seq;
		size_t n = 0;

		while (lines < end && AUD_OUT_OCTETS - n > AUD_RECORD_MAX) {
			const char *newline = memchr(lines, '\n', (size_t)(end - lines));

			n += aud_record_put(s->out + n, &at, lines, (size_t)(newline - lines));
			s->out[n++] = '\n';
			at.seq++;
			lines = newline + 1;
		}
		err = aud_append(s, s->out, n, at.seq - first);
	}
	return err;
}
