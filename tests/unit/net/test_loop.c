/* Timers, watches, signals and checks of the loop, and freeing them wherever one likes. */
#include "tests/unit/test.h"

#include <signal.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/clock.h"
#include "net/net_loop.h"

struct world {
	struct net_loop *loop;
	struct net_timer *timer, *guard;
	struct net_watch *watch;
	struct net_signal *signal;
	struct net_check *check[3];
	int pair[2];
	int fired, events, checks, signals;
	char order[16];
};

static void on_guard(void *arg)
{
	(void)arg;
	fail_msg("the loop did not come to its end in 5 s");
}

static void on_stop(void *arg)
{
	struct world *w = arg;

	w->fired++;
	net_loop_stop(w->loop);
}

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof *w);

	if (!w || net_loop_new(&w->loop) || net_timer_new(&w->guard, w->loop, on_guard, w) ||
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, w->pair)) {
		return -1;
	}
	net_timer_start(w->guard, TEST_HANG_MS);
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	net_timer_free(w->guard);
	net_loop_free(w->loop);
	close(w->pair[0]);
	close(w->pair[1]);
	free(w);
	return 0;
}

static void test_a_timer_fires_once_and_not_early(void **state)
{
	struct world *w = *state;
	uint64_t start;

	assert_int_equal(net_timer_new(&w->timer, w->loop, on_stop, w), 0);
	start = net_loop_now_ms(w->loop);
	net_timer_start(w->timer, 20);
	assert_int_equal(net_loop_run(w->loop), 0);
	assert_int_equal(w->fired, 1);
	assert_true(net_loop_now_ms(w->loop) - start >= 20);
	net_timer_free(w->timer);
}

static void test_a_timer_counts_from_its_start_not_from_the_loops_last_turn(void **state)
{
	struct world *w = *state;
	uint64_t start = net_loop_now_ms(w->loop);

	usleep(30000);
	assert_int_equal(net_timer_new(&w->timer, w->loop, on_stop, w), 0);
	net_timer_start(w->timer, 20);
	assert_int_equal(net_loop_run(w->loop), 0);
	assert_true(net_loop_now_ms(w->loop) - start >= 50);
	net_timer_free(w->timer);
}

static void on_read_then_wait(void *arg, int events)
{
	struct world *w = arg;
	char octet;

	(void)events;
	w->events++;
	assert_int_equal(read(w->pair[0], &octet, 1), 1);
	if (w->events == 1) { /* the process stands still while more octets come and the timer gets due */
		assert_int_equal(write(w->pair[1], "2", 1), 1);
		usleep(200 * 1000);
	}
}

static void on_judge(void *arg)
{
	struct world *w = arg;

	w->fired = w->events;
	net_loop_stop(w->loop);
}

static void watch(struct world *w, int fd, int events, net_watch_fn *fn)
{
	assert_int_equal(net_watch_new(&w->watch, w->loop, fd, fn, w), 0);
	assert_int_equal(net_watch_set(w->watch, events), 0);
}

static void test_a_timer_that_is_late_lets_descriptors_speak_first(void **state)
{
	struct world *w = *state;

	assert_int_equal(net_timer_new(&w->timer, w->loop, on_judge, w), 0);
	watch(w, w->pair[0], NET_READ, on_read_then_wait);
	net_timer_start(w->timer, 50);
	assert_int_equal(write(w->pair[1], "1", 1), 1);
	assert_int_equal(net_loop_run(w->loop), 0);
	net_watch_free(w->watch);
	net_timer_free(w->timer);
	assert_int_equal(w->fired, 2);
}

/* The process stands still in the wait of the loop, as when it is stopped: a signal interrupts the
 * wait, and libuv does not look at the descriptors before it calls the timer. */
static int still_fd;
static const char *still_words;

static void on_alarm(int signum)
{
	(void)signum;
	usleep(60 * 1000);
	assert_int_equal(write(still_fd, still_words, strlen(still_words)), (ssize_t)strlen(still_words));
}

