/* asc_model.h - what the store holds in memory (room-private): a node for each SCS, group and named
 * set, and one for "*", with an index by name. A change copies the model, which shares the nodes,
 * and puts new nodes into the copy. A model that a view shows is never changed, so threads may read
 * it without a lock. Reference counts belong to the store's thread. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "assoc/asc_sets.h"

enum asc_node_kind { ASC_NODE_ANYONE, ASC_NODE_SCS, ASC_NODE_GROUP, ASC_NODE_SET };

struct asc_node {
	uint32_t refs; /* models that it is in */
	uint32_t number;
	uint8_t kind, who_axis, who_len;
	char who[ASSOC_WHO_TEXT_MAX + 1]; /* "acme", "group:fleet", "*" */
	union {
		struct asc_scs scs;
		struct asc_group group;
		struct asc_dset dset;
	};
	struct asc_sets sets;
	/* stored memberships of an SCS: numbers of groups */
	uint32_t groups[ASC_GROUPS_PER_SCS_MAX];
	uint8_t groups_n;
};

struct asc_slot {
	struct asc_node *node;
	uint64_t exact_n; /* its rules on exact devices; members of a named set */
};

struct asc_index { /* the nodes of a model in each order in which they are searched */
	uint32_t refs;
	struct asc_node **scs, **by_host, **by_e164, **groups, **dsets;
	uint32_t scs_n, groups_n, dsets_n;
	uint32_t *by_name; /* hash table of places in `scs`, + 1; 0: free */
	uint32_t by_name_mask;
};

struct asc_model {
	uint32_t refs;
	uint64_t generation;    /* what asc_generation() returns while it is in force */
	uint64_t scs_changes;   /* the same of asc_scs_changes() */
	struct asc_slot *slots; /* by number; the first is "*" */
	uint32_t n, cap;
	struct asc_index *index; /* NULL until asc_model_index() */
	/* of its hash tables and those of its nodes; the same in every copy */
	struct sip_key key;
};

struct asc_model *asc_model_new(void); /* with "*" in it; owned; NULL: out of memory */
/* A copy that may be changed; it shares nodes and index. Owned; NULL: out of memory. */
struct asc_model *asc_model_copy(const struct asc_model *m);
void asc_model_free(struct asc_model *m); /* takes one reference; NULL allowed */

/* A node that is in no model yet. Owned; NULL: out of memory. */
struct asc_node *asc_node_new(enum asc_node_kind kind, uint32_t number, const char *name);
/* the same, with a copy of the content */
struct asc_node *asc_node_copy(const struct asc_node *node);
/* takes one that is in no model; NULL allowed */
void asc_node_free(struct asc_node *node);

/* Puts a node in, in place of the node of its number if there is one. Takes it on success.
 * ERR_NOMEM. asc_model_index() must follow before the model is searched by name. */
ERR_MUST_USE int asc_model_put(struct asc_model *m, struct asc_node *node);
void asc_model_drop(struct asc_model *m, uint32_t number); /* nothing when there is none */
ERR_MUST_USE int asc_model_index(struct asc_model *m);     /* makes the index again. ERR_NOMEM */

/* Searches. NULL when there is none. Borrowed from the model. */
struct asc_slot *asc_model_slot(const struct asc_model *m, uint32_t number);
struct asc_node *asc_model_node(const struct asc_model *m, uint32_t number);
struct asc_node *asc_model_scs(const struct asc_model *m, const char *name);
/* ignores ASCII case */
struct asc_node *asc_model_host(const struct asc_model *m, const char *host);
struct asc_node *asc_model_e164(const struct asc_model *m, const char *e164);
struct asc_node *asc_model_group(const struct asc_model *m, const char *name);
struct asc_node *asc_model_set(const struct asc_model *m, const char *name);
/* "*", "group:NAME" or an SCS's name */
struct asc_node *asc_model_who(const struct asc_model *m, const char *who);

bool asc_node_in_group(const struct asc_node *scs, uint32_t group); /* as a stored member */
