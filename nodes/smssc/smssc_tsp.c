/* smssc_tsp.c - questions to the gateway about triggers of SMEs and their answers: what is the same
 * for all of them.
 *
 *  STORING --on disk--> ASKED --answer--> what follows is of its kind
 *     |      no link or |  ^
 *     |      link lost  v  | a link, or the pause is over: again with T
 *     |                AGAIN --an SME waits, and smes.gateway.answer_wait is over--> late: of its kind
 *     '--no disk--> refused
 *
 * A repetition has the End-to-End-Id and the Session-Id of the first, so that the gateway repeats its
 * answer. After REPEAT_MS the gateway may have forgotten the first, and would take the repetition for
 * a new request. An SME never waits that long: smes.gateway.answer_wait is at most a minute.
 * An error as the answer to a repetition says nothing of the first: an edge answers alone when it
 * cannot ask the core. The gateway may have the first, as if there were no answer. */
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "base/fault.h"
#include "nodes/smssc/smssc_tsp_ask.h"

/* The gateway knows copies for 4 minutes (limits.duplicates_window) */
enum { DAR_EXTRA = 4096, REPEAT_MS = 120000, PAUSE_MIN_MS = 500, PAUSE_MAX_MS = 60000 };

OBJ_FIRST(struct tsp_ask);

/* -- one question */

static void name(struct tsp_ask *a)
{
	a->end_to_end = link_ids_end_to_end(&a->scs->ids);
	a->asked_real_ms = smssc_now(a->scs->s).real_ms;
	a->sent = a->repeated = false;
}

struct tsp_ask *smssc_tsp_ask_new(struct tsp_scs *scs, const struct tsp_kind *kind, struct sme_bind *b, const struct smpp_pdu *p)
{
	struct tsp_ask *a = calloc(1, sizeof *a);

	if (!a) {
		return NULL;
	}
	obj_begin(&a->obj, TSP_ASK_MAGIC);
	a->scs = scs;
	a->kind = kind;
	a->deadline_ms = net_loop_now_ms(scs->s->loop) + scs->s->conf.smes.gateway.answer_wait_ms;
	name(a);
	if (p && !(a->ticket = calloc(1, sizeof *a->ticket))) {
		smssc_tsp_ask_free(a);
		return NULL;
	}
	if (p) {
		*a->ticket = (struct sme_ticket){ .bind = b, .command = p->header.command, .sequence = p->header.sequence };
	}
	return a;
}

void smssc_tsp_ask_free(struct tsp_ask *a)
{
	if (a) {
		OBJ_END(a, TSP_ASK_MAGIC);
		free(a->ticket);
		free(a);
	}
}

void smssc_tsp_ask_begin(struct tsp_ask *a, uint64_t id)
{
	a->id = id;
	DL_APPEND(a->scs->s->tsp->asks, a);
	a->scs->asks_n++;
}

void smssc_tsp_ask_end(struct tsp_ask *a)
{
	DL_DELETE(a->scs->s->tsp->asks, a);
	a->scs->asks_n--;
	smssc_tsp_ask_free(a);
}

void smssc_tsp_ask_turn(struct tsp_ask *a, const struct tsp_kind *kind)
{
	a->kind = kind;
	a->state = TSP_STORING;
	name(a);
}

struct dlv_change smssc_tsp_ask_change(const struct tsp_ask *a, enum dlv_change_kind kind)
{
	return (struct dlv_change){ .kind = (uint8_t)kind, .end_to_end = a->end_to_end, .asked_real_ms = a->asked_real_ms };
}

void smssc_tsp_ask_refuse(struct tsp_ask *a, enum smpp_status status, const char *words)
{
	struct sme_ticket *t = a->ticket;

	if (!t) {
		return;
	}
	log_info(&a->scs->s->log, "tsp", "%s of '%s', delivery %llu, refused with %s: %s", a->kind->word,
		 a->scs->owner->conf->system_id, (unsigned long long)a->id, smpp_status_name(status), words);
	if (t->bind) {
		bind_refuse(t->bind->conn, t->command, status, t->sequence);
	}
	free(t);
	a->ticket = NULL;
}

