/* Tests of SCTP in user space: the other end is a process of its own, because a process has one
 * stack. */
#include "tests/unit/test.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "net/net_addr.h"
#include "net/net_transport.h"
#include "net/net_usr.h"

#define PORT 3868u
#define GUARD_MS 10000u
#define LONG 150000u /* octets; the stack hands it over in pieces */

static const struct net_stream_conf stream_conf = { .message_len_max = LONG };

static const struct net_sctp_timers quick = { .heartbeat_ms = 100,
					      .rto_initial_ms = 50,
					      .rto_min_ms = 20,
					      .rto_max_ms = 100,
					      .path_retransmits = 2,
					      .association_retransmits = 2 };

struct end {
	struct net_loop *loop;
	struct net_timer *guard;
	struct net_usr_port *port;
	struct net_stream *stream;
	uint8_t got[LONG];
	size_t got_n;
	unsigned opened, messages, wanted;
	int closed; /* ERR_* of on_close */
	char why[160];
	bool late;
};

/* -- the end that listens, a child */

static struct net_loop *child_loop;

static void echo_data(void *arg, const uint8_t *p, size_t n);
static void echo_close(void *arg, int err, const char *why);
static const struct net_stream_cb echo_cb = { .on_open = NULL, .on_data = echo_data, .on_close = echo_close };

struct echo {
	struct net_stream *stream;
};

static void echo_data(void *arg, const uint8_t *p, size_t n)
{
	struct echo *e = arg;

	if (n == 4 && !memcmp(p, "stop", 4)) {
		net_stream_close(e->stream);
		free(e);
	} else if (n == 4 && !memcmp(p, "kill", 4)) {
		net_stream_abort(e->stream);
		free(e);
	} else if (n == 4 && !memcmp(p, "twin", 4)) {
		err_ignore(net_stream_write(e->stream, "first", 5), "the parent sees it");
		err_ignore(net_stream_write(e->stream, "second", 6), "the parent sees it");
	} else {
		err_ignore(net_stream_write(e->stream, p, n), "the parent sees it");
	}
}

static void echo_close(void *arg, int err, const char *why)
{
	struct echo *e = arg;

	(void)err;
	(void)why;
	net_stream_close(e->stream);
	free(e);
}

static void echo_open(void *arg)
{
	(void)arg;
}

static void echo_accept(void *arg, int fd, const char *peer)
{
	struct net_stream_cb cb = echo_cb;
	struct echo *e = calloc(1, sizeof *e);

	(void)arg;
	cb.on_open = echo_open;
	if (!e || net_accept(&e->stream, child_loop, TRANSPORT_SCTP_UDP, fd, peer, &stream_conf, &cb, e)) {
		_exit(9);
	}
}

static void refuse_accept(void *arg, int fd, const char *peer)
{
	(void)arg;
	(void)peer;
	close(fd);
}

/* It begins when `start` has an octet; -1: at once. Before this process has a stack itself. */
static pid_t serve(int fd, net_accept_fn *fn, int start)
{
	struct net_sctp_ends ends = { .timers = quick, .in_udp = true };
	struct net_listener *n;
	char octet;
	pid_t pid = fork();

	if (pid) {
		return pid;
	}
	alarm(TEST_HANG_S);
	if (start >= 0 && read(start, &octet, 1) != 1) {
		_exit(7);
	}
	if (net_loop_new(&child_loop) || net_listen(&n, child_loop, fd, PORT, &ends, fn, NULL) || net_loop_run(child_loop)) {
		_exit(8);
	}
	_exit(0);
}

static void end_child(pid_t pid)
{
	int status;

	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status)); /* it did not end by itself */
}

static uint16_t udp_port(int fd)
{
	union net_addr a = { 0 };
	socklen_t len = sizeof a;

	assert_int_equal(getsockname(fd, &a.sa, &len), 0);
	return net_addr_port(&a);
}

/* -- the end that connects */

static void on_open(void *arg)
{
	struct end *e = arg;

	e->opened++;
	net_loop_stop(e->loop);
}

static void on_data(void *arg, const uint8_t *p, size_t n)
{
	struct end *e = arg;

	assert_true(n <= sizeof e->got);
	memcpy(e->got, p, n);
	e->got_n = n;
	if (++e->messages == e->wanted) {
		net_loop_stop(e->loop);
	}
}

static void on_close(void *arg, int err, const char *why)
{
	struct end *e = arg;

	e->closed = err;
	strncpy(e->why, why, sizeof e->why - 1);
	net_loop_stop(e->loop);
}

static const struct net_stream_cb cb = { .on_open = on_open, .on_data = on_data, .on_close = on_close };

static void on_guard(void *arg)
{
	struct end *e = arg;

	e->late = true;
	net_loop_stop(e->loop);
}

