/* sa_table.c - the security associations of charon, by its own words. */
#include "ipsec/sa_table.h"

#include <stdlib.h>

#include "base/container.h"
#include "ipsec/sa_store.h"

int sa_table_new(struct sa_table **out, const struct sa_table_conf *conf)
{
	struct sa_table *t = calloc(1, sizeof *t);
	int err;

	if (!t) {
		return ERR_NOMEM;
	}
	t->conf = *conf;
	LIST_INIT(&t->all);
	LIST_INIT(&t->wide);
	err = map_init(&t->ikes);
	err = err ? err : map_init(&t->children);
	err = err ? err : multimap_init(&t->by_host);
	if (err) {
		map_fini(&t->ikes);
		map_fini(&t->children);
		free(t);
		return err;
	}
	obj_begin(&t->obj, SA_TABLE_MAGIC);
	*out = t;
	return 0;
}

/* -- events */

/* `proven`: it is up. A list says so by the state of the IKE_SA. */
static int take_up(struct sa_table *t, const struct sa_report *r, bool proven)
{
	struct sa_ike *ike;
	int err = sa_store_ike_put(t, &ike, &r->ike, proven);

	return err ? err : sa_store_children_put(t, ike, r->ike.children);
}

static int take_ike_down(struct sa_table *t, const struct sa_report *r)
{
	struct sa_ike *ike = sa_store_ike_find(t, r->ike.uniqueid);

	if (ike) {
		sa_store_ike_free(t, ike);
	} else {
		t->counts.ignored_downs++;
	}
	return 0;
}

static int take_child_down(struct sa_table *t, const struct sa_report *r)
{
	struct vici_section children = r->ike.children;
	struct sa_child_view view;
	int err;

	while ((err = sa_child_next(&children, &view)) == 0) {
		struct sa_child *c = sa_store_child_find(t, view.uniqueid);

		if (c && c->ike->uniqueid == r->ike.uniqueid) {
			sa_store_child_free(t, c);
		} else {
			t->counts.ignored_downs++;
		}
	}
	return err == ERR_NOTFOUND ? 0 : err;
}

/* The children of the old IKE_SA go on below the new one. */
static int take_ike_rekey(struct sa_table *t, const struct sa_report *r)
{
	struct sa_ike *old = sa_store_ike_find(t, r->old_ike), *ike;
	int err;

	if (!old) { /* the next list shows it */
		return ERR_PROTO;
	}
	err = sa_store_ike_put(t, &ike, &r->ike, old->proven);
	if (err) {
		return err;
	}
	if (ike == old) {
		return 0;
	}
	if (!sa_store_same_names(old, ike)) {
		return ERR_PROTO;
	}
	ike->first = old->first;
	while (!LIST_EMPTY(&old->children)) {
		struct sa_child *c = LIST_FIRST(&old->children);

		LIST_REMOVE(c, entry);
		sa_store_touch(t, c);
		c->ike = ike;
		c->listed = t->list; /* it lives: a list that is under way may have passed both */
		LIST_INSERT_HEAD(&ike->children, c, entry);
		old->children_n--;
		ike->children_n++;
	}
	sa_store_ike_free(t, old);
	return 0;
}

static int take_child_rekey(struct sa_table *t, const struct sa_report *r)
{
	struct sa_ike *ike = sa_store_ike_find(t, r->ike.uniqueid);
	struct vici_section children = r->ike.children;
	struct sa_child_view view;
	uint32_t old;
	int err;

	if (!ike) {
		return ERR_PROTO;
	}
	while ((err = sa_rekeyed_next(&children, &view, &old)) == 0) {
		struct sa_child *before = sa_store_child_find(t, old);

		err = sa_store_child_put(t, ike, &view);
		if (err) {
			return err;
		}
		if (before && old != view.uniqueid) {
			sa_store_child_free(t, before);
		}
	}
	return err == ERR_NOTFOUND ? 0 : err;
}

/* States of an IKE_SA behind the authentication of the peer. */
static bool is_authenticated(const struct vici_text *state)
{
	return vici_text_is(state, "ESTABLISHED") || vici_text_is(state, "REKEYING") || vici_text_is(state, "REKEYED") ||
	       vici_text_is(state, "DELETING");
}

static int take(struct sa_table *t, const struct sa_report *r)
{
	switch (r->event) {
	case SA_LISTED:
		return t->listing ? take_up(t, r, is_authenticated(&r->ike.state)) : ERR_PROTO;
	case SA_IKE_UPDOWN:
		return r->up ? take_up(t, r, true) : take_ike_down(t, r);
	case SA_CHILD_UPDOWN:
		return r->up ? take_up(t, r, true) : take_child_down(t, r);
	case SA_IKE_REKEY:
		return take_ike_rekey(t, r);
	default:
		return take_child_rekey(t, r);
	}
}

