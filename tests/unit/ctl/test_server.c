/* The control socket over a socketpair: the dialogue, what is refused, and clients that misbehave. */
#include "tests/unit/test.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ctl/ctl_commands.h"
#include "ctl/ctl_server.h"
#include "net/net_loop.h"

#define ROWS_LONG 20000

struct room {
	struct net_loop *loop;
	struct ctl_server *server;
	struct st_counters counters;
	struct net_timer *tick;
	int fd;             /* the client's end */
	char *got;          /* what it received */
	size_t len, wanted; /* number of last lines to wait for */
	unsigned turns, turns_max;
	bool closed, reading;
	struct ctl_request *held; /* answered later by the test */
	unsigned handled, ended;
	int row, row_seen;
	struct net_timer *other; /* started with the first row of a look, or the first echo; NULL: there is none */
	int log_fd;
	struct log log;
};

static void h_echo(void *arg, struct ctl_request *rq, const json_t *args)
{
	struct room *r = arg;

	if (++r->handled == 1 && r->other) {
		net_timer_start(r->other, 0);
	}
	ctl_line(rq, json_pack("{s:s}", "text", ctl_arg_text(args, "text", "none")));
	ctl_done(rq, json_pack("{s:I,s:b,s:i}", "n", (json_int_t)ctl_arg_num(args, "n", 7), "flag",
			       ctl_arg_bool(args, "flag", false), "bits", (int)ctl_arg_bits(args, "words", CTL_WORDS_RIGHTS, 8)));
}

static void h_refuse(void *arg, struct ctl_request *rq, const json_t *args)
{
	(void)arg;
	(void)args;
	ctl_fail(rq, "no, because\n%s", "of \"it\"");
}

static void h_later(void *arg, struct ctl_request *rq, const json_t *args)
{
	struct room *r = arg;

	(void)args;
	r->held = rq;
}

static int next_row(void *arg, struct ctl_request *rq)
{
	struct room *r = arg;

	ctl_line(rq, json_pack("{s:i,s:s}", "row", r->row, "fill",
			       "0123456789012345678901234567890123456789012345678901234567890123456789"));
	return ++r->row < ROWS_LONG;
}

static void end_rows(void *arg)
{
	((struct room *)arg)->ended++;
}

static void h_long(void *arg, struct ctl_request *rq, const json_t *args)
{
	struct room *r = arg;

	(void)args;
	r->row = 0;
	ctl_each(rq, next_row, end_rows, r);
}

#define CALLS_SPARSE 20000

static int next_nothing(void *arg, struct ctl_request *rq)
{
	struct room *r = arg;

	if (++r->row == 1 && r->other) {
		net_timer_start(r->other, 0);
	}
	if (r->row < CALLS_SPARSE) {
		return 1;
	}
	ctl_each_last(rq, json_pack("{s:i}", "count", 7));
	return 0;
}

static void h_sparse(void *arg, struct ctl_request *rq, const json_t *args)
{
	struct room *r = arg;

	(void)args;
	r->row = 0;
	ctl_each(rq, next_nothing, end_rows, r);
}

static void h_large(void *arg, struct ctl_request *rq, const json_t *args)
{
	char *text = calloc(1, CTL_REPLY_LINE_MAX + 1);

	(void)arg;
	(void)args;
	assert_non_null(text);
	memset(text, 'x', CTL_REPLY_LINE_MAX);
	ctl_line(rq, json_pack("{s:s}", "text", text));
	free(text);
	ctl_done(rq, NULL);
}

static const struct ctl_arg echo_args[] = {
	{ .name = "text", .type = CTL_A_TEXT, .min = 1, .max = 10, .meaning = "a text" },
	{ .name = "n", .type = CTL_A_NUM, .min = 1, .max = 100, .meaning = "a number" },
	{ .name = "flag", .type = CTL_A_BOOL, .meaning = "a flag" },
	{ .name = "words", .type = CTL_A_WORDS, .words = CTL_WORDS_RIGHTS, .meaning = "words" },
	{ .name = "must", .type = CTL_A_TEXT, .required = true, .words = "yes no", .meaning = "yes or no" },
	{ .name = NULL },
};

static const struct ctl_command rows[] = {
	{ "echo", "says it again", echo_args, false, h_echo }, { "change", "changes something", ctl_args_scs_name, true, h_echo },
	{ "refuse", "says no", NULL, true, h_refuse },         { "later", "answers later", NULL, false, h_later },
	{ "long", "a long list", NULL, false, h_long },        { "sparse", "a long look for nothing", NULL, false, h_sparse },
	{ "large", "one large row", NULL, false, h_large },    { .name = NULL },
};

