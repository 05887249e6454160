/* csl_head.c - whether a request may go on, by its head alone. */
#include "console/csl_head.h"

#include "base/str.h"
#include "console/csl_command.h"

static const char *header(struct MHD_Connection *c, const char *name)
{
	return MHD_lookup_connection_value(c, MHD_HEADER_KIND, name);
}

int csl_head_session(const struct csl_web_conf *w, struct MHD_Connection *c, struct csl_call *call)
{
	const char *token = header(c, "X-Console-Token");

	if (csl_cookie_parse(call->cookie, csl_secure_cookie(&call->way), header(c, "Cookie")) || !token) {
		return ERR_AUTH;
	}
	return csl_door_find(w->enter.door, call->cookie, token, &call->way, !header(c, "X-Console-Poll"), &call->session);
}

/* 0, or the status of the refusal with its words. */
static unsigned judge_command(const struct csl_call *call, const char **words)
{
	const struct csl_command *command = csl_command_find(call->target.name);

	if (!command) {
		*words = "the console does not offer this command";
		return MHD_HTTP_NOT_FOUND;
	}
	if ((command->role > CTL_ROLE_READ) != (call->method == CSL_POST)) {
		*words = "this command takes another method";
		return MHD_HTTP_METHOD_NOT_ALLOWED;
	}
	if (call->session.person.role < command->role) {
		*words = "your role does not allow this";
		return MHD_HTTP_FORBIDDEN;
	}
	return 0;
}

bool csl_head_open_to_all(enum csl_what what)
{
	return what == CSL_FILE || what == CSL_LOGIN || what == CSL_LOGIN_CERTIFICATE;
}

unsigned csl_head_judge(const struct csl_web_conf *w, struct MHD_Connection *c, struct csl_call *call, const char *path,
			const char **words)
{
	const char *host = header(c, "Host"), *size = header(c, "Content-Length");
	int err = csl_target_parse(&call->target, call->method, path);
	uint64_t n, max = call->target.what == CSL_IMPORT ? w->import_max : CSL_BODY_MAX;

	if (!csl_host_ok(&w->names, host)) {
		*words = "this is not a name of the console (hosts)";
		return MHD_HTTP_MISDIRECTED_REQUEST;
	}
	if (err) {
		*words = err == ERR_STATE ? "this address takes another method" : "there is nothing at this address";
		return err == ERR_STATE ? MHD_HTTP_METHOD_NOT_ALLOWED : MHD_HTTP_NOT_FOUND;
	}
	if (call->target.what != CSL_FILE && (!csl_origin_ok(header(c, "Origin"), header(c, "Sec-Fetch-Site"), host) ||
					      !csl_origin_tls_ok(header(c, "Origin"), call->way.tls))) {
		*words = "the page of another site may not ask";
		return MHD_HTTP_FORBIDDEN;
	}
	if (!csl_head_open_to_all(call->target.what) && csl_head_session(w, c, call)) {
		*words = "not logged in: 'mtcctl console' prints a link";
		return MHD_HTTP_UNAUTHORIZED;
	}
	if (size && (str_parse_u64(&n, size, 0, UINT64_MAX) || n > max)) {
		*words = "the body is too large";
		return MHD_HTTP_CONTENT_TOO_LARGE;
	}
	if (call->target.what == CSL_IMPORT && call->method == CSL_POST && call->session.person.role < CTL_ROLE_ADMIN) {
		*words = "your role does not allow this";
		return MHD_HTTP_FORBIDDEN;
	}
	return call->target.what == CSL_COMMAND ? judge_command(call, words) : 0;
}