static void on_read_one(void *arg, int events)
{
	struct world *w = arg;
	char octet;

	(void)events;
	w->events++;
	assert_int_equal(read(w->pair[0], &octet, 1), 1);
}

static void on_read_none(void *arg, int events)
{
	struct world *w = arg;

	(void)events;
	w->events++;
}

/* After `ms` the process stands still. A timer falls due then, and `fn` is called for what comes. */
static void stand_still_after(struct world *w, unsigned ms, const char *words, net_watch_fn *fn, net_timer_fn *judge)
{
	struct itimerval soon = { .it_value = { 0, (ms + 20) * 1000 } };
	struct sigaction act = { .sa_handler = on_alarm }, before;

	still_fd = w->pair[1];
	still_words = words;
	assert_int_equal(sigaction(SIGALRM, &act, &before), 0);
	assert_int_equal(net_timer_new(&w->timer, w->loop, judge, w), 0);
	watch(w, w->pair[0], NET_READ, fn);
	net_timer_start(w->timer, ms + 60);
	assert_int_equal(setitimer(ITIMER_REAL, &soon, NULL), 0);
	assert_int_equal(net_loop_run(w->loop), 0);
	assert_int_equal(sigaction(SIGALRM, &before, NULL), 0);
	net_watch_free(w->watch);
	net_timer_free(w->timer);
}

static void stand_still(struct world *w, const char *words, net_watch_fn *fn, net_timer_fn *judge)
{
	stand_still_after(w, 0, words, fn, judge);
}

static void test_what_came_while_the_loop_stood_still_is_read_before_a_timer_is_judged(void **state)
{
	struct world *w = *state;

	stand_still(w, "123456789", on_read_one, on_judge);
	assert_int_equal(w->fired, 9);
}

static void on_read_one_and_be_slow_once(void *arg, int events)
{
	on_read_one(arg, events);
	if (((struct world *)arg)->events == 1) {
		usleep(110 * 1000);
	}
}

/* After the first time there is an event in each turn, then nothing for a while. */
static void test_a_loop_that_stands_still_twice_reads_what_came_each_time(void **state)
{
	struct world *w = *state;

	assert_int_equal(write(w->pair[1], "12", 2), 2);
	stand_still_after(w, 500, "123456789", on_read_one_and_be_slow_once, on_judge);
	assert_int_equal(w->fired, 2 + 9);
}

static void test_a_flood_holds_no_timer_up_for_long(void **state)
{
	struct world *w = *state;
	uint64_t start = clock_mono_ms();

	stand_still(w, "1", on_read_none, on_judge);
	assert_in_range(w->fired, 1, 64);
	assert_true(clock_mono_ms() - start < 2000);
}

/* The timer is started anew by what is read: it no longer fires for what it was started for. */
static void on_read_and_prolong(void *arg, int events)
{
	struct world *w = arg;

	on_read_one(arg, events);
	net_timer_start(w->timer, 30);
	w->checks++;
}

static void test_a_timer_that_what_is_read_starts_anew_waits_for_its_new_time(void **state)
{
	struct world *w = *state;
	uint64_t start = clock_mono_ms();

	stand_still(w, "12", on_read_and_prolong, on_judge);
	assert_int_equal(w->fired, 2);
	assert_true(clock_mono_ms() - start >= 20 + 60 + 30);
}

static void on_check_judges(void *arg)
{
	struct world *w = arg;

	if (net_loop_listens(w->loop)) {
		w->checks++;
	} else if (w->events == 2) {
		w->fired++;
		net_loop_stop(w->loop);
	}
}

/* Runs the loop with a check, after an octet that `fn` is called for. */
static void run_checked(struct world *w, net_check_fn *check, net_watch_fn *fn)
{
	assert_int_equal(net_check_new(&w->check[0], w->loop, check, w), 0);
	watch(w, w->pair[0], NET_READ, fn);
	assert_int_equal(write(w->pair[1], "1", 1), 1);
	assert_int_equal(net_loop_run(w->loop), 0);
	net_watch_free(w->watch);
	net_check_free(w->check[0]);
}

