/* dm_hang.h - when a process that does not turn its loop any more counts as hung. Time is an argument. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#define DM_HANG_LOOKS 10u /* the parent looks so often, and a process beats so often, within the limit */
#define DM_HANG_LOOK_MAX_MS 1000u

struct dm_hang {
	uint64_t beat;      /* at the last look */
	uint64_t silent_ms; /* since it changed, as far as the parent saw it */
};

/* How long the parent waits between two looks, and a process between two beats. */
uint64_t dm_hang_look_ms(uint64_t limit_ms);
/* Forgets what was: a process begins, or is excused. */
void dm_hang_begin(struct dm_hang *h, uint64_t beat);
/* One look, `elapsed_ms` after the last. True: it has been silent for the limit. A look that comes late (the parent itself was stopped, the
 * machine was suspended or had no time) counts as one that came in time: nobody saw whether the process could have beaten. */
bool dm_hang_look(struct dm_hang *h, uint64_t beat, uint64_t elapsed_ms, uint64_t limit_ms);

/* What the kernel says about the process: 'D' waits for a disk, 't' is held by a debugger, ...; 0: not known. `stat` is the text of
 * /proc/PID/stat. PURE. */
char dm_hang_state(const char *stat);
/* NULL: a process in this state that does not beat is hung. Else why not: words for the log. Killing one that waits for a disk ends
 * nothing, and what a debugger holds somebody is looking at. */
const char *dm_hang_excuse(char state);
