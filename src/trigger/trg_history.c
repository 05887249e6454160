/* trg_history.c - the transitions of a trigger, eight octets each, and the event it waits for. */
#include <string.h>

#include "trigger/trg_int.h"

#define GROW 5u

static bool make_room(struct trg *t)
{
	struct trg_history *p = t->history;
	uint8_t cap = p ? (uint8_t)(p->cap + GROW) : GROW;

	if (p && p->n < p->cap) {
		return true;
	}
	if (p && p->cap >= TRG_HISTORY_MAX) { /* keeps the first and the latest entries */
		memmove(&p->entries[TRG_HISTORY_FIRST], &p->entries[TRG_HISTORY_FIRST + 1],
			(p->n - TRG_HISTORY_FIRST - 1u) * sizeof p->entries[0]);
		p->n--;
		trg_count(&p->dropped);
		return true;
	}
	if (cap > TRG_HISTORY_MAX) {
		cap = TRG_HISTORY_MAX;
	}
	p = trg_room_take(t, sizeof *p + cap * sizeof p->entries[0]);
	if (!p) {
		return false;
	}
	p->n = 0, p->dropped = 0;
	if (t->history) {
		memcpy(p, t->history, sizeof *p + t->history->n * sizeof p->entries[0]);
		trg_room_give(t, t->history);
	}
	p->cap = cap;
	t->history = p;
	return true;
}

void trg_history_add(struct trg *t, const struct trg_history_packed *e)
{
	if (!make_room(t)) {
		return;
	}
	t->history->entries[t->history->n++] = *e;
}

void trg_history_note(struct trg *t, enum trg_state from, enum trg_state to, enum trg_event_kind ev, int reason, uint64_t now_ms)
{
	uint64_t after = now_ms > t->req.received_ms ? now_ms - t->req.received_ms : 0;
	struct trg_history_packed e = { .after_ms = after < UINT32_MAX ? (uint32_t)after : UINT32_MAX,
					.from = (uint8_t)from,
					.to = (uint8_t)to,
					.event = (uint8_t)ev,
					.reason = reason > 0 && reason <= UINT8_MAX ? (uint8_t)reason : 0 };

	trg_history_add(t, &e);
}

uint64_t trg_history_taken(const struct trg *t)
{
	const struct trg_history *p = t->history;

	for (size_t i = p ? p->n : 0; i > 0; i--) {
		const struct trg_history_packed *e = &p->entries[i - 1];

		if (e->to == TRG_SUBMITTING || e->to == TRG_RESUBMITTING || e->event == TRG_EV_DTA_OK ||
		    e->event == TRG_EV_DTA_STORED) {
			return t->req.received_ms + e->after_ms;
		}
	}
	return 0;
}

size_t trg_history(const struct trg *t, struct trg_history_entry out[TRG_HISTORY_MAX], uint32_t *dropped)
{
	const struct trg_history *p = t->history;
	size_t n = p ? p->n : 0;

	*dropped = p ? p->dropped : 0;
	for (size_t i = 0; i < n; i++) {
		const struct trg_history_packed *e = &p->entries[i];

		out[i] = (struct trg_history_entry){ t->req.received_ms + e->after_ms, (enum trg_state)e->from,
						     (enum trg_state)e->to, (enum trg_event_kind)e->event, e->reason };
	}
	return n;
}

/* -- as octets: a head (the new state and what follows), the event, the time since the entry
 * before, and only when the head says so the state before and the reason */

#define HEAD_STATE 0x0fu
#define HEAD_FROM 0x10u
#define HEAD_REASON 0x20u

_Static_assert(TRG_STATE_COUNT <= HEAD_STATE + 1, "a state is four bits");

static void put_entry(struct buf *b, const struct trg_history_packed *e, const struct trg_history_packed *before)
{
	bool from = e->from != before->to;

	buf_u8(b, (uint8_t)(e->to | (from ? HEAD_FROM : 0) | (e->reason ? HEAD_REASON : 0)));
	buf_u8(b, e->event);
	buf_var64(b, (uint32_t)(e->after_ms - before->after_ms)); /* modulo 2^32: any order comes back */
	if (from) {
		buf_u8(b, e->from);
	}
	if (e->reason) {
		buf_u8(b, e->reason);
	}
}

void trg_history_put(struct buf *b, const struct trg_history *h)
{
	static const struct trg_history_packed none;
	const struct trg_history_packed *before = &none;

	for (size_t i = 0; h && i < h->n; i++) {
		put_entry(b, &h->entries[i], before);
		before = &h->entries[i];
	}
}

struct trg_history_packed trg_history_get(struct rd *r, const struct trg_history_packed *before)
{
	uint8_t head = rd_u8(r);
	struct trg_history_packed e = { .to = head & HEAD_STATE, .event = rd_u8(r) };
	uint64_t since_ms = rd_var64(r);

	r->bad |= since_ms > UINT32_MAX || (head & ~(HEAD_STATE | HEAD_FROM | HEAD_REASON));
	e.after_ms = before->after_ms + (uint32_t)since_ms;
	e.from = head & HEAD_FROM ? rd_u8(r) : before->to;
	e.reason = head & HEAD_REASON ? rd_u8(r) : 0;
	return e;
}

static const char *const waits[TRG_STATE_COUNT] = {
	[TRG_IDLE] = "its turn",
	[TRG_ASKING] = "the HSS's answer",
	[TRG_WRITING] = "the journal",
	[TRG_SUBMITTING] = "the SMS-SC's answer",
	[TRG_RESUBMITTING] = "the SMS-SC's answer to the copy",
	[TRG_RESUMING] = "the SMS-SC, to ask again after a restart",
	[TRG_RECALLING] = "the SMS-SC's answer to the recall",
	[TRG_ACCEPTED] = "the SMS-SC's report",
	[TRG_REPORTING] = "the journal, with its report",
	[TRG_NOTIFYING] = "the SCS's acknowledgement of the report",
	[TRG_BACKOFF] = "the next time the report is sent, or the SCS to connect",
	[TRG_DONE] = "nothing",
	[TRG_REVOKING] = "the SMS-SC to give it back",
	[TRG_REFUSING] = "the journal, with its refusal",
	[TRG_UNKNOWN] = "a receipt: the SMS-SC did not answer, may have it or not, and it is not sent again",
};

void trg_look(const struct trg *t, struct trg_outlook *out)
{
	uint64_t until = UINT64_MAX;

	if (t->state == TRG_NOTIFYING || t->state == TRG_BACKOFF) {
		until = trg_report_kept_until(t);
	} else if (t->state == TRG_RESUMING || t->state == TRG_RECALLING || t->state == TRG_ACCEPTED ||
		   t->state == TRG_REVOKING || t->state == TRG_UNKNOWN) {
		until = trg_report_deadline(t);
	}
	*out = (struct trg_outlook){ waits[t->state], t->armed_ms, until };
}
