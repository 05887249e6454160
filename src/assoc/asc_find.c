/* asc_find.c - finding the rules about one request: the hot path. It never waits and never
 * allocates, and copies only the rules that it found. */
#include "assoc/asc_find.h"

#include <string.h>

#include "assoc/asc_read.h"
#include "assoc/asc_row.h"
#include "assoc/asc_store.h"
#include "base/obj.h"
#include "base/str.h"

static void fill(struct assoc_rule *out, const struct asc_node *node, uint8_t verdict, uint8_t rights, uint8_t mode,
		 int64_t not_before_s, int64_t not_after_s)
{
	memcpy(out->who, node->who, node->who_len + 1u);
	out->who_axis = node->who_axis;
	out->verdict = verdict;
	out->rights = rights;
	out->mode = mode;
	out->not_before_s = not_before_s;
	out->not_after_s = not_after_s;
}

void asc_rule_of_set(struct assoc_rule *out, const struct asc_node *node, const struct asc_set_rule *s)
{
	fill(out, node, s->verdict, s->rights, s->mode, s->not_before_s, s->not_after_s);
	out->device_axis = s->device.axis;
	out->width = s->device.axis == ASSOC_DEVICE_RANGE ? s->device.last - s->device.first + 1 : 0;
	str_set(out->device, sizeof out->device, s->device.text);
}

void asc_rule_of_entry(struct assoc_rule *out, const struct asc_node *node, const struct asc_entry *e, const char *device,
		       size_t device_len)
{
	fill(out, node, e->verdict, e->rights, e->mode, e->not_before_s, e->not_after_s);
	out->device_axis = ASSOC_DEVICE_EXACT;
	out->width = 1;
	memcpy(out->device, device, device_len); /* its length was checked */
	out->device[device_len] = 0;
}

/* The nodes whose rules apply to a requester: "*", the SCS, its groups. */
struct owners {
	const struct asc_node *node[2 + ASC_ASKER_GROUPS_MAX];
	size_t n;
};

static bool has(const struct owners *w, const struct asc_node *node)
{
	for (size_t i = 0; i < w->n; i++) {
		if (w->node[i] == node) {
			return true;
		}
	}
	return false;
}

/* Admission has checked that the certificate chains to a trust anchor of the SCS, `who->anchor`. */
static bool proves(const struct asc_asker *who, const struct asc_scs *scs, const struct asc_group *group)
{
	return anchor_list_has(scs->anchor, group->anchor) && (!who->anchor || strcmp(who->anchor, group->anchor) == 0);
}

const struct asc_node *asc_find_scs(struct asc_view *v, const char *name)
{
	const struct asc_node *found = v->recent;

	if (found && strcmp(found->who, name) == 0) {
		return found;
	}
	found = asc_model_scs(v->model, name);
	if (found) {
		v->recent = found;
	}
	return found;
}

static void owners_of(struct owners *w, struct asc_view *v, const struct asc_asker *who)
{
	const struct asc_node *scs = asc_find_scs(v, who->scs);
	const struct asc_model *m = v->model;

	w->node[0] = m->slots[0].node;
	w->n = 1;
	if (!scs) {
		return;
	}
	w->node[w->n++] = scs;
	for (uint8_t i = 0; i < scs->groups_n; i++) {
		const struct asc_node *group = asc_model_node(m, scs->groups[i]);

		if (group) {
			w->node[w->n++] = group;
		}
	}
	for (uint8_t i = 0; i < who->proven_n && i < IDENTITY_GROUPS_MAX; i++) {
		const struct asc_node *group = asc_model_group(m, who->proven[i]);

		if (group && proves(who, &scs->scs, &group->group) && !has(w, group)) {
			w->node[w->n++] = group;
		}
	}
}

uint8_t asc_asker_groups(const struct asc *a, const struct asc_asker *who, const struct asc_group *out[ASC_ASKER_GROUPS_MAX])
{
	struct owners w;
	uint8_t n = 0;

	owners_of(&w, asc_view_of(a), who);
	for (size_t i = 2; i < w.n; i++) {
		out[n++] = &w.node[i]->group;
	}
	return n;
}

#define FINDING_MAGIC 0x958089a8u
struct finding {
	struct obj obj;
	struct assoc_found *out;
	const struct asc_node *node; /* whose rules are being searched */
	uint32_t sets[ASC_DSETS_PER_LOOKUP_MAX];
	size_t sets_n; /* the named sets the device is in */
};

static bool hit(void *arg, const struct asc_set_rule *rule)
{
	struct finding *f = OBJ_OF(arg, struct finding, FINDING_MAGIC);

	if (f->out->n == ASSOC_FOUND_MAX) {
		f->out->overflow = true;
		return false;
	}
	asc_rule_of_set(&f->out->rules[f->out->n++], f->node, rule);
	return true;
}

static bool is_member(const struct finding *f, uint64_t number)
{
	for (size_t i = 0; i < f->sets_n; i++) {
		if (f->sets[i] == number) {
			return true;
		}
	}
	return false;
}

/* Adds a named set that the device is in; once, even if both names of the device are members. */
static void note_set(struct finding *f, uint32_t number)
{
	if (is_member(f, number)) {
		return;
	}
	if (f->sets_n == ASC_DSETS_PER_LOOKUP_MAX) {
		f->out->overflow = true;
		return;
	}
	f->sets[f->sets_n++] = number;
}

static const struct asc_node *by_number(const struct owners *w, uint32_t number)
{
	for (size_t i = 0; i < w->n; i++) {
		if (w->node[i]->number == number) {
			return w->node[i];
		}
	}
	return NULL;
}

