/* hss_decide.c - the checks of TS 29.336 5.2.1.2 in their order; the first that fails answers.
 *
 *   identity known? -> SCS allowed? -> service exists and allowed?
 *        5001              5510                5511
 *     -> DEVICE_TRIGGER: registered? -> reachable or priority? -> teleservice, barring?
 *                        -> serving nodes
 *     -> SMS_MO: IMSI and port? -> owner of the port? */
#include "nodes/hss/hss_decide.h"

#include <string.h>

static const char *refuse(struct s6m_sia *out, uint32_t code, const char *words)
{
	out->head.experimental_result = (struct app_experimental_result){ DIA_VENDOR_3GPP, code, true };
	return words;
}

static const char *fail(struct s6m_sia *out, const char *words)
{
	out->head.result_code = dia_u32_of(DIA_RESULT_UNABLE_TO_COMPLY);
	return words;
}

static struct dia_bytes number_view(const struct hss_number *n)
{
	return (struct dia_bytes){ n->len ? n->tbcd : NULL, n->len };
}

static bool scs_allowed(const struct hss_subscriber *sub, struct dia_bytes scs)
{
	for (uint16_t i = 0; scs.p && i < sub->allowed_n; i++) {
		if (sub->allowed[i].len == scs.len && memcmp(sub->allowed[i].tbcd, scs.p, scs.len) == 0) {
			return true;
		}
	}
	return sub->any_scs;
}

static bool service_allowed(const struct hss_subscriber *sub, struct dia_u32 service)
{
	if (!service.present) {
		return false;
	}
	if (service.v == S6M_SERVICE_DEVICE_TRIGGER) {
		return sub->services & HSS_SERVICE_DEVICE_TRIGGER;
	}
	return service.v == S6M_SERVICE_SMS_MO && (sub->services & HSS_SERVICE_SMS_MO);
}

static bool features_required(const struct s6m_sir *sir)
{
	for (uint8_t i = 0; i < sir->head.features_n; i++) {
		if (sir->head.features[i].mandatory && sir->head.features[i].list) {
			return true;
		}
	}
	return false;
}

static void put_node(struct app_serving_node *out, const struct hss_node *node)
{
	struct dia_bytes name = dia_text(node->name), realm = dia_text(node->realm), number = number_view(&node->number);

	out->present = true;
	switch (node->kind) {
	case HSS_NODE_IP_SM_GW:
		out->ip_sm_gw_name = name;
		out->ip_sm_gw_realm = realm;
		out->ip_sm_gw_number = number;
		break;
	case HSS_NODE_MSC:
		out->mme_name = name;
		out->mme_realm = realm;
		out->msc_number = number;
		break;
	case HSS_NODE_SGSN:
		out->sgsn_name = name;
		out->sgsn_realm = realm;
		out->sgsn_number = number;
		break;
	default:
		out->mme_name = name;
		out->mme_realm = realm;
		out->mme_number_for_mt_sms = number;
	}
}

/* Adds the nodes for delivery: all of them for a priority trigger, else the reachable ones. Returns
 * their number. */
static unsigned put_nodes(struct s6m_sia *out, const struct hss_subscriber *sub, bool priority)
{
	unsigned n = 0;

	for (uint8_t i = 0; i < sub->nodes_n; i++) {
		if (!priority && !sub->nodes[i].reachable) {
			continue;
		}
		if (n == 0) {
			put_node(&out->serving_node, &sub->nodes[i]);
		} else {
			put_node(&out->additional_serving_nodes[out->additional_serving_nodes_n++], &sub->nodes[i]);
		}
		n++;
	}
	return n;
}

static const char *answer_cause(struct s6m_sia *out, uint32_t cause, const char *words)
{
	memset(&out->serving_node, 0, sizeof out->serving_node);
	out->additional_serving_nodes_n = 0;
	out->hss_cause = dia_u32_of(cause);
	return words;
}

