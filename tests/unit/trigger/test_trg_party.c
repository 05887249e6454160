/* The names of an SCS are kept once for all its triggers, up to a number of SCSs. */
#include "tests/unit/trigger/fake.h"

static void test_triggers_of_one_party_share_its_names(void **state)
{
	struct trg_parties parties = { .max = 10 };
	struct trg_request r = request();
	const struct trg_party *party = trg_party_keep(&parties, &r);
	char realm[] = "acme.example";

	(void)state;
	assert_non_null(party);
	assert_string_equal(party->scs, r.scs);
	assert_string_equal(party->scs_e164, r.scs_e164);
	assert_string_equal(party->origin_host, r.origin_host);
	assert_string_equal(party->origin_realm, r.origin_realm);
	assert_string_equal(party->groups, "");
	r.origin_realm = realm; /* the same text elsewhere */
	assert_ptr_equal(trg_party_keep(&parties, &r), party);
	trg_parties_fini(&parties);
	trg_parties_fini(&parties);
}

/* The record of a trigger is the same whether its names are its own or those of a party. */
static void test_a_party_stands_in_a_record_as_the_names_of_a_trigger(void **state)
{
	struct trg_parties parties = { .max = 10 };
	struct trg_conf conf = fake_conf;
	struct trg_request r = request();
	struct fake f = fake_new();
	uint8_t octets[2][1024];
	struct buf record[2];

	(void)state;
	r.groups = "fleet"; /* is in the record, too, and elsewhere */
	for (int i = 0; i < 2; i++) {
		struct trg *t;

		conf.parties = i ? &parties : NULL;
		assert_int_equal(trg_new(&t, 7, &r, &conf, &fake_ports, &f), 0);
		assert_int_equal(t->party != NULL, i);
		record[i] = buf_over(octets[i], sizeof octets[i]);
		trg_record_build(&record[i], t);
		assert_false(record[i].full);
		trg_free(t);
	}
	assert_int_equal(record[0].len, record[1].len);
	assert_memory_equal(octets[0], octets[1], record[0].len);
	trg_parties_fini(&parties);
}

/* Each of these makes another party; also when a text begins where the one before ended earlier. */
static void test_whatever_differs_is_another_party(void **state)
{
	struct trg_parties parties = { .max = 10 };
	struct trg_request r[6];
	const struct trg_party *party[6];

	(void)state;
	for (size_t i = 0; i < 6; i++) {
		r[i] = request();
	}
	r[1].groups = "fleet";
	r[2].groups_not_after_s = 7;
	r[3].scs = "acm", r[3].scs_e164 = "e49170123456";
	r[4].origin_host = "scs2.acme.example";
	r[5].origin_realm = "acme2.example";
	for (size_t i = 0; i < 6; i++) {
		party[i] = trg_party_keep(&parties, &r[i]);
		assert_non_null(party[i]);
		for (size_t k = 0; k < i; k++) {
			assert_ptr_not_equal(party[i], party[k]);
		}
	}
	assert_true(party[2]->groups_not_after_s == 7);
	assert_string_equal(party[1]->groups, "fleet");
	trg_parties_fini(&parties);
}

/* Two that share a place among the recent ones ("Aa" and "BB" are one number to it) are told apart, asked in turn. */
static void test_parties_that_share_a_place_are_told_apart(void **state)
{
	struct trg_parties parties = { .max = 10 };
	struct trg_request a = request(), b = request();
	const struct trg_party *x, *y;

	(void)state;
	a.scs_e164 = "Aa";
	b.scs_e164 = "BB";
	x = trg_party_keep(&parties, &a);
	y = trg_party_keep(&parties, &b);
	assert_ptr_not_equal(x, y);
	for (int i = 0; i < 3; i++) {
		assert_ptr_equal(trg_party_keep(&parties, &a), x);
		assert_ptr_equal(trg_party_keep(&parties, &b), y);
	}
	assert_int_equal(parties.map.n, 2);
	trg_parties_fini(&parties);
	assert_null(parties.recent[0]);
}

static void test_a_trigger_above_the_limit_has_its_own_names(void **state)
{
	struct trg_parties parties = { .max = 1 };
	struct trg_conf conf = fake_conf;
	struct trg_request r = request();
	struct fake f = fake_new();
	struct trg *first, *second;

	(void)state;
	conf.parties = &parties;
	assert_int_equal(trg_new(&first, 7, &r, &conf, &fake_ports, &f), 0);
	r.scs = "other";
	assert_int_equal(trg_new(&second, 8, &r, &conf, &fake_ports, &f), 0);
	assert_non_null(first->party);
	assert_null(second->party);
	assert_string_equal(second->req.scs, "other");
	assert_string_equal(second->req.origin_host, "scs.acme.example");
	assert_string_equal(second->req.external, "meter-7@a.example");
	trg_free(first);
	trg_free(second);
	trg_parties_fini(&parties);
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_triggers_of_one_party_share_its_names),
		cmocka_unit_test(test_a_party_stands_in_a_record_as_the_names_of_a_trigger),
		cmocka_unit_test(test_whatever_differs_is_another_party),
		cmocka_unit_test(test_parties_that_share_a_place_are_told_apart),
		cmocka_unit_test(test_a_trigger_above_the_limit_has_its_own_names),
	};

	return cmocka_run_group_tests_name("trg_party", tests, NULL, NULL);
}
