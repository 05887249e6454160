/* cli_quickstart.h - what `mtcctl quickstart` writes, runs and prints: texts with places, and the
 * values that stand there. */
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/err.h"

struct qs_values {
	uint16_t port, hss_port, smssc_port;
};

/* A file of the new directory. */
struct qs_file {
	const char *name; /* NULL ends the table */
	const char *text; /* with places @PORT@, @HSS_PORT@, @SMSSC_PORT@ */
};
extern const struct qs_file qs_files[];

/* One line for the shell, run in the directory pki; the lines of docs/user/certificates.md. */
struct qs_line {
	const char *about; /* NULL: goes with the line before */
	const char *line;  /* NULL ends the table */
};
extern const struct qs_line qs_openssl[];

enum qs_where {
	QS_SERVE, /* in a terminal of its own: it stays */
	QS_ASK,   /* ends by itself */
};

struct qs_step {
	enum qs_where where;
	const char *about;
	const char *line; /* with places; NULL ends the table */
};
extern const struct qs_step qs_steps[];

/* Writes `text` with the values in its places. ERR_INVAL: a place that there is not; what was
 * written before it stays. Write errors are those of the stream. */
ERR_MUST_USE int qs_expand(FILE *out, const char *text, const struct qs_values *v);
