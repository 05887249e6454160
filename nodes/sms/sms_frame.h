/* sms_frame.h - frames of the lab link between mtc-smssc and mtc-ue (docs/user/ue-link.md): u16
 * length of what follows, u8 type, body. Numbers are big-endian. PURE. */
#pragma once
#include "base/buf.h"
#include "base/err.h"
#include "nodes/sms/sms_rp.h"

enum sms_frame_type {
	SMS_FRAME_REGISTER = 1, /* IMSI digits: this device is reachable here */
	SMS_FRAME_DATA = 2,     /* delivery id (u64), RPDU */
	SMS_FRAME_DATA_ACK = 3, /* delivery id (u64), RPDU */
	/* IMSI digits: no longer reachable; from the SMS-SC: registered by another connection */
	SMS_FRAME_GONE = 4,
	/* octet that counts the digits, IMSI digits, RPDU: a message of this device, and the answer to it */
	SMS_FRAME_SUBMIT = 5,
	SMS_FRAME_SUBMIT_ACK = 6,
};

#define SMS_FRAME_BODY_MAX (8u + SMS_RPDU_MAX)
#define SMS_FRAME_MAX (3u + SMS_FRAME_BODY_MAX)
#define SMS_IMSI_MAX 15

struct sms_framer { /* zero it to begin */
	uint8_t held[SMS_FRAME_MAX];
	size_t len;
};

/* One complete frame; `body` is borrowed until return. Return 0 to continue, anything else to
 * stop. */
typedef int sms_frame_fn(void *arg, uint8_t type, const uint8_t *body, size_t len);

/* Feeds octets. 0; what `fn` returned; ERR_PROTO: a length of 0 or above SMS_FRAME_MAX: drop the
 * connection. */
ERR_MUST_USE int sms_frame_feed(struct sms_framer *f, const uint8_t *p, size_t n, sms_frame_fn *fn, void *arg);

/* Check out->full. */
void sms_frame_imsi_build(struct buf *out, enum sms_frame_type type, const char *imsi);
void sms_frame_rpdu_build(struct buf *out, enum sms_frame_type type, uint64_t delivery_id, const uint8_t *rpdu, size_t len);

/* Submit and its answer. Check out->full. */
#define SMS_FRAME_SUBMIT_RPDU_MAX (SMS_FRAME_BODY_MAX - 1u - SMS_IMSI_MAX)
void sms_frame_submit_build(struct buf *out, enum sms_frame_type type, const char *imsi, const uint8_t *rpdu, size_t len);

/* Bodies. ERR_PROTO when malformed; outputs untouched then. An IMSI is 6 to 15 digits. */
ERR_MUST_USE int sms_frame_imsi_parse(char imsi[SMS_IMSI_MAX + 1], const uint8_t *body, size_t len);
ERR_MUST_USE int sms_frame_rpdu_parse(uint64_t *delivery_id, const uint8_t **rpdu, size_t *rpdu_len, const uint8_t *body,
				      size_t len);
ERR_MUST_USE int sms_frame_submit_parse(char imsi[SMS_IMSI_MAX + 1], const uint8_t **rpdu, size_t *rpdu_len, const uint8_t *body,
					size_t len);
