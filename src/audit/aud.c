/* aud.c - the decision log, opened for appending. Lines gather and leave with one write(2), and
 * their counters change with them. */
#include "audit/aud.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit/aud_budget.h"
#include "audit/aud_gather.h"
#include "audit/aud_kept.h"
#include "base/clock.h"
#include "base/obj.h"
#include "base/request_status.h"
#include "base/shown.h"
#include "base/tail.h"

#define MARK_MAX 128 /* octets of a line that is no decision */

#define AUD_MAGIC 0x27d8f35bu
struct aud {
	struct obj obj;
	int fd;    /* -1: counters only */
	bool file; /* a regular file; else a pipe or a device, whose reader may be slow */
	struct st_counters *counters;
	/* the last write was incomplete: the end of the file is examined before the next one */
	bool look;
	/* the log ends in an incomplete line: a newline precedes the next octets */
	bool torn;
	uint64_t torn_octets; /* of that line, still to be reported; 0: none */
	uint64_t gap;         /* decisions lost since the last that was gathered */
	uint64_t lost;        /* decisions */
	size_t len;           /* gathered */
	struct aud_budget budget;
	struct aud_kept *kept;   /* borrowed; NULL: none are kept */
	uint32_t marks;          /* lines in the text that are no decisions */
	struct aud_gather audit; /* what goes to the audit */
	/* lines; in front of them is room for the newline and the mark of an incomplete line */
	char *text;
	char room[1 + MARK_MAX + AUD_GATHER_MAX];
};

static void set_fd(struct aud *a, int fd)
{
	struct stat st;

	a->fd = fd;
	a->file = fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
	a->torn = fd >= 0 && tail_look(fd, &a->torn_octets) != TAIL_WHOLE;
	a->look = false;
}

static struct aud *make(int fd, struct st_counters *counters)
{
	struct aud *a = calloc(1, sizeof *a);

	if (!a) {
		return NULL;
	}
	obj_begin(&a->obj, AUD_MAGIC);
	set_fd(a, fd);
	a->counters = counters;
	a->text = a->room + 1 + MARK_MAX;
	return a;
}

/* Complete lines among the first n octets. */
static uint64_t lines_in(const char *p, size_t n)
{
	uint64_t lines = 0;

	for (const char *end = p + n; (p = memchr(p, '\n', (size_t)(end - p))); p++) {
		lines++;
	}
	return lines;
}

int aud_open(struct aud **out, int fd, struct st_counters *counters)
{
	struct aud *a = make(fd, counters);

	if (!a) {
		return ERR_NOMEM;
	}
	*out = a;
	return 0;
}

static void lose(struct aud *a, uint64_t lines)
{
	st_count_n(a->counters, ST_AUDIT_ERRORS, lines);
	a->lost += lines;
	a->gap += lines;
}

uint64_t aud_lost(const struct aud *a)
{
	return a->lost;
}

/* A line that is no decision, with its newline. */
static size_t mark(char out[MARK_MAX], const char *reason, const char *what, uint64_t n)
{
	char time[CLOCK_TEXT_MAX];

	clock_text(time, clock_real_ms());
	return (size_t)snprintf(out, MARK_MAX, "{\"time\":\"%s\",\"action\":\"log\",\"reason\":\"%s\",\"%s\":%llu}\n", time,
				reason, what, (unsigned long long)n);
}

/* Reports the number of lost decisions in their place. There is room for the mark. */
static void put_gap(struct aud *a)
{
	if (!a->gap) {
		return;
	}
	a->len += mark(a->text + a->len, "lines-lost", "lines", a->gap);
	a->marks++;
	a->gap = 0;
}

struct content {
	uint64_t decisions, marks;
	uint64_t lost; /* decisions that the marks tell of */
};

static struct content content_of(const char *p, size_t n)
{
	/* no text contains a bare quote */
	static const char log_line[] = "\",\"action\":\"log\",\"reason\":\"lines-lost\",\"lines\":";
	struct content c = { 0 };

	for (const char *end = p + n, *line = p; (p = memchr(p, '\n', (size_t)(end - p))); line = ++p) {
		const char *told = memmem(line, (size_t)(p - line), log_line, sizeof log_line - 1);

		c.decisions += !told;
		c.marks += told != NULL;
		c.lost += told ? strtoull(told + sizeof log_line - 1, NULL, 10) : 0;
	}
	return c;
}

