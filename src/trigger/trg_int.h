/* trg_int.h - shared by the files of this room. */
#pragma once
#include "trigger/trg.h"

/* Copies into t->req; members needed after the answer are apart from the payload. NULL strings
 * become "". ERR_LIMIT, ERR_INVAL, ERR_NOMEM. */
ERR_MUST_USE int trg_set_request(struct trg *t, const struct trg_request *in);
/* True if the members that each request has are there. */
bool trg_request_whole(const struct trg_request *in);
/* Frees the members that only a DTR needs: payload and serving nodes. */
void trg_shed(struct trg *t);
/* Replaces the subscriber data by a copy. On failure the old data stay. */
ERR_MUST_USE int trg_set_subscriber(struct trg *t, const struct trg_subscriber *in);

struct trg_history_packed {
	uint32_t after_ms; /* time since the request was received */
	uint8_t from, to, event, reason;
};

struct trg_history {
	uint8_t n, cap;
	uint16_t dropped;
	struct trg_history_packed entries[];
};

/* Memory for what a trigger keeps: of its room, else of the heap. NULL: there is none. */
void *trg_room_take(struct trg *t, size_t octets);
void trg_room_give(struct trg *t, void *p);               /* takes; NULL allowed */
bool trg_room_is_own(const struct trg *t, const void *p); /* true: of its room, which lives as long as it does */

/* Without memory the history lacks the entry. */
void trg_history_add(struct trg *t, const struct trg_history_packed *e);
/* The history as octets, at most TRG_HISTORY_ENTRY_MAX an entry; an entry is read with the one
 * before (zeroed for the first). The reader checks the states and the event. */
#define TRG_HISTORY_ENTRY_MAX 9u
void trg_history_put(struct buf *b, const struct trg_history *h);
struct trg_history_packed trg_history_get(struct rd *r, const struct trg_history_packed *before);
/* When the SMS-SC may have accepted it, from the history; 0: unknown. */
uint64_t trg_history_taken(const struct trg *t);
void trg_history_note(struct trg *t, enum trg_state from, enum trg_state to, enum trg_event_kind ev, int reason, uint64_t now_ms);

/* Its first state is that of its record, and not IDLE. */
void trg_set_restored(struct trg *t, enum trg_state state);

struct trg_step { /* one event under way */
	struct trg *t;
	const struct trg_event *ev;
	uint64_t now_ms;
};

/* Called when the state is the `next` of its row. Returns the state to enter, usually that one. */
typedef enum trg_state trg_act_fn(struct trg_step *s);

/* trg_act.c: from the request to the accepted trigger */
trg_act_fn trg_act_none, trg_act_start, trg_act_subscriber, trg_act_submit, trg_act_disk, trg_act_accept, trg_act_submit_again,
    trg_act_unsent, trg_act_unsent_again, trg_act_resume, trg_act_restored, trg_act_stored;
/* trg_answer.c: the answer and the end */
trg_act_fn trg_act_refuse, trg_act_refused, trg_act_report_refused, trg_act_overdue_refusing;
/* trg_report.c: from the report to its acknowledgement */
trg_act_fn trg_act_wait_report, trg_act_report_early, trg_act_report, trg_act_unconfirmed, trg_act_unreported,
    trg_act_report_twice, trg_act_told, trg_act_tell_again, trg_act_reported, trg_act_report_known, trg_act_notify,
    trg_act_notify_later, trg_act_acknowledged;
/* trg_recall.c: recall and revocation */
trg_act_fn trg_act_give_up, trg_act_gave_up, trg_act_recall, trg_act_recall_restored, trg_act_recall_later, trg_act_recalled,
    trg_act_recall_no, trg_act_report_late, trg_act_taken_back, trg_act_lost, trg_act_revoke, trg_act_revoke_soon,
    trg_act_revoke_resuming, trg_act_revoke_recall, trg_act_revoke_timer, trg_act_revoke_silent, trg_act_revoke_no,
    trg_act_revoke_done, trg_act_revoke_report, trg_act_revoke_restored, trg_act_overdue, trg_act_overdue_more,
    trg_act_overdue_accepted, trg_act_overdue_reporting, trg_act_stored_late;
