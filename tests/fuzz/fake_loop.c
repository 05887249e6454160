/* fake_loop.c - net_loop.h and net_task.h over poll(2) and a clock of its own. */
#include "tests/fuzz/fake_loop.h"

#include <poll.h>
#include <stdlib.h>
#include <sys/queue.h>

#include "net/net_queue.h"
#include "net/net_task.h"
#include "net/net_tcp.h"
#include "tests/fuzz/fuzz.h"

#define WATCHES_MAX 256

TAILQ_HEAD(timer_list, net_timer);
TAILQ_HEAD(watch_list, net_watch);
TAILQ_HEAD(check_list, net_check);
TAILQ_HEAD(linger_list, net_linger);

struct net_loop {
	struct timer_list timers;
	struct watch_list watches;
	struct check_list checks;
	struct net_task_list later, flush;
	struct linger_list lingers;
	size_t lingers_n;
	uint64_t starts;           /* how often a timer was started */
	uint64_t turns[NET_TURNS]; /* not counted */
	bool stopped, again, busy;
	struct net_spares spares;
	uint32_t tcp_in_state[NET_TCP_STATES];
	uint32_t layer_in_state[NET_LAYER_STATES_MAX];
	uint8_t read_buf[NET_READ_MAX];
};

struct net_timer {
	TAILQ_ENTRY(net_timer) entry;
	struct net_loop *loop;
	bool runs;
	uint64_t due_ms, started; /* started: number of its start, for timers due at the same time */
	net_timer_fn *fn;
	void *arg;
};

struct net_watch {
	TAILQ_ENTRY(net_watch) entry;
	struct net_loop *loop;
	int fd, events;
	bool gone;
	net_watch_fn *fn;
	void *arg;
};

struct net_check {
	TAILQ_ENTRY(net_check) entry;
	struct net_loop *loop;
	bool gone;
	net_check_fn *fn;
	void *arg;
};

struct net_signal {
	int unused;
};

static _Atomic uint64_t now_ms; /* the store's thread reads the time, too */

uint64_t fake_now_ms(void)
{
	return now_ms;
}

void fake_set_ms(uint64_t ms)
{
	now_ms = ms;
}

/* --- one turn */

static void run_timers(struct net_loop *l)
{
	uint64_t until = l->starts; /* a timer that is started now has its turn later */

	for (;;) {
		struct net_timer *t, *first = NULL;

		TAILQ_FOREACH (t, &l->timers, entry) {
			if (t->runs && t->due_ms <= now_ms && t->started <= until &&
			    (!first || t->due_ms < first->due_ms ||
			     (t->due_ms == first->due_ms && t->started < first->started))) {
				first = t;
			}
		}
		if (!first) {
			return;
		}
		first->runs = false;
		l->busy = true;
		first->fn(first->arg);
	}
}

static void run_watches(struct net_loop *l)
{
	struct pollfd fds[WATCHES_MAX];
	struct net_watch *those[WATCHES_MAX], *w, *next;
	nfds_t n = 0;

	TAILQ_FOREACH (w, &l->watches, entry) {
		if (w->events && n < WATCHES_MAX) {
			fds[n] = (struct pollfd){
				w->fd, (short)((w->events & NET_READ ? POLLIN : 0) | (w->events & NET_WRITE ? POLLOUT : 0)), 0
			};
			those[n++] = w;
		}
	}
	if (poll(fds, n, 0) > 0) {
		for (nfds_t i = 0; i < n; i++) {
			int seen = (fds[i].revents & POLLIN ? NET_READ : 0) | (fds[i].revents & POLLOUT ? NET_WRITE : 0);

			w = those[i];
			if (fds[i].revents & (POLLERR | POLLHUP)) {
				seen = w->events;
			}
			seen &= w->events;
			if (seen && !w->gone) {
				l->busy = true;
				w->fn(w->arg, seen);
			}
		}
	}
	for (w = TAILQ_FIRST(&l->watches); w; w = next) {
		next = TAILQ_NEXT(w, entry);
		if (w->gone) {
			TAILQ_REMOVE(&l->watches, w, entry);
			free(w);
		}
	}
}

