/* Records for a core that sleeps leave before the turn ends, a part at a time; a busy one gets them at its end. */
#include "tests/unit/test.h"

#include "edge/edge_ring.h"
#include "ipc/ipc_part.h"

#define SIZE (1u << 20)

struct play {
	struct edge_env env;
	struct edge_ring edge;
	struct ipc_ring *core;
};

static int on_record(void *arg, const struct ipc_rec_head *head, const uint8_t *record, size_t len)
{
	(void)arg;
	(void)head;
	(void)record;
	(void)len;
	return 0;
}

static int set_up(void **state)
{
	struct play *p = calloc(1, sizeof *p);
	struct ipc_ring_fds edge, core;

	assert_non_null(p);
	assert_int_equal(net_loop_new(&p->env.loop), 0);
	edge_ring_init(&p->edge, &p->env, on_record, p);
	assert_int_equal(ipc_ring_make(&edge, &core, SIZE), 0);
	assert_int_equal(edge_ring_replace(&p->edge, &edge), 0);
	assert_int_equal(ipc_ring_open(&p->core, &core), 0);
	*state = p;
	return 0;
}

static int tear_down(void **state)
{
	struct play *p = *state;

	ipc_ring_close(p->core);
	edge_ring_fini(&p->edge);
	net_loop_free(p->env.loop);
	free(p);
	return 0;
}

static void send(struct play *p, unsigned n)
{
	struct ipc_device_action_given_up g = { 1, 2, 3 };

	while (n--) {
		assert_int_equal(edge_ring_send(&p->edge, ipc_device_action_given_up_put(p->edge.record, 1, 7, &g)), 0);
	}
}

static unsigned taken(struct play *p)
{
	uint8_t record[IPC_REC_MAX];
	unsigned n = 0;
	size_t len;

	while (ipc_ring_recv(p->core, record, &len) == 0) {
		n++;
	}
	return n;
}

static void test_a_part_is_half_of_what_has_no_answer(void **state)
{
	static const struct {
		uint32_t unanswered, part;
	} rows[] = {
		{ 0, 32 }, { 1, 32 }, { 65, 32 }, { 66, 33 }, { 300, 150 }, { 1024, 512 }, { 1026, 512 }, { UINT32_MAX, 512 }
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		assert_int_equal(ipc_part(rows[i].unanswered), rows[i].part);
	}
}

static void test_a_core_that_sleeps_gets_each_part_at_once(void **state)
{
	struct play *p = *state;

	p->edge.unanswered = 200;
	send(p, 99);
	assert_int_equal(taken(p), 0);
	send(p, 1);
	assert_int_equal(taken(p), 100);
	p->edge.unanswered = 3; /* answers have come: parts are smaller */
	send(p, 31);
	assert_int_equal(taken(p), 0);
	send(p, 1);
	assert_int_equal(taken(p), 32);
}

static void test_a_core_that_is_busy_gets_them_when_the_turn_ends(void **state)
{
	struct play *p = *state;

	send(p, 32);
	send(p, 64); /* nobody has read the first */
	assert_int_equal(taken(p), 32);
	assert_false(edge_ring_turn_end(&p->edge));
	assert_int_equal(taken(p), 64);
	send(p, 31); /* a turn begins anew */
	assert_int_equal(taken(p), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_part_is_half_of_what_has_no_answer),
		TEST(test_a_core_that_sleeps_gets_each_part_at_once),
		TEST(test_a_core_that_is_busy_gets_them_when_the_turn_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
