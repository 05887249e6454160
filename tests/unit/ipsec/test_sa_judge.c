/* The proof of a connection: all children that hold both ends are of one identity, the provisioned one; anything else is refused with
 * a reason. */
#include "tests/unit/test.h"

#include "ipsec/sa_judge.h"
#include "tests/unit/ipsec/say.h"

#define ACME "scs.acme.example"
#define BETA "scs.beta.example"
#define LOCAL "10.77.1.1/32[tcp/3868]"
#define REMOTE "10.77.2.1/32[tcp]"

static const struct say_child acme_child = { 7, "INSTALLED", LOCAL, REMOTE };

static struct sa_table *table(void)
{
	static const struct sa_service names[] = { { "diameter", 3868 } };
	struct sa_table_conf conf = { .ikes_max = 100, .children_max = 100, .services = { names, 1 } };
	struct sa_table *t;

	assert_int_equal(sa_table_new(&t, &conf), 0);
	sa_table_list_begin(t);
	assert_int_equal(sa_table_list_end(t), 0);
	return t;
}

static struct sa_question question(const char *local, uint16_t local_port, const char *remote)
{
	struct sa_question q = {
		.local.port = local_port, .remote.port = 40000, .protocol = SA_TCP, .identity = ACME, .connection = "mtc-acme"
	};

	assert_int_equal(sa_address_read(&q.local.address, local, strlen(local)), 0);
	assert_int_equal(sa_address_read(&q.remote.address, remote, strlen(remote)), 0);
	return q;
}

static enum sa_verdict judge(const struct sa_table *t)
{
	struct sa_question q = question("10.77.1.1", 3868, "10.77.2.1");

	return sa_judge(t, &q).verdict;
}

static void up(struct sa_table *t, uint32_t ike, const char *id, struct say_child child)
{
	assert_int_equal(say_to(t, "child-updown", true, ike, id, &child, 1), 0);
}

static void test_one_identity_and_the_provisioned_one(void **state)
{
	struct sa_table *t = table();
	struct sa_question q = question("::ffff:10.77.1.1", 3868, "::ffff:10.77.2.1");
	struct sa_answer a;

	(void)state;
	assert_int_equal(judge(t), SA_UNPROTECTED);
	up(t, 3, "SCS.acme.example", acme_child);
	a = sa_judge(t, &q);
	assert_int_equal(a.verdict, SA_PROVEN);
	assert_int_equal(a.child->uniqueid, 7);
	assert_string_equal(sa_verdict_reason(a.verdict), "");
	assert_int_equal(say_to(t, "child-updown", false, 3, ACME, &acme_child, 1), 0);
	assert_int_equal(judge(t), SA_UNPROTECTED);
	sa_table_free(t);
}

static void test_both_addresses_the_port_and_the_protocol(void **state)
{
	struct sa_table *t = table();
	struct sa_question q;

	(void)state;
	up(t, 3, ACME, acme_child);
	q = question("10.77.1.2", 3868, "10.77.2.1");
	assert_int_equal(sa_judge(t, &q).verdict, SA_UNPROTECTED);
	q = question("10.77.1.1", 3869, "10.77.2.1");
	assert_int_equal(sa_judge(t, &q).verdict, SA_UNPROTECTED);
	q = question("10.77.1.1", 3868, "10.77.2.2");
	assert_int_equal(sa_judge(t, &q).verdict, SA_UNPROTECTED);
	q = question("10.77.1.1", 3868, "10.77.2.1");
	q.protocol = SA_SCTP;
	assert_int_equal(sa_judge(t, &q).verdict, SA_UNPROTECTED);
	sa_table_free(t);
}

/* Two peers have proven two identities for the same selectors: strongSwan lets the newer one have the packets. */
static void test_two_identities_on_one_selector(void **state)
{
	struct sa_table *t = table();

	(void)state;
	up(t, 3, ACME, acme_child);
	up(t, 4, BETA, (struct say_child){ 8, "INSTALLED", LOCAL, REMOTE });
	assert_int_equal(judge(t), SA_TWO_IDENTITIES);
	up(t, 5, ACME, (struct say_child){ 9, "INSTALLED", LOCAL, REMOTE });
	assert_int_equal(judge(t), SA_TWO_IDENTITIES);
	assert_int_equal(say_to(t, "ike-updown", false, 4, BETA, NULL, 0), 0);
	assert_int_equal(judge(t), SA_PROVEN); /* two of one identity, as in a reauthentication */
	sa_table_free(t);
}

