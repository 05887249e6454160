/* trg.c - the machine: its drawing, its table, and trg_step(). The actions are in trg_act.c,
 * trg_answer.c, trg_report.c, trg_recall.c, trg_change.c and trg_unknown.c. */

/* clang-format off */
/* Drawing, by columns: no tool may wrap it. tests/cli/test_drawings.py compares it with the table.
 * Words in capitals are states and events. A number is the Request-Status that the SCS gets.
 *
 * From the request to the SMS-SC:
 *
 *   (IDLE)
 *      | START
 *      v
 *   ASKING ------- no right, SUBSCRIBER_NO, CANCEL, GIVE_UP ------------------------> DONE
 *      | SUBSCRIBER
 *      v
 *   WRITING ------ DISK: 201 -------------------------------------------------------> DONE
 *      | DURABLE
 *      v
 *   SUBMITTING --- no right, DTA_NO, DTA_UNHANDLED, UNSENT ----> REFUSING ----------> DONE
 *      | | |                                                        DURABLE, DISK, RESTORED
 *      | | +------ DTA_OK: SUCCESS; DTA_STORED: 112 --------------------------------> ACCEPTED
 *      | +-------- DRR: SUCCESS ----------------------------------------------------> REPORTING
 *      | DTA_SILENT
 *      v
 *   RESUBMITTING   a copy with T is out; its DTA_OK, DTA_STORED, DTA_NO and DRR: as above
 *      | DTA_SILENT, DTA_UNHANDLED, UNSENT: the outcome is unknown
 *      v
 *   RECALLING      on DURABLE or DISK: 201, and the recall is sent; on TIMER once more
 *      | |
 *      | +-------- DRR before the 201: SUCCESS -------------------------------------> REPORTING
 *      +---------- RECALL_DONE, RECALL_NO, DRR after the 201, too old --------------> DONE
 *
 * From the acceptance to the report:
 *
 *   ACCEPTED ----- DRR; TIMER (UNCONFIRMED); LOST (UNDELIVERABLE) ------------------> REPORTING
 *    ^ ^ | |                                                                           |  |
 *    | | | +------ TAKEN_BACK: DONE                                                    |  |
 *    | +-|-------- DISK: no DRA, so that the SMS-SC reports again ---------------------+  |
 *    |   |                                                                                |
 *    |   | REVOKE: right gone                                  DURABLE: DRA, then the DNR |
 *    |   | CANCEL: by an operator                                                         v
 *    |   | GIVE_UP: the edge answered 201                        DONE <-- DNA_OK --- NOTIFYING
 *    |   v                                                                            |  ^
 *    |  REVOKING   on DURABLE or DISK the recall is sent                       DNA_NO |  | TIMER,
 *    |     |                                                                          v  | SCS_BACK
 *    +-----+       RECALL_NO, as it was sent already          DONE <-- retention --- BACKOFF
 *                  RECALL_NO for now (111, 201),                       over
 *                  RECALL_SILENT, TIMER: once more
 *                  RECALL_DONE, LOST: REPORTING (UNDELIVERABLE)
 *                  DRR: REPORTING
 *                  too old: REPORTING (UNCONFIRMED)
 *                  TAKEN_BACK: DONE
 *
 * The DNR of a DRR may be out before DURABLE (`told`). Then DURABLE leads to NOTIFYING, or, when
 * the DNA has come, to DONE or BACKOFF. After DNA_NO, SCS_BACK sends it again before DURABLE. And
 * after DISK, what was told stays to be stored: a later DTA adds nothing, and TAKEN_BACK leads to
 * REPORTING.
 *
 * After a restart, undecided:
 *
 *   RESUMING ----- RESTORED, TIMER: a copy with T is sent --------------------------> RESUBMITTING
 *    ^ | | |                                                                                |
 *    +-|-|-|------ UNSENT ------------------------------------------------------------------+
 *      | | +------ its message id is on disk, so the SMS-SC had taken it -----------> ACCEPTED
 *      | +-------- DRR; too old, and no DRR until its deadline (UNCONFIRMED) --------> REPORTING
 *      +---------- right gone, GIVE_UP, DTA_SILENT of the copy: 201 ----------------> REVOKING
 *                  (a recall: RECALLING)
 *
 * An unknown outcome at an SMS-SC that takes no copies (SMPP; port `copies`):
 *
 *   SUBMITTING, RESUBMITTING, RESUMING ---> UNKNOWN   on DURABLE or DISK: 201
 *                                              |
 *                                              +-- DRR --------------------------> REPORTING
 *                                              +-- TIMER (UNCONFIRMED) ----------> REPORTING
 *                                              +-- DTA_OK, DTA_STORED, late -----> REVOKING
 *                                              +-- DTA_NO, late, after the 201 --> DONE
 *                                              +-- DTA_NO, late, before it ------> REFUSING */
