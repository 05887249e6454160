/* log.h - one line a message, to one descriptor. The sink is an object that is handed down, not a global.
 * Text from peers may be logged with %s: control and non-ASCII octets leave as '?', so no peer forges a line. */
#pragma once
#include <stddef.h>

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

struct log {
	int fd;               /* borrowed; -1 drops everything */
	enum log_level level; /* messages above it are dropped */
	char program[32];     /* "mtc-iwfd[edge 1]" */
};

#define LOG_LINE_MAX 1024 /* longer lines are cut and end in "..." */

void log_init(struct log *l, int fd, enum log_level level, const char *program);

/* "error", "warn", "info", "debug" -> level. ERR_INVAL otherwise. */
int log_level_parse(enum log_level *out, const char *word);

/* Writes "TIME PROGRAM LEVEL ROOM: text\n" with one write(2); failures are ignored: a log must never stop the product.
 * `l` may be NULL (dropped). */
void log_write(const struct log *l, enum log_level level, const char *room, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

#define log_error(l, room, ...) log_write(l, LOG_LEVEL_ERROR, room, __VA_ARGS__)
#define log_warn(l, room, ...) log_write(l, LOG_LEVEL_WARN, room, __VA_ARGS__)
#define log_info(l, room, ...) log_write(l, LOG_LEVEL_INFO, room, __VA_ARGS__)
#define log_debug(l, room, ...) log_write(l, LOG_LEVEL_DEBUG, room, __VA_ARGS__)
