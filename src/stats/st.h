/* st.h - counters: a plain array for each process, passed as an argument, counted without locks.
 * An edge sends the differences since its last report as the body of a `stats` ring record. The
 * core adds them to its own. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "stats/st_counters.h"

struct st_counters {
	uint64_t v[ST_COUNTERS];
};

/* `c` NULL: not counted. */
static inline void st_count(struct st_counters *c, enum st_counter which)
{
	if (c) {
		c->v[which]++;
	}
}

static inline void st_count_n(struct st_counters *c, enum st_counter which, uint64_t n)
{
	if (c) {
		c->v[which] += n;
	}
}

static inline uint64_t st_get(const struct st_counters *c, enum st_counter which)
{
	return c->v[which];
}

struct st_time_row { /* a histogram of st_counters.h */
	const char *name, *help;
	enum st_counter first; /* of its ST_TIME_PARTS counters */
	unsigned low;          /* the first bucket has what took less than 2^low microseconds */
};
extern const struct st_time_row st_times[ST_TIMES];

/* A stage took so many nanoseconds. `c` NULL: not counted. */
static inline void st_took(struct st_counters *c, enum st_time which, uint64_t ns)
{
	const struct st_time_row *row = &st_times[which];
	uint64_t us = ns / 1000, above = us >> row->low;
	unsigned i = above ? 64u - (unsigned)__builtin_clzll(above) : 0;

	if (c) {
		c->v[row->first + (i < ST_TIME_BUCKETS - 1 ? i : ST_TIME_BUCKETS - 1)]++;
		c->v[row->first + ST_TIME_BUCKETS] += us;
	}
}
/* The histogram that a row is a part of; NULL: none. */
const struct st_time_row *st_time_of(unsigned which);

/* Static words of a row; NULL when `which` is not below ST_COUNTERS. */
const char *st_name(unsigned which);
const char *st_help(unsigned which);
/* The process that counts a row; `which` is below ST_COUNTERS. */
enum st_owner st_owner(unsigned which);
/* It is how many there are now, and not how many there were. */
bool st_is_gauge(unsigned which);

/* now - before, counter by counter; a gauge is as it is now. */
void st_diff(struct st_counters *out, const struct st_counters *now, const struct st_counters *before);
/* into += delta; a sum that does not fit stays at the largest number. Gauges are left alone. */
void st_add(struct st_counters *into, const struct st_counters *delta);

/* The gauges of one edge, as last reported: its part of the sum. */
struct st_gauges {
	uint64_t v[ST_EDGE_GAUGES];
};
/* Replaces the part by the values in `now` (NULL: none, the edge has ended) and corrects the sum by
 * the difference. */
void st_gauges_move(struct st_counters *sum, struct st_gauges *part, const struct st_counters *now);

/* Writes counters that are not zero as {u16 which, u64 value} little-endian. Sets b->full if they
 * do not fit. */
#define ST_PACKED_MAX ((size_t)ST_COUNTERS * 10)
void st_pack(struct buf *b, const struct st_counters *delta);
/* Reads the output of st_pack() from a process that is not trusted. Unknown, repeated or unordered
 * counters and left-over octets are ERR_PROTO and leave `out` untouched. */
ERR_MUST_USE int st_unpack(struct st_counters *out, const void *p, size_t len);
