/* core_drr.c - what became of a trigger (stage 14): DRR from the SMS-SC -> durable -> DRA; DNR to the SCS until it acknowledges. */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "apps/t4_drr.h"
#include "apps/t4_dtr.h"
#include "base/fault.h"
#include "base/str.h"
#include "core/core_int.h"
#include "policy/pol_map.h"

/* -- the DRR: whose is it? */

static bool same_digits(const struct dia_bytes *tbcd, const char *digits)
{
	char given[STR_DIGITS_MAX + 1];

	return tbcd->len <= STR_TBCD_MAX && str_untbcd(given, tbcd->p, tbcd->len) == 0 && strcmp(given, digits) == 0;
}

/* Every name of the device that both sides know is the same, and there is at least one. */
static bool same_device(const struct trg *t, const struct app_user_identifier *u)
{
	const char *msisdn = t->sub.msisdn[0] ? t->sub.msisdn : t->req.msisdn;
	bool any = false;

	if (u->user_name.p && t->sub.imsi[0]) {
		if (u->user_name.len != strlen(t->sub.imsi) || memcmp(u->user_name.p, t->sub.imsi, u->user_name.len) != 0)
			return false;
		any = true;
	}
	if (u->msisdn.p && msisdn[0]) {
		if (!same_digits(&u->msisdn, msisdn))
			return false;
		any = true;
	}
	if (u->external_identifier.p && t->req.external[0]) {
		if (!str_equal_nocase(u->external_identifier.p, u->external_identifier.len, t->req.external,
				      strlen(t->req.external)))
			return false;
		any = true;
	}
	return any;
}

/* Only the SMS-SC that took the DTR may report: the one that answered it; before it has answered, the configured one. */
static bool from_taker(const struct core_peer *p, const struct core_trigger *t, const struct dia_bytes *host)
{
	const char *destination = p->core->cfg->t4.destination_host;
	const char *taker = t->trg->taker ? t->trg->taker : destination[0] ? destination : p->conf->host;

	return str_equal_nocase(host->p, host->len, taker, strlen(taker));
}

/* One name of a device under one SCS. What was found under it is compared whole afterwards. */
static uint64_t device_hash(const struct core *c, const char *e164, char kind, const void *name, size_t len)
{
	uint8_t key[STR_DIGITS_MAX + 2 + IDENT_EXTERNAL_MAX];
	struct buf b = buf_over(key, sizeof key);

	buf_bytes(&b, e164, strlen(e164));
	buf_u8(&b, (uint8_t)kind);
	buf_bytes(&b, name, len < IDENT_EXTERNAL_MAX ? len : IDENT_EXTERNAL_MAX);
	return map_hash(&c->triggers_by_ref, key, (uint32_t)b.len);
}

/* Under the name that its DTR says first: IMSI, else MSISDN, else External-Identifier. */
void core_trigger_by_device(struct core_trigger *t)
{
	const struct trg *g = t->trg;
	const char *msisdn = g->sub.msisdn[0] ? g->sub.msisdn : g->req.msisdn;
	const char *name = g->sub.imsi[0] ? g->sub.imsi : msisdn[0] ? msisdn : g->req.external;
	char kind = g->sub.imsi[0] ? 'i' : msisdn[0] ? 'm' : 'e';

	if (t->by_device.hash || g->req.action == TSP_ACTION_RECALL)
		return;
	multimap_add(&t->core->triggers_by_device, &t->by_device, device_hash(t->core, t->ref.e164, kind, name, strlen(name)));
}

struct fit { /* what a report without number may mean */
	const char *e164;
	const struct app_user_identifier *user;
	struct core_trigger *only;
	unsigned n;
};

static void try_name(struct core *c, struct fit *fit, char kind, const void *name, size_t len)
{
	struct multimap_node *n = multimap_first(&c->triggers_by_device, device_hash(c, fit->e164, kind, name, len));

	for (; n && fit->n < 2; n = multimap_next(n)) {
		struct core_trigger *t = (struct core_trigger *)(void *)((char *)n - offsetof(struct core_trigger, by_device));

		if (strcmp(t->ref.e164, fit->e164) != 0 || !same_device(t->trg, fit->user))
			continue;
		fit->only = t;
		fit->n++;
	}
}

