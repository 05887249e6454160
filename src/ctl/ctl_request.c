/* ctl_request.c - one request: line -> JSON -> command -> checked arguments -> handler -> exactly
 * one last line. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/str.h"
#include "ctl/ctl_internal.h"

#define ERROR_MAX 1024
#define LOGGED_MAX 600

static void request_free(struct ctl_request *rq)
{
	OBJ_END(rq, CTL_REQUEST_MAGIC);
	if (rq->fd >= 0) {
		close(rq->fd);
	}
	json_decref(rq->root);
	json_decref(rq->last);
	free(rq);
}

/* Every change leaves a line with its author (CONTRACTS section 5), at any log level. */
static void log_change(const struct ctl_request *rq, const char *error)
{
	char *args = json_dumps(rq->args, JSON_COMPACT | JSON_ENSURE_ASCII), who[CTL_CALLER_MAX];
	struct log always = { .fd = -1 };

	if (rq->log) {
		always = *rq->log;
		always.level = LOG_LEVEL_INFO;
	}
	log_info(&always, "ctl", "%s %.*s by %s gid %u pid %d: %s%s%s", rq->command->name, LOGGED_MAX, args ? args : "",
		 ctl_caller_text(who, &rq->caller), (unsigned)rq->caller.gid, (int)rq->caller.pid, error ? "refused: " : "done",
		 error         ? error
		 : rq->note[0] ? ", "
			       : "",
		 error ? "" : rq->note);
	free(args);
}

/* A line that does not match its rows is our own mistake. It is sent all the same, because the
 * operator of a gateway in trouble needs the rest of the answer. Tests end at such a line
 * (tests/unit/admin/ctl_fake.c). The product logs it once for each command. */
static void check_reply(struct ctl_request *rq, const json_t *line, bool is_last)
{
	struct ctl_row *row = rq->row;
	char why[CTL_REPLY_WHY_MAX];
	const char *problem;

	if (!row || !row->reply || row->reply_wrong || !line) {
		return;
	}
	problem = is_last ? ctl_reply_check_last(row->reply, line, why) : ctl_reply_check_line(row->reply, line, why);
	if (problem) {
		row->reply_wrong = true;
		log_error(rq->log, "ctl", "the reply of %s is not what docs/dev/control.md says, please report it: %s",
			  row->command->name, problem);
	}
}

/* The last line; rq is gone. `error` NULL: ok. */
static void finish(struct ctl_request *rq, const char *error, json_t *more)
{
	struct ctl_conn *c = rq->conn;
	json_t *last;

	if (!error && rq->failed) {
		error = "the reply could not be built (a row was too large, or out of memory)";
	}
	if (error) {
		st_count(rq->counters, ST_CTL_ERRORS);
	}
	if (rq->command && rq->command->changes) {
		log_change(rq, error);
		if (!error && rq->changed) {
			rq->changed(rq->changed_arg, &rq->caller, rq->command->name, rq->args);
		}
	}
	if (!c) {
		json_decref(more);
		request_free(rq);
		return;
	}
	if (!error) {
		check_reply(rq, more, true);
	}
	last =
	    error ? json_pack("{s:b,s:b,s:s}", "done", 1, "ok", 0, "error", error) : json_pack("{s:b,s:b}", "done", 1, "ok", 1);
	if (more && last && !error) {
		json_object_update_missing(last, more);
	}
	json_decref(more);
	if (!last || (!ctl_conn_line(c, last) &&
		      !ctl_conn_line(c, json_pack("{s:b,s:b,s:s}", "done", 1, "ok", 0, "error", "the reply is too large")))) {
		ctl_conn_nomem(c);
	}
	request_free(rq);
	ctl_conn_answered(c);
}

int ctl_take_fd(struct ctl_request *rq)
{
	int fd;

	OBJ_CHECK(rq, CTL_REQUEST_MAGIC);
	fd = rq->fd;
	rq->fd = -1;
	return fd;
}

void ctl_note(struct ctl_request *rq, const char *fmt, ...)
{
	va_list ap;

	OBJ_CHECK(rq, CTL_REQUEST_MAGIC);
	va_start(ap, fmt);
	vsnprintf(rq->note, sizeof rq->note, fmt, ap);
	va_end(ap);
}

const struct ctl_caller *ctl_caller(const struct ctl_request *rq)
{
	OBJ_CHECK(rq, CTL_REQUEST_MAGIC);
	return &rq->caller;
}

const char *ctl_about(const struct ctl_request *rq)
{
	OBJ_CHECK(rq, CTL_REQUEST_MAGIC);
	return rq->conn ? ctl_conn_about(rq->conn) : "";
}

