/* net_loop.c - libuv behind net_loop.h. Handles are members of our objects. A freed object drops
 * its callback at once; its memory is released when libuv has closed the handle. So every object
 * may be freed in any callback. Gathering work runs in libuv's prepare phase, just before the loop
 * waits: libuv reports descriptors first and timers second, and prepare is the first phase after
 * both (check would miss the timers). */
#include "net/net_loop.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <uv.h>

#include "base/clock.h"
#include "net/net_queue.h"
#include "net/net_task.h"
#include "net/net_tcp.h"

TAILQ_HEAD(check_list, net_check);
TAILQ_HEAD(linger_list, net_linger);

struct net_loop {
	uv_loop_t uv;
	uv_prepare_t prepare;
	uv_idle_t again; /* active: the next wait is none */
	struct net_task_list later, running, flush;
	struct check_list checks;
	bool in_checks, in_run;
	struct linger_list lingers;
	size_t lingers_n;
	uint8_t *read_buf;
	struct net_spares spares;
	uint32_t tcp_in_state[NET_TCP_STATES];
	uint32_t layer_in_state[NET_LAYER_STATES_MAX];
	uint64_t boot_ms, real_ms; /* of this turn */
	bool clocks_read;
};

struct net_timer {
	uv_timer_t uv;
	uint64_t due_ms; /* 0: the timer was late, and the descriptors have been read since */
	net_timer_fn *fn;
	void *arg;
};

struct net_watch {
	uv_poll_t uv;
	net_watch_fn *fn;
	void *arg;
	int events;
};

struct net_signal {
	uv_signal_t uv;
	net_signal_fn *fn;
	void *arg;
};

struct net_check {
	TAILQ_ENTRY(net_check) entry;
	struct net_loop *loop;
	net_check_fn *fn; /* NULL: freed while the checks ran */
	void *arg;
};

static int from_uv(int r)
{
	return r == 0 ? 0 : r == UV_ENOMEM ? ERR_NOMEM : r == UV_EEXIST ? ERR_EXISTS : ERR_IO;
}

static void free_data(uv_handle_t *h)
{
	free(h->data);
}

/* --- the turn --------------------------------------------------------------------------------- */

static void run_tasks(struct net_task_list *list)
{
	struct net_task *t;

	while ((t = TAILQ_FIRST(list))) {
		net_task_cancel(t);
		t->fn(t->arg);
	}
}

static void run_later(struct net_loop *l)
{
	struct net_task *t;

	/* Only the tasks that wait now: a task may queue itself again without starving the
	 * descriptors. */
	TAILQ_CONCAT(&l->running, &l->later, entry);
	TAILQ_FOREACH (t, &l->running, entry) {
		t->on = &l->running;
	}
	run_tasks(&l->running);
}

static void run_checks(struct net_loop *l)
{
	struct net_check *c, *next;

	l->in_checks = true;
	TAILQ_FOREACH (c, &l->checks, entry) {
		if (c->fn) {
			c->fn(c->arg);
		}
	}
	l->in_checks = false;
	for (c = TAILQ_FIRST(&l->checks); c; c = next) {
		next = TAILQ_NEXT(c, entry);
		if (c->fn) {
			continue;
		}
		TAILQ_REMOVE(&l->checks, c, entry);
		free(c);
	}
}

static void on_again(uv_idle_t *h)
{
	uv_idle_stop(h);
}

static void on_prepare(uv_prepare_t *h)
{
	struct net_loop *l = h->data;

	run_later(l);
	run_checks(l);
	run_tasks(&l->flush);
	l->clocks_read = false; /* the loop waits now */
}

static void end_oldest(struct net_loop *l)
{
	struct net_linger *g = TAILQ_FIRST(&l->lingers);

	g->end(g->arg);
}

/* --- the loop --------------------------------------------------------------------------------- */

int net_loop_new(struct net_loop **out)
{
	struct net_loop *l = calloc(1, sizeof *l);
	int r;

	if (!l) {
		return ERR_NOMEM;
	}
	l->read_buf = malloc(NET_READ_MAX);
	if (!l->read_buf) {
		free(l);
		return ERR_NOMEM;
	}
	r = uv_loop_init(&l->uv);
	if (r) {
		free(l->read_buf);
		free(l);
		return from_uv(r);
	}
	TAILQ_INIT(&l->later);
	TAILQ_INIT(&l->running);
	TAILQ_INIT(&l->flush);
	TAILQ_INIT(&l->checks);
	TAILQ_INIT(&l->lingers);
	uv_prepare_init(&l->uv, &l->prepare); /* these four cannot fail */
	l->prepare.data = l;
	uv_prepare_start(&l->prepare, on_prepare);
	uv_idle_init(&l->uv, &l->again);
	*out = l;
	return 0;
}

