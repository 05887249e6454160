/* asc_group.c - groups: on disk by name, in memory in one sorted list; each SCS remembers the groups it is stored in. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "assoc/asc_int.h"

static int refuse(struct asc_why *why, int err, const char *what, const char *name, const char *words)
{
	snprintf(why->text, sizeof why->text, "%s '%.63s'%s%s", what, name, words[0] ? ": " : "", words);
	return err;
}

/* Where a group of this name stands, or would stand. */
static size_t place_of(const struct asc *a, const char *name)
{
	size_t low = 0, high = a->groups_n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(a->groups[middle]->group.name, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct asc_node *asc_group_node(const struct asc *a, const char *name)
{
	size_t i = place_of(a, name);

	return i < a->groups_n && strcmp(a->groups[i]->group.name, name) == 0 ? a->groups[i] : NULL;
}

struct asc_node *asc_group_by_number(const struct asc *a, uint32_t number)
{
	for (size_t i = 0; i < a->groups_n; i++) {
		if (a->groups[i]->number == number)
			return a->groups[i];
	}
	return NULL;
}

struct asc_node *asc_node_of(const struct asc *a, const char *who)
{
	size_t prefix = sizeof ASSOC_GROUP_PREFIX - 1;

	if (strcmp(who, "*") == 0)
		return (struct asc_node *)(uintptr_t)&a->anyone;
	return strncmp(who, ASSOC_GROUP_PREFIX, prefix) == 0 ? asc_group_node(a, who + prefix) : asc_node_find(a, who);
}

const struct asc_group *asc_group_find(const struct asc *a, const char *name)
{
	const struct asc_node *node = asc_group_node(a, name);

	return node ? &node->group : NULL;
}

int asc_group_each(const struct asc *a, asc_group_fn *fn, void *arg)
{
	int stop = 0;

	for (size_t i = 0; i < a->groups_n && !stop; i++)
		stop = fn(arg, &a->groups[i]->group);
	return stop;
}

static size_t member_place(const struct asc_node *scs, const struct asc_node *group)
{
	size_t i = 0;

	while (i < scs->groups_n && scs->groups[i] != group)
		i++;
	return i;
}

int asc_group_member_each(const struct asc *a, const char *group, asc_member_fn *fn, void *arg)
{
	const struct asc_node *node = asc_group_node(a, group);
	int stop = 0;

	for (size_t i = 0; node && i < a->n && !stop; i++) {
		if (member_place(a->by_name[i], node) < a->by_name[i]->groups_n)
			stop = fn(arg, a->by_name[i]->scs.name);
	}
	return stop;
}

/* -- in memory */

static int reserve(struct asc *a)
{
	size_t cap = a->groups_cap ? a->groups_cap * 2 : 8;
	struct asc_node **bigger;

	if (a->groups_n < a->groups_cap)
		return 0;
	bigger = realloc(a->groups, cap * sizeof(struct asc_node *));
	if (!bigger)
		return ERR_NOMEM;
	a->groups = bigger;
	a->groups_cap = cap;
	return 0;
}

static void link_group(struct asc *a, struct asc_node *node)
{
	size_t at = place_of(a, node->group.name);

	memmove(a->groups + at + 1, a->groups + at, (a->groups_n - at) * sizeof *a->groups);
	a->groups[at] = node;
	a->groups_n++;
}

static void unlink_member(struct asc_node *scs, const struct asc_node *group)
{
	size_t at = member_place(scs, group);

	if (at < scs->groups_n)
		scs->groups[at] = scs->groups[--scs->groups_n];
}

static void unlink_group(struct asc *a, struct asc_node *node)
{
	size_t at = place_of(a, node->group.name);

	for (size_t i = 0; i < a->n; i++)
		unlink_member(a->by_name[i], node);
	a->groups_n--;
	memmove(a->groups + at, a->groups + at + 1, (a->groups_n - at) * sizeof *a->groups);
	asc_node_free(node);
}

/* -- at open */

static int damaged(struct asc_why *why, bool version)
{
	snprintf(why->text, sizeof why->text, "association store: a group or its membership is %s",
		 version ? "of another version" : "damaged");
	return version ? ERR_VERSION : ERR_PROTO;
}

static int read_group(struct asc_node *node, const MDB_val *key, const MDB_val *val)
{
	struct rd k = rd_over(key->mv_data, key->mv_size), v = rd_over(val->mv_data, val->mv_size);
	const uint8_t *anchor;
	size_t len;

	if (rd_u8(&k) != ASC_ROW_VERSION || rd_u8(&v) != ASC_ROW_VERSION)
		return k.bad || v.bad ? ERR_PROTO : ERR_VERSION;
	node->number = rd_le32(&v);
	len = rd_u8(&v);
	anchor = rd_take(&v, len);
	if (!anchor || rd_left(&v) || node->number == ASC_NOBODY ||
	    str_copy(node->group.name, sizeof node->group.name, k.p, rd_left(&k)) ||
	    str_copy(node->group.anchor, sizeof node->group.anchor, anchor, len) || !ident_name_ok(node->group.name) ||
	    (len && !ident_name_ok(node->group.anchor)))
		return ERR_PROTO;
	return 0;
}

int asc_group_load(struct asc *a, const MDB_val *key, const MDB_val *val, struct asc_why *why)
{
	struct asc_node *node = reserve(a) ? NULL : calloc(1, sizeof *node);
	int err;

	if (!node)
		return ERR_NOMEM;
	err = read_group(node, key, val);
	if (!err && (node->number >= a->next_number || asc_node_by_number(a, node->number) || a->groups_n == ASC_GROUPS_MAX))
		err = ERR_PROTO;
	if (err) {
		asc_node_free(node);
		return damaged(why, err == ERR_VERSION);
	}
	link_group(a, node);
	return 0;
}

int asc_member_load(struct asc *a, const MDB_val *key, const MDB_val *val, struct asc_why *why)
{
	struct rd k = rd_over(key->mv_data, key->mv_size), v = rd_over(val->mv_data, val->mv_size);
	struct asc_node *group, *scs;

	if (rd_u8(&k) != ASC_ROW_VERSION || rd_u8(&v) != ASC_ROW_VERSION)
		return damaged(why, !k.bad && !v.bad);
	group = asc_group_by_number(a, rd_be32(&k));
	scs = asc_node_by_number(a, rd_be32(&k));
	if (k.bad || rd_left(&k) || rd_left(&v) || !group || !scs || scs == &a->anyone || scs->group.name[0] ||
	    scs->dset.name[0] || scs->groups_n == ASC_GROUPS_PER_SCS_MAX)
		return damaged(why, false);
	scs->groups[scs->groups_n++] = group;
	return 0;
}

/* -- changes */

static int write_group(struct asc *a, const struct asc_group *group, uint32_t number, struct asc_why *why)
{
	uint8_t room[ASC_KEY_MAX], bytes[8 + IDENT_SCS_MAX];
	struct buf b = buf_over(bytes, sizeof bytes);
	MDB_val key = asc_key_text(room, group->name), val;
	MDB_txn *txn;
	int rc, err;

	buf_u8(&b, ASC_ROW_VERSION);
	buf_le32(&b, number);
	buf_u8(&b, (uint8_t)strlen(group->anchor));
	buf_bytes(&b, group->anchor, strlen(group->anchor));
	val = (MDB_val){ b.len, bytes };
	err = asc_begin(a, &txn, why);
	if (err)
		return err;
	rc = mdb_put(txn, a->group, &key, &val, 0);
	if (rc)
		return asc_abort(txn, why, rc, "write the group");
	return asc_commit(a, txn, why);
}

static int add_group(struct asc *a, const struct asc_group *group, struct asc_why *why)
{
	struct asc_node *node;
	int err;

	if (a->groups_n == ASC_GROUPS_MAX)
		return refuse(why, ERR_LIMIT, "group", group->name, "there are as many groups as there may be");
	node = reserve(a) ? NULL : calloc(1, sizeof *node);
	if (!node)
		return refuse(why, ERR_NOMEM, "group", group->name, "out of memory");
	node->group = *group;
	node->number = a->next_number++;
	err = write_group(a, group, node->number, why);
	if (err) {
		a->next_number--;
		asc_node_free(node);
		return err;
	}
	link_group(a, node);
	return 0;
}

int asc_group_put(struct asc *a, const struct asc_group *group, struct asc_why *why)
{
	struct asc_node *node;
	int err;

	why->text[0] = 0;
	if (!ident_name_ok(group->name))
		return refuse(why, ERR_INVAL, "group", group->name,
			      "expected a name of a-z, 0-9, '.', '_', '-', at most 63, beginning with a letter or digit");
	if (group->anchor[0] && !ident_name_ok(group->anchor))
		return refuse(why, ERR_INVAL, "anchor", group->anchor, "expected the name of a trust anchor");
	if (strcmp(group->anchor, IDENT_ANCHOR_INTERNAL) == 0)
		return refuse(why, ERR_INVAL, "anchor", group->anchor,
			      "SCSs under it have no certificate that could prove a group");
	node = asc_group_node(a, group->name);
	if (!node)
		return add_group(a, group, why);
	err = write_group(a, group, node->number, why);
	if (!err)
		node->group = *group;
	return err;
}

static int del_member(struct asc *a, MDB_txn *txn, const struct asc_node *group, const struct asc_node *scs)
{
	uint8_t room[ASC_KEY_MAX];
	MDB_val key = asc_key_member(room, group->number, scs->number);

	return mdb_del(txn, a->member, &key, NULL);
}

int asc_node_members_del(struct asc *a, MDB_txn *txn, const struct asc_node *scs)
{
	int rc = 0;

	for (size_t i = 0; i < scs->groups_n && !rc; i++)
		rc = del_member(a, txn, scs->groups[i], scs);
	return rc;
}

int asc_group_del(struct asc *a, const char *name, struct asc_why *why)
{
	struct asc_node *node = asc_group_node(a, name);
	uint8_t room[ASC_KEY_MAX];
	MDB_txn *txn;
	MDB_val key;
	int rc, err;

	if (!node)
		return refuse(why, ERR_NOTFOUND, "no group", name, "");
	err = asc_begin(a, &txn, why);
	if (err)
		return err;
	key = asc_key_text(room, name);
	rc = mdb_del(txn, a->group, &key, NULL);
	for (size_t i = 0; i < a->n && !rc; i++) {
		if (member_place(a->by_name[i], node) < a->by_name[i]->groups_n)
			rc = del_member(a, txn, node, a->by_name[i]);
	}
	if (!rc)
		rc = asc_node_rows_del(a, txn, node);
	if (rc)
		return asc_abort(txn, why, rc, "delete the group");
	err = asc_commit(a, txn, why);
	if (!err)
		unlink_group(a, node);
	return err;
}

static int find_both(const struct asc *a, const char *group, const char *scs, struct asc_node **g, struct asc_node **s,
		     struct asc_why *why)
{
	why->text[0] = 0;
	*g = asc_group_node(a, group);
	*s = asc_node_find(a, scs);
	if (!*g)
		return refuse(why, ERR_NOTFOUND, "no group", group, "");
	return *s ? 0 : refuse(why, ERR_NOTFOUND, "no SCS", scs, "");
}

int asc_group_member_add(struct asc *a, const char *group, const char *scs, struct asc_why *why)
{
	uint8_t room[ASC_KEY_MAX], version = ASC_ROW_VERSION;
	MDB_val key, val = { 1, &version };
	struct asc_node *g, *s;
	MDB_txn *txn;
	int rc, err = find_both(a, group, scs, &g, &s, why);

	if (err)
		return err;
	if (member_place(s, g) < s->groups_n)
		return refuse(why, ERR_EXISTS, "SCS", scs, "is a member already");
	if (s->groups_n == ASC_GROUPS_PER_SCS_MAX)
		return refuse(why, ERR_LIMIT, "SCS", scs, "is in as many groups as it may be");
	err = asc_begin(a, &txn, why);
	if (err)
		return err;
	key = asc_key_member(room, g->number, s->number);
	rc = mdb_put(txn, a->member, &key, &val, 0);
	if (rc)
		return asc_abort(txn, why, rc, "write the membership");
	err = asc_commit(a, txn, why);
	if (!err)
		s->groups[s->groups_n++] = g;
	return err;
}

int asc_group_member_del(struct asc *a, const char *group, const char *scs, struct asc_why *why)
{
	struct asc_node *g, *s;
	MDB_txn *txn;
	int rc, err = find_both(a, group, scs, &g, &s, why);

	if (err)
		return err;
	if (member_place(s, g) == s->groups_n)
		return refuse(why, ERR_NOTFOUND, "SCS", scs, "is not a stored member of the group");
	err = asc_begin(a, &txn, why);
	if (err)
		return err;
	rc = del_member(a, txn, g, s);
	if (rc)
		return asc_abort(txn, why, rc, "delete the membership");
	err = asc_commit(a, txn, why);
	if (!err)
		unlink_member(s, g);
	return err;
}
