/* fch_msg.c - see fch_msg.h. */
#include "fetch/fch_msg.h"

#include <string.h>

static void put_u32(uint8_t *p, uint32_t v)
{
	for (unsigned i = 0; i < 4; i++) {
		p[i] = (uint8_t)(v >> 8 * i);
	}
}

static uint32_t get_u32(const uint8_t *p)
{
	return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static size_t put(uint8_t *out, const uint32_t head[4], const uint8_t *octets)
{
	for (unsigned i = 0; i < 4; i++) {
		put_u32(out + 4 * i, head[i]);
	}
	if (head[3]) {
		memcpy(out + FCH_HEAD, octets, head[3]);
	}
	return FCH_HEAD + head[3];
}

size_t fch_question_put(uint8_t out[FCH_HEAD + FCH_REQUEST_MAX], const struct fch_question *q)
{
	return put(out, (uint32_t[]){ FCH_QUESTION_MAGIC, q->number, q->responder, (uint32_t)q->len }, q->request);
}

size_t fch_answer_put(uint8_t out[FCH_OCTETS_MAX], const struct fch_answer *a)
{
	return put(out, (uint32_t[]){ FCH_ANSWER_MAGIC, a->number, (uint32_t)a->result, (uint32_t)a->len }, a->response);
}

int fch_question_get(struct fch_question *out, const uint8_t *p, size_t n)
{
	if (n < FCH_HEAD || get_u32(p) != FCH_QUESTION_MAGIC || get_u32(p + 12) != n - FCH_HEAD || n == FCH_HEAD ||
	    n - FCH_HEAD > FCH_REQUEST_MAX) {
		return ERR_PROTO;
	}
	*out = (struct fch_question){ get_u32(p + 4), get_u32(p + 8), n - FCH_HEAD, p + FCH_HEAD };
	return 0;
}

int fch_answer_get(struct fch_answer *out, const uint8_t *p, size_t n)
{
	uint32_t result;

	if (n < FCH_HEAD || get_u32(p) != FCH_ANSWER_MAGIC || get_u32(p + 12) != n - FCH_HEAD ||
	    n - FCH_HEAD > FCH_RESPONSE_MAX) {
		return ERR_PROTO;
	}
	result = get_u32(p + 8);
	if (result < FCH_OK || result >= FCH_RESULTS || (result == FCH_OK) != (n > FCH_HEAD)) {
		return ERR_PROTO;
	}
	*out = (struct fch_answer){ get_u32(p + 4), (enum fch_result)result, n - FCH_HEAD, p + FCH_HEAD };
	return 0;
}

const char *fch_result_words(enum fch_result r)
{
	static const char *const words[FCH_RESULTS] = {
		[FCH_OK] = "answered",
		[FCH_UNREACHABLE] = "the responder cannot be reached",
		[FCH_TIMEOUT] = "the responder did not answer in time (timers.ocsp)",
		[FCH_HTTP] = "what the responder sent is no HTTP response with an OCSP response",
		[FCH_LIMIT] = "the response is longer than ocsp.size_max",
		[FCH_BUSY] = "too many questions are waiting for the fetcher",
	};

	return r > 0 && r < FCH_RESULTS ? words[r] : "unknown";
}
