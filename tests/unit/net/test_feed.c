/* Descriptors of clients: every wait ends, whatever is behind them. */
#include "tests/unit/test.h"

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/net_feed.h"
#include "net/net_worker.h"

static struct net_feed open_feed(int fd, bool to_write, uint32_t idle_ms)
{
	const char *why = NULL;
	struct net_feed f;

	assert_int_equal(net_feed_open(&f, fd, to_write, idle_ms, &why), 0);
	return f;
}

static void test_what_can_be_no_file_is_refused(void **state)
{
	int ends[2], dir = open("/tmp", O_RDONLY | O_DIRECTORY), path = open("/dev/null", O_PATH);
	const struct {
		int fd;
		bool to_write;
		const char *why;
	} wrong[] = {
		{ dir, false, "is no file and no pipe" },
		{ path, false, "is not open for reading" },
		{ -1, false, "is not open for reading" },
		{ -1, true, "is not open for writing" },
	};
	struct net_feed f;
	const char *why;

	(void)state;
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		assert_int_equal(net_feed_open(&f, wrong[i].fd, wrong[i].to_write, 10, &why), ERR_INVAL);
		assert_string_equal(why, wrong[i].why);
	}
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(net_feed_open(&f, ends[1], false, 10, &why), ERR_INVAL);
	assert_int_equal(net_feed_open(&f, ends[0], true, 10, &why), ERR_INVAL);
	close(ends[0]);
	close(ends[1]);
	close(dir);
	close(path);
}

static void test_a_file_is_read_from_where_it_stands(void **state)
{
	int fd = memfd_create("rows", MFD_CLOEXEC);
	struct net_feed f;
	char text[16];

	(void)state;
	assert_int_equal(write(fd, "0123456789", 10), 10);
	assert_int_equal(lseek(fd, 4, SEEK_SET), 4);
	f = open_feed(fd, false, 10);
	assert_int_equal(f.total, 6);
	assert_int_equal(net_feed_read(&f, text, 4), 4);
	assert_memory_equal(text, "4567", 4);
	assert_int_equal(net_feed_read(&f, text, sizeof text), 2);
	assert_int_equal(net_feed_read(&f, text, sizeof text), 0);
	assert_int_equal(atomic_load(&f.octets), 6);
	net_feed_close(&f);
}

static void test_a_silent_pipe_is_given_up_and_a_stopped_one_at_once(void **state)
{
	struct net_feed in, out;
	static char piece[1 << 20];
	int ends[2];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	in = open_feed(ends[0], false, 20);
	out = open_feed(ends[1], true, 20);
	assert_int_equal(net_feed_read(&in, piece, 10), ERR_TIMEOUT);
	assert_int_equal(net_feed_write(&out, piece, sizeof piece), ERR_TIMEOUT); /* nobody reads */
	assert_true(atomic_load(&out.octets) > 0);
	net_feed_stop(&in);
	assert_int_equal(net_feed_read(&in, piece, 10), ERR_CLOSED); /* though there is something */
	net_feed_stop(&out);
	assert_int_equal(net_feed_write(&out, piece, 1), ERR_CLOSED);
	net_feed_close(&in);
	net_feed_close(&out);
}

/* A UNIX socket that wants two octets at once: poll() finds the first, and read() waits for the second. */
static int blocking_pair(int ends[2])
{
	int both = 2;

	return socketpair(AF_UNIX, SOCK_STREAM, 0, ends) || setsockopt(ends[0], SOL_SOCKET, SO_RCVLOWAT, &both, sizeof both);
}

struct late {
	struct net_feed feed;
	ssize_t got;
};

static void *read_late(void *arg)
{
	struct late *l = arg;
	char text[2];

	l->got = net_feed_read(&l->feed, text, sizeof text);
	return NULL;
}

