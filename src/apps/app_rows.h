/* app_rows.h - rows and calls that the command files of this room share; not for other rooms.
 * Every typed struct starts with its struct app_head, so a row of the head fits every command. */
#pragma once
#include "apps/app_common.h"
#include "diameter/dia_dict.h"
#include "diameter/dia_grammar.h"

/* One row a line. */
/* clang-format off */
#define APP_HEAD(keep, member) DIA_AT(keep, struct app_head, member)
#define APP_HEAD_LIST(keep, member, limit) DIA_LIST(keep, struct app_head, member, limit)

#define APP_SESSION_ID                   { DIA_ROW(SESSION_ID), APP_HEAD(BYTES, session_id), .min = 1, .max = 1, .flags = DIA_FIRST, .lapse = APP_LAPSE_SESSION_ID_ORDER }
#define APP_SESSION_ID_IF_ANY            { DIA_ROW(SESSION_ID), APP_HEAD(BYTES, session_id), .max = 1, .flags = DIA_FIRST, .lapse = APP_LAPSE_SESSION_ID_ORDER }
#define APP_DRMP                         { DIA_ROW(DRMP), APP_HEAD(U32, drmp), .max = 1, .values = 0xffff, .flags = DIA_BAD_IS_NONE | DIA_SPARE }
#define APP_AUTH_APPLICATION_ID          { DIA_ROW(AUTH_APPLICATION_ID), APP_HEAD(U32, auth_application_id), DIA_ONE_IF_OK, .lapse = APP_LAPSE_AUTH_APPLICATION_ID }
/* NO_STATE_MAINTAINED: no application of ours keeps a session. */
#define APP_STATELESS                    { DIA_ROW(AUTH_SESSION_STATE), APP_HEAD(U32, auth_session_state), DIA_ONE, .values = DIA_VALUE(APP_NO_STATE_MAINTAINED) }
#define APP_STATELESS_ANSWER             { DIA_ROW(AUTH_SESSION_STATE), APP_HEAD(U32, auth_session_state), DIA_ONE_IF_OK, .lapse = APP_LAPSE_AUTH_SESSION_STATE }
#define APP_ORIGIN_HOST                  { DIA_ROW(ORIGIN_HOST), APP_HEAD(BYTES, origin_host), DIA_ONE }
#define APP_ORIGIN_REALM                 { DIA_ROW(ORIGIN_REALM), APP_HEAD(BYTES, origin_realm), DIA_ONE, .lapse = APP_LAPSE_ORIGIN_REALM }
#define APP_DESTINATION_HOST(occurrence) { DIA_ROW(DESTINATION_HOST), APP_HEAD(BYTES, destination_host), occurrence }
#define APP_DESTINATION_REALM            { DIA_ROW(DESTINATION_REALM), APP_HEAD(BYTES, destination_realm), DIA_ONE }
#define APP_ORIGIN_STATE_ID              { DIA_ROW(ORIGIN_STATE_ID), APP_HEAD(U32, origin_state_id), DIA_OPT }
#define APP_RESULT_CODE                  { DIA_ROW(RESULT_CODE), APP_HEAD(U32, result_code), DIA_OPT }
#define APP_EXPERIMENTAL_RESULT          { DIA_ROW(EXPERIMENTAL_RESULT), APP_HEAD(GROUP, experimental_result), DIA_OPT, DIA_FLAG(struct app_head, experimental_result.present), .inside = &app_experimental_result_group }
#define APP_ERROR_MESSAGE                { DIA_ROW(ERROR_MESSAGE), APP_HEAD(BYTES, error_message), DIA_OPT }
#define APP_ERROR_REPORTING_HOST         { DIA_ROW(ERROR_REPORTING_HOST), APP_HEAD(BYTES, error_reporting_host), DIA_OPT }
/* One is sent; of several the first is kept. */
#define APP_FAILED_AVP                   { DIA_ROW(FAILED_AVP), APP_HEAD(BYTES, failed_avp), .max = 1, .flags = DIA_SPARE }
#define APP_PROXY_INFO                   { DIA_ROW(PROXY_INFO), APP_HEAD_LIST(BYTES, proxy_info, APP_PROXY_INFO_MAX) }
#define APP_ROUTE_RECORD                 { DIA_ROW(ROUTE_RECORD), APP_HEAD_LIST(BYTES, route_record, APP_ROUTE_RECORD_MAX) }
#define APP_FEATURES                     { DIA_ROW(SUPPORTED_FEATURES), APP_HEAD_LIST(GROUP, features, APP_FEATURES_MAX), DIA_FLAG(struct app_features, mandatory), .flags = DIA_FLAG_IS_M, .inside = &app_features_group }
#define APP_REDIRECT \
	{ DIA_ROW(REDIRECT_HOST), APP_HEAD_LIST(BYTES, redirect_host, APP_REDIRECT_HOST_MAX), .flags = DIA_SPARE }, \
	{ DIA_ROW(REDIRECT_HOST_USAGE), APP_HEAD(U32, redirect_host_usage), DIA_OPT }, \
	{ DIA_ROW(REDIRECT_MAX_CACHE_TIME), APP_HEAD(U32, redirect_max_cache_time), DIA_OPT }
