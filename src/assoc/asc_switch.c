/* asc_switch.c - the last step of an import, on the store's thread. Manual changes made since the
 * import began are made again on the new generation, which is then complete on disk. One
 * transaction of the main environment writes everything else of the import and names the new
 * generation: until its commit the store is as before. Keys changed manually since the import began
 * keep their manual value. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "assoc/asc_check.h"
#include "assoc/asc_edit.h"
#include "assoc/asc_find.h"
#include "assoc/asc_import_int.h"
#include "assoc/asc_kept.h"
#include "assoc/asc_reach.h"
#include "assoc/asc_store.h"
#include "assoc/asc_why.h"
#include "base/fault.h"
#include "base/shown.h"
#include "base/str.h"

/* -- the kinds. Each function returns a code of LMDB or errno, or puts our error into s->err, with words */

struct switching {
	struct asc_import *im;
	struct asc_edit e;
	struct asc_touched touched;
	int err;
	struct asc_why *why;
};

typedef int delete_fn(struct asc_edit *e, uint32_t number, uint64_t *rules);

/* Deletes an SCS, a group or a set, and the rules that name it. */
static int delete_node(struct switching *s, delete_fn *fn, uint32_t number, const char *what, const char *name)
{
	char with[SHOWN_COUNT_MAX];
	uint64_t rules = 0;
	int rc = fn(&s->e, number, &rules);

	s->im->along += rules;
	if (rules) {
		asc_import_gone(s->im, "%s %s, with %s", what, name, shown_count(with, rules, "rule"));
	} else {
		asc_import_gone(s->im, "%s %s", what, name);
	}
	return rc;
}

static bool same_scs(const struct asc_scs *a, const struct asc_scs *b)
{
	uint8_t x[ASC_SCS_RECORD_MAX], y[ASC_SCS_RECORD_MAX];
	struct buf bx = buf_over(x, sizeof x), by = buf_over(y, sizeof y);

	asc_scs_record_put(&bx, a, 1);
	asc_scs_record_put(&by, b, 1);
	return bx.len == by.len && memcmp(x, y, bx.len) == 0;
}

static void note_peer(struct asc_import *im, const char *name, bool removed)
{
	struct asc_import_peer *p = &im->peers[im->peers_n++];

	p->removed = removed;
	str_set(p->name, sizeof p->name, name);
}

static int put_scs(struct switching *s, struct asc_scs_row *row)
{
	struct asc_scs *scs = &row->scs;
	const struct asc_node *there = asc_model_scs(s->e.a->model, scs->name);
	struct asc_why words;

	if (asc_manual_has(&s->touched, ASC_TOUCHED_SCS, 0, 0, scs->name, "")) {
		return 0;
	}
	if (there && row->keep) {
		asc_scs_keep(scs, &there->scs, row->keep);
		s->err = asc_scs_check(scs, &words);
		if (s->err) {
			asc_refuse(s->why, s->err, "line %llu: %.300s (with what the file leaves as it is stored)",
				   (unsigned long long)row->line, words.text);
			return 0;
		}
	}
	if (there && same_scs(&there->scs, scs)) {
		s->im->unchanged++;
		return 0;
	}
	if (!there) {
		s->im->added++;
	} else {
		s->im->replaced++;
	}
	if (there && !asc_scs_same_peer(&there->scs, scs)) {
		note_peer(s->im, scs->name, false);
	}
	return asc_edit_scs(&s->e, scs, there ? there->number : s->e.a->next_number++);
}

static int scs_row_order(const void *x, const void *y)
{
	return strcmp(((const struct asc_scs_row *)x)->scs.name, ((const struct asc_scs_row *)y)->scs.name);
}

static bool in_scs_rows(const struct asc_import *im, const char *name)
{
	struct asc_scs_row wanted;

	str_set(wanted.scs.name, sizeof wanted.scs.name, name);
	return im->scss.n && bsearch(&wanted, im->scss.p, im->scss.n, sizeof wanted, scs_row_order);
}

