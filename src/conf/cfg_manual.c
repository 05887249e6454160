/* cfg_manual.c - text from rows: the expectation in an error, the section 5 page, the Markdown
 * reference. */
#include "conf/cfg_manual.h"

#include <string.h>

#include "conf/cfg_internal.h"

#define NAME_MAX_LEN 256

static const char *duration(char out[32], uint64_t ms)
{
	const struct cfg_unit *u = cfg_units;

	/* zero has the unit of seconds */
	while (ms % u->ms || (!ms && u->ms > 1000)) {
		u++;
	}
	snprintf(out, 32, "%llu%s", (unsigned long long)(ms / u->ms), u->name);
	return out;
}

static void words_of(char *out, size_t cap, const struct cfg_word *w)
{
	size_t n = 0;

	*out = 0;
	for (; w && w->word && n < cap; w++) {
		int k = snprintf(out + n, cap - n, "%s%s", !n ? "" : w[1].word ? ", " : " or ", w->word);

		n += k > 0 ? (size_t)k : 0;
	}
}

static void count_of(char *out, size_t cap, const struct cfg_row *row)
{
	snprintf(out, cap, "a list of %llu to %llu %s", (unsigned long long)row->min, (unsigned long long)row->max,
		 row->type == CFG_T_LIST ? "mappings" : "values");
}

void cfg_row_range(char *out, size_t cap, const struct cfg_row *row)
{
	unsigned long long min = row->min, max = row->max;
	char a[32], b[32];

	switch (row->type) {
	case CFG_T_STRING:
		snprintf(out, cap, "text of %llu to %llu bytes", min, max);
		break;
	case CFG_T_NAME:
		snprintf(out, cap, "a name of at most %llu characters a-z 0-9 . _ -", max);
		break;
	case CFG_T_HOST:
		snprintf(out, cap, "a host or realm name such as iwf.operator.example");
		break;
	case CFG_T_DIGITS:
		snprintf(out, cap, "%llu to %llu digits", min, max);
		break;
	case CFG_T_FILE:
		snprintf(out, cap, "a path of at most %llu bytes", max);
		break;
	case CFG_T_ADDRESS:
		snprintf(out, cap, "a numeric IPv4 or IPv6 address (names are not resolved)");
		break;
	case CFG_T_U32:
	case CFG_T_U64:
		snprintf(out, cap, "a number from %llu to %llu", min, max);
		break;
	case CFG_T_PORT:
		snprintf(out, cap, "a port from %llu to %llu", min, max);
		break;
	case CFG_T_BOOL:
		snprintf(out, cap, "true or false");
		break;
	case CFG_T_DURATION:
		snprintf(out, cap, "a duration from %s to %s (integer and ms, s, m, h or d)", duration(a, row->min),
			 duration(b, row->max));
		break;
	case CFG_T_WORD:
		words_of(out, cap, row->words);
		break;
	case CFG_T_SECTION:
		snprintf(out, cap, "a mapping of keys");
		break;
	case CFG_T_LIST:
	case CFG_T_TEXTS:
		count_of(out, cap, row);
		break;
	}
}

static const char *preset_of(const struct cfg_row *row)
{
	if (!row->preset) {
		return "required";
	}
	return *row->preset ? row->preset : row->type == CFG_T_SECTION ? "see below" : row->type == CFG_T_LIST ? "none" : "empty";
}

static bool nested(const struct cfg_row *row)
{
	return row->type == CFG_T_SECTION || row->type == CFG_T_LIST;
}

/* The full name of a nested section: "listen[]", "log". */
static void name_of(char *out, const char *inside, const struct cfg_row *row)
{
	snprintf(out, NAME_MAX_LEN, "%s%s%s%s", inside, *inside ? "." : "", row->key, row->type == CFG_T_LIST ? "[]" : "");
}

/* Plain words for roff: a minus stays a minus, a backslash starts no escape, a leading point no
 * request. */
static void roff_text(FILE *f, const char *p)
{
	if (*p == '.' || *p == '\'') {
		fputs("\\&", f);
	}
	for (; *p; p++) {
		if (*p == '-' || *p == '\\') {
			fprintf(f, "\\%c", *p == '-' ? '-' : 'e');
		} else {
			putc(*p, f);
		}
	}
}

static void roff_rows(FILE *f, const struct cfg_row *rows, const char *inside, cfg_change_fn *changes)
{
	char range[256], name[NAME_MAX_LEN];

	for (const struct cfg_row *row = rows; row->key; row++) {
		cfg_row_range(range, sizeof range, row);
		name_of(name, inside, row);
		fputs(".TP\n.B ", f);
		roff_text(f, name);
		fputs("\n", f);
		roff_text(f, row->meaning);
		fputs(".\nValue: ", f);
		roff_text(f, range);
		fputs(row->preset ? "; default: " : "; ", f);
		roff_text(f, preset_of(row));
		fputs(".\n", f);
		if (changes && !nested(row)) {
			fputs("A change takes effect ", f);
			roff_text(f, changes(name));
			fputs(".\n", f);
		}
	}
	for (const struct cfg_row *row = rows; row->key; row++) {
		if (!nested(row)) {
			continue;
		}
		name_of(name, inside, row);
		fputs(".SS ", f);
		roff_text(f, name);
		fputs("\n", f);
		roff_rows(f, row->rows, name, changes);
	}
}

void cfg_manual_roff(FILE *f, const struct cfg_row *rows, cfg_change_fn *changes)
{
	roff_rows(f, rows, "", changes);
}

/* A table of one section, then the tables of the sections in it. The depth is the depth of the
 * rows. */
static void markdown_rows(FILE *f, const struct cfg_row *rows, const char *inside, cfg_change_fn *changes)
{
	char range[256], name[NAME_MAX_LEN];

	fputs("\n| key | value | default | meaning | a change takes effect |\n|---|---|---|---|---|\n", f);
	for (const struct cfg_row *row = rows; row->key; row++) {
		cfg_row_range(range, sizeof range, row);
		name_of(name, inside, row);
		fprintf(f, "| `%s` | %s | %s%s%s | %s | %s |\n", row->key, range, row->preset && *row->preset ? "`" : "",
			preset_of(row), row->preset && *row->preset ? "`" : "", row->meaning, nested(row) ? "" : changes(name));
	}
	for (const struct cfg_row *row = rows; row->key; row++) {
		if (!nested(row)) {
			continue;
		}
		name_of(name, inside, row);
		fprintf(f, "\n## `%s`\n", name);
		markdown_rows(f, row->rows, name, changes);
	}
}

void cfg_manual_markdown(FILE *f, const struct cfg_row *rows, cfg_change_fn *changes)
{
	markdown_rows(f, rows, "", changes);
}
