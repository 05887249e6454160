/* An accepted link: capabilities, verdicts, requests and answers, the watchdog, an end in order, and an owner who frees it anywhere. */
#include "tests/unit/link/lab.h"

#include <sys/socket.h>

#include "link/link_conn.h"

static uint8_t octets[LAB_MESSAGE_MAX];

static void a_fitting_cer_is_answered_with_all_our_applications(void **state)
{
	struct lab t;
	struct dia_capabilities cea;
	struct dia_failed failed;
	struct dia_msg m;

	(void)state;
	lab_init(&t);
	t.conf.applications[1] = 16777310;
	t.conf.applications_n = 2;
	lab_open(&t);
	lab_send(&t, octets, lab_cer(octets, sizeof octets, "SCS.Example", LAB_APP));
	assert_true(lab_recv(&t, octets, &m));
	assert_int_equal(dia_capabilities_parse(&cea, &m, &failed), 0);
	assert_int_equal(m.hdr.hop_by_hop, 0x11);
	assert_int_equal(m.hdr.end_to_end, 0x22);
	assert_int_equal(cea.result_code.v, 2001);
	assert_int_equal(cea.vendor_applications_n, 2);
	assert_int_equal(cea.vendor_applications[1].application_id, 16777310);
	assert_int_equal(cea.addresses_n, 1);
	assert_int_equal(t.opens, 1);
	assert_string_equal(link_peer_host(t.link), "scs.example"); /* the one form */
	assert_string_equal(t.link->realm, "scs.example");
	assert_string_equal(link_address(t.link), "192.0.2.7:40000");
	assert_true(link_is_open(t.link));
	assert_int_equal(t.counters.opened, 1);
	lab_fini(&t);
}

/* A second table, from the drawing in link_conn.h: a row for each phase, the letters of those that may follow: Idle, waiting for
 * the Cer, Verdict, Machine, Ended. */
static void an_accepted_connection_passes_every_phase_once(void **state)
{
	static const char letters[] = "ICVME";
	static const char *const next_of[] = { "CM", "VE", "ME", "E", "I" };

	(void)state;
	for (unsigned from = 0; from < LINK_PHASES; from++) {
		for (unsigned to = 0; to < LINK_PHASES; to++) {
			assert_int_equal(machine_may(&link_phase_machine, from, to), strchr(next_of[from], letters[to]) != NULL);
		}
	}
}

static void links_are_counted_by_their_phase(void **state)
{
	struct lab t;
	const uint32_t *in = t.counters.in_phase, *fsm = t.counters.in_fsm, *watchdog = t.counters.in_watchdog;
	struct dia_msg m;

	(void)state;
	lab_init(&t);
	t.hold = true;
	lab_open(&t);
	assert_int_equal(in[LINK_WAIT_CER], 1);
	assert_int_equal(fsm[PEER_CLOSED], 1);
	assert_int_equal(watchdog[PEER_WD_INITIAL], 1);
	assert_int_equal(t.counters.in_reopen[PEER_REOPEN_CLEAR], 1);
	lab_send(&t, octets, lab_cer(octets, sizeof octets, "scs.example", LAB_APP));
	lab_until(&t, &t.cers, 1);
	assert_int_equal(in[LINK_WAIT_CER], 0);
	assert_int_equal(in[LINK_VERDICT], 1);
	link_admit(t.link);
	assert_int_equal(in[LINK_MACHINE], 1);
	assert_int_equal(fsm[PEER_R_OPEN], 1);
	assert_int_equal(watchdog[PEER_WD_OKAY], 1);
	assert_true(lab_recv(&t, octets, &m));
	link_drop(t.link, "test");
	assert_int_equal(in[LINK_ENDED], 1);
	assert_int_equal(fsm[PEER_CLOSED], 1);
	assert_int_equal(watchdog[PEER_WD_DOWN], 1);
	lab_until(&t, &t.downs, 1);
	lab_fini(&t);
	for (unsigned i = 0; i < LINK_PHASES; i++) {
		assert_int_equal(in[i], 0);
	}
	for (unsigned i = 0; i < PEER_STATE_N; i++) {
		assert_int_equal(fsm[i], 0);
	}
	for (unsigned i = 0; i < PEER_WD_STATE_N; i++) {
		assert_int_equal(watchdog[i], 0);
	}
	assert_int_equal(t.counters.in_reopen[PEER_REOPEN_CLEAR], 0);
}

