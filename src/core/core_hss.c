/* core_hss.c - a query to the HSS for an operator: sends the SIR of a trigger and shows what
 * would follow from the answer.
 * No trigger waits for the answer. The query bypasses the queue, so that it never delays a
 * trigger. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "apps/s6m_sir.h"
#include "base/str.h"
#include "core/core_int.h"
#include "core/core_s6m.h"
#include "policy/pol_map.h"

struct question {
	struct core *core;
	core_hss_fn *fn;
	void *arg;
	uint64_t sent_ms; /* ms of the loop's clock */
	/* The question has an External-Identifier: an MSISDN beside it must be the one in the
	 * answer. */
	bool named;
	char msisdn[STR_DIGITS_MAX + 1];
};

/* Collects the names of the device in the answer. False: a name is malformed. */
static bool names_of(struct core_hss_answer *a, const struct s6m_sia *sia)
{
	for (uint8_t i = 0; i < sia->user_identifiers_n; i++) {
		const struct app_user_identifier *u = &sia->user_identifiers[i];
		struct dia_bytes e = u->external_identifier, m = u->msisdn;

		if (e.p && a->externals_n < CORE_HSS_NAMES_MAX && ident_external(a->externals[a->externals_n++], e.p, e.len)) {
			return false;
		}
		if (m.p && a->msisdns_n < CORE_HSS_NAMES_MAX &&
		    (m.len > STR_TBCD_MAX || str_untbcd(a->msisdns[a->msisdns_n++], m.p, m.len))) {
			return false;
		}
	}
	return true;
}

/* Judges the HSS's answer as the path of a trigger does (core_s6m.c, trg_act.c). */
static enum pol_reason judge(struct core_hss_answer *a, const struct question *q, const struct s6m_sia *sia)
{
	struct core_s6m_who who;

	if (!core_s6m_who(&who, sia) || !names_of(a, sia)) {
		return POL_HSS_PROTOCOL;
	}
	return q->named && q->msisdn[0] && strcmp(q->msisdn, who.msisdn) != 0 ? POL_CONTRADICTING_DEVICE : POL_NONE;
}

static void take(struct core_hss_answer *a, const struct question *q, const struct core_request *request, const struct dia_msg *m)
{
	struct dia_failed why;
	struct s6m_sia sia;

	a->verdict = pol_verdict_of(POL_HSS_PROTOCOL);
	if (s6m_sia_parse(&sia, m, &why) || core_peer_foreign(request, &sia.head, q->core->cfg->s6m.destination_realm)) {
		return;
	}
	/* with a validity time: then an absent device is not a refusal */
	pol_map_sia(&a->verdict, &a->absent, &sia, UINT32_MAX);
	if (a->verdict.status == TSP_STATUS_SUCCESS) {
		a->verdict = pol_verdict_of(judge(a, q, &sia));
	}
}

static void on_answer(void *arg, int err, const struct dia_msg *m)
{
	struct core_request request;
	struct question *q = core_peer_answered_alone(&request, arg, err);
	struct core_hss_answer a = { .err = err, .took_ms = (uint32_t)(net_loop_now_ms(q->core->loop) - q->sent_ms) };

	if (err) {
		st_count(&q->core->st, ST_S6M_TIMEOUTS);
		pol_map_s6m_silent(&a.verdict);
	} else {
		take(&a, q, &request, m);
	}
	q->fn(q->arg, &a);
	free(q);
}

int core_hss_ask(struct core *c, const char *external, const char *msisdn, const char *scs_e164, core_hss_fn *fn, void *arg)
{
	struct trg_request req = { .external = external, .msisdn = msisdn, .scs_e164 = scs_e164, .priority = TSP_NON_PRIORITY };
	struct core_message out;
	size_t peer = c->peers.s6m;
	struct question *q;
	int err;

	if (c->stop.begun) {
		return ERR_CLOSED;
	}
	if (core_queue_full(c, peer)) {
		return ERR_BUSY;
	}
	if (strlen(msisdn) > STR_DIGITS_MAX) {
		return ERR_INVAL;
	}
	q = malloc(sizeof *q);
	if (!q) {
		return ERR_NOMEM;
	}
	*q = (struct question){ c, fn, arg, net_loop_now_ms(c->loop), external[0] != 0, "" };
	str_set(q->msisdn, sizeof q->msisdn, msisdn);
	out.octets = buf_over(c->scratch, sizeof c->scratch);
	err = core_s6m_sir(&out, c, &req);
	if (!err) {
		err = core_peer_ask_alone(c, peer, &out, (uint32_t)c->cfg->s6m.answer_wait_ms, on_answer, q);
	}
	if (err) {
		free(q);
	} else {
		st_count(&c->st, ST_S6M_REQUESTS);
	}
	return err;
}
