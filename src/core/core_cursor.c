/* core_cursor.c - looking at a million triggers without holding up the loop: each walk stands before one, and steps on when that one goes. */
#include "core/core_int.h"

static struct core_trigger *behind(const struct core_cursor *w, struct core_trigger *t)
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
		w->next = behind(w, t);
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
			w->next = behind(w, t);
		}
	}
}
