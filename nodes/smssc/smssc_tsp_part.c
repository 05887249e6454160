/* smssc_tsp_part.c - one segment of a trigger: whether it fits to those that are here, its place on
 * disk, its answer. */
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "nodes/smssc/smssc_tsp_parts.h"

static struct dlv_part name_of(const struct smpp_content *c)
{
	return (struct dlv_part){ .reference = c->part_reference,
				  .form = c->part == SMPP_FORM_PARAMETERS ? DLV_PART_SAR
					  : c->part_8bit                  ? DLV_PART_8BIT
									  : DLV_PART_16BIT,
				  .parts = c->parts,
				  .part = c->part_number };
}

static enum smpp_status unfit(struct sme_bind *b, struct sme_message *m, enum smpp_status status, const char *why)
{
	b->s->sme->counts.segments_refused++;
	m->why = why;
	return status;
}

/* Whether it fits to those that are here. SMPP_ROK; *known: it is here already. */
static enum smpp_status fits(struct tsp_parts *g, struct sme_bind *b, struct sme_message *m, bool *known)
{
	const struct smpp_content *c = &m->content;
	const struct dlv_msg *same;
	size_t i = c->part_number - 1u;

	*known = false;
	if (g->state != PARTS_GATHERING) {
		return unfit(b, m, SMPP_RSUBMITFAIL, "its trigger waits for no segment");
	}
	if (g->pid != m->pid || g->has_port != (c->ports != SMPP_FORM_NONE) || g->port != c->port) {
		return unfit(b, m, SMPP_RSUBMITFAIL, "the segments of a trigger have one protocol_id and one port");
	}
	if (!g->ids[i]) {
		return SMPP_ROK;
	}
	same = dlv_afar(b->s->dlv, g->ids[i]); /* NULL: of the same turn */
	*known =
	    same && same->text.payload_len == c->payload.len && memcmp(same->text.payload, c->payload.p, c->payload.len) == 0;
	return *known ? SMPP_ROK : unfit(b, m, SMPP_RSUBMITFAIL, "there is another segment with its number");
}

static enum smpp_status answer_later(struct tsp_parts *g, struct sme_bind *b, const struct smpp_pdu *p, bool last)
{
	struct sme_ticket *t = last ? calloc(1, sizeof *t) : smssc_sme_new_ticket(b, p);

	if (!t) {
		return SMPP_RSYSERR;
	}
	if (last) {
		*t = (struct sme_ticket){ .bind = b, .command = p->header.command, .sequence = p->header.sequence };
		g->ticket = t;
	}
	t->number = g->number;
	return SMPP_ROK;
}

static enum smpp_status take(struct tsp_parts *g, struct sme_bind *b, struct sme_message *m, const struct smpp_pdu *p)
{
	struct dlv_change change = { .kind = DLV_CHANGE_PART, .part = name_of(&m->content) };
	uint64_t *id = &g->ids[change.part.part - 1u];
	enum smpp_status status;

	if (g->octets + m->content.payload.len > SMS_PAYLOAD_MAX) {
		smssc_tsp_parts_give_up(g, TSP_OUTCOME_UNDELIVERABLE);
		return unfit(b, m, SMPP_RINVMSGLEN, "the segments have too much together");
	}
	status = smssc_sme_store_trigger(b, m, &p->destination, &change, id, &g->number);
	if (status != SMPP_ROK) {
		*id = 0;
		return status;
	}
	g->octets += m->content.payload.len;
	g->have++;
	b->s->tsp->parts_changed = true;
	b->s->sme->counts.segments++;
	status = answer_later(g, b, p, g->have == g->name.parts);
	if (status != SMPP_ROK) { /* out of memory: what is stored comes to nothing */
		smssc_tsp_parts_give_up(g, TSP_OUTCOME_UNDELIVERABLE);
	}
	return status;
}

static struct tsp_parts *begin(struct sme_bind *b, const struct sme_message *m, const struct dlv_part *name)
{
	uint64_t until = net_loop_now_ms(b->s->loop) + smssc_tsp_parts_wait_ms(b->s, m->validity_s);
	struct tsp_parts *g = smssc_tsp_parts_new(b->owner->scs, &m->told, name, until);

	if (g) {
		g->pid = m->pid;
		g->has_port = m->content.ports != SMPP_FORM_NONE;
		g->port = m->content.port;
	}
	return g;
}

enum smpp_status smssc_tsp_part(struct sme_bind *b, struct sme_message *m, const struct smpp_pdu *p)
{
	struct tsp_scs *scs = b->owner->scs;
	const struct dlv_part name = name_of(&m->content);
	enum smpp_status status = smssc_tsp_may_ask(scs, &m->why);
	struct tsp_parts *g;
	bool known = false;

	if (status != SMPP_ROK) {
		return status;
	}
	m->told.destination = p->destination;
	g = smssc_tsp_parts_find(scs, &m->told, &name);
	if (!g && scs->parts_n >= scs->s->conf.smes.gateway.pending) {
		m->why = "too many triggers wait for their segments";
		return SMPP_RTHROTTLED;
	}
	if (!g && !(g = begin(b, m, &name))) {
		return SMPP_RSYSERR;
	}
	status = fits(g, b, m, &known);
	if (status == SMPP_ROK) {
		status = known ? answer_later(g, b, p, false) : take(g, b, m, p);
	}
	if (!g->have) {
		smssc_tsp_parts_end(g);
	}
	return status;
}

bool smssc_tsp_part_of(const struct sme_bind *b, const struct sme_message *m, const struct smpp_pdu *p)
{
	const struct dlv_part name = name_of(&m->content);
	struct sme_told told = m->told;

	told.destination = p->destination;
	return m->content.part != SMPP_FORM_NONE && b->owner->scs && smssc_tsp_parts_find(b->owner->scs, &told, &name);
}

/* None came in this turn. */
static bool is_stored(const struct tsp_parts *g)
{
	for (size_t i = 0; i < g->name.parts; i++) {
		if (g->ids[i] && !smssc_tsp_segment(g, i)) {
			return false;
		}
	}
	return true;
}

bool smssc_tsp_parts_cancel(struct sme_bind *b, const struct dlv_msg *m)
{
	struct tsp_parts *g;

	DL_FOREACH (b->s->tsp->parts, g) {
		if (g->scs == b->owner->scs && g->number == m->text.sme.number && g->state == PARTS_GATHERING && is_stored(g)) {
			smssc_tsp_parts_leave(g, false);
			smssc_tsp_parts_end(g);
			return true;
		}
	}
	return false;
}
