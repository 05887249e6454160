/* Which reports were taken before: by End-to-End-Id, by reference and device, across restarts, after a crash in the middle of a line. */
#include "tests/unit/test.h"

#include <unistd.h>

#include "nodes/scs/scs_seen.h"

#define NOW 1800000000000ull

static char folder[] = "/tmp/test-scs-seen-XXXXXX";
static char path[64];

static int set_up(void **state)
{
	(void)state;
	strcpy(folder, "/tmp/test-scs-seen-XXXXXX");
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof path, "%s/state", folder);
	return 0;
}

static int tear_down(void **state)
{
	char other[80];

	(void)state;
	remove(path);
	snprintf(other, sizeof other, "%s.lock", path);
	remove(other);
	return rmdir(folder);
}

static struct scs_report_key key(uint32_t end_to_end, uint32_t reference, const char *device)
{
	return (struct scs_report_key){ "iwf.operator.example", end_to_end, reference, device };
}

static struct scs_seen *open_at(uint64_t now_ms)
{
	struct scs_seen *s = NULL;
	char why[256] = "";

	if (scs_seen_open(&s, path, now_ms, why, sizeof why)) {
		fail_msg("%s", why);
	}
	return s;
}

static void check(struct scs_seen *s, uint64_t now_ms)
{
	struct scs_report_key k = key(1, 10, "m@a");

	assert_false(scs_seen_has(s, &k));
	assert_int_equal(scs_seen_add(s, &k, now_ms), 0);
	assert_true(scs_seen_has(s, &k));
	k = key(1, 99, "other@a"); /* sent again: same End-to-End-Id */
	assert_true(scs_seen_has(s, &k));
	k = key(2, 10, "m@a"); /* sent anew: same reference and device */
	assert_true(scs_seen_has(s, &k));
	k = key(2, 10, "n@a");
	assert_false(scs_seen_has(s, &k));
	k = key(2, 11, "m@a");
	assert_false(scs_seen_has(s, &k));
	k = key(1, 99, "other@a");
	k.host = "iwf2.operator.example";
	assert_false(scs_seen_has(s, &k));
	assert_int_equal(scs_seen_count(s), 1);
}

static void test_in_memory(void **state)
{
	struct scs_seen *s = NULL;
	char why[256];

	(void)state;
	assert_int_equal(scs_seen_open(&s, NULL, NOW, why, sizeof why), 0);
	check(s, NOW);
	scs_seen_close(s);
}

static void test_across_restarts(void **state)
{
	struct scs_report_key k = key(2, 10, "m@a"), nameless = key(3, 12, "");
	struct scs_seen *s = open_at(NOW);

	(void)state;
	check(s, NOW);
	assert_int_equal(scs_seen_add(s, &nameless, NOW), 0);
	scs_seen_close(s);
	s = open_at(NOW + 1);
	assert_int_equal(scs_seen_count(s), 2);
	assert_true(scs_seen_has(s, &k));
	assert_true(scs_seen_has(s, &nameless));
	scs_seen_close(s);
}

static void test_a_line_cut_off_by_a_crash_is_left_out(void **state)
{
	struct scs_report_key k = key(2, 11, "m@a");
	struct scs_seen *s = open_at(NOW);
	FILE *f;

	(void)state;
	check(s, NOW);
	scs_seen_close(s);
	f = fopen(path, "a");
	assert_non_null(f);
	fputs("r 1800000000000 iwf.operator.example 2 11 m@", f);
	fclose(f);
	s = open_at(NOW);
	assert_int_equal(scs_seen_count(s), 1);
	assert_false(scs_seen_has(s, &k));
	assert_int_equal(scs_seen_add(s, &k, NOW), 0);
	scs_seen_close(s);
	s = open_at(NOW);
	assert_true(scs_seen_has(s, &k));
	scs_seen_close(s);
}

static void test_what_is_older_than_a_gateway_keeps_is_forgotten(void **state)
{
	struct scs_report_key k = key(2, 11, "m@a");
	struct scs_seen *s = open_at(NOW);

	(void)state;
	check(s, NOW);
	assert_int_equal(scs_seen_add(s, &k, NOW + 1000), 0);
	scs_seen_close(s);
	s = open_at(NOW + SCS_SEEN_KEPT_MS + 1);
	assert_int_equal(scs_seen_count(s), 1);
	assert_true(scs_seen_has(s, &k));
	scs_seen_close(s);
}

static void test_a_file_of_somebody_else_is_left_alone(void **state)
{
	struct scs_seen *s = NULL;
	char why[256], text[32] = "";
	FILE *f = fopen(path, "w");

	(void)state;
	assert_non_null(f);
	fputs("precious\n", f);
	fclose(f);
	assert_int_equal(scs_seen_open(&s, path, NOW, why, sizeof why), ERR_INVAL);
	assert_non_null(strstr(why, "not a file of mtc-scs"));
	f = fopen(path, "r");
	assert_non_null(fgets(text, sizeof text, f));
	assert_string_equal(text, "precious\n");
	fclose(f);
}

static void test_one_process_at_a_time(void **state)
{
	struct scs_seen *s = open_at(NOW), *second = NULL;
	char why[256];

	(void)state;
	assert_int_equal(scs_seen_open(&second, path, NOW, why, sizeof why), ERR_BUSY);
	assert_non_null(strstr(why, "another process uses it"));
	scs_seen_close(s);
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_in_memory),
		cmocka_unit_test_setup_teardown(test_across_restarts, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_a_line_cut_off_by_a_crash_is_left_out, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_what_is_older_than_a_gateway_keeps_is_forgotten, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_a_file_of_somebody_else_is_left_alone, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_one_process_at_a_time, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
