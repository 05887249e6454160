/* asc_import_row.c - the rows of an import: each is checked against the store as it was at the
 * beginning, and kept for asc_build.c. */
#include <stdlib.h>
#include <string.h>

#include "assoc/asc_check.h"
#include "assoc/asc_import_int.h"
#include "assoc/asc_store.h"
#include "assoc/asc_why.h"
#include "assoc/asc_work.h"
#include "base/str.h"

static int note(struct asc_import *im, uint64_t line, int err, const struct asc_why *why)
{
	if (err && !im->err) {
		im->err = err;
		im->first = (struct asc_import_error){ .line = line, .why = *why };
	}
	return err;
}

int asc_import_wait(struct asc_import *im, struct asc_why *why)
{
	OBJ_CHECK(im, ASC_IMPORT_MAGIC);
	pthread_mutex_lock(&im->a->lock);
	/* asc_import_begin() may not have got the lock, and this wait keeps the owner from trying
	 * again */
	if (!im->ready && pthread_equal(im->owner, pthread_self())) {
		asc_hand_over(im->a);
	}
	while (!im->ready) {
		pthread_cond_wait(&im->readied, &im->a->lock);
	}
	pthread_mutex_unlock(&im->a->lock);
	im->begun = im->view;
	return im->view ? 0 : asc_refuse(why, ERR_IO, "the association store cannot be read");
}

static int enter(struct asc_import *im, enum asc_kind kind, struct asc_why *why)
{
	int err;

	OBJ_CHECK(im, ASC_IMPORT_MAGIC);
	err = im->begun ? 0 : asc_import_wait(im, why);
	if (err) {
		return err;
	}
	why->text[0] = 0;
	if (atomic_load(&im->cancelled)) {
		return asc_refuse(why, ERR_CLOSED, "cancelled");
	}
	if (im->conf.kind != kind) {
		return asc_refuse(why, ERR_STATE, "a row of another kind than the import's");
	}
	im->rows++;
	if (im->rows % 1024 == 0) {
		atomic_store(&im->at, im->rows);
	}
	return 0;
}

/* Space for one more row; NULL: out of memory, or `max` rows are there. */
static void *next_row(struct asc_rows *r, size_t size, uint32_t max)
{
	uint32_t cap = r->cap ? r->cap * 2 : 16;
	void *bigger;

	if (r->n == max) {
		return NULL;
	}
	if (r->n == r->cap) {
		bigger = realloc(r->p, cap * size);
		if (!bigger) {
			return NULL;
		}
		r->p = bigger;
		r->cap = cap;
	}
	return (uint8_t *)r->p + size * r->n;
}

static int full(struct asc_why *why)
{
	return asc_refuse(why, ERR_LIMIT, "more rows of this form than one file may have, or out of memory");
}

int asc_import_scs(struct asc_import *im, uint64_t line, const struct asc_scs *scs, uint32_t keep, struct asc_why *why)
{
	struct asc_scs_row *r;
	int err = enter(im, ASC_KIND_SCS, why);

	if (err) {
		return note(im, line, err, why);
	}
	r = next_row(&im->scss, sizeof *r, ASC_IMPORT_SCS_MAX);
	if (!r) {
		return note(im, line, full(why), why);
	}
	r->line = line;
	r->keep = keep;
	r->scs = *scs;
	if (keep & ASC_KEEP_NDSIP_HOSTS) {
		/* its hosts are not known yet; put_scs() checks the whole record */
		r->scs.ndsip_ike = (struct asc_addresses){ .n = 0 };
	}
	err = asc_scs_check(&r->scs, why);
	r->scs.ndsip_ike = scs->ndsip_ike;
	if (!err) {
		im->scss.n++;
	}
	return note(im, line, err, why);
}

int asc_import_group(struct asc_import *im, uint64_t line, const struct asc_group *group, bool keep_anchor, struct asc_why *why)
{
	struct asc_group_row *r;
	int err = enter(im, ASC_KIND_GROUP, why);

	if (!err) {
		err = asc_group_check(group, why);
	}
	if (err) {
		return note(im, line, err, why);
	}
	r = next_row(&im->groups, sizeof *r, ASC_GROUPS_MAX);
	if (!r) {
		return note(im, line, full(why), why);
	}
	*r = (struct asc_group_row){ line, *group, keep_anchor };
	im->groups.n++;
	return 0;
}

int asc_import_group_member(struct asc_import *im, uint64_t line, const char *group, const char *scs, struct asc_why *why)
{
	struct asc_member_row *r;
	int err = enter(im, ASC_KIND_GROUP, why);

	if (!err && !ident_name_ok(group)) {
		err = asc_refuse(why, ERR_NOTFOUND, "no group '%.63s'", group);
	}
	if (!err && !asc_model_scs(im->view->model, scs)) {
		err = asc_refuse(why, ERR_NOTFOUND, "no SCS '%.63s'", scs);
	}
	if (err) {
		return note(im, line, err, why);
	}
	r = next_row(&im->members, sizeof *r, ASC_IMPORT_MEMBERS_MAX);
	if (!r) {
		return note(im, line, full(why), why);
	}
	r->line = line;
	/* both are valid names, so their length is bounded */
	str_set(r->group, sizeof r->group, group);
	str_set(r->scs, sizeof r->scs, scs);
	im->members.n++;
	return 0;
}

