/* The text format of Prometheus, version 0.0.4: names, help, types, escapes, numbers, histograms; no line twice. */
#include "tests/unit/test.h"

#include <ctype.h>

#include "metrics/mtr_text.h"

#define ROOM (1u << 20)

static uint8_t octets[ROOM];
static struct mtr_text text = { .max = 4u << 20 };
static struct mtr_snap snap;

/* The text of these counters and what `put` adds, with a NUL behind it. */
static const char *text_of(const struct st_counters *counters, void (*put)(struct mtr_writer *w))
{
	struct mtr_own own = { .up = true, .age_ms = 1250, .scrapes = 4 };
	struct mtr_writer w;

	mtr_begin(&w, octets, sizeof octets, counters, 1);
	if (put) {
		put(&w);
	}
	mtr_snap_fini(&snap);
	assert_int_equal(mtr_snap_read(&snap, octets, mtr_end(&w)), 0);
	assert_int_equal(mtr_text_make(&text, &snap, &own), 0);
	assert_true(text.len < text.cap);
	text.p[text.len] = 0;
	return text.p;
}

static int end(void **state)
{
	(void)state;
	mtr_text_fini(&text);
	text.max = 4u << 20;
	mtr_snap_fini(&snap);
	return 0;
}

static void has(const char *all, const char *lines)
{
	if (!strstr(all, lines)) {
		print_message("not there: %s\n", lines);
	}
	assert_non_null(strstr(all, lines));
}

static void test_a_counter_and_a_gauge(void **state)
{
	struct st_counters c = { { 0 } };
	const char *t;

	(void)state;
	c.v[ST_REQUESTS] = UINT64_MAX;
	c.v[ST_TRIGGERS_IN_ASKING] = 7;
	t = text_of(&c, NULL);
	has(t, "\n# HELP mtc_iwf_requests_total device action requests that reached the core\n"
	       "# TYPE mtc_iwf_requests_total counter\nmtc_iwf_requests_total 18446744073709551615\n");
	has(t, "\n# TYPE mtc_iwf_triggers_in_asking gauge\nmtc_iwf_triggers_in_asking 7\n");
	has(t, "mtc_iwf_up 1\n");
	has(t, "mtc_iwf_snapshot_age_seconds 1.25\n");
	has(t, "mtc_iwf_scrapes_total 4\n");
}

static void test_rows_that_are_one_metric(void **state)
{
	struct st_counters c = { { 0 } };
	const char *t;

	(void)state;
	c.v[ST_EDGE_REFUSED_ADDRESS] = 2;
	c.v[ST_STATUS_SUCCESS] = 3;
	c.v[ST_EDGE_REFUSED_UNPROVEN] = 8;
	c.v[ST_STATUS_OTHER] = 9;
	t = text_of(&c, NULL);
	has(t, "# TYPE mtc_iwf_edge_refused_total counter\nmtc_iwf_edge_refused_total{reason=\"total\"} 0\n"
	       "mtc_iwf_edge_refused_total{reason=\"address\"} 2\n");
	has(t, "# TYPE mtc_iwf_answers_total counter\nmtc_iwf_answers_total{reason=\"success\"} 3\n");
	has(t, "mtc_iwf_edge_screen_caught_total{reason=\"identity\"} 0\n");
	has(t, "\nmtc_iwf_edge_refused_total{reason=\"unproven\"} 8\n"); /* the last rows, and what follows on them */
	assert_null(strstr(t, "_total_total"));                          /* the first row is none of its own */
	assert_null(strstr(t, "mtc_iwf_edge_screen_identity"));
	has(t, "\nmtc_iwf_answers_total{reason=\"other\"} 9\n# HELP ");
	has(t, "\nmtc_iwf_edge_screen_dropped_total 0\n"); /* the next row, and not one of them */
}

