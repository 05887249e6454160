/* The blocking client over a socketpair whose other end plays the server: every reply, also bad ones, ends in a word. */
#include "tests/unit/test.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "ctl/ctl_client.h"

static unsigned rows_seen;

static int on_row(void *arg, const json_t *row)
{
	(void)row;
	rows_seen++;
	return arg ? *(int *)arg : 0;
}

/* Asks against a server that has already said `reply` (and closed, when `close_after`). */
static int ask_within(int wait_ms, const char *reply, bool close_after, char why[CTL_CLIENT_WHY_MAX], char *sent, size_t cap)
{
	struct ctl_client *c;
	int ends[2], err;
	ssize_t n;

	rows_seen = 0;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	assert_int_equal(send(ends[1], reply, strlen(reply), 0), strlen(reply));
	if (close_after) {
		shutdown(ends[1], SHUT_WR);
	}
	assert_int_equal(ctl_client_over(&c, ends[0]), 0);
	err = ctl_client_ask(c, "status", NULL, -1, wait_ms, on_row, NULL, why);
	n = recv(ends[1], sent, cap - 1, MSG_DONTWAIT);
	sent[n > 0 ? n : 0] = 0;
	ctl_client_close(c);
	close(ends[1]);
	return err;
}

static int ask(const char *reply, bool close_after, char why[CTL_CLIENT_WHY_MAX], char *sent, size_t cap)
{
	return ask_within(60000, reply, close_after, why, sent, cap);
}

static void test_rows_then_the_last_line(void **state)
{
	char why[CTL_CLIENT_WHY_MAX], sent[256];

	(void)state;
	assert_int_equal(ask("{\"a\":1}\n{\"a\":2}\n{\"done\":true,\"ok\":true}\n", false, why, sent, sizeof sent), 0);
	assert_int_equal(rows_seen, 3);
	assert_string_equal(sent, "{\"cmd\":\"status\"}\n");
}

static void test_the_server_says_no(void **state)
{
	char why[CTL_CLIENT_WHY_MAX], sent[256];

	(void)state;
	assert_int_equal(ask("{\"done\":true,\"ok\":false,\"error\":\"no such SCS\"}\n", false, why, sent, sizeof sent),
			 ERR_REFUSED);
	assert_string_equal(why, "no such SCS");
	assert_int_equal(ask("{\"done\":true,\"ok\":false,\"error\":\"unknown command 'status'; 'help' lists the commands\"}\n",
			     false, why, sent, sizeof sent),
			 ERR_REFUSED);
	assert_non_null(strstr(why, "unknown command 'status'"));
	assert_non_null(strstr(why, "Is this the right socket?"));
	assert_int_equal(ask("{\"done\":true}\n", false, why, sent, sizeof sent), ERR_REFUSED);
	assert_string_equal(why, "the server refused without a reason");
	assert_int_equal(ask("{\"done\":true,\"ok\":false,\"error\":\"\"}\n", false, why, sent, sizeof sent), ERR_REFUSED);
	assert_string_equal(why, "the server refused without a reason");
}

static void test_what_is_no_reply_is_named(void **state)
{
	char why[CTL_CLIENT_WHY_MAX], sent[256];

	(void)state;
	assert_int_equal(ask("{\"a\":1}\n", true, why, sent, sizeof sent), ERR_CLOSED);
	assert_int_equal(ask_within(50, "{\"a\":1}\n{\"done\"", false, why, sent, sizeof sent), ERR_TIMEOUT);
	assert_string_equal(why,
			    "mtc-iwfd does not answer: no answer to status within 50 ms; a core that hangs is ended and started "
			    "again (timers.hang), and the log of mtc-iwfd says so: try again");
	assert_int_equal(ask("HTTP/1.1 200 OK\n", false, why, sent, sizeof sent), ERR_PROTO);
	assert_int_equal(ask("[]\n", false, why, sent, sizeof sent), ERR_PROTO);
}

static void test_a_socket_that_is_not_there_is_explained(void **state)
{
	char why[CTL_CLIENT_WHY_MAX], longest[200];
	struct ctl_client *c;

	(void)state;
	assert_int_equal(ctl_client_open(&c, "/nonexistent/ctl.sock", 50, why), ERR_NOTFOUND);
	assert_non_null(strstr(why, "is mtc-iwfd running?"));
	memset(longest, 'x', sizeof longest);
	longest[sizeof longest - 1] = 0;
	assert_int_equal(ctl_client_open(&c, longest, 50, why), ERR_INVAL);
	assert_int_equal(ctl_client_open(&c, "", 50, why), ERR_INVAL);
}

