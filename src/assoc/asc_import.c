/* asc_import.c - beginning and ending an import, on the owner's thread and on the store's. Its rows
 * are in asc_import_row.c. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "assoc/asc_gen.h"
#include "assoc/asc_import_int.h"
#include "assoc/asc_job.h"
#include "assoc/asc_kept.h"
#include "assoc/asc_store.h"
#include "assoc/asc_why.h"
#include "assoc/asc_work.h"

static void on_begin(struct asc *a, struct asc_job *job)
{
	struct asc_import *im = job->import;
	struct asc_view *view = asc_view_new(a->model, a->gen, &job->out.why);

	if (view) {
		im->set_numbers = a->next_number;
		if (im->conf.kind == ASC_KIND_SET) {
			a->next_number += ASC_DSETS_MAX;
		}
		im->gen_number = a->next_gen++;
		im->keep = !im->conf.dry_run && asc_kept_fits(a);
		a->manual = &im->manual;
	}
	pthread_mutex_lock(&a->lock);
	im->view = view;
	im->ready = true;
	pthread_cond_broadcast(&im->readied);
	pthread_mutex_unlock(&a->lock);
	job->import = NULL; /* asc_import_free() may come before this job is finished */
}

/* When the store closed before on_begin(): wakes the thread that waits for the beginning, without a
 * view. */
static void on_begun(struct asc *a, struct asc_job *job)
{
	if (!job->import) {
		return;
	}
	pthread_mutex_lock(&a->lock);
	job->import->ready = true;
	pthread_cond_broadcast(&job->import->readied);
	pthread_mutex_unlock(&a->lock);
}

int asc_import_begin(struct asc_import **out, struct asc *a, const struct asc_import_conf *conf, struct asc_why *why)
{
	struct asc_import *im;
	struct asc_job *job;

	OBJ_CHECK(a, ASC_MAGIC);
	why->text[0] = 0;
	if (a->importing) {
		return asc_refuse(why, ERR_BUSY, "another import is under way: one at a time");
	}
	im = calloc(1, sizeof *im);
	job = calloc(1, sizeof *job);
	if (im) {
		im->drop_job = calloc(1, sizeof *im->drop_job);
		im->switch_job = calloc(1, sizeof *im->switch_job);
	}
	if (!im || !job || !im->drop_job || !im->switch_job) {
		if (im) {
			free(im->drop_job);
			free(im->switch_job);
		}
		free(im);
		free(job);
		return asc_refuse(why, ERR_NOMEM, "out of memory");
	}
	obj_begin(&im->obj, ASC_IMPORT_MAGIC);
	im->a = a;
	im->owner = pthread_self();
	im->conf = *conf;
	pthread_cond_init(&im->readied, NULL);
	a->importing = true;
	job->run = on_begin;
	job->finished = on_begun;
	job->import = im;
	asc_enqueue(a, job);
	*out = im;
	return 0;
}

static void free_all(struct asc_import *im)
{
	asc_sort_free(im->sort);
	asc_view_free(im->view);
	asc_gen_drop(im->gen); /* the switch took it if it counts */
	free(im->scss.p);
	free(im->groups.p);
	free(im->members.p);
	free(im->dsets.p);
	free(im->rules.p);
	free(im->counts);
	free(im->set_counts);
	asc_manual_fini(&im->manual);
	free(im->peers);
	free(im->switch_job);
	pthread_cond_destroy(&im->readied);
	OBJ_END(im, ASC_IMPORT_MAGIC);
	free(im);
}

static void on_drop(struct asc *a, struct asc_job *job)
{
	if (a->manual == &job->import->manual) {
		a->manual = NULL;
	}
	free_all(job->import);
	job->import = NULL;
}

/* When the store closed before on_drop(): frees it here, where no other thread is left. */
static void on_dropped(struct asc *a, struct asc_job *job)
{
	(void)a;
	if (job->import) {
		free_all(job->import);
	}
}

static void on_switched(struct asc *a, struct asc_job *job)
{
	struct asc_import *im = job->import;
	struct asc_import_result result = { .rows = im->rows,
					    .added = im->added,
					    .replaced = im->replaced,
					    .unchanged = im->unchanged,
					    .deleted = im->deleted,
					    .along = im->along,
					    .there = asc_import_there(im),
					    .much = im->much,
					    .kept = im->kept,
					    .gone = im->gone,
					    .gone_n = im->gone_n,
					    .peers = im->peers,
					    .peers_n = im->peers_n,
					    .twins = &im->twins,
					    .beside = im->beside };

	(void)a;
	atomic_store(&im->phase, ASC_IMPORT_DONE);
	im->done(im->arg, job->out.err, &job->out.why, &result);
}

void asc_import_finish(struct asc_import *im, asc_import_done_fn *done, void *arg)
{
	struct asc_job *job;

	OBJ_CHECK(im, ASC_IMPORT_MAGIC);
	job = im->switch_job;
	im->switch_job = NULL;
	im->done = done;
	im->arg = arg;
	job->run = asc_import_on_switch;
	job->finished = on_switched;
	job->import = im;
	asc_enqueue(im->a, job);
}

void asc_import_cancel(struct asc_import *im)
{
	OBJ_CHECK(im, ASC_IMPORT_MAGIC);
	atomic_store(&im->cancelled, true);
}

void asc_import_progress(const struct asc_import *im, struct asc_import_progress *out)
{
	/* atomic_load() of C17 takes no const */
	struct asc_import *x = (struct asc_import *)(uintptr_t)im;

	OBJ_CHECK(im, ASC_IMPORT_MAGIC);
	*out = (struct asc_import_progress){ .phase = (enum asc_import_phase)atomic_load(&x->phase),
					     .rows = atomic_load(&x->at),
					     .rows_total = atomic_load(&x->total) };
}

void asc_import_free(struct asc_import *im)
{
	struct asc_job *job;

	if (!im) {
		return;
	}
	OBJ_CHECK(im, ASC_IMPORT_MAGIC);
	job = im->drop_job;
	im->a->importing = false;
	job->run = on_drop;
	job->finished = on_dropped;
	job->import = im;
	asc_enqueue(im->a, job);
}
