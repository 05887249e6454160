/* Streams over TCP and UNIX sockets: order, bounds, coalescing, ends. Both ends live in this program; the far end is a stream or,
 * where the test looks at what the kernel sees, a bare socket. */
#include "tests/unit/test.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "net/net_loop.h"
#include "net/net_stream.h"
#include "net/net_tcp.h"
#include "tests/unit/guard.h"
#include "tests/unit/valgrind.h"

enum where { NOWHERE, IN_OPEN, IN_DATA, IN_CLOSE };

struct world;

struct end {
	struct world *w;
	struct net_stream *s;
	int opened, closed, err, datas;
	char why[256];
	size_t got;
	uint8_t sum; /* next octet expected: senders count upwards */
	bool in_order;
	enum where close_in;
	bool close_by_abort;
	int stop_at; /* stops the loop: bit mask of 1 << where */
	size_t stop_at_octets;
	bool echo;
};

struct world {
	struct net_loop *loop;
	struct guard guard;
	struct net_timer *timer;
	struct net_listener *listener;
	int listen_fd;
	uint16_t port;
	struct end a, b; /* a connects, b is accepted */
	int accepted_fd;
	bool keep_fd; /* leave the accepted descriptor bare */
	char peer[NET_ADDRESS_MAX];
	char dir[64], path[108];
};

static void show(void *arg)
{
	struct world *w = arg;

	print_error("a: open %d close %d got %zu; b: open %d close %d got %zu\n", w->a.opened, w->a.closed, w->a.got, w->b.opened,
		    w->b.closed, w->b.got);
}

static void end_at(struct end *e, enum where where)
{
	if (e->close_in == where) {
		if (e->close_by_abort) {
			net_stream_abort(e->s);
		} else {
			net_stream_close(e->s);
		}
		e->s = NULL;
	}
	if (e->stop_at & 1 << where) {
		net_loop_stop(e->w->loop);
	}
}

static void on_open(void *arg)
{
	struct end *e = arg;

	assert_non_null(e->s); /* never before the function that made it returned */
	guard_moved(&e->w->guard);
	e->opened++;
	end_at(e, IN_OPEN);
}

static void on_data(void *arg, const uint8_t *p, size_t n)
{
	struct end *e = arg;

	guard_moved(&e->w->guard);
	e->datas++;
	e->got += n;
	for (size_t i = 0; i < n; i++) {
		if (p[i] != e->sum++) {
			e->in_order = false;
		}
	}
	if (e->echo) {
		assert_int_equal(net_stream_write(e->s, p, n), 0);
	}
	if (e->stop_at_octets && e->got >= e->stop_at_octets) {
		net_loop_stop(e->w->loop);
	}
	end_at(e, IN_DATA);
}

static void on_close(void *arg, int err, const char *why)
{
	struct end *e = arg;

	guard_moved(&e->w->guard);
	e->closed++;
	e->err = err;
	snprintf(e->why, sizeof e->why, "%s", why);
	end_at(e, IN_CLOSE);
}

static const struct net_stream_cb callbacks = { .on_open = on_open, .on_data = on_data, .on_close = on_close };

static void on_accept(void *arg, int fd, const char *peer)
{
	struct world *w = arg;

	snprintf(w->peer, sizeof w->peer, "%s", peer);
	if (w->keep_fd) {
		w->accepted_fd = fd;
		net_loop_stop(w->loop);
		return;
	}
	assert_int_equal(net_tcp_accept(&w->b.s, w->loop, fd, peer, NULL, &callbacks, &w->b), 0);
}

static void on_stop(void *arg)
{
	net_loop_stop(((struct world *)arg)->loop);
}

static void run(struct world *w)
{
	net_timer_stop(w->timer);
	assert_int_equal(net_loop_run(w->loop), 0);
}

