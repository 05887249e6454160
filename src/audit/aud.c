/* aud.c - the decision log: opened for appending, one write(2) a line, counters together with it. */
#include "audit/aud.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct aud {
	int fd;     /* -1: counters only */
	char *path; /* NULL: handed in as a descriptor */
	struct st_counters *counters;
	bool torn; /* the last line was written in part: the next one begins with a newline */
};

static int open_log(const char *path)
{
	return open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0640);
}

int aud_open(struct aud **out, const char *path, struct st_counters *counters)
{
	struct aud *a = calloc(1, sizeof *a);
	int saved;

	if (!a)
		return ERR_NOMEM;
	a->fd = -1;
	a->counters = counters;
	if (path && *path) {
		a->path = strdup(path);
		if (!a->path)
			goto free_a;
		a->fd = open_log(path);
		if (a->fd < 0)
			goto free_path;
	}
	*out = a;
	return 0;

free_path:
	saved = errno;
	free(a->path);
	free(a);
	errno = saved;
	return ERR_IO;
free_a:
	free(a);
	return ERR_NOMEM;
}

int aud_open_fd(struct aud **out, int fd, struct st_counters *counters)
{
	struct aud *a = calloc(1, sizeof *a);

	if (!a)
		return ERR_NOMEM;
	a->fd = fd;
	a->counters = counters;
	*out = a;
	return 0;
}

void aud_close(struct aud *a)
{
	if (!a)
		return;
	if (a->fd >= 0)
		close(a->fd);
	free(a->path);
	free(a);
}

static enum st_counter status_counter(const char *status)
{
	static const struct {
		const char *word;
		enum st_counter counter;
	} rows[] = {
		{ "SUCCESS", ST_STATUS_SUCCESS },
		{ "INVPAYLOAD", ST_STATUS_INVPAYLOAD },
		{ "INVEXTID", ST_STATUS_INVEXTID },
		{ "INVSCSID", ST_STATUS_INVSCSID },
		{ "INVPERIOD", ST_STATUS_INVPERIOD },
		{ "NOTAUTHORIZED", ST_STATUS_NOTAUTHORIZED },
		{ "SERVICEUNAVAILABLE", ST_STATUS_SERVICEUNAVAILABLE },
		{ "PERMANENTERROR", ST_STATUS_PERMANENTERROR },
		{ "QUOTAEXCEEDED", ST_STATUS_QUOTAEXCEEDED },
		{ "RATEEXCEEDED", ST_STATUS_RATEEXCEEDED },
		{ "REPLACEFAIL", ST_STATUS_REPLACEFAIL },
		{ "RECALLFAIL", ST_STATUS_RECALLFAIL },
		{ "ORIGINALMESSAGESENT", ST_STATUS_ORIGINALMESSAGESENT },
		{ "TEMPORARYERROR", ST_STATUS_TEMPORARYERROR },
	};

	for (size_t i = 0; status && i < sizeof rows / sizeof *rows; i++)
		if (!strcmp(rows[i].word, status))
			return rows[i].counter;
	return ST_STATUS_OTHER;
}

/* The whole line or as much as the disk takes. One write(2) is one line: appending writers never mix. */
static int write_line(struct aud *a, const char *p, size_t len)
{
	ssize_t n;

	if (a->torn) {
		p--; /* the caller left a newline in front */
		len++;
	}
	do
		n = write(a->fd, p, len);
	while (n < 0 && errno == EINTR);
	if (n == (ssize_t)len) {
		a->torn = false;
		return 0;
	}
	if (n > 0) {
		a->torn = true;
		errno = ENOSPC;
	}
	return ERR_IO;
}

static void count(struct st_counters *st, const struct aud_decision *d)
{
	if (d->verdict == AUD_DETECTED) {
		st_count(st, ST_DECISION_DETECTED); /* answers nothing */
		return;
	}
	st_count(st, d->verdict == AUD_ACCEPTED ? ST_DECISION_ACCEPTED : ST_DECISION_REFUSED);
	st_count(st, status_counter(d->request_status));
}

int aud_decision(struct aud *a, const struct aud_decision *d)
{
	char line[1 + AUD_LINE_MAX + 1];
	size_t len;
	int err;

	count(a->counters, d);
	if (a->fd < 0)
		return 0;
	line[0] = '\n';
	len = aud_format(line + 1, d);
	line[1 + len] = '\n';
	err = write_line(a, line + 1, len + 1);
	st_count(a->counters, err ? ST_AUDIT_ERRORS : ST_AUDIT_LINES);
	return err;
}

int aud_reopen(struct aud *a)
{
	int fd;

	if (!a->path)
		return 0;
	fd = open_log(a->path);
	if (fd < 0)
		return ERR_IO;
	aud_reopen_fd(a, fd);
	return 0;
}

void aud_reopen_fd(struct aud *a, int fd)
{
	if (a->fd >= 0)
		close(a->fd);
	a->fd = fd;
	a->torn = false;
}
