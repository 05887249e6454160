/* smssc_dtr.h - one Device-Trigger-Request: is it sound, and what is done about it (TS 29.337 5; t4.md section 6). No socket, no disk:
 * it speaks to the delivery machine and to the memory of answered requests. */
#pragma once
#include "apps/t4_dtr.h"
#include "nodes/smssc/dlv.h"
#include "nodes/smssc/smssc_dup.h"

/* Decides and does. `via` is the peer that brought it. Never fails: a refusal is a result. The result may be told once the turn is
 * committed; a result of 2001 or stored_new only if the commit went well. `store_new`: a replace whose original is not pending is a new
 * trigger (TS 23.682 5.2.3.2), answered 5535 all the same. *words says why, for the log. */
struct smssc_result smssc_dtr_take(struct dlv *d, struct smssc_dup *dup, const struct t4_dtr *dtr, uint32_t end_to_end,
				   const char *via, bool store_new, struct dlv_now now, const char **words);

/* What a taken request is answered with when it did not reach the disk. */
struct smssc_result smssc_dtr_not_stored(const struct t4_dtr *dtr);