static void the_cea_waits_for_the_verdict_and_nothing_else_is_read(void **state)
{
	struct lab t;
	struct dia_msg m;

	(void)state;
	lab_init(&t);
	t.hold = true;
	lab_open(&t);
	lab_send(&t, octets, lab_cer(octets, sizeof octets, "scs.example", LAB_APP));
	lab_until(&t, &t.cers, 1);
	lab_send(&t, octets, lab_message(octets, sizeof octets, DIA_FLAG_R, LAB_CMD, LAB_APP, 5, 4));
	lab_run_ms(&t, 20);
	assert_int_equal(t.requests, 0);
	assert_int_equal(t.opens, 0);
	assert_false(link_is_open(t.link));
	link_admit(t.link);
	assert_true(lab_recv(&t, octets, &m));
	assert_int_equal(lab_result_code(&m), 2001);
	lab_until(&t, &t.requests, 1);
	lab_fini(&t);
}

static void a_refusal_by_the_owner_names_us_and_the_reason_and_closes(void **state)
{
	struct lab t;
	struct dia_avp avp;
	struct dia_msg m;

	(void)state;
	lab_init(&t);
	t.hold = true;
	lab_open(&t);
	lab_send(&t, octets, lab_cer(octets, sizeof octets, "scs.example", LAB_APP));
	lab_until(&t, &t.cers, 1);
	link_refuse(t.link, DIA_RESULT_UNKNOWN_PEER);
	assert_true(lab_recv(&t, octets, &m));
	assert_int_equal(m.hdr.flags, DIA_FLAG_E);
	assert_int_equal(lab_result_code(&m), 3010);
	assert_true(dia_msg_find(&m, 264, 0, &avp));
	assert_memory_equal(avp.data, "iwf.operator.example", avp.data_len);
	assert_false(dia_msg_find(&m, 257, 0, &avp)); /* nothing else about us */
	lab_expect_end(&t, false);
	assert_int_equal(t.opens, 0);
	assert_int_equal(t.downs, 1);
	assert_int_equal(t.down_err, ERR_REFUSED);
	assert_int_equal(t.counters.refused, 1);
	lab_fini(&t);
}

static void without_a_verdict_the_cer_is_answered_too_busy(void **state)
{
	struct lab t;
	struct dia_msg m;

	(void)state;
	lab_init(&t);
	t.hold = true;
	t.conf.cea_wait_ms = 30;
	lab_open(&t);
	lab_send(&t, octets, lab_cer(octets, sizeof octets, "scs.example", LAB_APP));
	assert_true(lab_recv(&t, octets, &m));
	assert_int_equal(lab_result_code(&m), 3004);
	lab_expect_end(&t, false);
	link_admit(t.link); /* too late: nothing happens */
	assert_int_equal(t.opens, 0);
	lab_fini(&t);
}

