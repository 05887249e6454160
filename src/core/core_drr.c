/* core_drr.c - what became of a trigger (stage 14): DRR from the SMS-SC -> durable -> DRA; DNR to the SCS until it acknowledges. */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "apps/t4_drr.h"
#include "apps/t4_dtr.h"
#include "base/fault.h"
#include "base/str.h"
#include "core/core_devices.h"
#include "core/core_int.h"
#include "policy/pol_map.h"

#define DRRS_MAX 65536u /* DRRs that wait for their DRA */

/* -- the DRR: whose is it? */

/* Only the SMS-SC that took the DTR may report: the one that answered it; before it has answered, the configured one. */
static bool from_taker(const struct core_peer *p, const struct core_trigger *t, const struct dia_bytes *host)
{
	const char *destination = p->core->cfg->t4.destination_host;
	const char *taker = t->trg->taker ? t->trg->taker : destination[0] ? destination : p->conf->host;

	return str_equal_nocase(host->p, host->len, taker, strlen(taker));
}

static struct core_trigger *find_trigger(const struct core_peer *p, const struct t4_drr *drr)
{
	char e164[STR_DIGITS_MAX + 1];
	struct core_trigger *t;

	if (app_unsmea(e164, drr->sm_rp_smea.p, drr->sm_rp_smea.len))
		return NULL;
	t = drr->reference_number.present ? core_trigger_find(p->core, e164, drr->reference_number.v)
					  : core_device_find(p->core, e164, &drr->user_identifier);
	if (!t || !core_device_same(t->trg, &drr->user_identifier) || !from_taker(p, t, &drr->head.origin_host))
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
	struct core_drr *d = c->drrs.by_token.n < DRRS_MAX ? malloc(sizeof *d + m->hdr.length) : NULL;

	if (!d)
		return NULL;
	*d = (struct core_drr){
		.token = c->drrs.token_next++, .peer = (size_t)(p - c->peers.row), .link = l, .len = m->hdr.length
	};
	memcpy(d->message, m->bytes, d->len);
	map_add(&c->drrs.by_token, &d->node, &d->token, sizeof d->token);
	TAILQ_INSERT_TAIL(&c->drrs.list, d, entry);
	return d;
}

static void drr_free(struct core *c, struct core_drr *d)
{
	map_del(&c->drrs.by_token, &d->node);
	TAILQ_REMOVE(&c->drrs.list, d, entry);
	free(d);
}

void core_report_acknowledge(void *arg, struct trg *t, uint64_t token, bool ok)
{
	struct core *c = arg;
	struct core_drr *d = MAP_OF(map_find(&c->drrs.by_token, &token, sizeof token), struct core_drr, node);
	struct dia_failed why = { 0 };
	struct dia_msg m;
	struct t4_drr drr;

	(void)t;
	FAULT_POINT(CORE_DRA_DUE);
	if (!d)
		return; /* its connection is gone; the SMS-SC reports again */
	if (dia_msg_parse(&m, d->message, d->len, &c->peers.link_conf.limits, &why) == 0 && t4_drr_parse(&drr, &m, &why) == 0)
		send_dra(c, d->link, &m, &drr, ok ? DIA_RESULT_SUCCESS : DIA_RESULT_UNABLE_TO_COMPLY, 0);
	FAULT_POINT(CORE_DRA_QUEUED);
	drr_free(c, d);
}

void core_report_peer_down(struct core_peer *p)
{
	struct core *c = p->core;
	struct core_drr *d, *next;

	for (d = TAILQ_FIRST(&c->drrs.list); d; d = next) {
		next = TAILQ_NEXT(d, entry);
		if (d->peer == (size_t)(p - c->peers.row))
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
	else if ((size_t)(p - c->peers.row) != c->cfg->t4.peer_index)
		(void)!dia_failed_set(&why, DIA_RESULT_AUTHORIZATION_REJECTED, "only the SMS-SC reports");
	else if (t4_drr_parse(&drr, m, &why) == 0)
		on_drr(p, l, m, &drr);
	else if (!why.result_code)
		(void)!dia_failed_set(&why, DIA_RESULT_UNABLE_TO_COMPLY, "the request could not be read");
	if (why.result_code)
		send_error(c, l, m, &why);
}

/* -- the part */

int core_drrs_init(struct core *c)
{
	TAILQ_INIT(&c->drrs.list);
	c->drrs.token_next = 1;
	return map_init(&c->drrs.by_token);
}

void core_drrs_fini(struct core *c)
{
	struct core_drr *d;

	while ((d = TAILQ_FIRST(&c->drrs.list)))
		drr_free(c, d);
	map_fini(&c->drrs.by_token);
}
