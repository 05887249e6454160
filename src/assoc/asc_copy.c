/* asc_copy.c - keeps what is copied open, and finds out of which generation it is. */
#include "assoc/asc_copy.h"

#include <stdlib.h>

#include "assoc/asc_lmdb.h"
#include "assoc/asc_store.h"
#include "assoc/asc_work.h"
#include "base/kv_copy.h"

#define ASC_COPY_MAGIC 0xa1725105u
struct asc_copy {
	struct obj obj;
	struct asc *a;
	struct asc_view *view; /* keeps its generation open */
	enum asc_file which;
	uint64_t generation;
	struct kv_copy *stream;
};

/* What the main file names now. The view of the owner may be one change behind it. */
static int generation_now(const struct asc *a, uint64_t *generation)
{
	MDB_txn *txn;
	int rc = mdb_txn_begin(a->main->kv.env, NULL, MDB_RDONLY, &txn);

	if (rc) {
		return kv_err(rc);
	}
	rc = asc_get_u64(&a->main->kv, txn, ASC_MAIN_GENERATION, generation);
	mdb_txn_abort(txn);
	return rc ? kv_err(rc) : 0;
}

int asc_copy_begin(struct asc_copy **out, struct asc *a, enum asc_file which)
{
	struct asc_copy *c = calloc(1, sizeof *c);
	int err = 0;

	OBJ_CHECK(a, ASC_MAGIC);
	if (!c) {
		return ERR_NOMEM;
	}
	obj_begin(&c->obj, ASC_COPY_MAGIC);
	c->a = a;
	c->which = which;
	c->view = a->view;
	c->generation = a->view->gen->number;
	if (which == ASC_FILE_MAIN) {
		err = generation_now(a, &c->generation);
	}
	if (!err) {
		err = kv_copy_begin(&c->stream, which == ASC_FILE_MAIN ? &a->main->kv : &a->view->gen->kv);
	}
	if (err) {
		free(c);
		return err;
	}
	c->view->refs++;
	*out = c;
	return 0;
}

struct kv_copy *asc_copy_stream(struct asc_copy *c)
{
	OBJ_CHECK(c, ASC_COPY_MAGIC);
	return c->stream;
}

int asc_copy_end(struct asc_copy *c, uint64_t *generation)
{
	uint64_t now;
	int err;

	OBJ_END(c, ASC_COPY_MAGIC);
	err = kv_copy_end(c->stream);
	now = c->generation;
	if (!err && c->which == ASC_FILE_MAIN) {
		err = generation_now(c->a, &now);
	}
	if (!err && now != c->generation) {
		err = ERR_STATE;
	}
	*generation = c->generation;
	asc_view_retire(c->a, c->view);
	free(c);
	return err;
}
