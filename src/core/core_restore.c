/* core_restore.c - restores the triggers of the journal after a restart; copies of their
 * requests are recognised. */
#include "base/fault.h"
#include "base/shown.h"
#include "core/core_devices.h"
#include "core/core_int.h"
#include "core/core_overdue.h"
#include "core/core_past_record.h"
#include "core/core_restore.h"
#include "journal/jrn_later.h"
#include "trigger/trg_park.h"

static struct core_restoring_request request_of(const struct trg *trg)
{
	return (struct core_restoring_request){ trg->number,         trg->req.received_ms, trg->req.origin_host, trg->req.digest,
						trg->req.end_to_end, trg->answer_status,   trg->answered };
}

/* Enters the request in the table of duplicates, with its answer or as unanswered (*dup is set). */
static int restore_dup(struct core *c, const struct core_restoring_request *q, struct core_dup_entry **dup)
{
	uint64_t window_ms = c->cfg->limits.duplicates_window_ms;
	struct ipc_device_action_answer a = { .result_code = DIA_RESULT_SUCCESS, .request_status = q->status };
	int err;

	if (q->answered && core_now_ms(c) >= q->received_ms + window_ms) {
		return 0; /* a copy received now is a new request */
	}
	err = core_dup_restore(c->dup, q->origin_host, q->end_to_end, q->digest, q->answered ? &a : NULL, q->received_ms, dup);
	if (err == ERR_EXISTS) {
		log_warn(c->log, "core", "copies of the request of journal record %llu will not be recognised",
			 (unsigned long long)q->number);
		return 0;
	}
	return err;
}

/* True if a trigger of that number is there already: a record whose deletion was lost. */
static bool is_second(struct core *c, const struct trg *trg)
{
	return trg->req.action != TSP_ACTION_RECALL && core_seat_find(c, trg->req.scs_e164, trg->req.reference);
}

/* -- triggers that only wait for their report: nearly all */

#define AHEAD CORE_RESTORING_AHEAD
#define ASKED 4u /* of them, those for which the second look was asked */

/* The table of duplicates, and what wakes the trigger. */
static int enter_rest(struct core *c, const struct core_restoring_trigger *n)
{
	int err = core_deadline_enter(c, n->park.seat, n->armed_ms);

	return err ? err : restore_dup(c, &n->request, NULL);
}

static int enter_first(struct core_restoring *r)
{
	struct core_restoring_trigger *first = &r->coming[r->entered % AHEAD];
	struct core_seat *seat = first->park.seat;
	struct core *c = r->c;
	int err = core_park_enter(c, &first->park);

	if (err == ERR_EXISTS) {
		r->entered++;
		return 0;
	}
	if (first->counts) {
		core_seat_counts(seat);
	}
	err = enter_rest(c, first);
	if (err) { /* it stays the first, and is dropped with the others */
		first->park.seat = NULL;
		core_parked_free(c, seat);
		return err;
	}
	r->entered++;
	st_count(&c->st, ST_JOURNAL_RECOVERED);
	return 0;
}

static int enter_all(struct core_restoring *r)
{
	int err = 0;

	while (!err && r->entered < r->read) {
		err = enter_first(r);
	}
	return err;
}

static void drop_all(struct core_restoring *r)
{
	for (; r->entered < r->read; r->entered++) {
		const struct core_restoring_trigger *n = &r->coming[r->entered % AHEAD];

		if (n->park.seat) {
			core_park_drop(r->c, &n->park);
		}
		core_later_again(r->c, n->place);
	}
}

static void ask_for_first_looks(const struct core_restoring *r, const struct core_restoring_trigger *n)
{
	core_seat_prefetch(r->c, &n->park.key);
	if (r->read >= ASKED && r->read - ASKED >= r->entered) {
		const struct core_restoring_trigger *before = &r->coming[(r->read - ASKED) % AHEAD];

		core_seat_prefetch_first(r->c, &before->park.key);
		core_dup_prefetch_first(r->c->dup, before->dup);
	}
}

/* Before the loop turns, what fails is the end of the start. */
static void tell_audit(const struct core_restoring *r, const struct trg *trg)
{
	if (!r->loop_turns || core_later_tells(r->c, r->place)) {
		core_audit_restored(r->c, trg);
	}
}

