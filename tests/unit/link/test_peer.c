/* A peer we connect to: connected for ever, patient after refusals, slow after "do not want to talk to you", gone when freed.
 * The other side is an accepted link of the same program, or a raw listener that says what a test wants. */
#include "tests/unit/link/lab.h"

#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/shown.h"
#include "link/link_peer.h"

struct play {
	struct net_loop *loop;
	const struct play_wait *wait; /* what the test waits for; NULL: it does not */
	int listen_fd;
	uint16_t port;
	struct net_listener *listener;

	struct link_conf far_conf, near_conf;
	struct link_counters far_counters, near_counters;
	struct link_cb far_cb, near_cb;
	struct link *far; /* the latest accepted one */
	struct link *far_old[16];
	int far_n, far_opens, far_downs, far_requests;
	int far_dwrs;      /* it sends a DWR right after its CEA, on so many connections */
	bool far_discards; /* and does not answer requests */
	bool far_busy;     /* it disconnects right after that */
	bool mute;         /* the far side accepts and says nothing */
	const char *raw;   /* and sends these octets instead of being a link */
	int raw_fd[16], raw_n;

	struct link_peer_conf peer_conf;
	struct link_peer *peer;
	bool ask_on_open; /* a request at once: its error and the state of the peer then */
	int open_err;
	const char *open_state;
	int opens, usables, reopens, holds, downs, fails, answers, requests;
	int fail_err, down_err, answer_err;
	uint32_t fail_code;
	char why[400];
	bool free_on_open, free_on_down, free_on_failed;
	char states[400];           /* those that the owner was told of, a blank before each */
	struct dia_address address; /* in the CER */
};

struct play_wait {
	struct net_timer *timer;
	const int *flag;
	int n;
	const char *state;
	uint64_t until_ms;
};

static bool happened(const struct play *p, const struct play_wait *w)
{
	return (w->flag && *w->flag >= w->n) || (w->state && p->peer && strcmp(link_peer_state(p->peer), w->state) == 0);
}

/* Each callback ends with this: the test goes on in the turn in which it happened, and not later. */
static void look(struct play *p)
{
	if (p->wait && happened(p, p->wait)) {
		net_loop_stop(p->loop);
	}
}

static void far_cer(void *arg, struct link *l, const struct dia_capabilities *cer)
{
	((struct play *)arg)->address = cer->addresses[0];
	link_admit(l);
}

static void far_open(void *arg, struct link *l)
{
	struct play *p = arg;

	p->far_opens++;
	if (p->far_dwrs-- > 0) {
		link_probe(l, 60000);
	}
	if (p->far_busy) {
		link_disconnect(l, DIA_DISCONNECT_BUSY);
	}
	look(p);
}

static void far_down(void *arg, struct link *l, int err, const char *why)
{
	struct play *p = arg;

	(void)err;
	(void)why;
	p->far_downs++;
	if (p->far == l) {
		p->far = NULL;
	}
	link_free(l);
	for (int i = 0; i < p->far_n; i++) {
		if (p->far_old[i] == l) {
			p->far_old[i] = NULL;
		}
	}
	look(p);
}

static void far_request(void *arg, struct link *l, const struct dia_msg *m)
{
	uint8_t octets[64];
	size_t n = lab_message(octets, sizeof octets, 0, m->hdr.code, m->hdr.app_id, m->hdr.hop_by_hop, 4);

	((struct play *)arg)->far_requests++;
	look(arg);
	if (((struct play *)arg)->far_discards) {
		return;
	}
	memcpy(octets + 16, m->bytes + 16, 4); /* End-to-End-Id */
	assert_int_equal(link_answer(l, octets, n), 0);
}

static void on_accept(void *arg, int fd, const char *address)
{
	struct play *p = arg;
	struct net_stream *s;

	if (p->mute || p->raw) {
		if (p->raw) {
			assert_true(send(fd, p->raw, strlen(p->raw), 0) > 0);
		}
		assert_true(p->raw_n < 16);
		p->raw_fd[p->raw_n++] = fd;
		return;
	}
	assert_true(p->far_n < 16);
	assert_int_equal(net_tcp_accept(&s, p->loop, fd, address, NULL, NULL, NULL), 0);
	assert_int_equal(link_accept(&p->far, p->loop, s, &p->far_conf, &p->far_cb, p), 0);
	p->far_old[p->far_n++] = p->far;
}