/* A wide selector of somebody else holds the same packets, whichever came first. */
static void test_a_wide_selector_of_another(void **state)
{
	struct sa_table *t = table();

	(void)state;
	up(t, 4, BETA, (struct say_child){ 8, "INSTALLED", "0.0.0.0/0", "0.0.0.0/0" });
	assert_int_equal(judge(t), SA_OTHER_IDENTITY);
	up(t, 3, ACME, acme_child);
	assert_int_equal(judge(t), SA_TWO_IDENTITIES);
	up(t, 4, BETA, (struct say_child){ 8, "INSTALLED", "10.77.1.1/32[udp]", "0.0.0.0/0" });
	assert_int_equal(judge(t), SA_PROVEN);
	sa_table_free(t);
}

static void test_another_identity(void **state)
{
	struct sa_table *t = table();
	struct sa_question q = question("10.77.1.1", 3868, "10.77.2.1");
	struct sa_answer a;

	(void)state;
	up(t, 4, BETA, acme_child);
	a = sa_judge(t, &q);
	assert_int_equal(a.verdict, SA_OTHER_IDENTITY);
	assert_string_equal(a.child->ike->identity, BETA);
	assert_string_equal(sa_verdict_reason(a.verdict), "sa-other-identity");
	assert_int_equal(say_to(t, "ike-updown", false, 4, BETA, NULL, 0), 0);
	up(t, 5, "", acme_child); /* none at all */
	q.identity = "";
	assert_int_equal(sa_judge(t, &q).verdict, SA_OTHER_IDENTITY);
	sa_table_free(t);
}

/* The right name from another connection of this strongSwan: perhaps another trust anchor. */
static void test_the_right_name_on_another_connection(void **state)
{
	struct sa_table *t = table();
	struct sa_question q = question("10.77.1.1", 3868, "10.77.2.1");

	(void)state;
	up(t, 3, ACME, acme_child);
	q.connection = "mtc-beta";
	assert_int_equal(sa_judge(t, &q).verdict, SA_OTHER_CONNECTION);
	sa_table_free(t);
}

static void test_states(void **state)
{
	static const struct {
		const char *state;
		enum sa_verdict alone, beside; /* of our child; of one of BETA beside ours */
	} rows[] = {
		{ "INSTALLED", SA_PROVEN, SA_TWO_IDENTITIES },
		{ "REKEYING", SA_PROVEN, SA_TWO_IDENTITIES },
		{ "REKEYED", SA_NOT_INSTALLED, SA_TWO_IDENTITIES },
		{ "DELETING", SA_NOT_INSTALLED, SA_TWO_IDENTITIES },
		{ "UPDATING", SA_NOT_INSTALLED, SA_TWO_IDENTITIES },
		{ "NEW-WORD", SA_NOT_INSTALLED, SA_TWO_IDENTITIES },
		{ "DELETED", SA_UNPROTECTED, SA_PROVEN },
		{ "DESTROYING", SA_UNPROTECTED, SA_PROVEN },
		{ "INSTALLING", SA_UNPROTECTED, SA_PROVEN },
		{ "CREATED", SA_UNPROTECTED, SA_PROVEN },
		{ "ROUTED", SA_UNPROTECTED, SA_PROVEN },
		{ "RETRYING", SA_UNPROTECTED, SA_PROVEN },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct sa_table *t = table();

		up(t, 3, ACME, (struct say_child){ 7, rows[i].state, LOCAL, REMOTE });
		assert_int_equal(judge(t), rows[i].alone);
		up(t, 3, ACME, acme_child);
		up(t, 4, BETA, (struct say_child){ 8, rows[i].state, LOCAL, REMOTE });
		assert_int_equal(judge(t), rows[i].beside);
		sa_table_free(t);
	}
}

