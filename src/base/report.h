/* report.h - what a reading of the files found, one line each: for the log, for -t, and for whoever asked for a reload. */
#pragma once
#include <stddef.h>
#include <stdio.h>

#define REPORT_OCTETS_MAX 16384 /* octets */

/* Kinds of lines; each line is "KIND TEXT\n". */
#define REPORT_ERROR "error"     /* why the files cannot be used */
#define REPORT_WARNING "warning" /* they can, but somebody should look */
#define REPORT_RENEWED "renewed" /* a file whose content is another one than before */

struct report {
	char text[REPORT_OCTETS_MAX];
	size_t len;
	unsigned errors, left_out; /* lines that had no room are counted */
};

/* Nothing is added twice. */
void report_add(struct report *r, const char *kind, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* The first error, without its kind; "" when there is none. Returns out. */
const char *report_first(const struct report *r, char *out, size_t size);
/* "PROGRAM: TEXT" for each line on `out`, "PROGRAM: warning: TEXT" for warnings: what a person who starts or checks a program reads. */
void report_print(const struct report *r, FILE *out, const char *program);

/* Calls `fn` for each line, without its end. */
typedef void report_fn(void *arg, const char *kind, const char *text);
void report_each(const struct report *r, report_fn *fn, void *arg);
