/* cli_parse.c - turns words of the command line into arguments of the request, by the rows of the
 * command. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/nearest.h"
#include "base/opts.h"
#include "cli/cli_command.h"

static bool takes_value(const struct cli_param *p)
{
	return p->kind != CLI_TRUE && p->kind != CLI_FALSE && p->kind != CLI_FIXED;
}

static const struct cli_param *find_option(const struct cli_param *p, const char *name, size_t n)
{
	for (; p && p->arg; p++) {
		if (p->option && strlen(p->option) == n && !strncmp(p->option, name, n)) {
			return p;
		}
	}
	return NULL;
}

static const struct cli_param *find_letter(const struct cli_param *p, const char *word)
{
	for (; p && p->arg; p++) {
		if (p->letter && word[1] == p->letter && !word[2]) {
			return p;
		}
	}
	return NULL;
}

static const struct cli_param *nth_operand(const struct cli_param *p, unsigned n)
{
	for (; p && p->arg; p++) {
		if (!p->option && p->kind != CLI_PRESET && !n--) {
			return p;
		}
	}
	return NULL;
}

static const char *name_of(char out[64], const struct cli_param *p)
{
	snprintf(out, 64, "%s%s", p->option && !p->pair ? "--" : "", p->option ? p->option : p->shown);
	return out;
}

/* The same argument was given before: by the same word, or by another one of these rows with that
 * meaning. */
static const char *given_twice(const struct cli_param *p, const struct cli_param *all, char why[CLI_WHY_MAX])
{
	char name[64], other[64];

	for (; all && all->arg; all++) {
		if (all != p && all->option && all->kind == CLI_FIXED && p->kind == CLI_FIXED && !strcmp(all->arg, p->arg)) {
			snprintf(why, CLI_WHY_MAX, "use either %s or %s, and only once", name_of(other, all), name_of(name, p));
			return why;
		}
	}
	snprintf(why, CLI_WHY_MAX, "%s is given twice", name_of(name, p));
	return why;
}

/* "acme,beta"; the option may be there several times, too. */
static const char *set_names(const struct cli_param *p, const char *text, json_t *args, char why[CLI_WHY_MAX])
{
	json_t *list = json_object_get(args, p->arg), *v;
	char *copy = strdup(text), *rest = copy, *name;

	if (!list && !json_object_set_new(args, p->arg, json_array())) {
		list = json_object_get(args, p->arg);
	}
	while (list && (name = strsep(&rest, ","))) {
		v = cli_value(p, name, why);
		if (!v) {
			free(copy);
			return why;
		}
		json_array_append_new(list, v);
	}
	if (!list || !copy) {
		snprintf(why, CLI_WHY_MAX, "out of memory");
	}
	free(copy);
	return list && copy ? NULL : why;
}

/* Adds to a mistake the command that lists what is right. */
static const char *with_lister(const struct cli_command *c, const struct cli_param *p, char why[CLI_WHY_MAX])
{
	const char *lister = cli_lister(c, p);
	size_t n = strlen(why);

	if (lister) {
		snprintf(why + n, CLI_WHY_MAX - n, "; '%s' shows them", lister);
	}
	return why;
}

/* A name or number that is none says little by itself: what it would be the name or number of. */
static const char *wrong_value(const struct cli_command *c, const struct cli_param *p, char why[CLI_WHY_MAX])
{
	size_t n = strlen(why);

	if (!p->option && (p->kind == CLI_NUM || p->kind == CLI_NAME)) {
		snprintf(why + n, CLI_WHY_MAX - n, " (%s)", p->meaning);
	}
	return with_lister(c, p, why);
}

static const char *set(const struct cli_command *c, const struct cli_param *p, const char *text, json_t *args,
		       char why[CLI_WHY_MAX])
{
	json_t *v;

	if (p->kind == CLI_NAMES) {
		return set_names(p, text, args, why) ? with_lister(c, p, why) : NULL;
	}
	if (json_object_get(args, p->arg)) {
		return given_twice(p, c->params, why);
	}
	v = cli_value(p, text, why);
	if (!v) {
		return wrong_value(c, p, why);
	}
	json_object_set_new(args, p->arg, v);
	return NULL;
}

