/* SCSs with several trust anchors in the store: the record that has them, stores of other programs, and groups, which only the anchor of
 * the certificate proves. */
#include "tests/unit/assoc/store_place.h"

#include "assoc/asc_lmdb.h"
#include "assoc/asc_row.h"

static struct asc_scs acme_with(const char *anchors)
{
	struct asc_scs s = place_scs("acme", "49170123456", "scs.acme.example");

	snprintf(s.anchor, sizeof s.anchor, "%s", anchors);
	return s;
}

static void put(struct place *p, const struct asc_scs *s)
{
	if (asc_scs_put(p->a, s, &p->why)) {
		fail_msg("%s", p->why.text);
	}
}

static size_t record_of(uint8_t out[ASC_SCS_RECORD_MAX], const struct asc_scs *s)
{
	struct buf b = buf_over(out, ASC_SCS_RECORD_MAX);

	asc_scs_record_put(&b, s, 1);
	assert_false(b.full);
	return b.len;
}

static void test_they_are_kept_in_one_form_and_come_back(void **state)
{
	struct asc_scs s = acme_with("anchor-c,anchor-a  anchor-b");
	struct place *p = *state;

	assert_int_equal(asc_addresses_read(&s.ndsip_hosts, "10.8.0.7", 8), 0);
	put(p, &s);
	for (int round = 0; round < 2; round++) {
		assert_string_equal(asc_scs_find(p->a, "acme")->anchor, "anchor-a anchor-b anchor-c");
		assert_int_equal(asc_scs_find(p->a, "acme")->ndsip_hosts.n, 1);
		place_close(p);
		assert_int_equal(place_open(p), 0);
	}
	s = acme_with("anchor-b");
	put(p, &s);
	assert_string_equal(asc_scs_find(p->a, "acme")->anchor, "anchor-b");
}

static void test_what_is_no_list_of_anchors_is_refused(void **state)
{
	static const char *const wrong[] = { "", "anchor-a,anchor-a", "anchor-a internal", "Anchor", "1 2 3 4 5 6 7 8 9" };
	struct place *p = *state;

	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		struct asc_scs s = acme_with(wrong[i]);

		assert_int_equal(asc_scs_put(p->a, &s, &p->why), ERR_INVAL);
		assert_non_null(strstr(p->why.text, "anchor"));
	}
}

/* So an operator may go back to a program that knows one anchor, while no SCS has more. */
static void test_one_anchor_is_written_as_before(void **state)
{
	uint8_t record[ASC_SCS_RECORD_MAX];
	struct asc_scs s = acme_with("anchor-a"), back;
	size_t len = record_of(record, &s);
	uint32_t number;

	(void)state;
	assert_int_equal(record[0], 3);
	assert_int_equal(asc_addresses_read(&s.ndsip_hosts, "10.8.0.7", 8), 0);
	(void)record_of(record, &s);
	assert_int_equal(record[0], 4);
	s = acme_with("anchor-a anchor-b");
	len = record_of(record, &s);
	assert_int_equal(record[0], 5); /* unknown there: refused in words (test_asc_ndsip.c) */
	assert_int_equal(asc_scs_record_get(&back, &number, record, len), 0);
	assert_string_equal(back.anchor, "anchor-a anchor-b");
}

static void test_the_longest_record_fits(void **state)
{
	uint8_t record[ASC_SCS_RECORD_MAX];
	struct asc_scs s = acme_with(""), back;
	uint32_t number;
	size_t len;

	(void)state;
	for (size_t i = 0; i < ANCHOR_LIST_MAX; i++) {
		memset(s.anchor + i * 64, 'a' + (int)i, 63);
		s.anchor[i * 64 + 63] = i + 1 < ANCHOR_LIST_MAX ? ' ' : 0;
	}
	memset(s.origin_host, 'h', sizeof s.origin_host - 1);
	memset(s.realm, 'r', sizeof s.realm - 1);
	for (s.ndsip_hosts.n = 0; s.ndsip_hosts.n < SCS_NDSIP_ADDRESSES_MAX; s.ndsip_hosts.n++) {
		s.ndsip_hosts.at[s.ndsip_hosts.n] = (struct sa_address){ .family = 6, .octets = { s.ndsip_hosts.n } };
	}
	for (; s.ndsip_ike.n < 8; s.ndsip_ike.n++) {
		s.ndsip_ike.at[s.ndsip_ike.n] = (struct sa_address){ .family = 6, .octets = { 99, s.ndsip_ike.n } };
	}
	len = record_of(record, &s);
	assert_int_equal(asc_scs_record_get(&back, &number, record, len), 0);
	assert_string_equal(back.anchor, s.anchor);
}

