/* csl_web.c - one request, from its head to its answer. */
#include "console/csl_web.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/obj.h"
#include "base/str.h"
#include "console/csl_command.h"
#include "console/csl_head.h"
#include "console/csl_idle.h"
#include "console/csl_query.h"
#include "console/csl_reply.h"

#define HEAD_MAX ((size_t)16 * 1024) /* octets of a request line with its headers */

#define CSL_WEB_MAGIC 0x58d3b21eu
struct csl_web {
	struct obj obj;
	struct csl_web_conf conf;
	struct MHD_Daemon *daemon;
	struct csl_idle *idle;
};

/* -- the head of a request */

/* NULL: there was no memory for it. */
static struct csl_idle_one *idle_of(struct MHD_Connection *c)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(c, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

	return info ? info->socket_context : NULL;
}

static enum MHD_Result begin(struct csl_web *w, struct MHD_Connection *c, const char *path, const char *method, void **slot)
{
	struct csl_call *call = calloc(1, sizeof *call);
	struct csl_idle_one *idle = idle_of(c);
	const char *words = "";
	unsigned status;

	if (!call || !idle) {
		free(call);
		return MHD_NO;
	}
	obj_begin(&call->obj, CSL_CALL_MAGIC);
	call->file = -1;
	call->method = csl_method_of(method);
	csl_secure_way(&call->way, c);
	*slot = call; /* freed in on_end() */
	status = csl_head_judge(&w->conf, c, call, path, &words);
	csl_idle_asks(idle, call->session.person.role != CTL_ROLE_NONE, clock_boot_ms());
	if (!status && call->target.what == CSL_IMPORT && call->method == CSL_POST) {
		call->file = memfd_create("import", MFD_CLOEXEC);
		status = call->file < 0 ? MHD_HTTP_INTERNAL_SERVER_ERROR : 0;
		words = "there is no memory for a file";
	}
	if (status) {
		log_debug(w->conf.log, "web", "refused with %u: %s", status, words);
		return csl_reply_error(c, status, words);
	}
	return MHD_YES;
}

/* -- its body */

static enum MHD_Result take_file(const struct csl_web *w, struct csl_call *call, const char *p, size_t n)
{
	if (n > w->conf.import_max - call->file_len) {
		return MHD_NO;
	}
	while (n) {
		ssize_t k = write(call->file, p, n);

		if (k < 0 && errno != EINTR) {
			return MHD_NO;
		}
		k = k < 0 ? 0 : k;
		call->file_len += (uint64_t)k;
		p += k;
		n -= (size_t)k;
	}
	return MHD_YES;
}

/* MHD_NO closes the connection: nothing can be said to whoever is still sending. */
static enum MHD_Result take(const struct csl_web *w, struct csl_call *call, const char *p, size_t n)
{
	char *body;

	if (call->file >= 0) {
		return take_file(w, call, p, n);
	}
	if (n > CSL_BODY_MAX - call->len) {
		return MHD_NO;
	}
	body = realloc(call->body, call->len + n);
	if (!body) {
		return MHD_NO;
	}
	memcpy(body + call->len, p, n);
	call->body = body;
	call->len += n;
	return MHD_YES;
}

/* -- its answer */

static enum MHD_Result answer_logout(const struct csl_web *w, struct MHD_Connection *c, const struct csl_call *call)
{
	char cookie[CSL_COOKIE_TEXT_MAX];

	csl_door_leave(w->conf.enter.door, call->cookie);
	csl_enter_leave(&w->conf.enter, &call->session.person);
	log_info(w->conf.log, "web", "%s logged out", call->session.person.name);
	csl_secure_cookie_text(cookie, &call->way, "");
	return csl_reply_json(c, MHD_HTTP_OK, json_object(), cookie);
}

