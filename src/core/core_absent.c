/* core_absent.c - one table of pairs, one of SCSs, and two lists by age: of all pairs, and of each
 * SCS. */
#include "core/core_absent.h"

#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "base/ident.h"
#include "base/map.h"
#include "base/str.h"

#define FULL_A_CALL 4u /* full buckets that one call drops: more than it adds, and no call drops thousands */
#define ANSWER 1000u   /* used up by one: what comes back is counted in thousandths */

struct absent_scs { /* an SCS with entries */
	struct map_node node;
	TAILQ_HEAD(, absent_entry) entries; /* the oldest first */
	uint32_t n;
	char e164[STR_DIGITS_MAX + 1];
};

struct absent_entry {
	struct map_node node; /* the key is `scs` and behind it the name */
	TAILQ_ENTRY(absent_entry) by_age, of_scs;
	uint64_t at_ms;      /* of the last answer */
	uint64_t used_milli; /* of the bucket, at that time */
	const struct absent_scs *scs;
	char device[]; /* without an end; its length is in the node */
};

struct core_absents {
	struct map by_pair, by_scs;
	TAILQ_HEAD(, absent_entry) by_age; /* in the order of their last answer */
	uint32_t max;
	uint64_t window_ms, forgotten;
};

/* The key of a pair as octets; 0: the name is none, or none in its canonical form. */
#define PAIR_MAX (sizeof(void *) + IDENT_EXTERNAL_MAX)
static uint32_t pair_of(uint8_t out[PAIR_MAX], const struct absent_scs *s, const char *device)
{
	size_t len = device ? strnlen(device, IDENT_EXTERNAL_MAX + 1) : 0;

	if (len == 0 || len > IDENT_EXTERNAL_MAX) {
		return 0;
	}
	memcpy(out, &s, sizeof s);
	memcpy(out + sizeof s, device, len);
	return (uint32_t)(sizeof s + len);
}

int core_absents_new(struct core_absents **out, uint32_t entries_max, uint64_t window_ms)
{
	struct core_absents *a = calloc(1, sizeof *a);
	int err = a ? map_init(&a->by_pair) : ERR_NOMEM;

	if (!err) {
		err = map_init(&a->by_scs);
	}
	if (err) {
		core_absents_free(a);
		return err;
	}
	TAILQ_INIT(&a->by_age);
	a->max = entries_max ? entries_max : 1;
	a->window_ms = window_ms;
	*out = a;
	return 0;
}

static struct absent_scs *scs_of(const struct core_absents *a, const char *e164)
{
	return MAP_OF(map_find(&a->by_scs, e164, (uint32_t)strnlen(e164, STR_DIGITS_MAX)), struct absent_scs, node);
}

static struct absent_entry *find(const struct core_absents *a, const struct absent_scs *s, const char *device)
{
	uint8_t pair[PAIR_MAX];
	uint32_t len = s ? pair_of(pair, s, device) : 0;

	return MAP_OF(len ? map_find(&a->by_pair, pair, len) : NULL, struct absent_entry, node);
}

static void drop(struct core_absents *a, struct absent_entry *e)
{
	struct absent_scs *s = scs_of(a, e->scs->e164);

	map_del(&a->by_pair, &e->node);
	TAILQ_REMOVE(&a->by_age, e, by_age);
	TAILQ_REMOVE(&s->entries, e, of_scs);
	free(e);
	s->n--;
	if (!s->n) {
		map_del(&a->by_scs, &s->node);
		free(s);
	}
}

void core_absents_free(struct core_absents *a)
{
	struct absent_entry *e;

	if (!a) {
		return;
	}
	while (a->by_pair.n && (e = TAILQ_FIRST(&a->by_age))) {
		drop(a, e);
	}
	map_fini(&a->by_pair);
	map_fini(&a->by_scs);
	free(a);
}

/* What is used now. After a window nothing is, whatever the limit was when it was used. */
static uint64_t used_milli(const struct core_absents *a, const struct absent_entry *e, uint32_t answers_max, uint64_t now_ms)
{
	uint64_t elapsed_ms = now_ms > e->at_ms ? now_ms - e->at_ms : 0, back;

	if (elapsed_ms >= a->window_ms) {
		return 0;
	}
	back = elapsed_ms * answers_max * ANSWER / a->window_ms; /* below 2^64: 7 days, 1,000,000 answers */
	return back < e->used_milli ? e->used_milli - back : 0;
}