/* A trigger that only waits for its report needs no machine. ERR_STATE: it does more. */
static int restore_waiting(void *arg, const struct trg *trg)
{
	struct core_restoring *r = OBJ_OF(arg, struct core_restoring, CORE_RESTORING_MAGIC);
	struct core *c = r->c;
	struct core_restoring_trigger *n = &r->coming[r->read % AHEAD];
	struct core_scs *scs;
	int err = 0;

	if (trg->state != TRG_ACCEPTED) {
		return ERR_STATE;
	}
	if (r->read - r->entered == AHEAD) {
		err = enter_first(r);
	}
	scs = core_scs_get(c, trg->req.scs);
	if (!err) {
		err = scs ? core_park_restored(&n->park, c, scs, trg) : ERR_NOMEM;
	}
	if (err) {
		return err;
	}
	tell_audit(r, trg);
	pages_ahead_used(&c->triggers.ahead, n->park.seat);
	n->place = r->place;
	n->armed_ms = trg->armed_ms;
	n->counts = core_quota_counted(scs, trg);
	n->dup = core_dup_prefetch(c->dup, trg->req.origin_host, trg->req.end_to_end);
	n->request = request_of(trg);
	n->request.origin_host = trg->party->origin_host; /* a parked trigger has a party, whose names stay */
	n->request.digest = memcpy(n->digest, trg->req.digest, HASH_LEN);
	ask_for_first_looks(r, n);
	r->read++;
	return 0;
}

/* -- all others */

static int unreadable(const struct core *c, uint64_t number, int err)
{
	log_error(c->log, "core", "journal record %llu cannot be read and is left alone: %s", (unsigned long long)number,
		  err_str(err));
	return err == ERR_NOMEM ? err : 0;
}

static void resume_one(struct core_trigger *t)
{
	struct trg_event restored = { .kind = TRG_EV_RESTORED };

	if (!core_overdue_restored(t)) {
		core_trigger_step(t, &restored);
	}
}

/* Copies of its request and of its report. */
static int restore_known(struct core_trigger *t)
{
	struct core_restoring_request request = request_of(t->trg);
	struct core *c = t->core;

	if (restore_dup(c, &request, &t->dup)) {
		return ERR_NOMEM;
	}
	if (t->dup) {
		core_dup_set_owner(t->dup, t);
	}
	if (t->trg->drr && core_drrs_restore(c, t->trg->drr, t->trg->reported_ms)) {
		core_dup_forget(c->dup, t->dup);
		t->dup = NULL;
		return ERR_NOMEM;
	}
	return 0;
}

/* A trigger with something under way. */
static int restore_busy(struct core_restoring *r, uint64_t number, const void *record, size_t len)
{
	struct core *c = r->c;
	struct core_trigger *t = core_piece_trigger(c);
	struct core_scs *scs;
	int err;

	if (!t) {
		return ERR_NOMEM;
	}
	err = trg_restore(&t->trg, number, record, len, &c->triggers.conf, c->triggers.ports, c);
	if (err) {
		core_piece_trigger_end(c, t);
		return unreadable(c, number, err);
	}
	scs = core_scs_get(c, t->trg->req.scs);
	if (!scs || is_second(c, t->trg)) {
		trg_free(t->trg);
		core_piece_trigger_end(c, t);
		return scs ? 0 : ERR_NOMEM;
	}
	tell_audit(r, t->trg);
	t->trg->owner = t;
	t->left = true;
	core_transaction_text(t->transaction, 0, number);
	core_trigger_attach(t, c, scs);
	t->has_quota = core_quota_counted(scs, t->trg);
	core_trigger_by_device(t);
	/* what fails is read again, and must not be there then */
	if ((r->loop_turns && core_deadline_set(t, trg_report_deadline(t->trg))) || restore_known(t)) {
		core_trigger_free(t);
		return ERR_NOMEM;
	}
	st_count(&c->st, ST_JOURNAL_RECOVERED);
	if (r->loop_turns) {
		resume_one(t);
	}
	return 0;
}

/* A record that is not of a trigger. False: it is of one. */
static bool restore_other(struct core *c, uint64_t number, const void *record, size_t len, int *err)
{
	if (core_quota_is(record, len)) {
		*err = core_quota_restore(c, number, record, len);
	} else if (core_past_is(record, len)) {
		*err = core_past_restore(c, number, record, len);
	} else if (core_dnr_ids_is(record, len)) {
		core_dnr_ids_restore(c, number, record, len);
	} else if (core_ocsp_is(record, len)) {
		*err = core_ocsp_restore(c, number, record, len);
	} else if (core_drrs_is(record, len)) {
		*err = core_drrs_restore_answer(c, number, record, len);
	} else {
		return false;
	}
	return true;
}

