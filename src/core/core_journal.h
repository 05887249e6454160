/* core_journal.h - the journal in the core's loop. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "core/core.h"
#include "journal/jrn.h"

struct core_journal {
	struct jrn *jrn;
	struct net_watch *wake;
	struct jrn_counts counted; /* journal counts already added to the counters of the core */
	int state;                 /* state last logged: 0, ERR_NOSPC or ERR_IO */
	uint64_t since_ms;         /* when `state` last changed */
	bool passed;               /* numbers were passed after a restore: the next commit says so */
};

ERR_MUST_USE int core_journal_open(struct core *c, char why[CORE_WHY_MAX]);
/* calls outstanding completions first; a zeroed part is allowed */
void core_journal_close(struct core *c);
