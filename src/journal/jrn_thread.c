/* jrn_thread.c - the thread that waits for the disk in place of the owner, and the hand-over
 * between the two. */
#include <time.h>
#include <unistd.h>

#include "base/wake.h"
#include "base/thread.h"
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
	j->lazy_us = 0;
	tell = (tell || j->queue_ops >= j->batch_max) && j->asleep;
	pthread_mutex_unlock(&j->lock);
	if (tell) {
		pthread_cond_signal(&j->work);
	}
}

bool jrn_is_idle(struct jrn *j)
{
	bool idle;

	pthread_mutex_lock(&j->lock);
	idle = j->asleep && STAILQ_EMPTY(&j->queue);
	pthread_mutex_unlock(&j->lock);
	return idle;
}

void jrn_lazy(struct jrn *j)
{
	bool tell;

	pthread_mutex_lock(&j->lock);
	j->lazy_us = jrn_now_us() + 1000ull * j->lazy_ms;
	tell = j->asleep && j->lazy_us < j->wakes_us;
	j->roused += tell;
	pthread_mutex_unlock(&j->lock);
	if (tell) {
		pthread_cond_signal(&j->work);
	}
}

/* Something was taken and is not finished: the disk has failed. */
static bool blocked(const struct jrn_store *s)
{
	return s->held || !STAILQ_EMPTY(&s->work);
}

static void take_queue(struct jrn *j)
{
	struct jrn_store *s = &j->store;

	if (!s->at) {
		s->at = STAILQ_FIRST(&j->queue);
		s->at_op = 0;
	}
	STAILQ_CONCAT(&s->work, &j->queue);
	j->queue_ops = 0;
}

static uint64_t batches(const struct jrn_queue *q)
{
	const struct jrn_batch *b;
	uint64_t n = 0;

	STAILQ_FOREACH (b, q, queued) {
		n++;
	}
	return n;
}

/* Returns how many batches are finished. */
static uint64_t commit(struct jrn_store *s, uint64_t now_us)
{
	uint64_t n = batches(&s->work);

	return (n || s->held || s->kept_n) && jrn_commit(s, now_us) ? n : 0;
}

static void publish(struct jrn *j, uint64_t finished)
{
	struct jrn_store *s = &j->store;

	j->counts = s->counts;
	j->room = s->room;
	j->why = s->why;
	j->finished += finished;
	j->rounds++;
	j->present = jrn_log_extent(&s->log);
	if (finished || s->state != jrn_state(j)) {
		atomic_store_explicit(&j->state, s->state, memory_order_relaxed);
		wake_set(j->wake);
	}
}

/* Commits the queue once. Called and returns with the lock; releases it during the commit. */
static void work(struct jrn *j, uint64_t now_us)
{
	struct jrn_store *s = &j->store;
	bool probe = s->state && now_us >= s->probe_us, may_commit = probe || !s->state || !blocked(s);
	uint64_t finished = 0;

	if (may_commit) {
		take_queue(j);
	}
	s->log.pinned = j->pins || j->laters;
	j->busy = true;
	pthread_mutex_unlock(&j->lock);
	if (may_commit) {
		finished = commit(s, now_us);
	}
	if (probe && s->state) {
		jrn_probe(s, now_us);
		if (!s->state) {
			finished += commit(s, now_us);
		}
	}
	if (now_us >= s->look_us) {
		jrn_spares_look(&s->log);
		jrn_look(s, now_us);
	}
	pthread_mutex_lock(&j->lock);
	j->busy = false;
	publish(j, finished);
}

/* Time of the next work: 0 for now, else monotonic us. */
static uint64_t due_us(const struct jrn *j)
{
	const struct jrn_batch *oldest = STAILQ_FIRST(&j->queue);
	uint64_t due = j->store.look_us, window;

	if (j->store.state && j->store.probe_us < due) {
		due = j->store.probe_us;
	}
	if (blocked(&j->store)) {
		return j->store.state ? due : 0;
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
	struct timespec at;

	if (j->lazy_us && j->lazy_us < at_us) {
		at_us = j->lazy_us;
	}
	at = (struct timespec){ (time_t)(at_us / 1000000), (long)(at_us % 1000000) * 1000 };
	j->asleep = true;
	j->wakes_us = j->held_by_owner ? UINT64_MAX : at_us;
	if (j->wakes_us == UINT64_MAX) {
		pthread_cond_wait(&j->work, &j->lock);
	} else {
		(void)pthread_cond_timedwait(&j->work, &j->lock, &at);
	}
	j->asleep = false;
	if (j->lazy_us && jrn_now_us() >= j->lazy_us) {
		j->lazy_us = 0;
		atomic_store_explicit(&j->lazy_due, true, memory_order_relaxed);
		wake_set(j->wake);
	}
}

/* At the end one more attempt, whatever the state is. */
static bool at_the_end(const struct jrn *j)
{
	return j->stop && (STAILQ_EMPTY(&j->queue) || blocked(&j->store)) && !j->urgent;
}

/* After a commit more operations that nobody waits for are likely. So the first sleep ends before
 * they are due, and the owner does not have to wake the thread for them. */
static void *thread_main(void *arg)
{
	struct jrn *j = OBJ_OF(arg, struct jrn, JRN_MAGIC);

	uint64_t soon_us = 0;

	pthread_mutex_lock(&j->lock);
	while (!at_the_end(j)) {
		uint64_t now_us = jrn_now_us(), due = due_us(j);

		if (j->held_by_owner || now_us < due) {
			wait_until(j, now_us < soon_us && soon_us < due ? soon_us : due);
			continue;
		}
		work(j, now_us);
		soon_us = jrn_now_us() + 1000ull * j->lazy_ms;
		pthread_cond_broadcast(&j->idle);
	}
	pthread_mutex_unlock(&j->lock);
	return NULL;
}

static void work_without_thread(struct jrn *j)
{
	if (!STAILQ_EMPTY(&j->queue) || blocked(&j->store) || j->store.state || jrn_now_us() >= j->store.look_us) {
		j->store.probe_us = 0; /* no other test will follow */
		work(j, jrn_now_us());
	}
}

void jrn_wait_all(struct jrn *j)
{
	uint64_t rounds;

	pthread_mutex_lock(&j->lock);
	if (!j->threaded) {
		work_without_thread(j);
		pthread_mutex_unlock(&j->lock);
		return;
	}
	while (j->busy) {
		pthread_cond_wait(&j->idle, &j->lock);
	}
	j->urgent = true;
	if (blocked(&j->store)) {
		j->store.probe_us = 0;
	}
	rounds = j->rounds;
	pthread_cond_signal(&j->work);
	while (j->finished != j->handed && (j->busy || j->rounds == rounds || !blocked(&j->store))) {
		pthread_cond_wait(&j->idle, &j->lock);
	}
	j->urgent = false;
	pthread_mutex_unlock(&j->lock);
}

void jrn_hold(struct jrn *j)
{
	pthread_mutex_lock(&j->lock);
	while (j->busy) {
		pthread_cond_wait(&j->idle, &j->lock);
	}
	j->held_by_owner = true;
	pthread_mutex_unlock(&j->lock);
}

void jrn_release(struct jrn *j)
{
	pthread_mutex_lock(&j->lock);
	j->held_by_owner = false;
	pthread_mutex_unlock(&j->lock);
	pthread_cond_signal(&j->work);
}

int jrn_thread_start(struct jrn *j)
{
	int err = thread_start(&j->thread, thread_main, j);

	j->threaded = !err;
	return err;
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