static void run(struct end *e)
{
	net_timer_start(e->guard, GUARD_MS);
	assert_int_equal(net_loop_run(e->loop), 0);
	assert_false(e->late);
}

static struct end *end_new(uint16_t udp)
{
	struct end *e = calloc(1, sizeof *e);

	assert_non_null(e);
	assert_int_equal(net_loop_new(&e->loop), 0);
	assert_int_equal(net_timer_new(&e->guard, e->loop, on_guard, e), 0);
	assert_int_equal(net_usr_open(&e->port, e->loop, "127.0.0.1", "127.0.0.1", udp), 0);
	return e;
}

static void connect_to(struct end *e, uint16_t port)
{
	struct net_sctp_ends ends = { .timers = quick, .in_udp = true, .udp = e->port };

	assert_int_equal(net_connect(&e->stream, e->loop, "127.0.0.1", port, &ends, &stream_conf, &cb, e), 0);
	run(e);
}

static void end_free(struct end *e)
{
	net_stream_close(e->stream);
	net_usr_close(e->port);
	net_timer_free(e->guard);
	net_loop_free(e->loop);
	free(e);
}

static void say(struct end *e, const void *p, size_t n, unsigned answers)
{
	e->wanted = e->messages + answers;
	assert_int_equal(net_stream_write(e->stream, p, n), 0);
	run(e);
}

/* A listening UDP socket, the process behind it, and an open association to that. */
struct pair {
	int fd;
	pid_t pid;
	struct end *e;
};

static struct pair pair_over(int fd)
{
	struct pair p = { .fd = fd };

	p.pid = serve(p.fd, echo_accept, -1);
	p.e = end_new(udp_port(p.fd));
	connect_to(p.e, PORT);
	assert_int_equal(p.e->opened, 1);
	return p;
}

static struct pair pair_new(void)
{
	int fd;

	assert_int_equal(net_usr_bind(&fd, "127.0.0.1", 0), 0);
	return pair_over(fd);
}

static void pair_free(struct pair *p)
{
	end_free(p->e);
	end_child(p->pid);
	close(p->fd);
}

/* -- tests */

static void messages_stay_whole(void **state)
{
	static const size_t sizes[] = { 1, 200, 1500, 65000, LONG };
	struct pair p = pair_new();
	struct net_ip ips[NET_IPS_MAX], us;
	size_t n;

	(void)state;
	assert_true(net_stream_is_messages(p.e->stream));
	assert_int_equal(net_stream_peer_ips(p.e->stream, ips, &n), 0);
	assert_int_equal(n, 1);
	assert_int_equal(net_ip_of_text(&us, "127.0.0.1:1"), 0);
	assert_true(net_ip_equal(&ips[0], &us));
	assert_int_equal(net_stream_local_ips(p.e->stream, ips, &n), 0);
	assert_true(n == 1 && net_ip_equal(&ips[0], &us));
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		static uint8_t message[LONG];

		memset(message, 'a' + (int)i, sizes[i]);
		say(p.e, message, sizes[i], 1);
		assert_int_equal(p.e->got_n, sizes[i]);
		assert_memory_equal(p.e->got, message, sizes[i]);
	}
	net_stream_unordered(p.e->stream);
	say(p.e, "twin", 4, 2);
	assert_int_equal(p.e->got_n, 6); /* two messages, not one of 11 */
	pair_free(&p);
}

static void each_end_is_told(void **state)
{
	struct pair p = pair_new();

	(void)state;
	say(p.e, "stop", 4, 1);
	assert_int_equal(p.e->closed, ERR_CLOSED);
	assert_string_equal(p.e->why, "closed by the other side");
	net_stream_close(p.e->stream);
	connect_to(p.e, PORT); /* over the same UDP socket */
	assert_int_equal(p.e->opened, 2);
	p.e->closed = 0;
	say(p.e, "kill", 4, 1);
	assert_int_equal(p.e->closed, ERR_CLOSED);
	pair_free(&p);
}

static void nobody_listens_at_the_port(void **state)
{
	struct pair p = pair_new();

	(void)state;
	net_stream_close(p.e->stream);
	connect_to(p.e, PORT + 1);
	assert_int_equal(p.e->opened, 1);
	assert_int_equal(p.e->closed, ERR_REFUSED);
	pair_free(&p);
}

static void an_association_that_is_not_taken_is_ended(void **state)
{
	struct end *e;
	pid_t pid;
	int fd;

	(void)state;
	assert_int_equal(net_usr_bind(&fd, "127.0.0.1", 0), 0);
	pid = serve(fd, refuse_accept, -1);
	e = end_new(udp_port(fd));
	connect_to(e, PORT);
	if (!e->closed) {
		run(e);
	}
	assert_int_equal(e->closed, ERR_CLOSED);
	end_free(e);
	end_child(pid);
	close(fd);
}

