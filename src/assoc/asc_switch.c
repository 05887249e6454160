/* asc_switch.c - the last step of an import, on the store's thread. Manual changes made since the
 * import began are made again on the new generation, which is then complete on disk. One
 * transaction of the main environment writes everything else of the import and names the new
 * generation: until its commit the store is as before. Keys changed manually since the import began
 * keep their manual value. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "assoc/asc_kept.h"
#include "assoc/asc_reach.h"
#include "assoc/asc_store.h"
#include "assoc/asc_switch_int.h"
#include "assoc/asc_why.h"
#include "base/fault.h"

/* The last line that makes too many rules meet; 0: none that can be named. */
static uint64_t line_of(const struct asc_switching *s, const struct asc_reach *r)
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

/* No device may match more rules than a look-up finds: it would be refused from now on, and nobody
 * would know why. */
static void judge_reach(struct asc_switching *s)
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

static int switch_kind(struct asc_switching *s)
{
	switch (s->im->conf.kind) {
	case ASC_KIND_SCS:
		return asc_switch_scss(s);
	case ASC_KIND_GROUP:
		return asc_switch_groups(s);
	case ASC_KIND_SET:
		return asc_switch_sets(s);
	default:
		return asc_switch_rules(s);
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
static int keep_before(struct asc_switching *s, struct asc_keeping *k)
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
	struct asc_switching s = { .im = im, .why = &job->out.why };
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
