/* aud_budget.c - a table of open addressing that is emptied each second. */
#include "audit/aud_budget.h"

#include <string.h>

#include "base/str.h"

/* FNV-1a: names are the operator's, so that nobody chooses chains; and the walk is bounded. */
static uint32_t hash_of(const char *scs)
{
	uint32_t h = 2166136261u;

	for (; *scs; scs++) {
		h = (h ^ (uint8_t)*scs) * 16777619u;
	}
	return h;
}

#define PROBES 16u
_Static_assert((AUD_BUDGET_SLOTS & (AUD_BUDGET_SLOTS - 1)) == 0, "a mask");

static struct aud_budget_slot *slot_of(struct aud_budget *b, const char *scs)
{
	uint32_t h = hash_of(scs);

	for (uint32_t i = 0; i < PROBES; i++) {
		uint32_t at = (h + i) & (AUD_BUDGET_SLOTS - 1);
		struct aud_budget_slot *s = &b->at[at];

		if (!s->there) {
			s->there = true;
			s->n = 0;
			str_cut(s->scs, sizeof s->scs, scs);
			b->used[b->used_n++] = (uint16_t)at;
			return s;
		}
		if (strncmp(s->scs, scs, sizeof s->scs - 1) == 0) {
			return s;
		}
	}
	return &b->at[h & (AUD_BUDGET_SLOTS - 1)]; /* shared with another one */
}

void aud_budget_turn(struct aud_budget *b, uint64_t second, void (*say)(void *arg, const char *scs, uint64_t n), void *arg)
{
	if (second == b->second) {
		return;
	}
	b->second = second;
	for (uint32_t i = 0; i < b->used_n; i++) {
		struct aud_budget_slot *s = &b->at[b->used[i]];

		s->there = false;
		if (s->n > b->per_second) {
			say(arg, s->scs, s->n - b->per_second);
		}
	}
	b->used_n = 0;
}

bool aud_budget_take(struct aud_budget *b, const char *scs)
{
	struct aud_budget_slot *s;

	if (!b->per_second) {
		return true;
	}
	s = slot_of(b, scs ? scs : "");
	return ++s->n <= b->per_second;
}
