/* trg.h - one request of an SCS (trigger, recall, replace) from the judged request to the acknowledged report, as a tabled machine
 * (TS 23.682 5.2.1 to 5.2.3; CONTRACTS section 3). PURE: it knows its surroundings as ports only, and the time as an argument; it is
 * drawn in trg.c.
 *
 * Promises: the request is answered exactly once (port `answer`); the intent is durable before the first DTR leaves; a request whose
 * outcome is unknown is never answered as refused, but with 201, and taken back; no DTR leaves after the expiry; a report is durable
 * before its DRA; a report is sent again until the SCS acknowledged it or the retention ended.
 *
 * A recall is a machine of its own without a report; a replace is one whose trigger lives on under the new reference. Both name an
 * original: the trigger of the same SCS under the old reference. While one of them is under way no other may name it. An original that has
 * ended is asked about all the same, at the SMS-SC that took it: a replacement is a new trigger there (DTA_STORED; TS 23.682 5.2.3.2).
 *
 * Identifiers: one End-to-End-Id for a DTR and every copy of it, one for its recall until the SMS-SC answered that, one for its DNR and
 * every copy. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/machine.h"
#include "base/obj.h"
#include "trigger/trg_names.h"
#include "trigger/trg_request.h"

/* state, word. The values are stored in the journal: new ones only at the end. */
#define TRG_STATE_TABLE(X)                                                                                                       \
	X(IDLE, "idle") /* made, not started */                                                                                  \
	X(ASKING, "asking the HSS")                                                                                              \
	X(WRITING, "writing the intent")                                                                                         \
	X(SUBMITTING, "submitting")         /* first DTR is out */                                                               \
	X(RESUBMITTING, "submitting again") /* its copy with T is out */                                                         \
	X(RESUMING, "resuming")             /* restored undecided; waits to send the copy */                                     \
	X(RECALLING, "recalling")           /* answered 201, the SMS-SC may hold it */                                           \
	X(ACCEPTED, "accepted")             /* the SMS-SC has it; no report yet */                                               \
	X(REPORTING, "writing the report")                                                                                       \
	X(NOTIFYING, "reporting") /* the DNR is out */                                                                           \
	X(BACKOFF, "waiting to report again")                                                                                    \
	X(DONE, "done")                                                                                                          \
	X(REVOKING, "taking back")         /* accepted, and its right is gone: the recall is out */                              \
	X(REFUSING, "writing the refusal") /* decided, and told when a restart knows it */

enum trg_state {
#define TRG_ROW(name, word) TRG_##name,
	TRG_STATE_TABLE(TRG_ROW)
#undef TRG_ROW
	    TRG_STATE_COUNT
};

