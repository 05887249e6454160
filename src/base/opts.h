/* opts.h - a command line read by a table: one row is the option, the word for its value, its help.
 * "--name VALUE", "--name=VALUE", "-c VALUE", "-cVALUE", flags, several letters in one word ("-tc
 * VALUE"); "--" ends options; anything else is an operand. What is said of a slip is the same in
 * all programs, also in mtcctl, which has rows of another form. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/err.h"

struct opt {
	int id;            /* the program's own, above 0; 0 ends the table */
	char letter;       /* short form or 0 */
	const char *name;  /* "payload-hex"; help shows "--payload-hex HEX" */
	const char *value; /* "HEX"; NULL: a flag */
	const char *help;  /* one line; NULL: not shown, and not for people */
};

struct opts {
	const struct opt *rows;  /* borrowed */
	const char *const *argv; /* borrowed */
	int argc, at;
	bool operands_only;
	const char *letters; /* the rest of a word of letters; NULL: none */
	char why[160];       /* after ERR_INVAL: the mistake and what was expected */
};

void opts_init(struct opts *o, const struct opt *rows, int argc, const char *const *argv);

enum { OPTS_END = 0, OPTS_OPERAND = -1000 };

/* The next option: its id and *value (NULL for a flag); OPTS_OPERAND with *value the word;
 * OPTS_END; ERR_INVAL with o->why: unknown option, value missing, value for a flag. */
ERR_MUST_USE int opts_next(struct opts *o, const char **value);

/* One row a line, aligned: "  --payload-hex HEX     payload as hex digits". */
void opts_help(FILE *out, const struct opt *rows);

/* Forms of what is said. */
#define OPTS_NEEDS "%.60s needs %.60s"
#define OPTS_NO_VALUE "%.*s takes no value"
#define OPTS_UNEXPECTED "unexpected argument '%.60s'"
#define OPTS_NO_CONFIG "-c FILE is missing: the configuration"
/* "unknown option 'WORD'", and the option that was meant: `meant`, without "--"; NULL: unknown. */
void opts_unknown(char *why, size_t cap, const char *word, const char *meant);
/* The same of a command. */
void opts_unknown_command(char *why, size_t cap, const char *word, const char *meant);
/* "mtc-x: WORDS" on stderr, and the next step. `command`: of mtcctl; NULL: none. Returns
 * EXIT_CODE_USAGE. */
int opts_usage(const char *program, const char *command, const char *words);
