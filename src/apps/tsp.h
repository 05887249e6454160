/* tsp.h - values and groups of Tsp that its commands share (TS 29.368 6.4). PURE. */
#pragma once
#include "apps/app_common.h"
#include "base/request_status.h"

/* Action-Type 3005 */
enum tsp_action_type {
	TSP_ACTION_TRIGGER = 1,
	TSP_ACTION_DELIVERY_REPORT = 2,
	TSP_ACTION_RECALL = 3,
	TSP_ACTION_REPLACE = 4,
	TSP_ACTION_MO_SMS = 5,
};

enum { TSP_NON_PRIORITY = 0, TSP_PRIORITY = 1 };

/* Supported-Features of Tsp (TS 29.368 6.5.2.2). The numbers could not be checked against the text
 * of the clause. */
#define TSP_FEATURE_LIST_ID 1u
enum { TSP_FEATURE_RECALL_REPLACE = 0x1, TSP_FEATURE_MO_SMS = 0x2 };
/* Feature-Supported-In-Final-Target 3012 (6.4.13). */
enum { TSP_TARGET_RECALL_REPLACE = 0x1 };

/* Request-Status 3008 */
enum tsp_request_status {
#define TSP_ROW(name, value) TSP_STATUS_##name = (value),
	REQUEST_STATUS_TABLE(TSP_ROW)
#undef TSP_ROW
};

#define TSP_DELIVERY_OUTCOME_TABLE(X)                                                                                            \
	X(SUCCESS, 0)                                                                                                            \
	X(EXPIRED, 1)                                                                                                            \
	X(TEMPORARYERROR, 2)                                                                                                     \
	X(UNDELIVERABLE, 3)                                                                                                      \
	X(UNCONFIRMED, 4)

/* Delivery-Outcome 3009 */
enum tsp_delivery_outcome {
#define TSP_ROW(name, value) TSP_OUTCOME_##name = (value),
	TSP_DELIVERY_OUTCOME_TABLE(TSP_ROW)
#undef TSP_ROW
};

/* "SUCCESS", "NOTAUTHORIZED", ...; "unknown" for other values. Static. */
const char *tsp_request_status_str(uint32_t status);
const char *tsp_delivery_outcome_str(uint32_t outcome);
/* "trigger", "report", "recall", "replace", "mo-sms", "unknown" */
const char *tsp_action_str(uint32_t action_type);

/* Trigger-Data 3003 */
struct tsp_trigger_data {
	bool present;
	struct dia_bytes payload;
	struct dia_u32 priority_indication, application_port;
};

/* Device-Action 3001 */
struct tsp_device_action {
	struct dia_bytes external_identifier, msisdn /* TBCD */, scs_identity /* TBCD */;
	struct dia_u32 reference_number, old_reference_number, action_type;
	struct tsp_trigger_data trigger_data;
	struct dia_u32 validity_time_s;
};

/* Device-Notification 3002 */
struct tsp_device_notification {
	struct dia_bytes external_identifier, msisdn, scs_identity;
	struct dia_u32 reference_number, action_type, request_status, mtc_error_diagnostic, delivery_outcome;
	struct dia_bytes sm_rp_ui;
	struct dia_u32 application_port;
};
