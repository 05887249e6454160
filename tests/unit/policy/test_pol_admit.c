/* Admission (CONTRACTS section 1, names that must agree) and the rate. */
#include "tests/unit/test.h"

#include "policy/pol_admit.h"
#include "policy/pol_rate.h"

#define NOW_S 1790000000ull

static const struct pol_admit_scs acme = {
	"scs.acme.example", "acme.example", "anchor-a", NULL, 0, 8, false, { AGREED_ANY, AGREED_ANY, AGREED_ANY, AGREED_ANY }
};

static struct pol_identity identity(const char *name, const char *anchor)
{
	return (struct pol_identity){ .kind = IDENTITY_TLS,
				      .names = { "other.example", name },
				      .names_n = 2,
				      .anchors = { "anchor-x", anchor },
				      .anchors_n = 2,
				      .not_after_s = NOW_S + 100 };
}

static void test_what_agrees_is_admitted(void **state)
{
	struct pol_identity id = identity("scs.acme.example", "anchor-a");

	(void)state;
	assert_int_equal(pol_admit(&id, "scs.acme.example", "acme.example", &acme, NOW_S), POL_NONE);
	assert_int_equal(pol_admit(&id, "SCS.Acme.Example", "ACME.example", &acme, NOW_S),
			 POL_NONE); /* DNS names: case is nothing */
	id.not_after_s = 0;
	id.kind = IDENTITY_IPSEC;
	assert_int_equal(pol_admit(&id, "scs.acme.example", "acme.example", &acme, NOW_S),
			 POL_WRONG_ANCHOR); /* which one is not known */
	id.anchors[0] = "anchor-a";
	id.anchors_n = 1;
	assert_int_equal(pol_admit(&id, "scs.acme.example", "acme.example", &acme, NOW_S), POL_NONE);
}

static void test_each_disagreement_has_its_reason(void **state)
{
	struct pol_identity id = identity("scs.acme.example", "anchor-a");
	struct pol_identity other_name = identity("scs.evil.example", "anchor-a");
	struct pol_identity other_anchor = identity("scs.acme.example", "anchor-b");
	struct pol_identity none = { .kind = IDENTITY_NONE }, internal = id;
	struct pol_admit_scs full = acme, two = acme;

	(void)state;
	two.also = "scs.b.example";
	assert_int_equal(pol_admit(&id, "scs.acme.example", "acme.example", &two, NOW_S), POL_CERTIFICATE_OF_TWO);
	internal.kind = IDENTITY_INTERNAL; /* an SCS with an anchor is never admitted by where it connects from */
	full.connections = 8;
	assert_int_equal(pol_admit(&none, "scs.acme.example", "acme.example", &acme, NOW_S), POL_NOT_PROTECTED);
	assert_int_equal(pol_admit(&internal, "scs.acme.example", "acme.example", &acme, NOW_S), POL_NOT_PROTECTED);
	assert_int_equal(pol_admit(&id, "scs.acme.example", "acme.example", NULL, NOW_S), POL_UNKNOWN_PEER);
	assert_int_equal(pol_admit(&id, "scs.b.example", "acme.example", &acme, NOW_S), POL_UNKNOWN_PEER);
	assert_int_equal(pol_admit(&other_name, "scs.acme.example", "acme.example", &acme, NOW_S), POL_NAME_NOT_PROVEN);
	assert_int_equal(pol_admit(&other_anchor, "scs.acme.example", "acme.example", &acme, NOW_S), POL_WRONG_ANCHOR);
	assert_int_equal(pol_admit(&id, "scs.acme.example", "b.example", &acme, NOW_S), POL_WRONG_REALM);
	assert_int_equal(pol_admit(&id, "scs.acme.example", "acme.example", &acme, NOW_S + 101), POL_CERTIFICATE_EXPIRED);
	assert_int_equal(pol_admit(&id, "scs.acme.example", "acme.example", &full, NOW_S), POL_TOO_MANY_CONNECTIONS);
}

