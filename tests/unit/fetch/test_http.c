/* What is understood of an HTTP response, the messages between an edge and the fetcher, and URLs. */
#include "tests/unit/test.h"

#include "base/http_url.h"
#include "fetch/fch_http.h"
#include "fetch/fch_msg.h"

#define BODY_MAX 64
#define HEAD "HTTP/1.0 200 OK\r\nContent-Type: application/ocsp-response\r\n"

static int response(const char *text, bool ended, size_t *len)
{
	const uint8_t *body = NULL;

	*len = 0;
	return fch_http_response(&body, len, (const uint8_t *)text, strlen(text), ended, BODY_MAX);
}

static void understands_a_response(void **state)
{
	static const char *const good[] = {
		HEAD "Content-Length: 3\r\n\r\nabc",
		HEAD "content-length:3 \r\n\r\nabcd", /* more than it says is nothing */
		"HTTP/1.1 200\nContent-type: application/ocsp-response; a=b\nContent-Length: 3\n\nabc",
		HEAD "\r\nabc",
		HEAD "Content-Length: 3\r\nContent-Length: 3\r\nX-A: b\r\n\r\nabc",
	};
	size_t len;

	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		assert_int_equal(response(good[i], true, &len), 0);
		assert_int_equal(len, 3);
	}
	assert_int_equal(response(HEAD "Content-Length: 3\r\n\r\nabc", false, &len), 0); /* it need not close */
	assert_int_equal(response(HEAD "\r\nabc", false, &len), ERR_AGAIN);
	assert_int_equal(response(HEAD "Content-Length: 3\r\n\r\nab", false, &len), ERR_AGAIN);
	assert_int_equal(response("HTTP/1.0 20", false, &len), ERR_AGAIN);
	assert_int_equal(response("", false, &len), ERR_AGAIN);
}

static void refuses_what_is_none(void **state)
{
	static const struct {
		const char *text;
		int err;
	} rows[] = {
		{ "", ERR_PROTO },
		{ "HTTP/1.0 200 OK\r\n\r\nabc", ERR_PROTO }, /* of no kind */
		{ "HTTP/1.0 404 Not Found\r\n\r\n", ERR_PROTO },
		{ "HTTP/1.0 302 Found\r\nLocation: http://127.0.0.1/\r\n\r\n", ERR_PROTO }, /* nobody is followed */
		{ "HTTP/2 200\r\n\r\n", ERR_PROTO },
		{ "HTTP/1.0 2000\r\n\r\n", ERR_PROTO },
		{ "<html>", ERR_PROTO },
		{ "HTTP/1.0 200 OK\r\nContent-Type: text/html\r\n\r\nabc", ERR_PROTO },
		{ HEAD "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", ERR_PROTO },
		{ HEAD "Content-Encoding: gzip\r\n\r\nabc", ERR_PROTO },
		{ HEAD "no colon\r\n\r\nabc", ERR_PROTO },
		{ HEAD "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", ERR_PROTO }, /* which? */
		{ HEAD "Content-Length: -3\r\n\r\nabc", ERR_PROTO },
		{ HEAD "Content-Length: \r\n\r\nabc", ERR_PROTO },
		{ HEAD "Content-Length: 4\r\n\r\nabc", ERR_PROTO }, /* cut */
		{ HEAD "\r\n", ERR_PROTO },                         /* of nothing */
		{ HEAD, ERR_PROTO },
		{ HEAD "Content-Length: 65\r\n\r\n", ERR_LIMIT },
		{ HEAD "Content-Length: 99999999999999999999\r\n\r\n", ERR_LIMIT },
	};
	char text[FCH_HTTP_HEAD_MAX + 200] = HEAD "\r\n";
	size_t len, head = strlen(text);

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		int err = response(rows[i].text, true, &len);

		if (err != rows[i].err) {
			fail_msg("row %zu: %d, expected %d", i, err, rows[i].err);
		}
	}
	memset(text + head, 'x', BODY_MAX + 1);
	text[head + BODY_MAX + 1] = 0;
	assert_int_equal(response(text, true, &len), ERR_LIMIT);
	text[head + BODY_MAX] = 0;
	assert_int_equal(response(text, true, &len), 0);
	memset(text + 17, 'x', sizeof text - 18);
	text[sizeof text - 1] = 0;
	assert_int_equal(response(text, false, &len), ERR_LIMIT); /* a head without end */
}

static void what_a_receiver_says(void **state)
{
	static const struct {
		const char *text;
		bool ended;
		int err;
	} rows[] = {
		{ "HTTP/1.1 200 OK\r\n", false, 0 },
		{ "HTTP/1.0 204\n", false, 0 },
		{ "HTTP/1.1 201 Created", false, ERR_AGAIN },
		{ "HTTP/1.1 201 Created", true, ERR_PROTO },
		{ "HTTP/1.1 302 Found\r\n", false, ERR_PROTO },
		{ "HTTP/1.1 500 No\r\n", false, ERR_PROTO },
		{ "HTTP/1.1 2xx\r\n", false, ERR_PROTO },
		{ "HTTP/1.1 2000\r\n", false, ERR_PROTO },
		{ "HTTP/2.0 200\r\n", false, ERR_PROTO },
		{ "\r\nHTTP/1.1 200\r\n", false, ERR_PROTO },
		{ "", false, ERR_AGAIN },
		{ "", true, ERR_PROTO },
	};
	static uint8_t longest[FCH_HTTP_HEAD_MAX];
	size_t len;

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		int err = fch_http_taken(&len, (const uint8_t *)rows[i].text, strlen(rows[i].text), rows[i].ended);

		if (err != rows[i].err) {
			fail_msg("row %zu: %d, expected %d", i, err, rows[i].err);
		}
	}
	memset(longest, 'x', sizeof longest);
	assert_int_equal(fch_http_taken(&len, longest, sizeof longest, false), ERR_LIMIT);
}

