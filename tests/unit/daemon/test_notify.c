/* What a service manager is told, over a socket that the test reads in its place. */
#include "tests/unit/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "daemon/dm_notify.h"

struct world {
	struct log log;
	struct dm_notify notify;
	struct net_loop *loop;
	struct net_watch *watch;
	int manager;
	char name[64], said[256];
	int beats;
};

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof *w);
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int n;

	if (!w) {
		return -1;
	}
	log_init(&w->log, STDERR_FILENO, LOG_LEVEL_ERROR, "test");
	n = snprintf(w->name, sizeof w->name, "@mtc-notify-%d", (int)getpid());
	memcpy(at.sun_path + 1, w->name + 1, (size_t)n - 1);
	w->manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	setenv("NOTIFY_SOCKET", w->name, 1);
	unsetenv("WATCHDOG_USEC");
	unsetenv("WATCHDOG_PID");
	*state = w;
	return bind(w->manager, (const struct sockaddr *)&at, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + (size_t)n));
}

static int teardown(void **state)
{
	struct world *w = *state;

	dm_notify_end(&w->notify);
	net_loop_free(w->loop);
	close(w->manager);
	free(w);
	return 0;
}

static const char *heard(struct world *w)
{
	ssize_t n = recv(w->manager, w->said, sizeof w->said - 1, 0);

	w->said[n > 0 ? n : 0] = 0;
	return w->said;
}

static void test_ready_and_stopping_with_a_line_for_people(void **state)
{
	struct world *w = *state;

	assert_int_equal(dm_notify_open(&w->notify, &w->log), 0);
	assert_null(getenv("NOTIFY_SOCKET")); /* no child speaks for the parent */
	dm_notify_ready(&w->notify, "two listeners");
	assert_string_equal(heard(w), "READY=1\nSTATUS=two listeners");
	dm_notify_stopping(&w->notify, NULL);
	assert_string_equal(heard(w), "STOPPING=1\n");
	assert_string_equal(heard(w), "");
}

static void test_a_long_line_is_cut(void **state)
{
	struct world *w = *state;
	char line[DM_NOTIFY_STATUS_MAX + 100];

	memset(line, 'x', sizeof line - 1);
	line[sizeof line - 1] = 0;
	assert_int_equal(dm_notify_open(&w->notify, &w->log), 0);
	dm_notify_ready(&w->notify, line);
	assert_int_equal(strlen(heard(w)), strlen("READY=1\nSTATUS=") + DM_NOTIFY_STATUS_MAX);
}

static void test_without_a_manager_nothing_is_said(void **state)
{
	struct world *w = *state;

	unsetenv("NOTIFY_SOCKET");
	assert_int_equal(dm_notify_open(&w->notify, &w->log), 0);
	assert_int_equal(w->notify.fd, -1);
	dm_notify_ready(&w->notify, "nobody");
	assert_string_equal(heard(w), "");
}

static void test_a_manager_that_cannot_be_reached_ends_the_start(void **state)
{
	struct world *w = *state;
	static const char *const names[] = { "", "@", "relative", "/nowhere/notify", "@mtc-notify-nobody" };
	char longest[200];

	memset(longest, 'x', sizeof longest - 1);
	longest[0] = '/';
	longest[sizeof longest - 1] = 0;
	log_init(&w->log, STDERR_FILENO, LOG_LEVEL_ERROR, "test, wanted");
	for (size_t i = 0; i < sizeof names / sizeof *names + 1; i++) {
		setenv("NOTIFY_SOCKET", i < sizeof names / sizeof *names ? names[i] : longest, 1);
		assert_int_not_equal(dm_notify_open(&w->notify, &w->log), 0);
		dm_notify_end(&w->notify);
	}
}

static void on_manager(void *arg, int events)
{
	struct world *w = arg;

	(void)events;
	assert_string_equal(heard(w), "WATCHDOG=1");
	if (++w->beats == 3) {
		net_loop_stop(w->loop);
	}
}

static void test_beats_come_as_long_as_the_loop_turns(void **state)
{
	struct world *w = *state;

	setenv("WATCHDOG_USEC", "4000", 1);
	assert_int_equal(dm_notify_open(&w->notify, &w->log), 0);
	assert_int_equal(w->notify.watchdog_ms, 4);
	assert_int_equal(net_loop_new(&w->loop), 0);
	assert_int_equal(net_watch_new(&w->watch, w->loop, w->manager, on_manager, w), 0);
	assert_int_equal(net_watch_set(w->watch, NET_READ), 0);
	assert_int_equal(dm_notify_begin(&w->notify, w->loop), 0);
	assert_int_equal(net_loop_run(w->loop), 0);
	assert_int_equal(w->beats, 3);
	net_watch_free(w->watch);
}

static void test_a_watchdog_for_another_process_or_of_rubbish_is_none(void **state)
{
	struct world *w = *state;
	static const char *const rubbish[] = { "", "x", "4000x", "99999999999999999999999" };

	setenv("WATCHDOG_USEC", "4000", 1);
	setenv("WATCHDOG_PID", "1", 1);
	assert_int_equal(dm_notify_open(&w->notify, &w->log), 0);
	assert_int_equal(w->notify.watchdog_ms, 0);
	for (size_t i = 0; i < sizeof rubbish / sizeof *rubbish; i++) {
		dm_notify_end(&w->notify);
		setenv("NOTIFY_SOCKET", w->name, 1);
		setenv("WATCHDOG_USEC", rubbish[i], 1);
		assert_int_equal(dm_notify_open(&w->notify, &w->log), 0);
		assert_int_equal(w->notify.watchdog_ms, 0);
	}
}

TEST_GROUP()
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_ready_and_stopping_with_a_line_for_people), T(test_a_long_line_is_cut),
		T(test_without_a_manager_nothing_is_said),         T(test_a_manager_that_cannot_be_reached_ends_the_start),
		T(test_beats_come_as_long_as_the_loop_turns),      T(test_a_watchdog_for_another_process_or_of_rubbish_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