static void cers_that_do_not_fit_get_their_result_code(void **state)
{
	static const struct {
		const char *host;
		uint32_t application, result_code;
	} rows[] = {
		{ "scs.example", 4, 5010 },
		{ "IWF.operator.example", LAB_APP, 3010 }, /* our own name */
		{ "-not a host-", LAB_APP, 5004 },
		{ "scs.example.", LAB_APP, 5004 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct lab t;
		struct dia_msg m;
		struct dia_avp avp;

		lab_init(&t);
		lab_open(&t);
		lab_send(&t, octets, lab_cer(octets, sizeof octets, rows[i].host, rows[i].application));
		assert_true(lab_recv(&t, octets, &m));
		assert_int_equal(lab_result_code(&m), rows[i].result_code);
		if (rows[i].result_code / 1000 == 3) {
			assert_int_equal(m.hdr.flags, DIA_FLAG_E);
			assert_false(dia_msg_find(&m, 257, 0, &avp));
		} else {
			lab_expect_whole_cea(&m);
		}
		assert_int_equal(dia_msg_find(&m, 279, 0, &avp), rows[i].result_code == 5004);
		if (rows[i].result_code == 5004) {
			struct rd r = rd_over(avp.data, avp.data_len);

			assert_int_equal(rd_be32(&r), 264);
			assert_non_null(memmem(avp.data, avp.data_len, rows[i].host, strlen(rows[i].host)));
		}
		lab_expect_end(&t, false);
		assert_int_equal(t.cers, 0);
		assert_int_equal(t.counters.ended[LINK_END_REFUSED], 1);
		lab_fini(&t);
	}
}

static void a_cer_without_its_members_gets_5005(void **state)
{
	struct lab t;

	(void)state;
	lab_init(&t);
	lab_open(&t);
	lab_send(&t, octets, lab_message(octets, sizeof octets, DIA_FLAG_R, 257, 0, 9, 4));
	lab_expect_error(&t, 9, 257, 5005, false);
	lab_expect_end(&t, false);
	lab_fini(&t);
}

static void a_relay_meets_every_application_and_so_do_we_as_one(void **state)
{
	struct lab t;
	struct dia_msg m;
	struct dia_avp avp;

	(void)state;
	lab_init(&t);
	t.conf.relay = true;
	lab_open(&t);
	lab_send(&t, octets, lab_cer(octets, sizeof octets, "scs.example", 4));
	assert_true(lab_recv(&t, octets, &m));
	assert_int_equal(lab_result_code(&m), 2001);
	assert_true(dia_msg_find(&m, 258, 0, &avp));
	assert_memory_equal(avp.data, "\xff\xff\xff\xff", 4);
	lab_send(&t, octets, lab_message(octets, sizeof octets, DIA_FLAG_R, 12345, 77, 5, 4));
	lab_until(&t, &t.requests, 1);
	lab_fini(&t);
}

static void requests_go_up_with_their_bits_and_answers_go_back(void **state)
{
	struct lab t;
	struct dia_msg m;

	(void)state;
	lab_init(&t);
	t.echo = true;
	lab_open(&t);
	lab_exchange(&t);
	lab_send(&t, octets, lab_message(octets, sizeof octets, DIA_FLAG_R | DIA_FLAG_P | DIA_FLAG_T, LAB_CMD, LAB_APP, 77, 4));
	assert_true(lab_recv(&t, octets, &m));
	assert_int_equal(t.requests, 1);
	assert_int_equal(t.request.flags, DIA_FLAG_R | DIA_FLAG_P | DIA_FLAG_T);
	assert_int_equal(t.request.hop_by_hop, 77);
	assert_int_equal(m.hdr.hop_by_hop, 77);
	assert_int_equal(m.hdr.flags, DIA_FLAG_P);
	assert_int_equal(t.counters.requests_in, 1);
	assert_int_equal(t.counters.answers_out, 1);
	lab_fini(&t);
}

static void on_answer(void *arg, int err, const struct dia_msg *m)
{
	struct lab *t = arg;

	assert_int_equal(err == 0, m != NULL);
	t->answers++;
	t->last_answer_err = err;
}

static void ask(struct lab *t, uint32_t wait_ms, int expect)
{
	uint8_t request[64];
	size_t n = lab_message(request, sizeof request, DIA_FLAG_R | DIA_FLAG_P, LAB_CMD, LAB_APP, 31, 4);

	assert_int_equal(link_request(t->link, request, n, wait_ms, on_answer, t), expect);
}

static void a_request_of_ours_is_answered_once(void **state)
{
	struct lab t;
	struct dia_msg m;

	(void)state;
	lab_init(&t);
	lab_open(&t);
	ask(&t, 1000, ERR_CLOSED); /* not open yet */
	lab_exchange(&t);
	ask(&t, 1000, 0);
	assert_true(lab_recv(&t, octets, &m));
	assert_int_equal(m.hdr.end_to_end, 31); /* ours is kept */
	octets[4] = 0;
	lab_send(&t, octets, m.hdr.length);
	lab_send(&t, octets, m.hdr.length); /* the copy has no owner any more */
	lab_until(&t, &t.answers, 1);
	assert_int_equal(t.last_answer_err, 0);
	lab_run_ms(&t, 10);
	assert_int_equal(t.answers, 1);
	assert_int_equal(t.counters.answers_unknown, 1);
	assert_true(link_is_open(t.link));
	lab_fini(&t);
}

static void a_request_without_answer_times_out(void **state)
{
	struct lab t;

	(void)state;
	lab_init(&t);
	lab_open(&t);
	lab_exchange(&t);
	ask(&t, 20, 0);
	lab_until(&t, &t.answers, 1);
	assert_int_equal(t.last_answer_err, ERR_TIMEOUT);
	assert_int_equal(t.counters.timeouts, 1);
	assert_true(link_is_open(t.link));
	lab_fini(&t);
}

static void pending_requests_are_bounded_and_closed_with_the_link(void **state)
{
	struct lab t;

	(void)state;
	lab_init(&t);
	t.conf.pending_max = 2;
	lab_open(&t);
	lab_exchange(&t);
	ask(&t, 1000, 0);
	ask(&t, 1000, 0);
	ask(&t, 1000, ERR_BUSY);
	assert_int_equal(t.counters.pending_full, 1);
	link_drop(t.link, "test");
	assert_int_equal(t.answers, 0); /* on the next turn */
	ask(&t, 1000, ERR_CLOSED);
	lab_until(&t, &t.downs, 1);
	assert_int_equal(t.answers, 2); /* before on_down */
	assert_int_equal(t.last_answer_err, ERR_CLOSED);
	assert_string_equal(t.down_why, "dropped by its owner: test");
	lab_fini(&t);
}

static void freeing_gives_pending_requests_their_end_and_nothing_else(void **state)
{
	struct lab t;

	(void)state;
	lab_init(&t);
	lab_open(&t);
	lab_exchange(&t);
	ask(&t, 1000, 0);
	link_free(t.link);
	t.link = NULL;
	assert_int_equal(t.answers, 1);
	assert_int_equal(t.last_answer_err, ERR_CLOSED);
	lab_run_ms(&t, 5);
	assert_int_equal(t.downs, 0);
	lab_fini(&t);
	link_free(NULL);
}

static void the_owner_may_free_the_link_in_every_callback(void **state)
{
	(void)state;
	for (int i = 0; i < 4; i++) {
		struct lab t;

		lab_init(&t);
		t.free_on_cer = i == 0;
		t.free_on_open = i == 1;
		t.free_on_request = i == 2;
		t.free_on_down = i == 3;
		lab_open(&t);
		lab_send(&t, octets, lab_cer(octets, sizeof octets, "scs.example", LAB_APP));
		if (i >= 2) {
			lab_until(&t, &t.opens, 1);
		}
		lab_send(&t, octets, lab_message(octets, sizeof octets, DIA_FLAG_R, LAB_CMD, LAB_APP, 1, 4));
		if (i == 3) {
			link_drop(t.link, "test");
		}
		lab_run_ms(&t, 20);
		assert_null(t.link);
		lab_fini(&t);
	}
}

static void free_in_answer(void *arg, int err, const struct dia_msg *m)
{
	struct lab *t = arg;

	(void)err;
	(void)m;
	t->answers++;
	link_free(t->link);
	t->link = NULL;
}

static void the_owner_may_free_the_link_in_an_answer(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		struct lab t;
		struct dia_msg m;
		uint8_t request[64];
		size_t n = lab_message(request, sizeof request, DIA_FLAG_R, LAB_CMD, LAB_APP, 31, 4);

		lab_init(&t);
		lab_open(&t);
		lab_exchange(&t);
		assert_int_equal(link_request(t.link, request, n, i ? 1000 : 5, free_in_answer, &t), 0);
		assert_true(lab_recv(&t, octets, &m));
		octets[4] = 0;
		if (i) {
			lab_send(&t, octets, m.hdr.length);
		}
		lab_until(&t, &t.answers, 1);
		assert_null(t.link);
		lab_fini(&t);
	}
}

