/* asc_import_int.h - an import inside (room-private): its rows, and the steps from rows to the
 * switch. asc_import.h says which thread calls what. */
#pragma once
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "assoc/asc_import.h"
#include "assoc/asc_manual.h"
#include "assoc/asc_model.h"
#include "assoc/asc_sort.h"
#include "assoc/asc_view.h"
#include "base/obj.h"

struct asc_gen;
struct asc_job;

#define ASC_IMPORT_SCS_MAX 100000u
#define ASC_IMPORT_MEMBERS_MAX (ASC_IMPORT_SCS_MAX * ASC_GROUPS_PER_SCS_MAX)

struct asc_scs_row {
	uint64_t line;
	uint32_t keep; /* ASC_KEEP_*: as stored */
	struct asc_scs scs;
};

struct asc_group_row {
	uint64_t line;
	struct asc_group group;
	bool keep_anchor;
};

struct asc_member_row { /* a membership of a group */
	uint64_t line;
	char group[IDENT_SCS_MAX + 1], scs[IDENT_SCS_MAX + 1];
};

struct asc_dset_row { /* a named set of the file; sorted by name, each once */
	char name[IDENT_SCS_MAX + 1];
	uint32_t number;
	bool fresh; /* not in the store when the import began */
};

struct asc_rule_row { /* a rule on a set of devices */
	uint64_t line;
	uint32_t number; /* of the SCS, group or "*" */
	uint8_t keep;    /* ASC_KEEP_*: as stored */
	struct asc_set_rule rule;
};

struct asc_rows { /* a list of one of the above */
	void *p;  /* owned */
	uint32_t n, cap;
};

#define ASC_IMPORT_MAGIC 0xa1725103u
struct asc_import {
	struct obj obj;
	struct asc *a;
	pthread_t owner; /* the thread of asc_import_begin() */
	struct asc_import_conf conf;
	/* allocated at the beginning, so that the end cannot fail for lack of memory */
	struct asc_job *drop_job, *switch_job;
	asc_import_done_fn *done;
	void *arg;

	/* from the store's thread to the one that gives rows; under a->lock until `ready` */
	pthread_cond_t readied;
	bool ready;
	/* of the beginning, with a reader of its own; owned; NULL: the import could not begin */
	struct asc_view *view;
	uint32_t set_numbers; /* first of the ASC_DSETS_MAX numbers reserved for new sets */
	uint64_t gen_number;
	bool keep; /* the state before is to be kept */

	/* of the thread that gives rows, then of the store's thread */
	bool begun; /* that thread has seen `view` */
	/* rows on single devices. Key: device, 0, u32be number, verdict, u64be line; value: an
	 * entry, u8 ASC_KEEP_* to keep. Owned; NULL: none */
	struct asc_sort *sort;
	struct asc_rows scss, groups, members, dsets, rules;
	uint64_t rows;
	struct asc_import_error first; /* first error of a row, with `err` */
	int err;
	const struct asc_node *last_who;
	struct asc_gen *gen;  /* the new generation; owned; NULL: rows of devices do not change */
	uint64_t *counts;     /* entries by slot of view->model; owned */
	uint64_t *set_counts; /* entries of new sets, by number from set_numbers; owned */
	uint64_t added, replaced, unchanged, deleted, along, beside;
	struct asc_gone gone[ASC_GONE_MAX]; /* the first of `deleted` */
	uint32_t gone_n;
	/* the new generation has a device with an upper-case letter in its local part */
	bool upper;
	struct asc_import_twins twins;

	/* of the store's thread */
	struct asc_manual manual;
	struct asc_import_peer *peers; /* owned */
	size_t peers_n;
	bool much, kept; /* as in the result */

	/* any thread */
	atomic_bool cancelled;
	atomic_int phase; /* enum asc_import_phase */
	atomic_ullong at, total;
};

/* asc_import_row.c. On the thread that gives rows: waits until on_begin() has run. ERR_IO with
 * words. */
ERR_MUST_USE int asc_import_wait(struct asc_import *im, struct asc_why *why);
/* The set of this name if the file names it. Borrowed until the next row; NULL: it does not. */
struct asc_dset_row *asc_import_dset(const struct asc_import *im, const char *name);

/* asc_build.c. ERR_EXISTS when two SCSs would share a name, a host or a number after the import
 * into `m`; `e` names the lines. ERR_NOMEM. Called at the build, and again at the switch. */
ERR_MUST_USE int asc_import_check_scss(const struct asc_import *im, const struct asc_model *m, struct asc_import_error *e);

/* asc_merge.c. On the thread that gives rows: writes the new generation from the rows and the
 * generation of the view, and makes it durable. Errors with words, as asc_import_build(). */
ERR_MUST_USE int asc_import_merge(struct asc_import *im, struct asc_import_error *e);
/* asc_complete.c. On the store's thread, before the main environment names the new generation:
 * makes the manual changes since the beginning again on it, sets the counters of the model `m`,
 * which will be in force with it, and makes both durable. Errors with words. */
ERR_MUST_USE int asc_import_complete(struct asc_import *im, struct asc_model *m, struct asc_why *why);

/* asc_gone.c. Counts a row that is deleted, and keeps its description while there is room. */
void asc_import_gone(struct asc_import *im, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void asc_import_gone_rule(struct asc_import *im, const struct assoc_rule *r);
/* asc_gone.c. How many rows of its kind there were. */
uint64_t asc_import_there(const struct asc_import *im);
/* asc_gone.c. Called after all rows were counted; the store had `rules` of them. Sets `much`.
 * ERR_LIMIT, with words, if the deletions need confirmation. */
ERR_MUST_USE int asc_import_judge_gone(struct asc_import *im, uint64_t rules, struct asc_why *why);

/* asc_switch.c. The `run` of the switch; the job's import is not NULL. */
void asc_import_on_switch(struct asc *a, struct asc_job *job);