/* Passes on what mtc-iwfd said. Takes `text`. */
static enum MHD_Result tell(const struct csl_web *w, struct MHD_Connection *c, const struct csl_call *call, int err,
			    const char *why, char *text, size_t len)
{
	if (err == ERR_AUTH) {
		log_info(w->conf.log, "web", "the session of %s ended: mtc-iwfd does not know the log-in any more",
			 call->session.person.name);
		csl_door_leave(w->conf.enter.door, call->cookie);
	}
	return err ? csl_reply_error(c, csl_reply_status(err), why) : csl_reply_text(c, MHD_HTTP_OK, text, len, NULL);
}

/* On another thread: this request goes on where it was, in answer_command(). */
static void on_slow_done(void *arg)
{
	MHD_resume_connection(arg);
}

static enum MHD_Result slow_refused(struct MHD_Connection *c, int err)
{
	if (err == ERR_LIMIT) {
		return csl_reply_error(c, MHD_HTTP_TOO_MANY_REQUESTS,
				       "questions of yours wait for the HSS already, as many as one person may put at a time "
				       "(limits.hss_checks_per_person): wait for their answers");
	}
	return csl_reply_error(c, MHD_HTTP_SERVICE_UNAVAILABLE,
			       "as many questions wait for the HSS as may at a time (limits.hss_checks): try again");
}

/* Puts a question of a browser to the threads of csl_slow.c. Takes q->args. */
static enum MHD_Result put_slow(const struct csl_web *w, struct MHD_Connection *c, struct csl_call *call, const char *command,
				const struct csl_query *q)
{
	int err;

	call->slow = (struct csl_slow_job){ .person = call->session.person,
					    .command = command,
					    .args = q->args,
					    .pick = q->pick,
					    .done = on_slow_done,
					    .arg = c };
	err = csl_slow_take(w->conf.slow, &call->slow);
	if (err) {
		json_decref(q->args);
		return slow_refused(c, err);
	}
	call->asked = true;
	MHD_suspend_connection(c);
	csl_slow_ask(w->conf.slow, &call->slow);
	return MHD_YES;
}

static enum MHD_Result answer_command(const struct csl_web *w, struct MHD_Connection *c, struct csl_call *call)
{
	const struct csl_command *command = csl_command_find(call->target.name);
	struct csl_query q = { .rows = command->args };
	char why[CTL_CLIENT_WHY_MAX] = "", *text = NULL;
	size_t len = 0;
	int err;

	if (call->asked) {
		text = call->slow.text;
		call->slow.text = NULL;
		return tell(w, c, call, call->slow.err, call->slow.why, text, call->slow.len);
	}
	if (call->method == CSL_POST) {
		q.args = csl_args_of_body(call->body, call->len);
		q.problem = q.args ? NULL : "the body is no JSON object";
	} else {
		q.args = json_object();
		csl_query_read(&q, c);
	}
	if (q.problem) {
		json_decref(q.args);
		return csl_reply_error(c, MHD_HTTP_BAD_REQUEST, q.problem);
	}
	if (csl_slow_is(command->name, q.args)) {
		return put_slow(w, c, call, command->name, &q);
	}
	err = csl_ask_text(&w->conf.ask, &call->session.person, command->name, q.args, &q.pick, &text, &len, why);
	json_decref(q.args);
	if (command->role > CTL_ROLE_READ) {
		log_info(w->conf.log, "web", "%s by %s: %s", command->name, call->session.person.name, err ? why : "done");
	}
	return tell(w, c, call, err, why, text, len);
}

static enum MHD_Result start_import(const struct csl_web *w, struct MHD_Connection *c, struct csl_call *call)
{
	struct csl_query q = { .rows = ctl_args_import, .args = json_object(), .import = true };
	int fd = call->file;

