/* ns_status.h - what the core is told about each SCS: whether it is protected, else a sentence that
 * says why not and what to do. Counted anew from the table of security associations; an SCS is said
 * only when something about it has changed. PURE. */
#pragma once
#include "ndsip/ns_list.h"
#include "ndsip/ns_proof.h"

/* Counts all SCSs; those that differ from what was said are queued in l->saying. */
void ns_status_count(struct ns_list *l, const struct sa_table *t, const struct ns_proofs *p, bool charon);
/* All are to be said: a new core. */
void ns_status_all(struct ns_list *l);
/* The next SCS to be said, and what; NULL: none. */
struct ns_member *ns_status_next(const struct ns_list *l, struct ns_scs_is *out);
void ns_status_said(struct ns_list *l, struct ns_member *m);
