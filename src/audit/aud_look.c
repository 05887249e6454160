/* aud_look.c - the lines of all segments, the last one first. Where a record begins in its segment
 * is found by halving: numbers only grow. */
#include "audit/aud_look.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit/aud_record.h"
#include "base/clock.h"

#define BUFFER_OCTETS (256u * 1024u)
_Static_assert(BUFFER_OCTETS > 2 * AUD_RECORD_MAX, "a record fits");

struct aud_look {
	int dir, archive, fd; /* fd: of the segment; -1: none is open */
	struct aud_segments segments;
	size_t left;   /* segments that were not opened yet: the first so many */
	uint64_t end;  /* offset in the segment behind the lines that are still to come */
	uint64_t from; /* offset of buf[0] */
	size_t len;    /* octets in buf */
	uint64_t octets;
	bool in_archive;
	char buf[BUFFER_OCTETS];
};

void aud_look_free(struct aud_look *l)
{
	if (!l) {
		return;
	}
	if (l->fd >= 0) {
		close(l->fd);
	}
	aud_segments_free(&l->segments);
	free(l);
}

uint64_t aud_look_octets(const struct aud_look *l)
{
	return l->octets;
}

/* Reads up to the size of the buffer from an offset. */
static int load(struct aud_look *l, uint64_t from, size_t most)
{
	ssize_t n;

	l->from = from;
	l->len = 0;
	while (l->len < most) {
		n = pread(l->fd, l->buf + l->len, most - l->len, (off_t)(from + l->len));
		if (n < 0 && errno == EINTR) {
			continue;
		}
		if (n <= 0) {
			break;
		}
		l->len += (size_t)n;
	}
	return l->len < most ? ERR_IO : 0;
}

/* The last newline in buf[0] to buf[n - 1]; NULL: none. */
static const char *last_newline(const struct aud_look *l, size_t n)
{
	return n ? memrchr(l->buf, '\n', n) : NULL;
}

