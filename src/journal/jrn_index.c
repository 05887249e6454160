/* jrn_index.c - extendible hashing over small tables with open addressing. */
#include "journal/jrn_index.h"

#include <stdlib.h>
#include <string.h>

#define SLOTS 2048u
#define FULL (SLOTS / 4 * 3)
#define NEAR 8u /* numbers that are neighbours */

struct jrn_index_table {
	/* depth: first bits of the hash that all its entries share */
	unsigned n, depth;
	struct jrn_index_entry slot[SLOTS]; /* place 0: free */
};

static uint64_t hash(uint64_t number) /* the same for NEAR numbers */
{
	uint64_t h = number / NEAR;

	h = (h ^ h >> 32) * UINT64_C(0x9e3779b97f4a7c15);
	h = (h ^ h >> 29) * UINT64_C(0xbf58476d1ce4e5b9);
	return h ^ h >> 32;
}

static size_t home(uint64_t number)
{
	return (hash(number) % (SLOTS / NEAR)) * NEAR + number % NEAR;
}

static size_t in_dir(const struct jrn_index *ix, uint64_t number)
{
	return ix->depth ? (size_t)(hash(number) >> (64 - ix->depth)) : 0;
}

/* The slot of the number, or the free one where it would be. A table is never full. */
static struct jrn_index_entry *find(struct jrn_index_table *t, uint64_t number)
{
	size_t i = home(number);

	while (t->slot[i].place && t->slot[i].number != number) {
		i = (i + 1) % SLOTS;
	}
	return &t->slot[i];
}

void jrn_index_fini(struct jrn_index *ix)
{
	size_t named;

	for (size_t i = 0; ix->dir && i < (size_t)1 << ix->depth; i += named) {
		/* entries of the directory that name this table */
		named = (size_t)1 << (ix->depth - ix->dir[i]->depth);
		free(ix->dir[i]);
	}
	free(ix->dir);
	*ix = (struct jrn_index){ .dir = NULL };
}

jrn_place jrn_index_get(const struct jrn_index *ix, uint64_t number)
{
	return ix->dir ? find(ix->dir[in_dir(ix, number)], number)->place : 0;
}

static int first_table(struct jrn_index *ix)
{
	struct jrn_index_table **dir = malloc(sizeof *dir), *t = calloc(1, sizeof *t);

	if (!dir || !t) {
		free(dir);
		free(t);
		return ERR_NOMEM;
	}
	*dir = t;
	ix->dir = dir;
	return 0;
}

static int double_dir(struct jrn_index *ix)
{
	size_t n = (size_t)1 << ix->depth;
	struct jrn_index_table **dir = malloc(2 * n * sizeof *dir);

	if (!dir) {
		return ERR_NOMEM;
	}
	for (size_t i = 0; i < n; i++) {
		dir[2 * i] = dir[2 * i + 1] = ix->dir[i];
	}
	free(ix->dir);
	ix->dir = dir;
	ix->depth++;
	return 0;
}

static void insert(struct jrn_index_table *t, const struct jrn_index_entry *e)
{
	*find(t, e->number) = *e;
	t->n++;
}

/* Splits the table that has this number. */
static int split(struct jrn_index *ix, uint64_t number)
{
	struct jrn_index_table *t = ix->dir[in_dir(ix, number)], *old = malloc(sizeof *old), *other = calloc(1, sizeof *other);
	size_t span, first;

	if (!old || !other || (t->depth == ix->depth && double_dir(ix))) {
		free(old);
		free(other);
		return ERR_NOMEM;
	}
	*old = *t;
	memset(t, 0, sizeof *t);
	t->depth = other->depth = old->depth + 1;
	/* entries of the directory that name each of the two */
	span = (size_t)1 << (ix->depth - t->depth);
	first = in_dir(ix, number) & ~(2 * span - 1);
	for (size_t i = 0; i < span; i++) {
		ix->dir[first + span + i] = other;
	}
	for (size_t i = 0; i < SLOTS; i++) {
		if (old->slot[i].place) {
			insert(ix->dir[in_dir(ix, old->slot[i].number)], &old->slot[i]);
		}
	}
	free(old);
	return 0;
}

