/* node_events.c - gather, write, sync, take back. */
#include "nodes/common/node_events.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/tail.h"

#define GATHER_MIN 4096u

struct node_events {
	int fd;
	bool lost;             /* a line of this turn could not be made */
	char *text;            /* lines of this turn */
	size_t len, cap;       /* of text */
	uint64_t end, flushed; /* bytes in the file; bytes of the last flush */
};

static int lock(struct node_events *e, const char *path)
{
	struct stat st;

	e->fd = open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
	if (e->fd < 0) {
		return ERR_IO;
	}
	if (flock(e->fd, LOCK_EX | LOCK_NB)) {
		return errno == EWOULDBLOCK ? ERR_BUSY : ERR_IO;
	}
	if (fstat(e->fd, &st)) {
		return ERR_IO;
	}
	e->end = (uint64_t)st.st_size;
	return 0;
}

/* Another process may have truncated the file in the meantime: never extend it. */
static int cut_to(const struct node_events *e, uint64_t end)
{
	struct stat st;

	if (fstat(e->fd, &st)) {
		return ERR_IO;
	}
	return (uint64_t)st.st_size > end && ftruncate(e->fd, (off_t)end) ? ERR_IO : 0;
}

/* A torn tail longer than any line of ours means that the file is not ours. */
static int cut_torn(struct node_events *e)
{
	uint64_t octets;
	enum tail end = tail_look(e->fd, &octets);

	if (end == TAIL_WHOLE) {
		return 0;
	}
	if (end == TAIL_UNKNOWN) {
		return ERR_IO;
	}
	if (octets >= TAIL_LOOK_MAX) {
		return ERR_INVAL;
	}
	e->end -= octets;
	return cut_to(e, e->end);
}

static const char *open_words(int err)
{
	return err == ERR_BUSY    ? "another process writes it"
	       : err == ERR_INVAL ? "it does not end in a line: no file of events; name another one"
	       : err == ERR_IO    ? strerror(errno)
				  : err_str(err);
}

static int open_at(struct node_events *e, const char *path, char why[NODE_EVENTS_WHY_MAX])
{
	int err;

	e->fd = -1;
	err = lock(e, path);
	if (!err) {
		err = cut_torn(e);
	}
	if (err) {
		snprintf(why, NODE_EVENTS_WHY_MAX, "%.300s: %s", path, open_words(err));
	}
	return err;
}

int node_events_open(struct node_events **out, const char *path, char why[NODE_EVENTS_WHY_MAX])
{
	struct node_events *e = calloc(1, sizeof *e);
	int err;

	if (!e) {
		snprintf(why, NODE_EVENTS_WHY_MAX, "%.300s: %s", path, err_str(ERR_NOMEM));
		return ERR_NOMEM;
	}
	err = open_at(e, path, why);
	if (err) {
		node_events_close(e);
	} else {
		*out = e;
	}
	return err;
}

/* The lock of the file in use would refuse the same file to us. */
static bool is_in_use(const struct node_events *e, const char *path)
{
	struct stat ours, there;

	return fstat(e->fd, &ours) == 0 && stat(path, &there) == 0 && ours.st_dev == there.st_dev && ours.st_ino == there.st_ino;
}

int node_events_reopen(struct node_events *e, const char *path, char why[NODE_EVENTS_WHY_MAX])
{
	struct node_events fresh = { .fd = -1 };
	int err;

	if (is_in_use(e, path)) {
		return 0;
	}
	err = open_at(&fresh, path, why);
	if (err) {
		if (fresh.fd >= 0) {
			close(fresh.fd);
		}
		return err;
	}
	close(e->fd);
	e->fd = fresh.fd;
	e->end = fresh.end;
	e->flushed = 0;
	return 0;
}

void node_events_close(struct node_events *e)
{
	if (!e) {
		return;
	}
	if (e->fd >= 0) {
		close(e->fd);
	}
	free(e->text);
	free(e);
}

