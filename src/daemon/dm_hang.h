/* dm_hang.h - when a process whose loop no longer turns counts as hung. The time is an argument. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#define DM_HANG_LOOKS 10u /* checks by the parent, and beats by a process, within the limit */
#define DM_HANG_LOOK_MAX_MS 1000u
#define DM_HANG_START_MS 10000u /* a start may be silent for so long, however short timers.hang is */
#define DM_HANG_LATE_MS 1000u   /* a timer of the parent that is later: the parent did not run */
#define DM_HANG_TOKEN_MS 20000u /* so may one with a token: all its keys are tried within KEY_CHECK_WAIT_MS */

struct dm_hang {
	uint64_t beat;      /* at the last look */
	uint64_t silent_ms; /* time without a change of the beat, as observed by the parent */
};

/* How long a process may be silent. `hang_ms`: timers.hang. `starts`: it is not ready yet. `token`:
 * its keys are in a token, which may be slow. */
uint64_t dm_hang_limit_ms(uint64_t hang_ms, bool starts, bool token);
/* Interval of the parent's checks and of a process's beats. */
uint64_t dm_hang_look_ms(uint64_t limit_ms);
/* Starts over: the process is new, or it is excused. */
void dm_hang_begin(struct dm_hang *h, uint64_t beat);
/* One check, `elapsed_ms` after the last. True: the process has been silent for the limit. A late
 * check (the parent was stopped, the machine suspended or overloaded) counts as one in time: the
 * process may not have been able to beat either. */
bool dm_hang_look(struct dm_hang *h, uint64_t beat, uint64_t elapsed_ms, uint64_t limit_ms);

/* A timer of `wait_ms` that began at `since_ms` calls now. True: the parent did not run for a
 * while. What it waits for may be there, or did not run either, and gets its time once more.
 * PURE. */
bool dm_hang_stood(uint64_t since_ms, uint64_t now_ms, uint64_t wait_ms);

/* Process state of the kernel: 'D' waits for a disk, 't' is held by a debugger, ...; 0: unknown.
 * `stat` is the text of /proc/PID/stat. PURE. */
char dm_hang_state(const char *stat);
/* NULL: a silent process in this state is hung. Else the reason why not, for the log: a process in
 * disk wait cannot be killed, and a process under a debugger is being examined. */
const char *dm_hang_excuse(char state);
/* What somebody who reads the log can look at; `token` as above. Static. PURE. */
const char *dm_hang_advice(char state, bool token);

/* Nanoseconds that the process has run; 0: unknown. `schedstat` is the text of
 * /proc/PID/schedstat. PURE. */
uint64_t dm_hang_ran_ns(const char *schedstat);
