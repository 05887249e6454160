/* gw_bag.c - chains, doubled when there are as many objects as chains. */
#include "gateway/gw_bag.h"

#include <stdlib.h>

#define BUCKETS_FIRST 256u

int gw_bag_init(struct gw_bag *b)
{
	*b = (struct gw_bag){ .mask = BUCKETS_FIRST - 1 };
	b->buckets = calloc(BUCKETS_FIRST, sizeof(struct gw_bag_node *));
	return b->buckets ? 0 : ERR_NOMEM;
}

void gw_bag_fini(struct gw_bag *b)
{
	free(b->buckets);
	*b = (struct gw_bag){ 0 };
}

static void grow(struct gw_bag *b)
{
	size_t wanted = (b->mask + 1) * 2;
	struct gw_bag_node **buckets = calloc(wanted, sizeof(struct gw_bag_node *));

	if (!buckets)
		return;
	for (size_t i = 0; i <= b->mask; i++) {
		for (struct gw_bag_node *n = b->buckets[i], *next; n; n = next) {
			next = n->next;
			n->next = buckets[n->hash & (wanted - 1)];
			buckets[n->hash & (wanted - 1)] = n;
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

void gw_bag_add(struct gw_bag *b, struct gw_bag_node *node, uint64_t hash)
{
	if (b->n > b->mask)
		grow(b);
	node->hash = never_0(hash);
	node->next = b->buckets[node->hash & b->mask];
	b->buckets[node->hash & b->mask] = node;
	b->n++;
}

void gw_bag_del(struct gw_bag *b, struct gw_bag_node *node)
{
	struct gw_bag_node **at;

	if (!node->hash)
		return;
	at = &b->buckets[node->hash & b->mask];
	while (*at && *at != node)
		at = &(*at)->next;
	if (!*at)
		return;
	*at = node->next;
	*node = (struct gw_bag_node){ 0 };
	b->n--;
}

static struct gw_bag_node *same(struct gw_bag_node *n, uint64_t hash)
{
	while (n && n->hash != hash)
		n = n->next;
	return n;
}

struct gw_bag_node *gw_bag_first(const struct gw_bag *b, uint64_t hash)
{
	return same(b->buckets[never_0(hash) & b->mask], never_0(hash));
}

struct gw_bag_node *gw_bag_next(const struct gw_bag_node *node)
{
	return same(node->next, node->hash);
}
