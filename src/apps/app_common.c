/* app_common.c - groups that occur on more than one interface, and the head that all commands
 * share. */
#include "apps/app_common.h"

#include <string.h>

#include "apps/app_rows.h"
#include "base/str.h"

typedef struct app_user_identifier user;
typedef struct app_serving_node node;

/* One row a line. */
/* clang-format off */
static const struct dia_row experimental_result_rows[] = { /* RFC 6733 7.6 */
	{ DIA_ROW(VENDOR_ID), DIA_AT(BARE_U32, struct app_experimental_result, vendor_id), DIA_ONE },
	{ DIA_ROW(EXPERIMENTAL_RESULT_CODE), DIA_AT(BARE_U32, struct app_experimental_result, code), DIA_ONE },
};
const struct dia_grammar app_experimental_result_group = DIA_GRAMMAR(experimental_result_rows);

static const struct dia_row features_rows[] = { /* TS 29.229 6.3.29 */
	{ DIA_ROW(VENDOR_ID), DIA_AT(BARE_U32, struct app_features, vendor_id), DIA_ONE },
	{ DIA_ROW(FEATURE_LIST_ID), DIA_AT(BARE_U32, struct app_features, list_id), DIA_ONE },
	{ DIA_ROW(FEATURE_LIST), DIA_AT(BARE_U32, struct app_features, list), DIA_ONE },
};
const struct dia_grammar app_features_group = DIA_GRAMMAR(features_rows);

static const struct dia_row load_rows[] = { /* RFC 8583 7.1 */
	{ DIA_ROW(LOAD_TYPE), DIA_AT(U32, struct app_load, type), DIA_OPT },
	{ DIA_ROW(LOAD_VALUE), DIA_AT(U64, struct app_load, value), DIA_OPT },
	{ DIA_ROW(SOURCE_ID), DIA_AT(BYTES, struct app_load, source_id), DIA_OPT },
};
const struct dia_grammar app_load_group = DIA_GRAMMAR(load_rows);

static const struct dia_row oc_supported_rows[] = { /* RFC 7683 7.1 */
	{ DIA_ROW(OC_FEATURE_VECTOR), APP_HEAD(U64, oc_feature_vector), DIA_OPT },
};
const struct dia_grammar app_oc_supported_group = DIA_GRAMMAR(oc_supported_rows);

static const struct dia_row olr_rows[] = { /* RFC 7683 7.3 */
	{ DIA_ROW(OC_SEQUENCE_NUMBER), DIA_AT(BARE_U64, struct app_olr, sequence_number), DIA_ONE },
	{ DIA_ROW(OC_REPORT_TYPE), DIA_AT(BARE_U32, struct app_olr, report_type), DIA_ONE },
	{ DIA_ROW(OC_REDUCTION_PERCENTAGE), DIA_AT(U32, struct app_olr, reduction_percentage), DIA_OPT },
	{ DIA_ROW(OC_VALIDITY_DURATION), DIA_AT(U32, struct app_olr, validity_duration), DIA_OPT },
};
const struct dia_grammar app_olr_group = DIA_GRAMMAR(olr_rows);

static const struct dia_row user_identifier_rows[] = { /* TS 29.336 6.4.2 */
	{ DIA_ROW(USER_NAME), DIA_AT(BYTES, user, user_name), DIA_OPT },
	{ DIA_ROW(MSISDN), DIA_AT(BYTES, user, msisdn), DIA_OPT },
	{ DIA_ROW(EXTERNAL_IDENTIFIER), DIA_AT(BYTES, user, external_identifier), DIA_OPT },
	{ DIA_ROW(LMSI), DIA_AT(BYTES, user, lmsi), DIA_OPT },
};
const struct dia_grammar app_user_identifier_group = { DIA_GRAMMAR_ROWS(user_identifier_rows), .some = true };

/* TS 29.173 6.4.6 and 6.4.9; the SMSF members come with later releases of TS 29.337. */
#define NODE_CELLULAR \
	{ DIA_ROW(SGSN_NAME), DIA_AT(BYTES, node, sgsn_name), DIA_OPT }, \
	{ DIA_ROW(SGSN_REALM), DIA_AT(BYTES, node, sgsn_realm), DIA_OPT }, \
	{ DIA_ROW(SGSN_NUMBER), DIA_AT(BYTES, node, sgsn_number), DIA_OPT }, \
	{ DIA_ROW(MME_NAME), DIA_AT(BYTES, node, mme_name), DIA_OPT }, \
	{ DIA_ROW(MME_REALM), DIA_AT(BYTES, node, mme_realm), DIA_OPT }, \
	{ DIA_ROW(MME_NUMBER_FOR_MT_SMS), DIA_AT(BYTES, node, mme_number_for_mt_sms), DIA_OPT }, \
	{ DIA_ROW(MSC_NUMBER), DIA_AT(BYTES, node, msc_number), DIA_OPT }