static void test_a_check_learns_that_the_loop_stood_still_and_is_called_again(void **state)
{
	struct world *w = *state;

	run_checked(w, on_check_judges, on_read_then_wait);
	assert_true(w->checks > 0);
	assert_int_equal(w->fired, 1);
}

static void on_read_slowly(void *arg, int events)
{
	(void)events;
	((struct world *)arg)->events++;
	usleep(110 * 1000);
}

static void on_check_judges_thrice(void *arg)
{
	struct world *w = arg;

	w->checks += net_loop_listens(w->loop);
	w->fired += !net_loop_listens(w->loop) && w->checks;
	if (w->fired == 3) {
		net_loop_stop(w->loop);
	}
}

/* Each turn takes so long that the loop seems to stand still: it judges times now and then. */
static void test_a_loop_that_is_always_late_judges_nevertheless(void **state)
{
	struct world *w = *state;

	run_checked(w, on_check_judges_thrice, on_read_slowly);
	assert_true(w->checks > 0);
}

static void test_a_stopped_timer_stays_silent(void **state)
{
	struct world *w = *state;
	struct net_timer *other;

	assert_int_equal(net_timer_new(&w->timer, w->loop, on_guard, w), 0);
	assert_int_equal(net_timer_new(&other, w->loop, on_stop, w), 0);
	net_timer_start(w->timer, 5);
	net_timer_start(other, 20);
	net_timer_stop(w->timer);
	assert_int_equal(net_loop_run(w->loop), 0);
	net_timer_free(w->timer);
	net_timer_free(other);
}

static void on_timer_frees_itself(void *arg)
{
	struct world *w = arg;

	net_timer_free(w->timer);
	w->timer = NULL;
	net_loop_stop(w->loop);
}

static void test_a_timer_may_free_itself(void **state)
{
	struct world *w = *state;

	assert_int_equal(net_timer_new(&w->timer, w->loop, on_timer_frees_itself, w), 0);
	net_timer_start(w->timer, 0);
	assert_int_equal(net_loop_run(w->loop), 0);
	assert_null(w->timer);
}

static void on_events(void *arg, int events)
{
	struct world *w = arg;

	w->events |= events;
	w->fired++;
	net_loop_stop(w->loop);
}

static void test_a_watch_tells_what_it_was_asked_for(void **state)
{
	struct world *w = *state;

	watch(w, w->pair[0], NET_WRITE, on_events);
	assert_int_equal(net_loop_run(w->loop), 0);
	assert_int_equal(w->events, NET_WRITE);
	w->events = 0;
	assert_int_equal(net_watch_set(w->watch, NET_READ), 0);
	assert_int_equal(write(w->pair[1], "x", 1), 1);
	assert_int_equal(net_loop_run(w->loop), 0);
	assert_int_equal(w->events, NET_READ);
	net_watch_free(w->watch);
}

static void test_a_watch_set_to_nothing_is_silent_and_can_be_set_again(void **state)
{
	struct world *w = *state;

	watch(w, w->pair[0], NET_READ, on_events);
	assert_int_equal(write(w->pair[1], "x", 1), 1);
	assert_int_equal(net_watch_set(w->watch, 0), 0);
	assert_int_equal(net_timer_new(&w->timer, w->loop, on_stop, w), 0);
	net_timer_start(w->timer, 10);
	assert_int_equal(net_loop_run(w->loop), 0);
	assert_int_equal(w->events, 0);
	assert_int_equal(net_watch_set(w->watch, NET_READ), 0);
	assert_int_equal(net_loop_run(w->loop), 0);
	assert_int_equal(w->events, NET_READ);
	net_timer_free(w->timer);
	net_watch_free(w->watch);
}