static void run_ms(struct world *w, unsigned ms)
{
	net_timer_start(w->timer, ms);
	assert_int_equal(net_loop_run(w->loop), 0);
}

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof *w);

	if (!w || net_loop_new(&w->loop) || net_timer_new(&w->timer, w->loop, on_stop, w) ||
	    net_tcp_bind(&w->listen_fd, &w->port, "127.0.0.1", 0, 16) ||
	    net_listener_new(&w->listener, w->loop, w->listen_fd, on_accept, w)) {
		return -1;
	}
	guard_begin(&w->guard, w->loop, show, w);
	w->a = w->b = (struct end){ .w = w, .in_order = true };
	w->accepted_fd = -1;
	strcpy(w->dir, "/tmp/mtc-net-XXXXXX");
	if (!mkdtemp(w->dir)) {
		return -1;
	}
	snprintf(w->path, sizeof w->path, "%s/s", w->dir);
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	net_stream_close(w->a.s);
	net_stream_close(w->b.s);
	net_listener_free(w->listener);
	guard_end(&w->guard);
	net_timer_free(w->timer);
	net_loop_free(w->loop); /* ends whatever still lingers */
	close(w->listen_fd);
	if (w->accepted_fd >= 0) {
		close(w->accepted_fd);
	}
	unlink(w->path);
	rmdir(w->dir);
	free(w);
	return 0;
}

/* Connects and runs until b is open (or the bare descriptor is there). */
static void connect_pair(struct world *w, const struct net_stream_conf *conf)
{
	assert_int_equal(net_tcp_connect(&w->a.s, w->loop, "127.0.0.1", w->port, conf, &callbacks, &w->a), 0);
	w->b.stop_at = 1 << IN_OPEN;
	run(w);
	w->b.stop_at = 0;
	if (!w->keep_fd) {
		assert_int_equal(w->b.opened, 1);
	}
	while (!w->a.opened) {
		run_ms(w, 1);
	}
	assert_int_equal(w->a.opened, 1);
}

static uint8_t *counting(size_t n, uint8_t first)
{
	uint8_t *p = malloc(n);

	assert_non_null(p);
	for (size_t i = 0; i < n; i++) {
		p[i] = (uint8_t)(first + i);
	}
	return p;
}

static void test_both_ends_open_and_know_their_peer(void **state)
{
	struct world *w = *state;
	char expected[NET_ADDRESS_MAX];

	connect_pair(w, NULL);
	snprintf(expected, sizeof expected, "127.0.0.1:%u", w->port);
	assert_string_equal(net_stream_peer(w->a.s), expected);
	assert_string_equal(net_stream_peer(w->b.s), w->peer);
	assert_memory_equal(w->peer, "127.0.0.1:", 10);
}

static void test_streams_are_counted_by_their_state(void **state)
{
	struct world *w = *state;
	const uint32_t *in = net_loop_streams(w->loop);

	assert_int_equal(net_tcp_connect(&w->a.s, w->loop, "127.0.0.1", w->port, NULL, &callbacks, &w->a), 0);
	assert_int_equal(in[NET_TCP_CONNECTING], 1);
	w->b.stop_at = 1 << IN_OPEN;
	run(w);
	w->b.stop_at = 0;
	while (!w->a.opened) {
		run_ms(w, 1);
	}
	assert_int_equal(in[NET_TCP_CONNECTING], 0);
	assert_int_equal(in[NET_TCP_OPEN], 2);
	net_stream_close(w->a.s);
	w->a.s = NULL;
	assert_int_equal(in[NET_TCP_LINGERING], 1); /* until b ends its direction, too */
	w->b.stop_at = 1 << IN_CLOSE;
	run(w);
	assert_int_equal(in[NET_TCP_DEAD], 1);
	net_stream_abort(w->b.s);
	w->b.s = NULL;
	run_ms(w, 20);
	for (unsigned i = 0; i < NET_TCP_STATES; i++) {
		assert_int_equal(in[i], 0);
	}
}

/* A second table, from the drawing in net_tcp.c: a row for each state, the letters of those that may follow: Connecting, openinG,
 * Open, Dead, Lingering. */
static void test_no_stream_opens_twice_or_comes_back(void **state)
{
	static const char letters[] = "CGODL";
	static const char *const next_of[] = { "OD", "ODL", "DL", "DL", "D" };

	(void)state;
	for (unsigned from = 0; from < NET_TCP_STATES; from++) {
		for (unsigned to = 0; to < NET_TCP_STATES; to++) {
			assert_int_equal(machine_may(&net_tcp_machine, from, to), strchr(next_of[from], letters[to]) != NULL);
		}
	}
}

