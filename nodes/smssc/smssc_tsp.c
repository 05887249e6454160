/* smssc_tsp.c - connections to the gateway, Device-Action-Requests and their answers.
 *
 *  STORING --on disk--> ASKED --answer--> the SME is answered
 *     |      no link or |  ^
 *     |      link lost  v  | a link: again with T
 *     |                AGAIN --smes.gateway.answer_wait is over--> refused
 *     '--no disk--> refused
 */
#include "nodes/smssc/smssc_tsp.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "base/clock.h"
#include "nodes/common/node.h"
#include "nodes/smssc/dlv_afar.h"
#include "nodes/smssc/sme_trigger.h"

/* After a loss three watchdog answers come before the first trigger (RFC 3539): soon, because there is
 * no second gateway that it would protect. */
enum { RECONNECT_MS = 8000, REOPEN_MS = 200, DPA_WAIT_MS = 2000, DAR_EXTRA = 4096 };

enum ask_state { ASK_STORING, ASK_ASKED, ASK_AGAIN };

#define TSP_ASK_MAGIC 0x71e3d80cu
struct tsp_ask {
	struct obj obj;
	struct tsp_scs *scs;
	struct sme_ticket *ticket; /* in no list */
	enum ask_state state;
	bool sent; /* the gateway may have it */
	uint64_t id, deadline_ms;
	uint32_t end_to_end;
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
static void refuse(struct tsp_ask *a, enum smpp_status status, const char *words)
{
	struct smssc *s = a->scs->s;

	s->sme->counts.triggers_refused++;
	log_info(&s->log, "tsp", "trigger of '%s', delivery %llu, refused with %s: %s", a->scs->owner->conf->system_id,
		 (unsigned long long)a->id, smpp_status_name(status), words);
	a->ticket->status = status;
	DL_APPEND(s->sme->tickets, a->ticket);
	a->ticket = NULL;
	dlv_afar_refused(s->dlv, a->id, smssc_now(s));
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

static void give_up(struct tsp_ask *a, const char *words)
{
	a->scs->s->sme->counts.triggers_unknown += a->sent;
	refuse(a, SMPP_RSYSERR, words);
}

/* -- the wait for a connection */

static void arm(struct smssc *s)
{
	uint64_t now = net_loop_now_ms(s->loop), next = UINT64_MAX;
	struct tsp_ask *a;

	DL_FOREACH (s->tsp->asks, a) {
		next = a->state == ASK_AGAIN && a->deadline_ms < next ? a->deadline_ms : next;
	}
	if (next == UINT64_MAX) {
		net_timer_stop(s->tsp->timer);
	} else {
		net_timer_start(s->tsp->timer, next > now ? next - now : 0);
	}
}

static void on_timer(void *arg)
{
	struct smssc *s = OBJ_OF(arg, struct smssc, SMSSC_MAGIC);
	uint64_t now = net_loop_now_ms(s->loop);
	struct tsp_ask *a, *after;

	DL_FOREACH_SAFE (s->tsp->asks, a, after) {
		if (a->state == ASK_AGAIN && a->deadline_ms <= now) {
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
	const struct smssc_sme_conf *c = &a->scs->s->conf.smes;
	const struct sme_trigger_ends ends = { .host = a->scs->conf.host,
					       .realm = a->scs->conf.realm,
					       .iwf_host = c->gateway.host,
					       .iwf_realm = c->gateway.realm,
					       .session_id = a->session_id,
					       .end_to_end = a->end_to_end,
					       .again = a->sent };
	uint64_t now = net_loop_now_ms(a->scs->s->loop);
	size_t cap = m->text.payload_len + DAR_EXTRA;
	uint8_t *octets = malloc(cap);
	struct buf out = buf_over(octets, cap);
	int err = ERR_NOMEM;

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
	}
}

static void ask_again(struct tsp_scs *scs)
{
	struct tsp_ask *a, *after;

	DL_FOREACH_SAFE (scs->s->tsp->asks, a, after) {
		if (a->scs == scs && a->state == ASK_AGAIN) {
			ask(a);
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
		if (a->ticket->bind == b) {
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

/* -- connections */

static void on_open(void *arg, struct link *l)
{
	struct tsp_scs *scs = OBJ_OF(arg, struct tsp_scs, TSP_SCS_MAGIC);

	log_info(&scs->s->log, "tsp", "connected to %s, %s, as %s for '%s'", link_peer_host(l), link_address(l), scs->conf.host,
		 scs->owner->conf->system_id);
	ask_again(scs);
}

static void on_usable(void *arg, struct link *l)
{
	(void)l;
	ask_again(OBJ_OF(arg, struct tsp_scs, TSP_SCS_MAGIC));
}

static void on_request(void *arg, struct link *l, const struct dia_msg *m)
{
	smssc_tsp_request(OBJ_OF(arg, struct tsp_scs, TSP_SCS_MAGIC), l, m);
}

static void on_down(void *arg, struct link *l, int err, const char *why)
{
	struct tsp_scs *scs = OBJ_OF(arg, struct tsp_scs, TSP_SCS_MAGIC);

	(void)err;
	log_warn(&scs->s->log, "tsp", "the connection of '%s' to the gateway ended: %s", scs->owner->conf->system_id, why);
	smssc_tsp_reports_forget(scs->s, l);
}

static const struct link_cb link_callbacks = {
	.on_open = on_open, .on_usable = on_usable, .on_request = on_request, .on_down = on_down
};

static int connect_one(struct smssc *s, size_t n)
{
	const struct sme_gateway_conf *g = &s->conf.smes.gateway;
	struct sme_owner *o = &s->sme->owners[n];
	struct tsp_scs *scs = &s->tsp->scs[n];

	obj_begin(&scs->obj, TSP_SCS_MAGIC);
	scs->s = s;
	scs->owner = o;
	node_link_conf(&scs->conf, &o->conf->scs.identity, &s->log);
	scs->conf.applications[0] = APP_TSP;
	scs->conf.applications_n = 1;
	scs->conf.dpa_wait_ms = DPA_WAIT_MS;
	scs->conf.reconnect_ms = RECONNECT_MS;
	scs->conf.reopen_ms = REOPEN_MS;
	scs->conf.watchdog_ms = (uint32_t)s->conf.watchdog_ms;
	scs->conf.pending_max = g->pending;
	scs->peer_conf = (struct link_peer_conf){
		.host = g->host, .realm = g->realm, .address = g->address, .port = g->port, .tls = s->tsp_tls[n]
	};
	link_ids_init(&scs->ids, scs->conf.host, clock_real_ms(), node_random());
	o->scs = scs;
	return link_peer_new(&scs->peer, s->loop, &scs->peer_conf, &scs->conf, &link_callbacks, scs);
}

static int make_tls(struct tls_ctx **out, const struct smssc_sme_conf *c, size_t n, const struct cfg_lines *lines,
		    struct report *why)
{
	struct tls_anchor_conf anchors[IDENTITY_ANCHORS_MAX] = { 0 };
	const struct sme_scs_conf *scs = &c->list[n].scs;
	struct tls_conf conf = { .certificate = scs->certificate,
				 .own = TLS_OWN_USABLE,
				 .own_name = scs->identity.host,
				 .key = tls_keyholder_file(scs->key),
				 .anchors = anchors,
				 .anchors_n = c->gateway.anchors_n,
				 .tls12_allowed = true };
	char words[CFG_WHY_MAX];

	for (size_t i = 0; i < c->gateway.anchors_n; i++) {
		(void)snprintf(anchors[i].name, sizeof anchors[i].name, "anchor-%zu", i);
		anchors[i].file = c->gateway.anchors[i];
	}
	if (tls_ctx_new(out, &conf, words, sizeof words)) {
		return cfg_wrong(why, lines, cfg_line(lines, "smes.list[%zu].scs.certificate", n), "smes.list[%zu].scs: %s", n,
				 words);
	}
	if (*words) {
		cfg_warn(why, lines, cfg_line(lines, "smes.list[%zu].scs.key", n), "smes.list[%zu].scs: %s", n, words);
	}
	return 0;
}

int smssc_tsp_tls(struct tls_ctx *out[SME_LIST_MAX], const struct smssc_sme_conf *c, const struct cfg_lines *lines,
		  struct report *why)
{
	bool tls = c->gateway.address[0] && c->gateway.protection == NODE_TLS && c->gateway.anchors_n && cfg_sound(lines, "smes");
	int err = 0;

	for (size_t i = 0; i < c->list_n && tls; i++) {
		const struct sme_scs_conf *scs = &c->list[i].scs;

		if (scs->identity.host[0] && scs->certificate[0] && scs->key[0] && make_tls(&out[i], c, i, lines, why)) {
			err = ERR_INVAL;
		}
	}
	return err;
}

int smssc_tsp_start(struct smssc *s)
{
	const struct smssc_sme_conf *c = &s->conf.smes;
	int err = 0;

	if (!s->sme || !c->gateway.address[0]) {
		return 0;
	}
	s->tsp = calloc(1, sizeof *s->tsp);
	if (!s->tsp) {
		return ERR_NOMEM;
	}
	err = net_timer_new(&s->tsp->timer, s->loop, on_timer, s);
	for (size_t i = 0; i < c->list_n && !err; i++) {
		err = c->list[i].scs.identity.host[0] ? connect_one(s, i) : 0;
	}
	return err;
}

void smssc_tsp_stop(struct smssc *s)
{
	for (size_t i = 0; s->tsp && i < SME_LIST_MAX; i++) {
		if (s->tsp->scs[i].peer) {
			link_peer_stop(s->tsp->scs[i].peer, DIA_DISCONNECT_REBOOTING, "this process ends");
		}
	}
}

void smssc_tsp_end(struct smssc *s)
{
	struct smssc_tsp *tsp = s->tsp;

	if (!tsp) {
		return;
	}
	tsp->ending = true;
	for (size_t i = 0; i < SME_LIST_MAX; i++) {
		link_peer_free(tsp->scs[i].peer, false);
		if (tsp->scs[i].owner) {
			tsp->scs[i].owner->scs = NULL;
			OBJ_END(&tsp->scs[i], TSP_SCS_MAGIC);
		}
	}
	smssc_tsp_reports_forget(s, NULL);
	while (tsp->asks) {
		end_ask(tsp->asks);
	}
	net_timer_free(tsp->timer);
	free(tsp);
	s->tsp = NULL;
}
