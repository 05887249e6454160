/* jrn_reclaim.c - the oldest segment is emptied: what lives in it goes into the commits that are
 * written anyway, a piece with each. When nothing lives in it any more, the header of a durable
 * commit says so, and its file is used again.
 *
 * Nothing but the oldest is emptied. So a delete needs no copy: when its segment is the oldest, no
 * older record of that number exists that it could hide. */
#include <stdio.h>
#include <string.h>

#include "journal/jrn_log.h"

#define COPY_MIN (32u << 10) /* octets copied with a commit, beside twice its own */
#define READ_SHARE 16u       /* octets read for each that may be copied */
#define READ_MIN (256u << 10)

/* First segment with something that lives in it; NULL: only the last has. */
static struct jrn_seg *oldest_alive(const struct jrn_log *l)
{
	for (size_t i = 0; i + 1 < l->segs_n; i++) {
		if (l->segs[i]->live) {
			return l->segs[i];
		}
	}
	return NULL;
}

uint64_t jrn_log_oldest(const struct jrn_log *l)
{
	const struct jrn_seg *s = oldest_alive(l);

	return s ? s->number : jrn_segment_last(l)->number;
}

static uint64_t waste_of(const struct jrn_log *l)
{
	uint64_t used = jrn_log_extent(l).octets;

	return used > l->live_octets ? used - l->live_octets : 0;
}

bool jrn_log_pressed(const struct jrn_log *l)
{
	return l->spares <= JRN_RESERVE_SPARES && (l->stuck || l->octets + l->segment_size > l->size_max);
}

bool jrn_log_has_waste(const struct jrn_log *l)
{
	return waste_of(l) > (jrn_log_pressed(l) ? l->segment_size / 4 : l->live_octets + 2 * l->segment_size);
}

/* A round over the whole log copies all that lives and wins all that is dead. So with little room,
 * each octet that is written needs as many copied as there are living ones for each dead one. */
static size_t budget(const struct jrn_log *l)
{
	size_t octets = 2 * l->build.n + COPY_MIN;

	if (jrn_log_pressed(l)) {
		octets += (size_t)((double)jrn_blocks(l->build.n) * 1.5 * (double)l->live_octets / (double)(waste_of(l) + 1));
	}
	return octets < JRN_COMMIT_MAX ? octets : JRN_COMMIT_MAX;
}

static void found_damage(struct jrn_log *l, const struct jrn_seg *s, uint64_t at, const char *what)
{
	l->damaged = true;
	snprintf(l->why->text, sizeof l->why->text, "%s/%0*llu.log is damaged at byte %llu: %s; see mtcctl journal check", l->dir,
		 JRN_NUMBER_DIGITS, (unsigned long long)s->number, (unsigned long long)at, what);
}

static bool begin_with(struct jrn_log *l, const struct jrn_seg *s)
{
	char name[32];

	if (l->reader.disk && l->cleaning == s->number) {
		return true;
	}
	jrn_reader_close(&l->reader);
	jrn_segment_name(name, s->number);
	if (jrn_reader_open(&l->reader, l->disk, name)) {
		return false; /* such as no memory or descriptor: the next commit tries again */
	}
	l->cleaning = s->number;
	l->clean_at = JRN_BLOCK;
	l->clean_end = 0;
	return true;
}

/* The head of the commit at clean_at. */
static bool into_commit(struct jrn_log *l, const struct jrn_seg *s)
{
	struct jrn_commit_head h;
	const uint8_t *p;

	if (jrn_reader_get(&l->reader, &p, l->clean_at, JRN_COMMIT_HEAD) || !p) {
		found_damage(l, s, l->clean_at, "it cannot be read");
		return false;
	}
	if (jrn_get_commit_head(&h, p, s->nonce, l->clean_at)) {
		found_damage(l, s, l->clean_at, "expected a commit");
		return false;
	}
	l->clean_end = l->clean_at + h.octets;
	l->clean_at += JRN_COMMIT_HEAD;
	return true;
}

/* One record at clean_at. False: it stays for the next commit, or is damaged. *copied counts
 * octets. */
static bool one_record(struct jrn_log *l, const struct jrn_seg *s, size_t *copied, size_t *size)
{
	struct jrn_record r;
	const uint8_t *p;

	if (jrn_reader_get(&l->reader, &p, l->clean_at, JRN_RECORD_HEAD) || !p ||
	    !(*size = jrn_get_record(&r, p, l->clean_end - l->clean_at, NULL, 0))) {
		found_damage(l, s, l->clean_at, "expected a record");
		return false;
	}
	if (r.kind == JRN_RECORD_PUT && jrn_index_get(&l->index, r.number) == jrn_place_of(s->number, l->clean_at, *size)) {
		if (jrn_reader_get(&l->reader, &p, l->clean_at, *size) || !p ||
		    !jrn_get_record(&r, p, *size, s->nonce, l->clean_at)) {
			found_damage(l, s, l->clean_at, "a record has another checksum");
			return false;
		}
		if (!jrn_log_fits(l, *size) || jrn_log_append(l, &r)) {
			return false;
		}
		*copied += *size;
	}
	l->clean_at += *size;
	return true;
}

static bool one_step(struct jrn_log *l, const struct jrn_seg *s, size_t *copied, size_t *read)
{
	size_t size = 0;

	if (l->clean_at >= s->end) {
		found_damage(l, s, s->end, "records of it are missing");
		return false;
	}
	if (l->clean_at >= l->clean_end) {
		return into_commit(l, s);
	}
	if (!one_record(l, s, copied, &size)) {
		return false;
	}
	*read += size;
	if (l->clean_at >= l->clean_end) {
		l->clean_at = jrn_blocks(l->clean_end);
	}
	return true;
}

void jrn_log_reclaim(struct jrn_log *l)
{
	size_t octets = budget(l), copied = 0, read = 0,
	       read_max = READ_SHARE * octets > READ_MIN ? READ_SHARE * octets : READ_MIN;
	const struct jrn_seg *s;

	if (l->pinned) {
		return; /* what is emptied is not used again yet: copies would take room and win none */
	}
	while (!l->damaged && l->fd >= 0 && copied < octets && read < read_max && jrn_log_has_waste(l) && (s = oldest_alive(l))) {
		if (!begin_with(l, s) || !one_step(l, s, &copied, &read)) {
			return;
		}
	}
}
