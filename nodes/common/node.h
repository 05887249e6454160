/* node.h - shared by the programs of all network elements: exit codes, errors on stderr, JSON lines
 * on stdout, the ready line, the log. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "base/err.h"
#include "base/exit_codes.h"
#include "base/log.h"

#define NODE_VENDOR_ID 0u /* top level Vendor-Id of CER/CEA: no IANA number of our own */

enum node_exit {
	NODE_EXIT_OK = EXIT_CODE_DONE,             /* mtc-scs: accepted (with --wait: and delivered) */
	NODE_EXIT_FAILURE = EXIT_CODE_FAILED,      /* could not start or continue; stderr gives the reason */
	NODE_EXIT_USAGE = EXIT_CODE_USAGE,         /* command line or configuration; nothing was done */
	NODE_EXIT_REFUSED = EXIT_CODE_REFUSED,     /* mtc-scs: the request was answered with a refusal */
	NODE_EXIT_CONNECT = EXIT_CODE_CONNECT,     /* mtc-scs: could not connect or authenticate */
	NODE_EXIT_OUTCOME = EXIT_CODE_OUTCOME,     /* mtc-scs: report with another outcome than SUCCESS */
	NODE_EXIT_NO_REPORT = EXIT_CODE_NO_REPORT, /* mtc-scs: no report in time */
};

/* Ignores SIGPIPE and sets up the log on stderr at level info; logging never waits for the reader.
 * ERR_NOMEM is reported on stderr. The caller ends the log by log_fini(). */
ERR_MUST_USE int node_start(struct log *log, const char *program);

/* "mtc-x: WORDS\nTry: mtc-x --help\n" on stderr (base/opts.h). Returns NODE_EXIT_USAGE. */
int node_usage(const char *program, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* "mtc-x: WORDS\n" on stderr. Returns NODE_EXIT_FAILURE. */
int node_fail(const char *program, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* version_text() on stdout. Returns NODE_EXIT_OK. */
int node_version(const char *program);

/* Formats one event as one line with its newline: owned, *len octets, no NUL. Takes `event`. NULL:
 * out of memory, also while the event was made. */
char *node_line(json_t *event, size_t *len);
/* The event after an incomplete line, of which `octets` were written: the reader learns why that
 * line is not JSON, and that it may have been an event. With its newline. Returns its length. */
#define NODE_TORN_LINE_MAX 64
size_t node_torn_line(char *out, size_t size, uint64_t octets);
/* Call before the first node_emit(). If fd is a file that ends in an incomplete line, ends that
 * line and adds the event above. Errors as of node_emit(). */
ERR_MUST_USE int node_emit_begin(int fd);
/* For a program in the foreground: writes one event as one line and waits for the reader, so that
 * nothing is lost. Takes `event`; NULL (out of memory) is ERR_NOMEM. ERR_IO: the other side of fd
 * is gone. ERR_TIMEOUT: a signal came while waiting for the reader. The result may be ignored if
 * nothing can be reported any longer. Programs that serve use node_out.h. */
int node_emit(int fd, json_t *event);
/* node_emit() to standard output, for a program that ends if its events cannot be written. False
 * after a failure, which is reported on stderr. */
bool node_say(const char *program, json_t *event);

/* 32 fresh random bits. */
uint32_t node_random(void);
