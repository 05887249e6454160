/* trg_int.h - between the files of this room. */
#pragma once
#include "trigger/trg.h"

/* Copies into t->req, what is needed longer apart from the payload; NULL strings become "". ERR_LIMIT, ERR_INVAL, ERR_NOMEM. */
ERR_MUST_USE int trg_set_request(struct trg *t, const struct trg_request *in);
/* What only a DTR needs goes: payload and serving nodes. */
void trg_shed(struct trg *t);
/* Copies in place of what the trigger had; on failure that stays. */
ERR_MUST_USE int trg_set_subscriber(struct trg *t, const struct trg_subscriber *in);

struct trg_past_entry {
	uint32_t after_ms; /* the request came */
	uint8_t from, to, event, reason;
};

struct trg_past {
	uint8_t n, cap;
	uint16_t dropped;
	struct trg_past_entry entries[];
};

void trg_past_add(struct trg *t,
		  const struct trg_past_entry *e); /* without memory the trigger goes on, and its history lacks this */
/* When the SMS-SC may have taken it, as the history tells; 0: it does not. */
uint64_t trg_past_taken(const struct trg *t);
void trg_past_note(struct trg *t, enum trg_state from, enum trg_state to, enum trg_event_kind ev, int reason, uint64_t now_ms);

/* Its first state is that of its record, and not IDLE. */
void trg_set_restored(struct trg *t, enum trg_state state);

struct trg_step { /* one event under way */
	struct trg *t;
	const struct trg_event *ev;
	uint64_t now_ms;
};

/* Called after the state became the `next` of its row; returns the state to be in, mostly that one. */
typedef enum trg_state trg_act_fn(struct trg_step *s);

/* trg_act.c: submit and report */
trg_act_fn trg_act_none, trg_act_start, trg_act_refuse, trg_act_refused, trg_act_report_refused, trg_act_overdue_refusing,
    trg_act_subscriber, trg_act_submit, trg_act_disk, trg_act_accept, trg_act_submit_again, trg_act_unsent, trg_act_unsent_again,
    trg_act_resume, trg_act_restored, trg_act_wait_report, trg_act_report_early, trg_act_stored, trg_act_report,
    trg_act_unconfirmed, trg_act_unreported, trg_act_report_twice, trg_act_reported, trg_act_report_known, trg_act_notify,
    trg_act_notify_later, trg_act_acknowledged;
/* trg_recall.c: taking back */
trg_act_fn trg_act_give_up, trg_act_gave_up, trg_act_recall, trg_act_recall_restored, trg_act_recall_later, trg_act_recalled,
    trg_act_recall_no, trg_act_report_late, trg_act_taken_back, trg_act_lost, trg_act_revoke, trg_act_revoke_soon,
    trg_act_revoke_resuming, trg_act_revoke_recall, trg_act_revoke_timer, trg_act_revoke_silent, trg_act_revoke_no,
    trg_act_revoke_done, trg_act_revoke_report, trg_act_revoke_restored, trg_act_overdue, trg_act_overdue_more,
    trg_act_overdue_accepted, trg_act_overdue_reporting, trg_act_stored_late;

/* Ends it: timer, journal, whatever it holds. */
enum trg_state trg_end(struct trg_step *s, bool late);
void trg_say(struct trg *t, uint32_t status, int reason); /* the one answer */
/* The answer is a refusal and the end: at once, or when the journal knows it, if there is a record. */
enum trg_state trg_refuse(struct trg_step *s, uint32_t status, int reason);
void trg_count(uint16_t *n);                         /* stays at its largest value */
uint64_t trg_report_kept_until(const struct trg *t); /* once it has an outcome */
void trg_arm(struct trg *t, uint64_t at_ms);
/* Arms the timer for the next attempt and doubles the wait; never later than `latest_ms`. */
void trg_back_off(struct trg_step *s, uint64_t latest_ms);
/* What became of its DTR stays unknown: 201, and it is taken back. `reason`: for the audit, of one that was restored. */
enum trg_state trg_give_up_because(struct trg_step *s, int reason);
/* Keeps the digest of the DRR of this step, so that a repeated one is known after a restart. ERR_NOMEM: the older one stays. */
ERR_MUST_USE int trg_keep_drr(struct trg_step *s);
void trg_try_keep_drr(struct trg_step *s); /* without memory a copy is answered like a report of no trigger */
void trg_drop_drr(struct trg *t);          /* the report it is of was not taken */
/* The report of a replacement is here and its DTA never will be, or says something else: the SMS-SC has it, and what became of the
 * original is not known. It is left alone. */
enum trg_state trg_settle_early(struct trg_step *s);
enum trg_state trg_store_report(struct trg_step *s, uint32_t outcome, uint64_t token);

/* trg_change.c: the original of a recall or replace */
bool trg_changes(const struct trg *t); /* is it one, and does it touch its original? */
/* Finds the original and takes it for this request. False: refused. */
bool trg_claim(struct trg *t, struct trg_refusal *no);
void trg_claim_again(struct trg *t);                          /* after a restart */
struct trg *trg_claimed(struct trg *t);                       /* the original, as long as it is there; NULL */
bool trg_claims_pending(struct trg *t);                       /* is it there, and not known to have ended? */
bool trg_claim_stands(struct trg *t, struct trg_refusal *no); /* it is still what it was or has ended, and of the same device */
void trg_release(struct trg *t);
void trg_original_gone(struct trg *t, enum trg_event_kind how); /* TAKEN_BACK or LOST, when it is still pending */
enum trg_state trg_recall_taken(struct trg_step *s);            /* the DTA to a recall */
