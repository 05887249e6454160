/* pool.c - a list of kept pieces. */
#include "base/pool.h"

#include <stdlib.h>
#include <string.h>

#if defined __SANITIZE_ADDRESS__
#define KEEPS 0
#elif defined __has_feature
#if __has_feature(address_sanitizer)
#define KEEPS 0
#endif
#endif
#ifndef KEEPS
#define KEEPS 1
#endif

void pool_init(struct pool *p, size_t octets, uint32_t keep_max)
{
	*p = (struct pool){ .size = (octets + sizeof(void *) - 1) / sizeof(void *) * sizeof(void *),
			    .keep_max = KEEPS ? keep_max : 0 };
	p->size = p->size ? p->size : sizeof(void *);
}

static uint8_t *link_of(const struct pool *p, void *piece)
{
	return (uint8_t *)piece + p->size - sizeof(void *);
}

void *pool_take(struct pool *p)
{
	void *piece = p->first;

	if (piece) {
		memcpy(&p->first, link_of(p, piece), sizeof p->first);
		p->kept--;
		return piece;
	}
	piece = malloc(p->size);
	p->made += piece != NULL;
	return piece;
}

void *pool_take_zeroed(struct pool *p)
{
	void *piece = pool_take(p);

	return piece ? memset(piece, 0, p->size) : NULL;
}

void pool_give(struct pool *p, void *piece)
{
	if (!piece || p->kept >= p->keep_max) {
		free(piece);
		return;
	}
	memcpy(link_of(p, piece), &p->first, sizeof p->first);
	p->first = piece;
	p->kept++;
}

void pool_fini(struct pool *p)
{
	while (p->first) {
		free(pool_take(p));
	}
}