static void a_dwr_is_answered(void **state)
{
	struct lab t;
	struct dia_msg m;

	(void)state;
	lab_init(&t);
	lab_open(&t);
	lab_exchange(&t);
	lab_send(&t, octets, lab_dwr(octets, sizeof octets, "scs.example", 5));
	assert_true(lab_recv(&t, octets, &m));
	assert_int_equal(m.hdr.flags & DIA_FLAG_R, 0);
	assert_int_equal(m.hdr.code, 280);
	assert_int_equal(lab_result_code(&m), 2001);
	lab_fini(&t);
}

/* A message moves the deadline of the watchdog, whatever moved it before. */
static void each_message_sets_the_watchdog_anew(void **state)
{
	struct lab t;

	(void)state;
	lab_init(&t);
	lab_open(&t);
	lab_exchange(&t);
	for (int i = 1; i <= 3; i++) {
		uint64_t sent_ms = net_loop_now_ms(t.loop);

		lab_run_ms(&t, 2);
		t.link->watchdog.deadline_ms = UINT64_MAX;
		lab_send(&t, octets, lab_message(octets, sizeof octets, DIA_FLAG_R, LAB_CMD, LAB_APP, (uint32_t)i, 4));
		lab_until(&t, &t.requests, i);
		assert_true(t.link->watchdog.deadline_ms > sent_ms && t.link->watchdog.deadline_ms != UINT64_MAX);
	}
	lab_fini(&t);
}

