/* tail: how a file of lines ends, whatever the descriptor was opened for. */
#include "tests/unit/test.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/tail.h"

static char path[] = "/tmp/test_tail_XXXXXX";

static int make(const void *text, size_t len)
{
	int fd;

	memcpy(path + sizeof path - 7, "XXXXXX", 6);
	fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, len), len);
	return fd;
}

static void check(const void *text, size_t len, enum tail expected, uint64_t octets)
{
	int fd = make(text, len), only_write = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
	uint64_t n = 99;

	assert_true(only_write >= 0);
	assert_int_equal(tail_look(fd, &n), expected);
	assert_int_equal(n, octets);
	n = 99;
	assert_int_equal(tail_look(only_write, &n), expected);
	assert_int_equal(n, octets);
	assert_int_equal(lseek(fd, 0, SEEK_CUR), len); /* as it was */
	close(fd);
	close(only_write);
	unlink(path);
}

static void ends(void **state)
{
	static char zeros[300] = "line\n";
	char *long_line = malloc(3 * TAIL_LOOK_MAX);

	(void)state;
	assert_non_null(long_line);
	memset(long_line, 'x', 3 * TAIL_LOOK_MAX);
	check("", 0, TAIL_WHOLE, 0);
	check("\n", 1, TAIL_WHOLE, 0);
	check("a\nb\n", 4, TAIL_WHOLE, 0);
	check("a\nbc", 4, TAIL_TORN, 2);
	check("abc", 3, TAIL_TORN, 3);
	check(zeros, sizeof zeros, TAIL_TORN, sizeof zeros - 5);
	check(long_line, 5000, TAIL_TORN, 5000);
	check(long_line, 3 * TAIL_LOOK_MAX, TAIL_TORN, TAIL_LOOK_MAX);
	long_line[TAIL_LOOK_MAX - 1] = '\n';
	check(long_line, 2 * TAIL_LOOK_MAX, TAIL_TORN, TAIL_LOOK_MAX);
	check(long_line, TAIL_LOOK_MAX + 10, TAIL_TORN, 10);
	free(long_line);
}

static void what_has_no_end_is_whole(void **state)
{
	uint64_t octets = 99;
	int fd[2];

	(void)state;
	assert_int_equal(pipe(fd), 0);
	assert_int_equal(write(fd[1], "half", 4), 4);
	assert_int_equal(tail_look(fd[1], &octets), TAIL_WHOLE);
	assert_int_equal(octets, 0);
	close(fd[0]);
	close(fd[1]);
	assert_int_equal(tail_look(fd[0], &octets), TAIL_WHOLE);
}

static void what_may_not_be_read_is_unknown(void **state)
{
	uint64_t octets = 99;
	int fd;

	(void)state;
	if (geteuid() == 0) {
		skip(); /* root may read everything */
	}
	close(make("half", 4));
	assert_int_equal(chmod(path, 0200), 0);
	fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(tail_look(fd, &octets), TAIL_UNKNOWN);
	assert_int_equal(octets, 0);
	close(fd);
	unlink(path);
}

static void a_file_has_a_name_and_a_pipe_has_none(void **state)
{
	char name[TAIL_NAME_MAX];
	int fd[2], file;

	(void)state;
	file = make("", 0);
	assert_string_equal(tail_name(name, file, "standard error"), path);
	close(file);
	unlink(path);
	assert_int_equal(pipe(fd), 0);
	assert_string_equal(tail_name(name, fd[1], "standard error"), "standard error");
	close(fd[0]);
	close(fd[1]);
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ends),
		cmocka_unit_test(what_has_no_end_is_whole),
		cmocka_unit_test(what_may_not_be_read_is_unknown),
		cmocka_unit_test(a_file_has_a_name_and_a_pipe_has_none),
	};

	return cmocka_run_group_tests_name("base tail", tests, NULL, NULL);
}
