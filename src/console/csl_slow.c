/* csl_slow.c - a few threads and the questions that they ask. */
#include "console/csl_slow.h"

#include <stdlib.h>
#include <string.h>

#include "base/obj.h"
#include "base/str.h"

#define CSL_SLOW_MAGIC 0x2c91e07bu
struct csl_slow {
	struct obj obj;
	struct csl_ask_conf ask;
	uint32_t max, per_person_max;
	pthread_t *threads; /* owned */
	uint32_t threads_n;
	pthread_mutex_t lock; /* over what follows */
	pthread_cond_t wake;
	bool stop;
	TAILQ_HEAD(, csl_slow_job) jobs; /* those that have a place */
	uint32_t n;
};

bool csl_slow_is(const char *command, const json_t *args)
{
	return !strcmp(command, "assoc.check") && json_is_true(json_object_get(args, "ask_hss"));
}

static void answer(struct csl_slow *s, struct csl_slow_job *j, bool stopped)
{
	if (stopped) {
		j->err = ERR_CLOSED;
		str_set(j->why, sizeof j->why, "the console ends");
	} else {
		j->err = csl_ask_text(&s->ask, &j->person, j->command, j->args, &j->pick, &j->text, &j->len, j->why);
	}
	json_decref(j->args);
	j->args = NULL;
}

/* The first question that no thread asks yet; NULL: none. */
static struct csl_slow_job *next(struct csl_slow *s)
{
	struct csl_slow_job *j;

	TAILQ_FOREACH (j, &s->jobs, entry) {
		if (j->ready) {
			j->ready = false;
			return j;
		}
	}
	return NULL;
}

/* One thread: asks until the end, and until all questions that have a place are answered. */
static void *work(void *arg)
{
	struct csl_slow *s = OBJ_OF(arg, struct csl_slow, CSL_SLOW_MAGIC);
	struct csl_slow_job *j;

	pthread_mutex_lock(&s->lock);
	while (!s->stop || s->n) {
		bool stopped = s->stop;

		j = next(s);
		if (!j) {
			pthread_cond_wait(&s->wake, &s->lock);
			continue;
		}
		pthread_mutex_unlock(&s->lock);
		answer(s, j, stopped);
		pthread_mutex_lock(&s->lock);
		TAILQ_REMOVE(&s->jobs, j, entry);
		s->n--;
		pthread_cond_broadcast(&s->wake); /* at the end the others look whether that was all */
		pthread_mutex_unlock(&s->lock);
		j->done(j->arg); /* the job may be gone when this returns */
		pthread_mutex_lock(&s->lock);
	}
	pthread_mutex_unlock(&s->lock);
	return NULL;
}

int csl_slow_new(struct csl_slow **out, const struct csl_ask_conf *ask, uint32_t max, uint32_t per_person_max)
{
	struct csl_slow *s = calloc(1, sizeof *s);

	if (!s) {
		return ERR_NOMEM;
	}
	obj_begin(&s->obj, CSL_SLOW_MAGIC);
	s->ask = *ask;
	s->max = max;
	s->per_person_max = per_person_max;
	TAILQ_INIT(&s->jobs);
	pthread_mutex_init(&s->lock, NULL);
	pthread_cond_init(&s->wake, NULL);
	s->threads = calloc(max, sizeof *s->threads);
	while (s->threads && s->threads_n < max && !pthread_create(&s->threads[s->threads_n], NULL, work, s)) {
		s->threads_n++;
	}
	if (s->threads_n < max) {
		csl_slow_stop(s);
		csl_slow_free(s);
		return ERR_NOMEM;
	}
	*out = s;
	return 0;
}

void csl_slow_stop(struct csl_slow *s)
{
	if (!s) {
		return;
	}
	OBJ_CHECK(s, CSL_SLOW_MAGIC);
	pthread_mutex_lock(&s->lock);
	s->stop = true;
	pthread_cond_broadcast(&s->wake);
	pthread_mutex_unlock(&s->lock);
	while (s->threads_n) {
		pthread_join(s->threads[--s->threads_n], NULL);
	}
}

void csl_slow_free(struct csl_slow *s)
{
	if (!s) {
		return;
	}
	pthread_cond_destroy(&s->wake);
	pthread_mutex_destroy(&s->lock);
	free(s->threads);
	OBJ_END(s, CSL_SLOW_MAGIC);
	free(s);
}

static uint32_t own_of(const struct csl_slow *s, const char *name)
{
	const struct csl_slow_job *j;
	uint32_t n = 0;

	TAILQ_FOREACH (j, &s->jobs, entry) {
		n += !strcmp(j->person.name, name);
	}
	return n;
}

int csl_slow_take(struct csl_slow *s, struct csl_slow_job *j)
{
	int err = 0;

	OBJ_CHECK(s, CSL_SLOW_MAGIC);
	pthread_mutex_lock(&s->lock);
	if (s->stop) {
		err = ERR_BUSY;
	} else if (own_of(s, j->person.name) >= s->per_person_max) {
		err = ERR_LIMIT;
	} else if (s->n >= s->max) {
		err = ERR_BUSY;
	} else {
		j->ready = false;
		TAILQ_INSERT_TAIL(&s->jobs, j, entry);
		s->n++;
	}
	pthread_mutex_unlock(&s->lock);
	return err;
}

void csl_slow_ask(struct csl_slow *s, struct csl_slow_job *j)
{
	OBJ_CHECK(s, CSL_SLOW_MAGIC);
	pthread_mutex_lock(&s->lock);
	j->ready = true;
	pthread_cond_signal(&s->wake);
	pthread_mutex_unlock(&s->lock);
}
