/* csl_command.h - the commands of the control socket that the console offers, and how their
 * arguments come out of a request. PURE. */
#pragma once
#include <jansson.h>

#include "console/csl_request.h"
#include "ctl/ctl_commands.h"

struct csl_command {
	const char *name; /* on the control socket; NULL ends the table */
	/* What the person needs. A test compares it with the role that mtc-iwfd demands. Above
	 * CTL_ROLE_READ the command changes something and takes POST; otherwise GET. */
	enum ctl_role role;
	const struct ctl_arg *args; /* NULL: none */
};
extern const struct csl_command csl_commands[];
/* The kinds of files that can be imported: "scs", ...; NULL ends it. The command is KIND.import,
 * and needs CTL_ROLE_ADMIN. */
extern const char *const csl_import_kinds[];

/* NULL: not offered. */
const struct csl_command *csl_command_find(const char *name);
bool csl_import_kind_ok(const char *kind);

/* Adds one argument of a query to `args`, an object: numbers, yes and no, and lists become what the
 * row says. The value's bounds are checked by mtc-iwfd. NULL, or what is wrong. */
const char *csl_arg_add(json_t *args, const struct ctl_arg *rows, const char *key, const char *value);
/* The arguments of a body: one JSON object of at most `len` octets. NULL: not that. New
 * reference. */
json_t *csl_args_of_body(const char *body, size_t len);
