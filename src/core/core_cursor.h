/* core_cursor.h - walks over all triggers, or those of one SCS, oldest first, in several
 * portions.
 * Triggers may be created and freed between two calls. */
#pragma once
#include <sys/queue.h>

struct core;
struct core_scs;
struct core_seat;
struct core_trigger;

struct core_cursor {
	struct core *core;
	struct core_scs *scs;   /* NULL: of all SCSs */
	struct core_seat *next; /* NULL: at the end */
	TAILQ_ENTRY(core_cursor) entry;
};

void core_cursor_begin(struct core_cursor *w, struct core *c, struct core_scs *scs);
struct core_trigger *core_cursor_next(struct core_cursor *w); /* NULL: at the end */
void core_cursor_end(struct core_cursor *w);
/* Before the trigger of this seat is freed: cursors move past it. */
void core_cursors_pass(struct core *c, struct core_seat *seat);
