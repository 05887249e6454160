/* jrn_behind.c - see jrn_behind.h. */
#include "journal/jrn_behind.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int jrn_refuse(struct jrn_log *l, int err, const char *fmt, ...)
{
	int n = snprintf(l->why->text, sizeof l->why->text, "trigger journal %s: ", l->dir);
	va_list ap;

	va_start(ap, fmt);
	if (n > 0 && (size_t)n < sizeof l->why->text) {
		vsnprintf(l->why->text + n, sizeof l->why->text - (size_t)n, fmt, ap);
	}
	va_end(ap);
	return err;
}

int jrn_refuse_rc(struct jrn_log *l, int rc, const char *doing, const char *name)
{
	return jrn_refuse(l, jrn_disk_err(rc), "cannot %s %s: %s", doing, name, strerror(-rc));
}

int jrn_refuse_damaged(struct jrn_log *l, const char *name, uint64_t at, const char *what)
{
	return jrn_refuse(
	    l, ERR_PROTO,
	    "%s is damaged at byte %llu: %s. 'mtcctl journal check' says what is whole, 'mtcctl journal salvage' saves it", name,
	    (unsigned long long)at, what);
}

int jrn_refuse_missing(struct jrn_log *l, const char *missing)
{
	const struct jrn_seg *last = l->segs[l->segs_n - 1];
	enum jrn_commit_is is = JRN_COMMIT_NONE;
	struct jrn_commit_head h;
	char name[32], what[160];
	const uint8_t *p;
	int rc;

	jrn_segment_name(name, last->number);
	rc = jrn_reader_open(&l->reader, l->disk, name);
	if (!rc) {
		rc = jrn_read_commit(&l->reader, last->nonce, last->end, &is, &h, &p);
		jrn_reader_close(&l->reader);
	}
	if (rc) {
		return jrn_refuse_rc(l, rc, "read", name);
	}
	if (is == JRN_COMMIT_BROKEN) {
		snprintf(what, sizeof what, "expected a whole commit that does not need %s any more, as that file is gone",
			 missing);
		return jrn_refuse_damaged(l, name, last->end, what);
	}
	return jrn_refuse(
	    l, ERR_PROTO,
	    "%s is missing: the last whole commit, which ends at byte %llu of %s, needs it. The file was removed, or "
	    "what followed that commit is damaged. 'mtcctl journal salvage' saves what is whole",
	    missing, (unsigned long long)last->end, name);
}

static void drop_oldest(const struct jrn_log *l, const struct jrn_torn *torn)
{
	size_t oldest = 0;

	if (torn->n < JRN_TORN_MAX) {
		return;
	}
	for (size_t i = 1; i < torn->n; i++) {
		oldest = strcmp(torn->name[i], torn->name[oldest]) < 0 ? i : oldest;
	}
	err_ignore(l->disk->unlink(l->disk->arg, torn->name[oldest]), "it only takes room");
}

static int write_aside(struct jrn_log *l, const char *name, uint64_t at, uint64_t octets)
{
	int fd = l->disk->open(l->disk->arg, name, JRN_OPEN_NEW), rc = 0;
	const uint8_t *p;

	if (fd < 0) {
		return fd;
	}
	for (uint64_t done = 0; !rc && done < octets; done += JRN_BLOCK) {
		rc = jrn_reader_get(&l->reader, &p, at + done, JRN_BLOCK);
		if (!rc && p) {
			rc = l->disk->pwrite(l->disk->arg, fd, p, JRN_BLOCK, done);
		}
	}
	if (!rc) {
		rc = l->disk->flush(l->disk->arg, fd);
	}
	l->disk->close(l->disk->arg, fd);
	return rc;
}

/* The mark behind the last commit names a segment that is not there. */
static int look_at_mark(struct jrn_log *l, const struct jrn_seg *s)
{
	const uint8_t *p = NULL;
	uint64_t next = 0;
	char name[32];
	int rc = 0;

	if (s->end + JRN_BLOCK <= s->size) {
		rc = jrn_reader_get(&l->reader, &p, s->end, JRN_BLOCK);
	}
	if (rc) {
		return jrn_refuse_rc(l, rc, "read", l->reader.name);
	}
	next = p ? jrn_get_mark(p, s->nonce, s->end) : 0;
	if (!next) {
		return 0;
	}
	jrn_segment_name(name, next);
	return jrn_refuse(
	    l, ERR_PROTO,
	    "%s is missing: %s says at byte %llu that it follows. Put it back; 'mtcctl journal salvage' saves what is "
	    "left, which is an earlier state",
	    name, l->reader.name, (unsigned long long)s->end);
}

static int look_for_torn(struct jrn_log *l, const struct jrn_seg *s, const struct jrn_torn *torn, char *say, size_t say_cap)
{
	char aside[JRN_NAME_MAX];
	struct jrn_commit_head h;
	enum jrn_commit_is is;
	uint64_t later, octets;
	const uint8_t *p;
	int rc = jrn_read_commit(&l->reader, s->nonce, s->end, &is, &h, &p);

	if (!rc) {
		rc = jrn_read_later(&l->reader, s->nonce, s->end, l->seq, &later);
	}
	if (!rc && later) {
		return jrn_refuse_damaged(l, l->reader.name, s->end, "expected a whole commit, as whole ones follow it");
	}
	if (!rc && is == JRN_COMMIT_BROKEN) {
		rc = jrn_read_torn(&l->reader, s->nonce, s->end, &octets);
	}
	if (rc) {
		return jrn_refuse_rc(l, rc, "read", l->reader.name);
	}
	if (is != JRN_COMMIT_BROKEN) {
		return 0;
	}
	snprintf(aside, sizeof aside, "torn-%.*s-%llu", (int)(strlen(l->reader.name) - 4), l->reader.name,
		 (unsigned long long)s->end);
	drop_oldest(l, torn);
	rc = write_aside(l, aside, s->end, octets);
	snprintf(say, say_cap, "%s/%s: the last write was torn: %llu bytes from byte %llu on are left out, and %s%s%s", l->dir,
		 l->reader.name, (unsigned long long)octets, (unsigned long long)s->end, rc ? "could not be kept: " : "kept in ",
		 rc ? strerror(-rc) : aside, rc ? "" : ". They were never acknowledged");
	return 0;
}

/* A killed program may have left octets in pages that no flush has brought to the disk. Those that
 * were read count from now on, also in the header of the next segment. So they are made durable
 * first. */
static int settle(struct jrn_log *l)
{
	int fd = l->disk->open(l->disk->arg, l->reader.name, JRN_OPEN_WRITE), rc = fd < 0 ? fd : l->disk->flush(l->disk->arg, fd);

	if (fd >= 0) {
		l->disk->close(l->disk->arg, fd);
	}
	return rc ? jrn_refuse_rc(l, rc, "flush", l->reader.name) : 0;
}

int jrn_look_behind(struct jrn_log *l, const struct jrn_seg *s, const struct jrn_torn *torn, char *say, size_t say_cap)
{
	int err = look_at_mark(l, s);

	if (!err) {
		err = look_for_torn(l, s, torn, say, say_cap);
	}
	return err ? err : settle(l);
}
