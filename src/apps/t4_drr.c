/* t4_drr.c - Delivery-Report-Request and -Answer (TS 29.337 6.2). */
#include "apps/t4_drr.h"

#include "apps/app_rows.h"

APP_STARTS_WITH_HEAD(struct t4_drr);
APP_STARTS_WITH_HEAD(struct t4_dra);

/* One row a line. */
/* clang-format off */
static const struct dia_row drr_rows[] = {
	APP_SESSION_ID,
	APP_DRMP,
	APP_STATELESS,
	APP_ORIGIN_HOST,
	APP_ORIGIN_REALM,
	APP_DESTINATION_HOST(DIA_ONE),
	APP_DESTINATION_REALM,
	{ DIA_ROW(USER_IDENTIFIER), DIA_AT(GROUP, struct t4_drr, user_identifier), DIA_ONE, .inside = &app_user_identifier_group },
	{ DIA_ROW(SM_RP_SMEA), DIA_AT(BYTES, struct t4_drr, sm_rp_smea), DIA_ONE },
	{ DIA_ROW(SM_DELIVERY_OUTCOME_T4), DIA_AT(U32, struct t4_drr, sm_delivery_outcome), DIA_ONE },
	{ DIA_ROW(ABSENT_SUBSCRIBER_DIAGNOSTIC_T4), DIA_AT(U32, struct t4_drr, absent_subscriber_diagnostic), DIA_OPT },
	{ DIA_ROW(REFERENCE_NUMBER), DIA_AT(U32, struct t4_drr, reference_number), DIA_OPT },
	APP_FEATURES,
	APP_PROXY_INFO,
	APP_ROUTE_RECORD,
	APP_NO_RESULT,
};

static const struct dia_row dra_rows[] = {
	APP_SESSION_ID,
	APP_DRMP,
	APP_RESULT_CODE,
	APP_EXPERIMENTAL_RESULT,
	APP_STATELESS_ANSWER,
	APP_ORIGIN_HOST,
	APP_ORIGIN_REALM,
	APP_FEATURES,
	APP_FAILED_AVP,
	APP_PROXY_INFO,
	APP_ROUTE_RECORD,
	/* not in its grammar, but what any failing node of the path may add (RFC 6733 7.3, 7.4) */
	APP_ERROR_MESSAGE,
	APP_ERROR_REPORTING_HOST,
};
/* clang-format on */

static const struct dia_grammar drr_grammar = DIA_GRAMMAR(drr_rows);
static const struct dia_grammar dra_grammar = DIA_GRAMMAR(dra_rows);
static const struct dia_command drr = APP_REQUEST(DELIVERY_REPORT, APP_T4, drr_grammar, sizeof(struct t4_drr));
static const struct dia_command dra = APP_ANSWER(DELIVERY_REPORT, APP_T4, dra_grammar, sizeof(struct t4_dra));

int t4_drr_parse(struct t4_drr *out, const struct dia_msg *m, struct dia_failed *failed)
{
	return dia_command_parse(&drr, out, m, failed);
}

int t4_dra_parse(struct t4_dra *out, const struct dia_msg *m, struct dia_failed *failed)
{
	return dia_command_parse(&dra, out, m, failed);
}

void t4_drr_build(struct buf *out, const struct t4_drr *in, uint32_t hop_by_hop, uint32_t end_to_end)
{
	app_build(out, &drr, in, hop_by_hop, end_to_end);
}

void t4_dra_clear(struct t4_dra *out)
{
	dia_command_clear(&dra, out);
}

void t4_dra_build(struct buf *out, const struct t4_dra *in, uint32_t hop_by_hop, uint32_t end_to_end)
{
	app_build(out, &dra, in, hop_by_hop, end_to_end);
}
