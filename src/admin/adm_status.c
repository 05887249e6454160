/* adm_status.c - commands that show the process: status, sessions, counters; and the log level.
 * Names, arguments and reply members: ctl/ctl_commands.h. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "admin/adm_int.h"
#include "base/tail.h"
#include "core/core.h"

#define LISTING_MAGIC 0xee3a772eu
struct listing {
	struct obj obj;
	const struct adm *adm;
	struct ctl_request *rq;
	json_int_t n;
	json_t *rows;
};

static const char *journal_state(int state)
{
	return state == 0 ? "ok" : state == ERR_NOSPC ? "full" : "failing";
}

static json_t *journal_row(const struct adm *a, const struct core_status *s)
{
	return json_pack("{s:s, s:o, s:I, s:I, s:I}", "state", journal_state(s->journal.state), "since",
			 adm_core_time(a, s->journal.since_ms), "records", (json_int_t)s->journal.records, "octets",
			 (json_int_t)s->journal.octets, "waiting", (json_int_t)s->journal.waiting);
}

/* Octets of private memory that may be written, as limits.memory counts them; 0: not known. */
static uint64_t memory_octets(void)
{
	unsigned long long pages = 0;
	FILE *f = fopen("/proc/self/statm", "re");

	if (!f) {
		return 0;
	}
	if (fscanf(f, "%*s %*s %*s %*s %*s %llu", &pages) != 1) {
		pages = 0;
	}
	fclose(f);
	return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

static json_t *memory_row(const struct adm *a, const struct core_status *s)
{
	return json_pack("{s:s, s:o, s:I, s:I, s:I}", "state", s->memory.is_short ? "short" : "ok", "since",
			 adm_core_time(a, s->memory.since_ms), "octets", (json_int_t)memory_octets(), "limit",
			 (json_int_t)a->cfg->limits.memory, "reserve", (json_int_t)s->memory.reserve);
}

static const char *write_state(int error)
{
	return error == 0 ? "ok" : error == ENOSPC || error == EDQUOT || error == EFBIG ? "full" : "failing";
}

static json_t *written_row(const char *name, const char *path, int error, uint64_t lost)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:I}", "name", name, "path", path, "state", write_state(error), "error",
			 error ? strerror(error) : "", "lost", (json_int_t)lost);
}

/* Files of lines that grow, which a full disk stops. */
static json_t *written_rows(const struct adm *a, const struct core_status *s)
{
	const struct log *log = core_log(a->core);
	char name[TAIL_NAME_MAX];
	json_t *rows = json_array();

	if (a->cfg->decisions[0]) {
		json_array_append_new(rows,
				      written_row("decision log", a->cfg->decisions, s->decisions.failing, s->decisions.lost));
	}
	json_array_append_new(rows,
			      written_row("log", tail_name(name, log->fd, "standard error"), s->log_failing, log_lost(log)));
	return rows;
}

static void add_store(void *arg, const struct core_store_view *s)
{
	const struct kv_room *r = s->room;
	char reader[ADM_READER_MAX];
	json_t *row = json_pack("{s:s, s:I, s:I, s:I, s:I, s:s, s:s}", "name", s->name, "octets", (json_int_t)r->size, "size_max",
				(json_int_t)r->size_max, "left", (json_int_t)r->left, "disk", (json_int_t)r->disk, "state",
				r->failing ? write_state(r->failing == ERR_NOSPC ? ENOSPC : EIO) : "ok", "key", s->key);

	if (row && r->oldest.pid) {
		adm_reader_name(reader, &r->oldest);
		json_object_set_new(row, "reader", json_integer(r->oldest.pid));
		json_object_set_new(row, "reader_name", json_string(reader));
		json_object_set_new(row, "reader_s", json_integer((json_int_t)s->reader_s));
		json_object_set_new(row, "reader_behind", json_integer((json_int_t)r->oldest.behind));
		json_object_set_new(row, "held", json_integer((json_int_t)r->held));
	}
	json_array_append_new(arg, row);
}

static json_t *store_rows(const struct core *c)
{
	json_t *rows = json_array();

	core_store_each(c, add_store, rows);
	return rows;
}

