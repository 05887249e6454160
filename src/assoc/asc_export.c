/* asc_export.c - giving out everything of one kind, some records per step. An export keeps the view
 * of its beginning, so later changes do not show. */
#include <stdlib.h>
#include <string.h>

#include "assoc/asc_find.h"
#include "assoc/asc_import.h"
#include "assoc/asc_read.h"
#include "assoc/asc_row.h"
#include "assoc/asc_store.h"
#include "assoc/asc_work.h"

#define ASC_EXPORT_MAGIC 0xa1725104u
struct asc_export {
	struct obj obj;
	struct asc *a;
	struct asc_view *view;
	enum asc_kind kind;
	uint64_t total;
	/* next: place in the order of the kind's nodes, and within that node */
	uint32_t node, part;
	struct asc_cursor cur; /* over rows of devices; not begun for kinds that have none */
	asc_export_fn *fn;
	void *arg;
};

static struct asc_node *who_at(const struct asc_model *m, uint32_t i)
{
	if (i == 0) {
		return m->slots[0].node;
	}
	i--;
	if (i < m->index->scs_n) {
		return m->index->scs[i];
	}
	i -= m->index->scs_n;
	return i < m->index->groups_n ? m->index->groups[i] : NULL;
}

static uint64_t records_of(const struct asc_export *x)
{
	const struct asc_model *m = x->view->model;
	uint64_t n = 0;

	switch (x->kind) {
	case ASC_KIND_SCS:
		return m->index->scs_n;
	case ASC_KIND_GROUP:
		return (uint64_t)m->index->groups_n * (m->index->scs_n + 1);
	case ASC_KIND_SET:
		return m->index->dsets_n;
	default:
		for (uint32_t i = 0; i < m->n; i++) {
			n += m->slots[i].node->sets.n;
		}
		return n;
	}
}

int asc_export_begin(struct asc_export **out, struct asc *a, enum asc_kind kind)
{
	struct asc_export *x = calloc(1, sizeof *x);
	uint64_t rows = 0;
	int err = 0;

	if (!x) {
		return ERR_NOMEM;
	}
	obj_begin(&x->obj, ASC_EXPORT_MAGIC);
	x->a = a;
	x->kind = kind;
	x->view = asc_view_of(a);
	x->total = records_of(x);
	if (kind == ASC_KIND_SET || kind == ASC_KIND_ASSOC || kind == ASC_KIND_BLOCK) {
		err = asc_read_count(x->view, &rows);
		if (!err) {
			err = asc_read_begin(&x->cur, x->view);
		}
		x->total += rows;
	}
	if (err) {
		free(x);
		return err;
	}
	x->view->refs++;
	*out = x;
	return 0;
}

uint64_t asc_export_total(const struct asc_export *x)
{
	OBJ_CHECK(x, ASC_EXPORT_MAGIC);
	return x->total;
}

static int give(struct asc_export *x, const struct asc_export_row *row)
{
	return x->fn(x->arg, row);
}

/* Each of these looks at one record and gives it if it is of the kind: 0, ERR_NOTFOUND after the
 * last, or what fn returned. */

static int one_scs(struct asc_export *x)
{
	const struct asc_index *i = x->view->model->index;

	return x->node == i->scs_n ? ERR_NOTFOUND : give(x, &(struct asc_export_row){ .scs = &i->scs[x->node++]->scs });
}

/* A group, then each SCS that is its stored member. */
static int one_group(struct asc_export *x)
{
	const struct asc_index *i = x->view->model->index;
	const struct asc_node *group;
	uint32_t part = x->part++;

	if (x->node == i->groups_n) {
		return ERR_NOTFOUND;
	}
	group = i->groups[x->node];
	if (x->part == i->scs_n + 1) {
		x->part = 0;
		x->node++;
	}
	if (part == 0) {
		return give(x, &(struct asc_export_row){ .group = &group->group });
	}
	if (!asc_node_in_group(i->scs[part - 1], group->number)) {
		return 0;
	}
	return give(x, &(struct asc_export_row){ .group = &group->group, .member = i->scs[part - 1]->who });
}

