/* trg_int.h - between the files of this room. */
#pragma once
#include "trigger/trg.h"

/* Copies into one allocation behind *block (freed by the caller); NULL strings become "". ERR_LIMIT, ERR_INVAL, ERR_NOMEM. */
ERR_MUST_USE int trg_request_copy(struct trg_request *out, void **block, const struct trg_request *in);
/* Copies in place of what the trigger had; on failure that stays. */
ERR_MUST_USE int trg_set_subscriber(struct trg *t, const struct trg_subscriber *in);

struct trg_step { /* one event under way */
	struct trg *t;
	const struct trg_event *ev;
	uint64_t now_ms;
};

/* Called after the state became the `next` of its row; returns the state to be in, mostly that one. */
typedef enum trg_state trg_act_fn(struct trg_step *s);

trg_act_fn trg_act_none, trg_act_start, trg_act_refuse, trg_act_subscriber, trg_act_submit, trg_act_disk, trg_act_accept,
    trg_act_submit_again, trg_act_resume, trg_act_give_up, trg_act_recall, trg_act_recall_later, trg_act_recalled,
    trg_act_report_late, trg_act_wait_report, trg_act_report_early, trg_act_report, trg_act_unconfirmed, trg_act_unreported,
    trg_act_report_twice, trg_act_reported, trg_act_report_known, trg_act_notify, trg_act_notify_later, trg_act_acknowledged;
