/* asc_list.c - records by name, lists and counts of what is in force: the owner's view. */
#include <string.h>

#include "assoc/asc_check.h"
#include "assoc/asc_find.h"
#include "assoc/asc_read.h"
#include "assoc/asc_row.h"
#include "assoc/asc_store.h"
#include "assoc/asc_why.h"
#include "base/str.h"

static const struct asc_index *index_of(const struct asc *a)
{
	return asc_view_of(a)->model->index;
}

static const struct asc_scs *scs_of(const struct asc_node *node)
{
	return node ? &node->scs : NULL;
}

const struct asc_scs *asc_scs_find(const struct asc *a, const char *name)
{
	return scs_of(asc_find_scs(asc_view_of(a), name));
}

const struct asc_scs *asc_scs_by_origin_host(const struct asc *a, const char *origin_host)
{
	return scs_of(asc_model_host(asc_view_of(a)->model, origin_host));
}

int asc_scs_each(const struct asc *a, asc_scs_fn *fn, void *arg)
{
	int stop = 0;

	for (uint32_t i = 0; i < index_of(a)->scs_n && !stop; i++) {
		stop = fn(arg, &index_of(a)->scs[i]->scs);
	}
	return stop;
}

uint32_t asc_scs_count(const struct asc *a)
{
	return index_of(a)->scs_n;
}

const struct asc_group *asc_group_find(const struct asc *a, const char *name)
{
	const struct asc_node *node = asc_model_group(asc_view_of(a)->model, name);

	return node ? &node->group : NULL;
}

int asc_group_each(const struct asc *a, asc_group_fn *fn, void *arg)
{
	int stop = 0;

	for (uint32_t i = 0; i < index_of(a)->groups_n && !stop; i++) {
		stop = fn(arg, &index_of(a)->groups[i]->group);
	}
	return stop;
}

int asc_group_member_each(const struct asc *a, const char *group, asc_member_fn *fn, void *arg)
{
	const struct asc_node *node = asc_model_group(asc_view_of(a)->model, group);
	int stop = 0;

	for (uint32_t i = 0; node && i < index_of(a)->scs_n && !stop; i++) {
		if (asc_node_in_group(index_of(a)->scs[i], node->number)) {
			stop = fn(arg, index_of(a)->scs[i]->who);
		}
	}
	return stop;
}

/* -- named sets */

bool asc_dset_there(const struct asc *a, const char *name)
{
	return asc_model_set(asc_view_of(a)->model, name) != NULL;
}

uint64_t asc_dset_members(const struct asc *a, const char *name)
{
	const struct asc_node *set = asc_model_set(asc_view_of(a)->model, name);

	return set ? asc_model_slot(asc_view_of(a)->model, set->number)->exact_n : 0;
}

static bool count_one(void *arg, const struct asc_set_rule *rule)
{
	uint64_t *n = arg;

	(void)rule;
	(*n)++;
	return true;
}

uint64_t asc_dset_rules(const struct asc *a, const char *name)
{
	const struct asc_model *m = asc_view_of(a)->model;
	const struct asc_node *set = asc_model_set(m, name);
	uint64_t n = 0;

	for (uint32_t i = 0; set && i < m->n; i++) {
		(void)asc_sets_named(&m->slots[i].node->sets, set->number, count_one, &n);
	}
	return n;
}

int asc_dset_each(const struct asc *a, asc_dset_fn *fn, void *arg)
{
	int stop = 0;

	for (uint32_t i = 0; i < index_of(a)->dsets_n && !stop; i++) {
		stop = fn(arg, &index_of(a)->dsets[i]->dset);
	}
	return stop;
}

/* 1: the device is a member of the set; 0: it is not; ERR_IO: the row is damaged. */
static int row_names(struct rd r, uint32_t number)
{
	struct asc_entry e;

	if (rd_u8(&r) != ASC_ROW_VERSION) {
		return ERR_IO;
	}
	while (asc_entry_next(&r, &e)) {
		if (e.verdict == ASC_ENTRY_MEMBER && e.scs_number == number) {
			return 1;
		}
	}
	return r.bad ? ERR_IO : 0;
}

static int each_member(const struct asc_slot *set, struct asc_cursor *cur, asc_device_fn *fn, void *arg)
{
	char device[ASSOC_DEVICE_TEXT_MAX + 1];
	uint64_t left = set->exact_n;
	struct rd key, row;
	int stop = 0, err = 0;

	while (left && !stop && (err = asc_read_next(cur, &key, &row)) == 0) {
		stop = row_names(row, set->node->number);
		if (stop != 1) {
			continue;
		}
		(void)rd_u8(&key); /* its version */
		if (key.bad || str_copy(device, sizeof device, key.p, rd_left(&key))) {
			return ERR_IO;
		}
		stop = fn(arg, device);
		left--;
	}
	return stop ? stop : err && err != ERR_NOTFOUND ? ERR_IO : 0;
}

int asc_dset_member_each(const struct asc *a, const char *name, asc_device_fn *fn, void *arg)
{
	const struct asc_node *set = asc_model_set(asc_view_of(a)->model, name);
	struct asc_cursor cur;
	int stop;

	if (!set) {
		return 0;
	}
	if (asc_read_begin(&cur, asc_view_of(a))) {
		return ERR_IO;
	}
	stop = each_member(asc_model_slot(asc_view_of(a)->model, set->number), &cur, fn, arg);
	asc_read_end(&cur);
	return stop;
}

/* -- rules */

