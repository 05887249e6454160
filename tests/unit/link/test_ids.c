/* link_ids: identifiers that do not repeat, also after a restart. */
#include "tests/unit/test.h"

#include "link/link_ids.h"

static void end_to_end_ids_start_with_the_time_and_count(void **state) /* RFC 6733 3 */
{
	struct link_ids ids;

	(void)state;
	link_ids_init(&ids, "iwf.example", 0x12345678ull * 1000 + 999, 0xffabcdef);
	assert_int_equal(link_ids_end_to_end(&ids), 0x678bcdef);
	assert_int_equal(link_ids_end_to_end(&ids), 0x678bcdf0);
}

static void a_restart_a_second_later_starts_elsewhere(void **state)
{
	struct link_ids before, after;

	(void)state;
	link_ids_init(&before, "iwf.example", 5000, 1);
	link_ids_init(&after, "iwf.example", 6000, 1);
	assert_int_not_equal(link_ids_end_to_end(&before) >> 20, link_ids_end_to_end(&after) >> 20);
}

static void session_ids_have_the_form_of_the_specification_and_never_repeat(void **state) /* RFC 6733 8.8 */
{
	char one[LINK_SESSION_ID_MAX], two[LINK_SESSION_ID_MAX];
	struct link_ids ids;

	(void)state;
	link_ids_init(&ids, "iwf.example", 7000, 0);
	assert_int_equal(link_ids_session(&ids, one), 15);
	assert_string_equal(one, "iwf.example;7;0");
	(void)link_ids_session(&ids, two);
	assert_string_equal(two, "iwf.example;7;1");
	ids.session_next = 0x00000007ffffffffull;
	(void)link_ids_session(&ids, one);
	assert_string_equal(one, "iwf.example;7;4294967295");
	(void)link_ids_session(&ids, one);
	assert_string_equal(one, "iwf.example;8;0");
}

static void a_copy_has_the_session_id_of_the_first_also_after_a_restart(void **state) /* RFC 6733 5.5.4 */
{
	char first[LINK_SESSION_ID_MAX], copy[LINK_SESSION_ID_MAX], other[LINK_SESSION_ID_MAX];
	struct link_ids before, after;

	(void)state;
	link_ids_init(&before, "iwf.example", 7000, 0);
	link_ids_init(&after, "iwf.example", 9000, 5);
	assert_int_equal(link_ids_session_of(&before, first, 7999, 12), strlen("iwf.example;7;12;again"));
	assert_string_equal(first, "iwf.example;7;12;again");
	(void)link_ids_session_of(&after, copy, 7999, 12);
	assert_string_equal(first, copy);
	(void)link_ids_session_of(&before, other, 7999, 13);
	assert_string_not_equal(first, other);
}

static void the_longest_name_fits(void **state)
{
	char host[254], out[LINK_SESSION_ID_MAX];
	struct link_ids ids;
	size_t len;

	(void)state;
	memset(host, 'a', 253);
	host[253] = '\0';
	link_ids_init(&ids, host, UINT64_MAX, UINT32_MAX);
	len = link_ids_session_of(&ids, out, UINT64_MAX, UINT32_MAX);
	assert_int_equal(len, strlen(out));
	len = link_ids_session(&ids, out);
	assert_int_equal(len, strlen(out));
	assert_true(len > 253 + 4);
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(end_to_end_ids_start_with_the_time_and_count),
		cmocka_unit_test(a_restart_a_second_later_starts_elsewhere),
		cmocka_unit_test(session_ids_have_the_form_of_the_specification_and_never_repeat),
		cmocka_unit_test(a_copy_has_the_session_id_of_the_first_also_after_a_restart),
		cmocka_unit_test(the_longest_name_fits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
