/* pages.h - large pages, and memory before it is needed, for a process with millions of objects.
 * The system gives a process its memory page by page, each with a fault in which the page is
 * zeroed. In a virtual machine, pages of 4 KiB are dear: their faults were more than half of a
 * start with a million triggers, and a sixth of the core's time under load. So the heap grows by
 * large pages, where the system has them.
 * For a start it grows once, and a thread of its own touches the new part while the process already
 * fills the beginning of it.
 * All of this is advice: whatever the system refuses, memory comes as usual. */
#pragma once
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/obj.h"

/* Asks for large pages for this memory, which is allocated and not yet used. Nothing below
 * PAGES_LARGE octets. */
#define PAGES_LARGE (2u << 20)
void pages_large(void *p, size_t octets);

#define PAGES_AHEAD_MAGIC 0x38d46a15u
struct pages_ahead { /* zeroed: not begun */
	struct obj obj;
	pthread_t thread;
	bool running, grown;
	atomic_bool stop;
	uint8_t *from, *end; /* the heap's new part, in whole large pages */
	atomic_size_t used;  /* of it, as far as the process said */
};

/* The heap of the calling thread, which must be the process's first, has room for so many octets
 * more. Nothing happens below PAGES_LARGE octets, or if the system has no room for half as much
 * again, which the process may need beside its heap. */
void pages_ahead_begin(struct pages_ahead *a, size_t octets);
/* `p` was allocated: the thread touches the next PAGES_AHEAD octets behind the last of these. NULL
 * allowed. */
#define PAGES_AHEAD (32u << 20)
void pages_ahead_used(struct pages_ahead *a, const void *p);
/* Ends the thread, and gives back what was not used. A zeroed one is allowed. */
void pages_ahead_end(struct pages_ahead *a);

/* -- a heap that grows while the process works */

/* By so many octets at a time. They cost no memory before they are used, but a limit of the process
 * counts them: with less room than PAGES_ROOM the heap grows as usual. */
#define PAGES_STEP (16u << 20)
#define PAGES_ROOM (8 * PAGES_STEP)
struct pages_heap {
	const uint8_t *end; /* of the heap, at the last look; NULL: not begun */
};

/* From now on up to two steps that got free at the end of the heap stay with the process. No
 * pages_ahead may follow. */
void pages_heap_begin(struct pages_heap *h);
/* For each turn of a loop, on the process's first thread; cheap. If the heap has grown since the
 * last look, it grows by a step more, in large pages. Without effect before the beginning. */
void pages_heap_look(struct pages_heap *h);
