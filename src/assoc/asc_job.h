/* asc_job.h - one job of the store's thread (room-private): a change, or a step of an import. The
 * creator allocates a job with calloc(); asc_enqueue() takes it. */
#pragma once
#include "assoc/asc_change.h"
#include "assoc/asc_sets.h"

struct asc_import;
struct asc_kept_list;
struct asc_undoing;
struct asc_job;
struct asc_view;

typedef void asc_job_fn(struct asc *a, struct asc_job *job);

struct asc_job {
	struct asc_job *next;
	asc_job_fn *run; /* on the store's thread; not called when the store closes first */
	/* on the owner's thread, once: after `run`, or with out.err ERR_CLOSED. Then the job is
	 * freed */
	asc_job_fn *finished;
	struct asc_outcome out; /* filled by `run` */
	/* set by `run` when something changed: in force when `finished` is called. Owned */
	struct asc_view *view;

	/* set by `run` if the kept states changed. Owned; NULL: unchanged */
	struct asc_kept_list *kept;

	/* of a change, as struct asc_change has them */
	enum asc_op op;
	bool only_new, only_there;
	uint32_t keep;
	struct asc_scs scs;
	struct asc_group group;
	char name[ASSOC_WHO_TEXT_MAX + 1]; /* also the `who` of a rule */
	char member[IDENT_SCS_MAX + 1];
	struct asc_set_rule rule; /* `device` is also the member of a named set */
	int verdict;
	uint32_t number; /* set by `run`: of the SCS, group or set that was changed */
	asc_done_fn *done;
	void *arg;

	struct asc_undoing *undo; /* of an undo; owned */
	/* of an import; borrowed. Set to NULL by `run` when it may be gone afterwards */
	struct asc_import *import;
};
