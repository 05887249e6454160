/* aud_files.c - files of an audit: small ones whole, segments by name, tiles. See aud_files.h. */
#include "audit/aud_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/str.h"

#define SEGMENT_DIGITS 20u
#define SEGMENT_SUFFIX ".jsonl"
#define SEGMENTS_MAX 1048576u

static int why_not(struct aud_why *why, int err, const char *path, const char *words)
{
	snprintf(why->text, sizeof why->text, "%.480s: %s", path, words);
	return err;
}

int aud_dir_open(int *out, const char *path, struct aud_why *why)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), err;
	char text[sizeof AUD_FORMAT + 64];
	size_t n;

	*out = -1;
	if (fd < 0) {
		err = errno == ENOENT ? ERR_NOTFOUND : ERR_IO;
		return why_not(why, err, path, strerror(errno));
	}
	err = aud_file_read(text, sizeof text, &n, fd, "format");
	if (err == ERR_NOTFOUND) {
		why_not(why, err, path, "there is no audit in this directory: it has no file 'format'");
	} else if (!err && strcmp(text, AUD_FORMAT) != 0) {
		err = strncmp(text, AUD_FORMAT, sizeof AUD_FORMAT - 3) == 0 ? ERR_VERSION : ERR_PROTO;
		why_not(why, err, path,
			err == ERR_VERSION ? "this audit was written by a newer mtc-iwfd: use that program"
					   : "the file 'format' is not that of an audit");
	} else if (err) {
		why_not(why, err, path, "the file 'format' cannot be read");
	}
	if (err) {
		close(fd);
		return err;
	}
	*out = fd;
	return 0;
}

/* Reads until the end or n octets. -1 with errno. */
static ssize_t read_all(int fd, void *p, size_t n)
{
	size_t got = 0;

	while (got < n) {
		ssize_t k = read(fd, (char *)p + got, n - got);

		if (k < 0 && errno == EINTR) {
			continue;
		}
		if (k < 0) {
			return -1;
		}
		if (!k) {
			break;
		}
		got += (size_t)k;
	}
	return (ssize_t)got;
}

static int open_to_read(int *fd, int dir, const char *name)
{
	/* a pipe under that name must not stop the reader */
	*fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	return *fd >= 0 ? 0 : errno == ENOENT || errno == ENOTDIR ? ERR_NOTFOUND : ERR_IO;
}

int aud_file_read(char *out, size_t cap, size_t *len, int dir, const char *name)
{
	int fd, err = open_to_read(&fd, dir, name);
	ssize_t n;

	if (err) {
		return err;
	}
	n = read_all(fd, out, cap);
	close(fd);
	if (n < 0) {
		return ERR_IO;
	}
	if ((size_t)n == cap) {
		return ERR_LIMIT;
	}
	out[n] = 0;
	*len = (size_t)n;
	return 0;
}

static int write_whole(int fd, const void *p, size_t n)
{
	while (n) {
		ssize_t k = write(fd, p, n);

		if (k < 0 && errno == EINTR) {
			continue;
		}
		if (k <= 0) {
			errno = k ? errno : ENOSPC;
			return ERR_IO;
		}
		p = (const char *)p + k;
		n -= (size_t)k;
	}
	return 0;
}

int aud_file_put(int dir, const char *name, const void *p, size_t n, uint64_t at)
{
	int fd = openat(dir, name, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640), err = ERR_IO, error;

	if (fd < 0) {
		return ERR_IO;
	}
	if (lseek(fd, (off_t)at, SEEK_SET) == (off_t)at) {
		err = write_whole(fd, p, n);
	}
	error = errno;
	close(fd);
	errno = error;
	return err;
}

int aud_file_write(int dir, const char *name, const void *p, size_t n, bool durable)
{
	char fresh[AUD_NAME_MAX + 8];
	int fd, err, error;

	snprintf(fresh, sizeof fresh, "%s.new", name);
	fd = openat(dir, fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0640);
	if (fd < 0) {
		return ERR_IO;
	}
	err = write_whole(fd, p, n);
	if (!err && durable && fdatasync(fd) < 0) {
		err = ERR_IO;
	}
	error = errno;
	close(fd);
	if (!err && renameat(dir, fresh, dir, name) < 0) {
		return ERR_IO;
	}
	errno = error;
	return err;
}

/* -- segments */

void aud_segment_name(char out[AUD_NAME_MAX], uint64_t first)
{
	snprintf(out, AUD_NAME_MAX, "records/%020llu" SEGMENT_SUFFIX, (unsigned long long)first);
}

static bool first_of(uint64_t *out, const char *name)
{
	char digits[SEGMENT_DIGITS + 1];

	return strlen(name) == SEGMENT_DIGITS + strlen(SEGMENT_SUFFIX) && strcmp(name + SEGMENT_DIGITS, SEGMENT_SUFFIX) == 0 &&
	       str_copy(digits, sizeof digits, name, SEGMENT_DIGITS) == 0 && str_parse_u64(out, digits, 0, UINT64_MAX) == 0;
}

