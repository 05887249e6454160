/* The fetcher between edges and responders that are played over socket pairs. */
#include "tests/unit/test.h"

#include <sys/socket.h>
#include <unistd.h>

#include "fetch/fch_client.h"
#include "fetch/fch_serve.h"

#define REPLY "HTTP/1.0 200 OK\r\nContent-Type: application/ocsp-response\r\nContent-Length: 3\r\n\r\n"
#define WANTED_MAX 8

struct world {
	struct net_loop *loop;
	struct net_timer *turn;
	struct log log;
	struct http_url url;
	const struct http_url *urls[2];
	struct fch_serve *serve;
	struct fch_client *edge;
	uint32_t wanted[WANTED_MAX], bad_edge;
	size_t wanted_n, answers_n;
	struct fch_answer answer; /* the last one */
	char response[64];
	int lost;
	bool core;      /* the channel that is opened */
	unsigned turns; /* of the loop that are left */
};

static int on_want(void *arg, uint32_t responder, uint32_t job)
{
	struct world *w = arg;

	assert_true(responder == 1 || w->urls[0]); /* 0: the receiver of checkpoints */
	assert_true(w->wanted_n < WANTED_MAX);
	w->wanted[w->wanted_n++] = job;
	return 0;
}

static void on_bad_edge(void *arg, uint32_t generation)
{
	((struct world *)arg)->bad_edge = generation;
}

static void on_answer(void *arg, const struct fch_answer *a)
{
	struct world *w = arg;

	w->answers_n++;
	w->answer = *a;
	assert_true(a->len < sizeof w->response);
	memcpy(w->response, a->response, a->len);
	w->response[a->len] = 0;
}

static void on_room(void *arg)
{
	(void)arg;
}

static void on_lost(void *arg, int err)
{
	struct world *w = arg;

	w->lost = err;
	fch_client_free(w->edge);
	w->edge = NULL;
}

static void on_turn(void *arg)
{
	struct world *w = arg;

	if (w->turns-- > 1) {
		net_timer_start(w->turn, 0);
	} else {
		net_loop_stop(w->loop);
	}
}

/* Lets happen what can happen at once, or in this time. On a busy machine the time alone may be over before a socket was looked at. */
static void turns(struct world *w, uint64_t ms)
{
	w->turns = 5;
	net_timer_start(w->turn, ms);
	assert_int_equal(net_loop_run(w->loop), 0);
}

static void open_edge(struct world *w, uint32_t generation)
{
	struct fch_client_conf conf = { w->loop, on_answer, on_room, on_lost, w };
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, pair), 0);
	assert_int_equal(fch_serve_edge(w->serve, pair[0], generation, w->core), 0);
	assert_int_equal(fch_client_new(&w->edge, pair[1], &conf), 0);
}

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof *w);
	struct fch_serve_conf conf = { .responders = w ? w->urls : NULL,
				       .responders_n = 2,
				       .timeout_ms = 60,
				       .size_max = 16,
				       .open_max = 2,
				       .queue_max = 4,
				       .want = on_want,
				       .bad_edge = on_bad_edge,
				       .arg = w };
	const char *why;

	assert_non_null(w);
	assert_int_equal(http_url_parse(&w->url, "http://127.0.0.1/ocsp", &why), 0);
	w->urls[1] = &w->url;
	log_init(&w->log, STDERR_FILENO, LOG_LEVEL_ERROR, "test");
	assert_int_equal(net_loop_new(&w->loop), 0);
	assert_int_equal(net_timer_new(&w->turn, w->loop, on_turn, w), 0);
	conf.loop = w->loop;
	conf.log = &w->log;
	assert_int_equal(fch_serve_new(&w->serve, &conf), 0);
	open_edge(w, 5);
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	fch_client_free(w->edge);
	fch_serve_free(w->serve);
	net_timer_free(w->turn);
	net_loop_free(w->loop);
	free(w);
	return 0;
}

static void ask(struct world *w, uint32_t number)
{
	assert_int_equal(fch_client_ask(w->edge, &(struct fch_question){ number, 1, 7, (const uint8_t *)"request" }), 0);
}

