/* mtr_text.c - see mtr_text.h. */
#include "metrics/mtr_text.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_CAP 65536u
#define PIECE_MAX 512u /* octets that one call of say() may add */
#define NET_ROWS 9u

/* -- the text */

static bool make_room(struct mtr_text *t, size_t n)
{
	size_t cap = t->cap ? t->cap : FIRST_CAP;
	char *p;

	if (t->failed || n > t->max - t->len) {
		t->failed = true;
		return false;
	}
	while (cap < t->len + n) {
		cap *= 2;
	}
	if (cap == t->cap) {
		return true;
	}
	p = realloc(t->p, cap);
	if (!p) {
		t->failed = true;
		return false;
	}
	t->p = p;
	t->cap = cap;
	return true;
}

static void add(struct mtr_text *t, const char *p, size_t n)
{
	if (make_room(t, n)) {
		memcpy(t->p + t->len, p, n);
		t->len += n;
	}
}

static void text(struct mtr_text *t, const char *p)
{
	add(t, p, strlen(p));
}

static void number(struct mtr_text *t, uint64_t v)
{
	char digits[20];
	size_t at = sizeof digits;

	do {
		digits[--at] = (char)('0' + v % 10);
		v /= 10;
	} while (v);
	add(t, digits + at, sizeof digits - at);
}

/* v over a power of ten, exactly. */
static void decimal(struct mtr_text *t, uint64_t v, uint32_t divisor)
{
	number(t, v / divisor);
	if (v % divisor) {
		text(t, ".");
		for (uint64_t rest = v % divisor; rest; rest = rest * 10 % divisor) {
			char digit = (char)('0' + rest * 10 / divisor);

			add(t, &digit, 1);
		}
	}
}

/* Backslash and line feed in a help; in the value of a label the quotation mark, too. */
static void escaped(struct mtr_text *t, const char *p, bool quotes)
{
	for (size_t n; *p; p += n) {
		n = strcspn(p, quotes ? "\\\n\"" : "\\\n");
		add(t, p, n);
		p += n;
		if (!*p) {
			return;
		}
		text(t, *p == '\n' ? "\\n" : *p == '"' ? "\\\"" : "\\\\");
		n = 1;
	}
}

static void name(struct mtr_text *t, const char *p, const char *end)
{
	text(t, MTR_PREFIX);
	text(t, p);
	text(t, end);
}

static void head(struct mtr_text *t, const char *p, const char *end, const char *type, const char *help)
{
	text(t, "# HELP ");
	name(t, p, end);
	text(t, " ");
	escaped(t, help, false);
	text(t, "\n# TYPE ");
	name(t, p, end);
	text(t, " ");
	text(t, type);
	text(t, "\n");
}

static void one(struct mtr_text *t, const char *p, const char *end, const char *type, const char *help, uint64_t v)
{
	head(t, p, end, type, help);
	name(t, p, end);
	text(t, " ");
	number(t, v);
	text(t, "\n");
}

/* -- counters of stats/ */

/* Neighbouring rows that are one metric: the value of the label is the rest of the name. */
static const struct group {
	enum st_counter first, last;
	const char *begin; /* of the names of the rows */
	const char *name, *help;
} groups[] = {
	{ ST_EDGE_REFUSED_TOTAL, ST_EDGE_REFUSED_UNPROVEN, "edge_refused_", "edge_refused",
	  "connections closed at once, by reason: total and address are limits.connections_total "
	  "and connections_per_address, strangers are the limits of connections that are "
	  "not authenticated, unsigned: no keyholder, unproven: not protected by NDS/IP" },
	{ ST_EDGE_SCREEN_IDENTITY, ST_EDGE_SCREEN_DROPPED - 1, "edge_screen_", "edge_screen_caught",
	  "messages that a row of the screening caught, by row (docs/user/screening.md)" },
	{ ST_STATUS_SUCCESS, ST_STATUS_OTHER, "status_", "answers", "requests answered, by Request-Status" },
};

static const struct group *group_of(unsigned row)
{
	for (size_t i = 0; i < sizeof groups / sizeof *groups; i++) {
		if (row >= groups[i].first && row <= groups[i].last) {
			return &groups[i];
		}
	}
	return NULL;
}

/* An edge_dropped of the screening comes between the rows and must not be one. */
static void group(struct mtr_text *t, const struct group *g, const struct st_counters *c)
{
	head(t, g->name, "_total", "counter", g->help);
	for (unsigned i = g->first; i <= g->last; i++) {
		name(t, g->name, "_total");
		text(t, "{reason=\"");
		escaped(t, st_name(i) + strlen(g->begin), true);
		text(t, "\"} ");
		number(t, c->v[i]);
		text(t, "\n");
	}
}

/* One bucket: `le_us` in microseconds, 0: infinity. */
static void bucket(struct mtr_text *t, const char *p, uint64_t le_us, uint64_t n)
{
	name(t, p, "_seconds_bucket{le=\"");
	if (le_us) {
		decimal(t, le_us, 1000000);
	} else {
		text(t, "+Inf");
	}
	text(t, "\"} ");
	number(t, n);
	text(t, "\n");
}

static void ends(struct mtr_text *t, const char *p, uint64_t sum_us, uint64_t n)
{
	name(t, p, "_seconds_sum ");
	decimal(t, sum_us, 1000000);
	text(t, "\n");
	name(t, p, "_seconds_count ");
	number(t, n);
	text(t, "\n");
}

static void took(struct mtr_text *t, const struct st_time_row *row, const struct st_counters *c)
{
	uint64_t n = 0;

	head(t, row->name, "_seconds", "histogram", row->help);
	for (unsigned i = 0; i < ST_TIME_BUCKETS; i++) {
		n += c->v[row->first + i];
		bucket(t, row->name, i < ST_TIME_BUCKETS - 1 ? UINT64_C(1) << (row->low + i) : 0, n);
	}
	ends(t, row->name, c->v[row->first + ST_TIME_BUCKETS], n);
}

