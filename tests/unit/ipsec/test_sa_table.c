/* The table of security associations follows what charon says, by recordings of a real one and by messages made by hand; what is up
 * is known by `up` and by lists, and nothing by names in the message of an end. */
#include "tests/unit/test.h"

#include "tests/unit/ipsec/say.h"

#define ACME "scs.acme.example"
#define LOCAL "10.77.1.1/32[tcp/3868]"
#define REMOTE "10.77.2.1/32[tcp]"

static struct sa_table *table(uint32_t ikes_max, uint32_t children_max)
{
	struct sa_table_conf conf = { .ikes_max = ikes_max, .children_max = children_max };
	struct sa_table *t;

	assert_int_equal(sa_table_new(&t, &conf), 0);
	return t;
}

/* Everything in the recording; a list begins and ends where it does. */
static void play(struct sa_table *t, const char *name, bool list)
{
	static struct recording r;
	struct vici_packet packet;

	recording_open(&r, name);
	if (list) {
		sa_table_list_begin(t);
	}
	while (recording_next(&r, &packet)) {
		if (packet.type == VICI_EVENT) {
			assert_int_equal(sa_table_event(t, &packet), 0);
		} else {
			assert_int_equal(packet.type, VICI_RESPONSE);
			assert_int_equal(sa_table_list_end(t), 0);
		}
	}
}

static void expect(const struct sa_table *t, uint32_t ikes, uint32_t children)
{
	struct sa_table_counts counts = sa_table_counts(t);

	assert_int_equal(counts.ikes, ikes);
	assert_int_equal(counts.children, children);
	assert_int_equal(counts.unreadable, 0);
	assert_int_equal(counts.refused, 0);
}

static void test_a_real_charon_from_up_to_down(void **state)
{
	struct sa_table *t = table(10, 10);
	const struct sa_child *c;

	(void)state;
	assert_false(sa_table_whole(t));
	play(t, "list-none", true);
	assert_true(sa_table_whole(t));
	expect(t, 0, 0);
	play(t, "up", false);
	expect(t, 1, 1);
	c = sa_table_child(t, 1);
	assert_non_null(c);
	assert_int_equal(c->state, SA_CHILD_INSTALLED);
	assert_string_equal(c->ike->identity, ACME);
	assert_string_equal(c->ike->connection, "mtc-acme");
	assert_true(c->ike->proven);
	assert_int_equal(c->local[0].port_from, 3868);
	assert_int_equal(c->remote[0].ts.protocol, SA_TCP);
	play(t, "list-one", true);
	expect(t, 1, 1);
	play(t, "child-rekey", false);
	expect(t, 1, 1);
	assert_null(sa_table_child(t, 1));
	assert_int_equal(sa_table_child(t, 2)->state, SA_CHILD_INSTALLED);
	play(t, "list-after-child-rekey", true);
	expect(t, 1, 2);
	assert_int_equal(sa_table_child(t, 1)->state, SA_CHILD_DELETED);
	play(t, "ike-rekey", false);
	expect(t, 1, 2);
	assert_null(sa_table_ike(t, 1));
	assert_int_equal(sa_table_child(t, 2)->ike->uniqueid, 2);
	assert_int_equal(sa_table_child(t, 2)->ike->first, 1); /* where the peer proved its identity */
	play(t, "list-after-ike-rekey", true);
	expect(t, 1, 2);
	play(t, "reauth", false);
	expect(t, 1, 1);
	assert_int_equal(sa_table_child(t, 3)->ike->uniqueid, 3);
	assert_int_equal(sa_table_child(t, 3)->ike->first, 3);
	assert_int_equal(sa_table_newest(t), 3);
	play(t, "list-after-reauth", true);
	expect(t, 1, 1);
	play(t, "down", false);
	expect(t, 0, 0);
	play(t, "list-after-down", true);
	expect(t, 0, 0);
	assert_true(sa_table_whole(t));
	sa_table_free(t);
}

/* In the middle of a reauthentication both are there, so there is no gap. */
static void test_make_before_break_has_no_gap(void **state)
{
	struct sa_table *t = table(10, 10);
	static struct recording r;
	struct vici_packet packet;
	unsigned n = 0;

	(void)state;
	play(t, "list-after-ike-rekey", true);
	recording_open(&r, "reauth");
	while (recording_next(&r, &packet)) {
		assert_int_equal(sa_table_event(t, &packet), 0);
		n++;
		assert_true(sa_table_child(t, 2) || sa_table_child(t, 3));
		assert_int_equal(sa_table_child(t, 2) && sa_table_child(t, 3), n == 2);
	}
	sa_table_free(t);
}

