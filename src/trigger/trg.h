/* trg.h - one request of an SCS (trigger, recall, replace) from the judged request to the
 * acknowledged report, as a machine with a table (TS 23.682 5.2.1 to 5.2.3; CONTRACTS section
 * 3). Drawn in trg.c.
 * PURE: the surroundings are ports, the time is an argument.
 *
 * Promises:
 * - the request is answered exactly once (port `answer`);
 * - the intent is durable before the first DTR leaves;
 * - a request with an unknown outcome is never refused: it is answered 201 and recalled;
 * - no DTR leaves after the expiry;
 * - a report is durable before its DRA; its DNR may leave earlier if every core would give it the
 *   same ids (port `ids_last`);
 * - a report is sent again until the SCS acknowledges it or the retention ends.
 *
 * A recall is a machine of its own without a report. A replace is a machine whose trigger
 * continues under the new reference.
 * Both name an original: the trigger of the same SCS under the old reference. Only one request
 * at a time may name an original.
 * A recall or replace of an ended original still goes to the SMS-SC that accepted it: a
 * replacement is a new trigger there (DTA_STORED; TS 23.682 5.2.3.2).
 *
 * Identifiers: one End-to-End-Id for a DTR and its repetitions, one for its recall until the
 * SMS-SC has answered it, one for its DNR and its repetitions. */
#pragma once
#include <stdalign.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/machine.h"
#include "base/obj.h"
#include "trigger/trg_names.h"
#include "trigger/trg_party.h"
#include "trigger/trg_request.h"

/* State and its word. The values are stored in the journal: append new ones only. */
#define TRG_STATE_TABLE(X)                                                                                                       \
	X(IDLE, "idle") /* created, not started */                                                                               \
	X(ASKING, "asking the HSS")                                                                                              \
	X(WRITING, "writing the intent")                                                                                         \
	X(SUBMITTING, "submitting")         /* first DTR outstanding */                                                          \
	X(RESUBMITTING, "submitting again") /* repetition with T outstanding */                                                  \
	X(RESUMING, "resuming")             /* restored undecided; waits to repeat the DTR */                                    \
	X(RECALLING, "recalling")           /* answered 201; the SMS-SC may have it */                                           \
	X(ACCEPTED, "accepted")             /* at the SMS-SC; not reported */                                                    \
	X(REPORTING, "writing the report")                                                                                       \
	X(NOTIFYING, "reporting") /* DNR outstanding */                                                                          \
	X(BACKOFF, "waiting to report again")                                                                                    \
	X(DONE, "done")                                                                                                          \
	X(REVOKING, "revoking")            /* accepted, then revoked: recall outstanding */                                      \
	X(REFUSING, "writing the refusal") /* refused; answered once that is durable */                                          \
	X(UNKNOWN, "unknown")              /* answered 201; the SMS-SC may have it, takes no copy and has no id to cancel */

enum trg_state {
#define TRG_ROW(name, word) TRG_##name,
	TRG_STATE_TABLE(TRG_ROW)
#undef TRG_ROW
	    TRG_STATE_COUNT
};

/* Event and its word. Stored like the states. */
#define TRG_EVENT_TABLE(X)                                                                                                       \
	X(START, "start")                      /* the request was judged and is allowed */                                       \
	X(SUBSCRIBER, "subscriber known")      /* .subscriber */                                                                 \
	X(SUBSCRIBER_NO, "subscriber refused") /* .status, .reason */                                                            \
	X(DURABLE, "durable")                  /* the record written by `store` is on disk */                                    \
	X(DISK, "not stored")                  /* ... failed; nothing of it is kept */                                           \
	X(DTA_OK, "DTA accepted")              /* .no_feature, .accepted_by */                                                   \
	X(DTA_NO, "DTA refused")               /* .status, .reason, .diagnostic: not at the SMS-SC */                            \
	X(DTA_UNHANDLED, "DTA unhandled")      /* .status, .reason: this DTR was not handled */                                  \
	X(DTA_SILENT, "DTA time-out")          /* no answer in time, or the connection was lost */                               \
	X(RECALL_DONE, "recall done")          /* the SMS-SC has deleted it */                                                   \
	X(RECALL_SILENT, "recall unanswered")  /* time-out, lost connection, error of a relay */                                 \
	X(DRR, "report")                       /* .outcome, .token */                                                            \
	X(DNA_OK, "DNA")                                                                                                         \
	X(DNA_NO, "no DNA")            /* error answer, time-out, lost connection */                                             \
	X(SCS_BACK, "SCS connected")   /* the SCS has a session again */                                                         \
	X(TIMER, "timer")              /* the deadline set by `arm` has passed */                                                \
	X(RESTORED, "restored")        /* restored by trg_restore() */                                                           \
	X(RECALL_NO, "recall refused") /* .status: not at the SMS-SC, or not deletable now */                                    \
	X(UNSENT, "did not leave")     /* the DTR given to `submit` waited too long or expired: none was sent */                 \
	X(TAKEN_BACK, "withdrawn")     /* to an original: its recall or replace succeeded */                                     \
	X(LOST, "withdrawn, untold")   /* to an original: deleted at the SMS-SC, but the SCS received 201 */                     \
	X(REVOKE, "right gone")        /* .status, .reason: the SCS may no longer trigger the device */                          \
	X(CANCEL, "cancelled")         /* .status, .reason: an operator cancels it */                                            \
	X(GIVE_UP, "answer overdue")   /* .status, .reason, .unsent: the SCS received, or now receives, 201 */                   \
	X(DTA_STORED,                                                                                                            \
	  "DTA stored as new") /* .status, .reason, .accepted_by: replace whose original is not pending; stored as a new trigger */

