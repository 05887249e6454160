/* pol_change.c - judges a copy of the case for each possible change and lists the changes that
 * alter the answer. */
#include "policy/pol_change.h"

#include <stdio.h>
#include <string.h>

#include "base/str.h"

#define LATEST_S 253402300799 /* end of the year 9999: later means never */

struct world { /* the facts that a change can alter */
	struct pol_scs scs;
	struct pol_load load;
	struct assoc_found found;
	uint64_t now_ms;
};

struct trying {
	struct pol_changes *out;
	const struct pol_case *c;
	struct world base, changed;
	bool answer; /* answer of the base case */
	uint8_t right;
};

static void judge_world(struct pol_verdict *out, const struct pol_request *request, const struct world *w)
{
	static const uint8_t nothing[1] = { 0 };
	struct pol_verdict screened = pol_verdict_of(POL_NONE);
	struct pol_request r = *request;
	struct pol_facts f = { .scs = &w->scs,
			       .found = &w->found,
			       .load = w->load,
			       .payload_ceiling = UINT32_MAX,
			       .validity_ceiling_s = UINT32_MAX,
			       .now_ms = w->now_ms };

	r.has_trigger_data = true; /* an empty trigger without validity passes all other checks */
	r.payload = (struct dia_bytes){ nothing, 0 };
	r.priority = TSP_NON_PRIORITY;
	pol_judge(out, &r, &screened, &f);
}

static bool yes(const struct trying *t, const struct world *w)
{
	struct pol_verdict v;

	judge_world(&v, &t->c->request, w);
	return v.status == TSP_STATUS_SUCCESS;
}

static struct world world_of(const struct pol_case *c)
{
	return (struct world){ .scs = c->scs, .load = c->load, .found = *c->found, .now_ms = c->now_ms };
}

void pol_case_judge(struct pol_verdict *out, const struct pol_case *c)
{
	struct world w = world_of(c);

	judge_world(out, &c->request, &w);
	out->rule = out->detected = NULL; /* rules of `w` */
}

/* Lists one change if the answer for `changed`, the base with that change, differs. */
static void try(struct trying *t, enum pol_change_kind kind, const struct assoc_rule *rule, int64_t at_s)
{
	if (yes(t, &t->changed) != t->answer) {
		if (t->out->n == POL_CHANGES_MAX) {
			t->out->more = true;
		} else {
			t->out->list[t->out->n++] = (struct pol_change){ kind, rule, at_s };
		}
	}
	t->changed = t->base;
}

static void take_out(struct assoc_found *f, uint8_t i)
{
	f->rules[i] = f->rules[--f->n]; /* the order is irrelevant */
}

static bool put_in(struct assoc_found *f, const struct assoc_rule *r)
{
	if (f->n == ASSOC_FOUND_MAX) {
		return false;
	}
	f->rules[f->n++] = *r;
	return true;
}

static bool same_who(const struct assoc_rule *a, const struct assoc_rule *b)
{
	return strcmp(a->who, b->who) == 0;
}

static bool same_device(const struct assoc_rule *a, const struct assoc_rule *b)
{
	return strcmp(a->device, b->device) == 0;
}

typedef bool same_fn(const struct assoc_rule *a, const struct assoc_rule *b);

/* True if no earlier rule is the same in this respect. */
static bool is_first(const struct assoc_found *f, uint8_t i, same_fn *same)
{
	for (uint8_t k = 0; k < i; k++) {
		if (same(&f->rules[k], &f->rules[i])) {
			return false;
		}
	}
	return true;
}

/* -- one rule changes */

static void try_rule(struct trying *t, uint8_t i)
{
	const struct assoc_rule *r = &t->c->found->rules[i];
	struct assoc_rule *changed = &t->changed.found.rules[i];

	take_out(&t->changed.found, i);
	try(t, POL_CHANGE_DELETE, r, 0);
	if (r->verdict != ASSOC_ALLOW) {
		changed->mode = r->mode == ASSOC_DETECT ? ASSOC_ENFORCE : ASSOC_DETECT;
		try(t, r->mode == ASSOC_DETECT ? POL_CHANGE_ENFORCE : POL_CHANGE_DETECT, r, 0);
	}
	if (r->verdict == ASSOC_ALLOW && !(r->rights & t->right)) {
		changed->rights |= t->right;
		try(t, POL_CHANGE_RIGHT, r, 0);
	}
}

/* -- time passes: judged at that time, with all rules in force then */

static void try_times(struct trying *t, uint8_t i)
{
	const struct assoc_rule *r = &t->c->found->rules[i];
	int64_t now_s = (int64_t)(t->base.now_ms / 1000);

	if (r->not_before_s > now_s && r->not_before_s < LATEST_S) {
		t->changed.now_ms = (uint64_t)r->not_before_s * 1000;
		try(t, POL_CHANGE_BEGIN, r, r->not_before_s);
	}
	if (r->not_after_s && r->not_after_s >= now_s && r->not_after_s < LATEST_S) {
		t->changed.now_ms = (uint64_t)(r->not_after_s + 1) * 1000;
		try(t, POL_CHANGE_END, r, r->not_after_s + 1);
	}
}