static void maybe_free(struct play *p, bool now)
{
	if (!now) {
		return;
	}
	link_peer_free(p->peer, false);
	p->peer = NULL;
}

static void near_answer(void *arg, int err, const struct dia_msg *m);

static void near_open(void *arg, struct link *l)
{
	struct play *p = arg;

	assert_true(link_is_open(l));
	if (p->ask_on_open) {
		uint8_t octets[64];
		size_t n = lab_message(octets, sizeof octets, DIA_FLAG_R, LAB_CMD, LAB_APP, 1, 4);

		p->open_err = link_request(l, octets, n, 500, near_answer, p);
		p->open_state = link_peer_state(p->peer);
	}
	p->opens++;
	maybe_free(p, p->free_on_open);
	look(p);
}

static void near_usable(void *arg, struct link *l)
{
	struct play *p = arg;

	assert_ptr_equal(link_peer_link(p->peer), l);
	p->usables++;
	look(p);
}

static void near_reopen(void *arg, struct link *l, bool held)
{
	struct play *p = arg;

	(void)l;
	if (held) {
		p->holds++;
	} else {
		p->reopens++;
	}
	look(p);
}

static void near_request(void *arg, struct link *l, const struct dia_msg *m)
{
	(void)l;
	(void)m;
	((struct play *)arg)->requests++;
	look(arg);
}

static void near_down(void *arg, struct link *l, int err, const char *why)
{
	struct play *p = arg;

	(void)l;
	p->downs++;
	p->down_err = err;
	(void)snprintf(p->why, sizeof p->why, "%s", why);
	maybe_free(p, p->free_on_down);
	look(p);
}

static void near_failed(void *arg, int err, uint32_t result_code, const char *why)
{
	struct play *p = arg;

	p->fails++;
	p->fail_err = err;
	p->fail_code = result_code;
	(void)snprintf(p->why, sizeof p->why, "%s", why);
	maybe_free(p, p->free_on_failed);
	look(p);
}

static void near_state(void *arg)
{
	struct play *p = arg;
	size_t n = strlen(p->states);

	(void)snprintf(p->states + n, sizeof p->states - n, " %s", link_peer_state(p->peer));
	look(p);
}

static void near_answer(void *arg, int err, const struct dia_msg *m)
{
	struct play *p = arg;

	(void)m;
	p->answers++;
	p->answer_err = err;
	look(p);
}

static struct link_conf conf_of(const char *host, struct link_counters *counters)
{
	return (struct link_conf){
		.host = host,
		.realm = "core.example",
		.product = "lab",
		.vendor_id = 10415,
		.applications = { LAB_APP },
		.applications_n = 1,
		.limits = DIA_LIMITS_CORE,
		.cer_wait_ms = 2000,
		.cea_wait_ms = 2000,
		.dpa_wait_ms = 1000,
		.watchdog_ms = 100,
		.watchdog_unchecked = true,
		.reconnect_ms = 320, /* first attempt again after about 20 ms */
		.counters = counters,
	};
}

static void play_init(struct play *p)
{
	memset(p, 0, sizeof *p);
	assert_int_equal(net_loop_new(&p->loop), 0);
	assert_int_equal(net_tcp_bind(&p->listen_fd, &p->port, "127.0.0.1", 0, 16), 0);
	assert_int_equal(net_listener_new(&p->listener, p->loop, p->listen_fd, on_accept, p), 0);
	p->far_conf = conf_of("hss.core.example", &p->far_counters);
	p->near_conf = conf_of("iwf.core.example", &p->near_counters);
	p->far_cb = (struct link_cb){ .on_open = far_open, .on_request = far_request, .on_down = far_down };
	p->near_cb = (struct link_cb){ .on_open = near_open,
				       .on_usable = near_usable,
				       .on_reopen = near_reopen,
				       .on_request = near_request,
				       .on_down = near_down,
				       .on_failed = near_failed,
				       .on_state = near_state };
	p->peer_conf = (struct link_peer_conf){
		.host = "hss.core.example", .realm = "core.example", .address = "127.0.0.1", .port = p->port
	};
}

static void play_start(struct play *p)
{
	assert_int_equal(link_peer_new(&p->peer, p->loop, &p->peer_conf, &p->near_conf, &p->near_cb, p), 0);
}

/* Not every state is told: it looks each millisecond. */
static void tick(void *arg)
{
	struct play *p = arg;
	const struct play_wait *w = p->wait;

	if (clock_mono_ms() >= w->until_ms || happened(p, w)) {
		net_loop_stop(p->loop);
	} else {
		net_timer_start(w->timer, 1);
	}
}

