/* writer: a reader that stands still costs lines and nothing else. */
#include "tests/unit/test.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/writer.h"

#define PIPE_SIZE 4096
#define LONG (3 * PIPE_SIZE)

static unsigned threads(void)
{
	DIR *dir = opendir("/proc/self/task");
	unsigned n = 0;

	assert_non_null(dir);
	for (const struct dirent *e; (e = readdir(dir)) != NULL;) {
		n += e->d_name[0] != '.';
	}
	closedir(dir);
	return n;
}

/* `n` with the thread that ends: a sanitizer starts one of its own along with the first. The meson timeout ends a test whose thread
 * stays. */
static void wait_one_ends(unsigned n)
{
	while (threads() >= n) {
		sched_yield();
	}
}

static void small_pipe(int fd[2])
{
	assert_int_equal(pipe(fd), 0);
	assert_true(fcntl(fd[1], F_SETPIPE_SZ, PIPE_SIZE) >= 0);
}

static void read_exactly(int fd, size_t len)
{
	char text[PIPE_SIZE];

	while (len > 0) {
		ssize_t n = read(fd, text, len < sizeof text ? len : sizeof text);

		assert_true(n > 0);
		len -= (size_t)n;
	}
}

struct calls {
	unsigned n;
	uint64_t lost;
};

static size_t count_call(void *arg, char *out, size_t size, uint64_t lost, int error)
{
	struct calls *c = arg;

	(void)out;
	(void)size;
	(void)error;
	c->n++;
	c->lost += lost;
	return 0;
}

static const char long_line[LONG];

static void a_gap_is_told_before_the_end_and_not_after_it(void **state)
{
	struct calls calls = { 0 };
	struct writer *w;
	unsigned n;
	int fd[2];

	(void)state;
	small_pipe(fd);
	assert_int_equal(writer_open(&w, fd[1], 1, count_call, &calls), 0);
	assert_int_equal(writer_line(w, long_line, LONG), 0);
	assert_int_equal(writer_line(w, "lost\n", 5), ERR_LIMIT);
	read_exactly(fd[0], 1); /* the thread is in its write now */
	n = threads();
	assert_int_equal(writer_close(w, 0), ERR_TIMEOUT);
	assert_int_equal(calls.n, 1);
	read_exactly(fd[0], LONG - 1); /* the thread goes on, and there is room again */
	wait_one_ends(n);
	assert_int_equal(calls.n, 1);
	close(fd[0]); /* the other end is the writer's for ever */
}

static void a_descriptor_that_does_not_block_loses_no_line(void **state)
{
	char text[PIPE_SIZE];
	struct writer *w;
	int fd[2];

	(void)state;
	small_pipe(fd);
	assert_int_equal(fcntl(fd[0], F_SETFL, O_NONBLOCK), 0);
	assert_int_equal(fcntl(fd[1], F_SETFL, O_NONBLOCK), 0); /* as anybody can who shares the description */
	assert_int_equal(writer_open(&w, fd[1], 1, NULL, NULL), 0);
	assert_int_equal(writer_line(w, long_line, LONG), 0);
	for (size_t got = 0; got < LONG;) {
		ssize_t n = read(fd[0], text, sizeof text);

		assert_int_equal(writer_lost(w), 0);
		assert_true(n > 0 || (n < 0 && errno == EAGAIN));
		got += n > 0 ? (size_t)n : 0;
	}
	assert_int_equal(writer_close(w, 10000), 0);
	close(fd[0]);
	close(fd[1]);
}

static void a_thread_that_waits_for_room_ends_without_a_reader(void **state)
{
	unsigned n;
	struct writer *w;
	int fd[2];

	(void)state;
	small_pipe(fd);
	assert_int_equal(fcntl(fd[1], F_SETFL, O_NONBLOCK), 0);
	assert_int_equal(writer_open(&w, fd[1], 1, NULL, NULL), 0);
	assert_int_equal(writer_line(w, long_line, LONG), 0);
	read_exactly(fd[0], 1); /* the thread writes now; there is no room for the rest */
	n = threads();
	assert_int_equal(writer_close(w, 0), ERR_TIMEOUT);
	wait_one_ends(n);
	close(fd[0]); /* the other end is the writer's for ever */
}

/* -- files */

static char path[] = "/tmp/test_writer_XXXXXX";

