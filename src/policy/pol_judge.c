/* pol_judge.c - the checks as a table, in the order that CONTRACTS section 2 fixes; the first
 * that fails answers. */
#include "policy/pol_judge.h"

#include <stdio.h>
#include <string.h>

struct judging {
	const struct pol_request *r;
	const struct pol_verdict *screened;
	const struct pol_facts *f;
	struct pol_verdict *out;
};

/* True: the next check follows. */
typedef bool check_fn(struct judging *j);

static bool refuse(struct judging *j, enum pol_reason reason)
{
	j->out->status = pol_reason_status(reason);
	j->out->reason = reason; /* the rule that allowed it stays in the verdict */
	return false;
}

uint8_t pol_right_of(uint32_t action)
{
	switch (action) {
	case TSP_ACTION_TRIGGER:
		return ASSOC_RIGHT_TRIGGER;
	case TSP_ACTION_RECALL:
		return ASSOC_RIGHT_RECALL;
	case TSP_ACTION_REPLACE:
		return ASSOC_RIGHT_REPLACE;
	default:
		return 0;
	}
}

/* Applies the finding of the screening at the place of its status in the order. */
static bool screened_ok(struct judging *j, uint32_t status)
{
	if (j->screened->status != status) {
		return true;
	}
	return refuse(j, j->screened->reason);
}

static bool check_identity(struct judging *j)
{
	if (!screened_ok(j, TSP_STATUS_INVSCSID)) {
		return false;
	}
	if (j->r->scs_identity[0] && strcmp(j->r->scs_identity, j->f->scs->e164) != 0) {
		return refuse(j, POL_FOREIGN_SCS_IDENTITY);
	}
	return true;
}

static bool check_action(struct judging *j)
{
	return (pol_right_of(j->r->action) & j->f->scs->actions) || refuse(j, POL_ACTION_NOT_ALLOWED);
}

static bool check_rate(struct judging *j)
{
	const struct pol_scs *scs = j->f->scs;

	return !j->f->rate || pol_rate_take(j->f->rate, scs->rate_per_s, scs->burst, j->f->steady_ms) || refuse(j, POL_RATE);
}

static bool check_quota(struct judging *j)
{
	const struct pol_scs *scs = j->f->scs;

	return !scs->quota_per_day || j->f->load.quota_used < scs->quota_per_day || refuse(j, POL_QUOTA);
}

static bool check_form(struct judging *j)
{
	return screened_ok(j, TSP_STATUS_INVEXTID) && screened_ok(j, TSP_STATUS_INVPAYLOAD) &&
	       screened_ok(j, TSP_STATUS_PERMANENTERROR);
}

static uint32_t smaller(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

static bool check_limits(struct judging *j)
{
	const struct pol_scs *scs = j->f->scs;
	const struct pol_request *r = j->r;

	if (r->has_trigger_data && r->payload.len > smaller(scs->payload_max, j->f->payload_ceiling)) {
		return refuse(j, POL_PAYLOAD_TOO_LONG);
	}
	if (r->validity_s > smaller(scs->validity_max_s, j->f->validity_ceiling_s)) {
		return refuse(j, POL_VALIDITY_TOO_LONG);
	}
	if (r->priority != TSP_NON_PRIORITY && !scs->priority_allowed) {
		return refuse(j, POL_PRIORITY_NOT_ALLOWED);
	}
	if (r->has_port && (r->port < scs->port_min || r->port > scs->port_max)) {
		return refuse(j, POL_PORT_NOT_ALLOWED);
	}
	return true;
}

static bool check_reference(struct judging *j)
{
	return !j->f->load.reference_in_use || refuse(j, POL_REFERENCE_IN_USE);
}

static void take_detected(struct pol_verdict *out, const struct pol_assoc *a, const struct assoc_found *found)
{
	if (!a->detected_n || out->detected) {
		return;
	}
	out->detected = &found->rules[a->detected[0]];
	out->detected_reason = pol_assoc_reason(out->detected);
}

/* True: allowed. Names the deciding rule in both cases. */
static bool take_assoc(struct pol_verdict *out, const struct pol_assoc *a, const struct assoc_found *found)
{
	*out = pol_verdict_of(a->reason);
	if (a->winner >= 0) {
		out->rule = &found->rules[a->winner];
	}
	return a->allow;
}

static bool check_association(struct judging *j)
{
	struct pol_assoc a;
	bool allowed;

	if (!j->f->found) { /* never "allow", and nothing about the device */
		return refuse(j, POL_STORE_UNREADABLE);
	}
	pol_assoc_judge(&a, j->f->found, pol_right_of(j->r->action), (int64_t)(j->f->now_ms / 1000));
	allowed = take_assoc(j->out, &a, j->f->found);
	take_detected(j->out, &a, j->f->found);
	return allowed;
}

static bool check_absent(struct judging *j)
{
	return !j->f->load.absent_too_often || refuse(j, POL_ABSENT_TOO_OFTEN);
}

static bool check_load(struct judging *j)
{
	const struct pol_load *load = &j->f->load;

	if (load->pending_of_scs >= j->f->scs->pending_max) {
		return refuse(j, POL_PENDING);
	}
	if (load->overloaded || (load->overloaded_low && j->r->priority == TSP_NON_PRIORITY)) {
		return refuse(j, POL_OVERLOAD);
	}
	if (load->memory_short && j->r->action != TSP_ACTION_RECALL) {
		return refuse(j, POL_NOMEM);
	}
	return true;
}

static check_fn *const checks[] = {
	check_identity, check_action,      check_rate,      check_quota,  check_form,
	check_limits,   check_association, check_reference, check_absent, check_load,
};

void pol_judge(struct pol_verdict *out, const struct pol_request *r, const struct pol_verdict *screened,
	       const struct pol_facts *f)
{
	struct judging j = { r, screened, f, out };

	*out = pol_verdict_of(POL_NONE);
	for (size_t i = 0; i < sizeof checks / sizeof checks[0]; i++) {
		if (!checks[i](&j)) {
			return;
		}
	}
}

/* `out` allows the given names. */
static void judge_other(struct pol_verdict *out, uint8_t right, const struct assoc_found *found, int64_t now_s)
{
	struct pol_assoc a;

	pol_assoc_judge_again(&a, found, right, now_s);
	if (a.allow) {
		take_detected(out, &a, found);
	} else {
		take_assoc(out, &a, found); /* drops the detected rule: refused without it */
	}
}

void pol_judge_again(struct pol_verdict *out, uint8_t right, const struct assoc_found *found,
		     const struct assoc_found *found_msisdn, uint64_t now_ms)
{
	int64_t now_s = (int64_t)(now_ms / 1000);
	struct pol_assoc a;

	*out = pol_verdict_of(POL_NONE);
	if (!found) {
		*out = pol_verdict_of(POL_STORE_UNREADABLE);
		return;
	}
	pol_assoc_judge(&a, found, right, now_s);
	if (!take_assoc(out, &a, found)) {
		return;
	}
	take_detected(out, &a, found);
	if (found_msisdn) {
		judge_other(out, right, found_msisdn, now_s);
	}
}

void pol_judge_other(struct pol_verdict *out, uint8_t right, const struct assoc_found *found, uint64_t now_ms)
{
	*out = pol_verdict_of(found ? POL_NONE : POL_STORE_UNREADABLE);
	if (found) {
		judge_other(out, right, found, (int64_t)(now_ms / 1000));
	}
}