/* It names the SCS whose tunnel is up, with a number that was never up. */
static void test_a_refused_authentication_ends_nothing(void **state)
{
	struct sa_table *t = table(10, 10);

	(void)state;
	play(t, "list-after-reauth", true);
	play(t, "refused", false);
	expect(t, 1, 1);
	assert_int_equal(sa_table_counts(t).ignored_downs, 1);
	sa_table_free(t);
}

static void test_down_is_the_absence_of_up(void **state)
{
	struct say_child child = { 7, "INSTALLED", LOCAL, REMOTE };
	struct sa_table *t = table(10, 10);

	(void)state;
	assert_int_equal(say_to(t, "child-updown", true, 3, ACME, &child, 1), 0);
	expect(t, 1, 1);
	assert_int_equal(say_to(t, "child-updown", false, 3, ACME, &child, 1), 0); /* ESTABLISHED and INSTALLED, all the same */
	expect(t, 1, 0);
	assert_int_equal(say_to(t, "child-updown", true, 3, ACME, &child, 1), 0);
	assert_int_equal(say_to(t, "child-updown", false, 4, ACME, &child, 1), 0); /* of another IKE_SA */
	expect(t, 1, 1);
	assert_int_equal(say_to(t, "ike-updown", false, 3, "someone.else.example", NULL, 0), 0); /* the number counts */
	expect(t, 0, 0);
	sa_table_free(t);
}

static void test_a_list_removes_what_it_does_not_name(void **state)
{
	struct say_child one = { 7, "INSTALLED", LOCAL, REMOTE }, two = { 8, "INSTALLED", LOCAL, "10.77.2.2/32[tcp]" },
			 three = { 9, "INSTALLED", LOCAL, "10.77.2.3/32[tcp]" };
	struct sa_table *t = table(10, 10);

	(void)state;
	assert_int_equal(say_to(t, "child-updown", true, 3, ACME, &one, 1), 0);
	assert_int_equal(say_to(t, "child-updown", true, 4, ACME, &two, 1), 0);
	sa_table_list_begin(t);
	assert_int_equal(say_to(t, "list-sa", false, 3, ACME, &one, 1), 0);
	assert_int_equal(say_to(t, "child-updown", true, 5, ACME, &three, 1), 0); /* comes up meanwhile */
	sa_table_list_cancel(t);
	expect(t, 3, 3);
	assert_false(sa_table_whole(t));
	assert_int_equal(sa_table_list_end(t), ERR_STATE);
	sa_table_list_begin(t);
	assert_int_equal(say_to(t, "list-sa", false, 3, ACME, &one, 1), 0);
	assert_int_equal(say_to(t, "child-updown", true, 5, ACME, &three, 1), 0);
	assert_int_equal(sa_table_list_end(t), 0);
	expect(t, 2, 2);
	assert_null(sa_table_child(t, 8));
	assert_true(sa_table_whole(t));
	sa_table_clear(t);
	expect(t, 0, 0);
	assert_false(sa_table_whole(t));
	sa_table_free(t);
}

static void test_what_is_listed_without_authentication_is_not_proven(void **state)
{
	struct say_child child = { 7, "INSTALLED", LOCAL, REMOTE };
	static struct say s;
	struct sa_table *t = table(10, 10);
	struct vici_packet packet;

	(void)state;
	sa_table_list_begin(t);
	say_begin(&s, "list-sa", false, "mtc-acme", "3", "CONNECTING", ACME);
	say_children(&s, &child, 1);
	packet = say_end(&s);
	assert_int_equal(sa_table_event(t, &packet), 0);
	assert_int_equal(sa_table_list_end(t), 0);
	assert_false(sa_table_ike(t, 3)->proven);
	assert_int_equal(say_to(t, "ike-updown", true, 3, ACME, NULL, 0), 0);
	assert_true(sa_table_ike(t, 3)->proven);
	sa_table_free(t);
}

