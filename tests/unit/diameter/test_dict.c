/* The dictionary keeps the order that its look-up needs, and names what logs show. */
#include "tests/unit/test.h"

#include "diameter/dia_dict.h"
#include "diameter/dia_failed.h"

static void rows_are_sorted_and_all_are_found(void **state)
{
	(void)state;
	for (size_t i = 0; i < DIA_INDEX_COUNT; i++) {
		const struct dia_avp_def *d = &dia_avp_defs[i];

		if (i && (d[-1].vendor > d->vendor || (d[-1].vendor == d->vendor && d[-1].code >= d->code))) {
			fail_msg("%s stands in the wrong place", d->name);
		}
		assert_ptr_equal(dia_avp_def_find(d->code, d->vendor), d);
		assert_true(dia_type_lens[d->type].min <= dia_type_lens[d->type].max);
	}
	assert_null(dia_avp_def_find(0, 0));
	assert_null(dia_avp_def_find(3007, 0));
	assert_null(dia_avp_def_find(264, 10415));
	assert_null(dia_avp_def_find(UINT32_MAX, UINT32_MAX));
}

static void names_for_logs(void **state)
{
	(void)state;
	assert_string_equal(dia_avp_def_find(264, 0)->name, "Origin-Host");
	assert_string_equal(dia_command_str(8388639, true), "DAR");
	assert_string_equal(dia_command_str(8388639, false), "DAA");
	assert_string_equal(dia_command_str(8388644, true), "DRR");
	assert_string_equal(dia_command_str(8388641, false), "SIA");
	assert_string_equal(dia_command_str(257, false), "CEA");
	assert_string_equal(dia_command_str(1, true), "unknown");
	assert_string_equal(dia_application_str(16777309), "Tsp");
	assert_string_equal(dia_application_str(0xffffffff), "relay");
	assert_string_equal(dia_application_str(1), "unknown");
	assert_string_equal(dia_result_str(5005), "MISSING_AVP");
	assert_string_equal(dia_result_str(2001), "SUCCESS");
	assert_string_equal(dia_result_str(9), "unknown");
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_are_sorted_and_all_are_found),
		cmocka_unit_test(names_for_logs),
	};

	return cmocka_run_group_tests_name("diameter dict", tests, NULL, NULL);
}
