/* cli_ask.c - request -> control socket -> table or JSON. Asks again after a person said yes to a
 * change that deletes much. */
#include "cli/cli_ask.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/obj.h"
#include "cli/cli_bar.h"
#include "cli/cli_client.h"
#include "cli/cli_file.h"
#include "cli/cli_tick.h"

#define REPLY_MAGIC 0xf3dbd21bu
struct reply {
	struct obj obj;
	const struct cli_command *command;
	bool json;
	struct cli_tick *tick;
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
	bool refused;   /* `assoc check` says no for another reason than a rule */
	bool unwritten; /* an export that could not be written, as other output */
};

static void show_members(FILE *out, const json_t *row)
{
	/* of the values beside it; NULL: the shown values are in force */
	const json_t *in_force = json_object_get(row, "in_force");
	const char *name;
	json_t *v;
	char text[2048]; /* every address of an SCS under NDS/IP */

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

	/* its path has reasons beside the rules, such as an SCS that nobody has provisioned */
	r->refused = json_is_false(allowed) && json_array_size(json_object_get(row, "path"));
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

	cli_tick_stop(r->tick);
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
	int err = cli_client(&client, s, s->socket, why);

	if (err) {
		cli_tick_stop(r->tick);
		fprintf(stderr, "mtcctl: %s\n", why);
		return err == ERR_INVAL ? CLI_USAGE : CLI_CONNECT;
	}
	if (c->columns && !s->json) {
		r->table = cli_table_new(stdout, c->columns);
	}
	err = ctl_client_ask(client, c->cmd, args, r->file ? r->file->fd : -1, s->wait_ms, on_row, r, why);
	ctl_client_close(client);
	cli_tick_stop(r->tick);
	cli_table_end(r->table);
	cli_bar_clear(&r->bar);
	if (s->refused && (err == ERR_REFUSED || r->refused)) {
		*s->refused = true;
	}
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

int cli_ask(const struct cli_session *s, const struct cli_command *c, json_t *args)
{
	return ask_until_sure(s, args,
			      &(struct reply){ .obj = OBJ(REPLY_MAGIC), .command = c, .json = s->json, .tick = s->tick });
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

int cli_ask_with_file(const struct cli_session *s, const struct cli_command *c, json_t *args, const char *path, bool in)
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
