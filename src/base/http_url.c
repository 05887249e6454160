/* http_url.c - see http_url.h. */
#include "base/http_url.h"

#include <arpa/inet.h>
#include <string.h>

#include "base/str.h"

static int refuse(const char **why, const char *words)
{
	*why = words;
	return ERR_INVAL;
}

static bool printable(const char *text)
{
	for (; *text; text++) {
		if (*text <= 0x20 || *text >= 0x7f || *text == '#') {
			return false;
		}
	}
	return true;
}

static bool read_port(uint16_t *out, const char *p, const char *end)
{
	uint32_t port = 0;

	if (p == end || end - p > 5) {
		return false;
	}
	for (; p < end; p++) {
		if (*p < '0' || *p > '9') {
			return false;
		}
		port = port * 10 + (uint32_t)(*p - '0');
	}
	*out = (uint16_t)port;
	return port && port <= UINT16_MAX;
}

static int read_host(struct http_url *u, const char *p, size_t len, bool bracketed, const char **why)
{
	uint8_t address[sizeof(struct in6_addr)];
	char text[IDENT_HOST_MAX + 1];

	if (str_copy(text, sizeof text, p, len)) {
		return refuse(why, "its host is too long");
	}
	u->is_v6 = bracketed;
	u->is_address = inet_pton(bracketed ? AF_INET6 : AF_INET, text, address) == 1;
	if (u->is_address) {
		str_set(u->host, sizeof u->host, text);
		return 0;
	}
	return bracketed || ident_host(u->host, text, len) ? refuse(why, "its host is neither a name nor an address") : 0;
}

int http_url_parse(struct http_url *out, const char *text, const char **why)
{
	static const char scheme[] = "http://";
	struct http_url u = { .port = 80 };
	const char *p = text + sizeof scheme - 1, *path, *end, *colon;
	bool bracketed;

	if (strncmp(text, scheme, sizeof scheme - 1) != 0) {
		return refuse(why, "it does not begin with http://");
	}
	if (strlen(text) >= HTTP_URL_MAX || !printable(p)) {
		return refuse(why, "it is too long, or has a character that a URL does not have");
	}
	path = p + strcspn(p, "/?");
	bracketed = *p == '[';
	end = bracketed ? memchr(p, ']', (size_t)(path - p)) : memchr(p, ':', (size_t)(path - p));
	if (bracketed && !end) {
		return refuse(why, "its host begins with a bracket that does not end");
	}
	end = end ? end : path;
	colon = end + bracketed;
	if (colon != path && (*colon != ':' || !read_port(&u.port, colon + 1, path))) {
		return refuse(why, "its port is no number from 1 to 65535");
	}
	if (read_host(&u, p + bracketed, (size_t)(end - p) - bracketed, bracketed, why)) {
		return ERR_INVAL;
	}
	if (*path != '/') {
		str_set(u.path, sizeof u.path, "/");
	}
	if (strlen(u.path) + strlen(path) >= sizeof u.path) {
		return refuse(why, "it is too long, or has a character that a URL does not have");
	}
	str_add(u.path, sizeof u.path, path);
	*out = u;
	return 0;
}