/* charon lists on what has run out, while it waits for the other end. */
static void test_a_child_whose_time_is_over(void **state)
{
	static const struct {
		const char *state, *life;
		enum sa_verdict verdict;
	} rows[] = {
		{ "INSTALLED", "1", SA_PROVEN },         { "INSTALLED", "0", SA_PROVEN },
		{ "INSTALLED", "-1", SA_NOT_INSTALLED }, { "REKEYING", "7", SA_PROVEN },
		{ "REKEYING", "-1", SA_NOT_INSTALLED },  { "INSTALLED", "soon", SA_PROVEN },
		{ "DELETED", "-1", SA_UNPROTECTED },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		static struct say s;
		struct sa_table *t = table();
		struct vici_packet p;

		say_begin(&s, "child-updown", true, "mtc-acme", "3", "ESTABLISHED", ACME);
		s.life = rows[i].life;
		say_children(&s, &(struct say_child){ 7, rows[i].state, LOCAL, REMOTE }, 1);
		p = say_end(&s);
		assert_int_equal(sa_table_event(t, &p), 0);
		assert_int_equal(judge(t), rows[i].verdict);
		sa_table_free(t);
	}
}

static void test_what_is_not_known_is_refused(void **state)
{
	struct sa_table *t = table();

	(void)state;
	up(t, 3, ACME, (struct say_child){ 7, "INSTALLED", "10.77.1.1/32[tcp/diameters]", REMOTE });
	assert_int_equal(judge(t), SA_NOT_UNDERSTOOD); /* the port has a name that we do not know */
	up(t, 3, ACME, (struct say_child){ 7, "INSTALLED", "10.77.1.1/32[tcp/diameter]", REMOTE });
	assert_int_equal(judge(t), SA_PROVEN);
	up(t, 4, BETA, (struct say_child){ 8, "INSTALLED", "10.77.1.1/32[tcp/diameters]", REMOTE });
	assert_int_equal(judge(t), SA_TWO_IDENTITIES);
	assert_int_equal(say_to(t, "ike-updown", false, 4, BETA, NULL, 0), 0);
	up(t, 4, BETA, (struct say_child){ 8, "INSTALLED", LOCAL, "nonsense" });
	assert_int_equal(judge(t), SA_NOT_UNDERSTOOD);
	assert_int_equal(say_to(t, "ike-updown", false, 4, BETA, NULL, 0), 0);
	assert_int_equal(judge(t), SA_PROVEN);
	sa_table_list_begin(t);
	assert_int_equal(say_to(t, "list-sa", false, 0, ACME, NULL, 0), ERR_PROTO);
	assert_int_equal(judge(t), SA_NOT_LISTED);
	sa_table_clear(t);
	assert_int_equal(judge(t), SA_NOT_LISTED);
	sa_table_free(t);
}

static void test_an_identity_that_is_only_claimed(void **state)
{
	static struct say s;
	struct sa_table *t = table();
	struct vici_packet packet;

	(void)state;
	sa_table_list_begin(t);
	say_begin(&s, "list-sa", false, "mtc-acme", "3", "CONNECTING", ACME);
	say_children(&s, &acme_child, 1);
	packet = say_end(&s);
	assert_int_equal(sa_table_event(t, &packet), 0);
	assert_int_equal(sa_table_list_end(t), 0);
	assert_int_equal(judge(t), SA_NOT_AUTHENTICATED);
	sa_table_free(t);
}

static void test_every_verdict_has_words(void **state)
{
	(void)state;
	for (int v = SA_NOT_LISTED; v <= SA_NOT_AUTHENTICATED; v++) {
		assert_true(strncmp(sa_verdict_reason((enum sa_verdict)v), "sa-", 3) == 0);
		assert_true(strlen(sa_verdict_words((enum sa_verdict)v)) > 10);
	}
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_identity_and_the_provisioned_one),
		cmocka_unit_test(test_both_addresses_the_port_and_the_protocol),
		cmocka_unit_test(test_two_identities_on_one_selector),
		cmocka_unit_test(test_a_wide_selector_of_another),
		cmocka_unit_test(test_another_identity),
		cmocka_unit_test(test_the_right_name_on_another_connection),
		cmocka_unit_test(test_states),
		cmocka_unit_test(test_a_child_whose_time_is_over),
		cmocka_unit_test(test_what_is_not_known_is_refused),
		cmocka_unit_test(test_an_identity_that_is_only_claimed),
		cmocka_unit_test(test_every_verdict_has_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
