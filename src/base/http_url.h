/* http_url.h - an http URL as the configuration names a responder: http://HOST[:PORT][/PATH]. No
 * user, no fragment, no https: what is fetched is signed. PURE. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/ident.h"

#define HTTP_URL_MAX 256 /* bytes of a URL, with the NUL */

struct http_url {
	char host[IDENT_HOST_MAX + 1]; /* a numeric IPv4 or IPv6 address (without brackets), or a host name */
	bool is_address, is_v6;
	uint16_t port;           /* 80 when the URL has none */
	char path[HTTP_URL_MAX]; /* with the query; "/" when the URL has none */
};

/* ERR_INVAL with `why` (static). */
ERR_MUST_USE int http_url_parse(struct http_url *out, const char *text, const char **why);
