/* csl_ask.h - asks mtc-iwfd on behalf of a person, over its control socket. It blocks; each thread
 * that answers a browser asks by itself. */
#pragma once
#include <jansson.h>
#include <stdint.h>

#include "base/err.h"
#include "console/csl_gate.h"
#include "ctl/ctl_client.h"

struct csl_ask_conf {
	const char *socket; /* borrowed */
	uint32_t wait_ms;   /* for each line */
	size_t answer_max;  /* octets of an answer as text */
};

/* As ctl_client_ask(), with a connection of its own. `person` NULL: for the console itself.
 * ERR_AUTH: mtc-iwfd does not know the person's log-in any more; the session is over. */
ERR_MUST_USE int csl_ask(const struct csl_ask_conf *conf, const struct csl_person *person, const char *cmd, const json_t *args,
			 int fd, ctl_row_fn *fn, void *arg, char why[CTL_CLIENT_WHY_MAX]);

/* What a page needs of the rows, so that it is small: the members (a,b,c; "": all) of the first
 * `rows` of them (0: of all). */
#define CSL_FIELDS_MAX 200
struct csl_pick {
	char fields[CSL_FIELDS_MAX];
	uint32_t rows;
};

/* The answer as one text: {"rows":[...],"last":{...}}, in ASCII. The caller frees *text.
 * ERR_LIMIT: it is longer than answer_max. */
ERR_MUST_USE int csl_ask_text(const struct csl_ask_conf *conf, const struct csl_person *person, const char *cmd,
			      const json_t *args, const struct csl_pick *pick, char **text, size_t *len,
			      char why[CTL_CLIENT_WHY_MAX]);
