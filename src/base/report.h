/* report.h - the findings of reading the files, one line each: for the log, for -t, and for the
 * requester of a reload. */
#pragma once
#include <stddef.h>
#include <stdio.h>

#define REPORT_OCTETS_MAX 16384 /* octets */

/* Kinds of lines; each line is "KIND TEXT\n". */
#define REPORT_ERROR "error"     /* why the files cannot be used */
#define REPORT_WARNING "warning" /* they can be used, but the operator should look */
#define REPORT_RENEWED "renewed" /* a file whose content has changed */
#define REPORT_CHANGE "change"   /* an item of the configuration that is taken */
#define REPORT_RESTART "restart" /* one that waits for the next start */

struct report {
	char text[REPORT_OCTETS_MAX];
	size_t len;
	unsigned errors, left_out; /* lines that had no room are counted */
};

/* Adds one line; a line that exists already is not repeated. */
void report_add(struct report *r, const char *kind, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* The first error, without its kind; "" when there is none. Returns out. */
const char *report_first(const struct report *r, char *out, size_t size);
/* Prints "PROGRAM: TEXT" for each line on `out`, "PROGRAM: warning: TEXT" for warnings: for the
 * person who starts or checks a program. */
void report_print(const struct report *r, FILE *out, const char *program);

/* Calls `fn` for each line, without its end. */
typedef void report_fn(void *arg, const char *kind, const char *text);
void report_each(const struct report *r, report_fn *fn, void *arg);