/* event, word. Stored like the states. */
#define TRG_EVENT_TABLE(X)                                                                                                       \
	X(START, "start")                      /* the request was judged and may go */                                           \
	X(SUBSCRIBER, "subscriber known")      /* .subscriber */                                                                 \
	X(SUBSCRIBER_NO, "subscriber refused") /* .status, .reason */                                                            \
	X(DURABLE, "durable")                  /* the store_intent or store_report asked for is on disk */                       \
	X(DISK, "not stored")                  /* ... failed; nothing of it is kept */                                           \
	X(DTA_OK, "DTA accepted")              /* .no_feature, .taker */                                                         \
	X(DTA_NO, "DTA refused")               /* .status, .reason, .diagnostic: the SMS-SC has it not */                        \
	X(DTA_UNHANDLED, "DTA unhandled")      /* .status, .reason: this copy was not handled */                                 \
	X(DTA_SILENT, "DTA time-out")          /* no answer in time, or the connection was lost */                               \
	X(RECALL_DONE, "recall done")          /* the SMS-SC had it, and has it no more */                                       \
	X(RECALL_SILENT, "recall unanswered")  /* time-out, lost connection, base error on the way */                            \
	X(DRR, "report")                       /* .outcome, .token */                                                            \
	X(DNA_OK, "DNA")                                                                                                         \
	X(DNA_NO, "no DNA")             /* error answer, time-out, lost connection */                                            \
	X(SCS_BACK, "SCS connected")    /* it has a session again */                                                             \
	X(TIMER, "timer")               /* the deadline given to `arm` has come */                                               \
	X(RESTORED, "restored")         /* from the journal, trg_restore() */                                                    \
	X(RECALL_NO, "recall refused")  /* .status: the SMS-SC does not have it, or does not let it go now */                    \
	X(UNSENT, "did not leave")      /* the DTR given to `submit` waited too long, or was past its expiry: none left */       \
	X(TAKEN_BACK, "taken back")     /* to an original: its recall or replace was answered SUCCESS */                         \
	X(LOST, "taken back, untold")   /* to an original: the SMS-SC has it no more, and the SCS was told 201 */                \
	X(REVOKE, "right gone")         /* .status, .reason: the SCS may no longer trigger the device */                         \
	X(CANCEL, "taken back by hand") /* .status, .reason: an operator wants it back */                                        \
	X(GIVE_UP, "answer overdue") /* .status, .reason, .unsent: the SCS was, or is now, told 201 in place of the outcome */   \
	X(DTA_STORED,                                                                                                            \
	  "DTA stored as new") /* .status, .reason, .taker: of a replace; the original is not pending, the new one is there */

enum trg_event_kind {
#define TRG_ROW(name, word) TRG_EV_##name,
	TRG_EVENT_TABLE(TRG_ROW)
#undef TRG_ROW
	    TRG_EVENT_COUNT
};

const char *trg_state_str(enum trg_state s);
const char *trg_event_str(enum trg_event_kind e);

/* Is the pair in the table? */
bool trg_takes(enum trg_state s, enum trg_event_kind e);

struct trg_event {
	enum trg_event_kind kind;
	const struct trg_subscriber *subscriber; /* borrowed; copied */
	uint32_t status;                         /* enum tsp_request_status */
	int reason;                      /* the caller's word number (policy's), 0 to 255; handed back to `answer` unchanged */
	uint32_t outcome;                /* enum tsp_delivery_outcome */
	uint64_t token;                  /* names the DRR transaction that waits for its DRA; not 0 */
	bool unsent;                     /* no DTR of it has left */
	const uint8_t *drr;              /* of DRR: digest of the request, TRG_DIGEST_LEN octets; borrowed, copied; NULL: none */
	bool has_diagnostic, no_feature; /* no_feature: the answerer does not know recall and replace */
	uint32_t diagnostic;             /* MTC-Error-Diagnostic */
	const char *taker;               /* Origin-Host of the DTA; borrowed; NULL: keep what is known */
};

/* What the machine says of its own; the caller gives the numbers of its words once (struct trg_conf). */
struct trg_reasons {
	int none, action_not_supported, contradicting_device, hss_silent, journal, smssc_silent, nomem;
	int original_unknown, original_reported, original_busy, original_device, no_recall, expired;
};

/* An original that has ended: what the caller remembers of it. Strings are borrowed until the next call; "" when not known. */
struct trg_ended {
	const char *scs, *imsi, *msisdn, *external;
	const char *taker; /* Origin-Host of the SMS-SC that took it */
	bool reported;     /* the SMS-SC said what became of it */
};

struct trg_conf {                            /* borrowed by every trigger */
	uint64_t report_grace_ms;            /* after the expiry, before UNCONFIRMED */
	uint64_t report_retention_ms;        /* how long a report waits for its DNA */
	uint64_t old_ms, drop_from_ms;       /* no report of before old_ms is dropped before drop_from_ms */
	uint64_t retry_min_ms, retry_max_ms; /* DNR, recall and resume: doubles from min to max */
	struct trg_reasons reasons;
	struct trg_names *takers; /* borrowed: the names of SMS-SCs, each once */
	uint32_t *in_state;      /* borrowed: TRG_STATE_COUNT numbers, how many triggers are in each state; NULL: nobody counts */
	struct trg_names *names; /* borrowed: what the triggers of one SCS share; NULL: each has its own */
};

