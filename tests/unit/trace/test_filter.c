/* What matches a filter, and which answers belong to a request. */
#include "tests/unit/test.h"

#include "trace/trc_filter.h"

static struct trc_about about(const char *scs, const char *external, const char *msisdn, uint32_t reference)
{
	return (struct trc_about){ scs, external, msisdn, reference };
}

static bool fits(const struct trc_filter *f, struct trc_about a)
{
	return trc_filter_matches(f, &a);
}

static void test_everything_that_is_given_must_match(void **state)
{
	struct trc_filter f = { .scs = "acme", .has_reference = true, .reference = 41 };

	(void)state;
	assert_true(fits(&f, about("acme", "a@b.example", "", 41)));
	assert_false(fits(&f, about("beta", "a@b.example", "", 41)));
	assert_false(fits(&f, about("acme", "a@b.example", "", 42)));
	f = (struct trc_filter){ .external = "a@b.example" };
	assert_true(fits(&f, about("beta", "a@b.example", "", 1)));
	assert_false(fits(&f, about("beta", "A@b.example", "", 1))); /* a local part keeps its case */
	assert_false(fits(&f, about("beta", "", "491700000001", 1)));
	f = (struct trc_filter){ .msisdn = "491700000001" };
	assert_true(fits(&f, about("beta", "x@y.example", "491700000001", 1))); /* a request may have both */
	assert_false(fits(&f, about("beta", "x@y.example", "", 1)));
}

static void test_a_filter_names_something(void **state)
{
	struct trc_filter f = { .has_reference = true };

	(void)state;
	assert_false(trc_filter_ok(&f));
	f.peer[0] = 'h';
	assert_false(trc_filter_ok(&f)); /* a trigger without its SCS */
	f.has_reference = false;
	assert_true(trc_filter_ok(&f) && trc_filter_whole_peer(&f) && !trc_filter_whole_scs(&f));
	f.scs[0] = 'a';
	assert_false(trc_filter_whole_peer(&f) || trc_filter_whole_scs(&f));
	f.peer[0] = 0;
	assert_true(trc_filter_whole_scs(&f));
	f.has_reference = true;
	assert_false(trc_filter_whole_scs(&f));
}

/* Each member by itself, with a name of one letter. */
static void test_the_shortest_names(void **state)
{
	struct trc_filter scs = { .scs = "a" }, external = { .external = "x" }, msisdn = { .msisdn = "4" },
			  peer = { .peer = "h" };

	(void)state;
	assert_true(trc_filter_ok(&scs) && trc_filter_ok(&external) && trc_filter_ok(&msisdn) && trc_filter_ok(&peer));
	scs.has_reference = true;
	assert_true(trc_filter_ok(&scs));
	assert_false(trc_filter_whole_scs(&scs));
	scs.has_reference = false;
	assert_true(trc_filter_whole_scs(&scs) && trc_filter_whole_peer(&peer));
	scs.external[0] = 'x'; /* a device of an SCS, and of a peer */
	peer.msisdn[0] = '4';
	assert_false(trc_filter_whole_scs(&scs) || trc_filter_whole_peer(&peer));
	assert_false(fits(&scs, about("b", "x", "", 1)) || fits(&scs, about("a", "y", "", 1)));
	assert_true(fits(&scs, about("a", "x", "", 1)));
	assert_false(fits(&external, about("a", "y", "", 1)) || fits(&msisdn, about("a", "x", "5", 1)));
	assert_true(fits(&msisdn, about("a", "x", "4", 1)));
}

static void test_a_filter_in_words(void **state)
{
	struct trc_filter f = { .scs = "acme", .external = "a@b.example", .peer = "hss", .has_reference = true, .reference = 7 };
	char text[TRC_FILTER_TEXT_MAX];

	(void)state;
	assert_string_equal(trc_filter_text(text, &f), "scs acme, device a@b.example, peer hss, trigger 7");
	f = (struct trc_filter){ .msisdn = "491700000001" };
	assert_string_equal(trc_filter_text(text, &f), "device msisdn:491700000001");
}

static void test_an_answer_belongs_to_its_request_once(void **state)
{
	struct trc_watch w = { .slots = NULL };

	(void)state;
	assert_false(trc_watch_take(&w, 1, 1)); /* off */
	assert_int_equal(trc_watch_init(&w), 0);
	assert_false(trc_watch_take(&w, 1, 1));
	trc_watch_add(&w, 2, 7);
	assert_false(trc_watch_take(&w, 3, 7));                   /* the other direction, another connection */
	assert_false(trc_watch_take(&w, 2 + TRC_WATCH_SLOTS, 7)); /* one with the same place */
	assert_false(trc_watch_take(&w, 2, 8));
	assert_true(trc_watch_take(&w, 2, 7));
	assert_false(trc_watch_take(&w, 2, 7));
	for (uint32_t i = 0; i < TRC_WATCH_SLOTS; i++) { /* so many of one connection have places of their own */
		trc_watch_add(&w, 2, UINT32_MAX - 5 + i);
	}
	for (uint32_t i = 0; i < TRC_WATCH_SLOTS; i++) {
		assert_true(trc_watch_take(&w, 2, UINT32_MAX - 5 + i));
	}
	trc_watch_add(&w, 2, 1);
	trc_watch_add(&w, 2, 1 + TRC_WATCH_SLOTS); /* pushes it out */
	assert_false(trc_watch_take(&w, 2, 1));
	assert_int_equal(w.used, 1);
	assert_true(trc_watch_take(&w, 2, 1 + TRC_WATCH_SLOTS));
	assert_int_equal(w.used, 0);
	trc_watch_fini(&w);
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_everything_that_is_given_must_match),
		cmocka_unit_test(test_a_filter_names_something),
		cmocka_unit_test(test_the_shortest_names),
		cmocka_unit_test(test_a_filter_in_words),
		cmocka_unit_test(test_an_answer_belongs_to_its_request_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
