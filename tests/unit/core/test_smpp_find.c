/* Which trigger a receipt is about: by the id of its message, or by our reference and its device, at one SMS-SC. */
#include "tests/unit/test.h"

#include "tests/unit/core/core_play.h"

#define HOST "smsc.core.example"
#define DEVICE CORE_PLAY_DEVICE

static struct core_trigger *trigger(struct core_play *p, uint32_t number, uint32_t end_to_end, const char *id)
{
	return core_play_sent(p, number, end_to_end, HOST, id);
}

static void test_a_trigger_is_found_by_its_id(void **state)
{
	struct core_play *p = *state;
	struct core_trigger *t = trigger(p, 1, 7, "77");

	assert_ptr_equal(core_smpp_by_id(p->core, "77", HOST), t);
	assert_null(core_smpp_by_id(p->core, "78", HOST));
	assert_null(core_smpp_by_id(p->core, "77", "other.core.example"));
	t->trg->accepted_by = "other.core.example"; /* it counts, whomever it was sent to */
	assert_null(core_smpp_by_id(p->core, "77", HOST));
	assert_ptr_equal(core_smpp_by_id(p->core, "77", "other.core.example"), t);
	assert_null(core_smpp_by_reference(p->core, 7, DEVICE, "other.core.example")); /* it has an id */
	t->trg->accepted_by = NULL;
}

/* The reference is of 16 bits. */
static void test_without_an_id_it_is_found_by_its_reference_and_device(void **state)
{
	struct core_play *p = *state;
	struct core_trigger *t = trigger(p, 1, 0x10007, NULL);

	assert_ptr_equal(core_smpp_by_reference(p->core, 7, DEVICE, HOST), t);
	assert_null(core_smpp_by_reference(p->core, 8, DEVICE, HOST));
	assert_null(core_smpp_by_reference(p->core, 7, "491700000002", HOST));
	assert_null(core_smpp_by_reference(p->core, 7, DEVICE, "other.core.example"));
}

static void test_of_two_that_fit_neither_is_taken(void **state)
{
	struct core_play *p = *state;

	trigger(p, 1, 7, NULL);
	trigger(p, 2, 0x10007, NULL);
	assert_null(core_smpp_by_reference(p->core, 7, DEVICE, HOST));
	trigger(p, 3, 8, "77");
	trigger(p, 4, 9, "77");
	assert_null(core_smpp_by_id(p->core, "77", HOST));
}

static void test_a_name_moves_with_the_trigger_and_ends_with_it(void **state)
{
	struct core_play *p = *state;
	struct core_trigger *t = trigger(p, 1, 7, "77");
	struct core_seat seat = { .scs = t->seat.scs };

	core_smpp_name_move(&t->seat, &seat);
	assert_ptr_equal(core_smpp_named(core_smpp_named_id(p->core, "77")), &seat);
	core_smpp_name_move(&seat, &t->seat);
	assert_ptr_equal(core_smpp_by_id(p->core, "77", HOST), t);
	core_smpp_unname(p->core, &t->seat);
	assert_null(core_smpp_by_id(p->core, "77", HOST));
}

/* Also when the journal did not take its id: it is cancelled by that. */
static void test_a_message_with_an_id_gets_no_copy(void **state)
{
	struct core_play *p = *state;
	const struct core_trigger *known = trigger(p, 1, 7, "77"), *unknown = trigger(p, 2, 8, NULL);

	p->cfg->smssc.protocol = CFG_SMSSC_SMPP;
	p->cfg->smssc.on_unknown = CFG_SMSSC_RESUBMIT;
	assert_int_equal(core_smpp_copies(p->core, unknown->trg), TRG_COPIES_ONCE);
	assert_int_equal(core_smpp_copies(p->core, known->trg), TRG_COPIES_NEVER);
	p->cfg->smssc.on_unknown = CFG_SMSSC_HOLD;
	assert_int_equal(core_smpp_copies(p->core, unknown->trg), TRG_COPIES_NEVER);
}

#define SMPP_TEST(f) cmocka_unit_test_setup_teardown(f, core_play_setup, core_play_teardown)

TEST_GROUP()
{
	static const struct CMUnitTest tests[] = {
		SMPP_TEST(test_a_trigger_is_found_by_its_id),
		SMPP_TEST(test_without_an_id_it_is_found_by_its_reference_and_device),
		SMPP_TEST(test_of_two_that_fit_neither_is_taken),
		SMPP_TEST(test_a_name_moves_with_the_trigger_and_ends_with_it),
		SMPP_TEST(test_a_message_with_an_id_gets_no_copy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
