/* asc_find.c - reading rules: for the judge, and for people who list them. */
#include <string.h>

#include "assoc/asc_int.h"

static uint8_t who_axis(const struct asc_node *node)
{
	return node->number == ASC_NOBODY ? ASSOC_WHO_ANY : ASSOC_WHO_SCS;
}

static void from_set(struct assoc_rule *out, const struct asc_node *node, const struct asc_set_rule *s)
{
	*out = (struct assoc_rule){ .verdict = s->verdict,
				    .rights = s->rights,
				    .device_axis = s->device.axis,
				    .who_axis = who_axis(node),
				    .not_before_s = s->not_before_s,
				    .not_after_s = s->not_after_s };
	if (s->device.axis == ASSOC_DEVICE_RANGE)
		out->width = s->device.last - s->device.first + 1;
	strcpy(out->who, node->scs.name);
	strcpy(out->device, s->device.text);
}

static void from_entry(struct assoc_rule *out, const struct asc_node *node, const struct asc_entry *e, const char *device,
		       size_t device_len)
{
	*out = (struct assoc_rule){ .verdict = e->verdict,
				    .rights = e->rights,
				    .device_axis = ASSOC_DEVICE_EXACT,
				    .who_axis = who_axis(node),
				    .width = 1,
				    .not_before_s = e->not_before_s,
				    .not_after_s = e->not_after_s };
	strcpy(out->who, node->scs.name);
	memcpy(out->device, device, device_len); /* zeroed above; its length was checked */
}

static struct assoc_rule *next_room(struct assoc_found *out)
{
	if (out->n == ASSOC_FOUND_MAX) {
		out->overflow = true;
		return NULL;
	}
	return &out->rules[out->n++];
}

static void find_sets(const struct asc_node *node, const struct asc_device *device, struct assoc_found *out)
{
	for (size_t i = 0; i < node->sets_n && !out->overflow; i++) {
		struct assoc_rule *room;

		if (!asc_devname_holds(&node->sets[i].device, device))
			continue;
		room = next_room(out);
		if (room)
			from_set(room, node, &node->sets[i]);
	}
}

/* One get; every rule of that name is in the row. */
static int find_row(const struct asc *a, MDB_txn *txn, const struct asc_node *who, const char *name, struct assoc_found *out)
{
	uint8_t room[ASC_KEY_MAX];
	MDB_val key = asc_key_text(room, name), row;
	struct asc_entry e;
	struct rd r;
	int rc = mdb_get(txn, a->dev, &key, &row);

	if (rc)
		return rc == MDB_NOTFOUND ? 0 : ERR_IO;
	r = rd_over(row.mv_data, row.mv_size);
	if (rd_u8(&r) != ASC_ROW_VERSION)
		return ERR_PROTO;
	while (asc_entry_next(&r, &e)) {
		const struct asc_node *node = e.scs_number == ASC_NOBODY ? &a->anyone : who;
		struct assoc_rule *rule;

		if (!node || node->number != e.scs_number)
			continue;
		rule = next_room(out);
		if (rule)
			from_entry(rule, node, &e, name, strlen(name));
	}
	return r.bad ? ERR_PROTO : 0;
}

static int find_exact(const struct asc *a, const struct asc_node *who, const struct asc_device *device, struct assoc_found *out)
{
	char msisdn[sizeof "msisdn:" + IDENT_MSISDN_MAX] = "msisdn:";
	int err = 0;

	if (mdb_txn_renew(a->reader))
		return ERR_IO;
	if (device->external && strlen(device->external) <= ASSOC_DEVICE_TEXT_MAX)
		err = find_row(a, a->reader, who, device->external, out);
	if (!err && device->msisdn && strlen(device->msisdn) <= IDENT_MSISDN_MAX) {
		strcat(msisdn, device->msisdn);
		err = find_row(a, a->reader, who, msisdn, out);
	}
	mdb_txn_reset(a->reader);
	return err;
}

int asc_find_rules(const struct asc *a, const char *who, const struct asc_device *device, struct assoc_found *out)
{
	const struct asc_node *node = asc_node_find(a, who);
	int err;

	out->n = 0;
	out->overflow = false;
	find_sets(&a->anyone, device, out);
	if (node)
		find_sets(node, device, out);
	err = find_exact(a, node, device, out);
	if (err)
		out->n = 0;
	return err;
}

static int each_set(const struct asc_node *node, asc_rule_fn *fn, void *arg)
{
	struct assoc_rule rule;
	int stop = 0;

	for (size_t i = 0; i < node->sets_n && !stop; i++) {
		from_set(&rule, node, &node->sets[i]);
		stop = fn(arg, &rule);
	}
	return stop;
}

static int each_in_row(const struct asc *a, const struct asc_node *who, const MDB_val *key, const MDB_val *row, asc_rule_fn *fn,
		       void *arg)
{
	struct rd k = rd_over(key->mv_data, key->mv_size), r = rd_over(row->mv_data, row->mv_size);
	struct assoc_rule rule;
	struct asc_entry e;
	int stop = 0;

	if (rd_u8(&k) != ASC_ROW_VERSION || rd_u8(&r) != ASC_ROW_VERSION || rd_left(&k) > ASSOC_DEVICE_TEXT_MAX)
		return ERR_IO;
	while (!stop && asc_entry_next(&r, &e)) {
		const struct asc_node *node = asc_node_by_number(a, e.scs_number);

		if (!node || (who && node != who))
			continue;
		from_entry(&rule, node, &e, (const char *)k.p, rd_left(&k));
		stop = fn(arg, &rule);
	}
	return stop ? stop : r.bad ? ERR_IO : 0;
}

static int each_exact(const struct asc *a, const struct asc_node *who, asc_rule_fn *fn, void *arg)
{
	MDB_cursor *cur;
	MDB_val key, row;
	int stop = 0, rc = mdb_txn_renew(a->reader);

	if (rc)
		return ERR_IO;
	rc = mdb_cursor_open(a->reader, a->dev, &cur);
	if (rc) {
		mdb_txn_reset(a->reader);
		return ERR_IO;
	}
	while (!stop && (rc = mdb_cursor_get(cur, &key, &row, MDB_NEXT)) == 0)
		stop = each_in_row(a, who, &key, &row, fn, arg);
	mdb_cursor_close(cur);
	mdb_txn_reset(a->reader);
	return stop ? stop : rc == MDB_NOTFOUND ? 0 : ERR_IO;
}

int asc_rule_each(const struct asc *a, const char *who, asc_rule_fn *fn, void *arg)
{
	const struct asc_node *node = NULL;
	int stop = 0;

	if (who) {
		node = strcmp(who, "*") == 0 ? &a->anyone : asc_node_find(a, who);
		if (!node)
			return 0;
		stop = each_set(node, fn, arg);
	} else {
		stop = each_set(&a->anyone, fn, arg);
		for (size_t i = 0; i < a->n && !stop; i++)
			stop = each_set(a->by_name[i], fn, arg);
	}
	return stop ? stop : each_exact(a, node, fn, arg);
}

uint64_t asc_rule_count(const struct asc *a)
{
	uint64_t n = a->anyone.sets_n + a->anyone.exact_n;

	for (size_t i = 0; i < a->n; i++)
		n += a->by_name[i]->sets_n + a->by_name[i]->exact_n;
	return n;
}