enum trg_event_kind {
#define TRG_ROW(name, word) TRG_EV_##name,
	TRG_EVENT_TABLE(TRG_ROW)
#undef TRG_ROW
	    TRG_EVENT_COUNT
};

const char *trg_state_str(enum trg_state s);
const char *trg_event_str(enum trg_event_kind e);

/* True if the table has the pair. */
bool trg_takes(enum trg_state s, enum trg_event_kind e);

struct trg_event {
	enum trg_event_kind kind;
	const struct trg_subscriber *subscriber; /* borrowed; copied */
	uint32_t status;                         /* enum tsp_request_status */
	int reason;       /* the caller's reason number (policy's), 0 to 255; passed to `answer` unchanged */
	uint32_t outcome; /* enum tsp_delivery_outcome */
	uint64_t token;   /* the DRR transaction that awaits its DRA; not 0 */
	bool unsent;      /* no DTR was sent */
	/* DRR: digest of the request, HASH_LEN octets; borrowed, copied; NULL: none. */
	const uint8_t *drr;
	bool has_diagnostic, no_feature; /* no_feature: the SMS-SC does not support recall and replace */
	uint32_t diagnostic;             /* MTC-Error-Diagnostic */
	/* Origin-Host of the DTA; borrowed. NULL: the known one stays. */
	const char *accepted_by;
	/* DTA_NO, DTA_SILENT of a replace: the SMS-SC has deleted the original all the same */
	bool original_gone;
};

/* What may follow when the outcome of a DTR is unknown. */
enum trg_copies {
	TRG_COPIES_SAFE, /* a copy is sent, then a recall: the SMS-SC knows both by their ids */
	TRG_COPIES_ONCE, /* a copy may be sent, and may double the trigger; then as NEVER */
	TRG_COPIES_NEVER /* neither copy nor recall: only a report resolves it */
};

/* Reasons that the machine itself gives. The caller sets their numbers once (struct trg_conf). */
struct trg_reasons {
	int none, action_not_supported, contradicting_device, hss_silent, journal, smssc_silent, nomem;
	int original_unknown, original_reported, original_busy, original_device, no_recall, expired;
};

/* An ended original, as far as the caller remembers it. Strings are borrowed until the next
 * call; "" when unknown. */
struct trg_ended {
	const char *scs, *imsi, *msisdn, *external;
	const char *accepted_by; /* Origin-Host of the SMS-SC that accepted it */
	bool reported;           /* the SMS-SC has reported its outcome */
};

struct pool;

struct trg_conf {                 /* borrowed by every trigger */
	uint64_t report_grace_ms; /* time from the expiry to UNCONFIRMED */
	/* no trigger counts as UNCONFIRMED before: an SMS-SC reports again what it reported while
	 * no core ran */
	uint64_t unconfirmed_from_ms;
	uint64_t report_retention_ms;        /* time that a report waits for its DNA */
	uint64_t first_number;               /* triggers with smaller ones are of a core before this one */
	uint64_t old_ms, drop_from_ms;       /* reports from before old_ms are kept until drop_from_ms */
	uint64_t retry_min_ms, retry_max_ms; /* DNR, recall and resume: doubles from min to max */
	struct trg_reasons reasons;
	struct trg_names *smssc_hosts; /* interned hosts of SMS-SCs; borrowed */
	uint32_t *in_state;            /* number of triggers in each of TRG_STATE_COUNT states; borrowed. NULL: nobody counts */
	struct trg_parties *parties;   /* names shared by the triggers of one SCS; borrowed. NULL: each has its own copy */
	struct pool *pool;             /* for pieces of sizeof(struct trg); borrowed. NULL: the heap */
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
	uint32_t diagnostic; /* MTC-Error-Diagnostic of a failed replace */
};

