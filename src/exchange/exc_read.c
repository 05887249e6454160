/* exc_read.c - line -> fields -> typed row -> receiver. A mistake is reported and the next line is
 * read, so that an operator repairs all mistakes of a file at once. */
#include "exchange/exc_read.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/shown.h"
#include "base/str.h"
#include "exchange/exc_split.h"

struct reading {
	const struct exc_read *conf;
	enum exc_format format;
	uint64_t rows;
	unsigned errors;
	size_t order[EXC_COLUMNS_MAX]; /* CSV: index of the column that the n-th field holds */
	size_t order_n;
	struct exc_row row;
	char why[EXC_WHY_MAX];
	char room[EXC_JSON_ROOM];
	struct exc_lines lines;
};

/* Words may quote the file, which may hold anything. */
static void note_mistake(struct reading *g, uint64_t line)
{
	for (unsigned char *p = (unsigned char *)g->why; *p; p++) {
		if (*p < 0x20 || *p > 0x7e) {
			*p = '?';
		}
	}
	g->conf->error(g->conf->arg, line, g->why);
	g->errors++;
}

/* The same; ERR_INVAL: enough of them, stop. */
static int mistake(struct reading *g, uint64_t line)
{
	note_mistake(g, line);
	return g->errors < EXC_ERRORS_MAX ? 0 : ERR_INVAL;
}

/* Of the file as a whole: it ends the reading. */
static void say_of_file(struct reading *g, const char *words)
{
	str_cut(g->why, sizeof g->why, words);
	note_mistake(g, 1);
}

static int say(struct reading *g, uint64_t line, const char *words)
{
	str_cut(g->why, sizeof g->why, words);
	return mistake(g, line);
}

/* -- what kind of file */

static bool begins(const uint8_t *p, size_t n, const char *octets)
{
	return n >= 2 && memcmp(p, octets, 2) == 0;
}

/* 0; 1: nothing in it, and that is right; ERR_INVAL: told. */
static int look(struct reading *g)
{
	const uint8_t *p;
	size_t n;
	int more = exc_lines_peek(&g->lines, &p, &n);

	g->format = g->conf->format;
	if (more < 0) {
		return more;
	}
	if (more == 0 && g->format == EXC_JSONL) {
		return 1;
	}
	if (more == 0) {
		say_of_file(g, g->format == EXC_CSV ? "the file is empty, expected a header line that names the columns"
						    : "the file is empty; say --format jsonl when that is meant");
	} else if (begins(p, n, "\xff\xfe") || begins(p, n, "\xfe\xff")) {
		say_of_file(g, "this is UTF-16, expected ASCII or UTF-8");
	} else if (begins(p, n, "\x1f\x8b") || begins(p, n, "PK")) {
		say_of_file(g, "this is a compressed file or a workbook, expected text: CSV or JSON lines");
	} else if (g->format == EXC_DETECT) {
		g->format = *p == '{' ? EXC_JSONL : EXC_CSV;
	}
	return g->errors ? ERR_INVAL : 0;
}

/* -- CSV */

static int header_field(struct reading *g, const struct exc_field *f)
{
	enum asc_kind kind = g->conf->kind;
	size_t i = exc_column_find(kind, f->p), n;
	const char *hint = strpbrk(f->p, ";\t") ? " (columns are separated by commas)" : "";

	for (size_t k = 0; k < g->order_n; k++) {
		if (g->order[k] != i || i == exc_columns_n(kind)) {
			continue;
		}
		snprintf(g->why, sizeof g->why, "column '%s' stands twice in the header", exc_columns(kind)[i].name);
		return ERR_INVAL;
	}
	g->order[g->order_n++] = i;
	if (i < exc_columns_n(kind)) {
		return 0;
	}
	n = (size_t)snprintf(g->why, sizeof g->why, "unknown column '%.64s'%s, expected some of:", f->p, hint);
	for (i = 0; i < exc_columns_n(kind) && n < sizeof g->why; i++) {
		n += (size_t)snprintf(g->why + n, sizeof g->why - n, "%s %s", i ? "," : "", exc_columns(kind)[i].name);
	}
	return ERR_INVAL;
}