static int enter_record(void *arg, uint64_t number, const void *record, size_t len)
{
	struct core_restoring *r = OBJ_OF(arg, struct core_restoring, CORE_RESTORING_MAGIC);
	struct core *c = r->c;
	int err = 0;

	if (core_past_is(record, len)) {
		err = enter_all(r); /* of two with one key the one with the smaller number counts */
	}
	if (err || restore_other(c, number, record, len, &err)) {
		return err;
	}
	err = trg_read(number, record, len, &c->triggers.conf, restore_waiting, r);
	if (err == ERR_STATE) {
		err = enter_all(r); /* those with smaller numbers stand before it */
		return err ? err : restore_busy(r, number, record, len);
	}
	return err && err != ERR_NOMEM ? unreadable(c, number, err) : err;
}

/* Resumes priority triggers first: requests leave in this order once the peers are open. */
static void resume(struct core *c, bool priority)
{
	uint32_t left = c->triggers.n - c->triggers.parked;
	struct core_trigger *t;
	struct core_cursor w;

	core_cursor_begin(&w, c, NULL); /* a resumed trigger may end another */
	w.awake_only = true;            /* a parked trigger has its deadline */
	while (left-- && (t = core_park_next(&w))) {
		if ((t->trg->req.priority == TSP_PRIORITY) != priority) {
			continue;
		}
		resume_one(t);
		FAULT_POINT(CORE_RESUMED);
	}
	core_cursor_end(&w);
}

/* Octets of the heap for a trigger that waits for its report, and for its entry among the
 * duplicates, which a young one has. */
#define TRIGGER_OCTETS 352u
#define DUPLICATE_OCTETS 256u

/* A table that cannot have its size now grows with what comes. */
static void reserve(struct core *c)
{
	size_t n = (size_t)jrn_counts(c->journal.jrn).records;

	pages_ahead_begin(&c->triggers.ahead, n * (TRIGGER_OCTETS + DUPLICATE_OCTETS));
	if (multimap_reserve(&c->triggers.by_ref, n) || multimap_reserve(&c->triggers.by_device, n) ||
	    core_dup_reserve(c->dup, n)) {
		log_debug(c->log, "core", "no memory to make the tables of triggers in one go");
	}
}

/* -- the start */

#define READING_MAGIC 0x83d5c6a2u
struct reading {
	struct obj obj;
	struct core *c;
	size_t i; /* place of the next record */
};

static int on_record(void *arg, uint64_t number, const void *record, size_t len)
{
	struct reading *r = OBJ_OF(arg, struct reading, READING_MAGIC);
	struct core *c = r->c;
	struct trg_waits w;
	size_t i = r->i++;

	if (core_later_notes(&c->later) && trg_waits_read(&w, record, len)) {
		core_later_note(c, i, &w);
		return 0;
	}
	return enter_record(&c->later.restoring, number, record, len);
}

static void on_all_entered(struct core *c)
{
	char triggers[SHOWN_COUNT_MAX];

	pages_ahead_end(&c->triggers.ahead);
	pages_heap_begin(&c->triggers.heap);
	if (c->triggers.n) {
		log_info(c->log, "core", "%s taken up from the journal",
			 shown_count(triggers, st_get(&c->st, ST_JOURNAL_RECOVERED), "trigger"));
	}
	core_audit_restored_all(c);
	core_quotas_seed(c);
	core_revoke_again(c);
}

static const struct core_restoring_by by = { enter_record, enter_all, drop_all, on_all_entered };

static int read_all(struct core *c)
{
	struct reading r = { .obj = OBJ(READING_MAGIC), .c = c };
	struct jrn_later *records;
	int err = jrn_later_begin(&records, c->journal.jrn);

	if (err) {
		return err;
	}
	c->later.restoring = (struct core_restoring){ .obj = OBJ(CORE_RESTORING_MAGIC), .c = c };
	core_later_begin(c, records, &by);
	err = jrn_later_all(records, on_record, &r);
	if (!err) {
		err = enter_all(&c->later.restoring);
	}
	drop_all(&c->later.restoring);
	return err;
}

int core_triggers_restore(struct core *c)
{
	int err;

	reserve(c);
	err = read_all(c);
	FAULT_POINT(CORE_REPLAYED);
	if (!err) {
		err = core_dnr_ids_begin(c);
	}
	if (!err) {
		/* without any record of a quota the journal may be of a program that kept none: the
		 * triggers say what was used */
		err = core_later_go(c, !c->quotas.n);
	}
	if (err) {
		pages_ahead_end(&c->triggers.ahead);
		return err;
	}
	resume(c, true);
	resume(c, false);
	return 0;
}
