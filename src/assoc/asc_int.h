/* asc_int.h - the store inside (room-private).
 *
 *   owner's thread                      the store's thread (asc_work.c)
 *   asc_submit() ---- queue ----------> checks against ITS newest model, one LMDB transaction, a new view
 *   asc_completions() <-- finished ---- {what came of it, the view}
 *   takes the view; the one before ---> retired: freed there
 *
 * A view is everything at one instant: a model (what is in memory; never changed once made), a generation (rows of devices) and a
 * read transaction of it. The owner reads from its view only; the store's thread makes new ones. No lock is held during I/O. */
#pragma once
#include <lmdb.h>
#include <pthread.h>
#include <stdatomic.h>

#include "assoc/asc.h"
#include "assoc/asc_change.h"
#include "assoc/asc_device.h"
#include "assoc/asc_import.h"
#include "assoc/asc_row.h"
#include "base/kv.h"
#include "base/str.h"

#define ASC_SET_RULES_MAX 200000u /* rules on sets of devices (they are in memory) of one SCS or group */

struct asc_set_rule { /* a rule on a set of devices */
	struct asc_devname device;
	uint8_t verdict, rights, mode;
	int64_t not_before_s, not_after_s;
};

/* The rules of one who on sets, and the ways to find those that hold a device. Never changed once built. */
struct asc_sets {
	struct asc_set_rule *all; /* by verdict, then device text; owned */
	uint32_t n;
	uint32_t
	    *ranges; /* by first number; `reach` has the largest last number below each, as in a balanced tree over the array */
	uint64_t *reach;
	uint32_t ranges_n;
	uint32_t *domains; /* hash table of indexes + 1; 0: free */
	uint32_t domains_mask, domains_n;
	uint32_t *named; /* by number of the set */
	uint32_t named_n;
	uint32_t *any;
	uint32_t any_n;
	uint32_t *room; /* one piece for the lists above; owned */
};

/* Takes `all` also on failure (ERR_NOMEM). Rules of one (verdict, device) must not repeat. */
ERR_MUST_USE int asc_sets_build(struct asc_sets *out, struct asc_set_rule *all, uint32_t n);
void asc_sets_free(struct asc_sets *s);
int asc_set_rule_order(const void *x, const void *y); /* of `all` */
const struct asc_set_rule *asc_sets_find(const struct asc_sets *s, uint8_t verdict, const char *device);
uint64_t asc_sets_hash(const char *domain); /* "@domain" */

/* Calls fn for each rule that holds the device, named sets aside; fn returns false to stop. */
typedef bool asc_hit_fn(void *arg, const struct asc_set_rule *rule);
struct asc_target {     /* a device, looked at once for all whos */
	const char *at; /* "@domain" of its External-Identifier; NULL: none */
	uint64_t at_hash;
	uint64_t msisdn; /* 0: none */
};
bool asc_sets_hit(const struct asc_sets *s, const struct asc_target *t, asc_hit_fn *fn, void *arg);
bool asc_sets_named(const struct asc_sets *s, uint32_t set_number, asc_hit_fn *fn, void *arg);

enum asc_node_kind { ASC_NODE_ANYONE, ASC_NODE_SCS, ASC_NODE_GROUP, ASC_NODE_SET };

struct asc_node {      /* one SCS, one group, or "*": who a rule can speak about; or a named set. Never changed once in a model */
	uint32_t refs; /* models it is in; the store's thread's */
	uint32_t number;
	uint8_t kind, who_axis, who_len;
	char who[ASSOC_WHO_TEXT_MAX + 1]; /* "acme", "group:fleet", "*" */
	union {
		struct asc_scs scs;
		struct asc_group group;
		struct asc_dset dset;
	};
	struct asc_sets sets;
	uint32_t groups[ASC_GROUPS_PER_SCS_MAX]; /* an SCS's stored memberships */
	uint8_t groups_n;
};

struct asc_slot {
	struct asc_node *node;
	uint64_t exact_n; /* rules of it on exact devices; members of a set */
};

struct asc_index { /* the nodes of a model in the orders in which they are looked for */
	uint32_t refs;
	struct asc_node **scs, **by_host, **by_e164, **groups, **dsets;
	uint32_t scs_n, groups_n, dsets_n;
	uint32_t *by_name; /* hash table of places in `scs`, + 1 */
	uint32_t by_name_mask;
};

struct asc_model {
	uint32_t refs; /* the store's thread's */
	uint64_t generation;
	struct asc_slot *slots; /* by number; the first is "*" */
	uint32_t n, cap;
	struct asc_index *index;
};