#define NODE_IP_SM_GW \
	{ DIA_ROW(IP_SM_GW_NUMBER), DIA_AT(BYTES, node, ip_sm_gw_number), DIA_OPT }, \
	{ DIA_ROW(IP_SM_GW_NAME), DIA_AT(BYTES, node, ip_sm_gw_name), DIA_OPT }, \
	{ DIA_ROW(IP_SM_GW_REALM), DIA_AT(BYTES, node, ip_sm_gw_realm), DIA_OPT }
#define NODE_SMSF \
	{ DIA_ROW(SMSF_3GPP_NUMBER), DIA_AT(BYTES, node, smsf_3gpp_number), DIA_OPT }, \
	{ DIA_ROW(SMSF_3GPP_NAME), DIA_AT(BYTES, node, smsf_3gpp_name), DIA_OPT }, \
	{ DIA_ROW(SMSF_3GPP_REALM), DIA_AT(BYTES, node, smsf_3gpp_realm), DIA_OPT }, \
	{ DIA_ROW(SMSF_NON_3GPP_NUMBER), DIA_AT(BYTES, node, smsf_non_3gpp_number), DIA_OPT }, \
	{ DIA_ROW(SMSF_NON_3GPP_NAME), DIA_AT(BYTES, node, smsf_non_3gpp_name), DIA_OPT }, \
	{ DIA_ROW(SMSF_NON_3GPP_REALM), DIA_AT(BYTES, node, smsf_non_3gpp_realm), DIA_OPT }
static const struct dia_row serving_node_rows[] = { NODE_CELLULAR, NODE_IP_SM_GW, NODE_SMSF };
static const struct dia_row additional_serving_node_rows[] = { NODE_CELLULAR, NODE_SMSF };
const struct dia_grammar app_serving_node_group = DIA_GRAMMAR(serving_node_rows);
const struct dia_grammar app_additional_serving_node_group = DIA_GRAMMAR(additional_serving_node_rows);

static const struct dia_row error_rows[] = { /* RFC 6733 7.2 */
	APP_SESSION_ID_IF_ANY,
	APP_ORIGIN_HOST,
	APP_ORIGIN_REALM,
	{ DIA_ROW(RESULT_CODE), APP_HEAD(U32, result_code), DIA_ONE },
	APP_ORIGIN_STATE_ID,
	APP_ERROR_MESSAGE,
	APP_ERROR_REPORTING_HOST,
	APP_FAILED_AVP,
	APP_EXPERIMENTAL_RESULT,
	APP_REDIRECT,
	APP_PROXY_INFO,
};
const struct dia_grammar app_error_grammar = { DIA_GRAMMAR_ROWS(error_rows), .any = true };
/* clang-format on */

static int check_result(const struct app_head *head, const struct dia_msg *m, struct dia_failed *failed)
{
	struct dia_avp avp;

	if (!head->result_code.present && !head->experimental_result.present) {
		return dia_refuse_missing(failed, DIA_CODE_RESULT_CODE, 0);
	}
	if (head->result_code.present && head->experimental_result.present && !(m->hdr.flags & DIA_FLAG_E) &&
	    dia_msg_find(m, DIA_CODE_EXPERIMENTAL_RESULT, 0, &avp)) {
		return dia_failed_avp(failed, DIA_RESULT_CONTRADICTING_AVPS, &avp, "Experimental-Result beside Result-Code");
	}
	return 0;
}

int app_finish(const struct dia_command *c, void *st, const struct dia_msg *m, struct dia_failed *failed)
{
	struct app_head *head = st;
	struct dia_avp avp;

	head->request = c->request;
	head->retransmitted = c->request && (m->hdr.flags & DIA_FLAG_T);
	if (head->auth_application_id.present && head->auth_application_id.v != c->app_id &&
	    dia_msg_find(m, DIA_CODE_AUTH_APPLICATION_ID, 0, &avp)) {
		return dia_failed_avp(failed, DIA_RESULT_INVALID_AVP_VALUE, &avp, "Auth-Application-Id %u in application %u",
				      head->auth_application_id.v, c->app_id);
	}
	return head->request ? 0 : check_result(head, m, failed);
}