static int check_scss_now(struct switching *s)
{
	struct asc_import_error e = { .line = 0 };

	s->err = asc_import_check_scss(s->im, s->e.a->model, &e);
	if (s->err) {
		asc_refuse(s->why, s->err, "line %llu: %.300s", (unsigned long long)e.line,
			   e.why.text[0] ? e.why.text : err_str(s->err));
	}
	return 0;
}

/* No two SCSs of the edited model share a host or number, those changed manually included. */
static int check_scss_after(struct switching *s)
{
	const struct asc_model *m = s->e.model;

	if (asc_model_index(s->e.model)) {
		return ENOMEM;
	}
	for (uint32_t i = 1; i < m->index->scs_n && !s->err; i++) {
		const struct asc_scs *a = &m->index->by_host[i - 1]->scs, *b = &m->index->by_host[i]->scs;
		const struct asc_scs *c = &m->index->by_e164[i - 1]->scs, *d = &m->index->by_e164[i]->scs;

		if (strcmp(a->origin_host, b->origin_host) == 0) {
			s->err =
			    asc_refuse(s->why, ERR_EXISTS, "SCSs '%s' and '%s' would have one origin-host", a->name, b->name);
		} else if (strcmp(c->e164, d->e164) == 0) {
			s->err = asc_refuse(s->why, ERR_EXISTS, "SCSs '%s' and '%s' would have one e164", c->name, d->name);
		}
	}
	return 0;
}

static int switch_scss(struct switching *s)
{
	const struct asc_index *now = s->e.a->model->index;
	struct asc_scs_row *rows = s->im->scss.p;
	int rc = 0;

	s->im->peers = calloc((size_t)now->scs_n + s->im->scss.n + 1, sizeof *s->im->peers);
	if (!s->im->peers) {
		return ENOMEM;
	}
	if (s->im->scss.n) {
		qsort(rows, s->im->scss.n, sizeof *rows, scs_row_order);
	}
	for (uint32_t i = 0; i < now->scs_n && !rc && s->im->conf.replace; i++) {
		const char *name = now->scs[i]->who;

		if (in_scs_rows(s->im, name) || asc_manual_has(&s->touched, ASC_TOUCHED_SCS, 0, 0, name, "")) {
			continue;
		}
		rc = delete_node(s, asc_edit_scs_del, now->scs[i]->number, "SCS", name);
		note_peer(s->im, name, true);
	}
	for (uint32_t i = 0; i < s->im->scss.n && !rc && !s->err; i++) {
		rc = put_scs(s, &rows[i]);
	}
	if (s->err) {
		return rc;
	}
	if (!rc && s->touched.n == 0) {
		rc = check_scss_now(s);
	}
	return rc ? rc : check_scss_after(s);
}

static int put_group(struct switching *s, const struct asc_group_row *row)
{
	const struct asc_group *group = &row->group;
	const struct asc_node *there = asc_model_group(s->e.a->model, group->name);

	if (there && row->keep_anchor) {
		group = &there->group;
	}
	if (asc_manual_has(&s->touched, ASC_TOUCHED_GROUP, 0, 0, group->name, "")) {
		return 0;
	}
	if (there && strcmp(there->group.anchor, group->anchor) == 0) {
		s->im->unchanged++;
		return 0;
	}
	if (!there) {
		s->im->added++;
	} else {
		s->im->replaced++;
	}
	return asc_edit_group(&s->e, group, there ? there->number : s->e.a->next_number++);
}

static int put_member(struct switching *s, const struct asc_member_row *row)
{
	const struct asc_node *scs, *group = asc_model_group(s->e.model, row->group);

	if (asc_manual_has(&s->touched, ASC_TOUCHED_MEMBER, 0, 0, row->group, row->scs)) {
		return 0;
	}
	scs = asc_model_scs(s->e.model, row->scs);
	if (!scs || !group) { /* deleted manually since the import began */
		return 0;
	}
	scs = asc_model_node(s->e.model, scs->number); /* the index still has the node as it was before the last membership */
	if (asc_node_in_group(scs, group->number)) {
		s->im->unchanged++;
		return 0;
	}
	if (scs->groups_n == ASC_GROUPS_PER_SCS_MAX) {
		s->err = asc_refuse(s->why, ERR_LIMIT, "line %llu: SCS '%s' is in as many groups as it may be",
				    (unsigned long long)row->line, row->scs);
		return 0;
	}
	s->im->added++;
	return asc_edit_member(&s->e, group->number, scs->number, true);
}

