/* pages.c - madvise() and the knobs of glibc's heap. */
#include "base/pages.h"

#include <limits.h>
#include <malloc.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "base/thread.h"

#define TOUCHED_AT_ONCE (4u << 20) /* octets: so long may the process wait that wants the next memory */
#define NAP_NS (500 * 1000)
#define OCTETS_MAX (1u << 30) /* the knobs of the heap are an int */

/* The values that the heap has without us. */
#define PAD_USUAL (128 << 10)
#define TRIM_USUAL (128 << 10)

static uint8_t *up_to_page(uint8_t *p)
{
	return p + (-(uintptr_t)p & (PAGES_LARGE - 1));
}

void pages_large(void *p, size_t octets)
{
	uint8_t *first = up_to_page(p), *end = (uint8_t *)p + octets;

	if (octets >= PAGES_LARGE && first < end) {
		(void)madvise(first, (size_t)(end - first) & ~((size_t)PAGES_LARGE - 1), MADV_HUGEPAGE); /* advice */
	}
}

static bool is_far_ahead(struct pages_ahead *a, size_t touched)
{
	return touched >= atomic_load_explicit(&a->used, memory_order_relaxed) + PAGES_AHEAD;
}

static void *touch(void *arg)
{
	static const struct timespec nap = { 0, NAP_NS };
	struct pages_ahead *a = OBJ_OF(arg, struct pages_ahead, PAGES_AHEAD_MAGIC);
	size_t all = (size_t)(a->end - a->from), touched = 0;

	while (touched < all && !atomic_load_explicit(&a->stop, memory_order_relaxed)) {
		size_t n = all - touched < TOUCHED_AT_ONCE ? all - touched : TOUCHED_AT_ONCE;

		if (is_far_ahead(a, touched)) {
			(void)nanosleep(&nap, NULL);
			continue;
		}
		if (madvise(a->from + touched, n, MADV_POPULATE_WRITE) < 0) {
			break; /* an older system, or no memory: a fault will say so */
		}
		touched += n;
	}
	return NULL;
}

void pages_ahead_used(struct pages_ahead *a, const void *p)
{
	uintptr_t at = (uintptr_t)p, from = (uintptr_t)a->from;

	if (a->running && at >= from && at < (uintptr_t)a->end &&
	    at - from > atomic_load_explicit(&a->used, memory_order_relaxed)) {
		atomic_store_explicit(&a->used, at - from, memory_order_relaxed);
	}
}

/* A limit of the process counts what the heap has, used or not. A heap that was refused to grow
 * would be in pieces from then on. */
static bool has_room(size_t octets)
{
	void *p = mmap(NULL, octets, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return p != MAP_FAILED && munmap(p, octets) == 0;
}

/* Allocates until the heap has grown, which it does by `octets` at once. */
static void grow(size_t octets)
{
	const uint8_t *before = sbrk(0);
	void *piece[64];
	size_t n = 0;

	(void)mallopt(M_TOP_PAD, (int)octets);
	while (n < sizeof piece / sizeof *piece && (const uint8_t *)sbrk(0) == before) {
		piece[n] = malloc(64u << 10); /* below what gets a mapping of its own */
		if (!piece[n++]) {
			break;
		}
	}
	(void)mallopt(M_TOP_PAD, PAD_USUAL);
	while (n) {
		free(piece[--n]);
	}
}

/* The heap's new part, in whole large pages, is [returned address, sbrk(0)). */
static uint8_t *grow_large(size_t octets)
{
	uint8_t *from = up_to_page(sbrk(0));
	const uint8_t *end;

	grow(octets);
	end = sbrk(0);
	if (end > from) { /* else another heap than we know, such as a sanitizer's */
		pages_large(from, (size_t)(end - from));
	}
	return from;
}

void pages_ahead_begin(struct pages_ahead *a, size_t octets)
{
	octets = octets < OCTETS_MAX ? octets : OCTETS_MAX;
	*a = (struct pages_ahead){ .obj = OBJ(PAGES_AHEAD_MAGIC),
				   .grown = octets >= PAGES_LARGE && has_room(octets + octets / 2) };
	if (!a->grown) {
		return;
	}
	(void)mallopt(M_TRIM_THRESHOLD, INT_MAX);
	a->from = grow_large(octets);
	a->end = sbrk(0);
	a->running = a->end >= a->from + PAGES_LARGE && !thread_start(&a->thread, touch, a);
}

void pages_ahead_end(struct pages_ahead *a)
{
	if (a->running) {
		atomic_store_explicit(&a->stop, true, memory_order_relaxed);
		pthread_join(a->thread, NULL);
	}
	if (a->grown) {
		(void)mallopt(M_TRIM_THRESHOLD, TRIM_USUAL);
		(void)malloc_trim(PAD_USUAL);
	}
	a->running = a->grown = false;
}

void pages_heap_begin(struct pages_heap *h)
{
	(void)mallopt(M_TRIM_THRESHOLD, 2 * PAGES_STEP);
	h->end = sbrk(0);
}

void pages_heap_look(struct pages_heap *h)
{
	const uint8_t *end = sbrk(0);

	if (!h->end || end == h->end) {
		return;
	}
	if (end > h->end && has_room(PAGES_ROOM)) {
		(void)grow_large(PAGES_STEP);
	}
	h->end = sbrk(0);
}
