/* asc_dset.c - named sets: their names on disk and in one sorted list; who is in them stands in the rows of the devices. A set's number is
 * never used again, so memberships of a set that is gone mean nothing and leave when their row is next written. */
#include "assoc/asc_dset.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "assoc/asc_int.h"

static int refuse(struct asc_why *why, int err, const char *what, const char *name, const char *words)
{
	snprintf(why->text, sizeof why->text, "%s '%.80s'%s%s", what, name, words[0] ? ": " : "", words);
	return err;
}

static size_t place_of(const struct asc *a, const char *name)
{
	size_t low = 0, high = a->dsets_n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(a->dsets[middle]->dset.name, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct asc_node *asc_dset_node(const struct asc *a, const char *name)
{
	size_t i = place_of(a, name);

	return i < a->dsets_n && strcmp(a->dsets[i]->dset.name, name) == 0 ? a->dsets[i] : NULL;
}

struct asc_node *asc_dset_by_number(const struct asc *a, uint32_t number)
{
	for (size_t i = 0; i < a->dsets_n; i++) {
		if (a->dsets[i]->number == number)
			return a->dsets[i];
	}
	return NULL;
}

int asc_dset_resolve(const struct asc *a, struct asc_devname *d, struct asc_why *why)
{
	const struct asc_node *node;

	if (d->axis != ASSOC_DEVICE_SET)
		return 0;
	node = asc_dset_node(a, d->text + sizeof ASSOC_SET_PREFIX - 1);
	if (!node)
		return refuse(why, ERR_NOTFOUND, "no device set", d->text + sizeof ASSOC_SET_PREFIX - 1, "");
	d->first = node->number;
	return 0;
}

static int reserve(struct asc *a)
{
	size_t cap = a->dsets_cap ? a->dsets_cap * 2 : 8;
	struct asc_node **bigger;

	if (a->dsets_n < a->dsets_cap)
		return 0;
	bigger = realloc(a->dsets, cap * sizeof(struct asc_node *));
	if (!bigger)
		return ERR_NOMEM;
	a->dsets = bigger;
	a->dsets_cap = cap;
	return 0;
}

static void link_dset(struct asc *a, struct asc_node *node)
{
	size_t at = place_of(a, node->dset.name);

	memmove(a->dsets + at + 1, a->dsets + at, (a->dsets_n - at) * sizeof *a->dsets);
	a->dsets[at] = node;
	a->dsets_n++;
}

int asc_dset_load(struct asc *a, const MDB_val *key, const MDB_val *val, struct asc_why *why)
{
	struct rd k = rd_over(key->mv_data, key->mv_size), v = rd_over(val->mv_data, val->mv_size);
	struct asc_node *node = reserve(a) ? NULL : calloc(1, sizeof *node);
	bool version;

	if (!node)
		return ERR_NOMEM;
	version = rd_u8(&k) == ASC_ROW_VERSION && rd_u8(&v) == ASC_ROW_VERSION;
	node->number = rd_le32(&v);
	if (!version || k.bad || v.bad || rd_left(&v) || a->dsets_n == ASC_DSETS_MAX ||
	    str_copy(node->dset.name, sizeof node->dset.name, k.p, rd_left(&k)) || !ident_name_ok(node->dset.name) ||
	    node->number == ASC_NOBODY || node->number >= a->next_number || asc_node_by_number(a, node->number)) {
		snprintf(why->text, sizeof why->text, "association store: a device set is damaged%s",
			 version ? "" : " or of another version");
		asc_node_free(node);
		return version ? ERR_PROTO : ERR_VERSION;
	}
	link_dset(a, node);
	return 0;
}

static int write_dset(struct asc *a, const struct asc_node *node, struct asc_why *why)
{
	uint8_t room[ASC_KEY_MAX], bytes[5];
	struct buf b = buf_over(bytes, sizeof bytes);
	MDB_val key = asc_key_text(room, node->dset.name), val = { sizeof bytes, bytes };
	MDB_txn *txn;
	int rc, err;

	buf_u8(&b, ASC_ROW_VERSION);
	buf_le32(&b, node->number);
	err = asc_begin(a, &txn, why);
	if (err)
		return err;
	rc = mdb_put(txn, a->dset, &key, &val, 0);
	if (rc)
		return asc_abort(txn, why, rc, "write the device set");
	return asc_commit(a, txn, why);
}

int asc_dset_add(struct asc *a, const char *name, struct asc_why *why)
{
	struct asc_node *node;
	int err;

	why->text[0] = 0;
	if (!ident_name_ok(name))
		return refuse(why, ERR_INVAL, "device set", name,
			      "expected a name of a-z, 0-9, '.', '_', '-', at most 63, beginning with a letter or digit");
	if (asc_dset_node(a, name))
		return refuse(why, ERR_EXISTS, "device set", name, "exists already");
	if (a->dsets_n == ASC_DSETS_MAX)
		return refuse(why, ERR_LIMIT, "device set", name, "there are as many sets as there may be");
	node = reserve(a) ? NULL : calloc(1, sizeof *node);
	if (!node)
		return refuse(why, ERR_NOMEM, "device set", name, "out of memory");
	strcpy(node->dset.name, name); /* ident_name_ok() bounds it */
	node->number = a->next_number++;
	err = write_dset(a, node, why);
	if (err) {
		a->next_number--;
		asc_node_free(node);
		return err;
	}
	link_dset(a, node);
	return 0;
}

/* -- rules on a set, of everybody */

static struct asc_node *nth_who(const struct asc *a, size_t i)
{
	if (i == 0)
		return (struct asc_node *)(uintptr_t)&a->anyone;
	return i <= a->n ? a->by_name[i - 1] : a->groups[i - 1 - a->n];
}

static size_t whos_n(const struct asc *a)
{
	return 1 + a->n + a->groups_n;
}

static bool is_on(const struct asc_set_rule *rule, const struct asc_node *set)
{
	return rule->device.axis == ASSOC_DEVICE_SET && rule->device.first == set->number;
}

static int del_rules(struct asc *a, MDB_txn *txn, const struct asc_node *set)
{
	uint8_t room[ASC_KEY_MAX];
	int rc = 0;

	for (size_t i = 0; i < whos_n(a); i++) {
		const struct asc_node *who = nth_who(a, i);

		for (size_t k = 0; k < who->sets_n && !rc; k++) {
			MDB_val key = asc_key_set(room, who->number, who->sets[k].verdict, who->sets[k].device.text);

			if (is_on(&who->sets[k], set))
				rc = mdb_del(txn, a->set, &key, NULL);
		}
	}
	return rc;
}

static void forget_rules(struct asc *a, const struct asc_node *set)
{
	for (size_t i = 0; i < whos_n(a); i++) {
		struct asc_node *who = nth_who(a, i);
		size_t kept = 0;

		for (size_t k = 0; k < who->sets_n; k++) {
			if (!is_on(&who->sets[k], set))
				who->sets[kept++] = who->sets[k];
		}
		who->sets_n = kept;
	}
}

int asc_dset_del(struct asc *a, const char *name, struct asc_why *why)
{
	struct asc_node *node = asc_dset_node(a, name);
	uint8_t room[ASC_KEY_MAX];
	MDB_txn *txn;
	MDB_val key;
	size_t at;
	int rc, err;

	if (!node)
		return refuse(why, ERR_NOTFOUND, "no device set", name, "");
	err = asc_begin(a, &txn, why);
	if (err)
		return err;
	key = asc_key_text(room, name);
	rc = mdb_del(txn, a->dset, &key, NULL);
	if (!rc)
		rc = del_rules(a, txn, node);
	if (!rc)
		rc = asc_node_rows_del(a, txn, node);
	if (rc)
		return asc_abort(txn, why, rc, "delete the device set");
	err = asc_commit(a, txn, why);
	if (err)
		return err;
	forget_rules(a, node);
	at = place_of(a, name);
	a->dsets_n--;
	memmove(a->dsets + at, a->dsets + at + 1, (a->dsets_n - at) * sizeof *a->dsets);
	asc_node_free(node);
	return 0;
}

/* -- members */

static int find_member(struct asc *a, const char *name, const char *device, struct asc_node **set, struct asc_devname *d,
		       struct asc_why *why)
{
	int err;

	why->text[0] = 0;
	*set = asc_dset_node(a, name);
	if (!*set)
		return refuse(why, ERR_NOTFOUND, "no device set", name, "");
	err = asc_devname_parse(d, device, why);
	if (!err && d->axis != ASSOC_DEVICE_EXACT)
		err = refuse(why, ERR_INVAL, "device", device, "a member of a set is one device: local@domain or msisdn:DIGITS");
	return err;
}

int asc_dset_member_add(struct asc *a, const char *name, const char *device, struct asc_why *why)
{
	struct asc_entry e = { .verdict = ASC_ENTRY_MEMBER };
	struct asc_devname d;
	struct asc_node *set;
	int err = find_member(a, name, device, &set, &d, why);

	if (err)
		return err;
	e.scs_number = set->number;
	return asc_exact_add(a, set, &d, &e, why);
}

int asc_dset_member_del(struct asc *a, const char *name, const char *device, struct asc_why *why)
{
	struct asc_devname d;
	struct asc_node *set;
	int err = find_member(a, name, device, &set, &d, why);

	if (!err)
		err = asc_exact_del(a, set, &d, ASC_ENTRY_MEMBER, why);
	return err == ERR_NOTFOUND && !strcmp(why->text, "no such rule") ? refuse(why, err, "device", device, "is not in the set")
									 : err;
}

bool asc_dset_there(const struct asc *a, const char *name)
{
	return asc_dset_node(a, name) != NULL;
}

uint64_t asc_dset_members(const struct asc *a, const char *name)
{
	const struct asc_node *set = asc_dset_node(a, name);

	return set ? set->exact_n : 0;
}

uint64_t asc_dset_rules(const struct asc *a, const char *name)
{
	const struct asc_node *set = asc_dset_node(a, name);
	uint64_t n = 0;

	for (size_t i = 0; set && i < whos_n(a); i++) {
		for (size_t k = 0; k < nth_who(a, i)->sets_n; k++)
			n += is_on(&nth_who(a, i)->sets[k], set);
	}
	return n;
}

int asc_dset_each(const struct asc *a, asc_dset_fn *fn, void *arg)
{
	int stop = 0;

	for (size_t i = 0; i < a->dsets_n && !stop; i++)
		stop = fn(arg, &a->dsets[i]->dset);
	return stop;
}

/* 1: the row names the set; 0: it does not; ERR_IO: it is damaged. */
static int row_names(const MDB_val *row, uint32_t number)
{
	struct rd r = rd_over(row->mv_data, row->mv_size);
	struct asc_entry e;

	if (rd_u8(&r) != ASC_ROW_VERSION)
		return ERR_IO;
	while (asc_entry_next(&r, &e)) {
		if (e.verdict == ASC_ENTRY_MEMBER && e.scs_number == number)
			return 1;
	}
	return r.bad ? ERR_IO : 0;
}

static int each_member(const struct asc_node *set, MDB_cursor *cur, asc_device_fn *fn, void *arg)
{
	char device[ASSOC_DEVICE_TEXT_MAX + 1];
	uint64_t left = set->exact_n;
	MDB_val key, row;
	int stop = 0, rc = 0;

	while (left && !stop && (rc = mdb_cursor_get(cur, &key, &row, MDB_NEXT)) == 0) {
		stop = row_names(&row, set->number);
		if (stop != 1)
			continue;
		if (key.mv_size < 1 || str_copy(device, sizeof device, (const char *)key.mv_data + 1, key.mv_size - 1))
			return ERR_IO;
		stop = fn(arg, device);
		left--;
	}
	return stop ? stop : rc && rc != MDB_NOTFOUND ? ERR_IO : 0;
}

int asc_dset_member_each(const struct asc *a, const char *name, asc_device_fn *fn, void *arg)
{
	const struct asc_node *set = asc_dset_node(a, name);
	MDB_cursor *cur;
	int stop;

	if (!set)
		return 0;
	if (mdb_txn_renew(a->reader))
		return ERR_IO;
	if (mdb_cursor_open(a->reader, a->dev, &cur)) {
		mdb_txn_reset(a->reader);
		return ERR_IO;
	}
	stop = each_member(set, cur, fn, arg);
	mdb_cursor_close(cur);
	mdb_txn_reset(a->reader);
	return stop;
}
