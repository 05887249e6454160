/* A process that cannot become a role says so on standard error before it ends. */
#include "../test.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/dm_become.h"
#include "daemon/dm_msg.h"

/* What the process says; its status. */
static int become(const struct cfg_user *user, int sock, const char *program, char said[512])
{
	char name[] = "mtc-iwfd", opt[] = "--role", role[] = "core";
	char *argv[] = { name, opt, role, NULL };
	pid_t parent = getpid(), pid;
	int pipes[2], status;
	ssize_t n;

	assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		dup2(pipes[1], STDERR_FILENO);
		dm_become(user, sock, parent, program, argv);
	}
	close(pipes[1]);
	n = read(pipes[0], said, 511);
	said[n > 0 ? n : 0] = 0;
	close(pipes[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void test_a_program_that_is_missing_is_named(void **state)
{
	const struct cfg_user same = { .change = false };
	int sock = dup(STDERR_FILENO);
	char said[512];

	(void)state;
	assert_int_equal(become(&same, sock, "/nonexistent/mtc-iwfd", said), 127);
	assert_string_equal(said,
			    "mtc-iwfd: a process (core) could not start: /nonexistent/mtc-iwfd: No such file or directory\n");
	close(sock);
}

static void test_a_socket_that_is_none_is_named(void **state)
{
	const struct cfg_user same = { .change = false };
	char said[512];

	(void)state;
	assert_int_equal(become(&same, -1, "/nonexistent/mtc-iwfd", said), 126);
	assert_string_equal(
	    said, "mtc-iwfd: a process (core) could not start: its descriptors cannot be put in place: Bad file descriptor\n");
}

static void test_a_user_that_cannot_be_had_is_named(void **state)
{
	const struct cfg_user other = { .id = { getuid() + 1, getgid() }, .change = true };
	char said[512];

	(void)state;
	if (getuid() == 0) {
		skip(); /* root may become anybody */
	}
	assert_int_equal(become(&other, -1, "/nonexistent/mtc-iwfd", said), 126);
	assert_non_null(strstr(said, "a process (core) could not start: it cannot become its user: "));
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_program_that_is_missing_is_named),
		cmocka_unit_test(test_a_socket_that_is_none_is_named),
		cmocka_unit_test(test_a_user_that_cannot_be_had_is_named),
	};

	return cmocka_run_group_tests_name("become", tests, NULL, NULL);
}