static void test_a_histogram(void **state)
{
	struct st_counters c = { { 0 } };
	const char *t;

	(void)state;
	st_took(&c, ST_TIME_DECIDING, 0);
	st_took(&c, ST_TIME_DECIDING, 7999);                /* 7 us, below 8 */
	st_took(&c, ST_TIME_DECIDING, 8000);                /* 8 us: in the next one */
	st_took(&c, ST_TIME_DECIDING, UINT64_C(900000000)); /* 0.9 s: above all */
	t = text_of(&c, NULL);
	has(t, "# TYPE mtc_iwf_deciding_seconds histogram\n"
	       "mtc_iwf_deciding_seconds_bucket{le=\"0.000008\"} 2\n"
	       "mtc_iwf_deciding_seconds_bucket{le=\"0.000016\"} 3\n");
	has(t, "mtc_iwf_deciding_seconds_bucket{le=\"0.524288\"} 3\n"
	       "mtc_iwf_deciding_seconds_bucket{le=\"+Inf\"} 4\n"
	       "mtc_iwf_deciding_seconds_sum 0.900015\n"
	       "mtc_iwf_deciding_seconds_count 4\n");
}

static void test_turns_of_a_loop(void **state)
{
	struct st_counters c = { { 0 } };
	const char *t;

	(void)state;
	c.v[ST_CORE_TURNS_BELOW_1MS] = 5;
	c.v[ST_CORE_TURNS_BELOW_5MS] = 2;
	c.v[ST_CORE_TURNS_LONGER] = 1;
	c.v[ST_CORE_TURNS_TIME] = 2500000;
	t = text_of(&c, NULL);
	has(t, "mtc_iwf_core_loop_turn_seconds_bucket{le=\"0.001\"} 5\n"
	       "mtc_iwf_core_loop_turn_seconds_bucket{le=\"0.002\"} 5\n"
	       "mtc_iwf_core_loop_turn_seconds_bucket{le=\"0.005\"} 7\n");
	has(t, "mtc_iwf_core_loop_turn_seconds_bucket{le=\"0.01\"} 7\n"
	       "mtc_iwf_core_loop_turn_seconds_bucket{le=\"0.02\"} 7\n"
	       "mtc_iwf_core_loop_turn_seconds_bucket{le=\"0.05\"} 7\n"
	       "mtc_iwf_core_loop_turn_seconds_bucket{le=\"0.1\"} 7\n"
	       "mtc_iwf_core_loop_turn_seconds_bucket{le=\"1\"} 7\n"
	       "mtc_iwf_core_loop_turn_seconds_bucket{le=\"+Inf\"} 8\n"
	       "mtc_iwf_core_loop_turn_seconds_sum 2.5\n"
	       "mtc_iwf_core_loop_turn_seconds_count 8\n");
}

static void put_labels(struct mtr_writer *w)
{
	mtr_put(w, MTR_SCS_REQUESTS, "a\"b\\c", NULL, 1);
	mtr_put(w, MTR_SCS_REFUSED, "acme", "no-association", 9);
	mtr_put(w, MTR_CRL_LEFT, NULL, NULL, (uint64_t)-60);
	mtr_put(w, MTR_START_TIME, NULL, NULL, 1764500000123);
	mtr_put(w, MTR_JOURNAL_COMMIT_TIME, NULL, NULL, 1000001);
	mtr_put(w, MTR_AUDIT_AGE, NULL, NULL, 40);
}

static void test_labels_and_numbers(void **state)
{
	struct st_counters c = { { 0 } };
	const char *t;

	(void)state;
	t = text_of(&c, put_labels);
	has(t, "\nmtc_iwf_scs_requests_total{scs=\"a\\\"b\\\\c\"} 1\n");
	has(t, "\nmtc_iwf_scs_refused_total{scs=\"acme\",reason=\"no-association\"} 9\n");
	has(t, "\nmtc_iwf_crl_left_seconds -60\n");
	has(t, "\nmtc_iwf_start_time_seconds 1764500000.123\n");
	has(t, "\nmtc_iwf_journal_commit_seconds_total 1.000001\n");
	has(t, "\nmtc_iwf_audit_checkpoint_age_seconds 0.04\n");
}

