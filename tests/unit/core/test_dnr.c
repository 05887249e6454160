/* Which session of an SCS a report goes to. */
#include "tests/unit/test.h"

#include "core/core_dnr.h"
#include "core/core_int.h"
#include "tests/unit/core/core_play.h"
#include "tests/unit/trigger/trg_put.h"
#include "tests/support/asc_wait.h"

struct play {
	struct core_play core;
	struct core_trigger *t[8];
};

/* The SCS gets as many connections as the configuration says. */
static void as_configured(struct core_play *p, uint32_t connections)
{
	struct asc_scs scs = *asc_scs_find(p->core->store.asc, "acme");
	struct asc_why why;

	p->cfg->limits.connections_per_scs = connections;
	scs.connections_max = 0;
	assert_int_equal(asc_scs_put(p->core->store.asc, &scs, &why), 0);
}

static int setup(void **state)
{
	struct play *p = calloc(1, sizeof *p);
	struct ipc_session_open open = core_play_session("scs.acme.example", "anchor-a");

	assert_non_null(p);
	core_play_start(&p->core);
	p->core.cfg->dnr.retry_min_ms = 60000; /* no pause is over before its test, and no trigger before a pause */
	p->core.cfg->dnr.retry_max_ms = 8 * 60000;
	p->core.core->triggers.conf.retry_min_ms = p->core.cfg->dnr.retry_min_ms; /* and no report is sent again but by a test */
	p->core.core->triggers.conf.retry_max_ms = p->core.cfg->dnr.retry_max_ms;
	core_play_provision(&p->core);
	as_configured(&p->core, 12);
	for (uint64_t session = 1; session <= 3; session++) {
		assert_true(core_play_open(&p->core, session, &open).admitted);
	}
	for (uint32_t i = 0; i < sizeof p->t / sizeof *p->t; i++) {
		struct trg_request req = { .scs = "acme",
					   .scs_e164 = "491720000001",
					   .origin_host = "scs.acme.example",
					   .origin_realm = "acme.example",
					   .external = "meter-1@a.example",
					   .msisdn = "",
					   .groups = "",
					   .action = TSP_ACTION_TRIGGER,
					   .reference = i + 1,
					   .received_ms = core_now_ms(p->core.core),
					   .expires_ms = core_now_ms(p->core.core) + 600000 };

		assert_int_equal(core_trigger_new(&p->t[i], p->core.core, core_scs_get(p->core.core, "acme"), &req), 0);
		p->t[i]->trg->answered = true;
		trg_put(p->t[i]->trg, TRG_NOTIFYING);
		p->t[i]->asker = (struct core_dup_waiter){ .generation = p->core.generation, .session = 1 };
	}
	*state = p;
	return 0;
}

static int teardown(void **state)
{
	struct play *p = *state;

	core_play_end(&p->core);
	free(p);
	return 0;
}

/* Sends that report; the session that it went to, which answers it. */
static uint64_t report(struct play *p, int which, bool again, uint32_t result)
{
	struct ipc_device_notification n;
	struct ipc_device_notification_answer a = { .outcome = IPC_DNA_ANSWERED, .result_code = result };
	struct ipc_rec_head head;
	size_t len;

	trg_put(p->t[which]->trg, TRG_NOTIFYING);
	assert_int_equal(core_report_notify(p->core.core, p->t[which]->trg, again), 0);
	core_play_turns(&p->core, 2);
	len = core_play_take(&p->core, IPC_REC_DEVICE_NOTIFICATION, &head);
	assert_int_equal(ipc_device_notification_get(&n, p->core.record, len), 0);
	a.session = n.session;
	core_play_send(&p->core, ipc_device_notification_answer_put(p->core.record, p->core.generation, head.transaction, &a));
	return n.session;
}

/* An SCS that was added with the default has the configuration's limit, also one above 8. */
static void test_an_scs_without_a_limit_has_that_of_the_configuration(void **state)
{
	struct play *p = *state;
	struct ipc_session_open open = core_play_session("scs.acme.example", "anchor-a");

	for (uint64_t session = 4; session <= 12; session++) {
		assert_true(core_play_open(&p->core, session, &open).admitted);
	}
	assert_int_equal(core_scs_find(p->core.core, "acme")->sessions_n, 12);
	p->core.cfg->limits.probe_wait_ms = 0;
	assert_string_equal(core_play_open(&p->core, 13, &open).reason, "too-many-connections");
}

static void test_the_session_that_asked_is_the_first(void **state)
{
	assert_int_equal(report(*state, 0, false, 2001), 1);
	assert_int_equal(report(*state, 1, false, 2001), 1);
}

