/* cli_replay.c - `replay`: each request of a trace passes the screening rows here, by the rules
 * that the gateway has now, and is then judged by the gateway. What crosses the control socket are
 * values, never Diameter octets. */
#include "cli/cli_replay.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/obj.h"
#include "base/str.h"
#include "cli/cli_client.h"
#include "cli/cli_command.h"
#include "ctl/ctl_commands.h"
#include "policy/pol_screen.h"
#include "policy/pol_screening.h"

#define RESULT_MAX 64
#define HEX_MAX (2u * CTL_AVP_MAX + 1)

#define REPLAY_MAGIC 0xe1b604d9u
struct replay {
	struct obj obj;
	const struct cli_session *s;
	struct ctl_client *client;
	struct screen_rules rules;
	char host[IDENT_HOST_MAX + 1], realm[IDENT_HOST_MAX + 1]; /* of the gateway */
	json_t *scs;                                              /* Origin-Host -> row of scs.show */
	json_t *last;                                             /* last line of the reply that is being read */
	bool only_changed;
	uint64_t requests, changed, unanswered;
	char why[CTL_CLIENT_WHY_MAX];
};

struct line { /* one request and both answers */
	const struct replay_request *r;
	char scs[IDENT_SCS_MAX + 1], device[POL_DEVICE_TEXT_MAX];
	const char *action;
	uint32_t reference;
	bool read; /* it could be read: device, action and reference are known */
	char then[RESULT_MAX], now[RESULT_MAX];
	char reason[CLI_SHOWN_MAX], why[CLI_SHOWN_MAX]; /* of `now` */
};

/* -- what the gateway has now */

static int ask(struct replay *p, const char *cmd, const json_t *args, ctl_row_fn *fn)
{
	return ctl_client_ask(p->client, cmd, args, -1, p->s->wait_ms, fn, p, p->why);
}

static bool is_last(const json_t *row)
{
	return json_is_true(json_object_get(row, "done"));
}

static const char *text_of(const json_t *row, const char *member)
{
	const char *text = json_string_value(json_object_get(row, member));

	return text ? text : "";
}

static int on_status(void *arg, const json_t *row)
{
	struct replay *p = OBJ_OF(arg, struct replay, REPLAY_MAGIC);

	if (is_last(row)) {
		str_cut(p->host, sizeof p->host, text_of(row, "identity"));
		str_cut(p->realm, sizeof p->realm, text_of(row, "realm"));
	}
	return 0;
}

/* A row that this program does not know keeps nothing back here. */
static int on_screen_row(void *arg, const json_t *row)
{
	struct replay *p = OBJ_OF(arg, struct replay, REPLAY_MAGIC);
	struct screen_rule rule = { .answer = (uint16_t)cli_number(row, "answer") };
	enum screen_row which;
	const json_t *name;
	size_t i;

	if (is_last(row) || screen_row_find(&which, text_of(row, "row"), NULL) ||
	    screen_mode_parse(&rule.mode, text_of(row, "mode"))) {
		return 0;
	}
	json_array_foreach(json_object_get(row, "except"), i, name)
	{
		err_ignore(screen_rule_except(&rule, json_string_value(name) ? json_string_value(name) : ""),
			   "a gateway names no SCS that is none");
	}
	p->rules.row[which] = rule;
	return 0;
}

static int on_scs(void *arg, const json_t *row)
{
	struct replay *p = OBJ_OF(arg, struct replay, REPLAY_MAGIC);

	if (!is_last(row)) {
		json_object_set(p->scs, text_of(row, "origin_host"), (json_t *)(uintptr_t)row);
	}
	return 0;
}

static int on_scs_show(void *arg, const json_t *row)
{
	struct replay *p = OBJ_OF(arg, struct replay, REPLAY_MAGIC);

	if (!is_last(row)) {
		json_object_set_new((json_t *)(uintptr_t)p->last, "p_bit_optional",
				    json_incref(json_object_get(row, "p_bit_optional")));
	}
	return 0;
}

static int load(struct replay *p)
{
	int err = ask(p, "status", NULL, on_status);

	if (!err) {
		err = ask(p, "screen.list", NULL, on_screen_row);
	}
	return err ? err : ask(p, "scs.list", NULL, on_scs);
}

/* The row of the SCS with this Origin-Host; NULL: there is none. Asks for its limits once. */
static int scs_of(struct replay *p, json_t **out, const struct dia_bytes *host)
{
	char name[IDENT_HOST_MAX + 1];
	json_t *args;
	int err;

	*out = host->p && !ident_host(name, host->p, host->len) ? json_object_get(p->scs, name) : NULL;
	if (!*out || json_object_get(*out, "p_bit_optional")) {
		return 0;
	}
	args = json_pack("{s:O}", "name", json_object_get(*out, "name"));
	p->last = *out;
	err = ask(p, "scs.show", args, on_scs_show);
	p->last = NULL;
	json_decref(args);
	return err;
}

/* -- one request */

static void put_hex(json_t *args, const char *name, const struct dia_bytes *v)
{
	char hex[HEX_MAX];

	if (v->p && v->len <= CTL_AVP_MAX) {
		str_hex(hex, v->p, v->len);
		json_object_set_new(args, name, json_string(hex));
	}
}

