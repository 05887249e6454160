/* bench_load.c - application servers that send triggers through the gateway and acknowledge the
 * delivery reports.
 *
 *   opening (a few connections at a time) --all open--> sending --all ended--> parting
 *   parting --all down--> end
 *
 * Outstanding triggers stand in a ring of cells. The low digits of a Reference-Number name the
 * cell, so an answer and a report find theirs without a search. A trigger waits while a trigger
 * that was sent a whole ring earlier still has its cell. */
#include "bench/bench_load.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "apps/tsp.h"
#include "base/stdfd.h"
#include "net/net_loop.h"

#define ANSWER_WAIT_MS 30000u
#define REPORT_WAIT_US 30000000u
#define OPENING_MAX 16u
#define PARTING_MS 3000u
#define AGAIN_MS 5u
#define CELLS_MIN 256u
#define ROOM 2048u

struct load;

struct conn {
	struct load *load;
	struct bench_scs *scs;
	struct link_peer *peer;
	bool open;
};

struct cell {
	struct load *load;
	uint64_t due_us, sent_us;
	uint32_t reference;
	bool busy, answered, reported;
};

enum phase { OPENING, SENDING, PARTING };

struct load {
	struct bench_options opt;
	struct log log;
	struct net_loop *loop;
	/* SENDING: the end of the run; PARTING: nobody is awaited any longer */
	struct net_timer *timer;
	struct net_watch *watch; /* of pace_fd */
	int pace_fd;             /* a timer of the kernel: the next trigger is due */
	struct bench_scs scs[BENCH_SCS_MAX];
	struct conn *conns;
	size_t conns_n, started, opened, next;
	struct cell *cells;
	uint64_t mask;
	uint64_t out, unanswered; /* triggers that are not over; of these, without an answer */
	struct bench_result result;
	uint64_t began_us;
	enum phase phase;
	bool failed;
};

static void send_more(struct load *l);

static void fail(struct load *l, const char *why)
{
	fprintf(stderr, "bench_load: %s\n", why);
	l->failed = true;
	net_loop_stop(l->loop);
}

/* For whoever looks at the processes meanwhile. */
static void say(const char *event)
{
	printf("{\"event\":\"%s\"}\n", event);
	fflush(stdout);
}

/* -- the end of a trigger */

static void part(struct load *l)
{
	l->phase = PARTING;
	l->result.cpu_us = bench_cpu_us() - l->result.cpu_us;
	say("over");
	net_timer_start(l->timer, PARTING_MS);
	for (size_t i = 0; i < l->conns_n; i++) {
		link_peer_stop(l->conns[i].peer, DIA_DISCONNECT_DO_NOT_WANT, "the run is over");
	}
}

static bool all_sent(const struct load *l)
{
	return l->result.sent >= l->opt.count || (l->opt.first && l->result.success_us) ||
	       bench_now_us() - l->result.first_us >= l->opt.seconds_us;
}

static void look_if_over(struct load *l, struct cell *c)
{
	if (!c->answered || (l->opt.until_report && !c->reported)) {
		return;
	}
	c->busy = false;
	l->out--;
	l->result.done++;
	l->result.last_us = bench_now_us();
	if (l->phase != SENDING) {
		return;
	}
	send_more(l);
	if (!l->out && all_sent(l)) {
		part(l);
	}
}

static void name_status(const struct dia_msg *m, char name[24])
{
	struct dia_avp result;
	uint32_t status;

	if (!dia_msg_find(m, DIA_DEF(RESULT_CODE)->code, 0, &result) || result.data_len != 4) {
		snprintf(name, 24, "no result");
	} else if (bench_get_be32(result.data) == DIA_RESULT_SUCCESS &&
		   bench_find_u32(m, DIA_DEF(DEVICE_NOTIFICATION), DIA_DEF(REQUEST_STATUS), &status)) {
		snprintf(name, 24, "%s", tsp_request_status_str(status));
	} else {
		snprintf(name, 24, "result %" PRIu32, bench_get_be32(result.data));
	}
}

static void note_answer(struct load *l, const struct cell *c, bool success)
{
	uint64_t now = bench_now_us();

	bench_hist_add(&l->result.latency, now - c->due_us);
	if (now - c->sent_us > l->result.longest_us) {
		l->result.longest_us = now - c->sent_us;
	}
	if (success && !l->result.success_us) {
		l->result.success_us = now;
	}
	l->result.answered++;
	l->unanswered--;
}

