/* fake.h - the surroundings of a trigger, all of them: every port records what it was asked, fails on demand, and checks the
 * promises that no order of events may break. */
#pragma once
#include "tests/unit/test.h"

#include "apps/tsp.h"
#include "trigger/trg.h"

enum {
	WHY_NONE,
	WHY_NOT_SUPPORTED,
	WHY_CONTRADICTING,
	WHY_HSS_SILENT,
	WHY_JOURNAL,
	WHY_SMSSC_SILENT,
	WHY_NOMEM,
	WHY_UNKNOWN,
	WHY_REPORTED,
	WHY_BUSY,
	WHY_DEVICE,
	WHY_NO_RECALL,
	WHY_EXPIRED,
	WHY_GIVEN = 40
};

static struct trg_names fake_smssc_hosts;
static struct trg_parties fake_parties = { .max = 100 };
static const struct trg_conf fake_conf = {
	.report_grace_ms = 60000,
	.report_retention_ms = 7ull * 24 * 3600 * 1000,
	.retry_min_ms = 1000,
	.retry_max_ms = 300000,
	.reasons = { WHY_NONE, WHY_NOT_SUPPORTED, WHY_CONTRADICTING, WHY_HSS_SILENT, WHY_JOURNAL, WHY_SMSSC_SILENT, WHY_NOMEM,
		     WHY_UNKNOWN, WHY_REPORTED, WHY_BUSY, WHY_DEVICE, WHY_NO_RECALL, WHY_EXPIRED },
	.smssc_hosts = &fake_smssc_hosts,
	.parties = &fake_parties,
};

#define T0 1000000ull /* when the request of request() came */
#define VALIDITY_S 3600u

static const uint8_t fake_digest[HASH_LEN] = { 9, 9 };

struct fake_disk { /* the last record that was given to the journal, and the last that is durable */
	struct fake_record {
		size_t len;
		uint8_t bytes[TRG_RECORD_MAX];
	} given, durable;
};

struct fake {
	struct fake_disk *disk; /* NULL: records are not kept */
	uint64_t now_ms, armed_ms;
	/* what to do */
	bool fail_ask, fail_store, fail_submit, fail_recall, fail_notify, no_feature;
	bool ids_last;        /* of DNRs, over every restart */
	uint32_t drr_outcome; /* 0: SUCCESS */
	enum trg_copies copies;
	struct trg_ended past;      /* what the port `ended` says, when scs is set */
	struct trg *original;       /* what the port finds, when its reference is asked for */
	struct trg_refusal refusal; /* of judge_again, when status is not 0 */
	/* what was seen */
	int asked, judged, stored, noted, submitted, submitted_again, recalled, recalled_again, answered, acked_ok, acked_no,
	    notified, notified_again, forgotten, late, refused_events, audited, told;
	enum trg_revocation revocation;
	uint32_t status, next_id, dtr_id, dnr_id, diagnostic;
	int reason;
	uint64_t acked_token, tokens_given, tokens_acked;
	/* what is true */
	bool intent_durable, report_durable, store_pending, store_report;
	bool told_success; /* in any life */
	bool told_201;     /* the same, of what no report was seen of: no DTR of it leaves any more */
	bool dnr_out;      /* a DNR without its DNA */
	bool told_outcome; /* a DNR has left with it, and this life knows that */
	uint32_t outcome;
	bool unknown; /* a DTR is out, and nobody said what became of it */
};

static inline int fake_ask(void *arg, struct trg *t)
{
	struct fake *f = arg;

	(void)t;
	f->asked++;
	return f->fail_ask ? ERR_CLOSED : 0;
}

static inline int fake_judge(void *arg, struct trg *t, struct trg_refusal *out)
{
	struct fake *f = arg;

	(void)t;
	f->judged++;
	*out = f->refusal;
	return f->refusal.status ? ERR_REFUSED : 0;
}

static inline void fake_give(struct fake *f, const struct trg *t)
{
	struct buf b;

	if (!f->disk) {
		return;
	}
	b = buf_over(f->disk->given.bytes, sizeof f->disk->given.bytes);
	trg_record_build(&b, t);
	assert_false(b.full);
	f->disk->given.len = b.len;
}

