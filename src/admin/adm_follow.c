/* adm_follow.c - decisions.follow: each decision that matches, as it is made, until the client
 * leaves. A client that reads too slowly has decisions left out, and is told how many; one that
 * reads nothing for a minute is sent away. At most half of the clients of the control socket
 * follow, so that commands always have a place. */
#include <stdlib.h>
#include <string.h>

#include "admin/adm_int.h"

#define TICK_MS 5000u
#define STUCK_TICKS 12u

#define ADM_FOLLOW_MAGIC 0x8ce30a4bu
struct adm_follow {
	struct obj obj;
	struct ctl_request *rq;
	const json_t *args; /* borrowed until the request is answered */
	uint64_t dropped;   /* decisions that the client does not know of */
	bool said;          /* a row was sent since the last tick */
	size_t waiting;     /* octets, at the last tick */
	unsigned stuck;     /* ticks in which it read nothing */
	TAILQ_ENTRY(adm_follow) entry;
};

static bool is(const struct adm_follow *f, const char *name, const char *value)
{
	return !ctl_arg_has(f->args, name) || strcmp(ctl_arg_text(f->args, name, ""), value) == 0;
}

static bool matches(const struct adm_follow *f, const struct core_decision_line *d)
{
	return is(f, "scs", d->scs) && is(f, "device", d->device) && is(f, "verdict", d->verdict) && is(f, "reason", d->reason) &&
	       is(f, "action", d->action);
}

/* The line of the decision log, without what it has no value for. */
static json_t *row_of(const struct core_decision_line *d)
{
	json_t *row = json_loadb(d->line, d->len, 0, NULL);

	if (json_is_null(json_object_get(row, "reference"))) {
		json_object_del(row, "reference");
	}
	return row;
}

static void drop(struct adm *a, struct adm_follow *f)
{
	f->dropped++;
	st_count(a->st, ST_FOLLOW_DROPPED);
}

/* Half of the room is enough again: what was left out stands in one place, and not between each two
 * rows. */
static bool has_room(struct adm_follow *f)
{
	size_t max = ctl_waiting_max(f->rq), waiting = ctl_waiting(f->rq);

	if (f->dropped && waiting <= max / 2) {
		ctl_line(f->rq, json_pack("{s:I}", "dropped", (json_int_t)f->dropped));
		f->dropped = 0;
	}
	return !f->dropped && waiting < max;
}

static void on_decision(void *arg, const struct core_decision_line *d)
{
	struct adm *a = OBJ_OF(arg, struct adm, ADM_MAGIC);
	struct adm_follow *f;

	TAILQ_FOREACH (f, &a->follows, entry) {
		json_t *row;

		if (!ctl_alive(f->rq) || !matches(f, d)) {
			continue;
		}
		row = has_room(f) ? row_of(d) : NULL;
		if (row) {
			ctl_line(f->rq, row);
			f->said = true;
		} else {
			drop(a, f);
		}
	}
}

/* Answers the request; `why` NULL: the client has gone. */
static void leave(struct adm *a, struct adm_follow *f, const char *why)
{
	TAILQ_REMOVE(&a->follows, f, entry);
	a->follows_n--;
	if (!a->follows_n) {
		core_decisions_follow(a->core, NULL, NULL);
		net_timer_stop(a->follow_timer);
	}
	if (why) {
		ctl_fail(f->rq, "%s", why);
	} else {
		ctl_done(f->rq, json_pack("{s:I}", "count", (json_int_t)0));
	}
	OBJ_END(f, ADM_FOLLOW_MAGIC);
	free(f);
}

static void look(struct adm *a, struct adm_follow *f)
{
	size_t waiting = ctl_waiting(f->rq);

	if (!ctl_alive(f->rq)) {
		leave(a, f, NULL);
		return;
	}
	f->stuck = waiting && waiting >= f->waiting ? f->stuck + 1 : 0;
	f->waiting = waiting;
	if (f->stuck >= STUCK_TICKS) {
		leave(a, f, "nothing was read for a minute");
		return;
	}
	if (has_room(f) && !f->said && !waiting) {
		ctl_line(f->rq, json_pack("{s:b}", "idle", 1));
	}
	f->said = false;
}

static void on_tick(void *arg)
{
	struct adm *a = OBJ_OF(arg, struct adm, ADM_MAGIC);
	struct adm_follow *f, *next;

	for (f = TAILQ_FIRST(&a->follows); f; f = next) {
		next = TAILQ_NEXT(f, entry);
		look(a, f);
	}
	if (a->follows_n) {
		net_timer_start(a->follow_timer, TICK_MS);
	}
}

/* Places of clients that have gone are free. */
static void sweep(struct adm *a)
{
	struct adm_follow *f, *next;

	for (f = TAILQ_FIRST(&a->follows); f; f = next) {
		next = TAILQ_NEXT(f, entry);
		if (!ctl_alive(f->rq)) {
			leave(a, f, NULL);
		}
	}
}

static void on_follow(void *arg, struct ctl_request *rq, const json_t *args)
{
	struct adm *a = OBJ_OF(arg, struct adm, ADM_MAGIC);
	uint32_t most = (a->cfg->limits.ctl_clients + 1) / 2;
	struct adm_follow *f;

	sweep(a);
	if (a->follows_n >= most) {
		ctl_fail(rq, "%u clients follow decisions, which is half of limits.control_clients and as many as there may be",
			 most);
		return;
	}
	f = calloc(1, sizeof *f);
	if (!f) {
		ctl_fail(rq, "out of memory");
		return;
	}
	obj_begin(&f->obj, ADM_FOLLOW_MAGIC);
	f->rq = rq;
	f->args = args;
	TAILQ_INSERT_TAIL(&a->follows, f, entry);
	a->follows_n++;
	st_count(a->st, ST_FOLLOWS);
	core_decisions_follow(a->core, on_decision, a);
	ctl_line(rq, json_pack("{s:b}", "idle", 1)); /* from now on nothing is missed */
	net_timer_start(a->follow_timer, TICK_MS);
}

int adm_follow_init(struct adm *a)
{
	return net_timer_new(&a->follow_timer, a->loop, on_tick, a);
}

void adm_follow_end(struct adm *a)
{
	struct adm_follow *f;

	OBJ_CHECK(a, ADM_MAGIC);
	while ((f = TAILQ_FIRST(&a->follows))) {
		leave(a, f, "the gateway stops");
	}
	net_timer_free(a->follow_timer);
}

const struct ctl_command adm_follow_rows[] = {
	{ "decisions.follow", "each decision that matches, as it is made; the reply has no end", ctl_args_decisions_follow, false,
	  on_follow },
	{ .name = NULL },
};
