/* smssc_tsp_parts.c - triggers that SMEs submit in several segments. Each segment is on disk before it
 * is answered; the last one is answered when the gateway has answered. All have one message_id.
 *
 *  GATHERING --the last one--> WHOLE --next turn--> one trigger in place of the segments
 *      | too much, or smes.gateway.parts_wait is over
 *      v
 *   ENDED --next turn--> one receipt, if one of them asked for it
 *
 * A restart finds the segments in the store. */
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "base/fault.h"
#include "base/str.h"
#include "nodes/smssc/smssc_tsp_parts.h"

OBJ_FIRST(struct tsp_parts);

/* -- one of them */

struct tsp_parts *smssc_tsp_parts_new(struct tsp_scs *scs, const struct sme_told *told, const struct dlv_part *name,
				      uint64_t deadline_ms)
{
	struct tsp_parts *g = calloc(1, sizeof *g + name->parts * sizeof g->ids[0]);

	if (!g) {
		return NULL;
	}
	obj_begin(&g->obj, TSP_PARTS_MAGIC);
	g->scs = scs;
	g->name = *name;
	g->deadline_ms = deadline_ms;
	str_set(g->source, sizeof g->source, told->source.digits);
	str_set(g->destination, sizeof g->destination, told->destination.digits);
	DL_APPEND(scs->s->tsp->parts, g);
	scs->parts_n++;
	return g;
}

void smssc_tsp_parts_end(struct tsp_parts *g)
{
	DL_DELETE(g->scs->s->tsp->parts, g);
	g->scs->parts_n--;
	OBJ_END(g, TSP_PARTS_MAGIC);
	free(g->ticket);
	free(g);
}

struct tsp_parts *smssc_tsp_parts_find(const struct tsp_scs *scs, const struct sme_told *told, const struct dlv_part *name)
{
	struct tsp_parts *g;

	DL_FOREACH (scs->s->tsp->parts, g) {
		if (g->scs == scs && g->name.reference == name->reference && g->name.form == name->form &&
		    g->name.parts == name->parts && strcmp(g->source, told->source.digits) == 0 &&
		    strcmp(g->destination, told->destination.digits) == 0) {
			return g;
		}
	}
	return NULL;
}

static void refuse_last(struct tsp_parts *g, enum smpp_status status)
{
	struct sme_ticket *t = g->ticket;

	if (t && t->bind) {
		bind_refuse(t->bind->conn, t->command, status, t->sequence);
	}
	free(t);
	g->ticket = NULL;
}

struct dlv_msg *smssc_tsp_segment(const struct tsp_parts *g, size_t i)
{
	return g->ids[i] ? dlv_afar(g->scs->s->dlv, g->ids[i]) : NULL;
}

/* Which receipts the segment asks for. */
enum { WANTS_FAILURE = 1, WANTS_SUCCESS = 2 };

static unsigned wants(const struct dlv_msg *m)
{
	struct sme_told told;

	if (sme_told_decode(&told, m->text.sme.told, m->text.sme.told_len)) {
		return 0;
	}
	return (sme_told_wants(&told, SMPP_STATE_UNDELIVERABLE) ? WANTS_FAILURE : 0u) |
	       (sme_told_wants(&told, SMPP_STATE_DELIVERED) ? WANTS_SUCCESS : 0u);
}

static uint8_t registered_for(unsigned wanted)
{
	static const uint8_t registered[] = { 0, SMPP_REGISTERED_FAILURE, SMPP_REGISTERED_SUCCESS, SMPP_REGISTERED_ALWAYS };

	return registered[wanted & 3];
}

void smssc_tsp_parts_leave(struct tsp_parts *g, bool receipt)
{
	struct dlv *d = g->scs->s->dlv;
	struct dlv_now now = smssc_now(g->scs->s);

	for (size_t i = 0; i < g->name.parts; i++) {
		struct dlv_msg *m = smssc_tsp_segment(g, i);
		bool absent;

		if (m && receipt && (wants(m) & WANTS_FAILURE)) {
			uint8_t outcome = sme_trigger_outcome(g->outcome, &absent);

			receipt = false;
			dlv_afar_end(d, m, outcome, absent, now);
		} else if (m) {
			dlv_afar_over(d, m->id, now);
		}
	}
}

