/* core_cursor.h - walks over all triggers, or those of one SCS, oldest first, in several
 * portions.
 * Triggers may be created and freed between two calls. */
#pragma once
#include <stdbool.h>
#include <sys/queue.h>

struct core;
struct core_scs;
struct core_seat;

struct core_cursor {
	struct core *core;
	struct core_scs *scs;   /* NULL: of all SCSs */
	struct core_seat *next; /* NULL: at the end */
	/* Of core_park_next(). */
	bool awake_only; /* set by the owner: parked triggers are passed over */
	bool missed;     /* one could not be woken; for the owner to clear */
	/* the trigger that was returned last and was parked before; the next step parks it again */
	struct core_seat *woken;
	TAILQ_ENTRY(core_cursor) entry;
};

void core_cursor_begin(struct core_cursor *w, struct core *c, struct core_scs *scs);
/* The next, awake or parked; see core_park_next(). NULL: at the end. */
struct core_seat *core_cursor_seat(struct core_cursor *w);
void core_cursor_restart(struct core_cursor *w); /* at the oldest again */
void core_cursor_end(struct core_cursor *w);
/* Before the trigger of this seat is freed: cursors move past it. */
void core_cursors_pass(struct core *c, struct core_seat *seat);
/* `to` takes the place of `from`. */
void core_cursors_move(struct core *c, const struct core_seat *from, struct core_seat *to);
