/* asc_switch_rules.c - the switch of an import: its rules on sets of devices in the transaction. */
#include "assoc/asc_switch_int.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "assoc/asc_check.h"
#include "assoc/asc_find.h"
#include "assoc/asc_store.h"
#include "assoc/asc_why.h"

static bool same_rule(const struct asc_set_rule *a, const struct asc_set_rule *b)
{
	return a->rights == b->rights && a->mode == b->mode && a->not_before_s == b->not_before_s &&
	       a->not_after_s == b->not_after_s;
}

static const struct asc_rule_row *in_rows(const struct asc_rule_row *rows, uint32_t n, const struct asc_set_rule *rule)
{
	uint32_t low = 0, high = n;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		int c = asc_set_rule_order(&rows[middle].rule, rule);

		if (c == 0) {
			return &rows[middle];
		}
		if (c < 0) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	return NULL;
}

/* The rule of the row; values that the file does not give keep the stored value. */
static void keep_values(struct asc_switching *s, const struct asc_rule_row *row, const struct asc_set_rule *old,
			struct asc_set_rule *out)
{
	struct asc_rule_values was = { old->rights, old->mode, old->not_before_s, old->not_after_s };
	struct asc_rule_values v = { row->rule.rights, row->rule.mode, row->rule.not_before_s, row->rule.not_after_s };
	struct asc_why words;

	*out = row->rule;
	s->err = asc_rule_keep(&v, &was, row->keep, &words);
	if (s->err) {
		asc_refuse(s->why, s->err, "line %llu: %.300s", (unsigned long long)row->line, words.text);
	}
	out->rights = v.rights;
	out->mode = v.mode;
	out->not_before_s = v.not_before_s;
	out->not_after_s = v.not_after_s;
}

/* As in asc_merge.c, for a rule on a set of devices. */
static bool allowed_beside(const struct asc_rule_row *rows, uint32_t n, const struct asc_set_rule *old)
{
	for (uint32_t i = 0; old->verdict == ASSOC_DENY && i < n; i++) {
		if ((rows[i].keep & ASC_KEEP_EFFECT) && rows[i].rule.verdict == ASSOC_ALLOW &&
		    strcmp(rows[i].rule.device.text, old->device.text) == 0) {
			return true;
		}
	}
	return false;
}

/* Keeps, replaces or deletes each present rule of one SCS, group or "*". */
static int old_rules(struct asc_switching *s, const struct asc_node *node, const struct asc_rule_row *rows, uint32_t n,
		     struct asc_set_rule *all, uint32_t *kept)
{
	int rc = 0;

	for (uint32_t i = 0; i < node->sets.n && !rc; i++) {
		const struct asc_set_rule *old = &node->sets.all[i];
		const struct asc_rule_row *row = in_rows(rows, n, old);
		struct asc_set_rule fresh = *old;
		bool ours = asc_kind_has(s->im->conf.kind, old->verdict) && (row || s->im->conf.replace) &&
			    !asc_manual_has(&s->touched, ASC_TOUCHED_RULE, node->number, old->verdict, old->device.text, "");

		if (ours && !row) {
			struct assoc_rule rule;

			rc = asc_edit_set_row(&s->e, node->number, old, false);
			asc_rule_of_set(&rule, node, old);
			asc_import_gone_rule(s->im, &rule);
			continue;
		}
		all[*kept] = *old;
		s->im->beside += allowed_beside(rows, n, old);
		if (ours) {
			keep_values(s, row, old, &fresh);
		}
		if (s->err) {
			return 0;
		}
		if (ours && same_rule(old, &fresh)) {
			s->im->unchanged++;
		} else if (ours) {
			all[*kept] = fresh;
			rc = asc_edit_set_row(&s->e, node->number, &fresh, true);
			s->im->replaced++;
		}
		(*kept)++;
	}
	return rc;
}

static int new_rules(struct asc_switching *s, const struct asc_node *node, const struct asc_rule_row *rows, uint32_t n,
		     struct asc_set_rule *all, uint32_t *kept)
{
	int rc = 0;

	for (uint32_t i = 0; i < n && !rc; i++) {
		const struct asc_set_rule *rule = &rows[i].rule;

		if (asc_sets_find(&node->sets, rule->verdict, rule->device.text) ||
		    asc_manual_has(&s->touched, ASC_TOUCHED_RULE, node->number, rule->verdict, rule->device.text, "") ||
		    (rule->device.axis == ASSOC_DEVICE_SET && !asc_model_slot(s->e.model, (uint32_t)rule->device.first))) {
			continue;
		}
		if (*kept == ASC_SET_RULES_MAX) {
			s->err = asc_refuse(s->why, ERR_LIMIT,
					    "line %llu: %s has as many rules on sets of devices as it can have (%u)",
					    (unsigned long long)rows[i].line, node->who, ASC_SET_RULES_MAX);
			return 0;
		}
		all[(*kept)++] = *rule;
		rc = asc_edit_set_row(&s->e, node->number, rule, true);
		s->im->added++;
	}
	return rc;
}

static int rules_of_one(struct asc_switching *s, const struct asc_node *node, const struct asc_rule_row *rows, uint32_t n)
{
	struct asc_set_rule *all;
	uint32_t kept = 0;
	int rc;

	if (n == 0 && (node->sets.n == 0 || !s->im->conf.replace)) {
		return 0;
	}
	all = malloc(((size_t)node->sets.n + n + 1) * sizeof *all);
	if (!all) {
		return ENOMEM;
	}
	rc = old_rules(s, node, rows, n, all, &kept);
	if (!rc) {
		rc = new_rules(s, node, rows, n, all, &kept);
	}
	if (rc || s->err) {
		free(all);
		return rc;
	}
	return asc_edit_sets(&s->e, node->number, all, kept);
}

/* Rows are sorted by number, as slots are. */
int asc_switch_rules(struct asc_switching *s)
{
	const struct asc_model *now = s->e.a->model;
	const struct asc_rule_row *rows = s->im->rules.p;
	uint32_t at = 0, n;
	int rc = 0;

	for (uint32_t i = 0; i < now->n && !rc && !s->err; i++) {
		const struct asc_node *node = now->slots[i].node;

		/* of a deleted SCS or group */
		while (at < s->im->rules.n && rows[at].number < node->number) {
			at++;
		}
		n = at;
		while (n < s->im->rules.n && rows[n].number == node->number) {
			n++;
		}
		if (node->kind != ASC_NODE_SET) {
			rc = rules_of_one(s, node, rows ? rows + at : NULL, n - at);
		}
		at = n;
	}
	return rc;
}