static void the_other_end_is_lost(void **state)
{
	struct pair p = pair_new();

	(void)state;
	assert_int_equal(kill(p.pid, SIGSTOP), 0); /* no word of it, and no ICMP */
	run(p.e);
	assert_true(p.e->closed == ERR_CLOSED || p.e->closed == ERR_TIMEOUT);
	pair_free(&p);
}

static void the_next_process_says_that_it_knows_nothing(void **state)
{
	struct net_sctp_timers slow = quick;
	struct net_sctp_ends ends = { .in_udp = true };
	struct pair p;
	int fd, start[2];
	pid_t next;

	(void)state;
	assert_int_equal(net_usr_bind(&fd, "127.0.0.1", 0), 0);
	assert_int_equal(pipe(start), 0);
	next = serve(fd, echo_accept, start[0]);
	p = pair_over(fd);
	net_stream_close(p.e->stream);
	slow.association_retransmits = 1000; /* only its ABORT can end it in time */
	slow.path_retransmits = 100;
	ends.timers = slow;
	ends.udp = p.e->port;
	assert_int_equal(net_connect(&p.e->stream, p.e->loop, "127.0.0.1", PORT, &ends, NULL, &cb, p.e), 0);
	run(p.e);
	end_child(p.pid);
	p.pid = next;
	assert_int_equal(write(start[1], "", 1), 1);
	close(start[0]);
	close(start[1]);
	run(p.e);
	assert_int_equal(p.e->closed, ERR_CLOSED);
	net_stream_close(p.e->stream);
	connect_to(p.e, PORT);
	assert_int_equal(p.e->opened, 3);
	pair_free(&p);
}

static void datagram(int fd, uint8_t chunk, size_t n)
{
	uint8_t b[64] = { 0x12, 0x34, PORT >> 8, PORT & 0xff, 0, 0, 0, 0, 0, 0, 0, 0, chunk };

	assert_true(send(fd, b, n, 0) >= 0);
}

/* More strangers than ends, each with what opens a slot; nothing of theirs keeps an association. */
static void strangers_keep_nobody_out(void **state)
{
	struct pair p = pair_new();
	static struct end other;
	union net_addr to;
	socklen_t len;

	(void)state;
	assert_int_equal(net_addr_parse(&to, &len, "127.0.0.1", udp_port(p.fd)), 0);
	for (unsigned i = 0; i < NET_USR_ENDS_MAX + 50; i++) {
		int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

		assert_true(fd >= 0);
		assert_int_equal(connect(fd, &to.sa, len), 0);
		datagram(fd, 1, 64);
		datagram(fd, 10, 64); /* a cookie that nobody gave */
		datagram(fd, (uint8_t)i, 64);
		datagram(fd, 0, i % 64);
		close(fd);
		if (i % 16 == 0) {
			say(p.e, "still here", 10, 1);
		}
	}
	say(p.e, "still here", 10, 1);
	/* from another UDP port, so that it needs a place of its own */
	other = (struct end){ .loop = p.e->loop, .guard = p.e->guard };
	assert_int_equal(net_usr_open(&other.port, other.loop, "127.0.0.1", "127.0.0.1", udp_port(p.fd)), 0);
	connect_to(&other, PORT);
	assert_int_equal(other.opened, 1);
	net_stream_close(other.stream);
	net_usr_close(other.port);
	pair_free(&p);
}

static void one_loop_has_the_stack(void **state)
{
	struct net_loop *other;
	struct net_usr_port *port;
	struct end *e = end_new(9);

	(void)state;
	assert_int_equal(net_loop_new(&other), 0);
	assert_int_equal(net_usr_open(&port, other, "127.0.0.1", "127.0.0.1", 9), ERR_EXISTS);
	assert_int_equal(net_usr_open(&port, e->loop, "192.0.2.1", "127.0.0.1", 9), ERR_IO);
	assert_int_equal(net_usr_open(&port, e->loop, "somewhere", "127.0.0.1", 9), ERR_INVAL);
	net_usr_close(e->port);
	e->port = NULL;
	assert_int_equal(net_usr_open(&port, other, "127.0.0.1", "127.0.0.1", 9), 0); /* it has ended */
	net_usr_close(port);
	net_loop_free(other);
	net_timer_free(e->guard);
	net_loop_free(e->loop);
	free(e);
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(messages_stay_whole),        cmocka_unit_test(each_end_is_told),
		cmocka_unit_test(nobody_listens_at_the_port), cmocka_unit_test(an_association_that_is_not_taken_is_ended),
		cmocka_unit_test(the_other_end_is_lost),      cmocka_unit_test(the_next_process_says_that_it_knows_nothing),
		cmocka_unit_test(strangers_keep_nobody_out),  cmocka_unit_test(one_loop_has_the_stack),
	};

	return net_usr_built() ? cmocka_run_group_tests(tests, NULL, NULL) : 77;
}
