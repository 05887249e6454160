/* tsp_dnr.c - Device-Notification-Request and -Answer (TS 29.368 6.6.3, 6.6.4). */
#include "apps/tsp_dnr.h"

#include "apps/tsp_rows.h"

APP_STARTS_WITH_HEAD(struct tsp_dnr);
APP_STARTS_WITH_HEAD(struct tsp_dna);

/* One row a line. */
/* clang-format off */
static const struct dia_row dnr_rows[] = {
	APP_SESSION_ID,
	APP_AUTH_APPLICATION_ID,
	APP_STATELESS,
	APP_ORIGIN_HOST,
	APP_ORIGIN_REALM,
	APP_DESTINATION_REALM,
	APP_DESTINATION_HOST(DIA_ONE),
	APP_ORIGIN_STATE_ID,
	{ DIA_ROW(DEVICE_NOTIFICATION), DIA_AT(GROUP, struct tsp_dnr, notification), DIA_OPT, DIA_FLAG(struct tsp_dnr, has_notification), .inside = &tsp_notification_reported_group },
	APP_PROXY_INFO,
	APP_ROUTE_RECORD,
	APP_NO_RESULT,
};

static const struct dia_row dna_rows[] = {
	APP_SESSION_ID,
	APP_AUTH_APPLICATION_ID,
	APP_STATELESS_ANSWER,
	APP_ORIGIN_HOST,
	APP_ORIGIN_REALM,
	APP_RESULT_CODE,
	APP_EXPERIMENTAL_RESULT,
	APP_ORIGIN_STATE_ID,
	APP_ERROR_MESSAGE,
	APP_ERROR_REPORTING_HOST,
	APP_REDIRECT,
	APP_FAILED_AVP,
	APP_PROXY_INFO,
};
/* clang-format on */

static const struct dia_grammar dnr_grammar = DIA_GRAMMAR(dnr_rows);
static const struct dia_grammar dna_grammar = DIA_GRAMMAR(dna_rows);
static const struct dia_command dnr = APP_REQUEST(DEVICE_NOTIFICATION, APP_TSP, dnr_grammar, sizeof(struct tsp_dnr));
static const struct dia_command dna = APP_ANSWER(DEVICE_NOTIFICATION, APP_TSP, dna_grammar, sizeof(struct tsp_dna));

int tsp_dnr_parse(struct tsp_dnr *out, const struct dia_msg *m, struct dia_failed *failed)
{
	return dia_command_parse(&dnr, out, m, failed);
}

int tsp_dna_parse(struct tsp_dna *out, const struct dia_msg *m, struct dia_failed *failed)
{
	return dia_command_parse(&dna, out, m, failed);
}

int tsp_dna_parse_lenient(struct tsp_dna *out, const struct dia_msg *m, struct dia_failed *failed, uint8_t *lapses)
{
	return dia_command_parse_lenient(&dna, out, m, failed, lapses);
}

void tsp_dnr_clear(struct tsp_dnr *out)
{
	dia_command_clear(&dnr, out);
}

void tsp_dnr_build(struct buf *out, const struct tsp_dnr *in, uint32_t hop_by_hop, uint32_t end_to_end)
{
	app_build(out, &dnr, in, hop_by_hop, end_to_end);
}

void tsp_dna_build(struct buf *out, const struct tsp_dna *in, uint32_t hop_by_hop, uint32_t end_to_end)
{
	app_build(out, &dna, in, hop_by_hop, end_to_end);
}