struct asc_gen {       /* one generation of rows of devices: an LMDB environment of its own */
	uint32_t refs; /* the store's thread's */
	uint64_t number;
	char *dir;
	struct kv kv;
	MDB_dbi dev, count;
	bool old; /* another one took its place: its files go with it */
};

struct asc_view {
	uint32_t refs; /* the owner's */
	struct asc_model *model;
	struct asc_gen *gen;
	MDB_txn *reader;
	struct asc_view *next;
};

struct asc_job;
struct asc_manual;

#define ASC_MAIN_GENERATION "dev" /* in meta of the main environment: the number of the generation that counts */
struct asc_main {
	struct kv kv;
	MDB_dbi scs, set, group, member, dset;
};

struct asc {
	/* the owner's */
	struct asc_view *view;
	bool importing;
	struct asc_job *handing, **handing_tail; /* for the thread, not handed over yet */
	struct asc_view *retiring;               /* the same */
	uint32_t waiting;                        /* changes handed in and not told yet */

	/* read by both, never changed */
	char *dir;
	uint64_t map_max;
	size_t import_memory;
	uint32_t changes_max;
	int wake_fd;

	/* under `lock`, which is held for moments only and which the owner tries but never waits for (but in the calls that wait anyway) */
	pthread_mutex_t lock;
	pthread_cond_t work, finished;
	struct asc_job *queue, **queue_tail;
	struct asc_job *done, **done_tail;
	struct asc_view *retired;
	bool stop;

	/* the store's thread's, after asc_open() */
	pthread_t thread;
	bool thread_runs;
	struct asc_main *main;
	uint32_t next_number;
	uint64_t main_changes, gen_changes; /* counted in the two environments; the sum is asc_generation() */
	uint64_t next_gen;
	struct asc_model *model;
	struct asc_gen *gen;
	struct asc_manual *manual; /* where the import under way has changes remembered; NULL: no import */
	bool broken;               /* a commit came through but cannot be read: no more changes */
};

/* -- models (asc_model.c). All run on the store's thread; those on const models anywhere. */
struct asc_model *asc_model_new(void); /* "*" is in it; NULL: out of memory */
/* A copy to be changed; shares nodes and index. NULL: out of memory. */
struct asc_model *asc_model_copy(const struct asc_model *m);
void asc_model_free(struct asc_model *m); /* takes one reference; NULL allowed */
/* A node of the same content, of no model yet; its sets are copied too. NULL: out of memory. */
struct asc_node *asc_node_copy(const struct asc_node *node);
struct asc_node *asc_node_new(enum asc_node_kind kind, uint32_t number, const char *name);
void asc_node_free(struct asc_node *node); /* of no model; NULL allowed */
/* Puts a node in, in place of the one of its number if there is one. Takes on success. ERR_NOMEM. asc_model_index() must follow
 * before the model is looked into by name. */
ERR_MUST_USE int asc_model_put(struct asc_model *m, struct asc_node *node);
void asc_model_drop(struct asc_model *m, uint32_t number);
ERR_MUST_USE int asc_model_index(struct asc_model *m); /* ERR_NOMEM */

struct asc_slot *asc_model_slot(const struct asc_model *m, uint32_t number); /* NULL: none */
struct asc_node *asc_model_node(const struct asc_model *m, uint32_t number);
struct asc_node *asc_model_scs(const struct asc_model *m, const char *name);
struct asc_node *asc_model_host(const struct asc_model *m, const char *host);
struct asc_node *asc_model_e164(const struct asc_model *m, const char *e164);
struct asc_node *asc_model_group(const struct asc_model *m, const char *name);
struct asc_node *asc_model_set(const struct asc_model *m, const char *name);
struct asc_node *asc_model_who(const struct asc_model *m, const char *who); /* "*", "group:NAME" or the name of an SCS */
bool asc_node_in_group(const struct asc_node *scs, uint32_t group);

/* -- checks (what needs no store) */
ERR_MUST_USE int asc_scs_check(struct asc_scs *scs, struct asc_why *why); /* makes hosts canonical */
ERR_MUST_USE int asc_group_check(const struct asc_group *group, struct asc_why *why);
ERR_MUST_USE int asc_dset_check(const char *name, struct asc_why *why);
ERR_MUST_USE int asc_member_check(struct asc_devname *d, const char *device, struct asc_why *why);
ERR_MUST_USE int asc_rule_check(struct asc_set_rule *out, const struct asc_rule_new *r, struct asc_why *why);
/* -- checks against a model */
ERR_MUST_USE int asc_scs_free_names(const struct asc_model *m, const struct asc_scs *scs, struct asc_why *why);
struct asc_node *asc_who_of(const struct asc_model *m, const char *who, struct asc_why *why);
/* A rule on a named set: which one. ERR_NOTFOUND with words; 0 for every other rule. */
ERR_MUST_USE int asc_dset_resolve(const struct asc_model *m, struct asc_devname *d, struct asc_why *why);