void app_build(struct buf *out, const struct dia_command *c, const void *in, uint32_t hop_by_hop, uint32_t end_to_end)
{
	const struct app_head *head = in;
	uint8_t extra = 0;

	if (c->request && head->retransmitted) {
		extra |= DIA_FLAG_T;
	}
	if (!c->request && head->result_code.present && head->result_code.v / 1000 == 3) {
		extra |= DIA_FLAG_E;
	}
	dia_command_build(out, c, in, extra, hop_by_hop, end_to_end);
}

void app_head_clear(struct app_head *head)
{
	memset(head, 0, offsetof(struct app_head, APP_HEAD_LISTS));
}

void app_answer_head(struct app_head *answer, const struct app_head *request, const char *host, const char *realm)
{
	app_head_clear(answer);
	answer->session_id = request->session_id;
	answer->origin_host = dia_text(host);
	answer->origin_realm = dia_text(realm);
	answer->auth_application_id = request->auth_application_id;
	answer->auth_session_state = dia_u32_of(APP_NO_STATE_MAINTAINED);
	answer->proxy_info_n = request->proxy_info_n;
	memcpy(answer->proxy_info, request->proxy_info, request->proxy_info_n * sizeof *answer->proxy_info);
}

void app_lapses_text(char out[APP_LAPSES_TEXT_MAX], uint8_t lapses)
{
	static const struct {
		uint8_t bit;
		const char *words;
	} rows[] = {
#define APP_LAPSE_ROW(name, bit, words) { bit, words },
		APP_LAPSE_TABLE(APP_LAPSE_ROW)
#undef APP_LAPSE_ROW
	};
	struct buf b = buf_over((uint8_t *)out, APP_LAPSES_TEXT_MAX - 1);

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		if (!(lapses & rows[i].bit)) {
			continue;
		}
		if (b.len) {
			buf_bytes(&b, ", ", 2);
		}
		buf_bytes(&b, rows[i].words, strlen(rows[i].words));
	}
	out[b.len] = 0;
}

static bool is_name(const struct dia_bytes *b, const char *name)
{
	return b->p && name && str_equal_nocase(b->p, b->len, name, strlen(name));
}

static bool is_success(const struct app_head *head)
{
	if (head->experimental_result.present) {
		return head->experimental_result.code / 1000 == 2;
	}
	return head->result_code.present && head->result_code.v / 1000 == 2;
}

const char *app_foreign(const struct app_head *answer, const struct app_request *request)
{
	if (answer->session_id.p && (answer->session_id.len != request->session_id_len ||
				     memcmp(answer->session_id.p, request->session_id, request->session_id_len) != 0)) {
		return "its Session-Id is not that of the request";
	}
	if (!is_success(answer) || is_name(&answer->origin_host, request->host)) {
		return NULL;
	}
	if (request->host) {
		return "its Origin-Host is not the host that was asked";
	}
	if (is_name(&answer->origin_host, request->peer) || is_name(&answer->origin_realm, request->realm)) {
		return NULL;
	}
	return "it comes neither from the peer nor from the realm that was asked";
}

#define SMEA_INTERNATIONAL_E164 0x91

int app_smea(uint8_t out[APP_SMEA_MAX], size_t *len, const char *digits)
{
	uint8_t tbcd[STR_TBCD_MAX];
	size_t tbcd_len;
	int err = str_tbcd(tbcd, &tbcd_len, digits);

	if (err) {
		return err;
	}
	out[0] = (uint8_t)strlen(digits);
	out[1] = SMEA_INTERNATIONAL_E164;
	memcpy(out + 2, tbcd, tbcd_len);
	*len = 2 + tbcd_len;
	return 0;
}

int app_unsmea(char *digits, const void *p, size_t len)
{
	const uint8_t *in = p;
	char text[STR_DIGITS_MAX + 1];

	if (len < 3 || len > APP_SMEA_MAX || in[1] != SMEA_INTERNATIONAL_E164 || str_untbcd(text, in + 2, len - 2)) {
		return ERR_INVAL;
	}
	if (strlen(text) != in[0]) {
		return ERR_INVAL;
	}
	str_set(digits, STR_DIGITS_MAX + 1, text);
	return 0;
}