bool ctl_alive(const struct ctl_request *rq)
{
	OBJ_CHECK(rq, CTL_REQUEST_MAGIC);
	return rq->conn != NULL;
}

size_t ctl_waiting(const struct ctl_request *rq)
{
	OBJ_CHECK(rq, CTL_REQUEST_MAGIC);
	return rq->conn ? ctl_conn_waiting(rq->conn) : 0;
}

size_t ctl_waiting_max(const struct ctl_request *rq)
{
	OBJ_CHECK(rq, CTL_REQUEST_MAGIC);
	return rq->conn ? ctl_conn_server(rq->conn)->conf.queue_max : 0;
}

void ctl_line(struct ctl_request *rq, json_t *row)
{
	OBJ_CHECK(rq, CTL_REQUEST_MAGIC);
	if (!rq->conn) {
		json_decref(row);
		return;
	}
	check_reply(rq, row, false);
	if (!ctl_conn_line(rq->conn, row)) {
		rq->failed = true;
	}
}

void ctl_done(struct ctl_request *rq, json_t *more)
{
	OBJ_CHECK(rq, CTL_REQUEST_MAGIC);
	finish(rq, NULL, more);
}

/* Logs that a caller asked for what only others may. The words name the person, if there is one;
 * uid, gid and pid are those of the kernel. A caller that is refused again and again must not fill
 * the log. */
static void log_refusal(struct ctl_request *rq, const char *error)
{
	struct ctl_server *s = rq->conn ? ctl_conn_server(rq->conn) : NULL;
	char who[CTL_CALLER_MAX], more[64] = "";
	uint64_t now_ms = clock_mono_ms();
	uint32_t left_out;

	st_count(rq->counters, ST_CTL_DENIED);
	if (!s) {
		return;
	}
	left_out = few_rest(&s->refusals, CTL_REFUSALS_MS, now_ms);
	if (!few_say(&s->refusals, CTL_REFUSALS_LOGGED, CTL_REFUSALS_MS, now_ms)) {
		return;
	}
	if (left_out) {
		snprintf(more, sizeof more, " (not logged before: %u)", (unsigned)left_out);
	}
	log_warn(rq->log, "ctl", "refused %.64s to %s gid %u pid %d: %s%s", json_string_value(json_object_get(rq->root, "cmd")),
		 ctl_caller_text(who, &rq->caller), (unsigned)rq->caller.gid, (int)rq->caller.pid, error, more);
}

static void fail(struct ctl_request *rq, bool denied, const char *fmt, va_list ap) __attribute__((format(printf, 3, 0)));
static void fail(struct ctl_request *rq, bool denied, const char *fmt, va_list ap)
{
	char error[ERROR_MAX];

	OBJ_CHECK(rq, CTL_REQUEST_MAGIC);
	vsnprintf(error, sizeof error, fmt, ap);
	for (unsigned char *p = (unsigned char *)error; *p; p++) {
		if (*p < 0x20 || *p > 0x7e) { /* may quote what a peer or an operator sent */
			*p = '?';
		}
	}
	if (denied) {
		log_refusal(rq, error);
	}
	finish(rq, error, NULL);
}

void ctl_fail(struct ctl_request *rq, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fail(rq, false, fmt, ap);
	va_end(ap);
}

void ctl_refuse(struct ctl_request *rq, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fail(rq, true, fmt, ap);
	va_end(ap);
}

void ctl_each(struct ctl_request *rq, ctl_next_fn *next, ctl_end_fn *end, void *arg)
{
	OBJ_CHECK(rq, CTL_REQUEST_MAGIC);
	rq->next = next;
	rq->end = end;
	rq->each_arg = arg;
	if (rq->conn) {
		ctl_conn_pump(rq->conn);
	} else {
		ctl_request_orphan(rq);
	}
}

void ctl_each_last(struct ctl_request *rq, json_t *more)
{
	OBJ_CHECK(rq, CTL_REQUEST_MAGIC);
	json_decref(rq->last);
	rq->last = more;
}

void ctl_request_orphan(struct ctl_request *rq)
{
	OBJ_CHECK(rq, CTL_REQUEST_MAGIC);
	rq->conn = NULL;
	if (!rq->next) {
		return; /* its handler will answer, into nothing */
	}
	if (rq->end) {
		rq->end(rq->each_arg);
	}
	request_free(rq);
}

