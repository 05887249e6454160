/* core_rooms.c - LMDB does not reuse a page that a reader may still see.
 * The stores free the slots of dead readers. A live reader (a manual copy that takes hours, a
 * stalled export) is only logged, before the store is full. */
#include "core/core_rooms.h"

#include "base/shown.h"
#include "core/core_int.h"
#include "core/core_view.h"

#define LOOK_MS 5000u
#define LEFT_SHARE 4u /* a warning if less than this fraction of the store is free */

static const struct {
	const char *name, *key;
} stores[CORE_STORES] = {
	[CORE_STORE_ASSOC] = { "associations", "associations.size_max" },
	[CORE_STORE_ROWS] = { "association rows", "associations.size_max" },
	[CORE_STORE_JOURNAL] = { "journal", "journal.size_max" },
};

bool core_room_take(struct core_room *r, const struct kv_room *seen, uint64_t now_ms)
{
	const struct kv_reader *previous = &r->now.oldest, *is = &seen->oldest;

	if (!is->pid) {
		r->since_ms = 0;
		r->warned = false;
	} else if (!r->since_ms || previous->pid != is->pid || previous->state != is->state) {
		r->since_ms = now_ms;
		r->warned = false;
	}
	r->now = *seen;
	if (!is->pid || is->ours || r->warned || !seen->held || seen->map_left >= seen->size_max / LEFT_SHARE) {
		return false;
	}
	r->warned = true;
	return true;
}

static void count_cleared(struct core *c, enum core_store which, uint64_t before, uint64_t now)
{
	uint64_t more = now >= before ? now - before : now; /* a reopened store counts from 0 */
	char readers[SHOWN_COUNT_MAX];

	if (!more) {
		return;
	}
	st_count_n(&c->st, ST_READERS_CLEARED, more);
	log_warn(c->log, "core", "%s: %s died without leaving the table of readers, and %s taken out of it", stores[which].name,
		 shown_count(readers, more, "reader"), more == 1 ? "was" : "were");
}

static void take(struct core *c, enum core_store which, const struct kv_room *seen, uint64_t now_ms)
{
	struct core_room *r = &c->store.rooms.store[which];

	count_cleared(c, which, r->now.cleared, seen->cleared);
	if (!core_room_take(r, seen, now_ms)) {
		return;
	}
	log_warn(c->log, "core",
		 "%s: %llu of %llu bytes are left; process %d has been reading for %llu s and %llu commits and keeps %llu bytes "
		 "from being used again: end it, or raise %s",
		 stores[which].name, (unsigned long long)seen->map_left, (unsigned long long)seen->size_max,
		 (int)seen->oldest.pid, (unsigned long long)((now_ms - r->since_ms) / 1000),
		 (unsigned long long)seen->oldest.behind, (unsigned long long)seen->held, stores[which].key);
}

void core_rooms_look(struct core *c)
{
	uint64_t now_ms = clock_mono_ms();
	struct asc_rooms assoc;
	struct kv_room journal;

	asc_rooms(c->store.asc, &assoc);
	jrn_room(c->journal.jrn, &journal);
	take(c, CORE_STORE_ASSOC, &assoc.main, now_ms);
	take(c, CORE_STORE_ROWS, &assoc.rows, now_ms);
	take(c, CORE_STORE_JOURNAL, &journal, now_ms);
}

static void on_look(void *arg)
{
	struct core *c = OBJ_OF(arg, struct core, CORE_MAGIC);

	core_rooms_look(c);
	net_timer_start(c->store.rooms.timer, LOOK_MS);
}

int core_rooms_init(struct core *c)
{
	int err = net_timer_new(&c->store.rooms.timer, c->loop, on_look, c);

	if (!err) {
		on_look(c);
	}
	return err;
}

void core_rooms_fini(struct core *c)
{
	net_timer_free(c->store.rooms.timer);
}

/* -- for operators */

void core_store_each(const struct core *c, core_store_fn *fn, void *arg)
{
	uint64_t now_ms = clock_mono_ms();

	for (unsigned i = 0; i < CORE_STORES; i++) {
		const struct core_room *r = &c->store.rooms.store[i];
		struct core_store_view view = { stores[i].name, stores[i].key, &r->now,
						r->since_ms ? (now_ms - r->since_ms) / 1000 : 0 };

		fn(arg, &view);
	}
}
