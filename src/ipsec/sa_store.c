/* sa_store.c - the objects of the table of security associations and their indexes. */
#include "ipsec/sa_store.h"

#include <stdlib.h>
#include <string.h>

#include "base/str.h"

/* -- children */

uint64_t sa_store_hash(const struct sa_table *t, const struct sa_address *a)
{
	uint64_t hash = map_hash(&t->children, a, sizeof *a);

	return hash ? hash : 1; /* 0 means: in no table */
}

void sa_store_touch(struct sa_table *t, const struct sa_child *c)
{
	struct sa_touched *touched = &t->touched;

	touched->all |= c->unreadable;
	for (size_t i = 0; i < c->remote_n && !touched->all; i++) {
		if (c->remote[i].wide || touched->n == SA_TOUCHED_MAX) {
			touched->all = true;
		} else {
			touched->hosts[touched->n++] = c->remote[i].ts.from;
		}
	}
}

static void child_enter(struct sa_table *t, struct sa_child *c)
{
	map_add(&t->children, &c->node, &c->uniqueid, sizeof c->uniqueid);
	LIST_INSERT_HEAD(&c->ike->children, c, entry);
	t->counts.children++;
	if (++c->ike->children_n > SA_IKE_CHILDREN_MAX) {
		t->crowded = c->ike->uniqueid;
	}
	t->counts.unreadable += c->unreadable;
	for (size_t i = 0; i < c->remote_n; i++) {
		struct sa_selector *s = &c->remote[i];

		s->child = c;
		s->wide = !sa_ts_is_host(&s->ts);
		if (s->wide) {
			LIST_INSERT_HEAD(&t->wide, s, entry);
		} else {
			multimap_add(&t->by_host, &s->by_host, sa_store_hash(t, &s->ts.from));
		}
	}
	sa_store_touch(t, c);
}

void sa_store_child_free(struct sa_table *t, struct sa_child *c)
{
	sa_store_touch(t, c);
	for (size_t i = 0; i < c->remote_n; i++) {
		if (c->remote[i].wide) {
			LIST_REMOVE(&c->remote[i], entry);
		} else {
			multimap_del(&t->by_host, &c->remote[i].by_host);
		}
	}
	map_del(&t->children, &c->node);
	LIST_REMOVE(c, entry);
	t->counts.children--;
	c->ike->children_n--;
	t->counts.unreadable -= c->unreadable;
	OBJ_END(c, SA_CHILD_MAGIC);
	free(c);
}

struct sa_child *sa_store_child_find(const struct sa_table *t, uint32_t uniqueid)
{
	return MAP_OF(map_find(&t->children, &uniqueid, sizeof uniqueid), struct sa_child, node);
}

/* One more selector of a list, into `next`. Where there is none left it is joined to the last one:
 * an SCS may have its selector narrowed to as many as it likes, and that is no doubt about others.
 * False: it cannot be understood. */
static bool add_selector(const struct sa_table *t, struct sa_ts *last, struct sa_ts *next, const struct vici_text *text)
{
	struct sa_ts ts;

	if (sa_ts_read(&ts, text, t->conf.services)) {
		return false;
	}
	if (!next) {
		return sa_ts_join(last, &ts) == 0;
	}
	*next = ts;
	return true;
}

static struct sa_ts *local_at(struct sa_child *c, size_t i)
{
	return i < SA_SELECTORS_MAX ? &c->local[i] : NULL;
}

static struct sa_ts *remote_at(struct sa_child *c, size_t i)
{
	return i < SA_SELECTORS_MAX ? &c->remote[i].ts : NULL;
}

static void read_selectors(const struct sa_table *t, struct sa_child *c, const struct sa_child_view *view)
{
	struct vici_section local = view->local_ts, remote = view->remote_ts;
	struct vici_text text;
	bool good = true;

	while (good && vici_item(&local, &text)) {
		good = add_selector(t, local_at(c, SA_SELECTORS_MAX - 1), local_at(c, c->local_n), &text);
		c->local_n = (uint8_t)(c->local_n + (good && c->local_n < SA_SELECTORS_MAX));
	}
	while (good && vici_item(&remote, &text)) {
		good = add_selector(t, remote_at(c, SA_SELECTORS_MAX - 1), remote_at(c, c->remote_n), &text);
		c->remote_n = (uint8_t)(c->remote_n + (good && c->remote_n < SA_SELECTORS_MAX));
	}
	if (!good || !c->local_n || !c->remote_n) {
		c->unreadable = true;
		c->local_n = c->remote_n = 0;
	}
}