static void test_a_connection_begins_at_our_own_address(void **state)
{
	struct net_stream_conf conf = { .local = "127.0.0.77" };
	struct world *w = *state;
	struct net_stream *s;

	connect_pair(w, &conf);
	assert_memory_equal(w->peer, "127.0.0.77:", 11);
	assert_memory_equal(net_stream_local(w->a.s), "127.0.0.77:", 11);
	assert_int_equal(net_stream_local_port(w->a.s), atoi(strrchr(w->peer, ':') + 1));
	conf.local = "::1";
	assert_int_equal(net_tcp_connect(&s, w->loop, "127.0.0.1", w->port, &conf, &callbacks, &w->a), ERR_INVAL);
	conf.local = "localhost";
	assert_int_equal(net_tcp_connect(&s, w->loop, "127.0.0.1", w->port, &conf, &callbacks, &w->a), ERR_INVAL);
	conf.local = "192.0.2.1"; /* this machine does not have it */
	errno = 0;
	assert_int_equal(net_tcp_connect(&s, w->loop, "127.0.0.1", w->port, &conf, &callbacks, &w->a), ERR_IO);
	assert_int_equal(errno, EADDRNOTAVAIL);
}

static void test_ipv6(void **state)
{
	struct world *w = *state;

	net_listener_free(w->listener);
	w->listener = NULL;
	close(w->listen_fd);
	w->listen_fd = -1;
	if (net_tcp_bind(&w->listen_fd, &w->port, "::1", 0, 16)) {
		skip(); /* a machine without it */
	}
	assert_int_equal(net_listener_new(&w->listener, w->loop, w->listen_fd, on_accept, w), 0);
	assert_int_equal(net_tcp_connect(&w->a.s, w->loop, "::1", w->port, NULL, &callbacks, &w->a), 0);
	w->b.stop_at = 1 << IN_OPEN;
	run(w);
	assert_memory_equal(net_stream_peer(w->b.s), "[::1]:", 6);
}

static void test_large_writes_arrive_whole_and_in_order(void **state)
{
	struct world *w = *state;
	const size_t total = 3 * 1024 * 1024;
	uint8_t *p = counting(total, 0);

	connect_pair(w, NULL);
	w->b.stop_at_octets = total;
	for (size_t at = 0; at < total; at += 100003) {
		assert_int_equal(net_stream_write(w->a.s, p + at, at + 100003 < total ? 100003 : total - at), 0);
	}
	run(w);
	assert_int_equal(w->b.got, total);
	assert_true(w->b.in_order);
	assert_int_equal(net_stream_queued(w->a.s), 0);
	free(p);
}

static void test_octets_written_before_the_connection_is_open_are_sent_when_it_is(void **state)
{
	struct world *w = *state;
	uint8_t *p = counting(10, 0);

	assert_int_equal(net_tcp_connect(&w->a.s, w->loop, "127.0.0.1", w->port, NULL, &callbacks, &w->a), 0);
	assert_int_equal(net_stream_write(w->a.s, p, 10), 0);
	w->b.stop_at_octets = 10;
	run(w);
	assert_true(w->b.in_order);
	free(p);
}

static void test_a_thousand_small_writes_of_one_turn_leave_together(void **state)
{
	struct world *w = *state;
	struct pollfd pfd;
	uint8_t buf[32768];
	ssize_t n;

	w->keep_fd = true;
	connect_pair(w, NULL);
	for (unsigned i = 0; i < 1000; i++) {
		uint8_t small[20] = { (uint8_t)i };

		assert_int_equal(net_stream_write(w->a.s, small, sizeof small), 0);
	}
	pfd = (struct pollfd){ .fd = w->accepted_fd, .events = POLLIN };
	assert_int_equal(poll(&pfd, 1, 20), 0); /* nothing leaves while the turn lasts */
	assert_int_equal(net_stream_queued(w->a.s), 20000);
	run_ms(w, 5);
	assert_int_equal(net_stream_queued(w->a.s), 0);
	n = recv(w->accepted_fd, buf, sizeof buf, MSG_DONTWAIT);
	assert_int_equal(n, 20000); /* one piece: loopback keeps what was sent by one call together */
}

