/* csl_request.h - what a request asks for, and whether it comes from our own pages: the parts of
 * HTTP that the library leaves to us. Everything here is text of a browser, or of whoever plays
 * one. PURE. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "conf/cfg_schema.h"
#include "console/csl_gate.h"

enum csl_method { CSL_GET, CSL_POST, CSL_OTHER };
enum csl_what {
	CSL_FILE,              /* a file of our own; `name` is its path */
	CSL_LOGIN,             /* POST: a link becomes a session */
	CSL_LOGIN_CERTIFICATE, /* POST: so does the client certificate of the connection */
	CSL_LOGOUT,            /* POST */
	CSL_ME,                /* GET: who is logged in */
	CSL_COMMAND /* a command of the control socket; `name` is it */,
	CSL_IMPORT, /* POST: a file; GET: how far the last one is */
};

#define CSL_NAME_MAX 64
struct csl_target {
	enum csl_what what;
	char name[CSL_NAME_MAX]; /* of the file or command: a-z 0-9 . - _ / */
};

enum csl_method csl_method_of(const char *method);

/* The path of a URL, decoded by the library. ERR_NOTFOUND: none of ours. ERR_STATE: it exists, with
 * another method. */
ERR_MUST_USE int csl_target_parse(struct csl_target *out, enum csl_method method, const char *path);

/* The value of the cookie `name`, one of these two, in a Cookie header (NULL allowed):
 * CSL_SECRET_MAX - 1 hexadecimal digits. ERR_NOTFOUND: none of that form. ERR_INVAL: two. */
#define CSL_COOKIE "mtc_console"
/* a browser takes it from HTTPS only, for this host only */
#define CSL_COOKIE_TLS "__Host-mtc_console"
ERR_MUST_USE int csl_cookie_parse(char out[CSL_SECRET_MAX], const char *name, const char *header);

struct csl_names {           /* borrowed */
	const char *address; /* that we listen at */
	unsigned port;
	char (*hosts)[CFG_HOST_MAX];
	size_t hosts_n;
};
/* The Host header (NULL: missing) names us: our address or localhost with our port, or a name of
 * `hosts` with any port. A page of another name that resolves to our address does not. */
bool csl_host_ok(const struct csl_names *names, const char *host);
/* The Origin header (NULL: there is none, which is so for GET) is http or https at `host`, and
 * Sec-Fetch-Site (NULL allowed) does not say that another site asks. */
bool csl_origin_ok(const char *origin, const char *site, const char *host);
/* Over TLS, our page came over TLS, too. NULL: there is no Origin header. */
bool csl_origin_tls_ok(const char *origin, bool tls);
