/* dm_report.h - what a reading of the files found, one line each: for the log, for -t, and for whoever asked for a reload. */
#pragma once
#include <stddef.h>

#define DM_REPORT_MAX 16384 /* octets */

/* Kinds of lines; each line is "KIND TEXT\n". */
#define DM_ERROR "error"     /* why the files cannot be used */
#define DM_WARNING "warning" /* they can, but somebody should look */
#define DM_RENEWED "renewed" /* a file whose content is another one than before */

struct dm_report {
	char text[DM_REPORT_MAX];
	size_t len;
	unsigned errors, left_out; /* lines that had no room are counted */
};

/* Nothing is added twice. */
void dm_report_add(struct dm_report *r, const char *kind, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* Calls `fn` for each line, without its end. */
typedef void dm_report_fn(void *arg, const char *kind, const char *text);
void dm_report_each(const struct dm_report *r, dm_report_fn *fn, void *arg);