static void test_what_is_pushed_leaves_while_the_turn_lasts(void **state)
{
	struct world *w = *state;
	uint8_t buf[64];

	w->keep_fd = true;
	connect_pair(w, NULL);
	net_stream_push(w->a.s); /* nothing is queued */
	assert_int_equal(net_stream_write(w->a.s, "ab", 2), 0);
	net_stream_push(w->a.s);
	assert_int_equal(net_stream_queued(w->a.s), 0);
	assert_int_equal(recv(w->accepted_fd, buf, sizeof buf, MSG_DONTWAIT), 2);
	assert_int_equal(net_stream_write(w->a.s, "cd", 2), 0);
	assert_int_equal(recv(w->accepted_fd, buf, sizeof buf, MSG_DONTWAIT), -1);
	run_ms(w, 5);
	assert_int_equal(recv(w->accepted_fd, buf, sizeof buf, MSG_DONTWAIT), 2);
}

static void on_timer_writes(void *arg)
{
	struct world *w = arg;

	assert_int_equal(net_stream_write(w->a.s, "\0", 1), 0);
}

static void test_what_a_timer_writes_does_not_wait_for_another_event(void **state)
{
	struct world *w = *state;
	struct net_timer *t;
	uint64_t start;

	connect_pair(w, NULL);
	assert_int_equal(net_timer_new(&t, w->loop, on_timer_writes, w), 0);
	start = net_loop_now_ms(w->loop);
	net_timer_start(t, 5);
	w->b.stop_at_octets = 1;
	run(w);
	assert_true(net_loop_now_ms(w->loop) - start < 1000);
	net_timer_free(t);
}

static void test_what_a_check_writes_leaves_in_the_same_turn(void **state)
{
	struct world *w = *state;
	struct net_check *c;
	uint64_t start;

	connect_pair(w, NULL);
	start = net_loop_now_ms(w->loop);
	assert_int_equal(net_check_new(&c, w->loop, on_timer_writes, w),
			 0); /* before the first wait, and then nothing else happens */
	w->b.stop_at_octets = 1;
	run(w);
	assert_true(net_loop_now_ms(w->loop) - start < 1000);
	net_check_free(c);
}

static void test_the_write_queue_is_bounded_and_a_refused_write_leaves_nothing(void **state)
{
	struct world *w = *state;
	struct net_stream_conf conf = { .write_queue_max = 1000 };
	uint8_t *p = counting(1001, 0);

	connect_pair(w, &conf);
	assert_int_equal(net_stream_write(w->a.s, p, 1001), ERR_LIMIT);
	assert_int_equal(net_stream_write(w->a.s, p, 999), 0);
	assert_int_equal(net_stream_write(w->a.s, p, 2), ERR_LIMIT);
	assert_int_equal(net_stream_write(w->a.s, p + 999, 1), 0);
	assert_int_equal(net_stream_queued(w->a.s), 1000);
	w->b.stop_at_octets = 1000;
	run(w);
	assert_true(w->b.in_order);
	assert_int_equal(net_stream_write(w->a.s, p + 1000 % 256, 1), 0); /* room again */
	free(p);
}

/* Another process may hold the same open socket, and set its flags. A call that waits would never return here. */
static void test_nothing_waits_on_a_socket_that_others_made_a_blocking_one(void **state)
{
	struct world *w = *state;
	struct net_stream_conf conf = { .write_queue_max = 16u << 20 };
	const size_t total = 8u << 20;
	uint8_t *p = counting(total, 0);
	int ends[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends), 0);
	assert_int_equal(net_tcp_accept(&w->a.s, w->loop, ends[0], "unix", &conf, &callbacks, &w->a), 0);
	run_ms(w, 1);
	assert_int_equal(w->a.opened, 1);
	assert_int_equal(fcntl(ends[0], F_SETFL, 0), 0);
	assert_int_equal(net_stream_write(w->a.s, p, total), 0); /* more than the kernel takes */
	run_ms(w, 20);
	assert_true(net_stream_queued(w->a.s) > 0);
	assert_int_equal(send(ends[1], p, 100, 0), 100);
	run_ms(w, 20);
	assert_int_equal(w->a.got, 100);
	close(ends[1]);
	free(p);
}