uint64_t aud_close(struct aud *a)
{
	struct content left;
	uint64_t untold;
	int error = 0;

	if (!a) {
		return 0;
	}
	if (!aud_flush(a) && a->gap && a->fd >= 0) {
		put_gap(a);
	}
	if (aud_flush(a)) {
		error = errno;
	}
	left = content_of(a->text, a->len);
	st_count_n(a->counters, ST_AUDIT_ERRORS, left.decisions);
	free(a->audit.text);
	untold = a->gap + left.decisions + left.lost;
	if (a->fd >= 0) {
		close(a->fd);
	}
	free(a);
	errno = error;
	return untold;
}

static enum st_counter status_counter(const char *status)
{
	static const struct {
		const char *word;
		enum st_counter counter;
	} rows[] = {
#define ROW(name_, value_) { #name_, ST_STATUS_##name_ },
		REQUEST_STATUS_TABLE(ROW)
#undef ROW
	};

	for (size_t i = 0; status && i < sizeof rows / sizeof *rows; i++) {
		if (!strcmp(rows[i].word, status)) {
			return rows[i].counter;
		}
	}
	return ST_STATUS_OTHER;
}

/* Removes the written lines, whole ones only. A line that the disk took in part is written again
 * from its beginning, behind the mark of its incomplete copy. */
static void drop_written(struct aud *a, size_t n)
{
	uint64_t lines;
	size_t whole = n;

	while (whole > 0 && a->text[whole - 1] != '\n') {
		whole--;
	}
	a->torn = n > whole;
	a->torn_octets = n - whole;
	lines = lines_in(a->text, whole);
	if (a->marks && lines) {
		struct content c = content_of(a->text, whole);

		lines = c.decisions;
		a->marks -= (uint32_t)c.marks;
	}
	st_count_n(a->counters, ST_AUDIT_LINES, lines);
	a->len -= whole;
	memmove(a->text, a->text + whole, a->len);
}

/* What leaves in front of the text. */
static size_t before(struct aud *a)
{
	char line[MARK_MAX];
	size_t n = a->torn_octets ? mark(line, "torn-line", "octets", a->torn_octets) : 0, len = n + a->torn;
	char *p = a->text - len;

	if (a->torn) {
		*p++ = '\n';
	}
	memcpy(p, line, n);
	return len;
}

/* Returns how many octets leave with one write(2), with `first` octets in front of them. A pipe
 * takes up to PIPE_BUF octets whole or not at all, so none of its lines is incomplete. */
static size_t piece(const struct aud *a, size_t first)
{
	size_t len = 0;

	if (a->file || a->len + first <= PIPE_BUF) {
		return a->len;
	}
	for (const char *end; (end = memchr(a->text + len, '\n', a->len - len)); len = (size_t)(end + 1 - a->text)) {
		if (len && end + 1 - a->text + (ssize_t)first > PIPE_BUF) {
			break;
		}
	}
	return len;
}

/* Of what goes in front only n octets were taken. */
static void cut_before(struct aud *a, size_t first, size_t n)
{
	const char *from = a->text - first;
	size_t newline = from[0] == '\n';

	if (n > newline) {
		a->torn_octets = n - newline; /* of the mark: it is torn now */
	}
	if (n) {
		a->torn = n > newline;
	}
}

/* A full disk was full for every writer of the file. The last line may be incomplete by another
 * writer, or completed by it. Only the file itself shows this. */
static void look_at_end(struct aud *a)
{
	uint64_t octets;
	enum tail end = a->file ? tail_look(a->fd, &octets) : TAIL_UNKNOWN;

	a->look = false;
	if (end == TAIL_UNKNOWN) {
		return;
	}
	a->torn = end == TAIL_TORN;
	if (a->torn) {
		a->torn_octets = octets;
	}
}

/* One write(2) of whole lines: the lines of several appending writers never mix. 0; ERR_IO with
 * errno if fewer octets were taken. */
static int write_lines(struct aud *a)
{
	size_t first, len;
	ssize_t n;

	if (a->look) {
		look_at_end(a);
	}
	first = before(a);
	len = piece(a, first);
	do {
		n = write(a->fd, a->text - first, len + first);
	} while (n < 0 && errno == EINTR);
	a->look = n < 0 || (size_t)n < len + first;
	if (n < 0) {
		return ERR_IO;
	}
	if ((size_t)n < first) {
		cut_before(a, first, (size_t)n);
	} else {
		drop_written(a, (size_t)n - first);
	}
	if ((size_t)n == len + first) {
		return 0;
	}
	errno = ENOSPC;
	return ERR_IO;
}