static void wait_for(struct play *p, const int *flag, int n, const char *state, uint64_t ms)
{
	struct play_wait w = { .flag = flag, .n = n, .state = state, .until_ms = clock_mono_ms() + ms };

	assert_int_equal(net_timer_new(&w.timer, p->loop, tick, p), 0);
	net_timer_start(w.timer, 0);
	p->wait = &w;
	assert_int_equal(net_loop_run(p->loop), 0);
	p->wait = NULL;
	net_timer_free(w.timer);
}

static void until(struct play *p, const int *flag, int n)
{
	wait_for(p, flag, n, NULL, TEST_HANG_MS);
	assert_true(*flag >= n);
}

static void until_state(struct play *p, const char *state)
{
	wait_for(p, NULL, 0, state, TEST_HANG_MS);
	assert_string_equal(link_peer_state(p->peer), state);
}

static void run_ms(struct play *p, uint64_t ms)
{
	wait_for(p, NULL, 0, NULL, ms);
}

static void stop_listening(struct play *p)
{
	net_listener_free(p->listener);
	p->listener = NULL;
	if (p->listen_fd >= 0) {
		close(p->listen_fd);
	}
	p->listen_fd = -1;
}

static const char *reason(const struct play *p)
{
	static char text[LINK_PEER_REASON_MAX];

	link_peer_reason(p->peer, text);
	return text;
}

static void play_fini(struct play *p)
{
	link_peer_free(p->peer, false);
	for (int i = 0; i < p->far_n; i++) {
		link_free(p->far_old[i]);
	}
	for (int i = 0; i < p->raw_n; i++) {
		close(p->raw_fd[i]);
	}
	stop_listening(p);
	run_ms(p, 5);
	net_loop_free(p->loop);
}

static int ask_within(struct play *p, uint32_t wait_ms)
{
	uint8_t octets[64];
	size_t n = lab_message(octets, sizeof octets, DIA_FLAG_R, LAB_CMD, LAB_APP, 1, 4);
	struct link *l = link_peer_link(p->peer);

	return l ? link_request(l, octets, n, wait_ms, near_answer, p) : ERR_CLOSED;
}

static int ask(struct play *p)
{
	return ask_within(p, 500);
}

static void it_connects_exchanges_capabilities_and_carries_requests(void **state)
{
	struct play p;

	(void)state;
	play_init(&p);
	play_start(&p);
	assert_string_equal(link_peer_state(p.peer), "waiting");
	assert_null(link_peer_link(p.peer));
	until(&p, &p.opens, 1);
	assert_string_equal(link_peer_state(p.peer), "open");
	assert_string_equal(reason(&p), "");
	assert_string_equal(link_peer_host(link_peer_link(p.peer)), "hss.core.example");
	assert_string_equal(link_peer_host(p.far), "iwf.core.example");
	assert_int_equal(ask(&p), 0);
	until(&p, &p.answers, 1);
	assert_int_equal(p.answer_err, 0);
	run_ms(&p, 300); /* watchdogs both ways keep it open */
	assert_int_equal(p.downs + p.far_downs, 0);
	play_fini(&p);
}

static void a_lost_peer_is_reconnected_and_used_after_three_watchdogs(void **state)
{
	struct play p;

	(void)state;
	play_init(&p);
	play_start(&p);
	until(&p, &p.opens, 1);
	assert_int_equal(ask(&p), 0);
	link_drop(p.far, "lost");
	until(&p, &p.downs, 1);
	assert_string_equal(link_peer_state(p.peer), "waiting");
	assert_non_null(strstr(reason(&p), "closed"));
	until(&p, &p.opens, 2);
	assert_string_equal(link_peer_state(p.peer), "reopening");
	assert_null(link_peer_link(p.peer));
	assert_int_equal(ask(&p), ERR_CLOSED);
	until_state(&p, "open");
	assert_int_equal(ask(&p), 0);
	until(&p, &p.answers, 2);
	play_fini(&p);
}