/* charon lists an IKE_SA before its peer has said who it is, and has chosen no connection for it yet. */
static void test_a_half_open_ike_sa_has_no_name_yet(void **state)
{
	struct say_child child = { 7, "INSTALLED", LOCAL, REMOTE };
	static struct say s;
	struct sa_table *t = table(10, 10);
	struct vici_packet packet;

	(void)state;
	sa_table_list_begin(t);
	say_begin(&s, "list-sa", false, "(unnamed)", "3", "CONNECTING", "%any");
	packet = say_end(&s);
	assert_int_equal(sa_table_event(t, &packet), 0);
	assert_int_equal(sa_table_list_end(t), 0);
	assert_int_equal(say_to(t, "ike-updown", true, 3, ACME, NULL, 0), 0);
	assert_int_equal(say_to(t, "child-updown", true, 3, ACME, &child, 1), 0);
	assert_true(sa_table_whole(t));
	assert_string_equal(sa_table_ike(t, 3)->identity, ACME);
	assert_true(sa_table_ike(t, 3)->proven);
	assert_int_equal(say_to(t, "ike-updown", true, 3, "scs.beta.example", NULL, 0), ERR_PROTO);
	assert_false(sa_table_whole(t)); /* it was proven: it has its name for good */
	sa_table_free(t);
}

/* Who is refused may have claimed any name. */
static void test_a_long_name_that_is_only_claimed_changes_nothing(void **state)
{
	struct sa_table *t = table(10, 10);
	char name[500];

	(void)state;
	memset(name, 'a', sizeof name - 1);
	name[sizeof name - 1] = 0;
	sa_table_list_begin(t);
	assert_int_equal(say_to(t, "list-sa", false, 9, name, NULL, 0), 0);
	assert_int_equal(sa_table_list_end(t), 0);
	assert_string_equal(sa_table_ike(t, 9)->identity, "");
	assert_int_equal(say_to(t, "ike-updown", false, 8, name, NULL, 0), 0);
	assert_true(sa_table_whole(t));
	sa_table_free(t);
}

/* A peer may have its selector narrowed to as many as it likes. What is more than we keep may carry anything between the hosts that
 * it names, proves nothing, and is no doubt about other hosts. */
static void test_more_selectors_than_we_keep(void **state)
{
	const struct sa_end inside = { .port = 1002, .address = { .family = 4, .octets = { 10, 77, 2, 1 } } };
	static struct say s;
	struct sa_table *t = table(10, 10);
	const struct sa_child *c;
	struct vici_packet packet;
	char text[SA_TS_TEXT_MAX];

	(void)state;
	sa_table_list_begin(t);
	assert_int_equal(sa_table_list_end(t), 0);
	say_begin(&s, "child-updown", true, "mtc-acme", "3", "ESTABLISHED", ACME);
	vici_put_section(&s.o, "child-sas");
	vici_put_section(&s.o, "host-1-1");
	vici_put_value(&s.o, "uniqueid", "7");
	vici_put_value(&s.o, "state", "INSTALLED");
	vici_put_list(&s.o, "local-ts");
	vici_put_item(&s.o, LOCAL, strlen(LOCAL));
	vici_put_list_end(&s.o);
	vici_put_list(&s.o, "remote-ts");
	for (unsigned port = 1000; port < 1000 + 3 * SA_SELECTORS_MAX; port++) {
		snprintf(text, sizeof text, "10.77.2.1/32[tcp/%u]", port);
		vici_put_item(&s.o, text, strlen(text));
	}
	vici_put_list_end(&s.o);
	vici_put_section_end(&s.o);
	vici_put_section_end(&s.o);
	packet = say_end(&s);
	assert_int_equal(sa_table_event(t, &packet), 0);
	expect(t, 1, 1);
	c = sa_table_child(t, 7);
	assert_int_equal(c->remote_n, SA_SELECTORS_MAX);
	assert_int_equal(sa_ts_holds(&c->remote[2].ts, &inside, SA_TCP), SA_INSIDE);
	assert_int_equal(sa_ts_holds(&c->remote[SA_SELECTORS_MAX - 1].ts, &inside, SA_TCP), SA_UNKNOWN);
	assert_false(c->remote[SA_SELECTORS_MAX - 1].wide);
	sa_table_free(t);
}