const char *cli_unknown_option(const struct cli_param *p, const char *word, char why[CLI_WHY_MAX])
{
	static const char *const own[] = { "socket", "json", "color", "wait", "help", "version" }; /* of mtcctl itself */
	struct nearest near;
	char name[64];

	snprintf(name, sizeof name, "%.*s", (int)strcspn(word, "="), word);
	nearest_init(&near, name + strspn(name, "-"));
	for (; p && p->arg; p++) {
		if (p->option && !p->pair) {
			nearest_offer(&near, p->option);
		}
	}
	for (size_t i = 0; i < sizeof own / sizeof *own; i++) {
		nearest_offer(&near, own[i]);
	}
	opts_unknown(why, CLI_WHY_MAX, word, near.best);
	return why;
}

/* A value of `scs set` and the like that there is not. */
static const char *unknown_key(const struct cli_param *p, const char *word, char why[CLI_WHY_MAX])
{
	struct nearest near;

	nearest_init(&near, word);
	for (; p && p->arg; p++) {
		if (p->pair) {
			nearest_offer(&near, p->option);
		}
	}
	if (near.best) {
		snprintf(why, CLI_WHY_MAX, "there is no value '%.60s' to set, did you mean '%s'?", word, near.best);
	} else {
		snprintf(why, CLI_WHY_MAX, "there is no value '%.60s' to set", word);
	}
	return why;
}

/* --name VALUE, --name=VALUE or --name. *used is how many words it took. */
static const char *option(const struct cli_command *c, int argc, char *const *argv, json_t *args, int *used,
			  char why[CLI_WHY_MAX])
{
	const char *name = argv[0] + 2, *equals = strchr(name, '=');
	size_t n = equals ? (size_t)(equals - name) : strlen(name);
	const struct cli_param *p = find_option(c->params, name, n);

	*used = 1;
	if (!p) {
		return cli_unknown_option(c->params, argv[0], why);
	}
	if (!takes_value(p)) {
		if (!equals) {
			return set(c, p, "", args, why);
		}
		snprintf(why, CLI_WHY_MAX, OPTS_NO_VALUE, (int)(n + 2), argv[0]);
		return why;
	}
	if (equals) {
		return set(c, p, equals + 1, args, why);
	}
	if (argc < 2) {
		snprintf(why, CLI_WHY_MAX, OPTS_NEEDS, argv[0], p->shown);
		return why;
	}
	*used = 2;
	return set(c, p, argv[1], args, why);
}

/* -c VALUE */
static const char *letter(const struct cli_command *c, int argc, char *const *argv, json_t *args, int *used,
			  char why[CLI_WHY_MAX])
{
	const struct cli_param *p = find_letter(c->params, argv[0]);

	if (!p) {
		return cli_unknown_option(c->params, argv[0], why);
	}
	if (argc < 2) {
		snprintf(why, CLI_WHY_MAX, OPTS_NEEDS, argv[0], p->shown);
		return why;
	}
	*used = 2;
	return set(c, p, argv[1], args, why);
}

/* The usual cause of many is a '*' that the shell replaced by the names of files. */
static const char *unexpected(const struct cli_param *p, const char *word, char why[CLI_WHY_MAX])
{
	while (p && p->arg && p->kind != CLI_DEVICE && p->kind != CLI_WHO) {
		p++;
	}
	snprintf(why, CLI_WHY_MAX, OPTS_UNEXPECTED "%s", word, p && p->arg ? "; quote '*' in the shell" : "");
	return why;
}

static bool has_pairs(const struct cli_command *c)
{
	for (const struct cli_param *p = c->params; p && p->arg; p++) {
		if (p->pair) {
			return true;
		}
	}
	return false;
}

