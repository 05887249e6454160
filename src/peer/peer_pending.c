/* peer_pending.c - a chained hash over slots for the look-up, a heap of slot numbers for the deadlines. */
#include "peer/peer_pending.h"

#include <assert.h>
#include <stdlib.h>

#define NONE UINT32_MAX
#define FIRST_CAP 16u

struct slot {
	struct peer_pending_entry entry;
	uint32_t next;     /* in the chain of its bucket, or of the free slots */
	uint32_t heap_pos; /* NONE: the slot is free */
};

struct peer_pending {
	uint32_t max, cap, count; /* cap: a power of two, number of slots and of buckets */
	struct slot *slots;
	uint32_t *buckets; /* first slot of each chain */
	uint32_t *heap;    /* slot numbers, earliest deadline first */
	uint32_t free_head;
};

static uint32_t bucket_of(const struct peer_pending *p, uint32_t hop_by_hop)
{
	return (hop_by_hop * 2654435761u >> 7) & (p->cap - 1); /* ids count up, but nothing depends on it */
}

static void link_slot(struct peer_pending *p, uint32_t s)
{
	uint32_t *head = &p->buckets[bucket_of(p, p->slots[s].entry.hop_by_hop)];

	p->slots[s].next = *head;
	*head = s;
}

/* Doubles the room. Nothing changes when there is no memory. */
static int grow(struct peer_pending *p)
{
	uint32_t cap = p->cap ? p->cap * 2 : FIRST_CAP;
	uint32_t *buckets = malloc(cap * sizeof *buckets);
	struct slot *slots = buckets ? realloc(p->slots, cap * sizeof *slots) : NULL;
	uint32_t *heap;

	if (slots) {
		p->slots = slots;
	}
	heap = slots ? realloc(p->heap, cap * sizeof *heap) : NULL;
	if (!heap) {
		free(buckets);
		return ERR_NOMEM;
	}
	p->heap = heap;
	free(p->buckets);
	p->buckets = buckets;
	for (uint32_t i = 0; i < cap; i++) {
		p->buckets[i] = NONE;
	}
	for (uint32_t i = p->cap; i < cap; i++) {
		p->slots[i] = (struct slot){ .heap_pos = NONE, .next = i + 1 < cap ? i + 1 : NONE };
	}
	p->free_head = p->cap; /* grown only when no slot is free */
	p->cap = cap;
	for (uint32_t i = 0; i < p->count; i++) {
		link_slot(p, p->heap[i]);
	}
	return 0;
}

static bool earlier(const struct peer_pending *p, uint32_t a, uint32_t b)
{
	return p->slots[a].entry.deadline_ms < p->slots[b].entry.deadline_ms;
}

static void heap_put(struct peer_pending *p, uint32_t pos, uint32_t s)
{
	p->heap[pos] = s;
	p->slots[s].heap_pos = pos;
}

static void heap_up(struct peer_pending *p, uint32_t pos, uint32_t s)
{
	while (pos > 0 && earlier(p, s, p->heap[(pos - 1) / 2])) {
		heap_put(p, pos, p->heap[(pos - 1) / 2]);
		pos = (pos - 1) / 2;
	}
	heap_put(p, pos, s);
}

static void heap_down(struct peer_pending *p, uint32_t pos, uint32_t s)
{
	for (;;) {
		uint32_t child = 2 * pos + 1;

		if (child >= p->count) {
			break;
		}
		if (child + 1 < p->count && earlier(p, p->heap[child + 1], p->heap[child])) {
			child++;
		}
		if (!earlier(p, p->heap[child], s)) {
			break;
		}
		heap_put(p, pos, p->heap[child]);
		pos = child;
	}
	heap_put(p, pos, s);
}