static inline void fake_commit(struct fake *f)
{
	if (f->disk) {
		f->disk->durable = f->disk->given;
	}
}

static inline int fake_store(void *arg, struct trg *t)
{
	struct fake *f = arg;

	if (f->fail_store) {
		return ERR_BUSY;
	}
	f->stored++;
	f->store_pending = true;
	f->store_report = t->has_outcome;
	fake_give(f, t);
	return 0;
}

static inline void fake_note(void *arg, struct trg *t)
{
	struct fake *f = arg;

	assert_true(t->answered); /* else a restart would take it for undecided */
	f->noted++;
	fake_give(f, t);
}

static inline int fake_submit(void *arg, struct trg *t, bool again)
{
	struct fake *f = arg;

	assert_true(f->intent_durable); /* the order: intent durable, then DTR */
	assert_false(t->answered);
	assert_false(f->told_201);               /* what the SCS was told is not asked for is not submitted by a later life */
	assert_false(trg_expired(t, f->now_ms)); /* nothing leaves after its time */
	assert_int_not_equal(t->dtr_end_to_end, 0);
	if (f->fail_submit) {
		return ERR_CLOSED;
	}
	if (f->dtr_id) {
		assert_int_equal(t->dtr_end_to_end, f->dtr_id);
	}
	f->dtr_id = t->dtr_end_to_end;
	f->unknown = true;
	f->submitted += !again;
	f->submitted_again += again;
	return 0;
}

static inline int fake_recall(void *arg, struct trg *t, bool again)
{
	struct fake *f = arg;

	assert_true(t->answered);
	assert_true(t->answer_status == TSP_STATUS_TEMPORARYERROR || t->revoking); /* never of what stands accepted */
	assert_int_not_equal(t->recall_end_to_end, 0);
	if (f->fail_recall) {
		return ERR_CLOSED;
	}
	f->recalled += !again;
	f->recalled_again += again;
	return 0;
}

static inline void fake_answer(void *arg, struct trg *t, const struct trg_answer *a)
{
	struct fake *f = arg;

	assert_int_equal(f->answered, 0);                                                       /* exactly once */
	assert_true(a->status != TSP_STATUS_SUCCESS || f->intent_durable || f->report_durable); /* what is promised is on disk */
	assert_true(!f->unknown || t->accepted || a->status == TSP_STATUS_SUCCESS ||
		    a->status == TSP_STATUS_TEMPORARYERROR); /* CONTRACTS 3 */
	assert_true(a->status != TSP_STATUS_SUCCESS || !t->has_outcome || f->report_durable || f->intent_durable);
	f->answered++;
	f->told_success |= a->status == TSP_STATUS_SUCCESS || t->accepted;
	f->told_201 |= a->status == TSP_STATUS_TEMPORARYERROR && !f->tokens_given;
	f->status = a->status;
	f->reason = a->reason;
	f->diagnostic = a->has_diagnostic ? a->diagnostic : 99;
}

static inline void fake_acknowledge(void *arg, struct trg *t, uint64_t token, bool ok)
{
	struct fake *f = arg;

	(void)t;
	assert_int_not_equal(token, 0);
	if (ok) {
		assert_true(f->report_durable ||
			    t->answer_status == TSP_STATUS_TEMPORARYERROR); /* durable before its DRA; or late */
	}
	f->acked_ok += ok;
	f->acked_no += !ok;
	f->acked_token = token;
	f->tokens_acked++;
}

static inline int fake_notify(void *arg, struct trg *t, bool again)
{
	struct fake *f = arg;

	assert_true(f->report_durable || f->ids_last);
	assert_true(t->has_outcome);
	assert_true(t->answered);
	assert_false(f->dnr_out); /* one at a time */
	if (f->fail_notify) {
		return ERR_CLOSED;
	}
	assert_true(again || f->notified == 0); /* in any life */
	f->dnr_out = true;
	assert_true(!f->told_outcome || t->outcome == f->outcome); /* the same in every repetition */
	f->told_outcome = true;
	f->outcome = t->outcome;
	if (f->dnr_id) {
		assert_int_equal(t->dnr_end_to_end, f->dnr_id);
	}
	f->dnr_id = t->dnr_end_to_end;
	f->notified += !again;
	f->notified_again += again;
	return 0;
}

