/* Words, rows and descriptors of the sandbox. What it refuses is tried by tests/cli/test_sandbox.py, in processes that may end. */
#include "tests/unit/test.h"

#include <fcntl.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sandbox/sbx_int.h"

#define FDS 1024 /* the test may have inherited some */

static void every_role_has_a_word_of_its_own_and_the_calls_to_end(void **state)
{
	(void)state;
	for (unsigned i = 0; i < SBX_ROLES; i++) {
		const struct sbx_role_row *row = sbx_role_row((enum sbx_role)i);

		assert_non_null(row->word);
		assert_true(row->calls & SBX_CALLS_BASE);
		for (unsigned j = 0; j < i; j++) {
			assert_string_not_equal(row->word, sbx_role_word((enum sbx_role)j));
		}
	}
	assert_string_equal(sbx_role_word(SBX_ROLES), "unknown");
	assert_ptr_equal(sbx_role_row(SBX_ROLES), sbx_role_row(SBX_EDGE)); /* the narrowest one */
}

static void only_the_parent_keeps_capabilities_and_only_it_makes_processes(void **state)
{
	(void)state;
	for (unsigned i = 0; i < SBX_ROLES; i++) {
		const struct sbx_role_row *row = sbx_role_row((enum sbx_role)i);

		assert_int_equal(row->capabilities != 0,
				 i == SBX_PARENT || i == SBX_NDSIP); /* NDSIP: reads packet filter rules */
		assert_int_equal((row->calls & SBX_CALLS_PROCESS) != 0, i == SBX_PARENT);
		assert_true(row->keys); /* none of them may be dumped */
	}
}

static void what_is_missing_is_told_with_what_to_do(void **state)
{
	char words[SBX_WHY_MAX];

	(void)state;
	assert_string_equal(sbx_lacks_words(words, 0), "");
	assert_string_equal(sbx_lacks_words(words, SBX_LACK_USERS),
			    "processes share a user: set users in the configuration, and start as root");
	sbx_lacks_words(words, SBX_LACK_SECCOMP | SBX_LACK_LANDLOCK);
	assert_non_null(strstr(words, "the kernel refuses seccomp filters: use a kernel with"));
	assert_non_null(strstr(words, "; the kernel has no Landlock of version 2 or later: use Linux 5.19"));
	sbx_lacks_words(words, ~0u);
	assert_true(strlen(words) < SBX_WHY_MAX);
}

static void a_call_has_its_name(void **state)
{
	char name[SBX_CALL_MAX];

	(void)state;
	assert_string_equal(sbx_call_name(name, 0x7ffffff), "unknown");
#ifdef __x86_64__
	assert_string_equal(sbx_call_name(name, 59), "execve");
#endif
}

static void a_descriptor_that_nothing_needs_is_named(void **state)
{
	char why[SBX_WHY_MAX], number[32];
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC), expected[FDS];

	(void)state;
	assert_true(fd > 2);
	for (int i = 0; i < FDS; i++) {
		expected[i] = i == fd ? -1 : i;
	}
	assert_int_equal(sbx_check_fds(expected, FDS, why), ERR_STATE);
	snprintf(number, sizeof number, "descriptor %d (/dev/null)", fd);
	assert_non_null(strstr(why, number));
	expected[fd] = fd;
	assert_int_equal(sbx_check_fds(expected, FDS, why), 0);
	assert_string_equal(why, "");
	close(fd);
}

/* In a child: there is no way back. */
static int in_child(void (*fn)(void))
{
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (pid == 0) {
		fn();
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

static void off(void)
{
	struct sbx_conf conf = { .role = SBX_EDGE, .mode = SBX_OFF };
	struct sbx_report r;
	char why[SBX_WHY_MAX];

	if (sbx_enter(&r, &conf, why) || r.lacks != SBX_LACK_OFF || r.seccomp || r.landlock || !r.no_new_privs ||
	    r.status_fd != -1) {
		_exit(1);
	}
	if (open("/dev/null", O_RDONLY) < 0 || !strstr(why, "off by configuration")) {
		_exit(2);
	}
}

static void without_landlock_it_is_refused(void)
{
	struct sbx_conf conf = { .role = SBX_EDGE, .mode = SBX_REQUIRE, .landlock_max = 1 };
	struct sbx_report r;
	char why[SBX_WHY_MAX];

	if (sbx_confine(&r, &conf, why) != ERR_REFUSED || !(r.lacks & (SBX_LACK_LANDLOCK | SBX_LACK_INSTRUMENTED)) ||
	    r.status_fd != -1 || (r.lacks & SBX_LACK_LANDLOCK && !strstr(why, "use Linux 5.19 or later"))) {
		_exit(1);
	}
}

static void and_preferred_it_is_entered_with_words(void)
{
	struct sbx_conf conf = { .role = SBX_EDGE, .mode = SBX_PREFER, .landlock_max = 1 };
	struct sbx_report r;
	char why[SBX_WHY_MAX];

	if (sbx_enter(&r, &conf, why) || r.landlock || !r.no_new_privs || !*why) {
		_exit(1);
	}
	if (!(r.lacks & SBX_LACK_INSTRUMENTED) &&
	    (r.seccomp != 2 || r.capabilities || r.dumpable || open("/dev/null", O_RDONLY) >= 0)) {
		_exit(2);
	}
}

static void what_was_asked_for_is_what_is_in_force(void **state)
{
	(void)state;
	assert_int_equal(in_child(off), 0);
	assert_int_equal(in_child(without_landlock_it_is_refused), 0);
	assert_int_equal(in_child(and_preferred_it_is_entered_with_words), 0);
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_role_has_a_word_of_its_own_and_the_calls_to_end),
		cmocka_unit_test(only_the_parent_keeps_capabilities_and_only_it_makes_processes),
		cmocka_unit_test(what_is_missing_is_told_with_what_to_do),
		cmocka_unit_test(a_call_has_its_name),
		cmocka_unit_test(a_descriptor_that_nothing_needs_is_named),
		cmocka_unit_test(what_was_asked_for_is_what_is_in_force),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
