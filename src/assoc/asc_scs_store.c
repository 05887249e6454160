/* asc_scs_store.c - SCS records: on disk by name, in memory in four sorted orders. Hundreds of them, changed by hand. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "assoc/asc_int.h"

typedef int order_fn(const void *, const void *);

static const struct asc_node *at(const void *slot)
{
	return *(struct asc_node *const *)slot;
}

static int by_name(const void *x, const void *y)
{
	return strcmp(at(x)->scs.name, at(y)->scs.name);
}

static int by_host(const void *x, const void *y)
{
	return strcasecmp(at(x)->scs.origin_host, at(y)->scs.origin_host); /* ASCII only: the host is LDH */
}

static int by_e164(const void *x, const void *y)
{
	return strcmp(at(x)->scs.e164, at(y)->scs.e164);
}

static int by_number(const void *x, const void *y)
{
	return (at(x)->number > at(y)->number) - (at(x)->number < at(y)->number);
}

static struct asc_node *find(struct asc_node *const *list, size_t n, const struct asc_node *wanted, order_fn *order)
{
	struct asc_node *const *slot = n ? bsearch(&wanted, list, n, sizeof(struct asc_node *), order) : NULL;

	return slot ? *slot : NULL;
}

void asc_node_sort(struct asc *a)
{
	if (a->n == 0)
		return;
	qsort(a->by_name, a->n, sizeof *a->by_name, by_name);
	qsort(a->by_host, a->n, sizeof *a->by_host, by_host);
	qsort(a->by_e164, a->n, sizeof *a->by_e164, by_e164);
	qsort(a->by_number, a->n, sizeof *a->by_number, by_number);
}

static int grow(struct asc_node ***list, size_t cap)
{
	struct asc_node **bigger = realloc(*list, cap * sizeof(struct asc_node *));

	if (!bigger)
		return ERR_NOMEM;
	*list = bigger;
	return 0;
}

int asc_node_reserve(struct asc *a)
{
	size_t cap = a->cap ? a->cap * 2 : 16;

	if (a->n < a->cap)
		return 0;
	if (grow(&a->by_name, cap) || grow(&a->by_host, cap) || grow(&a->by_e164, cap) || grow(&a->by_number, cap))
		return ERR_NOMEM; /* the lists that grew are only larger than they say */
	a->cap = cap;
	return 0;
}

void asc_node_link(struct asc *a, struct asc_node *node)
{
	a->by_name[a->n] = a->by_host[a->n] = a->by_e164[a->n] = a->by_number[a->n] = node;
	a->n++;
}

static void take_out(struct asc_node **list, size_t n, const struct asc_node *node)
{
	size_t i = 0;

	while (i < n && list[i] != node)
		i++;
	if (i < n)
		memmove(list + i, list + i + 1, (n - i - 1) * sizeof *list);
}

void asc_node_unlink(struct asc *a, struct asc_node *node)
{
	take_out(a->by_name, a->n, node);
	take_out(a->by_host, a->n, node);
	take_out(a->by_e164, a->n, node);
	take_out(a->by_number, a->n, node);
	a->n--;
}

void asc_node_free(struct asc_node *node)
{
	free(node->sets);
	free(node);
}

struct asc_node *asc_node_find(const struct asc *a, const char *name)
{
	struct asc_node wanted;

	if (str_copy(wanted.scs.name, sizeof wanted.scs.name, name, strlen(name)))
		return NULL;
	return find(a->by_name, a->n, &wanted, by_name);
}

struct asc_node *asc_node_by_number(const struct asc *a, uint32_t number)
{
	struct asc_node wanted, *node;

	if (number == ASC_NOBODY)
		return (struct asc_node *)(uintptr_t)&a->anyone;
	wanted.number = number;
	node = find(a->by_number, a->n, &wanted, by_number);
	if (!node)
		node = asc_group_by_number(a, number);
	return node ? node : asc_dset_by_number(a, number);
}

static const struct asc_scs *scs_of(const struct asc_node *node)
{
	return node ? &node->scs : NULL;
}

const struct asc_scs *asc_scs_find(const struct asc *a, const char *name)
{
	return scs_of(asc_node_find(a, name));
}

const struct asc_scs *asc_scs_by_origin_host(const struct asc *a, const char *origin_host)
{
	struct asc_node wanted;

	if (str_copy(wanted.scs.origin_host, sizeof wanted.scs.origin_host, origin_host, strlen(origin_host)))
		return NULL;
	return scs_of(find(a->by_host, a->n, &wanted, by_host));
}

const struct asc_scs *asc_scs_by_e164(const struct asc *a, const char *e164)
{
	struct asc_node wanted;

	if (str_copy(wanted.scs.e164, sizeof wanted.scs.e164, e164, strlen(e164)))
		return NULL;
	return scs_of(find(a->by_e164, a->n, &wanted, by_e164));
}

/* The proven name is the Origin-Host (CONTRACTS section 1), so one index serves both. */
const struct asc_scs *asc_scs_by_identity(const struct asc *a, const char *anchor, const char *authenticated_name)
{
	const struct asc_scs *scs = asc_scs_by_origin_host(a, authenticated_name);

	return scs && strcmp(scs->anchor, anchor) == 0 ? scs : NULL;
}

