/* core_restore.c - restores the triggers of the journal after a restart; copies of their
 * requests are recognised. */
#include <stdlib.h>

#include "base/fault.h"
#include "base/shown.h"
#include "core/core_devices.h"
#include "core/core_int.h"
#include "core/core_overdue.h"
#include "core/core_restore.h"

/* Enters the request in the table of duplicates, with its answer or as unanswered. */
static int restore_dup(struct core_trigger *t)
{
	const struct trg *trg = t->trg;
	uint64_t window_ms = t->core->cfg->limits.duplicates_window_ms;
	struct ipc_device_action_answer a = { .result_code = DIA_RESULT_SUCCESS, .request_status = trg->answer_status };
	int err;

	if (trg->answered && core_now_ms(t->core) >= trg->req.received_ms + window_ms) {
		return 0; /* a copy received now is a new request */
	}
	err = core_dup_restore(t->core->dup, trg->req.origin_host, trg->req.end_to_end, trg->req.digest,
			       trg->answered ? &a : NULL, trg->req.received_ms, &t->dup);
	if (err == ERR_NOMEM) {
		return err;
	}
	if (err) {
		log_warn(t->core->log, "core", "transaction %s: copies of its request will not be recognised", t->transaction);
	} else if (t->dup) {
		core_dup_set_owner(t->dup, t);
	}
	return 0;
}

static int restore_one(void *arg, uint64_t number, const void *record, size_t len)
{
	struct core *c = OBJ_OF(arg, struct core, CORE_MAGIC);
	struct core_trigger *t;
	struct core_scs *scs;
	int err;

	if (core_quota_is(record, len)) {
		return core_quota_restore(c, number, record, len);
	}
	if (core_past_is(record, len)) {
		return core_past_restore(c, number, record, len);
	}
	if (core_drrs_is(record, len)) {
		return core_drrs_restore_answer(c, number, record, len);
	}
	t = calloc(1, sizeof *t);
	if (!t) {
		return ERR_NOMEM;
	}
	err = trg_restore(&t->trg, number, record, len, &c->triggers.conf, c->triggers.ports, c);
	if (err) {
		free(t);
		log_error(c->log, "core", "journal record %llu cannot be read and is left alone: %s", (unsigned long long)number,
			  err_str(err));
		return err == ERR_NOMEM ? err : 0;
	}
	scs = core_scs_get(c, t->trg->req.scs);
	if (!scs ||
	    (t->trg->req.action != TSP_ACTION_RECALL && core_trigger_find(c, t->trg->req.scs_e164, t->trg->req.reference))) {
		trg_free(t->trg);
		free(t);
		return scs ? 0 : ERR_NOMEM;
	}
	t->trg->owner = t;
	t->left = true;
	core_transaction_text(t->transaction, 0, number);
	core_trigger_attach(t, c, scs);
	core_quota_restored(t);
	core_trigger_by_device(t);
	if (restore_dup(t)) {
		return ERR_NOMEM;
	}
	if (t->trg->drr && core_drrs_restore(c, t->trg->drr, t->trg->reported_ms)) {
		return ERR_NOMEM;
	}
	st_count(&c->st, ST_JOURNAL_RECOVERED);
	return 0;
}

/* Resumes priority triggers first: requests leave in this order once the peers are open. */
static void resume(struct core *c, bool priority)
{
	struct trg_event restored = { .kind = TRG_EV_RESTORED };
	struct core_trigger *t;
	struct core_cursor w;

	core_cursor_begin(&w, c, NULL); /* a resumed trigger may end another */
	w.awake_only = true;
	while ((t = core_park_next(&w))) {
		if ((t->trg->req.priority == TSP_PRIORITY) != priority) {
			continue;
		}
		if (!core_overdue_restored(t)) {
			core_trigger_step(t, &restored);
		}
		FAULT_POINT(CORE_RESUMED);
	}
	core_cursor_end(&w);
}

int core_triggers_restore(struct core *c)
{
	char triggers[SHOWN_COUNT_MAX];
	int err = jrn_replay(c->journal.jrn, restore_one, c);

	FAULT_POINT(CORE_REPLAYED);
	if (err) {
		return err;
	}
	if (c->triggers.n) {
		log_info(c->log, "core", "%s taken up from the journal", shown_count(triggers, c->triggers.n, "trigger"));
	}
	core_quotas_seed(c);
	resume(c, true);
	resume(c, false);
	return 0;
}