static unsigned count_last(const struct room *r)
{
	unsigned n = 0;

	for (const char *p = r->got; (p = strstr(p, "\"done\":true")); p++) {
		n++;
	}
	return n;
}

/* Every millisecond: take what is there; stop when enough came, the server closed, or patience ends. */
static void on_tick(void *arg)
{
	struct room *r = arg;
	char piece[65536];
	ssize_t n = -1;

	while (r->reading && (n = recv(r->fd, piece, sizeof piece, MSG_DONTWAIT)) > 0) {
		r->got = realloc(r->got, r->len + (size_t)n + 1);
		assert_non_null(r->got);
		memcpy(r->got + r->len, piece, (size_t)n);
		r->len += (size_t)n;
		r->got[r->len] = 0;
	}
	r->closed = r->reading && (n == 0 || (n < 0 && errno == ECONNRESET));
	if (r->closed || (r->wanted && r->got && count_last(r) >= r->wanted) || ++r->turns >= r->turns_max) {
		net_loop_stop(r->loop);
	} else {
		net_timer_start(r->tick, 1);
	}
}

static void run(struct room *r, size_t wanted, unsigned ms)
{
	r->wanted = wanted;
	r->turns = 0;
	r->turns_max = ms;
	net_timer_start(r->tick, 1);
	assert_int_equal(net_loop_run(r->loop), 0);
}

static void forget(struct room *r)
{
	free(r->got);
	r->got = NULL;
	r->len = 0;
}