static json_t *listener_rows(const struct cfg_iwf *cfg)
{
	json_t *rows = json_array();

	for (size_t i = 0; i < cfg->listen_n; i++) {
		const struct cfg_listen *l = &cfg->listen[i];

		if (l->gone_ms) {
			continue;
		}
		json_array_append_new(rows, json_pack("{s:s, s:s, s:s, s:s, s:s, s:I}", "name", l->name, "zone",
						      zone_word(l->zone), "protection", protection_word(l->protection),
						      "transport", transport_word(l->transport), "address", l->address, "port",
						      (json_int_t)l->port));
	}
	return rows;
}

static void add_wait(void *arg, const char *item, size_t len)
{
	json_t *text = json_stringn(item, len);

	json_array_append_new(arg, text ? text : json_string("?")); /* a path need not be UTF-8 */
}

static json_t *waiting(const struct core *c)
{
	json_t *rows = json_array();

	core_wait_each(c, add_wait, rows);
	return rows;
}

static json_t *configuration_row(const struct adm *a)
{
	const struct cfg_source *s = &a->cfg->source;

	return json_pack("{s:s, s:o, s:b, s:o}", "digest", s->digest, "read", adm_time(s->read_ms), "other_on_disk",
			 core_config_waits(a->core), "restart_needed", waiting(a->core));
}

static void add_edge(void *arg, const struct core_edge_view *e)
{
	json_array_append_new(arg, json_pack("{s:s, s:s, s:I, s:I, s:I, s:s, s:I}", "name", e->name, "zone", zone_word(e->zone),
					     "pid", (json_int_t)e->pid, "generation", (json_int_t)e->generation, "sessions",
					     (json_int_t)e->sessions, "state", e->up ? "up" : "down", "files",
					     (json_int_t)e->files_generation));
}

static json_t *edge_rows(const struct core *c)
{
	json_t *rows = json_array();

	core_edge_each(c, add_edge, rows);
	return rows;
}

static void add_loop(void *arg, const char *process, const uint64_t *turns)
{
	static const char *const names[] = { "below_1ms",  "below_2ms",   "below_5ms", "below_10ms", "below_20ms",
					     "below_50ms", "below_100ms", "below_1s",  "longer" };
	static const uint32_t below_ms[NET_TURNS - 1] = NET_TURNS_BELOW_MS;
	json_t *row = json_pack("{s:s}", "process", process);
	uint64_t late = 0;

	_Static_assert(sizeof names / sizeof *names == NET_TURNS, "a name for each row");
	for (unsigned i = 0; row && i < NET_TURNS; i++) {
		json_object_set_new(row, names[i], json_integer((json_int_t)turns[i]));
		late += i > 0 && below_ms[i - 1] >= 10 ? turns[i] : 0;
	}
	json_object_set_new(row, "late", json_integer((json_int_t)late));
	json_array_append_new(arg, row);
}

static json_t *loop_rows(const struct core *c)
{
	json_t *rows = json_array();

	core_loop_each(c, add_loop, rows);
	return rows;
}

static void add_sandbox(void *arg, const struct core_sandbox *s)
{
	char capabilities[24];

	snprintf(capabilities, sizeof capabilities, "%llx", (unsigned long long)s->capabilities);
	json_array_append_new(arg,
			      json_pack("{s:s, s:I, s:s, s:s, s:I, s:s, s:b, s:b, s:I, s:s}", "process", s->process, "pid",
					(json_int_t)s->pid, "mode", s->mode, "seccomp", s->seccomp ? "filter" : "none",
					"landlock", (json_int_t)s->landlock, "capabilities", capabilities, "no_new_privs",
					s->no_new_privs, "dumpable", s->dumpable, "uid", (json_int_t)s->uid, "lacks", s->lacks));
}

static json_t *sandbox_rows(const struct core *c)
{
	json_t *rows = json_array();

	core_sandbox_each(c, add_sandbox, rows);
	return rows;
}

