/* kh_msg.c - see kh_msg.h. */
#include "keyholder/kh_msg.h"

#include <stdbool.h>
#include <string.h>

static void put16(uint8_t *p, uint16_t v)
{
	p[0] = (uint8_t)v;
	p[1] = (uint8_t)(v >> 8);
}

static void put32(uint8_t *p, uint32_t v)
{
	put16(p, (uint16_t)v);
	put16(p + 2, (uint16_t)(v >> 16));
}

static uint16_t get16(const uint8_t *p)
{
	return (uint16_t)(p[0] | p[1] << 8);
}

static uint32_t get32(const uint8_t *p)
{
	return get16(p) | (uint32_t)get16(p + 2) << 16;
}

const char *kh_status_words(unsigned status)
{
	static const char *const words[KH_STATUSES] = {
#define KH_WORDS_ROW(name, value, words) [name] = (words),
		KH_STATUS_TABLE(KH_WORDS_ROW)
#undef KH_WORDS_ROW
	};

	return status < KH_STATUSES ? words[status] : "unknown status";
}

/* A refusal carries no signature, and a signature is never empty. */
static bool fits(unsigned status, size_t signature_len)
{
	return status < KH_STATUSES && signature_len <= KH_SIGNATURE_MAX && (status == KH_SIGNED) == (signature_len > 0);
}

size_t kh_request_encode(uint8_t out[KH_REQUEST_OCTETS_MAX], const struct kh_request *r)
{
	if (r->content_len > KH_CONTENT_MAX) {
		return 0;
	}
	put32(out, KH_REQUEST_MAGIC);
	put32(out + 4, r->id);
	put32(out + 8, r->set);
	put16(out + 12, r->key);
	put16(out + 14, r->scheme);
	put16(out + 16, r->content_len);
	put16(out + 18, 0);
	memcpy(out + KH_REQUEST_HEAD, r->content, r->content_len);
	return KH_REQUEST_HEAD + r->content_len;
}

size_t kh_answer_encode(uint8_t out[KH_ANSWER_OCTETS_MAX], const struct kh_answer *a)
{
	if (!fits(a->status, a->signature_len)) {
		return 0;
	}
	put32(out, KH_ANSWER_MAGIC);
	put32(out + 4, a->id);
	put16(out + 8, a->status);
	put16(out + 10, a->signature_len);
	memcpy(out + KH_ANSWER_HEAD, a->signature, a->signature_len);
	return KH_ANSWER_HEAD + a->signature_len;
}

int kh_request_decode(struct kh_request *out, const void *octets, size_t n)
{
	const uint8_t *p = octets;
	size_t len;

	if (n < KH_REQUEST_HEAD || get32(p) != KH_REQUEST_MAGIC || get16(p + 18) != 0) {
		return ERR_PROTO;
	}
	len = get16(p + 16);
	if (len > KH_CONTENT_MAX || n != KH_REQUEST_HEAD + len) {
		return ERR_PROTO;
	}
	out->id = get32(p + 4);
	out->set = get32(p + 8);
	out->key = get16(p + 12);
	out->scheme = get16(p + 14);
	out->content_len = (uint16_t)len;
	memcpy(out->content, p + KH_REQUEST_HEAD, len);
	return 0;
}

int kh_answer_decode(struct kh_answer *out, const void *octets, size_t n)
{
	const uint8_t *p = octets;
	size_t len;
	unsigned status;

	if (n < KH_ANSWER_HEAD || get32(p) != KH_ANSWER_MAGIC) {
		return ERR_PROTO;
	}
	status = get16(p + 8);
	len = get16(p + 10);
	if (!fits(status, len) || n != KH_ANSWER_HEAD + len) {
		return ERR_PROTO;
	}
	out->id = get32(p + 4);
	out->status = (uint16_t)status;
	out->signature_len = (uint16_t)len;
	memcpy(out->signature, p + KH_ANSWER_HEAD, len);
	return 0;
}
