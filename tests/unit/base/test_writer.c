/* writer: a reader that stands still costs lines and nothing else. */
#include "tests/unit/test.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <unistd.h>

#include "base/writer.h"

#define PIPE_SIZE 4096
#define LONG (3 * PIPE_SIZE)

static unsigned threads(void)
{
	DIR *dir = opendir("/proc/self/task");
	unsigned n = 0;

	assert_non_null(dir);
	for (const struct dirent *e; (e = readdir(dir)) != NULL;)
		n += e->d_name[0] != '.';
	closedir(dir);
	return n;
}

/* `n` with the thread that ends: a sanitizer starts one of its own along with the first. The meson timeout ends a test whose thread
 * stays. */
static void wait_one_ends(unsigned n)
{
	while (threads() >= n)
		sched_yield();
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

static void no_gap_is_told_after_the_end(void **state)
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
	read_exactly(fd[0], LONG - 1); /* the thread goes on, and there is room again */
	wait_one_ends(n);
	assert_int_equal(calls.n, 0);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_gap_is_told_after_the_end),
		cmocka_unit_test(a_descriptor_that_does_not_block_loses_no_line),
		cmocka_unit_test(a_thread_that_waits_for_room_ends_without_a_reader),
	};

	signal(SIGPIPE, SIG_IGN); /* as every program of ours does */
	return cmocka_run_group_tests_name("base writer", tests, NULL, NULL);
}
