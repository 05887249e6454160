/* t4_dtr.c - Device-Trigger-Request and -Answer (TS 29.337 6.2). */
#include "apps/t4_dtr.h"

#include "apps/app_rows.h"

APP_STARTS_WITH_HEAD(struct t4_dtr);
APP_STARTS_WITH_HEAD(struct t4_dta);

#define ACTIONS (DIA_VALUE(T4_TRIGGER) | DIA_VALUE(T4_RECALL) | DIA_VALUE(T4_REPLACE))
#define PRIORITIES 3u /* TS 29.368 6.4.7: 0 and 1 */

/* One row a line. */
/* clang-format off */
static const struct dia_row dtr_rows[] = {
	APP_SESSION_ID,
	APP_DRMP,
	APP_STATELESS,
	APP_ORIGIN_HOST,
	APP_ORIGIN_REALM,
	APP_DESTINATION_HOST(DIA_OPT),
	APP_DESTINATION_REALM,
	{ DIA_ROW(USER_IDENTIFIER), DIA_AT(GROUP, struct t4_dtr, user_identifier), DIA_ONE, .inside = &app_user_identifier_group },
	{ DIA_ROW(SM_RP_SMEA), DIA_AT(BYTES, struct t4_dtr, sm_rp_smea), DIA_ONE },
	{ DIA_ROW(PAYLOAD), DIA_AT(BYTES, struct t4_dtr, payload), DIA_ONE },
	{ DIA_ROW(SERVING_NODE), DIA_AT(GROUP, struct t4_dtr, serving_node), DIA_OPT, DIA_FLAG(struct t4_dtr, serving_node.present), .inside = &app_serving_node_group },
	{ DIA_ROW(ADDITIONAL_SERVING_NODE), DIA_LIST(GROUP, struct t4_dtr, additional_serving_nodes, APP_ADDITIONAL_NODES_MAX), DIA_FLAG(struct app_serving_node, present), .inside = &app_additional_serving_node_group },
	{ DIA_ROW(REFERENCE_NUMBER), DIA_AT(U32, struct t4_dtr, reference_number), DIA_OPT },
	{ DIA_ROW(VALIDITY_TIME), DIA_AT(U32, struct t4_dtr, validity_time_s), DIA_OPT },
	{ DIA_ROW(PRIORITY_INDICATION), DIA_AT(U32, struct t4_dtr, priority_indication), DIA_OPT, .values = PRIORITIES },
	{ DIA_ROW(APPLICATION_PORT_IDENTIFIER), DIA_AT(U32, struct t4_dtr, application_port), DIA_OPT },
	{ DIA_ROW(OLD_REFERENCE_NUMBER), DIA_AT(U32, struct t4_dtr, old_reference_number), DIA_OPT },
	{ DIA_ROW(TRIGGER_ACTION), DIA_AT(U32, struct t4_dtr, trigger_action), DIA_OPT, .values = ACTIONS },
	APP_FEATURES,
	APP_PROXY_INFO,
	APP_ROUTE_RECORD,
	APP_NO_RESULT,
};

static const struct dia_row dta_rows[] = {
	APP_SESSION_ID,
	APP_DRMP,
	APP_RESULT_CODE,
	APP_EXPERIMENTAL_RESULT,
	{ DIA_ROW(MTC_ERROR_DIAGNOSTIC), DIA_AT(U32, struct t4_dta, mtc_error_diagnostic), DIA_OPT },
	APP_STATELESS_ANSWER,
	APP_ORIGIN_HOST,
	APP_ORIGIN_REALM,
	{ DIA_ROW(OLD_REFERENCE_NUMBER), DIA_AT(U32, struct t4_dta, old_reference_number), DIA_OPT },
	{ DIA_ROW(TRIGGER_ACTION), DIA_AT(U32, struct t4_dta, trigger_action), DIA_OPT },
	APP_FEATURES,
	APP_FAILED_AVP,
	APP_PROXY_INFO,
	APP_ROUTE_RECORD,
	/* not in its grammar, but what any failing node of the path may add (RFC 6733 7.3, 7.4) */
	APP_ERROR_MESSAGE,
	APP_ERROR_REPORTING_HOST,
};
/* clang-format on */

static const struct dia_grammar dtr_grammar = DIA_GRAMMAR(dtr_rows);
static const struct dia_grammar dta_grammar = DIA_GRAMMAR(dta_rows);
static const struct dia_command dtr = APP_REQUEST(DEVICE_TRIGGER, APP_T4, dtr_grammar, offsetof(struct t4_dtr, T4_DTR_LISTS));
static const struct dia_command dta = APP_ANSWER(DEVICE_TRIGGER, APP_T4, dta_grammar, sizeof(struct t4_dta));

int t4_dtr_parse(struct t4_dtr *out, const struct dia_msg *m, struct dia_failed *failed)
{
	return dia_command_parse(&dtr, out, m, failed);
}

int t4_dta_parse(struct t4_dta *out, const struct dia_msg *m, struct dia_failed *failed)
{
	return dia_command_parse(&dta, out, m, failed);
}

int t4_dta_parse_lenient(struct t4_dta *out, const struct dia_msg *m, struct dia_failed *failed, uint8_t *lapses)
{
	return dia_command_parse_lenient(&dta, out, m, failed, lapses);
}

void t4_dtr_clear(struct t4_dtr *out)
{
	dia_command_clear(&dtr, out);
}

void t4_dtr_build(struct buf *out, const struct t4_dtr *in, uint32_t hop_by_hop, uint32_t end_to_end)
{
	app_build(out, &dtr, in, hop_by_hop, end_to_end);
}

void t4_dta_build(struct buf *out, const struct t4_dta *in, uint32_t hop_by_hop, uint32_t end_to_end)
{
	app_build(out, &dta, in, hop_by_hop, end_to_end);
}
