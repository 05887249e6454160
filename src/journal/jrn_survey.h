/* jrn_survey.h - reads all that is whole of a journal, whatever is wrong with it (room-private):
 * for jrn_check() and jrn_salvage(). Changes nothing. */
#pragma once
#include "base/obj.h"
#include "journal/jrn_check.h"
#include "journal/jrn_disk.h"
#include "journal/jrn_index.h"
#include "journal/jrn_read.h"

struct jrn_survey_file { /* a segment, or what has the name of one */
	uint64_t number;
	struct jrn_seg_head head;
	int err;        /* of the header: 0, ERR_PROTO, ERR_VERSION */
	bool follows;   /* the next file is the segment after it */
	bool truncated; /* shorter or longer than the header says */
	bool old;       /* not needed any more */
	struct jrn_found found;
};

#define JRN_SURVEY_MAGIC 0xb49669b4u
struct jrn_survey {
	struct obj obj;
	struct jrn_disk own; /* the directory, unless the caller brought its own */
	const struct jrn_disk *disk;
	const char *dir;
	struct jrn_why *why;
	int lock_fd;
	struct jrn_survey_file *file; /* ascending */
	size_t n, cap;
	/* damages and files that are not segments, in the order in which they were found */
	struct jrn_found *other;
	size_t other_n, other_cap;
	bool nomem, lmdb, taking_over;
	struct jrn_index index; /* place: position in `file` for the segment */
	struct jrn_reader reader;
	uint64_t seq, oldest, reserved, highest;
	struct jrn_summary sum;
};

/* Errors as of jrn_check(). jrn_survey_end() has to be called in any case. */
ERR_MUST_USE int jrn_survey(struct jrn_survey *v, const char *dir, const struct jrn_disk *disk, struct jrn_why *why);
void jrn_survey_tell(struct jrn_survey *v, jrn_found_fn *fn, void *arg);
void jrn_survey_end(struct jrn_survey *v);

/* -- for jrn_survey_dir.c: findings */
/* Adds a finding and counts a damage. Never NULL: beyond the bound, or without memory
 * (v->nomem), the entry is one that nobody reads. */
struct jrn_found *jrn_survey_add(struct jrn_survey *v, enum jrn_finding what, const char *name);
void jrn_survey_say(struct jrn_found *f, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* The error of a negative errno, with words in v->why. */
ERR_MUST_USE int jrn_survey_fail(struct jrn_survey *v, int rc, const char *doing, const char *name);
ERR_MUST_USE int jrn_survey_open_file(struct jrn_survey *v, const struct jrn_survey_file *f); /* with v->reader */

/* -- jrn_survey_dir.c, in this order. Errors as of jrn_check(). */
ERR_MUST_USE int jrn_survey_open_dir(struct jrn_survey *v, const struct jrn_disk *disk); /* NULL: v->dir, with its lock */
ERR_MUST_USE int jrn_survey_list(struct jrn_survey *v);
ERR_MUST_USE int jrn_survey_read_heads(struct jrn_survey *v);
/* v->oldest: the lowest segment that the newest header or commit needs. */
ERR_MUST_USE int jrn_survey_find_oldest(struct jrn_survey *v);
