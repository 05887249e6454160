/* mtcctl.c - the operator's command line: words -> request; cli_ask.c sends it. The rows know the
 * commands; this file does not. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/nearest.h"
#include "base/opts.h"
#include "base/stdfd.h"
#include "base/str.h"
#include "base/version.h"
#include "cli/cli_ask.h"
#include "cli/cli_command.h"
#include "cli/cli_overview.h"
#include "cli/cli_term.h"
#include "cli/cli_tick.h"
#include "ctl/ctl_commands.h"

#define DEFAULT_SOCKET "/run/mtc-iwf/ctl.sock"
#define WORDS_MAX 128
#define WAIT_S 30u

struct options {
	const char *socket;
	bool json, help, version;
	uint32_t wait_s;        /* 0: as the command has it */
	char *words[WORDS_MAX]; /* remaining words: command, verb and their arguments */
	int words_n;
};

static int usage(const char *words, const char *more)
{
	return opts_usage("mtcctl", more, words);
}

/* Is argv[i] the global option `name`, with its value? Moves i behind it. */
static bool with_value(const char *name, int argc, char **argv, int *i, const char **value)
{
	size_t n = strlen(name);

	if (!strncmp(argv[*i], name, n) && argv[*i][n] == '=') {
		*value = argv[*i] + n + 1;
		return true;
	}
	if (strcmp(argv[*i], name) != 0) {
		return false;
	}
	*value = *i + 1 < argc ? argv[++*i] : NULL;
	return true;
}

/* Removes the options of mtcctl itself, at any position. Returns an exit code, CLI_OK to
 * continue. */
static int global_options(struct options *o, int argc, char **argv)
{
	const char *value;

	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--json")) {
			o->json = true;
		} else if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h")) {
			o->help = true;
		} else if (!strcmp(argv[i], "--version")) {
			o->version = true;
		} else if (with_value("--socket", argc, argv, &i, &value)) {
			if (!value || !*value) {
				return usage("--socket needs PATH", NULL);
			}
			o->socket = value;
		} else if (with_value("--color", argc, argv, &i, &value) || with_value("--colour", argc, argv, &i, &value)) {
			if (!value || !cli_term_choose(value)) {
				return usage("--color is one of: " CLI_COLOR_WORDS, NULL);
			}
		} else if (with_value("--wait", argc, argv, &i, &value)) {
			if (!value || str_parse_u32(&o->wait_s, value, 1, 86400)) {
				return usage("--wait needs a number of seconds from 1 to 86400", NULL);
			}
		} else if (o->words_n == WORDS_MAX) {
			return usage("too many arguments", NULL);
		} else {
			o->words[o->words_n++] = argv[i];
		}
	}
	return CLI_OK;
}

static const struct cli_param *dir_of(const struct cli_command *c)
{
	const struct cli_param *p = c->params;

	while (p && p->arg && p->kind != CLI_DIR) {
		p++;
	}
	return p && p->arg ? p : NULL;
}

static const struct cli_param *file_of(const struct cli_command *c)
{
	const struct cli_param *p = c->params;

	while (p && p->arg && p->kind != CLI_IN && p->kind != CLI_OUT) {
		p++;
	}
	return p && p->arg ? p : NULL;
}

/* What a command does itself: it needs no gateway, or more than one request. */
static int own(const struct cli_session *s, const struct cli_command *c, json_t *args)
{
	if (strcmp(c->group, "audit") == 0) {
		return cli_audit(s, c->verb, args);
	}
	if (strcmp(c->group, "console") == 0) {
		return cli_console(s, args);
	}
	if (strcmp(c->group, "doctor") == 0) {
		return cli_doctor(s, args);
	}
	if (strcmp(c->group, "quickstart") == 0) {
		return cli_quickstart(s, args);
	}
	if (strcmp(c->group, "trace") == 0) {
		return cli_trace_start(s, args);
	}
	if (strcmp(c->group, "tail") == 0) {
		return cli_tail(s, args);
	}
	if (strcmp(c->group, "replay") == 0) {
		return cli_replay(s, args);
	}
	return strcmp(c->group, "ndsip") == 0 ? cli_ndsip_rules(s, c->verb, args) : cli_journal(s, c->verb, args);
}