/* A server that is stopped takes no connection: those that nobody takes fill the backlog. */
static void test_a_full_backlog_is_no_answer(void **state)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	char dir[] = "/tmp/test-client-XXXXXX", why[CTL_CLIENT_WHY_MAX];
	struct ctl_client *c = NULL;
	int server = socket(AF_UNIX, SOCK_STREAM, 0), waiting;

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(a.sun_path, sizeof a.sun_path, "%s/ctl.sock", dir);
	assert_int_equal(bind(server, (const struct sockaddr *)&a, sizeof a), 0);
	assert_int_equal(listen(server, 0), 0);
	waiting = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(connect(waiting, (const struct sockaddr *)&a, sizeof a), 0);
	assert_int_equal(ctl_client_open(&c, a.sun_path, 50, why), ERR_TIMEOUT);
	assert_non_null(strstr(why, "does not answer"));
	assert_null(c);
	close(waiting);
	close(server);
	unlink(a.sun_path);
	rmdir(dir);
}

static unsigned told;

static void on_silent(void *arg, uint64_t left_ms)
{
	assert_true(left_ms <= *(const uint64_t *)arg);
	told++;
}

/* Listens at a->sun_path and takes nobody. `waiting`: it has no room for one more, either; the caller
 * closes both. */
static int silent_server(struct sockaddr_un *a, char dir[], int *waiting)
{
	int server = socket(AF_UNIX, SOCK_STREAM, 0);

	assert_non_null(mkdtemp(dir));
	*a = (struct sockaddr_un){ .sun_family = AF_UNIX };
	snprintf(a->sun_path, sizeof a->sun_path, "%s/ctl.sock", dir);
	assert_int_equal(bind(server, (const struct sockaddr *)a, sizeof *a), 0);
	assert_int_equal(listen(server, waiting ? 0 : 1), 0);
	if (waiting) {
		*waiting = socket(AF_UNIX, SOCK_STREAM, 0);
		assert_int_equal(connect(*waiting, (const struct sockaddr *)a, sizeof *a), 0);
	}
	return server;
}

static void test_who_waits_is_told_once(void **state)
{
	uint64_t most_ms = 100;
	struct ctl_patience patience = { 10, on_silent, &most_ms }, long_one = { 1000, on_silent, &most_ms };
	char dir[] = "/tmp/test-client-XXXXXX", other[] = "/tmp/test-client-XXXXXX", why[CTL_CLIENT_WHY_MAX];
	struct sockaddr_un a;
	struct ctl_client *c = NULL;
	int waiting, server = silent_server(&a, dir, &waiting);

	(void)state;
	told = 0;
	assert_int_equal(ctl_client_open_patiently(&c, a.sun_path, 100, &patience, why), ERR_TIMEOUT);
	assert_int_equal(told, 1);
	assert_int_equal(ctl_client_open_patiently(&c, a.sun_path, 20, &long_one, why), ERR_TIMEOUT);
	assert_int_equal(told, 1);
	close(waiting);
	close(server);
	unlink(a.sun_path);
	rmdir(dir);
	server = silent_server(&a, other, NULL);
	assert_int_equal(ctl_client_open_patiently(&c, a.sun_path, 100, &patience, why), 0);
	assert_int_equal(ctl_client_ask(c, "status", NULL, -1, 100, on_row, NULL, why), ERR_TIMEOUT);
	assert_int_equal(told, 2);
	assert_int_equal(ctl_client_ask(c, "status", NULL, -1, 100, on_row, NULL, why), ERR_TIMEOUT);
	assert_int_equal(told, 3);
	ctl_client_close(c);
	close(server);
	unlink(a.sun_path);
	rmdir(other);
}

/* A request larger than the buffers of the socket, to a server that reads nothing. */
static void test_a_request_that_is_not_read_is_no_answer(void **state)
{
	char why[CTL_CLIENT_WHY_MAX], *large = malloc(4u << 20);
	struct ctl_client *c;
	json_t *args;
	int ends[2];

	(void)state;
	assert_non_null(large);
	memset(large, 'x', 4u << 20);
	args = json_pack("{s:s%}", "text", large, (size_t)4u << 20);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	assert_int_equal(ctl_client_over(&c, ends[0]), 0);
	assert_int_equal(ctl_client_ask(c, "status", args, -1, 50, on_row, NULL, why), ERR_TIMEOUT);
	assert_non_null(strstr(why, "does not answer"));
	ctl_client_close(c);
	close(ends[1]);
	json_decref(args);
	free(large);
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows_then_the_last_line),
		cmocka_unit_test(test_the_server_says_no),
		cmocka_unit_test(test_what_is_no_reply_is_named),
		cmocka_unit_test(test_a_socket_that_is_not_there_is_explained),
		cmocka_unit_test(test_a_full_backlog_is_no_answer),
		cmocka_unit_test(test_a_request_that_is_not_read_is_no_answer),
		cmocka_unit_test(test_who_waits_is_told_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
