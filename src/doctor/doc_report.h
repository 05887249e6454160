/* doc_report.h - what the doctor found: a list of findings, each a row of doc_cause.h with its
 * facts in place. PURE. */
#pragma once
#include <jansson.h>
#include <stdbool.h>

#include "doctor/doc_cause.h"

#define DOC_TEXT_MAX 1024 /* bytes of a sentence with its facts; a longer one is cut */

struct doc_report {
	/* array of {level, cause, about, text, advice, page}; owned by the report; advice and page
	 * are missing where nothing is to be done */
	json_t *findings;
	unsigned count[DOC_WRONG + 1]; /* of each level */
};

struct doc_word { /* a fact */
	const char *name;
	const char *value; /* NULL: as "" */
};

/* False: no memory. */
bool doc_report_begin(struct doc_report *r);
void doc_report_end(struct doc_report *r);

/* Adds a finding. `about`: what was looked at, such as the name of an SCS. Everything is copied.
 * What is not printable ASCII becomes '?', because facts may come from a peer or a file. */
void doc_say(struct doc_report *r, enum doc_cause cause, const char *about, const struct doc_word *words);
#define DOC_WORDS(...) ((const struct doc_word[]){ __VA_ARGS__, { NULL, NULL } })
#define DOC_NO_WORDS ((const struct doc_word[]){ { NULL, NULL } })

/* Puts the facts into a sentence. A name in braces without a fact stays as it is: a test finds it.
 * A fact between quotes loses its own: whoever copies a command into a shell runs nothing that a
 * peer made up. */
void doc_fill(char out[DOC_TEXT_MAX], const char *sentence, const struct doc_word *words);