bool core_absent_over(const struct core_absents *a, const char *e164, const char *device, uint32_t answers_max, uint64_t now_ms)
{
	const struct absent_entry *e = a->by_pair.n ? find(a, scs_of(a, e164), device) : NULL;

	return e && used_milli(a, e, answers_max, now_ms) + ANSWER > (uint64_t)answers_max * ANSWER;
}

/* -- a device was absent */

/* An SCS with its share of a full table pays for its own new entry, others by the oldest of all. */
static void make_room(struct core_absents *a, const char *e164, uint64_t now_ms)
{
	const struct absent_scs *s;
	struct absent_entry *e;

	for (uint32_t i = 0; i < FULL_A_CALL && (e = TAILQ_FIRST(&a->by_age)) && now_ms >= e->at_ms + a->window_ms; i++) {
		drop(a, e);
	}
	if (a->by_pair.n < a->max) {
		return;
	}
	s = scs_of(a, e164);
	e = s && s->n >= a->max / a->by_scs.n ? TAILQ_FIRST(&s->entries) : TAILQ_FIRST(&a->by_age);
	a->forgotten += now_ms < e->at_ms + a->window_ms;
	drop(a, e);
}

static struct absent_scs *scs_new(struct core_absents *a, const char *e164)
{
	struct absent_scs *s = calloc(1, sizeof *s);

	if (s) {
		TAILQ_INIT(&s->entries);
		str_set(s->e164, sizeof s->e164, e164);
		map_add(&a->by_scs, &s->node, s->e164, (uint32_t)strlen(s->e164));
	}
	return s;
}

/* NULL: no memory. */
static struct absent_entry *add(struct core_absents *a, const char *e164, const char *device)
{
	size_t len = strlen(device);
	/* the key begins at `scs`, which is not behind padding */
	struct absent_entry *e = malloc(sizeof *e + len);
	struct absent_scs *s = e ? scs_of(a, e164) : NULL;

	s = s || !e ? s : scs_new(a, e164);
	if (!s) {
		free(e);
		return NULL;
	}
	*e = (struct absent_entry){ .scs = s };
	memcpy(e->device, device, len);
	map_add(&a->by_pair, &e->node, &e->scs, (uint32_t)(sizeof e->scs + len));
	TAILQ_INSERT_TAIL(&a->by_age, e, by_age);
	TAILQ_INSERT_TAIL(&s->entries, e, of_scs);
	s->n++;
	return e;
}
_Static_assert(offsetof(struct absent_entry, device) == offsetof(struct absent_entry, scs) + sizeof(void *),
	       "a pair is one piece");

static void touch(struct core_absents *a, struct absent_entry *e)
{
	struct absent_scs *s = scs_of(a, e->scs->e164);

	TAILQ_REMOVE(&a->by_age, e, by_age);
	TAILQ_INSERT_TAIL(&a->by_age, e, by_age);
	TAILQ_REMOVE(&s->entries, e, of_scs);
	TAILQ_INSERT_TAIL(&s->entries, e, of_scs);
}

void core_absent_count(struct core_absents *a, const char *e164, const char *device, uint32_t answers_max, uint64_t now_ms)
{
	struct absent_entry *e = find(a, scs_of(a, e164), device);

	if (!device || !device[0] || strnlen(device, IDENT_EXTERNAL_MAX + 1) > IDENT_EXTERNAL_MAX) {
		return;
	}
	if (e) {
		touch(a, e);
	} else {
		make_room(a, e164, now_ms);
		e = add(a, e164, device);
	}
	if (!e) {
		a->forgotten++;
		return;
	}
	e->used_milli = used_milli(a, e, answers_max, now_ms) + ANSWER;
	e->at_ms = now_ms;
}

uint32_t core_absents_n(const struct core_absents *a)
{
	return (uint32_t)a->by_pair.n;
}

uint64_t core_absents_forgotten(const struct core_absents *a)
{
	return a->forgotten;
}
