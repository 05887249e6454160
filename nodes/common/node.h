/* node.h - what every network element's program does the same way: exit codes, words on stderr, JSON lines on stdout, the ready
 * line, the log. */
#pragma once
#include <stdint.h>

#include <jansson.h>

#include "base/err.h"
#include "base/log.h"

#define NODE_VENDOR_ID 0u /* top level Vendor-Id of CER/CEA: no IANA number of our own */

enum node_exit {
	NODE_EXIT_OK = 0,        /* mtc-scs: accepted (with --wait: and delivered) */
	NODE_EXIT_FAILURE = 1,   /* could not start or go on; stderr says why */
	NODE_EXIT_USAGE = 2,     /* command line or configuration; nothing was done */
	NODE_EXIT_REFUSED = 3,   /* mtc-scs: the request was answered with a refusal */
	NODE_EXIT_CONNECT = 4,   /* mtc-scs: could not connect or authenticate */
	NODE_EXIT_OUTCOME = 5,   /* mtc-scs: report with another outcome than SUCCESS */
	NODE_EXIT_NO_REPORT = 6, /* mtc-scs: no report in time */
};

/* First thing in main(): ignores SIGPIPE, sets the log up on stderr at level info. */
void node_start(struct log *log, const char *program);

/* "mtc-x: WORDS\nmtc-x --help says how it is used.\n" on stderr. Returns NODE_EXIT_USAGE. */
int node_usage(const char *program, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* "mtc-x: WORDS\n" on stderr. Returns NODE_EXIT_FAILURE. */
int node_fail(const char *program, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* "mtc-x VERSION\n" on stdout. Returns NODE_EXIT_OK. */
int node_version(const char *program);

/* Writes one event as one line with one write(2). Takes `event`; NULL (out of memory while making it) is ERR_NOMEM. ERR_IO when the
 * other side of fd is gone; whoever has nobody left to tell may ignore it. */
int node_emit(int fd, json_t *event);
/* {"event":"ready","address":"127.0.0.1","port":3868} on stdout: from now on the program answers there. */
int node_emit_ready(const char *address, uint16_t port);

/* 32 fresh random bits. */
uint32_t node_random(void);
