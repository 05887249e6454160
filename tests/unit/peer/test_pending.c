/* peer_pending: each request ends once - answered, timed out in order, or taken at the end. */
#include "tests/unit/test.h"

#include "peer/peer_pending.h"

static struct peer_pending *fresh(uint32_t max)
{
	struct peer_pending *p = NULL;

	assert_int_equal(peer_pending_new(&p, max), 0);
	return p;
}

static int add(struct peer_pending *p, uint32_t hop, uint64_t deadline_ms, void *arg)
{
	struct peer_pending_entry e = {
		.hop_by_hop = hop, .end_to_end = hop ^ 0xffu, .code = 280, .deadline_ms = deadline_ms, .arg = arg
	};

	return peer_pending_add(p, &e);
}

static struct dia_hdr answer(uint32_t hop)
{
	return (struct dia_hdr){ .version = 1, .code = 280, .hop_by_hop = hop, .end_to_end = hop ^ 0xffu };
}

static void an_answer_finds_its_request_once(void **state)
{
	struct peer_pending *p = fresh(10);
	struct dia_hdr a = answer(5);
	struct peer_pending_entry out;
	int me;

	(void)state;
	assert_int_equal(add(p, 5, 100, &me), 0);
	assert_int_equal(peer_pending_take(p, &a, &out), 0);
	assert_ptr_equal(out.arg, &me);
	assert_int_equal(out.hop_by_hop, 5);
	assert_int_equal(peer_pending_take(p, &a, &out), ERR_NOTFOUND);
	assert_int_equal(peer_pending_count(p), 0);
	peer_pending_free(p);
}

static void an_answer_that_fits_only_half_is_nobodys_and_leaves_the_request(void **state)
{
	struct peer_pending *p = fresh(10);
	struct dia_hdr other_hop = answer(6), other_end = answer(5), other_code = answer(5), right = answer(5);
	struct peer_pending_entry out;

	(void)state;
	other_end.end_to_end++;
	other_code.code++;
	assert_int_equal(peer_pending_take(p, &right, &out), ERR_NOTFOUND); /* before there was any */
	assert_int_equal(add(p, 5, 100, NULL), 0);
	assert_int_equal(peer_pending_take(p, &other_hop, &out), ERR_NOTFOUND);
	assert_int_equal(peer_pending_take(p, &other_end, &out), ERR_NOTFOUND);
	assert_int_equal(peer_pending_take(p, &other_code, &out), ERR_NOTFOUND);
	assert_int_equal(peer_pending_take(p, &right, &out), 0);
	peer_pending_free(p);
}

static void the_bound_and_a_taken_id_are_refused(void **state)
{
	struct peer_pending *p = fresh(3);
	struct peer_pending_entry out;

	(void)state;
	assert_int_equal(add(p, 1, 10, NULL), 0);
	assert_int_equal(add(p, 1, 10, NULL), ERR_EXISTS);
	assert_int_equal(add(p, 2, 10, NULL), 0);
	assert_int_equal(add(p, 3, 10, NULL), 0);
	assert_int_equal(add(p, 4, 10, NULL), ERR_BUSY);
	assert_int_equal(peer_pending_pop(p, 10, &out), 0);
	assert_int_equal(add(p, 4, 10, NULL), 0);
	assert_int_equal(peer_pending_count(p), 3);
	peer_pending_free(p);
}

static void timeouts_come_in_the_order_of_their_deadlines_and_not_before(void **state)
{
	struct peer_pending *p = fresh(1000);
	struct peer_pending_entry out;
	uint64_t last = 0;
	uint32_t x = 3;

	(void)state;
	assert_int_equal(peer_pending_next_ms(p), 0);
	for (uint32_t i = 0; i < 500; i++) {
		x = x * 1664525u + 1013904223u;
		assert_int_equal(add(p, i * 4096, 1000 + (x >> 16) % 300, NULL), 0); /* ids that share low bits */
	}
	assert_int_equal(peer_pending_pop(p, 999, &out), ERR_NOTFOUND);
	for (uint32_t i = 0; i < 500; i++) {
		assert_int_equal(peer_pending_next_ms(p) >= last, 1);
		assert_int_equal(peer_pending_pop(p, peer_pending_next_ms(p), &out), 0);
		assert_true(out.deadline_ms >= last);
		last = out.deadline_ms;
	}
	assert_int_equal(peer_pending_pop(p, UINT64_MAX, &out), ERR_NOTFOUND);
	peer_pending_free(p);
}

static void a_request_that_could_not_be_sent_is_dropped(void **state)
{
	struct peer_pending *p = fresh(4);
	struct peer_pending_entry out;
	struct dia_hdr a = answer(7);

	(void)state;
	assert_int_equal(add(p, 7, 100, NULL), 0);
	assert_int_equal(add(p, 8, 50, NULL), 0);
	peer_pending_drop(p, 7);
	peer_pending_drop(p, 7); /* no effect on one that is not there */
	assert_int_equal(peer_pending_count(p), 1);
	assert_int_equal(peer_pending_take(p, &a, &out), ERR_NOTFOUND);
	assert_int_equal(add(p, 7, 10, NULL), 0); /* the id is free again */
	assert_int_equal(peer_pending_next_ms(p), 10);
	peer_pending_free(p);
}

/* A model of 64 ids beside the table: whatever the order, both agree. */
static void any_order_of_operations_agrees_with_a_plain_model(void **state)
{
	struct peer_pending *p = fresh(48);
	uint64_t model[64] = { 0 };
	size_t count = 0;
	uint32_t x = 99;

	(void)state;
	for (int i = 0; i < 100000; i++) {
		struct peer_pending_entry out;
		struct dia_hdr a;
		uint32_t id;

		x = x * 1664525u + 1013904223u;
		id = (x >> 24) % 64;
		a = answer(id);
		if ((x >> 16) % 5 < 3) {
			int err = add(p, id, 1 + (x >> 10) % 1000, NULL);

			assert_int_equal(err, count >= 48 ? ERR_BUSY : model[id] ? ERR_EXISTS : 0);
			if (!err) {
				model[id] = 1 + (x >> 10) % 1000;
				count++;
			}
		} else if ((x >> 16) % 5 == 3) {
			int err = peer_pending_take(p, &a, &out);

			assert_int_equal(err, model[id] ? 0 : ERR_NOTFOUND);
			count -= model[id] != 0;
			model[id] = 0;
		} else {
			uint64_t least = 0;

			for (int k = 0; k < 64; k++) {
				least = model[k] && (!least || model[k] < least) ? model[k] : least;
			}
			assert_int_equal(peer_pending_next_ms(p), least);
			assert_int_equal(peer_pending_pop(p, UINT64_MAX, &out), least ? 0 : ERR_NOTFOUND);
			if (least) {
				assert_int_equal(model[out.hop_by_hop], least);
				model[out.hop_by_hop] = 0;
				count--;
			}
		}
		assert_int_equal(peer_pending_count(p), count);
	}
	peer_pending_free(p);
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_answer_finds_its_request_once),
		cmocka_unit_test(an_answer_that_fits_only_half_is_nobodys_and_leaves_the_request),
		cmocka_unit_test(the_bound_and_a_taken_id_are_refused),
		cmocka_unit_test(timeouts_come_in_the_order_of_their_deadlines_and_not_before),
		cmocka_unit_test(a_request_that_could_not_be_sent_is_dropped),
		cmocka_unit_test(any_order_of_operations_agrees_with_a_plain_model),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
