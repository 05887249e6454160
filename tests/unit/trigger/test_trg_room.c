/* What a trigger keeps is in its own room as long as that lasts, and else on the heap; a trigger of a pool gives its memory to the next. */
#include "tests/unit/test.h"

#include "base/pool.h"
#include "tests/unit/trigger/fake.h"
#include "trigger/trg_int.h"

static struct trg *trigger(const struct trg_conf *conf, uint32_t payload_len)
{
	static const uint8_t payload[TRIGGER_PAYLOAD_MAX] = "wake up";
	struct trg_request r = { .scs = "acme",
				 .origin_host = "scs.acme.example",
				 .origin_realm = "acme.example",
				 .external = "meter-1@a.example",
				 .action = TSP_ACTION_TRIGGER,
				 .payload = payload,
				 .payload_len = payload_len };
	struct trg *t;

	assert_int_equal(trg_new(&t, 1, &r, conf, &fake_ports, NULL), 0);
	assert_string_equal(t->req.external, "meter-1@a.example");
	assert_int_equal(t->req.payload_len, payload_len);
	assert_memory_equal(t->req.payload, payload, payload_len);
	return t;
}

static void test_a_usual_trigger_needs_no_more_than_its_room(void **state)
{
	static const uint8_t nodes[64] = { 7 };
	struct trg_subscriber sub = { "262011234567890", "4917212345678", nodes, sizeof nodes };
	struct trg *t = trigger(&fake_conf, 40);

	(void)state;
	assert_int_equal(trg_set_subscriber(t, &sub), 0);
	for (int i = 0; i < 5; i++) {
		trg_history_note(t, TRG_IDLE, TRG_ASKING, TRG_EV_START, 0, T0);
	}
	assert_true(trg_room_is_own(t, t->req_block));
	assert_true(trg_room_is_own(t, t->payload_block));
	assert_true(trg_room_is_own(t, t->sub_block));
	assert_true(trg_room_is_own(t, t->history));
	trg_shed(t);
	assert_int_equal(t->req.payload_len, 0);
	assert_int_equal(t->sub.nodes_len, 0);
	assert_string_equal(t->sub.imsi, "262011234567890");
	assert_string_equal(t->sub.msisdn, "4917212345678");
	trg_free(t);
}

static void test_what_does_not_fit_is_on_the_heap_and_whole(void **state)
{
	static uint8_t nodes[TRG_ROOM + 1];
	struct trg_subscriber sub = { "262011234567890", "", nodes, sizeof nodes };
	struct trg *t = trigger(&fake_conf, TRG_ROOM + 1);

	(void)state;
	memset(nodes, 5, sizeof nodes);
	assert_false(trg_room_is_own(t, t->payload_block));
	assert_int_equal(trg_set_subscriber(t, &sub), 0);
	assert_false(trg_room_is_own(t, t->sub_block));
	assert_memory_equal(t->sub.nodes, nodes, sizeof nodes);
	for (int i = 0; i < TRG_HISTORY_MAX + 3; i++) { /* grows out of the room */
		trg_history_note(t, TRG_IDLE, TRG_ASKING, TRG_EV_START, i, T0 + 10u * (unsigned)i);
	}
	assert_int_equal(t->history->n, TRG_HISTORY_MAX);
	assert_int_equal(t->history->dropped, 3);
	assert_int_equal(t->history->entries[TRG_HISTORY_FIRST - 1].reason, TRG_HISTORY_FIRST - 1);
	assert_int_equal(t->history->entries[TRG_HISTORY_MAX - 1].reason, TRG_HISTORY_MAX + 2);
	trg_shed(t);
	assert_int_equal(t->sub.nodes_len, 0);
	assert_string_equal(t->sub.imsi, "262011234567890");
	trg_free(t);
}

static void test_the_room_is_used_to_its_last_octet_and_not_beyond(void **state)
{
	struct trg *t = trigger(&fake_conf, 0);
	size_t left = TRG_ROOM - t->room_used;
	uint8_t *last, *beyond;

	(void)state;
	last = trg_room_take(t, left);
	assert_non_null(last);
	assert_true(trg_room_is_own(t, last));
	assert_ptr_equal(last + left, t->room + TRG_ROOM);
	beyond = trg_room_take(t, 1);
	assert_non_null(beyond);
	assert_false(trg_room_is_own(t, beyond));
	trg_room_give(t, beyond);
	trg_room_give(t, last);
	trg_room_give(t, NULL);
	trg_free(t);
}

static void test_a_trigger_of_a_pool_gives_its_memory_to_the_next(void **state)
{
	struct trg_conf conf = fake_conf;
	struct pool pool;
	struct trg *t, *next;

	(void)state;
	pool_init(&pool, sizeof(struct trg), 2);
	conf.pool = &pool;
	t = trigger(&conf, 40);
	trg_history_note(t, TRG_IDLE, TRG_ASKING, TRG_EV_START, 0, T0);
	trg_free(t);
	assert_int_equal(pool.kept, pool.keep_max ? 1 : 0);
	next = trigger(&conf, 40);
	assert_true(!pool.keep_max || next == t);
	assert_null(next->history);
	assert_int_equal(next->state, TRG_IDLE);
	trg_free(next);
	pool_fini(&pool);
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_usual_trigger_needs_no_more_than_its_room),
		cmocka_unit_test(test_what_does_not_fit_is_on_the_heap_and_whole),
		cmocka_unit_test(test_the_room_is_used_to_its_last_octet_and_not_beyond),
		cmocka_unit_test(test_a_trigger_of_a_pool_gives_its_memory_to_the_next),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