static void on_answer(void *arg, int err, const struct dia_msg *m)
{
	struct cell *c = arg;
	struct load *l = c->load;
	char name[24] = "timeout";

	if (!err) {
		name_status(m, name);
	} else if (err != ERR_TIMEOUT) {
		snprintf(name, sizeof name, "lost");
	}
	bench_result_status(&l->result, name);
	note_answer(l, c, !err && strcmp(name, "SUCCESS") == 0);
	c->answered = true;
	c->reported |= err || strcmp(name, "SUCCESS") != 0; /* none follows */
	if (l->opt.until_report && l->result.answered == l->opt.count) {
		say("answered");
	}
	look_if_over(l, c);
	if (l->phase == SENDING) {
		send_more(l);
	}
}

/* A delivery report: acknowledged, and the end of its trigger where the run waits for that. */
static void on_request(void *arg, struct link *link, const struct dia_msg *m)
{
	struct conn *conn = arg;
	struct load *l = conn->load;
	uint8_t room[ROOM];
	struct buf out = buf_over(room, sizeof room);
	uint32_t reference = 0;
	struct cell *c;

	bench_form_answer(&out, &conn->scs->dna, m);
	if (out.full || link_answer(link, out.p, out.len)) {
		fail(l, "a delivery report could not be acknowledged");
		return;
	}
	l->result.reports++;
	if (!bench_find_u32(m, DIA_DEF(DEVICE_NOTIFICATION), DIA_DEF(REFERENCE_NUMBER), &reference)) {
		return;
	}
	c = &l->cells[reference & l->mask];
	if (!c->busy || c->reference != reference || c->reported) {
		return;
	}
	bench_hist_add(&l->result.report_latency, bench_now_us() - c->due_us);
	c->reported = true;
	look_if_over(l, c);
}

/* -- sending */

/* The next connection in turn that carries requests. */
static struct conn *next_conn(struct load *l, struct link **link)
{
	for (size_t i = 0; i < l->conns_n; i++) {
		struct conn *conn = &l->conns[l->next];

		l->next = l->next + 1 < l->conns_n ? l->next + 1 : 0;
		*link = link_peer_link(conn->peer);
		if (*link) {
			return conn;
		}
	}
	return NULL;
}

static void wake_at(struct load *l, uint64_t us)
{
	struct itimerspec at = { .it_value = { (time_t)(us / 1000000u), (long)(us % 1000000u) * 1000 } };

	if (timerfd_settime(l->pace_fd, TFD_TIMER_ABSTIME, &at, NULL)) {
		fail(l, "a timer of the kernel refuses");
	}
}

static bool send_one(struct load *l, uint64_t due_us)
{
	uint32_t reference = l->opt.reference + (uint32_t)l->result.sent;
	struct cell *c = &l->cells[reference & l->mask];
	const struct bench_devices *d = &l->opt.devices;
	const struct bench_form *dar;
	struct link *link;
	struct conn *conn;

	if (c->busy) {
		return false;
	}
	conn = next_conn(l, &link);
	if (!conn && l->opt.first) { /* the watchdog of a new connection still looks on: soon */
		wake_at(l, bench_now_us() + 1000);
		return false;
	}
	if (!conn) {
		fail(l, "no connection carries requests");
		return false;
	}
	*c = (struct cell){ .load = l, .due_us = due_us, .sent_us = bench_now_us(), .reference = reference, .busy = true };
	dar = bench_scs_request(conn->scs, d->first + l->result.sent * l->opt.stride % (d->last - d->first + 1), reference);
	if (link_request(link, dar->octets, dar->len, ANSWER_WAIT_MS, on_answer, c)) {
		fail(l, "a request could not be sent");
		return false;
	}
	l->result.sent++;
	l->out++;
	l->unanswered++;
	return true;
}

static uint64_t due_us(const struct load *l, uint64_t nth)
{
	return l->result.first_us + nth * 1000000u / l->opt.rate;
}

static void send_more(struct load *l)
{
	while (!l->failed && l->out < l->opt.pending && l->unanswered < l->opt.window && !all_sent(l)) {
		uint64_t now = bench_now_us(), due = l->opt.rate ? due_us(l, l->result.sent) : now;

		if (due > now) {
			wake_at(l, due);
			return;
		}
		if (!send_one(l, due)) {
			return;
		}
	}
}

static void on_pace(void *arg, int events)
{
	struct load *l = arg;
	uint64_t times;

	(void)events;
	if (read(l->pace_fd, &times, sizeof times) != sizeof times || l->phase != SENDING) {
		return;
	}
	send_more(l);
	if (!l->out && all_sent(l)) {
		part(l);
	}
}