/* Without a Reference-Number only if exactly one trigger fits. */
static struct core_trigger *find_by_device(struct core *c, const char *e164, const struct app_user_identifier *u)
{
	struct fit fit = { .e164 = e164, .user = u };
	char msisdn[STR_DIGITS_MAX + 1];

	if (u->user_name.p)
		try_name(c, &fit, 'i', u->user_name.p, u->user_name.len);
	if (u->msisdn.p && u->msisdn.len <= STR_TBCD_MAX && str_untbcd(msisdn, u->msisdn.p, u->msisdn.len) == 0)
		try_name(c, &fit, 'm', msisdn, strlen(msisdn));
	if (u->external_identifier.p)
		try_name(c, &fit, 'e', u->external_identifier.p, u->external_identifier.len);
	return fit.n == 1 ? fit.only : NULL;
}

static struct core_trigger *find_trigger(const struct core_peer *p, const struct t4_drr *drr)
{
	char e164[STR_DIGITS_MAX + 1];
	struct core_trigger *t;

	if (app_unsmea(e164, drr->sm_rp_smea.p, drr->sm_rp_smea.len))
		return NULL;
	t = drr->reference_number.present ? core_trigger_find(p->core, e164, drr->reference_number.v)
					  : find_by_device(p->core, e164, &drr->user_identifier);
	if (!t || !same_device(t->trg, &drr->user_identifier) || !from_taker(p, t, &drr->head.origin_host))
		return NULL;
	return t;
}

/* -- the DRA */

static void send_dra(struct core *c, struct link *l, const struct dia_msg *m, const struct t4_drr *drr, uint32_t result_code,
		     uint32_t experimental)
{
	struct buf out = buf_over(c->scratch, sizeof c->scratch);
	struct t4_dra dra = { 0 };

	app_answer_head(&dra.head, &drr->head, c->cfg->internal.host, c->cfg->internal.realm);
	if (experimental)
		dra.head.experimental_result = (struct app_experimental_result){ DIA_VENDOR_3GPP, experimental, true };
	else
		dra.head.result_code = dia_u32_of(result_code);
	t4_dra_build(&out, &dra, m->hdr.hop_by_hop, m->hdr.end_to_end);
	if (out.full || link_answer(l, out.p, out.len))
		log_warn(c->log, "core", "a DRA could not be sent; the SMS-SC will report again");
}

static void send_error(struct core *c, struct link *l, const struct dia_msg *m, const struct dia_failed *why)
{
	struct buf out = buf_over(c->scratch, sizeof c->scratch);

	log_warn(c->log, "core", "request of %s answered %u: %s", link_peer_host(l), why->result_code, why->text);
	dia_error_answer(&out, m, c->cfg->internal.host, c->cfg->internal.realm, why);
	if (out.full || link_answer(l, out.p, out.len))
		log_warn(c->log, "core", "an error answer could not be sent");
}

static struct core_drr *drr_keep(struct core_peer *p, struct link *l, const struct dia_msg *m)
{
	struct core *c = p->core;
	struct core_drr *d = c->drrs_by_token.n < CORE_DRR_MAX ? malloc(sizeof *d + m->hdr.length) : NULL;

	if (!d)
		return NULL;
	*d = (struct core_drr){ .token = c->token_next++, .peer = (size_t)(p - c->peers), .link = l, .len = m->hdr.length };
	memcpy(d->message, m->bytes, d->len);
	map_add(&c->drrs_by_token, &d->node, &d->token, sizeof d->token);
	TAILQ_INSERT_TAIL(&c->drrs, d, entry);
	return d;
}

static void drr_free(struct core *c, struct core_drr *d)
{
	map_del(&c->drrs_by_token, &d->node);
	TAILQ_REMOVE(&c->drrs, d, entry);
	free(d);
}

