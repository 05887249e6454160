/* trg_room.c - see trg_int.h. What is given back from the room itself is free again only with the
 * trigger: a trigger keeps few things, and each for most of its life. */
#include <stdlib.h>

#include "trigger/trg_int.h"

#define ALIGNED 8u

_Static_assert(offsetof(struct trg, room) % ALIGNED == 0 && TRG_ROOM % ALIGNED == 0, "what the room gives is aligned");

static bool is_in_room(const struct trg *t, const void *p)
{
	uintptr_t at = (uintptr_t)p, room = (uintptr_t)t->room;

	return at >= room && at < room + TRG_ROOM;
}

void *trg_room_take(struct trg *t, size_t octets)
{
	size_t need = (octets + ALIGNED - 1) & ~(size_t)(ALIGNED - 1);
	uint8_t *p = t->room + t->room_used;

	if (octets > TRG_ROOM || need > TRG_ROOM - t->room_used) {
		return malloc(octets);
	}
	t->room_used += (uint16_t)need;
	return p;
}

void trg_room_give(struct trg *t, void *p)
{
	if (!is_in_room(t, p)) {
		free(p);
	}
}

bool trg_room_is_own(const struct trg *t, const void *p)
{
	return is_in_room(t, p);
}