/* clang-format on */

/* The rules behind it:
 * - A refusal whose intent may be in the journal waits in REFUSING for the journal. Otherwise the
 *   next core would submit an intent whose SCS received a refusal.
 * - "Too old": past the expiry, the time under way and the grace for a report.
 * - A trigger that expires before its DTR was sent goes to REPORTING (EXPIRED), with SUCCESS once
 *   that is durable. A replace is refused instead, and its original is left alone.
 * - DTA_STORED: the original of a replace is not pending at the SMS-SC, which stored the
 *   replacement as a new trigger. The original is left alone.
 * - The DRR of a replacement may come before its DTA. While its original may be pending, report and
 *   DRA wait for the DTA (`early`). Without a DTA the answer is 112; after GIVE_UP it is 201.
 * - A recall takes the same path up to DTA_OK. Then its original is TAKEN_BACK, and the recall is
 *   answered and DONE. In RECALLING it repeats its own DTR with T.
 * - If a recall, or the recall of a replacement, ends with RECALL_DONE after the 201, the original
 *   is LOST: it is not at the SMS-SC, and the SCS knows nothing of that.
 * - A trigger restored undecided may have been answered SUCCESS by the core before. Therefore it
 *   goes to REVOKING in place of RECALLING: its outcome is reported, although it is answered 201.
 * - After GIVE_UP no answer but 201 is given. GIVE_UP is an unknown outcome where a DTR may be out,
 *   else a refusal.
 * - REVOKE and CANCEL while the DTA is awaited are noted, and acted on when it has come. */
#include "trigger/trg.h"

#include <stdlib.h>
#include <string.h>

#include "apps/tsp.h"
#include "base/pool.h"
#include "trigger/trg_int.h"

struct rule {
	enum trg_state state;
	enum trg_event_kind event;
	enum trg_state next;
	trg_act_fn *act;
};

#define EV(name) TRG_EV_##name

