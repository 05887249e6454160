/* csl_request.c - paths, cookies, names; see csl_request.h. */
#include "console/csl_request.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/str.h"

enum csl_method csl_method_of(const char *method)
{
	return !strcmp(method, "GET") ? CSL_GET : !strcmp(method, "POST") ? CSL_POST : CSL_OTHER;
}

static bool plain(const char *name)
{
	size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789.-_");

	return n > 0 && n < CSL_NAME_MAX && !name[n];
}

static const struct {
	const char *path;
	enum csl_what what;
	bool get, post;
} rows[] = {
	{ "/login", CSL_LOGIN, false, true },      { "/login-certificate", CSL_LOGIN_CERTIFICATE, false, true },
	{ "/logout", CSL_LOGOUT, false, true },    { "/api/me", CSL_ME, true, false },
	{ "/api/import", CSL_IMPORT, true, true },
};

int csl_target_parse(struct csl_target *out, enum csl_method method, const char *path)
{
	static const char api[] = "/api/";

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		if (!strcmp(path, rows[i].path)) {
			*out = (struct csl_target){ .what = rows[i].what };
			return (method == CSL_GET && rows[i].get) || (method == CSL_POST && rows[i].post) ? 0 : ERR_STATE;
		}
	}
	if (!strncmp(path, api, sizeof api - 1)) {
		if (!plain(path + sizeof api - 1)) {
			return ERR_NOTFOUND;
		}
		*out = (struct csl_target){ .what = CSL_COMMAND };
		str_set(out->name, sizeof out->name, path + sizeof api - 1);
		return method == CSL_OTHER ? ERR_STATE : 0;
	}
	if (*path != '/' || (path[1] && !plain(path + 1))) {
		return ERR_NOTFOUND;
	}
	*out = (struct csl_target){ .what = CSL_FILE };
	str_set(out->name, sizeof out->name, path[1] ? path + 1 : "index.html");
	return method == CSL_GET ? 0 : ERR_STATE;
}

int csl_cookie_parse(char out[CSL_SECRET_MAX], const char *name, const char *header)
{
	size_t named = strlen(name);
	unsigned found = 0;

	for (const char *p = header; p && *p; p += strspn(p, "; ")) {
		size_t n = strcspn(p, ";");

		if (n == named + 1 + CSL_SECRET_MAX - 1 && !memcmp(p, name, named) && p[named] == '=' &&
		    strspn(p + named + 1, "0123456789abcdef") == CSL_SECRET_MAX - 1) {
			found++;
			memcpy(out, p + named + 1, CSL_SECRET_MAX - 1);
			out[CSL_SECRET_MAX - 1] = 0;
		}
		p += n;
	}
	return found == 1 ? 0 : found ? ERR_INVAL : ERR_NOTFOUND;
}

/* Behind the name of a host: nothing, or a port. */
static bool port_ok(const char *rest)
{
	size_t n = *rest == ':' ? strspn(rest + 1, "0123456789") : 0;

	return !*rest || (n >= 1 && n <= 5 && !rest[1 + n]);
}

bool csl_host_ok(const struct csl_names *names, const char *host)
{
	bool six = strchr(names->address, ':') != NULL;
	char own[80];
	size_t n;

	if (!host) {
		return false;
	}
	snprintf(own, sizeof own, "%s%s%s:%u", six ? "[" : "", names->address, six ? "]" : "", names->port);
	if (!strcmp(host, own)) {
		return true;
	}
	snprintf(own, sizeof own, "localhost:%u", names->port);
	if (!strcasecmp(host, own)) {
		return true;
	}
	n = strcspn(host, ":");
	for (size_t i = 0; port_ok(host + n) && i < names->hosts_n; i++) {
		if (str_equal_nocase(host, n, names->hosts[i], strlen(names->hosts[i]))) {
			return true;
		}
	}
	return false;
}

bool csl_origin_ok(const char *origin, const char *site, const char *host)
{
	const char *at;

	if (site && strcmp(site, "same-origin") != 0 && strcmp(site, "none") != 0) {
		return false;
	}
	if (!origin) {
		return true;
	}
	at = !strncmp(origin, "http://", 7) ? origin + 7 : !strncmp(origin, "https://", 8) ? origin + 8 : NULL;
	return at && host && !strcasecmp(at, host);
}

bool csl_origin_tls_ok(const char *origin, bool tls)
{
	return !tls || !origin || !strncmp(origin, "https://", 8);
}
