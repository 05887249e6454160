/* node_opts.c - the command line, word by word. */
#include "nodes/common/node_opts.h"

#include <string.h>

#include "base/nearest.h"
#include "base/str.h"

void node_opts_init(struct node_opts *o, const struct node_opt *rows, int argc, const char *const *argv)
{
	*o = (struct node_opts){ .rows = rows, .argv = argv, .argc = argc };
}

static const struct node_opt *find_long(const struct node_opt *rows, const char *name, size_t len)
{
	for (; rows->id; rows++) {
		if (strlen(rows->name) == len && strncmp(rows->name, name, len) == 0) {
			return rows;
		}
	}
	return NULL;
}

static const struct node_opt *find_letter(const struct node_opt *rows, char letter)
{
	for (; rows->id; rows++) {
		if (rows->letter && rows->letter == letter) {
			return rows;
		}
	}
	return NULL;
}

static int wrong(struct node_opts *o, const char *word, const char *what, const char *expected)
{
	snprintf(o->why, sizeof o->why, "%.60s: %s%s", word, what, expected);
	return ERR_INVAL;
}

/* A long option that there is not. */
static int unknown(struct node_opts *o, const char *word)
{
	char name[64], meant[72];
	struct nearest near;

	str_cut(name, sizeof name, word + 2);
	name[strcspn(name, "=")] = 0;
	nearest_init(&near, name);
	for (const struct node_opt *row = o->rows; row->id; row++) {
		if (row->help) {
			nearest_offer(&near, row->name);
		}
	}
	if (!near.best) {
		return wrong(o, word, "no such option", "");
	}
	snprintf(meant, sizeof meant, ", did you mean '--%.40s'?", near.best);
	return wrong(o, word, "no such option", meant);
}

/* The value of an option that has one: behind '=' or the next word. */
static int take_value(struct node_opts *o, const struct node_opt *row, const char *word, const char *inner, const char **value)
{
	if (!row->value) {
		if (inner) {
			return wrong(o, word, "takes no value", "");
		}
		*value = NULL;
		return row->id;
	}
	if (!inner && o->at >= o->argc) {
		return wrong(o, word, "needs a value: ", row->value);
	}
	*value = inner ? inner : o->argv[o->at++];
	return row->id;
}

int node_opts_next(struct node_opts *o, const char **value)
{
	const struct node_opt *row;
	const char *word, *equals;

	*value = NULL;
	if (o->at >= o->argc) {
		return NODE_OPTS_END;
	}
	word = o->argv[o->at++];
	if (!o->operands_only && strcmp(word, "--") == 0) {
		o->operands_only = true;
		return node_opts_next(o, value);
	}
	if (o->operands_only || word[0] != '-' || !word[1]) {
		*value = word;
		return NODE_OPTS_OPERAND;
	}
	if (word[1] != '-') {
		row = word[2] ? NULL : find_letter(o->rows, word[1]);
		return row ? take_value(o, row, word, NULL, value) : wrong(o, word, "no such option", "");
	}
	equals = strchr(word, '=');
	row = find_long(o->rows, word + 2, equals ? (size_t)(equals - word) - 2 : strlen(word + 2));
	if (!row) {
		return unknown(o, word);
	}
	return take_value(o, row, word, equals ? equals + 1 : NULL, value);
}

void node_opts_help(FILE *out, const struct node_opt *rows)
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
