/* kh_judge.c - see kh_judge.h. */
#include "keyholder/kh_judge.h"

#include <string.h>

#define SPACES 64u
#define RANDOMS 64u
#define NAMED_CURVE 3u
#define UNCOMPRESSED 4u

static const char server_context[] = "TLS 1.3, server CertificateVerify"; /* its NUL is the octet 0 of the form */

static bool begins_with_spaces(const uint8_t *p)
{
	for (size_t i = 0; i < SPACES; i++) {
		if (p[i] != ' ') {
			return false;
		}
	}
	return true;
}

static bool is_verify(const uint8_t *p, size_t n)
{
	size_t head = SPACES + sizeof server_context;

	return (n == head + 32 || n == head + 48) && begins_with_spaces(p) &&
	       memcmp(p + SPACES, server_context, sizeof server_context) == 0;
}

/* Two randoms, ECParameters, the length of the point and the point. TLS 1.3 begins each content
 * with 64 spaces so that none of TLS 1.2 is taken for one of its own: randoms that are spaces
 * are nobody's. */
static bool is_exchange(const uint8_t *p, size_t n)
{
	static const struct {
		uint16_t curve;
		uint8_t octets;
		bool form; /* the point begins with its form */
	} curves[] = { { 23, 65, true }, { 24, 97, true }, { 29, 32, false } };

	if (n < RANDOMS + 5 || p[RANDOMS] != NAMED_CURVE || begins_with_spaces(p)) {
		return false;
	}
	for (size_t i = 0; i < sizeof curves / sizeof *curves; i++) {
		if (p[RANDOMS + 1] == curves[i].curve >> 8 && p[RANDOMS + 2] == (curves[i].curve & 0xff)) {
			return p[RANDOMS + 3] == curves[i].octets && n == RANDOMS + 4 + curves[i].octets &&
			       (!curves[i].form || p[RANDOMS + 4] == UNCOMPRESSED);
		}
	}
	return false;
}

bool kh_judge_content(const uint8_t *p, size_t n)
{
	return is_verify(p, n) || is_exchange(p, n);
}

void kh_rate_begin(struct kh_rate *r, uint32_t per_second, uint64_t now_ms)
{
	*r = (struct kh_rate){ .per_second = per_second, .tokens_milli = (uint64_t)per_second * 1000, .last_ms = now_ms };
}

bool kh_rate_take(struct kh_rate *r, uint64_t now_ms)
{
	uint64_t full = (uint64_t)r->per_second * 1000, passed_ms = now_ms > r->last_ms ? now_ms - r->last_ms : 0;

	if (passed_ms >= 1000) {
		r->tokens_milli = full;
	} else {
		r->tokens_milli += passed_ms * r->per_second;
		r->tokens_milli = r->tokens_milli < full ? r->tokens_milli : full;
	}
	r->last_ms = now_ms > r->last_ms ? now_ms : r->last_ms;
	if (r->tokens_milli < 1000) {
		return false;
	}
	r->tokens_milli -= 1000;
	return true;
}