static uint32_t dset_place(const struct asc_import *im, const char *name)
{
	const struct asc_dset_row *rows = im->dsets.p;
	uint32_t low = 0, high = im->dsets.n;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (strcmp(rows[middle].name, name) < 0) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	return low;
}

struct asc_dset_row *asc_import_dset(const struct asc_import *im, const char *name)
{
	uint32_t at = dset_place(im, name);
	struct asc_dset_row *rows = im->dsets.p;

	return at < im->dsets.n && strcmp(rows[at].name, name) == 0 ? &rows[at] : NULL;
}

/* The row of the set of this name; made when the file names it for the first time. */
static int name_set(struct asc_import *im, const char *name, struct asc_dset_row **out, struct asc_why *why)
{
	const struct asc_node *there;
	struct asc_dset_row *rows;
	uint32_t at;

	*out = asc_import_dset(im, name);
	if (*out) {
		return 0;
	}
	if (!next_row(&im->dsets, sizeof **out, ASC_DSETS_MAX)) {
		return asc_refuse(why, ERR_LIMIT, "device set '%.80s': there are as many sets as there may be", name);
	}
	rows = im->dsets.p;
	at = dset_place(im, name);
	memmove(rows + at + 1, rows + at, (im->dsets.n - at) * sizeof *rows);
	there = asc_model_set(im->view->model, name);
	rows[at] = (struct asc_dset_row){ .number = there ? there->number : im->set_numbers + im->dsets.n, .fresh = !there };
	str_set(rows[at].name, sizeof rows[at].name, name);
	im->dsets.n++;
	*out = &rows[at];
	return 0;
}

int asc_import_set(struct asc_import *im, uint64_t line, const char *name, struct asc_why *why)
{
	struct asc_dset_row *set;
	int err = enter(im, ASC_KIND_SET, why);

	if (!err) {
		err = asc_dset_check(name, why);
	}
	if (!err) {
		err = name_set(im, name, &set, why);
	}
	return note(im, line, err, why);
}

static int add_exact(struct asc_import *im, uint64_t line, const char *device, const struct asc_entry *entry, uint32_t keep,
		     struct asc_why *why)
{
	uint8_t key[ASC_SORT_KEY_MAX], value[ASC_ENTRY_MAX + 1];
	struct buf k = buf_over(key, sizeof key), v = buf_over(value, sizeof value);
	int err = im->sort ? 0 : asc_sort_new(&im->sort, im->a->dir, im->a->import_memory);

	buf_bytes(&k, device, strlen(device) + 1);
	buf_be32(&k, entry->scs_number);
	buf_u8(&k, entry->verdict);
	buf_be64(&k, line);
	asc_entry_put(&v, entry);
	buf_u8(&v, (uint8_t)keep);
	if (!err) {
		err = asc_sort_add(im->sort, key, k.len, value, v.len);
	}
	return err ? asc_refuse(why, err, "cannot keep the row for sorting: %s", err_str(err)) : 0;
}

int asc_import_set_member(struct asc_import *im, uint64_t line, const char *name, const char *device, struct asc_why *why)
{
	struct asc_entry entry = { .verdict = ASC_ENTRY_MEMBER };
	struct asc_dset_row *set;
	struct asc_devname d;
	int err = enter(im, ASC_KIND_SET, why);

	if (!err) {
		err = asc_dset_check(name, why);
	}
	if (!err) {
		err = asc_member_check(&d, device, why);
	}
	if (!err) {
		err = name_set(im, name, &set, why);
	}
	if (!err) {
		entry.scs_number = set->number;
		err = add_exact(im, line, d.text, &entry, 0, why);
	}
	return note(im, line, err, why);
}

static const struct asc_node *who_of(struct asc_import *im, const char *who, struct asc_why *why)
{
	if (!im->last_who || strcmp(im->last_who->who, who) != 0) {
		im->last_who = asc_who_of(im->view->model, who, why);
	}
	return im->last_who;
}

static int add_rule(struct asc_import *im, uint64_t line, const struct asc_rule_new *r, uint32_t keep, struct asc_why *why)
{
	struct asc_set_rule rule;
	struct asc_rule_row *row;
	const struct asc_node *who;
	int err = asc_rule_check(&rule, r, why);

	if (err) {
		return err;
	}
	who = who_of(im, r->who, why);
	if (!who) {
		return ERR_NOTFOUND;
	}
	if (rule.device.axis == ASSOC_DEVICE_EXACT) {
		struct asc_entry e = { rule.verdict, rule.rights, who->number, rule.not_before_s, rule.not_after_s, rule.mode };

		return add_exact(im, line, rule.device.text, &e, keep, why);
	}
	err = asc_dset_resolve(im->view->model, &rule.device, why);
	if (err) {
		return err;
	}
	row = next_row(&im->rules, sizeof *row, ASC_SET_RULES_MAX);
	if (!row) {
		return full(why);
	}
	*row = (struct asc_rule_row){ line, who->number, (uint8_t)keep, rule };
	im->rules.n++;
	return 0;
}

int asc_import_rule(struct asc_import *im, uint64_t line, const struct asc_rule_new *r, uint32_t keep, struct asc_why *why)
{
	int err = enter(im, r->verdict == ASSOC_BLOCK ? ASC_KIND_BLOCK : ASC_KIND_ASSOC, why);

	if (!err) {
		err = add_rule(im, line, r, keep, why);
	}
	return note(im, line, err, why);
}