/* The connection that was wanted; returns the responder's end. */
static int connected(struct world *w, size_t i)
{
	int pair[2];

	assert_true(i < w->wanted_n);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
	fch_serve_connected(w->serve, w->wanted[i], pair[0]);
	turns(w, 1);
	return pair[1];
}

static void reply(struct world *w, int fd, const char *text)
{
	assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
	turns(w, 1);
}

static void one_question_one_answer(void **state)
{
	struct world *w = *state;
	char got[512] = "";
	int fd;

	ask(w, 77);
	turns(w, 1);
	assert_int_equal(w->wanted_n, 1);
	fd = connected(w, 0);
	assert_true(recv(fd, got, sizeof got - 1, 0) > 0);
	assert_non_null(strstr(got, "POST /ocsp HTTP/1.0\r\nHost: 127.0.0.1\r\n"));
	assert_non_null(strstr(got, "\r\n\r\nrequest"));
	reply(w, fd, "HTTP/1.0 200 OK\r\nContent-Ty");
	assert_int_equal(w->answers_n, 0);
	reply(w, fd, "pe: application/ocsp-response\r\nContent-Length: 3\r\n\r\nabc");
	assert_int_equal(w->answers_n, 1);
	assert_int_equal(w->answer.number, 77);
	assert_int_equal(w->answer.result, FCH_OK);
	assert_string_equal(w->response, "abc");
	assert_int_equal(recv(fd, got, sizeof got, 0), 0); /* closed */
	close(fd);
	turns(w, 100);
	assert_int_equal(w->answers_n, 1);
}

static void failures_are_told(void **state)
{
	struct world *w = *state;
	const struct {
		const char *text;
		enum fch_result result;
	} rows[] = {
		{ "HTTP/1.0 500 No\r\n\r\n", FCH_HTTP },
		{ "", FCH_UNREACHABLE },
		{ "HTTP/1.0 200 OK\r\nContent-Type: application/ocsp-response\r\nContent-Length: 17\r\n\r\n", FCH_LIMIT },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		int fd;

		ask(w, (uint32_t)i + 1);
		turns(w, 1);
		fd = connected(w, i);
		if (*rows[i].text) {
			reply(w, fd, rows[i].text);
		}
		close(fd);
		turns(w, 1);
		assert_int_equal(w->answers_n, i + 1);
		assert_int_equal(w->answer.number, i + 1);
		assert_int_equal(w->answer.result, rows[i].result);
		assert_int_equal(w->answer.len, 0);
	}
	ask(w, 9);
	turns(w, 1);
	fch_serve_connected(w->serve, w->wanted[3], -1);
	turns(w, 1);
	assert_int_equal(w->answer.number, 9);
	assert_int_equal(w->answer.result, FCH_UNREACHABLE);
	assert_int_equal(fch_client_ask(w->edge, &(struct fch_question){ 10, 0, 7, (const uint8_t *)"request" }), 0);
	turns(w, 1); /* there is no responder 0 */
	assert_int_equal(w->answer.number, 10);
	assert_int_equal(w->answer.result, FCH_UNREACHABLE);
	assert_int_equal(w->wanted_n, 4);
}

static void time_is_up(void **state)
{
	struct world *w = *state;
	int fd;

	ask(w, 1); /* the parent does not connect */
	ask(w, 2);
	turns(w, 1);
	fd = connected(w, 1); /* the responder says nothing */
	turns(w, 100);
	assert_int_equal(w->answers_n, 2);
	assert_int_equal(w->answer.result, FCH_TIMEOUT);
	fch_serve_connected(w->serve, w->wanted[0], dup(fd)); /* too late: it is closed */
	close(fd);
	ask(w, 3);
	turns(w, 1);
	assert_int_equal(w->wanted_n, 3); /* the places are free again */
}

static void has_bounds(void **state)
{
	struct world *w = *state;
	int fd;

	for (uint32_t i = 1; i <= 5; i++) {
		ask(w, i);
	}
	turns(w, 1);
	assert_int_equal(w->wanted_n, 2); /* open_max */
	assert_int_equal(w->answers_n, 1);
	assert_int_equal(w->answer.number, 5); /* queue_max */
	assert_int_equal(w->answer.result, FCH_BUSY);
	fd = connected(w, 0);
	reply(w, fd, REPLY "abc");
	close(fd);
	assert_int_equal(w->answers_n, 2);
	assert_int_equal(w->wanted_n, 3); /* the next one */
}