static void test_what_a_read_finds_after_the_stop_is_not_delivered(void **state)
{
	struct late l = { .got = 0 };
	pthread_t thread;
	int ends[2], queued = 1;

	(void)state;
	assert_int_equal(blocking_pair(ends), 0);
	l.feed = open_feed(ends[0], false, 10000);
	assert_int_equal(write(ends[1], "1", 1), 1);
	assert_int_equal(pthread_create(&thread, NULL, read_late, &l), 0);
	while (queued) { /* until read() has taken the first octet and waits */
		assert_int_equal(ioctl(ends[0], FIONREAD, &queued), 0);
		sched_yield();
	}
	net_feed_stop(&l.feed);
	assert_int_equal(write(ends[1], "2", 1), 1);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(l.got, ERR_CLOSED);
	net_feed_close(&l.feed);
	close(ends[1]);
}

static void test_a_reader_that_leaves_and_a_full_disk(void **state)
{
	struct net_feed f;
	int ends[2];

	(void)state;
	signal(SIGPIPE, SIG_IGN);
	assert_int_equal(pipe(ends), 0);
	close(ends[0]);
	f = open_feed(ends[1], true, 1000);
	assert_int_equal(net_feed_write(&f, "x", 1), ERR_CLOSED);
	net_feed_close(&f);
	f = open_feed(open("/dev/full", O_WRONLY), true, 1000);
	assert_int_equal(net_feed_write(&f, "x", 1), ERR_NOSPC);
	net_feed_close(&f);
}

/* -- the thread */

struct play {
	struct net_loop *loop;
	struct net_timer *timer;
	struct net_worker *work;
	int ends[2];
	unsigned ran, done;
	ssize_t got;
	pthread_t thread;
};

static void run(void *arg)
{
	struct play *y = arg;
	char c;

	y->ran++;
	y->thread = pthread_self();
	y->got = read(y->ends[0], &c, 1); /* waits in the system call: nothing is looked at before */
}

static void on_done(void *arg)
{
	struct play *y = arg;

	y->done++;
	assert_false(pthread_equal(y->thread, pthread_self()));
	net_loop_stop(y->loop);
}

static void on_timer(void *arg)
{
	struct play *y = arg;

	net_worker_interrupt(y->work);
	net_timer_start(y->timer, 5);
}

static void setup(struct play *y)
{
	memset(y, 0, sizeof *y);
	assert_int_equal(pipe(y->ends), 0);
	assert_int_equal(net_loop_new(&y->loop), 0);
	assert_int_equal(net_timer_new(&y->timer, y->loop, on_timer, y), 0);
	assert_int_equal(net_worker_new(&y->work, y->loop, run, on_done, y), 0);
}

static void teardown(struct play *y)
{
	net_timer_free(y->timer);
	net_loop_free(y->loop);
	close(y->ends[0]);
	close(y->ends[1]);
}

static void test_work_is_done_once_for_each_start(void **state)
{
	struct play y;

	(void)state;
	setup(&y);
	for (unsigned i = 1; i <= 3; i++) {
		assert_int_equal(write(y.ends[1], "x", 1), 1);
		net_worker_start(y.work);
		assert_int_equal(net_loop_run(y.loop), 0);
		assert_int_equal(y.ran, i);
		assert_int_equal(y.done, i);
		assert_int_equal(y.got, 1);
	}
	assert_true(net_worker_free(y.work, 1000));
	teardown(&y);
}

static void test_a_system_call_that_waits_is_interrupted(void **state)
{
	struct play y;

	(void)state;
	setup(&y);
	net_worker_start(y.work);
	net_timer_start(y.timer, 5);
	assert_int_equal(net_loop_run(y.loop), 0);
	assert_int_equal(y.got, -1);
	net_worker_start(y.work); /* and its end does so by itself */
	assert_true(net_worker_free(y.work, 5000));
	assert_int_equal(y.done, 1);
	teardown(&y);
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_can_be_no_file_is_refused),
		cmocka_unit_test(test_a_file_is_read_from_where_it_stands),
		cmocka_unit_test(test_a_silent_pipe_is_given_up_and_a_stopped_one_at_once),
		cmocka_unit_test(test_what_a_read_finds_after_the_stop_is_not_delivered),
		cmocka_unit_test(test_a_reader_that_leaves_and_a_full_disk),
		cmocka_unit_test(test_work_is_done_once_for_each_start),
		cmocka_unit_test(test_a_system_call_that_waits_is_interrupted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