static const char *complete(const struct cli_command *c, json_t *args, char why[CLI_WHY_MAX])
{
	const json_t *low = json_object_get(args, "port_min"), *high = json_object_get(args, "port_max");

	for (const struct cli_param *p = c->params; p && p->arg; p++) {
		if (p->kind == CLI_PRESET) {
			json_object_set_new(args, p->arg, json_string(p->words));
		}
	}
	for (const struct cli_param *p = c->params; p && p->arg; p++) {
		if (p->required && !json_object_get(args, p->arg)) {
			snprintf(why, CLI_WHY_MAX, "%s%s is missing (%s)", p->option ? "--" : "",
				 p->option ? p->option : p->shown, p->meaning);
			return with_lister(c, p, why);
		}
	}
	if (has_pairs(c)) {
		const struct cli_param *p = c->params;

		while (p->arg && (!p->pair || !json_object_get(args, p->arg))) {
			p++;
		}
		if (!p->arg) {
			snprintf(why, CLI_WHY_MAX, "KEY VALUE is missing: name the value to set");
			return why;
		}
	}
	if (low && high && json_integer_value(low) > json_integer_value(high)) {
		snprintf(why, CLI_WHY_MAX, "--port-min is above --port-max");
		return why;
	}
	return NULL;
}

static const struct cli_param *find_key(const struct cli_param *p, const char *word)
{
	for (; p && p->arg; p++) {
		if (p->pair && (!strcmp(p->option, word) || !strcmp(p->arg, word))) {
			return p;
		}
	}
	return NULL;
}

/* KEY VALUE, as often as wanted. */
static const char *pairs(const struct cli_command *c, char *const *words, unsigned n, json_t *args, char why[CLI_WHY_MAX])
{
	const char *problem = NULL;

	for (unsigned i = 0; i < n && !problem; i += 2) {
		const struct cli_param *p = find_key(c->params, words[i]);

		if (!p) {
			problem = unknown_key(c->params, words[i], why);
		} else if (i + 1 == n) {
			problem = (snprintf(why, CLI_WHY_MAX, "%s needs %s", p->option, p->shown), why);
		} else {
			problem = set(c, p, words[i + 1], args, why);
		}
	}
	return problem;
}

#define OPERANDS_MAX 48 /* a pair for every value of an SCS, and more */

/* Operands in the order of their rows; one that may be left out is, when there are fewer words. */
static const char *operands(const struct cli_command *c, char *const *words, unsigned n, json_t *args, char why[CLI_WHY_MAX])
{
	const struct cli_param *p;
	const char *problem = NULL;
	unsigned left_out = 0, at = 0;

	while (nth_operand(c->params, left_out)) {
		left_out++;
	}
	left_out = left_out > n ? left_out - n : 0;
	for (unsigned i = 0; (p = nth_operand(c->params, i)) && at < n && !problem; i++) {
		if (!p->required && left_out) {
			left_out--;
		} else {
			problem = set(c, p, words[at++], args, why);
		}
	}
	if (!problem && at < n && has_pairs(c)) {
		return pairs(c, words + at, n - at, args, why);
	}
	if (!problem && at < n) {
		problem = unexpected(c->params, words[at], why);
	}
	return problem;
}

const char *cli_parse(const struct cli_command *c, int argc, char *const *argv, json_t *args, char why[CLI_WHY_MAX])
{
	const char *problem = NULL;
	char *words[OPERANDS_MAX];
	bool operands_only = false;
	unsigned n = 0;

	for (int i = 0, used = 1; i < argc && !problem; i += used) {
		used = 1;
		if (!operands_only && !strcmp(argv[i], "--")) {
			operands_only = true;
			continue;
		}
		if (!operands_only && argv[i][0] == '-' && argv[i][1]) {
			problem = argv[i][1] == '-' ? option(c, argc - i, argv + i, args, &used, why)
						    : letter(c, argc - i, argv + i, args, &used, why);
			continue;
		}
		if (n < OPERANDS_MAX) {
			words[n++] = argv[i];
		} else {
			problem = unexpected(c->params, argv[i], why);
		}
	}
	if (!problem) {
		problem = operands(c, words, n, args, why);
	}
	return problem ? problem : complete(c, args, why);
}