static void put_u32(json_t *args, const char *name, const struct dia_u32 *v)
{
	if (v->present) {
		json_object_set_new(args, name, json_integer(v->v));
	}
}

static json_t *question(const char *scs, const struct tsp_device_action *a)
{
	json_t *args = json_pack("{s:s}", "scs", scs);

	put_u32(args, "reference", &a->reference_number);
	put_u32(args, "action_type", &a->action_type);
	put_u32(args, "old_reference", &a->old_reference_number);
	put_u32(args, "validity_s", &a->validity_time_s);
	put_hex(args, "external", &a->external_identifier);
	put_hex(args, "msisdn", &a->msisdn);
	put_hex(args, "scs_identity", &a->scs_identity);
	if (a->trigger_data.present) {
		json_object_set_new(args, "payload_len", json_integer(a->trigger_data.payload.len));
		put_u32(args, "priority", &a->trigger_data.priority_indication);
		put_u32(args, "port", &a->trigger_data.application_port);
	}
	return args;
}

static int on_judged(void *arg, const json_t *row)
{
	struct replay *p = OBJ_OF(arg, struct replay, REPLAY_MAGIC);

	json_decref(p->last);
	p->last = json_incref((json_t *)(uintptr_t)row);
	return 0;
}

static void screened(struct line *l, enum pol_screened how, const struct dia_failed *why)
{
	if (how == POL_SCREENED_DROPPED) {
		str_set(l->now, sizeof l->now, "no answer");
	} else {
		snprintf(l->now, sizeof l->now, "result %" PRIu32, why->result_code);
	}
	str_set(l->reason, sizeof l->reason, "screening");
	str_cut(l->why, sizeof l->why, why->text);
}

static int judge(struct replay *p, struct line *l, const struct tsp_dar *dar)
{
	json_t *args = question(l->scs, &dar->action);
	char rule[CLI_SHOWN_MAX], meaning[CLI_SHOWN_MAX];
	int err = ask(p, "requests.judge", args, on_judged);

	json_decref(args);
	if (!err) {
		str_cut(l->now, sizeof l->now, text_of(p->last, "status"));
		str_cut(l->reason, sizeof l->reason, text_of(p->last, "reason"));
		cli_member(rule, p->last, "rule");
		cli_member(meaning, p->last, "meaning");
		snprintf(l->why, sizeof l->why, "%.200s%s%.300s", meaning, *meaning && *rule ? "; " : "", rule);
	}
	json_decref(p->last);
	p->last = NULL;
	return err;
}

/* What people see of the request, also of one that is refused. */
static void describe(struct line *l, const struct tsp_dar *dar)
{
	struct pol_verdict unused;
	struct pol_request r;

	pol_screen(&r, &unused, &dar->action);
	pol_request_device(l->device, &r);
	l->action = tsp_action_str(dar->action.action_type.v);
	l->reference = dar->action.reference_number.v;
	l->read = true;
}

/* The rows in the order of an edge (edge_tsp.c). */
static int replay_one(struct replay *p, struct line *l, const struct dia_msg *m)
{
	struct pol_screening x = { .rules = &p->rules };
	struct pol_names names = { p->host, p->realm, "", "" };
	struct dia_failed why;
	struct pol_routing routing;
	enum pol_screened how;
	struct tsp_dar dar;
	json_t *scs;
	int err;

	dia_failed_none(&why);
	if (dia_msg_check(m, &why)) {
		screened(l, POL_SCREENED_REFUSED, &why);
		return 0;
	}
	pol_routing_take(&routing, m, &names);
	err = scs_of(p, &scs, &routing.origin_host);
	if (err) {
		return err;
	}
	if (!scs) {
		str_set(l->now, sizeof l->now, "not admitted");
		str_set(l->reason, sizeof l->reason, "unknown-peer");
		str_set(l->why, sizeof l->why, "no SCS has this Origin-Host now");
		return 0;
	}
	str_cut(l->scs, sizeof l->scs, text_of(scs, "name"));
	names.peer_host = text_of(scs, "origin_host");
	names.peer_realm = text_of(scs, "realm");
	x.exempt = pol_screening_exempt(&p->rules, l->scs);
	pol_routing_take(&routing, m, &names);
	how = pol_screening_route(&x, m, &routing, &names, &why);
	if (!how) {
		how = pol_screening_read(&x, &dar, m, json_is_true(json_object_get(scs, "p_bit_optional")), &why);
	}
	if (!how) {
		describe(l, &dar);
		how = pol_screening_form(&x, m, &dar, &routing, &names, &why);
	}
	if (!how && !dar.has_action) {
		dia_failed_missing(&why, DIA_CODE_DEVICE_ACTION, DIA_VENDOR_3GPP);
		how = POL_SCREENED_REFUSED;
	}
	if (how) {
		screened(l, how, &why);
		return 0;
	}
	return judge(p, l, &dar);
}

/* -- the output */

