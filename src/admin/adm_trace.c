/* adm_trace.c - trace.start, trace.stop and trace.status. mtcctl makes the file and sends its
 * descriptor: nothing here opens one. */
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include <stdlib.h>

#include "admin/adm_int.h"
#include "base/ident.h"
#include "base/str.h"

_Static_assert((int)CTL_CALLER_MAX <= (int)CORE_TRACE_WHO_MAX, "whoever asks is named whole");

static json_t *view_json(const struct adm *a)
{
	struct core_trace_view v;

	if (!core_trace_view(a->core, &v)) {
		return NULL;
	}
	return json_pack("{s:I, s:b, s:s, s:b, s:s, s:I, s:o, s:o, s:I, s:I, s:I, s:I, s:s}", "number", (json_int_t)v.number,
			 "running", v.running, "filter", v.filter, "unredacted", v.unredacted, "file", v.name, "uid",
			 (json_int_t)v.uid, "since", adm_core_time(a, v.since_ms), "until", adm_core_time(a, v.until_ms),
			 "octets_max", (json_int_t)v.octets_max, "octets", (json_int_t)v.octets, "messages",
			 (json_int_t)v.messages, "lost", (json_int_t)v.lost, "end", v.end);
}

static void on_status(void *arg, struct ctl_request *rq, const json_t *args)
{
	const struct adm *a = OBJ_OF(arg, struct adm, ADM_MAGIC);
	struct core_trace_view v;
	bool any = core_trace_view(a->core, &v);

	(void)args;
	if (any) {
		ctl_line(rq, view_json(a));
	}
	ctl_done(rq, json_pack("{s:I}", "count", (json_int_t)any));
}

/* -- start */

/* NULL, or what is wrong with the filter. */
static const char *filter_of(struct trc_filter *f, const struct adm *a, const json_t *args)
{
	const char *device = ctl_arg_text(args, "device", "");

	*f = (struct trc_filter){ .has_reference = ctl_arg_has(args, "trigger"),
				  .reference = (uint32_t)ctl_arg_num(args, "trigger", 0) };
	str_cut(f->scs, sizeof f->scs, ctl_arg_text(args, "scs", ""));
	str_cut(f->peer, sizeof f->peer, ctl_arg_text(args, "peer", ""));
	if (strncmp(device, "msisdn:", 7) == 0) {
		if (ident_msisdn(f->msisdn, device + 7, strlen(device + 7))) {
			return "device is not an MSISDN: msisdn: and 5 to 15 digits, without + and leading 0";
		}
	} else if (ident_looks_like_pattern(device)) {
		return "a trace is of one device, local@domain or msisdn:DIGITS: " IDENT_PATTERN_WORDS;
	} else if (*device && ident_external(f->external, device, strlen(device))) {
		return "device is neither local@domain nor msisdn:DIGITS";
	}
	if (f->has_reference && !f->scs[0]) {
		return "a trigger is named together with its SCS: give scs, too";
	}
	if (!trc_filter_ok(f)) {
		return "a trace needs a filter: scs, device, trigger or peer";
	}
	if (f->scs[0] && !asc_scs_find(a->asc, f->scs)) {
		return "no such SCS: 'mtcctl scs list' lists them";
	}
	return NULL;
}

static bool within(struct ctl_request *rq, const json_t *args, const char *name, uint64_t most, const char *key)
{
	if (ctl_arg_num(args, name, most) <= most) {
		return true;
	}
	ctl_fail(rq, "%s is %" PRIu64 ", at most %" PRIu64 " (%s of the configuration)", name, ctl_arg_num(args, name, 0), most,
		 key);
	return false;
}

static void start_failed(const struct adm *a, struct ctl_request *rq, const struct core_trace_start *s, int err, const char *why)
{
	struct core_trace_view v;

	if (err == ERR_BUSY && core_trace_view(a->core, &v)) {
		ctl_fail(rq, "trace %" PRIu32 " runs (%s, started by %s), and there is one at a time: 'mtcctl trace stop'",
			 v.number, v.filter, v.who);
	} else if (err == ERR_NOTFOUND) {
		ctl_fail(rq, "no peer is named '%s': 'mtcctl peers' lists them", s->filter->peer);
	} else {
		ctl_fail(rq, "%s: it %s", s->name, why ? why : err_str(err));
	}
}