void smssc_tsp_parts_give_up(struct tsp_parts *g, uint8_t outcome)
{
	g->state = PARTS_ENDED;
	g->outcome = outcome;
	smssc_tsp_arm(g->scs->s);
}

uint64_t smssc_tsp_parts_wait_ms(const struct smssc *s, uint32_t validity_s)
{
	uint64_t wait = s->conf.smes.gateway.parts_wait_ms, valid = (uint64_t)validity_s * 1000;

	return valid && valid < wait ? valid : wait;
}

/* -- the trigger that they make */

/* What is left of the validity of the first. */
static uint32_t left_s(const struct tsp_parts *g)
{
	uint64_t now = smssc_now(g->scs->s).real_ms, until = smssc_tsp_segment(g, 0)->give_up_real_ms;

	return until >= now + 1000 ? (uint32_t)((until - now) / 1000) : 1;
}

static enum smpp_status build(struct tsp_parts *g, struct buf *payload, struct dlv_text *text, struct buf *told_octets)
{
	struct sme_told told;
	unsigned wanted = 0;

	for (size_t i = 0; i < g->name.parts; i++) {
		const struct dlv_msg *m = smssc_tsp_segment(g, i);

		if (!m) {
			return SMPP_RSYSERR;
		}
		buf_bytes(payload, m->text.payload, m->text.payload_len);
		wanted |= wants(m);
		text->priority = text->priority || m->text.priority;
	}
	if (sme_told_decode(&told, text->sme.told, text->sme.told_len) || payload->full) {
		return SMPP_RSYSERR;
	}
	told.registered = (uint8_t)((told.registered & ~SMPP_REGISTERED_RECEIPT) | registered_for(wanted));
	sme_told_encode(told_octets, &told);
	if (text->validity_s) {
		text->validity_s = left_s(g);
	}
	text->payload = payload->p;
	text->payload_len = payload->len;
	text->has_reference = true;
	text->sme.pid = SMS_PID_DEVICE_TRIGGER;
	text->sme.told = told_octets->p;
	text->sme.told_len = told_octets->len;
	return told_octets->full || smssc_store_reference(g->scs->s->store, &text->reference) ? SMPP_RSYSERR : SMPP_ROK;
}

static enum smpp_status ask_for(struct tsp_parts *g, struct buf *payload)
{
	struct smssc *s = g->scs->s;
	uint8_t told_octets[DLV_TOLD_MAX];
	struct buf told = buf_over(told_octets, sizeof told_octets);
	const struct dlv_msg *first = smssc_tsp_segment(g, 0);
	struct tsp_ask *a = smssc_tsp_ask_new(g->scs, &smssc_tsp_trigger, NULL, NULL);
	struct dlv_text text = { 0 };
	enum smpp_status status = SMPP_RSYSERR;
	uint64_t id;

	if (a && first) {
		text = first->text;
		status = build(g, payload, &text, &told);
		text.sme.change = smssc_tsp_ask_change(a, DLV_CHANGE_ASK);
	}
	if (status == SMPP_ROK && dlv_submit(s->dlv, &text, NULL, &id, smssc_now(s))) {
		status = SMPP_RMSGQFUL;
	}
	if (status != SMPP_ROK) {
		smssc_tsp_ask_free(a);
		return status;
	}
	a->ticket = g->ticket;
	g->ticket = NULL;
	a->owes_receipt = true;
	smssc_tsp_ask_begin(a, id);
	s->sme->counts.triggers++;
	return SMPP_ROK;
}

/* The segments leave the store with the commit that brings the trigger. */
static void assemble(struct tsp_parts *g)
{
	uint8_t *octets = malloc(g->octets + 1);
	struct buf payload = buf_over(octets, octets ? g->octets : 0);
	enum smpp_status status = ask_for(g, &payload);

	free(octets);
	if (status != SMPP_ROK) {
		log_warn(&g->scs->s->log, "tsp", "a trigger of '%s' in %u segments cannot be kept: %s",
			 g->scs->owner->conf->system_id, g->name.parts, smpp_status_name(status));
	}
	g->outcome = TSP_OUTCOME_UNDELIVERABLE;
	refuse_last(g, status);
	smssc_tsp_parts_leave(g, status != SMPP_ROK);
	smssc_tsp_parts_end(g);
}