static inline void fake_arm(void *arg, struct trg *t, uint64_t at_ms)
{
	(void)t;
	((struct fake *)arg)->armed_ms = at_ms;
}

static inline uint32_t fake_end_to_end(void *arg)
{
	return ++((struct fake *)arg)->next_id;
}

static inline uint32_t fake_report_end_to_end(void *arg, const struct trg *t)
{
	struct fake *f = arg;

	return f->ids_last ? 0x70000000u + (uint32_t)t->number : ++f->next_id;
}

static inline bool fake_ids_last(void *arg, const struct trg *t)
{
	(void)t;
	return ((struct fake *)arg)->ids_last;
}

static inline void fake_forget(void *arg, struct trg *t, bool late)
{
	struct fake *f = arg;

	assert_true(t->answered);                                                      /* nothing ends without its one answer */
	assert_true(!f->told_outcome || (t->has_outcome && t->outcome == f->outcome)); /* what was told was stored before */
	f->forgotten++;
	f->late += late;
}

static inline struct trg *fake_original(void *arg, struct trg *t)
{
	struct fake *f = arg;

	return f->original && f->original->state != TRG_DONE && f->original->req.reference == trg_old_reference(&t->req)
		   ? f->original
		   : NULL;
}

static inline bool fake_ended(void *arg, const struct trg *t, struct trg_ended *out)
{
	struct fake *f = arg;

	(void)t;
	if (!f->past.scs) {
		return false;
	}
	*out = f->past;
	return true;
}

static inline void fake_tell(void *arg, struct trg *original, const struct trg_event *ev)
{
	struct fake *f = arg;

	f->told++;
	trg_step(original, ev, f->now_ms);
}

static inline enum trg_copies fake_copies(void *arg, const struct trg *t)
{
	(void)t;
	return ((struct fake *)arg)->copies;
}

static inline bool fake_can_recall(void *arg, const struct trg *t)
{
	(void)t;
	return !((struct fake *)arg)->no_feature;
}

static inline void fake_revoked(void *arg, struct trg *t, enum trg_revocation how)
{
	struct fake *f = arg;

	assert_true(t->revoked && t->answered);
	f->audited++;
	f->revocation = how;
}

static inline void fake_trace(void *arg, const struct trg *t, enum trg_state from, enum trg_state to, enum trg_event_kind e,
			      bool refused)
{
	(void)t;
	(void)e;
	assert_true(refused == (from == to));
	((struct fake *)arg)->refused_events += refused;
}

static const struct trg_ports fake_ports = {
	.ask_subscriber = fake_ask,
	.judge_again = fake_judge,
	.store = fake_store,
	.note = fake_note,
	.submit = fake_submit,
	.recall = fake_recall,
	.answer = fake_answer,
	.acknowledge = fake_acknowledge,
	.notify = fake_notify,
	.arm = fake_arm,
	.end_to_end = fake_end_to_end,
	.report_end_to_end = fake_report_end_to_end,
	.ids_last = fake_ids_last,
	.forget = fake_forget,
	.original = fake_original,
	.ended = fake_ended,
	.tell = fake_tell,
	.can_recall = fake_can_recall,
	.revoked = fake_revoked,
	.copies = fake_copies,
	.trace = fake_trace,
};

static inline struct fake fake_new(void)
{
	return (struct fake){ .now_ms = T0 };
}

static inline struct trg_request request(void)
{
	return (struct trg_request){ .scs = "acme",
				     .scs_e164 = "49170123456",
				     .origin_host = "scs.acme.example",
				     .origin_realm = "acme.example",
				     .end_to_end = 0x01020304,
				     .digest = { 1, 2, 3 },
				     .external = "meter-7@a.example",
				     .action = TSP_ACTION_TRIGGER,
				     .reference = 41,
				     .payload = (const uint8_t *)"wake",
				     .payload_len = 4,
				     .has_port = true,
				     .port = 9200,
				     .priority = TSP_PRIORITY,
				     .has_validity = true,
				     .validity_s = VALIDITY_S,
				     .received_ms = T0,
				     .expires_ms = T0 + VALIDITY_S * 1000ull };
}

static const struct trg_subscriber fake_subscriber = {
	.imsi = "001010000000001", .msisdn = "491700000001", .nodes = (const uint8_t *)"\1\0\0\0", .nodes_len = 4
};

