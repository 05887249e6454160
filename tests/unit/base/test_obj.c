/* Objects that know what they are: the right one passes, every other one ends the process; the object around a member. */
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../test.h"
#include "base/container.h"
#include "base/obj.h"

#define THING_MAGIC 0x7e11a3c5u
#define OTHER_MAGIC 0x7e11a3c6u

struct thing {
	struct obj obj;
	int n;
	char text[8];
};

struct other {
	struct obj obj;
};

OBJ_FIRST(struct thing);

static void check(void *p)
{
	OBJ_CHECK((struct thing *)p, THING_MAGIC);
}

static void cast(void *p)
{
	(void)OBJ_OF(p, struct thing, THING_MAGIC);
}

static void end(void *p)
{
	OBJ_END((struct thing *)p, THING_MAGIC);
}

/* The signal that ended a process which did that; 0: it ended by itself. */
static int signal_of(void (*fn)(void *), void *p)
{
	pid_t pid = fork();
	int status = 0;

	assert_true(pid >= 0);
	if (pid == 0) {
		close(STDERR_FILENO);
		signal(SIGABRT, SIG_DFL);
		fn(p);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static void test_only_a_living_object_of_its_type_passes(void **state)
{
	void (*const fns[])(void *) = { check, cast, end };
	struct thing thing = { 0 };
	struct other other = { 0 }, on_stack = { .obj = OBJ(THING_MAGIC) };

	(void)state;
	assert_int_equal(signal_of(cast, &on_stack), 0);
	obj_begin(&thing.obj, THING_MAGIC);
	obj_begin(&other.obj, OTHER_MAGIC);
	for (size_t i = 0; i < sizeof fns / sizeof *fns; i++) {
		assert_int_equal(signal_of(fns[i], &thing), 0);
		assert_int_equal(signal_of(fns[i], &other), SIGABRT);
		assert_int_equal(signal_of(fns[i], NULL), SIGABRT);
	}
	OBJ_END(&thing, THING_MAGIC);
	for (size_t i = 0; i < sizeof fns / sizeof *fns; i++) {
		assert_int_equal(signal_of(fns[i], &thing), SIGABRT);
	}
}

static void test_the_object_around_a_member(void **state)
{
	struct thing thing = { .n = 5 };
	int *n = &thing.n;

	(void)state;
	assert_ptr_equal(CONTAINER_OF(n, struct thing, n), &thing);
	assert_ptr_equal(CONTAINER_OF(&thing.text, struct thing, text), &thing);
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_only_a_living_object_of_its_type_passes),
		cmocka_unit_test(test_the_object_around_a_member),
	};

	return cmocka_run_group_tests_name("obj", tests, NULL, NULL);
}
