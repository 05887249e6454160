/* smssc_t4.c - Diameter on T4: DTR in, DTA out once it is on disk; DRR out until a DRA comes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "apps/t4_drr.h"
#include "apps/t4_dtr.h"
#include "base/fault.h"
#include "nodes/smssc/smssc.h"
#include "nodes/smssc/smssc_dtr.h"

enum { ANSWER_EXTRA = 1024, REPORT_MAX = 4096 };

struct smssc_ticket {
	struct link *link; /* NULL: gone in the meantime */
	struct smssc_result result;
	struct smssc_ticket *prev, *next;
	size_t len;
	uint8_t request[];
};

#define REPORTING_MAGIC 0x5b42f5bdu
struct reporting { /* a DRR whose DRA is outstanding */
	struct obj obj;
	struct smssc *s;
	uint64_t id;
};
OBJ_FIRST(struct reporting);

static void answer(struct smssc *s, struct link *l, const struct buf *out)
{
	int err = out->full ? ERR_LIMIT : link_answer(l, out->p, out->len);

	if (err) {
		log_warn(&s->log, "t4", "answer to %s could not be sent: %s", link_peer_host(l), err_str(err));
	}
}

static void answer_error(struct smssc *s, struct link *l, const struct dia_msg *m, const struct dia_failed *failed)
{
	size_t cap = m->hdr.length + ANSWER_EXTRA + DIA_FAILED_AVP_MAX;
	uint8_t *octets = malloc(cap);
	struct buf out = buf_over(octets, cap);

	if (!octets) {
		link_drop(l, "out of memory");
		return;
	}
	log_warn(&s->log, "t4", "request of %s answered with %u: %s", link_peer_host(l), failed->result_code, failed->text);
	dia_error_answer(&out, m, s->conf.identity.host, s->conf.identity.realm, failed);
	answer(s, l, &out);
	free(octets);
}

static void answer_dtr(struct smssc *s, struct smssc_ticket *t, bool durable)
{
	struct dia_limits limits = DIA_LIMITS_CORE;
	struct dia_failed failed = { 0 };
	struct t4_dtr dtr;
	struct t4_dta dta = { 0 };
	struct smssc_result r = t->result;
	struct dia_msg m;
	size_t cap = t->len + ANSWER_EXTRA;
	uint8_t *octets = malloc(cap);
	struct buf out = buf_over(octets, cap);

	/* It was read before; it is read again because its parts were borrowed. */
	if (!octets || dia_msg_parse(&m, t->request, t->len, &limits, &failed) || t4_dtr_parse(&dtr, &m, &failed)) {
		link_drop(t->link, "out of memory");
		free(octets);
		return;
	}
	if (!durable && (r.result_code == DIA_RESULT_SUCCESS || r.stored_new)) {
		r = smssc_dtr_not_stored(&dtr);
	}
	app_answer_head(&dta.head, &dtr.head, s->conf.identity.host, s->conf.identity.realm);
	if (r.experimental) {
		dta.head.experimental_result = (struct app_experimental_result){ DIA_VENDOR_3GPP, r.experimental, true };
	} else {
		dta.head.result_code = dia_u32_of(r.result_code);
	}
	dta.head.features[0] = (struct app_features){ .vendor_id = DIA_VENDOR_3GPP,
						      .list_id = T4_FEATURE_LIST_ID,
						      .list = T4_FEATURE_RECALL_REPLACE };
	dta.head.features_n = 1;
	if (r.has_diagnostic) {
		dta.mtc_error_diagnostic = dia_u32_of(r.diagnostic);
	}
	t4_dta_build(&out, &dta, m.hdr.hop_by_hop, m.hdr.end_to_end);
	answer(s, t->link, &out);
	FAULT_POINT(SMSSC_DTA_QUEUED);
	free(octets);
}

void smssc_t4_committed(struct smssc *s, bool durable)
{
	while (s->tickets) {
		struct smssc_ticket *t = s->tickets;

		DL_DELETE(s->tickets, t);
		if (t->link) {
			answer_dtr(s, t, durable);
		}
		free(t);
	}
}

