/* dlv_step.h - the table of states and events behind dlv.h, and the only function that changes a
 * state. For the delivery machine only. */
#pragma once
#include "nodes/smssc/dlv_ue.h"

enum dlv_event {
	DLV_EV_DURABLE,
	DLV_EV_NOT_DURABLE,
	DLV_EV_AFAR,   /* a trigger of an SME: durable, or not erased, and so it is at the gateway */
	DLV_EV_TO_SME, /* a message of a mobile to an SME: durable */
	DLV_EV_TURN,
	DLV_EV_PART_ACK,
	DLV_EV_ALL_ACK,
	DLV_EV_FAILED,      /* and there is a next time */
	DLV_EV_FAILED_LAST, /* and there is none */
	DLV_EV_REFUSED,
	DLV_EV_GIVE_UP,
	DLV_EV_REMOVE,
	DLV_EV_REPORT,
	DLV_EV_REPORTED,
};

/* False: the event does not fit the state; it is counted, nothing else happens. `m`, and its mobile
 * if that was the last message, may be freed. */
bool dlv_step(struct dlv *d, struct dlv_msg *m, enum dlv_event event, struct dlv_now now);

/* `m` asked something of the disk: its state waits for dlv_committed(). */
void dlv_batch_add(struct dlv *d, struct dlv_msg *m);

/* The change that dlv_step() will record. */
void dlv_set_outcome(struct dlv_msg *m, uint8_t outcome);
void dlv_set_absent(struct dlv_msg *m, uint8_t diagnostic);

bool dlv_one_attempt(const struct dlv_msg *m);
/* (SMEA, reference number) as octets, into the message. */
void dlv_put_key(struct dlv_msg *m);
/* NULL: none. dlv_by_key(): the indexed one with the same SMEA and reference. */
struct dlv_msg *dlv_by_id(const struct dlv *d, uint64_t id);
struct dlv_msg *dlv_by_key(const struct dlv *d, const struct dlv_msg *same);
uint64_t dlv_number_hash(uint64_t number); /* never 0 */
/* Takes a message into the tables in its first state; room for its timer was made. */
void dlv_msg_own(struct dlv *d, struct dlv_msg *m, struct dlv_ue *ue, enum dlv_state state);
/* Takes it out of all tables and frees it. */
void dlv_msg_end(struct dlv *d, struct dlv_msg *m);
/* The report of `m` is over: it was taken, refused, or is given up. A mobile that wants to know is
 * told. */
void dlv_over(struct dlv *d, struct dlv_msg *m, struct dlv_now now);
uint64_t dlv_report_wait_ms(const struct dlv *d, const struct dlv_msg *m);
/* `wait_ms`, or less: the end of a message to an SME is not missed. */
uint64_t dlv_pause_ms(const struct dlv_msg *m, uint64_t wait_ms, struct dlv_now now);

/* dlv_mobile.c */
/* Sends the mobile its next message, if one may be sent. Frees a mobile that is no longer
 * needed. */
void dlv_ue_turn(struct dlv *d, struct dlv_ue *ue, struct dlv_now now);
/* An attempt failed; m->outcome is the report if it was the last one. */
void dlv_attempt_failed(struct dlv *d, struct dlv_msg *m, struct dlv_now now);