	csl_query_read(&q, c);
	if (!q.problem && !csl_import_kind_ok(q.kind)) {
		q.problem = "kind is wrong, expected scs, group, set, assoc or block";
	}
	if (!q.problem && lseek(fd, 0, SEEK_SET) != 0) {
		q.problem = "the file cannot be read";
	}
	if (q.problem) {
		json_decref(q.args);
		return csl_reply_error(c, MHD_HTTP_BAD_REQUEST, q.problem);
	}
	call->file = -1;
	log_info(w->conf.log, "web", "%s.import of %llu bytes by %s begins", q.kind, (unsigned long long)call->file_len,
		 call->session.person.name);
	if (csl_import_start(w->conf.import, &call->session.person, q.kind, q.args, fd)) {
		return csl_reply_error(c, MHD_HTTP_CONFLICT, "another import runs: wait for its end");
	}
	return csl_reply_json(c, MHD_HTTP_ACCEPTED, csl_import_state(w->conf.import), NULL);
}

static enum MHD_Result answer_file(struct MHD_Connection *c, const char *name)
{
	for (const struct csl_file *f = csl_files; f->name; f++) {
		if (!strcmp(f->name, name)) {
			return csl_reply_file(c, f);
		}
	}
	return csl_reply_error(c, MHD_HTTP_NOT_FOUND, "there is nothing at this address");
}

static enum MHD_Result answer(const struct csl_web *w, struct MHD_Connection *c, struct csl_call *call)
{
	switch (call->target.what) {
	case CSL_FILE:
		return answer_file(c, call->target.name);
	case CSL_LOGIN:
		return csl_enter_link(&w->conf.enter, c, call->way.tls, call->body, call->len);
	case CSL_LOGIN_CERTIFICATE:
		return csl_enter_certificate(&w->conf.enter, c, &call->way);
	case CSL_LOGOUT:
		return answer_logout(w, c, call);
	case CSL_ME:
		return csl_reply_json(c, MHD_HTTP_OK, csl_enter_json(&call->session), NULL);
	case CSL_COMMAND:
		return answer_command(w, c, call);
	default:
		return call->method == CSL_POST ? start_import(w, c, call)
						: csl_reply_json(c, MHD_HTTP_OK, csl_import_state(w->conf.import), NULL);
	}
}

/* A body may take long: its session, or its certificate, may have come to an end since the head. */
static enum MHD_Result answer_if_open(const struct csl_web *w, struct MHD_Connection *c, struct csl_call *call)
{
	csl_secure_way(&call->way, c);
	return !csl_head_open_to_all(call->target.what) && csl_head_session(&w->conf, c, call)
		   ? csl_reply_error(c, MHD_HTTP_UNAUTHORIZED, "the session has ended: 'mtcctl console' prints a link")
		   : answer(w, c, call);
}

static enum MHD_Result on_request(void *arg, struct MHD_Connection *c, const char *path, const char *method, const char *version,
				  const char *data, size_t *n, void **slot)
{
	struct csl_web *w = OBJ_OF(arg, struct csl_web, CSL_WEB_MAGIC);
	enum MHD_Result ok;

	(void)version;
	if (!*slot) {
		return begin(w, c, path, method, slot);
	}
	if (*n) {
		ok = take(w, OBJ_OF(*slot, struct csl_call, CSL_CALL_MAGIC), data, *n);
		*n = 0;
		return ok;
	}
	return answer_if_open(w, c, OBJ_OF(*slot, struct csl_call, CSL_CALL_MAGIC));
}

static void on_end(void *arg, struct MHD_Connection *c, void **slot, enum MHD_RequestTerminationCode code)
{
	struct csl_call *call;

	(void)arg;
	(void)code;
	if (!*slot) {
		return;
	}
	if (idle_of(c)) {
		csl_idle_rests(idle_of(c), clock_boot_ms());
	}
	call = OBJ_OF(*slot, struct csl_call, CSL_CALL_MAGIC);
	*slot = NULL;
	free(call->body);
	free(call->slow.text);
	if (call->file >= 0) {
		close(call->file);
	}
	OBJ_END(call, CSL_CALL_MAGIC);
	free(call);
}