static void take_dtr(struct smssc *s, struct link *l, const struct dia_msg *m, const struct t4_dtr *dtr)
{
	struct smssc_ticket *t = malloc(sizeof *t + m->hdr.length);
	const char *words = "";

	if (!t) { /* nothing was done yet: the peer will retransmit */
		link_drop(l, "out of memory");
		return;
	}
	t->result = smssc_dtr_take(s->dlv, s->dup, dtr, m->hdr.end_to_end, link_peer_host(l),
				   s->conf.replace_not_pending == SMSSC_NOT_PENDING_STORED, smssc_now(s), &words);
	FAULT_POINT(SMSSC_DTR_TAKEN);
	t->link = l;
	t->len = m->hdr.length;
	memcpy(t->request, m->bytes, t->len);
	DL_APPEND(s->tickets, t);
	if (t->result.result_code != DIA_RESULT_SUCCESS) {
		log_info(&s->log, "t4", "DTR of %s refused with %u: %s", link_peer_host(l),
			 t->result.experimental ? t->result.experimental : t->result.result_code, words);
	} else {
		log_debug(&s->log, "t4", "DTR of %s taken%s%s", link_peer_host(l), *words ? ": " : "", words);
	}
}

static void on_request(void *arg, struct link *l, const struct dia_msg *m)
{
	struct smssc *s = OBJ_OF(arg, struct smssc, SMSSC_MAGIC);
	struct dia_failed failed = { 0 };
	struct t4_dtr dtr;

	if (m->hdr.app_id != APP_T4) {
		dia_failed_set(&failed, DIA_RESULT_APPLICATION_UNSUPPORTED, "application %u is not T4 (%u)", m->hdr.app_id,
			       APP_T4);
	} else if (m->hdr.code != APP_CMD_DEVICE_TRIGGER) {
		dia_failed_set(&failed, DIA_RESULT_COMMAND_UNSUPPORTED, "command %u is not Device-Trigger", m->hdr.code);
	} else if (t4_dtr_parse(&dtr, m, &failed) == 0) {
		take_dtr(s, l, m, &dtr);
		return;
	}
	answer_error(s, l, m, &failed);
}

static void on_open(void *arg, struct link *l)
{
	struct smssc *s = OBJ_OF(arg, struct smssc, SMSSC_MAGIC);

	log_info(&s->log, "t4", "%s is connected from %s", link_peer_host(l), link_address(l));
	dlv_peer_open(s->dlv, link_peer_host(l), smssc_now(s));
}

static void on_down(void *arg, struct link *l)
{
	struct smssc *s = OBJ_OF(arg, struct smssc, SMSSC_MAGIC);
	struct smssc_ticket *t;

	log_info(&s->log, "t4", "%s is disconnected", link_peer_host(l));
	DL_FOREACH (s->tickets, t) {
		if (t->link == l) {
			t->link = NULL;
		}
	}
}

/* -- reports */

/* True if a retransmission is of no use. */
static bool settled(struct smssc *s, const struct t4_dra *dra, uint64_t id)
{
	uint32_t code = dra->head.result_code.present ? dra->head.result_code.v : dra->head.experimental_result.code;

	if (code / 1000 == 2) {
		return true;
	}
	if (code / 1000 == 3 || code / 1000 == 4 || code == DIA_RESULT_UNABLE_TO_COMPLY) {
		return false;
	}
	log_warn(&s->log, "t4", "report of delivery %llu was refused with %u and is dropped", (unsigned long long)id, code);
	return true;
}

static void on_dra(void *arg, int err, const struct dia_msg *m)
{
	struct reporting *r = OBJ_OF(arg, struct reporting, REPORTING_MAGIC);
	struct dia_failed failed = { 0 };
	struct t4_dra dra;
	bool done = false;

	FAULT_POINT(SMSSC_DRA_TAKEN);
	if (!err && t4_dra_parse(&dra, m, &failed) == 0) {
		done = settled(r->s, &dra, r->id);
	} else {
		log_warn(&r->s->log, "t4", "report of delivery %llu: %s", (unsigned long long)r->id,
			 err ? err_str(err) : failed.text);
	}
	dlv_reported(r->s->dlv, r->id, done, smssc_now(r->s));
	OBJ_END(r, REPORTING_MAGIC);
	free(r);
}

