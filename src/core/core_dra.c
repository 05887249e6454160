/* core_dra.c - see core_dra.h. */
#include "core/core_dra.h"

#include <stdlib.h>
#include <string.h>

#include "apps/t4_drr.h"
#include "base/fault.h"
#include "core/core_int.h"

struct core_drr_asked core_drr_asked_of(const struct dia_msg *m, const struct t4_drr *drr)
{
	return (struct core_drr_asked){ .hop_by_hop = m->hdr.hop_by_hop,
					.end_to_end = m->hdr.end_to_end,
					.session_id = drr->head.session_id,
					.proxy_info = drr->head.proxy_info,
					.proxy_info_n = drr->head.proxy_info_n };
}

void core_dra_send(struct core *c, struct link *l, const struct core_drr_asked *asked, const struct core_drr_answer *a)
{
	struct buf out = buf_over(c->scratch, sizeof c->scratch);
	struct t4_dra dra;

	t4_dra_clear(&dra);
	dra.head.session_id = asked->session_id;
	dra.head.auth_session_state = dia_u32_of(APP_NO_STATE_MAINTAINED);
	dra.head.origin_host = dia_text(c->cfg->internal.host);
	dra.head.origin_realm = dia_text(c->cfg->internal.realm);
	dra.head.proxy_info_n = asked->proxy_info_n;
	memcpy(dra.head.proxy_info, asked->proxy_info, asked->proxy_info_n * sizeof *asked->proxy_info);
	if (a->experimental) {
		dra.head.experimental_result = (struct app_experimental_result){ DIA_VENDOR_3GPP, a->experimental, true };
	} else {
		dra.head.result_code = dia_u32_of(a->result_code);
	}
	t4_dra_build(&out, &dra, asked->hop_by_hop, asked->end_to_end);
	if (out.full || link_answer(l, out.p, out.len)) {
		log_warn(c->log, "core", "a DRA could not be sent; the SMS-SC will report again");
	}
}

void core_drr_refuse(struct core *c, struct link *l, const struct dia_msg *m, const struct dia_failed *why)
{
	struct buf out = buf_over(c->scratch, sizeof c->scratch);

	log_warn(c->log, "core", "request of %s answered %u: %s", link_peer_host(l), why->result_code, why->text);
	dia_error_answer(&out, m, c->cfg->internal.host, c->cfg->internal.realm, why);
	if (out.full || link_answer(l, out.p, out.len)) {
		log_warn(c->log, "core", "an error answer could not be sent");
	}
}

bool core_drrs_full(const struct core *c)
{
	return c->drrs.n >= c->cfg->limits.reports_pending;
}

/* Copies a piece to `*to`, which moves on behind it. */
static struct dia_bytes keep_piece(uint8_t **to, const struct dia_bytes *piece)
{
	struct dia_bytes kept = { *to, piece->len };

	if (piece->len) {
		memcpy(*to, piece->p, piece->len);
	}
	*to += piece->len;
	return kept;
}

int core_drr_keep(struct core_drr_entry *e, struct core_peer *p, struct link *l, const struct core_drr_asked *asked)
{
	struct core *c = p->core;
	size_t views_len = asked->proxy_info_n * sizeof *asked->proxy_info, octets = asked->session_id.len;
	struct core_drr *d;
	uint8_t *to;

	for (uint8_t i = 0; i < asked->proxy_info_n; i++) {
		octets += asked->proxy_info[i].len;
	}
	if (core_drrs_full(c)) {
		return ERR_LIMIT;
	}
	d = malloc(sizeof *d + views_len + octets);
	if (!d) {
		return ERR_NOMEM;
	}
	*d = (struct core_drr){ .dup = e, .peer = (size_t)(p - c->peers.row), .link = l, .asked = *asked };
	to = (uint8_t *)d->proxy_info + views_len;
	d->asked.session_id = keep_piece(&to, &asked->session_id);
	for (uint8_t i = 0; i < asked->proxy_info_n; i++) {
		d->proxy_info[i] = keep_piece(&to, &asked->proxy_info[i]);
	}
	d->asked.proxy_info = d->proxy_info;
	TAILQ_INSERT_TAIL(&e->waiting, d, waiting);
	TAILQ_INSERT_TAIL(&c->drrs.list, d, entry);
	c->drrs.n++;
	return 0;
}

int core_drr_keep_receipt(struct core_drr_entry *e, struct core_peer *p, const struct smpp_header *h)
{
	struct core *c = p->core;
	struct core_drr *d;

	if (core_drrs_full(c)) {
		return ERR_LIMIT;
	}
	d = malloc(sizeof *d);
	if (!d) {
		return ERR_NOMEM;
	}
	*d = (struct core_drr){ .dup = e,
				.peer = (size_t)(p - c->peers.row),
				.smpp = { core_smpp_connection(p->smpp), h->command, h->sequence } };
	TAILQ_INSERT_TAIL(&e->waiting, d, waiting);
	TAILQ_INSERT_TAIL(&c->drrs.list, d, entry);
	c->drrs.n++;
	return 0;
}

void core_drr_free(struct core *c, struct core_drr *d)
{
	TAILQ_REMOVE(&d->dup->waiting, d, waiting);
	TAILQ_REMOVE(&c->drrs.list, d, entry);
	c->drrs.n--;
	free(d);
}

static void answer_receipt(struct core *c, struct core_drr *d, const struct core_drr_answer *a)
{
	const struct core_peer *p = &c->peers.row[d->peer];
	bool taken = a->experimental || a->result_code == DIA_RESULT_SUCCESS;

	FAULT_POINT(SMPP_RECEIPT_DUE);
	if (p->smpp) {
		core_smpp_answer(p->smpp, d->smpp.connection, d->smpp.command, d->smpp.sequence,
				 taken ? SMPP_ROK : SMPP_RX_T_APPN);
	}
}

void core_dra_send_all(struct core *c, struct core_drr_entry *e, const struct core_drr_answer *a)
{
	struct core_drr *d;

	while ((d = TAILQ_FIRST(&e->waiting))) {
		if (d->smpp.command) {
			answer_receipt(c, d, a);
		} else {
			core_dra_send(c, d->link, &d->asked, a);
		}
		core_drr_free(c, d);
	}
}
