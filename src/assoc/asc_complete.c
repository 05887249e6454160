/* asc_complete.c - the last transaction of the new generation, on the store's thread: the manual
 * changes since the beginning of the import, and the counters. */
#include "assoc/asc_gen.h"
#include "assoc/asc_import_int.h"
#include "assoc/asc_lmdb.h"
#include "assoc/asc_store.h"
#include "assoc/asc_why.h"

static uint64_t counted(const struct asc_import *im, uint32_t number)
{
	const struct asc_slot *slot = asc_model_slot(im->view->model, number);

	if (slot) {
		return im->counts[slot - im->view->model->slots];
	}
	return im->conf.kind == ASC_KIND_SET && number >= im->set_numbers && number - im->set_numbers < im->dsets.n
		   ? im->set_counts[number - im->set_numbers]
		   : 0;
}

static int redo(struct asc_import *im, MDB_txn *txn, struct asc_model *m, const struct asc_manual_change *d, struct asc_why *why)
{
	bool add = d->op == ASC_RULE_ADD || d->op == ASC_SET_MEMBER_ADD;
	struct asc_row_change c = { .number = d->number, .verdict = d->verdict, .add = add ? &d->entry : NULL };
	struct asc_slot *slot = asc_model_slot(m, d->number);
	int err;

	if (!d->exact || !slot) {
		return 0;
	}
	err = asc_row_apply(im->gen, txn, m, d->text, &c, why);
	slot->exact_n = slot->exact_n + (c.add ? 1 : 0) - c.dropped;
	return err;
}

static int put_counters(struct asc_import *im, MDB_txn *txn, const struct asc_model *m)
{
	int rc = 0;

	for (uint32_t i = 0; i < m->n && !rc; i++) {
		if (m->slots[i].exact_n) {
			rc = asc_put_count(im->gen, txn, m->slots[i].node->number, m->slots[i].exact_n);
		}
	}
	if (!rc) {
		rc = asc_put_u64(&im->gen->kv, txn, "generation", im->a->gen_changes);
	}
	return rc ? rc : asc_put_u64(&im->gen->kv, txn, "next", im->a->next_number);
}

int asc_import_complete(struct asc_import *im, struct asc_model *m, struct asc_why *why)
{
	MDB_txn *txn;
	int err = 0, rc = kv_write_begin(&im->gen->kv, &txn);

	if (rc) {
		return asc_fail(why, &im->gen->kv, rc, "switch to what was imported");
	}
	for (uint32_t i = 0; i < m->n; i++) {
		m->slots[i].exact_n = counted(im, m->slots[i].node->number);
	}
	for (uint32_t i = 0; i < im->manual.n && !err; i++) {
		err = redo(im, txn, m, &im->manual.all[i], why);
	}
	if (!err) {
		rc = put_counters(im, txn, m);
	}
	if (err || rc) {
		mdb_txn_abort(txn);
	} else {
		rc = mdb_txn_commit(txn);
	}
	return err ? err : rc ? asc_fail(why, &im->gen->kv, rc, "switch to what was imported") : 0;
}
