/* s6m_sir.c - Subscriber-Information-Request and -Answer (TS 29.336 6.2.3, 6.2.4). */
#include "apps/s6m_sir.h"

#include "apps/app_rows.h"

APP_STARTS_WITH_HEAD(struct s6m_sir);
APP_STARTS_WITH_HEAD(struct s6m_sia);

#define SERVICES (DIA_VALUE(S6M_SERVICE_DEVICE_TRIGGER) | DIA_VALUE(S6M_SERVICE_SMS_MO))
#define PRIORITIES 3u /* TS 29.368 6.4.7: 0 and 1 */

/* One row a line. */
/* clang-format off */
/* The struct of the command keeps the groups of the two commands: their rows count from its
 * start. */
static const struct dia_row t4_parameters_rows[] = { /* 6.4.6 */
	{ DIA_ROW(PRIORITY_INDICATION), DIA_AT(U32, struct s6m_sir, priority_indication), DIA_OPT, .values = PRIORITIES },
	{ DIA_ROW(SM_RP_SMEA), DIA_AT(BYTES, struct s6m_sir, sm_rp_smea), DIA_OPT },
};
static const struct dia_grammar t4_parameters_group = DIA_GRAMMAR(t4_parameters_rows);

static const struct dia_row service_parameters_rows[] = { /* 6.4.5 */
	{ DIA_ROW(T4_PARAMETERS), .keep = DIA_KEEP_GROUP, DIA_OPT, DIA_FLAG(struct s6m_sir, has_t4_parameters), .inside = &t4_parameters_group },
	{ DIA_ROW(APPLICATION_PORT_IDENTIFIER), DIA_AT(U32, struct s6m_sir, application_port), DIA_OPT },
};
static const struct dia_grammar service_parameters_group = DIA_GRAMMAR(service_parameters_rows);

static const struct dia_row sir_rows[] = {
	APP_SESSION_ID,
	APP_DRMP,
	APP_STATELESS,
	APP_ORIGIN_HOST,
	APP_ORIGIN_REALM,
	APP_DESTINATION_HOST(DIA_OPT),
	APP_DESTINATION_REALM,
	{ DIA_ROW(USER_IDENTIFIER), DIA_AT(GROUP, struct s6m_sir, user_identifier), DIA_ONE, .inside = &app_user_identifier_group },
	{ DIA_ROW(SERVICE_ID), DIA_AT(U32, struct s6m_sir, service_id), DIA_OPT, .values = SERVICES },
	{ DIA_ROW(SCS_IDENTITY), DIA_AT(BYTES, struct s6m_sir, scs_identity), DIA_OPT },
	{ DIA_ROW(SERVICE_PARAMETERS), .keep = DIA_KEEP_GROUP, DIA_OPT, DIA_FLAG(struct s6m_sir, has_service_parameters), .inside = &service_parameters_group },
	{ DIA_ROW(SIR_FLAGS), DIA_AT(U32, struct s6m_sir, sir_flags), DIA_ONE },
	APP_OC_SUPPORTED_FEATURES,
	APP_FEATURES,
	APP_PROXY_INFO,
	APP_ROUTE_RECORD,
	APP_NO_RESULT,
};

static const struct dia_row t4_data_rows[] = { /* 6.4.8 */
	{ DIA_ROW(HSS_CAUSE), DIA_AT(U32, struct s6m_sia, hss_cause), DIA_OPT },
	{ DIA_ROW(SERVING_NODE), DIA_AT(GROUP, struct s6m_sia, serving_node), DIA_OPT, DIA_FLAG(struct s6m_sia, serving_node.present), .inside = &app_serving_node_group },
	{ DIA_ROW(ADDITIONAL_SERVING_NODE), DIA_LIST(GROUP, struct s6m_sia, additional_serving_nodes, APP_ADDITIONAL_NODES_MAX), DIA_FLAG(struct app_serving_node, present), .inside = &app_additional_serving_node_group },
};
static const struct dia_grammar t4_data_group = DIA_GRAMMAR(t4_data_rows);

static const struct dia_row service_data_rows[] = { /* 6.4.7 */
	{ DIA_ROW(T4_DATA), .keep = DIA_KEEP_GROUP, DIA_OPT, DIA_FLAG(struct s6m_sia, has_t4_data), .inside = &t4_data_group },
};
static const struct dia_grammar service_data_group = DIA_GRAMMAR(service_data_rows);

static const struct dia_row sia_rows[] = {
	APP_SESSION_ID,
	APP_DRMP,
	APP_RESULT_CODE,
	APP_EXPERIMENTAL_RESULT,
	APP_STATELESS_ANSWER,
	APP_ORIGIN_HOST,
	APP_ORIGIN_REALM,
	APP_OC_SUPPORTED_FEATURES,
	APP_OC_OLR,
	APP_LOAD,
	APP_FEATURES,
	{ DIA_ROW(USER_IDENTIFIER), DIA_LIST(GROUP, struct s6m_sia, user_identifiers, APP_USER_IDENTIFIERS_MAX), .inside = &app_user_identifier_group },
	{ DIA_ROW(SERVICE_DATA), .keep = DIA_KEEP_GROUP, DIA_OPT, DIA_FLAG(struct s6m_sia, has_service_data), .inside = &service_data_group },
	APP_FAILED_AVP,
	APP_PROXY_INFO,
	APP_ROUTE_RECORD,
	/* not in its grammar, but what any failing node of the path may add (RFC 6733 7.3, 7.4) */
	APP_ERROR_MESSAGE,
	APP_ERROR_REPORTING_HOST,
};
/* clang-format on */

static const struct dia_grammar sir_grammar = DIA_GRAMMAR(sir_rows);
static const struct dia_grammar sia_grammar = DIA_GRAMMAR(sia_rows);
static const struct dia_command sir = APP_REQUEST(SUBSCRIBER_INFORMATION, APP_S6M, sir_grammar, sizeof(struct s6m_sir));
static const struct dia_command sia =
    APP_ANSWER(SUBSCRIBER_INFORMATION, APP_S6M, sia_grammar, offsetof(struct s6m_sia, S6M_SIA_LISTS));

int s6m_sir_parse(struct s6m_sir *out, const struct dia_msg *m, struct dia_failed *failed)
{
	return dia_command_parse(&sir, out, m, failed);
}

int s6m_sia_parse(struct s6m_sia *out, const struct dia_msg *m, struct dia_failed *failed)
{
	return dia_command_parse(&sia, out, m, failed);
}

void s6m_sir_clear(struct s6m_sir *out)
{
	dia_command_clear(&sir, out);
}

void s6m_sir_build(struct buf *out, const struct s6m_sir *in, uint32_t hop_by_hop, uint32_t end_to_end)
{
	app_build(out, &sir, in, hop_by_hop, end_to_end);
}

void s6m_sia_build(struct buf *out, const struct s6m_sia *in, uint32_t hop_by_hop, uint32_t end_to_end)
{
	app_build(out, &sia, in, hop_by_hop, end_to_end);
}