int node_events_each(struct node_events *e, node_events_fn *fn, void *arg)
{
	int err = 0, fd = fcntl(e->fd, F_DUPFD_CLOEXEC, 0);
	FILE *f = fd < 0 ? NULL : fdopen(fd, "r");
	char *line = NULL;
	size_t cap = 0;
	ssize_t len;

	if (!f) {
		if (fd >= 0) {
			close(fd);
		}
		return ERR_IO;
	}
	rewind(f);
	while (!err && (len = getline(&line, &cap, f)) > 0) {
		line[len - 1] = 0;
		err = fn(arg, line);
	}
	if (!err && ferror(f)) {
		err = ERR_IO;
	}
	free(line);
	fclose(f);
	return err;
}

static bool make_room(struct node_events *e, size_t more)
{
	size_t cap = e->cap ? e->cap : GATHER_MIN;
	char *text;

	while (cap - e->len < more) {
		cap *= 2;
	}
	if (cap == e->cap) {
		return true;
	}
	text = realloc(e->text, cap);
	if (!text) {
		return false;
	}
	e->text = text;
	e->cap = cap;
	return true;
}

void node_events_add(struct node_events *e, json_t *event)
{
	char *line = event ? json_dumps(event, JSON_COMPACT) : NULL;
	size_t len = line ? strlen(line) : 0;

	json_decref(event);
	if (!line || !make_room(e, len + 1)) {
		e->lost = true;
	} else {
		memcpy(e->text + e->len, line, len);
		e->text[e->len + len] = '\n';
		e->len += len + 1;
	}
	free(line);
}

/* Position of the next line. A file shorter than expected was truncated by log rotation: start at
 * its end. Bytes after our end belong to a commit that failed and could not be removed then. */
static int look_at_end(struct node_events *e)
{
	struct stat st;

	if (fstat(e->fd, &st)) {
		return ERR_IO;
	}
	if ((uint64_t)st.st_size < e->end) {
		e->end = (uint64_t)st.st_size;
	}
	return cut_to(e, e->end);
}

/* The file may be truncated in between: the bytes are appended at its current end. */
static int write_all(struct node_events *e)
{
	size_t done = 0;
	off_t end;

	while (done < e->len) {
		ssize_t n = write(e->fd, e->text + done, e->len - done);

		if (n < 0 && errno == EINTR) {
			continue;
		}
		if (n <= 0) {
			return n < 0 && errno == ENOSPC ? ERR_NOSPC : ERR_IO;
		}
		done += (size_t)n;
	}
	end = lseek(e->fd, 0, SEEK_CUR);
	if (end < 0 || fdatasync(e->fd)) {
		return ERR_IO;
	}
	e->end = (uint64_t)end;
	e->flushed = e->len;
	return 0;
}

static void try_cut(struct node_events *e)
{
	if (cut_to(e, e->end)) {
		return; /* tried again before the next line */
	}
}

int node_events_flush(struct node_events *e)
{
	int err = e->lost ? ERR_NOMEM : 0;

	e->flushed = 0;
	if (!err && e->len) {
		err = look_at_end(e);
	}
	if (!err && e->len) {
		err = write_all(e);
	}
	if (err) {
		try_cut(e);
	}
	e->len = 0;
	e->lost = false;
	return err;
}

void node_events_undo(struct node_events *e)
{
	e->end -= e->flushed;
	e->flushed = 0;
	try_cut(e);
}

uint64_t node_events_end(const struct node_events *e)
{
	return e->end;
}

int node_events_cut(struct node_events *e, uint64_t end)
{
	char last = '\n';

	if (end >= e->end) {
		return 0;
	}
	if (end && pread(e->fd, &last, 1, (off_t)end - 1) != 1) {
		return ERR_IO;
	}
	if (last != '\n') {
		return 0;
	}
	if (cut_to(e, end)) {
		return ERR_IO;
	}
	e->end = end;
	e->flushed = 0;
	return 0;
}