static void run_tasks(struct net_loop *l, struct net_task_list *list)
{
	struct net_task *t;

	while ((t = TAILQ_FIRST(list))) {
		l->busy = true;
		net_task_cancel(t);
		t->fn(t->arg);
	}
}

static void run_later(struct net_loop *l)
{
	struct net_task_list running;
	struct net_task *t;

	TAILQ_INIT(&running);
	TAILQ_CONCAT(&running, &l->later, entry);
	TAILQ_FOREACH (t, &running, entry) {
		t->on = &running;
	}
	run_tasks(l, &running);
}

static void run_checks(struct net_loop *l)
{
	struct net_check *c, *next;

	TAILQ_FOREACH (c, &l->checks, entry) {
		if (!c->gone) {
			c->fn(c->arg);
		}
	}
	for (c = TAILQ_FIRST(&l->checks); c; c = next) {
		next = TAILQ_NEXT(c, entry);
		if (c->gone) {
			TAILQ_REMOVE(&l->checks, c, entry);
			free(c);
		}
	}
}

static void turn(struct net_loop *l)
{
	l->busy = l->again;
	l->again = false;
	run_watches(l);
	run_timers(l);
	run_later(l);
	run_checks(l);
	run_tasks(l, &l->flush);
}

bool fake_settle(struct net_loop *l, unsigned turns_max)
{
	for (unsigned i = 0; i < turns_max; i++) {
		turn(l);
		if (!l->busy) {
			return true;
		}
	}
	return false;
}

bool fake_pass(struct net_loop *l, uint64_t ms, unsigned turns_max)
{
	uint64_t until = now_ms + ms;
	bool rest = true;

	while (rest && now_ms < until) {
		struct net_timer *t;
		uint64_t next = until;

		TAILQ_FOREACH (t, &l->timers, entry) {
			if (t->runs && t->due_ms < next) {
				next = t->due_ms;
			}
		}
		now_ms = next > now_ms ? next : now_ms;
		rest = fake_settle(l, turns_max);
		if (next == until) {
			break;
		}
	}
	return rest;
}

/* --- the loop */

int net_loop_new(struct net_loop **out)
{
	struct net_loop *l = calloc(1, sizeof *l);

	if (!l) {
		return ERR_NOMEM;
	}
	TAILQ_INIT(&l->timers);
	TAILQ_INIT(&l->watches);
	TAILQ_INIT(&l->checks);
	TAILQ_INIT(&l->later);
	TAILQ_INIT(&l->flush);
	TAILQ_INIT(&l->lingers);
	*out = l;
	return 0;
}

void net_loop_free(struct net_loop *l)
{
	if (!l) {
		return;
	}
	while (!TAILQ_EMPTY(&l->lingers)) {
		struct net_linger *g = TAILQ_FIRST(&l->lingers);

		g->end(g->arg);
	}
	run_watches(l);
	run_checks(l);
	promise(TAILQ_EMPTY(&l->timers) && TAILQ_EMPTY(&l->watches) && TAILQ_EMPTY(&l->checks),
		"every handle of the loop is freed");
	net_spares_fini(&l->spares);
	free(l);
}

int net_loop_run(struct net_loop *l)
{
	l->stopped = false;
	while (!l->stopped) {
		turn(l);
		now_ms += !l->busy;
	}
	return 0;
}

void net_loop_stop(struct net_loop *l)
{
	l->stopped = true;
}

void net_loop_again(struct net_loop *l)
{
	l->again = true;
}

/* Its time passes only when the script says so: it never stood still. */
uint64_t net_loop_now_ms(const struct net_loop *l)
{
	(void)l;
	return now_ms;
}