static void add_keyholder(void *arg, const struct core_keyholder_view *k)
{
	const struct listing *list = OBJ_OF(arg, struct listing, LISTING_MAGIC);
	const struct cfg_pkcs11 *t = &list->adm->cfg->keyholder.pkcs11;
	json_t *row = json_pack("{s:s, s:I, s:I, s:s, s:I, s:I, s:I}", "name", k->name, "pid", (json_int_t)k->pid, "generation",
				(json_int_t)k->generation, "state", k->state, "signatures", (json_int_t)k->signed_n, "refused",
				(json_int_t)k->refused, "timeouts",
				(json_int_t)st_get(core_counters(list->adm->core), ST_EDGE_SIGN_TIMEOUTS));

	if (row && strcmp(k->name, "keyholder-p11") == 0) {
		json_t *paths = json_array();

		json_array_append_new(paths, json_string(t->module));
		for (size_t i = 0; i < t->paths_n; i++) {
			json_array_append_new(paths, json_string(t->paths[i]));
		}
		json_object_set_new(row, "token", json_string(t->token));
		json_object_set_new(row, "paths", paths);
	}
	json_array_append_new(list->rows, row);
}

static json_t *keyholder_rows(const struct adm *a)
{
	struct listing list = { .obj = OBJ(LISTING_MAGIC), .adm = a, .rows = json_array() };

	core_keyholder_each(a->core, add_keyholder, &list);
	return list.rows;
}

static void add_hung(void *arg, const char *name, uint32_t total)
{
	json_array_append_new(arg, json_pack("{s:s, s:I}", "process", name, "times", (json_int_t)total));
}

static json_t *hung_rows(const struct core *c)
{
	json_t *rows = json_array();

	core_hung_each(c, add_hung, rows);
	return rows;
}

/* Connections that found a limit reached, since the start. */
static json_t *refused_row(const struct adm *a)
{
	const uint64_t *v = a->st->v;

	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "total", (json_int_t)v[ST_EDGE_REFUSED_TOTAL], "address",
			 (json_int_t)v[ST_EDGE_REFUSED_ADDRESS], "rate", (json_int_t)v[ST_EDGE_REFUSED_RATE], "strangers",
			 (json_int_t)v[ST_EDGE_REFUSED_STRANGERS], "dropped", (json_int_t)v[ST_EDGE_STRANGERS_DROPPED],
			 "scs_connections", (json_int_t)v[ST_SESSION_LIMIT], "scs_rate", (json_int_t)v[ST_SESSION_RATE]);
}

static void on_status(void *arg, struct ctl_request *rq, const json_t *args)
{
	const struct adm *a = OBJ_OF(arg, struct adm, ADM_MAGIC);
	uint64_t now = core_now_ms(a->core);
	struct core_status s;
	json_t *last, *reasons = adm_health(a);

	(void)args;
	core_status(a->core, &s);
	last = json_pack(
	    "{s:s, s:s, s:s, s:s, s:s, s:o, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o, "
	    "s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:I, s:o, s:o, s:o, s:o, s:b, s:o}",
	    "version", MTC_VERSION, "identity", a->cfg->external.host, "realm", a->cfg->external.realm, "core_identity",
	    a->cfg->internal.host, "core_realm", a->cfg->internal.realm, "started", adm_core_time(a, s.started_ms), "uptime_s",
	    (json_int_t)(now > s.started_ms ? (now - s.started_ms) / 1000 : 0), "pid", (json_int_t)getpid(), "sessions",
	    (json_int_t)s.sessions, "pending", (json_int_t)s.pending, "triggers", (json_int_t)s.triggers, "entering",
	    (json_int_t)s.entering, "scs", (json_int_t)asc_scs_count(a->asc), "rules", (json_int_t)asc_rule_count(a->asc),
	    "journal", journal_row(a, &s), "memory", memory_row(a, &s), "listeners", listener_rows(a->cfg), "edges",
	    edge_rows(a->core), "loops", loop_rows(a->core), "sandbox", sandbox_rows(a->core), "keyholders", keyholder_rows(a),
	    "stores", store_rows(a->core), "written", written_rows(a, &s), "files_generation", (json_int_t)s.files_generation,
	    "files", adm_files(a), "revocation_unchecked", adm_crls_none(a), "crls_refused", adm_crls_wrong(a), "screening",
	    adm_screening(a), "healthy", json_array_size(reasons) == 0, "reasons", reasons);
	if (last) {
		json_object_set_new(last, "configuration", configuration_row(a));
		json_object_set_new(last, "ocsp", adm_ocsp(a));
		json_object_set_new(last, "hung", hung_rows(a->core));
		json_object_set_new(last, "refused", refused_row(a));
		json_object_set_new(last, "denied", json_integer((json_int_t)a->st->v[ST_CTL_DENIED]));
	}
	if (last && cfg_ndsip_used(a->cfg)) {
		json_object_set_new(last, "ndsip", adm_ndsip_summary(a));
	}
	if (last && a->cfg->audit.on) {
		json_object_set_new(last, "audit", adm_audit(a));
	}
	if (last) {
		ctl_done(rq, last);
	} else {
		ctl_fail(rq, "out of memory");
	}
}