static int header_complete(struct reading *g)
{
	const struct exc_column *c = exc_columns(g->conf->kind);

	for (size_t i = 0; i < exc_columns_n(g->conf->kind); i++) {
		size_t k = 0;

		while (k < g->order_n && g->order[k] != i) {
			k++;
		}
		if (!c[i].required || k < g->order_n) {
			continue;
		}
		snprintf(g->why, sizeof g->why, "the header has no column '%s', which every file of this kind needs", c[i].name);
		return ERR_INVAL;
	}
	return 0;
}

static int read_header(struct reading *g, char *line, size_t len)
{
	struct exc_field fields[EXC_COLUMNS_MAX];
	size_t n;
	int err = exc_csv_split(line, len, fields, EXC_COLUMNS_MAX, &n, g->why);

	for (size_t i = 0; !err && i < n; i++) {
		err = header_field(g, &fields[i]);
	}
	return err ? err : header_complete(g);
}

static int csv_fields(struct reading *g, char *line, size_t len, struct exc_field *by_column)
{
	struct exc_field fields[EXC_COLUMNS_MAX];
	char fields_n[SHOWN_COUNT_MAX];
	size_t n;
	int err = exc_csv_split(line, len, fields, g->order_n, &n, g->why);

	if (err) {
		return err;
	}
	if (n != g->order_n) {
		snprintf(g->why, sizeof g->why, "%s, expected %zu as in the header", shown_count(fields_n, n, "field"),
			 g->order_n);
		return ERR_INVAL;
	}
	for (size_t i = 0; i < n; i++) {
		by_column[g->order[i]] = fields[i];
	}
	return 0;
}

/* -- rows */

static bool row_is_wrong(int err)
{
	return err == ERR_INVAL || err == ERR_NOTFOUND || err == ERR_EXISTS || err == ERR_LIMIT;
}

static int one_row(struct reading *g, char *line, size_t len)
{
	struct exc_field fields[EXC_COLUMNS_MAX] = { { NULL, 0 } };
	int err;

	g->why[0] = 0;
	if (g->format == EXC_JSONL) {
		err = exc_json_split(line, len, g->conf->kind, fields, g->room, g->why);
	} else {
		err = csv_fields(g, line, len, fields);
	}
	if (!err) {
		err = exc_row_parse(&g->row, g->conf->kind, fields, g->why);
	}
	if (!err) {
		err = g->conf->row(g->conf->arg, g->lines.number, &g->row, g->why);
	}
	if (!err) {
		g->rows++;
	}
	return row_is_wrong(err) ? mistake(g, g->lines.number) : err;
}

static int one_line(struct reading *g, char *line, size_t len)
{
	if (len == 0) {
		return 0;
	}
	if (memchr(line, 0, len)) {
		return say(g, g->lines.number, "a NUL byte in the line, expected text");
	}
	if (g->format == EXC_JSONL || g->order_n) {
		return one_row(g, line, len);
	}
	if (!read_header(g, line, len)) {
		return 0;
	}
	note_mistake(g, g->lines.number); /* what follows has no meaning without it */
	return ERR_INVAL;
}

static int read_all(struct reading *g)
{
	int err = look(g), more;

	if (err) {
		return err < 0 ? err : 0;
	}
	for (;;) {
		char *line;
		size_t len;

		more = exc_lines_next(&g->lines, &line, &len);
		if (more == ERR_LIMIT) {
			err = say(g, g->lines.number, "the line is longer than 16384 bytes");
		} else if (more == 1 && g->lines.unended && (g->format == EXC_CSV || g->conf->ended)) {
			err = say(g, g->lines.number,
				  "the file ends inside this line: a part of it may be missing; if it is whole, end its last "
				  "line with a newline");
		} else if (more == 1) {
			err = one_line(g, line, len);
		} else {
			err = more;
		}
		if (err || more == 0) {
			break;
		}
	}
	if (!err && g->format == EXC_CSV && !g->order_n && !g->errors) {
		say_of_file(g, "no header line, expected one that names the columns");
	}
	return err ? err : g->errors ? ERR_INVAL : 0;
}

int exc_read(const struct exc_read *r, uint64_t *rows)
{
	struct reading *g = malloc(sizeof *g);
	int err;

	*rows = 0;
	if (!g) {
		return ERR_NOMEM;
	}
	g->conf = r;
	g->rows = 0;
	g->errors = 0;
	g->order_n = 0;
	exc_lines_init(&g->lines, r->source, r->arg);
	err = read_all(g);
	*rows = g->rows;
	free(g);
	return err;
}
