/* jrn_thread.c - the thread that waits for the disk in place of the owner, and the hand-over
 * between the two. */
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include "base/wake.h"
#include "journal/jrn_int.h"

uint64_t jrn_now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

void jrn_hand_over(struct jrn *j, struct jrn_batch *b)
{
	bool tell;

	b->since_us = j->batch_window_ms ? jrn_now_us() : 0;
	pthread_mutex_lock(&j->lock);
	tell = STAILQ_EMPTY(&j->queue);
	STAILQ_INSERT_TAIL(&j->queue, b, queued);
	j->queue_ops += b->n;
	j->handed++;
	tell = tell || j->queue_ops >= j->batch_max;
	pthread_mutex_unlock(&j->lock);
	if (tell && j->threaded) {
		pthread_cond_signal(&j->work);
	}
}

static void wake_owner(struct jrn *j)
{
	wake_set(j->wake);
}

/* Commits the queue once. Called and returns with the lock; releases it during the commit. */
static void work(struct jrn *j, uint64_t now_us)
{
	struct jrn_store *s = &j->store;
	struct jrn_queue q = STAILQ_HEAD_INITIALIZER(q);
	bool probe = s->state && now_us >= s->probe_us, may_reopen = !j->pins;
	struct jrn_batch *b;
	uint64_t n = 0;

	STAILQ_CONCAT(&q, &j->queue);
	j->queue_ops = 0;
	STAILQ_FOREACH (b, &q, queued)
		n++;
	j->busy = true;
	pthread_mutex_unlock(&j->lock);
	if (n) {
		jrn_commit(s, &q, now_us);
	}
	if (probe) {
		jrn_probe(s, may_reopen, now_us);
	}
	if (now_us >= s->look_us) {
		jrn_look(s, now_us);
	}
	pthread_mutex_lock(&j->lock);
	j->busy = false;
	j->counts = s->counts;
	j->room = s->room;
	j->why = s->why;
	j->finished += n;
	if (n || s->state != jrn_state(j)) {
		atomic_store_explicit(&j->state, s->state, memory_order_relaxed);
		wake_owner(j);
	}
}

/* Time of the next work: 0 for now, else monotonic us. */
static uint64_t due_us(const struct jrn *j)
{
	const struct jrn_batch *oldest = STAILQ_FIRST(&j->queue);
	uint64_t due = j->store.look_us, window;

	if (j->store.state && j->store.probe_us < due) {
		due = j->store.probe_us;
	}
	if (!oldest) {
		return due;
	}
	if (!j->batch_window_ms || j->urgent || j->stop || j->queue_ops >= j->batch_max) {
		return 0;
	}
	window = oldest->since_us + 1000ull * j->batch_window_ms;
	return window < due ? window : due;
}

static void wait_until(struct jrn *j, uint64_t at_us)
{
	struct timespec at = { (time_t)(at_us / 1000000), (long)(at_us % 1000000) * 1000 };

	(void)pthread_cond_timedwait(&j->work, &j->lock, &at);
}

static void *thread_main(void *arg)
{
	struct jrn *j = OBJ_OF(arg, struct jrn, JRN_MAGIC);

	pthread_mutex_lock(&j->lock);
	while (!j->stop || !STAILQ_EMPTY(&j->queue)) {
		uint64_t now_us = jrn_now_us(), due = due_us(j);

		if (now_us < due) {
			wait_until(j, due);
			continue;
		}
		work(j, now_us);
		pthread_cond_signal(&j->idle);
	}
	pthread_mutex_unlock(&j->lock);
	return NULL;
}

void jrn_wait_all(struct jrn *j)
{
	pthread_mutex_lock(&j->lock);
	if (!j->threaded && (!STAILQ_EMPTY(&j->queue) || j->store.state || jrn_now_us() >= j->store.look_us)) {
		j->store.probe_us = 0; /* no other test will follow */
		work(j, jrn_now_us());
	}
	j->urgent = true;
	if (j->threaded) {
		pthread_cond_signal(&j->work);
	}
	while (j->threaded && j->finished != j->handed) {
		pthread_cond_wait(&j->idle, &j->lock);
	}
	j->urgent = false;
	pthread_mutex_unlock(&j->lock);
}

int jrn_thread_start(struct jrn *j)
{
	sigset_t all, before;
	int rc;

	sigfillset(&all); /* signals belong to the loop's thread */
	pthread_sigmask(SIG_SETMASK, &all, &before);
	rc = pthread_create(&j->thread, NULL, thread_main, j);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	j->threaded = rc == 0;
	return rc ? ERR_NOMEM : 0;
}

void jrn_thread_end(struct jrn *j)
{
	if (!j->threaded) {
		return;
	}
	pthread_mutex_lock(&j->lock);
	j->stop = true;
	pthread_cond_signal(&j->work);
	pthread_mutex_unlock(&j->lock);
	pthread_join(j->thread, NULL);
	j->threaded = false;
}
