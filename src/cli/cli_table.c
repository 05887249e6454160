/* cli_table.c - rows of JSON as aligned columns. The first WIDTH_ROWS rows are kept and decide the
 * widths. Later rows are shown at once with these widths, so memory does not grow with the list. */
#include <stdlib.h>
#include <string.h>

#include "cli/cli_command.h"

#define WIDTH_ROWS 200
#define COLUMNS_MAX 12
#define CELL_MAX 320
#define NOTED_ROWS 200

struct cli_table {
	FILE *out;
	const struct cli_column *columns;
	size_t columns_n;
	int width[COLUMNS_MAX];
	json_t *kept;                  /* NULL: widths are settled */
	const struct cli_column *note; /* NULL: none; behind all columns */
	json_t *noted;                 /* the first NOTED_ROWS rows with a note */
	size_t noted_more;             /* rows with a note that are not in it */
};

static void join(char *out, size_t cap, const json_t *list)
{
	const json_t *one;
	size_t i, n = 0;

	*out = 0;
	json_array_foreach((json_t *)(uintptr_t)list, i, one)
	{
		if (i && n < cap - 1) {
			out[n++] = ',';
		}
		out[n] = 0;
		cli_text(out + n, cap - n, one);
		n += strlen(out + n);
	}
}

/* The values of an object, one behind the other. */
static void join_values(char *out, size_t cap, const json_t *o)
{
	const char *key;
	json_t *one;
	size_t n = 0;

	*out = 0;
	json_object_foreach((json_t *)(uintptr_t)o, key, one)
	{
		if (n && n < cap - 1) {
			out[n++] = ' ';
		}
		out[n] = 0;
		cli_text(out + n, cap - n, one);
		n += strlen(out + n);
	}
}

void cli_text(char *out, size_t cap, const json_t *v)
{
	const char *p = "";
	char number[32];
	size_t n = 0;

	switch (json_typeof(v)) {
	case JSON_STRING:
		p = json_string_value(v);
		break;
	case JSON_INTEGER:
		snprintf(number, sizeof number, "%lld", (long long)json_integer_value(v));
		p = number;
		break;
	case JSON_REAL:
		snprintf(number, sizeof number, "%.3f", json_real_value(v));
		p = number;
		break;
	case JSON_TRUE:
		p = "yes";
		break;
	case JSON_FALSE:
		p = "no";
		break;
	case JSON_ARRAY:
		join(out, cap, v);
		return;
	case JSON_OBJECT:
		join_values(out, cap, v);
		return;
	default:
		break;
	}
	for (; *p && n < cap - 1; p++) {
		out[n++] = (unsigned char)*p < 0x20 || *p == 0x7f ? '?' : *p;
	}
	out[n] = 0;
}

static void first_of(char out[CELL_MAX], const json_t *list)
{
	size_t n = json_array_size(list), used;

	*out = 0;
	if (n) {
		cli_text(out, CELL_MAX, json_array_get(list, 0));
	}
	used = strlen(out);
	if (n > 1) {
		snprintf(out + used, CELL_MAX - used, " +%zu", n - 1);
	}
}

static void cell(char out[CELL_MAX], const struct cli_column *c, const json_t *row)
{
	bool dash = *c->member == *CLI_DASH_FOR_0, first = *c->member == *CLI_FIRST;
	const json_t *v = json_object_get(row, c->member + (dash || first));

	if (first) {
		first_of(out, v);
	} else if (v && !(dash && json_is_integer(v) && !json_integer_value(v))) {
		cli_text(out, CELL_MAX, v);
	} else {
		*out = 0;
	}
	if (!*out) {
		memcpy(out, "-", 2);
	}
}

struct cli_table *cli_table_new(FILE *out, const struct cli_column *columns)
{
	struct cli_table *t = calloc(1, sizeof *t);

	if (!t) {
		return NULL;
	}
	t->out = out;
	t->columns = columns;
	t->kept = json_array();
	t->noted = json_array();
	for (; columns[t->columns_n].title && t->columns_n < COLUMNS_MAX; t->columns_n++) {
		if (*columns[t->columns_n].member == *CLI_NOTE) {
			t->note = &columns[t->columns_n];
			break;
		}
		t->width[t->columns_n] = (int)strlen(columns[t->columns_n].title);
	}
	return t;
}

static void print_cell(const struct cli_table *t, size_t i, const char *text)
{
	bool last = i + 1 == t->columns_n;

	fprintf(t->out, "%-*s%s", last ? 0 : t->width[i], text, last ? "\n" : "  ");
}

static void print_row(const struct cli_table *t, const json_t *row)
{
	char text[CELL_MAX];

	for (size_t i = 0; i < t->columns_n; i++) {
		cell(text, &t->columns[i], row);
		print_cell(t, i, text);
	}
}

static void settle(struct cli_table *t)
{
	const json_t *row;
	size_t i;

	if (!t->kept) {
		return;
	}
	for (size_t c = 0; json_array_size(t->kept) && c < t->columns_n; c++) {
		print_cell(t, c, t->columns[c].title);
	}
	json_array_foreach(t->kept, i, row) print_row(t, row);
	json_decref(t->kept);
	t->kept = NULL;
}

static void keep_note(struct cli_table *t, const json_t *row)
{
	const char *text = t->note ? json_string_value(json_object_get(row, t->note->member + 1)) : NULL;

	if (!text || !*text) {
		return;
	}
	if (json_array_size(t->noted) < NOTED_ROWS) {
		json_array_append(t->noted, (json_t *)(uintptr_t)row);
	} else {
		t->noted_more++;
	}
}

static void show_notes(struct cli_table *t)
{
	if (t->note) {
		cli_note_each(t->out, t->noted, t->note->title, t->columns[0].member, t->note->member + 1);
	}
	if (t->noted_more) {
		fprintf(t->out, "%s of %zu more: name one, or use --json\n", t->note->title, t->noted_more);
	}
}

void cli_table_row(struct cli_table *t, const json_t *row)
{
	char text[CELL_MAX];

	keep_note(t, row);
	if (!t->kept) {
		print_row(t, row);
		return;
	}
	for (size_t i = 0; i < t->columns_n; i++) {
		cell(text, &t->columns[i], row);
		if ((int)strlen(text) > t->width[i]) {
			t->width[i] = (int)strlen(text);
		}
	}
	json_array_append(t->kept, (json_t *)(uintptr_t)row);
	if (json_array_size(t->kept) >= WIDTH_ROWS) {
		settle(t);
	}
}

void cli_table_end(struct cli_table *t)
{
	if (!t) {
		return;
	}
	settle(t);
	show_notes(t);
	json_decref(t->noted);
	free(t);
}
