/* Descriptors along with requests: one for a command that takes one, and whatever else comes is closed. */
#include "tests/unit/test.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ctl/ctl_server.h"
#include "net/net_loop.h"

struct room {
	struct net_loop *loop;
	struct ctl_server *server;
	struct net_timer *tick;
	int fd;       /* the client's end */
	int file;     /* what the client sends */
	size_t files; /* open descriptors when all was made */
	char got[65536];
	size_t len;
	unsigned wanted, turns;
	bool closed;
	struct ctl_request *held;
	int log_fd;
	struct log log;
};

/* What is behind the descriptor, in the answer. */
static void h_read(void *arg, struct ctl_request *rq, const json_t *args)
{
	int fd = ctl_take_fd(rq);
	char text[64] = "";
	ssize_t n = pread(fd, text, sizeof text - 1, 0);

	(void)arg;
	(void)args;
	assert_int_equal(ctl_take_fd(rq), -1); /* once */
	assert_true(n >= 0);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	close(fd);
	ctl_note(rq, "%d octets", (int)n);
	ctl_done(rq, json_pack("{s:s}", "text", text));
}

static void h_leave(void *arg, struct ctl_request *rq, const json_t *args)
{
	(void)arg;
	(void)args;
	ctl_done(rq, NULL); /* and does not take it */
}

static void h_hold(void *arg, struct ctl_request *rq, const json_t *args)
{
	struct room *r = arg;

	(void)args;
	r->held = rq;
}

static void h_plain(void *arg, struct ctl_request *rq, const json_t *args)
{
	(void)arg;
	(void)args;
	assert_int_equal(ctl_take_fd(rq), -1);
	ctl_done(rq, json_pack("{s:b}", "plain", 1));
}

static const struct ctl_arg file_args[] = {
	{ .name = "file", .type = CTL_A_FD, .required = true, .meaning = "a file" },
	{ .name = "name", .type = CTL_A_TEXT, .meaning = "its name" },
	{ .name = NULL },
};

static const struct ctl_command rows[] = {
	{ "read", "reads it", file_args, true, h_read },
	{ "leave", "leaves it", file_args, false, h_leave },
	{ "hold", "answers later", file_args, true, h_hold },
	{ "plain", "takes none", NULL, false, h_plain },
	{ .name = NULL },
};

static size_t open_files(void)
{
	DIR *d = opendir("/proc/self/fd");
	size_t n = 0;

	assert_non_null(d);
	while (readdir(d)) {
		n++;
	}
	closedir(d);
	return n;
}

static unsigned count_last(const struct room *r)
{
	unsigned n = 0;

	for (const char *p = r->got; (p = strstr(p, "\"done\":true")); p++) {
		n++;
	}
	return n;
}

static void on_tick(void *arg)
{
	struct room *r = arg;
	ssize_t n;

	while ((n = recv(r->fd, r->got + r->len, sizeof r->got - 1 - r->len, MSG_DONTWAIT)) > 0) {
		r->len += (size_t)n;
	}
	r->got[r->len] = 0;
	r->closed = n == 0 || (n < 0 && errno == ECONNRESET);
	if ((r->wanted && (r->closed || count_last(r) >= r->wanted)) || !--r->turns) {
		net_loop_stop(r->loop);
	} else {
		net_timer_start(r->tick, 1);
	}
}

static void run(struct room *r, unsigned wanted, unsigned ms)
{
	r->wanted = wanted;
	r->turns = ms;
	net_timer_start(r->tick, 1);
	assert_int_equal(net_loop_run(r->loop), 0);
}

