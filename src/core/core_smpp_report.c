/* core_smpp_report.c - receipts of the SMS-SC (deliver_sm, data_sm): they become reports as a DRR
 * does (core_drr.c), durable before they are answered.
 * A receipt for nobody is answered with ESME_ROK, or the SMS-SC would repeat it for ever. While
 * submits have no response yet it may be for one of them, and waits (core_smpp_early.c).
 * Of a trigger in parts, the report is that all were delivered, or the first that was not; then the
 * others are cancelled, because the device acts only when it has all. A part that was delivered
 * stays delivered, whatever another receipt says.
 * A receipt of another state while the first is on its way to the disk changes nothing: both are
 * answered when the first is durable. */
#include <stdlib.h>
#include <string.h>

#include "base/fault.h"
#include "core/core_absence.h"
#include "core/core_dra.h"
#include "core/core_int.h"
#include "core/core_smpp_int.h"
#include "smpp/smpp_receipt.h"
#include "trigger/trg_parts.h"

static void answer(struct core_peer *p, const struct smpp_header *h, uint32_t status)
{
	if (p->smpp) {
		core_smpp_answer(p->smpp, core_smpp_connection(p->smpp), h->command, h->sequence, status);
	}
}

static struct core_trigger *find(struct core_peer *p, const struct core_smpp_receipt *r)
{
	struct core_trigger *t = r->id[0] ? core_smpp_by_id(p->core, r->id, p->conf->host) : NULL;

	if (!t && r->has_reference) {
		t = core_smpp_by_reference(p->core, r->reference, r->device, p->conf->host);
	}
	return t && t->trg->may_report ? t : NULL;
}

/* The same receipt has the same digest, whatever its sequence number. */
static int digest_of(uint8_t out[HASH_LEN], struct core_peer *p, const struct core_smpp_receipt *r, const struct trg *trg)
{
	uint8_t room[512];
	struct buf b = buf_over(room, sizeof room);

	buf_u8(&b, r->state);
	buf_be64(&b, trg->number);
	buf_bytes(&b, p->conf->host, strlen(p->conf->host));
	buf_u8(&b, 0);
	buf_bytes(&b, r->id, strlen(r->id));
	return b.full ? ERR_LIMIT : hash_piece(p->core->hash, room, b.len, out);
}

void core_smpp_for_nobody(struct core_peer *p, const struct smpp_header *h)
{
	st_count(&p->core->st, ST_REPORTS_FOREIGN);
	log_warn(p->core->log, "core", "a receipt of peer %s fits no trigger", p->conf->name);
	answer(p, h, SMPP_ROK);
}

static void again(struct core_peer *p, const struct smpp_header *h, struct core_drr_entry *e)
{
	st_count(&p->core->st, ST_REPORT_DUPLICATES);
	if (e->answered && TAILQ_EMPTY(&e->waiting)) {
		answer(p, h, e->answer.experimental || e->answer.result_code == DIA_RESULT_SUCCESS ? SMPP_ROK : SMPP_RX_T_APPN);
	} else if (core_drr_keep_receipt(e, p, h)) {
		st_count(&p->core->st, ST_REPORTS_FULL);
		answer(p, h, SMPP_RX_T_APPN);
	}
}

/* -- a part that is not the last */

#define PART_MAGIC 0xd2c1b7e5u
struct part { /* its answer waits for the journal */
	struct obj obj;
	struct core_peer *peer;
	uint32_t connection;
	struct smpp_header header;
};

static void on_part_kept(void *arg, uint64_t number, int err)
{
	struct part *w = OBJ_OF(arg, struct part, PART_MAGIC);

	(void)number;
	if (w->peer->smpp) {
		core_smpp_answer(w->peer->smpp, w->connection, w->header.command, w->header.sequence,
				 err ? SMPP_RX_T_APPN : SMPP_ROK);
	}
	OBJ_END(w, PART_MAGIC);
	free(w);
}

static void keep_part(struct core_peer *p, const struct smpp_header *h, struct core_trigger *t)
{
	struct part *w = p->smpp ? malloc(sizeof *w) : NULL;

	if (!w) {
		answer(p, h, SMPP_RX_T_APPN);
		return;
	}
	*w = (struct part){ .obj = { PART_MAGIC }, .peer = p, .connection = core_smpp_connection(p->smpp), .header = *h };
	if (core_trigger_keep(t, on_part_kept, w)) {
		OBJ_END(w, PART_MAGIC);
		free(w);
		answer(p, h, SMPP_RX_T_APPN);
	}
}