void smssc_tsp_parts_due(struct smssc *s)
{
	uint64_t now = net_loop_now_ms(s->loop);
	struct tsp_parts *g, *after;

	DL_FOREACH_SAFE (s->tsp->parts, g, after) {
		if (g->state == PARTS_GATHERING && g->deadline_ms <= now) {
			s->sme->counts.segments_late++;
			log_info(&s->log, "tsp", "a trigger of '%s' in %u segments is given up: some did not come in time",
				 g->scs->owner->conf->system_id, g->name.parts);
			g->state = PARTS_ENDED;
			g->outcome = TSP_OUTCOME_EXPIRED;
		}
		if (g->state == PARTS_WHOLE) {
			assemble(g);
		} else if (g->state == PARTS_ENDED) {
			smssc_tsp_parts_leave(g, true);
			smssc_tsp_parts_end(g);
		}
	}
}

uint64_t smssc_tsp_parts_next_ms(const struct smssc *s)
{
	const struct tsp_parts *g;
	uint64_t next = UINT64_MAX;

	DL_FOREACH (s->tsp->parts, g) {
		uint64_t at = g->state == PARTS_GATHERING ? g->deadline_ms : 0;

		next = at < next ? at : next;
	}
	return next;
}

/* -- the disk, the connection, a restart */

/* What it did not take is gone; the SME was, or is, refused. */
static void forget_lost(struct tsp_parts *g)
{
	g->octets = g->have = 0;
	for (size_t i = 0; i < g->name.parts; i++) {
		const struct dlv_msg *m = smssc_tsp_segment(g, i);

		g->ids[i] = m ? m->id : 0;
		g->octets += m ? m->text.payload_len : 0;
		g->have += m != NULL;
	}
	refuse_last(g, SMPP_RSYSERR);
	if (!g->have) {
		smssc_tsp_parts_end(g);
	}
}

void smssc_tsp_parts_committed(struct smssc *s, bool durable)
{
	struct tsp_parts *g, *after;

	if (!s->tsp->parts_changed) {
		return;
	}
	s->tsp->parts_changed = false;
	DL_FOREACH_SAFE (s->tsp->parts, g, after) {
		if (!durable && g->state == PARTS_GATHERING) {
			forget_lost(g);
		} else if (g->state == PARTS_GATHERING && g->have == g->name.parts) {
			g->state = PARTS_WHOLE;
		} else if (g->state == PARTS_GATHERING) {
			FAULT_POINT(SME_SEGMENT_DURABLE);
		}
	}
}

void smssc_tsp_parts_forget(struct smssc *s, const struct sme_bind *b)
{
	struct tsp_parts *g;

	DL_FOREACH (s->tsp->parts, g) {
		if (g->ticket && g->ticket->bind == b) {
			g->ticket->bind = NULL;
		}
	}
}

void smssc_tsp_parts_resume(struct tsp_scs *scs, const struct dlv_msg *m)
{
	struct smssc *s = scs->s;
	const struct dlv_part *name = &m->text.sme.change.part;
	uint64_t waited = smssc_now(s).real_ms - m->submitted_real_ms, wait = smssc_tsp_parts_wait_ms(s, m->text.validity_s);
	struct sme_told told;
	struct tsp_parts *g = NULL;

	if (!sme_told_decode(&told, m->text.sme.told, m->text.sme.told_len)) {
		g = smssc_tsp_parts_find(scs, &told, name);
		g = g ? g : smssc_tsp_parts_new(scs, &told, name, net_loop_now_ms(s->loop) + (waited < wait ? wait - waited : 0));
	}
	if (!g) {
		log_warn(&s->log, "tsp", "a segment of a trigger of '%s' cannot be taken up again, delivery %llu",
			 m->text.sme.system_id, (unsigned long long)m->id);
		return;
	}
	g->number = m->text.sme.number;
	g->pid = m->text.sme.pid;
	g->has_port = m->text.has_port;
	g->port = m->text.port;
	g->ids[name->part - 1u] = m->id;
	g->octets += m->text.payload_len;
	g->have++;
	g->state = g->have == g->name.parts ? PARTS_WHOLE : PARTS_GATHERING;
}

void smssc_tsp_parts_drop(struct smssc *s)
{
	while (s->tsp->parts) {
		smssc_tsp_parts_end(s->tsp->parts);
	}
}
