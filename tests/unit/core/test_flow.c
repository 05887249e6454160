/* What the core gathered leaves early, to a side that has nothing to do, and only to such a side. */
#include "tests/unit/test.h"

#include <fcntl.h>
#include <sched.h>
#include <time.h>
#include <unistd.h>

#include "core/core_flow.h"
#include "tests/unit/core/core_play.h"

static struct core_edge *edge_of(struct core_play *p)
{
	return core_edge_find(p->core, p->generation);
}

static void send_record(struct core_play *p)
{
	const struct ipc_device_action_answer a = { .result_code = 2001 };

	assert_int_equal(core_send(edge_of(p), ipc_device_action_answer_put(p->core->record, p->generation, 1, &a)), 0);
}

static void handle(struct core_play *p, int n)
{
	for (int i = 0; i < n; i++) {
		core_flow_early(p->core);
	}
}

static bool taken(struct core_play *p)
{
	struct ipc_rec_head head;

	return core_play_take(p, IPC_REC_DEVICE_ACTION_ANSWER, &head) > 0;
}

static void test_an_edge_that_sleeps_gets_records_before_the_turn_ends(void **state)
{
	struct core_play *p = *state;

	(void)taken(p); /* it has read everything */
	send_record(p);
	handle(p, 31);
	assert_false(taken(p));
	handle(p, 1);
	assert_true(taken(p));
}

/* With many requests on their way a part is half of them: one wake-up serves more. */
static void test_a_part_grows_with_what_has_no_answer(void **state)
{
	struct core_play *p = *state;

	(void)taken(p);
	p->core->triggers.pending = 200;
	send_record(p);
	handle(p, 99);
	assert_false(taken(p));
	handle(p, 1);
	assert_true(taken(p));
	p->core->triggers.pending = 0;
}

static void test_an_edge_that_is_busy_gets_them_at_the_end(void **state)
{
	struct core_play *p = *state;

	(void)taken(p);
	send_record(p);
	handle(p, 32);
	send_record(p); /* the first is published, and nobody has read it */
	handle(p, 64);
	assert_true(taken(p));
	assert_false(taken(p));
	core_flow_all(p->core);
	assert_true(taken(p));
}

/* Gathers one decision line. Returns the end at which the line is read once it is written. */
static int decide(struct core_play *p)
{
	const struct core_decision d = { .transaction = "7-1",
					 .scs = "acme",
					 .origin_host = "h",
					 .address = "a",
					 .device = "d",
					 .result_code = 2001,
					 .reason = POL_NONE,
					 .rule = "" };
	int fds[2];

	assert_int_equal(pipe2(fds, O_NONBLOCK), 0);
	core_decisions(p->core, fds[1]);
	core_decide_action(p->core, &d);
	return fds[0];
}

static void test_decision_lines_are_written_before_the_answer_leaves(void **state)
{
	struct core_play *p = *state;
	char line[16];
	int lines;

	(void)taken(p);
	lines = decide(p);
	send_record(p);
	handle(p, 32);
	assert_true(read(lines, line, sizeof line) > 0);
	assert_true(taken(p));
	close(lines);
}

static void on_stopped(void *arg)
{
	(void)arg;
}

/* A stop flushes the journal in the middle of a turn. */
static void test_lines_that_have_to_be_first_are_when_the_core_stops(void **state)
{
	struct core_play *p = *state;
	int lines = decide(p);
	char line[16];

	p->core->flow.lines_first = true;
	core_stop(p->core, on_stopped, NULL);
	assert_true(read(lines, line, sizeof line) > 0);
	close(lines);
}

static void on_kept(void *arg, uint64_t number, int err)
{
	(void)number;
	assert_int_equal(err, 0);
	++*(int *)arg;
}

/* Once in a turn the journal is given what waits; a thread without work gets it at once. */
static void test_a_journal_without_work_gets_operations_early(void **state)
{
	struct core_play *p = *state;
	struct jrn *j = p->core->journal.jrn;
	struct jrn_counts before;
	int kept = 0;

	assert_int_equal(jrn_flush(j), 0);
	before = jrn_counts(j);
	assert_int_equal(jrn_add(j, jrn_next(j), "\1x", 2, on_kept, &kept), 0);
	handle(p, 32);
	for (time_t end = time(NULL) + TEST_HANG_S; jrn_counts(j).commits == before.commits && time(NULL) < end;) {
		sched_yield(); /* its thread works */
	}
	jrn_complete(j);
	assert_int_equal(kept, 1);
}

static void gather(struct core_play *p, uint32_t gathered, uint32_t outstanding)
{
	p->core->peers.row[0].gathered = gathered;
	p->core->peers.row[0].outstanding = outstanding;
	handle(p, 32);
}

/* The peer of this core is not connected: only the decision to send is visible. */
static void test_a_peer_that_still_works_gets_more_at_once(void **state)
{
	struct core_play *p = *state;
	const struct core_peer *peer = &p->core->peers.row[0];

	gather(p, 31, 31);
	assert_false(core_flow_wants(peer));
	gather(p, 32, 32);
	assert_true(core_flow_wants(peer));
	gather(p, 32, 64);
	assert_true(core_flow_wants(peer));
	gather(p, 32, 65);
	assert_false(core_flow_wants(peer));
	core_flow_all(p->core);
	assert_int_equal(peer->gathered, 0);
	gather(p, 0, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, core_play_setup, core_play_teardown)

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		TEST(test_an_edge_that_sleeps_gets_records_before_the_turn_ends),
		TEST(test_a_part_grows_with_what_has_no_answer),
		TEST(test_an_edge_that_is_busy_gets_them_at_the_end),
		TEST(test_decision_lines_are_written_before_the_answer_leaves),
		TEST(test_lines_that_have_to_be_first_are_when_the_core_stops),
		TEST(test_a_journal_without_work_gets_operations_early),
		TEST(test_a_peer_that_still_works_gets_more_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
