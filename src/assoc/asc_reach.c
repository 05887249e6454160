/* asc_reach.c - how many rules match one device. A cheap upper bound comes first, because most SCSs
 * have far fewer rules. */
#include "assoc/asc_reach.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "assoc/asc_row.h"
#include "assoc/asc_why.h"
#include "base/str.h"

struct owners { /* the nodes whose rules apply to one SCS */
	const struct asc_node *node[2 + ASC_GROUPS_PER_SCS_MAX];
	uint32_t n;
};

struct bound { /* of one node: at most so many of its rules meet */
	bool known;
	uint32_t rules;
};

struct reaching {
	const struct asc_model *now;
	struct bound *bounds; /* by place in now->slots; owned */
};

static void owners_of(struct owners *w, const struct asc_model *m, const struct asc_node *node)
{
	w->node[0] = m->slots[0].node;
	w->n = 1;
	if (node != m->slots[0].node) {
		w->node[w->n++] = node;
	}
	for (uint8_t i = 0; node->kind == ASC_NODE_SCS && i < node->groups_n; i++) {
		const struct asc_node *group = asc_model_node(m, node->groups[i]);

		if (group) {
			w->node[w->n++] = group;
		}
	}
}

/* A node that did not change is the same one in both models. */
static bool changed(const struct owners *w, const struct asc_model *before)
{
	for (uint32_t i = 0; i < w->n; i++) {
		if (asc_model_node(before, w->node[i]->number) != w->node[i]) {
			return true;
		}
	}
	return false;
}

static int by_number(const void *x, const void *y)
{
	const uint64_t *a = x, *b = y;

	return (*a > *b) - (*a < *b);
}

static int by_text(const void *x, const void *y)
{
	return strcmp(*(const char *const *)x, *(const char *const *)y);
}

/* The most ranges that one number is in; ERR_NOMEM. */
static int most_ranges(const struct owners *w, struct asc_reach *out)
{
	uint32_t all = 0, n = 0, ended = 0;
	uint64_t *first, *last;

	for (uint32_t i = 0; i < w->n; i++) {
		all += w->node[i]->sets.ranges_n;
	}
	if (all == 0) {
		return 0;
	}
	first = malloc(2 * (size_t)all * sizeof *first);
	if (!first) {
		return ERR_NOMEM;
	}
	last = first + all;
	for (uint32_t i = 0; i < w->n; i++) {
		const struct asc_sets *s = &w->node[i]->sets;

		for (uint32_t k = 0; k < s->ranges_n; k++) {
			first[n] = s->all[s->ranges[k]].device.first;
			last[n++] = s->all[s->ranges[k]].device.last;
		}
	}
	qsort(first, n, sizeof *first, by_number);
	qsort(last, n, sizeof *last, by_number);
	for (uint32_t i = 0; i < n; i++) {
		while (last[ended] < first[i]) {
			ended++;
		}
		if (i + 1 - ended <= out->rules) {
			continue;
		}
		out->rules = i + 1 - ended;
		out->msisdn = first[i];
	}
	free(first);
	return 0;
}

/* The most rules on one domain or one named set. */
static int most_alike(const struct owners *w, struct asc_reach *out)
{
	uint32_t all = 0, n = 0, run = 0;
	const char **text;

	for (uint32_t i = 0; i < w->n; i++) {
		all += w->node[i]->sets.domains_n + w->node[i]->sets.named_n;
	}
	if (all == 0) {
		return 0;
	}
	text = malloc(all * sizeof *text);
	if (!text) {
		return ERR_NOMEM;
	}
	for (uint32_t i = 0; i < w->n; i++) {
		const struct asc_sets *s = &w->node[i]->sets;

		for (uint32_t k = 0; k < s->n; k++) {
			if (s->all[k].device.axis == ASSOC_DEVICE_DOMAIN || s->all[k].device.axis == ASSOC_DEVICE_SET) {
				text[n++] = s->all[k].device.text;
			}
		}
	}
	qsort(text, n, sizeof *text, by_text);
	for (uint32_t i = 0; i < n; i++) {
		run = i && strcmp(text[i], text[i - 1]) == 0 ? run + 1 : 1;
		if (run <= out->rules) {
			continue;
		}
		out->rules = run;
		out->msisdn = 0;
		str_set(out->device, sizeof out->device, text[i]);
	}
	free(text);
	return 0;
}

