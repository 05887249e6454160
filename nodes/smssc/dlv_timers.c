/* dlv_timers.c - a binary heap whose members know their places, so that any of them can be moved or taken out. */
#include "nodes/smssc/dlv_timers.h"

#include <assert.h>
#include <stdlib.h>

int dlv_timers_reserve(struct dlv_timers *t, size_t n)
{
	struct dlv_timer **heap;
	size_t cap = t->cap ? t->cap : 64;

	if (n <= t->cap) {
		return 0;
	}
	while (cap < n) {
		cap *= 2;
	}
	heap = realloc(t->heap, cap * sizeof *heap);
	if (!heap) {
		return ERR_NOMEM;
	}
	t->heap = heap;
	t->cap = cap;
	return 0;
}

void dlv_timers_fini(struct dlv_timers *t)
{
	free(t->heap);
	*t = (struct dlv_timers){ 0 };
}

static void put(struct dlv_timers *t, size_t i, struct dlv_timer *timer)
{
	t->heap[i] = timer;
	timer->place = i + 1;
}

static void sift_up(struct dlv_timers *t, size_t i)
{
	struct dlv_timer *timer = t->heap[i];

	while (i > 0 && t->heap[(i - 1) / 2]->at_ms > timer->at_ms) {
		put(t, i, t->heap[(i - 1) / 2]);
		i = (i - 1) / 2;
	}
	put(t, i, timer);
}

static void sift_down(struct dlv_timers *t, size_t i)
{
	struct dlv_timer *timer = t->heap[i];

	for (;;) {
		size_t child = 2 * i + 1;

		if (child >= t->n) {
			break;
		}
		if (child + 1 < t->n && t->heap[child + 1]->at_ms < t->heap[child]->at_ms) {
			child++;
		}
		if (t->heap[child]->at_ms >= timer->at_ms) {
			break;
		}
		put(t, i, t->heap[child]);
		i = child;
	}
	put(t, i, timer);
}

void dlv_timer_start(struct dlv_timers *t, struct dlv_timer *timer, uint64_t at_ms)
{
	dlv_timer_stop(t, timer);
	assert(t->n < t->cap); /* dlv_timers_reserve() was asked for every object that has a timer */
	timer->at_ms = at_ms;
	put(t, t->n++, timer);
	sift_up(t, t->n - 1);
}

void dlv_timer_stop(struct dlv_timers *t, struct dlv_timer *timer)
{
	size_t i;
	struct dlv_timer *last;

	if (!timer->place) {
		return;
	}
	i = timer->place - 1;
	timer->place = 0;
	last = t->heap[--t->n];
	if (last == timer) {
		return;
	}
	put(t, i, last);
	sift_up(t, i);
	sift_down(t, last->place - 1);
}

struct dlv_timer *dlv_timers_due(struct dlv_timers *t, uint64_t now_ms)
{
	struct dlv_timer *first;

	if (t->n == 0 || t->heap[0]->at_ms > now_ms) {
		return NULL;
	}
	first = t->heap[0];
	dlv_timer_stop(t, first);
	return first;
}

uint64_t dlv_timers_next(const struct dlv_timers *t)
{
	return t->n ? t->heap[0]->at_ms : UINT64_MAX;
}