/* clang-format off */
static const struct rule rules[] = {
	/* state            event               next               action */
	{ TRG_IDLE,         EV(START),          TRG_ASKING,        trg_act_start },

	{ TRG_ASKING,       EV(SUBSCRIBER),     TRG_WRITING,       trg_act_subscriber },
	{ TRG_ASKING,       EV(SUBSCRIBER_NO),  TRG_DONE,          trg_act_refuse },
	{ TRG_ASKING,       EV(CANCEL),         TRG_DONE,          trg_act_refuse },
	{ TRG_ASKING,       EV(GIVE_UP),        TRG_DONE,          trg_act_refuse },

	{ TRG_WRITING,      EV(DURABLE),        TRG_SUBMITTING,    trg_act_submit },
	{ TRG_WRITING,      EV(DISK),           TRG_DONE,          trg_act_disk },
	{ TRG_WRITING,      EV(CANCEL),         TRG_WRITING,       trg_act_revoke_soon },
	{ TRG_WRITING,      EV(GIVE_UP),        TRG_WRITING,       trg_act_refuse },

	{ TRG_SUBMITTING,   EV(DTA_OK),         TRG_SUBMITTING,    trg_act_accept },
	{ TRG_SUBMITTING,   EV(DTA_NO),         TRG_SUBMITTING,    trg_act_refuse },
	{ TRG_SUBMITTING,   EV(DTA_UNHANDLED),  TRG_SUBMITTING,    trg_act_refuse },
	{ TRG_SUBMITTING,   EV(DTA_SILENT),     TRG_RESUBMITTING,  trg_act_submit_again },
	{ TRG_SUBMITTING,   EV(UNSENT),         TRG_SUBMITTING,    trg_act_unsent },
	{ TRG_SUBMITTING,   EV(DTA_STORED),     TRG_SUBMITTING,    trg_act_stored },
	{ TRG_SUBMITTING,   EV(DRR),            TRG_SUBMITTING,    trg_act_report_early },
	{ TRG_SUBMITTING,   EV(REVOKE),         TRG_SUBMITTING,    trg_act_revoke_soon },
	{ TRG_SUBMITTING,   EV(CANCEL),         TRG_SUBMITTING,    trg_act_revoke_soon },
	{ TRG_SUBMITTING,   EV(GIVE_UP),        TRG_SUBMITTING,    trg_act_overdue },

	{ TRG_RESUMING,     EV(RESTORED),       TRG_RESUMING,      trg_act_restored },
	{ TRG_RESUMING,     EV(TIMER),          TRG_RESUMING,      trg_act_resume },
	{ TRG_RESUMING,     EV(DRR),            TRG_RESUMING,      trg_act_report_early },
	{ TRG_RESUMING,     EV(REVOKE),         TRG_RESUMING,      trg_act_revoke_resuming },
	{ TRG_RESUMING,     EV(CANCEL),         TRG_RESUMING,      trg_act_revoke_resuming },
	{ TRG_RESUMING,     EV(GIVE_UP),        TRG_RESUMING,      trg_act_overdue },

	{ TRG_RESUBMITTING, EV(DTA_OK),         TRG_RESUBMITTING,  trg_act_accept },
	{ TRG_RESUBMITTING, EV(DTA_NO),         TRG_RESUBMITTING,  trg_act_refuse },
	{ TRG_RESUBMITTING, EV(DTA_UNHANDLED),  TRG_RESUBMITTING,  trg_act_give_up },
	{ TRG_RESUBMITTING, EV(DTA_SILENT),     TRG_RESUBMITTING,  trg_act_give_up },
	{ TRG_RESUBMITTING, EV(UNSENT),         TRG_RESUBMITTING,  trg_act_unsent_again },
	{ TRG_RESUBMITTING, EV(DTA_STORED),     TRG_RESUBMITTING,  trg_act_stored },
	{ TRG_RESUBMITTING, EV(DRR),            TRG_RESUBMITTING,  trg_act_report_early },
	{ TRG_RESUBMITTING, EV(REVOKE),         TRG_RESUBMITTING,  trg_act_revoke_soon },
	{ TRG_RESUBMITTING, EV(CANCEL),         TRG_RESUBMITTING,  trg_act_revoke_soon },
	{ TRG_RESUBMITTING, EV(GIVE_UP),        TRG_RESUBMITTING,  trg_act_overdue },

	{ TRG_RECALLING,    EV(DURABLE),        TRG_RECALLING,     trg_act_gave_up },
	{ TRG_RECALLING,    EV(DISK),           TRG_RECALLING,     trg_act_gave_up },
	{ TRG_RECALLING,    EV(RECALL_DONE),    TRG_DONE,          trg_act_recalled },
	{ TRG_RECALLING,    EV(RECALL_NO),      TRG_RECALLING,     trg_act_recall_no },
	{ TRG_RECALLING,    EV(RECALL_SILENT),  TRG_RECALLING,     trg_act_recall_later },
	{ TRG_RECALLING,    EV(TIMER),          TRG_RECALLING,     trg_act_recall },
	{ TRG_RECALLING,    EV(RESTORED),       TRG_RECALLING,     trg_act_recall_restored },
	{ TRG_RECALLING,    EV(DRR),            TRG_RECALLING,     trg_act_report_late },
	{ TRG_RECALLING,    EV(GIVE_UP),        TRG_RECALLING,     trg_act_overdue_more },
	{ TRG_RECALLING,    EV(DTA_STORED),     TRG_RECALLING,     trg_act_stored_late },

	{ TRG_ACCEPTED,     EV(DRR),            TRG_REPORTING,     trg_act_report },
	{ TRG_ACCEPTED,     EV(TIMER),          TRG_REPORTING,     trg_act_unconfirmed },
	{ TRG_ACCEPTED,     EV(RESTORED),       TRG_ACCEPTED,      trg_act_wait_report },
	{ TRG_ACCEPTED,     EV(TAKEN_BACK),     TRG_ACCEPTED,      trg_act_taken_back },
	{ TRG_ACCEPTED,     EV(LOST),           TRG_REPORTING,     trg_act_lost },
	{ TRG_ACCEPTED,     EV(REVOKE),         TRG_REVOKING,      trg_act_revoke },
	{ TRG_ACCEPTED,     EV(CANCEL),         TRG_REVOKING,      trg_act_revoke },
	{ TRG_ACCEPTED,     EV(GIVE_UP),        TRG_REVOKING,      trg_act_overdue_accepted },

	{ TRG_REVOKING,     EV(DURABLE),        TRG_REVOKING,      trg_act_revoke_recall },
	{ TRG_REVOKING,     EV(DISK),           TRG_REVOKING,      trg_act_revoke_recall },
	{ TRG_REVOKING,     EV(RECALL_DONE),    TRG_REPORTING,     trg_act_revoke_done },
	{ TRG_REVOKING,     EV(RECALL_NO),      TRG_REVOKING,      trg_act_revoke_no },
	{ TRG_REVOKING,     EV(RECALL_SILENT),  TRG_REVOKING,      trg_act_revoke_silent },
	{ TRG_REVOKING,     EV(TIMER),          TRG_REVOKING,      trg_act_revoke_timer },
	{ TRG_REVOKING,     EV(RESTORED),       TRG_REVOKING,      trg_act_revoke_restored },
	{ TRG_REVOKING,     EV(DRR),            TRG_REPORTING,     trg_act_revoke_report },
	{ TRG_REVOKING,     EV(TAKEN_BACK),     TRG_REVOKING,      trg_act_taken_back },
	{ TRG_REVOKING,     EV(LOST),           TRG_REPORTING,     trg_act_lost },

	{ TRG_REPORTING,    EV(DURABLE),        TRG_NOTIFYING,     trg_act_reported },
	{ TRG_REPORTING,    EV(DISK),           TRG_REPORTING,     trg_act_unreported },
	{ TRG_REPORTING,    EV(DRR),            TRG_REPORTING,     trg_act_report_twice },
	{ TRG_REPORTING,    EV(DNA_OK),         TRG_REPORTING,     trg_act_told },
	{ TRG_REPORTING,    EV(DNA_NO),         TRG_REPORTING,     trg_act_told },
	{ TRG_REPORTING,    EV(SCS_BACK),       TRG_REPORTING,     trg_act_tell_again },
	{ TRG_REPORTING,    EV(GIVE_UP),        TRG_REPORTING,     trg_act_overdue_reporting },

	{ TRG_NOTIFYING,    EV(DNA_OK),         TRG_DONE,          trg_act_acknowledged },
	{ TRG_NOTIFYING,    EV(DNA_NO),         TRG_BACKOFF,       trg_act_notify_later },
	{ TRG_NOTIFYING,    EV(DRR),            TRG_NOTIFYING,     trg_act_report_known },
	{ TRG_NOTIFYING,    EV(SCS_BACK),       TRG_NOTIFYING,     trg_act_none },

	{ TRG_BACKOFF,      EV(TIMER),          TRG_NOTIFYING,     trg_act_notify },
	{ TRG_BACKOFF,      EV(SCS_BACK),       TRG_NOTIFYING,     trg_act_notify },
	{ TRG_BACKOFF,      EV(RESTORED),       TRG_NOTIFYING,     trg_act_notify },
	{ TRG_BACKOFF,      EV(DRR),            TRG_BACKOFF,       trg_act_report_known },

	{ TRG_REFUSING,     EV(DURABLE),        TRG_REFUSING,      trg_act_refused },
	{ TRG_REFUSING,     EV(DISK),           TRG_REFUSING,      trg_act_refused },
	{ TRG_REFUSING,     EV(RESTORED),       TRG_REFUSING,      trg_act_refused },
	{ TRG_REFUSING,     EV(DRR),            TRG_REFUSING,      trg_act_report_refused },
	{ TRG_REFUSING,     EV(GIVE_UP),        TRG_REFUSING,      trg_act_overdue_refusing },

	{ TRG_UNKNOWN,      EV(DURABLE),        TRG_UNKNOWN,       trg_act_held },
	{ TRG_UNKNOWN,      EV(DISK),           TRG_UNKNOWN,       trg_act_held },
	{ TRG_UNKNOWN,      EV(DRR),            TRG_UNKNOWN,       trg_act_held_report },
	{ TRG_UNKNOWN,      EV(TIMER),          TRG_UNKNOWN,       trg_act_held_late },
	{ TRG_UNKNOWN,      EV(RESTORED),       TRG_UNKNOWN,       trg_act_wait_report },
	{ TRG_UNKNOWN,      EV(GIVE_UP),        TRG_UNKNOWN,       trg_act_held_overdue },
	{ TRG_UNKNOWN,      EV(DTA_OK),         TRG_UNKNOWN,       trg_act_held_found },
	{ TRG_UNKNOWN,      EV(DTA_STORED),     TRG_UNKNOWN,       trg_act_held_found },
	{ TRG_UNKNOWN,      EV(DTA_NO),         TRG_UNKNOWN,       trg_act_held_refused },
	{ TRG_UNKNOWN,      EV(DTA_SILENT),     TRG_UNKNOWN,       trg_act_none },
	{ TRG_UNKNOWN,      EV(REVOKE),         TRG_UNKNOWN,       trg_act_none },
	{ TRG_UNKNOWN,      EV(CANCEL),         TRG_UNKNOWN,       trg_act_none },

	/* A DNR left, and then its report could not be stored. */
	{ TRG_ACCEPTED,     EV(DNA_OK),         TRG_ACCEPTED,      trg_act_told },
	{ TRG_ACCEPTED,     EV(DNA_NO),         TRG_ACCEPTED,      trg_act_told },
	{ TRG_REVOKING,     EV(DNA_OK),         TRG_REVOKING,      trg_act_told },
	{ TRG_REVOKING,     EV(DNA_NO),         TRG_REVOKING,      trg_act_told },
	{ TRG_UNKNOWN,      EV(DNA_OK),         TRG_UNKNOWN,       trg_act_told },
	{ TRG_UNKNOWN,      EV(DNA_NO),         TRG_UNKNOWN,       trg_act_told },

	/* The DTA after its DRR adds nothing. */
	{ TRG_ACCEPTED,     EV(DTA_OK),         TRG_ACCEPTED,      trg_act_none },
	{ TRG_ACCEPTED,     EV(DTA_NO),         TRG_ACCEPTED,      trg_act_none },
	{ TRG_ACCEPTED,     EV(DTA_UNHANDLED),  TRG_ACCEPTED,      trg_act_none },
	{ TRG_ACCEPTED,     EV(DTA_SILENT),     TRG_ACCEPTED,      trg_act_none },
	{ TRG_ACCEPTED,     EV(DTA_STORED),     TRG_ACCEPTED,      trg_act_none },
	{ TRG_REPORTING,    EV(DTA_OK),         TRG_REPORTING,     trg_act_none },
	{ TRG_REPORTING,    EV(DTA_NO),         TRG_REPORTING,     trg_act_none },
	{ TRG_REPORTING,    EV(DTA_UNHANDLED),  TRG_REPORTING,     trg_act_none },
	{ TRG_REPORTING,    EV(DTA_SILENT),     TRG_REPORTING,     trg_act_none },
	{ TRG_REPORTING,    EV(DTA_STORED),     TRG_REPORTING,     trg_act_none },
	{ TRG_NOTIFYING,    EV(DTA_OK),         TRG_NOTIFYING,     trg_act_none },
	{ TRG_NOTIFYING,    EV(DTA_NO),         TRG_NOTIFYING,     trg_act_none },
	{ TRG_NOTIFYING,    EV(DTA_UNHANDLED),  TRG_NOTIFYING,     trg_act_none },
	{ TRG_NOTIFYING,    EV(DTA_SILENT),     TRG_NOTIFYING,     trg_act_none },
	{ TRG_NOTIFYING,    EV(DTA_STORED),     TRG_NOTIFYING,     trg_act_none },
	{ TRG_BACKOFF,      EV(DTA_OK),         TRG_BACKOFF,       trg_act_none },
	{ TRG_BACKOFF,      EV(DTA_NO),         TRG_BACKOFF,       trg_act_none },
	{ TRG_BACKOFF,      EV(DTA_UNHANDLED),  TRG_BACKOFF,       trg_act_none },
	{ TRG_BACKOFF,      EV(DTA_SILENT),     TRG_BACKOFF,       trg_act_none },
	{ TRG_BACKOFF,      EV(DTA_STORED),     TRG_BACKOFF,       trg_act_none },
};
/* clang-format on */