static void requests_of_a_peer_that_reopens_are_dropped(void **state)
{
	struct play p;
	uint8_t octets[64];
	size_t n = lab_message(octets, sizeof octets, DIA_FLAG_R, LAB_CMD, LAB_APP, 1, 4);

	(void)state;
	play_init(&p);
	p.near_conf.watchdog_ms = 300;
	play_start(&p);
	until(&p, &p.opens, 1);
	link_drop(p.far, "lost");
	until(&p, &p.far_opens, 2);
	assert_int_equal(link_request(p.far, octets, n, 50, near_answer, &p), 0);
	until(&p, &p.answers, 1);
	assert_int_equal(p.answer_err, ERR_TIMEOUT);
	assert_int_equal(p.requests, 0);
	play_fini(&p);
}

static void another_peer_under_the_same_address_is_refused(void **state)
{
	struct play p;

	(void)state;
	for (int i = 0; i < 2; i++) {
		play_init(&p);
		if (i) {
			p.far_conf.realm = "other.example";
		} else {
			p.far_conf.host = "evil.core.example";
		}
		play_start(&p);
		until(&p, &p.fails, 1);
		assert_int_equal(p.fail_err, ERR_PROTO);
		assert_int_equal(p.opens + p.downs, 0);
		assert_int_equal(p.near_counters.ended[LINK_END_WRONG_CEA], 1);
		play_fini(&p);
	}
}

static void a_cea_that_says_no_is_reported_with_its_code_and_tried_again(void **state)
{
	struct play p;

	(void)state;
	play_init(&p);
	p.far_conf.applications[0] = 4;
	play_start(&p);
	until(&p, &p.fails, 3);
	assert_int_equal(p.fail_err, ERR_REFUSED);
	assert_int_equal(p.fail_code, 5010);
	assert_int_equal(p.opens, 0);
	assert_int_equal(p.near_counters.ended[LINK_END_REFUSED_BY_PEER], p.fails);
	play_fini(&p);
}

static void nobody_there_is_tried_again_ever_more_slowly_up_to_tc(void **state)
{
	uint64_t at[7] = { 0 };
	struct play p;

	(void)state;
	play_init(&p);
	stop_listening(&p);
	play_start(&p);
	for (int i = 1; i <= 6; i++) {
		until(&p, &p.fails, i);
		at[i] = clock_mono_ms();
		assert_int_equal(p.fail_err, ERR_REFUSED);
		assert_int_equal(p.fail_code, 0);
		assert_string_equal(link_peer_state(p.peer), "waiting");
		assert_non_null(strstr(reason(&p), "could not connect"));
	}
	assert_true(at[6] - at[5] >= 256); /* Tc, less the fifth */
	play_fini(&p);
}

static void an_ipv6_peer_stands_in_brackets_before_its_port(void **state)
{
	char text[4096], expected[SHOWN_ADDRESS_MAX];
	FILE *f = tmpfile();
	struct play p;
	struct log log;
	size_t n;

	(void)state;
	assert_non_null(f);
	log_init(&log, fileno(f), LOG_LEVEL_DEBUG, "near");
	play_init(&p);
	p.near_conf.log = &log;
	p.peer_conf.address = "::1";
	play_start(&p);
	until(&p, &p.fails, 1); /* nobody listens there, or there is no IPv6: told in either case */
	play_fini(&p);
	rewind(f);
	n = fread(text, 1, sizeof text - 1, f);
	text[n] = 0;
	snprintf(expected, sizeof expected, "[::1]:%u", p.port);
	assert_non_null(strstr(text, expected));
	assert_null(strstr(text, " ::1:"));
	log_fini(&log);
	fclose(f);
}

static void a_kick_does_not_wait_for_tc(void **state)
{
	struct play p;

	(void)state;
	play_init(&p);
	stop_listening(&p);
	p.near_conf.reconnect_ms = 1000000;
	play_start(&p);
	until(&p, &p.fails, 1);
	run_ms(&p, 20);
	assert_int_equal(p.fails, 1);
	link_peer_kick(p.peer);
	until(&p, &p.fails, 2);
	play_fini(&p);
}

static void after_dpr_rebooting_it_comes_back_at_once_in_full(void **state)
{
	struct play p;

	(void)state;
	play_init(&p);
	play_start(&p);
	until(&p, &p.opens, 1);
	link_disconnect(p.far, DIA_DISCONNECT_REBOOTING);
	until(&p, &p.downs, 1);
	until(&p, &p.opens, 2);
	assert_string_equal(link_peer_state(p.peer), "open"); /* it did not fail: no three watchdogs */
	play_fini(&p);
}