static void test_a_reader_that_pauses_holds_the_writer_back(void **state)
{
	struct world *w = *state;
	struct net_stream_conf conf = { .write_queue_max = 64u << 20 };
	const size_t total = 32u << 20;
	uint8_t *p = counting(total, 0);

	connect_pair(w, &conf);
	net_stream_pause(w->b.s);
	assert_int_equal(net_stream_write(w->a.s, p, total), 0);
	run_ms(w, 50);
	assert_int_equal(w->b.got, 0);
	assert_true(net_stream_queued(w->a.s) > 0);
	net_stream_resume(w->b.s);
	w->b.stop_at_octets = total;
	run(w);
	assert_true(w->b.in_order);
	assert_int_equal(w->b.got, total);
	free(p);
}

static void test_close_sends_what_is_queued_first(void **state)
{
	struct world *w = *state;
	const size_t total = 3 * 1024 * 1024; /* more than the kernel takes at once */
	uint8_t *p = counting(total, 0);

	connect_pair(w, NULL);
	assert_int_equal(net_stream_write(w->a.s, p, total), 0);
	net_stream_close(w->a.s);
	w->a.s = NULL;
	w->b.stop_at = 1 << IN_CLOSE;
	run(w);
	assert_int_equal(w->b.got, total);
	assert_true(w->b.in_order);
	assert_int_equal(w->b.err, ERR_CLOSED);
	assert_string_equal(w->b.why, "closed by the other side");
	assert_int_equal(w->a.closed, 0);
	free(p);
}

static void test_close_does_not_reset_what_the_other_side_has_not_read_yet(void **state)
{
	struct world *w = *state;
	char buf[16];

	w->keep_fd = true;
	connect_pair(w, NULL);
	assert_int_equal(send(w->accepted_fd, "unread", 6, 0), 6);
	assert_int_equal(net_stream_write(w->a.s, "bye", 3), 0);
	net_stream_close(w->a.s);
	w->a.s = NULL;
	assert_int_equal(send(w->accepted_fd, "still talking", 13, MSG_NOSIGNAL), 13);
	run_ms(w, 20);
	assert_int_equal(recv(w->accepted_fd, buf, sizeof buf, 0), 3);
	assert_int_equal(recv(w->accepted_fd, buf, sizeof buf, 0), 0); /* an end, no reset */
}

static void test_close_gives_up_after_a_second(void **state)
{
	struct world *w = *state;
	struct net_stream_conf conf = { .write_queue_max = 64u << 20 };
	uint8_t *p = counting(32u << 20, 0);
	uint64_t start;
	size_t got = 0;
	ssize_t n = -1;

	w->keep_fd = true;
	connect_pair(w, &conf);
	assert_int_equal(net_stream_write(w->a.s, p, 32u << 20), 0);
	start = net_loop_now_ms(w->loop);
	net_stream_close(w->a.s);
	w->a.s = NULL;
	run_ms(w, 1200);
	assert_true(net_loop_now_ms(w->loop) - start >= 1000);
	while (poll(&(struct pollfd){ .fd = w->accepted_fd, .events = POLLIN }, 1, 100) == 1 &&
	       (n = recv(w->accepted_fd, p, 32u << 20, 0)) > 0) {
		got += (size_t)n;
	}
	assert_int_equal(n, 0); /* ended, although not all of it was ever sent */
	assert_true(got > 0 && got < 32u << 20);
	free(p);
}

static void test_abort_resets(void **state)
{
	struct world *w = *state;
	char buf[4];

	w->keep_fd = true;
	connect_pair(w, NULL);
	assert_int_equal(net_stream_write(w->a.s, "dropped", 7), 0);
	net_stream_abort(w->a.s);
	w->a.s = NULL;
	run_ms(w, 5);
	assert_int_equal(recv(w->accepted_fd, buf, sizeof buf, 0), -1);
	assert_int_equal(errno, ECONNRESET);
}