static void test_a_descriptor_in_error_is_reported_to_its_owner(void **state)
{
	struct world *w = *state;
	int pipe_fd[2];

	assert_int_equal(pipe(pipe_fd), 0);
	close(pipe_fd[0]); /* now the writing end is in error */
	watch(w, pipe_fd[1], NET_WRITE, on_events);
	assert_int_equal(net_loop_run(w->loop), 0);
	assert_int_equal(net_loop_run(w->loop), 0); /* and again, as long as it asks */
	assert_int_equal(w->fired, 2);
	net_watch_free(w->watch);
	close(pipe_fd[1]);
}

static void on_events_frees_itself(void *arg, int events)
{
	struct world *w = arg;

	(void)events;
	net_watch_free(w->watch);
	w->watch = NULL;
	net_loop_stop(w->loop);
}

static void test_a_watch_may_free_itself(void **state)
{
	struct world *w = *state;

	watch(w, w->pair[0], NET_READ | NET_WRITE, on_events_frees_itself);
	assert_int_equal(net_loop_run(w->loop), 0);
	assert_null(w->watch);
}

static void test_one_descriptor_has_one_watch(void **state)
{
	struct world *w = *state;
	struct net_watch *second;

	watch(w, w->pair[0], NET_READ, on_events);
	assert_int_equal(net_watch_new(&second, w->loop, w->pair[0], on_events, w), ERR_EXISTS);
	net_watch_free(w->watch);
}

static void on_signal(void *arg, int signum)
{
	struct world *w = arg;

	w->signals = signum;
	net_signal_free(w->signal);
	w->signal = NULL;
	net_loop_stop(w->loop);
}

static void test_a_signal_arrives_in_the_loop_and_may_free_itself(void **state)
{
	struct world *w = *state;

	assert_int_equal(net_signal_new(&w->signal, w->loop, SIGUSR1, on_signal, w), 0);
	assert_int_equal(kill(getpid(), SIGUSR1), 0);
	assert_int_equal(w->signals, 0);
	assert_int_equal(net_loop_run(w->loop), 0);
	assert_int_equal(w->signals, SIGUSR1);
	assert_int_equal(net_signal_new(&w->signal, w->loop, 4711, on_signal, w), ERR_INVAL);
}

static void mark(struct world *w, char c)
{
	size_t n = strlen(w->order);

	if (n + 1 < sizeof w->order) {
		w->order[n] = c;
	}
}

static void on_timer_marks(void *arg)
{
	mark(arg, 't');
}

static void on_events_marks(void *arg, int events)
{
	char c;
	struct world *w = arg;

	(void)events;
	assert_int_equal(read(w->pair[0], &c, 1), 1);
	mark(w, 'e');
	net_timer_start(w->timer, 0);
}

static void on_check_stops(void *arg)
{
	struct world *w = arg;

	mark(w, 'c');
	if (strchr(w->order, 't')) {
		net_loop_stop(w->loop);
	}
}

static void on_timer_goes_on(void *arg)
{
	struct world *w = arg;

	mark(w, 't');
	if (strchr(w->order, 'e') || strlen(w->order) == 8) {
		net_loop_stop(w->loop);
		return;
	}
	if (w->order[1] == '\0') {
		assert_int_equal(write(w->pair[1], "x", 1), 1);
	}
	net_timer_start(w->timer, 0);
}

static void on_events_mark_only(void *arg, int events)
{
	char c;
	struct world *w = arg;

	(void)events;
	assert_int_equal(read(w->pair[0], &c, 1), 1);
	mark(w, 'e');
}

/* A timer that starts itself anew, as work in slices does. */
static void test_descriptors_are_read_between_two_timers_of_now(void **state)
{
	struct world *w = *state;

	assert_int_equal(net_timer_new(&w->timer, w->loop, on_timer_goes_on, w), 0);
	watch(w, w->pair[0], NET_READ, on_events_mark_only);
	net_timer_start(w->timer, 0);
	assert_int_equal(net_loop_run(w->loop), 0);
	assert_string_equal(w->order, "tet");
	net_watch_free(w->watch);
	net_timer_free(w->timer);
}

static void on_timer_starts_and_takes_back(void *arg)
{
	struct world *w = arg;

	w->fired++;
	net_timer_start(w->timer, 0);
	net_timer_start(w->guard, 0);
	net_timer_start(w->guard, TEST_HANG_MS);
	net_timer_stop(w->timer);
	net_loop_stop(w->loop);
}

