/* core_cursor.c - walks over a million triggers without blocking the loop.
 * Each cursor points to the next trigger and moves on when that trigger is freed. */
#include "core/core_int.h"

static struct core_seat *following(const struct core_cursor *w, struct core_seat *seat)
{
	return w->scs ? TAILQ_NEXT(seat, of_scs) : TAILQ_NEXT(seat, entry);
}

void core_cursor_begin(struct core_cursor *w, struct core *c, struct core_scs *scs)
{
	w->core = c;
	w->scs = scs;
	w->next = scs ? TAILQ_FIRST(&scs->triggers) : TAILQ_FIRST(&c->triggers.list);
	TAILQ_INSERT_TAIL(&c->triggers.cursors, w, entry);
}

struct core_trigger *core_cursor_next(struct core_cursor *w)
{
	struct core_seat *seat = w->next;

	if (!seat) {
		return NULL;
	}
	w->next = following(w, seat);
	return core_trigger_at(seat);
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
	}
}
