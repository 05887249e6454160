/* node.c - exit words, JSON lines, log. */
#include "nodes/common/node.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/opts.h"
#include "base/stdfd.h"
#include "base/tail.h"
#include "base/version.h"
#include "base/writer.h"
#include "net/net_loop.h"
#include "tls/tls_warm_up.h"

#define USAGE_MAX 512 /* octets of the words about a wrong command line */

int node_start(struct log *log, const char *program)
{
	int err;

	struct sigaction ignore = { .sa_handler = SIG_IGN };

	sigaction(SIGPIPE, &ignore, NULL);
	log_init(log, STDERR_FILENO, LOG_LEVEL_INFO, program);
	err = log_queue(log, WRITER_OCTETS);
	if (err) {
		node_fail(program, "%s", err_str(err));
	} else {
		log_look(log); /* an earlier run may have ended in half a line */
	}
	return err;
}

int node_usage(const char *program, const char *fmt, ...)
{
	va_list ap;
	char words[USAGE_MAX];

	va_start(ap, fmt);
	vsnprintf(words, sizeof words, fmt, ap);
	va_end(ap);
	return opts_usage(program, NULL, words);
}

int node_fail(const char *program, const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "%s: ", program);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	return NODE_EXIT_FAILURE;
}

int node_version(const char *program)
{
	char text[VERSION_TEXT_MAX];
	const struct version_library libraries[] = {
		{ "OpenSSL", tls_library_version() },
		{ "libuv", net_library_version() },
		{ "jansson", jansson_version_str() },
	};

	version_text(text, program, libraries, sizeof libraries / sizeof *libraries);
	fputs(text, stdout);
	return NODE_EXIT_OK;
}

/* A pipe may take a long line in pieces, and a line is useful only as a whole. poll() does the
 * waiting, so that a handled signal ends it; write() would continue. */
static int write_all(int fd, const char *p, size_t n)
{
	while (n > 0) {
		struct pollfd writable = { .fd = fd, .events = POLLOUT };
		ssize_t done;

		if (poll(&writable, 1, -1) < 0) {
			return errno == EINTR ? ERR_TIMEOUT : ERR_IO;
		}
		done = write(fd, p, n < PIPE_BUF ? n : PIPE_BUF);
		if (done < 0 && errno == EAGAIN) {
			continue; /* another process made it non-blocking, and filled it first */
		}
		if (done <= 0) {
			return ERR_IO;
		}
		p += done;
		n -= (size_t)done;
	}
	return 0;
}

char *node_line(json_t *event, size_t *len)
{
	char *text = event ? json_dumps(event, JSON_COMPACT | JSON_REAL_PRECISION(7)) : NULL;

	json_decref(event);
	if (!text) {
		return NULL;
	}
	*len = strlen(text);
	text[(*len)++] = '\n'; /* replaces the NUL: from here on the line has a length */
	return text;
}

size_t node_torn_line(char *out, size_t size, uint64_t octets)
{
	int n = snprintf(out, size, "{\"event\":\"torn\",\"octets\":%llu}\n", (unsigned long long)octets);

	return n > 0 && (size_t)n < size ? (size_t)n : 0;
}

int node_emit_begin(int fd)
{
	char text[1 + NODE_TORN_LINE_MAX] = "\n";
	uint64_t octets;
	size_t len = 1;

	if (tail_look(fd, &octets) == TAIL_WHOLE) {
		return 0;
	}
	if (octets) {
		len += node_torn_line(text + 1, NODE_TORN_LINE_MAX, octets);
	}
	return write_all(fd, text, len);
}

int node_emit(int fd, json_t *event)
{
	size_t len;
	char *line = node_line(event, &len);
	int err;

	if (!line) {
		return ERR_NOMEM;
	}
	err = write_all(fd, line, len);
	free(line);
	return err;
}

bool node_say(const char *program, json_t *event)
{
	int err = node_emit(STDOUT_FILENO, event);

	if (err) {
		node_fail(program, "standard output could not be written: %s",
			  err == ERR_IO        ? stdfd_why(errno)
			  : err == ERR_TIMEOUT ? "nobody reads it"
					       : err_str(err));
	}
	return err == 0;
}

uint32_t node_random(void)
{
	uint32_t v = 0;

	/* getrandom() waits for the kernel's pool, and then returns up to 256 bytes in one piece */
	while (getrandom(&v, sizeof v, 0) != (ssize_t)sizeof v) {
		;
	}
	return v;
}
