/* cli_bar.h - the progress of an import or export, for a person at a terminal: one line that is
 * overwritten. */
#pragma once
#include <jansson.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define CLI_BAR_MAX 512 /* octets of a line with its end */

struct cli_bar {
	FILE *out; /* NULL: there is no terminal, and nothing is shown */
	unsigned width;
	uint64_t rows, ms; /* at the last line, for the rate */
	uint64_t rate;     /* rows per second, smoothed */
	char phase[16];
};

/* Shows on `out` when that is a terminal that can write over a line. */
void cli_bar_init(struct cli_bar *b, FILE *out);
/* One line {"progress":true,...} of the server, at now_ms. */
void cli_bar_show(struct cli_bar *b, const json_t *row, uint64_t now_ms);
void cli_bar_clear(struct cli_bar *b);
/* The text alone, at most b->width columns. */
void cli_bar_text(struct cli_bar *b, char out[CLI_BAR_MAX], const json_t *row, uint64_t now_ms);
