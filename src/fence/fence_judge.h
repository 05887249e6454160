/* fence_judge.h - whether the rules that the kernel has are those of the plan. PURE. */
#pragma once
#include "fence/fence_found.h"

enum fence_state {
	FENCE_UNREADABLE = 0, /* nobody can say; counts as: not there */
	FENCE_MISSING,        /* there is no such table */
	FENCE_CHANGED,        /* the table is there, and not as it has to be */
	FENCE_STANDS,
};

struct fence_verdict {
	enum fence_state state;
	bool again;              /* they stood, and the last check could not see: check again soon */
	char why[FENCE_WHY_MAX]; /* names the rule; "" when they stand */
};

/* "stands", "missing", "changed", "unreadable". */
const char *fence_state_word(enum fence_state state);

void fence_judge(struct fence_verdict *out, const struct fence_rules *wanted, const struct fence_found *found);
