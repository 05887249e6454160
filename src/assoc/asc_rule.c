/* asc_rule.c - rules: those on one device in that device's row, those on sets in memory and in a database of their own. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "assoc/asc_int.h"

int asc_sets_reserve(struct asc_node *node)
{
	size_t cap = node->sets_cap ? node->sets_cap * 2 : 4;
	struct asc_set_rule *bigger;

	if (node->sets_n < node->sets_cap)
		return 0;
	bigger = realloc(node->sets, cap * sizeof *bigger);
	if (!bigger)
		return ERR_NOMEM;
	node->sets = bigger;
	node->sets_cap = cap;
	return 0;
}

size_t asc_sets_find(const struct asc_node *node, uint8_t verdict, const char *device)
{
	size_t i = 0;

	while (i < node->sets_n && (node->sets[i].verdict != verdict || strcmp(node->sets[i].device.text, device) != 0))
		i++;
	return i;
}

static int refuse(struct asc_why *why, int err, const char *words)
{
	snprintf(why->text, sizeof why->text, "%s", words);
	return err;
}

static struct asc_node *node_of(struct asc *a, const char *who, struct asc_why *why)
{
	struct asc_node *node = asc_node_of(a, who);

	if (!node)
		snprintf(why->text, sizeof why->text, "no %s '%.*s'", strncmp(who, ASSOC_GROUP_PREFIX, 6) ? "SCS" : "group",
			 (int)ASSOC_WHO_TEXT_MAX, who);
	return node;
}

static int check_new(const struct asc_rule_new *r, const struct asc_devname *d, struct asc_why *why)
{
	if (r->verdict > ASSOC_BLOCK)
		return refuse(why, ERR_INVAL, "a rule allows, denies or blocks");
	if (strcmp(r->who, "*") == 0 && r->verdict != ASSOC_BLOCK)
		return refuse(why, ERR_INVAL, "only a block rule can speak about every SCS ('*')");
	if (d->axis == ASSOC_DEVICE_ANY && r->verdict != ASSOC_BLOCK)
		return refuse(why, ERR_INVAL, "only a block rule can speak about every device ('*')");
	if (d->axis == ASSOC_DEVICE_ANY && strcmp(r->who, "*") == 0)
		return refuse(why, ERR_INVAL, "a block of every SCS on every device is not a rule: stop the gateway");
	if (r->rights & ~ASSOC_RIGHT_ALL || (r->rights == 0 && r->verdict != ASSOC_BLOCK))
		return refuse(why, ERR_INVAL, "rights: expected one or more of trigger, recall, replace");
	if (r->not_before_s < 0 || r->not_after_s < 0 || (r->not_after_s && r->not_after_s < r->not_before_s))
		return refuse(why, ERR_INVAL, "times: expected seconds since 1970, the earlier one first");
	if (r->mode > ASSOC_DETECT)
		return refuse(why, ERR_INVAL, "mode: expected enforce or " ASSOC_DETECT_WORD);
	if (r->mode == ASSOC_DETECT && r->verdict == ASSOC_ALLOW)
		return refuse(why, ERR_INVAL,
			      "an allow that does not allow is no rule: only deny and block rules can be " ASSOC_DETECT_WORD);
	return 0;
}

/* What a change to one device's row needs; `drop` says which entries go. */
struct row_change {
	uint32_t number; /* SCS */
	int verdict;     /* -1: all */
	unsigned kept, dropped;
};

/* Copies the row's entries that stay. Entries of SCSs that are gone do not stay. ERR_PROTO on a damaged row. */
static int copy_row(const struct asc *a, struct buf *out, const MDB_val *row, struct row_change *c)
{
	struct rd r = rd_over(row->mv_data, row->mv_size);
	struct asc_entry e;

	if (rd_u8(&r) != ASC_ROW_VERSION)
		return ERR_PROTO;
	while (asc_entry_next(&r, &e)) {
		if (!asc_node_by_number(a, e.scs_number))
			continue;
		if (e.scs_number == c->number && (c->verdict < 0 || e.verdict == c->verdict)) {
			c->dropped++;
			continue;
		}
		asc_entry_put(out, &e);
		c->kept++;
	}
	return r.bad ? ERR_PROTO : 0;
}

