/* asc_import.h - import and export of whole files of rows.
 * An import is all or nothing. It sorts the rows of one file outside the store, merges them with
 * the stored rows into a new generation, and switches to it in one transaction. Before the switch
 * the store is unchanged, also after a crash. After it the whole file is in force.
 *
 *   owner:         asc_import_begin() ....... asc_import_finish() .. done() .. asc_import_free()
 *   any ONE other thread (or the owner):  asc_import_rule() ... asc_import_build()
 *   every thread:  asc_import_cancel(), asc_import_progress()
 *
 * Manual changes continue during an import and are in force at once. They count as later than the
 * import: a row that was added, replaced or deleted manually since its begin keeps the manual
 * value. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "assoc/asc.h"

/* Kind of the rows of a file; an import leaves other kinds alone. */
enum asc_kind {
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
	/* false: rows are added, or replace the row of the same key. true: in addition every row of
	 * this kind that is not in the file is deleted: an SCS, group or set with its memberships
	 * and every rule that names it. */
	bool replace;
	/* Everything but the switch: done() reports what would change, and the store stays
	 * unchanged. */
	bool dry_run;
	/* An import that would delete many rows (asc_deletes_much(), or all rows by an empty file)
	 * ends with ERR_LIMIT and changes nothing, unless `sure` is set or deletes_max allows that
	 * number. */
	bool sure;
	/* without `sure`: upper bound of `deleted` plus `along` of the result; 0: not given */
	uint64_t deletes_max;
	/* stored with the kept previous state (asc_undo.h) */
	uint64_t at_ms;                     /* milliseconds since 1970 */
	char name[ASC_IMPORT_NAME_MAX + 1]; /* of the file */
};

/* True if so many deletions need confirmation: at least 10 rows, and more than a tenth of `there`,
 * the number of rows stored. */
bool asc_deletes_much(uint64_t deleted, uint64_t there);

/* Owner thread. At most one import at a time: ERR_BUSY with words. ERR_NOMEM. Never waits for the
 * disk. */
ERR_MUST_USE int asc_import_begin(struct asc_import **out, struct asc *a, const struct asc_import_conf *conf,
				  struct asc_why *why);

/* Rows, each with the number of its line, from 1. Arguments are borrowed during the call. The first
 * call waits until the changes submitted before the import are done. Each row is checked at once;
 * the words do not name the line.
 * ERR_INVAL (form, rights, times), ERR_NOTFOUND (no such SCS, group, set), ERR_LIMIT, ERR_STATE
 * (not of this import's kind), ERR_NOSPC, ERR_IO, ERR_NOMEM, ERR_CLOSED (cancelled). After an error
 * further rows may be given, to find more errors; asc_import_build() then fails. asc_import_build()
 * also finds a key that occurs in two lines. */
/* `keep`: ASC_KEEP_*, members that the row does not give. They keep the stored value if an SCS of
 * this name exists, else they have the value in `scs`. */
ERR_MUST_USE int asc_import_scs(struct asc_import *im, uint64_t line, const struct asc_scs *scs, uint32_t keep,
				struct asc_why *why);
/* A group; with `keep_anchor` an existing group keeps its anchor. A membership needs a group that
 * is stored (without `replace`) or has a row of its own; asc_import_build() checks that. */
ERR_MUST_USE int asc_import_group(struct asc_import *im, uint64_t line, const struct asc_group *group, bool keep_anchor,
				  struct asc_why *why);
ERR_MUST_USE int asc_import_group_member(struct asc_import *im, uint64_t line, const char *group, const char *scs,
					 struct asc_why *why);
/* A set, and a membership, which creates its set if necessary. The row of a set may repeat. */
ERR_MUST_USE int asc_import_set(struct asc_import *im, uint64_t line, const char *name, struct asc_why *why);
ERR_MUST_USE int asc_import_set_member(struct asc_import *im, uint64_t line, const char *name, const char *device,
				       struct asc_why *why);
/* ASC_KIND_ASSOC: allow and deny; ASC_KIND_BLOCK: block. As for ASC_RULE_ADD. `keep`: ASC_KEEP_*,
 * values that the row does not give; an existing rule of this key keeps them. */
enum {
	ASC_KEEP_RIGHTS = 1 << 0,
	ASC_KEEP_NOT_BEFORE = 1 << 1,
	ASC_KEEP_NOT_AFTER = 1 << 2,
	ASC_KEEP_MODE = 1 << 3,
	/* the row has no effect, which means allow; a stored deny of the same who and device is
	 * counted */
	ASC_KEEP_EFFECT = 1 << 4,
};
ERR_MUST_USE int asc_import_rule(struct asc_import *im, uint64_t line, const struct asc_rule_new *r, uint32_t keep,
				 struct asc_why *why);

struct asc_import_error {
	uint64_t line;         /* 0: not about one line */
	uint64_t line_earlier; /* of two rows with one key: the first of them, else 0 */
	struct asc_why why;    /* words, also naming line_earlier */
};

/* After the last row, on the thread that gave the rows: sorts, merges, writes and syncs the new
 * generation. Takes seconds. After an error only asc_import_free() may follow: the first error of a
 * row again, ERR_EXISTS (the same key in two lines, or the origin-host or e164 of an SCS belongs to
 * another one), ERR_NOTFOUND (a membership of a missing group), ERR_LIMIT (too many rules on one
 * device, groups, sets ..), ERR_NOSPC, ERR_IO, ERR_NOMEM, ERR_PROTO (the store is damaged),
 * ERR_CLOSED. */
