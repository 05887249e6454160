/* A delivery report that comes twice (CONTRACTS section 3, "repeated DRR"): its digest, and what is remembered. */
#include "tests/unit/test.h"

#include "base/hash.h"
#include "core/core_drr_dup.h"
#include "diameter/dia_failed.h"

#define WINDOW_MS 240000u

/* -- the digest */

struct avp {
	uint32_t code, vendor;
	const char *data;
};

struct drr { /* what a DRR of the test is made of */
	uint8_t flags;
	uint32_t hop_by_hop, end_to_end;
	struct avp avps[8];
	uint8_t padding;
};

static const struct drr first = { .flags = 0xc0,
				  .hop_by_hop = 1,
				  .end_to_end = 9,
				  .avps = { { 263, 0, "smssc.example;1;9" },
					    { 264, 0, "smssc.example" },
					    { 3200, DIA_VENDOR_3GPP, "\0\0\0\2" },
					    { 3007, DIA_VENDOR_3GPP, "\0\0\1\1" } } };

static void put_u32(uint8_t *at, uint32_t v)
{
	for (int i = 0; i < 4; i++) {
		at[i] = (uint8_t)(v >> (24 - 8 * i));
	}
}

static size_t put_avp(uint8_t *at, const struct avp *a, uint8_t padding)
{
	size_t head = a->vendor ? 12 : 8, data = a->vendor ? 4 : strlen(a->data), len = head + data, whole = (len + 3) / 4 * 4;

	memset(at, padding, whole);
	put_u32(at, a->code);
	put_u32(at + 4, (a->vendor ? 0xc0000000u : 0x40000000u) | (uint32_t)len);
	if (a->vendor) {
		put_u32(at + 8, a->vendor);
	}
	memcpy(at + head, a->data, data);
	return whole;
}

static void digest_of(uint8_t out[HASH_LEN], const struct drr *d)
{
	static const struct dia_limits limits = { 1u << 20, 512, 8 };
	struct dia_failed failed = { 0 };
	uint8_t octets[1024] = { 1 };
	size_t len = 20;
	struct dia_msg m;
	struct hash *h;

	for (size_t i = 0; i < sizeof d->avps / sizeof d->avps[0] && d->avps[i].code; i++) {
		len += put_avp(octets + len, &d->avps[i], d->padding);
	}
	put_u32(octets, 0x01000000u | (uint32_t)len);
	put_u32(octets + 4, (uint32_t)d->flags << 24 | 8388644u);
	put_u32(octets + 8, 16777311);
	put_u32(octets + 12, d->hop_by_hop);
	put_u32(octets + 16, d->end_to_end);
	assert_int_equal(dia_msg_parse(&m, octets, len, &limits, &failed), 0);
	assert_int_equal(hash_new(&h), 0);
	assert_int_equal(core_drr_digest(h, out, &m), 0);
	hash_free(h);
}

static bool same(const struct drr *other)
{
	uint8_t a[HASH_LEN], b[HASH_LEN];

	digest_of(a, &first);
	digest_of(b, other);
	return memcmp(a, b, sizeof a) == 0;
}

static void test_a_copy_that_took_another_way_has_the_same_digest(void **state)
{
	struct drr d = first;

	(void)state;
	d.hop_by_hop = 77;
	d.flags |= 0x10;
	assert_true(same(&d)); /* T, another hop */
	d.avps[4] = (struct avp){ 282, 0, "dra.example" };
	d.avps[5] = (struct avp){ 284, 0, "\x01" };
	d.avps[6] = (struct avp){ 282, 0, "dra2.example" };
	assert_true(same(&d)); /* Route-Record twice, Proxy-Info */
	d = first;
	d.padding = 0xff;
	assert_true(same(&d));
}

static void test_another_content_has_another_digest(void **state)
{
	struct drr d = first;

	(void)state;
	d.end_to_end++;
	assert_false(same(&d));
	d = first;
	d.avps[1].data = "smssc.examplf";
	assert_false(same(&d));
	d = first;
	d.avps[2].data = "\0\0\0\0"; /* the outcome */
	assert_false(same(&d));
	d = first;
	d.avps[3] = (struct avp){ 0 }; /* without Reference-Number */
	assert_false(same(&d));
	d = first;
	d.avps[4] = (struct avp){ 282, DIA_VENDOR_3GPP, "\0\0\0\0" }; /* the code of Route-Record, of a vendor */
	assert_false(same(&d));
	d = first;
	d.flags &= (uint8_t)~0x40;
	assert_false(same(&d));
}

