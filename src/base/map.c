/* map.c - chained hash table that grows by a bucket when there are more entries than buckets. */
#include "base/map.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define BUCKETS_FIRST 256u

static uint64_t rotl(uint64_t v, unsigned n)
{
	return v << n | v >> (64 - n);
}

static void sip_round(uint64_t v[4])
{
	v[0] += v[1];
	v[1] = rotl(v[1], 13) ^ v[0];
	v[0] = rotl(v[0], 32);
	v[2] += v[3];
	v[3] = rotl(v[3], 16) ^ v[2];
	v[0] += v[3];
	v[3] = rotl(v[3], 21) ^ v[0];
	v[2] += v[1];
	v[1] = rotl(v[1], 17) ^ v[2];
	v[2] = rotl(v[2], 32);
}

static uint64_t sip_hash(const uint64_t seed[2], const uint8_t *p, size_t len)
{
	uint64_t v[4] = { seed[0] ^ 0x736f6d6570736575ull, seed[1] ^ 0x646f72616e646f6dull, seed[0] ^ 0x6c7967656e657261ull,
			  seed[1] ^ 0x7465646279746573ull };
	uint64_t word;
	size_t n = len;

	for (; n >= 8; p += 8, n -= 8) {
		memcpy(&word, p, 8);
		v[3] ^= word;
		sip_round(v);
		v[0] ^= word;
	}
	word = (uint64_t)(len & 0xff) << 56;
	for (size_t i = 0; i < n; i++)
		word |= (uint64_t)p[i] << (8 * i);
	v[3] ^= word;
	sip_round(v);
	v[0] ^= word;
	v[2] ^= 0xff;
	for (int i = 0; i < 3; i++)
		sip_round(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

uint64_t map_hash(const struct map *m, const void *key, uint32_t key_len)
{
	return sip_hash(m->seed, key, key_len);
}

int map_init(struct map *m)
{
	*m = (struct map){ .mask = BUCKETS_FIRST - 1, .cap = BUCKETS_FIRST };
	if (getrandom(m->seed, sizeof m->seed, 0) != sizeof m->seed)
		return ERR_IO;
	m->buckets = calloc(BUCKETS_FIRST, sizeof(struct map_node *));
	return m->buckets ? 0 : ERR_NOMEM;
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

/* Only the array of pointers is made larger at once; the system moves its pages and does not copy a large one. */
static bool make_room(struct map *m)
{
	struct map_node **more;

	if (buckets_of(m) < m->cap)
		return true;
	more = realloc(m->buckets, 2 * m->cap * sizeof(struct map_node *));
	if (!more)
		return false; /* longer chains, same answers */
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
	if (++m->split < high)
		return;
	m->mask = 2 * m->mask + 1;
	m->split = 0;
}

void map_add(struct map *m, struct map_node *node, const void *key, uint32_t key_len)
{
	struct map_node **bucket;

	for (int i = 0; i < 2 && m->n >= buckets_of(m) && make_room(m); i++) /* two: it catches up after a time without memory */
		split_one(m);
	node->key = key;
	node->key_len = key_len;
	node->hash = sip_hash(m->seed, key, key_len);
	bucket = bucket_of(m, node->hash);
	node->next = *bucket;
	*bucket = node;
	m->n++;
}

struct map_node *map_find(const struct map *m, const void *key, uint32_t key_len)
{
	uint64_t hash = sip_hash(m->seed, key, key_len);

	for (struct map_node *n = *bucket_of(m, hash); n; n = n->next) {
		if (n->hash == hash && n->key_len == key_len && memcmp(n->key, key, key_len) == 0)
			return n;
	}
	return NULL;
}

void map_del(struct map *m, struct map_node *node)
{
	struct map_node **at = bucket_of(m, node->hash);

	while (*at && *at != node)
		at = &(*at)->next;
	if (!*at)
		return;
	*at = node->next;
	*node = (struct map_node){ 0 };
	m->n--;
}

void map_each(const struct map *m, map_fn *fn, void *arg)
{
	for (size_t i = 0; i < buckets_of(m); i++) {
		for (struct map_node *n = m->buckets[i], *next; n; n = next) {
			next = n->next;
			fn(arg, n);
		}
	}
}
