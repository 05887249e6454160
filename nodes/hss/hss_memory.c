/* hss_memory.c - chunks, and a hash over the shared pieces. */
#include "nodes/hss/hss_memory.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/sip.h"

#define CHUNK (1024u * 1024u)
#define ALIGNMENT 16u

struct chunk {
	struct chunk *next;
	size_t used;
	_Alignas(ALIGNMENT) uint8_t octets[CHUNK];
};

struct piece {
	const void *p; /* NULL: free slot */
	uint32_t hash, len;
};

struct hss_memory {
	struct chunk *chunks; /* the one that is being filled first */
	struct piece *pieces; /* open addressing, at most half full */
	size_t pieces_n, pieces_cap;
	struct sip_key key;
};

struct hss_memory *hss_memory_new(void)
{
	struct hss_memory *m = calloc(1, sizeof *m);

	if (m && sip_key_new(&m->key)) {
		free(m);
		m = NULL;
	}
	return m;
}

void hss_memory_free(struct hss_memory *m)
{
	if (!m) {
		return;
	}
	while (m->chunks) {
		struct chunk *c = m->chunks;

		m->chunks = c->next;
		free(c);
	}
	free(m->pieces);
	free(m);
}

void *hss_memory_take(struct hss_memory *m, size_t n)
{
	size_t wanted = (n + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
	struct chunk *c = m->chunks;
	void *p;

	if (n == 0 || n > CHUNK) {
		return NULL;
	}
	if (!c || CHUNK - c->used < wanted) {
		c = malloc(sizeof *c);
		if (!c) {
			return NULL;
		}
		c->used = 0;
		c->next = m->chunks;
		m->chunks = c;
	}
	p = c->octets + c->used;
	c->used += wanted;
	memset(p, 0, wanted);
	return p;
}

/* The slot of an equal piece, or the free slot where it belongs. */
static struct piece *slot_of(struct piece *pieces, size_t cap, const void *p, size_t n, uint32_t hash)
{
	size_t i = hash & (cap - 1);

	while (pieces[i].p && !(pieces[i].hash == hash && pieces[i].len == n && memcmp(pieces[i].p, p, n) == 0)) {
		i = (i + 1) & (cap - 1);
	}
	return &pieces[i];
}

static int grow(struct hss_memory *m)
{
	size_t cap = m->pieces_cap ? m->pieces_cap * 2 : 1024;
	struct piece *pieces = calloc(cap, sizeof *pieces);

	if (!pieces) {
		return -1;
	}
	for (size_t i = 0; i < m->pieces_cap; i++) {
		const struct piece *old = &m->pieces[i];

		if (old->p) {
			*slot_of(pieces, cap, old->p, old->len, old->hash) = *old;
		}
	}
	free(m->pieces);
	m->pieces = pieces;
	m->pieces_cap = cap;
	return 0;
}

const void *hss_memory_share(struct hss_memory *m, const void *p, size_t n)
{
	uint32_t hash = (uint32_t)sip_hash(&m->key, p, n);
	struct piece *slot;
	void *copy;

	if (2 * (m->pieces_n + 1) > m->pieces_cap && grow(m)) {
		return NULL;
	}
	slot = slot_of(m->pieces, m->pieces_cap, p, n, hash);
	if (slot->p) {
		return slot->p;
	}
	copy = hss_memory_take(m, n);
	if (!copy) {
		return NULL;
	}
	memcpy(copy, p, n);
	*slot = (struct piece){ copy, hash, (uint32_t)n };
	m->pieces_n++;
	return copy;
}
