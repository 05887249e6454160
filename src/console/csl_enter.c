/* csl_enter.c - what a browser is told that logs in. */
#include "console/csl_enter.h"

#include <string.h>

#include "base/obj.h"
#include "base/str.h"
#include "console/csl_command.h"
#include "console/csl_reply.h"

#define ENTERING_MAGIC 0x5e02c97bu
struct entering {
	struct obj obj;
	struct csl_person person;
};

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

static int take_text(char *out, size_t cap, const json_t *row, const char *member)
{
	const char *text = json_string_value(json_object_get(row, member));

	if (!text || strlen(text) >= cap) {
		return ERR_PROTO;
	}
	str_set(out, cap, text);
	return 0;
}

/* The person whose link it is. */
static int on_entered(void *arg, const json_t *row)
{
	struct csl_person *p = &OBJ_OF(arg, struct entering, ENTERING_MAGIC)->person;
	const char *role = json_string_value(json_object_get(row, "role"));

	if (!json_is_true(json_object_get(row, "ok"))) {
		return 0;
	}
	return take_text(p->name, sizeof p->name, row, "name") || take_text(p->ticket, sizeof p->ticket, row, "ticket") ||
		       !role || ctl_role_parse(&p->role, role)
		   ? ERR_PROTO
		   : 0;
}

static int on_left(void *arg, const json_t *row)
{
	(void)arg;
	(void)row;
	return 0;
}

void csl_enter_leave(const struct csl_enter_conf *e, const struct csl_person *person)
{
	json_t *args = person->ticket[0] ? json_pack("{s:s}", "ticket", person->ticket) : NULL;
	char why[CTL_CLIENT_WHY_MAX];

	if (args && csl_ask(e->ask, NULL, "console.leave", args, -1, on_left, NULL, why)) {
		log_info(e->log, "web", "mtc-iwfd was not told that %s logged out: %s", person->name, why);
	}
	json_decref(args);
}

/* ERR_AUTH: the link is none, or not any more. Others: with words in `why`. */
static int find_person(const struct csl_enter_conf *e, const char *link, struct csl_person *out, char why[CTL_CLIENT_WHY_MAX])
{
	struct entering found = { .obj = OBJ(ENTERING_MAGIC) };
	char mark[CSL_SECRET_MAX];
	json_t *args;
	int err;

	if (!link || strlen(link) != 2 * (CSL_SECRET_MAX - 1)) {
		return ERR_AUTH;
	}
	str_cut(mark, sizeof mark, link);
	err = csl_door_use(e->door, mark);
	if (err) {
		return err;
	}
	args = json_pack("{s:s}", "link", link + CSL_SECRET_MAX - 1);
	err = args ? csl_ask(e->ask, NULL, "console.enter", args, -1, on_entered, &found, why) : ERR_NOMEM;
	json_decref(args);
	*out = found.person;
	return err == ERR_REFUSED ? ERR_AUTH : err;
}

enum MHD_Result csl_enter_link(const struct csl_enter_conf *e, struct MHD_Connection *c, bool tls, const char *body, size_t len)
{
	json_t *args = csl_args_of_body(body, len);
	char secret[CSL_SECRET_MAX], why[CTL_CLIENT_WHY_MAX] = "mtc-iwfd did not answer as expected";
	struct csl_way way = { .tls = tls };
	struct csl_person person;
	struct csl_session s;
	int err = find_person(e, json_string_value(json_object_get(args, "link")), &person, why);

	json_decref(args);
	if (err == ERR_AUTH) {
		csl_secure_no_link(e->secure, "no such link is open");
		return csl_reply_error(c, MHD_HTTP_UNAUTHORIZED,
				       "this link was used before, or its time is over: 'mtcctl console' prints another one");
	}
	if (err) {
		log_info(e->log, "web", "a log-in failed: %s", why);
		return csl_reply_error(c, csl_reply_status(err), why);
	}
	err = csl_door_open(e->door, &person, &way, secret, &s);
	if (err) {
		csl_enter_leave(e, &person);
		log_info(e->log, "web", "a log-in was refused: %s",
			 err == ERR_BUSY ? "too many sessions (limits.sessions)" : err_str(err));
		return csl_reply_error(c, MHD_HTTP_SERVICE_UNAVAILABLE, "too many sessions are open: log out elsewhere, or wait");
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