static void after_dpr_busy_or_do_not_want_it_comes_back_slowly(void **state)
{
	static const char *const told[] = { "", "told BUSY, next attempt in 1 s",
					    "told DO_NOT_WANT_TO_TALK_TO_YOU, next attempt in 1 s" };

	(void)state;
	for (int cause = 1; cause <= 2; cause++) {
		struct play p;
		uint64_t since_ms;

		play_init(&p);
		p.near_conf.reconnect_refused_ms = 400; /* Tc starts with 20 */
		play_start(&p);
		until(&p, &p.opens, 1);
		since_ms = clock_mono_ms();
		link_disconnect(p.far, (enum dia_disconnect_cause)cause);
		until(&p, &p.downs, 1);
		until_state(&p, "waiting");
		assert_string_equal(reason(&p), told[cause]);
		assert_in_range(link_peer_next_ms(p.peer), 1, 480);
		until(&p, &p.opens, 2);
		assert_true(clock_mono_ms() - since_ms >= 310); /* less the fifth, and the turns of the loop */
		assert_string_equal(link_peer_state(p.peer), "open");
		play_fini(&p);
	}
}

static void a_kick_does_not_wait_after_busy(void **state)
{
	struct play p;

	(void)state;
	play_init(&p);
	play_start(&p);
	until(&p, &p.opens, 1);
	link_disconnect(p.far, DIA_DISCONNECT_BUSY);
	until(&p, &p.downs, 1);
	assert_true(link_peer_next_ms(p.peer) >= 47000); /* the default, less the fifth */
	link_peer_kick(p.peer);
	until(&p, &p.opens, 2);
	play_fini(&p);
}

static void a_stopped_peer_gets_dpr_and_stays_away_until_kicked(void **state)
{
	struct play p;

	(void)state;
	play_init(&p);
	play_start(&p);
	until(&p, &p.opens, 1);
	link_peer_stop(p.peer, DIA_DISCONNECT_DO_NOT_WANT, "stopped in a test");
	assert_string_equal(link_peer_state(p.peer), "closing");
	until(&p, &p.downs, 1);
	until_state(&p, "stopped");
	assert_string_equal(reason(&p), "stopped in a test");
	assert_true(link_peer_next_ms(p.peer) == LINK_PEER_NO_ATTEMPT);
	until(&p, &p.far_downs, 1);
	assert_int_equal(p.far_counters.ended[LINK_END_DISCONNECTED], 1);
	run_ms(&p, 80);
	assert_int_equal(p.opens, 1);
	link_peer_kick(p.peer);
	assert_string_equal(link_peer_state(p.peer), "connecting"); /* at once, and not "waiting" for something */
	until(&p, &p.opens, 2);
	assert_string_equal(reason(&p), "");
	assert_string_equal(p.states, " open closing stopped connecting open");
	play_fini(&p);
}

/* A peer that cannot be reached takes turns between two words: the owner is told of the beginning, not of each attempt. */
static void an_outage_is_one_state(void **state)
{
	struct play p;

	(void)state;
	play_init(&p);
	stop_listening(&p);
	play_start(&p);
	until(&p, &p.fails, 3);
	assert_string_equal(p.states, "");
	play_fini(&p);
}

static void a_peer_stopped_while_it_waits_or_connects_makes_no_attempt(void **state)
{
	struct play p;
	int fails;

	(void)state;
	for (int connecting = 0; connecting <= 1; connecting++) {
		play_init(&p);
		p.mute = connecting;
		if (!connecting) {
			stop_listening(&p);
		}
		play_start(&p);
		if (connecting) {
			until_state(&p, "connecting");
		} else {
			until(&p, &p.fails, 1);
		}
		link_peer_stop(p.peer, DIA_DISCONNECT_DO_NOT_WANT, "stopped in a test");
		until_state(&p, "stopped");
		run_ms(&p, 5);
		fails = p.fails;
		run_ms(&p, 80);
		assert_int_equal(p.fails, fails);
		assert_int_equal(p.near_counters.connects, fails);
		play_fini(&p);
	}
}

/* The far side's idle watchdog is out of the way, its next message is what a test wants. */
static void reopen_init(struct play *p, int far_dwrs)
{
	play_init(p);
	p->peer_conf.reopen_detect = true;
	p->far_conf.watchdog_ms = 20000;
	p->far_dwrs = far_dwrs;
}