/* {"cmd":"...","args":{...}} and nothing else. */
static const char *check_form(struct ctl_request *rq, const char *line, size_t len, char *why, size_t cap)
{
	const char *name;
	json_error_t e;
	json_t *v;

	rq->root = json_loadb(line, len, JSON_REJECT_DUPLICATES, &e);
	if (!rq->root) {
		snprintf(why, cap, "not JSON at byte %d: %s", e.position, e.text);
		return why;
	}
	if (!json_is_object(rq->root) || !json_is_string(json_object_get(rq->root, "cmd"))) {
		return "expected one JSON object a line: {\"cmd\":\"NAME\",\"args\":{...}}";
	}
	json_object_foreach(rq->root, name, v) if (strcmp(name, "cmd") != 0 && strcmp(name, "args") != 0 &&
						   strcmp(name, "on_behalf_of") != 0 && strcmp(name, "role") != 0 &&
						   strcmp(name, "ticket") != 0)
	{
		snprintf(why, cap, "unknown member '%.64s', expected cmd and args", name);
		return why;
	}
	v = json_object_get(rq->root, "args");
	if (v && !json_is_object(v)) {
		return "args is wrong, expected a JSON object";
	}
	if (!v) {
		v = json_object();
		if (!v || json_object_set_new(rq->root, "args", v)) {
			return "out of memory";
		}
	}
	rq->args = v;
	return NULL;
}

static void help(struct ctl_server *s, struct ctl_request *rq)
{
	for (size_t i = 0; i < s->rows_n; i++) {
		ctl_line(rq, json_pack("{s:s,s:s,s:b,s:o}", "name", s->rows[i].command->name, "help", s->rows[i].command->help,
				       "changes", s->rows[i].command->changes, "args", ctl_args_help(s->rows[i].command->args)));
	}
	ctl_done(rq, json_pack("{s:I}", "count", (json_int_t)s->rows_n));
}

static void dispatch(struct ctl_server *s, struct ctl_request *rq)
{
	const char *cmd = json_string_value(json_object_get(rq->root, "cmd")), *problem;
	char why[ERROR_MAX];

	if (!strcmp(cmd, "help")) {
		help(s, rq);
		return;
	}
	for (size_t i = 0; i < s->rows_n; i++) {
		if (strcmp(s->rows[i].command->name, cmd) != 0) {
			continue;
		}
		problem = ctl_args_check(s->rows[i].command->args, rq->args, why, sizeof why);
		if (problem) {
			ctl_fail(rq, "%s: %s", cmd, problem);
			return;
		}
		problem = ctl_who_role(s, rq, s->rows[i].command, why, sizeof why);
		if (problem) {
			ctl_refuse(rq, "%s: %s", cmd, problem);
			return;
		}
		rq->command = s->rows[i].command;
		rq->row = &s->rows[i];
		if (ctl_args_take_fd(rq->command->args)) {
			rq->fd = ctl_conn_take_fd(rq->conn);
			if (rq->fd < 0) {
				ctl_fail(rq, "%s needs a descriptor, sent along with the request", cmd);
				return;
			}
		} else if (ctl_conn_fd_is_lost(rq->conn)) {
			ctl_fail(rq, "%s takes no descriptor", cmd);
			return;
		}
		rq->command->handler(s->rows[i].arg, rq, rq->args);
		return;
	}
	ctl_fail(rq, "unknown command '%.64s'; 'help' lists the commands", cmd);
}

void ctl_request_run(struct ctl_conn *c, struct ctl_request **slot, const struct ctl_caller *caller, const char *line, size_t len)
{
	struct ctl_server *s = ctl_conn_server(c);
	struct ctl_request *rq = calloc(1, sizeof *rq);
	const char *problem;
	char why[ERROR_MAX];

	st_count(s->conf.counters, ST_CTL_REQUESTS);
	if (!rq) {
		ctl_conn_nomem(c);
		return;
	}
	obj_begin(&rq->obj, CTL_REQUEST_MAGIC);
	rq->conn = c;
	rq->fd = -1;
	rq->log = s->conf.log;
	rq->counters = s->conf.counters;
	rq->changed = s->conf.changed;
	rq->changed_arg = s->conf.changed_arg;
	rq->caller = *caller;
	*slot = rq;
	problem = check_form(rq, line, len, why, sizeof why);
	if (problem) {
		ctl_fail(rq, "%s", problem);
		return;
	}
	problem = ctl_who_behalf(s, rq);
	if (problem && !strcmp(problem, CTL_LOG_IN_AGAIN)) {
		ctl_fail(rq, "%s", problem); /* each log-in ends like this */
	} else if (problem) {
		ctl_refuse(rq, "%s", problem);
	} else {
		dispatch(s, rq);
	}
}
