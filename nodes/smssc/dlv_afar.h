/* dlv_afar.h - triggers of SMEs in the delivery machine: what the gateway answers and reports about
 * them. The owner asks the gateway once such a message is on disk (dlv_committed()). After a restart
 * the owner asks again for what has no answer (dlv_afar_each()). */
#pragma once
#include "nodes/smssc/dlv.h"

/* The trigger of an SME with this delivery id, while the gateway has not reported. NULL: none. */
struct dlv_msg *dlv_afar(const struct dlv *d, uint64_t id);
/* The same by its reference number. */
struct dlv_msg *dlv_afar_of(const struct dlv *d, uint32_t reference);
/* Calls fn for each of them, in the order in which they came. fn may change what is asked about it,
 * and may not end one. */
typedef void dlv_afar_fn(void *arg, struct dlv_msg *m);
void dlv_afar_each(const struct dlv *d, dlv_afar_fn *fn, void *arg);

/* The gateway has not got the trigger: the message is erased with the next commit. */
void dlv_afar_over(struct dlv *d, uint64_t id, struct dlv_now now);
/* It ends with this outcome, as if the gateway had reported it. */
void dlv_afar_end(struct dlv *d, struct dlv_msg *m, uint8_t outcome, bool absent, struct dlv_now now);
/* What the gateway is asked about `m` from now on, kept with the next commit; kind DLV_CHANGE_NONE:
 * nothing: the gateway has answered that it has the trigger. */
void dlv_afar_change(struct dlv *d, struct dlv_msg *m, const struct dlv_change *change);
/* Whether the SME knows of it as of its message: not of one that is recalled because the SME was
 * refused, nor of a replacement that may not have taken its place. */
bool dlv_afar_is_known(const struct dlv_msg *m);

/* The gateway reports the outcome of this SME's trigger. 0: durable with the next commit.
 * ERR_NOTFOUND: no such trigger waits for a report: it was reported before, or refused,
 * or the SME does not know of it.
 * ERR_BUSY: not now: its answer is still out, or its outcome could not be written yet. */
ERR_MUST_USE int dlv_afar_told(struct dlv *d, const char *system_id, uint32_t reference, uint8_t outcome, bool absent,
			       struct dlv_now now);
