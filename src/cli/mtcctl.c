/* mtcctl.c - the operator's command line: words -> request -> control socket -> table or JSON. The
 * rows know the commands; this file does not. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/nearest.h"
#include "base/obj.h"
#include "base/stdfd.h"
#include "base/str.h"
#include "cli/cli_bar.h"
#include "cli/cli_command.h"
#include "cli/cli_file.h"
#include "ctl/ctl_client.h"

#define DEFAULT_SOCKET "/run/mtc-iwf/ctl.sock"
#define WORDS_MAX 128

struct options {
	const char *socket;
	bool json, help, version;
	uint32_t wait_s;
	char *words[WORDS_MAX]; /* remaining words: command, verb and their arguments */
	int words_n;
};

#define REPLY_MAGIC 0xf3dbd21bu
struct reply {
	struct obj obj;
	const struct cli_command *command;
	bool json;
	struct cli_table *table;
	int exit;
	/* of an import or export */
	struct cli_file *file; /* NULL: another command */
	const char *name;
	struct cli_bar bar;
	json_t *last; /* owned */
	/* of what deletes much */
	json_t *unsure; /* the row that says so; owned; NULL: there was none */
	bool ask;       /* a person is asked then, in place of the words of the refusal */
	bool unwritten; /* an export that could not be written, as other output */
};

static int usage(const char *words, const char *more)
{
	fprintf(stderr, "mtcctl: %s\nTry: mtcctl%s%s --help\n", words, more ? " " : "", more ? more : "");
	return CLI_USAGE;
}

