/* cli_table.c - rows of JSON as aligned columns. The first WIDTH_ROWS rows are kept and decide the
 * widths. Later rows are shown at once with these widths, so memory does not grow with the list.
 *
 * At a terminal that is too narrow, columns are left out in the order of their CLI_DROP, those
 * without a value first; then the last column is wrapped in its place; if that is not enough, each
 * row is shown member by member. Elsewhere nothing depends on a width. */
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "cli/cli_command.h"
#include "cli/cli_term.h"

#define WIDTH_ROWS 200
#define COLUMNS_MAX 12
#define CELL_MAX 320
#define NOTED_ROWS 200
#define GAP 2         /* blanks between two columns */
#define LAST_LEAST 24 /* columns below which wrapping the last one helps nobody */

struct cli_table {
	FILE *out;
	const struct cli_column *columns;
	size_t columns_n;
	int width[COLUMNS_MAX];
	bool filled[COLUMNS_MAX]; /* a row has a value */
	bool left_out[COLUMNS_MAX];
	unsigned term;                 /* columns of the terminal; 0: no limit */
	bool upright;                  /* each row member by member */
	bool wraps;                    /* the last column */
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

/* Length of a character that a terminal, or the eye, is led astray by: a control character, of the
 * C1 set too, an end of a line, a mark that turns the direction of a text. 0: it is none. JSON
 * gives sound UTF-8. */
static size_t unsafe(const char *p)
{
	const unsigned char *u = (const unsigned char *)p;

	if (*u < 0x20 || *u == 0x7f) {
		return 1;
	}
	if (u[0] == 0xc2 && u[1] >= 0x80 && u[1] <= 0x9f) {
		return 2;
	}
	if (u[0] == 0xe2 && ((u[1] == 0x80 && (u[2] == 0x8e || u[2] == 0x8f || (u[2] >= 0xa8 && u[2] <= 0xae))) ||
			     (u[1] == 0x81 && u[2] >= 0xa6 && u[2] <= 0xa9))) {
		return 3;
	}
	return 0;
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
	while (*p && n < cap - 1) {
		size_t len = unsafe(p);

		out[n++] = len ? '?' : *p;
		p += len ? len : 1;
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

/* The member behind CLI_DROP. */
static const char *member_of(const struct cli_column *c)
{
	return c->member + (*c->member >= '1' && *c->member <= '9');
}

static int drop_of(const struct cli_column *c)
{
	return *c->member >= '1' && *c->member <= '9' ? *c->member - '0' : 0;
}

static void cell(char out[CELL_MAX], const struct cli_column *c, const json_t *row)
{
	const char *member = member_of(c);
	bool dash = *member == *CLI_DASH_FOR_0, first = *member == *CLI_FIRST;
	const json_t *v = json_object_get(row, member + (dash || first));

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
	t->term = cli_term_width(out);
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

/* -- fitting a terminal */

static size_t last_shown(const struct cli_table *t)
{
	size_t last = t->columns_n;

	while (last && t->left_out[last - 1]) {
		last--;
	}
	return last ? last - 1 : 0;
}

/* Columns of a line up to the cell of this column. */
static unsigned before(const struct cli_table *t, size_t column)
{
	unsigned sum = 0;

	for (size_t i = 0; i < column; i++) {
		sum += t->left_out[i] ? 0 : (unsigned)t->width[i] + GAP;
	}
	return sum;
}

static bool fits(const struct cli_table *t)
{
	size_t last = last_shown(t);

	return before(t, last) + (unsigned)t->width[last] <= t->term;
}

/* The column to leave out next: one that has no value in any row, else the one with the highest
 * CLI_DROP. columns_n: there is none. */
static size_t next_out(const struct cli_table *t)
{
	size_t best = t->columns_n;
	int best_drop = 0;

	for (size_t i = 0; i < t->columns_n; i++) {
		int drop = drop_of(&t->columns[i]);

		if (drop && !t->filled[i]) {
			drop += 10;
		}
		if (drop > best_drop && !t->left_out[i]) {
			best = i;
			best_drop = drop;
		}
	}
	return best;
}

static void fit(struct cli_table *t)
{
	size_t out;

	while (t->term && !fits(t)) {
		out = next_out(t);
		if (out < t->columns_n) {
			t->left_out[out] = true;
			continue;
		}
		t->wraps = before(t, last_shown(t)) + LAST_LEAST <= t->term;
		t->upright = !t->wraps;
		return;
	}
}

/* -- lines */

/* `width` below 0: nothing follows on this line. */
static void put_toned(const struct cli_table *t, enum cli_tone tone, const char *text, int width)
{
	cli_term_begin(t->out, tone);
	fputs(text, t->out);
	cli_term_end(t->out, tone);
	if (width >= 0) {
		int n = (int)strlen(text);

		fprintf(t->out, "%*s", (n < width ? width - n : 0) + GAP, "");
	}
}

/* Words of the last column, in its place. A word that is longer than that is cut into lines. */
static void put_wrapped(const struct cli_table *t, const char *text)
{
	unsigned left = before(t, last_shown(t)), room = t->term - left, column = 0;

	for (size_t n; *(text += strspn(text, " ")); text += n) {
		n = strcspn(text, " ");
		if (n > room) {
			n = room;
		}
		if (column && column + 1 + n > room) {
			fprintf(t->out, "\n%*s", (int)left, "");
			column = 0;
		} else if (column) {
			fputc(' ', t->out);
			column++;
		}
		fwrite(text, 1, n, t->out);
		column += (unsigned)n;
	}
}

static enum cli_tone tone_of(const struct cli_column *c, const char *text)
{
	return !strcmp(member_of(c), "state") ? cli_term_tone(text) : CLI_PLAIN;
}

static void print_upright(const struct cli_table *t, const json_t *row)
{
	char text[CELL_MAX];
	int widest = 0;

	for (size_t i = 0; i < t->columns_n; i++) {
		int n = (int)strlen(t->columns[i].title);

		widest = n > widest ? n : widest;
	}
	for (size_t i = 0; i < t->columns_n; i++) {
		cell(text, &t->columns[i], row);
		if (strcmp(text, "-") != 0) {
			put_toned(t, CLI_STRONG, t->columns[i].title, widest);
			put_toned(t, tone_of(&t->columns[i], text), text, -1);
			fputc('\n', t->out);
		}
	}
	fputc('\n', t->out);
}

static void print_cells(const struct cli_table *t, const json_t *row)
{
	size_t last = last_shown(t);
	char text[CELL_MAX];

	for (size_t i = 0; i <= last && t->columns_n; i++) {
		if (t->left_out[i]) {
			continue;
		}
		if (row) {
			cell(text, &t->columns[i], row);
		} else {
			str_cut(text, sizeof text, t->columns[i].title);
		}
		if (i == last && t->wraps && row) {
			put_wrapped(t, text);
		} else {
			put_toned(t, row ? tone_of(&t->columns[i], text) : CLI_STRONG, text, i == last ? -1 : t->width[i]);
		}
	}
	if (t->columns_n) {
		fputc('\n', t->out);
	}
}

/* A row that came later may be wider than those that decided. */
static bool row_fits(const struct cli_table *t, const json_t *row)
{
	size_t last = last_shown(t);
	char text[CELL_MAX];
	unsigned sum = 0;

	for (size_t i = 0; i <= last; i++) {
		if (!t->left_out[i] && !(i == last && t->wraps)) {
			int n;

			cell(text, &t->columns[i], row);
			n = (int)strlen(text);
			sum += (unsigned)(n > t->width[i] ? n : t->width[i]) + (i == last ? 0 : GAP);
		}
	}
	return !t->term || sum <= t->term;
}

static void print_row(const struct cli_table *t, const json_t *row)
{
	if (t->upright || !row_fits(t, row)) {
		print_upright(t, row);
	} else {
		print_cells(t, row);
	}
}

static void settle(struct cli_table *t)
{
	const json_t *row;
	size_t i;

	if (!t->kept) {
		return;
	}
	fit(t);
	if (json_array_size(t->kept) && !t->upright) {
		print_cells(t, NULL);
	}
	json_array_foreach(t->kept, i, row) print_row(t, row);
	json_decref(t->kept);
	t->kept = NULL;
}

static void say_left_out(const struct cli_table *t)
{
	char text[CELL_MAX * 2] = "";

	for (size_t i = 0; i < t->columns_n; i++) {
		if (t->left_out[i] && !t->upright) {
			str_add(text, sizeof text, *text ? ", " : "not shown for want of room: ");
			str_add(text, sizeof text, t->columns[i].title);
		}
	}
	if (*text) {
		str_add(text, sizeof text, " (a wider terminal, a pipe or --json has all)");
		cli_wrapped(t->out, 0, 2, text);
	}
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
		t->filled[i] = t->filled[i] || strcmp(text, "-") != 0;
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
	say_left_out(t);
	show_notes(t);
	json_decref(t->noted);
	free(t);
}
