/* node_opts.h - a command line read by a table: one row is the option, the word for its value, its
 * help.
 * "--name VALUE", "--name=VALUE", "-c VALUE" and flags; "--" ends options; anything else is an
 * operand. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/err.h"

struct node_opt {
	int id;            /* the program's own, above 0; 0 ends the table */
	char letter;       /* short form or 0 */
	const char *name;  /* "payload-hex"; help shows "--payload-hex HEX" */
	const char *value; /* "HEX"; NULL: a flag */
	const char *help;  /* one line; NULL: not shown */
};

struct node_opts {
	const struct node_opt *rows; /* borrowed */
	const char *const *argv;     /* borrowed */
	int argc, at;
	bool operands_only;
	char why[160]; /* after ERR_INVAL: the mistake and what was expected */
};

void node_opts_init(struct node_opts *o, const struct node_opt *rows, int argc, const char *const *argv);

enum { NODE_OPTS_END = 0, NODE_OPTS_OPERAND = -1000 };

/* The next option: its id and *value (NULL for a flag); NODE_OPTS_OPERAND with *value the word;
 * NODE_OPTS_END; ERR_INVAL with o->why: unknown option, value missing, value for a flag. */
ERR_MUST_USE int node_opts_next(struct node_opts *o, const char **value);

/* One row a line, aligned: "  --payload-hex HEX     payload as hex digits". */
void node_opts_help(FILE *out, const struct node_opt *rows);