int sa_store_child_put(struct sa_table *t, struct sa_ike *ike, const struct sa_child_view *view)
{
	struct sa_child *c, *before = sa_store_child_find(t, view->uniqueid);

	if (!before && t->counts.children >= t->conf.children_max) {
		return ERR_BUSY;
	}
	c = calloc(1, sizeof *c);
	if (!c) {
		return ERR_NOMEM;
	}
	if (before) {
		sa_store_child_free(t, before);
	}
	obj_begin(&c->obj, SA_CHILD_MAGIC);
	c->uniqueid = view->uniqueid;
	c->state = view->state;
	c->listed = t->list;
	c->ike = ike;
	read_selectors(t, c, view);
	child_enter(t, c);
	return 0;
}

int sa_store_children_put(struct sa_table *t, struct sa_ike *ike, struct vici_section children)
{
	struct sa_child_view view;
	int err, first = 0;

	while ((err = sa_child_next(&children, &view)) == 0) {
		err = sa_store_child_put(t, ike, &view);
		first = first ? first : err;
	}
	return first ? first : err == ERR_NOTFOUND ? 0 : err;
}

/* -- IKE_SAs */

struct sa_ike *sa_store_ike_find(const struct sa_table *t, uint32_t uniqueid)
{
	return MAP_OF(map_find(&t->ikes, &uniqueid, sizeof uniqueid), struct sa_ike, node);
}

void sa_store_ike_free(struct sa_table *t, struct sa_ike *ike)
{
	while (!LIST_EMPTY(&ike->children)) {
		sa_store_child_free(t, LIST_FIRST(&ike->children));
	}
	map_del(&t->ikes, &ike->node);
	LIST_REMOVE(ike, entry);
	t->counts.ikes--;
	OBJ_END(ike, SA_IKE_MAGIC);
	free(ike);
}

bool sa_store_same_names(const struct sa_ike *ike, const struct sa_ike *other)
{
	return !strcmp(ike->connection, other->connection) && !strcmp(ike->identity, other->identity);
}

/* A name that is too long for its room, or has a NUL, is none of ours and stays "". */
static void names_of(struct sa_ike *out, const struct sa_ike_view *view)
{
	if (str_copy(out->connection, sizeof out->connection, view->connection.p, view->connection.len)) {
		out->connection[0] = 0;
	}
	if (!view->remote_id.len || str_copy(out->identity, sizeof out->identity, view->remote_id.p, view->remote_id.len)) {
		out->identity[0] = 0;
	}
}

static void touch_all(struct sa_table *t, const struct sa_ike *ike)
{
	const struct sa_child *c;

	LIST_FOREACH (c, &ike->children, entry) {
		sa_store_touch(t, c);
	}
}

/* Before the peer is authenticated its IKE_SA is listed with no name, or with one that is only
 * claimed. */
static void take_names(struct sa_table *t, struct sa_ike *ike, const struct sa_ike *from)
{
	if (!sa_store_same_names(ike, from)) {
		str_set(ike->connection, sizeof ike->connection, from->connection);
		str_set(ike->identity, sizeof ike->identity, from->identity);
		touch_all(t, ike);
	}
}

int sa_store_ike_put(struct sa_table *t, struct sa_ike **out, const struct sa_ike_view *view, bool proven)
{
	struct sa_ike *ike = sa_store_ike_find(t, view->uniqueid), *new;

	if (!ike && t->counts.ikes >= t->conf.ikes_max) {
		return ERR_BUSY;
	}
	new = calloc(1, sizeof *new);
	if (!new) {
		return ERR_NOMEM;
	}
	names_of(new, view);
	if (ike && ike->proven && !sa_store_same_names(ike, new)) {
		free(new);
		return ERR_PROTO;
	}
	if (ike) {
		take_names(t, ike, new);
		free(new);
	} else {
		ike = new;
		obj_begin(&ike->obj, SA_IKE_MAGIC);
		ike->uniqueid = ike->first = view->uniqueid;
		t->newest = ike->uniqueid > t->newest ? ike->uniqueid : t->newest;
		LIST_INIT(&ike->children);
		map_add(&t->ikes, &ike->node, &ike->uniqueid, sizeof ike->uniqueid);
		LIST_INSERT_HEAD(&t->all, ike, entry);
		t->counts.ikes++;
	}
	if (proven && !ike->proven) {
		ike->proven = true;
		touch_all(t, ike);
	}
	ike->listed = t->list;
	*out = ike;
	return 0;
}
