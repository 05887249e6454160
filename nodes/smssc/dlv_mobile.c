/* dlv_mobile.c - turns what the mobiles do on the lab link into events (dlv_step.h): they come, go, and
 * answer what is delivered. */
#include <utlist.h>

#include "apps/t4_drr.h"
#include "nodes/smssc/dlv_step.h"

void dlv_ue_turn(struct dlv *d, struct dlv_ue *ue, struct dlv_now now)
{
	struct dlv_msg *m = dlv_ue_next(ue);

	if (m) {
		dlv_step(d, m, DLV_EV_TURN, now);
	} else {
		dlv_ue_put(d, ue);
	}
}

void dlv_attempt_failed(struct dlv *d, struct dlv_msg *m, struct dlv_now now)
{
	if (m->late) {
		dlv_set_outcome(m, T4_OUTCOME_VALIDITY_TIME_EXPIRED);
	}
	dlv_step(d, m, m->late || dlv_one_attempt(m) ? DLV_EV_FAILED_LAST : DLV_EV_FAILED, now);
}

/* The connection is gone or belongs to another mobile: the outstanding message will not be
 * answered. */
static void ue_lost(struct dlv *d, struct dlv_ue *ue, uint8_t diagnostic, struct dlv_now now)
{
	struct dlv_msg *m = ue->current;

	dlv_ue_detach(d, ue);
	ue->resting = false;
	ue->attempt = 0;
	dlv_timer_stop(&d->timers, &ue->timer);
	if (!m) {
		return;
	}
	dlv_set_absent(m, diagnostic);
	dlv_attempt_failed(d, m, now);
}

/* Single attempts that still wait for an absent mobile have had their attempt. */
static void give_up_single(struct dlv *d, struct dlv_ue *ue, struct dlv_now now)
{
	struct dlv_msg *m, *after;

	DL_FOREACH_SAFE (ue->queue, m, after) {
		if (m->state != DLV_WAITING || !dlv_one_attempt(m)) {
			continue;
		}
		dlv_set_absent(m, T4_ABSENT_UE_DETACHED);
		dlv_step(d, m, DLV_EV_GIVE_UP, now);
	}
}

int dlv_register(struct dlv *d, struct dlv_conn *conn, const char *imsi, struct dlv_now now)
{
	struct dlv_ue *ue = dlv_ue_find(d, imsi);
	bool new_here = !ue || ue->conn != conn;

	if (new_here && (conn->ues_n >= d->conf.conn_ues_max || dlv_ue_no_place(d, imsi))) {
		return ERR_BUSY;
	}
	if (!ue) {
		ue = dlv_ue_get(d, imsi);
	}
	if (!ue) {
		return ERR_BUSY;
	}
	if (new_here) {
		struct dlv_conn *old = ue->conn;

		if (old) {
			ue_lost(d, ue, T4_ABSENT_UE_DETACHED, now);
			d->counts.takeovers++;
			d->ports.taken_over(d->ports.arg, old, imsi);
		}
		dlv_ue_attach(d, ue, conn);
	}
	if (ue->resting) { /* it registered and expects its messages: the pause ends */
		ue->resting = false;
		ue->attempt = 0;
		dlv_timer_stop(&d->timers, &ue->timer);
	}
	dlv_ue_turn(d, ue, now);
	return 0;
}

void dlv_unregister(struct dlv *d, struct dlv_conn *conn, const char *imsi, struct dlv_now now)
{
	struct dlv_ue *ue = dlv_ue_find(d, imsi);

	if (!ue || ue->conn != conn) {
		d->counts.unwelcome++; /* a connection may not act for a mobile of another one */
		return;
	}
	ue_lost(d, ue, T4_ABSENT_UE_DETACHED, now);
	give_up_single(d, ue, now);
	dlv_ue_put(d, ue);
}

void dlv_conn_lost(struct dlv *d, struct dlv_conn *conn, struct dlv_now now)
{
	while (conn->ues) {
		struct dlv_ue *ue = conn->ues;

		ue_lost(d, ue, T4_ABSENT_UE_DETACHED, now);
		give_up_single(d, ue, now);
		dlv_ue_put(d, ue);
	}
}

bool dlv_has(struct dlv *d, const struct dlv_conn *conn, const char *imsi)
{
	const struct dlv_ue *ue = dlv_ue_find(d, imsi);

	return ue && ue->conn == conn;
}

void dlv_ack(struct dlv *d, struct dlv_conn *conn, uint64_t id, const struct sms_rp *rp, struct dlv_now now)
{
	struct dlv_msg *m = dlv_by_id(d, id);
	struct dlv_ue *ue;

	if (!m || m->state != DLV_SENDING || m->ue->conn != conn || m->ue->reference != rp->reference ||
	    (rp->type != SMS_RP_ACK && rp->type != SMS_RP_ERROR)) {
		d->counts.acks_ignored++;
		return;
	}
	ue = m->ue;
	if (rp->type == SMS_RP_ACK && m->parts_done + 1 < m->parts) {
		dlv_step(d, m, DLV_EV_PART_ACK, now);
		return;
	}
	if (rp->type == SMS_RP_ACK) {
		ue->attempt = 0;
		dlv_set_outcome(m, T4_OUTCOME_SUCCESSFUL_TRANSFER);
		dlv_step(d, m, DLV_EV_ALL_ACK, now);
	} else if (rp->cause == SMS_RP_CAUSE_MEMORY_FULL) {
		dlv_set_outcome(m, T4_OUTCOME_UE_MEMORY_CAPACITY_EXCEEDED);
		dlv_attempt_failed(d, m, now);
	} else {
		/* T4 has no value for a refusal by the mobile: absent without a diagnostic,
		 * which Tsp shows as undeliverable */
		dlv_set_outcome(m, T4_OUTCOME_ABSENT_SUBSCRIBER);
		dlv_step(d, m, DLV_EV_REFUSED, now);
	}
	dlv_ue_turn(d, ue, now);
}
