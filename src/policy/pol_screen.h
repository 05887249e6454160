/* pol_screen.h - turns the typed Device-Action into one canonical request: exactly the
 * authorised request is sent on. PURE.
 * A device name is canonical or refused; it is never repaired. */
#pragma once
#include "apps/tsp.h"
#include "base/assoc_rule.h"
#include "base/ident.h"
#include "base/str.h"
#include "policy/pol_reason.h"

struct pol_request {
	char external[IDENT_EXTERNAL_MAX + 1]; /* "" when not given */
	char msisdn[IDENT_MSISDN_MAX + 1];     /* "" when not given */
	char scs_identity[STR_DIGITS_MAX + 1]; /* digits; "" when not given */
	uint32_t action;                       /* enum tsp_action_type */
	uint32_t reference, old_reference;
	bool has_old_reference;
	bool has_trigger_data;
	struct dia_bytes payload; /* borrowed from the action */
	uint32_t priority;        /* TSP_NON_PRIORITY when absent */
	bool has_port;
	uint32_t port;
	bool has_validity;
	uint32_t validity_s; /* 0 when absent */
};

struct pol_verdict {
	uint32_t status; /* enum tsp_request_status, the reason's; SUCCESS: go on */
	enum pol_reason reason;
	enum pol_reason detected_reason; /* of `detected` */
	/* Borrowed from the rules that were judged; a line that names one writes its text. */
	const struct assoc_rule *rule; /* decided; NULL when none did */
	/* detect-only rule that would have refused an allowed request; NULL: none */
	const struct assoc_rule *detected;
};

/* The reason and its status, no rule. */
struct pol_verdict pol_verdict_of(enum pol_reason reason);

/* The names of the trigger that a decision line shows. External-Identifier first, else
 * "msisdn:DIGITS", else "". Returns `out`. */
#define POL_DEVICE_TEXT_MAX (IDENT_EXTERNAL_MAX + 1)
const char *pol_device_text(char out[POL_DEVICE_TEXT_MAX], const char *external, const char *msisdn);
const char *pol_request_device(char out[POL_DEVICE_TEXT_MAX], const struct pol_request *r);

/* Turns a Device-Action into a request. `a` has passed the codec: Reference-Number and
 * Action-Type are present.
 * Fills `out` with all well-formed members.
 * Fills `verdict` with SUCCESS or the first of: 103 MALFORMED_SCS_IDENTITY; 102 NO_DEVICE or
 * MALFORMED_DEVICE; 101 NO_TRIGGER_DATA (trigger, replace); 107 NO_OLD_REFERENCE (replace).
 * The verdict is only a finding: pol_judge() applies it at its place in the order of checks. */
void pol_screen(struct pol_request *out, struct pol_verdict *verdict, const struct tsp_device_action *a);

/* Names that are canonical already: a check of their form has passed. "" for one that is not
 * given. */
struct pol_names_given {
	const char *external, *msisdn, *scs_identity;
};
/* The same with these names in place of those of `a`, which are not looked at. */
void pol_screen_named(struct pol_request *out, struct pol_verdict *verdict, const struct tsp_device_action *a,
		      const struct pol_names_given *names);