static const char *device_trigger(struct s6m_sia *out, const struct hss_subscriber *sub, const struct s6m_sir *sir)
{
	bool priority = sir->priority_indication.present && sir->priority_indication.v == 1;
	uint32_t cause = (sub->teleservice ? 0u : (uint32_t)S6M_CAUSE_TELESERVICE_NOT_PROVISIONED) |
			 (sub->barred ? (uint32_t)S6M_CAUSE_CALL_BARRED : 0u);

	out->head.result_code = dia_u32_of(DIA_RESULT_SUCCESS);
	out->user_identifiers[0].user_name = dia_text(sub->imsi);
	out->user_identifiers[0].msisdn = number_view(&sub->msisdn);
	out->user_identifiers_n = 1;
	out->has_service_data = out->has_t4_data = true;
	if (sub->nodes_n == 0) {
		return answer_cause(out, S6M_CAUSE_ABSENT_SUBSCRIBER, "absent: registered nowhere");
	}
	if (put_nodes(out, sub, priority) == 0) {
		return answer_cause(out, S6M_CAUSE_ABSENT_SUBSCRIBER, "absent: not reachable in any node");
	}
	if (cause) {
		return answer_cause(out, cause, "teleservice not provisioned or barred");
	}
	return "serving nodes";
}

static const char *sms_mo(struct s6m_sia *out, const struct hss_subscriber *sub, const struct s6m_sir *sir)
{
	if (!sir->user_identifier.user_name.p || !sir->application_port.present) {
		return refuse(out, S6M_ERROR_MISSING_APPLICATION_DATA, "SMS_MO without IMSI or port");
	}
	for (uint8_t i = 0; i < sub->ports_n; i++) {
		if (sub->ports[i].port != sir->application_port.v) {
			continue;
		}
		out->head.result_code = dia_u32_of(DIA_RESULT_SUCCESS);
		out->user_identifiers[0].external_identifier = dia_text(sub->ports[i].external);
		out->user_identifiers_n = 1;
		out->has_service_data = true;
		return "external identifier of the port";
	}
	return fail(out, "no external identifier belongs to this port");
}

/* Request of an MTC-AAA: the identities of an IMSI, one in each User-Identifier; the IMSI itself if
 * there are none. */
static const char *identities(struct s6m_sia *out, const struct hss_subscriber *sub)
{
	uint8_t n = 0;

	for (uint8_t i = 0; i < sub->externals_n; i++) {
		out->user_identifiers[n++].external_identifier = dia_text(sub->externals[i]);
	}
	if (sub->msisdn.len) {
		out->user_identifiers[n++].msisdn = number_view(&sub->msisdn);
	}
	if (n == 0) {
		out->user_identifiers[n++].user_name = dia_text(sub->imsi);
	}
	out->user_identifiers_n = n;
	out->head.result_code = dia_u32_of(DIA_RESULT_SUCCESS);
	return "identities";
}

const char *hss_decide(struct s6m_sia *out, const struct hss_subscriber *sub, const struct s6m_sir *sir)
{
	if (features_required(sir)) {
		return refuse(out, S6M_ERROR_FEATURE_UNSUPPORTED, "requires a feature; there is none");
	}
	if (!sub) {
		return refuse(out, S6M_ERROR_USER_UNKNOWN, "user unknown");
	}
	if (!(sir->sir_flags.v & S6M_SIR_FLAG_S6M)) {
		return identities(out, sub);
	}
	if (!scs_allowed(sub, sir->scs_identity)) {
		return refuse(out, S6M_ERROR_UNAUTHORIZED_REQUESTING_ENTITY, "SCS not allowed for this user");
	}
	if (!service_allowed(sub, sir->service_id)) {
		return refuse(out, S6M_ERROR_UNAUTHORIZED_SERVICE, "service absent or not allowed for this user");
	}
	if (sir->service_id.v == S6M_SERVICE_SMS_MO) {
		return sms_mo(out, sub, sir);
	}
	return device_trigger(out, sub, sir);
}
