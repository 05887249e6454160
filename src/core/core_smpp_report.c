/* core_smpp_report.c - receipts of the SMS-SC (deliver_sm, data_sm): they become reports as a DRR
 * does (core_drr.c), durable before they are answered.
 * A receipt for nobody is answered with ESME_ROK, or the SMS-SC would repeat it for ever. While
 * submits have no response yet it may be for one of them, and is refused for now. */
#include <string.h>

#include "core/core_absence.h"
#include "core/core_dra.h"
#include "core/core_int.h"
#include "smpp/smpp_receipt.h"

static void answer(struct core_peer *p, const struct smpp_pdu *pdu, uint32_t status)
{
	core_smpp_answer(p->smpp, core_smpp_connection(p->smpp), pdu->header.command, pdu->header.sequence, status);
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

static void for_nobody(struct core_peer *p, const struct smpp_pdu *pdu)
{
	struct core *c = p->core;

	if (p->outstanding) {
		answer(p, pdu, SMPP_RX_T_APPN);
		return;
	}
	st_count(&c->st, ST_REPORTS_FOREIGN);
	log_warn(c->log, "core", "a receipt of peer %s fits no trigger", p->conf->name);
	answer(p, pdu, SMPP_ROK);
}

static void again(struct core_peer *p, const struct smpp_pdu *pdu, struct core_drr_entry *e)
{
	st_count(&p->core->st, ST_REPORT_DUPLICATES);
	if (e->answered && TAILQ_EMPTY(&e->waiting)) {
		answer(p, pdu, e->answer.experimental || e->answer.result_code == DIA_RESULT_SUCCESS ? SMPP_ROK : SMPP_RX_T_APPN);
	} else if (core_drr_keep_receipt(e, p, &pdu->header)) {
		answer(p, pdu, SMPP_RX_T_APPN);
	}
}

void core_smpp_delivered(struct core_peer *p, const struct smpp_pdu *pdu)
{
	struct core *c = p->core;
	uint8_t digest[HASH_LEN];
	struct core_smpp_receipt r;
	struct core_drr_entry *e;
	struct core_trigger *t;

	if (!core_smpp_read(&r, pdu)) {
		answer(p, pdu, SMPP_RX_R_APPN); /* a message of a device: nobody here wants it */
		return;
	}
	if (!smpp_state_final(r.state)) {
		answer(p, pdu, SMPP_ROK);
		return;
	}
	t = find(p, &r);
	if (!t) {
		for_nobody(p, pdu);
		return;
	}
	if (digest_of(digest, p, &r, t->trg)) {
		answer(p, pdu, SMPP_RX_T_APPN);
		return;
	}
	e = core_drr_dup_find(&c->drrs.dup, digest, core_now_ms(c));
	if (e) {
		again(p, pdu, e);
		return;
	}
	e = core_drr_dup_add(&c->drrs.dup, digest, core_now_ms(c));
	if (!e || core_drr_keep_receipt(e, p, &pdu->header)) {
		if (e) {
			core_drr_dup_drop(&c->drrs.dup, e);
		}
		answer(p, pdu, SMPP_RX_T_APPN);
		return;
	}
	st_count(&c->st, ST_REPORTS);
	if (core_smpp_outcome(r.state) == TSP_OUTCOME_EXPIRED) {
		core_absence_learnt(t, t->trg->sub.imsi);
	}
	core_trigger_step(t,
			  &(struct trg_event){
			      .kind = TRG_EV_DRR, .outcome = core_smpp_outcome(r.state), .token = e->token, .drr = e->digest });
}
