/* timeline.h - the time by which triggers, reports and duplicates live (docs/dev/time.md):
 * milliseconds since 1970. A timeline begins with the wall clock and then follows CLOCK_BOOTTIME.
 * It continues while the machine is suspended, never jumps when the wall clock is set, and
 * continues from its file when the process starts again. Times on disk are times of the timeline of
 * that store.
 *
 * PURE but for timeline_open() and timeline_keep(): the readings of both clocks are arguments. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

#define TIMELINE_BOOT_MAX 40  /* the kernel's name of this boot, with its NUL */
#define TIMELINE_STEP_MS 1000 /* a smaller difference is no step */
/* a step that persists for this long is taken for the time of day */
#define TIMELINE_SETTLE_MS 60000
/* a wall clock may still be corrected for this long after its first reading */
#define TIMELINE_DOUBT_MS UINT64_C(600000)
#define TIMELINE_LOOK_MS 5000              /* how often a process looks, see timeline_look() */
#define TIMELINE_KEEP_MS UINT64_C(3600000) /* the file is written at least that often */
#define TIMELINE_FILE "timeline"           /* its usual name, in a state directory */
#define TIMELINE_WHY_MAX 512

struct timeline_kept { /* content of the file */
	char boot[TIMELINE_BOOT_MAX];
	int64_t base_ms;  /* the timeline minus CLOCK_BOOTTIME, in that boot */
	int64_t wall_ms;  /* the wall clock minus the timeline */
	uint64_t last_ms; /* the timeline was at least there */
};

struct timeline {
	struct timeline_kept kept;
	int64_t seen_ms;     /* the wall clock minus the timeline, when the last step was seen */
	uint64_t seen_at_ms; /* when that was, CLOCK_BOOTTIME */
	/* A wall clock that was only just read has aged everything older than old_ms. The caller
	 * gives up nothing of that before sure_from_ms. Both are 0 if the timeline continued in the
	 * same boot. */
	uint64_t old_ms, sure_from_ms;
	uint64_t written_ms; /* when the file was last written, CLOCK_BOOTTIME */
	bool unwritten;      /* the file differs from `kept` */
};

/* `boot` names this boot; boot_ms is CLOCK_BOOTTIME and real_ms the wall clock, read together.
 * `kept` is the content of the file; NULL: no file. In the same boot the timeline continues
 * without a break. In another boot it begins at the wall clock, but never before the last time
 * in the file. */
void timeline_begin(struct timeline *t, const struct timeline_kept *kept, const char *boot, uint64_t boot_ms, uint64_t real_ms);

/* The time now. */
uint64_t timeline_at(const struct timeline *t, uint64_t boot_ms);
/* Converts a time of the timeline to the wall clock, and back. A step of the wall clock counts once
 * it has lasted TIMELINE_SETTLE_MS. */
uint64_t timeline_to_wall(const struct timeline *t, uint64_t at_ms);

/* Compares the clocks. Call it every TIMELINE_LOOK_MS. Returns by how many ms the wall clock was
 * set since the last call (positive: ahead); 0: it was not. The caller logs each step. Sets
 * `unwritten` if the file must be written. */
int64_t timeline_look(struct timeline *t, uint64_t boot_ms, uint64_t real_ms);

/* Begins with the content of that file and rewrites the file; path NULL: no file. ERR_IO: the file
 * cannot be read or written. ERR_PROTO: it is damaged. Both give words in `why`. The timeline has
 * begun in each case; without a usable file it begins with the wall clock. */
ERR_MUST_USE int timeline_open(struct timeline *t, const char *path, char why[TIMELINE_WHY_MAX]);
/* Creates the file from the timeline of another machine, for the next timeline_open(). ERR_EXISTS:
 * a file exists. ERR_INVAL: not a timeline. ERR_IO. */
ERR_MUST_USE int timeline_plant(const struct timeline_kept *kept, const char *path);
/* Rewrites the file. ERR_IO. */
ERR_MUST_USE int timeline_keep(struct timeline *t, const char *path, char why[TIMELINE_WHY_MAX]);
