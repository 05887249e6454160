/* cli_overview.h - `mtcctl status`, the page one looks at first: what needs attention, then what
 * runs. One screen of 80 columns and 24 lines. */
#pragma once
#include <jansson.h>
#include <stdio.h>

#include "cli/cli_command.h"

/* What the page is made of. All borrowed; all but `status` may be NULL: that part is left out. */
struct cli_overview {
	const json_t *status;   /* last line of `status` */
	const json_t *peers;    /* rows of `peers` */
	const json_t *counters; /* by name: {"requests":N,...} */
};

void cli_overview_show(FILE *out, const struct cli_overview *o);

/* "now", with rates between two readings of the counters. */
void cli_overview_rates(FILE *out, const json_t *before, const json_t *now, uint64_t between_ms);

/* Asks for all of it and shows it. For a terminal the rates are measured, which takes a second.
 * Returns an exit code. */
int cli_overview(const struct cli_session *s);

/* In the rows of commands: marks the overview, of which --json has the line of the server. */
int cli_show_overview(FILE *out, const json_t *last);
