/* asc_import.c - an import: rows gathered, checked, and brought in one after the other. */
#include "assoc/asc_import.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "assoc/asc_int.h"

struct row {
	uint64_t line;
	struct asc_scs scs;
	struct asc_group group;
	char who[ASSOC_WHO_TEXT_MAX + 1], device[ASSOC_DEVICE_TEXT_MAX + 1];
	bool member;
	struct asc_rule_new rule;
};

struct asc_import {
	struct asc *a;
	struct asc_import_conf conf;
	struct row *rows;
	size_t n, cap;
	struct asc_import_error first;
	int err;
	atomic_bool cancelled;
	atomic_int phase;
	asc_import_done_fn *done;
	void *arg;
};

static int refuse(struct asc_why *why, int err, const char *words, const char *name)
{
	snprintf(why->text, sizeof why->text, "%s '%.200s'", words, name);
	return err;
}

int asc_import_begin(struct asc_import **out, struct asc *a, const struct asc_import_conf *conf, struct asc_why *why)
{
	struct asc_import *im;

	why->text[0] = 0;
	if (a->import) {
		snprintf(why->text, sizeof why->text, "another import is under way: one at a time");
		return ERR_BUSY;
	}
	im = calloc(1, sizeof *im);
	if (!im)
		return ERR_NOMEM;
	im->a = a;
	im->conf = *conf;
	a->import = im;
	*out = im;
	return 0;
}

static int note(struct asc_import *im, uint64_t line, int err, const struct asc_why *why)
{
	if (err && !im->err) {
		im->err = err;
		im->first = (struct asc_import_error){ .line = line, .why = *why };
	}
	return err;
}

static int room(struct asc_import *im, enum asc_kind kind, struct row **out, struct asc_why *why)
{
	size_t cap = im->cap ? im->cap * 2 : 64;
	struct row *bigger;

	why->text[0] = 0;
	if (atomic_load(&im->cancelled))
		return ERR_CLOSED;
	if (im->conf.kind != kind)
		return ERR_STATE;
	if (im->n == im->cap) {
		bigger = realloc(im->rows, cap * sizeof *bigger);
		if (!bigger)
			return ERR_NOMEM;
		im->rows = bigger;
		im->cap = cap;
	}
	*out = &im->rows[im->n];
	**out = (struct row){ 0 };
	return 0;
}

static int keep(struct asc_import *im, struct row *r, uint64_t line)
{
	r->line = line;
	im->n++;
	return 0;
}

int asc_import_scs(struct asc_import *im, uint64_t line, const struct asc_scs *scs, struct asc_why *why)
{
	struct row *r;
	int err = room(im, ASC_KIND_SCS, &r, why);

	if (!err) {
		r->scs = *scs;
		err = asc_scs_check(&r->scs, why);
	}
	for (size_t i = 0; i < im->n && !err; i++) {
		if (strcmp(im->rows[i].scs.name, r->scs.name) == 0)
			err = refuse(why, ERR_EXISTS, "stands in an earlier line already: SCS", scs->name);
	}
	return err ? note(im, line, err, why) : keep(im, r, line);
}

int asc_import_group(struct asc_import *im, uint64_t line, const struct asc_group *group, struct asc_why *why)
{
	struct row *r;
	int err = room(im, ASC_KIND_GROUP, &r, why);

	if (!err && !ident_name_ok(group->name))
		err = refuse(why, ERR_INVAL, "not a name of a group:", group->name);
	if (!err)
		r->group = *group;
	return err ? note(im, line, err, why) : keep(im, r, line);
}

int asc_import_group_member(struct asc_import *im, uint64_t line, const char *group, const char *scs, struct asc_why *why)
{
	struct row *r;
	int err = room(im, ASC_KIND_GROUP, &r, why);

	if (!err && !asc_scs_find(im->a, scs))
		err = refuse(why, ERR_NOTFOUND, "no SCS", scs);
	if (!err && str_copy(r->group.name, sizeof r->group.name, group, strlen(group)))
		err = refuse(why, ERR_INVAL, "not a name of a group:", group);
	if (!err) {
		r->member = true;
		snprintf(r->who, sizeof r->who, "%s", scs);
	}
	return err ? note(im, line, err, why) : keep(im, r, line);
}

int asc_import_set(struct asc_import *im, uint64_t line, const char *name, struct asc_why *why)
{
	struct row *r;
	int err = room(im, ASC_KIND_SET, &r, why);

	if (!err && !ident_name_ok(name))
		err = refuse(why, ERR_INVAL, "not a name of a device set:", name);
	if (!err)
		snprintf(r->who, sizeof r->who, "%s", name);
	return err ? note(im, line, err, why) : keep(im, r, line);
}