/* Between two messages of one piece, hence of one millisecond, the watchdog gives the peer up. */
static void suspect(void *arg, struct link *l, const struct dia_msg *m)
{
	struct lab *t = arg;

	(void)m;
	t->requests++;
	if (t->requests == 2) {
		(void)link_watch(l, PEER_WD_TW_EXPIRES);
		(void)link_watch(l, PEER_WD_TW_EXPIRES);
		assert_int_equal(l->watchdog.state, PEER_WD_SUSPECT);
	}
}

static void a_message_in_the_same_millisecond_brings_a_suspect_back(void **state)
{
	struct lab t;
	size_t n = 0;

	(void)state;
	lab_init(&t);
	t.cb.on_request = suspect;
	lab_open(&t);
	lab_exchange(&t);
	for (uint32_t i = 1; i <= 3; i++) {
		n += lab_message(octets + n, sizeof octets - n, DIA_FLAG_R, LAB_CMD, LAB_APP, i, 4);
	}
	lab_send(&t, octets, n);
	lab_until(&t, &t.requests, 3);
	assert_int_equal(t.link->watchdog.state, PEER_WD_OKAY);
	assert_int_equal(t.counters.suspects, 1);
	lab_fini(&t);
}

static void a_silent_peer_is_asked_once_and_then_closed(void **state)
{
	struct lab t;
	struct dia_msg m;

	(void)state;
	lab_init(&t);
	t.conf.watchdog_ms = 60;
	t.conf.watchdog_unchecked = true;
	lab_open(&t);
	lab_exchange(&t);
	assert_true(lab_recv(&t, octets, &m));
	assert_int_equal(m.hdr.flags, DIA_FLAG_R);
	assert_int_equal(m.hdr.code, 280);
	lab_expect_end(&t, false);
	assert_int_equal(t.counters.ended[LINK_END_WATCHDOG], 1);
	assert_int_equal(t.counters.suspects, 1);
	assert_int_equal(t.down_err, ERR_TIMEOUT);
	lab_fini(&t);
}

static void a_probe_is_forgotten_with_the_next_message_and_without_one_ends_the_link(void **state)
{
	struct lab t;
	struct dia_msg m;
	size_t n;

	(void)state;
	lab_init(&t);
	lab_open(&t);
	lab_exchange(&t);
	t.probe_ms = 1; /* asked while the next message is already there: no machine is too slow to hear it in time */
	n = lab_message(octets, sizeof octets, DIA_FLAG_R, LAB_CMD, LAB_APP, 1, 4);
	n += lab_message(octets + n, sizeof octets - n, DIA_FLAG_R, LAB_CMD, LAB_APP, 2, 4);
	lab_send(&t, octets, n);
	lab_until(&t, &t.requests, 2);
	assert_true(lab_recv(&t, octets, &m)); /* DWR long before the watchdog's own */
	assert_int_equal(m.hdr.code, 280);
	lab_run_ms(&t, 20);
	assert_true(link_is_open(t.link));
	link_probe(t.link, 40);
	assert_true(lab_recv(&t, octets, &m));
	assert_int_equal(m.hdr.code, 280);
	lab_expect_end(&t, false);
	assert_int_equal(t.counters.ended[LINK_END_WATCHDOG], 1);
	lab_fini(&t);
}

