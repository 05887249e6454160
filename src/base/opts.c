/* opts.c - the command line, word by word. */
#include "base/opts.h"

#include <string.h>

#include "base/exit_codes.h"
#include "base/nearest.h"
#include "base/str.h"

void opts_init(struct opts *o, const struct opt *rows, int argc, const char *const *argv)
{
	*o = (struct opts){ .rows = rows, .argv = argv, .argc = argc };
}

static const struct opt *find_long(const struct opt *rows, const char *name, size_t len)
{
	for (; rows->id; rows++) {
		if (strlen(rows->name) == len && strncmp(rows->name, name, len) == 0) {
			return rows;
		}
	}
	return NULL;
}

static const struct opt *find_letter(const struct opt *rows, char letter)
{
	for (; rows->id; rows++) {
		if (rows->letter && rows->letter == letter) {
			return rows;
		}
	}
	return NULL;
}

static void unknown_of(char *why, size_t cap, const char *kind, const char *word, const char *before, const char *meant)
{
	snprintf(why, cap, "unknown %s '%.60s'%s%s%.60s%s", kind, word, meant ? ", did you mean '" : "", meant ? before : "",
		 meant ? meant : "", meant ? "'?" : "");
}

void opts_unknown(char *why, size_t cap, const char *word, const char *meant)
{
	unknown_of(why, cap, "option", word, "--", meant);
}

void opts_unknown_command(char *why, size_t cap, const char *word, const char *meant)
{
	unknown_of(why, cap, "command", word, "", meant);
}

int opts_usage(const char *program, const char *command, const char *words)
{
	fprintf(stderr, "%s: %s\nTry: %s%s%s --help\n", program, words, program, command ? " " : "", command ? command : "");
	return EXIT_CODE_USAGE;
}

/* A long option that there is not. */
static int unknown(struct opts *o, const char *word)
{
	struct nearest near;
	char name[64];

	str_cut(name, sizeof name, word + 2);
	name[strcspn(name, "=")] = 0;
	nearest_init(&near, name);
	for (const struct opt *row = o->rows; row->id; row++) {
		if (row->help) {
			nearest_offer(&near, row->name);
		}
	}
	opts_unknown(o->why, sizeof o->why, word, near.best);
	return ERR_INVAL;
}

/* The value of an option that has one: behind '=' or the next word. */
static int take_value(struct opts *o, const struct opt *row, const char *word, const char *inner, const char **value)
{
	if (!row->value) {
		if (inner) {
			snprintf(o->why, sizeof o->why, OPTS_NO_VALUE, (int)strcspn(word, "="), word);
			return ERR_INVAL;
		}
		*value = NULL;
		return row->id;
	}
	if (!inner && o->at >= o->argc) {
		snprintf(o->why, sizeof o->why, OPTS_NEEDS, word, row->value);
		return ERR_INVAL;
	}
	*value = inner ? inner : o->argv[o->at++];
	return row->id;
}

/* One of the letters of a word. What follows the letter of an option with a value is its value. */
static int next_letter(struct opts *o, const char **value)
{
	const char word[3] = { '-', *o->letters++, 0 }, *inner = *o->letters ? o->letters : NULL;
	const struct opt *row = find_letter(o->rows, word[1]);

	if (!inner || !row || row->value) {
		o->letters = NULL;
	}
	if (!row) {
		opts_unknown(o->why, sizeof o->why, word, NULL);
		return ERR_INVAL;
	}
	return take_value(o, row, word, row->value ? inner : NULL, value);
}

int opts_next(struct opts *o, const char **value)
{
	const struct opt *row;
	const char *word, *equals;

	*value = NULL;
	if (o->letters) {
		return next_letter(o, value);
	}
	if (o->at >= o->argc) {
		return OPTS_END;
	}
	word = o->argv[o->at++];
	if (!o->operands_only && strcmp(word, "--") == 0) {
		o->operands_only = true;
		return opts_next(o, value);
	}
	if (o->operands_only || word[0] != '-' || !word[1]) {
		*value = word;
		return OPTS_OPERAND;
	}
	if (word[1] != '-') {
		o->letters = word + 1;
		return next_letter(o, value);
	}
	equals = strchr(word, '=');
	row = find_long(o->rows, word + 2, equals ? (size_t)(equals - word) - 2 : strlen(word + 2));
	if (!row) {
		return unknown(o, word);
	}
	return take_value(o, row, word, equals ? equals + 1 : NULL, value);
}

void opts_help(FILE *out, const struct opt *rows)
{
	for (; rows->id; rows++) {
		char left[64];

		if (!rows->help) {
			continue;
		}
		if (rows->letter) {
			snprintf(left, sizeof left, "-%c, --%s%s%s", rows->letter, rows->name, rows->value ? " " : "",
				 rows->value ? rows->value : "");
		} else {
			snprintf(left, sizeof left, "--%s%s%s", rows->name, rows->value ? " " : "",
				 rows->value ? rows->value : "");
		}
		fprintf(out, "  %-24s %s\n", left, rows->help);
	}
}
