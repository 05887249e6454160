/* log: one message is one line, whatever a peer puts into it. */
#include "tests/unit/test.h"

#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/writer.h"

static size_t logged(char *out, size_t size, enum log_level level, const char *text)
{
	int fd[2];
	struct log l;
	ssize_t n;

	assert_int_equal(pipe(fd), 0);
	log_init(&l, fd[1], LOG_LEVEL_INFO, "test");
	log_write(&l, level, "room", "%s", text);
	close(fd[1]);
	n = read(fd[0], out, size - 1);
	close(fd[0]);
	assert_true(n >= 0);
	out[n] = 0;
	return (size_t)n;
}

static void a_peer_cannot_forge_a_line(void **state)
{
	char line[2 * LOG_LINE_MAX];

	(void)state;
	logged(line, sizeof line, LOG_LEVEL_ERROR, "name\n2026 forged\x1b[2J\xc3");
	assert_non_null(strstr(line, " test error room: name?2026 forged?[2J?\n"));
	assert_ptr_equal(strchr(line, '\n'), line + strlen(line) - 1);
}

static void long_lines_are_cut_and_say_so(void **state)
{
	char line[2 * LOG_LINE_MAX], text[2 * LOG_LINE_MAX];
	size_t n;

	(void)state;
	memset(text, 'x', sizeof text - 1);
	text[sizeof text - 1] = 0;
	n = logged(line, sizeof line, LOG_LEVEL_INFO, text);
	assert_true(n < LOG_LINE_MAX);
	assert_string_equal(line + n - 4, "...\n");
}

static void levels_below_are_dropped(void **state)
{
	char line[64];
	enum log_level level;

	(void)state;
	assert_int_equal(logged(line, sizeof line, LOG_LEVEL_DEBUG, "x"), 0);
	log_error(NULL, "room", "no sink is no harm");
	assert_int_equal(log_level_parse(&level, "warn"), 0);
	assert_int_equal(level, LOG_LEVEL_WARN);
	assert_int_equal(log_level_parse(&level, "loud"), ERR_INVAL);
}

#define PIPE_SIZE 4096
#define QUEUE_SIZE 2048
#define LINES 200 /* more than both together hold */

/* A log whose reader stands still: the pipe is full, and so is the queue. Nothing here waits. */
static uint64_t fill(struct log *l, int fd[2])
{
	assert_int_equal(pipe(fd), 0);
	assert_true(fcntl(fd[1], F_SETPIPE_SZ, PIPE_SIZE) >= 0);
	log_init(l, fd[1], LOG_LEVEL_INFO, "test");
	assert_int_equal(log_queue(l, QUEUE_SIZE), 0);
	log_rename(l, "other");
	for (int i = 0; i < LINES; i++) {
		log_info(l, "room", "line %d %040d", i, 0);
	}
	return log_lost(l);
}

static void nobody_waits_for_a_reader_and_the_lost_lines_are_told(void **state)
{
	unsigned long long told = 0, n = 0;
	unsigned seen = 0;
	char *line = NULL;
	size_t size = 0;
	struct log l;
	uint64_t lost;
	int fd[2];
	FILE *f;

	(void)state;
	lost = fill(&l, fd);
	assert_in_range(lost, 1, LINES - 1);
	f = fdopen(fd[0], "r");
	assert_non_null(f);
	/* A gap is told once half of the room is free, without another line. There may be several, and lines after the last one. */
	while (told < lost || seen + told < LINES) {
		const char *at;

		assert_true(getline(&line, &size, f) > 0);
		at = strstr(line, " other warn log: ");
		if (at) {
			assert_int_equal(sscanf(at, " other warn log: %llu line", &n), 1);
		} else {
			seen++;
		}
		told += at ? n : 0;
	}
	assert_int_equal(told, lost);
	assert_int_equal(seen + told, LINES);
	log_info(&l, "room", "after");
	assert_true(getline(&line, &size, f) > 0);
	assert_non_null(strstr(line, " other info room: after\n"));
	assert_int_equal(log_lost(&l), lost);
	log_fini(&l);
	free(line);
	fclose(f);
	close(fd[1]);
}

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

static void the_end_does_not_wait_for_a_reader_that_stands_still(void **state)
{
	unsigned n;
	struct log l;
	int fd[2];
	char c;

	(void)state;
	assert_true(fill(&l, fd) > 0);
	n = threads(); /* with that of the log, and one of a sanitizer */
	log_fini(&l);
	log_info(&l, "room", "dropped");
	while (read(fd[0], &c, 1) == 1 && c != '\n') { /* the thread goes on and ends */
		;
	}
	close(fd[0]);
	while (threads() >= n) { /* a sanitizer sees then what nobody freed */
		sched_yield();
	}
}

static void a_queue_is_written_before_the_end(void **state)
{
	char text[4 * LOG_LINE_MAX];
	struct log l;
	int fd[2];
	ssize_t n;

	(void)state;
	assert_int_equal(pipe(fd), 0);
	log_init(&l, fd[1], LOG_LEVEL_INFO, "test");
	assert_int_equal(log_queue(&l, QUEUE_SIZE), 0);
	for (int i = 0; i < 10; i++) {
		log_info(&l, "room", "line %d", i);
	}
	log_fini(&l);
	close(fd[1]);
	for (size_t got = 0; (n = read(fd[0], text + got, sizeof text - 1 - got)) > 0; text[got] = 0) {
		got += (size_t)n;
	}
	close(fd[0]);
	assert_non_null(strstr(text, "line 0\n"));
	assert_non_null(strstr(text, "line 9\n"));
}

