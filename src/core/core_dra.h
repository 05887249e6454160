/* core_dra.h - the DRRs that await their DRA, and the DRA: it repeats what its DRR said. */
#pragma once
#include "core/core_drr.h"
#include "diameter/dia_failed.h"

struct t4_drr;

/* The views are those of `m` and `drr`. */
struct core_drr_asked core_drr_asked_of(const struct dia_msg *m, const struct t4_drr *drr);
/* limits.reports_pending await their answer. */
bool core_drrs_full(const struct core *c);
/* Keeps a DRR until the DRA of its entry is sent, with copies of what `asked` points to. `link` is
 * borrowed until core_report_peer_down(). ERR_LIMIT: limits.reports_pending; ERR_NOMEM. */
ERR_MUST_USE int core_drr_keep(struct core_drr_entry *e, struct core_peer *p, struct link *l, const struct core_drr_asked *asked);
struct smpp_header;
/* The same for a receipt over SMPP. */
ERR_MUST_USE int core_drr_keep_receipt(struct core_drr_entry *e, struct core_peer *p, const struct smpp_header *h);
void core_drr_free(struct core *c, struct core_drr *d); /* it gets no DRA */
/* A DRA that cannot be sent is logged: the SMS-SC reports again. */
void core_dra_send(struct core *c, struct link *l, const struct core_drr_asked *asked, const struct core_drr_answer *a);
/* Answers the DRR and the copies waiting with it. A message whose connection has closed gets no
 * DRA; the SMS-SC repeats the report. */
void core_dra_send_all(struct core *c, struct core_drr_entry *e, const struct core_drr_answer *a);
/* Answers a request of a core peer that is no DRR of ours with an error. */
void core_drr_refuse(struct core *c, struct link *l, const struct dia_msg *m, const struct dia_failed *why);