static void a_dwr_right_after_the_first_cea_costs_one_reconnect(void **state)
{
	struct play p;

	(void)state;
	reopen_init(&p, 1);
	play_start(&p);
	until(&p, &p.reopens, 1);
	until(&p, &p.opens, 2);
	assert_int_equal(p.far_counters.ended[LINK_END_DISCONNECTED], 1); /* by DPR */
	until(&p, &p.usables, 1);
	assert_string_equal(link_peer_state(p.peer), "open");
	assert_int_equal(ask(&p), 0);
	until(&p, &p.answers, 1);
	assert_int_equal(p.answer_err, 0);
	assert_int_equal(p.near_counters.connects, 2);
	assert_int_equal(p.holds, 0);
	play_fini(&p);
}

static void nothing_leaves_until_the_dwr_had_its_time(void **state)
{
	struct play p;

	(void)state;
	reopen_init(&p, 0);
	p.ask_on_open = true;
	play_start(&p);
	until(&p, &p.opens, 1);
	assert_int_equal(p.open_err, ERR_CLOSED);
	assert_string_equal(p.open_state, "connecting");
	until(&p, &p.usables, 1);
	assert_int_equal(ask(&p), 0);
	until(&p, &p.answers, 1);
	assert_int_equal(p.opens, 1);
	play_fini(&p);
}

static void after_an_end_in_order_or_unasked_a_dwr_is_only_a_dwr(void **state)
{
	(void)state;
	for (int detect = 0; detect <= 1; detect++) {
		struct play p;

		reopen_init(&p, detect ? 0 : 2);
		p.peer_conf.reopen_detect = detect;
		play_start(&p);
		until(&p, &p.opens, 1);
		p.far_dwrs = 1;
		link_disconnect(p.far, DIA_DISCONNECT_REBOOTING);
		until(&p, &p.opens, 2);
		assert_string_equal(link_peer_state(p.peer), "open");
		run_ms(&p, 50);
		assert_int_equal(p.opens, 2);
		assert_int_equal(p.reopens + p.holds, 0);
		play_fini(&p);
	}
}

static void held_init(struct play *p)
{
	reopen_init(p, 9);
	p->near_conf.watchdog_ms = 20000;
	play_start(p);
	until(p, &p->holds, 1);
	assert_string_equal(link_peer_state(p->peer), "peer in reopen");
	assert_non_null(strstr(reason(p), "three watchdog answers"));
	assert_int_equal(p->opens, 2);
	assert_int_equal(p->usables, 0);
}

static void held_it_gets_a_probe_whose_answer_ends_the_hold(void **state)
{
	struct play p;

	(void)state;
	held_init(&p);
	assert_int_equal(ask(&p), 0);
	assert_int_equal(ask(&p), ERR_CLOSED);
	until(&p, &p.answers, 1);
	assert_int_equal(p.answer_err, 0);
	assert_int_equal(p.usables, 1);
	assert_string_equal(link_peer_state(p.peer), "open");
	assert_int_equal(ask(&p), 0);
	play_fini(&p);
}

static void held_it_is_used_after_its_third_dwr(void **state)
{
	struct play p;

	(void)state;
	held_init(&p);
	p.far_discards = true;
	assert_int_equal(ask(&p), 0);
	assert_int_equal(ask(&p), ERR_CLOSED);
	until(&p, &p.answers, 1);
	assert_int_equal(p.answer_err, ERR_TIMEOUT);
	assert_int_equal(ask(&p), ERR_CLOSED);
	link_probe(p.far, 60000);
	run_ms(&p, 20);
	assert_string_equal(link_peer_state(p.peer), "peer in reopen");
	assert_int_equal(ask(&p), 0); /* a DWR more, a probe more */
	assert_int_equal(ask(&p), ERR_CLOSED);
	link_probe(p.far, 60000);
	until(&p, &p.usables, 1);
	assert_string_equal(link_peer_state(p.peer), "open");
	assert_int_equal(p.opens, 2);
	play_fini(&p);
}

static void held_it_is_used_when_it_asks_itself(void **state)
{
	uint8_t octets[64];
	size_t n = lab_message(octets, sizeof octets, DIA_FLAG_R, LAB_CMD, LAB_APP, 1, 4);
	struct play p;

	(void)state;
	held_init(&p);
	assert_int_equal(link_request(p.far, octets, n, 500, near_answer, &p), 0);
	until(&p, &p.requests, 1);
	assert_int_equal(p.usables, 1);
	assert_string_equal(link_peer_state(p.peer), "open");
	play_fini(&p);
}