static void test_a_timer_of_now_may_be_stopped_and_freed(void **state)
{
	struct world *w = *state;

	assert_int_equal(net_timer_new(&w->timer, w->loop, on_timer_starts_and_takes_back, w), 0);
	net_timer_start(w->timer, 0);
	assert_int_equal(net_loop_run(w->loop), 0);
	net_timer_free(w->timer);
	assert_int_equal(net_timer_new(&w->timer, w->loop, on_stop, w), 0);
	net_timer_start(w->timer, 1);
	assert_int_equal(net_loop_run(w->loop), 0);
	net_timer_free(w->timer);
	assert_int_equal(w->fired, 2);
}

static void test_a_check_comes_after_descriptors_and_timers_of_its_turn(void **state)
{
	struct world *w = *state;

	assert_int_equal(net_timer_new(&w->timer, w->loop, on_timer_marks, w), 0);
	watch(w, w->pair[0], NET_READ, on_events_marks);
	assert_int_equal(net_check_new(&w->check[0], w->loop, on_check_stops, w), 0);
	assert_int_equal(write(w->pair[1], "x", 1), 1);
	assert_int_equal(net_loop_run(w->loop), 0);
	assert_string_equal(w->order, "cetc"); /* the check before the first wait, then one for all of the turn */
	net_check_free(w->check[0]);
	net_watch_free(w->watch);
	net_timer_free(w->timer);
}

static void on_check_frees_all(void *arg)
{
	struct world *w = arg;

	w->checks++;
	for (int i = 0; i < 3; i++) {
		net_check_free(w->check[i]);
	}
	net_loop_stop(w->loop);
}

static void on_check_counts(void *arg)
{
	struct world *w = arg;

	w->checks++;
}

static void test_a_check_may_free_itself_and_others(void **state)
{
	struct world *w = *state;

	assert_int_equal(net_check_new(&w->check[0], w->loop, on_check_counts, w), 0);
	assert_int_equal(net_check_new(&w->check[1], w->loop, on_check_frees_all, w), 0);
	assert_int_equal(net_check_new(&w->check[2], w->loop, on_check_counts, w), 0);
	assert_int_equal(net_loop_run(w->loop), 0);
	assert_int_equal(w->checks, 2); /* the third was freed before its turn */
	net_loop_stop(w->loop);
	assert_int_equal(net_loop_run(w->loop), 0);
	assert_int_equal(w->checks, 2);
}

static void on_check_again(void *arg)
{
	struct world *w = arg;

	if (++w->checks == 100) {
		net_loop_stop(w->loop);
	} else {
		net_loop_again(w->loop);
	}
}

static void test_again_brings_the_next_turn_without_an_event(void **state)
{
	struct world *w = *state;

	assert_int_equal(net_check_new(&w->check[0], w->loop, on_check_again, w), 0);
	assert_int_equal(net_loop_run(w->loop), 0);
	assert_int_equal(w->checks, 100);
	net_check_free(w->check[0]);
}

static void test_freeing_nothing_does_nothing(void **state)
{
	(void)state;
	net_timer_free(NULL);
	net_watch_free(NULL);
	net_signal_free(NULL);
	net_check_free(NULL);
	net_loop_free(NULL);
}

static uint64_t first_ms;

static void on_first(void *arg)
{
	struct world *w = arg;
	uint64_t real_ms;

	assert_true(net_loop_boot_ms(w->loop) >= first_ms); /* not of a turn before */
	first_ms = net_loop_boot_ms(w->loop);
	real_ms = net_loop_real_ms(w->loop);
	while (clock_boot_ms() < first_ms + 3) {
	}
	assert_int_equal(net_loop_boot_ms(w->loop), first_ms);
	assert_int_equal(net_loop_real_ms(w->loop), real_ms);
	if (++w->fired < 3) {
		first_ms += 3;
		net_timer_start(w->timer, 1);
	} else {
		net_loop_stop(w->loop);
	}
}

