/* text: what is built equals what snprintf makes, cut at the same octet, and always ends with NUL. */
#include <inttypes.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/test.h"

#include "base/text.h"

static void pieces_follow_each_other(void **state)
{
	char room[64];
	struct text t = text_over(room, sizeof room);

	(void)state;
	assert_string_equal(room, "");
	text_add(&t, "id=");
	text_u32(&t, 4294967295u);
	text_char(&t, ';');
	text_octets(&t, "abcdef", 3);
	text_octets(&t, NULL, 0);
	text_add(&t, "");
	text_hex(&t, 0xa1, 6);
	text_dec(&t, 7, 3);
	assert_string_equal(room, "id=4294967295;abc0000a1007");
	assert_int_equal(t.len, strlen(room));
	assert_false(t.cut);
}

static void numbers_are_those_of_snprintf(void **state)
{
	static const uint64_t numbers[] = { 0,         1,   9,     10,          99,          100,
					    255,       256, 65535, 4294967295u, 4294967296u, UINT64_MAX / 10,
					    UINT64_MAX };
	char room[80], expected[80];

	(void)state;
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
		for (int width = 1; width <= 20; width++) {
			struct text t = text_over(room, sizeof room);

			text_u64(&t, numbers[i]);
			text_char(&t, ' ');
			text_dec(&t, numbers[i], (unsigned)width);
			text_char(&t, ' ');
			text_hex(&t, numbers[i], width > 16 ? 16 : (unsigned)width);
			snprintf(expected, sizeof expected, "%" PRIu64 " %0*" PRIu64 " %0*" PRIx64, numbers[i], width, numbers[i],
				 width > 16 ? 16 : width, numbers[i]);
			assert_string_equal(room, expected);
			assert_false(t.cut);
		}
	}
}

static void one_number(uint64_t n)
{
	char expected[32], room[34];
	size_t len = (size_t)snprintf(expected, sizeof expected, "%" PRIu64, n);

	for (size_t cap = 1; cap <= len + 2; cap++) {
		struct text t;

		memset(room, '#', sizeof room);
		t = text_over(room, cap);
		text_u64(&t, n);
		assert_int_equal(t.cut, cap <= len);
		assert_int_equal(t.len, cap <= len ? cap - 1 : len);
		assert_memory_equal(room, expected, t.len);
		assert_int_equal(room[t.len], 0);
		assert_int_equal(room[cap], '#');
	}
}

/* Around each power of ten and of two, into every size of room. */
static void each_number_of_digits_is_met(void **state)
{
	uint64_t ten = 1;

	(void)state;
	for (unsigned i = 0; i < 20; i++, ten *= i < 20 ? 10 : 1) {
		one_number(ten - 1);
		one_number(ten);
		one_number(ten + 1);
	}
	for (unsigned i = 0; i < 64; i++) {
		one_number(UINT64_C(1) << i);
		one_number((UINT64_C(1) << i) - 1);
	}
	one_number(UINT64_MAX);
}

static void a_width_above_the_largest_number_is_that_of_the_largest(void **state)
{
	char room[64];
	struct text t = text_over(room, sizeof room);

	(void)state;
	text_dec(&t, 1, 1000);
	text_char(&t, ' ');
	text_hex(&t, 1, 1000);
	assert_string_equal(room, "00000000000000000001 0000000000000001");
}

/* One line into every size of room: the octets behind it stay as they were. */
static void what_does_not_fit_is_cut_and_nothing_follows(void **state)
{
	static const char whole[] = "key=12345 00ff x";

	(void)state;
	for (size_t cap = 1; cap <= sizeof whole + 1; cap++) {
		char room[sizeof whole + 2];
		struct text t;

		memset(room, '#', sizeof room);
		t = text_over(room, cap);
		text_add(&t, "key=");
		text_u64(&t, 12345);
		text_char(&t, ' ');
		text_hex(&t, 255, 4);
		text_octets(&t, " x", 2);
		assert_int_equal(t.cut, cap < sizeof whole);
		assert_int_equal(t.len, cap < sizeof whole ? cap - 1 : sizeof whole - 1);
		assert_memory_equal(room, whole, t.len);
		assert_int_equal(room[t.len], 0);
		for (size_t i = cap; i < sizeof room; i++) {
			assert_int_equal(room[i], '#');
		}
	}
}

static void a_shorter_piece_does_not_slip_in_behind_a_cut(void **state)
{
	char room[6];
	struct text t = text_over(room, sizeof room);

	(void)state;
	text_add(&t, "abc");
	text_add(&t, "defg");
	assert_true(t.cut);
	assert_string_equal(room, "abcde");
	t.len = 3; /* room again: it is the flag that refuses */
	text_char(&t, 'x');
	text_u64(&t, 1);
	assert_int_equal(t.len, 3);
}

static void a_text_without_room_for_its_end_ends_the_program(void **state)
{
	pid_t pid = fork();
	int status;

	(void)state;
	if (pid == 0) {
		char c;

		signal(SIGABRT, SIG_DFL);
		close(2);
		text_over(&c, 0);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pieces_follow_each_other),
		cmocka_unit_test(numbers_are_those_of_snprintf),
		cmocka_unit_test(each_number_of_digits_is_met),
		cmocka_unit_test(a_width_above_the_largest_number_is_that_of_the_largest),
		cmocka_unit_test(what_does_not_fit_is_cut_and_nothing_follows),
		cmocka_unit_test(a_shorter_piece_does_not_slip_in_behind_a_cut),
		cmocka_unit_test(a_text_without_room_for_its_end_ends_the_program),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
