/* dia_failed.h - why a message is refused, in the terms of RFC 6733 7: Result-Code, Failed-AVP,
 * text.
 * The only place that turns our errors into Result-Codes. PURE. */
#pragma once
#include <stdint.h>

#include "base/buf.h"
#include "diameter/dia_msg.h"

#define DIA_FAILED_AVP_MAX 1024u
#define DIA_FAILED_TEXT_MAX 160u

struct dia_failed {
	uint32_t result_code; /* of the base protocol, 0 when nothing failed */
	/* the one offending AVP, header and padding included, wrapped in its groups */
	uint8_t avp[DIA_FAILED_AVP_MAX];
	uint16_t avp_len; /* octets of it, a multiple of 4; 0: no Failed-AVP */
	/* for the log and Error-Message: which AVP, what was expected */
	char text[DIA_FAILED_TEXT_MAX];
};

/* Nothing failed. Sufficient before each use: avp_len bounds what is read of `avp`, and the NUL
 * that of `text`. */
static inline void dia_failed_none(struct dia_failed *f)
{
	f->result_code = 0;
	f->avp_len = 0;
	f->text[0] = 0;
}

/* Every Result-Code of RFC 6733 7.1: name, value. */
#define DIA_RESULT_TABLE(X)                                                                                                      \
	X(MULTI_ROUND_AUTH, 1001)                                                                                                \
	X(SUCCESS, 2001)                                                                                                         \
	X(LIMITED_SUCCESS, 2002)                                                                                                 \
	X(COMMAND_UNSUPPORTED, 3001)                                                                                             \
	X(UNABLE_TO_DELIVER, 3002)                                                                                               \
	X(REALM_NOT_SERVED, 3003)                                                                                                \
	X(TOO_BUSY, 3004)                                                                                                        \
	X(LOOP_DETECTED, 3005)                                                                                                   \
	X(REDIRECT_INDICATION, 3006)                                                                                             \
	X(APPLICATION_UNSUPPORTED, 3007)                                                                                         \
	X(INVALID_HDR_BITS, 3008)                                                                                                \
	X(INVALID_AVP_BITS, 3009)                                                                                                \
	X(UNKNOWN_PEER, 3010)                                                                                                    \
	X(AUTHENTICATION_REJECTED, 4001)                                                                                         \
	X(OUT_OF_SPACE, 4002)                                                                                                    \
	X(ELECTION_LOST, 4003)                                                                                                   \
	X(AVP_UNSUPPORTED, 5001)                                                                                                 \
	X(UNKNOWN_SESSION_ID, 5002)                                                                                              \
	X(AUTHORIZATION_REJECTED, 5003)                                                                                          \
	X(INVALID_AVP_VALUE, 5004)                                                                                               \
	X(MISSING_AVP, 5005)                                                                                                     \
	X(RESOURCES_EXCEEDED, 5006)                                                                                              \
	X(CONTRADICTING_AVPS, 5007)                                                                                              \
	X(AVP_NOT_ALLOWED, 5008)                                                                                                 \
	X(AVP_OCCURS_TOO_MANY_TIMES, 5009)                                                                                       \
	X(NO_COMMON_APPLICATION, 5010)                                                                                           \
	X(UNSUPPORTED_VERSION, 5011)                                                                                             \
	X(UNABLE_TO_COMPLY, 5012)                                                                                                \
	X(INVALID_BIT_IN_HEADER, 5013)                                                                                           \
	X(INVALID_AVP_LENGTH, 5014)                                                                                              \
	X(INVALID_MESSAGE_LENGTH, 5015)                                                                                          \
	X(INVALID_AVP_BIT_COMBO, 5016)                                                                                           \
	X(NO_COMMON_SECURITY, 5017)

enum dia_result {
#define DIA_RESULT_ROW(name, value) DIA_RESULT_##name = (value),
	DIA_RESULT_TABLE(DIA_RESULT_ROW)
#undef DIA_RESULT_ROW
};

/* Name without prefix, "unknown" for a code that is not in the table. */
const char *dia_result_str(uint32_t result_code);

/* Each fills `f`. The caller ensures that the first error wins. dia_refuse() and
 * dia_refuse_missing() also return ERR_PROTO, so that a check is one line. */
void dia_failed_set(struct dia_failed *f, uint32_t result_code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
ERR_MUST_USE int dia_refuse(struct dia_failed *f, uint32_t result_code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* With a copy of the AVP. One too large for `avp` is shown by its header and zero data of its
 * type's minimum length. */
int dia_failed_avp(struct dia_failed *f, uint32_t result_code, const struct dia_avp *avp, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
/* 5005 with an example AVP of the type's minimum length. */
void dia_failed_missing(struct dia_failed *f, uint32_t code, uint32_t vendor);
ERR_MUST_USE int dia_refuse_missing(struct dia_failed *f, uint32_t code, uint32_t vendor);
/* 5014 for `n` octets at `p` that are not an AVP: their part of the header, padded with zeros to a
 * whole one, then zero data of the type's minimum length. The length field fits the copy, so that
 * it can be read. */
int dia_failed_header(struct dia_failed *f, const uint8_t *p, size_t n, const char *why);
/* Wraps the contents of `f` in a copy of the header of the group that it was found in. Leaves `f`
 * unchanged if that does not fit. */
void dia_failed_wrap(struct dia_failed *f, const struct dia_avp *group);

/* Writes the answer-message of RFC 6733 7.2 to `request`: Session-Id if the request has a readable
 * one, origin, Result-Code, Error-Message, Failed-AVP, all Proxy-Info in order. E bit: always for
 * 3xxx; for 5xxx in an application, because this message does not meet the grammar of its own
 * answer (7.1.5 allows it); never for the others. Without the E bit the answer to a DWR or a DPR is
 * a DWA or a DPA and has no Session-Id. It does not answer a CER, except with 3xxx: a CEA has more
 * members (link_send_error()). The result is in `out`; out->full if it did not fit. `host` and
 * `realm` are NUL-terminated. */
void dia_error_answer(struct buf *out, const struct dia_msg *request, const char *host, const char *realm,
		      const struct dia_failed *why);