static void build_drr(struct buf *out, const struct smssc *s, const struct dlv_msg *m, bool again)
{
	char session[LINK_SESSION_ID_MAX];
	struct t4_drr drr = { .head = { .request = true, .retransmitted = again } };

	/* made from the delivery id, so that a repetition has the same one, also after a restart */
	snprintf(session, sizeof session, "%s;%u;%u;drr", s->conf.identity.host, (unsigned)(m->id >> 32), (unsigned)m->id);
	drr.head.session_id = dia_text(session);
	drr.head.auth_session_state = dia_u32_of(APP_NO_STATE_MAINTAINED);
	drr.head.origin_host = dia_text(s->conf.identity.host);
	drr.head.origin_realm = dia_text(s->conf.identity.realm);
	drr.head.destination_host = dia_text(m->text.iwf_host);
	drr.head.destination_realm = dia_text(m->text.iwf_realm);
	drr.user_identifier.user_name = dia_text(m->text.imsi);
	drr.user_identifier.msisdn = (struct dia_bytes){ m->text.msisdn, (uint32_t)m->text.msisdn_len };
	if (m->text.external_id) {
		drr.user_identifier.external_identifier = dia_text(m->text.external_id);
	}
	drr.sm_rp_smea = (struct dia_bytes){ m->text.smea, (uint32_t)m->text.smea_len };
	drr.sm_delivery_outcome = dia_u32_of(m->outcome);
	if (m->has_diagnostic) {
		drr.absent_subscriber_diagnostic = dia_u32_of(m->diagnostic);
	}
	if (m->text.has_reference) {
		drr.reference_number = dia_u32_of(m->text.reference);
	}
	t4_drr_build(out, &drr, 0, m->report_end_to_end);
}

int smssc_t4_report(void *arg, const struct dlv_msg *m, bool again)
{
	struct smssc *s = OBJ_OF(arg, struct smssc, SMSSC_MAGIC);
	struct link *l = s->server ? node_server_find(s->server, m->text.iwf_host) : NULL;
	uint8_t octets[REPORT_MAX];
	struct buf out = buf_over(octets, sizeof octets);
	struct reporting *r;
	int err;

	if (!l && s->server) {
		l = node_server_find(s->server, m->text.via); /* a Diameter agent in between */
	}
	if (!l) {
		return ERR_CLOSED;
	}
	build_drr(&out, s, m, again);
	if (out.full) {
		return ERR_LIMIT;
	}
	r = malloc(sizeof *r);
	if (!r) {
		return ERR_NOMEM;
	}
	*r = (struct reporting){ { REPORTING_MAGIC }, s, m->id };
	err = link_request(l, out.p, out.len, (uint32_t)s->conf.report.answer_wait_ms, on_dra, r);
	FAULT_POINT(SMSSC_DRR_QUEUED);
	if (err) {
		free(r);
	}
	return err;
}

int smssc_t4_start(struct smssc *s)
{
	static const struct node_server_cb cb = { on_open, on_request, on_down };

	for (size_t i = 0; i < s->conf.allowed_hosts_n; i++) {
		s->allowed[i] = s->conf.allowed_hosts[i];
	}
	s->server_conf = (struct node_server_conf){
		.address = s->conf.listen.address,
		.sctp = node_listen_sctp(&s->sctp, &s->conf.listen),
		.port = s->conf.listen.port,
		.tls = s->tls,
		.allowed = s->allowed,
		.allowed_n = s->conf.allowed_hosts_n,
	};
	node_link_conf(&s->server_conf.link, &s->conf.identity, &s->log);
	s->server_conf.link.applications[0] = APP_T4;
	s->server_conf.link.applications_n = 1;
	s->server_conf.link.watchdog_ms = (uint32_t)s->conf.watchdog_ms;
	return node_server_new(&s->server, s->loop, &s->server_conf, &cb, s);
}

void smssc_t4_end(struct smssc *s)
{
	node_server_free(s->server);
	s->server = NULL;
	while (s->tickets) {
		struct smssc_ticket *t = s->tickets;

		DL_DELETE(s->tickets, t);
		free(t);
	}
}