int asc_import_set_member(struct asc_import *im, uint64_t line, const char *name, const char *device, struct asc_why *why)
{
	struct asc_devname d;
	int err = asc_import_set(im, line, name, why);

	if (!err)
		err = asc_devname_parse(&d, device, why);
	if (!err && d.axis != ASSOC_DEVICE_EXACT)
		err = refuse(why, ERR_INVAL, "a member of a set is one device: local@domain or msisdn:DIGITS, not", device);
	if (err)
		return note(im, line, err, why);
	im->rows[im->n - 1].member = true;
	strcpy(im->rows[im->n - 1].device, d.text);
	return 0;
}

int asc_import_rule(struct asc_import *im, uint64_t line, const struct asc_rule_new *rule, struct asc_why *why)
{
	struct asc_devname d;
	struct row *r;
	int err = room(im, rule->verdict == ASSOC_BLOCK ? ASC_KIND_BLOCK : ASC_KIND_ASSOC, &r, why);

	if (!err)
		err = asc_devname_parse(&d, rule->device, why);
	if (!err && !asc_node_of(im->a, rule->who))
		err = refuse(why, ERR_NOTFOUND, strncmp(rule->who, ASSOC_GROUP_PREFIX, 6) ? "no SCS" : "no group", rule->who);
	if (!err)
		err = asc_dset_resolve(im->a, &d, why);
	if (err)
		return note(im, line, err, why);
	r->rule = *rule;
	snprintf(r->who, sizeof r->who, "%s", rule->who);
	strcpy(r->device, d.text);
	return keep(im, r, line);
}

static int by_key(const void *x, const void *y)
{
	const struct row *a = x, *b = y;
	int c = strcmp(a->device, b->device);

	if (!c)
		c = strcmp(a->who, b->who);
	if (!c)
		c = (int)a->rule.verdict - (int)b->rule.verdict;
	return c ? c : (a->line > b->line) - (a->line < b->line);
}

int asc_import_build(struct asc_import *im, struct asc_import_error *e)
{
	bool keyed = im->conf.kind == ASC_KIND_ASSOC || im->conf.kind == ASC_KIND_BLOCK || im->conf.kind == ASC_KIND_SET;
	struct row *r = im->rows;

	*e = im->first;
	if (im->err || !keyed)
		return im->err;
	qsort(r, im->n, sizeof *r, by_key);
	for (size_t i = 1; i < im->n; i++) {
		if (strcmp(r[i].device, r[i - 1].device) || strcmp(r[i].who, r[i - 1].who) || !r[i].device[0] ||
		    r[i].rule.verdict != r[i - 1].rule.verdict)
			continue;
		e->line = r[i].line;
		e->line_earlier = r[i - 1].line;
		snprintf(e->why.text, sizeof e->why.text, "device '%.80s' stands under the same key in line %llu", r[i].device,
			 (unsigned long long)r[i - 1].line);
		return ERR_EXISTS;
	}
	atomic_store(&im->phase, ASC_IMPORT_SWITCH);
	return 0;
}

static int bring_in(struct asc_import *im, const struct row *r, struct asc_why *why)
{
	struct asc_rule_new rule = r->rule;

	switch (im->conf.kind) {
	case ASC_KIND_SCS:
		return asc_scs_put(im->a, &r->scs, why);
	case ASC_KIND_GROUP:
		return r->member ? asc_group_member_add(im->a, r->group.name, r->who, why) : asc_group_put(im->a, &r->group, why);
	case ASC_KIND_SET:
		if (!asc_dset_there(im->a, r->who)) {
			int err = asc_dset_add(im->a, r->who, why);

			if (err)
				return err;
		}
		return r->member ? asc_dset_member_add(im->a, r->who, r->device, why) : 0;
	default:
		rule.who = r->who;
		rule.device = r->device;
		return asc_rule_add(im->a, &rule, why);
	}
}

void asc_import_finish(struct asc_import *im, asc_import_done_fn *done, void *arg)
{
	uint64_t one = 1;

	im->done = done;
	im->arg = arg;
	(void)!write(im->a->wake_fd, &one, sizeof one);
}

void asc_completions(struct asc *a)
{
	struct asc_import *im = a->import;
	struct asc_import_result result = { 0 };
	struct asc_why why = { "" };
	uint64_t n;
	int err = 0;

	(void)!read(a->wake_fd, &n, sizeof n);
	if (!im || !im->done)
		return;
	for (size_t i = 0; i < im->n && !err && !im->conf.dry_run; i++)
		err = bring_in(im, &im->rows[i], &why);
	result.rows = result.added = im->n;
	atomic_store(&im->phase, ASC_IMPORT_DONE);
	im->done(im->arg, err, &why, &result);
}

void asc_import_cancel(struct asc_import *im)
{
	atomic_store(&im->cancelled, true);
}

void asc_import_progress(const struct asc_import *im, struct asc_import_progress *out)
{
	*out = (struct asc_import_progress){ .phase = (enum asc_import_phase)atomic_load(&im->phase) };
}

void asc_import_free(struct asc_import *im)
{
	if (!im)
		return;
	im->a->import = NULL;
	free(im->rows);
	free(im);
}

int asc_wake_fd(const struct asc *a)
{
	return a->wake_fd;
}
