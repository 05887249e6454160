/* report.c - lines in a buffer of one size. */
#include "base/obj.h"
#include "base/report.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/shown.h"
#include "base/str.h"

#define LINE_MAX_OCTETS 1024

void report_add(struct report *r, const char *kind, const char *fmt, ...)
{
	char line[LINE_MAX_OCTETS];
	size_t len, n;
	va_list args;

	len = (size_t)snprintf(line, sizeof line, "%s ", kind);
	va_start(args, fmt);
	(void)vsnprintf(line + len, sizeof line - len - 1, fmt, args);
	va_end(args);
	for (char *p = line; *p; p++) {
		if ((unsigned char)*p < 0x20 || *p == 0x7f) {
			*p = '?'; /* one line stays one line */
		}
	}
	n = strlen(line);
	line[n++] = '\n';
	line[n] = 0;
	if (strcmp(kind, REPORT_ERROR) == 0 && !strstr(r->text, line)) {
		r->errors++;
	}
	if (strstr(r->text, line)) {
		return;
	}
	if (r->len + n >= sizeof r->text) {
		r->left_out++;
		return;
	}
	memcpy(r->text + r->len, line, n + 1);
	r->len += n;
}

void report_each(const struct report *r, report_fn *fn, void *arg)
{
	char line[LINE_MAX_OCTETS], more[SHOWN_COUNT_MAX], *text;

	for (const char *p = r->text, *end; (end = strchr(p, '\n')); p = end + 1) {
		snprintf(line, sizeof line, "%.*s", (int)(end - p), p);
		text = strchr(line, ' ');
		if (!text) {
			continue;
		}
		*text = 0;
		fn(arg, line, text + 1);
	}
	if (r->left_out) {
		snprintf(line, sizeof line, "no room here for %s", shown_count(more, r->left_out, "more line"));
		fn(arg, r->errors ? REPORT_ERROR : REPORT_WARNING, line);
	}
}

#define FIRST_MAGIC 0x8202fe9au
struct first {
	struct obj obj;
	char *out;
	size_t size;
};

static void take_first(void *arg, const char *kind, const char *text)
{
	struct first *f = OBJ_OF(arg, struct first, FIRST_MAGIC);

	if (!*f->out && strcmp(kind, REPORT_ERROR) == 0) {
		str_cut(f->out, f->size, text);
	}
}

const char *report_first(const struct report *r, char *out, size_t size)
{
	*out = 0;
	report_each(r, take_first, &(struct first){ OBJ(FIRST_MAGIC), out, size });
	return out;
}

#define PRINT_MAGIC 0xa1c175c7u
struct print {
	struct obj obj;
	FILE *out;
	const char *program;
};

static void print_line(void *arg, const char *kind, const char *text)
{
	const struct print *p = OBJ_OF(arg, struct print, PRINT_MAGIC);

	fprintf(p->out, "%s: %s%s\n", p->program, strcmp(kind, REPORT_WARNING) == 0 ? "warning: " : "", text);
}

void report_print(const struct report *r, FILE *out, const char *program)
{
	report_each(r, print_line, &(struct print){ OBJ(PRINT_MAGIC), out, program });
}
