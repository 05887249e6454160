/* asc_find.c - reading rules: for the judge, and for people who list them. */
#include <string.h>

#include "assoc/asc_int.h"

static uint8_t who_axis(const struct asc_node *node)
{
	if (node->group.name[0])
		return ASSOC_WHO_GROUP;
	return node->number == ASC_NOBODY ? ASSOC_WHO_ANY : ASSOC_WHO_SCS;
}

static void who_text(char out[ASSOC_WHO_TEXT_MAX + 1], const struct asc_node *node)
{
	out[0] = 0;
	if (node->group.name[0])
		strcpy(out, ASSOC_GROUP_PREFIX);
	strcat(out, node->group.name[0] ? node->group.name : node->scs.name);
}

static void from_set(struct assoc_rule *out, const struct asc_node *node, const struct asc_set_rule *s)
{
	*out = (struct assoc_rule){ .verdict = s->verdict,
				    .rights = s->rights,
				    .mode = s->mode,
				    .device_axis = s->device.axis,
				    .who_axis = who_axis(node),
				    .not_before_s = s->not_before_s,
				    .not_after_s = s->not_after_s };
	if (s->device.axis == ASSOC_DEVICE_RANGE)
		out->width = s->device.last - s->device.first + 1;
	who_text(out->who, node);
	strcpy(out->device, s->device.text);
}

static void from_entry(struct assoc_rule *out, const struct asc_node *node, const struct asc_entry *e, const char *device,
		       size_t device_len)
{
	*out = (struct assoc_rule){ .verdict = e->verdict,
				    .rights = e->rights,
				    .mode = e->mode,
				    .device_axis = ASSOC_DEVICE_EXACT,
				    .who_axis = who_axis(node),
				    .width = 1,
				    .not_before_s = e->not_before_s,
				    .not_after_s = e->not_after_s };
	who_text(out->who, node);
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

		if (!asc_devname_holds(&node->sets[i].device, device)) /* of a named set: find_named() */
			continue;
		room = next_room(out);
		if (room)
			from_set(room, node, &node->sets[i]);
	}
}

/* Who the rules may speak about: everybody, the SCS, its groups. */
struct whos {
	const struct asc_node *node[2 + ASC_ASKER_GROUPS_MAX];
	size_t n;
};

static bool has(const struct whos *w, const struct asc_node *node)
{
	for (size_t i = 0; i < w->n; i++) {
		if (w->node[i] == node)
			return true;
	}
	return false;
}

static void whos_of(struct whos *w, const struct asc *a, const struct asc_asker *who)
{
	const struct asc_node *scs = asc_node_find(a, who->scs);

	*w = (struct whos){ .node = { &a->anyone }, .n = 1 };
	if (!scs)
		return;
	w->node[w->n++] = scs;
	for (size_t i = 0; i < scs->groups_n; i++)
		w->node[w->n++] = scs->groups[i];
	for (uint8_t i = 0; i < who->proven_n && i < ASC_PROVEN_MAX; i++) {
		const struct asc_node *group = asc_group_node(a, who->proven[i]);

		/* admission saw to it that the certificate chains to the anchor of the SCS */
		if (group && group->group.anchor[0] && strcmp(group->group.anchor, scs->scs.anchor) == 0 && !has(w, group))
			w->node[w->n++] = group;
	}
}

uint8_t asc_asker_groups(const struct asc *a, const struct asc_asker *who, const struct asc_group *out[ASC_ASKER_GROUPS_MAX])
{
	struct whos w;
	uint8_t n = 0;

	whos_of(&w, a, who);
	for (size_t i = 2; i < w.n; i++)
		out[n++] = &w.node[i]->group;
	return n;
}

static const struct asc_node *by_number(const struct whos *w, uint32_t number)
{
	for (size_t i = 0; i < w->n; i++) {
		if (w->node[i]->number == number)
			return w->node[i];
	}
	return NULL;
}

struct memberships { /* the named sets a device is in */
	uint32_t number[ASC_DSETS_PER_LOOKUP_MAX];
	size_t n;
};

