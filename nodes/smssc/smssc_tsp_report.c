/* smssc_tsp_report.c - what the gateway reports about triggers of SMEs: DNR in, the outcome to disk,
 * DNA out. What is not acknowledged comes again, so a report that cannot be taken now is refused with
 * 3004. */
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "nodes/smssc/dlv_afar.h"
#include "nodes/smssc/sme_trigger.h"
#include "nodes/smssc/smssc_tsp.h"

enum { ANSWER_EXTRA = 4096, REPORTS_MAX = 4096 /* of one turn */ };

struct tsp_report {
	struct tsp_scs *scs;
	struct link *link; /* NULL: gone in the meantime */
	struct tsp_report *prev, *next;
	size_t len;
	uint8_t request[];
};

static void build_dna(struct buf *out, const struct tsp_scs *scs, const struct dia_msg *m, const struct tsp_dnr *dnr)
{
	struct tsp_dna dna = { 0 };

	app_answer_head(&dna.head, &dnr->head, scs->conf.host, scs->conf.realm);
	dna.head.auth_application_id = dia_u32_of(APP_TSP);
	dna.head.result_code = dia_u32_of(DIA_RESULT_SUCCESS);
	tsp_dna_build(out, &dna, m->hdr.hop_by_hop, m->hdr.end_to_end);
}

/* `dnr` NULL: an error answer with `failed`. */
static void answer(struct tsp_scs *scs, struct link *l, const struct dia_msg *m, const struct tsp_dnr *dnr,
		   const struct dia_failed *failed)
{
	size_t cap = m->hdr.length + ANSWER_EXTRA;
	uint8_t *octets = malloc(cap);
	struct buf out = buf_over(octets, cap);
	int err = ERR_NOMEM;

	if (octets && dnr) {
		build_dna(&out, scs, m, dnr);
	} else if (octets) {
		dia_error_answer(&out, m, scs->conf.host, scs->conf.realm, failed);
	}
	if (octets) {
		err = out.full ? ERR_LIMIT : link_answer(l, out.p, out.len);
	}
	if (err) {
		log_warn(&scs->s->log, "tsp", "a report of the gateway could not be acknowledged: %s; it will come again",
			 err_str(err));
	}
	free(octets);
}

static int keep(struct tsp_scs *scs, struct link *l, const struct dia_msg *m)
{
	struct smssc_tsp *tsp = scs->s->tsp;
	struct tsp_report *r = tsp->reports_n < REPORTS_MAX ? malloc(sizeof *r + m->hdr.length) : NULL;

	if (!r) {
		return ERR_BUSY;
	}
	*r = (struct tsp_report){ .scs = scs, .link = l, .len = m->hdr.length };
	memcpy(r->request, m->bytes, r->len);
	DL_APPEND(tsp->reports, r);
	tsp->reports_n++;
	return 0;
}

/* 0: it is answered with the commit. ERR_NOTFOUND: it is of no use, and is acknowledged. */
static int take(struct tsp_scs *scs, struct link *l, const struct dia_msg *m, const struct tsp_dnr *dnr)
{
	const struct tsp_device_notification *n = &dnr->notification;
	struct smssc_tsp *tsp = scs->s->tsp;
	bool absent;
	uint8_t outcome = sme_trigger_outcome(n->delivery_outcome.v, &absent);
	int err = keep(scs, l, m);

	if (err) {
		return err;
	}
	err = dlv_afar_told(scs->s->dlv, scs->owner->conf->system_id, n->reference_number.v, outcome, absent, smssc_now(scs->s));
	if (err) {
		struct tsp_report *r = tsp->reports->prev; /* the one just kept */

		DL_DELETE(tsp->reports, r);
		tsp->reports_n--;
		free(r);
	}
	return err;
}

void smssc_tsp_request(struct tsp_scs *scs, struct link *l, const struct dia_msg *m)
{
	struct dia_failed failed = { 0 };
	struct tsp_dnr dnr;
	int err = ERR_PROTO;

	if (m->hdr.app_id != APP_TSP) {
		dia_failed_set(&failed, DIA_RESULT_APPLICATION_UNSUPPORTED, "application %u is not Tsp (%u)", m->hdr.app_id,
			       APP_TSP);
	} else if (m->hdr.code != APP_CMD_DEVICE_NOTIFICATION) {
		dia_failed_set(&failed, DIA_RESULT_COMMAND_UNSUPPORTED, "command %u is not Device-Notification", m->hdr.code);
	} else if (!tsp_dnr_parse(&dnr, m, &failed) && !sme_trigger_report_check(&dnr, &failed)) {
		err = take(scs, l, m, &dnr);
	}
	if (err == ERR_BUSY) {
		dia_failed_set(&failed, DIA_RESULT_TOO_BUSY, "the report cannot be taken now");
	} else if (err == ERR_PROTO) {
		log_warn(&scs->s->log, "tsp", "request of the gateway answered with %u: %s", failed.result_code, failed.text);
	}
	if (err == ERR_NOTFOUND) {
		scs->s->sme->counts.reports_nobodys++;
		answer(scs, l, m, &dnr, NULL);
	} else if (err) {
		answer(scs, l, m, NULL, &failed);
	}
}

static void answer_kept(struct tsp_report *r, bool durable)
{
	struct dia_limits limits = DIA_LIMITS_CORE;
	struct dia_failed failed = { 0 };
	struct tsp_dnr dnr;
	struct dia_msg m;

	/* It was read before; it is read again because its parts were borrowed. */
	if (dia_msg_parse(&m, r->request, r->len, &limits, &failed) || tsp_dnr_parse(&dnr, &m, &failed)) {
		link_drop(r->link, "out of memory");
		return;
	}
	if (!durable) {
		dia_failed_set(&failed, DIA_RESULT_TOO_BUSY, "the report cannot be kept now");
	}
	answer(r->scs, r->link, &m, durable ? &dnr : NULL, &failed);
}

void smssc_tsp_reports_committed(struct smssc *s, bool durable)
{
	while (s->tsp->reports) {
		struct tsp_report *r = s->tsp->reports;

		DL_DELETE(s->tsp->reports, r);
		s->tsp->reports_n--;
		if (r->link) {
			answer_kept(r, durable);
		}
		free(r);
	}
}

void smssc_tsp_reports_forget(struct smssc *s, const struct link *l)
{
	struct tsp_report *r;

	DL_FOREACH (s->tsp->reports, r) {
		r->link = l && r->link != l ? r->link : NULL;
	}
	if (!l) {
		smssc_tsp_reports_committed(s, false);
	}
}
