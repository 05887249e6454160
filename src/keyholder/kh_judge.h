/* kh_judge.h - may a keyholder sign this? A TLS server signs two forms of content, and nothing else
 * that anybody signs has either of them. PURE; the time is an argument. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Whether `p` is what a server of our profile signs:
 *  - TLS 1.3 CertificateVerify (RFC 8446 4.4.3): 64 spaces, the context string of a *server*, an
 *    octet 0, and a transcript hash of 32 or 48 octets;
 *  - TLS 1.2 ServerKeyExchange (RFC 8422 5.4): two randoms of 32 octets, a named curve (P-256,
 *    P-384, X25519), and one uncompressed point of that curve. */
bool kh_judge_content(const uint8_t *p, size_t n);

/* So many signatures a second, and as many at once after a pause. */
struct kh_rate {
	uint32_t per_second;
	uint64_t tokens_milli; /* thousandths of a signature */
	uint64_t last_ms;
};
void kh_rate_begin(struct kh_rate *r, uint32_t per_second, uint64_t now_ms);
/* True: one more is within the rate, and is counted. */
bool kh_rate_take(struct kh_rate *r, uint64_t now_ms);
