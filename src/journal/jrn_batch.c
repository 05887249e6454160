/* jrn_batch.c - operations and their records in two growing, reused blocks of memory. */
#include <stdlib.h>
#include <string.h>

#include "journal/jrn_int.h"

static int grow(void **block, size_t *cap, size_t need, size_t size, size_t first)
{
	size_t bigger = *cap ? *cap : first;
	void *p;

	while (bigger < need) {
		bigger *= 2;
	}
	if (bigger == *cap) {
		return 0;
	}
	p = realloc(*block, bigger * size);
	if (!p) {
		return ERR_NOMEM;
	}
	*block = p;
	*cap = bigger;
	return 0;
}

int jrn_batch_push(struct jrn_batch *b, const struct jrn_op *op, const void *record)
{
	if (grow((void **)&b->ops, &b->cap, b->n + 1, sizeof *b->ops, 64) ||
	    grow((void **)&b->octets, &b->octets_cap, b->octets_n + op->len, 1, 16384)) {
		return ERR_NOMEM;
	}
	b->ops[b->n] = *op;
	b->ops[b->n].at = (uint32_t)b->octets_n; /* JRN_WAITING_MAX is below 4 GiB */
	if (op->len) {
		memcpy(b->octets + b->octets_n, record, op->len);
	}
	b->octets_n += op->len;
	b->n++;
	b->puts += jrn_counts_as_put(op);
	b->waited_for += op->done != NULL;
	return 0;
}

void jrn_batch_free(struct jrn_batch *b)
{
	if (!b) {
		return;
	}
	free(b->ops);
	free(b->octets);
	free(b);
}
