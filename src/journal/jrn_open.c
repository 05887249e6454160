/* jrn_open.c - opens and closes the journal. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/str.h"
#include "journal/jrn_int.h"

#define SIZE_DEFAULT (4ull << 30)
#define SEGMENT_DEFAULT (8u << 20)
#define SEGMENTS_LEAST 8u /* a smaller journal has smaller segments */
#define DISK_SHARE 16u    /* and so has one on a small disk */
#define PENDING_DEFAULT 4096u
#define BATCH_DEFAULT 4096u

/* -- the store */

static void choose_segment_size(struct jrn_log *l, uint64_t wanted)
{
	uint64_t size = wanted ? wanted : SEGMENT_DEFAULT, left, whole;

	l->disk->space(l->disk->arg, &left, &whole);
	size = size < l->size_max / SEGMENTS_LEAST ? size : l->size_max / SEGMENTS_LEAST;
	size = whole && whole / DISK_SHARE < size ? whole / DISK_SHARE : size;
	size = size < JRN_SEGMENT_MIN ? JRN_SEGMENT_MIN : size > JRN_SEGMENT_MAX ? JRN_SEGMENT_MAX : size;
	l->segment_size = size & ~(uint64_t)(JRN_BLOCK - 1);
}

static int open_dir(struct jrn_store *s, const struct jrn_conf *conf, char *say, size_t say_cap)
{
	int rc;

	if (conf->disk) {
		s->log.disk = conf->disk;
		choose_segment_size(&s->log, conf->segment_size);
		return 0;
	}
	rc = jrn_disk_dir(&s->disk, s->dir, true);
	if (rc) {
		snprintf(s->last.text, sizeof s->last.text, "trigger journal %s: cannot make the directory: %s", s->dir,
			 strerror(-rc));
		return jrn_disk_err(rc);
	}
	s->log.disk = &s->disk;
	choose_segment_size(&s->log, conf->segment_size);
	return jrn_take_over(s, say, say_cap);
}

static int first_segment(struct jrn_store *s)
{
	if (s->log.segs_n) {
		return 0;
	}
	if (s->marked) {
		snprintf(s->last.text, sizeof s->last.text,
			 "trigger journal %s: its segments are missing (0000000001.log and so on). "
			 "Put them back; or, to begin with an empty journal, move data.mdb elsewhere",
			 s->dir);
		return ERR_PROTO;
	}
	return jrn_segment_next(&s->log, true);
}

static int store_open(struct jrn *j, const struct jrn_conf *conf, char *say, size_t say_cap)
{
	struct jrn_store *s = &j->store;
	char torn[sizeof s->last.text] = "";
	int err;

	s->log.size_max = conf->size_max ? conf->size_max : SIZE_DEFAULT;
	s->log.dir = s->dir;
	s->log.why = &s->last;
	err = jrn_log_init(&s->log);
	if (!err) {
		err = open_dir(s, conf, say, say_cap);
	}
	if (!err) {
		err = jrn_log_load(&s->log, &j->next, torn, sizeof torn);
	}
	if (!err && torn[0]) {
		str_cut(say, say_cap, torn);
	}
	if (!err) {
		err = first_segment(s);
	}
	if (!err && !conf->disk && !s->marked) {
		err = jrn_mark(s);
	}
	if (!err && conf->threaded) {
		err = jrn_maker_start(&s->log.maker, s->log.disk, s->log.segment_size);
	}
	return err;
}

static void store_close(struct jrn_store *s)
{
	jrn_log_fini(&s->log);
	jrn_disk_fini(&s->disk);
	if (s->lock_fd >= 0) {
		close(s->lock_fd); /* and with it the lock */
	}
	free(s->kept);
	free(s->dir);
}

/* -- the journal */

