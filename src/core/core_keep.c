/* core_keep.c - writes the record of a trigger to the journal. */
#include "core/core_int.h"

int core_trigger_put(struct core_trigger *t, bool first, jrn_done_fn *done, void *arg)
{
	uint8_t record[TRG_RECORD_MAX];
	struct buf b = buf_over(record, sizeof record);
	struct jrn *jrn = t->core->journal.jrn;
	int err;

	trg_record_build(&b, t->trg);
	if (b.full) {
		return ERR_LIMIT;
	}
	if (first) {
		return jrn_add(jrn, t->trg->number, record, b.len, done, arg);
	}
	err = jrn_put(jrn, t->trg->number, record, b.len, done, arg);
	if (err == ERR_NOMEM && core_memory_spend(t->core)) { /* the record of an accepted trigger */
		err = jrn_put(jrn, t->trg->number, record, b.len, done, arg);
	}
	return err;
}

int core_trigger_keep(struct core_trigger *t, jrn_done_fn *done, void *arg)
{
	t->kept = true;
	return core_trigger_put(t, false, done, arg);
}
