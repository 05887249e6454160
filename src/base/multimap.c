/* multimap.c - chains, doubled when there are as many objects as chains. */
#include "base/multimap.h"

#include <stdlib.h>

#define BUCKETS_FIRST 256u

int multimap_init(struct multimap *b)
{
	*b = (struct multimap){ .mask = BUCKETS_FIRST - 1 };
	b->buckets = calloc(BUCKETS_FIRST, sizeof(struct multimap_node *));
	return b->buckets ? 0 : ERR_NOMEM;
}

void multimap_fini(struct multimap *b)
{
	free(b->buckets);
	*b = (struct multimap){ 0 };
}

static void put_first(struct multimap_node **bucket, struct multimap_node *node)
{
	node->next = *bucket;
	node->at = bucket;
	if (node->next)
		node->next->at = &node->next;
	*bucket = node;
}

static void grow(struct multimap *b)
{
	size_t wanted = (b->mask + 1) * 2;
	struct multimap_node **buckets = calloc(wanted, sizeof(struct multimap_node *));

	if (!buckets)
		return;
	for (size_t i = 0; i <= b->mask; i++) {
		for (struct multimap_node *n = b->buckets[i], *next; n; n = next) {
			next = n->next;
			put_first(&buckets[n->hash & (wanted - 1)], n);
		}
	}
	free(b->buckets);
	b->buckets = buckets;
	b->mask = wanted - 1;
}

static uint64_t never_0(uint64_t hash)
{
	return hash ? hash : 1;
}

void multimap_add(struct multimap *b, struct multimap_node *node, uint64_t hash)
{
	if (b->n > b->mask)
		grow(b);
	node->hash = never_0(hash);
	put_first(&b->buckets[node->hash & b->mask], node);
	b->n++;
}

void multimap_del(struct multimap *b, struct multimap_node *node)
{
	if (!node->hash)
		return;
	*node->at = node->next;
	if (node->next)
		node->next->at = node->at;
	*node = (struct multimap_node){ 0 };
	b->n--;
}

static struct multimap_node *same(struct multimap_node *n, uint64_t hash)
{
	while (n && n->hash != hash)
		n = n->next;
	return n;
}

struct multimap_node *multimap_first(const struct multimap *b, uint64_t hash)
{
	return same(b->buckets[never_0(hash) & b->mask], never_0(hash));
}

struct multimap_node *multimap_next(const struct multimap_node *node)
{
	return same(node->next, node->hash);
}