static void test_the_clocks_stand_still_for_a_turn_and_no_longer(void **state)
{
	struct world *w = *state;

	first_ms = net_loop_boot_ms(w->loop);
	while (clock_boot_ms() < first_ms + 3) {
	}
	assert_true(net_loop_boot_ms(w->loop) >= first_ms + 3); /* before the first turn they go on */
	first_ms += 3;
	assert_int_equal(net_timer_new(&w->timer, w->loop, on_first, w), 0);
	net_timer_start(w->timer, 1);
	assert_int_equal(net_loop_run(w->loop), 0);
	net_timer_free(w->timer);
	assert_int_equal(w->fired, 3);
}

#define BUSY_MS 12

static void on_busy(void *arg)
{
	struct world *w = arg;
	uint64_t until = clock_mono_ns() + BUSY_MS * UINT64_C(1000000);

	while (clock_mono_ns() < until) {
		;
	}
	if (++w->fired == 3) {
		net_loop_stop(w->loop);
		return;
	}
	net_timer_start(w->timer, 20); /* waiting is not counted */
}

/* A turn is what lies between two waits, with its timers, its descriptors and its checks. */
static void test_turns_are_counted_by_how_long_they_took(void **state)
{
	static const uint32_t below_ms[] = NET_TURNS_BELOW_MS;
	struct world *w = *state;
	const uint64_t *turns = net_loop_turns(w->loop);
	uint64_t all = 0, long_ones = 0, waited_ms = net_loop_now_ms(w->loop);

	assert_int_equal(net_timer_new(&w->timer, w->loop, on_busy, w), 0);
	net_timer_start(w->timer, 0);
	assert_int_equal(net_loop_run(w->loop), 0);
	for (size_t i = 0; i < NET_TURNS; i++) {
		all += turns[i];
		long_ones += i && below_ms[i - 1] >= 10 ? turns[i] : 0;
	}
	waited_ms = net_loop_now_ms(w->loop) - waited_ms;
	assert_in_range(long_ones, 3, all);
	assert_true(waited_ms >= 2 * 20);
	assert_int_equal(turns[NET_TURNS - 1], 0);
	net_timer_free(w->timer);
}

TEST_GROUP()
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_a_timer_fires_once_and_not_early),
		T(test_a_timer_counts_from_its_start_not_from_the_loops_last_turn),
		T(test_a_timer_that_is_late_lets_descriptors_speak_first),
		T(test_what_came_while_the_loop_stood_still_is_read_before_a_timer_is_judged),
		T(test_a_loop_that_stands_still_twice_reads_what_came_each_time),
		T(test_a_flood_holds_no_timer_up_for_long),
		T(test_a_timer_that_what_is_read_starts_anew_waits_for_its_new_time),
		T(test_a_check_learns_that_the_loop_stood_still_and_is_called_again),
		T(test_a_loop_that_is_always_late_judges_nevertheless),
		T(test_a_stopped_timer_stays_silent),
		T(test_a_timer_may_free_itself),
		T(test_a_watch_tells_what_it_was_asked_for),
		T(test_a_watch_set_to_nothing_is_silent_and_can_be_set_again),
		T(test_a_descriptor_in_error_is_reported_to_its_owner),
		T(test_a_watch_may_free_itself),
		T(test_one_descriptor_has_one_watch),
		T(test_a_signal_arrives_in_the_loop_and_may_free_itself),
		T(test_descriptors_are_read_between_two_timers_of_now),
		T(test_a_timer_of_now_may_be_stopped_and_freed),
		T(test_a_check_comes_after_descriptors_and_timers_of_its_turn),
		T(test_a_check_may_free_itself_and_others),
		T(test_again_brings_the_next_turn_without_an_event),
		T(test_turns_are_counted_by_how_long_they_took),
		cmocka_unit_test(test_freeing_nothing_does_nothing),
		T(test_the_clocks_stand_still_for_a_turn_and_no_longer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
