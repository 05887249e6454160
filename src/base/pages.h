/* pages.h - large pages, and memory before it is needed, for a start that takes up a million
 * triggers.
 * The system gives a process its memory page by page, each with a fault in which the page is
 * zeroed. With pages of 4 KiB these faults were more than half of such a start, in a virtual
 * machine. Here the heap grows once, by large pages where the system has them, and a thread of its
 * own touches them while the process already fills the first ones.
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
