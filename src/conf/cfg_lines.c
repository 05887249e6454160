/* cfg_lines.c - the line of each key, and the form of an error: FILE:LINE: text. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "conf/cfg_internal.h"

#define WHERE_MAX 256

struct line_row {
	char *where;
	unsigned line; /* 0: this key is wrong; another row has its line */
};

struct cfg_lines {
	char path[CFG_PATH_MAX];
	struct line_row *rows;
	size_t n, cap;
};

int cfg_lines_new(struct cfg_lines **out, const char *path)
{
	struct cfg_lines *l = calloc(1, sizeof *l);

	if (!l) {
		return ERR_NOMEM;
	}
	str_cut(l->path, sizeof l->path, path);
	*out = l;
	return 0;
}

void cfg_lines_free(struct cfg_lines *l)
{
	if (!l) {
		return;
	}
	for (size_t i = 0; i < l->n; i++) {
		free(l->rows[i].where);
	}
	free(l->rows);
	free(l);
}

int cfg_lines_add(struct cfg_lines *l, const char *where, unsigned line)
{
	char *copy;

	if (l->n == l->cap) {
		size_t cap = l->cap ? 2 * l->cap : 64;
		struct line_row *rows = realloc(l->rows, cap * sizeof *rows);

		if (!rows) {
			return ERR_NOMEM;
		}
		l->rows = rows;
		l->cap = cap;
	}
	copy = strdup(where);
	if (!copy) {
		return ERR_NOMEM;
	}
	l->rows[l->n++] = (struct line_row){ .where = copy, .line = line };
	return 0;
}

int cfg_lines_wrong(struct cfg_lines *l, const char *where)
{
	return cfg_lines_add(l, where, 0);
}

static unsigned find(const struct cfg_lines *l, const char *where)
{
	for (size_t i = 0; i < l->n; i++) {
		if (l->rows[i].line && !strcmp(l->rows[i].where, where)) {
			return l->rows[i].line;
		}
	}
	return 0;
}

/* "listen[0].key" -> "listen[0]" -> "listen" -> "" */
static void cut_last(char *where)
{
	size_t n = strlen(where);

	while (n && where[n - 1] != '.' && where[n - 1] != '[') {
		n--;
	}
	where[n ? n - 1 : 0] = 0;
}

unsigned cfg_line(const struct cfg_lines *l, const char *fmt, ...)
{
	char where[WHERE_MAX];
	va_list ap;
	unsigned line;

	va_start(ap, fmt);
	vsnprintf(where, sizeof where, fmt, ap);
	va_end(ap);
	for (; *where; cut_last(where)) {
		line = l ? find(l, where) : 0;
		if (line) {
			return line;
		}
	}
	return 1;
}

bool cfg_written(const struct cfg_lines *l, const char *where)
{
	return l && find(l, where) != 0;
}

/* True: "listen[1]" and "listen[1].key"; "listen" and "listen[1]"; the same path. False:
 * "listen[1]" and "listen[10]". */
static bool is_around(const char *outer, const char *inner)
{
	size_t n = strlen(outer);

	return !n || (strncmp(outer, inner, n) == 0 && (!inner[n] || inner[n] == '.' || inner[n] == '['));
}

bool cfg_sound(const struct cfg_lines *l, const char *fmt, ...)
{
	char where[WHERE_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(where, sizeof where, fmt, ap);
	va_end(ap);
	for (size_t i = 0; l && i < l->n; i++) {
		const struct line_row *row = &l->rows[i];

		/* an unknown key makes the whole file wrong, not every other key of it */
		if (!row->line && *row->where && (is_around(row->where, where) || is_around(where, row->where))) {
			return false;
		}
	}
	return true;
}

__attribute__((format(printf, 5, 0))) static void tell(struct report *why, const char *kind, const struct cfg_lines *l,
						       unsigned line, const char *fmt, va_list ap)
{
	char words[CFG_WHY_MAX];

	vsnprintf(words, sizeof words, fmt, ap);
	report_add(why, kind, "%s:%u: %s", l ? l->path : "", line, words);
}

void cfg_error(struct report *why, const struct cfg_lines *l, unsigned line, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	tell(why, REPORT_ERROR, l, line, fmt, ap);
	va_end(ap);
}

int cfg_wrong(struct report *why, const struct cfg_lines *l, unsigned line, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	tell(why, REPORT_ERROR, l, line, fmt, ap);
	va_end(ap);
	return ERR_INVAL;
}

void cfg_warn(struct report *why, const struct cfg_lines *l, unsigned line, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	tell(why, REPORT_WARNING, l, line, fmt, ap);
	va_end(ap);
}
