/* trg_names.h - a few names that many triggers share, each kept once: a million triggers that one
 * SMS-SC took hold one copy of its name. Names stay until the end, so their number is bounded.
 * PURE. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/map.h"
#include "base/sip.h"

#define TRG_NAMES_MAX 32 /* if `max` is 0: a peer that invents names cannot fill the memory */

#define TRG_NAMES_RECENT 8 /* a power of two */

struct trg_names {          /* starts zeroed */
	struct map map;     /* of the names */
	size_t n;           /* of them */
	size_t max;         /* names */
	struct sip_key key; /* the owner's random one: peers choose names */
	void *room;         /* for all of them, with trg_names_reserve(); else NULL */
	/* by the low bits of the length: the name that was kept last. Most triggers have the same
	 * few names, and these are found without a hash. */
	const struct map_node *recent[TRG_NAMES_RECENT];
};

#define TRG_NAME_LEN_MAX 255 /* of a name in a reserved room */
/* Allocates the memory for `max` names now, so that keeping one needs none: for names that decide
 * something. ERR_NOMEM. */
ERR_MUST_USE int trg_names_reserve(struct trg_names *names);

/* The kept copy of `name`, valid until trg_names_fini(). NULL: there are too many, it is too long,
 * or no memory. "" and NULL give NULL. */
const char *trg_names_keep(struct trg_names *names, const char *name);
/* It is kept. */
bool trg_names_has(const struct trg_names *names, const char *name);
void trg_names_fini(struct trg_names *names);