static const char *const state_words[] = {
#define TRG_ROW(name, word) word,
	TRG_STATE_TABLE(TRG_ROW)
#undef TRG_ROW
};

/* The `next` of the rows above, and what their actions return in its place. Nothing comes back to
 * IDLE, and DONE is the end. */
#define TO(name) MACHINE_TO(TRG_##name)
static const uint32_t next_states[] = {
	[TRG_IDLE] = TO(ASKING),
	[TRG_ASKING] = TO(WRITING) | TO(REFUSING) | TO(DONE),
	[TRG_WRITING] = TO(SUBMITTING) | TO(REPORTING) | TO(REFUSING) | TO(DONE),
	[TRG_SUBMITTING] = TO(RESUBMITTING) | TO(RECALLING) | TO(ACCEPTED) | TO(REVOKING) | TO(REPORTING) | TO(REFUSING) |
			   TO(UNKNOWN) | TO(DONE),
	[TRG_RESUBMITTING] =
	    TO(RESUMING) | TO(RECALLING) | TO(ACCEPTED) | TO(REVOKING) | TO(REPORTING) | TO(REFUSING) | TO(UNKNOWN) | TO(DONE),
	[TRG_RESUMING] = TO(RESUBMITTING) | TO(RECALLING) | TO(ACCEPTED) | TO(REVOKING) | TO(REPORTING) | TO(REFUSING) |
			 TO(UNKNOWN) | TO(DONE),
	[TRG_RECALLING] = TO(ACCEPTED) | TO(REPORTING) | TO(DONE),
	[TRG_ACCEPTED] = TO(REVOKING) | TO(REPORTING) | TO(DONE),
	[TRG_REPORTING] = TO(ACCEPTED) | TO(UNKNOWN) | TO(NOTIFYING) | TO(BACKOFF) | TO(REFUSING) | TO(DONE),
	[TRG_NOTIFYING] = TO(BACKOFF) | TO(DONE),
	[TRG_BACKOFF] = TO(NOTIFYING) | TO(DONE),
	[TRG_DONE] = 0,
	[TRG_REVOKING] = TO(ACCEPTED) | TO(REPORTING) | TO(DONE),
	[TRG_REFUSING] = TO(DONE),
	[TRG_UNKNOWN] = TO(REVOKING) | TO(REPORTING) | TO(REFUSING) | TO(DONE),
};
#undef TO
_Static_assert(sizeof next_states / sizeof *next_states == TRG_STATE_COUNT, "a row for each state");

