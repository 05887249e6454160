/* s6m_sir.h - Subscriber-Information-Request and -Answer (S6m, TS 29.336 6.2). PURE. Rules as in
 * tsp_dar.h. */
#pragma once
#include "apps/app_common.h"

enum { S6M_SERVICE_DEVICE_TRIGGER = 0, S6M_SERVICE_SMS_MO = 1 }; /* Service-ID 3103 */
/* SIR-Flags 3110 bit 0: the sender is an MTC-IWF */
enum { S6M_SIR_FLAG_S6M = 0x1 };
/* HSS-Cause 3109 */
enum {
	S6M_CAUSE_ABSENT_SUBSCRIBER = 0x1,
	S6M_CAUSE_TELESERVICE_NOT_PROVISIONED = 0x2,
	S6M_CAUSE_CALL_BARRED = 0x4,
};
/* Experimental-Result-Code, vendor 10415 */
enum {
	S6M_ERROR_USER_UNKNOWN = 5001,
	S6M_ERROR_FEATURE_UNSUPPORTED = 5011,
	S6M_ERROR_UNAUTHORIZED_REQUESTING_ENTITY = 5510,
	S6M_ERROR_UNAUTHORIZED_SERVICE = 5511,
	S6M_ERROR_MISSING_APPLICATION_DATA = 5598,
};

struct s6m_sir {
	struct app_head head;
	struct app_user_identifier user_identifier;
	struct dia_u32 service_id;
	struct dia_bytes scs_identity; /* TBCD */
	bool has_service_parameters, has_t4_parameters;
	struct dia_u32 priority_indication; /* in T4-Parameters */
	struct dia_bytes sm_rp_smea;        /* in T4-Parameters */
	struct dia_u32 application_port;    /* in Service-Parameters */
	struct dia_u32 sir_flags;
};

struct s6m_sia {
	struct app_head head;
	bool has_service_data, has_t4_data;
	uint8_t user_identifiers_n, additional_serving_nodes_n;
	struct dia_u32 hss_cause;
	struct app_serving_node serving_node;
#define S6M_SIA_LISTS user_identifiers
	struct app_user_identifier user_identifiers[APP_USER_IDENTIFIERS_MAX];
	struct app_serving_node additional_serving_nodes[APP_ADDITIONAL_NODES_MAX];
};

ERR_MUST_USE int s6m_sir_parse(struct s6m_sir *out, const struct dia_msg *m, struct dia_failed *failed);
ERR_MUST_USE int s6m_sia_parse(struct s6m_sia *out, const struct dia_msg *m, struct dia_failed *failed);
void s6m_sir_clear(struct s6m_sir *out);
void s6m_sir_build(struct buf *out, const struct s6m_sir *in, uint32_t hop_by_hop, uint32_t end_to_end);
void s6m_sia_build(struct buf *out, const struct s6m_sia *in, uint32_t hop_by_hop, uint32_t end_to_end);
