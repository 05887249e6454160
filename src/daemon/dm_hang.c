/* dm_hang.c - see dm_hang.h. */
#include "daemon/dm_hang.h"

#include <stddef.h>
#include <string.h>

uint64_t dm_hang_look_ms(uint64_t limit_ms)
{
	uint64_t ms = limit_ms / DM_HANG_LOOKS;

	if (ms > DM_HANG_LOOK_MAX_MS) {
		return DM_HANG_LOOK_MAX_MS;
	}
	return ms ? ms : 1;
}

void dm_hang_begin(struct dm_hang *h, uint64_t beat)
{
	*h = (struct dm_hang){ .beat = beat };
}

bool dm_hang_look(struct dm_hang *h, uint64_t beat, uint64_t elapsed_ms, uint64_t limit_ms)
{
	uint64_t most_ms = 2 * dm_hang_look_ms(limit_ms);

	if (beat != h->beat) {
		dm_hang_begin(h, beat);
		return false;
	}
	h->silent_ms += elapsed_ms < most_ms ? elapsed_ms : most_ms;
	return h->silent_ms >= limit_ms;
}

char dm_hang_state(const char *stat)
{
	/* the name of a program may hold blanks and brackets */
	const char *name_end = strrchr(stat, ')');

	return name_end && name_end[1] == ' ' ? name_end[2] : 0;
}

const char *dm_hang_excuse(char state)
{
	switch (state) {
	case 'D':
		return "it waits for a disk";
	case 't':
		return "a debugger holds it";
	default:
		return NULL;
	}
}
