/* jrn_segment.c - the files of the log: segments, spares, and the way from one to the other. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/fault.h"
#include "journal/jrn_log.h"

#define ZEROS (256u << 10)

static void spare_name(char out[32], uint64_t number, const char *end)
{
	snprintf(out, 32, "spare-%llu.%s", (unsigned long long)number, end);
}

static int fail(struct jrn_log *l, int rc, const char *doing, const char *name)
{
	snprintf(l->why->text, sizeof l->why->text, "cannot %s %s/%s: %s", doing, l->dir, name, strerror(-rc));
	return jrn_disk_err(rc);
}

/* -- the list */

struct jrn_seg *jrn_segment_of(const struct jrn_log *l, jrn_place place)
{
	uint64_t first = l->segs[0]->number;

	return l->segs[jrn_place_segment(place, first) - first];
}

struct jrn_extent jrn_log_extent(const struct jrn_log *l)
{
	const struct jrn_seg *last = jrn_segment_last(l);
	struct jrn_extent e = { .first = 0 };

	if (last) {
		e = (struct jrn_extent){ l->segs[0]->number, last->number, last->end,
					 l->octets - l->spares * l->segment_size - last->size + last->end };
	}
	return e;
}

int jrn_segment_add(struct jrn_log *l, const struct jrn_seg *seg)
{
	struct jrn_seg *copy = malloc(sizeof *copy);

	if (copy && l->segs_n == l->segs_cap) {
		size_t cap = l->segs_cap ? 2 * l->segs_cap : 64;
		struct jrn_seg **bigger = realloc(l->segs, cap * sizeof(struct jrn_seg *));

		if (!bigger) {
			free(copy);
			return ERR_NOMEM;
		}
		l->segs = bigger;
		l->segs_cap = cap;
	}
	if (!copy) {
		return ERR_NOMEM;
	}
	*copy = *seg;
	l->segs[l->segs_n++] = copy;
	l->octets += seg->size;
	return 0;
}

void jrn_segments_fini(struct jrn_log *l)
{
	if (l->fd >= 0) {
		l->disk->close(l->disk->arg, l->fd);
		l->fd = -1;
	}
	for (size_t i = 0; i < l->segs_n; i++) {
		free(l->segs[i]);
	}
	free(l->segs);
	l->segs = NULL;
	l->segs_n = l->segs_cap = 0;
}

/* -- spares */

int jrn_zero_fill(const struct jrn_disk *disk, const char *name, uint64_t size)
{
	uint8_t *zeros = aligned_alloc(JRN_BLOCK, ZEROS);
	int fd = zeros ? disk->open(disk->arg, name, JRN_OPEN_NEW) : -ENOMEM, rc = 0;

	if (fd < 0) {
		free(zeros);
		return fd;
	}
	memset(zeros, 0, ZEROS);
	for (uint64_t at = 0; !rc && at < size; at += ZEROS) {
		rc = disk->pwrite(disk->arg, fd, zeros, size - at < ZEROS ? (size_t)(size - at) : ZEROS, at);
	}
	if (!rc) {
		rc = disk->flush(disk->arg, fd);
	}
	disk->close(disk->arg, fd);
	free(zeros);
	if (rc) {
		err_ignore(disk->unlink(disk->arg, name), "the next start removes it");
	}
	return rc;
}

/* files that are made in any case: size_max may be lower than the present size */
#define LEAST 4u

static size_t files(const struct jrn_log *l)
{
	size_t n = l->spares;

	for (size_t i = 0; i < l->segs_n; i++) {
		n += l->segs[i]->size == l->segment_size;
	}
	return n;
}

/* There is no room to copy into, and no file with room. Without one more file nothing could be won
 * back, however much is dead. */
static bool dead_end(const struct jrn_log *l)
{
	return l->spares == 0 && !jrn_segment_takes_a_copy(l);
}

static bool may_grow(const struct jrn_log *l)
{
	return l->spares < sizeof l->spare / sizeof *l->spare &&
	       (l->octets + l->segment_size <= l->size_max || files(l) < LEAST || dead_end(l));
}

static int no_room(struct jrn_log *l)
{
	snprintf(l->why->text, sizeof l->why->text, "it is full (%llu bytes); raise journal.size_max",
		 (unsigned long long)l->size_max);
	return ERR_NOSPC;
}

static void add_spare(struct jrn_log *l, uint64_t number, uint64_t size)
{
	l->spare[l->spares++] = number;
	l->octets += size;
}