static int member_row_order(const void *x, const void *y)
{
	const struct asc_member_row *a = x, *b = y;
	int c = strcmp(a->scs, b->scs);

	return c ? c : strcmp(a->group, b->group);
}

static bool in_member_rows(const struct asc_import *im, const char *group, const char *scs)
{
	struct asc_member_row wanted;

	str_set(wanted.group, sizeof wanted.group, group);
	str_set(wanted.scs, sizeof wanted.scs, scs);
	return im->members.n && bsearch(&wanted, im->members.p, im->members.n, sizeof wanted, member_row_order);
}

static bool in_group_rows(const struct asc_import *im, const char *name)
{
	const struct asc_group_row *rows = im->groups.p;

	for (uint32_t i = 0; i < im->groups.n; i++) {
		if (strcmp(rows[i].group.name, name) == 0) {
			return true;
		}
	}
	return false;
}

/* Deletes groups that are not in the file, and memberships that are not in it. */
static int drop_groups(struct switching *s)
{
	const struct asc_model *now = s->e.a->model;
	int rc = 0;

	for (uint32_t i = 0; i < now->index->groups_n && !rc; i++) {
		const struct asc_node *g = now->index->groups[i];

		if (in_group_rows(s->im, g->group.name) ||
		    asc_manual_has(&s->touched, ASC_TOUCHED_GROUP, 0, 0, g->group.name, "")) {
			continue;
		}
		rc = delete_node(s, asc_edit_group_del, g->number, "group", g->group.name);
	}
	for (uint32_t i = 0; i < now->index->scs_n && !rc; i++) {
		const struct asc_node *scs = now->index->scs[i];

		for (uint8_t k = 0; k < scs->groups_n && !rc; k++) {
			const struct asc_node *g = asc_model_node(now, scs->groups[k]);

			if (in_member_rows(s->im, g->group.name, scs->who) ||
			    asc_manual_has(&s->touched, ASC_TOUCHED_MEMBER, 0, 0, g->group.name, scs->who)) {
				continue;
			}
			if (asc_model_node(s->e.model, g->number)) { /* else it went with its group */
				rc = asc_edit_member(&s->e, g->number, scs->number, false);
			}
			asc_import_gone(s->im, "%s of group %s", scs->who, g->group.name);
		}
	}
	return rc;
}

static int switch_groups(struct switching *s)
{
	const struct asc_group_row *g = s->im->groups.p;
	const struct asc_member_row *m = s->im->members.p;
	int rc = s->im->conf.replace ? drop_groups(s) : 0;

	for (uint32_t i = 0; i < s->im->groups.n && !rc; i++) {
		rc = put_group(s, &g[i]);
	}
	if (!rc && asc_model_index(s->e.model)) {
		rc = ENOMEM;
	}
	if (!rc && s->e.model->index->groups_n > ASC_GROUPS_MAX) {
		s->err = asc_refuse(s->why, ERR_LIMIT, "there would be more groups than there may be (%u)", ASC_GROUPS_MAX);
	}
	for (uint32_t i = 0; i < s->im->members.n && !rc && !s->err; i++) {
		rc = put_member(s, &m[i]);
	}
	return rc;
}