/* An original that has ended, of the device of request(). */
static const struct trg_ended fake_past = {
	"acme", "001010000000001", "491700000001", "meter-7@a.example", "smssc2.example", true
};

static inline struct trg *trigger_of(struct fake *f, const struct trg_request *r)
{
	struct trg *t;

	assert_int_equal(trg_new(&t, 7, r, &fake_conf, &fake_ports, f), 0);
	return t;
}

static inline int step(struct trg *t, struct fake *f, enum trg_event_kind kind)
{
	struct trg_event ev = { .kind = kind };

	if (kind == TRG_EV_SUBSCRIBER) {
		ev.subscriber = &fake_subscriber;
	}
	if (kind == TRG_EV_SUBSCRIBER_NO || kind == TRG_EV_DTA_NO || kind == TRG_EV_DTA_UNHANDLED) {
		ev.status = kind == TRG_EV_DTA_NO ? TSP_STATUS_PERMANENTERROR : TSP_STATUS_TEMPORARYERROR;
		ev.reason = WHY_GIVEN;
	}
	if (kind == TRG_EV_DTA_OK || kind == TRG_EV_DTA_NO || kind == TRG_EV_DTA_STORED || kind == TRG_EV_DRR ||
	    ((kind == TRG_EV_DTA_UNHANDLED || kind == TRG_EV_UNSENT) && f->submitted + f->submitted_again == 1)) {
		f->unknown = false;
	}
	if (kind == TRG_EV_RECALL_NO) {
		ev.status = TSP_STATUS_ORIGINALMESSAGESENT;
	}
	if (kind == TRG_EV_REVOKE || kind == TRG_EV_CANCEL) {
		ev.status = kind == TRG_EV_CANCEL ? TSP_STATUS_PERMANENTERROR : TSP_STATUS_NOTAUTHORIZED;
		ev.reason = WHY_GIVEN;
	}
	if (kind == TRG_EV_GIVE_UP) {
		ev.status = TSP_STATUS_TEMPORARYERROR;
		ev.reason = WHY_GIVEN;
		ev.unsent = f->submitted + f->submitted_again == 0;
	}
	if (kind == TRG_EV_DTA_STORED) {
		ev.status = TSP_STATUS_ORIGINALMESSAGESENT;
		ev.reason = WHY_GIVEN;
	}
	if (kind == TRG_EV_DTA_OK || kind == TRG_EV_DTA_STORED) {
		ev.accepted_by = "smssc.example";
	}
	if (kind == TRG_EV_DRR) {
		ev.outcome = f->drr_outcome ? f->drr_outcome : TSP_OUTCOME_SUCCESS;
		ev.token = ++f->tokens_given;
		ev.drr = fake_digest;
	}
	if (kind == TRG_EV_DNA_OK || kind == TRG_EV_DNA_NO) {
		f->dnr_out = false;
	}
	if (kind == TRG_EV_DURABLE || kind == TRG_EV_DISK) {
		if (f->store_pending && kind == TRG_EV_DURABLE) {
			f->intent_durable |= !f->store_report;
			f->report_durable |= f->store_report;
			fake_commit(f);
		}
		f->store_pending = false;
	}
	if (kind == TRG_EV_TIMER && f->armed_ms != UINT64_MAX && f->armed_ms > f->now_ms) {
		f->now_ms = f->armed_ms;
		f->armed_ms = UINT64_MAX;
	}
	return trg_step(t, &ev, f->now_ms);
}

