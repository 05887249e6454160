/* scs_notice.h - a request of the gateway (DNR) and its answer. */
#pragma once
#include "apps/tsp_dnr.h"
#include "link/link.h"
#include "nodes/scs/scs_options.h"

/* Takes a checked report. True: the report is ours and safe, acknowledge it. False: not taken, the
 * gateway keeps it. */
typedef bool scs_notice_fn(void *arg, const struct tsp_dnr *dnr);

/* Decodes `m`, calls `take`, answers: 2001; 3004 if the report was not taken; an error if the
 * request is wrong. */
void scs_notice_answer(const struct scs_options *o, const struct log *log, struct link *l, const struct dia_msg *m,
		       scs_notice_fn *take, void *arg);

/* The same without a link: writes the answer to out (check out->full). */
void scs_notice_build(struct buf *out, const struct scs_options *o, const struct log *log, const struct dia_msg *m,
		      scs_notice_fn *take, void *arg);
