/* net_loop.c - libuv behind net_loop.h: the loop, its turn, tasks and lingering streams. Gathering
 * work runs in libuv's prepare phase, just before the loop waits: libuv reports descriptors first
 * and timers second, and prepare is the first phase after both (check would miss the timers). */
#include "net/net_loop.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/clock.h"
#include "net/net_loop_int.h"

const char *net_library_version(void)
{
	return uv_version_string();
}

int net_loop_err(int r)
{
	return r == 0 ? 0 : r == UV_ENOMEM ? ERR_NOMEM : r == UV_EEXIST ? ERR_EXISTS : ERR_IO;
}

/* -- listening: the loop stood still */

/* A wait that ends so much later than it was to end. */
#define OVERSLEPT_MS 5
/* After a longer gap other processes and threads may have stood still, too, and have yet to hand on
 * what came. */
#define LISTEN_LEAST_MS 20
#define LISTEN_MOST_MS 250
#define LISTEN_TURNS 64

static uint64_t mono_ms(void)
{
	return clock_mono_ns() / 1000000;
}

static void on_least(uv_timer_t *h)
{
	net_turn_begin((struct net_loop *)h->loop); /* uv is its first member */
}

void net_listen_begin(struct net_loop *l, uint64_t ms)
{
	struct net_listening *g = &l->listening;

	if (g->on || g->over) {
		return;
	}
	g->on = true;
	g->turns = 0;
	g->from_ms = mono_ms();
	g->least_until_ms = ms >= NET_GAP_MS ? g->from_ms + LISTEN_LEAST_MS : 0;
}

bool net_loop_listens(struct net_loop *l)
{
	l->listening.asked = l->listening.on;
	return l->listening.on;
}

static void listen_end(struct net_loop *l)
{
	struct net_listening *g = &l->listening;
	struct net_timer *t;

	g->on = false;
	g->over = g->asked || !TAILQ_EMPTY(&g->late);
	if (g->over) {
		net_loop_again(l);
	}
	uv_timer_stop(&g->least);
	while ((t = TAILQ_FIRST(&g->late))) {
		net_timer_release(t);
	}
}

/* At the end of a turn, when all that can still follow from what was read is queued. */
static void listen_look(struct net_loop *l)
{
	struct net_listening *g = &l->listening;
	/* the first turn may have begun without a look at the descriptors */
	bool quiet = g->turns && !g->events && TAILQ_EMPTY(&l->later) && !uv_is_active((uv_handle_t *)&l->again);
	uint64_t now_ms = mono_ms();

	g->turns++;
	if (g->turns >= LISTEN_TURNS || now_ms >= g->from_ms + LISTEN_MOST_MS || (quiet && now_ms >= g->least_until_ms)) {
		listen_end(l);
	} else if (quiet) {
		uv_timer_start(&g->least, on_least, g->least_until_ms - now_ms, 0);
	} else {
		/* also when nothing waits yet: the loop may stand still again */
		net_loop_again(l);
	}
	g->asked = false;
}

/* -- the turn */

void net_turn_begin(struct net_loop *l)
{
	uint64_t now_ms;

	if (l->turn_ns) {
		return;
	}
	l->turn_ns = clock_mono_ns();
	now_ms = l->turn_ns / 1000000;
	if (now_ms > l->listening.wake_ms && now_ms - l->listening.wake_ms >= OVERSLEPT_MS) {
		net_listen_begin(l, now_ms - l->listening.wake_ms);
	}
}

static void turn_end(struct net_loop *l)
{
	static const uint32_t below_ms[NET_TURNS - 1] = NET_TURNS_BELOW_MS;
	uint64_t now_ns = clock_mono_ns(), took_ns = now_ns - l->turn_ns;
	int wait_ms = uv_backend_timeout(&l->uv);
	unsigned i = 0;

	while (i < NET_TURNS - 1 && took_ns >= below_ms[i] * UINT64_C(1000000)) {
		i++;
	}
	l->turns[i]++;
	l->turns_ns += took_ns;
	l->turn_ns = 0;
	l->listening.wake_ms = wait_ms < 0 ? UINT64_MAX : now_ns / 1000000 + (uint64_t)wait_ms;
	if (took_ns / 1000000 >= NET_GAP_MS) { /* what came in this turn has not been read */
		net_listen_begin(l, took_ns / 1000000);
	}
}

uint64_t net_loop_turns_us(const struct net_loop *l)
{
	return l->turns_ns / 1000;
}

const uint64_t *net_loop_turns(const struct net_loop *l)
{
	return l->turns;
}

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

	net_turn_begin(l);
	run_later(l);
	run_checks(l);
	run_tasks(&l->flush);
	net_timers_soon(l);
	l->listening.over = false;
	if (l->listening.on) {
		listen_look(l);
	}
	l->listening.events = 0;
	l->clocks_read = false; /* the loop waits now */
	turn_end(l);
}

static void end_oldest(struct net_loop *l)
{
	struct net_linger *g = TAILQ_FIRST(&l->lingers);

	g->end(g->arg);
}

/* -- the loop */

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
		return net_loop_err(r);
	}
	TAILQ_INIT(&l->later);
	TAILQ_INIT(&l->running);
	TAILQ_INIT(&l->flush);
	TAILQ_INIT(&l->checks);
	TAILQ_INIT(&l->lingers);
	TAILQ_INIT(&l->soon);
	TAILQ_INIT(&l->listening.late);
	l->listening.wake_ms = UINT64_MAX;
	uv_prepare_init(&l->uv, &l->prepare); /* these five cannot fail */
	l->prepare.data = l;
	uv_prepare_start(&l->prepare, on_prepare);
	uv_idle_init(&l->uv, &l->again);
	uv_timer_init(&l->uv, &l->listening.least);
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
	uv_close((uv_handle_t *)&l->listening.least, NULL);
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
	l->turn_ns = 0; /* what happened between two runs is no turn, and no wait */
	l->listening.wake_ms = UINT64_MAX;
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

/* -- tasks and lingering streams */

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