struct trg;

struct trg_refusal {
	uint32_t status;
	int reason;
};

struct trg_answer {
	uint32_t status; /* enum tsp_request_status */
	int reason;
	bool has_diagnostic;
	uint32_t diagnostic; /* MTC-Error-Diagnostic, of a failed replace */
};

/* How it goes with a trigger whose right is gone, for the audit. */
enum trg_revocation {
	TRG_REVOCATION_BEGUN,      /* .revoke_reason says why */
	TRG_REVOCATION_TAKEN,      /* the SMS-SC had it and has it no more: reported UNDELIVERABLE */
	TRG_REVOCATION_SENT,       /* it is no longer pending there; its report comes as ever */
	TRG_REVOCATION_REPORTED,   /* its report came first */
	TRG_REVOCATION_UNANSWERED, /* until after its expiry the SMS-SC said nothing */
};

/* A port that returns ERR_MUST_USE-like int: 0 done or begun, else it did not happen and no event follows. No port may call
 * trg_step() or trg_free() of the same trigger before it returns; `forget` says that the trigger is to be freed, after trg_step(). */
struct trg_ports {
	/* Sends the SIR. 0: exactly one of SUBSCRIBER, SUBSCRIBER_NO follows (no answer in time is SUBSCRIBER_NO with 201). */
	int (*ask_subscriber)(void *arg, struct trg *t);
	/* Judges again, now, with what the HSS said about the device: association removed, number denied. 0: still allowed. */
	int (*judge_again)(void *arg, struct trg *t, struct trg_refusal *out);
	/* Writes trg_record_build() to the journal. 0: exactly one of DURABLE, DISK follows; one for both when it is asked again before
	 * that. */
	int (*store)(void *arg, struct trg *t);
	/* The same without waiting: acceptance and recall; recovery copes when it is lost. */
	void (*note)(void *arg, struct trg *t);
	/* Sends the DTR; `again`: T bit, same End-to-End-Id. 0: exactly one of DTA_OK, DTA_NO, DTA_UNHANDLED, DTA_SILENT, UNSENT
	 * follows. It may wait for its turn; then trg_expired() and trg_unwanted() are asked once more before it leaves. */
	int (*submit)(void *arg, struct trg *t, bool again);
	/* Sends the DTR with Trigger-Action recall under t->recall_end_to_end: of t's own trigger; of the original when t is a recall.
	 * 0: exactly one of RECALL_DONE, RECALL_NO, RECALL_SILENT follows. */
	int (*recall)(void *arg, struct trg *t, bool again);
	/* The one answer to the request; the SCS may be gone, then the copy for duplicates is what it is good for. */
	void (*answer)(void *arg, struct trg *t, const struct trg_answer *a);
	/* Answers the DRR that `token` names: DRA with 2001 when ok, else 5012 so that the SMS-SC reports again. */
	void (*acknowledge)(void *arg, struct trg *t, uint64_t token, bool ok);
	/* Sends the DNR (t->outcome); `again`: T bit, same End-to-End-Id. 0: exactly one of DNA_OK, DNA_NO follows. */
	int (*notify)(void *arg, struct trg *t, bool again);
	/* One timer a trigger: replaces the older deadline; at_ms UINT64_MAX: none. TIMER when it comes. */
	void (*arm)(void *arg, struct trg *t, uint64_t at_ms);
	/* A fresh End-to-End-Id. */
	uint32_t (*end_to_end)(void *arg);
	/* The end: delete the journal record when there is one (t->stored), cancel what is outstanding, free after trg_step().
	 * `late`: what became of it was never told to the SCS (retention over, or a report after the 201): counted apart. */
	void (*forget)(void *arg, struct trg *t, bool late);
	/* The trigger that the same SCS holds under trg_old_reference(&t->req); NULL: none. Never t, never a recall. */
	struct trg *(*original)(void *arg, struct trg *t);
	/* The trigger that an SCS with this number had there, that was accepted, has ended and is not forgotten. False: there is none. */
	bool (*ended)(void *arg, const struct trg *t, struct trg_ended *out);
	/* Steps another trigger, the original. What both write is in one commit when the step is the same. */
	void (*tell)(void *arg, struct trg *original, const struct trg_event *ev);
	/* Does the SMS-SC know recall and replace? True as long as it has not shown otherwise. */
	bool (*can_recall)(void *arg, const struct trg *t);
	/* For the audit; may be NULL. */
	void (*revoked)(void *arg, struct trg *t, enum trg_revocation how);
	/* Every transition, for the log; may be NULL. A pair that is not in the table is shown with from == to and `refused`. */
	void (*trace)(void *arg, const struct trg *t, enum trg_state from, enum trg_state to, enum trg_event_kind e,
		      bool refused);
};