/* -- generations (asc_gen.c) */
/* Opens DIR/dev-NUMBER; `fresh`: makes it, and what stood there goes first. Errors with words. */
ERR_MUST_USE int asc_gen_open(struct asc_gen **out, const struct asc *a, uint64_t number, bool fresh, struct asc_why *why);
void asc_gen_drop(struct asc_gen *g);             /* the same, of one that does not count any more or never did: its files go with it */
void asc_gen_free(struct asc_gen *g);             /* takes one reference; the last closes it, and removes it when it is old */
ERR_MUST_USE int asc_gen_sync(struct asc_gen *g); /* all of it and its directory entries. LMDB's code */
void asc_gen_clean(const struct asc *a);          /* removes generations that are not the current one */
/* A view of a model and a generation as it is now. NULL: out of memory or readers. */
struct asc_view *asc_view_new(struct asc_model *m, struct asc_gen *g, struct asc_why *why);
void asc_view_free(struct asc_view *v);                  /* on the store's thread; NULL allowed */
void asc_view_retire(struct asc *a, struct asc_view *v); /* the owner lets go; NULL allowed */

struct asc_row_change { /* of one who in one device's row */
	uint32_t number;
	int verdict;                 /* which of its entries go; -1: all */
	const struct asc_entry *add; /* NULL: nothing */
	uint32_t dropped;            /* out */
	bool missing;                /* out: nothing to delete */
};
/* In a write transaction of the generation. ERR_LIMIT, ERR_PROTO, ERR_IO .. with words. */
ERR_MUST_USE int asc_row_apply(struct asc_gen *g, MDB_txn *txn, const struct asc_model *m, const char *device,
			       struct asc_row_change *c, struct asc_why *why);
/* LMDB's codes. */
ERR_MUST_USE int asc_put_u64(const struct kv *kv, MDB_txn *txn, const char *name, uint64_t v);
ERR_MUST_USE int asc_get_u64(const struct kv *kv, MDB_txn *txn, const char *name, uint64_t *v); /* 0 when never written */
ERR_MUST_USE int asc_put_count(const struct asc_gen *g, MDB_txn *txn, uint32_t number, uint64_t n);

/* -- changes (asc_edit.c, asc_write.c, asc_write_scs.c): the store's thread */
typedef void asc_job_fn(struct asc *a, struct asc_job *job);

struct asc_job {
	struct asc_job *next;
	asc_job_fn *run;      /* on the store's thread; not called when the store closes first */
	asc_job_fn *finished; /* on the owner's thread, once, after `run` or with out.err ERR_CLOSED; the job is freed afterwards */
	enum asc_op op;
	bool only_new;
	struct asc_scs scs;
	struct asc_group group;
	char name[ASSOC_WHO_TEXT_MAX + 1]; /* who of a rule, too */
	char member[IDENT_SCS_MAX + 1];
	struct asc_set_rule rule; /* its device is a set member's, too */
	uint32_t number;          /* out: of the who or set of a rule or membership */
	int verdict;
	struct asc_import *import;

	asc_done_fn *done;
	void *arg;
	struct asc_outcome out;
	struct asc_view *view; /* NULL: nothing changed */
};

void asc_write(struct asc *a, struct asc_job *job); /* fills out and, when something changed, view */

/* One change under way: a copy of the model, the transaction of one of the two environments, and the view it will be seen in. */
struct asc_edit {
	struct asc *a;
	struct asc_job *job;
	struct asc_model *model;
	struct asc_view *view;
	MDB_txn *txn;
	bool of_gen;         /* the transaction is the generation's, not the main environment's */
	bool reindex;        /* a node changed */
	struct asc_gen *gen; /* the one that counts afterwards; borrowed */
};
/* ERR_NOMEM, ERR_NOSPC, ERR_IO with words in the job's outcome. `gen`: the one that counts afterwards. */
ERR_MUST_USE int asc_edit_begin(struct asc_edit *e, struct asc *a, struct asc_job *job, bool of_gen, struct asc_gen *gen);
/* Commits and hands the view to the job, unless err (ours, with words) or rc (LMDB's, ENOMEM) says that it went wrong: then everything is
 * as before. Returns what is the outcome. */
