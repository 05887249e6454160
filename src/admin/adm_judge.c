/* adm_judge.c - requests.judge: what the policy would answer now to a request with these values.
 * The code that judges requests on their way judges this one, so that a trace can be replayed
 * against rules that changed since. Nothing is changed, counted or submitted, and neither the HSS
 * nor the SMS-SC is asked. */
#include <stdlib.h>
#include <string.h>

#include "admin/adm_int.h"
#include "base/clock.h"
#include "base/str.h"
#include "policy/pol_judge.h"

#define JUDGE_MAGIC 0x4de8b213u
struct judge { /* too large for a stack */
	struct obj obj;
	struct tsp_device_action action;
	uint8_t external[CTL_AVP_MAX], msisdn[CTL_AVP_MAX], scs_identity[CTL_AVP_MAX];
	struct pol_request request;
	struct pol_verdict verdict;
	struct assoc_found found;
};

/* Octets of an AVP; absent when the argument is. */
static bool octets(struct dia_bytes *out, uint8_t *room, const json_t *args, const char *name)
{
	size_t len;

	if (!ctl_arg_has(args, name)) {
		return true;
	}
	if (str_unhex(room, CTL_AVP_MAX, &len, ctl_arg_text(args, name, ""))) {
		return false;
	}
	*out = (struct dia_bytes){ room, (uint32_t)len };
	return true;
}

static struct dia_u32 number(const json_t *args, const char *name)
{
	return (struct dia_u32){ (uint32_t)ctl_arg_num(args, name, 0), ctl_arg_has(args, name) };
}

/* The length of a payload counts, and not what it says. */
static const uint8_t *blank(void)
{
	static const uint8_t zero[CTL_PAYLOAD_MAX];

	return zero;
}

static bool read_action(struct judge *j, const json_t *args)
{
	struct tsp_device_action *a = &j->action;

	a->reference_number = number(args, "reference");
	a->old_reference_number = number(args, "old_reference");
	a->action_type = number(args, "action_type");
	a->validity_time_s = number(args, "validity_s");
	a->trigger_data.present = ctl_arg_has(args, "payload_len");
	a->trigger_data.payload = (struct dia_bytes){ blank(), (uint32_t)ctl_arg_num(args, "payload_len", 0) };
	a->trigger_data.priority_indication = number(args, "priority");
	a->trigger_data.application_port = number(args, "port");
	return octets(&a->external_identifier, j->external, args, "external") && octets(&a->msisdn, j->msisdn, args, "msisdn") &&
	       octets(&a->scs_identity, j->scs_identity, args, "scs_identity");
}

static bool judge(struct judge *j, const struct adm *a, const struct asc_scs *provisioned)
{
	struct asc_asker who = { .scs = provisioned->name };
	struct asc_device device;
	struct core_scs_view live;
	struct pol_verdict screened;
	struct pol_scs scs;
	struct pol_facts facts = { .scs = &scs, .found = &j->found, .now_ms = clock_real_ms() };

	pol_screen(&j->request, &screened, &j->action);
	core_scs_facts(&scs, a->core, provisioned);
	core_scs_view(a->core, provisioned->name, &live);
	facts.load.quota_used = live.quota_used + live.quota_asking;
	core_ceilings(a->core, &facts.payload_ceiling, &facts.validity_ceiling_s);
	device = (struct asc_device){ j->request.external[0] ? j->request.external : NULL,
				      j->request.msisdn[0] ? j->request.msisdn : NULL };
	if ((device.external || device.msisdn) && asc_find_rules(a->asc, &who, &device, &j->found)) {
		return false;
	}
	pol_judge(&j->verdict, &j->request, &screened, &facts);
	return true;
}

static json_t *answer(const struct judge *j)
{
	char device[POL_DEVICE_TEXT_MAX], rule[ASSOC_RULE_TEXT_MAX] = "", detected[ASSOC_RULE_TEXT_MAX] = "";
	const struct pol_verdict *v = &j->verdict;
	bool allowed = v->status == TSP_STATUS_SUCCESS;

	if (v->rule) {
		assoc_rule_text(rule, v->rule);
	}
	if (v->detected) {
		assoc_rule_text(detected, v->detected);
	}
	return json_pack("{s:b, s:I, s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "accepted", allowed, "request_status",
			 (json_int_t)v->status, "status", tsp_request_status_str(v->status), "reason",
			 allowed ? "" : pol_reason_str(v->reason), "meaning", allowed ? "" : pol_reason_words(v->reason), "rule",
			 rule, "detected", detected, "device", pol_request_device(device, &j->request), "action",
			 tsp_action_str(j->action.action_type.v));
}

static void on_judge(void *arg, struct ctl_request *rq, const json_t *args)
{
	const struct adm *a = OBJ_OF(arg, struct adm, ADM_MAGIC);
	const struct asc_scs *provisioned = asc_scs_find(a->asc, ctl_arg_text(args, "scs", ""));
	struct judge *j;

	if (!provisioned) {
		ctl_fail(rq, "no such SCS: 'mtcctl scs list' lists them");
		return;
	}
	j = calloc(1, sizeof *j);
	if (!j) {
		ctl_fail(rq, "out of memory");
		return;
	}
	obj_begin(&j->obj, JUDGE_MAGIC);
	assoc_found_none(&j->found);
	if (!read_action(j, args)) {
		ctl_fail(rq, "external, msisdn and scs_identity are the bytes of their AVPs in hexadecimal, at most %u bytes",
			 CTL_AVP_MAX);
	} else if (!judge(j, a, provisioned)) {
		ctl_fail(rq, "the association store cannot be read");
	} else {
		ctl_done(rq, answer(j));
	}
	OBJ_END(j, JUDGE_MAGIC);
	free(j);
}

const struct ctl_command adm_judge_rows[] = {
	{ "requests.judge", "what the policy would answer now to a request with these values; nothing is submitted",
	  ctl_args_requests_judge, false, on_judge },
	{ .name = NULL },
};