const struct machine trg_machine = { "trigger", "trigger", state_words, next_states, TRG_STATE_COUNT };

const char *trg_state_str(enum trg_state s)
{
	return machine_word(&trg_machine, s);
}

const char *trg_event_str(enum trg_event_kind e)
{
	static const char *const words[] = {
#define TRG_ROW(name, word) word,
		TRG_EVENT_TABLE(TRG_ROW)
#undef TRG_ROW
	};

	return (unsigned)e < TRG_EVENT_COUNT ? words[e] : "unknown";
}

int trg_new(struct trg **out, uint64_t number, const struct trg_request *req, const struct trg_conf *conf,
	    const struct trg_ports *ports, void *arg)
{
	static const struct trg_subscriber nobody = { 0 };
	struct trg *t = conf->pool ? pool_take(conf->pool) : malloc(sizeof *t);
	int err;

	if (!t) {
		return ERR_NOMEM;
	}
	memset(t, 0, offsetof(struct trg, room));
	obj_begin(&t->obj, TRG_MAGIC);
	t->conf = conf;
	t->state = TRG_IDLE;
	machine_begin(&trg_machine, conf->in_state, t->state);
	err = trg_set_request(t, req);
	if (!err) {
		err = trg_set_subscriber(t, &nobody);
	}
	if (err) {
		trg_free(t);
		return err;
	}
	t->number = number;
	t->armed_ms = UINT64_MAX;
	t->own_outcome = TRG_NO_OUTCOME;
	t->ports = ports;
	t->arg = arg;
	*out = t;
	return 0;
}