static void only_the_dwa_to_our_dwr_counts(void **state)
{
	struct lab t;
	struct dia_msg m;

	(void)state;
	lab_init(&t);
	lab_open(&t);
	lab_exchange(&t);
	link_probe(t.link, 2000);
	assert_true(lab_recv(&t, octets, &m)); /* DWR */
	octets[4] = 0;
	octets[15] ^= 1; /* Hop-by-Hop-Id */
	lab_send(&t, octets, m.hdr.length);
	octets[15] ^= 1;
	octets[19] ^= 1; /* End-to-End-Id */
	lab_send(&t, octets, m.hdr.length);
	lab_run_ms(&t, 10);
	assert_int_equal(t.counters.dwa_received, 0);
	assert_int_equal(t.counters.answers_unknown, 2);
	octets[19] ^= 1;
	lab_send(&t, octets, m.hdr.length);
	lab_run_ms(&t, 10);
	assert_int_equal(t.counters.dwa_received, 1);
	lab_fini(&t);
}

static void a_dpr_is_answered_and_the_peer_closes(void **state)
{
	struct lab t;
	struct dia_msg m;

	(void)state;
	lab_init(&t);
	lab_open(&t);
	lab_exchange(&t);
	lab_send(&t, octets, lab_dpr(octets, sizeof octets, 2, 5));
	assert_true(lab_recv(&t, octets, &m));
	assert_int_equal(m.hdr.code, 282);
	assert_int_equal(lab_result_code(&m), 2001);
	assert_false(link_is_open(t.link));
	ask(&t, 100, ERR_CLOSED);
	lab_expect_end(&t, false); /* we do not wait for ever: dpa_wait_ms */
	assert_int_equal(t.downs, 1);
	assert_int_equal(t.counters.ended[LINK_END_DISCONNECTED], 1);
	lab_fini(&t);
}

static void answer_the_last(struct lab *t)
{
	size_t n = lab_message(octets, sizeof octets, DIA_FLAG_P, t->request.code, t->request.app_id, t->request.hop_by_hop, 4);

	assert_int_equal(link_answer(t->link, octets, n), 0);
}

static size_t two_requests(uint8_t *out, size_t cap)
{
	size_t n = lab_message(out, cap, DIA_FLAG_R | DIA_FLAG_P, LAB_CMD, LAB_APP, 7, 4);

	return n + lab_message(out + n, cap - n, DIA_FLAG_R | DIA_FLAG_P, LAB_CMD, LAB_APP, 8, 4);
}

/* Two requests and what says that the peer leaves, in one write. */
static void two_requests_and(struct lab *t, bool dpr)
{
	size_t n;

	lab_init(t);
	t->conf.dpa_wait_ms = 600000;
	lab_open(t);
	lab_exchange(t);
	n = two_requests(octets, sizeof octets);
	if (dpr) {
		n += lab_dpr(octets + n, sizeof octets - n, 0, 9);
	}
	lab_send(t, octets, n);
	if (!dpr) {
		assert_int_equal(shutdown(t->fd, SHUT_WR), 0);
	}
	lab_until(t, &t->requests, 2);
	lab_run_ms(t, 5);
}