static void on_start(void *arg, struct ctl_request *rq, const json_t *args)
{
	struct adm *a = OBJ_OF(arg, struct adm, ADM_MAGIC);
	const struct cfg_trace *bounds = &a->cfg->trace;
	struct trc_filter filter;
	char who[CTL_CALLER_MAX];
	struct core_trace_start s = { .filter = &filter,
				      .uid = (uint32_t)ctl_caller(rq)->uid,
				      .who = ctl_caller_text(who, ctl_caller(rq)) };
	const char *wrong = filter_of(&filter, a, args), *why;
	int fd = ctl_take_fd(rq), err;

	if (wrong) {
		ctl_fail(rq, "%s", wrong);
		close(fd);
		return;
	}
	if (!within(rq, args, "seconds", bounds->time_max_ms / 1000, "trace.time_max") ||
	    !within(rq, args, "octets", bounds->size_max, "trace.size_max")) {
		close(fd);
		return;
	}
	s.seconds = ctl_arg_num(args, "seconds", bounds->time_max_ms / 1000);
	s.octets = ctl_arg_num(args, "octets", bounds->size_max);
	s.unredacted = ctl_arg_bool(args, "unredacted", false);
	s.name = ctl_arg_text(args, "name", "-");
	err = core_trace_begin(a->core, &s, fd, &why);
	if (err) {
		close(fd);
		start_failed(a, rq, &s, err, why);
		return;
	}
	ctl_done(rq, view_json(a));
}

/* -- stop: answered when the file is complete */

#define STOP_MAGIC 0x71b3d05eu
struct stop {
	struct obj obj;
	struct adm_wait wait;
	struct ctl_request *rq;
};

static void on_stopped(void *arg)
{
	struct stop *s = OBJ_OF(arg, struct stop, STOP_MAGIC);
	const struct adm *a = adm_wait_end(&s->wait);

	if (a) {
		ctl_done(s->rq, view_json(a));
	} else {
		ctl_fail(s->rq, "the gateway stops, which ends the trace, too");
	}
	OBJ_END(s, STOP_MAGIC);
	free(s);
}

/* A request that names a trace must not end a later one. False: the named trace does not run any
 * more, and the request was answered. */
static bool is_the_one_that_runs(const struct adm *a, struct ctl_request *rq, const json_t *args)
{
	uint64_t number = ctl_arg_num(args, "number", 0);
	struct core_trace_view v;

	if (!ctl_arg_has(args, "number") || !core_trace_view(a->core, &v) || v.number == number) {
		return true;
	}
	if (v.running) {
		ctl_fail(rq, "trace %" PRIu64 " does not run, trace %" PRIu32 " does (%s, started by %s)", number, v.number,
			 v.filter, v.who);
	} else {
		ctl_fail(rq, "no trace runs; the last one was trace %" PRIu32, v.number);
	}
	return false;
}

static void on_stop(void *arg, struct ctl_request *rq, const json_t *args)
{
	struct adm *a = OBJ_OF(arg, struct adm, ADM_MAGIC);
	char who[CTL_CALLER_MAX];
	struct stop *s;
	int err;

	if (!is_the_one_that_runs(a, rq, args)) {
		return;
	}
	s = calloc(1, sizeof *s);
	if (!s) {
		ctl_fail(rq, "out of memory");
		return;
	}
	obj_begin(&s->obj, STOP_MAGIC);
	s->rq = rq;
	adm_wait_begin(&s->wait, a);
	err = core_trace_stop(a->core, ctl_caller_text(who, ctl_caller(rq)), on_stopped, s);
	if (!err) {
		return;
	}
	(void)adm_wait_end(&s->wait);
	OBJ_END(s, STOP_MAGIC);
	free(s);
	ctl_fail(rq, err == ERR_BUSY ? "the trace is ending already" : "no trace runs");
}

const struct ctl_command adm_trace_rows[] = {
	{ "trace.start", "copy the Diameter messages that match into a file (pcapng), for a time", ctl_args_trace_start, true,
	  on_start },
	{ "trace.stop", "end the trace that runs; answered when its file is complete", ctl_args_trace_stop, true, on_stop },
	{ "trace.status", "the trace that runs, or the last one", NULL, false, on_status },
	{ .name = NULL },
};
