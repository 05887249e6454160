/* pol_change.h - what would change an answer: every single change to what was provisioned, and every moment, is tried by judging again, and
 * those that turn yes into no or no into yes are listed. For people who ask why (`mtcctl assoc check`). PURE. */
#pragma once
#include "policy/pol_judge.h"

struct pol_case { /* one question: may this SCS do that to this device, at this time? Borrows what it points to */
	struct pol_request request; /* canonical; action, and one device name or both */
	struct pol_scs scs;
	struct pol_load load;
	uint64_t now_ms;
	const struct assoc_found *found;       /* that speak about both */
	const struct assoc_found *near_groups; /* that would, were the SCS in one group more */
	const struct assoc_found *near_sets;   /* that would, were the device in one named set more */
};

enum pol_change_kind {
	POL_CHANGE_ADD,     /* `added` is added (or takes the place of the rule with its key) */
	POL_CHANGE_DELETE,  /* the rule goes */
	POL_CHANGE_DETECT,  /* it becomes detect-only */
	POL_CHANGE_ENFORCE, /* it becomes enforced */
	POL_CHANGE_RIGHT,   /* it gets the right that is asked for */
	POL_CHANGE_BEGIN,   /* time: the rule begins at at_s */
	POL_CHANGE_END,     /* time: from at_s on it is over */
	POL_CHANGE_JOIN_GROUP,
	POL_CHANGE_JOIN_SET,
	POL_CHANGE_LEAVE_GROUP, /* the one the rule speaks about */
	POL_CHANGE_LEAVE_SET,
};

struct pol_change {
	enum pol_change_kind kind;
	const struct assoc_rule *rule; /* borrowed from the case; of ADD: from `added` */
	int64_t at_s;                  /* of BEGIN and END */
};

#define POL_CHANGES_MAX 64
struct pol_changes {
	struct pol_change list[POL_CHANGES_MAX]; /* each alone changes the answer, together with what is needed besides */
	uint8_t n;
	bool more;                  /* there are more than fit, or more rules than could be looked at */
	bool needs_action;          /* besides: the SCS must be let ask for this action at all */
	bool needs_quota;           /* besides: its quota of the day is used up */
	bool needs_suffice;         /* these alone make yes of no; `list` is empty then */
	struct assoc_rule added[2]; /* the allow rules that were tried: of the name, of the number */
};

/* The verdict as pol_judge() gives it for a request that has no other fault. */
void pol_case_judge(struct pol_verdict *out, const struct pol_case *c);
/* What would change it. Nothing is listed when more rules match than the judge takes. */
void pol_changes_find(struct pol_changes *out, const struct pol_case *c);