static void client(struct room *r)
{
	int ends[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
	assert_int_equal(ctl_server_client(r->server, ends[0], NULL), 0);
	r->fd = ends[1];
	r->closed = false;
	r->reading = true;
}

static void setup_with(struct room *r, const struct ctl_server_conf *conf)
{
	struct ctl_server_conf c = *conf;

	memset(r, 0, sizeof *r);
	r->log_fd = memfd_create("log", MFD_CLOEXEC);
	log_init(&r->log, r->log_fd, LOG_LEVEL_INFO, "test");
	c.counters = &r->counters;
	c.log = &r->log;
	assert_int_equal(net_loop_new(&r->loop), 0);
	assert_int_equal(net_timer_new(&r->tick, r->loop, on_tick, r), 0);
	assert_int_equal(ctl_server_new(&r->server, r->loop, -1, &c), 0);
	assert_int_equal(ctl_server_add(r->server, rows, r), 0);
	client(r);
}

static void setup(struct room *r)
{
	setup_with(r, &(struct ctl_server_conf){ 0 });
}

static void teardown(struct room *r)
{
	ctl_server_free(r->server);
	net_timer_free(r->tick);
	net_loop_free(r->loop);
	close(r->fd);
	close(r->log_fd);
	forget(r);
}

static void put(struct room *r, const char *text)
{
	assert_int_equal(send(r->fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

static const char *ask(struct room *r, const char *text)
{
	forget(r);
	put(r, text);
	run(r, 1, 2000);
	return r->got ? r->got : "";
}

static void test_a_reply_is_rows_and_a_last_line(void **state)
{
	struct room r;

	(void)state;
	setup(&r);
	assert_string_equal(ask(&r, "{\"cmd\":\"echo\",\"args\":{\"must\":\"yes\",\"text\":\"hi\",\"n\":100,\"flag\":true,"
				    "\"words\":[\"trigger\",\"replace\"]}}\n"),
			    "{\"text\":\"hi\"}\n{\"done\":true,\"ok\":true,\"n\":100,\"flag\":true,\"bits\":5}\n");
	assert_string_equal(ask(&r, "{\"cmd\":\"echo\",\"args\":{\"must\":\"no\",\"words\":\"recall\"}}\n"),
			    "{\"text\":\"none\"}\n{\"done\":true,\"ok\":true,\"n\":7,\"flag\":false,\"bits\":2}\n");
	assert_int_equal(r.counters.v[ST_CTL_REQUESTS], 2);
	teardown(&r);
}

static void test_what_is_wrong_with_a_request_is_said_and_the_client_stays(void **state)
{
	static const struct {
		const char *request, *words;
	} wrong[] = {
		{ "hello\n", "not JSON at byte" },
		{ "{\"cmd\":\"echo\"\n", "not JSON at byte" },
		{ "{\"cmd\":\"echo\",\"cmd\":\"echo\"}\n", "not JSON at byte" },
		{ "[]\n", "expected one JSON object a line" },
		{ "{\"args\":{}}\n", "expected one JSON object a line" },
		{ "{\"cmd\":7}\n", "expected one JSON object a line" },
		{ "{\"cmd\":\"echo\",\"x\":1}\n", "unknown member 'x', expected cmd and args" },
		{ "{\"cmd\":\"echo\",\"args\":[]}\n", "args is wrong, expected a JSON object" },
		{ "{\"cmd\":\"nothing\"}\n", "unknown command 'nothing'" },
		{ "{\"cmd\":\"echo\"}\n", "echo: argument 'must' is missing, expected yes or no" },
		{ "{\"cmd\":\"echo\",\"args\":{\"must\":\"maybe\"}}\n",
		  "echo: argument 'must' is 'maybe', expected one of: yes no" },
		{ "{\"cmd\":\"echo\",\"args\":{\"must\":true}}\n", "echo: argument 'must' is no text" },
		{ "{\"cmd\":\"echo\",\"args\":{\"must\":\"yes\",\"mast\":1}}\n", "echo: unknown argument 'mast'" },
		{ "{\"cmd\":\"echo\",\"args\":{\"must\":\"yes\",\"n\":101}}\n",
		  "echo: argument 'n' is wrong, expected a number from 1 to 100" },
		{ "{\"cmd\":\"echo\",\"args\":{\"must\":\"yes\",\"n\":-1}}\n", "expected a number from 1 to 100" },
		{ "{\"cmd\":\"echo\",\"args\":{\"must\":\"yes\",\"n\":\"5\"}}\n", "expected a number from 1 to 100" },
		{ "{\"cmd\":\"echo\",\"args\":{\"must\":\"yes\",\"text\":\"01234567890\"}}\n",
		  "argument 'text' has 11 bytes, expected 1 to 10" },
		{ "{\"cmd\":\"echo\",\"args\":{\"must\":\"yes\",\"flag\":1}}\n",
		  "argument 'flag' is wrong, expected true or false" },
		{ "{\"cmd\":\"echo\",\"args\":{\"must\":\"yes\",\"words\":[\"trig\"]}}\n",
		  "argument 'words' is wrong, expected a list of: trigger" },
		{ "{\"cmd\":\"echo\",\"args\":{\"must\":\"yes\",\"words\":[]}}\n", "argument 'words' is wrong" },
		{ "{\"cmd\":\"refuse\"}\n", "no, because?of \\\"it\\\"" },
	};
	struct room r;

	(void)state;
	setup(&r);
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		const char *got = ask(&r, wrong[i].request);

		if (strncmp(got, "{\"done\":true,\"ok\":false,\"error\":\"", 32) || !strstr(got, wrong[i].words)) {
			fail_msg("%s gave %s", wrong[i].request, got);
		}
	}
	assert_int_equal(r.handled, 0);
	assert_int_equal(r.counters.v[ST_CTL_ERRORS], sizeof wrong / sizeof *wrong);
	assert_non_null(strstr(ask(&r, "{\"cmd\":\"echo\",\"args\":{\"must\":\"yes\"}}\n"), "\"ok\":true"));
	teardown(&r);
}

static void test_several_requests_are_answered_in_order(void **state)
{
	struct room r;
	const char *later;

	(void)state;
	setup(&r);
	put(&r, "{\"cmd\":\"later\"}\n\n{\"cmd\":\"echo\",\"args\":{\"must\":\"yes\"}}\n{\"cmd\":\"refuse\"}\n");
	run(&r, 1, 30);
	assert_null(r.got); /* the first is not answered yet, so nothing is */
	assert_non_null(r.held);
	ctl_done(r.held, json_pack("{s:b}", "late", 1));
	run(&r, 3, 2000);
	later = strstr(r.got, "late");
	assert_non_null(later);
	assert_true(later < strstr(r.got, "none") && strstr(r.got, "none") < strstr(r.got, "because"));
	teardown(&r);
}

static void note_handled(void *arg)
{
	struct room *r = arg;

	r->row_seen = (int)r->handled;
}

/* What is sent at once is not worked off at once: the rest of the process has its turns in between. */
static void test_a_thousand_requests_at_once_let_others_have_their_turn(void **state)
{
	static const char line[] = "{\"cmd\":\"echo\",\"args\":{\"must\":\"yes\"}}\n";
	enum { MANY = 1000, LEN = sizeof line - 1 };
	char text[MANY * LEN + 1];
	struct room r;

	(void)state;
	setup(&r);
	assert_int_equal(net_timer_new(&r.other, r.loop, note_handled, &r), 0);
	for (int i = 0; i < MANY; i++) {
		memcpy(text + (size_t)i * LEN, line, LEN + 1);
	}
	put(&r, text);
	run(&r, MANY, TEST_HANG_MS);
	assert_int_equal(count_last(&r), MANY);
	assert_in_range(r.row_seen, 1, 4);
	net_timer_free(r.other);
	teardown(&r);
}

static void test_octet_by_octet_is_a_request_too(void **state)
{
	static const char text[] = "{\"cmd\":\"echo\",\"args\":{\"must\":\"yes\"}}\n";
	struct room r;

	(void)state;
	setup(&r);
	for (const char *p = text; *p; p++) {
		assert_int_equal(send(r.fd, p, 1, 0), 1);
		run(&r, 1, 2);
	}
	run(&r, 1, 2000);
	assert_non_null(strstr(r.got, "\"ok\":true"));
	teardown(&r);
}

static void test_an_overlong_request_ends_the_client(void **state)
{
	char piece[4096];
	struct room r;

	(void)state;
	setup(&r);
	memset(piece, 'x', sizeof piece);
	for (int i = 0; i < 20 && !r.closed; i++) {
		assert_true(send(r.fd, piece, sizeof piece, MSG_NOSIGNAL) > 0 || errno == EPIPE || errno == EAGAIN);
		run(&r, 0, 3);
	}
	run(&r, 0, 1000);
	assert_true(r.closed);
	assert_non_null(strstr(r.got, "larger than 64 KiB"));
	assert_int_equal(ctl_server_client(r.server, -1, NULL), ERR_AUTH); /* and the server stands */
	teardown(&r);
}

static void test_a_long_list_waits_for_its_reader(void **state)
{
	struct room r;
	unsigned lines = 0;

	(void)state;
	setup_with(&r, &(struct ctl_server_conf){ .queue_max = 65536 });
	r.reading = false;
	put(&r, "{\"cmd\":\"long\"}\n");
	run(&r, 0, 50);
	assert_true(r.row > 0 && r.row < ROWS_LONG); /* paused: nobody reads */
	r.reading = true;
	run(&r, 1, 5000);
	for (const char *p = r.got; (p = strchr(p, '\n')); p++) {
		lines++;
	}
	assert_int_equal(lines, ROWS_LONG + 1);
	assert_int_equal(r.ended, 1);
	teardown(&r);
}

static void note_row(void *arg)
{
	struct room *r = arg;

	r->row_seen = r->row;
}

static void test_a_list_that_finds_nothing_lets_others_have_their_turn(void **state)
{
	struct room r;

	(void)state;
	setup(&r);
	assert_int_equal(net_timer_new(&r.other, r.loop, note_row, &r), 0);
	put(&r, "{\"cmd\":\"sparse\"}\n");
	run(&r, 1, 5000);
	assert_string_equal(r.got, "{\"done\":true,\"ok\":true,\"count\":7}\n");
	assert_int_equal(r.ended, 1);
	assert_true(r.row_seen > 0 && r.row_seen < CALLS_SPARSE);
	net_timer_free(r.other);
	teardown(&r);
}

static void test_a_reader_that_stops_is_dropped_and_the_list_ends(void **state)
{
	struct room r;

	(void)state;
	setup_with(&r, &(struct ctl_server_conf){ .queue_max = 65536, .request_wait_ms = 60 });
	r.reading = false;
	put(&r, "{\"cmd\":\"long\"}\n");
	run(&r, 0, 400);
	assert_int_equal(r.ended, 1);
	assert_true(r.row < ROWS_LONG);
	teardown(&r);
}

static void test_a_client_that_leaves_ends_its_list(void **state)
{
	struct room r;

	(void)state;
	setup_with(&r, &(struct ctl_server_conf){ .queue_max = 65536 });
	r.reading = false;
	put(&r, "{\"cmd\":\"long\"}\n");
	run(&r, 0, 20);
	close(r.fd);
	r.fd = -1;
	run(&r, 0, 100);
	assert_int_equal(r.ended, 1);
	teardown(&r);
}

static void test_an_answer_for_a_client_that_has_gone_goes_nowhere(void **state)
{
	struct room r;

	(void)state;
	setup(&r);
	put(&r, "{\"cmd\":\"later\"}\n");
	run(&r, 0, 20);
	assert_non_null(r.held);
	assert_true(ctl_alive(r.held));
	ctl_server_free(r.server);
	r.server = NULL;
	assert_false(ctl_alive(r.held));
	ctl_line(r.held, json_pack("{s:i}", "row", 1));
	ctl_done(r.held, NULL);
	teardown(&r);
}

static void test_a_silent_client_is_closed(void **state)
{
	struct room r;

	(void)state;
	setup_with(&r, &(struct ctl_server_conf){ .request_wait_ms = 30 });
	put(&r, "{\"cmd\":");
	run(&r, 0, 1000);
	assert_true(r.closed);
	teardown(&r);
}

static void test_a_slow_handler_keeps_its_client(void **state)
{
	struct room r;

	(void)state;
	setup_with(&r, &(struct ctl_server_conf){ .request_wait_ms = 30 });
	put(&r, "{\"cmd\":\"later\"}\n");
	run(&r, 0, 120);
	assert_false(r.closed);
	assert_non_null(r.held);
	ctl_fail(r.held, "late");
	run(&r, 1, 1000);
	assert_non_null(strstr(r.got, "late"));
	teardown(&r);
}

static void test_clients_are_bounded(void **state)
{
	struct room r;
	int ends[2];

	(void)state;
	setup_with(&r, &(struct ctl_server_conf){ .clients_max = 1 });
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	assert_int_equal(ctl_server_client(r.server, ends[0], NULL), ERR_BUSY);
	assert_int_equal(r.counters.v[ST_CTL_REFUSED], 1);
	close(ends[0]);
	close(ends[1]);
	teardown(&r);
}

/* A console that was taken over takes its places and no more: mtcctl is served. */
static void test_a_console_leaves_places_for_others(void **state)
{
	struct ctl_server_conf conf = { .clients_max = 4, .has_console = true, .console_only = true, .console_uid = geteuid() };
	struct room r;
	int ends[3][2];

	(void)state;
	setup_with(&r, &conf); /* makes the first one */
	for (int i = 0; i < 3; i++) {
		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends[i]), 0);
		assert_int_equal(ctl_server_client(r.server, ends[i][0], NULL), i < 2 ? 0 : ERR_LIMIT);
	}
	assert_int_equal(r.counters.v[ST_CTL_REFUSED], 1);
	close(ends[2][0]);
	for (int i = 0; i < 3; i++) {
		close(ends[i][1]);
	}
	teardown(&r);
}

static void test_clients_of_one_user_are_bounded(void **state)
{
	struct room r;
	int ends[2][2];

	(void)state;
	setup_with(&r, &(struct ctl_server_conf){ .clients_max = 8, .user_clients_max = 2 });
	for (int i = 0; i < 2; i++) {
		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends[i]), 0);
	}
	assert_int_equal(ctl_server_client(r.server, ends[0][0], NULL), 0); /* setup_with() made the first one */
	assert_int_equal(ctl_server_client(r.server, ends[1][0], NULL), ERR_LIMIT);
	assert_int_equal(r.counters.v[ST_CTL_REFUSED], 1);
	close(ends[0][1]);
	run(&r, 0, 50); /* one has left */
	assert_int_equal(ctl_server_client(r.server, ends[1][0], NULL), 0);
	close(ends[1][1]);
	teardown(&r);
}