int sa_table_event(struct sa_table *t, const struct vici_packet *packet)
{
	struct sa_report report;
	int err;

	OBJ_CHECK(t, SA_TABLE_MAGIC);
	err = sa_report_read(&report, packet);
	if (err == ERR_NOTFOUND) {
		return err;
	}
	err = err ? err : take(t, &report);
	if (err) {
		t->trouble = true;
		t->whole = false;
		t->touched.all = true;
		t->counts.refused++;
	}
	return err;
}

/* -- lists */

void sa_table_list_begin(struct sa_table *t)
{
	OBJ_CHECK(t, SA_TABLE_MAGIC);
	t->list++;
	t->listing = true;
	t->trouble = false;
}

static void drop_unlisted(struct sa_table *t)
{
	struct sa_ike *ike, *next;

	for (ike = LIST_FIRST(&t->all); ike; ike = next) {
		struct sa_child *c, *after;

		next = LIST_NEXT(ike, entry);
		for (c = LIST_FIRST(&ike->children); c; c = after) {
			after = LIST_NEXT(c, entry);
			if (c->listed != t->list) {
				sa_store_child_free(t, c);
			}
		}
		if (ike->listed != t->list) {
			sa_store_ike_free(t, ike);
		}
	}
}

int sa_table_list_end(struct sa_table *t)
{
	OBJ_CHECK(t, SA_TABLE_MAGIC);
	if (!t->listing) {
		return ERR_STATE;
	}
	t->listing = false;
	t->touched.all = true;
	drop_unlisted(t);
	t->whole = !t->trouble;
	return t->whole ? 0 : ERR_BUSY;
}

void sa_table_list_cancel(struct sa_table *t)
{
	OBJ_CHECK(t, SA_TABLE_MAGIC);
	t->listing = false;
}

void sa_table_clear(struct sa_table *t)
{
	OBJ_CHECK(t, SA_TABLE_MAGIC);
	while (!LIST_EMPTY(&t->all)) {
		sa_store_ike_free(t, LIST_FIRST(&t->all));
	}
	t->listing = t->whole = false;
	t->newest = 0;
	t->touched.all = true;
}

void sa_table_free(struct sa_table *t)
{
	if (!t) {
		return;
	}
	sa_table_clear(t);
	multimap_fini(&t->by_host);
	map_fini(&t->children);
	map_fini(&t->ikes);
	OBJ_END(t, SA_TABLE_MAGIC);
	free(t);
}

/* -- looking */

void sa_table_touched(struct sa_table *t, struct sa_touched *out)
{
	OBJ_CHECK(t, SA_TABLE_MAGIC);
	*out = t->touched;
	t->touched = (struct sa_touched){ .all = false };
}

const struct sa_ike *sa_table_crowded(struct sa_table *t)
{
	uint32_t uniqueid = t->crowded;

	OBJ_CHECK(t, SA_TABLE_MAGIC);
	t->crowded = 0;
	return uniqueid ? sa_table_ike(t, uniqueid) : NULL;
}

bool sa_table_whole(const struct sa_table *t)
{
	return t->whole;
}

struct sa_table_counts sa_table_counts(const struct sa_table *t)
{
	return t->counts;
}

uint32_t sa_table_newest(const struct sa_table *t)
{
	return t->newest;
}

const struct sa_ike *sa_table_ike(const struct sa_table *t, uint32_t uniqueid)
{
	return sa_store_ike_find(t, uniqueid);
}

const struct sa_ike *sa_table_first_ike(const struct sa_table *t)
{
	return LIST_FIRST(&t->all);
}

const struct sa_child *sa_table_child(const struct sa_table *t, uint32_t uniqueid)
{
	return sa_store_child_find(t, uniqueid);
}

static const struct sa_selector *of_host(struct multimap_node *node)
{
	return node ? CONTAINER_OF(node, struct sa_selector, by_host) : NULL;
}

const struct sa_selector *sa_table_first(const struct sa_table *t, const struct sa_address *remote)
{
	const struct sa_selector *s = of_host(multimap_first(&t->by_host, sa_store_hash(t, remote)));

	return s ? s : LIST_FIRST(&t->wide);
}

const struct sa_selector *sa_table_next(const struct sa_table *t, const struct sa_selector *s)
{
	const struct sa_selector *next = s->wide ? LIST_NEXT(s, entry) : of_host(multimap_next(&s->by_host));

	return next || s->wide ? next : LIST_FIRST(&t->wide);
}
