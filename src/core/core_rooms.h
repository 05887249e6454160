/* core_rooms.h - free space in the stores of the core, and the readers that keep pages in use.
 * Checked on a timer and logged. */
#pragma once
#include "base/err.h"
#include "base/kv_room.h"

struct asc;
struct core;
struct net_timer;
struct net_watch;

enum core_store { CORE_STORE_ASSOC, CORE_STORE_ROWS, CORE_STORE_JOURNAL, CORE_STORES };

struct core_rooms {
	struct net_timer *timer;
	struct core_room {
		struct kv_room now;
		/* monotonic: when the oldest reader was first seen in this state; 0: no reader */
		uint64_t since_ms;
		bool warned; /* a warning about this reader was logged */
	} store[CORE_STORES];
};

struct core_stores {
	struct asc *asc;        /* the associations; for the journal see core_journal.h */
	struct net_watch *bell; /* rings when the store has completed changes */
	struct core_rooms rooms;
};

ERR_MUST_USE int core_rooms_init(struct core *c); /* after the stores are open; ERR_NOMEM */
void core_rooms_fini(struct core *c);             /* a zeroed part is allowed */
/* at once, as after changes: the values that the stores recorded last; cheap */
void core_rooms_look(struct core *c);

/* Notes the state of a store at this monotonic time.
 * Returns true once for each reader of another process that leaves less than a quarter of the
 * store free. */
bool core_room_take(struct core_room *r, const struct kv_room *seen, uint64_t now_ms);
