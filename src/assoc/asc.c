/* asc.c - a store as a whole: opening and closing it. */
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "assoc/asc_gen.h"
#include "assoc/asc_kept.h"
#include "assoc/asc_main.h"
#include "assoc/asc_model.h"
#include "assoc/asc_room.h"
#include "assoc/asc_store.h"
#include "assoc/asc_why.h"
#include "assoc/asc_work.h"

#define MAP_DEFAULT (4ull << 30)
#define CHANGES_DEFAULT 256u
#define IMPORT_MEMORY_DEFAULT ((size_t)256 << 20)

static int start(struct asc *a, struct asc_why *why)
{
	asc_gen_clean(a, asc_kept_has);
	asc_room_look(a);
	a->rooms_seen = a->rooms;
	a->view = asc_view_new(a->model, a->gen, why);
	if (!a->view) {
		return ERR_NOMEM;
	}
	return asc_work_start(a) ? asc_refuse(why, ERR_NOMEM, "association store: cannot start its thread") : 0;
}

static struct asc *make(const struct asc_conf *conf)
{
	struct asc *a = calloc(1, sizeof *a);
	pthread_condattr_t monotonic;

	if (!a) {
		return NULL;
	}
	obj_begin(&a->obj, ASC_MAGIC);
	a->queue_tail = &a->queue;
	a->done_tail = &a->done;
	a->handing_tail = &a->handing;
	a->lock_wait_ms = conf->lock_wait_ms;
	a->map_max = conf->map_max ? conf->map_max : MAP_DEFAULT;
	a->changes_max = conf->changes_max ? conf->changes_max : CHANGES_DEFAULT;
	a->import_memory = conf->import_memory ? conf->import_memory : IMPORT_MEMORY_DEFAULT;
	a->undo_max = conf->undo_max < ASC_KEPT_MAX ? conf->undo_max : ASC_KEPT_MAX;
	a->undo_octets_max = conf->undo_octets_max;
	pthread_mutex_init(&a->lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&a->work, &monotonic);
	pthread_condattr_destroy(&monotonic);
	pthread_cond_init(&a->finished, NULL);
	a->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	a->dir = strdup(conf->dir);
	a->model = asc_model_new();
	if (a->dir && a->model && a->wake_fd >= 0) {
		return a;
	}
	asc_close(a);
	return NULL;
}

int asc_open(struct asc **out, const struct asc_conf *conf, struct asc_why *why)
{
	struct asc *a = make(conf);
	int err;

	why->text[0] = 0;
	if (!a) {
		return asc_refuse(why, ERR_NOMEM, "association store: out of memory");
	}
	err = asc_main_open(a, why);
	if (!err) {
		err = start(a, why);
	}
	if (err) {
		asc_close(a);
		return err;
	}
	*out = a;
	return 0;
}

void asc_close(struct asc *a)
{
	if (!a) {
		return;
	}
	OBJ_CHECK(a, ASC_MAGIC);
	asc_work_stop(a);
	asc_view_free(a->view);
	asc_model_free(a->model);
	asc_gen_free(a->gen);
	asc_kept_free(a);
	asc_main_free(a->main);
	if (a->wake_fd >= 0) {
		close(a->wake_fd);
	}
	pthread_cond_destroy(&a->finished);
	pthread_cond_destroy(&a->work);
	pthread_mutex_destroy(&a->lock);
	free(a->dir);
	OBJ_END(a, ASC_MAGIC);
	free(a);
}

uint64_t asc_generation(const struct asc *a)
{
	return asc_view_of(a)->model->generation;
}

uint64_t asc_scs_changes(const struct asc *a)
{
	return asc_view_of(a)->model->scs_changes;
}
