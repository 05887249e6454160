/* cli_bar.c - "read   [#########---------------]  37%  3,702,114 rows  612,000/s" */
#include "cli/cli_bar.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/str.h"

#define BAR_MAX 40u
#define WIDTH_MIN 20u

void cli_bar_init(struct cli_bar *b, FILE *out)
{
	const char *term = getenv("TERM");
	struct winsize size = { 0 };

	memset(b, 0, sizeof *b);
	if (!isatty(fileno(out)) || !term || !*term || !strcmp(term, "dumb")) {
		return;
	}
	b->out = out;
	b->width = ioctl(fileno(out), TIOCGWINSZ, &size) == 0 && size.ws_col >= WIDTH_MIN ? size.ws_col - 1u : 79;
	if (b->width > 160) {
		b->width = 160;
	}
}

/* 1234567 as "1,234,567". */
static void grouped(char out[32], uint64_t n)
{
	char digits[24];
	int len = snprintf(digits, sizeof digits, "%llu", (unsigned long long)n), at = 0;

	for (int i = 0; i < len; i++) {
		if (i && (len - i) % 3 == 0) {
			out[at++] = ',';
		}
		out[at++] = digits[i];
	}
	out[at] = 0;
}

static uint64_t number(const json_t *row, const char *name)
{
	json_int_t n = json_integer_value(json_object_get(row, name));

	return n > 0 ? (uint64_t)n : 0;
}

/* Progress within the phase, in thousandths; -1: unknown. */
static int done_of(const json_t *row)
{
	bool by_rows = number(row, "rows_total") > 0;
	uint64_t is = number(row, by_rows ? "rows" : "octets"), all = number(row, by_rows ? "rows_total" : "octets_total");

	if (!all) {
		return -1;
	}
	return is >= all ? 1000 : (int)((double)is * 1000.0 / (double)all);
}

static void learn_rate(struct cli_bar *b, const char *phase, uint64_t rows, uint64_t now_ms)
{
	if (strcmp(b->phase, phase) != 0 || rows < b->rows) {
		str_cut(b->phase, sizeof b->phase, phase);
		b->rate = 0;
	} else if (now_ms > b->ms) {
		uint64_t now = (rows - b->rows) * 1000 / (now_ms - b->ms);

		b->rate = b->rate ? (b->rate * 3 + now) / 4 : now;
	}
	b->rows = rows;
	b->ms = now_ms;
}

void cli_bar_text(struct cli_bar *b, char out[CLI_BAR_MAX], const json_t *row, uint64_t now_ms)
{
	const char *phase = json_string_value(json_object_get(row, "phase"));
	char bar[BAR_MAX + 1] = "", rows[32], rate[32], tail[160], clean[16];
	bool of_rows = json_object_get(row, "rows") != NULL; /* a backup has octets only */
	int done = done_of(row), room;

	str_cut(clean, sizeof clean, phase ? phase : "");
	for (char *p = clean; *p; p++) {
		if (*p < 0x20 || *p > 0x7e) {
			*p = '?';
		}
	}
	learn_rate(b, clean, number(row, "rows"), now_ms);
	grouped(rows, of_rows ? b->rows : number(row, "octets"));
	grouped(rate, b->rate);
	snprintf(tail, sizeof tail, "%s %s%s%s%s%s", rows, of_rows ? "row" : "byte",
		 (of_rows ? b->rows : number(row, "octets")) == 1 ? "" : "s", b->rate ? "  " : "", b->rate ? rate : "",
		 b->rate ? "/s" : "");
	room = (int)b->width - 8 - 2 - 2 - 6 - (int)strlen(tail);
	if (done >= 0 && room >= 5) {
		unsigned n = (unsigned)room < BAR_MAX ? (unsigned)room : BAR_MAX, full = n * (unsigned)done / 1000;

		memset(bar, '-', n);
		memset(bar, '#', full);
		bar[n] = 0;
	}
	if (done >= 0) {
		snprintf(out, CLI_BAR_MAX, "%-7s %s%s%s%3d%%  %s", clean, *bar ? "[" : "", bar, *bar ? "] " : "", done / 10,
			 tail);
	} else {
		snprintf(out, CLI_BAR_MAX, "%-7s %s", clean, tail);
	}
	if (strlen(out) > b->width) {
		out[b->width] = 0;
	}
}

void cli_bar_show(struct cli_bar *b, const json_t *row, uint64_t now_ms)
{
	char text[CLI_BAR_MAX];

	if (!b->out) {
		return;
	}
	cli_bar_text(b, text, row, now_ms);
	fprintf(b->out, "\r%s\033[K", text);
	fflush(b->out);
}

void cli_bar_clear(struct cli_bar *b)
{
	if (!b->out || !b->phase[0]) {
		return;
	}
	fputs("\r\033[K", b->out);
	fflush(b->out);
	b->phase[0] = 0;
}