static void test_one_that_refuses_is_asked_last(void **state)
{
	struct play *p = *state;

	assert_int_equal(report(p, 0, false, 5012), 1);
	assert_int_equal(report(p, 1, false, 2001), 2); /* although the first asked for it */
	assert_int_equal(report(p, 2, true, 2001), 3);
	assert_int_equal(report(p, 3, false, 2001), 2);
	assert_int_equal(report(p, 0, true, 2001), 3); /* the refused one again */
}

static void test_when_all_refuse_the_one_that_paused_longest_is_asked(void **state)
{
	struct play *p = *state;

	assert_int_equal(report(p, 0, false, 5012), 1);
	core_play_turns(&p->core, 5); /* some milliseconds apart */
	assert_int_equal(report(p, 0, true, 5012), 2);
	core_play_turns(&p->core, 5);
	assert_int_equal(report(p, 0, true, 5012), 3);
	assert_int_equal(report(p, 1, false, 2001), 1);
	assert_int_equal(report(p, 2, false, 2001), 1); /* what it took ended its pause */
	assert_int_equal(report(p, 3, true, 2001), 1);
}

static void test_the_pause_doubles_up_to_its_maximum(void **state)
{
	struct play *p = *state;
	struct core_session *s = core_session_find(p->core.core, p->core.generation, 1);
	uint64_t pause_ms = p->core.cfg->dnr.retry_min_ms;

	for (int i = 0; i < 12; i++) {
		s->refuses_until_ms = 0; /* the pause is over */
		assert_int_equal(report(p, 0, false, 5012), 1);
		assert_int_equal(s->refuses_ms, pause_ms);
		pause_ms = 2 * pause_ms < p->core.cfg->dnr.retry_max_ms ? 2 * pause_ms : p->core.cfg->dnr.retry_max_ms;
	}
	assert_int_equal(pause_ms, p->core.cfg->dnr.retry_max_ms);
}

/* An edge that never says what became of a report: its trigger would stay in memory as long as the edge does. */
static void test_an_edge_that_says_nothing_is_not_waited_for(void **state)
{
	struct play *p = *state;
	struct core *c = p->core.core;
	struct core_trigger *t = p->t[0];
	struct ipc_rec_head asked;
	uint64_t start = net_loop_now_ms(p->core.loop);

	trg_put(t->trg, TRG_NOTIFYING);
	assert_int_equal(core_report_notify(c, t->trg, false), 0);
	assert_non_null(t->notice);
	core_play_turns(&p->core, 2);
	assert_int_not_equal(core_play_take(&p->core, IPC_REC_DEVICE_NOTIFICATION, &asked), 0);
	assert_in_range(t->notice->until_ms, start + c->cfg->dnr.answer_wait_ms,
			net_loop_now_ms(p->core.loop) + c->cfg->dnr.answer_wait_ms + CORE_DNR_LATE_MS);
	assert_true(c->dnrs.armed);
	net_timer_start(c->dnrs.late, 0); /* early: nothing is late yet */
	core_play_turns(&p->core, 2);
	assert_non_null(t->notice);
	assert_true(c->dnrs.armed);
	t->notice->until_ms = 0; /* its time is over */
	net_timer_start(c->dnrs.late, 0);
	core_play_turns(&p->core, 2);
	assert_null(t->notice);
	assert_false(c->dnrs.armed);
	assert_int_equal(t->trg->state, TRG_BACKOFF);
	assert_int_equal(st_get(&c->st, ST_REPORTS_UNANSWERED), 1);
	assert_int_equal(core_session_find(c, p->core.generation, 1)->refuses_ms, c->cfg->dnr.retry_min_ms);

	/* what it says now is not the answer to anything */
	core_play_send(&p->core,
		       ipc_device_notification_answer_put(p->core.record, p->core.generation, asked.transaction,
							  &(struct ipc_device_notification_answer){
							      .session = 1, .outcome = IPC_DNA_ANSWERED, .result_code = 2001 }));
	assert_int_equal(t->trg->state, TRG_BACKOFF);
	assert_int_equal(st_get(&c->st, ST_REPORTS_ACKNOWLEDGED), 0);
	assert_int_equal(p->core.bad_edge, 0);
	assert_int_equal(report(p, 0, true, 2001), 2);
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_an_scs_without_a_limit_has_that_of_the_configuration, setup, teardown),
		cmocka_unit_test_setup_teardown(test_the_session_that_asked_is_the_first, setup, teardown),
		cmocka_unit_test_setup_teardown(test_one_that_refuses_is_asked_last, setup, teardown),
		cmocka_unit_test_setup_teardown(test_when_all_refuse_the_one_that_paused_longest_is_asked, setup, teardown),
		cmocka_unit_test_setup_teardown(test_the_pause_doubles_up_to_its_maximum, setup, teardown),
		cmocka_unit_test_setup_teardown(test_an_edge_that_says_nothing_is_not_waited_for, setup, teardown),
	};

	return cmocka_run_group_tests_name("core dnr", tests, NULL, NULL);
}