/* What went into the file is there when the process is killed in the next instant. */
static void a_file_has_its_line_at_once(void **state)
{
	FILE *f = tmpfile();
	char text[LOG_LINE_MAX];
	struct log l;
	ssize_t n;

	(void)state;
	assert_non_null(f);
	log_init(&l, fileno(f), LOG_LEVEL_INFO, "test");
	assert_int_equal(log_queue(&l, QUEUE_SIZE), 0);
	log_info(&l, "room", "now");
	n = pread(fileno(f), text, sizeof text, 0);
	assert_true(n > 5);
	assert_memory_equal(text + n - 5, " now\n", 5);
	log_fini(&l);
	fclose(f);
}

/* A limit of the size stands for a disk that is full. */
static void a_file_that_is_full_is_named_as_the_cause(void **state)
{
	struct rlimit before, none;
	FILE *f = tmpfile();
	char text[LOG_LINE_MAX];
	struct log l;
	ssize_t n;

	(void)state;
	assert_non_null(f);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	none = (struct rlimit){ .rlim_cur = 0, .rlim_max = before.rlim_max };
	log_init(&l, fileno(f), LOG_LEVEL_INFO, "test");
	assert_int_equal(log_queue(&l, QUEUE_SIZE), 0);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
	log_info(&l, "room", "lost");
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	log_info(&l, "room", "written");
	n = pread(fileno(f), text, sizeof text - 1, 0);
	assert_true(n > 0);
	text[n] = 0;
	assert_non_null(strstr(text, " test warn log: 1 line lost: write failed: File too large\n"));
	log_fini(&l);
	fclose(f);
}

static void a_reader_that_is_gone_is_counted(void **state)
{
	struct log l;
	int fd[2];

	(void)state;
	assert_int_equal(pipe(fd), 0);
	close(fd[0]);
	log_init(&l, fd[1], LOG_LEVEL_INFO, "test");
	assert_int_equal(log_queue(&l, QUEUE_SIZE), 0);
	log_info(&l, "room", "lost");
	while (log_lost(&l) == 0) {
		;
	}
	assert_int_equal(log_lost(&l), 1);
	log_fini(&l);
	close(fd[1]);
}

static void a_closed_standard_error_is_nobody_s_loss(void **state)
{
	int fd = open("/dev/null", O_RDONLY); /* what stdfd_open() puts there */
	struct log l;

	(void)state;
	assert_true(fd >= 0);
	log_init(&l, fd, LOG_LEVEL_INFO, "test");
	assert_int_equal(log_queue(&l, QUEUE_SIZE), 0);
	log_info(&l, "room", "nobody wants it");
	assert_int_equal(log_lost(&l), 0);
	log_fini(&l);
	close(fd);
}

static void time_text_is_rfc_3339(void **state)
{
	char text[CLOCK_TEXT_MAX];

	(void)state;
	clock_text(text, 1705321800123u);
	assert_string_equal(text, "2024-01-15T12:30:00.123Z");
}

static const char *made(int *n)
{
	++*n;
	return "text";
}

static void what_is_not_written_is_not_made(void **state)
{
	struct log l;
	int n = 0;

	(void)state;
	log_init(&l, open("/dev/null", O_WRONLY | O_CLOEXEC), LOG_LEVEL_WARN, "test");
	log_info(&l, "room", "%s", made(&n));
	log_debug(&l, "room", "%s", made(&n));
	log_error(NULL, "room", "%s", made(&n));
	assert_int_equal(n, 0);
	log_warn(&l, "room", "%s", made(&n));
	log_error(&l, "room", "%s", made(&n));
	assert_int_equal(n, 2);
	close(l.fd);
	l.fd = -1;
	log_error(&l, "room", "%s", made(&n));
	assert_int_equal(n, 2);
}

/* Before the queue begins, and for a log that has none. A write to the full pipe would wait for ever. */
static void without_a_queue_nobody_waits_for_a_reader_either(void **state)
{
	struct log l;
	int fd[2], n = 0;

	(void)state;
	assert_int_equal(pipe(fd), 0);
	assert_int_equal(fcntl(fd[1], F_SETPIPE_SZ, 4096), 4096);
	log_init(&l, fd[1], LOG_LEVEL_INFO, "test");
	for (int i = 0; i < 100; i++) {
		log_info(&l, "room", "%s", made(&n));
	}
	assert_int_equal(n, 100);
	close(fd[0]);
	close(fd[1]);
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_peer_cannot_forge_a_line),
		cmocka_unit_test(long_lines_are_cut_and_say_so),
		cmocka_unit_test(levels_below_are_dropped),
		cmocka_unit_test(what_is_not_written_is_not_made),
		cmocka_unit_test(nobody_waits_for_a_reader_and_the_lost_lines_are_told),
		cmocka_unit_test(without_a_queue_nobody_waits_for_a_reader_either),
		cmocka_unit_test(the_end_does_not_wait_for_a_reader_that_stands_still),
		cmocka_unit_test(a_queue_is_written_before_the_end),
		cmocka_unit_test(a_file_has_its_line_at_once),
		cmocka_unit_test(a_file_that_is_full_is_named_as_the_cause),
		cmocka_unit_test(a_reader_that_is_gone_is_counted),
		cmocka_unit_test(a_closed_standard_error_is_nobody_s_loss),
		cmocka_unit_test(time_text_is_rfc_3339),
	};

	signal(SIGXFSZ, SIG_IGN); /* a write fails instead */
	signal(SIGPIPE, SIG_IGN); /* as every program of ours does */
	return cmocka_run_group_tests_name("base log", tests, NULL, NULL);
}
