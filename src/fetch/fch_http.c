/* fch_http.c - see fch_http.h. */
#include "fetch/fch_http.h"

#include <stdio.h>
#include <string.h>

#include "base/str.h"

#define LENGTH_DIGITS_MAX 9u

size_t fch_http_request(char out[FCH_HTTP_REQUEST_HEAD_MAX], const struct http_url *url, const char *type, size_t len)
{
	char port[8] = "";
	int n;

	if (url->port != 80) {
		snprintf(port, sizeof port, ":%u", url->port);
	}
	n = snprintf(out, FCH_HTTP_REQUEST_HEAD_MAX,
		     "POST %s HTTP/1.0\r\nHost: %s%s%s%s\r\nContent-Type: %.40s\r\nContent-Length: %zu\r\n\r\n", url->path,
		     url->is_v6 ? "[" : "", url->host, url->is_v6 ? "]" : "", port, type, len);
	return (size_t)n;
}
_Static_assert(FCH_HTTP_REQUEST_HEAD_MAX > HTTP_URL_MAX + IDENT_HOST_MAX + 160, "each URL has room");

struct head {
	bool has_length, is_ocsp;
	size_t length;
};

static bool is_name(const uint8_t *line, size_t len, const char *name)
{
	size_t n = strlen(name);

	return len > n && line[n] == ':' && str_equal_nocase(line, n, name, n);
}

/* The value without the spaces around it. */
static const uint8_t *value_of(const uint8_t *line, size_t len, size_t *value_len)
{
	const uint8_t *p = memchr(line, ':', len), *end = line + len;

	for (p++; p < end && (*p == ' ' || *p == '\t'); p++) {
		/* skipped */
	}
	while (end > p && (end[-1] == ' ' || end[-1] == '\t')) {
		end--;
	}
	*value_len = (size_t)(end - p);
	return p;
}

static int take_length(struct head *h, const uint8_t *p, size_t len)
{
	size_t length = 0;

	if (!len || len > LENGTH_DIGITS_MAX) {
		return len ? ERR_LIMIT : ERR_PROTO;
	}
	for (size_t i = 0; i < len; i++) {
		if (p[i] < '0' || p[i] > '9') {
			return ERR_PROTO;
		}
		length = length * 10 + (size_t)(p[i] - '0');
	}
	if (h->has_length && h->length != length) {
		return ERR_PROTO;
	}
	h->has_length = true;
	h->length = length;
	return 0;
}

static int take_line(struct head *h, const uint8_t *line, size_t len)
{
	static const char type[] = "application/ocsp-response";
	const uint8_t *value;
	size_t n;

	if (!memchr(line, ':', len)) {
		return ERR_PROTO;
	}
	value = value_of(line, len, &n);
	if (is_name(line, len, "content-length")) {
		return take_length(h, value, n);
	}
	if (is_name(line, len, "content-type")) {
		h->is_ocsp = n >= sizeof type - 1 && str_equal_nocase(value, sizeof type - 1, type, sizeof type - 1) &&
			     (n == sizeof type - 1 || value[sizeof type - 1] == ';' || value[sizeof type - 1] == ' ');
	}
	/* whoever answers HTTP/1.0 in chunks, or packed, is not understood */
	return is_name(line, len, "transfer-encoding") || is_name(line, len, "content-encoding") ? ERR_PROTO : 0;
}

/* "HTTP/1.x 200". */
static int take_status(const uint8_t *line, size_t len)
{
	return len >= 12 && memcmp(line, "HTTP/1.", 7) == 0 && (line[7] == '0' || line[7] == '1') &&
		       memcmp(line + 8, " 200", 4) == 0 && (len == 12 || line[12] == ' ')
		   ? 0
		   : ERR_PROTO;
}

/* The head, line by line. 0: *at is where the body begins. */
static int read_head(struct head *h, size_t *at, const uint8_t *p, size_t n)
{
	size_t begin = 0;
	bool first = true;

	for (;;) {
		const uint8_t *end = begin < n ? memchr(p + begin, '\n', n - begin) : NULL;
		size_t len;
		int err;

		if (!end || (size_t)(end - p) >= FCH_HTTP_HEAD_MAX) {
			return n >= FCH_HTTP_HEAD_MAX ? ERR_LIMIT : ERR_AGAIN;
		}
		len = (size_t)(end - p) - begin;
		len -= len && end[-1] == '\r';
		err = first ? take_status(p + begin, len) : len ? take_line(h, p + begin, len) : 0;
		if (err) {
			return err;
		}
		begin = (size_t)(end - p) + 1;
		if (!first && !len) {
			*at = begin;
			return 0;
		}
		first = false;
	}
}

int fch_http_response(const uint8_t **body, size_t *body_len, const uint8_t *p, size_t n, bool ended, size_t body_max)
{
	struct head h = { .has_length = false };
	size_t at = 0;
	int err = read_head(&h, &at, p, n);

	if (err) {
		return err == ERR_AGAIN && ended ? ERR_PROTO : err;
	}
	if (!h.is_ocsp) {
		return ERR_PROTO;
	}
	if ((h.has_length && h.length > body_max) || n - at > body_max) {
		return ERR_LIMIT;
	}
	if (h.has_length ? n - at < h.length : !ended) {
		return ended ? ERR_PROTO : ERR_AGAIN;
	}
	*body = p + at;
	*body_len = h.has_length ? h.length : n - at;
	return *body_len ? 0 : ERR_PROTO;
}

int fch_http_taken(size_t *line_len, const uint8_t *p, size_t n, bool ended)
{
	const uint8_t *end = n ? memchr(p, '\n', n) : NULL;
	size_t len;

	if (!end) {
		return n >= FCH_HTTP_HEAD_MAX ? ERR_LIMIT : ended ? ERR_PROTO : ERR_AGAIN;
	}
	len = (size_t)(end - p);
	len -= len && end[-1] == '\r';
	if (len < 12 || len >= FCH_HTTP_HEAD_MAX || memcmp(p, "HTTP/1.", 7) != 0 || (p[7] != '0' && p[7] != '1') ||
	    memcmp(p + 8, " 2", 2) != 0 || p[10] < '0' || p[10] > '9' || p[11] < '0' || p[11] > '9' ||
	    (len > 12 && p[12] != ' ')) {
		return ERR_PROTO;
	}
	*line_len = len;
	return 0;
}