/* Reads the row of a device inside a write transaction; an absent row is an empty one. */
static int read_row(struct asc *a, MDB_txn *txn, MDB_val *key, struct buf *out, struct row_change *c, struct asc_why *why)
{
	MDB_val row;
	int rc = mdb_get(txn, a->dev, key, &row);

	buf_u8(out, ASC_ROW_VERSION);
	if (rc == MDB_NOTFOUND)
		return 0;
	if (rc)
		return asc_fail(why, rc, "read the device's rules");
	if (copy_row(a, out, &row, c))
		return refuse(why, ERR_PROTO, "association store: the row of this device is damaged or of another version");
	return 0;
}

int asc_exact_add(struct asc *a, struct asc_node *node, const struct asc_devname *d, const struct asc_entry *e,
		  struct asc_why *why)
{
	uint8_t room[ASC_KEY_MAX], bytes[ASC_DEV_RECORD_MAX + ASC_ENTRY_MAX];
	struct row_change c = { node->number, e->verdict, 0, 0 };
	struct buf b = buf_over(bytes, sizeof bytes);
	MDB_val key = asc_key_text(room, d->text), val;
	uint64_t exact_n;
	MDB_txn *txn;
	int rc, err = asc_begin(a, &txn, why);

	if (err)
		return err;
	err = read_row(a, txn, &key, &b, &c, why);
	if (!err && c.kept >= ASC_RULES_PER_DEVICE_MAX)
		err = refuse(why, ERR_LIMIT, "this device has as many rules as one device can have (255)");
	if (err) {
		mdb_txn_abort(txn);
		return err;
	}
	asc_entry_put(&b, e);
	exact_n = node->exact_n + 1 - c.dropped;
	val = (MDB_val){ b.len, bytes };
	rc = b.full ? MDB_BAD_VALSIZE : mdb_put(txn, a->dev, &key, &val, 0);
	if (!rc)
		rc = asc_put_count(a, txn, node->number, exact_n);
	if (rc)
		return asc_abort(txn, why, rc, "write the rule");
	err = asc_commit(a, txn, why);
	if (!err)
		node->exact_n = exact_n;
	return err;
}

static int add_set(struct asc *a, struct asc_node *node, const struct asc_set_rule *rule, struct asc_why *why)
{
	uint8_t room[ASC_KEY_MAX], bytes[18];
	struct buf b = buf_over(bytes, sizeof bytes);
	MDB_val key = asc_key_set(room, node->number, rule->verdict, rule->device.text), val;
	size_t i = asc_sets_find(node, rule->verdict, rule->device.text);
	MDB_txn *txn;
	int rc, err;

	if (asc_sets_reserve(node))
		return refuse(why, ERR_NOMEM, "out of memory");
	buf_u8(&b, ASC_ROW_VERSION);
	buf_u8(&b, (uint8_t)(rule->rights | (rule->mode == ASSOC_DETECT ? ASC_SET_DETECT : 0)));
	buf_le64(&b, (uint64_t)rule->not_before_s);
	buf_le64(&b, (uint64_t)rule->not_after_s);
	val = (MDB_val){ b.len, bytes };
	err = asc_begin(a, &txn, why);
	if (err)
		return err;
	rc = mdb_put(txn, a->set, &key, &val, 0);
	if (rc)
		return asc_abort(txn, why, rc, "write the rule");
	err = asc_commit(a, txn, why);
	if (err)
		return err;
	node->sets[i] = *rule;
	if (i == node->sets_n)
		node->sets_n++;
	return 0;
}