/* One of the ways into a state, from a new request. */
static inline struct trg *in_state_of(struct fake *f, enum trg_state wanted, const struct trg_request *r)
{
	struct trg *t = trigger_of(f, r);
	static const enum trg_event_kind ways[][10] = {
		/* events after START; TRG_EVENT_COUNT ends */
		[TRG_ASKING] = { TRG_EVENT_COUNT },
		[TRG_WRITING] = { TRG_EV_SUBSCRIBER, TRG_EVENT_COUNT },
		[TRG_SUBMITTING] = { TRG_EV_SUBSCRIBER, TRG_EV_DURABLE, TRG_EVENT_COUNT },
		[TRG_RESUBMITTING] = { TRG_EV_SUBSCRIBER, TRG_EV_DURABLE, TRG_EV_DTA_SILENT, TRG_EVENT_COUNT },
		[TRG_RECALLING] = { TRG_EV_SUBSCRIBER, TRG_EV_DURABLE, TRG_EV_DTA_SILENT, TRG_EV_DTA_SILENT, TRG_EV_DURABLE,
				    TRG_EVENT_COUNT },
		[TRG_ACCEPTED] = { TRG_EV_SUBSCRIBER, TRG_EV_DURABLE, TRG_EV_DTA_OK, TRG_EVENT_COUNT },
		[TRG_REPORTING] = { TRG_EV_SUBSCRIBER, TRG_EV_DURABLE, TRG_EV_DTA_OK, TRG_EV_DRR, TRG_EVENT_COUNT },
		[TRG_NOTIFYING] = { TRG_EV_SUBSCRIBER, TRG_EV_DURABLE, TRG_EV_DTA_OK, TRG_EV_DRR, TRG_EV_DURABLE,
				    TRG_EVENT_COUNT },
		[TRG_BACKOFF] = { TRG_EV_SUBSCRIBER, TRG_EV_DURABLE, TRG_EV_DTA_OK, TRG_EV_DRR, TRG_EV_DURABLE, TRG_EV_DNA_NO,
				  TRG_EVENT_COUNT },
		[TRG_REVOKING] = { TRG_EV_SUBSCRIBER, TRG_EV_DURABLE, TRG_EV_DTA_OK, TRG_EV_REVOKE, TRG_EV_DURABLE,
				   TRG_EVENT_COUNT },
		[TRG_REFUSING] = { TRG_EV_SUBSCRIBER, TRG_EV_DURABLE, TRG_EV_UNSENT, TRG_EVENT_COUNT },
		[TRG_DONE] = { TRG_EV_SUBSCRIBER_NO, TRG_EVENT_COUNT },
		[TRG_UNKNOWN] = { TRG_EV_SUBSCRIBER, TRG_EV_DURABLE, TRG_EV_DTA_SILENT, TRG_EV_DURABLE, TRG_EVENT_COUNT },
	};

	if (wanted == TRG_IDLE) {
		return t;
	}
	if (wanted == TRG_UNKNOWN) {
		f->copies = TRG_COPIES_NEVER;
	}
	if (wanted == TRG_RESUMING) { /* from the record of one whose DTR is out */
		uint8_t bytes[TRG_RECORD_MAX];
		struct buf b = buf_over(bytes, sizeof bytes);
		struct trg *restored;

		trg_free(t);
		t = in_state_of(f, TRG_SUBMITTING, r);
		trg_record_build(&b, t);
		assert_int_equal(trg_restore(&restored, 7, bytes, b.len, &fake_conf, &fake_ports, f), 0);
		trg_free(t);
		return restored;
	}
	assert_int_equal(step(t, f, TRG_EV_START), 0);
	for (size_t i = 0; ways[wanted][i] != TRG_EVENT_COUNT; i++) {
		assert_int_equal(step(t, f, ways[wanted][i]), 0);
	}
	assert_int_equal(t->state, wanted);
	return t;
}

static inline struct trg *in_state(struct fake *f, enum trg_state wanted)
{
	struct trg_request r = request();

	return in_state_of(f, wanted, &r);
}

/* The trigger that recalls and replaces of request_for() name: accepted, number 3, in surroundings of its own. */
static inline struct trg *original_of(struct fake *own, struct fake *f)
{
	struct trg_request r = request();

	*own = fake_new();
	r.reference = 40;
	f->original = in_state_of(own, TRG_ACCEPTED, &r);
	f->original->number = 3;
	return f->original;
}

static inline struct trg_request request_for(uint32_t action)
{
	struct trg_request r = request();

	r.action = action;
	if (action == TSP_ACTION_REPLACE) {
		r.has_old_reference = true;
		r.old_reference = 40;
	}
	if (action == TSP_ACTION_RECALL) {
		r.reference = 40;
		r.payload_len = 0;
		r.has_port = r.has_validity = false;
		r.priority = TSP_NON_PRIORITY;
		r.validity_s = 0;
		r.expires_ms = r.received_ms;
	}
	return r;
}