/* The most rules of these that meet on one device. */
static int most(const struct owners *w, struct asc_reach *out)
{
	uint32_t any = 0;
	int err;

	*out = (struct asc_reach){ .device = "*" };
	for (uint32_t i = 0; i < w->n; i++) {
		any += w->node[i]->sets.any_n;
	}
	err = most_ranges(w, out);
	if (!err) {
		err = most_alike(w, out);
	}
	out->rules += any;
	if (out->msisdn) {
		snprintf(out->device, sizeof out->device, "msisdn:%llu", (unsigned long long)out->msisdn);
	}
	return err;
}

static int bound_of(struct reaching *x, const struct asc_node *node, uint32_t *rules)
{
	struct bound *b = &x->bounds[asc_model_slot(x->now, node->number) - x->now->slots];
	const struct owners alone = { { node }, 1 };
	struct asc_reach r = { .rules = 0 };
	int err = 0;

	if (!b->known && node->sets.n > ASSOC_FOUND_MAX) {
		err = most(&alone, &r);
	}
	if (!b->known) {
		b->rules = node->sets.n > ASSOC_FOUND_MAX ? r.rules : node->sets.n;
	}
	b->known = true;
	*rules += b->rules;
	return err;
}

static int refuse(const struct asc_reach *r, const struct asc_node *node, struct asc_why *why)
{
	return asc_refuse(why, ERR_LIMIT, "%s%s: %u rules meet on %s, and a request is judged by at most %d: it is refused",
			  node->kind == ASC_NODE_SCS ? "SCS " : "", node->kind == ASC_NODE_ANYONE ? "every SCS" : node->who,
			  r->rules, r->device, ASSOC_FOUND_MAX);
}

/* One SCS or group, or "*". */
static int judge_one(struct reaching *x, const struct asc_model *before, const struct asc_node *node, struct asc_reach *out,
		     struct asc_why *why)
{
	const struct asc_node *was = asc_model_node(before, node->number);
	struct asc_reach old = { .rules = 0 };
	struct owners w;
	uint32_t bound = 0;
	int err = 0;

	owners_of(&w, x->now, node);
	if (!changed(&w, before)) {
		return 0;
	}
	for (uint32_t i = 0; i < w.n && !err; i++) {
		err = bound_of(x, w.node[i], &bound);
	}
	if (err || bound <= ASSOC_FOUND_MAX) {
		return err;
	}
	err = most(&w, out);
	if (err || out->rules <= ASSOC_FOUND_MAX) {
		return err;
	}
	if (was) { /* a file that makes it less may come in */
		owners_of(&w, before, was);
		err = most(&w, &old);
	}
	out->scs = node->number;
	return err ? err : out->rules > old.rules ? refuse(out, node, why) : 0;
}

int asc_reach_judge(const struct asc_model *before, const struct asc_model *now, struct asc_reach *out, struct asc_why *why)
{
	struct reaching x = { .now = now, .bounds = calloc(now->n, sizeof *x.bounds) };
	int err = x.bounds ? 0 : ERR_NOMEM;

	for (uint32_t i = 0; i < now->n && !err; i++) {
		const struct asc_node *node = now->slots[i].node;

		if (node->kind != ASC_NODE_SET) {
			err = judge_one(&x, before, node, out, why);
		}
	}
	free(x.bounds);
	return err;
}

void asc_reach_warn(const struct asc_model *before, const struct asc_model *now, struct asc_why *words)
{
	struct asc_reach r;

	if (asc_reach_judge(before, now, &r, words) == 0) {
		words->text[0] = 0;
	}
}

bool asc_reach_of(const struct asc_reach *r, const struct asc_model *m, uint32_t number, const struct asc_set_rule *rule)
{
	struct owners w;
	uint32_t i = 0;

	owners_of(&w, m, asc_model_node(m, r->scs));
	while (i < w.n && w.node[i]->number != number) {
		i++;
	}
	if (i == w.n) {
		return false;
	}
	if (rule->device.axis == ASSOC_DEVICE_RANGE && r->msisdn) {
		return rule->device.first <= r->msisdn && r->msisdn <= rule->device.last;
	}
	return rule->device.axis == ASSOC_DEVICE_ANY || strcmp(rule->device.text, r->device) == 0;
}
