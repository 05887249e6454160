/* aud_reader.c - the lines of all segments, one behind the other. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "audit/aud_files.h"
#include "audit/aud_record.h"

#define BUFFER_OCTETS (256u * 1024u)
_Static_assert(BUFFER_OCTETS > 2 * AUD_RECORD_MAX, "a record fits");

struct aud_reader {
	int dir, archive, fd; /* fd: of the segment; -1: none is open */
	struct aud_segments segments;
	size_t next;      /* segment that comes */
	uint64_t segment; /* that is read */
	uint64_t at;      /* octets of it in front of `line` */
	size_t from, len; /* in buf: unread octets begin and end here */
	size_t line;      /* length with newline of the line that was given; 0: none */
	bool ended;       /* the segment has no more octets */
	uint64_t torn;
	char buf[BUFFER_OCTETS];
};

int aud_reader_open(struct aud_reader **out, int dir, int archive, uint64_t from)
{
	struct aud_reader *r = calloc(1, sizeof *r);
	int err = r ? aud_segments_of_both(&r->segments, dir, archive) : ERR_NOMEM;

	if (err) {
		free(r);
		return err;
	}
	r->dir = dir;
	r->archive = archive;
	r->fd = -1;
	while (r->next + 1 < r->segments.n && r->segments.first[r->next + 1] <= from) {
		r->next++;
	}
	*out = r;
	return 0;
}

void aud_reader_free(struct aud_reader *r)
{
	if (!r) {
		return;
	}
	if (r->fd >= 0) {
		close(r->fd);
	}
	aud_segments_free(&r->segments);
	free(r);
}

uint64_t aud_reader_first(const struct aud_reader *r)
{
	return r->segments.n ? r->segments.first[0] : 0;
}

uint64_t aud_reader_segment(const struct aud_reader *r)
{
	return r->segment;
}

uint64_t aud_reader_offset(const struct aud_reader *r)
{
	return r->at;
}

uint64_t aud_reader_torn(const struct aud_reader *r)
{
	return r->torn;
}

/* ERR_CLOSED: there is no further segment. */
static int next_segment(struct aud_reader *r)
{
	char name[AUD_NAME_MAX];

	if (r->next == r->segments.n) {
		return ERR_CLOSED;
	}
	if (r->fd >= 0) {
		close(r->fd);
	}
	r->segment = r->segments.first[r->next++];
	aud_segment_name(name, r->segment);
	r->fd = openat(r->dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (r->fd < 0 && errno == ENOENT && r->archive >= 0) {
		r->fd = openat(r->archive, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	}
	r->at = r->torn = 0;
	r->from = r->len = r->line = 0;
	r->ended = false;
	return r->fd < 0 ? ERR_IO : 0;
}

static int fill(struct aud_reader *r)
{
	ssize_t n;

	memmove(r->buf, r->buf + r->from, r->len - r->from);
	r->len -= r->from;
	r->from = 0;
	do {
		n = read(r->fd, r->buf + r->len, BUFFER_OCTETS - r->len);
	} while (n < 0 && errno == EINTR);
	if (n < 0) {
		return ERR_IO;
	}
	r->ended = n == 0;
	r->len += (size_t)n;
	return 0;
}

/* The next line of this segment; ERR_CLOSED: it has no more. */
static int line_of_segment(struct aud_reader *r, const char **line, size_t *len)
{
	int err = 0;

	r->at += r->line;
	r->from += r->line;
	r->line = 0;
	for (;;) {
		const char *p = r->buf + r->from, *newline = memchr(p, '\n', r->len - r->from);

		if (newline) {
			*line = p;
			*len = (size_t)(newline - p);
			r->line = *len + 1;
			return *len < AUD_RECORD_MAX ? 0 : ERR_PROTO;
		}
		if (r->len - r->from >= AUD_RECORD_MAX) {
			return ERR_PROTO;
		}
		if (r->ended) {
			r->torn = r->len - r->from;
			return ERR_CLOSED;
		}
		err = fill(r);
		if (err) {
			return err;
		}
	}
}

int aud_reader_next(struct aud_reader *r, const char **line, size_t *len)
{
	int err = r->fd < 0 ? ERR_CLOSED : line_of_segment(r, line, len);

	while (err == ERR_CLOSED && !(r->fd >= 0 && r->torn && r->next < r->segments.n)) {
		if (r->next == r->segments.n) {
			return ERR_CLOSED;
		}
		err = next_segment(r);
		if (!err) {
			err = line_of_segment(r, line, len);
		}
	}
	return err == ERR_CLOSED ? ERR_PROTO : err; /* an incomplete line in front of a further segment */
}