/* Which commands say how long they take: all that ask the gateway, and those of our own that stop
 * saying it before they write. */
static bool ticks(const struct cli_command *c)
{
	static const char *const groups[] = { "audit", "doctor", "journal", "quickstart" };
	bool own_one = false;

	for (size_t i = 0; i < sizeof groups / sizeof *groups; i++) {
		own_one = own_one || !strcmp(groups[i], c->group);
	}
	return (c->cmd && c->last != cli_show_overview) || own_one;
}

/* Seconds in which the gateway gives a line of its answer. */
static uint32_t wait_s(const struct options *o, const struct cli_command *c)
{
	return o->wait_s ? o->wait_s : c->cmd && !strcmp(c->cmd, "reload") ? CTL_RELOAD_WAIT_S : WAIT_S;
}

/* ", did you mean 'assoc'?" or "". `group` NULL: a command is looked for, else one of its verbs. */
static const char *suggestion(char out[96], const char *word, const char *group)
{
	struct nearest n;

	nearest_init(&n, word);
	if (!group) { /* words that other programs take */
		nearest_offer(&n, "help");
		nearest_offer(&n, "--version");
	}
	for (const struct cli_command *c = cli_commands; c->group; c++) {
		if (!group) {
			nearest_offer(&n, c->group);
		} else if (c->verb && !strcmp(c->group, group)) {
			nearest_offer(&n, c->verb);
		}
	}
	*out = 0;
	if (n.best) {
		snprintf(out, 96, ", did you mean '%.60s'?", n.best);
	}
	return out;
}

/* The words behind a command are wrong; the first may be meant for a verb, as in
 * `peers strat hss`. */
static int wrong_words(const struct cli_command *c, const char *name, const char *problem, int argc, char *const *argv)
{
	char words[CLI_WHY_MAX], meant[96];

	if (c->verb || !argc || argv[0][0] == '-' || !*suggestion(meant, argv[0], c->group)) {
		return usage(problem, name);
	}
	snprintf(words, sizeof words, "'%.30s' has no verb '%.60s'%s", c->group, argv[0], meant);
	return usage(words, name);
}

static int run(const struct options *o, const struct cli_command *c, int argc, char *const *argv)
{
	const struct cli_param *file = file_of(c), *dir = dir_of(c);
	struct cli_tick tick = { .running = false };
	bool refused = false;
	struct cli_session session = { OBJ(CLI_SESSION_MAGIC), o->socket, wait_s(o, c) * 1000, o->json, NULL, &refused };
	char why[CLI_WHY_MAX], name[64], *path;
	json_t *args = json_object();
	const char *problem = cli_parse(c, argc, argv, args, why);
	json_t *guess = json_copy(args); /* as it was typed */
	int code;

	snprintf(name, sizeof name, "%s%s%s", c->group, c->verb ? " " : "", c->verb ? c->verb : "");
	if (!problem && !o->json && !file && !dir && ticks(c)) {
		cli_tick_start(&tick, name);
		session.tick = &tick;
	}
	if (problem) {
		code = wrong_words(c, name, problem, argc, argv);
	} else if (!c->cmd) {
		code = own(&session, c, args);
	} else if (dir) {
		code = cli_backup(&session, c->cmd, json_string_value(json_object_get(args, dir->arg)));
	} else if (file) {
		path = strdup(json_object_get(args, file->arg) ? json_string_value(json_object_get(args, file->arg)) : "-");
		json_object_del(args, file->arg); /* it goes along as a descriptor */
		if (path && file->kind == CLI_OUT && o->json && !strcmp(path, "-")) {
			code = usage("--json needs a FILE: without one the rows go to standard output", NULL);
		} else {
			code = path ? cli_ask_with_file(&session, c, args, path, file->kind == CLI_IN) : CLI_USAGE;
		}
		free(path);
	} else if (!o->json && c->last == cli_show_overview) {
		code = cli_overview(&session);
	} else {
		code = cli_ask(&session, c, args);
	}
	cli_tick_stop(session.tick);
	if (code == CLI_NO && refused) {
		cli_guess(&session, c, guess);
	}
	json_decref(guess);
	json_decref(args);
	return code;
}

