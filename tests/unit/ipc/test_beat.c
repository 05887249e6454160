/* The sign of life of a process. */
#include "tests/unit/test.h"

#include <sys/mman.h>
#include <unistd.h>

#include "ipc/ipc_beat.h"

static void a_beat_is_seen_at_the_other_end(void **state)
{
	struct ipc_beat *seen, *own;
	int fd;

	(void)state;
	assert_int_equal(ipc_beat_make(&fd), 0);
	assert_int_equal(ipc_beat_watch(&seen, fd), 0);
	assert_int_equal(ipc_beat_open(&own, fd), 0);
	assert_int_equal(ftruncate(fd, 0), -1); /* whoever reads it is not ended by whoever writes it */
	close(fd);
	assert_int_equal(ipc_beat_read(seen), 0);
	ipc_beat(own);
	ipc_beat(own);
	assert_int_equal(ipc_beat_read(seen), 2);
	ipc_beat_close(own);
	assert_int_equal(ipc_beat_read(seen), 2);
	ipc_beat_close(seen);
	ipc_beat_close(NULL);
}

static void a_refused_call_is_seen_at_the_other_end(void **state)
{
	struct ipc_beat *seen, *own;
	int fd;

	(void)state;
	assert_int_equal(ipc_beat_make(&fd), 0);
	assert_int_equal(ipc_beat_watch(&seen, fd), 0);
	assert_int_equal(ipc_beat_open(&own, fd), 0);
	close(fd);
	assert_int_equal(ipc_beat_refused(seen), -1);
	ipc_beat_refused_set(own, 0); /* call 0 is read() */
	assert_int_equal(ipc_beat_refused(seen), 0);
	ipc_beat_refused_set(own, 59);
	assert_int_equal(ipc_beat_refused(seen), 59);
	assert_int_equal(ipc_beat_read(seen), 0);
	ipc_beat_refused_set(own, -1);
	assert_int_equal(ipc_beat_refused(seen), -1);
	ipc_beat_close(own);
	ipc_beat_close(seen);
}

static void another_size_is_refused(void **state)
{
	struct ipc_beat *b;
	int fd = memfd_create("beat", MFD_CLOEXEC);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(ipc_beat_watch(&b, fd), ERR_INVAL);
	assert_int_equal(ipc_beat_open(&b, fd), ERR_INVAL);
	close(fd);
	assert_int_equal(ipc_beat_watch(&b, -1), ERR_INVAL);
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_beat_is_seen_at_the_other_end),
		cmocka_unit_test(a_refused_call_is_seen_at_the_other_end),
		cmocka_unit_test(another_size_is_refused),
	};

	return cmocka_run_group_tests_name("ipc beat", tests, NULL, NULL);
}