static void on_timer(void *arg)
{
	struct load *l = arg;

	if (l->phase == PARTING) {
		net_loop_stop(l->loop);
	} else if (l->phase == OPENING) {
		link_peer_kick(l->conns[0].peer);
	} else if (bench_now_us() - l->result.last_us > REPORT_WAIT_US) {
		fail(l, "nothing has come to its end for 30 s");
	} else if (!l->out && all_sent(l)) {
		part(l);
	} else {
		net_timer_start(l->timer, 1000);
	}
}

/* -- connections */

static const struct link_cb conn_cb;

static void open_more(struct load *l)
{
	while (!l->failed && l->started < l->conns_n && l->started - l->opened < OPENING_MAX) {
		struct conn *conn = &l->conns[l->started];

		if (link_peer_new(&conn->peer, l->loop, &conn->scs->peer, &conn->scs->conf, &conn_cb, conn)) {
			fail(l, "a connection could not be made");
			return;
		}
		l->started++;
	}
}

static void on_open(void *arg, struct link *link)
{
	struct conn *conn = arg;
	struct load *l = conn->load;

	(void)link;
	conn->open = true;
	l->opened++;
	if (l->opened < l->conns_n) {
		open_more(l);
		return;
	}
	l->phase = SENDING;
	l->result.last_us = bench_now_us();
	if (!l->result.sent) {
		l->result.first_us = l->result.last_us;
		say("open");
	}
	l->result.opened_us = l->result.first_us - l->began_us;
	l->result.cpu_us = bench_cpu_us();
	net_timer_start(l->timer, 1000);
	send_more(l);
}

static void on_down(void *arg, struct link *link, int err, const char *why)
{
	struct conn *conn = arg;
	struct load *l = conn->load;

	(void)link;
	(void)err;
	conn->open = false;
	l->opened--;
	if (l->opt.first && l->phase != PARTING) {
		l->phase = OPENING;
		net_timer_start(l->timer, AGAIN_MS);
	} else if (l->phase != PARTING) {
		fail(l, why);
	} else if (!l->opened) {
		net_loop_stop(l->loop);
	}
}

static void on_failed(void *arg, int err, uint32_t result_code, const char *why)
{
	struct conn *conn = arg;

	(void)err;
	if (conn->load->opt.first) {
		net_timer_start(conn->load->timer, AGAIN_MS);
		return;
	}
	if (result_code) {
		fprintf(stderr, "bench_load: refused with %" PRIu32 "\n", result_code);
	}
	fail(conn->load, why);
}

static const struct link_cb conn_cb = {
	.on_open = on_open, .on_request = on_request, .on_down = on_down, .on_failed = on_failed
};

/* -- the program */

static int prepare(struct load *l)
{
	size_t cells = CELLS_MIN;
	int err = 0;

	while (cells < 4 * (size_t)l->opt.pending) {
		cells *= 2;
	}
	l->mask = cells - 1;
	l->conns_n = l->opt.scs_n * l->opt.connections;
	l->cells = calloc(cells, sizeof *l->cells);
	l->conns = calloc(l->conns_n, sizeof *l->conns);
	if (!l->cells || !l->conns) {
		return ERR_NOMEM;
	}
	for (size_t i = 0; !err && i < l->opt.scs_n; i++) {
		err = bench_scs_init(&l->scs[i], l->opt.scs[i], &l->opt.gateway, &l->opt.devices, l->opt.payload_len,
				     l->opt.window + 16, &l->log);
	}
	for (size_t i = 0; i < l->conns_n; i++) {
		l->conns[i] = (struct conn){ .load = l, .scs = &l->scs[i % l->opt.scs_n] };
	}
	return err;
}

static int run(struct load *l)
{
	l->pace_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	if (l->pace_fd < 0 || net_loop_new(&l->loop) || net_timer_new(&l->timer, l->loop, on_timer, l) ||
	    net_watch_new(&l->watch, l->loop, l->pace_fd, on_pace, l) || net_watch_set(l->watch, NET_READ)) {
		return 1;
	}
	l->began_us = bench_now_us();
	open_more(l);
	if (!l->failed && net_loop_run(l->loop)) {
		return 1;
	}
	l->result.octets = l->scs[0].dar.len;
	bench_result_print(&l->result, l->conns_n);
	return l->failed || l->result.done != l->result.sent ? 1 : 0;
}

int main(int argc, char **argv)
{
	static struct load l;
	int code;

	if (stdfd_open()) {
		return 1;
	}
	code = bench_options_read(&l.opt, argc, argv);
	if (code) {
		return code;
	}
	log_init(&l.log, 2, LOG_LEVEL_WARN, "bench_load");
	signal(SIGPIPE, SIG_IGN);
	if (prepare(&l)) {
		return 2;
	}
	return stdfd_end("bench_load", run(&l), 1); /* what it holds goes with the process */
}