static int make_locks(struct jrn *j)
{
	pthread_condattr_t monotonic;

	/* cannot fail: default attributes, or the monotonic clock */
	pthread_mutex_init(&j->lock, NULL);
	pthread_cond_init(&j->idle, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&j->work, &monotonic);
	pthread_condattr_destroy(&monotonic);
	j->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return j->wake < 0 ? ERR_IO : 0;
}

static void free_all(struct jrn *j)
{
	struct jrn_batch *b;

	while ((b = TAILQ_FIRST(&j->out))) {
		TAILQ_REMOVE(&j->out, b, of_owner);
		jrn_batch_free(b);
	}
	jrn_batch_free(j->gather);
	for (size_t i = 0; i < j->spares; i++) {
		jrn_batch_free(j->spare[i]);
	}
	store_close(&j->store);
	if (j->wake >= 0) {
		close(j->wake);
	}
	pthread_cond_destroy(&j->work);
	pthread_cond_destroy(&j->idle);
	pthread_mutex_destroy(&j->lock);
	OBJ_END(j, JRN_MAGIC);
	free(j);
}

static void take_conf(struct jrn *j, const struct jrn_conf *conf)
{
	j->pending_max = conf->pending_max ? conf->pending_max : PENDING_DEFAULT;
	j->batch_max = conf->batch_max ? conf->batch_max : BATCH_DEFAULT;
	j->batch_window_ms = conf->batch_window_ms;
	j->lazy_ms = conf->lazy_ms;
	j->group_at = SIZE_MAX;
	j->store.lock_fd = -1;
	j->store.lock_wait_ms = conf->lock_wait_ms;
	j->store.log.fd = -1;
	TAILQ_INIT(&j->out);
	STAILQ_INIT(&j->queue);
	STAILQ_INIT(&j->store.work);
	machine_begin(&jrn_machine, j->store.counts.in_health, JRN_WELL);
	j->store.dir = strdup(conf->dir);
}

static void begin(struct jrn *j)
{
	struct jrn_store *s = &j->store;

	if (s->log.maker) {
		jrn_spares_look(&s->log);
	}
	jrn_look(s, jrn_now_us());
	j->counts = s->counts;
	j->room = s->room;
	j->present = jrn_log_extent(&s->log);
}

int jrn_open(struct jrn **out, const struct jrn_conf *conf, struct jrn_why *why)
{
	struct jrn *j = calloc(1, sizeof *j);
	struct jrn_why say = { "" };
	int err;

	snprintf(why->text, sizeof why->text, "journal: out of memory or descriptors");
	if (!j) {
		return ERR_NOMEM;
	}
	obj_begin(&j->obj, JRN_MAGIC);
	atomic_init(&j->state, 0);
	atomic_init(&j->lazy_due, false);
	take_conf(j, conf);
	err = make_locks(j);
	if (!err && !j->store.dir) {
		err = ERR_NOMEM;
	}
	if (!err) {
		err = store_open(j, conf, say.text, sizeof say.text);
	}
	if (!err) {
		begin(j);
	}
	if (!err && conf->threaded) {
		err = jrn_thread_start(j);
	}
	if (err) {
		if (j->store.last.text[0]) {
			str_cut(why->text, sizeof why->text, j->store.last.text);
		}
		free_all(j);
		return err;
	}
	*why = say;
	*out = j;
	return 0;
}

/* What the disk did not take: nobody knows whether the next start finds it. */
static void give_up(struct jrn *j)
{
	jrn_commit_abandon(&j->store);
	pthread_mutex_lock(&j->lock);
	STAILQ_CONCAT(&j->store.work, &j->queue);
	jrn_commit_abandon(&j->store);
	j->finished = j->handed;
	pthread_mutex_unlock(&j->lock);
	jrn_complete(j);
}

void jrn_close(struct jrn *j)
{
	if (!j) {
		return;
	}
	/* completions were called; an operation put by a completion has no later commit */
	(void)jrn_flush(j);
	jrn_thread_end(j);
	if (!TAILQ_EMPTY(&j->out)) {
		give_up(j);
	}
	free_all(j);
}