static int each_set(const struct asc_node *node, asc_rule_fn *fn, void *arg)
{
	struct assoc_rule rule;
	int stop = 0;

	for (uint32_t i = 0; i < node->sets.n && !stop; i++) {
		asc_rule_of_set(&rule, node, &node->sets.all[i]);
		stop = fn(arg, &rule);
	}
	return stop;
}

static int each_in_row(const struct asc_model *m, const struct asc_node *who, const char *device, size_t len, struct rd r,
		       asc_rule_fn *fn, void *arg)
{
	struct assoc_rule rule;
	struct asc_entry e;
	int stop = 0;

	if (rd_u8(&r) != ASC_ROW_VERSION || len > ASSOC_DEVICE_TEXT_MAX) {
		return ERR_IO;
	}
	while (!stop && asc_entry_next(&r, &e)) {
		const struct asc_node *node = asc_model_node(m, e.scs_number);

		if (!node || e.verdict == ASC_ENTRY_MEMBER || (who && node != who)) {
			continue;
		}
		asc_rule_of_entry(&rule, node, &e, device, len);
		stop = fn(arg, &rule);
	}
	return stop ? stop : r.bad ? ERR_IO : 0;
}

static int each_exact(const struct asc_view *v, const struct asc_node *who, asc_rule_fn *fn, void *arg)
{
	struct asc_cursor cur;
	struct rd key, row;
	int stop = 0, err;

	if (asc_read_begin(&cur, v)) {
		return ERR_IO;
	}
	while (!stop && (err = asc_read_next(&cur, &key, &row)) == 0) {
		if (rd_u8(&key) == ASC_ROW_VERSION) {
			stop = each_in_row(v->model, who, (const char *)key.p, rd_left(&key), row, fn, arg);
		} else {
			stop = ERR_IO;
		}
	}
	asc_read_end(&cur);
	return stop ? stop : err == ERR_NOTFOUND ? 0 : ERR_IO;
}

int asc_rule_each(const struct asc *a, const char *who, asc_rule_fn *fn, void *arg)
{
	const struct asc_model *m = asc_view_of(a)->model;
	const struct asc_node *node = who ? asc_model_who(m, who) : NULL;
	int stop = 0;

	if (who && !node) {
		return 0;
	}
	if (who) {
		stop = each_set(node, fn, arg);
	} else {
		stop = each_set(m->slots[0].node, fn, arg);
		for (uint32_t i = 0; i < m->index->scs_n && !stop; i++) {
			stop = each_set(m->index->scs[i], fn, arg);
		}
		for (uint32_t i = 0; i < m->index->groups_n && !stop; i++) {
			stop = each_set(m->index->groups[i], fn, arg);
		}
	}
	return stop ? stop : each_exact(asc_view_of(a), node, fn, arg);
}

static int each_set_on(const struct asc_node *node, const struct asc_devname *d, asc_rule_fn *fn, void *arg)
{
	struct assoc_rule rule;
	int stop = 0;

	for (int verdict = 0; verdict <= ASSOC_BLOCK && !stop; verdict++) {
		const struct asc_set_rule *s = asc_sets_find(&node->sets, (uint8_t)verdict, d->text);

		if (!s) {
			continue;
		}
		asc_rule_of_set(&rule, node, s);
		stop = fn(arg, &rule);
	}
	return stop;
}

static int each_on_device(const struct asc_view *v, const struct asc_devname *d, asc_rule_fn *fn, void *arg)
{
	struct rd row;
	int err = asc_read_row(v, d->text, strlen(d->text), &row);

	if (err) {
		return err == ERR_NOTFOUND ? 0 : err;
	}
	return each_in_row(v->model, NULL, d->text, strlen(d->text), row, fn, arg);
}

int asc_rule_each_on(const struct asc *a, const char *device, asc_rule_fn *fn, void *arg, struct asc_why *why)
{
	const struct asc_model *m = asc_view_of(a)->model;
	struct asc_devname d;
	int stop;

	why->text[0] = 0;
	stop = asc_devname_parse(&d, device, why);
	if (!stop) {
		stop = asc_dset_resolve(m, &d, why);
	}
	if (stop) {
		return stop;
	}
	if (d.axis == ASSOC_DEVICE_EXACT) {
		return each_on_device(asc_view_of(a), &d, fn, arg);
	}
	stop = each_set_on(m->slots[0].node, &d, fn, arg);
	for (uint32_t i = 0; i < m->index->scs_n && !stop; i++) {
		stop = each_set_on(m->index->scs[i], &d, fn, arg);
	}
	for (uint32_t i = 0; i < m->index->groups_n && !stop; i++) {
		stop = each_set_on(m->index->groups[i], &d, fn, arg);
	}
	return stop;
}

static uint64_t rules_of(const struct asc_slot *slot)
{
	return slot->node->kind == ASC_NODE_SET ? 0 : slot->node->sets.n + slot->exact_n;
}

uint64_t asc_rule_count_of(const struct asc *a, const char *who)
{
	const struct asc_node *node = asc_model_who(asc_view_of(a)->model, who);

	return node ? rules_of(asc_model_slot(asc_view_of(a)->model, node->number)) : 0;
}

uint64_t asc_rule_count(const struct asc *a)
{
	const struct asc_model *m = asc_view_of(a)->model;
	uint64_t n = 0;

	for (uint32_t i = 0; i < m->n; i++) {
		n += rules_of(&m->slots[i]);
	}
	return n;
}
