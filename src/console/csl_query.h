/* csl_query.h - the arguments of a URL: those of the command, and those that are for the console
 * itself. */
#pragma once
#include <jansson.h>
#include <microhttpd.h>
#include <stdbool.h>

#include "console/csl_ask.h"
#include "ctl/ctl_server.h"

struct csl_query {
	const struct ctl_arg *rows; /* of the command; NULL: it takes none */
	json_t *args;               /* owned by the caller; an object that gets the arguments */
	bool import;                /* `kind` is taken out of them */
	char kind[16];
	struct csl_pick pick; /* _fields and _rows */
	const char *problem;  /* what is wrong with them; NULL: nothing */
};

/* Reads until the first argument that is wrong. */
void csl_query_read(struct csl_query *q, struct MHD_Connection *c);
