/* asc_model.c - what the store holds in memory: nodes by number, and an index of them by name. A
 * change copies the slots, and makes a new index when a node changed. */
#include "assoc/asc_model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "assoc/asc_row.h"
#include "base/str.h"

static const uint8_t who_axes[] = { ASSOC_WHO_ANY, ASSOC_WHO_SCS, ASSOC_WHO_GROUP, ASSOC_WHO_ANY };

struct asc_node *asc_node_new(enum asc_node_kind kind, uint32_t number, const char *name)
{
	struct asc_node *node = calloc(1, sizeof *node);

	if (!node) {
		return NULL;
	}
	node->kind = (uint8_t)kind;
	node->number = number;
	node->who_axis = who_axes[kind];
	node->who_len =
	    (uint8_t)snprintf(node->who, sizeof node->who, "%s%s", kind == ASC_NODE_GROUP ? ASSOC_GROUP_PREFIX : "", name);
	return node;
}

struct asc_node *asc_node_copy(const struct asc_node *node)
{
	struct asc_node *copy = malloc(sizeof *copy);
	struct asc_set_rule *all = node->sets.n ? malloc(node->sets.n * sizeof *all) : NULL;

	if (!copy || (node->sets.n && !all)) {
		free(copy);
		free(all);
		return NULL;
	}
	*copy = *node;
	copy->refs = 0;
	if (node->sets.n) {
		memcpy(all, node->sets.all, node->sets.n * sizeof *all);
	}
	if (asc_sets_build(&copy->sets, all, node->sets.n, &node->sets.key)) {
		free(copy);
		return NULL;
	}
	return copy;
}

void asc_node_free(struct asc_node *node)
{
	if (!node) {
		return;
	}
	asc_sets_free(&node->sets);
	free(node);
}

static void node_unref(struct asc_node *node)
{
	if (--node->refs == 0) {
		asc_node_free(node);
	}
}

static void index_free(struct asc_index *x)
{
	if (!x || --x->refs) {
		return;
	}
	free(x->scs);
	free(x->by_name);
	free(x);
}

struct asc_model *asc_model_new(void)
{
	struct asc_model *m = calloc(1, sizeof *m);
	struct asc_node *anyone = asc_node_new(ASC_NODE_ANYONE, ASC_NOBODY, "*");

	if (!m || !anyone) {
		free(m);
		asc_node_free(anyone);
		return NULL;
	}
	m->refs = 1;
	if (sip_key_new(&m->key) || asc_model_put(m, anyone)) {
		asc_node_free(anyone);
		asc_model_free(m);
		return NULL;
	}
	return m;
}

struct asc_model *asc_model_copy(const struct asc_model *from)
{
	struct asc_model *m = malloc(sizeof *m);

	if (!m) {
		return NULL;
	}
	*m = (struct asc_model){ .refs = 1,
				 .generation = from->generation,
				 .scs_changes = from->scs_changes,
				 .n = from->n,
				 .cap = from->n + 2,
				 .index = from->index,
				 .key = from->key };
	m->slots = malloc(m->cap * sizeof *m->slots);
	if (!m->slots) {
		free(m);
		return NULL;
	}
	memcpy(m->slots, from->slots, m->n * sizeof *m->slots);
	for (uint32_t i = 0; i < m->n; i++) {
		m->slots[i].node->refs++;
	}
	if (m->index) {
		m->index->refs++;
	}
	return m;
}

void asc_model_free(struct asc_model *m)
{
	if (!m || --m->refs) {
		return;
	}
	for (uint32_t i = 0; i < m->n; i++) {
		node_unref(m->slots[i].node);
	}
	index_free(m->index);
	free(m->slots);
	free(m);
}

static uint32_t place_of(const struct asc_model *m, uint32_t number)
{
	uint32_t low = 0, high = m->n;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (m->slots[middle].node->number < number) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	return low;
}

