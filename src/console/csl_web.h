/* csl_web.h - the web server: libmicrohttpd on a few threads, each of which waits for many
 * connections and answers one request at a time. */
#pragma once
#include "base/log.h"
#include "console/csl_ask.h"
#include "console/csl_door.h"
#include "console/csl_enter.h"
#include "console/csl_import.h"
#include "console/csl_request.h"
#include "console/csl_slow.h"

struct csl_web;

struct csl_web_conf { /* borrows everything until csl_web_free() */
	int fd;       /* listens */
	uint32_t connections, threads;
	uint64_t connection_ms, import_max;
	struct csl_names names;
	struct csl_ask_conf ask;
	struct csl_import *import;
	struct csl_slow *slow;
	struct csl_enter_conf enter;
	const struct csl_tls *tls; /* until csl_web_new() returns; NULL: HTTP */
	const struct log *log;
};

/* Starts the threads. ERR_IO: the server cannot be started. ERR_NOMEM. */
ERR_MUST_USE int csl_web_new(struct csl_web **out, const struct csl_web_conf *conf);
/* Ends all connections and threads, after csl_slow_stop(). NULL allowed. */
void csl_web_free(struct csl_web *w);
/* Ends connections of strangers whose time is over; for a call now and then. */
void csl_web_look(struct csl_web *w);
/* Connections of browsers that are open now. */
unsigned csl_web_connections(const struct csl_web *w);
/* The version of libmicrohttpd that is linked at run time. Static. */
const char *csl_web_library_version(void);