static void setup(struct room *r)
{
	int ends[2];

	memset(r, 0, sizeof *r);
	r->log_fd = memfd_create("log", MFD_CLOEXEC);
	log_init(&r->log, r->log_fd, LOG_LEVEL_INFO, "test");
	r->file = memfd_create("file", MFD_CLOEXEC);
	assert_int_equal(write(r->file, "rows", 4), 4);
	assert_int_equal(net_loop_new(&r->loop), 0);
	assert_int_equal(net_timer_new(&r->tick, r->loop, on_tick, r), 0);
	assert_int_equal(ctl_server_new(&r->server, r->loop, -1, &(struct ctl_server_conf){ .log = &r->log }), 0);
	assert_int_equal(ctl_server_add(r->server, rows, r), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
	assert_int_equal(ctl_server_client(r->server, ends[0], NULL), 0);
	r->fd = ends[1];
	run(r, 0, 3);
	r->files = open_files();
}

static void teardown(struct room *r)
{
	ctl_server_free(r->server);
	net_timer_free(r->tick);
	net_loop_free(r->loop);
	close(r->fd);
	close(r->file);
	close(r->log_fd);
}

/* Sends text with n copies of the file. */
static void put(struct room *r, const char *text, size_t n)
{
	int fds[16];
	uint8_t control[CMSG_SPACE(sizeof fds)] __attribute__((aligned(16))) = { 0 }; /* its padding is sent, too */
	struct iovec io = { (char *)(uintptr_t)text, strlen(text) };
	struct msghdr m = { .msg_iov = &io, .msg_iovlen = 1 };

	for (size_t i = 0; i < n; i++) {
		fds[i] = r->file;
	}
	if (n) {
		struct cmsghdr *c;

		m.msg_control = control;
		m.msg_controllen = CMSG_SPACE(n * sizeof *fds);
		c = CMSG_FIRSTHDR(&m);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(n * sizeof *fds);
		memcpy(CMSG_DATA(c), fds, n * sizeof *fds);
	}
	assert_int_equal(sendmsg(r->fd, &m, MSG_NOSIGNAL), (ssize_t)strlen(text));
}

static void test_a_descriptor_comes_with_its_request(void **state)
{
	char text[1024] = "";
	struct room r;

	(void)state;
	setup(&r);
	put(&r, "{\"cmd\":\"read\",\"args\":{\"name\":\"x\"}}\n", 1);
	run(&r, 1, 2000);
	assert_string_equal(r.got, "{\"done\":true,\"ok\":true,\"text\":\"rows\"}\n");
	assert_int_equal(open_files(), r.files);
	assert_true(pread(r.log_fd, text, sizeof text - 1, 0) > 0);
	assert_non_null(strstr(text, ": done, 4 octets\n"));
	put(&r, "{\"cmd\":\"leave\"}\n", 1);
	run(&r, 2, 2000);
	assert_int_equal(open_files(), r.files);
	teardown(&r);
}

static void test_each_of_several_requests_has_its_own(void **state)
{
	struct room r;

	(void)state;
	setup(&r);
	put(&r, "{\"cmd\":\"plain\"}\n", 0);
	put(&r, "{\"cmd\":\"read\"}\n", 1);
	run(&r, 2, 2000);
	put(&r, "{\"cmd\":\"re", 1); /* a line in pieces */
	run(&r, 0, 5);
	put(&r, "ad\"}\n", 0);
	run(&r, 3, 2000);
	put(&r, "{\"cmd\":\"plain\"}\n{\"cmd\":\"read\"}\n", 1);
	run(&r, 5, 2000);
	assert_string_equal(r.got, "{\"done\":true,\"ok\":true,\"plain\":true}\n{\"done\":true,\"ok\":true,\"text\":\"rows\"}\n"
				   "{\"done\":true,\"ok\":true,\"text\":\"rows\"}\n{\"done\":true,\"ok\":true,\"plain\":true}\n"
				   "{\"done\":true,\"ok\":true,\"text\":\"rows\"}\n");
	assert_int_equal(open_files(), r.files);
	teardown(&r);
}

static void test_what_comes_where_none_is_taken_is_closed_and_refused(void **state)
{
	static const struct {
		const char *text, *words;
		size_t n;
	} wrong[] = {
		{ "{\"cmd\":\"plain\"}\n", "plain takes no descriptor", 1 },
		{ "{\"cmd\":\"read\"}\n", "read needs a descriptor, sent along with the request", 0 },
		{ "{\"cmd\":\"read\",\"args\":{\"file\":3}}\n", "'file' is a descriptor, sent along with the request", 1 },
		{ "{\"cmd\":\"nothing\"}\n", "unknown command", 1 },
		{ "hello\n", "not JSON", 1 },
		{ "\n\n{\"cmd\":\"read\"}\n", "\"text\":\"rows\"", 1 },
	};
	struct room r;

	(void)state;
	setup(&r);
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		r.len = 0;
		put(&r, wrong[i].text, wrong[i].n);
		run(&r, 1, 2000);
		if (!strstr(r.got, wrong[i].words)) {
			fail_msg("%s gave %s", wrong[i].text, r.got);
		}
		assert_false(r.closed);
		assert_int_equal(open_files(), r.files);
	}
	r.len = 0;
	put(&r, "\n", 1); /* for nobody, and not for the next one either */
	run(&r, 0, 5);
	put(&r, "{\"cmd\":\"read\"}\n", 0);
	run(&r, 1, 2000);
	assert_non_null(strstr(r.got, "read needs a descriptor"));
	assert_int_equal(open_files(), r.files);
	teardown(&r);
}

