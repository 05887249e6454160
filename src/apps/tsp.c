/* tsp.c - groups and words of Tsp (TS 29.368 6.4). */
#include "apps/tsp.h"

#include "apps/tsp_rows.h"

typedef struct tsp_trigger_data data;
typedef struct tsp_device_action action;
typedef struct tsp_device_notification notification;

#define PRIORITIES (DIA_VALUE(TSP_NON_PRIORITY) | DIA_VALUE(TSP_PRIORITY))
/* Who may send which action (TS 29.368 6.4.6): an SCS requests, a notification reports, a DAA
 * repeats the request's. */
#define ASKED (DIA_VALUE(TSP_ACTION_TRIGGER) | DIA_VALUE(TSP_ACTION_RECALL) | DIA_VALUE(TSP_ACTION_REPLACE))
#define REPORTED (DIA_VALUE(TSP_ACTION_DELIVERY_REPORT) | DIA_VALUE(TSP_ACTION_MO_SMS))

/* One row a line. */
/* clang-format off */
static const struct dia_row trigger_data_rows[] = { /* 6.4.4 */
	{ DIA_ROW(PAYLOAD), DIA_AT(BYTES, data, payload), DIA_ONE },
	{ DIA_ROW(PRIORITY_INDICATION), DIA_AT(U32, data, priority_indication), DIA_OPT, .values = PRIORITIES },
	{ DIA_ROW(APPLICATION_PORT_IDENTIFIER), DIA_AT(U32, data, application_port), DIA_OPT },
};
static const struct dia_grammar trigger_data_group = DIA_GRAMMAR(trigger_data_rows);

static const struct dia_row device_action_rows[] = { /* 6.4.2 */
	{ DIA_ROW(EXTERNAL_IDENTIFIER), DIA_AT(BYTES, action, external_identifier), DIA_OPT },
	{ DIA_ROW(MSISDN), DIA_AT(BYTES, action, msisdn), DIA_OPT },
	{ DIA_ROW(SCS_IDENTITY), DIA_AT(BYTES, action, scs_identity), DIA_OPT },
	{ DIA_ROW(REFERENCE_NUMBER), DIA_AT(U32, action, reference_number), DIA_ONE },
	{ DIA_ROW(OLD_REFERENCE_NUMBER), DIA_AT(U32, action, old_reference_number), DIA_OPT },
	{ DIA_ROW(ACTION_TYPE), DIA_AT(U32, action, action_type), DIA_ONE, .values = ASKED },
	{ DIA_ROW(TRIGGER_DATA), DIA_AT(GROUP, action, trigger_data), DIA_OPT, DIA_FLAG(action, trigger_data.present), .inside = &trigger_data_group },
	{ DIA_ROW(VALIDITY_TIME), DIA_AT(U32, action, validity_time_s), DIA_OPT },
};
const struct dia_grammar tsp_device_action_group = DIA_GRAMMAR(device_action_rows);

/* 6.4.3; an answer's Action-Type is taken as it comes */
#define NOTIFICATION(action_types) \
	{ DIA_ROW(EXTERNAL_IDENTIFIER), DIA_AT(BYTES, notification, external_identifier), DIA_OPT }, \
	{ DIA_ROW(MSISDN), DIA_AT(BYTES, notification, msisdn), DIA_OPT }, \
	{ DIA_ROW(SCS_IDENTITY), DIA_AT(BYTES, notification, scs_identity), DIA_OPT }, \
	{ DIA_ROW(REFERENCE_NUMBER), DIA_AT(U32, notification, reference_number), DIA_ONE }, \
	{ DIA_ROW(ACTION_TYPE), DIA_AT(U32, notification, action_type), DIA_ONE, .values = (action_types) }, \
	{ DIA_ROW(REQUEST_STATUS), DIA_AT(U32, notification, request_status), DIA_OPT }, \
	{ DIA_ROW(MTC_ERROR_DIAGNOSTIC), DIA_AT(U32, notification, mtc_error_diagnostic), DIA_OPT }, \
	{ DIA_ROW(DELIVERY_OUTCOME), DIA_AT(U32, notification, delivery_outcome), DIA_OPT }, \
	{ DIA_ROW(SM_RP_UI), DIA_AT(BYTES, notification, sm_rp_ui), DIA_OPT }, \
	{ DIA_ROW(APPLICATION_PORT_IDENTIFIER), DIA_AT(U32, notification, application_port), DIA_OPT }
static const struct dia_row answered_rows[] = { NOTIFICATION(0) };
static const struct dia_row reported_rows[] = { NOTIFICATION(REPORTED) };
const struct dia_grammar tsp_notification_answered_group = DIA_GRAMMAR(answered_rows);
const struct dia_grammar tsp_notification_reported_group = DIA_GRAMMAR(reported_rows);
/* clang-format on */

const char *tsp_request_status_str(uint32_t status)
{
	switch (status) {
#define TSP_ROW(name, value)                                                                                                     \
	case (value):                                                                                                            \
		return #name;
		REQUEST_STATUS_TABLE(TSP_ROW)
#undef TSP_ROW
	}
	return "unknown";
}

const char *tsp_delivery_outcome_str(uint32_t outcome)
{
	switch (outcome) {
#define TSP_ROW(name, value)                                                                                                     \
	case (value):                                                                                                            \
		return #name;
		TSP_DELIVERY_OUTCOME_TABLE(TSP_ROW)
#undef TSP_ROW
	}
	return "unknown";
}

const char *tsp_action_str(uint32_t action_type)
{
	static const char *const names[] = { "unknown", "trigger", "report", "recall", "replace", "mo-sms" };

	return action_type < sizeof names / sizeof *names ? names[action_type] : names[0];
}
