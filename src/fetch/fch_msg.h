/* fch_msg.h - the messages between an edge, or the core, and the fetcher, one a datagram of a
 * SOCK_SEQPACKET pair. Both ends treat the octets of the other one as hostile. PURE.
 *
 * Octets, all numbers little-endian:
 *   question  u32 FCH_QUESTION_MAGIC, u32 number, u32 responder, u32 length, request
 *   answer    u32 FCH_ANSWER_MAGIC,   u32 number, u32 result,    u32 length, response
 *
 * An edge asks OCSP responders. The core sends checkpoints of the audit; the response is the status
 * line of the receiver then. The number is the asker's, and the answer repeats it. Each question
 * gets one answer as long as the pair is open. */
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define FCH_QUESTION_MAGIC 0x31514346u /* "FCQ1" */
#define FCH_ANSWER_MAGIC 0x31414346u   /* "FCA1" */
#define FCH_REQUEST_MAX 1024u
#define FCH_RESPONSE_MAX 32768u
#define FCH_HEAD 16u
#define FCH_OCTETS_MAX (FCH_HEAD + FCH_RESPONSE_MAX)

enum fch_result {
	FCH_OK = 1,      /* a response follows */
	FCH_UNREACHABLE, /* no connection to the responder */
	FCH_TIMEOUT,
	FCH_HTTP,  /* what came is no HTTP response with an OCSP response */
	FCH_LIMIT, /* longer than ocsp.size_max */
	FCH_BUSY,  /* too many questions */
	FCH_RESULTS
};

struct fch_question {
	uint32_t number, responder;
	size_t len;
	const uint8_t *request; /* borrowed from the datagram */
};

struct fch_answer {
	uint32_t number;
	enum fch_result result;
	size_t len;              /* 0 unless FCH_OK */
	const uint8_t *response; /* borrowed from the datagram */
};

/* Octets written. The lengths are within the bounds. */
size_t fch_question_put(uint8_t out[FCH_HEAD + FCH_REQUEST_MAX], const struct fch_question *q);
size_t fch_answer_put(uint8_t out[FCH_OCTETS_MAX], const struct fch_answer *a);
/* ERR_PROTO: no such message. */
ERR_MUST_USE int fch_question_get(struct fch_question *out, const uint8_t *p, size_t n);
ERR_MUST_USE int fch_answer_get(struct fch_answer *out, const uint8_t *p, size_t n);

/* Words for a result that is not FCH_OK. */
const char *fch_result_words(enum fch_result r);
