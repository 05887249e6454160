/* asc_switch_who.c - the switch of an import: its SCSs, groups and sets in the transaction. */
#include "assoc/asc_switch_int.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "assoc/asc_check.h"
#include "assoc/asc_overlap.h"
#include "assoc/asc_store.h"
#include "assoc/asc_why.h"
#include "base/shown.h"
#include "base/str.h"

typedef int delete_fn(struct asc_edit *e, uint32_t number, uint64_t *rules);

/* Deletes an SCS, a group or a set, and the rules that name it. */
static int delete_node(struct asc_switching *s, delete_fn *fn, uint32_t number, const char *what, const char *name)
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

static int put_scs(struct asc_switching *s, struct asc_scs_row *row)
{
	struct asc_scs *scs = &row->scs;
	const struct asc_node *there = asc_model_scs(s->e.a->model, scs->name);
	struct asc_why words;

	if (asc_manual_has(&s->touched, ASC_TOUCHED_SCS, 0, 0, scs->name, "")) {
		return 0;
	}
	if (there) {
		asc_scs_keep(scs, &there->scs, row->keep);
	}
	if (row->keep) {
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

static int check_scss_now(struct asc_switching *s)
{
	struct asc_import_error e = { .line = 0 };

	s->err = asc_import_check_scss(s->im, s->e.a->model, &e);
	if (s->err) {
		asc_refuse(s->why, s->err, "line %llu: %.300s", (unsigned long long)e.line,
			   e.why.text[0] ? e.why.text : err_str(s->err));
	}
	return 0;
}

/* No two SCSs of the edited model share a host, number or host under NDS/IP, those changed manually
 * included. */
static int check_scss_after(struct asc_switching *s)
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
	if (!s->err) {
		s->err = asc_overlap_check(m, NULL, s->why);
	}
	return 0;
}

int asc_switch_scss(struct asc_switching *s)
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

static int put_group(struct asc_switching *s, const struct asc_group_row *row)
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

static int put_member(struct asc_switching *s, const struct asc_member_row *row)
{
	const struct asc_node *scs, *group = asc_model_group(s->e.model, row->group);

	if (asc_manual_has(&s->touched, ASC_TOUCHED_MEMBER, 0, 0, row->group, row->scs)) {
		return 0;
	}
	scs = asc_model_scs(s->e.model, row->scs);
	if (!scs || !group) { /* deleted manually since the import began */
		return 0;
	}
	/* the index still has the node of before the last membership */
	scs = asc_model_node(s->e.model, scs->number);
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
static int drop_groups(struct asc_switching *s)
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
			/* else the membership was deleted with its group */
			if (asc_model_node(s->e.model, g->number)) {
				rc = asc_edit_member(&s->e, g->number, scs->number, false);
			}
			asc_import_gone(s->im, "%s of group %s", scs->who, g->group.name);
		}
	}
	return rc;
}

int asc_switch_groups(struct asc_switching *s)
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

int asc_switch_sets(struct asc_switching *s)
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
