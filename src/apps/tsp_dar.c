/* tsp_dar.c - Device-Action-Request and -Answer (TS 29.368 6.6.1, 6.6.2). */
#include "apps/tsp_dar.h"

#include "apps/tsp_rows.h"

APP_STARTS_WITH_HEAD(struct tsp_dar);
APP_STARTS_WITH_HEAD(struct tsp_daa);

/* One row a line. */
/* clang-format off */
static const struct dia_row dar_rows[] = {
	APP_SESSION_ID,
	APP_AUTH_APPLICATION_ID,
	APP_STATELESS,
	APP_ORIGIN_HOST,
	APP_ORIGIN_REALM,
	APP_DESTINATION_REALM,
	APP_DESTINATION_HOST(DIA_OPT),
	APP_ORIGIN_STATE_ID,
	{ DIA_ROW(DEVICE_ACTION), DIA_AT(GROUP, struct tsp_dar, action), DIA_OPT, DIA_FLAG(struct tsp_dar, has_action), .inside = &tsp_device_action_group },
	APP_PROXY_INFO,
	APP_ROUTE_RECORD,
	APP_FEATURES,
	APP_NO_RESULT,
};

static const struct dia_row daa_rows[] = {
	APP_SESSION_ID,
	APP_AUTH_APPLICATION_ID,
	APP_STATELESS_ANSWER,
	APP_ORIGIN_HOST,
	APP_ORIGIN_REALM,
	APP_RESULT_CODE,
	APP_EXPERIMENTAL_RESULT,
	APP_ERROR_MESSAGE,
	APP_ERROR_REPORTING_HOST,
	APP_FAILED_AVP,
	APP_ORIGIN_STATE_ID,
	{ DIA_ROW(DEVICE_NOTIFICATION), DIA_AT(GROUP, struct tsp_daa, notification), DIA_ONE_IF_OK, .inside = &tsp_notification_answered_group },
	APP_REDIRECT,
	APP_PROXY_INFO,
	APP_FEATURES,
	{ DIA_ROW(FEATURE_SUPPORTED_IN_FINAL_TARGET), DIA_AT(U32, struct tsp_daa, feature_supported_in_final_target), DIA_OPT },
	APP_LOAD,
};
/* clang-format on */

static const struct dia_grammar dar_grammar = DIA_GRAMMAR(dar_rows);
static const struct dia_grammar daa_grammar = DIA_GRAMMAR(daa_rows);
static const struct dia_command dar = APP_REQUEST(DEVICE_ACTION, APP_TSP, dar_grammar, sizeof(struct tsp_dar));
static const struct dia_command daa = APP_ANSWER(DEVICE_ACTION, APP_TSP, daa_grammar, sizeof(struct tsp_daa));

int tsp_dar_parse(struct tsp_dar *out, const struct dia_msg *m, struct dia_failed *failed)
{
	return dia_command_parse(&dar, out, m, failed);
}

int tsp_dar_parse_by(struct tsp_dar *out, const struct dia_msg *m, struct dia_failed *failed, struct dia_rules *rules)
{
	return dia_command_parse_by(&dar, out, m, failed, rules);
}

int tsp_daa_parse(struct tsp_daa *out, const struct dia_msg *m, struct dia_failed *failed)
{
	return dia_command_parse(&daa, out, m, failed);
}

void tsp_dar_build(struct buf *out, const struct tsp_dar *in, uint32_t hop_by_hop, uint32_t end_to_end)
{
	app_build(out, &dar, in, hop_by_hop, end_to_end);
}

void tsp_daa_clear(struct tsp_daa *out)
{
	dia_command_clear(&daa, out);
}

void tsp_daa_build(struct buf *out, const struct tsp_daa *in, uint32_t hop_by_hop, uint32_t end_to_end)
{
	app_build(out, &daa, in, hop_by_hop, end_to_end);
}