/* One read: the row of a name has every rule on it and every set it is in. */
static int find_row(const struct asc_view *v, const struct owners *w, const char *device, size_t len, struct finding *f)
{
	struct asc_entry e;
	struct rd r;
	int err = asc_read_row(v, device, len, &r);

	if (err) {
		return err == ERR_NOTFOUND ? 0 : err;
	}
	if (rd_u8(&r) != ASC_ROW_VERSION) {
		return ERR_PROTO;
	}
	while (asc_entry_next(&r, &e)) {
		const struct asc_node *node;

		if (e.verdict == ASC_ENTRY_MEMBER) {
			/* harmless if the set was deleted: no rule has its number */
			note_set(f, e.scs_number);
			continue;
		}
		node = by_number(w, e.scs_number);
		if (!node) {
			continue;
		}
		if (f->out->n == ASSOC_FOUND_MAX) {
			f->out->overflow = true;
		} else {
			asc_rule_of_entry(&f->out->rules[f->out->n++], node, &e, device, len);
		}
	}
	return r.bad ? ERR_PROTO : 0;
}

static int find_exact(const struct asc_view *v, const struct owners *w, const struct asc_device *device, struct finding *f)
{
	char text[sizeof "msisdn:" + IDENT_MSISDN_MAX] = "msisdn:";
	size_t prefix = strlen(text), len;
	int err = 0;

	if (device->external) {
		err = find_row(v, w, device->external, strlen(device->external), f);
	}
	len = device->msisdn ? strlen(device->msisdn) : 0;
	if (!err && len && len <= IDENT_MSISDN_MAX) {
		memcpy(text + prefix, device->msisdn, len);
		err = find_row(v, w, text, prefix + len, f);
	}
	return err;
}

static struct asc_target target_of(const struct asc_model *m, const struct asc_device *device)
{
	struct asc_target t = { .at = device->external ? strchr(device->external, '@') : NULL };

	if (t.at) {
		t.at_hash = asc_sets_hash(&m->key, t.at);
	}
	if (device->msisdn && str_parse_u64(&t.msisdn, device->msisdn, 1, UINT64_MAX)) {
		t.msisdn = 0;
	}
	return t;
}

static void find_named(struct finding *f, const struct asc_node *node)
{
	f->node = node;
	for (size_t k = 0; k < f->sets_n && node->sets.named_n && !f->out->overflow; k++) {
		(void)asc_sets_named(&node->sets, f->sets[k], hit, f);
	}
}

int asc_find_rules(const struct asc *a, const struct asc_asker *who, const struct asc_device *device, struct assoc_found *out)
{
	struct asc_view *v = asc_view_of(a);
	struct asc_target target = target_of(v->model, device);
	struct finding f;
	struct owners w;
	int err;

	obj_begin(&f.obj, FINDING_MAGIC);
	f.out = out;
	f.sets_n = 0;
	out->n = 0;
	out->overflow = false;
	owners_of(&w, v, who);
	for (size_t i = 0; i < w.n && !out->overflow; i++) {
		f.node = w.node[i];
		if (f.node->sets.n) {
			(void)asc_sets_hit(&f.node->sets, &target, hit, &f);
		}
	}
	err = find_exact(v, &w, device, &f);
	for (size_t i = 0; i < w.n && !err && f.sets_n; i++) {
		find_named(&f, w.node[i]);
	}
	if (err) {
		out->n = 0;
	}
	return err;
}

/* -- rules that would apply after one change: for an operator who asks why a request was refused */

/* The node's rules on named sets that the device is not in. */
static void find_other_named(struct finding *f, const struct asc_node *node)
{
	f->node = node;
	for (uint32_t i = 0; i < node->sets.named_n && !f->out->overflow; i++) {
		const struct asc_set_rule *rule = &node->sets.all[node->sets.named[i]];

		if (!is_member(f, rule->device.first)) {
			(void)hit(f, rule);
		}
	}
}

/* The next groups that are not in `w`, from place *at on, as many as fit into `other`. */
static void other_groups(struct owners *other, const struct asc_index *x, const struct owners *w, uint32_t *at)
{
	other->n = 0;
	for (; *at < x->groups_n && other->n < sizeof other->node / sizeof other->node[0]; (*at)++) {
		if (!has(w, x->groups[*at])) {
			other->node[other->n++] = x->groups[*at];
		}
	}
}

int asc_find_near(const struct asc *a, const struct asc_asker *who, const struct asc_device *device, struct asc_near *out)
{
	struct asc_view *v = asc_view_of(a);
	struct asc_target target = target_of(v->model, device);
	struct finding sets = { .obj = OBJ(FINDING_MAGIC), .out = &out->sets },
		       groups = { .obj = OBJ(FINDING_MAGIC), .out = &out->groups };
	struct owners w, other = { .n = 0 };
	uint32_t at = 0;
	int err;

	out->groups.n = out->sets.n = 0;
	out->groups.overflow = out->sets.overflow = false;
	owners_of(&w, v, who);
	/* with no requester: finds only the sets that the device is in */
	err = find_exact(v, &other, device, &sets);
	for (size_t i = 0; i < w.n && !err; i++) {
		find_other_named(&sets, w.node[i]);
	}
	/* an unknown SCS can join no group */
	while (!err && w.n > 1 && at < v->model->index->groups_n) {
		other_groups(&other, v->model->index, &w, &at);
		groups.sets_n = 0;
		err = find_exact(v, &other, device, &groups);
		for (size_t i = 0; i < other.n && !err; i++) {
			groups.node = other.node[i];
			(void)asc_sets_hit(&groups.node->sets, &target, hit, &groups);
			find_named(&groups, other.node[i]);
		}
	}
	if (err) {
		out->groups.n = out->sets.n = 0;
	}
	return err;
}
