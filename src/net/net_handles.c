/* net_handles.c - timers, watches, signals and checks of the loop. Handles are members of our
 * objects. A freed object drops its callback at once; its memory is released when libuv has closed
 * the handle. So every object may be freed in any callback. */
#include <stdlib.h>

#include "net/net_loop_int.h"

struct net_timer {
	uv_timer_t uv;
	uint64_t due_ms; /* 0: the timer was late, and the descriptors have been read since */
	net_timer_fn *fn;
	void *arg;
	struct timer_list *on; /* `soon` or `late` of the loop; NULL: in neither */
	TAILQ_ENTRY(net_timer) entry;
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

static void free_data(uv_handle_t *h)
{
	free(h->data);
}

/* -- timers */

static void leave_list(struct net_timer *t)
{
	if (t->on) {
		TAILQ_REMOVE(t->on, t, entry);
		t->on = NULL;
	}
}

static void enter_list(struct net_timer *t, struct timer_list *list)
{
	TAILQ_INSERT_TAIL(list, t, entry);
	t->on = list;
}

static void on_timer(uv_timer_t *h)
{
	struct net_timer *t = h->data;
	struct net_loop *l = (struct net_loop *)h->loop; /* uv is its first member */
	uint64_t now = uv_now(h->loop), turn_ms;

	net_turn_begin(l);
	turn_ms = l->turn_ns / 1000000;
	if (t->due_ms && now >= t->due_ms + NET_GAP_MS) {
		net_listen_begin(l, now - t->due_ms);
	} else if (now >= turn_ms + NET_GAP_MS) {
		net_listen_begin(l, now - turn_ms);
	}
	if (t->due_ms && l->listening.on) {
		enter_list(t, &l->listening.late);
		return;
	}
	l->in_timer = true;
	t->fn(t->arg); /* which may free t */
	l->in_timer = false;
}

void net_timer_release(struct net_timer *t)
{
	leave_list(t);
	t->due_ms = 0;
	uv_timer_start(&t->uv, on_timer, 0, 0);
}

/* libuv calls timers until none is due, and its clock stands still meanwhile. Work in slices that
 * starts its timer anew would be done in one turn. */
void net_timers_soon(struct net_loop *l)
{
	struct net_timer *t;

	while ((t = TAILQ_FIRST(&l->soon))) {
		leave_list(t);
		uv_timer_start(&t->uv, on_timer, 0, 0);
	}
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
	leave_list(t);
	if (delay_ms || !l->in_timer) {
		uv_timer_start(&t->uv, on_timer, delay_ms, 0);
		return;
	}
	uv_timer_stop(&t->uv);
	enter_list(t, &l->soon);
}

void net_timer_stop(struct net_timer *t)
{
	leave_list(t);
	uv_timer_stop(&t->uv);
}

void net_timer_free(struct net_timer *t)
{
	if (t) {
		leave_list(t);
		uv_close((uv_handle_t *)&t->uv, free_data);
	}
}

/* -- watches */

static int watch_arm(struct net_watch *w);

static void on_poll(uv_poll_t *h, int status, int events)
{
	struct net_watch *w = h->data;
	struct net_loop *l = (struct net_loop *)h->loop; /* uv is its first member */
	int seen = (events & UV_READABLE ? NET_READ : 0) | (events & UV_WRITABLE ? NET_WRITE : 0);

	if (status < 0) {
		/* libuv stops watching a descriptor in error. The owner finds the error by reading
		 * or writing; it is notified again while the error lasts. */
		seen = w->events;
		if (watch_arm(w)) {
			w->events = 0;
		}
	}
	net_turn_begin(l);
	l->listening.events++;
	if (seen) {
		w->fn(w->arg, seen);
	}
}

static int watch_arm(struct net_watch *w)
{
	if (!w->events) {
		return net_loop_err(uv_poll_stop(&w->uv));
	}
	return net_loop_err(
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
		return net_loop_err(r);
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

/* -- signals */

static void on_signal(uv_signal_t *h, int signum)
{
	struct net_signal *s = h->data;

	net_turn_begin((struct net_loop *)h->loop);
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
		return net_loop_err(r);
	}
	s->uv.data = s;
	r = uv_signal_start(&s->uv, on_signal, signum);
	if (r) {
		uv_close((uv_handle_t *)&s->uv, free_data);
		return r == UV_EINVAL ? ERR_INVAL : net_loop_err(r);
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

/* -- checks */

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
