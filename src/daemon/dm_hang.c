/* dm_hang.c - see dm_hang.h. */
#include "daemon/dm_hang.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

uint64_t dm_hang_limit_ms(uint64_t hang_ms, bool starts, bool token)
{
	uint64_t least_ms = token ? DM_HANG_TOKEN_MS : starts ? DM_HANG_START_MS : 0;

	return hang_ms > least_ms ? hang_ms : least_ms;
}

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

bool dm_hang_stood(uint64_t since_ms, uint64_t now_ms, uint64_t wait_ms)
{
	return now_ms - since_ms > wait_ms + DM_HANG_LATE_MS;
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

const char *dm_hang_advice(char state, bool token)
{
	if (state == 'T') {
		return "it was stopped by a signal: look who sends SIGSTOP";
	}
	if (token) {
		return "the PKCS#11 module or its token does not answer: try the token with the tools of its maker";
	}
	return state == 'R' ? "it computes without an end: its own lines before this one say with what"
			    : "its own lines before this one say what it did last";
}

uint64_t dm_hang_ran_ns(const char *schedstat)
{
	return strtoull(schedstat, NULL, 10);
}