static void test_a_change_is_recorded_with_who_asked(void **state)
{
	char text[1024] = "", wanted[128];
	struct room r;

	(void)state;
	setup(&r);
	r.log.level = LOG_LEVEL_ERROR; /* whoever turns the log down does not hide what he does */
	ask(&r, "{\"cmd\":\"change\",\"args\":{\"name\":\"ac\\nme\"}}\n");
	assert_true(pread(r.log_fd, text, sizeof text - 1, 0) > 0);
	snprintf(wanted, sizeof wanted, "change {\"name\":\"ac\\nme\"} by uid %u gid %u pid %d: done\n", (unsigned)getuid(),
		 (unsigned)getgid(), (int)getpid());
	if (!strstr(text, wanted)) {
		fail_msg("%s", text);
	}
	teardown(&r);
}

static void test_a_row_that_is_too_large_is_an_error(void **state)
{
	struct room r;

	(void)state;
	setup(&r);
	assert_non_null(strstr(ask(&r, "{\"cmd\":\"large\"}\n"), "\"ok\":false"));
	teardown(&r);
}

static void test_help_lists_every_row(void **state)
{
	struct room r;
	const char *got;

	(void)state;
	setup(&r);
	got = ask(&r, "{\"cmd\":\"help\"}\n");
	for (const struct ctl_command *row = rows; row->name; row++) {
		assert_non_null(strstr(got, row->help));
	}
	assert_non_null(strstr(got, "\"count\":7"));
	assert_int_equal(ctl_server_add(r.server, rows, NULL), ERR_EXISTS);
	teardown(&r);
}