static void add_membership(struct memberships *m, uint32_t number, struct assoc_found *out)
{
	if (m->n == ASC_DSETS_PER_LOOKUP_MAX) {
		out->overflow = true;
		return;
	}
	m->number[m->n++] = number;
}

static bool is_member(const struct memberships *m, uint64_t number)
{
	for (size_t i = 0; i < m->n; i++) {
		if (m->number[i] == number)
			return true;
	}
	return false;
}

/* Rules of this node on the named sets that hold the device. */
static void find_named(const struct asc_node *node, const struct memberships *m, struct assoc_found *out)
{
	for (size_t i = 0; m->n && i < node->sets_n && !out->overflow; i++) {
		struct assoc_rule *room;

		if (node->sets[i].device.axis != ASSOC_DEVICE_SET || !is_member(m, node->sets[i].device.first))
			continue;
		room = next_room(out);
		if (room)
			from_set(room, node, &node->sets[i]);
	}
}

/* One get; every rule of that name and every set it is in are in the row. */
static int find_row(const struct asc *a, MDB_txn *txn, const struct whos *w, const char *name, struct memberships *m,
		    struct assoc_found *out)
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
		const struct asc_node *node = by_number(w, e.scs_number);
		struct assoc_rule *rule;

		if (e.verdict == ASC_ENTRY_MEMBER) {
			add_membership(m, e.scs_number, out); /* of a set that is gone: no rule names it */
			continue;
		}
		rule = node ? next_room(out) : NULL;
		if (rule)
			from_entry(rule, node, &e, name, strlen(name));
	}
	return r.bad ? ERR_PROTO : 0;
}

static int find_exact(const struct asc *a, const struct whos *w, const struct asc_device *device, struct memberships *m,
		      struct assoc_found *out)
{
	char msisdn[sizeof "msisdn:" + IDENT_MSISDN_MAX] = "msisdn:";
	int err = 0;

	if (mdb_txn_renew(a->reader))
		return ERR_IO;
	if (device->external && strlen(device->external) <= ASSOC_DEVICE_TEXT_MAX)
		err = find_row(a, a->reader, w, device->external, m, out);
	if (!err && device->msisdn && strlen(device->msisdn) <= IDENT_MSISDN_MAX) {
		strcat(msisdn, device->msisdn);
		err = find_row(a, a->reader, w, msisdn, m, out);
	}
	mdb_txn_reset(a->reader);
	return err;
}

int asc_find_rules(const struct asc *a, const struct asc_asker *who, const struct asc_device *device, struct assoc_found *out)
{
	struct memberships m = { .n = 0 };
	struct whos w;
	int err;

	out->n = 0;
	out->overflow = false;
	whos_of(&w, a, who);
	for (size_t i = 0; i < w.n; i++)
		find_sets(w.node[i], device, out);
	err = find_exact(a, &w, device, &m, out);
	for (size_t i = 0; i < w.n && !err; i++)
		find_named(w.node[i], &m, out);
	if (err)
		out->n = 0;
	return err;
}

/* Rules of this node on the named sets that do not hold the device. */
static void find_other_named(const struct asc_node *node, const struct memberships *m, struct assoc_found *out)
{
	for (size_t i = 0; i < node->sets_n && !out->overflow; i++) {
		const struct asc_set_rule *rule = &node->sets[i];
		struct assoc_rule *room;

		if (rule->device.axis != ASSOC_DEVICE_SET || is_member(m, rule->device.first))
			continue;
		room = next_room(out);
		if (room)
			from_set(room, node, rule);
	}
}

/* Groups beside those of `w`, from number *at of all on, as many as go at once. */
static void other_groups(struct whos *other, const struct asc *a, const struct whos *w, size_t *at)
{
	other->n = 0;
	for (; *at < a->groups_n && other->n < sizeof other->node / sizeof other->node[0]; (*at)++) {
		if (!has(w, a->groups[*at]))
			other->node[other->n++] = a->groups[*at];
	}
}

