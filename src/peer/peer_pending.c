/* peer_pending.c - requests are found by Hop-by-Hop-Id (base/multimap) and time out by deadline
 * (base/heap). A free slot waits in a list for the next request. */
#include "peer/peer_pending.h"

#include <stdlib.h>

#include "base/container.h"
#include "base/heap.h"
#include "base/multimap.h"

#define CHAINS_FIRST 16u

struct slot {
	struct peer_pending_entry entry;
	struct multimap_node by_id; /* in the table: the slot is in use */
	struct heap_node due;
	struct slot *next_free;
};

struct peer_pending {
	uint32_t max, cap, slots_n;
	struct slot **slots; /* all there are, in use or free */
	struct slot *free;
	struct multimap by_id;
	struct heap due;
};

/* The ids are our own and count up. No peer chooses them, so each is its own hash. It is never 0,
 * which means "in no table". */
static uint64_t hash_of(uint32_t hop_by_hop)
{
	return (uint64_t)1 << 32 | hop_by_hop;
}

static struct slot *find(const struct peer_pending *p, uint32_t hop_by_hop)
{
	struct multimap_node *n = multimap_first(&p->by_id, hash_of(hop_by_hop));

	return n ? CONTAINER_OF(n, struct slot, by_id) : NULL;
}

static struct slot *first_due(const struct peer_pending *p)
{
	struct heap_node *n = heap_first(&p->due);

	return n ? CONTAINER_OF(n, struct slot, due) : NULL;
}

/* The one way out of the table. */
static void remove_slot(struct peer_pending *p, struct slot *s, struct peer_pending_entry *out)
{
	multimap_del(&p->by_id, &s->by_id);
	heap_del(&p->due, &s->due);
	if (out) {
		*out = s->entry;
	}
	s->next_free = p->free;
	p->free = s;
}

/* One more free slot. Nothing changes when there is no memory. */
static int grow(struct peer_pending *p)
{
	struct slot *s;

	if (p->slots_n == p->cap) {
		uint32_t cap = p->cap ? 2 * p->cap : CHAINS_FIRST;
		struct slot **slots = realloc(p->slots, cap * sizeof *slots);

		if (!slots) {
			return ERR_NOMEM;
		}
		p->slots = slots;
		p->cap = cap;
	}
	s = calloc(1, sizeof *s);
	if (!s) {
		return ERR_NOMEM;
	}
	p->slots[p->slots_n++] = s;
	p->free = s; /* grown only when no slot is free */
	return 0;
}

int peer_pending_new(struct peer_pending **out, uint32_t max)
{
	struct peer_pending *p = calloc(1, sizeof *p);

	if (!p || multimap_init_small(&p->by_id, CHAINS_FIRST)) {
		free(p);
		return ERR_NOMEM;
	}
	p->max = max < 1u << 24 ? max : 1u << 24; /* keeps every size above far from overflow */
	*out = p;
	return 0;
}

void peer_pending_free(struct peer_pending *p)
{
	if (!p) {
		return;
	}
	for (uint32_t i = 0; i < p->slots_n; i++) {
		free(p->slots[i]);
	}
	free(p->slots);
	multimap_fini(&p->by_id);
	heap_fini(&p->due);
	free(p);
}

int peer_pending_add(struct peer_pending *p, const struct peer_pending_entry *entry)
{
	struct slot *s;

	if (p->due.n >= p->max) {
		return ERR_BUSY;
	}
	if (find(p, entry->hop_by_hop)) {
		return ERR_EXISTS;
	}
	if (!p->free) {
		int err = grow(p);

		if (err) {
			return err;
		}
	}
	s = p->free;
	if (heap_set(&p->due, &s->due, entry->deadline_ms)) {
		return ERR_NOMEM;
	}
	p->free = s->next_free;
	s->next_free = NULL;
	s->entry = *entry;
	multimap_add(&p->by_id, &s->by_id, hash_of(entry->hop_by_hop));
	return 0;
}

int peer_pending_take(struct peer_pending *p, const struct dia_hdr *answer, struct peer_pending_entry *out)
{
	struct slot *s = find(p, answer->hop_by_hop);

	if (!s || s->entry.end_to_end != answer->end_to_end || s->entry.code != answer->code) {
		return ERR_NOTFOUND;
	}
	remove_slot(p, s, out);
	return 0;
}

void peer_pending_drop(struct peer_pending *p, uint32_t hop_by_hop)
{
	struct slot *s = find(p, hop_by_hop);

	if (s) {
		remove_slot(p, s, NULL);
	}
}

int peer_pending_pop(struct peer_pending *p, uint64_t now_ms, struct peer_pending_entry *out)
{
	struct slot *s = first_due(p);

	if (!s || s->entry.deadline_ms > now_ms) {
		return ERR_NOTFOUND;
	}
	remove_slot(p, s, out);
	return 0;
}

uint64_t peer_pending_next_ms(const struct peer_pending *p)
{
	const struct slot *s = first_due(p);

	return s ? s->entry.deadline_ms : 0;
}

size_t peer_pending_count(const struct peer_pending *p)
{
	return p->due.n;
}