int jrn_spare_make(struct jrn_log *l)
{
	char name[32], new_name[32];
	int rc;

	if (!may_grow(l)) {
		return no_room(l);
	}
	spare_name(new_name, l->spare_next, "new");
	spare_name(name, l->spare_next++, "log");
	rc = jrn_zero_fill(l->disk, new_name, l->segment_size);
	if (!rc) {
		rc = l->disk->rename(l->disk->arg, new_name, name);
	}
	l->stuck = rc != 0;
	if (rc) {
		return fail(l, rc, "make", name);
	}
	add_spare(l, l->spare_next - 1, l->segment_size);
	return 0;
}

/* Takes what the maker has made; 0 or its error. */
static int take_made(struct jrn_log *l, bool wait)
{
	uint64_t number;
	char name[32];
	int rc = jrn_maker_take(l->maker, &number, wait);

	l->stuck = rc ? rc < 0 : l->stuck;
	if (rc > 0) {
		add_spare(l, number, l->segment_size);
		return 0;
	}
	if (rc < 0) {
		spare_name(name, number, "log");
		return fail(l, rc, "make", name);
	}
	return wait ? ERR_NOSPC : 0;
}

void jrn_spares_look(struct jrn_log *l)
{
	if (!l->maker) {
		return;
	}
	err_ignore(take_made(l, false), "the words are kept; whoever needs a spare finds that there is none");
	if (l->spares < JRN_WANTED_SPARES && may_grow(l) && !jrn_maker_busy(l->maker)) {
		jrn_maker_ask(l->maker, l->spare_next++);
	}
}

bool jrn_spare_for_new(const struct jrn_log *l)
{
	return l->spares > JRN_RESERVE_SPARES;
}

/* One more spare, however long it takes. */
static int wait_for_spare(struct jrn_log *l)
{
	if (!l->maker) {
		return jrn_spare_make(l);
	}
	if (!may_grow(l) && !jrn_maker_busy(l->maker)) {
		return no_room(l);
	}
	l->waits++;
	if (!jrn_maker_busy(l->maker)) {
		jrn_maker_ask(l->maker, l->spare_next++);
	}
	return take_made(l, true);
}

uint64_t jrn_log_live_max(const struct jrn_log *l)
{
	uint64_t all = l->stuck ? l->octets : l->size_max, kept = 2 * l->segment_size;

	return all > kept ? (all - kept) / 3 * 2 : 0;
}

int jrn_spares_need(struct jrn_log *l, size_t n)
{
	int err = 0;

	while (!err && l->spares < n) {
		err = wait_for_spare(l);
	}
	return err;
}

/* -- the next segment */

static int fill_nonce(struct jrn_seg *s)
{
	return getrandom(s->nonce, sizeof s->nonce, 0) == (ssize_t)sizeof s->nonce ? 0 : -EIO;
}

static int write_head(struct jrn_log *l, int fd, const struct jrn_seg *s)
{
	const struct jrn_seg *last = jrn_segment_last(l);
	struct jrn_seg_head h = {
		.number = s->number, .size = s->size, .first_seq = l->seq, .oldest = l->segs_n ? l->oldest : s->number
	};
	uint8_t *block = aligned_alloc(JRN_BLOCK, JRN_BLOCK);
	int rc;

	if (!block) {
		return -ENOMEM;
	}
	memcpy(h.nonce, s->nonce, JRN_NONCE);
	if (last) {
		h.prev = last->number;
		h.prev_end = last->end;
	}
	jrn_put_seg_head(block, &h);
	rc = l->disk->write_through(l->disk->arg, fd, block, JRN_BLOCK, 0);
	free(block);
	return rc;
}

void jrn_log_close_segment(struct jrn_log *l)
{
	if (l->fd >= 0) {
		l->disk->close(l->disk->arg, l->fd);
	}
	l->fd = -1;
}

/* A spare whose header could not be written is not tried again: its blocks may be the reason. */
static void spoil(struct jrn_log *l, const char *name, uint64_t size)
{
	err_ignore(l->disk->unlink(l->disk->arg, name), "the next start removes or uses it");
	l->octets -= size;
}

static int rename_to(struct jrn_log *l, const char *from, const struct jrn_seg *s)
{
	char name[40];
	int rc;

	snprintf(name, sizeof name, l->taking_over ? "new-%0*llu.log" : "%0*llu.log", JRN_NUMBER_DIGITS,
		 (unsigned long long)s->number);
	FAULT_POINT(JOURNAL_SEGMENT_MADE);
	rc = l->disk->rename(l->disk->arg, from, name);
	if (rc) {
		return fail(l, rc, "rename to", name);
	}
	FAULT_POINT(JOURNAL_SEGMENT_NAMED);
	return 0;
}

