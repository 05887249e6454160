/* The session of an SCS and its phases: a new connection after a loss, and the end. Nobody listens at its port. */
#include "tests/unit/machine_check.h"
#include "tests/unit/test.h"

#include "base/clock.h"
#include "base/str.h"
#include "net/net_tcp.h"
#include "nodes/scs/scs_session.h"

struct play {
	struct scs_options options;
	struct scs_session session;
	struct net_timer *timer;
	enum scs_phase wanted;
	uint64_t until_ms;
	int fd; /* bound, so that nobody else listens there */
};

static void on_signal(void *arg)
{
	(void)arg;
}

static void play_init(struct play *p)
{
	static const struct link_cb cb = { 0 };
	char why[SCS_SESSION_WHY_MAX] = "";
	struct scs_options *o = &p->options;

	memset(p, 0, sizeof *p);
	assert_int_equal(net_tcp_bind(&p->fd, &o->connect_port, "127.0.0.1", 0, 1), 0);
	o->plain = true;
	o->connect_wait_s = 1;
	str_cut(o->address, sizeof o->address, "127.0.0.1");
	str_cut(o->origin_host, sizeof o->origin_host, "scs.example");
	str_cut(o->realm, sizeof o->realm, "example");
	str_cut(o->iwf_host, sizeof o->iwf_host, "iwf.example");
	str_cut(o->iwf_realm, sizeof o->iwf_realm, "example");
	assert_int_equal(scs_session_open(&p->session, o, NULL, &cb, on_signal, NULL, why), 0);
}

static void tick(void *arg)
{
	struct play *p = arg;

	if (p->session.phase == p->wanted || clock_mono_ms() >= p->until_ms) {
		net_loop_stop(p->session.loop);
	} else {
		net_timer_start(p->timer, 1);
	}
}

static void run_until(struct play *p, enum scs_phase wanted)
{
	p->wanted = wanted;
	p->until_ms = clock_mono_ms() + TEST_HANG_MS;
	assert_int_equal(net_timer_new(&p->timer, p->session.loop, tick, p), 0);
	net_timer_start(p->timer, 1);
	assert_int_equal(net_loop_run(p->session.loop), 0);
	net_timer_free(p->timer);
	assert_int_equal(p->session.phase, wanted);
	for (unsigned i = 0; i < SCS_PHASES; i++) {
		assert_int_equal(p->session.in_phase[i], i == (unsigned)wanted);
	}
}

static void again(void *arg)
{
	scs_session_again(arg);
}

static void test_phases_follow_the_drawing_and_are_counted(void **state)
{
	struct play p;

	(void)state;
	play_init(&p);
	run_until(&p, SCS_OPENING);
	scs_session_again(&p.session);
	scs_session_again(&p.session); /* once */
	assert_int_equal(p.session.in_phase[SCS_DROPPING], 1);
	run_until(&p, SCS_PAUSING);
	assert_null(p.session.peer);
	run_until(&p, SCS_OPENING);
	assert_non_null(p.session.peer);
	scs_session_part(&p.session, NULL, DIA_DISCONNECT_REBOOTING);
	scs_session_again(&p.session); /* not any more */
	run_until(&p, SCS_PARTING);
	scs_session_close(&p.session);
	for (unsigned i = 0; i < SCS_PHASES; i++) {
		assert_int_equal(p.session.in_phase[i], 0);
	}
	close(p.fd);
}

/* From the drawing of scs_session.c: Opening, Dropping, Pausing, pArting. */
static void test_every_other_change_ends_the_process(void **state)
{
	static const char *const next_of[] = { "DA", "DPA", "DOA", "A" };
	struct play p;

	(void)state;
	machine_check(&scs_session_machine, "ODPA", next_of);
	play_init(&p);
	p.session.in_phase[SCS_OPENING] = 0;
	assert_int_equal(machine_signal_of(again, &p.session), SIGABRT); /* it was never counted in */
	p.session.in_phase[SCS_OPENING] = 1;
	scs_session_close(&p.session);
	close(p.fd);
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_phases_follow_the_drawing_and_are_counted),
		cmocka_unit_test(test_every_other_change_ends_the_process),
	};

	return cmocka_run_group_tests_name("scs_session", tests, NULL, NULL);
}