static void list_session(void *arg, const struct core_session_view *s)
{
	struct listing *l = OBJ_OF(arg, struct listing, LISTING_MAGIC);
	char version[AGREED_WORD_MAX], suite[AGREED_WORD_MAX];
	json_t *row = json_pack(
	    "{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:o, s:I, s:o}", "session", s->session, "scs", s->scs,
	    "origin_host", s->origin_host, "address", s->address, "listener", s->listen->name, "zone", zone_word(s->listen->zone),
	    "transport", transport_word(s->listen->transport), "protection", protection_word(s->listen->protection),
	    "tls_version", agreed_word(version, AGREED_TLS_VERSIONS, s->connection.tls_version), "tls_suite",
	    agreed_word(suite, AGREED_TLS_SUITES, s->connection.tls_suite), "edge", s->edge, "since",
	    adm_core_time(l->adm, s->since_ms), "pending", (json_int_t)s->pending, "groups", adm_groups(l->adm, &s->asker));

	adm_lapses(row, s->forgiven, s->lapses);
	ctl_line(l->rq, row);
	l->n++;
}

static void on_sessions(void *arg, struct ctl_request *rq, const json_t *args)
{
	struct listing l = { .obj = OBJ(LISTING_MAGIC), .adm = OBJ_OF(arg, struct adm, ADM_MAGIC), .rq = rq };

	(void)args;
	core_session_each(l.adm->core, list_session, &l);
	ctl_done(rq, json_pack("{s:I}", "count", l.n));
}

static void on_stats(void *arg, struct ctl_request *rq, const json_t *args)
{
	const struct adm *a = OBJ_OF(arg, struct adm, ADM_MAGIC);
	unsigned n = 0;

	(void)args;
	core_log_lost(a->core, 0); /* lines of the core's own log until now */
	core_gauges(a->core);
	for (unsigned i = 0; i < ST_COUNTERS; i++) {
		if (st_time_of(i)) {
			continue; /* a part of a histogram, which only the metrics show */
		}
		n++;
		ctl_line(rq,
			 json_pack("{s:s, s:I, s:s}", "name", st_name(i), "value", (json_int_t)a->st->v[i], "help", st_help(i)));
	}
	ctl_done(rq, json_pack("{s:I}", "count", (json_int_t)n));
}

static void on_log_level(void *arg, struct ctl_request *rq, const json_t *args)
{
	static const char *const words[] = { "error", "warn", "info", "debug" };
	struct adm *a = OBJ_OF(arg, struct adm, ADM_MAGIC);
	enum log_level before, wanted;

	if (log_level_parse(&wanted, ctl_arg_text(args, "level", ""))) {
		ctl_fail(rq, "level is one of error, warn, info, debug");
		return;
	}
	before = core_log_level(a->core, wanted);
	ctl_done(rq, json_pack("{s:s, s:s}", "level", words[wanted], "was", words[before]));
}

const struct ctl_command adm_status_rows[] = {
	{ "status", "show processes, stores, uptime and load", NULL, false, on_status },
	{ "sessions", "list connections of SCSs", NULL, false, on_sessions },
	{ "stats", "list all counters", NULL, false, on_stats },
	{ "log.level", "set the log level of all processes", ctl_args_log_level, true, on_log_level },
	{ .name = NULL },
};
