/* asc_import_int.h - an import inside (room-private): rows as they came in, and what the store's thread needs to switch. */
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

struct asc_gen;
struct asc_job;

#define ASC_IMPORT_SCS_MAX 100000u
#define ASC_IMPORT_MEMBERS_MAX (ASC_IMPORT_SCS_MAX * ASC_GROUPS_PER_SCS_MAX)

struct asc_scs_row {
	uint64_t line;
	struct asc_scs scs;
};

struct asc_group_row {
	uint64_t line;
	struct asc_group group;
};

struct asc_member_row { /* of a group */
	uint64_t line;
	char group[IDENT_SCS_MAX + 1], scs[IDENT_SCS_MAX + 1];
};

struct asc_dset_row { /* a set that the file names; sorted by name, each once */
	char name[IDENT_SCS_MAX + 1];
	uint32_t number;
	bool fresh; /* not in the store when the import began */
};

struct asc_rule_row { /* a rule on a set of devices */
	uint64_t line;
	uint32_t number; /* of its who */
	struct asc_set_rule rule;
};

struct asc_rows { /* a list of one of the above */
	void *p;
	uint32_t n, cap;
};

struct asc_import {
	struct asc *a;
	pthread_t owner; /* the thread of asc_import_begin() */
	struct asc_import_conf conf;
	struct asc_job *drop_job, *switch_job; /* made at begin, so that they are there when they are needed */
	asc_import_done_fn *done;
	void *arg;

	/* from the store's thread to the one that gives rows: under a->lock until `ready` */
	pthread_cond_t readied;
	bool ready;
	struct asc_view *view; /* as of the beginning, with a reader of its own; NULL: it could not begin */
	uint32_t set_numbers;  /* the first of those that are reserved for new sets */
	uint64_t gen_number;

	/* the thread's that gives rows, then the store's */
	bool begun; /* `view` was seen under the lock */
	struct asc_sort *sort; /* rows on single devices: key device, 0, u32be number, verdict, u64be line; value an entry */
	struct asc_rows scss, groups, members, dsets, rules;
	uint64_t rows;
	struct asc_import_error first; /* error of a row */
	int err;
	const struct asc_node *last_who;
	struct asc_gen *gen;           /* NULL: rows of devices stay as they are */
	uint64_t *counts, *set_counts; /* by slot of view->model; by number from set_numbers */
	uint64_t added, replaced, unchanged, deleted;

	/* the store's thread's */
	struct asc_manual manual;
	struct asc_import_peer *peers;
	size_t peers_n;

	atomic_bool cancelled;
	atomic_int phase;
	atomic_ullong at, total;
};

/* Until the import has begun on the store's thread. ERR_IO with words. */
ERR_MUST_USE int asc_import_wait(struct asc_import *im, struct asc_why *why);
/* Merges rows and the generation of the beginning into a new one. */
ERR_MUST_USE int asc_import_merge(struct asc_import *im, struct asc_import_error *e);
/* On the store's thread, before the main environment names the new generation: makes the manual changes since the beginning
 * again on it, sets the counters of the model `m`, which will be in force with it, and makes both durable. Errors with words. */
ERR_MUST_USE int asc_import_complete(struct asc_import *im, struct asc_model *m, struct asc_why *why);
/* The SCSs that there would be: no two with one host or number. `e` names lines. Against any model: at build and at the switch. */
ERR_MUST_USE int asc_import_check_scss(const struct asc_import *im, const struct asc_model *m, struct asc_import_error *e);
struct asc_dset_row *asc_import_dset(const struct asc_import *im, const char *name);
/* The `run` of the switch (asc_switch.c). The job's import is not NULL. */
void asc_import_on_switch(struct asc *a, struct asc_job *job);