int asc_rule_add(struct asc *a, const struct asc_rule_new *r, struct asc_why *why)
{
	struct asc_set_rule rule = { .verdict = r->verdict,
				     .rights = r->verdict == ASSOC_BLOCK ? ASSOC_RIGHT_ALL : r->rights,
				     .not_before_s = r->not_before_s,
				     .not_after_s = r->not_after_s,
				     .mode = r->mode };
	struct asc_node *node;
	struct asc_entry e;
	int err;

	why->text[0] = 0;
	err = asc_devname_parse(&rule.device, r->device, why);
	if (!err)
		err = check_new(r, &rule.device, why);
	if (err)
		return err;
	node = node_of(a, r->who, why);
	if (!node)
		return ERR_NOTFOUND;
	err = asc_dset_resolve(a, &rule.device, why);
	if (err)
		return err;
	if (rule.device.axis != ASSOC_DEVICE_EXACT)
		return add_set(a, node, &rule, why);
	e = (struct asc_entry){ rule.verdict, rule.rights, node->number, rule.not_before_s, rule.not_after_s, rule.mode };
	return asc_exact_add(a, node, &rule.device, &e, why);
}

static int no_such_rule(struct asc_why *why, MDB_txn *txn)
{
	mdb_txn_abort(txn);
	return refuse(why, ERR_NOTFOUND, "no such rule");
}

int asc_exact_del(struct asc *a, struct asc_node *node, const struct asc_devname *d, int verdict, struct asc_why *why)
{
	uint8_t room[ASC_KEY_MAX], bytes[ASC_DEV_RECORD_MAX];
	struct row_change c = { node->number, verdict, 0, 0 };
	struct buf b = buf_over(bytes, sizeof bytes);
	MDB_val key = asc_key_text(room, d->text), val;
	MDB_txn *txn;
	int rc, err = asc_begin(a, &txn, why);

	if (err)
		return err;
	err = read_row(a, txn, &key, &b, &c, why);
	if (err) {
		mdb_txn_abort(txn);
		return err;
	}
	if (c.dropped == 0)
		return no_such_rule(why, txn);
	val = (MDB_val){ b.len, bytes };
	rc = c.kept ? mdb_put(txn, a->dev, &key, &val, 0) : mdb_del(txn, a->dev, &key, NULL);
	if (!rc)
		rc = asc_put_count(a, txn, node->number, node->exact_n - c.dropped);
	if (rc)
		return asc_abort(txn, why, rc, "delete the rule");
	err = asc_commit(a, txn, why);
	if (!err)
		node->exact_n -= c.dropped;
	return err;
}

static bool set_matches(const struct asc_set_rule *rule, const struct asc_devname *d, int verdict)
{
	return (verdict < 0 || rule->verdict == verdict) && strcmp(rule->device.text, d->text) == 0;
}

static int del_set(struct asc *a, struct asc_node *node, const struct asc_devname *d, int verdict, struct asc_why *why)
{
	uint8_t room[ASC_KEY_MAX];
	unsigned dropped = 0;
	MDB_txn *txn;
	size_t kept = 0;
	int rc = 0, err = asc_begin(a, &txn, why);

	if (err)
		return err;
	for (size_t i = 0; i < node->sets_n && !rc; i++) {
		MDB_val key = asc_key_set(room, node->number, node->sets[i].verdict, node->sets[i].device.text);

		if (!set_matches(&node->sets[i], d, verdict))
			continue;
		rc = mdb_del(txn, a->set, &key, NULL);
		dropped++;
	}
	if (rc)
		return asc_abort(txn, why, rc, "delete the rule");
	if (dropped == 0)
		return no_such_rule(why, txn);
	err = asc_commit(a, txn, why);
	if (err)
		return err;
	for (size_t i = 0; i < node->sets_n; i++) {
		if (!set_matches(&node->sets[i], d, verdict))
			node->sets[kept++] = node->sets[i];
	}
	node->sets_n = kept;
	return 0;
}

int asc_rule_del(struct asc *a, const char *who, const char *device, int verdict, struct asc_why *why)
{
	struct asc_devname d;
	struct asc_node *node;
	int err;

	why->text[0] = 0;
	err = asc_devname_parse(&d, device, why);
	if (err)
		return err;
	node = node_of(a, who, why);
	if (!node)
		return ERR_NOTFOUND;
	return d.axis == ASSOC_DEVICE_EXACT ? asc_exact_del(a, node, &d, verdict, why) : del_set(a, node, &d, verdict, why);
}
