/* log.c - formats one line into a bounded buffer. Writes the line, or hands it to the writer, which
 * waits for the reader. */
#include "base/log.h"

#include <pthread.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/obj.h"
#include "base/shown.h"
#include "base/stdfd.h"
#include "base/str.h"
#include "base/writer.h"

#define LOG_QUEUE_MAGIC 0xfa571c44u
struct log_queue {
	struct obj obj;
	struct writer *writer;
	pthread_mutex_t lock;
	char program[32]; /* as in the log, for the writer's thread; under the lock */
};

static const char *const level_words[] = { "error", "warn", "info", "debug" };

void log_init(struct log *l, int fd, enum log_level level, const char *program)
{
	*l = (struct log){ .fd = fd, .level = level };
	str_cut(l->program, sizeof l->program, program);
}

/* A line that reports the lost lines. */
static size_t gap_line(void *arg, char *out, size_t size, uint64_t lost, int error)
{
	struct log_queue *q = OBJ_OF(arg, struct log_queue, LOG_QUEUE_MAGIC);
	char when[CLOCK_TEXT_MAX], lines[SHOWN_COUNT_MAX];
	int n;

	clock_text(when, clock_real_ms());
	pthread_mutex_lock(&q->lock);
	n = snprintf(out, size, "%s %s %s log: %s lost: %s%s\n", when, q->program, level_words[LOG_LEVEL_WARN],
		     shown_count(lines, lost, "line"),
		     error ? "write failed: " : "the reader of the log did not take them in time", error ? strerror(error) : "");
	pthread_mutex_unlock(&q->lock);
	return n > 0 && (size_t)n < size ? (size_t)n : 0;
}

/* A line that reports the incomplete line before it. */
static size_t torn_line(void *arg, char *out, size_t size, uint64_t octets)
{
	struct log_queue *q = OBJ_OF(arg, struct log_queue, LOG_QUEUE_MAGIC);
	char when[CLOCK_TEXT_MAX], written[SHOWN_COUNT_MAX];
	int n;

	clock_text(when, clock_real_ms());
	pthread_mutex_lock(&q->lock);
	n = snprintf(out, size, "%s %s %s log: the line before this one is torn: written of it: %s\n", when, q->program,
		     level_words[LOG_LEVEL_WARN], shown_count(written, octets, "byte"));
	pthread_mutex_unlock(&q->lock);
	return n > 0 && (size_t)n < size ? (size_t)n : 0;
}

int log_queue(struct log *l, size_t octets_max)
{
	struct log_queue *q;
	int err;

	if (!stdfd_written(l->fd)) {
		l->fd = -1; /* standard error was closed at start */
		return 0;
	}
	q = calloc(1, sizeof *q);
	if (!q) {
		return ERR_NOMEM;
	}
	obj_begin(&q->obj, LOG_QUEUE_MAGIC);
	memcpy(q->program, l->program, sizeof q->program);
	err = pthread_mutex_init(&q->lock, NULL) ? ERR_NOMEM : 0;
	if (err) {
		goto free_q;
	}
	err = writer_open(&q->writer, l->fd, octets_max, gap_line, q);
	if (err) {
		goto destroy_lock;
	}
	writer_on_torn(q->writer, torn_line);
	l->queue = q;
	return 0;

destroy_lock:
	pthread_mutex_destroy(&q->lock);
free_q:
	free(q);
	return err;
}

void log_look(struct log *l)
{
	if (l->queue) {
		writer_look(l->queue->writer);
	}
}

void log_queue_max(struct log *l, size_t octets_max)
{
	if (l->queue) {
		writer_octets_max(l->queue->writer, octets_max);
	}
}

void log_rename(struct log *l, const char *program)
{
	str_cut(l->program, sizeof l->program, program);
	if (!l->queue) {
		return;
	}
	pthread_mutex_lock(&l->queue->lock);
	memcpy(l->queue->program, l->program, sizeof l->queue->program);
	pthread_mutex_unlock(&l->queue->lock);
}

uint64_t log_lost(const struct log *l)
{
	return l->queue ? writer_lost(l->queue->writer) : 0;
}

int log_failing(const struct log *l)
{
	return l->queue ? writer_failing(l->queue->writer) : 0;
}

void log_fini(struct log *l)
{
	struct log_queue *q = l->queue;

	if (!q) {
		return;
	}
	l->queue = NULL;
	l->fd = -1;
	writer_end(q->writer);
	pthread_mutex_destroy(&q->lock);
	OBJ_END(q, LOG_QUEUE_MAGIC);
	free(q);
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
		if ((unsigned char)line[i] < 0x20 || (unsigned char)line[i] > 0x7e) {
			line[i] = '?';
		}
	}
	line[len++] = '\n';
	return len;
}

/* Without a queue, too, no process waits for the reader of its log: a line that the reader has no
 * room for is lost. */
static bool has_room(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLOUT };

	return poll(&p, 1, 0) != 0;
}

void log_write(const struct log *l, enum log_level level, const char *room, const char *fmt, ...)
{
	char line[LOG_LINE_MAX];
	char when[CLOCK_TEXT_MAX];
	va_list ap;
	int head, text;
	size_t len;

	if (!log_takes(l, level)) {
		return;
	}
	clock_text(when, clock_real_ms());
	head = snprintf(line, sizeof line, "%s %s %s %s: ", when, l->program, level_words[level], room);
	if (head < 0) {
		return;
	}
	if ((size_t)head >= sizeof line) {
		head = (int)sizeof line - 1;
	}
	va_start(ap, fmt);
	text = vsnprintf(line + head, sizeof line - (size_t)head, fmt, ap);
	va_end(ap);
	len = line_finish(line, (size_t)head + (text > 0 ? (size_t)text : 0));
	if (l->queue) {
		writer_put(l->queue->writer, line, len);
	} else if (has_room(l->fd) && write(l->fd, line, len) < 0) {
		return; /* a failure cannot be reported */
	}
}