uint64_t net_loop_boot_ms(struct net_loop *l)
{
	(void)l;
	return now_ms + FAKE_BOOT_MS;
}

uint64_t net_loop_real_ms(struct net_loop *l)
{
	(void)l;
	return now_ms + FAKE_REAL_MS;
}

const uint64_t *net_loop_turns(const struct net_loop *l)
{
	return l->turns;
}

bool net_loop_listens(struct net_loop *l)
{
	(void)l;
	return false;
}

uint64_t net_loop_turns_us(const struct net_loop *l)
{
	(void)l;
	return 0; /* a turn takes no time here */
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

uint32_t *net_loop_layer_gauge(struct net_loop *l)
{
	return l->layer_in_state;
}

const uint32_t *net_loop_streams(const struct net_loop *l)
{
	return l->tcp_in_state;
}

void net_task_later(struct net_loop *l, struct net_task *t)
{
	if (!t->on) {
		t->on = &l->later;
		TAILQ_INSERT_TAIL(t->on, t, entry);
		l->again = true;
	}
}

void net_task_flush(struct net_loop *l, struct net_task *t)
{
	if (!t->on) {
		t->on = &l->flush;
		TAILQ_INSERT_TAIL(t->on, t, entry);
	}
}

void net_task_cancel(struct net_task *t)
{
	if (t->on) {
		TAILQ_REMOVE(t->on, t, entry);
		t->on = NULL;
	}
}

void net_linger_add(struct net_loop *l, struct net_linger *g)
{
	TAILQ_INSERT_TAIL(&l->lingers, g, entry);
	l->lingers_n++;
}

void net_linger_del(struct net_loop *l, struct net_linger *g)
{
	TAILQ_REMOVE(&l->lingers, g, entry);
	l->lingers_n--;
}

/* --- timers, watches, checks, signals */

int net_timer_new(struct net_timer **out, struct net_loop *l, net_timer_fn *fn, void *arg)
{
	struct net_timer *t = calloc(1, sizeof *t);

	if (!t) {
		return ERR_NOMEM;
	}
	*t = (struct net_timer){ .loop = l, .fn = fn, .arg = arg };
	TAILQ_INSERT_TAIL(&l->timers, t, entry);
	*out = t;
	return 0;
}

void net_timer_start(struct net_timer *t, uint64_t delay_ms)
{
	t->runs = true;
	t->due_ms = now_ms + delay_ms < now_ms ? UINT64_MAX : now_ms + delay_ms;
	t->started = ++t->loop->starts;
}

void net_timer_stop(struct net_timer *t)
{
	t->runs = false;
}

void net_timer_free(struct net_timer *t)
{
	if (t) {
		TAILQ_REMOVE(&t->loop->timers, t, entry);
		free(t);
	}
}

int net_watch_new(struct net_watch **out, struct net_loop *l, int fd, net_watch_fn *fn, void *arg)
{
	struct net_watch *w = calloc(1, sizeof *w);

	if (!w) {
		return ERR_NOMEM;
	}
	*w = (struct net_watch){ .loop = l, .fd = fd, .fn = fn, .arg = arg };
	TAILQ_INSERT_TAIL(&l->watches, w, entry);
	*out = w;
	return 0;
}

int net_watch_set(struct net_watch *w, int events)
{
	w->events = events;
	return 0;
}

void net_watch_stop(struct net_watch *w)
{
	w->events = 0;
}

void net_watch_free(struct net_watch *w)
{
	if (w) {
		w->gone = true;
		w->events = 0;
	}
}

int net_signal_new(struct net_signal **out, struct net_loop *l, int signum, net_signal_fn *fn, void *arg)
{
	(void)l;
	(void)signum;
	(void)fn;
	(void)arg;
	*out = calloc(1, sizeof **out);
	return *out ? 0 : ERR_NOMEM;
}

void net_signal_free(struct net_signal *s)
{
	free(s);
}

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
	if (c) {
		c->gone = true;
	}
}
