/* core_cursor.c - walks over a million triggers without blocking the loop.
 * Each cursor points to the next trigger and moves on when that trigger is freed. */
#include "core/core_int.h"

static struct core_seat *following(const struct core_cursor *w, struct core_seat *seat)
{
	return w->scs ? TAILQ_NEXT(seat, of_scs) : TAILQ_NEXT(seat, entry);
}

void core_cursor_restart(struct core_cursor *w)
{
	w->next = w->scs ? TAILQ_FIRST(&w->scs->triggers) : TAILQ_FIRST(&w->core->triggers.list);
}

void core_cursor_begin(struct core_cursor *w, struct core *c, struct core_scs *scs)
{
	*w = (struct core_cursor){ .core = c, .scs = scs };
	core_cursor_restart(w);
	TAILQ_INSERT_TAIL(&c->triggers.cursors, w, entry);
}

struct core_seat *core_cursor_seat(struct core_cursor *w)
{
	struct core_seat *seat = w->next;

	if (seat) {
		w->next = following(w, seat);
	}
	return seat;
}

void core_cursor_end(struct core_cursor *w)
{
	TAILQ_REMOVE(&w->core->triggers.cursors, w, entry);
}

void core_cursors_pass(struct core *c, struct core_seat *seat)
{
	struct core_cursor *w;

	TAILQ_FOREACH (w, &c->triggers.cursors, entry) {
		if (w->next == seat) {
			w->next = following(w, seat);
		}
		if (w->woken == seat) {
			w->woken = NULL;
		}
	}
}

void core_cursors_move(struct core *c, const struct core_seat *from, struct core_seat *to)
{
	struct core_cursor *w;

	TAILQ_FOREACH (w, &c->triggers.cursors, entry) {
		if (w->next == from) {
			w->next = to;
		}
		if (w->woken == from) {
			w->woken = NULL;
		}
	}
}
