/* csl_enter.c - what a browser is told that logs in. */
#include "console/csl_enter.h"

#include "console/csl_command.h"
#include "console/csl_reply.h"

json_t *csl_enter_json(const struct csl_session *s)
{
	return json_pack("{s:s, s:s, s:s, s:I, s:I}", "name", s->person.name, "role", ctl_role_word(s->person.role), "token",
			 s->token, "idle_s", (json_int_t)(s->idle_left_ms / 1000), "left_s", (json_int_t)(s->left_ms / 1000));
}

static enum MHD_Result entered(const struct csl_enter_conf *e, struct MHD_Connection *c, const struct csl_session *s,
			       const char *secret, const struct csl_way *way, const char *by)
{
	char cookie[CSL_COOKIE_TEXT_MAX];

	log_info(e->log, "web", "%s logged in by %s with the role %s", s->person.name, by, ctl_role_word(s->person.role));
	csl_secure_cookie_text(cookie, way, secret);
	return csl_reply_json(c, MHD_HTTP_OK, csl_enter_json(s), cookie);
}

enum MHD_Result csl_enter_link(const struct csl_enter_conf *e, struct MHD_Connection *c, bool tls, const char *body, size_t len)
{
	json_t *args = csl_args_of_body(body, len);
	const char *link = json_string_value(json_object_get(args, "link"));
	struct csl_way way = { .tls = tls };
	char secret[CSL_SECRET_MAX];
	struct csl_session s;
	int err = link ? csl_door_enter(e->door, link, &way, secret, &s) : ERR_AUTH;

	json_decref(args);
	if (err) {
		log_info(e->log, "web", "a log-in was refused: %s",
			 err == ERR_BUSY ? "too many sessions (limits.sessions)" : "no such link is open");
		return csl_reply_error(c, err == ERR_BUSY ? MHD_HTTP_SERVICE_UNAVAILABLE : MHD_HTTP_UNAUTHORIZED,
				       err == ERR_BUSY ? "too many sessions are open: log out elsewhere, or wait"
						       : "this link was used before, or its time is over: "
							 "'mtcctl console' prints another one");
	}
	return entered(e, c, &s, secret, &way, "a link");
}

enum MHD_Result csl_enter_certificate(const struct csl_enter_conf *e, struct MHD_Connection *c, const struct csl_way *way)
{
	char secret[CSL_SECRET_MAX], why[CSL_TLS_WHY_MAX];
	struct csl_session s;
	unsigned status;

	if (csl_secure_enter(e->secure, c, secret, &s, &status, why)) {
		return csl_reply_error(c, status, why);
	}
	return entered(e, c, &s, secret, way, "a certificate");
}
