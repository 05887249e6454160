/* pol_map.h - maps the core network's answers to Tsp (CONTRACTS section 2; TS 29.368 5.3; TS
 * 29.337 7.3). PURE. */
#pragma once
#include "apps/s6m_sir.h"
#include "apps/t4_drr.h"
#include "apps/t4_dtr.h"
#include "apps/tsp.h"
#include "policy/pol_screen.h"

/* S6m. `validity_s` is that of the request.
 * Verdict SUCCESS: continue with T4; *absent then means that no serving node is sent.
 * An answer without Result-Code and Experimental-Result is 201 HSS_PROTOCOL. */
void pol_map_sia(struct pol_verdict *out, bool *absent, const struct s6m_sia *sia, uint32_t validity_s);
/* The HSS could not be queried or did not answer: 201 HSS_SILENT. */
void pol_map_s6m_silent(struct pol_verdict *out);

/* T4. State of the trigger at the SMS-SC according to a DTA. */
enum pol_t4_meaning {
	POL_T4_TAKEN,   /* accepted */
	POL_T4_REFUSED, /* not accepted: status and reason in the verdict */
	/* Replace whose original is not pending there: stored as a new trigger; status and
	 * reason in the verdict (TS 23.682 5.2.3.2). */
	POL_T4_STORED,
	/* error of a relay (E bit, 3xxx): this DTR was not handled; an earlier one may have been */
	POL_T4_UNHANDLED,
};
struct pol_t4_rules {
	bool congestion_is_temporary; /* 5531 is 201 and not 107 */
	/* 5535 to this DTR means stored, not refused: a replace, at an SMS-SC that stores it */
	bool not_pending_is_stored;
};
enum pol_t4_meaning pol_map_dta(struct pol_verdict *out, const struct app_head *head, const struct pol_t4_rules *rules);

/* SM-Delivery-Outcome-T4 -> Delivery-Outcome; unknown values are TEMPORARYERROR. */
enum tsp_delivery_outcome pol_map_delivery(uint32_t sm_delivery_outcome);