/* What was agreed is told to nobody who has not proven its name, and comes before the limit of connections. */
static void test_a_connection_has_to_be_as_agreed(void **state)
{
	static const struct {
		struct agreement agreed;
		enum pol_reason reason;
		bool security;
	} rows[] = {
		{ { 1 << TRANSPORT_SCTP, AGREED_ANY, AGREED_ANY, AGREED_ANY }, POL_TRANSPORT_NOT_AGREED, false },
		{ { AGREED_ANY, 1 << PROTECTION_TLS_NDSIP, AGREED_ANY, AGREED_ANY }, POL_PROTECTION_NOT_AGREED, true },
		{ { AGREED_ANY, AGREED_ANY, 1 << AGREED_TLS_1_3, AGREED_ANY }, POL_TLS_VERSION_NOT_AGREED, true },
		{ { AGREED_ANY, AGREED_ANY, AGREED_ANY, 1 << 5 }, POL_TLS_SUITE_NOT_AGREED, true },
	};
	struct pol_identity id = identity("scs.acme.example", "anchor-a"), other = identity("scs.evil.example", "anchor-a");

	(void)state;
	id.connection = (struct agreed_connection){ TRANSPORT_TCP, PROTECTION_TLS, AGREED_TLS_1_2, 4 };
	other.connection = id.connection;
	assert_int_equal(pol_admit(&id, "scs.acme.example", "acme.example", &acme, NOW_S), POL_NONE);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct pol_admit_scs scs = acme;

		scs.agreed = rows[i].agreed;
		scs.connections = 8;
		assert_int_equal(pol_admit(&id, "scs.acme.example", "acme.example", &scs, NOW_S), rows[i].reason);
		assert_int_equal(pol_admit_security(rows[i].reason), rows[i].security);
		assert_int_equal(pol_admit(&other, "scs.acme.example", "acme.example", &scs, NOW_S), POL_NAME_NOT_PROVEN);
		assert_int_equal(pol_admit(&id, "scs.acme.example", "b.example", &scs, NOW_S), POL_WRONG_REALM);
		scs.connections = 0;
		other = identity("scs.acme.example", "anchor-a"); /* a certificate alone, before its first use */
		assert_int_equal(pol_admit(&other, "scs.acme.example", "acme.example", &scs, NOW_S), POL_NONE);
		other = identity("scs.evil.example", "anchor-a");
	}
	assert_false(pol_admit_security(POL_UNKNOWN_PEER));
}

static void test_tls_inside_ipsec_needs_one_name_from_both(void **state)
{
	struct pol_identity id = identity("scs.acme.example", "anchor-a");

	(void)state;
	id.ike = "SCS.acme.example";
	assert_int_equal(pol_admit(&id, "scs.acme.example", "acme.example", &acme, NOW_S), POL_NONE);
	id.ike = "other.example"; /* in the certificate, and not the Origin-Host */
	assert_int_equal(pol_admit(&id, "scs.acme.example", "acme.example", &acme, NOW_S), POL_OTHER_IKE_IDENTITY);
	id = identity("scs.evil.example", "anchor-a"); /* the tunnel does not stand in for the certificate */
	id.ike = "scs.acme.example";
	assert_int_equal(pol_admit(&id, "scs.acme.example", "acme.example", &acme, NOW_S), POL_NAME_NOT_PROVEN);
}

static void test_unknown_revocation_refuses_unless_the_scs_is_soft(void **state)
{
	struct pol_identity id = identity("scs.acme.example", "anchor-a");
	struct pol_admit_scs soft = acme;

	(void)state;
	soft.revocation_soft = true;
	id.revocation[0] = REVOCATION_ABSENT; /* of another anchor: it says nothing about this SCS */
	for (uint8_t i = REVOCATION_UNCHECKED; i <= REVOCATION_STALE + 1; i++) { /* an unknown word is no good one */
		bool good = i == REVOCATION_UNCHECKED || i == REVOCATION_GOOD;

		id.revocation[1] = i;
		assert_int_equal(pol_admit(&id, "scs.acme.example", "acme.example", &acme, NOW_S),
				 good ? POL_NONE : POL_REVOCATION_UNKNOWN);
		assert_int_equal(pol_admit(&id, "scs.acme.example", "acme.example", &soft, NOW_S), POL_NONE);
	}
	assert_int_equal(pol_admit_anchor(&id, "anchor-a"), 1);
	assert_int_equal(pol_admit_anchor(&id, "anchor-c"), IDENTITY_ANCHORS_MAX);
}