static void an_edge_that_is_gone(void **state)
{
	struct world *w = *state;
	int fd;

	ask(w, 1);
	turns(w, 1);
	fd = connected(w, 0);
	fch_client_free(w->edge);
	w->edge = NULL;
	turns(w, 1);
	reply(w, fd, REPLY "abc"); /* nobody waits for it */
	close(fd);
	open_edge(w, 6);
	turns(w, 1);
	assert_int_equal(w->answers_n, 0);
	ask(w, 2);
	turns(w, 1);
	assert_int_equal(w->wanted_n, 2);
}

static void an_edge_that_lies(void **state)
{
	struct world *w = *state;
	int pair[2];
	char c;

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, pair), 0);
	assert_int_equal(fch_serve_edge(w->serve, pair[0], 9, false), 0);
	assert_int_equal(send(pair[1], "nonsense", 8, MSG_NOSIGNAL), 8);
	turns(w, 1);
	assert_int_equal(w->bad_edge, 9);
	assert_int_equal(recv(pair[1], &c, 1, 0), 0);
	close(pair[1]);
	ask(w, 1); /* the other edge is served */
	turns(w, 1);
	assert_int_equal(w->wanted_n, 1);
}

/* Number 0 takes checkpoints, of the core and of no edge; the core asks nobody else. */
static void checkpoints_are_of_the_core(void **state)
{
	struct fch_question q = { 1, 0, 10, (const uint8_t *)"checkpoint" };
	struct world *w = *state;
	char got[512] = "";
	int fd;

	w->urls[0] = &w->url;
	assert_int_equal(fch_client_ask(w->edge, &q), 0);
	turns(w, 1);
	assert_int_equal(w->wanted_n, 0);
	assert_int_equal(w->answer.result, FCH_UNREACHABLE);
	fch_client_free(w->edge);
	w->core = true;
	open_edge(w, 6);
	ask(w, 2);
	turns(w, 1);
	assert_int_equal(w->wanted_n, 0);
	assert_int_equal(w->answer.result, FCH_UNREACHABLE);
	q.number = 3;
	assert_int_equal(fch_client_ask(w->edge, &q), 0);
	turns(w, 1);
	assert_int_equal(w->wanted_n, 1);
	fd = connected(w, 0);
	assert_true(recv(fd, got, sizeof got - 1, 0) > 0);
	assert_non_null(strstr(got, "\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\ncheckpoint"));
	reply(w, fd, "HTTP/1.1 204 No Content\r\n");
	close(fd);
	assert_int_equal(w->answer.number, 3);
	assert_int_equal(w->answer.result, FCH_OK);
	assert_string_equal(w->response, "HTTP/1.1 204 No Content");
}

static void a_fetcher_that_lies(void **state)
{
	struct world *w = *state;
	struct fch_client_conf conf = { w->loop, on_answer, on_room, on_lost, w };
	int pair[2];

	fch_client_free(w->edge);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, pair), 0);
	assert_int_equal(fch_client_new(&w->edge, pair[1], &conf), 0);
	assert_int_equal(send(pair[0], "nonsense", 8, MSG_NOSIGNAL), 8);
	turns(w, 1);
	assert_int_equal(w->lost, ERR_PROTO);
	assert_null(w->edge);
	close(pair[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(one_question_one_answer, setup, teardown),
		cmocka_unit_test_setup_teardown(failures_are_told, setup, teardown),
		cmocka_unit_test_setup_teardown(time_is_up, setup, teardown),
		cmocka_unit_test_setup_teardown(has_bounds, setup, teardown),
		cmocka_unit_test_setup_teardown(an_edge_that_is_gone, setup, teardown),
		cmocka_unit_test_setup_teardown(an_edge_that_lies, setup, teardown),
		cmocka_unit_test_setup_teardown(checkpoints_are_of_the_core, setup, teardown),
		cmocka_unit_test_setup_teardown(a_fetcher_that_lies, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
