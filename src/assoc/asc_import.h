/* asc_import.h - many rows at once, in and out. An import is all or nothing: the rows of one
 * file are sorted beside the store, merged with what is there into a new generation, and one transaction switches to it. Until then
 * the store is as before, at every instant and after every crash; after it everything of the file is in force.
 *
 *   owner:        asc_import_begin() ................................................ asc_import_finish() .. done() .. asc_import_free()
 *   any ONE other thread (or the owner):  asc_import_rule() ... asc_import_build()
 *   every thread:                         asc_import_cancel(), asc_import_progress()
 *
 * Single changes go on meanwhile and are in force at once. The import is as of its beginning and they come after it: what was added,
 * replaced or deleted by hand since is as the hand left it, whatever the file says. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "assoc/asc.h"

enum asc_kind {                 /* what one file is about; other kinds are not touched by its import */
		ASC_KIND_SCS,   /* SCS records */
		ASC_KIND_GROUP, /* groups of SCSs and their stored members */
		ASC_KIND_SET,   /* named sets of devices and their members */
		ASC_KIND_ASSOC, /* allow and deny rules */
		ASC_KIND_BLOCK, /* block rules */
};

struct asc_import;

#define ASC_IMPORT_NAME_MAX 63

struct asc_import_conf {
	enum asc_kind kind;
	/* false: rows are added, and replace the row of the same key. true: the file becomes everything of its kind. What is not in it
	 * goes as if deleted by hand: an SCS, group or set with its memberships and every rule that names it. */
	bool replace;
	/* Everything is done but the change itself: done() tells what it would have been, and the store is as before. */
	bool dry_run;
	/* An import that would delete much (asc_deletes_much(), or everything there is by a file without rows) ends with ERR_LIMIT and
	 * changes nothing, unless somebody is sure of it, or said that as many rows may go. */
	bool sure;
	uint64_t deletes_max; /* without `sure`: deleted and along of the result, together, at most; 0: nothing was said */
	/* what is remembered with the state before it (asc_undo.h) */
	uint64_t at_ms;                     /* milliseconds since 1970 */
	char name[ASC_IMPORT_NAME_MAX + 1]; /* of the file */
};

/* Is that so many that somebody has to say yes first: at least 10 rows, and more than a tenth of those that are there? */
bool asc_deletes_much(uint64_t deleted, uint64_t there);

/* Owner thread. At most one import at a time: ERR_BUSY with words. ERR_NOMEM. Never waits for the disk. */
ERR_MUST_USE int asc_import_begin(struct asc_import **out, struct asc *a, const struct asc_import_conf *conf,
				  struct asc_why *why);

/* Rows, each with the number of its line, from 1. Arguments are borrowed during the call; the first call waits until the changes that were
 * submitted before the import are done. Each row is checked at once; words say what is wrong without the line. ERR_INVAL (form,
 * rights, times), ERR_NOTFOUND (no such SCS, group, set), ERR_LIMIT, ERR_STATE (not of this import's kind), ERR_NOSPC, ERR_IO,
 * ERR_NOMEM, ERR_CLOSED (cancelled). After an error of a row further rows may be given, to find more errors; asc_import_build() fails
 * then. That a key stands in two lines is found by asc_import_build(). */
/* `keep`: ASC_KEEP_*, members that the row does not say. They stay as they are when there is an SCS of this name, and are as in `scs` when
 * there is none. */
ERR_MUST_USE int asc_import_scs(struct asc_import *im, uint64_t line, const struct asc_scs *scs, uint32_t keep,
				struct asc_why *why);
/* A group, whose anchor stays as it is with `keep_anchor` when there is one of this name; a membership of a group that is in the store (without `replace`) or has a row of its own, which asc_import_build() sees to. */
ERR_MUST_USE int asc_import_group(struct asc_import *im, uint64_t line, const struct asc_group *group, bool keep_anchor,
				  struct asc_why *why);
ERR_MUST_USE int asc_import_group_member(struct asc_import *im, uint64_t line, const char *group, const char *scs,
					 struct asc_why *why);
/* A set, with or without members yet, and a membership: it makes its set when nothing else did. A set row may repeat. */
ERR_MUST_USE int asc_import_set(struct asc_import *im, uint64_t line, const char *name, struct asc_why *why);
ERR_MUST_USE int asc_import_set_member(struct asc_import *im, uint64_t line, const char *name, const char *device,
				       struct asc_why *why);
/* ASC_KIND_ASSOC: allow and deny; ASC_KIND_BLOCK: block. As for ASC_RULE_ADD. `keep`: ASC_KEEP_*, what the row does not say and what stays
 * as it is when there is a rule of this key. */
enum {
	ASC_KEEP_RIGHTS = 1 << 0,
	ASC_KEEP_NOT_BEFORE = 1 << 1,
	ASC_KEEP_NOT_AFTER = 1 << 2,
	ASC_KEEP_MODE = 1 << 3,
	ASC_KEEP_EFFECT =
	    1 << 4, /* no effect was said: it allows, and a deny of the same key stays beside it; such pairs are counted */
};
ERR_MUST_USE int asc_import_rule(struct asc_import *im, uint64_t line, const struct asc_rule_new *r, uint32_t keep,
				 struct asc_why *why);

struct asc_import_error {
	uint64_t line;         /* 0: not about one line */
	uint64_t line_earlier; /* of two rows with one key: the first of them, else 0 */
	struct asc_why why;    /* words, which name line_earlier too */
};

