/* smssc_dtr.h - checks and carries out one Device-Trigger-Request (TS 29.337 5). No socket, no
 * disk: it calls the delivery machine and the memory of answered requests. */
#pragma once
#include "apps/t4_dtr.h"
#include "nodes/smssc/dlv.h"
#include "nodes/smssc/smssc_dup.h"

/* Decides and acts. `via` is the peer that sent the request. Never fails: a refusal is a result.
 * The result may be sent once the turn is committed; 2001 or stored_new only if the commit
 * succeeded. `store_new`: a replace whose original is not pending becomes a new trigger (TS 23.682
 * 5.2.3.2), answered 5535 all the same. *words is the reason for the log. */
struct smssc_result smssc_dtr_take(struct dlv *d, struct smssc_dup *dup, const struct t4_dtr *dtr, uint32_t end_to_end,
				   const char *via, bool store_new, struct dlv_now now, const char **words);

/* The answer to an accepted request that did not reach the disk. */
struct smssc_result smssc_dtr_not_stored(const struct t4_dtr *dtr);