/* -- turns of the loops: their rows have bounds of their own (net/net_loop.h) */

static const struct turns {
	enum st_counter first, time;
	const char *name, *help;
} turns[] = {
	{ ST_EDGE_TURNS_BELOW_1MS, ST_EDGE_TURNS_TIME, "edge_loop_turn",
	  "time from the first event of a turn of the loop of an edge until it waits again: no other peer is served meanwhile" },
	{ ST_CORE_TURNS_BELOW_1MS, ST_CORE_TURNS_TIME, "core_loop_turn",
	  "time from the first event of a turn of the loop of the core until it waits again: nothing else is done meanwhile" },
};
static const uint32_t turns_ms[NET_ROWS] = { 1, 2, 5, 10, 20, 50, 100, 1000, 0 };
_Static_assert(ST_EDGE_TURNS_TIME - ST_EDGE_TURNS_BELOW_1MS == (int)NET_ROWS &&
		   ST_CORE_TURNS_TIME - ST_CORE_TURNS_BELOW_1MS == (int)NET_ROWS,
	       "the rows of the turns, and their time");

static const struct turns *turns_of(unsigned row)
{
	for (size_t i = 0; i < sizeof turns / sizeof *turns; i++) {
		if (row >= turns[i].first && row <= turns[i].time) {
			return &turns[i];
		}
	}
	return NULL;
}

static void turn(struct mtr_text *t, const struct turns *of, const struct st_counters *c)
{
	uint64_t n = 0;

	head(t, of->name, "_seconds", "histogram", of->help);
	for (unsigned i = 0; i < NET_ROWS; i++) {
		n += c->v[of->first + i];
		bucket(t, of->name, turns_ms[i] * UINT64_C(1000), n);
	}
	ends(t, of->name, c->v[of->time], n);
}

/* -- all rows of stats/; returns the last row that it told */

static unsigned row_of(struct mtr_text *t, unsigned i, const struct st_counters *c)
{
	const struct st_time_row *time = st_time_of(i);
	const struct turns *loop = turns_of(i);
	const struct group *g = group_of(i);

	if (time) {
		took(t, time, c);
		return time->first + ST_TIME_PARTS - 1;
	}
	if (loop) {
		turn(t, loop, c);
		return loop->time;
	}
	if (g) {
		group(t, g, c);
		return g->last;
	}
	one(t, st_name(i), st_is_gauge(i) ? "" : "_total", st_is_gauge(i) ? "gauge" : "counter", st_help(i), c->v[i]);
	return i;
}

/* -- samples with labels */

static void value(struct mtr_text *t, const struct mtr_family_row *row, uint64_t v)
{
	if (row->type == MTR_GAUGE && v >> 63) {
		text(t, "-");
		v = -v;
	}
	decimal(t, v, row->divisor);
}

static void sample(struct mtr_text *t, const struct mtr_sample *s)
{
	const struct mtr_family_row *row = &mtr_families[s->family];

	name(t, row->name, "");
	for (unsigned i = 0; i < 2 && row->labels[i]; i++) {
		text(t, i ? "," : "{");
		text(t, row->labels[i]);
		text(t, "=\"");
		escaped(t, s->labels[i], true);
		text(t, "\"");
	}
	text(t, row->labels[0] ? "} " : " ");
	value(t, row, s->value);
	text(t, "\n");
}

static void samples(struct mtr_text *t, const struct mtr_snap *s)
{
	for (size_t i = 0; i < s->samples_n; i++) {
		const struct mtr_family_row *row = &mtr_families[s->samples[i].family];

		if (!i || s->samples[i - 1].family != s->samples[i].family) {
			head(t, row->name, "", row->type == MTR_COUNTER ? "counter" : "gauge", row->help);
		}
		sample(t, &s->samples[i]);
	}
}

/* -- about the metrics themselves */

static void of_own(struct mtr_text *t, const struct mtr_own *own)
{
	one(t, "up", "", "gauge",
	    "1 while the core tells what it does, else 0; then there is nothing below but about the metrics", own->up);
	if (own->age_ms != UINT64_MAX) {
		head(t, "snapshot_age_seconds", "", "gauge", "age of what is told here");
		name(t, "snapshot_age_seconds ", "");
		decimal(t, own->age_ms, 1000);
		text(t, "\n");
	}
	one(t, "scrapes", "_total", "counter", "answers with metrics, this one included", own->scrapes);
	one(t, "scrape_refusals", "_total", "counter", "requests for something else than the metrics", own->refused);
	one(t, "scrape_cuts", "_total", "counter",
	    "connections for metrics that were ended: they made room for a newer one (metrics.connections), or took too long "
	    "(metrics.wait)",
	    own->cut);
	one(t, "snapshots_damaged", "_total", "counter", "snapshots that the core wrote and that cannot be read", own->damaged);
}

int mtr_text_make(struct mtr_text *t, const struct mtr_snap *s, const struct mtr_own *own)
{
	t->len = 0;
	t->failed = false;
	of_own(t, own);
	if (s) {
		one(t, "samples_left_out", "", "gauge",
		    "samples that did not fit into the snapshot; metrics.scs_max is too small for them", s->left_out);
	}
	for (unsigned i = 0; s && i < ST_COUNTERS; i++) {
		i = row_of(t, i, &s->counters);
	}
	if (s) {
		samples(t, s);
	}
	return t->failed ? ERR_LIMIT : 0;
}

void mtr_text_fini(struct mtr_text *t)
{
	free(t->p);
	memset(t, 0, sizeof *t);
}
