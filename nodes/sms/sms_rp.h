/* sms_rp.h - the relay layer of the short message service, TS 24.011 7.3 and 8.2: RP-DATA towards
 * the mobile, and the mobile's RP-ACK, RP-ERROR and RP-SMMA. PURE. Parsing refuses a message with a
 * byte too few or too many. */
#pragma once
#include "base/buf.h"
#include "base/err.h"

#define SMS_ADDRESS_MAX 12 /* octets of a TP address field, TS 23.040 9.1.2.5 */
#define SMS_TPDU_MAX 163u  /* an SMS-DELIVER with the longest address and 140 octets of user data */
#define SMS_RPDU_MAX 256u

/* RP-MTI; odd: from the network. */
enum sms_rp_type {
	SMS_RP_DATA_FROM_MS = 0,
	SMS_RP_DATA = 1,
	SMS_RP_ACK = 2,
	SMS_RP_ACK_TO_MS = 3,
	SMS_RP_ERROR = 4,
	SMS_RP_ERROR_TO_MS = 5,
	SMS_RP_SMMA = 6,
};

/* RP-Cause, TS 24.011 8.2.5.4. */
enum {
	SMS_RP_CAUSE_MEMORY_FULL = 22,
	SMS_RP_CAUSE_INVALID_MESSAGE = 95,
	SMS_RP_CAUSE_PROTOCOL_ERROR = 111,
};

struct sms_rp {
	enum sms_rp_type type;
	uint8_t reference; /* RP-Message-Reference */
	uint8_t cause;     /* RP-ERROR only */
	/* RP-DATA from the network: type octet and digits; NULL when empty */
	const uint8_t *originator;
	uint8_t originator_len;
	const uint8_t *user_data; /* the TPDU; NULL when there is none */
	uint8_t user_data_len;
};

/* RP-DATA from the network (type 1). `sc_address` is E.164 digits. ERR_INVAL: not E.164 digits, or
 * an impossible TPDU (empty, above 232 octets). ERR_LIMIT: out is too small. */
ERR_MUST_USE int sms_rp_data_build(struct buf *out, uint8_t reference, const char *sc_address, const uint8_t *tpdu, size_t len);
/* RP-ACK and RP-ERROR as a mobile sends them, without user data; check out->full. */
void sms_rp_ack_build(struct buf *out, uint8_t reference);
void sms_rp_error_build(struct buf *out, uint8_t reference, uint8_t cause);

/* RP-DATA as a mobile sends it (type 0); `sc_address` is E.164 digits. Errors as of
 * sms_rp_data_build(). */
ERR_MUST_USE int sms_rp_submit_build(struct buf *out, uint8_t reference, const char *sc_address, const uint8_t *tpdu, size_t len);
/* RP-ACK, or RP-ERROR if `cause` is not 0, of the network to a mobile; check out->full. */
void sms_rp_result_build(struct buf *out, uint8_t reference, uint8_t cause);

/* Any RPDU. Borrows `p`. ERR_PROTO when it is not an RPDU; out is untouched then. */
ERR_MUST_USE int sms_rp_parse(struct sms_rp *out, const uint8_t *p, size_t len);
