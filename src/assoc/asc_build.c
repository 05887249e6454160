/* asc_build.c - an import after its last row, on the thread that gave the rows: refuses repeated
 * keys and names that clash, then calls asc_merge.c. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "assoc/asc_import_int.h"
#include "assoc/asc_overlap.h"
#include "assoc/asc_why.h"

static int twice(struct asc_import_error *e, uint64_t line, uint64_t earlier, const char *what, const char *name)
{
	if (line < earlier) {
		uint64_t t = line;

		line = earlier;
		earlier = t;
	}
	e->line = line;
	e->line_earlier = earlier;
	return asc_refuse(&e->why, ERR_EXISTS, "%s '%.200s' is already in line %llu", what, name, (unsigned long long)earlier);
}

/* -- SCSs: one name, one host, one number each, and hosts of its own under NDS/IP */

struct claim { /* an SCS that would exist after the import */
	const struct asc_scs *scs;
	uint64_t line; /* 0: the record is in the store, and the import keeps it */
};

static int by_name(const void *x, const void *y)
{
	return strcmp(((const struct claim *)x)->scs->name, ((const struct claim *)y)->scs->name);
}

static int by_host(const void *x, const void *y)
{
	return strcmp(((const struct claim *)x)->scs->origin_host, ((const struct claim *)y)->scs->origin_host);
}

static int by_e164(const void *x, const void *y)
{
	return strcmp(((const struct claim *)x)->scs->e164, ((const struct claim *)y)->scs->e164);
}

typedef int order_fn(const void *, const void *);

static int clash(struct claim *c, size_t n, order_fn *order, const char *what, struct asc_import_error *e)
{
	qsort(c, n, sizeof *c, order);
	for (size_t i = 1; i < n; i++) {
		const struct claim *a = &c[i - 1], *b = &c[i];

		if (order(a, b) != 0) {
			continue;
		}
		if (order == by_name) {
			return twice(e, b->line, a->line, "SCS", b->scs->name);
		}
		if (a->line > b->line) {
			b = a;
			a = &c[i];
		}
		e->line = b->line;
		e->line_earlier = a->line;
		if (a->line) {
			return asc_refuse(&e->why, ERR_EXISTS, "the %s of SCS '%s' belongs to SCS '%s' of line %llu", what,
					  b->scs->name, a->scs->name, (unsigned long long)a->line);
		}
		return asc_refuse(&e->why, ERR_EXISTS, "the %s of SCS '%s' belongs to SCS '%s' already", what, b->scs->name,
				  a->scs->name);
	}
	return 0;
}

/* No host under NDS/IP of two. */
static int overlap(const struct claim *c, size_t n, struct asc_import_error *e)
{
	const struct asc_scs **scs = malloc((n + 1) * sizeof *scs);
	size_t a, b;
	int err;

	if (!scs) {
		return ERR_NOMEM;
	}
	for (size_t i = 0; i < n; i++) {
		scs[i] = c[i].scs;
	}
	err = asc_overlap_find(&a, &b, scs, n, &e->why);
	free(scs);
	if (err == ERR_EXISTS) {
		bool later = c[a].line > c[b].line;

		e->line = c[later ? a : b].line;
		e->line_earlier = c[later ? b : a].line;
	}
	return err;
}

int asc_import_check_scss(const struct asc_import *im, const struct asc_model *m, struct asc_import_error *e)
{
	const struct asc_scs_row *rows = im->scss.p;
	uint32_t there = im->conf.replace ? 0 : m->index->scs_n;
	struct claim *c = malloc(((size_t)im->scss.n + there + 1) * sizeof *c);
	size_t n = im->scss.n;
	int err;

	if (!c) {
		return ERR_NOMEM;
	}
	for (size_t i = 0; i < n; i++) {
		c[i] = (struct claim){ &rows[i].scs, rows[i].line };
	}
	err = clash(c, n, by_name, "name", e); /* leaves `c` sorted by name, for bsearch() */
	for (uint32_t i = 0; i < there && !err; i++) {
		struct claim one = { &m->index->scs[i]->scs, 0 };

		if (!bsearch(&one, c, im->scss.n, sizeof *c, by_name)) {
			c[n++] = one;
		}
	}
	if (!err) {
		err = clash(c, n, by_host, "origin-host", e);
	}
	if (!err) {
		err = clash(c, n, by_e164, "e164", e);
	}
	if (!err) {
		err = overlap(c, n, e);
	}
	free(c);
	return err;
}

/* -- groups */

