/* asc_int.h - the store inside (room-private): the databases, and what is held in memory beside them. */
#pragma once
#include <lmdb.h>

#include "assoc/asc.h"
#include "assoc/asc_change.h"
#include "assoc/asc_device.h"
#include "assoc/asc_row.h"
#include "base/kv.h"
#include "base/str.h"

struct asc_set_rule { /* a rule on a set of devices */
	struct asc_devname device;
	uint8_t verdict, rights, mode;
	int64_t not_before_s, not_after_s;
};

struct asc_node {               /* one SCS, one group, or "*": who a rule can speak about; or a named set, which has members */
	struct asc_scs scs;     /* a group has none of it */
	struct asc_dset dset;   /* of a named set of devices; name "" for all others */
	struct asc_group group; /* of a group; name "" for all others */
	uint32_t number;
	uint64_t exact_n; /* rules of it on exact devices; members of a set */
	struct asc_set_rule *sets;
	size_t sets_n, sets_cap;
	struct asc_node *groups[ASC_GROUPS_PER_SCS_MAX]; /* an SCS's stored memberships */
	size_t groups_n;
};

struct asc {
	struct kv kv;
	MDB_dbi scs, dev, set, count, group, member, dset;
	MDB_txn *reader; /* reset between look-ups, renewed for each */
	uint64_t generation;
	uint32_t next_number;
	struct asc_node anyone;    /* "*" */
	struct asc_node **by_name; /* sorted; owned */
	struct asc_node **by_host; /* the same, sorted by Origin-Host */
	struct asc_node **by_e164;
	struct asc_node **by_number;
	size_t n, cap;
	struct asc_node **groups; /* sorted by name; owned */
	size_t groups_n, groups_cap;
	struct asc_node **dsets; /* sorted by name; owned */
	size_t dsets_n, dsets_cap;
	int wake_fd;
	struct asc_import *import;
};

/* Checks every member and makes hosts canonical. ERR_INVAL with words. */
ERR_MUST_USE int asc_scs_check(struct asc_scs *scs, struct asc_why *why);

struct asc_node *asc_node_find(const struct asc *a, const char *name);
struct asc_node *asc_group_node(const struct asc *a, const char *name);
struct asc_node *asc_group_by_number(const struct asc *a, uint32_t number);
/* "*", "group:NAME" or the name of an SCS; NULL when there is none. */
struct asc_node *asc_node_of(const struct asc *a, const char *who);
/* Of an SCS or a group. */
struct asc_node *asc_node_by_number(const struct asc *a, uint32_t number);
/* Makes room for one more; later asc_node_link() cannot fail. */
ERR_MUST_USE int asc_node_reserve(struct asc *a);
void asc_node_link(struct asc *a, struct asc_node *node);   /* takes */
void asc_node_unlink(struct asc *a, struct asc_node *node); /* gives back */
void asc_node_free(struct asc_node *node);
void asc_node_sort(struct asc *a); /* after a change of names */

/* Reading at open: one group, one membership. Errors with words. */
ERR_MUST_USE int asc_group_load(struct asc *a, const MDB_val *key, const MDB_val *val, struct asc_why *why);
ERR_MUST_USE int asc_member_load(struct asc *a, const MDB_val *key, const MDB_val *val, struct asc_why *why);
/* The rules on sets and the counter of a node. LMDB's code. */
ERR_MUST_USE int asc_node_rows_del(struct asc *a, MDB_txn *txn, const struct asc_node *node);
/* The memberships of an SCS. LMDB's code. */
ERR_MUST_USE int asc_node_members_del(struct asc *a, MDB_txn *txn, const struct asc_node *scs);

/* Named sets. */
ERR_MUST_USE int asc_dset_load(struct asc *a, const MDB_val *key, const MDB_val *val, struct asc_why *why);
struct asc_node *asc_dset_node(const struct asc *a, const char *name);
struct asc_node *asc_dset_by_number(const struct asc *a, uint32_t number);
/* A rule on a named set: which one. ERR_NOTFOUND with words; 0 for every other rule. */
ERR_MUST_USE int asc_dset_resolve(const struct asc *a, struct asc_devname *d, struct asc_why *why);
/* One entry of a node in the row of a device, put and taken away in a transaction of its own. */
ERR_MUST_USE int asc_exact_add(struct asc *a, struct asc_node *node, const struct asc_devname *d, const struct asc_entry *e,
			       struct asc_why *why);
ERR_MUST_USE int asc_exact_del(struct asc *a, struct asc_node *node, const struct asc_devname *d, int verdict,
			       struct asc_why *why);

/* Room for one more set rule of a node. */
ERR_MUST_USE int asc_sets_reserve(struct asc_node *node);
/* Index of (verdict, device text), or sets_n. */
size_t asc_sets_find(const struct asc_node *node, uint8_t verdict, const char *device);

/* A write transaction that carries the generation. End with asc_commit() or mdb_txn_abort(). */
ERR_MUST_USE int asc_begin(struct asc *a, MDB_txn **txn, struct asc_why *why);
/* Takes the transaction; on failure nothing of it is kept. */
ERR_MUST_USE int asc_commit(struct asc *a, MDB_txn *txn, struct asc_why *why);
/* Words for an LMDB failure; returns the code as ours. */
int asc_fail(struct asc_why *why, int rc, const char *doing);
/* Aborts and says why. */
int asc_abort(MDB_txn *txn, struct asc_why *why, int rc, const char *doing);

ERR_MUST_USE int asc_put_u64(struct asc *a, MDB_txn *txn, const char *name, uint64_t v); /* LMDB's code */
/* Counter row of a node in this transaction. LMDB's code. */
ERR_MUST_USE int asc_put_count(struct asc *a, MDB_txn *txn, uint32_t number, uint64_t n);

/* Keys, into at least ASC_KEY_MAX octets. */
MDB_val asc_key_text(uint8_t *room, const char *text);
MDB_val asc_key_set(uint8_t *room, uint32_t number, uint8_t verdict, const char *device);
MDB_val asc_key_number(uint8_t *room, uint32_t number);
MDB_val asc_key_member(uint8_t *room, uint32_t group, uint32_t scs);