#define APP_LOAD                         { DIA_ROW(LOAD), APP_HEAD_LIST(GROUP, load, APP_LOAD_MAX), .inside = &app_load_group, .flags = DIA_SPARE }
/* The vector stands in the head itself: the group's struct is the head. */
#define APP_OC_SUPPORTED_FEATURES        { DIA_ROW(OC_SUPPORTED_FEATURES), .keep = DIA_KEEP_GROUP, .at = 0, DIA_OPT, DIA_FLAG(struct app_head, oc_supported), .inside = &app_oc_supported_group }
#define APP_OC_OLR                       { DIA_ROW(OC_OLR), APP_HEAD(GROUP, olr), DIA_OPT, DIA_FLAG(struct app_head, olr.present), .inside = &app_olr_group }
/* A request carries no result. */
#define APP_NO_RESULT \
	{ DIA_ROW(RESULT_CODE), DIA_NEVER }, \
	{ DIA_ROW(EXPERIMENTAL_RESULT), DIA_NEVER }
/* clang-format on */

extern const struct dia_grammar app_experimental_result_group, app_features_group, app_load_group, app_oc_supported_group,
    app_olr_group, app_user_identifier_group, app_serving_node_group, app_additional_serving_node_group;
/* answer-message (RFC 6733 7.2), the same for all commands */
extern const struct dia_grammar app_error_grammar;

/* `plain`: octets of the typed struct before the lists that it ends with. */
/* clang-format off */
#define APP_REQUEST(symbol, app, table, plain) { .grammar = &(table), .code = DIA_COMMAND_##symbol, .app_id = (app), \
	APP_PLAIN(plain), .request = true, .proxiable = true, .finish = app_finish }
#define APP_ANSWER(symbol, app, table, plain) { .grammar = &(table), .code = DIA_COMMAND_##symbol, .app_id = (app), \
	APP_PLAIN(plain), .result_at = offsetof(struct app_head, result_code), .proxiable = true, .finish = app_finish, \
	.error = &app_error_grammar }
/* clang-format on */
#define APP_PLAIN(size)                                                                                                          \
	.plain = { { 0, offsetof(struct app_head, APP_HEAD_LISTS) },                                                             \
		   { sizeof(struct app_head), (uint16_t)((size) - sizeof(struct app_head)) } }
#define APP_STARTS_WITH_HEAD(type)                                                                                               \
	_Static_assert(offsetof(type, head) == 0 && sizeof(type) <= UINT16_MAX, "rows of the head count from the start")

/* Rules of the head beyond its rows: request, T; an answer must have one of Result-Code (5005) and
 * Experimental-Result, not both (5007); Auth-Application-Id must be the header's (5004). */
int app_finish(const struct dia_command *c, void *st, const struct dia_msg *m, struct dia_failed *failed);
/* dia_command_build with T from the head of a request and E for a Result-Code 3xxx. */
void app_build(struct buf *out, const struct dia_command *c, const void *in, uint32_t hop_by_hop, uint32_t end_to_end);
