/* fuzz_console.c - the promises of what reads a browser's request beyond HTTP: a target has a name of ours, a cookie has one form, only
 * our own names pass, and arguments are of the types that the command has. */
#include <stdlib.h>
#include <string.h>

#include "console/csl_command.h"
#include "console/csl_request.h"
#include "tests/fuzz/fuzz.h"

#define LINES_MAX 64
#define PLAIN "abcdefghijklmnopqrstuvwxyz0123456789.-_"
#define HEX "0123456789abcdef"

/* The lines of the input, each a text; the rest are "". Owned by the caller: *room. */
static size_t lines_of(char *lines[LINES_MAX], char **room, const uint8_t *data, size_t size)
{
	size_t n = 0;
	char *p = calloc(1, size + 1);

	promise(p != NULL, "there is memory");
	memcpy(p, data, size);
	*room = p;
	for (size_t i = 0; i < LINES_MAX; i++) {
		lines[i] = p + size;
	}
	for (char *end; n < LINES_MAX; p = end + 1) {
		lines[n++] = p;
		end = strchr(p, '\n');
		if (!end) {
			break;
		}
		*end = 0;
	}
	return n;
}

static void fuzz_head(const char *target, const uint8_t *data, size_t size)
{
	static char hosts[1][CFG_HOST_MAX] = { "noc.example" };
	const struct csl_names names = { "127.0.0.1", 8640, hosts, 1 };
	char *line[LINES_MAX], *room, cookie[CSL_SECRET_MAX];
	struct csl_target t;
	int err;

	(void)target;
	lines_of(line, &room, data, size);
	err = csl_target_parse(&t, csl_method_of(line[0]), line[1]);
	promise(err == 0 || err == ERR_NOTFOUND || err == ERR_STATE, "a path is ours or not");
	promise(err || csl_method_of(line[0]) != CSL_OTHER, "nothing takes another method");
	promise(err || strspn(t.name, PLAIN) == strlen(t.name), "a name is plain");
	promise(err || (t.what != CSL_COMMAND && t.what != CSL_FILE) || t.name[0], "and there");
	if (!csl_cookie_parse(cookie, CSL_COOKIE, line[2])) {
		promise(strlen(cookie) == CSL_SECRET_MAX - 1 && strspn(cookie, HEX) == CSL_SECRET_MAX - 1,
			"a cookie has one form");
		promise(strstr(line[2], cookie) != NULL, "and was sent");
	}
	promise(csl_cookie_parse(cookie, CSL_COOKIE_TLS, line[2]) || strstr(line[2], CSL_COOKIE_TLS "="),
		"a cookie of HTTPS has its name");
	if (csl_host_ok(&names, line[3])) {
		promise(!strcmp(line[3], "127.0.0.1:8640") || strlen(line[3]) >= 11, "a name is one of ours");
		promise(!strpbrk(line[3], "/@ \r"), "and nothing besides");
	}
	if (*line[4] && csl_origin_ok(line[4], NULL, line[3])) {
		promise(strlen(line[4]) == strlen(line[3]) + 7 || strlen(line[4]) == strlen(line[3]) + 8,
			"an origin is that host");
	}
	free(room);
}

static bool fits(const struct ctl_arg *row, const json_t *value)
{
	switch (row->type) {
	case CTL_A_TEXT:
		return json_is_string(value);
	case CTL_A_NUM:
		return json_is_integer(value) && json_integer_value(value) >= 0;
	case CTL_A_BOOL:
		return json_is_boolean(value);
	case CTL_A_WORDS:
	case CTL_A_TEXTS:
		return json_is_array(value) && json_array_size(value) > 0;
	default:
		return false;
	}
}

static void fuzz_query(const char *target, const uint8_t *data, size_t size)
{
	char *line[LINES_MAX], *room;
	size_t n = lines_of(line, &room, data, size), taken = 0;
	const struct csl_command *c = csl_command_find(line[0]);
	json_t *args = json_object(), *value;
	const char *name;

	(void)target;
	for (size_t i = 1; c && i < n; i++) {
		char *equal = strchr(line[i], '=');

		if (equal) {
			*equal = 0;
		}
		taken += csl_arg_add(args, c->args, line[i], equal ? equal + 1 : "") == NULL;
	}
	promise(json_object_size(args) <= taken, "what is refused is not there");
	json_object_foreach(args, name, value)
	{
		const struct ctl_arg *row = c->args;

		while (row->name && strcmp(row->name, name) != 0) {
			row++;
		}
		promise(row->name && fits(row, value), "an argument is of its type");
	}
	json_decref(args);
	free(room);
}

static void fuzz_body(const char *target, const uint8_t *data, size_t size)
{
	json_t *args = csl_args_of_body((const char *)data, size);

	(void)target;
	promise(!args || json_is_object(args), "a body is an object");
	json_decref(args);
}

fuzz_fn *fuzz_find(const char *target)
{
	return !strcmp(target, "console-head")    ? fuzz_head
	       : !strcmp(target, "console-query") ? fuzz_query
	       : !strcmp(target, "console-body")  ? fuzz_body
						  : NULL;
}
