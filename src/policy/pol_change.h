/* pol_change.h - finds the single changes, and the moments, that would turn a no into a yes or a
 * yes into a no.
 * It judges again with every single change to the provisioning. For operators (`mtcctl assoc
 * check`). PURE. */
#pragma once
#include "policy/pol_judge.h"

/* the request to judge: SCS, action, device and time. Borrows its pointers */
struct pol_case {
	struct pol_request request; /* canonical; action, and one device name or both */
	struct pol_scs scs;
	struct pol_load load;
	uint64_t now_ms;
	const struct assoc_found *found; /* rules for both */
	/* rules that would apply if the SCS joined one group */
	const struct assoc_found *near_groups;
	/* rules that would apply if the device joined one named set */
	const struct assoc_found *near_sets;
};

enum pol_change_kind {
	POL_CHANGE_ADD,     /* `added` is added (or replaces the rule with its key) */
	POL_CHANGE_DELETE,  /* the rule is deleted */
	POL_CHANGE_DETECT,  /* the rule becomes detect-only */
	POL_CHANGE_ENFORCE, /* the rule becomes enforced */
	POL_CHANGE_RIGHT,   /* the rule gets the requested right */
	POL_CHANGE_BEGIN,   /* time: the rule begins at at_s */
	POL_CHANGE_END,     /* time: the rule ends at at_s */
	POL_CHANGE_JOIN_GROUP,
	POL_CHANGE_JOIN_SET,
	POL_CHANGE_LEAVE_GROUP, /* the group of the rule */
	POL_CHANGE_LEAVE_SET,
};

struct pol_change {
	enum pol_change_kind kind;
	const struct assoc_rule *rule; /* borrowed from the case; for ADD from `added` */
	int64_t at_s;                  /* valid for BEGIN and END */
};

#define POL_CHANGES_MAX 64
struct pol_changes {
	/* each changes the answer alone, given the needs below */
	struct pol_change list[POL_CHANGES_MAX];
	uint8_t n;
	bool more;          /* more changes than fit, or more rules than could be checked */
	bool needs_action;  /* also needed: the SCS may use this action */
	bool needs_quota;   /* also needed: quota, which is used up today */
	bool needs_suffice; /* the needs alone turn no into yes; `list` is empty then */
	/* rules tried, for the name and for the number: allow for a no, deny for a yes */
	struct assoc_rule added[2];
};

/* The verdict of pol_judge() for a request without other faults; names no rule. */
void pol_case_judge(struct pol_verdict *out, const struct pol_case *c);
/* Finds the changes. Lists nothing when more rules match than the judge accepts. */
void pol_changes_find(struct pol_changes *out, const struct pol_case *c);