/* Progress of a revocation, for the audit. */
enum trg_revocation {
	TRG_REVOCATION_BEGUN,      /* see revoke_reason */
	TRG_REVOCATION_TAKEN,      /* deleted at the SMS-SC: reported UNDELIVERABLE */
	TRG_REVOCATION_SENT,       /* no longer pending there; the report follows */
	TRG_REVOCATION_REPORTED,   /* the report came first */
	TRG_REVOCATION_UNANSWERED, /* no answer of the SMS-SC until after the expiry */
};

/* What became of a DNR that left before its report was durable. */
enum trg_told { TRG_TOLD_NOT, TRG_TOLD_OUT, TRG_TOLD_TAKEN, TRG_TOLD_REFUSED };

/* A port that returns int: 0: done or started; else nothing happened and no event follows.
 * No port may call trg_step() or trg_free() for the same trigger before it returns. `forget`
 * requests that the trigger is freed after trg_step(). */
struct trg_ports {
	/* Sends the SIR. 0: exactly one of SUBSCRIBER, SUBSCRIBER_NO follows (no answer in time
	 * is SUBSCRIBER_NO with 201). */
	int (*ask_subscriber)(void *arg, struct trg *t);
	/* Judges again, now, with the subscriber data of the HSS: association removed, number
	 * denied. 0: still allowed. */
	int (*judge_again)(void *arg, struct trg *t, struct trg_refusal *out);
	/* Writes trg_record_build() to the journal. 0: exactly one of DURABLE, DISK follows.
	 * One event answers two calls if the second comes before it. */
	int (*store)(void *arg, struct trg *t);
	/* The same without an event, for acceptance and recall. Recovery handles a lost record. */
	void (*note)(void *arg, struct trg *t);
	/* Sends the DTR; `again`: T bit, same End-to-End-Id. 0: exactly one of DTA_OK, DTA_NO,
	 * DTA_UNHANDLED, DTA_SILENT, UNSENT follows.
	 * A queued DTR is checked with trg_expired() and trg_unwanted() again before it leaves. */
	int (*submit)(void *arg, struct trg *t, bool again);
	/* Sends the DTR with Trigger-Action recall under t->recall_end_to_end: for t's own
	 * trigger, or for the original if t is a recall.
	 * 0: exactly one of RECALL_DONE, RECALL_NO, RECALL_SILENT follows. */
	int (*recall)(void *arg, struct trg *t, bool again);
	/* The one answer to the request. If the session has ended, the answer is only kept for
	 * duplicates. */
	void (*answer)(void *arg, struct trg *t, const struct trg_answer *a);
	/* Answers the DRR that `token` names: DRA with 2001 when ok, else 5012 so that the
	 * SMS-SC reports again. */
	void (*acknowledge)(void *arg, struct trg *t, uint64_t token, bool ok);
	/* Sends the DNR (t->outcome); `again`: T bit, same End-to-End-Id. 0: exactly one of
	 * DNA_OK, DNA_NO follows. */
	int (*notify)(void *arg, struct trg *t, bool again);
	/* True if every later core would send the DNR under the same ids, also without a record of
	 * the report. Then the DNR need not wait for the disk. */
	bool (*ids_last)(void *arg, const struct trg *t);
	/* One timer for each trigger: replaces the earlier deadline. UINT64_MAX: none. The event
	 * TIMER follows. */
	void (*arm)(void *arg, struct trg *t, uint64_t at_ms);
	/* Returns a new End-to-End-Id for a core peer. */
	uint32_t (*end_to_end)(void *arg);
	/* Returns the one of the trigger's DNR: an SCS sees it, so it must not show a count. */
	uint32_t (*report_end_to_end)(void *arg, const struct trg *t);
	/* The end: deletes the journal record if there is one (t->stored), cancels outstanding
	 * requests, frees after trg_step().
	 * `late`: the outcome was never reported to the SCS (retention over, or a report after
	 * the 201). */
	void (*forget)(void *arg, struct trg *t, bool late);
	/* The trigger that the same SCS holds under trg_old_reference(&t->req); NULL: none.
	 * Never t, never a recall. */
	struct trg *(*original)(void *arg, struct trg *t);
	/* Finds the ended, still remembered trigger that an SCS with this number had accepted
	 * there. False: none. */
	bool (*ended)(void *arg, const struct trg *t, struct trg_ended *out);
	/* Steps another trigger, the original. Records written in the same step are in one
	 * commit. */
	void (*tell)(void *arg, struct trg *original, const struct trg_event *ev);
	/* True if the SMS-SC supports recall and replace, or has not shown otherwise. */
	bool (*can_recall)(void *arg, const struct trg *t);
	/* Reports the progress of a revocation to the audit. May be NULL. */
	void (*revoked)(void *arg, struct trg *t, enum trg_revocation how);
	/* What may follow when the outcome of this trigger is unknown. NULL: TRG_COPIES_SAFE. */
	enum trg_copies (*copies)(void *arg, const struct trg *t);
	/* Every transition, for the log. May be NULL. A pair that is not in the table has from
	 * == to and `refused`. */
	void (*trace)(void *arg, const struct trg *t, enum trg_state from, enum trg_state to, enum trg_event_kind e,
		      bool refused);
};