/* -- the window */

static const uint8_t one[HASH_LEN] = { 1 }, two[HASH_LEN] = { 2 }, three[HASH_LEN] = { 3 };
static const struct core_drr_answer taken = { 2001, 0 };

struct dropped {
	uint64_t numbers[4];
	uint32_t n;
};

static void drop(void *arg, uint64_t number)
{
	struct dropped *d = arg;

	d->numbers[d->n++] = number;
}

static void begin(struct core_drr_dup *d, uint32_t max, struct dropped *dropped)
{
	memset(d, 0, sizeof *d);
	dropped->n = 0;
	assert_int_equal(core_drr_dup_init(d, max, WINDOW_MS, drop, dropped), 0);
}

static void test_others_follow_in_the_order_in_which_they_came(void **state)
{
	struct dropped dropped;
	struct core_drr_dup d;
	struct core_drr_entry *a, *b, *c;

	(void)state;
	begin(&d, 3, &dropped);
	a = core_drr_dup_add(&d, one, 0);
	b = core_drr_dup_add(&d, two, 0);
	c = core_drr_dup_add(&d, three, 0);
	assert_null(core_drr_dup_followers(a));
	core_drr_dup_follow(a, b);
	core_drr_dup_follow(a, c);
	assert_ptr_equal(core_drr_dup_followers(a), b);
	assert_ptr_equal(b->follower, c);
	assert_null(c->follower);
	assert_null(core_drr_dup_followers(a)); /* they follow no more */
	core_drr_dup_fini(&d);
}

static void test_a_report_is_known_until_its_window_is_over(void **state)
{
	struct core_drr_dup d;
	struct core_drr_entry *e;
	struct dropped dropped;

	(void)state;
	begin(&d, 10, &dropped);
	e = core_drr_dup_add(&d, one, 1000);
	assert_non_null(e);
	assert_ptr_equal(core_drr_dup_of_token(&d, e->token), e);
	assert_ptr_equal(core_drr_dup_find(&d, one, 1000 + 10 * WINDOW_MS), e); /* not answered: however old */
	core_drr_dup_answer(&d, e, &taken);
	core_drr_dup_number(&d, e, 77);
	assert_ptr_equal(core_drr_dup_of_number(&d, 77), e);
	assert_ptr_equal(core_drr_dup_find(&d, one, 1000 + WINDOW_MS - 1), e);
	assert_null(core_drr_dup_find(&d, two, 1000));
	assert_null(core_drr_dup_find(&d, one, 1000 + WINDOW_MS));
	assert_int_equal(dropped.n, 0);
	assert_non_null(core_drr_dup_add(&d, one, 1000 + WINDOW_MS)); /* the same again, long after: a new one */
	assert_int_equal(dropped.n, 1);
	assert_int_equal(dropped.numbers[0], 77);
	assert_int_equal(d.dropped, 0);
	core_drr_dup_fini(&d);
	assert_int_equal(dropped.n, 1); /* records stay when the core ends */
}

static void test_when_full_the_oldest_answered_report_goes(void **state)
{
	struct core_drr_dup d;
	struct core_drr_entry *waits, *e;
	struct dropped dropped;

	(void)state;
	begin(&d, 2, &dropped);
	waits = core_drr_dup_add(&d, one, 0);
	e = core_drr_dup_add(&d, two, 1);
	core_drr_dup_answer(&d, e, &taken);
	e = core_drr_dup_add(&d, three, 2);
	assert_non_null(e);
	assert_int_equal(d.dropped, 1);
	assert_null(core_drr_dup_find(&d, two, 2));
	assert_ptr_equal(core_drr_dup_find(&d, one, 2), waits);
	assert_null(core_drr_dup_add(&d, two, 3)); /* all of them wait for their answer */
	core_drr_dup_drop(&d, e);
	assert_null(core_drr_dup_find(&d, three, 3));
	assert_true(d.looked_at <= 1); /* never one that waits */
	core_drr_dup_fini(&d);
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_copy_that_took_another_way_has_the_same_digest),
		cmocka_unit_test(test_another_content_has_another_digest),
		cmocka_unit_test(test_others_follow_in_the_order_in_which_they_came),
		cmocka_unit_test(test_a_report_is_known_until_its_window_is_over),
		cmocka_unit_test(test_when_full_the_oldest_answered_report_goes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