static int by_number(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static int add_segment(struct aud_segments *s, size_t *room, uint64_t first)
{
	if (s->n >= *room) {
		size_t more = s->n ? 2 * s->n : 64;
		uint64_t *p = more <= SEGMENTS_MAX ? realloc(s->first, more * sizeof *p) : NULL;

		if (!p) {
			return ERR_NOMEM;
		}
		s->first = p;
		*room = more;
	}
	s->first[s->n++] = first;
	return 0;
}

int aud_segments_list(struct aud_segments *out, int dir)
{
	int fd = openat(dir, "records", O_RDONLY | O_DIRECTORY | O_CLOEXEC), err = 0;
	DIR *d = fd >= 0 ? fdopendir(fd) : NULL;
	const struct dirent *entry;
	size_t room = 0;

	*out = (struct aud_segments){ NULL, 0 };
	if (!d) {
		if (fd >= 0) {
			close(fd);
		}
		return fd < 0 && errno == ENOENT ? 0 : ERR_IO;
	}
	while (!err && (entry = readdir(d))) {
		uint64_t first;

		if (first_of(&first, entry->d_name)) {
			err = add_segment(out, &room, first);
		}
	}
	closedir(d);
	if (err) {
		aud_segments_free(out);
		return err;
	}
	if (out->n) {
		qsort(out->first, out->n, sizeof *out->first, by_number);
	}
	return 0;
}

int aud_segments_of_both(struct aud_segments *out, int dir, int archive)
{
	struct aud_segments more = { NULL, 0 };
	int err = aud_segments_list(out, dir);
	size_t room, n = 0;

	if (err || archive < 0) {
		return err;
	}
	err = aud_segments_list(&more, archive);
	room = out->n;
	for (size_t i = 0; i < more.n && !err; i++) {
		err = add_segment(out, &room, more.first[i]);
	}
	aud_segments_free(&more);
	if (err) {
		aud_segments_free(out);
		return err;
	}
	if (out->n) {
		qsort(out->first, out->n, sizeof *out->first, by_number);
	}
	for (size_t i = 0; i < out->n; i++) {
		if (!n || out->first[n - 1] != out->first[i]) {
			out->first[n++] = out->first[i];
		}
	}
	out->n = n;
	return 0;
}

void aud_segments_free(struct aud_segments *s)
{
	free(s->first);
	*s = (struct aud_segments){ NULL, 0 };
}

/* -- tiles */

/* A whole tile: a file of its own, as versions before made it, or its place in the file of the
 * level. */
static int open_whole(int *fd, int dir, unsigned level, uint64_t tile)
{
	char name[MRK_TILE_NAME_MAX];
	int err;

	mrk_tile_name(name, level, tile, MRK_TILE_WIDTH);
	err = open_to_read(fd, dir, name);
	if (err != ERR_NOTFOUND) {
		return err;
	}
	snprintf(name, sizeof name, AUD_TILES_WHOLE, level);
	err = open_to_read(fd, dir, name);
	if (!err && lseek(*fd, (off_t)(tile * MRK_TILE_OCTETS), SEEK_SET) < 0) {
		close(*fd);
		err = ERR_NOTFOUND;
	}
	return err;
}

static int read_tile(struct aud_tile_reader *r, unsigned level, uint64_t tile)
{
	uint64_t hashes = mrk_tile_hashes(level, r->size), first = tile * MRK_TILE_WIDTH;
	unsigned width = hashes - first < MRK_TILE_WIDTH ? (unsigned)(hashes - first) : MRK_TILE_WIDTH;
	char name[MRK_TILE_NAME_MAX];
	int fd, err;
	ssize_t n;

	mrk_tile_name(name, level, tile, width);
	err = width < MRK_TILE_WIDTH ? open_to_read(&fd, r->dir, name) : ERR_NOTFOUND;
	if (err == ERR_NOTFOUND) { /* or it became whole after the checkpoint */
		err = open_whole(&fd, r->dir, level, tile);
	}
	if (err) {
		return err;
	}
	n = read_all(fd, r->last[level].v, MRK_TILE_OCTETS);
	close(fd);
	r->last[level].there = false;
	if (n < 0) {
		return ERR_IO;
	}
	if ((size_t)n != (size_t)width * HASH_LEN && (size_t)n != MRK_TILE_OCTETS) {
		return ERR_PROTO;
	}
	r->last[level].there = true;
	r->last[level].tile = tile;
	r->last[level].width = width;
	return 0;
}

int aud_tile_get(void *arg, unsigned level, uint64_t index, struct mrk_hash *out)
{
	struct aud_tile_reader *r = OBJ_OF(arg, struct aud_tile_reader, AUD_TILE_READER_MAGIC);
	uint64_t tile = index / MRK_TILE_WIDTH;
	int err = 0;

	if (level >= MRK_TILE_LEVELS || index >= mrk_tile_hashes(level, r->size)) {
		return ERR_NOTFOUND;
	}
	if (!r->last[level].there || r->last[level].tile != tile) {
		err = read_tile(r, level, tile);
	}
	if (!err) {
		memcpy(out->v, r->last[level].v + index % MRK_TILE_WIDTH * HASH_LEN, HASH_LEN);
	}
	return err;
}
