/* fuzz_fetch.c - the promises of what reads a responder's octets in the fetcher, and of its messages: a body lies inside of what
 * came and has a bound, more octets never turn a refusal into a body of another place, and a message is written as the same octets
 * again. */
#include <string.h>

#include "base/http_url.h"
#include "fetch/fch_http.h"
#include "fetch/fch_msg.h"
#include "tests/fuzz/fuzz.h"

#define BODY_MAX 512u

static void fuzz_http(const char *target, const uint8_t *data, size_t size)
{
	const uint8_t *body = NULL, *early = NULL;
	size_t len = 0, early_len = 0;
	int err, open;

	(void)target;
	err = fch_http_response(&body, &len, data, size, true, BODY_MAX);
	promise(err != ERR_AGAIN, "who has ended is not waited for");
	promise(err || (body >= data && body + len <= data + size && len && len <= BODY_MAX), "a body is inside and has a bound");
	open = fch_http_response(&early, &early_len, data, size, false, BODY_MAX);
	promise(open != ERR_AGAIN || size < FCH_HTTP_HEAD_MAX + BODY_MAX, "nobody is waited for without end");
	promise(open || (!err && early == body && early_len == len), "what is whole stays so");
	promise(open == ERR_AGAIN || open == err, "and what is wrong, too");
}

static void fuzz_message(const char *target, const uint8_t *data, size_t size)
{
	uint8_t again[FCH_OCTETS_MAX];
	struct fch_question q;
	struct fch_answer a;

	(void)target;
	if (!fch_question_get(&q, data, size)) {
		promise(q.len && q.len <= FCH_REQUEST_MAX, "a request has a bound");
		promise(fch_question_put(again, &q) == size && !memcmp(again, data, size), "the same octets again");
	}
	if (!fch_answer_get(&a, data, size)) {
		promise(a.result >= FCH_OK && a.result < FCH_RESULTS && (a.result == FCH_OK) == (a.len > 0), "an answer is one");
		promise(a.len <= FCH_RESPONSE_MAX, "a response has a bound");
		promise(fch_answer_put(again, &a) == size && !memcmp(again, data, size), "the same octets again");
	}
}

static void fuzz_url(const char *target, const uint8_t *data, size_t size)
{
	char text[HTTP_URL_MAX + 16], head[FCH_HTTP_REQUEST_HEAD_MAX];
	struct http_url url;
	const char *why = NULL;
	size_t n;

	(void)target;
	n = size < sizeof text - 1 ? size : sizeof text - 1;
	memcpy(text, data, n);
	text[n] = 0;
	if (http_url_parse(&url, text, &why)) {
		promise(why && *why, "a refusal has words");
		return;
	}
	promise(url.port && url.path[0] == '/' && url.host[0], "a URL has all of its parts");
	promise(!strpbrk(url.path, "\r\n \t") && !strpbrk(url.host, "\r\n \t"), "and cannot add a line to a head");
	n = fch_http_request(head, &url, FCH_HTTP_OCSP, 70);
	promise(n == strlen(head) && n < sizeof head, "a head has room");
}

fuzz_fn *fuzz_find(const char *target)
{
	return !strcmp(target, "fetch-http")      ? fuzz_http
	       : !strcmp(target, "fetch-message") ? fuzz_message
	       : !strcmp(target, "http-url")      ? fuzz_url
						  : NULL;
}
