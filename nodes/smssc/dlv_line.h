/* dlv_line.h - reports that wait for a connection, or for room on it: receipts for their SME,
 * outcomes of triggers for their MTC-IWF. First come, first served.
 * Inside of the delivery machine. */
#pragma once
#include "nodes/smssc/dlv_ue.h"

/* ERR_NOMEM: it is in no line, and only its timer wakes it. */
ERR_MUST_USE int dlv_line_join(struct dlv *d, struct dlv_msg *m);
/* No effect on a message that is in no line. */
void dlv_line_leave(struct dlv *d, struct dlv_msg *m);
/* Counts a message of a mobile among those that its SME has not taken yet, wherever they wait,
 * until dlv_line_uncount(). ERR_BUSY: there are conf.ue_messages_max. ERR_NOMEM. */
ERR_MUST_USE int dlv_line_count(struct dlv *d, struct dlv_msg *m);
/* No effect on a message that is not counted. */
void dlv_line_uncount(struct dlv *d, struct dlv_msg *m);
/* The report of this trigger was acknowledged: there is room for the next one of the same line. */
void dlv_line_go_on(struct dlv *d, const struct dlv_msg *m, struct dlv_now now);