#define TRG_NO_OUTCOME 0xffu

struct trg_history; /* the history, trg_history.c */
struct trg_parts;   /* trg_parts.h */

#define TRG_ROOM 256u /* octets */
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
	int step_reason;                                            /* inside: the reason of the step under way */
	uint64_t taken_ms;       /* the last time at which the SMS-SC may have taken it; 0: not known */
	uint64_t reported_ms;    /* when the report came: the retention counts from here */
	uint64_t armed_ms;       /* when TIMER comes; UINT64_MAX: it does not */
	uint64_t changer;        /* number of the recall or replace under way that names it; 0: none */
	const char *accepted_by; /* Origin-Host of the SMS-SC that took the DTR; NULL: not known */
	/* the peer that its DTR goes, or went, to, by its host; and Destination-Host of that DTR.
	 * NULL: not known, none */
	const char *sent_to, *sent_host;
	/* id that the SMS-SC gave the message (SMPP), of trg_set_message_id(); NULL: none */
	char *message_id;
	/* it goes, or went, as several messages (trg_parts.h). Then the id above is that of the
	 * first, once the SMS-SC has taken all. NULL: one message */
	struct trg_parts *parts;
	uint8_t *drr;                        /* HASH_LEN octets: digest of the DRR that was reported; NULL: none */
	uint16_t submits, recalls, notifies; /* how often each was sent; stay at their largest value */
	bool has_outcome, answered;
	bool accepted;          /* answered so that the SCS knows the trigger is, or was, at the SMS-SC */
	bool may_report;        /* the SMS-SC may have or may have sent it: a report may come */
	bool stored;            /* the journal has, or may have, its record */
	bool as_new;            /* a replace that the SMS-SC stores as a new trigger: the original is untouched */
	bool taken;             /* trg_take(): its record says accepted before the answer has left */
	bool revoked, revoking; /* its right has ended; its recall is unanswered */
	bool resumed;           /* restored undecided: unknown whether its DTR was sent */
	/* the rest is internal */
	uint8_t told; /* enum trg_told */
	bool refused; /* the record is a refusal: nothing is at the SMS-SC, nothing is submitted */
	bool refuse_has_diagnostic;
	uint8_t refuse_reason; /* with answer_status: the refusal, until it is durable */
	uint32_t refuse_diagnostic;
	bool gave_up;    /* outcome unknown: the answer is 201 */
	bool held;       /* the same, and only a report resolves it */
	bool again;      /* the outstanding message is a repetition */
	bool revoke_due; /* REVOKE or CANCEL before the DTA */
	bool overdue;    /* GIVE_UP came: only 201 may be the answer */
	/* Status of the refusal if its DTR was not sent: enum tsp_request_status. */
	uint8_t revoke_status;
	/* The report of a replacement came before its DTA, which tells the outcome of the
	 * original. */
	bool early;
	uint8_t early_outcome; /* outcome of that report, enum tsp_delivery_outcome; `token` names its DRR */
	/* Outcome to report without a DRR, kept when it could not be stored; else
	 * TRG_NO_OUTCOME. */
	uint8_t own_outcome;
	uint64_t backoff_ms, token;
	const struct trg_conf *conf;
	const struct trg_ports *ports;
	void *arg, *owner;             /* port argument; pointer of the owner */
	const struct trg_party *party; /* NULL: the names of the SCS are in req_block */
	void *req_block, *sub_block, *payload_block;
	struct trg_history *history;
	uint16_t room_used;
	alignas(uint64_t) uint8_t room[TRG_ROOM]; /* for names, payload and history of a usual size (trg_room.c) */
};

