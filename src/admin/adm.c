/* adm.c - the core answers on the control socket: what it is, whom it speaks with, what it counts. Names, arguments and reply members:
 * ctl/ctl_commands.h. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "admin/adm_exchange.h"
#include "admin/adm.h"

json_t *adm_time(uint64_t real_ms)
{
	char text[CLOCK_TEXT_MAX];

	clock_text(text, real_ms);
	return json_string(text);
}

static const char *zone_word(int zone)
{
	return zone == CFG_EXTERNAL ? "external" : "internal";
}

static const char *journal_state(int state)
{
	return state == 0 ? "ok" : state == ERR_NOSPC ? "full" : "failing";
}

static json_t *journal_row(const struct core *c)
{
	struct jrn_counts now = jrn_counts(c->jrn);

	return json_pack("{s:s, s:o, s:I, s:I, s:I}", "state", journal_state(c->jrn_state), "since", adm_time(c->jrn_since_ms),
			 "records", (json_int_t)now.records, "octets", (json_int_t)now.octets, "waiting",
			 (json_int_t)jrn_pending(c->jrn));
}

static json_t *edge_rows(const struct core *c)
{
	json_t *rows = json_array();
	struct core_edge *e;

	TAILQ_FOREACH(e, &c->edges, entry)
	{
		char name[CORE_EDGE_NAME_MAX];

		json_array_append_new(rows, json_pack("{s:s, s:s, s:I, s:I, s:I, s:s}", "name", core_edge_name(name, e), "zone",
						      zone_word(e->who.zone), "pid", (json_int_t)e->who.pid, "generation",
						      (json_int_t)e->who.generation, "sessions", (json_int_t)e->sessions_n,
						      "state", e->bad ? "down" : "up"));
	}
	return rows;
}

static void on_status(void *arg, struct ctl_request *rq, const json_t *args)
{
	struct core *c = arg;
	uint64_t now = clock_real_ms();
	json_t *last =
	    json_pack("{s:s, s:s, s:s, s:s, s:s, s:o, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o, s:o}", "version", MTC_VERSION,
		      "identity", c->cfg->external.host, "realm", c->cfg->external.realm, "core_identity", c->cfg->internal.host,
		      "core_realm", c->cfg->internal.realm, "started", adm_time(c->started_ms), "uptime_s",
		      (json_int_t)(now > c->started_ms ? (now - c->started_ms) / 1000 : 0), "pid", (json_int_t)getpid(),
		      "sessions", (json_int_t)c->sessions_by_key.n, "pending", (json_int_t)c->pending, "triggers",
		      (json_int_t)(c->triggers_n - c->pending), "scs", (json_int_t)asc_scs_count(c->asc), "rules",
		      (json_int_t)asc_rule_count(c->asc), "journal", journal_row(c), "edges", edge_rows(c));

	(void)args;
	ctl_done(rq, last);
}

/* The words of the contract for the words of the link. */
static const char *peer_state(const struct core_peer *p)
{
	static const char *const words[] = { "open", "connecting", "waiting", "closing", "suspect" };
	const char *state = p->peer ? link_peer_state(p->peer) : "closing";

	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		if (strcmp(state, words[i]) == 0)
			return words[i];
	}
	return "waiting"; /* for the next attempt */
}

static void on_peers(void *arg, struct ctl_request *rq, const json_t *args)
{
	struct core *c = arg;

	(void)args;
	for (size_t i = 0; i < c->peers_n; i++) {
		const struct core_peer *p = &c->peers[i];
		bool v6 = strchr(p->conf->address, ':') != NULL;
		char address[IPC_ADDRESS_MAX];

		snprintf(address, sizeof address, "%s%s%s:%u", v6 ? "[" : "", p->conf->address, v6 ? "]" : "", p->conf->port);
		ctl_line(rq, json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:o, s:I, s:I, s:I, s:I}", "name", p->conf->name, "host",
				       p->conf->host, "realm", p->conf->realm, "address", address, "protection",
				       p->conf->protection == CFG_TLS ? "tls" : "none", "state", peer_state(p), "since",
				       adm_time(p->since_ms), "pending",
				       (json_int_t)(p->requests - p->answers - p->timeouts - p->lost), "requests",
				       (json_int_t)p->requests, "answers", (json_int_t)p->answers, "timeouts",
				       (json_int_t)p->timeouts));
	}
	ctl_done(rq, json_pack("{s:I}", "count", (json_int_t)c->peers_n));
}