static void heap_remove(struct peer_pending *p, uint32_t pos)
{
	uint32_t last = p->heap[--p->count];

	if (pos == p->count) {
		return;
	}
	if (pos > 0 && earlier(p, last, p->heap[(pos - 1) / 2])) {
		heap_up(p, pos, last);
	} else {
		heap_down(p, pos, last);
	}
}

/* The one way out of the table. */
static void remove_slot(struct peer_pending *p, uint32_t s, struct peer_pending_entry *out)
{
	uint32_t *at = &p->buckets[bucket_of(p, p->slots[s].entry.hop_by_hop)];

	while (*at != s) {
		assert(*at != NONE);
		at = &p->slots[*at].next;
	}
	*at = p->slots[s].next;
	heap_remove(p, p->slots[s].heap_pos);
	if (out) {
		*out = p->slots[s].entry;
	}
	p->slots[s] = (struct slot){ .heap_pos = NONE, .next = p->free_head };
	p->free_head = s;
}

static uint32_t find(const struct peer_pending *p, uint32_t hop_by_hop)
{
	uint32_t s = p->cap ? p->buckets[bucket_of(p, hop_by_hop)] : NONE;

	while (s != NONE && p->slots[s].entry.hop_by_hop != hop_by_hop) {
		s = p->slots[s].next;
	}
	return s;
}

int peer_pending_new(struct peer_pending **out, uint32_t max)
{
	struct peer_pending *p = calloc(1, sizeof *p);

	if (!p) {
		return ERR_NOMEM;
	}
	p->max = max < 1u << 24 ? max : 1u << 24; /* keeps every size above far from overflow */
	p->free_head = NONE;
	*out = p;
	return 0;
}

void peer_pending_free(struct peer_pending *p)
{
	if (!p) {
		return;
	}
	free(p->slots);
	free(p->buckets);
	free(p->heap);
	free(p);
}

int peer_pending_add(struct peer_pending *p, const struct peer_pending_entry *entry)
{
	uint32_t s;

	if (p->count >= p->max) {
		return ERR_BUSY;
	}
	if (find(p, entry->hop_by_hop) != NONE) {
		return ERR_EXISTS;
	}
	if (p->free_head == NONE) {
		int err = grow(p);

		if (err) {
			return err;
		}
	}
	s = p->free_head;
	p->free_head = p->slots[s].next;
	p->slots[s].entry = *entry;
	link_slot(p, s);
	heap_up(p, p->count++, s);
	return 0;
}

int peer_pending_take(struct peer_pending *p, const struct dia_hdr *answer, struct peer_pending_entry *out)
{
	uint32_t s = find(p, answer->hop_by_hop);

	if (s == NONE || p->slots[s].entry.end_to_end != answer->end_to_end || p->slots[s].entry.code != answer->code) {
		return ERR_NOTFOUND;
	}
	remove_slot(p, s, out);
	return 0;
}

void peer_pending_drop(struct peer_pending *p, uint32_t hop_by_hop)
{
	uint32_t s = find(p, hop_by_hop);

	if (s != NONE) {
		remove_slot(p, s, NULL);
	}
}

int peer_pending_pop(struct peer_pending *p, uint64_t now_ms, struct peer_pending_entry *out)
{
	if (p->count == 0 || p->slots[p->heap[0]].entry.deadline_ms > now_ms) {
		return ERR_NOTFOUND;
	}
	remove_slot(p, p->heap[0], out);
	return 0;
}

size_t peer_pending_cancel(struct peer_pending *p, const void *arg)
{
	size_t n = 0;

	for (uint32_t s = 0; s < p->cap; s++) {
		if (p->slots[s].heap_pos == NONE || p->slots[s].entry.arg != arg) {
			continue;
		}
		remove_slot(p, s, NULL);
		n++;
	}
	return n;
}

uint64_t peer_pending_next_ms(const struct peer_pending *p)
{
	return p->count ? p->slots[p->heap[0]].entry.deadline_ms : 0;
}

size_t peer_pending_count(const struct peer_pending *p)
{
	return p->count;
}
