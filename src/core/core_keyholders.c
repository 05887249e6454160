/* core_keyholders.c - what operators see of the processes with private keys. The core itself has no
 * business with them: the parent tells of their states and counters. */
#include "core/core_int.h"
#include "core/core_view.h"

void core_keyholder_set(struct core *c, uint32_t which, const struct core_keyholder *k)
{
	OBJ_CHECK(c, CORE_MAGIC);
	c->holders[which].told = *k;
}

void core_keyholder_count(struct core *c, uint32_t which, enum st_counter counter, uint64_t n)
{
	struct core_holder *h = &c->holders[which];

	OBJ_CHECK(c, CORE_MAGIC);
	st_count_n(&c->st, counter, n);
	if (counter == ST_KEYHOLDER_SIGNED) {
		h->signed_n += n;
	} else if (counter != ST_KEYHOLDER_LOST) {
		h->refused += n;
	}
}

void core_keyholder_each(const struct core *c, core_keyholder_fn *fn, void *arg)
{
	for (uint32_t i = 0; i < CORE_KEYHOLDERS_MAX; i++) {
		const struct core_holder *h = &c->holders[i];
		struct core_keyholder_view view = { .name = h->told.name,
						    .state = h->told.state,
						    .pid = h->told.pid,
						    .generation = h->told.generation,
						    .signed_n = h->signed_n,
						    .refused = h->refused };

		if (view.name) {
			fn(arg, &view);
		}
	}
}
