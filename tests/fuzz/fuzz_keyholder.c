/* fuzz_keyholder.c - the promises of the messages between an edge and the keyholder: one that is
 * taken is written as the same octets again, and content that may be signed is what a TLS server
 * signs.
 *   keyholder-request, keyholder-answer   one datagram
 *   keyholder-content                     what is to be signed */
#include <string.h>

#include "keyholder/kh_judge.h"
#include "keyholder/kh_msg.h"
#include "tests/fuzz/fuzz.h"

#define SPACES 64u
#define CONTEXT "TLS 1.3, server CertificateVerify"

static void fuzz_request(const char *target, const uint8_t *data, size_t size)
{
	uint8_t again[KH_REQUEST_OCTETS_MAX];
	struct kh_request r;

	(void)target;
	memset(&r, 0x5a, sizeof r);
	if (kh_request_decode(&r, data, size)) {
		for (size_t i = 0; i < sizeof r; i++) {
			promise(((const uint8_t *)&r)[i] == 0x5a, "a refused request leaves the struct as it was");
		}
		return;
	}
	promise(r.content_len <= KH_CONTENT_MAX, "content has a bound");
	promise(kh_request_encode(again, &r) == size && !memcmp(again, data, size), "the same octets again");
}

static void fuzz_answer(const char *target, const uint8_t *data, size_t size)
{
	uint8_t again[KH_ANSWER_OCTETS_MAX];
	struct kh_answer a;

	(void)target;
	if (kh_answer_decode(&a, data, size)) {
		return;
	}
	promise(a.status < KH_STATUSES && a.signature_len <= KH_SIGNATURE_MAX, "a status is one, a signature has a bound");
	promise((a.status == KH_SIGNED) == (a.signature_len > 0), "a signature stands with success only");
	promise(*kh_status_words(a.status), "a status has words");
	promise(kh_answer_encode(again, &a) == size && !memcmp(again, data, size), "the same octets again");
}

static void fuzz_content(const char *target, const uint8_t *data, size_t size)
{
	bool spaces = size >= SPACES;

	(void)target;
	if (!kh_judge_content(data, size)) {
		return;
	}
	promise(size <= KH_CONTENT_MAX, "what may be signed fits in a request");
	for (size_t i = 0; i < SPACES; i++) {
		spaces = spaces && data[i] == ' ';
	}
	if (spaces) {
		size_t head = SPACES + sizeof CONTEXT;

		promise(size == head + 32 || size == head + 48, "a transcript hash is SHA-256 or SHA-384");
		promise(!memcmp(data + SPACES, CONTEXT, sizeof CONTEXT), "only a server's context is signed");
	} else {
		promise(size > 68 && data[64] == 3 && data[67] == size - 68, "a point of a named curve ends the content");
	}
}

fuzz_fn *fuzz_find(const char *target)
{
	return !strcmp(target, "keyholder-request")   ? fuzz_request
	       : !strcmp(target, "keyholder-answer")  ? fuzz_answer
	       : !strcmp(target, "keyholder-content") ? fuzz_content
						      : NULL;
}
