/* dm_pulse.h - what the kernel shows of a process: whether its threads run, and what they wait
 * for. */
#pragma once
#include <stdint.h>
#include <sys/types.h>

struct dm_pulse {
	uint64_t life; /* another number whenever its main thread, or others for long enough, have run; 0: unknown */
	char state;    /* of the first thread that has an excuse (dm_hang_excuse()), else of its main thread; 0: unknown */
};

/* A start may wait for a thread of its own that reads a disk: all threads count. One that only
 * wakes up to look around is no life: of threads other than the main thread DM_PULSE_STEP_NS
 * count. */
#define DM_PULSE_STEP_NS UINT64_C(10000000)
struct dm_pulse dm_pulse_of(pid_t pid);
