/* dlv.h - the delivery machine of the SMS-SC: which trigger goes to which mobile when, its outcome,
 * and the report of it.
 * PURE: the disk, the lab link and the MTC-IWF are ports, the time is an argument. Nothing is
 * reported before it is on disk: the owner collects the records of put() and del(), makes them
 * durable once in each turn, and calls dlv_committed().
 *
 *             disk         mobile's turn      all parts acknowledged,      disk      acknowledged
 *  submit -> STORING -> WAITING -------> SENDING -- refused, or ---> RECORDING -> REPORTING -> gone
 *             |          |  ^  | ^        |  | ^    failed and no       ^          |     ^
 *      no disk|    recall|  |  | |        |  | |    next time           |          |     |
 *             |          |  |  | '-failed-'  '-'                        |          '-----'
 *             |          |  |  |          part acknowledged             |     no answer in time
 *             |          |  |  '------------ gives up waiting ----------'
 *             v          v  |no disk
 *            gone      REMOVING --disk--> gone
 *
 * A trigger of an SME goes to the gateway (dlv_afar.h) in place of a mobile:
 *
 *  STORING --disk--> AFAR --outcome, or nobody tells--> RECORDING
 *                    |  ^no disk
 *             refused|  |
 *                    v  |
 *                  REMOVING --disk--> gone
 *
 * A message of a mobile to an SME is given to it in place of a report, and has none:
 *
 *  STORING --disk--> REPORTING --taken, refused, or its validity is over--> gone
 *
 * One mobile has one part outstanding at a time (as on the radio); the others wait in its queue,
 * triggers before messages of SMEs, and of both those with priority first. */
#pragma once
#include "nodes/smssc/dlv_msg.h"

struct dlv_now {
	uint64_t mono_ms; /* for timers: CLOCK_BOOTTIME */
	/* for expiry and retention of stored data: of the store's timeline (base/timeline.h) */
	uint64_t real_ms;
	int64_t wall_ms; /* the wall clock minus real_ms: for the time stamp that a mobile reads */
};

struct dlv_ue;
/* member of a lab link connection; zero it to begin; dlv_conn_lost() before it ends */
struct dlv_conn {
	struct dlv_ue *ues;
	uint32_t ues_n;
};

struct dlv_ports { /* none of them may call back into the machine */
	void *arg;
	/* keep this record; it becomes durable with the turn */
	void (*put)(void *arg, const struct dlv_msg *m);
	/* DLV_REMOVING: recalled or replaced; else its report has ended */
	void (*del)(void *arg, const struct dlv_msg *m);
	/* One RPDU towards a mobile. A failure counts as unanswered. */
	int (*send)(void *arg, struct dlv_conn *conn, const char *imsi, uint64_t id, const uint8_t *rpdu, size_t len);
	/* registered by another connection */
	void (*taken_over)(void *arg, struct dlv_conn *old, const char *imsi);
	/* Sends the outcome; `again`: it may have been sent before (T flag). Not 0: not possible
	 * now; ERR_REFUSED: nobody wants this report, and the message is over; ERR_BUSY or
	 * ERR_CLOSED, of an SME: dlv_peer_room() follows. The answer arrives by dlv_reported(). */
	int (*report)(void *arg, const struct dlv_msg *m, bool again);
	uint32_t (*end_to_end)(void *arg);
	/* report_keep_ms has passed and its report was never acknowledged */
	void (*dropped)(void *arg, const struct dlv_msg *m);
	/* Every change of a state, for the log; may be NULL. Words are static. */
	void (*trace)(void *arg, const struct dlv_msg *m, const char *from, const char *to);
};

struct dlv_conf {
	char sc_address[STR_DIGITS_MAX + 1];
	uint64_t id_first;                      /* the next delivery id */
	uint32_t messages_max, ue_messages_max; /* of triggers, and as many of messages of SMEs */
	uint64_t sme_octets_max;                /* room of the store for messages of SMEs; 0: no bound */
	uint32_t ues_max, conn_ues_max;
	uint64_t ack_wait_ms; /* for the mobile's answer to one part */
	/* pause before the next attempt at a mobile that is full or does not answer: doubled each
	 * time */
	uint64_t retry_min_ms, retry_max_ms;
	uint64_t report_min_ms, report_max_ms; /* a report that is not acknowledged */
	uint64_t report_keep_ms;               /* after that a report is dropped */
	/* reports older than old_ms are not dropped before drop_from_ms; as real_ms */
	uint64_t old_ms, drop_from_ms;
	/* how long single attempts wait after a restart for their mobile to register */
	uint64_t restart_wait_ms;
	/* how long the report of a trigger of an SME may come after the end of its validity */
	uint64_t afar_wait_ms;
};

#define DLV_COUNTS(X)                                                                                                            \
	X(accepted, "triggers taken")                                                                                            \
	X(delivered, "outcomes: delivered")                                                                                      \
	X(expired, "outcomes: validity time expired")                                                                            \
	X(absent, "outcomes: subscriber absent")                                                                                 \
	X(full, "outcomes: memory of the mobile full")                                                                           \
	X(unknown, "outcomes: nobody told")                                                                                      \
	X(ue_refused, "outcomes: refused by the mobile")                                                                         \
	X(removed, "recalled or replaced")                                                                                       \
	X(parts_sent, "parts sent to mobiles")                                                                                   \
	X(retries, "deliveries that failed and are tried again")                                                                 \
	X(statuses, "status reports to mobiles")                                                                                 \
	X(statuses_dropped, "status reports to mobiles that a bound or the memory left no room for")                             \
	X(reports_done, "reports acknowledged")                                                                                  \
	X(reports_dropped, "reports dropped unacknowledged")                                                                     \
	X(acks_ignored, "acknowledgements that fit nothing")                                                                     \
	X(takeovers, "mobiles registered by another connection")                                                                 \
	X(disk_refused, "triggers lost to a full or failing disk")                                                               \
	X(unwelcome, "events that do not fit their state")