/* -- the SCS leaves a group, the device a set */

static void without(struct trying *t, const struct assoc_rule *like, same_fn *same)
{
	struct assoc_found *f = &t->changed.found;

	for (uint8_t i = 0; i < f->n;) {
		if (same(&f->rules[i], like)) {
			take_out(f, i);
		} else {
			i++;
		}
	}
}

static void try_leaving(struct trying *t, uint8_t i)
{
	const struct assoc_found *f = t->c->found;
	const struct assoc_rule *r = &f->rules[i];

	if (r->who_axis == ASSOC_WHO_GROUP && is_first(f, i, same_who)) {
		without(t, r, same_who);
		try(t, POL_CHANGE_LEAVE_GROUP, r, 0);
	}
	if (r->device_axis == ASSOC_DEVICE_SET && is_first(f, i, same_device)) {
		without(t, r, same_device);
		try(t, POL_CHANGE_LEAVE_SET, r, 0);
	}
}

/* -- the SCS joins a group, the device a set: all rules of it apply */

static void try_joining(struct trying *t, const struct assoc_found *near, same_fn *same, enum pol_change_kind kind)
{
	if (!near) {
		return;
	}
	t->out->more = t->out->more || near->overflow;
	for (uint8_t i = 0; i < near->n; i++) {
		bool fits = true;

		if (!is_first(near, i, same)) {
			continue;
		}
		for (uint8_t k = i; k < near->n; k++) {
			fits = fits && (!same(&near->rules[k], &near->rules[i]) || put_in(&t->changed.found, &near->rules[k]));
		}
		if (fits) {
			try(t, kind, &near->rules[i], 0);
		}
		t->changed = t->base;
		t->out->more = t->out->more || !fits;
	}
}

/* -- a rule of the SCS itself on the device itself: an allow for a no; a deny for a yes, which
 * leaves all other devices of a set or domain as they are */

static void try_adding(struct trying *t, struct assoc_rule *rule, const char *prefix, const char *name)
{
	struct assoc_found *f = &t->changed.found;
	uint8_t i = 0;

	*rule = (struct assoc_rule){ .verdict = t->answer ? ASSOC_DENY : ASSOC_ALLOW, .rights = t->right, .width = 1 };
	str_cut(rule->who, sizeof rule->who, t->c->scs.name);
	snprintf(rule->device, sizeof rule->device, "%s%s", prefix, name);
	while (i < f->n &&
	       (f->rules[i].verdict != rule->verdict || !same_who(&f->rules[i], rule) || !same_device(&f->rules[i], rule))) {
		i++;
	}
	if (i < f->n) {
		rule->rights |= f->rules[i].rights; /* adding the rule again would remove them */
		f->rules[i] = *rule;
	} else if (!put_in(f, rule)) {
		return;
	}
	try(t, POL_CHANGE_ADD, rule, 0);
}

/* Meets the needs of the checks ahead of the association. */
static void meet_needs(struct trying *t)
{
	if (!(t->base.scs.actions & t->right)) {
		t->out->needs_action = true;
		t->base.scs.actions |= t->right;
	}
	if (t->base.scs.quota_per_day && t->base.load.quota_used >= t->base.scs.quota_per_day) {
		t->out->needs_quota = true;
		t->base.load.quota_used = 0;
	}
}

void pol_changes_find(struct pol_changes *out, const struct pol_case *c)
{
	struct trying t = { .out = out, .c = c, .base = world_of(c), .right = pol_right_of(c->request.action) };

	*out = (struct pol_changes){ .n = 0, .more = c->found->overflow };
	if (c->found->overflow) {
		return;
	}
	t.answer = yes(&t, &t.base);
	if (!t.answer) {
		meet_needs(&t);
		out->needs_suffice = yes(&t, &t.base);
		if (out->needs_suffice) {
			return;
		}
	}
	t.changed = t.base;
	if (c->request.external[0]) {
		try_adding(&t, &out->added[0], "", c->request.external);
	}
	if (c->request.msisdn[0]) {
		try_adding(&t, &out->added[1], "msisdn:", c->request.msisdn);
	}
	for (uint8_t i = 0; i < c->found->n; i++) {
		try_rule(&t, i);
	}
	for (uint8_t i = 0; i < c->found->n; i++) {
		try_times(&t, i);
	}
	for (uint8_t i = 0; i < c->found->n; i++) {
		try_leaving(&t, i);
	}
	if (t.answer) {
		return;
	}
	try_joining(&t, c->near_groups, same_who, POL_CHANGE_JOIN_GROUP);
	try_joining(&t, c->near_sets, same_device, POL_CHANGE_JOIN_SET);
}
