/* log.c - formats one line into a bounded buffer and writes it at once. */
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"

static const char *const level_words[] = { "error", "warn", "info", "debug" };

void log_init(struct log *l, int fd, enum log_level level, const char *program)
{
	*l = (struct log){ .fd = fd, .level = level };
	snprintf(l->program, sizeof l->program, "%s", program);
}

int log_level_parse(enum log_level *out, const char *word)
{
	for (size_t i = 0; i < sizeof level_words / sizeof *level_words; i++) {
		if (strcmp(word, level_words[i]) == 0) {
			*out = (enum log_level)i;
			return 0;
		}
	}
	return ERR_INVAL;
}

/* Replaces what could forge or garble a line; returns the new length with the final newline. */
static size_t line_finish(char *line, size_t wanted)
{
	size_t len = wanted;

	if (wanted > LOG_LINE_MAX - 2) {
		len = LOG_LINE_MAX - 2;
		memcpy(line + len - 3, "...", 3);
	}
	for (size_t i = 0; i < len; i++) {
		if ((unsigned char)line[i] < 0x20 || (unsigned char)line[i] > 0x7e)
			line[i] = '?';
	}
	line[len++] = '\n';
	return len;
}

void log_write(const struct log *l, enum log_level level, const char *room, const char *fmt, ...)
{
	char line[LOG_LINE_MAX];
	char when[CLOCK_TEXT_MAX];
	va_list ap;
	int head, text;
	size_t len;

	if (!l || l->fd < 0 || level > l->level)
		return;
	clock_text(when, clock_real_ms());
	head = snprintf(line, sizeof line, "%s %s %s %s: ", when, l->program, level_words[level], room);
	if (head < 0)
		return;
	if ((size_t)head >= sizeof line)
		head = (int)sizeof line - 1;
	va_start(ap, fmt);
	text = vsnprintf(line + head, sizeof line - (size_t)head, fmt, ap);
	va_end(ap);
	len = line_finish(line, (size_t)head + (text > 0 ? (size_t)text : 0));
	if (write(l->fd, line, len) < 0)
		return; /* nowhere to complain */
}
