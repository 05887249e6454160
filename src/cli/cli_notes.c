/* cli_notes.c - what is too long for a column of a table: lines below it that a terminal of 80
 * columns can show. */
#include <string.h>

#include "base/shown.h"
#include "base/str.h"
#include "cli/cli_command.h"
#include "cli/cli_term.h"

#define COLUMNS 80
#define INDENT 2
#define NAMES_MAX 1024
#define MORE_MAX 16 /* columns of ", +N more" */
#define CUT "..."

/* -- words, wrapped */

struct wrap {
	FILE *out;
	size_t column;
};

static void word(struct wrap *w, const char *text, size_t len)
{
	if (w->column > INDENT && w->column + 1 + len > cli_lines(w->out)) {
		fprintf(w->out, "\n%*s", INDENT, "");
		w->column = INDENT;
	} else if (w->column) {
		fputc(' ', w->out);
		w->column++;
	}
	fwrite(text, 1, len, w->out);
	w->column += len;
}

static void words(struct wrap *w, const char *text)
{
	for (size_t n; *(text += strspn(text, " ")); text += n) {
		n = strcspn(text, " ");
		word(w, text, n);
	}
}

/* -- what processes lack, why SCSs are not protected */

/* Whether an earlier row has the same text. */
static bool told(const json_t *rows, size_t i, const char *member, const char *text)
{
	char other[CLI_SHOWN_MAX];

	for (size_t j = 0; j < i; j++) {
		if (!strcmp(cli_member(other, json_array_get(rows, j), member), text)) {
			return true;
		}
	}
	return false;
}

/* "core, edge-0:" of all rows with this text. Returns out. */
static const char *names_with(char out[NAMES_MAX], const json_t *rows, const char *named, const char *member, const char *text)
{
	char other[CLI_SHOWN_MAX], name[CLI_SHOWN_MAX];
	size_t i, used = 0;
	const json_t *row;

	*out = 0;
	json_array_foreach((json_t *)(uintptr_t)rows, i, row)
	{
		if (strcmp(cli_member(other, row, member), text) != 0) {
			continue;
		}
		cli_member(name, row, named);
		if (used + strlen(name) + sizeof ",  and others:" >= NAMES_MAX) {
			str_add(out, NAMES_MAX, " and others");
			used = strlen(out);
			break;
		}
		used += (size_t)snprintf(out + used, NAMES_MAX - used, "%s%s", used ? ", " : "", name);
	}
	str_cut(out + used, NAMES_MAX - used, ":");
	return out;
}

void cli_note_each(FILE *out, const json_t *rows, const char *label, const char *name, const char *member)
{
	char text[CLI_SHOWN_MAX], names[NAMES_MAX];
	const json_t *row;
	size_t i;

	json_array_foreach((json_t *)(uintptr_t)rows, i, row)
	{
		struct wrap w = { out, 0 };

		if (!*cli_member(text, row, member) || told(rows, i, member, text)) {
			continue;
		}
		words(&w, label);
		words(&w, "of");
		words(&w, names_with(names, rows, name, member, text));
		words(&w, text);
		fputc('\n', out);
	}
}

void cli_note_lacks(FILE *out, const json_t *rows)
{
	cli_note_each(out, rows, "LACKS", "process", "lacks");
}

/* -- who reads an old state of a store */

void cli_note_readers(FILE *out, const json_t *rows)
{
	char name[CLI_SHOWN_MAX], reader[CLI_SHOWN_MAX], line[3 * CLI_SHOWN_MAX], commits[SHOWN_COUNT_MAX], held[SHOWN_COUNT_MAX];
	const json_t *row;
	size_t i;

	json_array_foreach((json_t *)(uintptr_t)rows, i, row)
	{
		struct wrap w = { out, 0 };

		if (!*cli_member(reader, row, "reader_name")) {
			continue;
		}
		snprintf(line, sizeof line, "OLDEST READER of %s: %s, for %lld s, %s behind, holds %s",
			 cli_member(name, row, "name"), reader, cli_number(row, "reader_s"),
			 cli_count(commits, row, "reader_behind", "commit"), cli_count(held, row, "held", "byte"));
		words(&w, line);
		fputc('\n', out);
	}
}