void core_report_acknowledge(void *arg, struct trg *t, uint64_t token, bool ok)
{
	struct core *c = arg;
	struct core_drr *d = MAP_OF(map_find(&c->drrs_by_token, &token, sizeof token), struct core_drr, node);
	struct dia_failed why = { 0 };
	struct dia_msg m;
	struct t4_drr drr;

	(void)t;
	FAULT_POINT(CORE_DRA_DUE);
	if (!d)
		return; /* its connection is gone; the SMS-SC reports again */
	if (dia_msg_parse(&m, d->message, d->len, &c->link_conf.limits, &why) == 0 && t4_drr_parse(&drr, &m, &why) == 0)
		send_dra(c, d->link, &m, &drr, ok ? DIA_RESULT_SUCCESS : DIA_RESULT_UNABLE_TO_COMPLY, 0);
	FAULT_POINT(CORE_DRA_QUEUED);
	drr_free(c, d);
}

void core_report_peer_down(struct core_peer *p)
{
	struct core *c = p->core;
	struct core_drr *d, *next;

	for (d = TAILQ_FIRST(&c->drrs); d; d = next) {
		next = TAILQ_NEXT(d, entry);
		if (d->peer == (size_t)(p - c->peers))
			drr_free(c, d);
	}
}

/* -- a request of a core peer */

static void on_drr(struct core_peer *p, struct link *l, const struct dia_msg *m, const struct t4_drr *drr)
{
	struct trg_event ev = { .kind = TRG_EV_DRR, .outcome = pol_map_delivery(drr->sm_delivery_outcome.v) };
	struct core_trigger *t = find_trigger(p, drr);
	struct core *c = p->core;
	struct core_drr *d;

	FAULT_POINT(CORE_DRR_TAKEN);
	if (!t) {
		st_count(&c->st, ST_REPORTS_FOREIGN);
		log_warn(c->log, "core", "a delivery report of %.*s fits no trigger", (int)drr->head.origin_host.len,
			 (const char *)drr->head.origin_host.p);
		send_dra(c, l, m, drr, 0, T4_ERROR_USER_UNKNOWN);
		return;
	}
	d = drr_keep(p, l, m);
	if (!d) {
		send_dra(c, l, m, drr, DIA_RESULT_UNABLE_TO_COMPLY, 0);
		return;
	}
	st_count(&c->st, ST_REPORTS);
	log_info(c->log, "core", "transaction %s: reported %s", t->transaction, tsp_delivery_outcome_str(ev.outcome));
	ev.token = d->token;
	core_trigger_step(t, &ev);
}

void core_report_on_request(struct core_peer *p, struct link *l, const struct dia_msg *m)
{
	struct core *c = p->core;
	struct dia_failed why = { 0 };
	struct t4_drr drr;

	if (m->hdr.app_id != APP_T4)
		(void)!dia_failed_set(&why, DIA_RESULT_APPLICATION_UNSUPPORTED, "application %u has no requests for this node",
				      m->hdr.app_id);
	else if (m->hdr.code != APP_CMD_DELIVERY_REPORT)
		(void)!dia_failed_set(&why, DIA_RESULT_COMMAND_UNSUPPORTED, "command %u is not one an SMS-SC sends", m->hdr.code);
	else if ((size_t)(p - c->peers) != c->cfg->t4.peer_index)
		(void)!dia_failed_set(&why, DIA_RESULT_AUTHORIZATION_REJECTED, "only the SMS-SC reports");
	else if (t4_drr_parse(&drr, m, &why) == 0)
		on_drr(p, l, m, &drr);
	else if (!why.result_code)
		(void)!dia_failed_set(&why, DIA_RESULT_UNABLE_TO_COMPLY, "the request could not be read");
	if (why.result_code)
		send_error(c, l, m, &why);
}

/* -- the DNR */

void core_notice_free(struct core_notice *n)
{
	map_del(&n->session->core->notices_by_number, &n->node);
	TAILQ_REMOVE(&n->session->notices, n, entry);
	n->trigger->notice = NULL;
	free(n);
}

