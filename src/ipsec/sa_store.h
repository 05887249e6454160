/* sa_store.h - the objects of the table of security associations and their indexes; shared by
 * sa_table.c and sa_store.c only. */
#pragma once
#include "ipsec/sa_table.h"

#define SA_TABLE_MAGIC 0x5a7ab1e3u
struct sa_table {
	struct obj obj;
	struct sa_table_conf conf;
	struct map ikes, children; /* by uniqueid */
	struct multimap by_host;
	LIST_HEAD(, sa_ike) all;
	LIST_HEAD(, sa_selector) wide;
	struct sa_table_counts counts;
	uint64_t list;    /* number of the list that was begun last; 0: none */
	uint32_t newest;  /* sa_table_newest() */
	uint32_t crowded; /* sa_table_crowded(); 0: none */
	bool listing;
	bool trouble; /* since that list began: something could not be taken over */
	bool whole;
	struct sa_touched touched;
};

/* Of an address, for by_host; never 0. */
uint64_t sa_store_hash(const struct sa_table *t, const struct sa_address *a);

/* NULL: none with this number. */
struct sa_ike *sa_store_ike_find(const struct sa_table *t, uint32_t uniqueid);
struct sa_child *sa_store_child_find(const struct sa_table *t, uint32_t uniqueid);

/* The IKE_SA of this number, made when there is none; `proven` is kept once it was true, and then
 * the names, too. ERR_PROTO: the one with this number has other names. ERR_BUSY:
 * ikes_max. ERR_NOMEM. */
ERR_MUST_USE int sa_store_ike_put(struct sa_table *t, struct sa_ike **out, const struct sa_ike_view *view, bool proven);
void sa_store_ike_free(struct sa_table *t, struct sa_ike *ike); /* with its children */
bool sa_store_same_names(const struct sa_ike *ike, const struct sa_ike *other);

/* The child as it is now; one with this number is replaced. ERR_BUSY: children_max. ERR_NOMEM. */
ERR_MUST_USE int sa_store_child_put(struct sa_table *t, struct sa_ike *ike, const struct sa_child_view *view);
/* All of a section; the first error, after all were tried. ERR_PROTO, too. */
ERR_MUST_USE int sa_store_children_put(struct sa_table *t, struct sa_ike *ike, struct vici_section children);
/* What the child is may have changed: before its end, and after its begin or a change. */
void sa_store_touch(struct sa_table *t, const struct sa_child *c);
void sa_store_child_free(struct sa_table *t, struct sa_child *c);
