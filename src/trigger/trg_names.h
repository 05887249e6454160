/* trg_names.h - a few names that many triggers share, each kept once: a million triggers that one SMS-SC took hold one copy of its
 * name. PURE. */
#pragma once
#include <stddef.h>

#define TRG_NAMES_MAX 32 /* a peer that says ever new names is not listened to for ever */

struct trg_names {
	char *name[TRG_NAMES_MAX];
	size_t n;
};

/* The kept copy of `name`, valid until trg_names_fini(); NULL when there are too many or no memory. "" and NULL give NULL. */
const char *trg_names_keep(struct trg_names *names, const char *name);
void trg_names_fini(struct trg_names *names);