/* First the session that asked, if it is still there. Then any of the SCS takes its turn: one that does not answer is not asked again
 * at once. */
static struct core_session *pick_session(const struct core_trigger *t, bool again)
{
	struct core_session *s = again ? NULL : core_session_find(t->core, t->asker.generation, t->asker.session);
	struct core_scs *scs = t->scs;

	if (s && s->scs == scs && !s->edge->bad)
		return s;
	TAILQ_FOREACH(s, &scs->sessions, of_scs)
	{
		if (s->edge->bad)
			continue;
		TAILQ_REMOVE(&scs->sessions, s, of_scs);
		TAILQ_INSERT_TAIL(&scs->sessions, s, of_scs);
		return s;
	}
	return NULL;
}

static void fill(struct ipc_device_notification *out, const struct core *c, const struct trg *t, const struct core_session *s,
		 bool again)
{
	const struct trg_request *r = &t->req;

	*out = (struct ipc_device_notification){
		.session = s->key.number,
		.number = t->number,
		.end_to_end = t->dnr_end_to_end,
		.retransmitted = again,
		.device = r->external[0] ? r->msisdn[0] ? IPC_DEVICE_BOTH : IPC_DEVICE_EXTERNAL : IPC_DEVICE_MSISDN,
		.reference = r->reference,
		.delivery_outcome = t->outcome,
		.wait_ms = (uint32_t)c->cfg->dnr.answer_wait_ms,
	};
	memcpy(out->external_id, r->external, strlen(r->external) + 1);
	memcpy(out->msisdn, r->msisdn, strlen(r->msisdn) + 1);
	memcpy(out->scs_identity, r->scs_e164, strlen(r->scs_e164) + 1);
}

int core_report_notify(void *arg, struct trg *trg, bool again)
{
	struct core *c = arg;
	struct core_trigger *t = trg->owner;
	struct core_session *s = c->stopping ? NULL : pick_session(t, again);
	struct ipc_device_notification record;
	struct core_notice *n;
	int err;

	if (!s)
		return ERR_CLOSED;
	n = calloc(1, sizeof *n);
	if (!n)
		return ERR_NOMEM;
	n->transaction = c->notice_next++;
	n->session = s;
	n->trigger = t;
	fill(&record, c, trg, s, again);
	err = core_send(s->edge, ipc_device_notification_put(c->record, s->edge->who.generation, n->transaction, &record));
	FAULT_POINT(CORE_DNR_QUEUED);
	if (err) {
		free(n);
		return err;
	}
	map_add(&c->notices_by_number, &n->node, &n->transaction, sizeof n->transaction);
	TAILQ_INSERT_TAIL(&s->notices, n, entry);
	t->notice = n;
	st_count(&c->st, ST_REPORTS_SENT);
	return 0;
}

/* -- the DNA */

static bool acknowledged(const struct ipc_device_notification_answer *a)
{
	return a->outcome == IPC_DNA_ANSWERED && a->result_code / 1000 == 2 && !a->experimental_code;
}

void core_report_on_answer(struct core_edge *e, uint64_t transaction, const struct ipc_device_notification_answer *a)
{
	struct core *c = e->core;
	struct core_notice *n =
	    MAP_OF(map_find(&c->notices_by_number, &transaction, sizeof transaction), struct core_notice, node);
	struct trg_event ev = { .kind = acknowledged(a) ? TRG_EV_DNA_OK : TRG_EV_DNA_NO };
	struct core_trigger *t;

	FAULT_POINT(CORE_DNA_TAKEN);
	/* An edge answers for its own sessions only. */
	if (!n || n->session->edge != e || n->session->key.number != a->session)
		return;
	t = n->trigger;
	if (ev.kind == TRG_EV_DNA_OK)
		st_count(&c->st, ST_REPORTS_ACKNOWLEDGED);
	log_info(c->log, "core", "transaction %s: report %s", t->transaction,
		 ev.kind == TRG_EV_DNA_OK ? "acknowledged by the SCS" : "not acknowledged; it is sent again");
	core_notice_free(n);
	core_trigger_step(t, &ev);
}