/* Which state may follow which, whatever the event: what the rows of the table and their actions
 * can come to. */
extern const struct machine trg_machine;

/* Copies `req` whole (lengths checked: ERR_LIMIT, ERR_INVAL); borrows conf, ports and arg as long
 * as it lives. ERR_NOMEM. */
ERR_MUST_USE int trg_new(struct trg **out, uint64_t number, const struct trg_request *req, const struct trg_conf *conf,
			 const struct trg_ports *ports, void *arg);
void trg_free(struct trg *t); /* takes; NULL allowed; calls no port */

/* Steps the machine; the only way to change a trigger.
 * Time is in ms since 1970, of a clock that is never set (base/timeline.h).
 * A pair that is not in the table changes nothing and returns ERR_STATE; a DRR is then
 * acknowledged as not ok. Else 0. */
int trg_step(struct trg *t, const struct trg_event *ev, uint64_t now_ms);

/* Its DTR goes to the peer with this host, with that Destination-Host (NULL: none); the next record
 * says so. Called before the intent is stored, and when the first DTR leaves to another peer.
 * Copies both. */
void trg_set_sent_to(struct trg *t, const char *peer, const char *host);
#define TRG_MESSAGE_ID_MAX 64u /* octets, SMPP 3.4 5.2.23 */
/* The SMS-SC has taken the message under this id; the next record says so. `as_new`: the original
 * of a replace is not cancelled. ERR_INVAL: an id that is empty or too long. ERR_NOMEM. */
ERR_MUST_USE int trg_set_message_id(struct trg *t, const char *id, bool as_new);
/* After trg_set_message_id(): the SMS-SC with the host `by` has accepted the trigger, and the next
 * record says so, so that no second record has to follow the answer. The owner sends no answer
 * before that record is durable. False: another record will follow in any case, and the next one
 * does not say it. */
bool trg_take(struct trg *t, const char *by);
void trg_take_back(struct trg *t); /* that record did not become durable: as before trg_take() */
/* True if no DTR may leave: the trigger is revoked or cancelled, and the SMS-SC is not known to
 * have it.
 * A caller that queues DTRs checks this before one leaves. */
bool trg_unwanted(const struct trg *t);
/* True past its validity: its DTR must not leave. Never for a recall or without a validity time
 * (one attempt at any time). */
bool trg_expired(const struct trg *t, uint64_t now_ms);
/* True if its DNR was not acknowledged or could not leave, and SCS_BACK sends it at once. */
bool trg_waits_for_scs(const struct trg *t);
/* Time at which a trigger without a report is given up: trg_use_ends(), and not before
 * unconfirmed_from_ms. */
uint64_t trg_report_deadline(const struct trg *t);

/* -- history. Bounded: when full, the oldest entries after the first TRG_HISTORY_FIRST are
 * dropped and counted. */
#define TRG_HISTORY_MAX 20
#define TRG_HISTORY_FIRST 6
struct trg_history_entry {
	uint64_t at_ms;
	enum trg_state from, to;
	enum trg_event_kind event;
	int reason; /* the caller's reason number; 0: none */
};
/* Copies the history, oldest first. Returns the number of entries. *dropped: entries missing
 * after the first TRG_HISTORY_FIRST. */
size_t trg_history(const struct trg *t, struct trg_history_entry out[TRG_HISTORY_MAX], uint32_t *dropped);

struct trg_outlook {           /* explains the present state */
	const char *waits_for; /* text; static */
	uint64_t next_ms;      /* time of its next action; UINT64_MAX: none */
	uint64_t until_ms;     /* time at which it ends in any case; UINT64_MAX: none */
};
void trg_look(const struct trg *t, struct trg_outlook *out);

/* Builds the journal record of a trigger: versioned, at most TRG_RECORD_MAX octets. The caller
 * checks out->full. */
#define TRG_RECORD_MAX 16384u
void trg_record_build(struct buf *out, const struct trg *t);
/* Creates a trigger from its record, in the recorded state; it waits for TRG_EV_RESTORED. The
 * record's key is its number.
 * Also reads version 1 (without history, SMS-SC and groups), version 2 (without the digest of the
 * DRR) and version 4. A record has version 5 only when it needs it: with a message id, or UNKNOWN;
 * and 6 with parts.
 * ERR_VERSION, ERR_PROTO (truncated, damaged, out of bounds), ERR_NOMEM: `out` is untouched. */
ERR_MUST_USE int trg_restore(struct trg **out, uint64_t number, const void *record, size_t len, const struct trg_conf *conf,
			     const struct trg_ports *ports, void *arg);
