/* core_smpp_report.c - receipts of the SMS-SC (deliver_sm, data_sm): they become reports as a DRR
 * does (core_drr.c), durable before they are answered.
 * A receipt for nobody is answered with ESME_ROK, or the SMS-SC would repeat it for ever. While
 * submits have no response yet it may be for one of them, and waits (core_smpp_early.c).
 * Of a trigger in parts, the report is that all were delivered, or the first that was not; then the
 * others are cancelled, because the device acts only when it has all. A part that was delivered
 * stays delivered, whatever another receipt says.
 * A receipt of another state while the first is on its way to the disk changes nothing: it follows
 * the first as another DRR does, has a record of its own, and a copy of it is known. */
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

/* For now: the SMS-SC repeats it. */
static void refuse(struct core_peer *p, const struct smpp_header *h)
{
	st_count(&p->core->st, ST_REPORTS_FULL);
	answer(p, h, SMPP_RX_T_APPN);
}

static void again(struct core_peer *p, const struct smpp_header *h, struct core_drr_entry *e)
{
	st_count(&p->core->st, ST_REPORT_DUPLICATES);
	if (e->answered && TAILQ_EMPTY(&e->waiting)) {
		answer(p, h, e->answer.experimental || e->answer.result_code == DIA_RESULT_SUCCESS ? SMPP_ROK : SMPP_RX_T_APPN);
	} else if (core_drr_keep_receipt(e, p, h)) {
		refuse(p, h);
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

static void contradicts(struct core_trigger *t, const struct core_smpp_receipt *r, const char *how)
{
	struct core *c = t->core;

	st_count(&c->st, ST_REPORT_DUPLICATES);
	log_info(c->log, "core", "transaction %s: another receipt (%s) %s; the first counts", t->transaction,
		 smpp_state_word(r->state), how);
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
		log_debug(p->core->log, "core", "transaction %s: a receipt (%s) of a part changes nothing: it is reported as %s",
			  t->transaction, smpp_state_word(r->state), tsp_delivery_outcome_str(t->trg->outcome));
		answer(p, h, SMPP_ROK);
		return true;
	}
	if (r->state != SMPP_STATE_DELIVERED) {
		if (i == TRG_NO_PART || !t->trg->parts->part[i].delivered) {
			return false;
		}
		contradicts(t, r, "says of a part that was delivered that it was not"); /* of each part the first counts */
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

/* The first one of a trigger, or one after its answer. The machine knows one at a time. */
static void report(struct core_peer *p, struct core_trigger *t, const struct core_smpp_receipt *r, const struct core_drr_entry *e)
{
	size_t place = (size_t)(p - p->core->peers.row);
	uint32_t outcome = core_smpp_outcome(r->state);

	st_count(&p->core->st, ST_REPORTS);
	log_debug(p->core->log, "core", "transaction %s: reported %s", t->transaction, tsp_delivery_outcome_str(outcome));
	/* a recall cancels all parts itself */
	if (r->state != SMPP_STATE_DELIVERED && !t->trg->changer && !t->trg->revoking) {
		core_smpp_cancel_parts(t, place, trg_parts_find(t->trg->parts, r->id));
		core_smpp_cancel_coming(t, place);
	}
	if (outcome == TSP_OUTCOME_EXPIRED) {
		core_absence_learnt(t, t->trg->sub.imsi);
	}
	core_trigger_step(t, &(struct trg_event){ .kind = TRG_EV_DRR, .outcome = outcome, .token = e->token, .drr = e->digest });
}

/* Adds an entry for a new receipt, which awaits its answer. NULL: no memory, or too many are
 * open. */
static struct core_drr_entry *add(struct core_peer *p, const struct smpp_header *h, const uint8_t digest[HASH_LEN])
{
	struct core *c = p->core;
	struct core_drr_entry *e = core_drr_dup_add(&c->drrs.dup, digest, core_now_ms(c));

	if (e && core_drr_keep_receipt(e, p, h)) {
		core_drr_dup_drop(&c->drrs.dup, e);
		return NULL;
	}
	return e;
}

/* A receipt that is not the one of a part of more. */
static void take(struct core_peer *p, const struct smpp_header *h, const struct core_smpp_receipt *r, struct core_trigger *t)
{
	struct core *c = p->core;
	struct core_drr_entry *e, *first;
	uint8_t digest[HASH_LEN];

	if (digest_of(digest, p, r, t->trg)) {
		refuse(p, h);
		return;
	}
	e = core_drr_dup_find(&c->drrs.dup, digest, core_now_ms(c));
	if (e) {
		again(p, h, e);
		return;
	}
	e = add(p, h, digest);
	if (!e) {
		refuse(p, h);
		return;
	}
	first = core_drr_first_of(t);
	if (first) {
		contradicts(t, r, "waits with the one before it");
		core_drr_dup_follow(first, e);
	} else {
		report(p, t, r, e);
	}
}

bool core_smpp_take(struct core_peer *p, const struct smpp_header *h, const struct core_smpp_receipt *r,
		    const struct smpp_pdu *pdu)
{
	uint64_t unwoken = p->core->triggers.unwoken;
	struct core_trigger *t = find(p, r);

	if (!t && unwoken == p->core->triggers.unwoken) {
		return false;
	}
	if (!t) { /* there is one, and no memory for it now */
		refuse(p, h);
		return true;
	}
	core_trace_receipt(p, t, h, pdu);
	if (!is_part_of_more(p, h, r, t)) {
		take(p, h, r, t);
	}
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