static int switch_sets(struct switching *s)
{
	const struct asc_index *now = s->e.a->model->index;
	const struct asc_dset_row *rows = s->im->dsets.p;
	int rc = 0;

	for (uint32_t i = 0; i < now->dsets_n && !rc && s->im->conf.replace; i++) {
		const char *name = now->dsets[i]->dset.name;

		if (asc_import_dset(s->im, name) || asc_manual_has(&s->touched, ASC_TOUCHED_SET, 0, 0, name, "")) {
			continue;
		}
		rc = delete_node(s, asc_edit_dset_del, now->dsets[i]->number, "set", name);
	}
	for (uint32_t i = 0; i < s->im->dsets.n && !rc; i++) {
		if (!rows[i].fresh) {
			continue;
		}
		if (asc_model_set(s->e.a->model, rows[i].name)) {
			s->err = asc_refuse(s->why, ERR_EXISTS, "device set '%s' was added during the import: import again",
					    rows[i].name);
			return 0;
		}
		rc = asc_edit_dset(&s->e, rows[i].name, rows[i].number);
		s->im->added++;
	}
	if (!rc && asc_model_index(s->e.model)) {
		rc = ENOMEM;
	}
	if (!rc && s->e.model->index->dsets_n > ASC_DSETS_MAX) {
		s->err = asc_refuse(s->why, ERR_LIMIT, "there would be more device sets than there may be (%u)", ASC_DSETS_MAX);
	}
	return rc;
}

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
static void keep_values(struct switching *s, const struct asc_rule_row *row, const struct asc_set_rule *old,
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
static int old_rules(struct switching *s, const struct asc_node *node, const struct asc_rule_row *rows, uint32_t n,
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

static int new_rules(struct switching *s, const struct asc_node *node, const struct asc_rule_row *rows, uint32_t n,
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

static int rules_of_one(struct switching *s, const struct asc_node *node, const struct asc_rule_row *rows, uint32_t n)
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
static int switch_rules(struct switching *s)
{
	const struct asc_model *now = s->e.a->model;
	const struct asc_rule_row *rows = s->im->rules.p;
	uint32_t at = 0, n;
	int rc = 0;

	for (uint32_t i = 0; i < now->n && !rc && !s->err; i++) {
		const struct asc_node *node = now->slots[i].node;

		while (at < s->im->rules.n && rows[at].number < node->number) { /* of a deleted SCS or group */
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

/* The last line that makes too many rules meet; 0: none that can be named. */
static uint64_t line_of(const struct switching *s, const struct asc_reach *r)
{
	const struct asc_rule_row *rules = s->im->rules.p;
	const struct asc_member_row *members = s->im->members.p;
	const struct asc_node *who = asc_model_node(s->e.model, r->scs);
	uint64_t line = 0;

	for (uint32_t i = 0; i < s->im->rules.n; i++) {
		if (rules[i].line > line && asc_reach_of(r, s->e.model, rules[i].number, &rules[i].rule)) {
			line = rules[i].line;
		}
	}
	for (uint32_t i = 0; i < s->im->members.n; i++) {
		if (members[i].line > line && strcmp(members[i].scs, who->who) == 0) {
			line = members[i].line;
		}
	}
	return line;
}

/* More rules than a look-up finds must not meet on one device, or it is refused from now on and nobody knows why. */
static void judge_reach(struct switching *s)
{
	struct asc_reach r;
	struct asc_why why = { "" };
	uint64_t line;

	s->err = asc_reach_judge(s->e.a->model, s->e.model, &r, &why);
	line = s->err == ERR_LIMIT ? line_of(s, &r) : 0;
	if (line) {
		asc_refuse(s->why, s->err, "line %llu: %.340s", (unsigned long long)line, why.text);
	} else if (s->err) {
		asc_refuse(s->why, s->err, "%s", why.text[0] ? why.text : err_str(s->err));
	}
}

static int switch_kind(struct switching *s)
{
	switch (s->im->conf.kind) {
	case ASC_KIND_SCS:
		return switch_scss(s);
	case ASC_KIND_GROUP:
		return switch_groups(s);
	case ASC_KIND_SET:
		return switch_sets(s);
	default:
		return switch_rules(s);
	}
}

static uint64_t rules_there(const struct asc_model *m)
{
	uint64_t n = 0;

	for (uint32_t i = 0; i < m->n; i++) {
		n += m->slots[i].node->sets.n + (m->slots[i].node->kind == ASC_NODE_SET ? 0 : m->slots[i].exact_n);
	}
	return n;
}

static int refused(const struct asc_import *im, struct asc_why *why)
{
	if (atomic_load(&((struct asc_import *)(uintptr_t)im)->cancelled)) {
		return asc_refuse(why, ERR_CLOSED, "cancelled");
	}
	if (im->manual.too_many) {
		return asc_refuse(why, ERR_BUSY, "more than %u other changes during the import: import again", ASC_MANUAL_MAX);
	}
	return 0;
}

/* Number of stored rows of the import's kind before the import. */
static uint64_t there_of(const struct asc_import *im, const struct asc_model *m)
{
	uint64_t n = 0;

	if (im->conf.replace) {
		return asc_import_there(im);
	}
	if (im->conf.kind == ASC_KIND_ASSOC || im->conf.kind == ASC_KIND_BLOCK) {
		return rules_there(m); /* those of both kinds: they are not counted apart */
	}
	for (uint32_t i = 0; i < m->n; i++) {
		const struct asc_node *node = m->slots[i].node;

		if (im->conf.kind == ASC_KIND_SCS) {
			n += node->kind == ASC_NODE_SCS;
		} else if (im->conf.kind == ASC_KIND_SET) {
			n += node->kind == ASC_NODE_SET ? 1 + m->slots[i].exact_n : 0;
		} else {
			n += node->kind == ASC_NODE_GROUP ? 1 : node->kind == ASC_NODE_SCS ? node->groups_n : 0;
		}
	}
	return n;
}

/* The state before is kept, if this import changes something. */
static int keep_before(struct switching *s, struct asc_keeping *k)
{
	struct asc_import *im = s->im;
	const struct asc *a = s->e.a;
	struct asc_kept info = { .at_ms = im->conf.at_ms,
				 .kind = im->conf.kind,
				 .replace = im->conf.replace,
				 .rows = im->rows,
				 .added = im->added,
				 .replaced = im->replaced,
				 .deleted = im->deleted,
				 .along = im->along,
				 .there = there_of(im, a->model),
				 .generation = a->main_changes + a->gen_changes + 1 };

	if (im->added + im->replaced + im->deleted == 0) {
		return 0;
	}
	memcpy(info.name, im->conf.name, sizeof info.name);
	return asc_kept_save(&s->e, &info, k);
}

static int do_switch(struct asc *a, struct asc_job *job)
{
	struct asc_import *im = job->import;
	struct switching s = { .im = im, .why = &job->out.why };
	struct asc_gen *before = a->gen;
	struct asc_keeping keep = { .list = NULL };
	int rc, err = refused(im, s.why);

	if (!err) {
		err = asc_edit_begin(&s.e, a, job, false, im->gen ? im->gen : a->gen);
	}
	if (err) {
		return err;
	}
	rc = asc_manual_gather(&s.touched, &im->manual);
	if (!rc) {
		rc = switch_kind(&s);
	}
	if (!rc && !s.err) {
		judge_reach(&s);
	}
	if (!rc && !s.err) {
		s.err = asc_import_judge_gone(im, rules_there(a->model), s.why);
	}
	if (!rc && !s.err && im->conf.dry_run) {
		free(s.touched.keys);
		asc_edit_drop(&s.e);
		return 0;
	}
	if (!rc && !s.err && im->gen) {
		s.err = asc_import_complete(im, s.e.model, s.why);
	}
	FAULT_POINT(STORE_GENERATION_WHOLE);
	if (!rc && !s.err && im->gen) {
		rc = asc_edit_gen(&s.e);
	}
	if (!rc && !s.err) {
		rc = keep_before(&s, &keep);
	}
	free(s.touched.keys);
	err = asc_edit_end(&s.e, s.err, rc, "switch to what was imported");
	FAULT_POINT(STORE_SWITCHED);
	if (err) {
		asc_keeping_drop(&keep);
		return err;
	}
	im->kept = keep.keep;
	if (im->gen) {
		a->gen = im->gen;
		im->gen = NULL;
	} else {
		before = NULL;
	}
	if (keep.list) {
		asc_kept_saved(a, job, &keep, before);
	} else {
		asc_gen_drop(before);
	}
	return 0;
}

void asc_import_on_switch(struct asc *a, struct asc_job *job)
{
	a->manual = NULL; /* manual changes after this job are not part of the import */
	job->out.err = do_switch(a, job);
}