static void test_a_reset_is_told_once_and_then_writing_fails(void **state)
{
	struct world *w = *state;

	connect_pair(w, NULL);
	net_stream_abort(w->b.s);
	w->b.s = NULL;
	w->a.stop_at = 1 << IN_CLOSE;
	run(w);
	assert_int_equal(w->a.err, ERR_CLOSED);
	assert_string_equal(w->a.why, "connection reset by the other side");
	assert_int_equal(net_stream_write(w->a.s, "x", 1), ERR_CLOSED);
	run_ms(w, 20);
	assert_int_equal(w->a.closed, 1);
}

static void test_a_failed_send_first_reads_what_the_other_side_said(void **state)
{
	struct world *w = *state;

	w->keep_fd = true;
	connect_pair(w, NULL);
	net_stream_pause(w->a.s); /* its octets stay in the kernel until the send has failed */
	assert_int_equal(send(w->accepted_fd, "\0\1\2", 3, 0), 3);
	assert_int_equal(
	    setsockopt(w->accepted_fd, SOL_SOCKET, SO_LINGER, &(struct linger){ .l_onoff = 1 }, sizeof(struct linger)), 0);
	close(w->accepted_fd);
	w->accepted_fd = -1;
	assert_int_equal(net_stream_write(w->a.s, "x", 1), 0);
	net_stream_resume(w->a.s);
	w->a.stop_at = 1 << IN_CLOSE;
	run(w);
	assert_int_equal(w->a.got, 3);
	assert_int_equal(w->a.err, ERR_CLOSED);
}

/* A stream ends in its own callback, by either way; the sanitizers watch. */
static void close_in(struct world *w, enum where where, bool by_abort, bool connecting_side)
{
	struct end *e = connecting_side ? &w->a : &w->b, *o = connecting_side ? &w->b : &w->a;

	e->close_in = where;
	e->close_by_abort = by_abort;
	o->stop_at = 1 << IN_CLOSE;
	assert_int_equal(net_tcp_connect(&w->a.s, w->loop, "127.0.0.1", w->port, NULL, &callbacks, &w->a), 0);
	assert_int_equal(net_stream_write(w->a.s, "\0", 1), 0);
	if (where == IN_DATA && connecting_side) {
		w->b.echo = true;
	}
	if (where == IN_CLOSE) {
		o->close_in = connecting_side ? IN_DATA : IN_OPEN;
		o->stop_at = 0;
		e->stop_at = 1 << IN_CLOSE;
	}
	run(w);
	run_ms(w, 10);
	assert_null(e->s);
	assert_int_equal(e->closed, where == IN_CLOSE);
}

static void test_closing_in_every_callback(void **state)
{
	struct world *w = *state;

	for (int i = 0; i < 12; i++) {
		close_in(w, (enum where)(IN_OPEN + i % 3), i & 4, i >= 6);
		net_stream_close(w->a.s);
		net_stream_close(w->b.s);
		w->a = w->b = (struct end){ .w = w, .in_order = true };
	}
}

static void test_connection_refused(void **state)
{
	struct world *w = *state;

	net_listener_free(w->listener);
	w->listener = NULL;
	close(w->listen_fd);
	w->listen_fd = -1;
	w->a.stop_at = 1 << IN_CLOSE;
	assert_int_equal(net_tcp_connect(&w->a.s, w->loop, "127.0.0.1", w->port, NULL, &callbacks, &w->a), 0);
	run(w);
	assert_int_equal(w->a.err, ERR_REFUSED);
	assert_string_equal(w->a.why, "connect: Connection refused");
	assert_int_equal(w->a.opened, 0);
}