struct asc_slot *asc_model_slot(const struct asc_model *m, uint32_t number)
{
	uint32_t at = place_of(m, number);

	return at < m->n && m->slots[at].node->number == number ? &m->slots[at] : NULL;
}

struct asc_node *asc_model_node(const struct asc_model *m, uint32_t number)
{
	struct asc_slot *slot = asc_model_slot(m, number);

	return slot ? slot->node : NULL;
}

int asc_model_put(struct asc_model *m, struct asc_node *node)
{
	uint32_t at = place_of(m, node->number);
	bool there = at < m->n && m->slots[at].node->number == node->number;

	if (!there && m->n == m->cap) {
		uint32_t cap = m->cap ? m->cap * 2 : 16;
		struct asc_slot *bigger = realloc(m->slots, cap * sizeof *bigger);

		if (!bigger) {
			return ERR_NOMEM;
		}
		m->slots = bigger;
		m->cap = cap;
	}
	node->refs++;
	if (there) {
		node_unref(m->slots[at].node);
		m->slots[at].node = node;
		return 0;
	}
	memmove(m->slots + at + 1, m->slots + at, (m->n - at) * sizeof *m->slots);
	m->slots[at] = (struct asc_slot){ .node = node };
	m->n++;
	return 0;
}

void asc_model_drop(struct asc_model *m, uint32_t number)
{
	uint32_t at = place_of(m, number);

	if (at == m->n || m->slots[at].node->number != number) {
		return;
	}
	node_unref(m->slots[at].node);
	m->n--;
	memmove(m->slots + at, m->slots + at + 1, (m->n - at) * sizeof *m->slots);
}

/* -- the index */

typedef int order_fn(const void *, const void *);

static const struct asc_node *at(const void *slot)
{
	return *(struct asc_node *const *)slot;
}

static int order_who(const void *x, const void *y) /* within one kind: by name */
{
	return strcmp(at(x)->who, at(y)->who);
}

static int order_host(const void *x, const void *y)
{
	/* ASCII only: the host is LDH */
	return strcasecmp(at(x)->scs.origin_host, at(y)->scs.origin_host);
}

static int order_e164(const void *x, const void *y)
{
	return strcmp(at(x)->scs.e164, at(y)->scs.e164);
}

static void hash_names(struct asc_index *x, const struct sip_key *key)
{
	for (uint32_t i = 0; i < x->scs_n; i++) {
		uint32_t slot = (uint32_t)asc_sets_hash(key, x->scs[i]->who) & x->by_name_mask;

		while (x->by_name[slot]) {
			slot = (slot + 1) & x->by_name_mask;
		}
		x->by_name[slot] = i + 1;
	}
}

int asc_model_index(struct asc_model *m)
{
	struct asc_index *x = calloc(1, sizeof *x);
	uint32_t counts[4] = { 0 }, table = 8;

	if (!x) {
		return ERR_NOMEM;
	}
	for (uint32_t i = 0; i < m->n; i++) {
		counts[m->slots[i].node->kind]++;
	}
	while (table < 2 * counts[ASC_NODE_SCS]) {
		table *= 2;
	}
	x->refs = 1;
	x->scs =
	    malloc((3ull * counts[ASC_NODE_SCS] + counts[ASC_NODE_GROUP] + counts[ASC_NODE_SET] + 1) * sizeof(struct asc_node *));
	x->by_name = calloc(table, sizeof *x->by_name);
	if (!x->scs || !x->by_name) {
		index_free(x);
		return ERR_NOMEM;
	}
	x->by_name_mask = table - 1;
	x->by_host = x->scs + counts[ASC_NODE_SCS];
	x->by_e164 = x->by_host + counts[ASC_NODE_SCS];
	x->groups = x->by_e164 + counts[ASC_NODE_SCS];
	x->dsets = x->groups + counts[ASC_NODE_GROUP];
	for (uint32_t i = 0; i < m->n; i++) {
		struct asc_node *node = m->slots[i].node;

		if (node->kind == ASC_NODE_SCS) {
			x->scs[x->scs_n] = x->by_host[x->scs_n] = x->by_e164[x->scs_n] = node, x->scs_n++;
		} else if (node->kind == ASC_NODE_GROUP) {
			x->groups[x->groups_n++] = node;
		} else if (node->kind == ASC_NODE_SET) {
			x->dsets[x->dsets_n++] = node;
		}
	}
	qsort(x->scs, x->scs_n, sizeof *x->scs, order_who);
	qsort(x->by_host, x->scs_n, sizeof *x->by_host, order_host);
	qsort(x->by_e164, x->scs_n, sizeof *x->by_e164, order_e164);
	qsort(x->groups, x->groups_n, sizeof *x->groups, order_who);
	qsort(x->dsets, x->dsets_n, sizeof *x->dsets, order_who);
	hash_names(x, &m->key);
	index_free(m->index);
	m->index = x;
	return 0;
}

