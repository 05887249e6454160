/* aud.c - the decision log: opened for appending; lines gather and leave with one write(2), counters together with them. */
#include "audit/aud.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct aud {
	int fd;     /* -1: counters only */
	bool file;  /* a regular file: else somebody reads, or does not */
	char *path; /* NULL: handed in as a descriptor */
	struct st_counters *counters;
	bool torn;  /* the last line was written in part: a newline goes before what follows */
	size_t len; /* gathered */
	char *text; /* lines, behind the room for that newline */
	char room[1 + AUD_GATHER_MAX];
};

static void set_fd(struct aud *a, int fd)
{
	struct stat st;

	a->fd = fd;
	a->file = fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
}

static struct aud *make(int fd, struct st_counters *counters)
{
	struct aud *a = calloc(1, sizeof *a);

	if (!a)
		return NULL;
	set_fd(a, fd);
	a->counters = counters;
	a->text = a->room + 1;
	return a;
}

/* Complete lines among the first n octets. */
static uint64_t lines_in(const char *p, size_t n)
{
	uint64_t lines = 0;

	for (const char *end = p + n; (p = memchr(p, '\n', (size_t)(end - p))); p++)
		lines++;
	return lines;
}

/* A pipe that nobody reads must not stop the writer: neither here nor at a write. */
static int open_log(const char *path)
{
	return open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0640);
}

int aud_open(struct aud **out, const char *path, struct st_counters *counters)
{
	struct aud *a = make(-1, counters);
	int saved;

	if (!a)
		return ERR_NOMEM;
	if (path && *path) {
		a->path = strdup(path);
		if (!a->path)
			goto free_a;
		set_fd(a, open_log(path));
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
	struct aud *a = make(fd, counters);

	if (!a)
		return ERR_NOMEM;
	*out = a;
	return 0;
}

void aud_close(struct aud *a)
{
	if (!a)
		return;
	if (aud_flush(a))
		st_count_n(a->counters, ST_AUDIT_ERRORS, lines_in(a->text, a->len));
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

/* What was written leaves, in whole lines: one that the disk took in part is written again from its beginning. */
static void drop_written(struct aud *a, size_t n)
{
	size_t whole = n;

	while (whole > 0 && a->text[whole - 1] != '\n')
		whole--;
	a->torn = n > whole || (a->torn && n == 0);
	st_count_n(a->counters, ST_AUDIT_LINES, lines_in(a->text, whole));
	a->len -= whole;
	memmove(a->text, a->text + whole, a->len);
}

/* How much leaves with one write(2). A pipe takes up to PIPE_BUF whole or not at all, so that none of its lines is torn. */
static size_t piece(const struct aud *a)
{
	size_t len = 0;

	if (a->file || a->len <= PIPE_BUF)
		return a->len;
	for (const char *end; (end = memchr(a->text + len, '\n', a->len - len)); len = (size_t)(end + 1 - a->text)) {
		if (len && end + 1 - a->text > PIPE_BUF)
			break;
	}
	return len;
}

/* One write(2) of whole lines: appending writers never mix. Returns how many octets of them the disk took, or -1. */
static ssize_t write_lines(struct aud *a, size_t len)
{
	size_t first = a->torn ? 1 : 0; /* then a newline ends what is left of the cut line */
	ssize_t n;

	a->room[0] = '\n';
	do
		n = write(a->fd, a->text - first, len + first);
	while (n < 0 && errno == EINTR);
	if (n == 0 || (n > 0 && (size_t)n < len + first))
		errno = ENOSPC;
	if (n > 0 && first) {
		a->torn = false;
		n--;
	}
	return n;
}

int aud_flush(struct aud *a)
{
	while (a->fd >= 0 && a->len) {
		size_t len = piece(a);
		ssize_t n = write_lines(a, len);

		if (n >= 0)
			drop_written(a, (size_t)n);
		if (n != (ssize_t)len)
			return ERR_IO;
	}
	return 0;
}

static void count(struct st_counters *st, const struct aud_decision *d)
{
	if (d->verdict == AUD_DETECTED) {
		st_count(st, ST_DECISION_DETECTED); /* answers nothing */
		return;
	}
	if (!d->answers)
		return; /* of a session, or of a trigger that is taken back: counted where that is decided */
	st_count(st, d->verdict == AUD_ACCEPTED ? ST_DECISION_ACCEPTED : ST_DECISION_REFUSED);
	st_count(st, status_counter(d->request_status));
}

int aud_decision(struct aud *a, const struct aud_decision *d)
{
	int err;

	count(a->counters, d);
	if (a->fd < 0)
		return 0;
	if (a->len + AUD_LINE_MAX + 1 > AUD_GATHER_MAX) {
		err = aud_flush(a);
		if (a->len + AUD_LINE_MAX + 1 > AUD_GATHER_MAX) {
			st_count(a->counters, ST_AUDIT_ERRORS);
			return err;
		}
	}
	a->len += aud_format(a->text + a->len, d);
	a->text[a->len++] = '\n';
	return 0;
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
	(void)aud_flush(a); /* what the old file does not take begins the new one */
	if (a->fd >= 0)
		close(a->fd);
	set_fd(a, fd);
	a->torn = false;
}