static void test_a_connect_that_nobody_answers_ends_in_time(void **state)
{
	struct world *w = *state;
	struct net_stream_conf conf = { .connect_wait_ms = 50 };
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int full, fill[8];
	uint16_t port;

	assert_int_equal(net_tcp_bind(&full, &port, "127.0.0.1", 0, 0), 0); /* nobody accepts: its queue fills */
	to.sin_port = htons(port);
	for (size_t i = 0; i < 8; i++) {
		fill[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		assert_true(connect(fill[i], (struct sockaddr *)&to, sizeof to) == 0 || errno == EINPROGRESS);
	}
	usleep(1000);
	w->a.stop_at = 1 << IN_CLOSE | 1 << IN_OPEN;
	assert_int_equal(net_tcp_connect(&w->a.s, w->loop, "127.0.0.1", port, &conf, &callbacks, &w->a), 0);
	run(w);
	assert_int_equal(w->a.err, ERR_TIMEOUT);
	assert_string_equal(w->a.why, "connect: no answer in 50 ms");
	for (size_t i = 0; i < 8; i++) {
		close(fill[i]);
	}
	close(full);
}

static void test_a_name_is_no_address(void **state)
{
	struct world *w = *state;
	int fd;

	assert_int_equal(net_tcp_connect(&w->a.s, w->loop, "localhost", 1, NULL, &callbacks, &w->a), ERR_INVAL);
	assert_int_equal(net_tcp_bind(&fd, NULL, "127.0.0.1 ", 0, 1), ERR_INVAL);
}

static void test_a_taken_port_is_refused_with_its_reason(void **state)
{
	struct world *w = *state;
	int fd;

	assert_int_equal(net_tcp_bind(&fd, NULL, "127.0.0.1", w->port, 1), ERR_IO);
	assert_int_equal(errno, EADDRINUSE);
}

static void test_descriptors_are_nonblocking_and_close_on_exec(void **state)
{
	struct world *w = *state;

	assert_true(fcntl(w->listen_fd, F_GETFD) & FD_CLOEXEC);
	w->keep_fd = true;
	connect_pair(w, NULL);
	assert_true(fcntl(w->accepted_fd, F_GETFD) & FD_CLOEXEC);
	assert_true(fcntl(w->accepted_fd, F_GETFL) & O_NONBLOCK);
}

/* As an attacker can who shares the listener. The alarm ends a test that waits. */
static void test_a_listener_that_somebody_made_blocking_lets_nobody_wait(void **state)
{
	struct world *w = *state;

	assert_int_equal(fcntl(w->listen_fd, F_SETFL, 0), 0);
	alarm(TEST_HANG_S);
	assert_int_equal(accept(w->listen_fd, NULL, NULL), -1);
	assert_int_equal(errno, EAGAIN);
	alarm(0);
	assert_int_equal(fcntl(w->listen_fd, F_SETFL, O_NONBLOCK), 0);
}

static void test_unix_sockets(void **state)
{
	struct world *w = *state;
	struct stat st;
	int fd, second;
	mode_t old = umask(0077);

	assert_int_equal(net_unix_bind(&fd, w->path, 0660, 4), 0);
	umask(old);
	assert_int_equal(stat(w->path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0660);
	assert_int_equal(net_unix_bind(&second, w->path, 0660, 4), ERR_EXISTS); /* somebody listens */
	close(accept(fd, NULL, NULL));                                          /* the connection that found it out */
	net_listener_free(w->listener);
	assert_int_equal(net_listener_new(&w->listener, w->loop, fd, on_accept, w), 0);
	assert_int_equal(net_unix_connect(&w->a.s, w->loop, w->path, NULL, &callbacks, &w->a), 0);
	assert_int_equal(net_stream_write(w->a.s, "\0\1", 2), 0);
	w->b.stop_at_octets = 2;
	run(w);
	assert_string_equal(net_stream_peer(w->a.s), "unix");
	assert_string_equal(net_stream_peer(w->b.s), "unix");
	net_listener_free(w->listener);
	w->listener = NULL;
	close(fd);
	assert_int_equal(net_unix_bind(&fd, w->path, 0600, 4), 0); /* the file of a listener that is gone is stale */
	close(fd);
	unlink(w->path);
	assert_true((fd = creat(w->path, 0600)) >= 0);
	assert_int_equal(net_unix_bind(&second, w->path, 0600, 4), ERR_EXISTS); /* not a socket: not ours to remove */
	close(fd);
}

static void test_connecting_to_no_unix_socket_fails_in_words(void **state)
{
	struct world *w = *state;
	char longer[200];

	w->a.stop_at = 1 << IN_CLOSE;
	assert_int_equal(net_unix_connect(&w->a.s, w->loop, w->path, NULL, &callbacks, &w->a), 0);
	run(w);
	assert_string_equal(w->a.why, "connect: No such file or directory");
	memset(longer, 'x', sizeof longer);
	longer[sizeof longer - 1] = 0;
	assert_int_equal(net_unix_connect(&w->b.s, w->loop, longer, NULL, &callbacks, &w->b), ERR_LIMIT);
}

static void on_check_counts(void *arg)
{
	(*(int *)arg)++;
}

static void test_a_listener_survives_running_out_of_descriptors(void **state)
{
	struct world *w = *state;
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(w->port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct rlimit old, low;
	struct net_check *check;
	int fd, turns = 0;

	if (RUNNING_ON_VALGRIND) {
		skip(); /* its accept4() at the limit takes the connection and closes it; that of a kernel leaves it waiting */
	}
	fd = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	low = old;
	low.rlim_cur = (rlim_t)fd + 1; /* none left */
	assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
	assert_int_equal(net_check_new(&check, w->loop, on_check_counts, &turns), 0);
	run_ms(w, 30);
	assert_int_equal(w->b.opened, 0);
	assert_in_range(turns, 1, 8); /* it waits, it does not spin */
	net_check_free(check);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	w->b.stop_at = 1 << IN_OPEN;
	run(w);
	assert_int_equal(w->b.opened, 1);
	close(fd);
}

static void on_accept_frees_listener(void *arg, int fd, const char *peer)
{
	struct world *w = arg;

	(void)peer;
	close(fd);
	net_listener_free(w->listener);
	w->listener = NULL;
	net_loop_stop(w->loop);
}

static void test_a_listener_may_be_freed_while_it_accepts(void **state)
{
	struct world *w = *state;

	net_listener_free(w->listener);
	assert_int_equal(net_listener_new(&w->listener, w->loop, w->listen_fd, on_accept_frees_listener, w), 0);
	assert_int_equal(net_tcp_connect(&w->a.s, w->loop, "127.0.0.1", w->port, NULL, &callbacks, &w->a), 0);
	run(w);
	assert_null(w->listener);
}

static void test_callbacks_can_be_replaced(void **state)
{
	struct world *w = *state;

	connect_pair(w, NULL);
	net_stream_set_cb(w->b.s, &(struct net_stream_cb){ .on_data = on_data }, &w->a); /* whatever is missing is not called */
	w->a.stop_at_octets = 1;
	assert_int_equal(net_stream_write(w->a.s, "\0", 1), 0);
	run(w);
	assert_int_equal(w->a.got, 1);
	assert_int_equal(w->b.got, 0);
}

TEST_GROUP()
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_both_ends_open_and_know_their_peer),
		T(test_streams_are_counted_by_their_state),
		T(test_no_stream_opens_twice_or_comes_back),
		T(test_a_connection_begins_at_our_own_address),
		T(test_ipv6),
		T(test_large_writes_arrive_whole_and_in_order),
		T(test_octets_written_before_the_connection_is_open_are_sent_when_it_is),
		T(test_a_thousand_small_writes_of_one_turn_leave_together),
		T(test_what_is_pushed_leaves_while_the_turn_lasts),
		T(test_what_a_timer_writes_does_not_wait_for_another_event),
		T(test_what_a_check_writes_leaves_in_the_same_turn),
		T(test_the_write_queue_is_bounded_and_a_refused_write_leaves_nothing),
		T(test_nothing_waits_on_a_socket_that_others_made_a_blocking_one),
		T(test_a_reader_that_pauses_holds_the_writer_back),
		T(test_close_sends_what_is_queued_first),
		T(test_close_does_not_reset_what_the_other_side_has_not_read_yet),
		T(test_close_gives_up_after_a_second),
		T(test_abort_resets),
		T(test_a_reset_is_told_once_and_then_writing_fails),
		T(test_a_failed_send_first_reads_what_the_other_side_said),
		T(test_closing_in_every_callback),
		T(test_connection_refused),
		T(test_a_connect_that_nobody_answers_ends_in_time),
		T(test_a_name_is_no_address),
		T(test_a_taken_port_is_refused_with_its_reason),
		T(test_descriptors_are_nonblocking_and_close_on_exec),
		T(test_a_listener_that_somebody_made_blocking_lets_nobody_wait),
		T(test_unix_sockets),
		T(test_connecting_to_no_unix_socket_fails_in_words),
		T(test_a_listener_survives_running_out_of_descriptors),
		T(test_a_listener_may_be_freed_while_it_accepts),
		T(test_callbacks_can_be_replaced),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
