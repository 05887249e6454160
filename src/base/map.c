/* map.c - a chained hash table that grows by a few buckets when it has more entries than
 * buckets. */
#include "base/map.h"

#include <stdlib.h>
#include <string.h>

#include "base/pages.h"

#define BUCKETS_FIRST 256u

uint64_t map_hash(const struct map *m, const void *key, uint32_t key_len)
{
	return sip_hash(&m->seed, key, key_len);
}

int map_init(struct map *m)
{
	struct sip_key seed;
	int err = sip_key_new(&seed);

	*m = (struct map){ 0 };
	return err ? err : map_init_keyed(m, &seed);
}

int map_init_keyed(struct map *m, const struct sip_key *seed)
{
	*m = (struct map){ .mask = BUCKETS_FIRST - 1, .cap = BUCKETS_FIRST, .seed = *seed };
	m->buckets = calloc(BUCKETS_FIRST, sizeof(struct map_node *));
	return m->buckets ? 0 : ERR_NOMEM;
}

int map_reserve(struct map *m, size_t n)
{
	size_t buckets = m->mask + 1;
	struct map_node **more;

	if (m->n || n > SIZE_MAX / 4 / sizeof *more) {
		return ERR_STATE;
	}
	while (buckets < n) {
		buckets *= 2;
	}
	more = calloc(buckets, sizeof *more);
	if (!more) {
		return ERR_NOMEM;
	}
	pages_large(more, buckets * sizeof *more);
	free(m->buckets);
	m->buckets = more;
	m->mask = buckets - 1;
	m->cap = buckets;
	m->split = 0;
	return 0;
}

void map_fini(struct map *m)
{
	free(m->buckets);
	*m = (struct map){ 0 };
}

static size_t buckets_of(const struct map *m)
{
	return m->mask + 1 + m->split;
}

static struct map_node **bucket_of(const struct map *m, uint64_t hash)
{
	size_t i = hash & m->mask;

	return &m->buckets[i < m->split ? hash & (2 * m->mask + 1) : i];
}

/* Only the array of pointers grows at once. The system moves the pages of a large array and does
 * not copy them. */
static bool make_room(struct map *m)
{
	struct map_node **more;

	if (buckets_of(m) < m->cap) {
		return true;
	}
	more = realloc(m->buckets, 2 * m->cap * sizeof(struct map_node *));
	if (!more) {
		return false; /* longer chains, same answers */
	}
	m->buckets = more;
	m->cap *= 2;
	return true;
}

static void split_one(struct map *m)
{
	struct map_node **at = &m->buckets[m->split], **to = &m->buckets[buckets_of(m)], *n;
	size_t high = m->mask + 1;

	*to = NULL;
	while ((n = *at)) {
		m->moved++;
		if (!(n->hash & high)) {
			at = &n->next;
			continue;
		}
		*at = n->next;
		n->next = *to;
		*to = n;
	}
	if (++m->split == high) {
		m->mask = 2 * m->mask + 1;
		m->split = 0;
	}
}

#define SPLIT_AT_ONCE 16u

/* In a large table the entries of the chains to be split come from memory. The processor fetches
 * all of them at once if they are asked for before the first one is read. */
static void grow(struct map *m)
{
	size_t end = m->split + SPLIT_AT_ONCE <= m->mask ? m->split + SPLIT_AT_ONCE : m->mask + 1;

	for (size_t i = m->split; i < end; i++) {
		__builtin_prefetch(m->buckets[i], 1);
	}
	for (unsigned i = 0; i < SPLIT_AT_ONCE && make_room(m); i++) {
		split_one(m);
	}
}

void map_add_hashed(struct map *m, struct map_node *node, const void *key, uint32_t key_len, uint64_t hash)
{
	struct map_node **bucket;

	if (m->n >= buckets_of(m)) {
		grow(m);
	}
	node->key = key;
	node->key_len = key_len;
	node->hash = hash;
	bucket = bucket_of(m, hash);
	node->next = *bucket;
	*bucket = node;
	m->n++;
}

void map_add(struct map *m, struct map_node *node, const void *key, uint32_t key_len)
{
	map_add_hashed(m, node, key, key_len, map_hash(m, key, key_len));
}

void map_prefetch(const struct map *m, uint64_t hash)
{
	__builtin_prefetch(bucket_of(m, hash));
}

void map_prefetch_first(const struct map *m, uint64_t hash)
{
	__builtin_prefetch(*bucket_of(m, hash));
}

struct map_node *map_find_hashed(const struct map *m, const void *key, uint32_t key_len, uint64_t hash)
{
	for (struct map_node *n = *bucket_of(m, hash); n; n = n->next) {
		if (n->hash == hash && n->key_len == key_len && memcmp(n->key, key, key_len) == 0) {
			return n;
		}
	}
	return NULL;
}

struct map_node *map_find(const struct map *m, const void *key, uint32_t key_len)
{
	return m->n ? map_find_hashed(m, key, key_len, map_hash(m, key, key_len)) : NULL;
}

void map_del(struct map *m, struct map_node *node)
{
	struct map_node **at = bucket_of(m, node->hash);

	while (*at && *at != node) {
		at = &(*at)->next;
	}
	if (!*at) {
		return;
	}
	*at = node->next;
	*node = (struct map_node){ 0 };
	m->n--;
}

void map_each(const struct map *m, map_fn *fn, void *arg)
{
	for (size_t i = 0; m->buckets && i < buckets_of(m); i++) {
		for (struct map_node *n = m->buckets[i], *next; n; n = next) {
			next = n->next;
			fn(arg, n);
		}
	}
}