static void put_several(struct mtr_writer *w)
{
	mtr_put(w, MTR_SESSIONS, NULL, NULL, 2);
	mtr_put(w, MTR_SCS_REQUESTS, "beta", NULL, 2);
	mtr_put(w, MTR_SCS_REQUESTS, "acme", NULL, 1);
}

/* A family has its head once, before all of its samples. */
static void test_samples_of_a_family(void **state)
{
	struct st_counters c = { { 0 } };
	const char *t;

	(void)state;
	t = text_of(&c, put_several);
	has(t, "\n# TYPE mtc_iwf_scs_requests_total counter\nmtc_iwf_scs_requests_total{scs=\"acme\"} 1\n"
	       "mtc_iwf_scs_requests_total{scs=\"beta\"} 2\n# HELP mtc_iwf_sessions ");
	has(t, "\n# TYPE mtc_iwf_sessions gauge\nmtc_iwf_sessions 2\n");
	assert_string_equal(t + text.len - strlen("mtc_iwf_sessions 2\n"), "mtc_iwf_sessions 2\n");
}

static void put_each(struct mtr_writer *w)
{
	for (unsigned i = 0; i < MTR_FAMILIES; i++) {
		mtr_put(w, (enum mtr_family)i, "acme", "denied", 1);
	}
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Every row of every table: the rules that promtool has, and one that it lacks: no sample and no head twice. */
static void test_every_metric_keeps_the_rules(void **state)
{
	struct st_counters c = { { 0 } };
	char *lines[2048];
	size_t n = 0;

	(void)state;
	(void)text_of(&c, put_each);
	for (char *line = strtok(text.p, "\n"); line; line = strtok(NULL, "\n")) {
		char *blank = line[0] == '#' ? strchr(line + 7, ' ') : strrchr(line, ' ');

		assert_non_null(blank);
		if (line[0] == '#' && line[2] == 'H') {
			assert_true(strlen(blank) > 5);
		}
		if (line[0] == '#' && line[2] == 'T') {
			bool total = blank - line > 6 && strncmp(blank - 6, "_total", 6) == 0;

			assert_int_equal(strcmp(blank, " counter") == 0, total);
		}
		*blank = 0;
		for (char *p = line[0] == '#' ? line + 7 : line; *p && *p != '{'; p++) {
			assert_true(islower((unsigned char)*p) || isdigit((unsigned char)*p) || *p == '_');
		}
		assert_true(n < sizeof lines / sizeof *lines);
		lines[n++] = line;
	}
	assert_true(n > 800);
	qsort(lines, n, sizeof *lines, by_text);
	for (size_t i = 1; i < n; i++) {
		assert_string_not_equal(lines[i - 1], lines[i]);
	}
}

static void test_without_a_snapshot_nothing_old_is_told(void **state)
{
	struct mtr_own own = { .up = false, .age_ms = UINT64_MAX };

	(void)state;
	assert_int_equal(mtr_text_make(&text, NULL, &own), 0);
	text.p[text.len] = 0;
	has(text.p, "mtc_iwf_up 0\n");
	assert_null(strstr(text.p, "mtc_iwf_requests_total"));
	assert_null(strstr(text.p, "snapshot_age"));
}

static void test_a_text_has_a_bound(void **state)
{
	struct mtr_own own = { .up = true };

	(void)state;
	text.max = 200;
	assert_int_equal(mtr_text_make(&text, NULL, &own), ERR_LIMIT);
	assert_true(text.len <= 200);
	text.max = 4u << 20;
	assert_int_equal(mtr_text_make(&text, NULL, &own), 0); /* the next one is not marked by it */
}

#define T(test) cmocka_unit_test_teardown(test, end)

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		T(test_a_counter_and_a_gauge),
		T(test_rows_that_are_one_metric),
		T(test_a_histogram),
		T(test_turns_of_a_loop),
		T(test_labels_and_numbers),
		T(test_samples_of_a_family),
		T(test_every_metric_keeps_the_rules),
		T(test_without_a_snapshot_nothing_old_is_told),
		T(test_a_text_has_a_bound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
