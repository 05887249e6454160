/* dlv_afar.h - triggers of SMEs in the delivery machine: what the gateway answers and reports about
 * them. The owner asks the gateway once such a message is on disk (dlv_committed()). After a restart
 * nobody knows whether an unanswered one was accepted: it waits for its report like the others. */
#pragma once
#include "nodes/smssc/dlv.h"

/* The trigger of an SME with this delivery id, while the gateway has not reported. NULL: none. */
struct dlv_msg *dlv_afar(const struct dlv *d, uint64_t id);
/* The gateway has answered. Refused: it is erased with the next commit. */
void dlv_afar_accepted(struct dlv *d, uint64_t id);
void dlv_afar_refused(struct dlv *d, uint64_t id, struct dlv_now now);

/* The gateway reports the outcome of this SME's trigger. 0: durable with the next commit.
 * ERR_NOTFOUND: no such trigger waits for a report: it was reported before, or refused.
 * ERR_BUSY: not now: its answer is still out, or its outcome could not be written yet. */
ERR_MUST_USE int dlv_afar_told(struct dlv *d, const char *system_id, uint32_t reference, uint8_t outcome, bool absent,
			       struct dlv_now now);