int jrn_index_put(struct jrn_index *ix, uint64_t number, jrn_place place, jrn_place *old)
{
	struct jrn_index_table *t;
	struct jrn_index_entry *e;

	if (!ix->dir && first_table(ix)) {
		return ERR_NOMEM;
	}
	t = ix->dir[in_dir(ix, number)];
	e = find(t, number);
	*old = e->place;
	if (e->place) {
		e->place = place;
		return 0;
	}
	while (t->n >= FULL) { /* all entries may go to one side, once or twice */
		if (split(ix, number)) {
			if (t->n >= SLOTS - 1) {
				return ERR_NOMEM;
			}
			break; /* the next one tries again */
		}
		t = ix->dir[in_dir(ix, number)];
	}
	insert(t, &(struct jrn_index_entry){ number, place });
	ix->n++;
	return 0;
}

/* Moves the entries behind a slot that got free to where they are found. */
static void close_gap(struct jrn_index_table *t, size_t gap)
{
	for (size_t i = (gap + 1) % SLOTS; t->slot[i].place; i = (i + 1) % SLOTS) {
		size_t way = (i - home(t->slot[i].number)) % SLOTS;

		if (way >= (i - gap) % SLOTS) { /* its home is not between the gap and itself */
			t->slot[gap] = t->slot[i];
			t->slot[i].place = 0;
			gap = i;
		}
	}
}

jrn_place jrn_index_del(struct jrn_index *ix, uint64_t number)
{
	struct jrn_index_table *t = ix->dir ? ix->dir[in_dir(ix, number)] : NULL;
	struct jrn_index_entry *e = t ? find(t, number) : NULL;
	jrn_place place = e ? e->place : 0;

	if (place) {
		e->place = 0;
		t->n--;
		ix->n--;
		close_gap(t, (size_t)(e - t->slot));
	}
	return place;
}

/* -- in order: by 11 bits at a time, from the last, as far as numbers differ */

#define DIGIT 11u

static void sort_by(const struct jrn_index_entry *from, struct jrn_index_entry *to, size_t n, unsigned shift, uint64_t base)
{
	size_t at[1u << DIGIT] = { 0 }, sum = 0;

	for (size_t i = 0; i < n; i++) {
		at[(from[i].number - base) >> shift & ((1u << DIGIT) - 1)]++;
	}
	for (size_t i = 0; i < 1u << DIGIT; i++) {
		size_t count = at[i];

		at[i] = sum;
		sum += count;
	}
	for (size_t i = 0; i < n; i++) {
		to[at[(from[i].number - base) >> shift & ((1u << DIGIT) - 1)]++] = from[i];
	}
}

static size_t all_of(const struct jrn_index *ix, struct jrn_index_entry *out)
{
	size_t n = 0;

	for (size_t i = 0; ix->dir && i < (size_t)1 << ix->depth; i += (size_t)1 << (ix->depth - ix->dir[i]->depth)) {
		for (size_t k = 0; k < SLOTS; k++) {
			if (ix->dir[i]->slot[k].place) {
				out[n++] = ix->dir[i]->slot[k];
			}
		}
	}
	return n;
}

struct jrn_index_entry *jrn_index_sorted(const struct jrn_index *ix)
{
	struct jrn_index_entry *a = malloc((ix->n + 1) * sizeof *a), *b = malloc((ix->n + 1) * sizeof *b), *sorted;
	uint64_t low = UINT64_MAX, high = 0;
	size_t n;

	if (!a || !b) {
		free(a);
		free(b);
		return NULL;
	}
	n = all_of(ix, a);
	for (size_t i = 0; i < n; i++) {
		low = a[i].number < low ? a[i].number : low;
		high = a[i].number > high ? a[i].number : high;
	}
	for (unsigned shift = 0; n && shift < 64 && (high - low) >> shift; shift += DIGIT) {
		sort_by(a, b, n, shift, low);
		sorted = b;
		b = a;
		a = sorted;
	}
	free(b);
	return a;
}
