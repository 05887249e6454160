/* smssc_tsp.c - Device-Action-Requests and their answers.
 *
 *  STORING --on disk--> ASKED --answer--> the SME is answered
 *     |      no link or |  ^
 *     |      link lost  v  | a link: again with T
 *     |                AGAIN --smes.gateway.answer_wait is over--> refused
 *     '--no disk--> refused
 *
 * What was sent and is refused without an answer of the gateway may be there all the same: the SME is
 * told to try again, so that the first one is recalled.
 *
 *  RECALL --link--> RECALLING --answer, or its time is over--> gone
 */
#include "nodes/smssc/smssc_tsp.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "nodes/smssc/dlv_afar.h"
#include "nodes/smssc/sme_trigger.h"

enum { DAR_EXTRA = 4096, RECALL_MAX = 4096, RECALL_WAIT_MS = 60000 };

enum ask_state { ASK_STORING, ASK_ASKED, ASK_AGAIN, ASK_RECALL, ASK_RECALLING };

#define TSP_ASK_MAGIC 0x71e3d80cu
struct tsp_ask {
	struct obj obj;
	struct tsp_scs *scs;
	struct sme_ticket *ticket; /* in no list; NULL: the SME is answered, and it is being recalled */
	enum ask_state state;
	bool sent; /* the gateway may have it */
	uint64_t id, deadline_ms;
	uint32_t end_to_end, reference;
	uint8_t msisdn[STR_TBCD_MAX], msisdn_len;
	char session_id[LINK_SESSION_ID_MAX];
	struct tsp_ask *prev, *next;
};
OBJ_FIRST(struct tsp_ask);

static void end_ask(struct tsp_ask *a)
{
	DL_DELETE(a->scs->s->tsp->asks, a);
	a->scs->asks_n--;
	OBJ_END(a, TSP_ASK_MAGIC);
	free(a->ticket);
	free(a);
}

/* The refusal leaves with the commit that erases it. */
static void answer_refused(struct tsp_ask *a, enum smpp_status status, const char *words)
{
	struct smssc *s = a->scs->s;

	s->sme->counts.triggers_refused++;
	log_info(&s->log, "tsp", "trigger of '%s', delivery %llu, refused with %s: %s", a->scs->owner->conf->system_id,
		 (unsigned long long)a->id, smpp_status_name(status), words);
	a->ticket->status = status;
	DL_APPEND(s->sme->tickets, a->ticket);
	a->ticket = NULL;
	dlv_afar_refused(s->dlv, a->id, smssc_now(s));
}

static void refuse(struct tsp_ask *a, enum smpp_status status, const char *words)
{
	answer_refused(a, status, words);
	end_ask(a);
}

static void accepted(struct tsp_ask *a)
{
	struct smssc *s = a->scs->s;

	dlv_afar_accepted(s->dlv, a->id);
	if (a->ticket->bind) {
		smssc_sme_answer(a->ticket);
	}
	end_ask(a);
}

/* -- the wait for a connection */

static bool waits(const struct tsp_ask *a)
{
	return a->state == ASK_AGAIN || a->state == ASK_RECALL;
}

static void arm(struct smssc *s)
{
	uint64_t now = net_loop_now_ms(s->loop), next = UINT64_MAX;
	struct tsp_ask *a;

	DL_FOREACH (s->tsp->asks, a) {
		next = waits(a) && a->deadline_ms < next ? a->deadline_ms : next;
	}
	if (next == UINT64_MAX) {
		net_timer_stop(s->tsp->timer);
	} else {
		net_timer_start(s->tsp->timer, next > now ? next - now : 0);
	}
}

static struct sme_trigger_ends ends_of(const struct tsp_ask *a)
{
	const struct smssc_sme_conf *c = &a->scs->s->conf.smes;

	return (struct sme_trigger_ends){ .host = a->scs->conf.host,
					  .realm = a->scs->conf.realm,
					  .iwf_host = c->gateway.host,
					  .iwf_realm = c->gateway.realm,
					  .session_id = a->session_id,
					  .end_to_end = a->end_to_end };
}