static void answers_go_out_before_the_dpa(void **state)
{
	struct lab t;
	struct dia_msg m;

	(void)state;
	two_requests_and(&t, true);
	assert_true(link_is_open(t.link)); /* no DPA yet */
	answer_the_last(&t);
	t.request.hop_by_hop = 7;
	answer_the_last(&t);
	assert_true(lab_recv(&t, octets, &m));
	assert_int_equal(m.hdr.hop_by_hop, 8);
	assert_true(lab_recv(&t, octets, &m));
	assert_int_equal(m.hdr.hop_by_hop, 7);
	assert_true(lab_recv(&t, octets, &m));
	assert_int_equal(m.hdr.code, DIA_CMD_DISCONNECT_PEER);
	assert_int_equal(m.hdr.hop_by_hop, 9);
	assert_false(link_is_open(t.link));
	shutdown(t.fd, SHUT_WR);
	lab_until(&t, &t.downs, 1);
	assert_int_equal(t.counters.ended[LINK_END_DISCONNECTED], 1);
	lab_fini(&t);
}

static void answers_go_out_to_a_peer_that_has_ended_its_direction(void **state)
{
	struct lab t;
	struct dia_msg m;

	(void)state;
	two_requests_and(&t, false);
	assert_int_equal(t.downs, 0);
	answer_the_last(&t);
	t.request.hop_by_hop = 7;
	answer_the_last(&t);
	assert_true(lab_recv(&t, octets, &m));
	assert_int_equal(m.hdr.hop_by_hop, 8);
	assert_true(lab_recv(&t, octets, &m));
	assert_int_equal(m.hdr.hop_by_hop, 7);
	lab_expect_end(&t, false);
	assert_int_equal(t.counters.ended[LINK_END_LOST], 1);
	lab_fini(&t);
}

/* Who leaves is not kept for ever: an answer that does not come in half of dpa_wait_ms is not waited for. */
static void the_wait_for_answers_of_one_who_leaves_is_bounded(void **state)
{
	(void)state;
	for (int dpr = 0; dpr < 2; dpr++) {
		struct lab t;
		struct dia_msg m;
		size_t n;

		lab_init(&t);
		t.conf.dpa_wait_ms = 200;
		lab_open(&t);
		lab_exchange(&t);
		lab_send(&t, octets, two_requests(octets, sizeof octets));
		lab_until(&t, &t.requests, 2);
		answer_the_last(&t); /* one of the two */
		if (dpr) {           /* and it may ask nothing more */
			n = lab_dpr(octets, sizeof octets, 0, 9);
			n += lab_message(octets + n, sizeof octets - n, DIA_FLAG_R, LAB_CMD, LAB_APP, 10, 4);
			lab_send(&t, octets, n);
		} else {
			assert_int_equal(shutdown(t.fd, SHUT_WR), 0);
		}
		assert_true(lab_recv(&t, octets, &m));
		assert_int_equal(m.hdr.hop_by_hop, 8);
		if (dpr) {
			assert_true(lab_recv(&t, octets, &m));
			assert_int_equal(m.hdr.code, DIA_CMD_DISCONNECT_PEER);
			assert_int_equal(t.requests, 2);
			assert_int_equal(t.counters.unwelcome, 1);
			shutdown(t.fd, SHUT_WR);
			lab_until(&t, &t.downs, 1);
		} else {
			lab_expect_end(&t, false);
		}
		lab_fini(&t);
	}
}

static void a_request_of_ours_fails_at_once_when_nobody_can_answer(void **state)
{
	struct dia_msg m;
	struct lab t;
	size_t n;

	(void)state;
	lab_init(&t);
	lab_open(&t);
	lab_exchange(&t);
	lab_send(&t, octets, lab_message(octets, sizeof octets, DIA_FLAG_R, LAB_CMD, LAB_APP, 7, 4));
	lab_until(&t, &t.requests, 1);
	n = lab_message(octets, sizeof octets, DIA_FLAG_R, LAB_CMD, LAB_APP, 0, 4);
	assert_int_equal(link_request(t.link, octets, n, 10000, on_answer, &t), 0);
	shutdown(t.fd, SHUT_WR);
	lab_until(&t, &t.answers, 1);
	assert_int_equal(t.last_answer_err, ERR_CLOSED);
	assert_int_equal(t.downs, 0); /* the other one is still waited for */
	assert_int_equal(link_request(t.link, octets, n, 10000, on_answer, &t), ERR_CLOSED);
	answer_the_last(&t);
	assert_true(lab_recv(&t, octets, &m) && (m.hdr.flags & DIA_FLAG_R));
	assert_true(lab_recv(&t, octets, &m));
	assert_int_equal(m.hdr.hop_by_hop, 7);
	lab_expect_end(&t, false);
	lab_fini(&t);
}