static void held_it_is_used_after_three_tw(void **state)
{
	uint64_t since_ms;
	struct play p;

	(void)state;
	reopen_init(&p, 9);
	play_start(&p);
	since_ms = clock_mono_ms();
	until(&p, &p.holds, 1);
	until(&p, &p.usables, 1);
	assert_true(clock_mono_ms() - since_ms >= 295);
	assert_string_equal(link_peer_state(p.peer), "open");
	play_fini(&p);
}

static void our_own_three_watchdogs_stay_due_over_the_reconnect(void **state)
{
	struct play p;

	(void)state;
	reopen_init(&p, 0);
	play_start(&p);
	until(&p, &p.usables, 1);
	p.far_dwrs = 1;
	link_drop(p.far, "lost");
	until(&p, &p.reopens, 1);
	until(&p, &p.opens, 3);
	assert_string_equal(link_peer_state(p.peer), "reopening");
	assert_int_equal(ask(&p), ERR_CLOSED);
	until(&p, &p.usables, 2);
	assert_int_equal(ask(&p), 0);
	play_fini(&p);
}

static void told_busy_while_it_reconnects_it_is_left_alone(void **state)
{
	struct play p;

	(void)state;
	reopen_init(&p, 1);
	p.far_busy = true; /* its DPR crosses ours */
	play_start(&p);
	until(&p, &p.downs, 1);
	until_state(&p, "waiting");
	assert_int_equal(p.reopens, 1);
	assert_non_null(strstr(reason(&p), "told BUSY"));
	assert_int_equal(p.opens, 1);
	assert_true(link_peer_next_ms(p.peer) >= 47000);
	play_fini(&p);
}

static void a_polite_end_says_dpr_first(void **state)
{
	struct play p;

	(void)state;
	play_init(&p);
	play_start(&p);
	until(&p, &p.opens, 1);
	link_peer_free(p.peer, true);
	p.peer = NULL;
	until(&p, &p.far_downs, 1);
	assert_int_equal(p.far_counters.ended[LINK_END_DISCONNECTED], 1);
	run_ms(&p, 10);
	assert_int_equal(p.downs, 0);
	play_fini(&p);
}

static void a_polite_end_while_it_disconnects_already_is_silent(void **state)
{
	struct play p;

	(void)state;
	play_init(&p);
	play_start(&p);
	until(&p, &p.opens, 1);
	assert_int_equal(ask(&p), 0);
	link_peer_stop(p.peer, DIA_DISCONNECT_REBOOTING, "stopped in a test");
	link_peer_free(p.peer, true);
	p.peer = NULL;
	assert_int_equal(p.answers, 1);
	until(&p, &p.far_downs, 1);
	run_ms(&p, 20);
	assert_int_equal(p.downs + p.fails, 0);
	play_fini(&p);
}

static void the_cer_names_the_address_of_the_connection(void **state)
{
	struct play p;

	(void)state;
	play_init(&p);
	p.far_cb.on_cer = far_cer;
	play_start(&p);
	until(&p, &p.opens, 1);
	assert_int_equal(p.address.family, 1);
	assert_memory_equal(p.address.octets, "\x7f\0\0\x01", 4);
	play_fini(&p);
}

static void it_may_be_freed_in_every_callback_and_at_every_time(void **state)
{
	(void)state;
	for (int i = 0; i < 6; i++) {
		struct play p;

		play_init(&p);
		p.free_on_open = i == 0;
		p.free_on_down = i == 1;
		p.free_on_failed = i == 2;
		if (i == 2) {
			stop_listening(&p);
		}
		play_start(&p);
		if (i == 1) {
			until(&p, &p.opens, 1);
			link_drop(p.far, "lost");
		}
		if (i >= 4) { /* connecting, or waiting for the CEA */
			run_ms(&p, (uint64_t)i - 4);
		}
		if (i >= 3) {
			link_peer_free(p.peer, i == 5);
			p.peer = NULL;
		}
		run_ms(&p, 30);
		assert_null(p.peer);
		play_fini(&p);
	}
	link_peer_free(NULL, true);
}

static void a_mute_or_babbling_server_is_given_up_and_tried_again(void **state)
{
	static const char *const words[] = { NULL, "SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n", "\001" };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct play p;

		play_init(&p);
		p.mute = !words[i];
		p.raw = words[i];
		p.near_conf.cea_wait_ms = 60;
		play_start(&p);
		until(&p, &p.fails, 2);
		assert_int_equal(p.opens, 0);
		assert_int_equal(p.near_counters.ended[i == 1 ? LINK_END_NOT_DIAMETER : LINK_END_NO_CEA], p.fails);
		play_fini(&p);
	}
}