static void on_connection(void *arg, struct MHD_Connection *c, void **context, enum MHD_ConnectionNotificationCode what)
{
	struct csl_web *w = OBJ_OF(arg, struct csl_web, CSL_WEB_MAGIC);
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(c, MHD_CONNECTION_INFO_CONNECTION_FD);

	if (what == MHD_CONNECTION_NOTIFY_STARTED) {
		*context = info ? csl_idle_begin(w->idle, info->connect_fd, clock_boot_ms()) : NULL;
	} else {
		csl_idle_end(*context);
		*context = NULL;
	}
}

/* -- the server */

/* What the library says is about what strangers send: not for a log that they could fill. */
static void on_words(void *arg, const char *fmt, va_list ap) __attribute__((format(printf, 2, 0)));
static void on_words(void *arg, const char *fmt, va_list ap)
{
	struct csl_web *w = OBJ_OF(arg, struct csl_web, CSL_WEB_MAGIC);
	char line[256];

	vsnprintf(line, sizeof line, fmt, ap);
	line[strcspn(line, "\n")] = 0;
	log_debug(w->conf.log, "web", "%s", line);
}

int csl_web_new(struct csl_web **out, const struct csl_web_conf *conf)
{
	struct csl_web *w = calloc(1, sizeof *w);
	unsigned wait_s = (unsigned)((conf->connection_ms + 999) / 1000),
		 flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_ERROR_LOG | MHD_ALLOW_SUSPEND_RESUME;
	struct MHD_OptionItem more[CSL_TLS_OPTIONS] = { { MHD_OPTION_END, 0, NULL } };

	if (!w) {
		return ERR_NOMEM;
	}
	obj_begin(&w->obj, CSL_WEB_MAGIC);
	w->conf = *conf;
	if (csl_idle_new(&w->idle, conf->connection_ms)) {
		free(w);
		return ERR_NOMEM;
	}
	w->conf.tls = NULL;
	if (conf->tls) {
		csl_tls_options(conf->tls, more);
		flags |= MHD_USE_TLS;
	}
	w->daemon = MHD_start_daemon(flags, 0, NULL, NULL, on_request, w, MHD_OPTION_EXTERNAL_LOGGER, on_words, w,
				     MHD_OPTION_LISTEN_SOCKET, conf->fd, MHD_OPTION_THREAD_POOL_SIZE, (unsigned)conf->threads,
				     MHD_OPTION_CONNECTION_LIMIT, (unsigned)conf->connections, MHD_OPTION_CONNECTION_TIMEOUT,
				     wait_s, MHD_OPTION_CONNECTION_MEMORY_LIMIT, HEAD_MAX, MHD_OPTION_STRICT_FOR_CLIENT, 1,
				     MHD_OPTION_NOTIFY_COMPLETED, on_end, w, MHD_OPTION_NOTIFY_CONNECTION, on_connection, w,
				     MHD_OPTION_ARRAY, more, MHD_OPTION_END);
	if (!w->daemon) {
		csl_idle_free(w->idle);
		free(w);
		return ERR_IO;
	}
	*out = w;
	return 0;
}

void csl_web_free(struct csl_web *w)
{
	if (!w) {
		return;
	}
	OBJ_CHECK(w, CSL_WEB_MAGIC);
	MHD_stop_daemon(w->daemon); /* closes the listening descriptor, too */
	csl_idle_free(w->idle);
	OBJ_END(w, CSL_WEB_MAGIC);
	free(w);
}

unsigned csl_web_connections(const struct csl_web *w)
{
	const union MHD_DaemonInfo *info;

	OBJ_CHECK(w, CSL_WEB_MAGIC);
	info = MHD_get_daemon_info(w->daemon, MHD_DAEMON_INFO_CURRENT_CONNECTIONS);
	return info ? info->num_connections : 0;
}

void csl_web_look(struct csl_web *w)
{
	unsigned n;

	OBJ_CHECK(w, CSL_WEB_MAGIC);
	n = csl_idle_cut(w->idle, clock_boot_ms());
	if (n) {
		log_info(w->conf.log, "web", "%u connections without a session took too long and were ended (timers.connection)",
			 n);
	}
}

const char *csl_web_library_version(void)
{
	return MHD_get_version();
}