void net_loop_free(struct net_loop *l)
{
	int r = UV_EBUSY;

	if (!l) {
		return;
	}
	while (!TAILQ_EMPTY(&l->lingers)) {
		end_oldest(l);
	}
	uv_close((uv_handle_t *)&l->prepare, NULL);
	uv_close((uv_handle_t *)&l->again, NULL);
	/* Closing takes a turn or two; a handle that its owner forgot would never close. */
	for (int i = 0; r == UV_EBUSY && i < 8; i++) {
		uv_run(&l->uv, UV_RUN_NOWAIT);
		r = uv_loop_close(&l->uv);
	}
	assert(r == 0 && TAILQ_EMPTY(&l->checks));
	net_spares_fini(&l->spares);
	free(l->read_buf);
	free(l);
}

int net_loop_run(struct net_loop *l)
{
	assert(!l->in_run);
	l->in_run = true;
	uv_run(&l->uv, UV_RUN_DEFAULT);
	l->in_run = false;
	run_tasks(&l->flush); /* sends the writes of the last turn */
	return 0;
}

void net_loop_stop(struct net_loop *l)
{
	uv_stop(&l->uv);
}

void net_loop_again(struct net_loop *l)
{
	if (!uv_is_active((uv_handle_t *)&l->again)) {
		uv_idle_start(&l->again, on_again);
	}
}

uint64_t net_loop_now_ms(const struct net_loop *l)
{
	return uv_now(&l->uv);
}

static void read_clocks(struct net_loop *l)
{
	/* much may happen before the first turn, so no reading is kept */
	if (!l->clocks_read || !l->in_run) {
		l->boot_ms = clock_boot_ms();
		l->real_ms = clock_real_ms();
		l->clocks_read = true;
	}
}

uint64_t net_loop_boot_ms(struct net_loop *l)
{
	read_clocks(l);
	return l->boot_ms;
}

uint64_t net_loop_real_ms(struct net_loop *l)
{
	read_clocks(l);
	return l->real_ms;
}

uint8_t *net_loop_read_buf(struct net_loop *l)
{
	return l->read_buf;
}

struct net_spares *net_loop_spares(struct net_loop *l)
{
	return &l->spares;
}

uint32_t *net_loop_tcp_gauge(struct net_loop *l)
{
	return l->tcp_in_state;
}

const uint32_t *net_loop_streams(const struct net_loop *l)
{
	return l->tcp_in_state;
}

uint32_t *net_loop_layer_gauge(struct net_loop *l)
{
	return l->layer_in_state;
}

/* --- tasks and lingering streams -------------------------------------------------------------- */

void net_task_later(struct net_loop *l, struct net_task *t)
{
	if (t->on) {
		return;
	}
	t->on = &l->later;
	TAILQ_INSERT_TAIL(t->on, t, entry);
	net_loop_again(l);
}

void net_task_flush(struct net_loop *l, struct net_task *t)
{
	if (t->on) {
		return;
	}
	t->on = &l->flush;
	TAILQ_INSERT_TAIL(t->on, t, entry);
}

void net_task_cancel(struct net_task *t)
{
	if (!t->on) {
		return;
	}
	TAILQ_REMOVE(t->on, t, entry);
	t->on = NULL;
}

void net_linger_add(struct net_loop *l, struct net_linger *g)
{
	if (l->lingers_n >= NET_LINGER_MAX) {
		end_oldest(l);
	}
	TAILQ_INSERT_TAIL(&l->lingers, g, entry);
	l->lingers_n++;
}

void net_linger_del(struct net_loop *l, struct net_linger *g)
{
	TAILQ_REMOVE(&l->lingers, g, entry);
	l->lingers_n--;
}

/* --- timers ----------------------------------------------------------------------------------- */

/* After the process was stopped or starved, its timers are due before it has looked at a
 * descriptor: an answer may have come in time, and a peer may not be silent. A late timer therefore
 * lets the descriptors be read first. */
#define LATE_MS 100
#define LISTEN_MS 20

static void on_timer(uv_timer_t *h)
{
	struct net_timer *t = h->data;

	if (t->due_ms && uv_now(h->loop) >= t->due_ms + LATE_MS) {
		t->due_ms = 0;
		uv_timer_start(h, on_timer, LISTEN_MS, 0);
		return;
	}
	t->fn(t->arg);
}

int net_timer_new(struct net_timer **out, struct net_loop *l, net_timer_fn *fn, void *arg)
{
	struct net_timer *t = calloc(1, sizeof *t);

	if (!t) {
		return ERR_NOMEM;
	}
	t->fn = fn;
	t->arg = arg;
	uv_timer_init(&l->uv, &t->uv); /* cannot fail */
	t->uv.data = t;
	*out = t;
	return 0;
}