int aud_audit(struct aud *a, struct aud_store *store, uint32_t refusals_per_second)
{
	return aud_gather_to(&a->audit, store, refusals_per_second, a->counters);
}

void aud_keep(struct aud *a, struct aud_kept *kept)
{
	a->kept = kept;
}

void aud_lines(struct aud *a, uint32_t per_second)
{
	a->budget.per_second = per_second;
}

static bool has_room(const struct aud *a)
{
	return a->len + MARK_MAX + AUD_LINE_MAX + 1 <= AUD_GATHER_MAX;
}

static void say_more(void *arg, const char *scs, uint64_t n)
{
	struct aud *a = OBJ_OF(arg, struct aud, AUD_MAGIC);
	char words[SHOWN_COUNT_MAX];
	struct aud_decision d = { .time_ms = clock_real_ms(),
				  .scs = scs,
				  .action = "log",
				  .verdict = AUD_REFUSED,
				  .reason = "lines-more",
				  .rule = shown_count(words, n, "more line") };

	st_count_n(a->counters, ST_DECISIONS_SUMMED, n);
	if (!has_room(a)) {
		lose(a, 1);
		return;
	}
	put_gap(a);
	a->len += aud_format(a->text + a->len, &d);
	a->text[a->len++] = '\n';
}

/* Accepted requests are what an SCS has its rate and quota for. */
static bool within_budget(struct aud *a, const struct aud_decision *d)
{
	aud_budget_turn(&a->budget, d->time_ms / 1000, say_more, a);
	return (d->verdict == AUD_ACCEPTED && (!d->action || strcmp(d->action, "session") != 0)) ||
	       aud_budget_take(&a->budget, d->scs);
}

void aud_recovered(struct aud *a, const struct aud_decision *d)
{
	aud_gather_recovered(&a->audit, d);
}

void aud_audit_turn(struct aud *a)
{
	aud_gather_turn(&a->audit);
}

int aud_flush(struct aud *a)
{
	int err = 0;

	aud_gather_give(&a->audit);
	if (a->fd >= 0 && a->budget.used_n) {
		aud_budget_turn(&a->budget, clock_real_ms() / 1000, say_more, a);
	}
	while (!err && a->fd >= 0 && a->len) {
		err = write_lines(a);
	}
	return err;
}

static void count(struct st_counters *st, const struct aud_decision *d)
{
	if (d->verdict == AUD_DETECTED) {
		st_count(st, ST_DECISION_DETECTED); /* answers nothing */
		return;
	}
	if (!d->answers) {
		return; /* of a session, or of a cancelled trigger: counted where that is decided */
	}
	st_count(st, d->verdict == AUD_ACCEPTED ? ST_DECISION_ACCEPTED : ST_DECISION_REFUSED);
	st_count(st, status_counter(d->request_status));
}

static void keep(struct aud *a, const char *line, size_t len)
{
	if (a->kept) {
		aud_kept_add(a->kept, line, len);
	}
}

/* A line that does not get into the decision log. */
static void elsewhere(struct aud *a, const struct aud_decision *d, bool kept)
{
	char line[AUD_LINE_MAX];
	size_t n;

	if (!a->audit.store && !(kept && a->kept)) {
		return;
	}
	n = aud_format(line, d);
	if (a->audit.store) {
		aud_gather_line(&a->audit, d, line, n);
	}
	if (kept) {
		keep(a, line, n);
	}
}

int aud_decision(struct aud *a, const struct aud_decision *d)
{
	size_t n;
	int err;

	count(a->counters, d);
	if (a->fd < 0) {
		elsewhere(a, d, true); /* without a log */
		return 0;
	}
	if (!within_budget(a, d)) {
		elsewhere(a, d, false);
		return 0;
	}
	if (!has_room(a)) {
		err = aud_flush(a);
		if (!has_room(a)) {
			lose(a, 1);
			elsewhere(a, d, true);
			return err;
		}
	}
	put_gap(a);
	n = aud_format(a->text + a->len, d);
	if (a->audit.store) {
		aud_gather_line(&a->audit, d, a->text + a->len, n);
	}
	keep(a, a->text + a->len, n);
	a->len += n;
	a->text[a->len++] = '\n';
	return 0;
}

void aud_reopen(struct aud *a, int fd)
{
	(void)aud_flush(a); /* what the old file does not take begins the new one */
	if (a->fd >= 0) {
		close(a->fd);
	}
	set_fd(a, fd);
}
