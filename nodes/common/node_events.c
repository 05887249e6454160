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

#define GATHER_MIN 4096u

struct node_events {
	int fd;
	bool lost;             /* a line of this turn could not be made */
	char *text;            /* lines of this turn */
	size_t len, cap;       /* of text */
	uint64_t end, flushed; /* octets in the file; of them from the last flush */
};

static int lock(struct node_events *e, const char *path)
{
	struct stat st;

	e->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	if (e->fd < 0)
		return ERR_IO;
	if (flock(e->fd, LOCK_EX | LOCK_NB))
		return errno == EWOULDBLOCK ? ERR_BUSY : ERR_IO;
	if (fstat(e->fd, &st))
		return ERR_IO;
	e->end = (uint64_t)st.st_size;
	return 0;
}

static int cut_torn(struct node_events *e)
{
	uint64_t end = e->end;
	char last = 0;

	while (end > 0) {
		if (pread(e->fd, &last, 1, (off_t)end - 1) != 1)
			return ERR_IO;
		if (last == '\n')
			break;
		end--;
	}
	return node_events_cut(e, end);
}

int node_events_open(struct node_events **out, const char *path, char why[NODE_EVENTS_WHY_MAX])
{
	struct node_events *e = calloc(1, sizeof *e);
	int err = ERR_NOMEM;

	if (e) {
		e->fd = -1;
		err = lock(e, path);
	}
	if (!err)
		err = cut_torn(e);
	if (!err) {
		*out = e;
		return 0;
	}
	snprintf(why, NODE_EVENTS_WHY_MAX, "%.300s: %s", path,
		 err == ERR_BUSY ? "another process writes it"
		 : err == ERR_IO ? strerror(errno)
				 : err_str(err));
	node_events_close(e);
	return err;
}

void node_events_close(struct node_events *e)
{
	if (!e)
		return;
	if (e->fd >= 0)
		close(e->fd);
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
		if (fd >= 0)
			close(fd);
		return ERR_IO;
	}
	rewind(f);
	while (!err && (len = getline(&line, &cap, f)) > 0) {
		line[len - 1] = 0;
		err = fn(arg, line);
	}
	if (!err && ferror(f))
		err = ERR_IO;
	free(line);
	fclose(f);
	return err;
}

static bool make_room(struct node_events *e, size_t more)
{
	size_t cap = e->cap ? e->cap : GATHER_MIN;
	char *text;

	while (cap - e->len < more)
		cap *= 2;
	if (cap == e->cap)
		return true;
	text = realloc(e->text, cap);
	if (!text)
		return false;
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

static int write_all(struct node_events *e)
{
	size_t done = 0;

	while (done < e->len) {
		ssize_t n = pwrite(e->fd, e->text + done, e->len - done, (off_t)(e->end + done));

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 && errno == ENOSPC ? ERR_NOSPC : ERR_IO;
		done += (size_t)n;
	}
	return fdatasync(e->fd) ? ERR_IO : 0;
}

int node_events_flush(struct node_events *e)
{
	int err = e->lost ? ERR_NOMEM : 0;

	e->flushed = 0;
	if (!err && e->len)
		err = write_all(e);
	if (!err) {
		e->end += e->len;
		e->flushed = e->len;
	} else {
		(void)!ftruncate(e->fd, (off_t)e->end);
	}
	e->len = 0;
	e->lost = false;
	return err;
}

void node_events_undo(struct node_events *e)
{
	e->end -= e->flushed;
	e->flushed = 0;
	(void)!ftruncate(e->fd, (off_t)e->end); /* should that fail, the next line is written in its place */
}

uint64_t node_events_end(const struct node_events *e)
{
	return e->end;
}

int node_events_cut(struct node_events *e, uint64_t end)
{
	if (end >= e->end)
		return 0;
	if (ftruncate(e->fd, (off_t)end))
		return ERR_IO;
	e->end = end;
	e->flushed = 0;
	return 0;
}
