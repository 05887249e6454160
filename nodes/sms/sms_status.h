/* sms_status.h - the SMS-STATUS-REPORT TPDU by which the SMS-SC tells a mobile what became of a
 * message that it has sent (TS 23.040 9.2.2.3). PURE. */
#pragma once
#include "nodes/sms/sms_deliver.h"

/* TP-ST, TS 23.040 9.2.3.15 */
enum {
	SMS_STATUS_RECEIVED = 0x00,
	SMS_STATUS_REJECTED = 0x42, /* connection rejected by the recipient */
	SMS_STATUS_EXPIRED = 0x46,
	SMS_STATUS_NO_RESPONSE = 0x62,
	SMS_STATUS_BUSY = 0x61,
};

struct sms_status {
	bool more;                          /* more messages wait for this mobile (TP-MMS 0) */
	uint8_t reference, status;          /* TP-Message-Reference of the message; TP-Status */
	uint8_t recipient[SMS_ADDRESS_MAX]; /* TP-RA: the TP-DA of the message */
	uint8_t recipient_len;
	int64_t sent_s, done_s; /* TP-SCTS, TP-DT: seconds since 1970, UTC */
};

/* Writes one, time zone 0. ERR_INVAL: a year outside 2000 to 2099 or a bad address length;
 * ERR_LIMIT: out is too small. */
ERR_MUST_USE int sms_status_build(struct buf *out, const struct sms_status *in);
/* Reads one about an SMS-SUBMIT; what follows TP-ST is passed over. ERR_PROTO if it is none; `out`
 * is untouched then. */
ERR_MUST_USE int sms_status_parse(struct sms_status *out, const uint8_t *p, size_t len);
