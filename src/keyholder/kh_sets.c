/* kh_sets.c - see kh_sets.h. */
#include "keyholder/kh_sets.h"

#include <string.h>

static void forget(struct kh_sets *s, unsigned i)
{
	s->forget(s->at[i].keys);
	s->n--;
	memmove(&s->at[i], &s->at[i + 1], (s->n - i) * sizeof s->at[0]);
}

void kh_sets_add(struct kh_sets *s, uint32_t generation, void *keys)
{
	if (s->n == KH_SETS_MAX) {
		forget(s, 0);
	}
	s->at[s->n++] = (struct kh_set){ .generation = generation, .keys = keys };
}

void *kh_sets_find(const struct kh_sets *s, uint32_t generation)
{
	for (unsigned i = 0; i < s->n; i++) {
		if (s->at[i].generation == generation) {
			return s->at[i].keys;
		}
	}
	return NULL;
}

void kh_sets_used(struct kh_sets *s, uint32_t oldest, uint64_t now_ms)
{
	for (unsigned i = 0; i + 1 < s->n; i++) {
		if (s->at[i].generation < oldest && !s->at[i].until_ms) {
			s->at[i].until_ms = now_ms + KH_SET_GRACE_MS;
		}
	}
}

uint64_t kh_sets_look(struct kh_sets *s, uint64_t now_ms)
{
	uint64_t first_ms = UINT64_MAX;

	for (unsigned i = s->n; i-- > 0;) {
		uint64_t until_ms = s->at[i].until_ms;

		if (!until_ms) {
			continue;
		}
		if (until_ms <= now_ms) {
			forget(s, i);
		} else if (until_ms < first_ms) {
			first_ms = until_ms;
		}
	}
	return first_ms == UINT64_MAX ? 0 : first_ms - now_ms;
}

void kh_sets_fini(struct kh_sets *s)
{
	while (s->n) {
		forget(s, s->n - 1);
	}
}
