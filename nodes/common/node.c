/* node.c - exit words, JSON lines, log. */
#include "nodes/common/node.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

void node_start(struct log *log, const char *program)
{
	struct sigaction ignore = { .sa_handler = SIG_IGN };

	sigaction(SIGPIPE, &ignore, NULL);
	log_init(log, STDERR_FILENO, LOG_LEVEL_INFO, program);
}

int node_usage(const char *program, const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "%s: ", program);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fprintf(stderr, "\n'%s --help' says how it is used.\n", program);
	return NODE_EXIT_USAGE;
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
	printf("%s %s\n", program, MTC_VERSION);
	return fflush(stdout) ? NODE_EXIT_FAILURE : NODE_EXIT_OK;
}

/* A pipe may take a long line in pieces; a line is only useful whole. */
static int write_all(int fd, const char *p, size_t n)
{
	while (n > 0) {
		ssize_t done = write(fd, p, n);

		if (done <= 0)
			return ERR_IO;
		p += done;
		n -= (size_t)done;
	}
	return 0;
}

int node_emit(int fd, json_t *event)
{
	char *text = event ? json_dumps(event, JSON_COMPACT | JSON_REAL_PRECISION(7)) : NULL;
	size_t len;
	int err;

	json_decref(event);
	if (!text)
		return ERR_NOMEM;
	len = strlen(text);
	text[len] = '\n'; /* in place of the NUL: one write, and nobody reads it as a string again */
	err = write_all(fd, text, len + 1);
	free(text);
	return err;
}

int node_emit_ready(const char *address, uint16_t port)
{
	return node_emit(STDOUT_FILENO, json_pack("{s:s, s:s, s:i}", "event", "ready", "address", address, "port", (int)port));
}

uint32_t node_random(void)
{
	uint32_t v = 0;

	/* at most 256 octets are never cut short once the kernel's pool is ready, and getrandom waits for that */
	while (getrandom(&v, sizeof v, 0) != (ssize_t)sizeof v)
		;
	return v;
}