static bool is_changed(const struct line *l)
{
	return l->r->answered && strcmp(l->then, l->now) != 0;
}

static void show_json(json_t *row)
{
	char *text = json_dumps(row, JSON_COMPACT | JSON_ENSURE_ASCII);

	puts(text ? text : "{}");
	free(text);
	json_decref(row);
}

/* Names of a trace may hold what a terminal must not see. */
static const char *shown(char out[CLI_SHOWN_MAX], const char *text)
{
	json_t *v = json_string(text);

	cli_text(out, CLI_SHOWN_MAX, v);
	json_decref(v);
	return out;
}

static void show(const struct replay *p, const struct line *l)
{
	char time[CLOCK_TEXT_MAX] = "-", a[CLI_SHOWN_MAX], b[CLI_SHOWN_MAX];

	if (l->r->time_us) {
		clock_text(time, l->r->time_us / 1000);
	}
	if (p->s->json) {
		show_json(json_pack("{s:s, s:s, s:s, s:s, s:I, s:s, s:s, s:s, s:s, s:b}", "time", time, "scs", l->scs, "device",
				    l->device, "action", l->action, "reference", (json_int_t)l->reference, "then", l->then, "now",
				    l->now, "reason", l->reason, "meaning", l->why, "changed", is_changed(l)));
		return;
	}
	printf("%s %c %s %s %s", time, is_changed(l) ? '*' : ' ', *l->scs ? l->scs : "-", l->action,
	       *l->device ? shown(a, l->device) : "-");
	if (l->read) {
		printf(" %" PRIu32, l->reference);
	}
	printf(": then %s, now %s", l->then, l->now);
	if (*l->reason) {
		printf(" (%s: %s)", l->reason, shown(b, l->why));
	}
	puts("");
}

static void then_of(struct line *l)
{
	const struct replay_request *r = l->r;

	if (!r->answered) {
		str_set(l->then, sizeof l->then, "no answer in the file");
	} else if (r->has_status) {
		str_cut(l->then, sizeof l->then, tsp_request_status_str(r->status));
	} else {
		snprintf(l->then, sizeof l->then, "result %" PRIu32, r->result_code);
	}
}

static int replay_all(struct replay *p, const struct replay_file *f)
{
	const struct dia_limits limits = DIA_LIMITS_OUTSIDE;
	int err = 0;

	for (size_t i = 0; i < f->n && !err; i++) {
		struct line l = { .r = &f->list[i], .action = "unknown" };
		struct dia_failed failed;
		struct dia_msg m;

		then_of(&l);
		err = dia_msg_parse(&m, f->list[i].message, f->list[i].len, &limits, &failed); /* it could be parsed before */
		if (!err) {
			err = replay_one(p, &l, &m);
		}
		if (err) {
			break;
		}
		p->requests++;
		p->changed += is_changed(&l);
		p->unanswered += !l.r->answered;
		if (!p->only_changed || is_changed(&l)) {
			show(p, &l);
		}
	}
	return err;
}

static int summary(const struct replay *p, const struct replay_file *f)
{
	char n[SHOWN_COUNT_MAX];

	if (p->s->json) {
		show_json(json_pack("{s:b, s:b, s:I, s:I, s:I, s:I, s:b}", "done", 1, "ok", 1, "requests",
				    (json_int_t)p->requests, "changed", (json_int_t)p->changed, "unanswered",
				    (json_int_t)p->unanswered, "messages", (json_int_t)f->messages, "more", f->more));
	} else {
		printf("%s", shown_count(n, p->requests, "request"));
		printf(" in %s: %" PRIu64 " answered otherwise now (*), %" PRIu64 " without an answer in the file\n",
		       shown_count(n, f->messages, "message"), p->changed, p->unanswered);
	}
	if (f->more) {
		fprintf(stderr, "mtcctl: the file has more requests than the %u, or %u MiB of them, that are read\n",
			REPLAY_REQUESTS_MAX, REPLAY_OCTETS_MAX >> 20);
	}
	return p->changed ? CLI_NO : CLI_OK;
}

int cli_replay(const struct cli_session *s, const json_t *args)
{
	struct replay p = { .obj = OBJ(REPLAY_MAGIC), .s = s, .only_changed = json_is_true(json_object_get(args, "changed")) };
	char why[REPLAY_WHY_MAX];
	struct replay_file f;
	int err = replay_file_read(&f, json_string_value(json_object_get(args, "file")), why), code;

	if (err) {
		fprintf(stderr, "mtcctl: %s\n", why);
		replay_file_free(&f);
		return CLI_USAGE;
	}
	screen_rules_preset(&p.rules);
	p.scs = json_object();
	err = cli_client(&p.client, s, s->socket, p.why);
	if (!err) {
		err = load(&p);
		if (!err) {
			err = replay_all(&p, &f);
		}
		ctl_client_close(p.client);
	}
	if (err) {
		fprintf(stderr, "mtcctl: %s\n", p.why);
		code = err == ERR_REFUSED ? CLI_NO : CLI_CONNECT;
	} else {
		code = summary(&p, &f);
	}
	json_decref(p.scs);
	replay_file_free(&f);
	return code;
}