int asc_edit_end(struct asc_edit *e, int err, int rc, const char *doing);
void asc_edit_drop(struct asc_edit *e); /* in place of it: nothing happened */

/* Pieces: rows in the transaction, nodes in the model. LMDB's codes; ENOMEM. Nodes handed in are of the model before the change. */
ERR_MUST_USE int asc_edit_scs(struct asc_edit *e, const struct asc_scs *scs, uint32_t number);
ERR_MUST_USE int asc_edit_scs_del(struct asc_edit *e, uint32_t number, uint64_t *rules);
ERR_MUST_USE int asc_edit_group(struct asc_edit *e, const struct asc_group *group, uint32_t number);
ERR_MUST_USE int asc_edit_group_del(struct asc_edit *e, uint32_t number, uint64_t *rules);
ERR_MUST_USE int asc_edit_member(struct asc_edit *e, uint32_t group, uint32_t scs, bool add);
ERR_MUST_USE int asc_edit_dset(struct asc_edit *e, const char *name, uint32_t number);
ERR_MUST_USE int asc_edit_dset_del(struct asc_edit *e, uint32_t number, uint64_t *rules);
/* One row of a rule on a set; the node's rules follow by asc_edit_sets(). */
ERR_MUST_USE int asc_edit_set_row(struct asc_edit *e, uint32_t number, const struct asc_set_rule *rule, bool add);
/* One device's row, of an edit of the generation. Ours, with words in the job's outcome, as asc_row_apply(). */
ERR_MUST_USE int asc_edit_row(struct asc_edit *e, const char *device, struct asc_row_change *c);
ERR_MUST_USE int asc_edit_count(struct asc_edit *e, uint32_t number, uint64_t n); /* and how many entries there are then */
/* The generation of the edit is the one that counts from the commit on. */
ERR_MUST_USE int asc_edit_gen(struct asc_edit *e);
/* Takes `all` also on failure. */
ERR_MUST_USE int asc_edit_sets(struct asc_edit *e, uint32_t number, struct asc_set_rule *all, uint32_t n);

int asc_write_scs_put(struct asc *a, struct asc_job *job);
int asc_write_scs_del(struct asc *a, struct asc_job *job);
int asc_write_group_put(struct asc *a, struct asc_job *job);
int asc_write_group_del(struct asc *a, struct asc_job *job);
int asc_write_group_member(struct asc *a, struct asc_job *job, bool add);
int asc_write_dset_add(struct asc *a, struct asc_job *job);
int asc_write_dset_del(struct asc *a, struct asc_job *job);
int asc_write_dset_member(struct asc *a, struct asc_job *job, bool add);

/* A rule as a fact; `out` need not be zeroed. */
void asc_rule_of_set(struct assoc_rule *out, const struct asc_node *node, const struct asc_set_rule *s);
void asc_rule_of_entry(struct assoc_rule *out, const struct asc_node *node, const struct asc_entry *e, const char *device,
		       size_t device_len);

/* Words for an LMDB failure; returns the code as ours (asc_lmdb.c). */
int asc_fail(struct asc_why *why, int rc, const char *doing);
/* Words, and the error back (asc_why.c). */
int asc_refuse(struct asc_why *why, int err, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* -- queue (asc_work.c) */
ERR_MUST_USE int asc_work_start(struct asc *a);
void asc_work_stop(struct asc *a);
void asc_enqueue(struct asc *a, struct asc_job *job); /* takes; `run` and `finished` are set. Not bounded: the caller bounds */
/* The owner, with the lock: what it has for the thread goes over. */
void asc_hand_over(struct asc *a);
/* The owner, in calls that wait: until something is finished, which is told before this returns, or nothing waits. */
void asc_work_wait(struct asc *a);

/* -- loading at open (asc_load.c). Errors with words. */
ERR_MUST_USE int asc_load(struct asc *a, MDB_txn *txn, struct asc_why *why);
ERR_MUST_USE int asc_load_counts(struct asc *a, struct asc_why *why);

/* -- import, seen from the queue (asc_switch.c) */
void asc_import_on_switch(struct asc *a, struct asc_job *job);

/* Keys, into at least ASC_KEY_MAX octets. */
MDB_val asc_key_text(uint8_t *room, const char *text);
MDB_val asc_key_set(uint8_t *room, uint32_t number, uint8_t verdict, const char *device);
MDB_val asc_key_number(uint8_t *room, uint32_t number);
MDB_val asc_key_member(uint8_t *room, uint32_t group, uint32_t scs);