void smssc_tsp_ask_tell(struct tsp_ask *a, enum smpp_status status)
{
	if (a->ticket) {
		a->ticket->status = status;
		DL_APPEND(a->scs->s->sme->tickets, a->ticket);
		a->ticket = NULL;
	}
}

enum smpp_status smssc_tsp_may_ask(struct tsp_scs *scs, const char **why)
{
	if (!scs || !link_peer_link(scs->peer)) {
		*why = "the gateway is away";
		return SMPP_RSYSERR;
	}
	if (scs->asks_n >= scs->s->conf.smes.gateway.pending) {
		*why = "too many requests about triggers wait for the gateway";
		return SMPP_RTHROTTLED;
	}
	return SMPP_ROK;
}

/* -- the wait for a connection, and pauses */

void smssc_tsp_arm(struct smssc *s)
{
	uint64_t now = net_loop_now_ms(s->loop), next = smssc_tsp_parts_next_ms(s);
	struct tsp_ask *a;

	DL_FOREACH (s->tsp->asks, a) {
		next = a->state == TSP_AGAIN && a->deadline_ms < next ? a->deadline_ms : next;
	}
	if (next == UINT64_MAX) {
		net_timer_stop(s->tsp->timer);
	} else {
		net_timer_start(s->tsp->timer, next > now ? next - now : 0);
	}
}

void smssc_tsp_ask_later(struct tsp_ask *a)
{
	uint32_t pause = a->pause_ms ? a->pause_ms * 2 : PAUSE_MIN_MS;

	a->pause_ms = pause < PAUSE_MAX_MS ? pause : PAUSE_MAX_MS;
	a->state = TSP_AGAIN;
	a->deadline_ms = net_loop_now_ms(a->scs->s->loop) + a->pause_ms;
	smssc_tsp_arm(a->scs->s);
}

/* -- the request and its answer */

static void session_of(const struct tsp_ask *a, char session_id[LINK_SESSION_ID_MAX])
{
	(void)link_ids_session_of(&a->scs->ids, session_id, a->asked_real_ms, a->end_to_end);
}

static void on_daa(void *arg, int err, const struct dia_msg *msg)
{
	struct tsp_ask *a = OBJ_OF(arg, struct tsp_ask, TSP_ASK_MAGIC);
	struct smssc *s = a->scs->s;
	char session_id[LINK_SESSION_ID_MAX];
	struct app_request asked = { .session_id = session_id, .host = s->conf.smes.gateway.host };
	struct dlv_msg *m = dlv_afar(s->dlv, a->id);
	struct dia_failed failed = { 0 };
	struct tsp_daa daa;
	char room[SME_TRIGGER_WORDS_MAX];
	const char *foreign;

	if (s->tsp->ending) {
		return;
	}
	if (err == ERR_CLOSED) {
		a->state = TSP_AGAIN;
		smssc_tsp_arm(s);
		return;
	}
	if (err) {
		a->kind->late(a, m, "the gateway did not answer in time; it may have it");
		return;
	}
	FAULT_POINT(SME_DAA_TAKEN);
	if (tsp_daa_parse(&daa, msg, &failed)) {
		a->kind->late(a, m, failed.text);
		return;
	}
	session_of(a, session_id);
	asked.session_id_len = strlen(session_id);
	foreign = app_foreign(&daa.head, &asked);
	if (foreign) {
		a->kind->late(a, m, foreign);
	} else if (a->repeated && !sme_trigger_is_answered(&daa)) {
		a->kind->late(a, m, sme_trigger_words(&daa, room));
	} else {
		a->kind->answered(a, m, &daa);
	}
}

