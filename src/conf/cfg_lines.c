/* cfg_lines.c - where each key stood, and the one form of an error: FILE:LINE: words. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/cfg_internal.h"

#define WHERE_MAX 256

struct line_row {
	char *where;
	unsigned line;
};

struct cfg_lines {
	char path[CFG_PATH_MAX];
	struct line_row *rows;
	size_t n, cap;
};

int cfg_lines_new(struct cfg_lines **out, const char *path)
{
	struct cfg_lines *l = calloc(1, sizeof *l);

	if (!l)
		return ERR_NOMEM;
	snprintf(l->path, sizeof l->path, "%s", path);
	*out = l;
	return 0;
}

void cfg_lines_free(struct cfg_lines *l)
{
	if (!l)
		return;
	for (size_t i = 0; i < l->n; i++)
		free(l->rows[i].where);
	free(l->rows);
	free(l);
}

int cfg_lines_add(struct cfg_lines *l, const char *where, unsigned line)
{
	char *copy;

	if (l->n == l->cap) {
		size_t cap = l->cap ? 2 * l->cap : 64;
		struct line_row *rows = realloc(l->rows, cap * sizeof *rows);

		if (!rows)
			return ERR_NOMEM;
		l->rows = rows;
		l->cap = cap;
	}
	copy = strdup(where);
	if (!copy)
		return ERR_NOMEM;
	l->rows[l->n++] = (struct line_row){ .where = copy, .line = line };
	return 0;
}

static unsigned find(const struct cfg_lines *l, const char *where)
{
	for (size_t i = 0; i < l->n; i++)
		if (!strcmp(l->rows[i].where, where))
			return l->rows[i].line;
	return 0;
}

/* "listen[0].key" -> "listen[0]" -> "listen" -> "" */
static void cut_last(char *where)
{
	size_t n = strlen(where);

	while (n && where[n - 1] != '.' && where[n - 1] != '[')
		n--;
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
		if (line)
			return line;
	}
	return 1;
}

bool cfg_written(const struct cfg_lines *l, const char *where)
{
	return l && find(l, where) != 0;
}

int cfg_wrong(char why[CFG_WHY_MAX], const struct cfg_lines *l, unsigned line, const char *fmt, ...)
{
	int n = snprintf(why, CFG_WHY_MAX, "%s:%u: ", l ? l->path : "", line);
	va_list ap;

	if (n < 0 || n >= CFG_WHY_MAX)
		return ERR_INVAL;
	va_start(ap, fmt);
	vsnprintf(why + n, CFG_WHY_MAX - (size_t)n, fmt, ap);
	va_end(ap);
	return ERR_INVAL;
}