int asc_scs_each(const struct asc *a, asc_scs_fn *fn, void *arg)
{
	int stop = 0;

	for (size_t i = 0; i < a->n && !stop; i++)
		stop = fn(arg, &a->by_name[i]->scs);
	return stop;
}

uint32_t asc_scs_count(const struct asc *a)
{
	return (uint32_t)a->n;
}

static int refuse_taken(struct asc_why *why, const char *what, const char *value, const struct asc_scs *owner)
{
	snprintf(why->text, sizeof why->text, "%s '%.200s' belongs to SCS '%s' already", what, value, owner->name);
	return ERR_EXISTS;
}

static int check_free(const struct asc *a, const struct asc_scs *scs, struct asc_why *why)
{
	const struct asc_scs *other = asc_scs_by_origin_host(a, scs->origin_host);

	if (other && strcmp(other->name, scs->name) != 0)
		return refuse_taken(why, "origin-host", scs->origin_host, other);
	other = asc_scs_by_e164(a, scs->e164);
	if (other && strcmp(other->name, scs->name) != 0)
		return refuse_taken(why, "e164", scs->e164, other);
	return 0;
}

static int write_scs(struct asc *a, const struct asc_scs *scs, uint32_t number, struct asc_why *why)
{
	uint8_t room[ASC_KEY_MAX], bytes[ASC_SCS_RECORD_MAX];
	struct buf b = buf_over(bytes, sizeof bytes);
	MDB_val key = asc_key_text(room, scs->name), val;
	MDB_txn *txn;
	int rc, err;

	asc_scs_record_put(&b, scs, number);
	val = (MDB_val){ b.len, bytes };
	err = asc_begin(a, &txn, why);
	if (err)
		return err;
	rc = mdb_put(txn, a->scs, &key, &val, 0);
	if (rc)
		return asc_abort(txn, why, rc, "write the SCS");
	return asc_commit(a, txn, why);
}

static int no_memory(struct asc_why *why)
{
	snprintf(why->text, sizeof why->text, "out of memory");
	return ERR_NOMEM;
}

static int add_scs(struct asc *a, const struct asc_scs *scs, struct asc_why *why)
{
	struct asc_node *node = asc_node_reserve(a) ? NULL : calloc(1, sizeof *node);
	int err;

	if (!node)
		return no_memory(why);
	node->scs = *scs;
	node->number = a->next_number++;
	err = write_scs(a, scs, node->number, why);
	if (err) {
		a->next_number--;
		asc_node_free(node);
		return err;
	}
	asc_node_link(a, node);
	asc_node_sort(a);
	return 0;
}

int asc_scs_put(struct asc *a, const struct asc_scs *scs, struct asc_why *why)
{
	struct asc_scs canonical = *scs;
	struct asc_node *node;
	int err;

	why->text[0] = 0;
	err = asc_scs_check(&canonical, why);
	if (!err)
		err = check_free(a, &canonical, why);
	if (err)
		return err;
	node = asc_node_find(a, canonical.name);
	if (!node)
		return add_scs(a, &canonical, why);
	err = write_scs(a, &canonical, node->number, why);
	if (err)
		return err;
	node->scs = canonical;
	asc_node_sort(a);
	return 0;
}

int asc_node_rows_del(struct asc *a, MDB_txn *txn, const struct asc_node *node)
{
	uint8_t room[ASC_KEY_MAX];
	MDB_val key;
	int rc = 0;

	for (size_t i = 0; i < node->sets_n && !rc; i++) {
		key = asc_key_set(room, node->number, node->sets[i].verdict, node->sets[i].device.text);
		rc = mdb_del(txn, a->set, &key, NULL);
	}
	if (rc)
		return rc;
	key = asc_key_number(room, node->number);
	rc = mdb_del(txn, a->count, &key, NULL);
	return rc == MDB_NOTFOUND ? 0 : rc;
}

/* Everything that stands under the SCS's number except entries in rows of devices: those are no rules without it. */
static int delete_rows(struct asc *a, MDB_txn *txn, const struct asc_node *node)
{
	uint8_t room[ASC_KEY_MAX];
	MDB_val key = asc_key_text(room, node->scs.name);
	int rc = mdb_del(txn, a->scs, &key, NULL);

	if (!rc)
		rc = asc_node_members_del(a, txn, node);
	return rc ? rc : asc_node_rows_del(a, txn, node);
}

int asc_scs_del(struct asc *a, const char *name, struct asc_why *why)
{
	struct asc_node *node = asc_node_find(a, name);
	MDB_txn *txn;
	int rc, err;

	if (!node) {
		snprintf(why->text, sizeof why->text, "no SCS '%.63s'", name);
		return ERR_NOTFOUND;
	}
	err = asc_begin(a, &txn, why);
	if (err)
		return err;
	rc = delete_rows(a, txn, node);
	if (rc)
		return asc_abort(txn, why, rc, "delete the SCS");
	err = asc_commit(a, txn, why);
	if (err)
		return err;
	asc_node_unlink(a, node);
	asc_node_free(node);
	return 0;
}
