/* dlv_line.h - receipts that wait for a connection of their SME, or for room on it: first come, first
 * served.
 * Inside of the delivery machine. */
#pragma once
#include "nodes/smssc/dlv_ue.h"

/* ERR_NOMEM: it is in no line, and only its timer wakes it. */
ERR_MUST_USE int dlv_line_join(struct dlv *d, struct dlv_msg *m);
/* No effect on a message that is in no line. */
void dlv_line_leave(struct dlv_msg *m);
/* Frees the lines; they are empty. */
void dlv_lines_end(struct dlv *d);
