/* core_cursor.c - walks over a million triggers without blocking the loop.
 * Each cursor points to the next trigger and moves on when that trigger is freed. */
#include "core/core_int.h"

static struct core_trigger *following(const struct core_cursor *w, struct core_trigger *t)
{
	return w->scs ? TAILQ_NEXT(t, of_scs) : TAILQ_NEXT(t, entry);
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
	struct core_trigger *t = w->next;

	if (t) {
		w->next = following(w, t);
	}
	return t;
}

void core_cursor_end(struct core_cursor *w)
{
	TAILQ_REMOVE(&w->core->triggers.cursors, w, entry);
}

void core_cursors_pass(struct core_trigger *t)
{
	struct core_cursor *w;

	TAILQ_FOREACH (w, &t->core->triggers.cursors, entry) {
		if (w->next == t) {
			w->next = following(w, t);
		}
	}
}
