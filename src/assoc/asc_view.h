/* asc_view.h - everything in the store at one instant (room-private): a model, a generation of rows
 * of devices, and a read transaction of that generation. The store's thread makes views, and the
 * owner reads from the newest one it was handed. */
#pragma once
#include <stdint.h>

struct asc_gen;
struct asc_model;
struct asc_node;
struct asc_why;

struct asc_view {
	uint32_t refs; /* the owner's */
	struct asc_model *model;
	struct asc_gen *gen;
	struct MDB_txn *reader; /* used by asc_read.c and asc_merge.c */
	/* the SCS that the owner found last, of the model (asc_find_scs()); NULL: none */
	const struct asc_node *recent;
	struct asc_view *next; /* in the list of retired views */
};

/* A view of this model and generation as they are now, with a reference to both. Owned. NULL, with
 * words: out of memory, or of LMDB's readers. */
struct asc_view *asc_view_new(struct asc_model *m, struct asc_gen *g, struct asc_why *why);
void asc_view_free(struct asc_view *v); /* takes; on the store's thread; NULL allowed */