/* -- searches */

struct asc_node *asc_model_scs(const struct asc_model *m, const char *name)
{
	const struct asc_index *x = m->index;

	for (uint32_t slot = (uint32_t)asc_sets_hash(&m->key, name) & x->by_name_mask; x->by_name[slot];
	     slot = (slot + 1) & x->by_name_mask) {
		struct asc_node *node = x->scs[x->by_name[slot] - 1];

		if (strcmp(node->who, name) == 0) {
			return node;
		}
	}
	return NULL;
}

static struct asc_node *find(struct asc_node *const *list, uint32_t n, const struct asc_node *wanted, order_fn *order)
{
	struct asc_node *const *slot = n ? bsearch(&wanted, list, n, sizeof(struct asc_node *), order) : NULL;

	return slot ? *slot : NULL;
}

struct asc_node *asc_model_host(const struct asc_model *m, const char *host)
{
	struct asc_node wanted;

	if (str_copy(wanted.scs.origin_host, sizeof wanted.scs.origin_host, host, strlen(host))) {
		return NULL;
	}
	return find(m->index->by_host, m->index->scs_n, &wanted, order_host);
}

struct asc_node *asc_model_e164(const struct asc_model *m, const char *e164)
{
	struct asc_node wanted;

	if (str_copy(wanted.scs.e164, sizeof wanted.scs.e164, e164, strlen(e164))) {
		return NULL;
	}
	return find(m->index->by_e164, m->index->scs_n, &wanted, order_e164);
}

static struct asc_node *find_who(struct asc_node *const *list, uint32_t n, const char *prefix, const char *name)
{
	struct asc_node wanted;

	if ((size_t)snprintf(wanted.who, sizeof wanted.who, "%s%s", prefix, name) >= sizeof wanted.who) {
		return NULL;
	}
	return find(list, n, &wanted, order_who);
}

struct asc_node *asc_model_group(const struct asc_model *m, const char *name)
{
	return find_who(m->index->groups, m->index->groups_n, ASSOC_GROUP_PREFIX, name);
}

struct asc_node *asc_model_set(const struct asc_model *m, const char *name)
{
	return find_who(m->index->dsets, m->index->dsets_n, "", name);
}

struct asc_node *asc_model_who(const struct asc_model *m, const char *who)
{
	size_t prefix = sizeof ASSOC_GROUP_PREFIX - 1;

	if (strcmp(who, "*") == 0) {
		return m->slots[0].node;
	}
	return strncmp(who, ASSOC_GROUP_PREFIX, prefix) == 0 ? asc_model_group(m, who + prefix) : asc_model_scs(m, who);
}

bool asc_node_in_group(const struct asc_node *scs, uint32_t group)
{
	for (uint8_t i = 0; i < scs->groups_n; i++) {
		if (scs->groups[i] == group) {
			return true;
		}
	}
	return false;
}