static void a_peer_that_stops_answering_becomes_suspect_then_down(void **state)
{
	struct play p;
	uint8_t cea[512], in[512];
	struct dia_capabilities c = { .result_code = dia_u32_of(2001),
				      .origin_host = dia_text("hss.core.example"),
				      .origin_realm = dia_text("core.example"),
				      .addresses = { { .family = 1 } },
				      .addresses_n = 1,
				      .vendor_id = dia_u32_of(0),
				      .product_name = dia_text("raw"),
				      .auth_applications = { LAB_APP },
				      .auth_applications_n = 1 };
	struct buf b = buf_over(cea, sizeof cea);
	struct dia_hdr h;

	(void)state;
	play_init(&p);
	p.mute = true;
	play_start(&p);
	until(&p, &p.raw_n, 1);
	run_ms(&p, 5);
	assert_true(recv(p.raw_fd[0], in, sizeof in, 0) > 20);
	assert_int_equal(dia_hdr_parse(&h, in, 20), 0);
	assert_int_equal(h.code, 257);
	dia_capabilities_build(&b, &c, h.hop_by_hop, h.end_to_end);
	assert_true(send(p.raw_fd[0], cea, b.len, 0) > 0);
	until(&p, &p.opens, 1);
	assert_int_equal(ask_within(&p, 60000), 0); /* longer than the watchdog takes */
	until_state(&p, "suspect");
	assert_null(link_peer_link(p.peer));
	until(&p, &p.downs, 1);
	assert_int_equal(p.answers, 1);
	assert_int_equal(p.answer_err, ERR_CLOSED);
	assert_int_equal(p.near_counters.ended[LINK_END_WATCHDOG], 1);
	run_ms(&p, 1);
	assert_string_equal(p.states, " open suspect waiting");
	play_fini(&p);
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_connects_exchanges_capabilities_and_carries_requests),
		cmocka_unit_test(a_lost_peer_is_reconnected_and_used_after_three_watchdogs),
		cmocka_unit_test(requests_of_a_peer_that_reopens_are_dropped),
		cmocka_unit_test(another_peer_under_the_same_address_is_refused),
		cmocka_unit_test(a_cea_that_says_no_is_reported_with_its_code_and_tried_again),
		cmocka_unit_test(nobody_there_is_tried_again_ever_more_slowly_up_to_tc),
		cmocka_unit_test(an_ipv6_peer_stands_in_brackets_before_its_port),
		cmocka_unit_test(a_kick_does_not_wait_for_tc),
		cmocka_unit_test(after_dpr_rebooting_it_comes_back_at_once_in_full),
		cmocka_unit_test(after_dpr_busy_or_do_not_want_it_comes_back_slowly),
		cmocka_unit_test(a_kick_does_not_wait_after_busy),
		cmocka_unit_test(an_outage_is_one_state),
		cmocka_unit_test(a_stopped_peer_gets_dpr_and_stays_away_until_kicked),
		cmocka_unit_test(a_peer_stopped_while_it_waits_or_connects_makes_no_attempt),
		cmocka_unit_test(a_dwr_right_after_the_first_cea_costs_one_reconnect),
		cmocka_unit_test(nothing_leaves_until_the_dwr_had_its_time),
		cmocka_unit_test(after_an_end_in_order_or_unasked_a_dwr_is_only_a_dwr),
		cmocka_unit_test(held_it_gets_a_probe_whose_answer_ends_the_hold),
		cmocka_unit_test(held_it_is_used_after_its_third_dwr),
		cmocka_unit_test(held_it_is_used_when_it_asks_itself),
		cmocka_unit_test(held_it_is_used_after_three_tw),
		cmocka_unit_test(our_own_three_watchdogs_stay_due_over_the_reconnect),
		cmocka_unit_test(told_busy_while_it_reconnects_it_is_left_alone),
		cmocka_unit_test(a_polite_end_says_dpr_first),
		cmocka_unit_test(a_polite_end_while_it_disconnects_already_is_silent),
		cmocka_unit_test(the_cer_names_the_address_of_the_connection),
		cmocka_unit_test(it_may_be_freed_in_every_callback_and_at_every_time),
		cmocka_unit_test(a_mute_or_babbling_server_is_given_up_and_tried_again),
		cmocka_unit_test(a_peer_that_stops_answering_becomes_suspect_then_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
