/* What a process says of its sandbox arrives as it was said. */
#include "tests/unit/test.h"

#include <unistd.h>

#include "daemon/dm_sandbox.h"

static void a_report_survives_the_way(void **state)
{
	struct sbx_report r = { .role = SBX_KEYHOLDER_P11,
				.mode = SBX_REQUIRE,
				.seccomp = 2,
				.landlock = 63,
				.no_new_privs = true,
				.locked = true,
				.uid = UINT32_MAX - 1,
				.capabilities = UINT64_C(1) << 40 | 1,
				.lacks = SBX_LACK_USERS | SBX_LACK_OFF },
			  got;
	struct dm_msg m = dm_sandbox_message(&r);

	(void)state;
	assert_int_equal(m.kind, DM_SANDBOX);
	assert_int_equal(m.generation, getpid());
	m.value |= UINT64_C(77) << DM_SANDBOX_SLOT_SHIFT; /* the parent adds the place */
	assert_true(dm_sandbox_read(&got, &m));
	assert_int_equal(got.role, r.role);
	assert_int_equal(got.mode, r.mode);
	assert_int_equal(got.seccomp, 2);
	assert_int_equal(got.landlock, 63);
	assert_true(got.no_new_privs && got.locked && !got.dumpable);
	assert_int_equal(got.uid, r.uid);
	assert_int_equal(got.capabilities, r.capabilities);
	assert_int_equal(got.lacks, r.lacks);
}

static void what_no_report_can_say_is_refused(void **state)
{
	struct dm_msg m = { .kind = DM_SANDBOX, .what = SBX_ROLES };
	struct sbx_report got;

	(void)state;
	assert_false(dm_sandbox_read(&got, &m));
	m.what = 3u << 4; /* no mode */
	assert_false(dm_sandbox_read(&got, &m));
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_report_survives_the_way),
		cmocka_unit_test(what_no_report_can_say_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
