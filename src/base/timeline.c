/* timeline.c - the arithmetic of a timeline. */
#include "base/timeline.h"

#include <stdio.h>
#include <string.h>

#include "base/str.h"

static uint64_t sum(uint64_t a, int64_t b)
{
	if (b < 0) {
		return a > (uint64_t)-b ? a - (uint64_t)-b : 0;
	}
	return a + (uint64_t)b;
}

static int64_t difference(uint64_t a, uint64_t b)
{
	return (int64_t)(a - b);
}

static void begin_anew(struct timeline *t, const struct timeline_kept *kept, uint64_t boot_ms, uint64_t real_ms)
{
	uint64_t at_ms = kept ? sum(real_ms, -kept->wall_ms) : real_ms;

	if (kept && at_ms < kept->last_ms) {
		at_ms = kept->last_ms;
	}
	t->kept.base_ms = difference(at_ms, boot_ms);
	t->kept.wall_ms = difference(real_ms, at_ms);
	t->old_ms = at_ms;
	t->sure_from_ms = at_ms + TIMELINE_DOUBT_MS;
}

void timeline_begin(struct timeline *t, const struct timeline_kept *kept, const char *boot, uint64_t boot_ms, uint64_t real_ms)
{
	*t = (struct timeline){ .unwritten = true, .written_ms = boot_ms };
	if (kept && boot[0] && strcmp(kept->boot, boot) == 0) {
		t->kept = *kept;
	} else {
		begin_anew(t, kept, boot_ms, real_ms);
		str_cut(t->kept.boot, sizeof t->kept.boot, boot);
	}
	t->kept.last_ms = timeline_at(t, boot_ms);
	/* the first look finds a step that happened while no process ran */
	t->seen_ms = t->kept.wall_ms;
	t->seen_at_ms = boot_ms;
}

uint64_t timeline_at(const struct timeline *t, uint64_t boot_ms)
{
	return sum(boot_ms, t->kept.base_ms);
}

uint64_t timeline_to_wall(const struct timeline *t, uint64_t at_ms)
{
	return sum(at_ms, t->kept.wall_ms);
}

static bool far(int64_t a, int64_t b)
{
	int64_t apart = a - b;

	return apart > TIMELINE_STEP_MS || apart < -TIMELINE_STEP_MS;
}

int64_t timeline_look(struct timeline *t, uint64_t boot_ms, uint64_t real_ms)
{
	uint64_t at_ms = timeline_at(t, boot_ms);
	int64_t wall_ms = difference(real_ms, at_ms), step = 0;

	if (far(wall_ms, t->seen_ms)) {
		step = wall_ms - t->seen_ms;
		t->seen_ms = wall_ms;
		t->seen_at_ms = boot_ms;
	} else if (far(wall_ms, t->kept.wall_ms) && boot_ms >= t->seen_at_ms + TIMELINE_SETTLE_MS) {
		t->kept.wall_ms = wall_ms;
		t->unwritten = true;
	}
	if (boot_ms >= t->written_ms + TIMELINE_KEEP_MS) {
		t->unwritten = true;
	}
	if (t->unwritten) {
		t->kept.last_ms = at_ms;
	}
	return step;
}