static void test_more_than_one_ends_the_client(void **state)
{
	static const size_t many[] = { 2, 4, 5, 16 };
	struct room r;

	(void)state;
	for (size_t i = 0; i < sizeof many / sizeof *many; i++) {
		setup(&r);
		put(&r, "{\"cmd\":\"read\"}\n", many[i]);
		run(&r, 2, 2000);
		assert_true(r.closed);
		assert_non_null(strstr(r.got, "more than one descriptor"));
		shutdown(r.fd, SHUT_RDWR);
		run(&r, 0, 20);
		assert_int_equal(open_files(), r.files - 1); /* and its connection */
		teardown(&r);
	}
	setup(&r);
	put(&r, "{\"cmd\":", 1);
	run(&r, 0, 5);
	put(&r, "\"read\"}\n", 1); /* a second one for the same line */
	run(&r, 2, 2000);
	assert_true(r.closed);
	shutdown(r.fd, SHUT_RDWR);
	run(&r, 0, 20);
	assert_int_equal(open_files(), r.files - 1);
	teardown(&r);
}

static void test_a_client_that_goes_leaves_none_behind(void **state)
{
	struct room r;

	(void)state;
	setup(&r);
	put(&r, "{\"cmd\":\"read\"", 1);
	run(&r, 0, 5);
	assert_int_equal(open_files(), r.files + 1);
	shutdown(r.fd, SHUT_RDWR);
	run(&r, 0, 20);
	assert_int_equal(open_files(), r.files - 1);
	teardown(&r);

	setup(&r);
	put(&r, "{\"cmd\":\"hold\"}\n", 1); /* somebody works on it */
	run(&r, 0, 5);
	assert_non_null(r.held);
	ctl_server_free(r.server);
	r.server = NULL;
	ctl_fail(r.held, "late");
	shutdown(r.fd, SHUT_RDWR);
	run(&r, 0, 20);
	assert_int_equal(open_files(), r.files - 1);
	teardown(&r);
}

static void test_a_change_whose_client_has_gone_is_recorded_all_the_same(void **state)
{
	char text[1024] = "";
	struct room r;

	(void)state;
	setup(&r);
	put(&r, "{\"cmd\":\"hold\"}\n", 1);
	run(&r, 0, 5);
	ctl_server_free(r.server);
	r.server = NULL;
	assert_false(ctl_alive(r.held));
	ctl_note(r.held, "%d rows added", 7);
	ctl_done(r.held, NULL);
	assert_true(pread(r.log_fd, text, sizeof text - 1, 0) > 0);
	assert_non_null(strstr(text, "hold {} by uid "));
	assert_non_null(strstr(text, ": done, 7 rows added\n"));
	teardown(&r);
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_descriptor_comes_with_its_request),
		cmocka_unit_test(test_each_of_several_requests_has_its_own),
		cmocka_unit_test(test_what_comes_where_none_is_taken_is_closed_and_refused),
		cmocka_unit_test(test_more_than_one_ends_the_client),
		cmocka_unit_test(test_a_client_that_goes_leaves_none_behind),
		cmocka_unit_test(test_a_change_whose_client_has_gone_is_recorded_all_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