static void test_internal_is_for_scss_provisioned_so_and_for_no_other(void **state)
{
	static const struct pol_admit_scs own = { "portal.core.example",
						  "core.example",
						  "internal",
						  NULL,
						  0,
						  8,
						  false,
						  { AGREED_ANY, AGREED_ANY, AGREED_ANY, AGREED_ANY } };
	struct pol_identity zone = { .kind = IDENTITY_INTERNAL };
	struct pol_identity tls = identity("portal.core.example", "internal"); /* even if an anchor bore that name */
	struct pol_admit_scs full = own;

	(void)state;
	full.connections = full.connections_max;
	assert_int_equal(pol_admit(&zone, "portal.core.example", "core.example", &own, NOW_S), POL_NONE);
	assert_int_equal(pol_admit(&zone, "portal.core.example", "other.example", &own, NOW_S), POL_WRONG_REALM);
	assert_int_equal(pol_admit(&zone, "other.core.example", "core.example", &own, NOW_S), POL_UNKNOWN_PEER);
	assert_int_equal(pol_admit(&zone, "portal.core.example", "core.example", NULL, NOW_S), POL_UNKNOWN_PEER);
	assert_int_equal(pol_admit(&zone, "portal.core.example", "core.example", &full, NOW_S), POL_TOO_MANY_CONNECTIONS);
	assert_int_equal(pol_admit(&zone, "scs.acme.example", "acme.example", &acme, NOW_S), POL_NOT_PROTECTED);
	assert_int_equal(pol_admit(&tls, "portal.core.example", "core.example", &own, NOW_S), POL_WRONG_ANCHOR);
	tls.kind = IDENTITY_IPSEC;
	assert_int_equal(pol_admit(&tls, "portal.core.example", "core.example", &own, NOW_S), POL_WRONG_ANCHOR);
}

static void test_every_later_request_carries_the_same_pair(void **state)
{
	(void)state;
	assert_true(pol_same_origin("a.example", "example", "A.example", 9, "example", 7));
	assert_false(pol_same_origin("a.example", "example", "b.example", 9, "example", 7));
	assert_false(pol_same_origin("a.example", "example", "a.example", 8, "example", 7));
	assert_false(pol_same_origin("a.example", "example", "a.example", 9, "Xxample", 7));
	assert_false(pol_same_origin("a.example", "example", "a.example\0", 10, "example", 7));
}

static void test_a_burst_passes_and_then_the_rate(void **state)
{
	struct pol_rate r = { 0 };
	uint64_t now = 5000;
	int passed = 0;

	(void)state;
	for (int i = 0; i < 100; i++) {
		passed += pol_rate_take(&r, 10, 30, now);
	}
	assert_int_equal(passed, 30);
	for (passed = 0; now < 15000; now += 10) {
		passed += pol_rate_take(&r, 10, 30, now);
	}
	assert_in_range(passed, 98, 101); /* 10 a second for 10 seconds */
	now += 3600000;
	for (passed = 0; passed < 100 && pol_rate_take(&r, 10, 30, now); passed++) {
		;
	}
	assert_int_equal(passed, 30); /* silence fills no more than the bucket */
}

static void test_slow_rates_lose_nothing_and_clocks_may_jump(void **state)
{
	struct pol_rate r = { 0 };
	int passed = 0;

	(void)state;
	for (uint64_t now = 0; now < 10000; now++) {
		passed += pol_rate_take(&r, 1, 1, now);
	}
	assert_int_equal(passed, 10);
	assert_false(pol_rate_take(&r, 1, 1, 5)); /* gone back: the 999 thousandths of this second stay */
	assert_true(pol_rate_take(&r, 1, 1, 6));
	assert_false(pol_rate_take(&r, 1, 1, 900));
	assert_true(pol_rate_take(&r, 4000000000u, 4000000000u, UINT64_MAX)); /* no overflow */
	assert_true(pol_rate_take(&r, 0, 0, 0));                              /* no limit */
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_agrees_is_admitted),
		cmocka_unit_test(test_each_disagreement_has_its_reason),
		cmocka_unit_test(test_a_connection_has_to_be_as_agreed),
		cmocka_unit_test(test_tls_inside_ipsec_needs_one_name_from_both),
		cmocka_unit_test(test_unknown_revocation_refuses_unless_the_scs_is_soft),
		cmocka_unit_test(test_internal_is_for_scss_provisioned_so_and_for_no_other),
		cmocka_unit_test(test_every_later_request_carries_the_same_pair),
		cmocka_unit_test(test_a_burst_passes_and_then_the_rate),
		cmocka_unit_test(test_slow_rates_lose_nothing_and_clocks_may_jump),
	};

	return cmocka_run_group_tests_name("pol_admit", tests, NULL, NULL);
}