static json_t *session_row(const struct core *c, const struct core_session *s)
{
	const struct asc_scs *scs = asc_scs_find(c->asc, s->scs->name);
	struct asc_asker who = core_asker(s->scs->name, s->proven, clock_real_ms());
	char number[CORE_TRANSACTION_TEXT_MAX], edge[CORE_EDGE_NAME_MAX];

	core_transaction_text(number, (uint32_t)s->key.generation, s->key.number);
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:o, s:I, s:o}", "session", number, "scs", s->scs->name,
			 "origin_host", scs ? scs->origin_host : "", "address", s->address, "listener", s->listen->name, "zone",
			 zone_word(s->listen->zone), "protection", s->listen->protection == CFG_TLS ? "tls" : "none", "edge",
			 core_edge_name(edge, s->edge), "since", adm_time(s->since_ms), "pending", (json_int_t)s->scs->pending,
			 "groups", adm_groups(c, &who));
}

static void on_sessions(void *arg, struct ctl_request *rq, const json_t *args)
{
	struct core *c = arg;
	struct core_session *s;

	(void)args;
	TAILQ_FOREACH(s, &c->sessions, entry)
	ctl_line(rq, session_row(c, s));
	ctl_done(rq, json_pack("{s:I}", "count", (json_int_t)c->sessions_by_key.n));
}

static void on_stats(void *arg, struct ctl_request *rq, const json_t *args)
{
	struct core *c = arg;

	(void)args;
	for (unsigned i = 0; i < ST_COUNTERS; i++)
		ctl_line(rq,
			 json_pack("{s:s, s:I, s:s}", "name", st_name(i), "value", (json_int_t)c->st.v[i], "help", st_help(i)));
	ctl_done(rq, json_pack("{s:I}", "count", (json_int_t)ST_COUNTERS));
}

static void on_log_level(void *arg, struct ctl_request *rq, const json_t *args)
{
	static const char *const words[] = { "error", "warn", "info", "debug" };
	struct core *c = arg;
	enum log_level was = c->log->level, wanted;

	if (log_level_parse(&wanted, ctl_arg_text(args, "level", ""))) {
		ctl_fail(rq, "level is one of error, warn, info, debug");
		return;
	}
	c->log->level = wanted;
	c->cb->on_log_level(c->arg, wanted);
	ctl_done(rq, json_pack("{s:s, s:s}", "level", words[wanted], "was", words[was]));
}

const struct ctl_command adm_status_rows[] = {
	{ "status", "what runs, since when, how much of it", NULL, false, on_status },
	{ "peers", "connections to the HSS, the SMS-SC and others of our own domain", NULL, false, on_peers },
	{ "sessions", "connections of SCSs", NULL, false, on_sessions },
	{ "stats", "every counter", NULL, false, on_stats },
	{ "log.level", "how much is logged, in all processes", ctl_args_log_level, true, on_log_level },
	{ .name = NULL },
};

int adm_open(struct core *c, int fd)
{
	struct ctl_server_conf conf = { .clients_max = c->cfg->limits.ctl_clients, .log = c->log, .counters = &c->st };
	int err = ctl_server_new(&c->ctl, c->loop, fd, &conf);

	if (!err)
		err = ctl_server_add(c->ctl, adm_status_rows, c);
	if (!err)
		err = ctl_server_add(c->ctl, adm_assoc_rows, c);
	if (!err)
		err = ctl_server_add(c->ctl, adm_check_rows, c);
	if (!err)
		err = ctl_server_add(c->ctl, adm_group_rows, c);
	if (!err)
		err = ctl_server_add(c->ctl, adm_set_rows, c);
	if (!err)
		err = ctl_server_add(c->ctl, adm_exchange_rows, c);
	if (!err)
		err = ctl_server_add(c->ctl, adm_trigger_rows, c);
	if (!err)
		err = ctl_server_add(c->ctl, adm_trigger_one_rows, c);
	if (err)
		adm_close(c);
	return err;
}

void adm_close(struct core *c)
{
	ctl_server_free(c->ctl);
	c->ctl = NULL;
	adm_exports_end(c);
	adm_imports_end(c);
}
