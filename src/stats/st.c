/* st.c - the counter table and its arithmetic. */
#include "stats/st.h"

static const struct {
	const char *name, *help;
	enum st_owner owner;
	bool gauge;
} rows[] = {
#define ST_ROW(id, name, help) [ST_##id] = { name, help, ST_EDGE, false },
	ST_EDGE_TABLE(ST_ROW)
#undef ST_ROW
#define ST_ROW(id, name, help) [ST_##id] = { name, help, ST_CORE, false },
	    ST_CORE_TABLE(ST_ROW)
#undef ST_ROW
#define ST_ROW(id, name, help) [ST_##id] = { name, help, ST_EDGE, true },
		ST_EDGE_GAUGE_TABLE(ST_ROW)
#undef ST_ROW
#define ST_ROW(id, name, help) [ST_##id] = { name, help, ST_CORE, true },
		    ST_CORE_GAUGE_TABLE(ST_ROW)
#undef ST_ROW
};
_Static_assert(sizeof rows / sizeof *rows == ST_COUNTERS, "every counter has a row");

const struct st_time_row st_times[ST_TIMES] = {
#define ST_ROW(X, id, name, low, help) [ST_TIME_##id] = { name, help, ST_##id##_0, low },
	ST_EDGE_TIME_TABLE(ST_ROW, ) ST_CORE_TIME_TABLE(ST_ROW, )
#undef ST_ROW
};

const struct st_time_row *st_time_of(unsigned which)
{
	for (unsigned i = 0; i < ST_TIMES; i++) {
		if (which - st_times[i].first < ST_TIME_PARTS) {
			return &st_times[i];
		}
	}
	return NULL;
}

const char *st_name(unsigned which)
{
	return which < ST_COUNTERS ? rows[which].name : NULL;
}

const char *st_help(unsigned which)
{
	return which < ST_COUNTERS ? rows[which].help : NULL;
}

enum st_owner st_owner(unsigned which)
{
	return rows[which].owner;
}

bool st_is_gauge(unsigned which)
{
	return rows[which].gauge;
}

void st_diff(struct st_counters *out, const struct st_counters *now, const struct st_counters *before)
{
	for (unsigned i = 0; i < ST_COUNTERS; i++) {
		out->v[i] = rows[i].gauge ? now->v[i] : now->v[i] - before->v[i];
	}
}

void st_add(struct st_counters *into, const struct st_counters *delta)
{
	for (unsigned i = 0; i < ST_COUNTERS; i++) {
		if (rows[i].gauge) {
			continue;
		}
		if (__builtin_add_overflow(into->v[i], delta->v[i], &into->v[i])) {
			into->v[i] = UINT64_MAX;
		}
	}
}

void st_gauges_move(struct st_counters *sum, struct st_gauges *part, const struct st_counters *now)
{
	static const struct st_counters none;
	const struct st_counters *n = now ? now : &none;

	for (unsigned i = 0; i < ST_EDGE_GAUGES; i++) {
		uint64_t *v = &sum->v[ST_EDGE_GAUGE_FIRST + i];

		*v += n->v[ST_EDGE_GAUGE_FIRST + i] - part->v[i];
		part->v[i] = n->v[ST_EDGE_GAUGE_FIRST + i];
	}
}

void st_pack(struct buf *b, const struct st_counters *delta)
{
	for (unsigned i = 0; i < ST_COUNTERS; i++) {
		if (!delta->v[i]) {
			continue;
		}
		buf_le16(b, (uint16_t)i);
		buf_le64(b, delta->v[i]);
	}
}

int st_unpack(struct st_counters *out, const void *p, size_t len)
{
	struct st_counters c = { { 0 } };
	struct rd r = rd_over(p, len);
	unsigned above = 0; /* counters come in rising order, so none comes twice */

	while (rd_left(&r) && !r.bad) {
		uint16_t which = rd_le16(&r);
		uint64_t value = rd_le64(&r);

		if (r.bad || which >= ST_COUNTERS || which < above) {
			return ERR_PROTO;
		}
		c.v[which] = value;
		above = which + 1u;
	}
	if (r.bad) {
		return ERR_PROTO;
	}
	*out = c;
	return 0;
}
