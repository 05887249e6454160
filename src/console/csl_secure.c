/* csl_secure.c - a certificate becomes a session. */
#include "console/csl_secure.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/obj.h"
#include "base/str.h"
#include "console/csl_lines.h"
#include "console/csl_request.h"

#define CSL_SECURE_MAGIC 0x40be9a13u
struct csl_secure {
	struct obj obj;
	struct csl_secure_conf conf;
	struct csl_lines certificates, links;
};

int csl_secure_new(struct csl_secure **out, const struct csl_secure_conf *conf)
{
	struct csl_secure *s = calloc(1, sizeof *s);

	if (!s) {
		return ERR_NOMEM;
	}
	obj_begin(&s->obj, CSL_SECURE_MAGIC);
	s->conf = *conf;
	s->certificates.what = "log-ins by certificate were refused";
	s->links.what = "log-ins by a link were refused";
	*out = s;
	return 0;
}

void csl_secure_free(struct csl_secure *s)
{
	if (!s) {
		return;
	}
	OBJ_END(s, CSL_SECURE_MAGIC);
	free(s);
}

static gnutls_session_t session_of(struct MHD_Connection *c)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(c, MHD_CONNECTION_INFO_GNUTLS_SESSION);

	return info ? (gnutls_session_t)info->tls_session : NULL;
}

void csl_secure_way(struct csl_way *out, struct MHD_Connection *c)
{
	gnutls_session_t session = session_of(c);
	char why[CSL_TLS_WHY_MAX];
	struct csl_cert cert;

	*out = (struct csl_way){ .tls = session != NULL };
	if (session && !csl_tls_peer(&cert, session, why)) {
		str_set(out->fingerprint, sizeof out->fingerprint, cert.fingerprint);
	}
}

const char *csl_secure_cookie(const struct csl_way *way)
{
	return way->tls ? CSL_COOKIE_TLS : CSL_COOKIE;
}

void csl_secure_cookie_text(char out[CSL_COOKIE_TEXT_MAX], const struct csl_way *way, const char *secret)
{
	snprintf(out, CSL_COOKIE_TEXT_MAX, "%s=%s; Path=/; HttpOnly; SameSite=Strict%s%s", csl_secure_cookie(way), secret,
		 way->tls ? "; Secure" : "", *secret ? "" : "; Max-Age=0");
}

static void tell(struct csl_secure *s, const struct csl_cert *cert, const char *why)
{
	unsigned n;

	if (csl_lines_take(&s->certificates, &n)) {
		log_info(s->conf.log, "web", "a log-in by certificate was refused (%u so far): %s%s%s", n, why,
			 cert->fingerprint[0] ? "; sha256:" : "", cert->fingerprint);
	}
}

static int find_person(const struct csl_secure *s, struct MHD_Connection *c, struct csl_cert *cert, struct csl_person *person,
		       unsigned *status, char why[CSL_TLS_WHY_MAX])
{
	gnutls_session_t session = session_of(c);
	int err = ERR_NOTFOUND;

	*status = MHD_HTTP_FORBIDDEN;
	str_set(why, CSL_TLS_WHY_MAX, "a certificate logs in over HTTPS only (listen_tls)");
	err = session ? csl_tls_peer(cert, session, why) : err;
	if (err) {
		return err;
	}
	err = csl_cert_person(person, s->conf.certificates, s->conf.certificates_n, cert);
	if (err) {
		str_set(why, CSL_TLS_WHY_MAX,
			err == ERR_NOTFOUND ? "the client certificate is nobody's: no entry of certificates matches it"
					    : "the client certificate is of two persons: entries of certificates disagree");
	}
	return err;
}

int csl_secure_enter(struct csl_secure *s, struct MHD_Connection *c, char cookie[CSL_SECRET_MAX], struct csl_session *out,
		     unsigned *status, char why[CSL_TLS_WHY_MAX])
{
	struct csl_cert cert = { .fingerprint = "" };
	struct csl_way way = { .tls = true };
	struct csl_person person;
	int err;

	OBJ_CHECK(s, CSL_SECURE_MAGIC);
	err = find_person(s, c, &cert, &person, status, why);
	if (!err) {
		str_set(way.fingerprint, sizeof way.fingerprint, cert.fingerprint);
		err = csl_door_open(s->conf.door, &person, &way, cookie, out);
		if (err) {
			*status = MHD_HTTP_SERVICE_UNAVAILABLE;
			str_set(why, CSL_TLS_WHY_MAX,
				err == ERR_BUSY ? "too many sessions are open (limits.sessions): log out elsewhere, or wait"
						: err_str(err));
		}
	}
	if (err) {
		tell(s, &cert, why);
	}
	return err;
}

void csl_secure_no_link(struct csl_secure *s, const char *why)
{
	unsigned n;

	OBJ_CHECK(s, CSL_SECURE_MAGIC);
	if (csl_lines_take(&s->links, &n)) {
		log_info(s->conf.log, "web", "a log-in by a link was refused (%u so far): %s", n, why);
	}
}

void csl_secure_look(struct csl_secure *s)
{
	OBJ_CHECK(s, CSL_SECURE_MAGIC);
	csl_lines_look(&s->certificates, s->conf.log);
	csl_lines_look(&s->links, s->conf.log);
}