/* Each octet of the anchors' part, and every cut, is refused or is a list in its form. */
static void test_a_damaged_record_is_no_record(void **state)
{
	uint8_t record[ASC_SCS_RECORD_MAX];
	struct asc_scs s = acme_with("anchor-a anchor-b"), back;
	size_t len = record_of(record, &s);
	uint32_t number;

	(void)state;
	for (size_t i = 0; i < len; i++) {
		uint8_t was = record[i];

		assert_int_not_equal(asc_scs_record_get(&back, &number, record, i), 0);
		for (unsigned v = 0; v < 256; v++) {
			record[i] = (uint8_t)v;
			if (asc_scs_record_get(&back, &number, record, len) == 0) {
				assert_true(anchor_list_ok(back.anchor));
			}
		}
		record[i] = was;
	}
	record[0] = 5;
	s = acme_with("anchor-b anchor-a"); /* not in its form: nobody wrote that */
	len = record_of(record, &s);
	assert_int_equal(asc_scs_record_get(&back, &number, record, len), ERR_PROTO);
	s = acme_with("anchor-a anchor-b");
	len = record_of(record, &s);
	record[0] = 3; /* two of them where one stands */
	assert_int_not_equal(asc_scs_record_get(&back, &number, record, len), 0);
}

/* The rules that match acme with a certificate of this anchor that names the group. */
static uint32_t matches(struct place *p, const char *group, const char *anchor)
{
	struct asc_asker who = { .scs = "acme", .proven = &group, .proven_n = 1, .anchor = anchor };
	static struct assoc_found f;

	assert_int_equal(asc_find_rules(p->a, &who, &(struct asc_device){ "m@a.example", NULL }, &f), 0);
	return f.n;
}

static void test_a_group_is_proven_by_the_anchor_of_the_certificate_only(void **state)
{
	struct asc_group of_a = { .name = "fleet", .anchor = "anchor-a" };
	struct asc_scs s = acme_with("anchor-a anchor-b");
	struct place *p = *state;

	put(p, &s);
	assert_int_equal(asc_group_put(p->a, &of_a, &p->why), 0);
	assert_int_equal(place_add(p, ASSOC_ALLOW, "group:fleet", "*@a.example"), 0);
	assert_int_equal(matches(p, "fleet", "anchor-a"), 1);
	assert_int_equal(matches(p, "fleet", "anchor-b"), 0); /* the other CA may not put its own into the group */
	assert_int_equal(matches(p, "fleet", NULL), 1);       /* not known: one of the SCS's */
	s = acme_with("anchor-b anchor-c");
	put(p, &s);
	assert_int_equal(matches(p, "fleet", "anchor-a"), 0);
	assert_int_equal(matches(p, "fleet", NULL), 0);
}

static void test_who_is_the_same_peer(void **state)
{
	struct asc_scs a = acme_with("anchor-a"), ab = acme_with("anchor-a anchor-b"), b = acme_with("anchor-b"),
		       in = acme_with("internal");

	(void)state;
	assert_true(asc_scs_same_peer(&a, &ab));
	assert_true(asc_scs_same_peer(&ab, &b));
	assert_false(asc_scs_same_peer(&a, &b));
	assert_false(asc_scs_same_peer(&a, &in));
}

#define T(name) cmocka_unit_test_setup_teardown(name, place_setup, place_teardown)

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		T(test_they_are_kept_in_one_form_and_come_back),
		T(test_what_is_no_list_of_anchors_is_refused),
		T(test_one_anchor_is_written_as_before),
		T(test_the_longest_record_fits),
		T(test_a_damaged_record_is_no_record),
		T(test_a_group_is_proven_by_the_anchor_of_the_certificate_only),
		T(test_who_is_the_same_peer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