/* After the last row, on the thread that gave them: sorts, merges, writes and syncs the new generation. Takes seconds. On an error the
 * import is over (all that is left is asc_import_free()): the first error of a row again, ERR_EXISTS (the same key in two lines, alike
 * or not; an SCS's origin-host or e164 belongs to another one), ERR_NOTFOUND (a membership of no group), ERR_LIMIT (more rules on one
 * device, more groups, sets .. than may be), ERR_NOSPC, ERR_IO, ERR_NOMEM, ERR_PROTO (the store is damaged), ERR_CLOSED. */
ERR_MUST_USE int asc_import_build(struct asc_import *im, struct asc_import_error *e);

struct asc_import_peer { /* an SCS whose sessions would not be admitted any more: removed, or another host, realm or anchor */
	char name[IDENT_SCS_MAX + 1];
	bool removed;
};

#define ASC_GONE_MAX 10
struct
    asc_gone { /* a row that an import deletes, in words for a person: "allow acme m1@a.example trigger", "SCS acme, with 3 rules" */
	char text[ASSOC_RULE_TEXT_MAX];
};

/* Devices whose names differ in the case of the local part only, of which the import brought at least one; two devices, and mostly a
 * mistake. Looked for when the file has rows on single devices. */
struct asc_import_twins {
	uint64_t n;
	bool more;                             /* there may be others: not all were looked at */
	char first[ASSOC_DEVICE_TEXT_MAX + 1]; /* of one pair, when n is not 0 */
	char second[ASSOC_DEVICE_TEXT_MAX + 1];
};

struct asc_import_result {
	uint64_t rows;                       /* of the file */
	uint64_t added, replaced, unchanged; /* rows of the file by what they did */
	uint64_t deleted;                    /* rows of this kind that were there and are not any more */
	uint64_t along;                      /* rules that went with an SCS, a group or a set that was deleted */
	uint64_t beside;             /* rows that say no effect, so allow, where a deny of the same who and device stays */
	uint64_t there;              /* rows of this kind before */
	bool kept;                   /* the state before can be gone back to */
	bool much;                   /* it deletes much, as conf.sure has it */
	const struct asc_gone *gone; /* the first that are deleted; borrowed during done() */
	size_t gone_n;
	const struct asc_import_peer *peers; /* borrowed during done() */
	size_t peers_n;
	const struct asc_import_twins *twins; /* borrowed during done() */
};

/* err 0: everything of the file is durable and in force. Else nothing of it is, and words say why: ERR_LIMIT with result->much (it would
 * delete much, and nobody is sure; the counts say how much), ERR_EXISTS (an SCS or set made by
 * hand meanwhile has the name), ERR_BUSY (more changes by hand meanwhile than are remembered), ERR_CLOSED (cancelled, or the store closes),
 * ERR_NOSPC, ERR_IO, ERR_NOMEM. Called on the owner's thread, from asc_completions() or asc_close(). */
typedef void asc_import_done_fn(void *arg, int err, const struct asc_why *why, const struct asc_import_result *result);

/* Owner thread, once, after asc_import_build() returned 0: switches. `done` is called exactly once, never before this returns. */
void asc_import_finish(struct asc_import *im, asc_import_done_fn *done, void *arg);

/* Any thread, any time: the other calls end soon with ERR_CLOSED, and so does a switch that has not begun. */
void asc_import_cancel(struct asc_import *im);

enum asc_import_phase {
	ASC_IMPORT_ROWS,  /* rows come in; the total is not known here (0) */
	ASC_IMPORT_MERGE, /* rows written to the new generation, of all */
	ASC_IMPORT_SYNC,
	ASC_IMPORT_SWITCH, /* waits for its turn among the changes */
	ASC_IMPORT_DONE,
};

struct asc_import_progress {
	enum asc_import_phase phase;
	uint64_t rows, rows_total;
};

void asc_import_progress(const struct asc_import *im, struct asc_import_progress *out); /* any thread */

/* Owner thread: takes; NULL allowed. Not while another thread is inside one of the calls above, and not between finish and done. What
 * an import that did not switch left on disk is removed. All imports are freed before asc_close(). */
void asc_import_free(struct asc_import *im);

/* Giving out: everything of one kind as it was at begin, in an order that does not change between two exports without a change. All on
 * the owner's thread; changes go on meanwhile. An export keeps old pages of the store from being used again until it is freed. */
struct asc_export;

struct asc_export_row {
	const struct asc_scs *scs;     /* ASC_KIND_SCS */
	const struct asc_group *group; /* ASC_KIND_GROUP */
	const char *set;               /* ASC_KIND_SET: its name */
	const char *member;            /* of the group or set, when the row is a membership; else NULL: the group or set itself */
	const struct assoc_rule *rule; /* ASC_KIND_ASSOC, ASC_KIND_BLOCK */
};

/* ERR_NOMEM, ERR_IO. */
ERR_MUST_USE int asc_export_begin(struct asc_export **out, struct asc *a, enum asc_kind kind);
/* Records that it looks at in all, for a progress bar. Not each of them is a row. */
uint64_t asc_export_total(const struct asc_export *x);
/* Looks at no more than `records` records and calls fn for those of the kind; a row is borrowed during fn. Returns 1 when there is more
 * (even if fn was not called), 0 after the last, ERR_IO or ERR_PROTO (unreadable, damaged), or what fn returned other than 0. */
typedef int asc_export_fn(void *arg, const struct asc_export_row *row);
ERR_MUST_USE int asc_export_step(struct asc_export *x, uint32_t records, asc_export_fn *fn, void *arg);
void asc_export_free(struct asc_export *x); /* takes; NULL allowed; before asc_close() */
