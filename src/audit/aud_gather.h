/* aud_gather.h - decisions on their way to the audit: they gather, and the store gets them at the
 * end of a turn. Refusals above a budget become one summary for each SCS and second. For aud.c. */
#pragma once
#include "audit/aud.h"
#include "audit/aud_budget.h"
#include "base/obj.h"

struct aud_store;

#define AUD_GATHER_MAGIC 0x6b1de34au
struct aud_gather {
	struct obj obj;
	struct aud_store *store; /* NULL: there is no audit */
	struct st_counters *counters;
	struct aud_budget budget;
	size_t len, n; /* gathered: octets, lines */
	char *text;    /* AUD_GATHER_MAX octets; owned */
};

/* From now on there is an audit. Borrows `store` and `counters`. ERR_NOMEM. */
ERR_MUST_USE int aud_gather_to(struct aud_gather *g, struct aud_store *store, uint32_t refusals_per_second,
			       struct st_counters *counters);
/* A decision, and its line without newline. Without an audit: nothing. */
void aud_gather_line(struct aud_gather *g, const struct aud_decision *d, const char *line, size_t len);
/* A decision whose line a crash may have lost: it says that it is recovered. */
void aud_gather_recovered(struct aud_gather *g, const struct aud_decision *d);
void aud_gather_give(struct aud_gather *g); /* the store gets what has gathered */
/* The end of a turn: summaries of the seconds that are over, and aud_gather_give(). */
void aud_gather_turn(struct aud_gather *g);
