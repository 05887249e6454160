/* multimap.c - chains; one more when there are more objects than chains. */
#include "base/multimap.h"

#include <assert.h>
#include <stdlib.h>

#include "base/pages.h"

#define BUCKETS_FIRST 256u

int multimap_init(struct multimap *b)
{
	return multimap_init_small(b, BUCKETS_FIRST);
}

int multimap_init_small(struct multimap *b, uint32_t chains)
{
	assert(chains && !(chains & (chains - 1)));
	*b = (struct multimap){ .mask = chains - 1, .cap = chains };
	b->buckets = calloc(chains, sizeof(struct multimap_node *));
	return b->buckets ? 0 : ERR_NOMEM;
}

int multimap_reserve(struct multimap *b, size_t n)
{
	size_t chains = b->mask + 1;
	struct multimap_node **more;

	if (b->n || n > SIZE_MAX / 4 / sizeof *more) {
		return ERR_STATE;
	}
	while (chains < n) {
		chains *= 2;
	}
	more = calloc(chains, sizeof *more);
	if (!more) {
		return ERR_NOMEM;
	}
	pages_large(more, chains * sizeof *more);
	free(b->buckets);
	b->buckets = more;
	b->mask = chains - 1;
	b->cap = chains;
	b->split = 0;
	return 0;
}

void multimap_fini(struct multimap *b)
{
	free(b->buckets);
	*b = (struct multimap){ 0 };
}

static size_t buckets_of(const struct multimap *b)
{
	return b->mask + 1 + b->split;
}

static struct multimap_node **bucket_of(const struct multimap *b, uint64_t hash)
{
	size_t i = hash & b->mask;

	return &b->buckets[i < b->split ? hash & (2 * b->mask + 1) : i];
}

static bool make_room(struct multimap *b)
{
	struct multimap_node **more;

	if (buckets_of(b) < b->cap) {
		return true;
	}
	more = realloc(b->buckets, 2 * b->cap * sizeof(struct multimap_node *));
	if (!more) {
		return false; /* longer chains, same answers */
	}
	b->buckets = more;
	b->cap *= 2;
	return true;
}

static void put_first(struct multimap_node **bucket, struct multimap_node *node)
{
	node->prev = NULL;
	node->next = *bucket;
	if (node->next) {
		node->next->prev = node;
	}
	*bucket = node;
}

static void take_out(struct multimap_node **bucket, struct multimap_node *node)
{
	if (node->prev) {
		node->prev->next = node->next;
	} else {
		*bucket = node->next;
	}
	if (node->next) {
		node->next->prev = node->prev;
	}
}

static void split_one(struct multimap *b)
{
	struct multimap_node **from = &b->buckets[b->split], **to = &b->buckets[buckets_of(b)];
	size_t high = b->mask + 1;

	*to = NULL;
	for (struct multimap_node *n = *from, *next; n; n = next) {
		next = n->next;
		b->moved++;
		if (!(n->hash & high)) {
			continue;
		}
		take_out(from, n);
		put_first(to, n);
	}
	if (++b->split == high) {
		b->mask = 2 * b->mask + 1;
		b->split = 0;
	}
	/* the next split: in a large table its node comes from memory */
	__builtin_prefetch(b->buckets[b->split]);
}

static uint64_t never_0(uint64_t hash)
{
	return hash ? hash : 1;
}

void multimap_add(struct multimap *b, struct multimap_node *node, uint64_t hash)
{
	/* Two: the table catches up after a time without memory. */
	for (int i = 0; i < 2 && b->n >= buckets_of(b) && make_room(b); i++) {
		split_one(b);
	}
	node->hash = never_0(hash);
	put_first(bucket_of(b, node->hash), node);
	b->n++;
}

void multimap_del(struct multimap *b, struct multimap_node *node)
{
	if (!node->hash) {
		return;
	}
	take_out(bucket_of(b, node->hash), node);
	*node = (struct multimap_node){ 0 };
	b->n--;
}

void multimap_replace(struct multimap *b, struct multimap_node *from, struct multimap_node *to)
{
	*to = *from;
	if (!from->hash) {
		return;
	}
	if (to->prev) {
		to->prev->next = to;
	} else {
		*bucket_of(b, to->hash) = to;
	}
	if (to->next) {
		to->next->prev = to;
	}
	*from = (struct multimap_node){ 0 };
}

void multimap_prefetch(const struct multimap *b, uint64_t hash)
{
	__builtin_prefetch(bucket_of(b, never_0(hash)));
}

void multimap_prefetch_first(const struct multimap *b, uint64_t hash)
{
	__builtin_prefetch(*bucket_of(b, never_0(hash)));
}

static struct multimap_node *same(struct multimap_node *n, uint64_t hash)
{
	while (n && n->hash != hash) {
		n = n->next;
	}
	return n;
}

struct multimap_node *multimap_first(const struct multimap *b, uint64_t hash)
{
	return same(*bucket_of(b, never_0(hash)), never_0(hash));
}

struct multimap_node *multimap_next(const struct multimap_node *node)
{
	return same(node->next, node->hash);
}