/* Is argv[i] the global option `name`, with its value? Moves i behind it. */
static bool with_value(const char *name, int argc, char **argv, int *i, const char **value)
{
	size_t n = strlen(name);

	if (!strncmp(argv[*i], name, n) && argv[*i][n] == '=') {
		*value = argv[*i] + n + 1;
		return true;
	}
	if (strcmp(argv[*i], name)) {
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

static bool is_group(const char *word)
{
	for (const struct cli_command *c = cli_commands; c->group; c++) {
		if (!strcmp(c->group, word)) {
			return true;
		}
	}
	return false;
}

/* How many of the words are this verb ("member add" is two); 0: another one. */
static int verb_words(const char *verb, char *const *words, int n)
{
	int used = 0;

	for (const char *at = verb; *at; at += strspn(at, " ")) {
		size_t len = strcspn(at, " ");

		if (used == n || strlen(words[used]) != len || strncmp(at, words[used], len) != 0) {
			return 0;
		}
		used++;
		at += len;
	}
	return used;
}

/* Returns the row of these words; *used is how many of them name it. A row with a verb is preferred
 * to the one without ("peers stop" and "peers"). NULL: no row. */
static const struct cli_command *find_command(char *const *words, int n, int *used)
{
	const struct cli_command *plain = NULL;

	for (const struct cli_command *c = cli_commands; c->group; c++) {
		if (strcmp(c->group, words[0])) {
			continue;
		}
		if (!c->verb) {
			plain = c;
			continue;
		}
		*used = 1 + verb_words(c->verb, words + 1, n - 1);
		if (*used > 1) {
			return c;
		}
	}
	*used = 1;
	return plain;
}

static void show_members(FILE *out, const json_t *row)
{
	/* of the values beside it; NULL: the shown values are in force */
	const json_t *in_force = json_object_get(row, "in_force");
	const char *name;
	json_t *v;
	char text[512];

	json_object_foreach((json_t *)(uintptr_t)row, name, v)
	{
		const json_t *held = json_object_get(in_force, name);

		if (v == in_force) {
			continue;
		}
		cli_text(text, sizeof text, v);
		fprintf(out, "%-18s%s", name, *text ? text : "-");
		if (held && !json_equal(held, v)) {
			cli_text(text, sizeof text, held);
			fprintf(out, " stored, in force %s: %s", text,
				json_integer_value(v) ? "the configuration has the smaller limit" : "as configured");
		}
		fputs("\n", out);
	}
}

static void show_json(const json_t *row)
{
	char *text = json_dumps(row, JSON_COMPACT | JSON_ENSURE_ASCII);

	if (text) {
		puts(text);
	}
	free(text);
}

/* How far it is, or a mistake in the file. */
static int file_row(struct reply *r, const json_t *row)
{
	const char *error = json_string_value(json_object_get(row, "error"));

	if (json_is_true(json_object_get(row, "done"))) {
		cli_bar_clear(&r->bar);
		r->last = json_incref((json_t *)(uintptr_t)row);
	} else if (!r->json && error) {
		cli_bar_clear(&r->bar);
		fprintf(stderr, "%s:%lld: %s\n", r->name, (long long)json_integer_value(json_object_get(row, "line")), error);
	} else if (!r->json) {
		cli_bar_show(&r->bar, row, clock_mono_ms());
	}
	return 0;
}

/* `assoc check` and `health` say no with their exit code for programs too. */
static int last_line(struct reply *r, const json_t *row)
{
	const json_t *allowed = json_object_get(row, "allowed");
	bool ill = r->command->last == cli_show_health && json_is_false(json_object_get(row, "healthy"));

	cli_table_end(r->table);
	r->table = NULL;
	if (r->json) {
		r->exit = json_is_false(allowed) || ill ? CLI_NO : CLI_OK;
	} else if (json_is_true(json_object_get(row, "ok")) && r->command->last) {
		r->exit = r->command->last(stdout, row);
	}
	return 0;
}

static void show_warnings(const json_t *last)
{
	const json_t *text;
	size_t i;

	json_array_foreach(json_object_get(last, "warnings"), i, text)
	    fprintf(stderr, "mtcctl: warning: %s\n", json_string_value(text) ? json_string_value(text) : "");
}

/* What deletes much, and what of it: true when the row is about that. */
static bool gone_row(struct reply *r, const json_t *row)
{
	const char *goes = json_string_value(json_object_get(row, "goes"));

	if (json_is_true(json_object_get(row, "done"))) {
		return false;
	}
	if (goes && !r->json) {
		cli_bar_clear(&r->bar);
		fprintf(stderr, "deletes %s\n", goes);
	}
	if (json_is_true(json_object_get(row, "needs_yes"))) {
		json_decref(r->unsure);
		r->unsure = json_incref((json_t *)(uintptr_t)row);
	}
	return goes || json_is_true(json_object_get(row, "needs_yes"));
}

static int on_row(void *arg, const json_t *row)
{
	struct reply *r = OBJ_OF(arg, struct reply, REPLY_MAGIC);

	if (r->json) {
		show_json(row);
	} else if (json_is_true(json_object_get(row, "done"))) {
		show_warnings(row);
	}
	if (gone_row(r, row)) {
		return 0;
	}
	if (json_is_true(json_object_get(row, "unwritten"))) {
		r->unwritten = true;
		return 0;
	}
	if (r->file) {
		fflush(stdout); /* a program that reads wants to know how far it is now */
		return file_row(r, row);
	}
	if (json_is_true(json_object_get(row, "done"))) {
		return last_line(r, row);
	}
	if (r->json) {
		return 0;
	}
	if (r->table && r->command->columns[0].title) {
		cli_table_row(r->table, row);
	} else {
		show_members(stdout, row);
	}
	return 0;
}

static int ask(const struct cli_session *s, const json_t *args, struct reply *r)
{
	const struct cli_command *c = r->command;
	char why[CTL_CLIENT_WHY_MAX];
	struct ctl_client *client;
	int err = ctl_client_open(&client, s->socket, s->wait_ms, why);

	if (err) {
		fprintf(stderr, "mtcctl: %s\n", why);
		return err == ERR_INVAL ? CLI_USAGE : CLI_CONNECT;
	}
	if (c->columns && !s->json) {
		r->table = cli_table_new(stdout, c->columns);
	}
	err = ctl_client_ask(client, c->cmd, args, r->file ? r->file->fd : -1, s->wait_ms, on_row, r, why);
	ctl_client_close(client);
	cli_table_end(r->table);
	cli_bar_clear(&r->bar);
	if (err && !(r->ask && r->unsure)) {
		fprintf(stderr, "mtcctl: %s\n", why);
	}
	return err == ERR_REFUSED ? CLI_NO : err ? CLI_CONNECT : r->exit;
}

/* The same. If many rows would be deleted, a person at a terminal is asked and the request is
 * repeated. */
static int ask_until_sure(const struct cli_session *s, json_t *args, struct reply *r)
{
	/* else the file cannot be read twice */
	bool again = !r->file || lseek(r->file->fd, 0, SEEK_CUR) >= 0;
	int code;

	r->ask = again && !s->json && isatty(STDIN_FILENO) && isatty(STDERR_FILENO);
	code = ask(s, args, r);
	if (code == CLI_NO && r->ask && r->unsure) {
		json_object_set(args, "deletes_max", json_object_get(r->unsure, "deletes"));
		r->ask = false;
		json_decref(r->last);
		r->last = NULL;
		if (!cli_yes(json_string_value(json_object_get(r->unsure, "text")))) {
			fputs("mtcctl: nothing was changed\n", stderr);
		} else if (r->file && lseek(r->file->fd, 0, SEEK_SET) < 0) {
			perror("mtcctl: the file cannot be read again");
		} else {
			code = ask(s, args, r);
		}
	}
	json_decref(r->unsure);
	r->unsure = NULL;
	return code;
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

/* What the server may call the file in its messages. */
static void name_file(json_t *args, struct reply *r, const char *path, bool in)
{
	size_t n = strlen(path), most = 200;
	const char *format = cli_file_format(path);

	r->name = strcmp(path, "-") ? path : in ? "standard input" : "standard output";
	json_object_set_new(args, "name", json_string(n > most ? r->name + n - most : r->name));
	if (!json_object_get(args, "name")) {
		json_object_set_new(args, "name", json_string("file")); /* its name is no UTF-8 */
	}
	if (format && !json_object_get(args, "format")) {
		json_object_set_new(args, "format", json_string(format));
	}
}

static int ask_with_file(const struct cli_session *s, const struct cli_command *c, json_t *args, const char *path, bool in)
{
	struct reply r = { .obj = OBJ(REPLY_MAGIC), .command = c, .json = s->json };
	char why[CLI_FILE_WHY_MAX];
	struct cli_file file;
	int code;

	if (!(in ? cli_file_in(&file, path, why) : cli_file_out(&file, path, why))) {
		fprintf(stderr, "mtcctl: %s\n", why);
		return CLI_USAGE;
	}
	name_file(args, &r, path, in);
	r.file = &file;
	if (!s->json) {
		cli_bar_init(&r.bar, stderr);
	}
	code = ask_until_sure(s, args, &r);
	if (code == CLI_NO && r.unwritten) {
		code = CLI_CONNECT;
	}
	if (!cli_file_end(&file, code == CLI_OK, why)) {
		fprintf(stderr, "mtcctl: %s\n", why);
		code = CLI_CONNECT;
	}
	if (code == CLI_OK && !s->json && (in || !file.standard)) {
		code = in ? cli_show_import(stdout, r.last, r.name) : cli_show_export(stdout, r.last, r.name);
	}
	json_decref(r.last);
	return code;
}

static int run(const struct options *o, const struct cli_command *c, int argc, char *const *argv)
{
	const struct cli_param *file = file_of(c), *dir = dir_of(c);
	struct cli_session session = { o->socket, o->wait_s * 1000, o->json };
	char why[CLI_WHY_MAX], name[64], *path;
	json_t *args = json_object();
	const char *problem = cli_parse(c, argc, argv, args, why);
	int code;

	if (problem) {
		snprintf(name, sizeof name, "%s%s%s", c->group, c->verb ? " " : "", c->verb ? c->verb : "");
		code = usage(problem, name);
	} else if (!c->cmd) {
		code = cli_journal(&session, c->verb, args);
	} else if (dir) {
		code = cli_backup(&session, c->cmd, json_string_value(json_object_get(args, dir->arg)));
	} else if (file) {
		path = strdup(json_object_get(args, file->arg) ? json_string_value(json_object_get(args, file->arg)) : "-");
		json_object_del(args, file->arg); /* it goes along as a descriptor */
		if (path && file->kind == CLI_OUT && o->json && !strcmp(path, "-")) {
			code = usage("--json needs a FILE: without one the rows go to standard output", NULL);
		} else {
			code = path ? ask_with_file(&session, c, args, path, file->kind == CLI_IN) : CLI_USAGE;
		}
		free(path);
	} else {
		code = ask_until_sure(&session, args, &(struct reply){ .obj = OBJ(REPLY_MAGIC), .command = c, .json = o->json });
	}
	json_decref(args);
	return code;
}

/* ", did you mean 'assoc'?" or "". `group` NULL: a command is looked for, else one of its verbs. */
static const char *suggestion(char out[96], const char *word, const char *group)
{
	struct nearest n;

	nearest_init(&n, word);
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

static int no_command(const struct options *o)
{
	char words[256], meant[96];

	if (!is_group(o->words[0])) {
		snprintf(words, sizeof words, "unknown command '%.60s'%s", o->words[0], suggestion(meant, o->words[0], NULL));
		return usage(words, NULL);
	}
	if (o->words_n > 1) {
		snprintf(words, sizeof words, "'%.30s' has no verb '%.60s'%s", o->words[0], o->words[1],
			 suggestion(meant, o->words[1], o->words[0]));
	} else {
		snprintf(words, sizeof words, "'%.30s' needs a verb", o->words[0]);
	}
	return usage(words, o->words[0]);
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
	c = find_command(o->words, o->words_n, &used);
	if (c) {
		cli_help_command(stdout, c);
	} else if (is_group(o->words[0])) {
		cli_help_group(stdout, o->words[0]);
	} else {
		return no_command(o);
	}
	return CLI_OK;
}

static int command(int argc, char **argv)
{
	const char *from_env = getenv("MTC_CTL");
	struct options o = { .socket = from_env && *from_env ? from_env : DEFAULT_SOCKET, .wait_s = 30 };
	const struct cli_command *c;
	int used, code = global_options(&o, argc, argv);

	if (code) {
		return code;
	}
	if (o.version) {
		puts("mtcctl " MTC_VERSION);
		return CLI_OK;
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
	c = find_command(o.words, o.words_n, &used);
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