void trg_free(struct trg *t)
{
	if (!t) {
		return;
	}
	machine_end(&trg_machine, t->conf->in_state, t->state);
	OBJ_END(t, TRG_MAGIC);
	trg_room_give(t, t->req_block);
	trg_room_give(t, t->sub_block);
	trg_room_give(t, t->payload_block);
	trg_room_give(t, t->history);
	trg_room_give(t, t->drr);
	trg_room_give(t, t->message_id);
	trg_room_give(t, t->parts);
	if (t->conf->pool) {
		pool_give(t->conf->pool, t);
	} else {
		free(t);
	}
}

/* The only place that assigns the state. */
static void set_state(const struct trg_step *s, enum trg_state to)
{
	struct trg *t = s->t;
	enum trg_state from = t->state;

	if (from == to) {
		return;
	}
	t->state = (enum trg_state)machine_go(&trg_machine, t->conf->in_state, from, to); /* traced with its event, below */
	trg_history_note(t, from, to, s->ev->kind, t->step_reason, s->now_ms);
	if (t->ports->trace) {
		t->ports->trace(t->arg, t, from, to, s->ev->kind, false);
	}
}

void trg_set_restored(struct trg *t, enum trg_state state)
{
	machine_end(&trg_machine, t->conf->in_state, t->state);
	machine_begin(&trg_machine, t->conf->in_state, state);
	t->state = state;
}

