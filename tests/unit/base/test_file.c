/* file: what is no small regular file is refused at once, whatever stands under its name. */
#include "tests/unit/test.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"

#define MAX 100

static char dir[] = "/tmp/test_file_XXXXXX", path[64];

static int setup(void **state)
{
	(void)state;
	strcpy(dir + sizeof dir - 7, "XXXXXX");
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof path, "%s/f", dir);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	(void)remove(path);
	assert_int_equal(rmdir(dir), 0);
	return 0;
}

static void put(const char *name, size_t len)
{
	FILE *f = fopen(name, "w");

	assert_non_null(f);
	while (len--) {
		fputc('x', f);
	}
	assert_int_equal(fclose(f), 0);
}

static void refused(const char *name, int expected, const char *words)
{
	struct file_copy f = { .p = NULL };
	char why[FILE_WHY_MAX] = "";

	alarm(TEST_HANG_S); /* a pipe that is opened in the usual way waits for ever */
	assert_int_equal(file_read(&f, name, MAX, why), expected);
	alarm(0);
	assert_string_equal(why, words);
	assert_null(f.p);
}

static void files_up_to_the_limit_are_read(void **state)
{
	static const size_t lengths[] = { 0, 1, MAX - 1, MAX };
	struct file_copy f;
	char why[FILE_WHY_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
		put(path, lengths[i]);
		chmod(path, 0640);
		assert_int_equal(file_read(&f, path, MAX, why), 0);
		assert_int_equal(f.len, lengths[i]);
		assert_int_equal(strlen(f.p), lengths[i]);
		assert_int_equal(f.mode, 0640);
		file_copy_fini(&f);
		assert_null(f.p);
	}
}

static void larger_ones_are_not(void **state)
{
	(void)state;
	put(path, MAX + 1);
	refused(path, ERR_LIMIT, "larger than 100 bytes, the limit of such a file");
	refused("/proc/self/status", ERR_LIMIT, "larger than 100 bytes, the limit of such a file"); /* its size says 0 */
}

static void what_is_no_file_is_refused(void **state)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd;

	(void)state;
	refused(path, ERR_IO, "No such file or directory");
	refused(dir, ERR_INVAL, "not a regular file");
	refused("/dev/zero", ERR_INVAL, "not a regular file");
	assert_int_equal(mkfifo(path, 0600), 0);
	refused(path, ERR_INVAL, "not a regular file");
	assert_int_equal(unlink(path), 0);
	snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
	refused(path, ERR_INVAL, "not a regular file");
	close(fd);
}

static int signalled[2];

static void on_signal(int signum)
{
	(void)signum;
	(void)!write(signalled[1], "s", 1);
}

/* Its other end comes only when a signal has interrupted the wait. */
static void a_signal_is_no_end_of_a_pipe(void **state)
{
	const struct sigaction on = { .sa_handler = on_signal };
	const struct itimerval soon = { .it_value = { .tv_usec = 20000 } }, never = { .it_value = { 0 } };
	struct sigaction before;
	char octets[8];
	int fd;

	(void)state;
	assert_int_equal(pipe(signalled), 0);
	assert_int_equal(mkfifo(path, 0600), 0);
	if (fork() == 0) {
		alarm(TEST_HANG_S);
		fd = read(signalled[0], octets, 1) == 1 ? open(path, O_WRONLY) : -1;
		_exit(fd >= 0 && write(fd, "words", 5) == 5 ? 0 : 1);
	}
	assert_int_equal(sigaction(SIGALRM, &on, &before), 0);
	assert_int_equal(setitimer(ITIMER_REAL, &soon, NULL), 0);
	fd = file_open_in(path);
	assert_int_equal(setitimer(ITIMER_REAL, &never, NULL), 0);
	assert_int_equal(sigaction(SIGALRM, &before, NULL), 0);
	assert_true(fd >= 0);
	assert_int_equal(read(fd, octets, sizeof octets), 5);
	close(fd);
	while (wait(NULL) < 0) {
	}
	close(signalled[0]);
	close(signalled[1]);
}

static void links_are_followed(void **state)
{
	struct file_copy f;
	char why[FILE_WHY_MAX], target[80];

	(void)state;
	assert_int_equal(symlink("f", path), 0);
	refused(path, ERR_IO, "Too many levels of symbolic links");
	assert_int_equal(unlink(path), 0);
	snprintf(target, sizeof target, "%s/target", dir);
	put(target, 5);
	assert_int_equal(symlink("target", path), 0);
	assert_int_equal(file_read(&f, path, MAX, why), 0);
	assert_int_equal(f.len, 5);
	file_copy_fini(&f);
	unlink(target);
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(files_up_to_the_limit_are_read, setup, teardown),
		cmocka_unit_test_setup_teardown(larger_ones_are_not, setup, teardown),
		cmocka_unit_test_setup_teardown(what_is_no_file_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(links_are_followed, setup, teardown),
		cmocka_unit_test_setup_teardown(a_signal_is_no_end_of_a_pipe, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