int asc_find_near(const struct asc *a, const struct asc_asker *who, const struct asc_device *device, struct asc_near *out)
{
	struct assoc_found *groups = &out->groups, *sets = &out->sets;
	struct memberships m = { .n = 0 };
	struct whos w, other = { .n = 0 };
	size_t at = 0;
	int err;

	groups->n = sets->n = 0;
	groups->overflow = sets->overflow = false;
	whos_of(&w, a, who);
	err = find_exact(a, &other, device, &m, sets); /* of nobody: the sets it is in */
	for (size_t i = 0; i < w.n && !err; i++)
		find_other_named(w.node[i], &m, sets);
	while (!err && w.n > 1 && at < a->groups_n) { /* nobody puts an SCS that is not there into a group */
		other_groups(&other, a, &w, &at);
		m.n = 0;
		err = find_exact(a, &other, device, &m, groups);
		for (size_t i = 0; i < other.n && !err; i++) {
			find_sets(other.node[i], device, groups);
			find_named(other.node[i], &m, groups);
		}
	}
	if (err)
		groups->n = sets->n = 0;
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

		if (!node || e.verdict == ASC_ENTRY_MEMBER || (who && node != who))
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
		node = asc_node_of(a, who);
		if (!node)
			return 0;
		stop = each_set(node, fn, arg);
	} else {
		stop = each_set(&a->anyone, fn, arg);
		for (size_t i = 0; i < a->n && !stop; i++)
			stop = each_set(a->by_name[i], fn, arg);
		for (size_t i = 0; i < a->groups_n && !stop; i++)
			stop = each_set(a->groups[i], fn, arg);
	}
	return stop ? stop : each_exact(a, node, fn, arg);
}

static int each_set_on(const struct asc_node *node, const struct asc_devname *d, asc_rule_fn *fn, void *arg)
{
	struct assoc_rule rule;
	int stop = 0;

	for (size_t i = 0; i < node->sets_n && !stop; i++) {
		if (strcmp(node->sets[i].device.text, d->text) != 0)
			continue;
		from_set(&rule, node, &node->sets[i]);
		stop = fn(arg, &rule);
	}
	return stop;
}

static int each_on_device(const struct asc *a, const struct asc_devname *d, asc_rule_fn *fn, void *arg)
{
	uint8_t room[ASC_KEY_MAX];
	MDB_val key = asc_key_text(room, d->text), row;
	int rc, stop = 0;

	if (mdb_txn_renew(a->reader))
		return ERR_IO;
	rc = mdb_get(a->reader, a->dev, &key, &row);
	if (!rc)
		stop = each_in_row(a, NULL, &key, &row, fn, arg);
	else if (rc != MDB_NOTFOUND)
		stop = ERR_IO;
	mdb_txn_reset(a->reader);
	return stop;
}

int asc_rule_each_on(const struct asc *a, const char *device, asc_rule_fn *fn, void *arg, struct asc_why *why)
{
	struct asc_devname d;
	int stop;

	why->text[0] = 0;
	stop = asc_devname_parse(&d, device, why);
	if (!stop)
		stop = asc_dset_resolve(a, &d, why);
	if (stop)
		return stop;
	if (d.axis == ASSOC_DEVICE_EXACT)
		return each_on_device(a, &d, fn, arg);
	stop = each_set_on(&a->anyone, &d, fn, arg);
	for (size_t i = 0; i < a->n && !stop; i++)
		stop = each_set_on(a->by_name[i], &d, fn, arg);
	for (size_t i = 0; i < a->groups_n && !stop; i++)
		stop = each_set_on(a->groups[i], &d, fn, arg);
	return stop;
}

uint64_t asc_rule_count_of(const struct asc *a, const char *who)
{
	const struct asc_node *node = asc_node_of(a, who);

	return node ? node->sets_n + node->exact_n : 0;
}

uint64_t asc_rule_count(const struct asc *a)
{
	uint64_t n = a->anyone.sets_n + a->anyone.exact_n;

	for (size_t i = 0; i < a->n; i++)
		n += a->by_name[i]->sets_n + a->by_name[i]->exact_n;
	for (size_t i = 0; i < a->groups_n; i++)
		n += a->groups[i]->sets_n + a->groups[i]->exact_n;
	return n;
}
