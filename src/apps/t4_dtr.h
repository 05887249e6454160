/* t4_dtr.h - Device-Trigger-Request and -Answer (T4, TS 29.337 6.2). PURE. Rules as in
 * tsp_dar.h. */
#pragma once
#include "apps/app_common.h"

/* Trigger-Action 3202; absent is T4_TRIGGER */
enum { T4_TRIGGER = 0, T4_RECALL = 1, T4_REPLACE = 2 };
/* MTC-Error-Diagnostic 3203 */
enum { T4_ORIGINAL_MESSAGE_NOT_DELETED = 0, T4_NEW_MESSAGE_NOT_STORED = 1 };
/* Supported-Features of T4. The numbers could not be checked against the text of TS 29.337. */
#define T4_FEATURE_LIST_ID 1u
enum { T4_FEATURE_RECALL_REPLACE = 0x1 };
/* Experimental-Result-Code, vendor 10415 */
enum {
	T4_ERROR_USER_UNKNOWN = 5001,
	T4_ERROR_INVALID_SME_ADDRESS = 5530,
	T4_ERROR_SC_CONGESTION = 5531,
	T4_ERROR_TRIGGER_REPLACE_FAILURE = 5533,
	T4_ERROR_TRIGGER_RECALL_FAILURE = 5534,
	T4_ERROR_ORIGINAL_MESSAGE_NOT_PENDING = 5535,
};

struct t4_dtr {
	struct app_head head;
	struct app_user_identifier user_identifier;
	struct dia_bytes sm_rp_smea, payload;
	struct app_serving_node serving_node;
	struct dia_u32 reference_number, old_reference_number, validity_time_s, priority_indication, application_port;
	struct dia_u32 trigger_action;
	uint8_t additional_serving_nodes_n;
#define T4_DTR_LISTS additional_serving_nodes
	struct app_serving_node additional_serving_nodes[APP_ADDITIONAL_NODES_MAX];
};

struct t4_dta {
	struct app_head head;
	struct dia_u32 mtc_error_diagnostic, old_reference_number, trigger_action;
};

ERR_MUST_USE int t4_dtr_parse(struct t4_dtr *out, const struct dia_msg *m, struct dia_failed *failed);
ERR_MUST_USE int t4_dta_parse(struct t4_dta *out, const struct dia_msg *m, struct dia_failed *failed);
/* Forgives what APP_LAPSE_TABLE lists; `lapses` is set to its bits. */
ERR_MUST_USE int t4_dta_parse_lenient(struct t4_dta *out, const struct dia_msg *m, struct dia_failed *failed, uint8_t *lapses);
void t4_dtr_clear(struct t4_dtr *out);
void t4_dtr_build(struct buf *out, const struct t4_dtr *in, uint32_t hop_by_hop, uint32_t end_to_end);
void t4_dta_build(struct buf *out, const struct t4_dta *in, uint32_t hop_by_hop, uint32_t end_to_end);
