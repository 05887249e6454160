/* asc_work.c - the store's thread and its queue. Jobs run one after the other, and their results go
 * back to the owner in the same order. */
#include "assoc/asc_work.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "assoc/asc_job.h"
#include "assoc/asc_room.h"
#include "assoc/asc_store.h"
#include "assoc/asc_why.h"
#include "base/thread.h"
#include "base/wake.h"

/* Frees retired views. Called without the lock, since closing a generation takes time. */
static void reap(struct asc_view *v)
{
	while (v) {
		struct asc_view *next = v->next;

		asc_view_free(v);
		v = next;
	}
}

static void finish(struct asc *a, struct asc_job *job)
{
	job->next = NULL;
	pthread_mutex_lock(&a->lock);
	*a->done_tail = job;
	a->done_tail = &job->next;
	pthread_cond_signal(&a->finished);
	pthread_mutex_unlock(&a->lock);
	wake_set(a->wake_fd);
}

/* Called with the lock, and returns with it. */
static void look_or_wait(struct asc *a)
{
	struct timespec until = { (time_t)(a->look_ms / 1000), (long)(a->look_ms % 1000) * 1000000 };

	if (pthread_cond_timedwait(&a->work, &a->lock, &until) != ETIMEDOUT) {
		return;
	}
	pthread_mutex_unlock(&a->lock);
	asc_room_look(a);
	pthread_mutex_lock(&a->lock);
}

static void *work(void *arg)
{
	struct asc *a = OBJ_OF(arg, struct asc, ASC_MAGIC);

	pthread_mutex_lock(&a->lock);
	for (;;) {
		struct asc_job *job = a->stop ? NULL : a->queue;
		struct asc_view *retired = a->retired;

		a->retired = NULL;
		if (job) {
			a->queue = job->next;
			if (!a->queue) {
				a->queue_tail = &a->queue;
			}
		} else if (!retired) {
			if (a->stop) {
				break;
			}
			look_or_wait(a);
			continue;
		}
		pthread_mutex_unlock(&a->lock);
		reap(retired);
		if (job) {
			job->run(a, job);
			if (job->out.err) {
				asc_room_wrote(a, job->out.err);
			}
			finish(a, job);
		}
		pthread_mutex_lock(&a->lock);
	}
	pthread_mutex_unlock(&a->lock);
	return NULL;
}

int asc_work_start(struct asc *a)
{
	int err = thread_start(&a->thread, work, a);

	a->thread_runs = !err;
	return err;
}

void asc_hand_over(struct asc *a)
{
	struct asc_view *v;

	if (a->handing) {
		*a->queue_tail = a->handing;
		a->queue_tail = a->handing_tail;
		a->handing = NULL;
		a->handing_tail = &a->handing;
	}
	while ((v = a->retiring)) {
		a->retiring = v->next;
		v->next = a->retired;
		a->retired = v;
	}
	pthread_cond_signal(&a->work);
}

/* The loop thread never blocks on the mutex: the store's thread might be descheduled while it holds
 * it. If trylock fails, this signals the eventfd, and asc_completions() tries again in the next
 * turn. */
static bool try_lock(struct asc *a)
{
	if (pthread_mutex_trylock(&a->lock) == 0) {
		return true;
	}
	wake_set(a->wake_fd);
	return false;
}

static void try_hand_over(struct asc *a)
{
	if ((!a->handing && !a->retiring) || !try_lock(a)) {
		return;
	}
	asc_hand_over(a);
	pthread_mutex_unlock(&a->lock);
}

void asc_enqueue(struct asc *a, struct asc_job *job)
{
	OBJ_CHECK(a, ASC_MAGIC);
	job->next = NULL;
	*a->handing_tail = job;
	a->handing_tail = &job->next;
	a->waiting++;
	try_hand_over(a);
}

void asc_view_retire(struct asc *a, struct asc_view *v)
{
	OBJ_CHECK(a, ASC_MAGIC);
	if (!v || --v->refs) {
		return;
	}
	v->next = a->retiring;
	a->retiring = v;
	try_hand_over(a);
}

int asc_wake_fd(const struct asc *a)
{
	OBJ_CHECK(a, ASC_MAGIC);
	return a->wake_fd;
}

/* Takes the finished jobs, in order; NULL also when the lock was not free. */
static struct asc_job *take_done(struct asc *a)
{
	struct asc_job *jobs = NULL;

	if (!try_lock(a)) {
		return NULL;
	}
	jobs = a->done;
	a->done = NULL;
	a->done_tail = &a->done;
	asc_hand_over(a);
	pthread_mutex_unlock(&a->lock);
	return jobs;
}

static void tell(struct asc *a, struct asc_job *jobs)
{
	struct asc_job *job;

	while ((job = jobs)) {
		jobs = job->next;
		a->waiting--;
		if (job->view) { /* in force from here */
			struct asc_view *before = a->view;

			a->view = job->view;
			asc_view_retire(a, before);
		}
		if (job->kept) {
			free(a->kept_seen);
			a->kept_seen = job->kept;
		}
		job->finished(a, job);
		free(job);
	}
}

void asc_completions(struct asc *a)
{
	uint64_t n;

	OBJ_CHECK(a, ASC_MAGIC);
	if (read(a->wake_fd, &n, sizeof n) == sizeof n) {
		tell(a, take_done(a));
	}
}

void asc_work_stop(struct asc *a)
{
	struct asc_job *job;

	if (!a->thread_runs) {
		return;
	}
	pthread_mutex_lock(&a->lock);
	a->stop = true;
	pthread_cond_signal(&a->work);
	pthread_mutex_unlock(&a->lock);
	pthread_join(a->thread, NULL);
	a->thread_runs = false;
	tell(a, take_done(a));     /* the thread has ended, so the lock is free */
	while ((job = a->queue)) { /* jobs that were not begun */
		a->queue = job->next;
		job->out.err = asc_refuse(&job->out.why, ERR_CLOSED, "the association store closes");
		job->next = NULL;
		*a->done_tail = job;
		a->done_tail = &job->next;
	}
	tell(a, take_done(a));
	asc_hand_over(a);
	reap(a->retired);
	a->retired = NULL;
}

void asc_work_wait(struct asc *a)
{
	OBJ_CHECK(a, ASC_MAGIC);
	pthread_mutex_lock(&a->lock);
	asc_hand_over(a);
	while (!a->done && a->waiting) {
		pthread_cond_wait(&a->finished, &a->lock);
	}
	pthread_mutex_unlock(&a->lock);
	tell(a, take_done(a));
}
