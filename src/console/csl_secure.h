/* csl_secure.h - log-in by client certificate, and the way by which each request comes. For several
 * threads. */
#pragma once
#include "base/log.h"
#include "console/csl_door.h"
#include "console/csl_tls.h"

#define CSL_COOKIE_TEXT_MAX 160

struct csl_secure;

struct csl_secure_conf { /* borrows everything until csl_secure_free() */
	const struct csl_certificate *certificates;
	size_t certificates_n;
	struct csl_door *door;
	const struct log *log;
};

/* ERR_NOMEM. */
ERR_MUST_USE int csl_secure_new(struct csl_secure **out, const struct csl_secure_conf *conf);
void csl_secure_free(struct csl_secure *s); /* NULL allowed */

/* How this request comes. Without TLS, and with a certificate that is not valid, there is no
 * fingerprint. */
void csl_secure_way(struct csl_way *out, struct MHD_Connection *c);
/* Name of the cookie, which differs: HTTP and HTTPS of one host share the cookies of a browser. */
const char *csl_secure_cookie(const struct csl_way *way);
/* The value of Set-Cookie for this secret; "": takes the cookie away. */
void csl_secure_cookie_text(char out[CSL_COOKIE_TEXT_MAX], const struct csl_way *way, const char *secret);

/* The session of the person whose certificate this connection has. On failure status and words for
 * the answer; the refusal is counted and logged. */
ERR_MUST_USE int csl_secure_enter(struct csl_secure *s, struct MHD_Connection *c, char cookie[CSL_SECRET_MAX],
				  struct csl_session *out, unsigned *status, char why[CSL_TLS_WHY_MAX]);
/* Counts and logs a log-in by a link that was refused. */
void csl_secure_no_link(struct csl_secure *s, const char *why);
/* From time to time: so that strangers cannot fill the log, a bounded number of refusals is told
 * between two calls. How many more there were is told now. */
void csl_secure_look(struct csl_secure *s);