static void our_dpr_ends_with_its_dpa_or_after_the_wait(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		struct lab t;
		struct dia_disconnect dpr;
		struct dia_failed failed;
		struct dia_msg m;

		lab_init(&t);
		t.conf.dpa_wait_ms = i ? 600000 : 100;
		lab_open(&t);
		lab_exchange(&t);
		link_disconnect(t.link, DIA_DISCONNECT_BUSY);
		assert_true(lab_recv(&t, octets, &m));
		assert_int_equal(dia_disconnect_parse(&dpr, &m, &failed), 0);
		assert_int_equal(dpr.disconnect_cause.v, 1);
		octets[4] = 0;
		if (i) {
			lab_send(&t, octets, m.hdr.length);
		}
		lab_expect_end(&t, false);
		assert_int_equal(t.counters.ended[i ? LINK_END_DISCONNECTED : LINK_END_NO_DPA], 1);
		lab_fini(&t);
	}
}

static void a_peer_that_goes_away_is_an_ended_link(void **state)
{
	struct lab t;

	(void)state;
	lab_init(&t);
	lab_open(&t);
	lab_exchange(&t);
	ask(&t, 1000, 0);
	shutdown(t.fd, SHUT_RDWR);
	lab_until(&t, &t.downs, 1);
	assert_int_equal(t.counters.ended[LINK_END_LOST], 1);
	assert_int_equal(t.answers, 1);
	assert_null(link_stream(t.link));
	lab_fini(&t);
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_fitting_cer_is_answered_with_all_our_applications),
		cmocka_unit_test(an_accepted_connection_passes_every_phase_once),
		cmocka_unit_test(links_are_counted_by_their_phase),
		cmocka_unit_test(the_cea_waits_for_the_verdict_and_nothing_else_is_read),
		cmocka_unit_test(a_refusal_by_the_owner_names_us_and_the_reason_and_closes),
		cmocka_unit_test(without_a_verdict_the_cer_is_answered_too_busy),
		cmocka_unit_test(cers_that_do_not_fit_get_their_result_code),
		cmocka_unit_test(a_cer_without_its_members_gets_5005),
		cmocka_unit_test(a_relay_meets_every_application_and_so_do_we_as_one),
		cmocka_unit_test(requests_go_up_with_their_bits_and_answers_go_back),
		cmocka_unit_test(a_request_of_ours_is_answered_once),
		cmocka_unit_test(a_request_without_answer_times_out),
		cmocka_unit_test(pending_requests_are_bounded_and_closed_with_the_link),
		cmocka_unit_test(freeing_gives_pending_requests_their_end_and_nothing_else),
		cmocka_unit_test(the_owner_may_free_the_link_in_every_callback),
		cmocka_unit_test(the_owner_may_free_the_link_in_an_answer),
		cmocka_unit_test(a_dwr_is_answered),
		cmocka_unit_test(each_message_sets_the_watchdog_anew),
		cmocka_unit_test(a_message_in_the_same_millisecond_brings_a_suspect_back),
		cmocka_unit_test(a_silent_peer_is_asked_once_and_then_closed),
		cmocka_unit_test(a_probe_is_forgotten_with_the_next_message_and_without_one_ends_the_link),
		cmocka_unit_test(only_the_dwa_to_our_dwr_counts),
		cmocka_unit_test(a_dpr_is_answered_and_the_peer_closes),
		cmocka_unit_test(answers_go_out_before_the_dpa),
		cmocka_unit_test(answers_go_out_to_a_peer_that_has_ended_its_direction),
		cmocka_unit_test(the_wait_for_answers_of_one_who_leaves_is_bounded),
		cmocka_unit_test(a_request_of_ours_fails_at_once_when_nobody_can_answer),
		cmocka_unit_test(our_dpr_ends_with_its_dpa_or_after_the_wait),
		cmocka_unit_test(a_peer_that_goes_away_is_an_ended_link),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
