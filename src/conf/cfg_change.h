/* cfg_change.h - what becomes of each configuration item of mtc-iwfd when its value changes while
 * the daemon runs: one row an item. The manual, 'mtcctl reload' and the merge (cfg_merge.h) are
 * made from these rows only. */
#pragma once
#include <stddef.h>

enum cfg_change {
	CFG_AT_START, /* it waits for the next start of mtc-iwfd */
	CFG_NOW,      /* the running processes take it */
	CFG_MOVES,    /* a listener or peer with another value is another one: the one before is left */
	CFG_ANEW,     /* the processes that have it are restarted; no session of an SCS ends */
};

/* Who takes it; bits. */
#define CFG_BY_PARENT 1u
#define CFG_BY_EDGES 2u
#define CFG_BY_CORE 4u
#define CFG_BY_KEYHOLDER 8u
#define CFG_BY_FETCHER 16u
#define CFG_BY_NDSIP 32u

struct cfg_change_row {
	const char *item; /* full name, "listen[].port" */
	enum cfg_change when;
	unsigned by;
};

/* The row of an item. NULL: there is none, and the item waits for the next start. Static. */
const struct cfg_change_row *cfg_change_of(const char *item);
/* All rows, for the test that compares them with the schema. */
const struct cfg_change_row *cfg_change_rows(size_t *n);
/* When a change takes effect, in words for the manual: "at once", "at once (the core is started
 * anew)", "at the next start". Static. */
const char *cfg_change_words(const char *item);