/* True: others have to follow, or it is known already. */
static bool is_part_of_more(struct core_peer *p, const struct smpp_header *h, const struct core_smpp_receipt *r,
			    struct core_trigger *t)
{
	uint8_t i = trg_parts_find(t->trg->parts, r->id);

	if (!t->trg->parts) {
		return false;
	}
	if (t->trg->has_outcome) { /* another part has decided it */
		answer(p, h, SMPP_ROK);
		return true;
	}
	if (r->state != SMPP_STATE_DELIVERED) {
		if (i == TRG_NO_PART || !t->trg->parts->part[i].delivered) {
			return false;
		}
		st_count(&p->core->st, ST_REPORT_DUPLICATES); /* of each part the first receipt counts */
		keep_part(p, h, t);
		return true;
	}
	i = trg_part_of(t->trg, r->id);
	if (i != TRG_NO_PART && trg_part_delivered(t->trg, i)) {
		return false;
	}
	if (core_smpp_name(p->core, &t->seat, t->trg)) {
		log_error(p->core->log, "core", "transaction %s: no memory for the message id of a part", t->transaction);
	}
	keep_part(p, h, t);
	return true;
}

/* -- a report */

bool core_smpp_take(struct core_peer *p, const struct smpp_header *h, const struct core_smpp_receipt *r,
		    const struct smpp_pdu *pdu)
{
	struct core *c = p->core;
	uint64_t unwoken = c->triggers.unwoken;
	struct core_trigger *t = find(p, r);
	uint8_t digest[HASH_LEN];
	struct core_drr_entry *e;

	if (!t && unwoken == c->triggers.unwoken) {
		return false;
	}
	if (!t) { /* there is one, and no memory for it now */
		answer(p, h, SMPP_RX_T_APPN);
		return true;
	}
	core_trace_receipt(p, t, h, pdu);
	if (is_part_of_more(p, h, r, t)) {
		return true;
	}
	if (digest_of(digest, p, r, t->trg)) {
		answer(p, h, SMPP_RX_T_APPN);
		return true;
	}
	e = core_drr_dup_find(&c->drrs.dup, digest, core_now_ms(c));
	e = e ? e : core_drr_first_of(t);
	if (e) {
		again(p, h, e);
		return true;
	}
	e = core_drr_dup_add(&c->drrs.dup, digest, core_now_ms(c));
	if (!e || core_drr_keep_receipt(e, p, h)) {
		if (e) {
			core_drr_dup_drop(&c->drrs.dup, e);
		}
		st_count(&c->st, ST_REPORTS_FULL);
		answer(p, h, SMPP_RX_T_APPN);
		return true;
	}
	st_count(&c->st, ST_REPORTS);
	/* a recall cancels all parts itself */
	if (r->state != SMPP_STATE_DELIVERED && !t->trg->changer && !t->trg->revoking) {
		core_smpp_cancel_parts(t, (size_t)(p - c->peers.row), trg_parts_find(t->trg->parts, r->id));
		core_smpp_cancel_coming(t, (size_t)(p - c->peers.row));
	}
	if (core_smpp_outcome(r->state) == TSP_OUTCOME_EXPIRED) {
		core_absence_learnt(t, t->trg->sub.imsi);
	}
	core_trigger_step(t,
			  &(struct trg_event){
			      .kind = TRG_EV_DRR, .outcome = core_smpp_outcome(r->state), .token = e->token, .drr = e->digest });
	return true;
}

/* No trigger fits. */
static void wait_or_refuse(struct core_peer *p, const struct smpp_header *h, const struct core_smpp_receipt *r)
{
	if (!p->outstanding) {
		core_smpp_for_nobody(p, h);
	} else if (core_smpp_early_keep(p, h, r)) {
		st_count(&p->core->st, ST_REPORTS_EARLY_REFUSED);
		answer(p, h, SMPP_RX_T_APPN);
	} else {
		st_count(&p->core->st, ST_REPORTS_EARLY);
	}
}

void core_smpp_delivered(struct core_peer *p, const struct smpp_pdu *pdu)
{
	struct core_smpp_receipt r;

	FAULT_POINT(SMPP_RECEIPT_TAKEN);
	if (!core_smpp_read(&r, pdu)) {
		answer(p, &pdu->header, SMPP_RX_R_APPN); /* a message of a device: nobody here wants it */
	} else if (!smpp_state_final(r.state)) {
		answer(p, &pdu->header, SMPP_ROK);
	} else if (!core_smpp_take(p, &pdu->header, &r, pdu)) {
		wait_or_refuse(p, &pdu->header, &r);
	}
}