struct dlv_counts {
#define DLV_COUNT(name, words) uint64_t name;
	DLV_COUNTS(DLV_COUNT)
#undef DLV_COUNT
};

struct dlv;

/* copies both */
ERR_MUST_USE int dlv_new(struct dlv **out, const struct dlv_conf *conf, const struct dlv_ports *ports);
void dlv_free(struct dlv *d); /* takes; NULL allowed; no port is called */

/* Restores a message from disk, before anything else. Takes `m`, also on failure. ERR_NOMEM,
 * ERR_EXISTS. */
ERR_MUST_USE int dlv_load(struct dlv *d, struct dlv_msg *m, struct dlv_now now);

/* Submits a new trigger. With `replaces` it takes the place of that one, both with the same commit.
 * *id names it until dlv_committed(). ERR_LIMIT: payload too long for 255 parts. ERR_EXISTS: (SMEA,
 * reference number) is pending. ERR_BUSY: a bound is reached. ERR_NOMEM. After an error nothing has
 * changed. */
ERR_MUST_USE int dlv_submit(struct dlv *d, const struct dlv_text *text, struct dlv_msg *replaces, uint64_t *id,
			    struct dlv_now now);

/* Finds the pending trigger (SMEA, reference number) of this mobile. ERR_NOTFOUND: not pending.
 * ERR_STATE: it is being delivered. */
ERR_MUST_USE int dlv_find(struct dlv *d, struct dlv_msg **out, const uint8_t *smea, size_t smea_len, uint32_t reference,
			  const char *imsi);
/* The messages of SMEs with this number, one after the other; `after` NULL: the first. NULL: no
 * more. */
struct dlv_msg *dlv_next_of_number(const struct dlv *d, const struct dlv_msg *after, uint64_t number);
/* Whether it can be removed or replaced now: it is not on its way and has no outcome. */
bool dlv_may_remove(const struct dlv_msg *m);
/* Recalls the message found by dlv_find() or dlv_next_of_number(). */
void dlv_remove(struct dlv *d, struct dlv_msg *m, struct dlv_now now);

/* Whether all that was asked for since the last call is on disk. */
void dlv_committed(struct dlv *d, bool durable, struct dlv_now now);

/* Events of the lab link. ERR_BUSY: too many mobiles; ERR_NOMEM. */
ERR_MUST_USE int dlv_register(struct dlv *d, struct dlv_conn *conn, const char *imsi, struct dlv_now now);
void dlv_unregister(struct dlv *d, struct dlv_conn *conn, const char *imsi, struct dlv_now now);
void dlv_conn_lost(struct dlv *d, struct dlv_conn *conn, struct dlv_now now);
/* Whether this mobile is registered by this connection. */
bool dlv_has(struct dlv *d, const struct dlv_conn *conn, const char *imsi);
/* The mobile's RP-ACK or RP-ERROR. Counted and ignored unless it answers the outstanding part of a
 * mobile of this connection. */
void dlv_ack(struct dlv *d, struct dlv_conn *conn, uint64_t id, const struct sms_rp *rp, struct dlv_now now);

/* done: acknowledged, or refused for good; else it is tried again. */
void dlv_reported(struct dlv *d, uint64_t id, bool done, struct dlv_now now);
/* The message of a mobile with this id is given to an SME. */
bool dlv_is_to_sme(const struct dlv *d, uint64_t id);
/* Its SME refuses it for good. */
void dlv_refused(struct dlv *d, uint64_t id, struct dlv_now now);
/* This peer is connected (again): its reports are tried now, until one finds no room; each that is
 * acknowledged lets another one go. Looks at what waits for this peer, and at one line for each
 * other. */
void dlv_peer_open(struct dlv *d, const char *host, struct dlv_now now);
/* There is room on a connection of this SME: the receipt that has waited longest is tried now. False:
 * none waits. */
bool dlv_peer_room(struct dlv *d, const char *host, struct dlv_now now);
/* The connection ended before this receipt was answered: it waits for the next one. */
void dlv_unreported(struct dlv *d, uint64_t id, struct dlv_now now);

void dlv_tick(struct dlv *d, struct dlv_now now);
/* when dlv_tick() has something to do; UINT64_MAX: never */
uint64_t dlv_next_ms(const struct dlv *d);

const struct dlv_counts *dlv_counts(const struct dlv *d);
struct dlv_gauge {
	uint64_t waiting, sending, reporting, afar, other, ues, ues_present;
};
struct dlv_gauge dlv_gauge(const struct dlv *d);
/* Lines and messages that were looked at to find what waits for a peer. For tests. */
uint64_t dlv_looked_at(const struct dlv *d);
uint64_t dlv_id_next(const struct dlv *d); /* to be durable with each commit */
