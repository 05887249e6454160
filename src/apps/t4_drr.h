/* t4_drr.h - Delivery-Report-Request and -Answer (T4, TS 29.337 6.2). PURE. Rules as in
 * tsp_dar.h. */
#pragma once
#include "apps/app_common.h"

/* SM-Delivery-Outcome-T4 3200: success is 2 */
enum t4_sm_delivery_outcome {
	T4_OUTCOME_ABSENT_SUBSCRIBER = 0,
	T4_OUTCOME_UE_MEMORY_CAPACITY_EXCEEDED = 1,
	T4_OUTCOME_SUCCESSFUL_TRANSFER = 2,
	T4_OUTCOME_VALIDITY_TIME_EXPIRED = 3,
};

/* Absent-Subscriber-Diagnostic-T4 3201 */
enum {
	T4_ABSENT_NO_PAGING_RESPONSE = 0,
	T4_ABSENT_UE_DETACHED = 1,
	T4_ABSENT_UE_DEREGISTERED = 2,
	T4_ABSENT_UE_PURGED = 3,
	T4_ABSENT_ROAMING_RESTRICTION = 4,
	T4_ABSENT_UNIDENTIFIED_SUBSCRIBER = 5,
};

struct t4_drr {
	struct app_head head;
	struct app_user_identifier user_identifier;
	struct dia_bytes sm_rp_smea;
	/* unknown values are kept: the gateway maps them (CONTRACTS section 3) */
	struct dia_u32 sm_delivery_outcome;
	struct dia_u32 absent_subscriber_diagnostic, reference_number;
};

struct t4_dra {
	struct app_head head;
};

ERR_MUST_USE int t4_drr_parse(struct t4_drr *out, const struct dia_msg *m, struct dia_failed *failed);
ERR_MUST_USE int t4_dra_parse(struct t4_dra *out, const struct dia_msg *m, struct dia_failed *failed);
void t4_drr_build(struct buf *out, const struct t4_drr *in, uint32_t hop_by_hop, uint32_t end_to_end);
void t4_dra_clear(struct t4_dra *out);
void t4_dra_build(struct buf *out, const struct t4_dra *in, uint32_t hop_by_hop, uint32_t end_to_end);