/* The first word is an option that is none of mtcctl itself. */
static int no_option(const char *word)
{
	char why[CLI_WHY_MAX], words[CLI_WHY_MAX + 64];

	cli_unknown_option(NULL, word, why);
	snprintf(words, sizeof words, "%s%s", why, strchr(why, '?') ? "" : "; options of a command follow the command");
	return usage(words, NULL);
}

static int no_command(const struct options *o)
{
	char words[256], meant[96];

	if (o->words[0][0] == '-') {
		return no_option(o->words[0]);
	}
	if (!cli_is_group(o->words[0])) {
		snprintf(words, sizeof words, "unknown command '%.60s'%s", o->words[0], suggestion(meant, o->words[0], NULL));
		return usage(words, NULL);
	}
	if (o->words_n > 1) {
		snprintf(words, sizeof words, "'%.30s' has no verb '%.60s'%s", o->words[0], o->words[1],
			 suggestion(meant, o->words[1], o->words[0]));
		return usage(words, o->words[0]);
	}
	fprintf(stderr, "mtcctl: '%.30s' needs a verb\n\n", o->words[0]);
	cli_help_group(stderr, o->words[0]);
	return CLI_USAGE;
}

/* Help for the words given so far. */
static int help(const struct options *o)
{
	const struct cli_command *c;
	int used;

	if (!o->words_n) {
		cli_help_all(stdout);
		return CLI_OK;
	}
	c = cli_find(o->words, o->words_n, &used);
	if (c) {
		cli_help_command(stdout, c);
	} else if (cli_is_group(o->words[0])) {
		cli_help_group(stdout, o->words[0]);
	} else {
		return no_command(o);
	}
	return CLI_OK;
}

static int print_version(void)
{
	char text[VERSION_TEXT_MAX];
	const struct version_library libraries[] = { { "jansson", jansson_version_str() } };

	version_text(text, "mtcctl", libraries, sizeof libraries / sizeof *libraries);
	fputs(text, stdout);
	return CLI_OK;
}

static int command(int argc, char **argv)
{
	const char *from_env = getenv("MTC_CTL");
	struct options o = { .socket = from_env && *from_env ? from_env : DEFAULT_SOCKET };
	const struct cli_command *c;
	int used, code = global_options(&o, argc, argv);

	if (code) {
		return code;
	}
	if (o.version) {
		return print_version();
	}
	if (o.words_n && !strcmp(o.words[0], "help")) {
		memmove(o.words, o.words + 1, (size_t)--o.words_n * sizeof *o.words);
		o.help = true;
	}
	if (o.help) {
		return help(&o);
	}
	if (!o.words_n) {
		cli_help_all(stderr);
		return CLI_USAGE;
	}
	c = cli_find(o.words, o.words_n, &used);
	if (!c) {
		return no_command(&o);
	}
	return run(&o, c, o.words_n - used, o.words + used);
}

int main(int argc, char **argv)
{
	int code, end;

	if (stdfd_open()) {
		return CLI_USAGE;
	}
	code = command(argc, argv);
	end = stdfd_end("mtcctl", code, CLI_CONNECT);
	if (code == CLI_OK && end != CLI_OK) {
		fputs("mtcctl: the command itself was carried out: what it changes is done\n", stderr);
	}
	return end;
}