static void asks(void **state)
{
	char head[FCH_HTTP_REQUEST_HEAD_MAX];
	struct http_url url;
	const char *why;
	size_t len;

	(void)state;
	assert_int_equal(http_url_parse(&url, "http://ocsp.acme.example:8080/a?b", &why), 0);
	len = fch_http_request(head, &url, FCH_HTTP_OCSP, 70);
	assert_int_equal(len, strlen(head));
	assert_string_equal(head,
			    "POST /a?b HTTP/1.0\r\nHost: ocsp.acme.example:8080\r\nContent-Type: application/ocsp-request\r\n"
			    "Content-Length: 70\r\n\r\n");
	assert_int_equal(http_url_parse(&url, "http://[2001:db8::1]", &why), 0);
	len = fch_http_request(head, &url, FCH_HTTP_OCSP, 70);
	assert_int_equal(len, strlen(head));
	assert_non_null(strstr(head, "POST / HTTP/1.0\r\nHost: [2001:db8::1]\r\n"));
}

static void urls(void **state)
{
	static const char *const wrong[] = { "",
					     "https://a.example/",
					     "http://",
					     "http:///a",
					     "http://a.example:/",
					     "http://a.example:0/",
					     "http://a.example:65536/",
					     "http://a.example:8x/",
					     "http://u@a.example/",
					     "http://a_b.example/",
					     "http://2001:db8::1/",
					     "http://[127.0.0.1]/",
					     "http://[::1/",
					     "http://[::1]x/",
					     "http://a.example/a b",
					     "http://a.example/a#b",
					     "http://a.example/\r\nX: y" };
	char text[HTTP_URL_MAX + 8] = "http://127.0.0.1/";
	struct http_url url;
	const char *why;

	(void)state;
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		if (!http_url_parse(&url, wrong[i], &why)) {
			fail_msg("'%s' is taken", wrong[i]);
		}
	}
	assert_int_equal(http_url_parse(&url, "http://127.0.0.1:65535?a", &why), 0);
	assert_true(url.is_address && !url.is_v6 && url.port == 65535);
	assert_string_equal(url.path, "/?a");
	assert_int_equal(http_url_parse(&url, "http://OCSP.Example", &why), 0);
	assert_true(!url.is_address && url.port == 80);
	assert_string_equal(url.host, "ocsp.example");
	memset(text + 17, 'a', sizeof text - 18);
	text[HTTP_URL_MAX - 1] = 0;
	assert_int_equal(http_url_parse(&url, text, &why), 0);
	text[HTTP_URL_MAX - 1] = 'a';
	text[HTTP_URL_MAX] = 0;
	assert_int_equal(http_url_parse(&url, text, &why), ERR_INVAL);
}

static void messages(void **state)
{
	uint8_t octets[FCH_OCTETS_MAX], request[FCH_REQUEST_MAX] = "request";
	struct fch_question q = { 7, 64, sizeof request, request };
	struct fch_answer a = { 7, FCH_OK, 5, request };
	size_t n = fch_question_put(octets, &q);

	(void)state;
	assert_int_equal(fch_question_get(&q, octets, n), 0);
	assert_true(q.number == 7 && q.responder == 64 && q.len == sizeof request);
	assert_int_equal(fch_question_get(&q, octets, n - 1), ERR_PROTO);
	assert_int_equal(fch_question_get(&q, octets, n + 1), ERR_PROTO);
	assert_int_equal(fch_answer_get(&a, octets, n), ERR_PROTO);
	assert_int_equal(fch_question_get(&q, octets, fch_question_put(octets, &(struct fch_question){ 7, 64, 0, NULL })),
			 ERR_PROTO);
	n = fch_answer_put(octets, &a);
	assert_int_equal(fch_answer_get(&a, octets, n), 0);
	assert_true(a.number == 7 && a.result == FCH_OK && a.len == 5 && !memcmp(a.response, "reque", 5));
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(fch_answer_get(&a, octets, i), ERR_PROTO);
	}
	octets[8] = FCH_TIMEOUT; /* and a response */
	assert_int_equal(fch_answer_get(&a, octets, n), ERR_PROTO);
	n = fch_answer_put(octets, &(struct fch_answer){ 7, FCH_TIMEOUT, 0, NULL });
	assert_int_equal(fch_answer_get(&a, octets, n), 0);
	octets[8] = FCH_OK; /* and none */
	assert_int_equal(fch_answer_get(&a, octets, n), ERR_PROTO);
	octets[8] = FCH_RESULTS;
	assert_int_equal(fch_answer_get(&a, octets, n), ERR_PROTO);
	octets[8] = 0;
	assert_int_equal(fch_answer_get(&a, octets, n), ERR_PROTO);
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(understands_a_response),
		cmocka_unit_test(refuses_what_is_none),
		cmocka_unit_test(what_a_receiver_says),
		cmocka_unit_test(asks),
		cmocka_unit_test(urls),
		cmocka_unit_test(messages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