static void test_no_changed_request_hurts(void **state)
{
	static const char good[] = "{\"cmd\":\"echo\",\"args\":{\"must\":\"yes\",\"words\":[\"trigger\"],\"n\":5}}\n";
	char text[sizeof good];
	struct room r;

	(void)state;
	setup(&r);
	for (size_t i = 0; i < sizeof good - 2; i++) {
		memcpy(text, good, sizeof good);
		text[i] = (char)(i * 37 % 255 + 1);
		if (text[i] == '\n') {
			continue;
		}
		assert_non_null(strstr(ask(&r, text), "\"done\":true"));
	}
	teardown(&r);
}

static void h_wrong(void *arg, struct ctl_request *rq, const json_t *args)
{
	(void)arg;
	(void)args;
	ctl_line(rq, json_pack("{s:s}", "device", "m1@a.example"));
	ctl_done(rq, json_pack("{s:s}", "set", "meters"));
}

static const struct ctl_command wrong_rows[] = {
	{ "set.show", "answers what its rows do not say", NULL, false, h_wrong },
	{ "set.add", "answers what its rows say, but for a line", NULL, false, h_wrong },
	{ .name = NULL },
};

/* A difference from the rows is a mistake of ours: it is logged once for each command, and the client has its answer. */
static void test_a_reply_that_is_not_as_its_rows_leaves_and_is_logged_once(void **state)
{
	char log[2048] = "";
	struct room r;
	char *at;

	(void)state;
	setup(&r);
	assert_int_equal(ctl_server_add(r.server, wrong_rows, &r), 0);
	for (int i = 0; i < 2; i++) {
		assert_string_equal(ask(&r, "{\"cmd\":\"set.show\"}\n"),
				    "{\"device\":\"m1@a.example\"}\n{\"done\":true,\"ok\":true,\"set\":\"meters\"}\n");
	}
	assert_true(pread(r.log_fd, log, sizeof log - 1, 0) > 0);
	at = strstr(log, "the reply of set.show is not what docs/dev/control.md says, please report it: member 'set' has no row");
	assert_non_null(at);
	assert_null(strstr(at + 1, "the reply of"));
	assert_non_null(strstr(ask(&r, "{\"cmd\":\"set.add\"}\n"), "\"ok\":true"));
	memset(log, 0, sizeof log);
	assert_true(pread(r.log_fd, log, sizeof log - 1, 0) > 0);
	assert_non_null(
	    strstr(log, "set.add is not what docs/dev/control.md says, please report it: a line before the last one"));
	teardown(&r);
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_reply_is_rows_and_a_last_line),
		cmocka_unit_test(test_what_is_wrong_with_a_request_is_said_and_the_client_stays),
		cmocka_unit_test(test_several_requests_are_answered_in_order),
		cmocka_unit_test(test_a_thousand_requests_at_once_let_others_have_their_turn),
		cmocka_unit_test(test_octet_by_octet_is_a_request_too),
		cmocka_unit_test(test_an_overlong_request_ends_the_client),
		cmocka_unit_test(test_a_long_list_waits_for_its_reader),
		cmocka_unit_test(test_a_list_that_finds_nothing_lets_others_have_their_turn),
		cmocka_unit_test(test_a_reader_that_stops_is_dropped_and_the_list_ends),
		cmocka_unit_test(test_a_client_that_leaves_ends_its_list),
		cmocka_unit_test(test_an_answer_for_a_client_that_has_gone_goes_nowhere),
		cmocka_unit_test(test_a_silent_client_is_closed),
		cmocka_unit_test(test_a_slow_handler_keeps_its_client),
		cmocka_unit_test(test_clients_are_bounded),
		cmocka_unit_test(test_a_console_leaves_places_for_others),
		cmocka_unit_test(test_clients_of_one_user_are_bounded),
		cmocka_unit_test(test_a_change_is_recorded_with_who_asked),
		cmocka_unit_test(test_a_row_that_is_too_large_is_an_error),
		cmocka_unit_test(test_help_lists_every_row),
		cmocka_unit_test(test_no_changed_request_hurts),
		cmocka_unit_test(test_a_reply_that_is_not_as_its_rows_leaves_and_is_logged_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