static int one_set(struct asc_export *x)
{
	const struct asc_index *i = x->view->model->index;

	return x->node == i->dsets_n ? ERR_NOTFOUND : give(x, &(struct asc_export_row){ .set = i->dsets[x->node++]->dset.name });
}

static bool of_kind(const struct asc_export *x, uint8_t verdict)
{
	if (x->kind == ASC_KIND_SET) {
		return verdict == ASC_ENTRY_MEMBER;
	}
	return x->kind == ASC_KIND_BLOCK ? verdict == ASSOC_BLOCK : verdict == ASSOC_ALLOW || verdict == ASSOC_DENY;
}

static int one_rule(struct asc_export *x)
{
	const struct asc_node *who = who_at(x->view->model, x->node);
	const struct asc_set_rule *s;
	struct assoc_rule rule;

	while (who && x->part == who->sets.n) {
		x->part = 0;
		who = who_at(x->view->model, ++x->node);
	}
	if (!who) {
		return ERR_NOTFOUND;
	}
	s = &who->sets.all[x->part++];
	if (!of_kind(x, s->verdict)) {
		return 0;
	}
	asc_rule_of_set(&rule, who, s);
	return give(x, &(struct asc_export_row){ .rule = &rule });
}

static int give_entry(struct asc_export *x, const struct asc_entry *e, const struct asc_node *node, const char *device,
		      size_t len)
{
	char text[ASSOC_DEVICE_TEXT_MAX + 1];
	struct assoc_rule rule;

	if (e->verdict == ASC_ENTRY_MEMBER) {
		memcpy(text, device, len);
		text[len] = 0;
		return give(x, &(struct asc_export_row){ .set = node->dset.name, .member = text });
	}
	asc_rule_of_entry(&rule, node, e, device, len);
	return give(x, &(struct asc_export_row){ .rule = &rule });
}

static int one_device(struct asc_export *x)
{
	struct rd k, r;
	struct asc_entry e;
	int stop = 0, err = asc_read_next(&x->cur, &k, &r);

	if (err) {
		return err;
	}
	if (rd_u8(&k) != ASC_ROW_VERSION || rd_u8(&r) != ASC_ROW_VERSION || rd_left(&k) > ASSOC_DEVICE_TEXT_MAX) {
		return ERR_PROTO;
	}
	while (!stop && asc_entry_next(&r, &e)) {
		const struct asc_node *node = of_kind(x, e.verdict) ? asc_model_node(x->view->model, e.scs_number) : NULL;

		if (node && (node->kind == ASC_NODE_SET) == (e.verdict == ASC_ENTRY_MEMBER)) {
			stop = give_entry(x, &e, node, (const char *)k.p, rd_left(&k));
		}
	}
	return stop ? stop : r.bad ? ERR_PROTO : 0;
}

static int one(struct asc_export *x)
{
	int rc;

	switch (x->kind) {
	case ASC_KIND_SCS:
		return one_scs(x);
	case ASC_KIND_GROUP:
		return one_group(x);
	case ASC_KIND_SET:
		rc = one_set(x);
		break;
	default:
		rc = one_rule(x);
	}
	return rc == ERR_NOTFOUND ? one_device(x) : rc;
}

int asc_export_step(struct asc_export *x, uint32_t records, asc_export_fn *fn, void *arg)
{
	OBJ_CHECK(x, ASC_EXPORT_MAGIC);
	x->fn = fn;
	x->arg = arg;
	for (uint32_t i = 0; i < records; i++) {
		int rc = one(x);

		if (rc == ERR_NOTFOUND) {
			return 0;
		}
		if (rc) {
			return rc;
		}
	}
	return 1;
}

void asc_export_free(struct asc_export *x)
{
	if (!x) {
		return;
	}
	OBJ_END(x, ASC_EXPORT_MAGIC);
	asc_read_end(&x->cur);
	asc_view_retire(x->a, x->view);
	free(x);
}