#define TRG_NO_OUTCOME 0xffu

struct trg_past; /* the history, trg_history.c */

#define TRG_MAGIC 0xa53d9e30u
struct trg { /* for others: to read, never to write; in this order because there may be a million of them */
	struct obj obj;
	enum trg_state state;
	uint64_t number;                                            /* journal key */
	struct trg_request req;                                     /* own copy; payload: until it is answered */
	struct trg_subscriber sub;                                  /* own copy; empty until SUBSCRIBER; nodes: as payload */
	uint32_t dtr_end_to_end, recall_end_to_end, dnr_end_to_end; /* 0: none yet */
	uint32_t outcome;                                           /* enum tsp_delivery_outcome, once has_outcome */
	uint32_t answer_status;                                     /* once answered */
	int revoke_reason;                                          /* of REVOKE or CANCEL */
	int said;                                                   /* inside: the reason of the step under way */
	uint64_t taken_ms;                   /* the last time at which the SMS-SC may have taken it; 0: not known */
	uint64_t reported_ms;                /* when the report came: the retention counts from here */
	uint64_t armed_ms;                   /* when TIMER comes; UINT64_MAX: it does not */
	uint64_t changer;                    /* number of the recall or replace under way that names it; 0: none */
	const char *taker;                   /* Origin-Host of the SMS-SC that took the DTR; NULL: not known */
	uint8_t *drr;                        /* TRG_DIGEST_LEN octets: digest of the DRR that was reported; NULL: none */
	uint16_t submits, recalls, notifies; /* how often each was sent; stay at their largest value */
	bool has_outcome, answered;
	bool accepted;          /* the SCS was told that a trigger of this number is, or was, with the SMS-SC */
	bool may_report;        /* the SMS-SC may have it, or may have sent it: a report of it may come */
	bool stored;            /* the journal has, or may have, a record of it */
	bool as_new;            /* a replace that the SMS-SC takes for a new trigger: the original is left alone */
	bool revoked, revoking; /* its right was seen to be gone; and its recall is not answered yet */
	bool resumed;           /* restored undecided: nobody knows whether its DTR left */
	/* the rest is inside */
	bool refused; /* the record says that it was refused: nothing of it is at the SMS-SC, nothing is submitted */
	bool refuse_has_diagnostic;
	uint8_t refuse_reason; /* with answer_status: the refusal that waits for the journal */
	uint32_t refuse_diagnostic;
	bool gave_up;          /* its outcome stayed unknown: 201 is, or will be, its answer */
	bool again;            /* the message on its way was sent before */
	bool revoke_due;       /* REVOKE or CANCEL came before the DTA */
	bool overdue;          /* GIVE_UP came: no answer but 201 is given */
	uint8_t revoke_status; /* what it is refused with, should its DTR not have left: enum tsp_request_status */
	bool early;            /* the report of a replacement came before its DTA, which says what became of the original */
	uint8_t early_outcome; /* of that report, enum tsp_delivery_outcome; `token` names its DRR */
	uint8_t own_outcome;   /* to report without a DRR, kept when it could not be stored; TRG_NO_OUTCOME */
	uint64_t backoff_ms, token;
	const struct trg_conf *conf;
	const struct trg_ports *ports;
	void *arg, *owner; /* port argument; the gateway's own pointer */
	void *req_block, *sub_block, *payload_block;
	struct trg_past *past;
};

