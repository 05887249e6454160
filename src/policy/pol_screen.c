/* pol_screen.c - turns AVPs into a validated request, or a reason to refuse. */
#include "policy/pol_screen.h"

#include <string.h>

#include "base/str.h"
#include "base/text.h"

struct pol_verdict pol_verdict_of(enum pol_reason reason)
{
	return (struct pol_verdict){ .status = pol_reason_status(reason), .reason = reason };
}

static void find(struct pol_verdict *v, enum pol_reason reason)
{
	if (v->status == TSP_STATUS_SUCCESS) { /* the first finding stays */
		*v = pol_verdict_of(reason);
	}
}

static bool digits_of(char *out, size_t cap, const struct dia_bytes *tbcd)
{
	char digits[STR_DIGITS_MAX + 1];

	if (tbcd->len > STR_TBCD_MAX || str_untbcd(digits, tbcd->p, tbcd->len)) {
		return false;
	}
	return str_copy(out, cap, digits, strlen(digits)) == 0;
}

static void screen_scs_identity(struct pol_request *r, struct pol_verdict *v, const struct tsp_device_action *a)
{
	if (!a->scs_identity.p) {
		return;
	}
	if (!digits_of(r->scs_identity, sizeof r->scs_identity, &a->scs_identity)) {
		r->scs_identity[0] = 0;
		find(v, POL_MALFORMED_SCS_IDENTITY);
	}
}

static void screen_device(struct pol_request *r, struct pol_verdict *v, const struct tsp_device_action *a)
{
	char digits[STR_DIGITS_MAX + 1];

	if (!a->external_identifier.p && !a->msisdn.p) {
		find(v, POL_NO_DEVICE);
	}
	if (a->external_identifier.p && ident_external(r->external, a->external_identifier.p, a->external_identifier.len)) {
		r->external[0] = 0;
		find(v, POL_MALFORMED_DEVICE);
	}
	if (!a->msisdn.p) {
		return;
	}
	if (!digits_of(digits, sizeof digits, &a->msisdn) || ident_msisdn(r->msisdn, digits, strlen(digits))) {
		r->msisdn[0] = 0;
		find(v, POL_MALFORMED_DEVICE);
	}
}

static void screen_data(struct pol_request *r, struct pol_verdict *v, const struct tsp_device_action *a)
{
	bool needed = r->action == TSP_ACTION_TRIGGER || r->action == TSP_ACTION_REPLACE;

	if (a->trigger_data.present) {
		r->has_trigger_data = true;
		r->payload = a->trigger_data.payload;
		r->priority =
		    a->trigger_data.priority_indication.present ? a->trigger_data.priority_indication.v : TSP_NON_PRIORITY;
		r->has_port = a->trigger_data.application_port.present;
		r->port = r->has_port ? a->trigger_data.application_port.v : 0;
	} else if (needed) {
		find(v, POL_NO_TRIGGER_DATA);
	}
}

/* An honest edge has answered 5005 already; a false one gets a status. */
static void screen_original(const struct pol_request *r, struct pol_verdict *v)
{
	if (r->action == TSP_ACTION_REPLACE && !r->has_old_reference) {
		find(v, POL_NO_OLD_REFERENCE);
	}
}

static void begin(struct pol_request *out, struct pol_verdict *verdict, const struct tsp_device_action *a)
{
	/* the names, which are the first members, are long: "" is enough for them */
	memset(&out->action, 0, sizeof *out - offsetof(struct pol_request, action));
	out->external[0] = out->msisdn[0] = out->scs_identity[0] = 0;
	out->action = a->action_type.v;
	out->reference = a->reference_number.v;
	out->old_reference = a->old_reference_number.v;
	out->has_old_reference = a->old_reference_number.present;
	out->has_validity = a->validity_time_s.present;
	out->validity_s = a->validity_time_s.present ? a->validity_time_s.v : 0;
	*verdict = pol_verdict_of(POL_NONE);
}

void pol_screen_named(struct pol_request *out, struct pol_verdict *verdict, const struct tsp_device_action *a,
		      const struct pol_names_given *names)
{
	begin(out, verdict, a);
	str_set(out->external, sizeof out->external, names->external);
	str_set(out->msisdn, sizeof out->msisdn, names->msisdn);
	str_set(out->scs_identity, sizeof out->scs_identity, names->scs_identity);
	if (!out->external[0] && !out->msisdn[0]) {
		find(verdict, POL_NO_DEVICE);
	}
	screen_data(out, verdict, a);
	screen_original(out, verdict);
}

void pol_screen(struct pol_request *out, struct pol_verdict *verdict, const struct tsp_device_action *a)
{
	begin(out, verdict, a);
	screen_scs_identity(out, verdict, a);
	screen_device(out, verdict, a);
	screen_data(out, verdict, a);
	screen_original(out, verdict);
}

const char *pol_device_text(char out[POL_DEVICE_TEXT_MAX], const char *external, const char *msisdn)
{
	struct text t = text_over(out, POL_DEVICE_TEXT_MAX);

	if (external[0]) {
		text_add(&t, external);
	} else if (msisdn[0]) {
		text_add(&t, "msisdn:");
		text_add(&t, msisdn);
	}
	return out;
}

const char *pol_request_device(char out[POL_DEVICE_TEXT_MAX], const struct pol_request *r)
{
	return pol_device_text(out, r->external, r->msisdn);
}