static int group_order(const void *x, const void *y)
{
	const struct asc_group_row *a = x, *b = y;
	int c = strcmp(a->group.name, b->group.name);

	return c ? c : (a->line > b->line) - (a->line < b->line);
}

static int member_order(const void *x, const void *y)
{
	const struct asc_member_row *a = x, *b = y;
	int c = strcmp(a->scs, b->scs);

	if (!c) {
		c = strcmp(a->group, b->group);
	}
	return c ? c : (a->line > b->line) - (a->line < b->line);
}

static bool has_group(const struct asc_import *im, const char *name)
{
	const struct asc_group_row *rows = im->groups.p;

	for (uint32_t i = 0; i < im->groups.n; i++) {
		if (strcmp(rows[i].group.name, name) == 0) {
			return true;
		}
	}
	return !im->conf.replace && asc_model_group(im->view->model, name);
}

static int check_groups(struct asc_import *im, struct asc_import_error *e)
{
	struct asc_group_row *g = im->groups.p;
	struct asc_member_row *m = im->members.p;

	if (im->groups.n) {
		qsort(g, im->groups.n, sizeof *g, group_order);
	}
	for (uint32_t i = 1; i < im->groups.n; i++) {
		if (strcmp(g[i].group.name, g[i - 1].group.name) == 0) {
			return twice(e, g[i].line, g[i - 1].line, "group", g[i].group.name);
		}
	}
	if (im->members.n) {
		qsort(m, im->members.n, sizeof *m, member_order);
	}
	for (uint32_t i = 0; i < im->members.n; i++) {
		if (i && strcmp(m[i].scs, m[i - 1].scs) == 0 && strcmp(m[i].group, m[i - 1].group) == 0) {
			return twice(e, m[i].line, m[i - 1].line, "the membership of SCS", m[i].scs);
		}
		e->line = m[i].line;
		if (!has_group(im, m[i].group)) {
			return asc_refuse(&e->why, ERR_NOTFOUND, "no group '%s'", m[i].group);
		}
	}
	e->line = 0;
	return 0;
}

/* -- rules on sets of devices */

static int rule_order(const void *x, const void *y)
{
	const struct asc_rule_row *a = x, *b = y;
	int c = (a->number > b->number) - (a->number < b->number);

	if (!c) {
		c = asc_set_rule_order(&a->rule, &b->rule);
	}
	return c ? c : (a->line > b->line) - (a->line < b->line);
}

static int check_rules(struct asc_import *im, struct asc_import_error *e)
{
	struct asc_rule_row *r = im->rules.p;

	if (im->rules.n) {
		qsort(r, im->rules.n, sizeof *r, rule_order);
	}
	for (uint32_t i = 1; i < im->rules.n; i++) {
		if (r[i].number == r[i - 1].number && asc_set_rule_order(&r[i].rule, &r[i - 1].rule) == 0) {
			return twice(e, r[i].line, r[i - 1].line, "a rule of this kind of the same one on device",
				     r[i].rule.device.text);
		}
	}
	return 0;
}

static int build(struct asc_import *im, struct asc_import_error *e)
{
	int err = 0;
	bool rows;

	if (im->conf.kind == ASC_KIND_SCS) {
		err = asc_import_check_scss(im, im->view->model, e);
	} else if (im->conf.kind == ASC_KIND_GROUP) {
		err = check_groups(im, e);
	} else {
		err = check_rules(im, e);
	}
	if (err) {
		return err;
	}
	rows = im->sort || (im->conf.replace && im->conf.kind != ASC_KIND_SCS && im->conf.kind != ASC_KIND_GROUP);
	/* if the previous state is to be kept, unchanged rows of devices are copied too, because a
	 * kept generation is never written again */
	return rows || im->keep ? asc_import_merge(im, e) : 0;
}

int asc_import_build(struct asc_import *im, struct asc_import_error *e)
{
	int err;

	*e = im->first;
	if (im->err) {
		return im->err;
	}
	if (asc_import_wait(im, &e->why)) { /* a file without rows has not waited yet */
		return ERR_IO;
	}
	err = build(im, e);
	if (!err && atomic_load(&im->cancelled)) {
		err = asc_refuse(&e->why, ERR_CLOSED, "cancelled");
	}
	if (err && !e->why.text[0]) {
		asc_refuse(&e->why, err, "%s", err_str(err));
	}
	if (!err) {
		atomic_store(&im->phase, ASC_IMPORT_SWITCH);
	}
	return err;
}
