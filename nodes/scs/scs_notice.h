/* scs_notice.h - a request of the gateway (DNR) and its one answer. */
#pragma once
#include "apps/tsp_dnr.h"
#include "link/link.h"
#include "nodes/scs/scs_options.h"

/* Takes a checked report; true: it is ours and safe now, acknowledge it. False: not taken, the gateway keeps it for another one. */
typedef bool scs_notice_fn(void *arg, const struct tsp_dnr *dnr);

/* Decodes `m`, asks `take`, answers: 2001; 3004 when it was not taken; what is wrong when it cannot be acted on. */
void scs_notice_answer(const struct scs_options *o, const struct log *log, struct link *l, const struct dia_msg *m,
		       scs_notice_fn *take, void *arg);

/* The same without a link: writes the answer to out (check out->full). */
void scs_notice_build(struct buf *out, const struct scs_options *o, const struct log *log, const struct dia_msg *m,
		      scs_notice_fn *take, void *arg);