static int send_dar(struct tsp_ask *a, struct link *l, const struct dlv_msg *m)
{
	struct smssc *s = a->scs->s;
	const struct smssc_sme_conf *c = &s->conf.smes;
	uint64_t now = net_loop_now_ms(s->loop), left = a->deadline_ms > now ? a->deadline_ms - now : 1;
	char session_id[LINK_SESSION_ID_MAX];
	const struct sme_trigger_ends ends = { .host = a->scs->conf.host,
					       .realm = a->scs->conf.realm,
					       .iwf_host = c->gateway.host,
					       .iwf_realm = c->gateway.realm,
					       .session_id = session_id,
					       .end_to_end = a->end_to_end,
					       .again = a->sent };
	size_t cap = m->text.payload_len + DAR_EXTRA;
	uint8_t *octets = malloc(cap);
	struct buf out = buf_over(octets, cap);
	int err = ERR_NOMEM;

	session_of(a, session_id);
	if (octets) {
		a->kind->build(&out, &m->text, &ends);
		err = out.full
			  ? ERR_LIMIT
			  : link_request(l, out.p, out.len, (uint32_t)(a->ticket ? left : c->gateway.answer_wait_ms), on_daa, a);
	}
	free(octets);
	return err;
}

static bool is_aged(const struct tsp_ask *a)
{
	return a->sent && smssc_now(a->scs->s).real_ms >= a->asked_real_ms + REPEAT_MS;
}

/* Sends the request. One that cannot be sent waits for the next connection, or until its time is
 * over. */
static void ask(struct tsp_ask *a)
{
	struct dlv_msg *m = dlv_afar(a->scs->s->dlv, a->id);
	struct link *l = link_peer_link(a->scs->peer);

	if (!m) {
		smssc_tsp_ask_refuse(a, SMPP_RSYSERR, "it is over meanwhile");
		smssc_tsp_ask_end(a);
		return;
	}
	if (is_aged(a) && a->kind->aged) {
		a->kind->aged(a, m);
	} else if (is_aged(a)) {
		name(a);
	}
	if (l && !send_dar(a, l, m)) {
		a->state = TSP_ASKED;
		a->repeated = a->sent;
		a->sent = true;
		FAULT_POINT(SME_DAR_QUEUED);
		return;
	}
	if (!a->ticket) {
		smssc_tsp_ask_later(a);
	}
	a->state = TSP_AGAIN;
}

void smssc_tsp_due(void *arg)
{
	struct smssc *s = OBJ_OF(arg, struct smssc, SMSSC_MAGIC);
	uint64_t now = net_loop_now_ms(s->loop);
	struct tsp_ask *a, *after;

	DL_FOREACH_SAFE (s->tsp->asks, a, after) {
		if (a->state != TSP_AGAIN || a->deadline_ms > now) {
			continue;
		}
		if (a->ticket) {
			a->kind->late(a, dlv_afar(s->dlv, a->id),
				      a->sent ? "the gateway went away, and did not come back in time; it may have it"
					      : "the gateway is away");
		} else {
			ask(a);
		}
	}
	smssc_tsp_parts_due(s);
	smssc_tsp_arm(s);
}

void smssc_tsp_usable(struct tsp_scs *scs)
{
	struct tsp_ask *a, *after;

	DL_FOREACH_SAFE (scs->s->tsp->asks, a, after) {
		if (a->scs == scs && a->state == TSP_AGAIN) {
			ask(a);
		}
	}
	smssc_tsp_arm(scs->s);
}

static void lost(struct tsp_ask *a)
{
	struct dlv_msg *m = dlv_afar(a->scs->s->dlv, a->id);

	smssc_tsp_ask_refuse(a, SMPP_RSYSERR, "the disk does not take it");
	if (a->kind->lost && m) {
		a->kind->lost(a, m);
	}
	smssc_tsp_ask_end(a);
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
		if (a->state != TSP_STORING) {
			continue;
		}
		if (durable || !a->kind->needs_disk) {
			wait = true;
			ask(a);
		} else {
			lost(a);
		}
	}
	wait = wait || s->tsp->parts_changed;
	smssc_tsp_parts_committed(s, durable);
	if (wait) {
		smssc_tsp_arm(s);
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
	smssc_tsp_parts_forget(s, b);
}

void smssc_tsp_drop(struct smssc *s)
{
	while (s->tsp->asks) {
		smssc_tsp_ask_end(s->tsp->asks);
	}
	smssc_tsp_parts_drop(s);
}
