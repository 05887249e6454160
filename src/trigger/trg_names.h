/* trg_names.h - a few names that many triggers share, each kept once: a million triggers that one SMS-SC took hold one copy of its
 * name. They stay until the end, so what is kept is bounded. PURE. */
#pragma once
#include <stddef.h>

#include "base/sip.h"

#define TRG_NAMES_MAX 32 /* when `max` is 0: a peer that says ever new names is not listened to for ever */

struct trg_names { /* starts zeroed */
	char **slots;
	size_t n, cap; /* slots are at most half full */
	size_t max;    /* names */
	struct sip_key key; /* the owner's random one: peers choose names */
};

/* The kept copy of `name`, valid until trg_names_fini(); NULL when there are too many or no memory. "" and NULL give NULL. */
const char *trg_names_keep(struct trg_names *names, const char *name);
void trg_names_fini(struct trg_names *names);