/* Which state may follow which, whatever the event: what the rows of the table and their actions can come to. */
extern const struct machine trg_machine;

/* Copies `req` whole (lengths checked: ERR_LIMIT, ERR_INVAL); borrows conf, ports and arg as long as it lives. ERR_NOMEM. */
ERR_MUST_USE int trg_new(struct trg **out, uint64_t number, const struct trg_request *req, const struct trg_conf *conf,
			 const struct trg_ports *ports, void *arg);
void trg_free(struct trg *t); /* takes; NULL allowed; says nothing to anyone */

/* The one door. Time is in ms since 1970, of a clock that is never set (base/timeline.h). A pair that is not in the table changes nothing and returns ERR_STATE; a DRR that
 * comes at such a time is acknowledged as not taken. 0 otherwise. */
int trg_step(struct trg *t, const struct trg_event *ev, uint64_t now_ms);

/* No DTR of it may leave any more: its right is gone, or an operator wants it back, and it is not known to be with the SMS-SC. A caller
 * that lets DTRs wait asks this, too, before one leaves. */
bool trg_unwanted(const struct trg *t);
/* Past its validity: its DTR must not leave any more. Never for a recall, nor without a validity (one attempt, whenever). */
bool trg_expired(const struct trg *t, uint64_t now_ms);
/* Without a report it is given up at this time: its validity and the grace, counted from when the SMS-SC may have taken it. The SMS-SC
 * counts the validity from there, too. */
uint64_t trg_report_deadline(const struct trg *t);

/* -- what it went through. Bounded: when full, the oldest but the first TRG_HISTORY_FIRST go, and are counted. */
#define TRG_HISTORY_MAX 20
#define TRG_HISTORY_FIRST 6
struct trg_history_entry {
	uint64_t at_ms;
	enum trg_state from, to;
	enum trg_event_kind event;
	int reason; /* the caller's word number; 0: none */
};
/* Oldest first; returns how many. *dropped: how many are missing after the first TRG_HISTORY_FIRST. */
size_t trg_history(const struct trg *t, struct trg_history_entry out[TRG_HISTORY_MAX], uint32_t *dropped);

struct trg_outlook {           /* why it is where it is */
	const char *waits_for; /* in words; static */
	uint64_t next_ms;      /* when it acts by itself; UINT64_MAX: it does not */
	uint64_t until_ms;     /* when it ends or is given up whatever comes; UINT64_MAX: no such time */
};
void trg_look(const struct trg *t, struct trg_outlook *out);

/* The journal record of a trigger: versioned, bounded by TRG_RECORD_MAX; check out->full. */
#define TRG_RECORD_MAX 12288u
void trg_record_build(struct buf *out, const struct trg *t);
/* Makes a trigger from its record, in the state the record says, and waits for TRG_EV_RESTORED. The number is the record's key.
 * Reads version 1, too: without history, taker and groups; and version 2: without the digest of the DRR. ERR_VERSION, ERR_PROTO
 * (truncated, damaged, out of bounds), ERR_NOMEM; `out`
 * untouched then. */
ERR_MUST_USE int trg_restore(struct trg **out, uint64_t number, const void *record, size_t len, const struct trg_conf *conf,
			     const struct trg_ports *ports, void *arg);
