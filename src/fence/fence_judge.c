/* fence_judge.c - what the kernel has beside what is wanted. The order within a chain counts: the
 * first rule that holds decides. */
#include "fence/fence_judge.h"

#include <string.h>

#include "base/str.h"

const char *fence_state_word(enum fence_state state)
{
	static const char *const words[] = { [FENCE_UNREADABLE] = "unreadable",
					     [FENCE_MISSING] = "missing",
					     [FENCE_CHANGED] = "changed",
					     [FENCE_STANDS] = "stands" };

	return (unsigned)state <= FENCE_STANDS ? words[state] : words[FENCE_UNREADABLE];
}

/* The rules of one chain. */
struct rules {
	const struct fence_rule *rule;
	size_t n;
};

/* Rules of different chains may come in any order; those of one chain stand together. */
static struct rules of_chain(const struct fence_rule *all, size_t n, enum fence_chain chain)
{
	struct rules r = { all, 0 };

	while (n && all->chain != chain) {
		all++;
		n--;
	}
	r.rule = all;
	while (r.n < n && all[r.n].chain == chain) {
		r.n++;
	}
	return r;
}

static const char *shown(char out[FENCE_WHY_MAX], const struct fence_rule *r)
{
	char text[FENCE_RULE_TEXT_MAX];

	fence_rule_text(text, r);
	snprintf(out, FENCE_WHY_MAX, "'%s' (%s)", text, r->comment);
	return out;
}

static bool has(struct rules in, size_t from, const struct fence_rule *r)
{
	for (size_t i = from; i < in.n; i++) {
		if (fence_rule_equal(&in.rule[i], r)) {
			return true;
		}
	}
	return false;
}

/* The first difference, in words: a rule that is not ours, or one of ours that is not there. */
static void differ(char why[FENCE_WHY_MAX], const char *chain, struct rules want, struct rules got, size_t at)
{
	char rule[FENCE_WHY_MAX];
	bool more = at == want.n, lost = !more && !has(got, at, &want.rule[at]);

	if (lost) {
		snprintf(why, FENCE_WHY_MAX, "in chain %s the rule %.400s is missing", chain, shown(rule, &want.rule[at]));
	} else if (got.rule[at].foreign[0]) {
		snprintf(why, FENCE_WHY_MAX, "in chain %s rule %zu is none of ours: it has '%s'", chain, at + 1,
			 got.rule[at].foreign);
	} else if (more) {
		snprintf(why, FENCE_WHY_MAX, "in chain %s rule %zu is none of ours: there are more than %zu", chain, at + 1,
			 want.n);
	} else {
		snprintf(why, FENCE_WHY_MAX, "in chain %s another rule stands before %.400s", chain, shown(rule, &want.rule[at]));
	}
}

static bool chain_is_right(char why[FENCE_WHY_MAX], const struct fence_found_chain *c, enum fence_chain chain)
{
	const char *name = fence_chain_name(chain);

	if (!c->exists) {
		snprintf(why, FENCE_WHY_MAX, "chain %s is missing", name);
	} else if (!c->at_hook || c->hook != fence_chain_hook(chain) || strcmp(c->type, "filter") != 0) {
		snprintf(why, FENCE_WHY_MAX, "chain %s does not filter at the hook %s", name, name);
	} else if (c->priority != FENCE_PRIORITY) {
		snprintf(why, FENCE_WHY_MAX, "chain %s has priority %d, expected %d", name, (int)c->priority, FENCE_PRIORITY);
	} else if (c->drops) {
		snprintf(why, FENCE_WHY_MAX, "chain %s drops what no rule names, expected policy accept", name);
	} else {
		return true;
	}
	return false;
}

static bool rules_are_right(char why[FENCE_WHY_MAX], struct rules want, struct rules got, enum fence_chain chain)
{
	for (size_t i = 0; i < want.n || i < got.n; i++) {
		if (i >= want.n || i >= got.n || !fence_rule_equal(&want.rule[i], &got.rule[i])) {
			differ(why, fence_chain_name(chain), want, got, i);
			return false;
		}
	}
	return true;
}

static bool is_right(char why[FENCE_WHY_MAX], const struct fence_rules *wanted, const struct fence_found *found)
{
	if (found->dormant) {
		snprintf(why, FENCE_WHY_MAX, "table inet " FENCE_TABLE " is dormant: none of its rules is applied");
		return false;
	}
	for (unsigned i = 0; i < FENCE_CHAINS; i++) {
		enum fence_chain chain = (enum fence_chain)i;

		if (!chain_is_right(why, &found->chain[i], chain) ||
		    !rules_are_right(why, of_chain(wanted->rule, wanted->n, chain), of_chain(found->rule, found->n, chain),
				     chain)) {
			return false;
		}
	}
	if (found->more) {
		snprintf(why, FENCE_WHY_MAX, "table inet " FENCE_TABLE " has more rules than ours");
		return false;
	}
	return true;
}

void fence_judge(struct fence_verdict *out, const struct fence_rules *wanted, const struct fence_found *found)
{
	out->why[0] = 0;
	if (!found->table) {
		out->state = FENCE_MISSING;
		str_cut(out->why, sizeof out->why, "table inet " FENCE_TABLE " does not exist");
		return;
	}
	out->state = is_right(out->why, wanted, found) ? FENCE_STANDS : FENCE_CHANGED;
}