static int open_spare(struct jrn_log *l, const char *name, struct jrn_seg *s, int *fd)
{
	int64_t size;
	int rc;

	*fd = l->disk->open(l->disk->arg, name, JRN_OPEN_WRITE);
	if (*fd < 0) {
		return fail(l, *fd, "open", name);
	}
	size = l->disk->size(l->disk->arg, *fd);
	s->size = size > 0 ? (uint64_t)size : 0;
	rc = size < 0 ? (int)size : fill_nonce(s);
	if (!rc) {
		rc = write_head(l, *fd, s);
	}
	return rc ? fail(l, rc, "write", name) : 0;
}

static void write_mark(struct jrn_log *l, const struct jrn_seg *last, uint8_t *block)
{
	char name[32];
	int fd;

	jrn_segment_name(name, last->number);
	fd = l->disk->open(l->disk->arg, name, JRN_OPEN_WRITE);
	if (fd < 0) {
		return;
	}
	jrn_put_mark(block, last->nonce, last->end, last->number + 1);
	err_ignore(l->disk->write_through(l->disk->arg, fd, block, JRN_BLOCK, last->end),
		   "it is evidence, and the log is whole without it");
	l->disk->close(l->disk->arg, fd);
}

/* The segment before says that another one follows. The other one is durable by now, with its name:
 * whoever finds the mark and not that segment knows that it was removed. */
static void mark_last(struct jrn_log *l)
{
	const struct jrn_seg *last = jrn_segment_last(l);
	bool fits = last && last->end + JRN_BLOCK <= last->size;
	uint8_t *block = fits && !l->failed && !l->taking_over ? aligned_alloc(JRN_BLOCK, JRN_BLOCK) : NULL;

	if (block) {
		write_mark(l, last, block);
		free(block);
	}
	l->failed = false;
}

int jrn_segment_next(struct jrn_log *l, bool reserve)
{
	struct jrn_seg s = { .number = l->segs_n ? jrn_segment_last(l)->number + 1 : 1, .end = JRN_BLOCK };
	char name[32];
	int fd, err = jrn_spares_need(l, 1 + (reserve ? 0 : JRN_RESERVE_SPARES));

	if (err) {
		return err;
	}
	jrn_log_close_segment(l);
	spare_name(name, l->spare[--l->spares], "log");
	err = open_spare(l, name, &s, &fd);
	if (!err) {
		err = rename_to(l, name, &s);
	}
	if (!err) {
		int rc = l->disk->sync_dir(l->disk->arg);

		err = rc ? fail(l, rc, "sync the directory after", name) : 0;
	}
	/* the file may have its name already: the next one takes the same, so that no number is
	 * missing after a power cut */
	if (err) {
		spoil(l, name, l->segment_size);
	} else {
		mark_last(l);
		l->octets -= s.size; /* now as a segment */
		err = jrn_segment_add(l, &s);
	}
	if (err) {
		if (fd >= 0) {
			l->disk->close(l->disk->arg, fd);
		}
		return err;
	}
	l->fd = fd;
	return 0;
}

/* -- the oldest */

static void drop_one(struct jrn_log *l)
{
	struct jrn_seg *s = l->segs[0];
	char name[32], spare[32];
	int rc;

	jrn_segment_name(name, s->number);
	if (l->spares < JRN_SPARES_MAX && s->size == l->segment_size) {
		spare_name(spare, l->spare_next, "log");
		rc = l->disk->rename(l->disk->arg, name, spare);
		if (!rc) {
			l->spare[l->spares++] = l->spare_next++;
		} else {
			l->octets -= s->size; /* the next start finds that it is not needed */
		}
	} else {
		err_ignore(l->disk->unlink(l->disk->arg, name), "the next start finds that it is not needed");
		l->octets -= s->size;
	}
	FAULT_POINT(JOURNAL_SEGMENT_DROPPED);
	memmove(l->segs, l->segs + 1, --l->segs_n * sizeof(struct jrn_seg *));
	free(s);
}

void jrn_segments_drop(struct jrn_log *l)
{
	while (!l->pinned && l->segs_n > 1 && l->segs[0]->number < l->oldest && l->segs[0]->live == 0) {
		drop_one(l);
	}
}