static void on_recalled(void *arg, int err, const struct dia_msg *m)
{
	struct tsp_ask *a = OBJ_OF(arg, struct tsp_ask, TSP_ASK_MAGIC);
	struct smssc *s = a->scs->s;
	char room[SME_TRIGGER_WORDS_MAX];
	struct dia_failed failed = { 0 };
	struct tsp_daa daa;

	if (s->tsp->ending) {
		return;
	}
	if (err == ERR_CLOSED) {
		a->state = ASK_RECALL;
		arm(s);
		return;
	}
	log_info(&s->log, "tsp", "recall of a trigger of '%s', reference %u: %s", a->scs->owner->conf->system_id, a->reference,
		 err                               ? err_str(err)
		 : tsp_daa_parse(&daa, m, &failed) ? failed.text
						   : sme_trigger_words(&daa, room));
	end_ask(a);
}

static void recall(struct tsp_ask *a)
{
	const struct sme_trigger_ends ends = ends_of(a);
	struct link *l = link_peer_link(a->scs->peer);
	uint8_t octets[RECALL_MAX];
	struct buf out = buf_over(octets, sizeof octets);

	a->state = ASK_RECALL;
	if (!l) {
		return;
	}
	sme_trigger_recall(&out, (struct dia_bytes){ a->msisdn, a->msisdn_len }, a->reference, &ends);
	if (!out.full &&
	    !link_request(l, out.p, out.len, (uint32_t)a->scs->s->conf.smes.gateway.answer_wait_ms, on_recalled, a)) {
		a->state = ASK_RECALLING;
	}
}

/* Without an answer that says what became of it. */
static void give_up(struct tsp_ask *a, const char *words)
{
	struct smssc *s = a->scs->s;

	if (!a->sent) {
		refuse(a, SMPP_RSYSERR, words);
		return;
	}
	s->sme->counts.triggers_unknown++;
	answer_refused(a, SMPP_RSYSERR, words);
	a->deadline_ms = net_loop_now_ms(s->loop) + RECALL_WAIT_MS;
	a->end_to_end = link_ids_end_to_end(&a->scs->ids);
	link_ids_session(&a->scs->ids, a->session_id);
	recall(a);
	arm(s);
}

void smssc_tsp_due(void *arg)
{
	struct smssc *s = OBJ_OF(arg, struct smssc, SMSSC_MAGIC);
	uint64_t now = net_loop_now_ms(s->loop);
	struct tsp_ask *a, *after;

	DL_FOREACH_SAFE (s->tsp->asks, a, after) {
		if (a->state == ASK_RECALL && a->deadline_ms <= now) {
			end_ask(a);
		} else if (a->state == ASK_AGAIN && a->deadline_ms <= now) {
			give_up(a, a->sent ? "the gateway went away, and did not come back in time; it may have the trigger"
					   : "the gateway is away");
		}
	}
	arm(s);
}

/* -- the request and its answer */

static void on_daa(void *arg, int err, const struct dia_msg *m)
{
	struct tsp_ask *a = OBJ_OF(arg, struct tsp_ask, TSP_ASK_MAGIC);
	struct smssc *s = a->scs->s;
	const struct app_request asked = { .session_id = a->session_id,
					   .session_id_len = strlen(a->session_id),
					   .host = s->conf.smes.gateway.host };
	char room[SME_TRIGGER_WORDS_MAX];
	struct dia_failed failed = { 0 };
	struct tsp_daa daa;
	const char *foreign;

	if (s->tsp->ending) {
		return;
	}
	if (err == ERR_CLOSED) {
		a->state = ASK_AGAIN;
		arm(s);
		return;
	}
	if (err) {
		give_up(a, "the gateway did not answer in time; it may have the trigger");
		return;
	}
	if (tsp_daa_parse(&daa, m, &failed)) {
		give_up(a, failed.text);
		return;
	}
	foreign = app_foreign(&daa.head, &asked);
	if (foreign) {
		give_up(a, foreign);
	} else if (sme_trigger_status(&daa) == SMPP_ROK) {
		accepted(a);
	} else {
		refuse(a, sme_trigger_status(&daa), sme_trigger_words(&daa, room));
	}
}

static int send_dar(struct tsp_ask *a, struct link *l, const struct dlv_msg *m)
{
	struct sme_trigger_ends ends = ends_of(a);
	uint64_t now = net_loop_now_ms(a->scs->s->loop);
	size_t cap = m->text.payload_len + DAR_EXTRA;
	uint8_t *octets = malloc(cap);
	struct buf out = buf_over(octets, cap);
	int err = ERR_NOMEM;

	ends.again = a->sent;
	if (octets) {
		sme_trigger_build(&out, &m->text, &ends);
		err = out.full ? ERR_LIMIT
			       : link_request(l, out.p, out.len, a->deadline_ms > now ? (uint32_t)(a->deadline_ms - now) : 1,
					      on_daa, a);
	}
	free(octets);
	return err;
}