/* trg_unknown.c: the outcome is unknown, and only a report resolves it */
trg_act_fn trg_act_held, trg_act_held_report, trg_act_held_found, trg_act_held_refused, trg_act_held_late, trg_act_held_overdue;

/* Ends the trigger: timer, journal record and all it holds. */
enum trg_state trg_end(struct trg_step *s, bool late);
void trg_send_answer(struct trg *t, uint32_t status, int reason); /* the one answer */
/* Answers SUCCESS: the SMS-SC has the trigger. The original ends first: a commit with this record
 * also holds that end. */
void trg_accepted(struct trg *t);
/* Answers `a`. The original is not pending at the SMS-SC and has its own report. The replacement
 * is a new trigger (TS 23.682 5.2.3.2). */
void trg_accepted_as_new(struct trg *t, const struct trg_answer *a);
/* Refuses the request and ends it: at once, or, if it has a record, when the refusal is durable. */
enum trg_state trg_refuse(struct trg_step *s, uint32_t status, int reason);
void trg_count(uint16_t *n);                         /* saturates at its maximum */
uint64_t trg_report_kept_until(const struct trg *t); /* valid if it has an outcome */
/* The end of validity and grace, from when the SMS-SC may have accepted the trigger: the SMS-SC
 * counts the validity from the same time. No copy of the DTR leaves after that. */
uint64_t trg_use_ends(const struct trg *t);
void trg_arm(struct trg *t, uint64_t at_ms);
/* Arms the timer for the next attempt, at most until `latest_ms`, and doubles the wait. */
void trg_back_off(struct trg_step *s, uint64_t latest_ms);
/* Gives up a trigger with an unknown outcome: answers 201 and recalls it. `reason`: for the
 * audit of a restored trigger. */
enum trg_state trg_give_up_because(struct trg_step *s, int reason);
enum trg_copies trg_copies(const struct trg *t);
/* Holds a trigger whose outcome is unknown: 201, and then only its report resolves it. */
enum trg_state trg_hold(struct trg_step *s);
/* Begins to recall it. `reason`: of its revocation. */
enum trg_state trg_revoke(struct trg_step *s, int reason);
/* Keeps the digest of the DRR of this step: a repetition is recognised after a restart.
 * ERR_NOMEM: the older digest stays. */
ERR_MUST_USE int trg_keep_drr(struct trg_step *s);
void trg_try_keep_drr(struct trg_step *s); /* without memory a repetition gets the answer for an unknown trigger */
void trg_drop_drr(struct trg *t);          /* its report was not accepted */
/* Settles a replacement whose report arrived without a usable DTA: the SMS-SC has it; the
 * outcome of the original is unknown, and the original is left untouched. */
enum trg_state trg_settle_early(struct trg_step *s);
enum trg_state trg_store_report(struct trg_step *s, uint32_t outcome, uint64_t token);

/* trg_change.c: the original of a recall or replace */
bool trg_changes(const struct trg *t); /* true: a recall or replace that changes its original */
/* Finds the original and reserves it for this request. False: refused. */
bool trg_claim(struct trg *t, struct trg_refusal *refusal);
void trg_claim_again(struct trg *t);                               /* reserves it again after a restart */
struct trg *trg_claimed(struct trg *t);                            /* the reserved original; NULL: none */
bool trg_claims_pending(struct trg *t);                            /* true: the reserved original has not ended as far as known */
bool trg_claim_stands(struct trg *t, struct trg_refusal *refusal); /* true: still the same or ended, and for the same device */
void trg_release(struct trg *t);
void trg_original_gone(struct trg *t, enum trg_event_kind how); /* sends TAKEN_BACK or LOST to a pending original */
enum trg_state trg_recall_taken(struct trg_step *s);            /* the DTA to a recall */