static void make_file(const char *text)
{
	int fd;

	memcpy(path + sizeof path - 7, "XXXXXX", 6);
	fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

/* As the shell opens it for ">>". */
static int append(void)
{
	int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

static void check_file(const char *expected)
{
	char text[512] = "";
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_true(read(fd, text, sizeof text - 1) >= 0);
	close(fd);
	assert_string_equal(text, expected);
}

static size_t say_torn(void *arg, char *out, size_t size, uint64_t octets)
{
	(void)arg;
	return (size_t)snprintf(out, size, "torn %llu\n", (unsigned long long)octets);
}

static size_t say_gap(void *arg, char *out, size_t size, uint64_t lost, int error)
{
	(void)arg;
	return (size_t)snprintf(out, size, "lost %llu %d\n", (unsigned long long)lost, error);
}

static void put(struct writer *w, const char *line)
{
	assert_int_equal(writer_line(w, line, strlen(line)), 0);
}

/* A writer that appends to a new file with this content and marks torn lines. Returns the descriptor. */
static int open_on_file(struct writer **w, const char *content, writer_gap_fn *gap)
{
	int fd;

	make_file(content);
	fd = append();
	assert_int_equal(writer_open(w, fd, 1, gap, NULL), 0);
	writer_on_torn(*w, say_torn);
	return fd;
}

static void close_on_file(struct writer *w, int fd)
{
	assert_int_equal(writer_close(w, 0), 0);
	close(fd);
	unlink(path);
}

static void a_torn_end_is_ended_and_told_before_the_first_line(void **state)
{
	struct writer *w;
	int fd;

	(void)state;
	fd = open_on_file(&w, "one\nhalf", say_gap);
	writer_look(w);
	check_file("one\nhalf"); /* nothing is written before there is something to say */
	put(w, "two\n");
	put(w, "three\n");
	check_file("one\nhalf\ntorn 4\ntwo\nthree\n");
	close_on_file(w, fd);
}

static void a_whole_end_is_left_as_it_is(void **state)
{
	struct writer *w;
	int fd;

	(void)state;
	fd = open_on_file(&w, "one\n", say_gap);
	writer_look(w);
	put(w, "two\n");
	check_file("one\ntwo\n");
	close_on_file(w, fd);
}

static void limit_size(rlim_t octets)
{
	struct rlimit limit;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = octets;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* A limit of the size stands for a disk that is full. */
static void a_line_of_our_own_that_was_cut_is_ended_and_told(void **state)
{
	struct writer *w;
	int fd;

	(void)state;
	fd = open_on_file(&w, "one\n", say_gap);
	limit_size(7);
	assert_int_equal(writer_line(w, "second\n", 7), ERR_IO);
	limit_size(RLIM_INFINITY);
	assert_int_equal(writer_failing(w), EFBIG);
	put(w, "three\n");
	assert_int_equal(writer_failing(w), 0);
	check_file("one\nsec\ntorn 3\nthree\nlost 1 27\n");
	close_on_file(w, fd);
}

/* What the mark of a torn line finds when the disk is full in the middle of it. */
static void a_mark_that_was_cut_is_written_again(void **state)
{
	struct writer *w;
	int fd;

	(void)state;
	fd = open_on_file(&w, "half", NULL);
	writer_look(w);
	limit_size(5);
	assert_int_equal(writer_line(w, "lost\n", 5), ERR_IO); /* only the newline fits */
	limit_size(8);
	assert_int_equal(writer_line(w, "lost\n", 5), ERR_IO); /* the mark is cut */
	limit_size(RLIM_INFINITY);
	put(w, "two\n");
	check_file("half\ntor\ntorn 3\ntwo\n");
	close_on_file(w, fd);
}

static void what_is_missing_at_the_end_is_told_there(void **state)
{
	struct writer *w;
	int fd;

	(void)state;
	make_file("");
	fd = append();
	assert_int_equal(writer_open(&w, fd, 1, say_gap, NULL), 0);
	limit_size(0);
	assert_int_equal(writer_line(w, "lost\n", 5), ERR_IO);
	limit_size(RLIM_INFINITY);
	assert_int_equal(writer_close(w, 0), 0);
	check_file("lost 1 27\n");
	close(fd);
	unlink(path);
}

static void what_a_reader_left_behind_is_told_once_at_the_end(void **state)
{
	struct calls calls = { 0 };
	struct writer *w;
	unsigned n;
	int fd[2];

	(void)state;
	small_pipe(fd);
	assert_int_equal(writer_open(&w, fd[1], 4 * LONG, count_call, &calls), 0);
	assert_int_equal(writer_line(w, long_line, LONG), 0);
	assert_int_equal(writer_line(w, "waits\n", 6), 0);
	read_exactly(fd[0], 1); /* the thread is in its write now */
	n = threads();
	assert_int_equal(writer_close(w, 0), ERR_TIMEOUT);
	assert_int_equal(calls.n, 1);
	assert_int_equal(calls.lost, 2); /* the one under way, too: nobody knows whether it will be whole */
	read_exactly(fd[0], LONG - 1);
	wait_one_ends(n);
	assert_int_equal(calls.n, 1);
	close(fd[0]); /* the other end is the writer's for ever */
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_gap_is_told_before_the_end_and_not_after_it),
		cmocka_unit_test(a_descriptor_that_does_not_block_loses_no_line),
		cmocka_unit_test(a_thread_that_waits_for_room_ends_without_a_reader),
		cmocka_unit_test(a_torn_end_is_ended_and_told_before_the_first_line),
		cmocka_unit_test(a_whole_end_is_left_as_it_is),
		cmocka_unit_test(a_line_of_our_own_that_was_cut_is_ended_and_told),
		cmocka_unit_test(a_mark_that_was_cut_is_written_again),
		cmocka_unit_test(what_is_missing_at_the_end_is_told_there),
		cmocka_unit_test(what_a_reader_left_behind_is_told_once_at_the_end),
	};

	signal(SIGPIPE, SIG_IGN); /* as every program of ours does */
	signal(SIGXFSZ, SIG_IGN); /* then a file that may not grow is an error of the write */
	return cmocka_run_group_tests_name("base writer", tests, NULL, NULL);
}