/* What cannot be sent waits for the next connection, until its time is over. */
static void ask(struct tsp_ask *a)
{
	struct dlv_msg *m = dlv_afar(a->scs->s->dlv, a->id);
	struct link *l = link_peer_link(a->scs->peer);

	a->state = ASK_AGAIN;
	if (l && m && !send_dar(a, l, m)) {
		a->state = ASK_ASKED;
		a->sent = true;
		a->reference = m->text.reference;
		a->msisdn_len = (uint8_t)m->text.msisdn_len; /* of a number that was read here: it fits */
		memcpy(a->msisdn, m->text.msisdn, a->msisdn_len);
	}
}

void smssc_tsp_usable(struct tsp_scs *scs)
{
	struct tsp_ask *a, *after;

	DL_FOREACH_SAFE (scs->s->tsp->asks, a, after) {
		if (a->scs == scs && a->state == ASK_AGAIN) {
			ask(a);
		} else if (a->scs == scs && a->state == ASK_RECALL) {
			recall(a);
		}
	}
	arm(scs->s);
}

void smssc_tsp_committed(struct smssc *s, bool durable)
{
	struct tsp_ask *a, *after;
	bool wait = false;

	if (!s->tsp) {
		return;
	}
	smssc_tsp_reports_committed(s, durable);
	DL_FOREACH_SAFE (s->tsp->asks, a, after) {
		if (a->state != ASK_STORING) {
			continue;
		}
		if (durable) {
			ask(a);
			wait = wait || a->state == ASK_AGAIN;
			continue;
		}
		if (a->ticket->bind) {
			bind_refuse(a->ticket->bind->conn, a->ticket->command, SMPP_RSYSERR, a->ticket->sequence);
		}
		end_ask(a);
	}
	if (wait) {
		arm(s);
	}
}

void smssc_tsp_forget(struct smssc *s, const struct sme_bind *b)
{
	struct tsp_ask *a;

	if (!s->tsp) {
		return;
	}
	DL_FOREACH (s->tsp->asks, a) {
		if (a->ticket && a->ticket->bind == b) {
			a->ticket->bind = NULL;
		}
	}
}

static enum smpp_status begin_ask(struct tsp_scs *scs, struct sme_bind *b, struct sme_message *m, const struct smpp_pdu *p)
{
	struct smssc *s = scs->s;
	struct tsp_ask *a = calloc(1, sizeof *a);
	struct sme_ticket *t = calloc(1, sizeof *t);
	enum smpp_status status = SMPP_RSYSERR;

	if (a && t) {
		status = smssc_sme_store_trigger(b, m, &p->destination, &a->id, &t->number);
	}
	if (status != SMPP_ROK) {
		free(a);
		free(t);
		return status;
	}
	obj_begin(&a->obj, TSP_ASK_MAGIC);
	*t = (struct sme_ticket){ .bind = b, .command = p->header.command, .sequence = p->header.sequence, .number = t->number };
	a->ticket = t;
	a->scs = scs;
	a->deadline_ms = net_loop_now_ms(s->loop) + s->conf.smes.gateway.answer_wait_ms;
	a->end_to_end = link_ids_end_to_end(&scs->ids);
	link_ids_session(&scs->ids, a->session_id);
	DL_APPEND(s->tsp->asks, a);
	scs->asks_n++;
	s->sme->counts.triggers++;
	return SMPP_ROK;
}

enum smpp_status smssc_tsp_submit(struct sme_bind *b, struct sme_message *m, const struct smpp_pdu *p)
{
	struct tsp_scs *scs = b->owner->scs;

	if (!scs || !link_peer_link(scs->peer)) {
		m->why = "the gateway is away";
		return SMPP_RSYSERR;
	}
	if (scs->asks_n >= scs->s->conf.smes.gateway.pending) {
		m->why = "too many triggers wait for the gateway";
		return SMPP_RTHROTTLED;
	}
	return begin_ask(scs, b, m, p);
}

void smssc_tsp_drop(struct smssc *s)
{
	while (s->tsp->asks) {
		end_ask(s->tsp->asks);
	}
}