void net_timer_start(struct net_timer *t, uint64_t delay_ms)
{
	struct net_loop *l = (struct net_loop *)t->uv.loop; /* uv is its first member */

	if (!l->in_run) { /* the clock of the loop is updated only while it runs */
		uv_update_time(t->uv.loop);
	}
	t->due_ms = uv_now(t->uv.loop) + delay_ms;
	uv_timer_start(&t->uv, on_timer, delay_ms, 0);
}

void net_timer_stop(struct net_timer *t)
{
	uv_timer_stop(&t->uv);
}

void net_timer_free(struct net_timer *t)
{
	if (t) {
		uv_close((uv_handle_t *)&t->uv, free_data);
	}
}

/* --- watches ---------------------------------------------------------------------------------- */

static int watch_arm(struct net_watch *w);

static void on_poll(uv_poll_t *h, int status, int events)
{
	struct net_watch *w = h->data;
	int seen = (events & UV_READABLE ? NET_READ : 0) | (events & UV_WRITABLE ? NET_WRITE : 0);

	if (status < 0) {
		/* libuv stops watching a descriptor in error. The owner finds the error by reading
		 * or writing; it is notified again while the error lasts. */
		seen = w->events;
		if (watch_arm(w)) {
			w->events = 0;
		}
	}
	if (seen) {
		w->fn(w->arg, seen);
	}
}

static int watch_arm(struct net_watch *w)
{
	if (!w->events) {
		return from_uv(uv_poll_stop(&w->uv));
	}
	return from_uv(
	    uv_poll_start(&w->uv, (w->events & NET_READ ? UV_READABLE : 0) | (w->events & NET_WRITE ? UV_WRITABLE : 0), on_poll));
}

int net_watch_new(struct net_watch **out, struct net_loop *l, int fd, net_watch_fn *fn, void *arg)
{
	struct net_watch *w = calloc(1, sizeof *w);
	int r;

	if (!w) {
		return ERR_NOMEM;
	}
	w->fn = fn;
	w->arg = arg;
	r = uv_poll_init(&l->uv, &w->uv, fd);
	if (r) {
		free(w); /* libuv has not taken the handle */
		return from_uv(r);
	}
	w->uv.data = w;
	*out = w;
	return 0;
}

int net_watch_set(struct net_watch *w, int events)
{
	if (w->events == events) {
		return 0;
	}
	w->events = events;
	return watch_arm(w);
}

void net_watch_stop(struct net_watch *w)
{
	w->events = 0;
	uv_poll_stop(&w->uv);
}

void net_watch_free(struct net_watch *w)
{
	if (w) {
		uv_close((uv_handle_t *)&w->uv, free_data);
	}
}

/* --- signals ---------------------------------------------------------------------------------- */

static void on_signal(uv_signal_t *h, int signum)
{
	struct net_signal *s = h->data;

	s->fn(s->arg, signum);
}

int net_signal_new(struct net_signal **out, struct net_loop *l, int signum, net_signal_fn *fn, void *arg)
{
	struct net_signal *s = calloc(1, sizeof *s);
	int r;

	if (!s) {
		return ERR_NOMEM;
	}
	s->fn = fn;
	s->arg = arg;
	r = uv_signal_init(&l->uv, &s->uv);
	if (r) {
		free(s);
		return from_uv(r);
	}
	s->uv.data = s;
	r = uv_signal_start(&s->uv, on_signal, signum);
	if (r) {
		uv_close((uv_handle_t *)&s->uv, free_data);
		return r == UV_EINVAL ? ERR_INVAL : from_uv(r);
	}
	*out = s;
	return 0;
}

void net_signal_free(struct net_signal *s)
{
	if (s) {
		uv_close((uv_handle_t *)&s->uv, free_data);
	}
}

/* --- checks ----------------------------------------------------------------------------------- */

int net_check_new(struct net_check **out, struct net_loop *l, net_check_fn *fn, void *arg)
{
	struct net_check *c = calloc(1, sizeof *c);

	if (!c) {
		return ERR_NOMEM;
	}
	*c = (struct net_check){ .loop = l, .fn = fn, .arg = arg };
	TAILQ_INSERT_TAIL(&l->checks, c, entry);
	*out = c;
	return 0;
}

void net_check_free(struct net_check *c)
{
	if (!c) {
		return;
	}
	if (c->loop->in_checks) {
		c->fn = NULL;
		return;
	}
	TAILQ_REMOVE(&c->loop->checks, c, entry);
	free(c);
}
