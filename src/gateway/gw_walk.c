/* gw_walk.c - looking at a million triggers without holding up the loop: each walk stands before one, and steps on when that one goes. */
#include "gateway/gw_core_int.h"

static struct gw_trigger *behind(const struct gw_walk *w, struct gw_trigger *t)
{
	return w->scs ? TAILQ_NEXT(t, of_scs) : TAILQ_NEXT(t, entry);
}

void gw_walk_begin(struct gw_walk *w, struct gw_core *c, struct gw_scs *scs)
{
	w->core = c;
	w->scs = scs;
	w->next = scs ? TAILQ_FIRST(&scs->triggers) : TAILQ_FIRST(&c->triggers);
	TAILQ_INSERT_TAIL(&c->walks, w, entry);
}

struct gw_trigger *gw_walk_next(struct gw_walk *w)
{
	struct gw_trigger *t = w->next;

	if (t)
		w->next = behind(w, t);
	return t;
}

void gw_walk_end(struct gw_walk *w)
{
	TAILQ_REMOVE(&w->core->walks, w, entry);
}

void gw_walks_pass(struct gw_trigger *t)
{
	struct gw_walk *w;

	TAILQ_FOREACH(w, &t->core->walks, entry)
	{
		if (w->next == t)
			w->next = behind(w, t);
	}
}