static const struct rule *find_rule(enum trg_state state, enum trg_event_kind event)
{
	for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
		if (rules[i].state == state && rules[i].event == event) {
			return &rules[i];
		}
	}
	return NULL;
}

bool trg_takes(enum trg_state s, enum trg_event_kind e)
{
	return find_rule(s, e) != NULL;
}

static int refuse_event(struct trg *t, const struct trg_event *ev)
{
	if (t->ports->trace) {
		t->ports->trace(t->arg, t, t->state, t->state, ev->kind, true);
	}
	if (ev->kind == TRG_EV_DRR && ev->token) {
		t->ports->acknowledge(t->arg, t, ev->token, false);
	}
	return ERR_STATE;
}

/* True while giving up, before the answer is sent: the decision is written first, and no recall
 * is outstanding. */
static bool is_giving_up(const struct trg *t)
{
	return !t->answered && (t->state == TRG_RECALLING || t->state == TRG_REVOKING);
}

static bool is_accepted_giving_up(enum trg_event_kind e)
{
	return e == TRG_EV_DURABLE || e == TRG_EV_DISK || e == TRG_EV_DRR || e == TRG_EV_GIVE_UP || e == TRG_EV_DTA_STORED ||
	       e == TRG_EV_TAKEN_BACK || e == TRG_EV_LOST;
}

/* A recall owns no trigger at the SMS-SC: reports and revocations do not apply to it.
 * While giving up, before the answer, only the journal's result and a few more events are
 * accepted. */
static bool applies_to(const struct trg *t, enum trg_event_kind e)
{
	if (is_giving_up(t) && !is_accepted_giving_up(e)) {
		return false;
	}
	if (t->req.action != TSP_ACTION_RECALL) {
		return true;
	}
	return e != TRG_EV_DRR && e != TRG_EV_REVOKE && e != TRG_EV_CANCEL &&
	       (e != TRG_EV_DTA_STORED || t->state != TRG_RECALLING);
}

int trg_step(struct trg *t, const struct trg_event *ev, uint64_t now_ms)
{
	struct trg_step s = { t, ev, now_ms };
	const struct rule *rule;

	OBJ_CHECK(t, TRG_MAGIC);
	rule = applies_to(t, ev->kind) ? find_rule(t->state, ev->kind) : NULL;
	if (!rule) {
		return refuse_event(t, ev);
	}
	t->step_reason = ev->reason;
	set_state(&s, rule->next);
	set_state(&s, rule->act(&s));
	return 0;
}