/* After anything that could not be taken over, only a whole list makes the table whole again. */
static void test_a_bound_makes_the_table_incomplete(void **state)
{
	struct say_child one = { 7, "INSTALLED", LOCAL, REMOTE }, two = { 8, "INSTALLED", LOCAL, REMOTE };
	struct sa_table *t = table(2, 1);

	(void)state;
	sa_table_list_begin(t);
	assert_int_equal(sa_table_list_end(t), 0);
	assert_int_equal(say_to(t, "child-updown", true, 3, ACME, &one, 1), 0);
	assert_true(sa_table_whole(t));
	assert_int_equal(say_to(t, "child-updown", true, 4, ACME, &two, 1), ERR_BUSY);
	assert_false(sa_table_whole(t));
	assert_int_equal(say_to(t, "ike-updown", true, 5, ACME, NULL, 0), ERR_BUSY);
	sa_table_list_begin(t);
	assert_int_equal(say_to(t, "list-sa", false, 3, ACME, &one, 1), 0);
	assert_int_equal(say_to(t, "list-sa", false, 4, ACME, &two, 1), ERR_BUSY);
	assert_int_equal(sa_table_list_end(t), ERR_BUSY);
	assert_false(sa_table_whole(t));
	sa_table_list_begin(t);
	assert_int_equal(say_to(t, "list-sa", false, 3, ACME, &one, 1), 0);
	assert_int_equal(sa_table_list_end(t), 0);
	assert_true(sa_table_whole(t));
	assert_int_equal(sa_table_counts(t).refused, 3);
	sa_table_free(t);
}

static void test_messages_that_break_the_protocol(void **state)
{
	struct say_child child = { 7, "INSTALLED", LOCAL, REMOTE };
	static struct say s;
	struct sa_table *t = table(10, 10);
	struct vici_packet packet;

	(void)state;
	assert_int_equal(say_to(t, "list-sa", false, 3, ACME, &child, 1), ERR_PROTO); /* in no list */
	assert_int_equal(say_to(t, "child-updown", true, 0, ACME, &child, 1), ERR_PROTO);
	child.uniqueid = 0;
	assert_int_equal(say_to(t, "child-updown", true, 3, ACME, &child, 1), ERR_PROTO);
	assert_int_equal(say_to(t, "ike-updown", true, 3, "another.example", NULL, 0), ERR_PROTO); /* 3 is of ACME */
	assert_int_equal(say_to(t, "log", false, 3, ACME, NULL, 0), ERR_NOTFOUND);
	say_begin(&s, "ike-updown", true, "mtc-acme", "9", "ESTABLISHED", ACME);
	vici_put_value(&s.o, "remote-id", "second.example");
	packet = say_end(&s);
	assert_int_equal(sa_table_event(t, &packet), ERR_PROTO);
	say_begin(&s, "ike-updown", true, "mtc-acme", "4294967296", "ESTABLISHED", ACME);
	packet = say_end(&s);
	assert_int_equal(sa_table_event(t, &packet), ERR_PROTO);
	say_begin(&s, "ike-rekey", false, "mtc-acme", "9", "ESTABLISHED", ACME); /* without old and new */
	packet = say_end(&s);
	assert_int_equal(sa_table_event(t, &packet), ERR_PROTO);
	packet.type = VICI_RESPONSE;
	assert_int_equal(sa_table_event(t, &packet), ERR_PROTO);
	assert_false(sa_table_whole(t));
	sa_table_free(t);
}

static void test_selectors_that_cannot_be_understood_are_counted(void **state)
{
	struct say_child bad = { 7, "INSTALLED", LOCAL, "nonsense" }, none = { 8, "INSTALLED", LOCAL, NULL };
	struct sa_table *t = table(10, 10);

	(void)state;
	assert_int_equal(say_to(t, "child-updown", true, 3, ACME, &bad, 1), 0);
	assert_int_equal(say_to(t, "child-updown", true, 3, ACME, &none, 1), 0);
	assert_int_equal(sa_table_counts(t).unreadable, 2);
	assert_true(sa_table_child(t, 7)->unreadable);
	assert_int_equal(say_to(t, "ike-updown", false, 3, ACME, NULL, 0), 0);
	assert_int_equal(sa_table_counts(t).unreadable, 0);
	sa_table_free(t);
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_real_charon_from_up_to_down),
		cmocka_unit_test(test_make_before_break_has_no_gap),
		cmocka_unit_test(test_a_refused_authentication_ends_nothing),
		cmocka_unit_test(test_down_is_the_absence_of_up),
		cmocka_unit_test(test_a_list_removes_what_it_does_not_name),
		cmocka_unit_test(test_what_is_listed_without_authentication_is_not_proven),
		cmocka_unit_test(test_a_half_open_ike_sa_has_no_name_yet),
		cmocka_unit_test(test_a_long_name_that_is_only_claimed_changes_nothing),
		cmocka_unit_test(test_more_selectors_than_we_keep),
		cmocka_unit_test(test_a_bound_makes_the_table_incomplete),
		cmocka_unit_test(test_messages_that_break_the_protocol),
		cmocka_unit_test(test_selectors_that_cannot_be_understood_are_counted),
	};

	recordings = test_argument();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