/* -- the token of a keyholder, and the paths that it may use */

/* The whole text, or its end behind "...". Returns the columns used. */
static size_t put_end(FILE *out, const char *text, size_t room)
{
	size_t n = strlen(text);

	if (n <= room) {
		fputs(text, out);
		return n;
	}
	if (room <= sizeof CUT - 1) {
		return 0;
	}
	fprintf(out, CUT "%s", text + n - (room - (sizeof CUT - 1)));
	return room;
}

/* As many paths as fit into the line, at least the first one, and how many are left out. */
static void put_paths(FILE *out, const json_t *paths, size_t column)
{
	size_t n = json_array_size(paths), room = column + MORE_MAX < COLUMNS ? COLUMNS - MORE_MAX - column : 0, i = 0;
	char path[CLI_SHOWN_MAX];

	for (; i < n; i++) {
		cli_text(path, sizeof path, json_array_get(paths, i));
		if (i && strlen(path) + 2 > room) {
			break;
		}
		fputs(i ? ", " : " ", out);
		room -= i ? 2 : 0;
		room -= put_end(out, path, room);
	}
	if (i < n) {
		fprintf(out, ", +%zu more", n - i);
	}
}

void cli_note_tokens(FILE *out, const json_t *rows)
{
	char name[CLI_SHOWN_MAX], token[CLI_SHOWN_MAX];
	const json_t *row;
	size_t i;

	json_array_foreach((json_t *)(uintptr_t)rows, i, row)
	{
		const json_t *paths = json_object_get(row, "paths");
		int column;

		if (!*cli_member(token, row, "token")) {
			continue;
		}
		fprintf(out, "TOKEN of %s: %s\n", cli_member(name, row, "name"), token);
		column = fprintf(out, "PATHS of %s:", name);
		put_paths(out, paths, column > 0 ? (size_t)column + 1 : COLUMNS);
		fputc('\n', out);
	}
}

void cli_note_audit(FILE *out, const json_t *o)
{
	char text[CLI_SHOWN_MAX], records[SHOWN_COUNT_MAX], octets[SHOWN_COUNT_MAX], span[SHOWN_SPAN_MAX];

	if (!o) {
		return;
	}
	fprintf(out, "%-16s%s, %s, %s", "audit", cli_member(text, o, "state"),
		shown_count(records, (uint64_t)cli_number(o, "records"), "record"),
		shown_count(octets, (uint64_t)cli_number(o, "octets"), "byte"));
	fprintf(out, "; the last checkpoint covers %lld", cli_number(o, "checkpoint"));
	if (json_object_get(o, "checkpoint_age_s")) {
		fprintf(out, ", %s ago", shown_span(span, 1000 * (uint64_t)cli_number(o, "checkpoint_age_s")));
	}
	fprintf(out, "; %lld not sealed, %lld lost\n", cli_number(o, "unsealed"), cli_number(o, "lost"));
	if (*cli_member(text, o, "trouble")) {
		fprintf(out, "%-16s%s\n", "", text);
	}
	if (*cli_member(text, o, "post_trouble")) {
		fprintf(out, "%-16snot sent: %s\n", "", text);
	}
}

#define LABEL 16 /* columns of the words in front of a line */

void cli_note_waits(FILE *out, const json_t *configuration)
{
	char text[CLI_SHOWN_MAX];
	const json_t *item;
	size_t i;

	json_array_foreach(json_object_get(configuration, "restart_needed"), i, item)
	{
		cli_text(text, sizeof text, item);
		fprintf(out, "%-*s%s\n", LABEL, i ? "" : "restart needed", text);
	}
}

void cli_note_hung(FILE *out, const json_t *rows)
{
	char name[CLI_SHOWN_MAX], times[SHOWN_COUNT_MAX];
	const json_t *row;
	size_t i;

	json_array_foreach((json_t *)(uintptr_t)rows, i, row)
	{
		fprintf(out, "%-*s%s, ended %s because it did nothing for timers.hang; the log says more\n", LABEL,
			i ? "" : "hung", cli_member(name, row, "process"), cli_count(times, row, "times", "time"));
	}
}
