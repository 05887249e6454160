/* core_restore.c - restores the triggers of the journal after a restart; copies of their
 * requests are recognised. */
#include "base/fault.h"
#include "base/shown.h"
#include "core/core_devices.h"
#include "core/core_int.h"
#include "core/core_overdue.h"
#include "core/core_past_record.h"
#include "core/core_restore.h"
#include "trigger/trg_park.h"

struct answered { /* a request in the table of duplicates; names and digest are borrowed */
	uint64_t number, received_ms;
	const char *origin_host;
	const uint8_t *digest;
	uint32_t end_to_end, status;
	bool answered;
};

static struct answered answered_of(const struct trg *trg)
{
	return (struct answered){ trg->number,         trg->req.received_ms, trg->req.origin_host, trg->req.digest,
				  trg->req.end_to_end, trg->answer_status,   trg->answered };
}

/* Enters the request in the table of duplicates, with its answer or as unanswered (*dup is set). */
static int restore_dup(struct core *c, const struct answered *q, struct core_dup_entry **dup)
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
	return trg->req.action != TSP_ACTION_RECALL && core_trigger_known(c, trg->req.scs_e164, trg->req.reference);
}

/* -- triggers that only wait for their report: nearly all */

/* In large tables each look comes from memory. So a trigger is entered some triggers after it was
 * read: the processor has what its entry looks at by then. */
#define AHEAD 8u
#define ASKED 4u /* of them, those for which the second look was asked */

struct coming { /* read, and not yet entered */
	struct core_park_new park;
	uint64_t armed_ms, dup; /* dup: hash in the table of duplicates */
	struct answered request;
	uint8_t digest[HASH_LEN];
	bool counts; /* against the quota of the day */
};

#define RESTORING_MAGIC 0x4f27be19u
struct restoring {
	struct obj obj;
	struct core *c;
	struct coming coming[AHEAD];
	size_t read, entered; /* so many until now */
};

static int enter_first(struct restoring *r)
{
	const struct coming *first = &r->coming[r->entered++ % AHEAD];
	struct core_seat *seat = first->park.seat;
	struct core *c = r->c;
	int err = core_park_enter(c, &first->park);

	if (err) {
		return err == ERR_EXISTS ? 0 : err;
	}
	if (first->counts) {
		core_seat_counts(seat);
	}
	err = core_deadline_enter(c, seat, first->armed_ms);
	if (!err) {
		err = restore_dup(c, &first->request, NULL);
	}
	if (!err) {
		st_count(&c->st, ST_JOURNAL_RECOVERED);
	}
	return err;
}

static int enter_all(struct restoring *r)
{
	int err = 0;

	while (!err && r->entered < r->read) {
		err = enter_first(r);
	}
	return err;
}

static void drop_all(struct restoring *r)
{
	while (r->entered < r->read) {
		core_park_drop(r->c, &r->coming[r->entered++ % AHEAD].park);
	}
}

static void ask_for_first_looks(const struct restoring *r, const struct coming *n)
{
	core_seat_prefetch(r->c, &n->park.key);
	if (r->read >= ASKED && r->read - ASKED >= r->entered) {
		const struct coming *before = &r->coming[(r->read - ASKED) % AHEAD];

		core_seat_prefetch_first(r->c, &before->park.key);
		core_dup_prefetch_first(r->c->dup, before->dup);
	}
}

/* A trigger that only waits for its report needs no machine. ERR_STATE: it does more. */
static int restore_waiting(void *arg, const struct trg *trg)
{
	struct restoring *r = OBJ_OF(arg, struct restoring, RESTORING_MAGIC);
	struct core *c = r->c;
	struct coming *n = &r->coming[r->read % AHEAD];
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
	core_audit_restored(c, trg);
	pages_ahead_used(&c->triggers.ahead, n->park.seat);
	n->armed_ms = trg->armed_ms;
	n->counts = core_quota_counted(scs, trg);
	n->dup = core_dup_prefetch(c->dup, trg->req.origin_host, trg->req.end_to_end);
	n->request = answered_of(trg);
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

/* A trigger with something under way. */
static int restore_busy(struct core *c, uint64_t number, const void *record, size_t len)
{
	struct core_trigger *t = core_piece_trigger(c);
	struct answered request;
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
	core_audit_restored(c, t->trg);
	t->trg->owner = t;
	t->left = true;
	core_transaction_text(t->transaction, 0, number);
	core_trigger_attach(t, c, scs);
	t->has_quota = core_quota_counted(scs, t->trg);
	core_trigger_by_device(t);
	request = answered_of(t->trg);
	if (restore_dup(c, &request, &t->dup)) {
		return ERR_NOMEM;
	}
	if (t->dup) {
		core_dup_set_owner(t->dup, t);
	}
	if (t->trg->drr && core_drrs_restore(c, t->trg->drr, t->trg->reported_ms)) {
		return ERR_NOMEM;
	}
	st_count(&c->st, ST_JOURNAL_RECOVERED);
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

static int restore_one(void *arg, uint64_t number, const void *record, size_t len)
{
	struct restoring *r = OBJ_OF(arg, struct restoring, RESTORING_MAGIC);
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
		return err ? err : restore_busy(c, number, record, len);
	}
	return err && err != ERR_NOMEM ? unreadable(c, number, err) : err;
}

/* Resumes priority triggers first: requests leave in this order once the peers are open. */
static void resume(struct core *c, bool priority)
{
	struct trg_event restored = { .kind = TRG_EV_RESTORED };
	uint32_t left = c->triggers.n - c->triggers.parked;
	struct core_trigger *t;
	struct core_cursor w;

	core_cursor_begin(&w, c, NULL); /* a resumed trigger may end another */
	w.awake_only = true;            /* a parked trigger has its deadline */
	while (left-- && (t = core_park_next(&w))) {
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

int core_triggers_restore(struct core *c)
{
	struct restoring r = { .obj = OBJ(RESTORING_MAGIC), .c = c };
	char triggers[SHOWN_COUNT_MAX];
	int err;

	reserve(c);
	err = jrn_replay(c->journal.jrn, restore_one, &r);
	if (!err) {
		err = enter_all(&r);
	}
	drop_all(&r);
	pages_ahead_end(&c->triggers.ahead);
	pages_heap_begin(&c->triggers.heap);

	FAULT_POINT(CORE_REPLAYED);
	if (!err) {
		err = core_dnr_ids_begin(c);
	}
	if (err) {
		return err;
	}
	if (c->triggers.n) {
		log_info(c->log, "core", "%s taken up from the journal", shown_count(triggers, c->triggers.n, "trigger"));
	}
	core_audit_restored_all(c);
	core_quotas_seed(c);
	resume(c, true);
	resume(c, false);
	return 0;
}