ERR_MUST_USE int asc_import_build(struct asc_import *im, struct asc_import_error *e);

/* an SCS whose sessions would no longer be admitted: removed, or with another host, realm or
 * anchor */
struct asc_import_peer {
	char name[IDENT_SCS_MAX + 1];
	bool removed;
};

#define ASC_GONE_MAX 10
/* A row that an import deletes, for people: "allow acme m1@a.example trigger", "SCS acme, with 3
 * rules". */
struct asc_gone {
	char text[ASSOC_RULE_TEXT_MAX];
};

/* Devices, at least one of them in the file, whose names differ only in the case of the local part.
 * They are two devices, and usually a mistake. Searched if the file has rows on single devices. */
struct asc_import_twins {
	uint64_t n;
	bool more;                             /* not all were examined */
	char first[ASSOC_DEVICE_TEXT_MAX + 1]; /* of one pair, when n is not 0 */
	char second[ASSOC_DEVICE_TEXT_MAX + 1];
};

struct asc_import_result {
	uint64_t rows;                       /* of the file */
	uint64_t added, replaced, unchanged; /* rows of the file by what they did */
	uint64_t deleted;                    /* stored rows of this kind that are deleted */
	uint64_t along;                      /* rules deleted with an SCS, group or set */
	/* rows without an effect (allow) whose who and device have a deny that stays */
	uint64_t beside;
	uint64_t there; /* rows of this kind before */
	bool kept;      /* the previous state is kept for asc_undo() */
	bool much;      /* so many deletions that conf.sure is required */
	/* the first that are deleted; borrowed during done() */
	const struct asc_gone *gone;
	size_t gone_n;
	const struct asc_import_peer *peers; /* borrowed during done() */
	size_t peers_n;
	const struct asc_import_twins *twins; /* borrowed during done() */
};

/* err 0: the whole file is durable and in force. Otherwise nothing of it is, with words: ERR_LIMIT
 * with result->much (so many deletions need confirmation; the counts are set), ERR_EXISTS (an SCS
 * or set added manually during the import has the name), ERR_BUSY (too many manual changes during
 * the import), ERR_CLOSED (cancelled, or the store closes), ERR_NOSPC, ERR_IO, ERR_NOMEM. Called on
 * the owner's thread, from asc_completions() or asc_close(). */
typedef void asc_import_done_fn(void *arg, int err, const struct asc_why *why, const struct asc_import_result *result);

/* Owner thread, once, after asc_import_build() returned 0: switches. `done` is called exactly once,
 * never before this returns. */
void asc_import_finish(struct asc_import *im, asc_import_done_fn *done, void *arg);

/* Any thread, any time: the other calls end soon with ERR_CLOSED, and so does a switch that has not
 * begun. */
void asc_import_cancel(struct asc_import *im);

enum asc_import_phase {
	ASC_IMPORT_ROWS,  /* reads rows; rows_total is not known (0) */
	ASC_IMPORT_MERGE, /* rows written to the new generation, of all */
	ASC_IMPORT_SYNC,
	ASC_IMPORT_SWITCH, /* queued behind changes */
	ASC_IMPORT_DONE,
};

struct asc_import_progress {
	enum asc_import_phase phase;
	uint64_t rows, rows_total;
};

/* any thread */
void asc_import_progress(const struct asc_import *im, struct asc_import_progress *out);

/* Owner thread: takes; NULL allowed. Not while another thread is inside one of the calls above, nor
 * between finish and done. Removes what an import without a switch left on disk. All imports are
 * freed before asc_close(). */
void asc_import_free(struct asc_import *im);

/* Export: all rows of one kind as of asc_export_begin(); two exports without a change in between
 * have the same order. Owner's thread only; changes may continue. Until it is freed, an export
 * keeps old pages of the store from being reused. */
struct asc_export;

struct asc_export_row {
	const struct asc_scs *scs;     /* ASC_KIND_SCS */
	const struct asc_group *group; /* ASC_KIND_GROUP */
	const char *set;               /* ASC_KIND_SET: its name */
	/* of a membership; NULL: the row is the group or set itself */
	const char *member;
	const struct assoc_rule *rule; /* ASC_KIND_ASSOC, ASC_KIND_BLOCK */
};

/* ERR_NOMEM, ERR_IO. */
ERR_MUST_USE int asc_export_begin(struct asc_export **out, struct asc *a, enum asc_kind kind);
/* Records that it looks at in all, for a progress bar. Not each of them is a row. */
uint64_t asc_export_total(const struct asc_export *x);
/* Reads up to `records` records and calls fn for each of the kind; the row is borrowed during fn.
 * Returns 1 if there may be more (even if fn was not called), 0 after the last record, ERR_IO or
 * ERR_PROTO (unreadable, damaged), or the first value other than 0 that fn returned. */
typedef int asc_export_fn(void *arg, const struct asc_export_row *row);
ERR_MUST_USE int asc_export_step(struct asc_export *x, uint32_t records, asc_export_fn *fn, void *arg);
void asc_export_free(struct asc_export *x); /* takes; NULL allowed; before asc_close() */
