/* log.h - one line for each message, to one descriptor. The log is an object that is passed down,
 * not a global. Text from peers may be logged with %s: control characters and non-ASCII bytes are
 * replaced by '?', so that no peer can forge a line. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

struct log_queue; /* opaque */

struct log {
	int fd;               /* borrowed; -1 drops everything */
	enum log_level level; /* messages above it are dropped */
	char program[32];     /* "mtc-iwfd[edge-0]"; changed by log_rename() */
	struct log_queue *queue;
};

#define LOG_LINE_MAX 1024 /* longer lines are cut and end in "..." */

/* A log that writes each line with one write(2), which may wait for the reader: for programs in the
 * foreground. */
void log_init(struct log *l, int fd, enum log_level level, const char *program);
/* From now on logging never waits for the reader (base/writer.h): up to octets_max bytes of lines
 * are buffered, further lines are lost and counted, and one line reports them once there is room. A
 * descriptor that is not open for writing drops everything uncounted. ERR_NOMEM. */
ERR_MUST_USE int log_queue(struct log *l, size_t octets_max);
/* For the first process that writes to this log: an incomplete line at its end is ended before the
 * next line, and one line reports it (writer_look()). No effect without log_queue(). */
void log_look(struct log *l);
/* Changes the limit; no effect without log_queue(). */
void log_queue_max(struct log *l, size_t octets_max);
void log_rename(struct log *l, const char *program);
/* Lines lost since log_queue(). */
uint64_t log_lost(const struct log *l);
/* errno of the last write when it failed, else 0; 0 without log_queue(). */
int log_failing(const struct log *l);
/* Ends a log with a queue: waits up to WRITER_END_MS for the reader to take the buffered lines.
 * Later lines are dropped. */
void log_fini(struct log *l);

/* "error", "warn", "info", "debug" -> level. ERR_INVAL otherwise. */
int log_level_parse(enum log_level *out, const char *word);

/* Writes "TIME PROGRAM LEVEL ROOM: text\n". Failures are ignored, because a log must never stop the
 * product. `l` may be NULL: the line is dropped. */
void log_write(const struct log *l, enum log_level level, const char *room, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* True if a line of that level is written. Text that is expensive to build is built only then. */
static inline bool log_takes(const struct log *l, enum log_level level)
{
	return l && l->fd >= 0 && level <= l->level;
}

/* The arguments are evaluated only if the line is written. */
#define log_at(l, level, room, ...)                                                                                              \
	do {                                                                                                                     \
		if (log_takes((l), (level))) {                                                                                   \
			log_write((l), (level), (room), __VA_ARGS__);                                                            \
		}                                                                                                                \
	} while (0)
#define log_error(l, room, ...) log_at(l, LOG_LEVEL_ERROR, room, __VA_ARGS__)
#define log_warn(l, room, ...) log_at(l, LOG_LEVEL_WARN, room, __VA_ARGS__)
#define log_info(l, room, ...) log_at(l, LOG_LEVEL_INFO, room, __VA_ARGS__)
#define log_debug(l, room, ...) log_at(l, LOG_LEVEL_DEBUG, room, __VA_ARGS__)