/* Opens the segment in front of the one that was read. ERR_CLOSED: there is none. */
static int open_segment(struct aud_look *l, bool newest)
{
	char name[AUD_NAME_MAX];
	const char *newline;
	struct stat st;
	size_t most;
	int err;

	if (!l->left) {
		return ERR_CLOSED;
	}
	if (l->fd >= 0) {
		close(l->fd);
	}
	aud_segment_name(name, l->segments.first[--l->left]);
	l->fd = openat(l->dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	l->in_archive = l->fd < 0 && errno == ENOENT && l->archive >= 0;
	if (l->in_archive) {
		errno = 0;
		l->fd = openat(l->archive, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	}
	if (l->fd < 0 || fstat(l->fd, &st) || !S_ISREG(st.st_mode) || st.st_size < 0) {
		return ERR_IO;
	}
	l->end = (uint64_t)st.st_size;
	most = l->end < 2 * AUD_RECORD_MAX ? (size_t)l->end : 2 * AUD_RECORD_MAX;
	err = load(l, l->end - most, most);
	if (err) {
		return err;
	}
	newline = last_newline(l, l->len);
	if (!newline) {
		l->end = l->from == 0 && newest ? 0 : l->end;
		return l->end ? ERR_PROTO : 0;
	}
	if (!newest && newline != l->buf + l->len - 1) {
		return ERR_PROTO; /* an incomplete line in front of a further segment */
	}
	l->end = l->from + (size_t)(newline - l->buf) + 1;
	return 0;
}

/* The first whole line that begins at `at` or behind: where it begins and ends. ERR_CLOSED: none
 * before `until`. */
static int line_from(struct aud_look *l, uint64_t at, uint64_t until, uint64_t *begin, uint64_t *behind, uint64_t *seq)
{
	uint64_t from = at ? at - 1 : 0; /* the newline in front, if it is one */
	size_t most = until - from < 2 * AUD_RECORD_MAX ? (size_t)(until - from) : 2 * AUD_RECORD_MAX;
	const char *p, *newline;
	struct aud_place place;
	int err = load(l, from, most);

	if (err) {
		return err;
	}
	p = l->buf;
	if (at) {
		newline = memchr(p, '\n', l->len);
		if (!newline || newline + 1 == l->buf + l->len) {
			return ERR_CLOSED;
		}
		p = newline + 1;
	}
	newline = memchr(p, '\n', (size_t)(l->buf + l->len - p));
	if (!newline) {
		return ERR_PROTO;
	}
	*begin = from + (size_t)(p - l->buf);
	*behind = from + (size_t)(newline - l->buf) + 1;
	err = aud_record_place(&place, p, (size_t)(newline - p));
	*seq = place.seq;
	return err;
}

/* Moves `end` in front of the first record with the number `before` or a larger one. */
static int halve(struct aud_look *l, uint64_t before)
{
	uint64_t low = 0, high = l->end, begin = 0, behind = 0, seq = 0;

	while (low < high) {
		uint64_t middle = low + (high - low) / 2;
		int err = line_from(l, middle, l->end, &begin, &behind, &seq);

		if (err && err != ERR_CLOSED) {
			return err;
		}
		if (err == ERR_CLOSED || begin >= high || seq >= before) {
			high = middle;
		} else {
			low = behind;
		}
	}
	l->end = low;
	return 0;
}

bool aud_look_in_archive(const struct aud_look *l)
{
	return l->in_archive;
}

uint64_t aud_look_first(const struct aud_look *l)
{
	return l->segments.n ? l->segments.first[0] : 0;
}

int aud_look_open(struct aud_look **out, int dir, int archive, uint64_t before)
{
	struct aud_look *l = calloc(1, sizeof *l);
	int err = l ? aud_segments_of_both(&l->segments, dir, archive) : ERR_NOMEM;

	if (err) {
		free(l);
		return err;
	}
	l->dir = dir;
	l->archive = archive;
	l->fd = -1;
	while (l->left < l->segments.n && l->segments.first[l->left] < before) {
		l->left++;
	}
	err = open_segment(l, l->left == l->segments.n);
	if (!err && before != UINT64_MAX) {
		err = halve(l, before);
	}
	if (err && err != ERR_CLOSED) {
		aud_look_free(l);
		return err;
	}
	l->len = 0;
	*out = l;
	return 0;
}

/* The line that ends at `end`; the buffer has it whole, or is filled so that it has. */
static int line_before(struct aud_look *l, const char **line, size_t *len)
{
	for (int i = 0; i < 2; i++) {
		bool here = l->len && l->end > l->from && l->end <= l->from + l->len;
		size_t n = here ? (size_t)(l->end - l->from) - 1 : 0; /* without its newline */
		const char *newline = here ? last_newline(l, n) : NULL, *p = newline ? newline + 1 : l->buf;
		size_t most = l->end < BUFFER_OCTETS ? (size_t)l->end : BUFFER_OCTETS;
		int err;

		if (here && (newline || l->from == 0)) {
			*line = p;
			*len = n - (size_t)(p - l->buf);
			l->octets += *len + 1;
			l->end = l->from + (size_t)(p - l->buf);
			return *len < AUD_RECORD_MAX ? 0 : ERR_PROTO;
		}
		err = load(l, l->end - most, most);
		if (err) {
			return err;
		}
	}
	return ERR_PROTO;
}

int aud_look_prev(struct aud_look *l, const char **line, size_t *len)
{
	while (!l->end) {
		int err = open_segment(l, false);

		if (err) {
			return err;
		}
		l->len = 0;
	}
	return line_before(l, line, len);
}

static bool has(const char *want, const char *member, const char *record, size_t len)
{
	return !want || aud_record_is(record, len, member, want);
}

static bool in_time(const struct aud_want *w, const char *record, size_t len)
{
	char time[CLOCK_TEXT_MAX], bound[CLOCK_TEXT_MAX];

	if (w->since_s == INT64_MIN && w->until_s == INT64_MAX) {
		return true;
	}
	if (!aud_record_member(time, sizeof time, record, len, "time")) {
		return false;
	}
	if (w->since_s != INT64_MIN) {
		clock_text(bound, (uint64_t)w->since_s * 1000);
		if (strcmp(time, bound) < 0) {
			return false;
		}
	}
	if (w->until_s != INT64_MAX) {
		clock_text(bound, (uint64_t)w->until_s * 1000 + 999);
		return strcmp(time, bound) <= 0;
	}
	return true;
}

bool aud_wanted(const struct aud_want *w, const char *record, size_t len)
{
	char number_text[24];

	snprintf(number_text, sizeof number_text, "%llu", (unsigned long long)w->reference);
	if (w->decisions && aud_record_is(record, len, "action", "audit")) {
		return false;
	}
	return has(w->scs, "scs", record, len) && has(w->device, "device", record, len) &&
	       has(w->verdict, "verdict", record, len) && has(w->action, "action", record, len) &&
	       has(w->reason, "reason", record, len) &&
	       (!w->has_reference || aud_record_is(record, len, "reference", number_text)) && in_time(w, record, len);
}
