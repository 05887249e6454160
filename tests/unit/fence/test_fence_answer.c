/* Answers of the kernel that are whole, interrupted, or none; and how long rules that stood are taken to stand meanwhile. */
#include "tests/unit/test.h"

#include <errno.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>

#include "fence/fence_answer.h"

#define SEQ 7u

struct datagram {
	uint8_t octets[1024];
	size_t len;
};

static void add(struct datagram *d, uint16_t type, uint16_t flags, uint32_t seq, const void *body, size_t len)
{
	struct nlmsghdr head = {
		.nlmsg_len = (uint32_t)(NLMSG_HDRLEN + len), .nlmsg_type = type, .nlmsg_flags = flags, .nlmsg_seq = seq
	};

	memcpy(d->octets + d->len, &head, sizeof head);
	memcpy(d->octets + d->len + NLMSG_HDRLEN, body, len);
	d->len += NLMSG_ALIGN(head.nlmsg_len);
}

static void add_rule(struct datagram *d, uint16_t flags, uint32_t seq)
{
	add(d, NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWRULE, (uint16_t)(NLM_F_MULTI | flags), seq, "rule", 4);
}

static void add_number(struct datagram *d, uint16_t type, uint16_t flags, int number)
{
	add(d, type, flags, SEQ, &number, sizeof number);
}

struct taken {
	unsigned n;
	int err;
};

static int count(void *arg, unsigned type, const uint8_t *body, size_t len)
{
	struct taken *t = arg;

	assert_int_equal(type, NFT_MSG_NEWRULE);
	assert_int_equal(len, 4);
	assert_memory_equal(body, "rule", 4);
	t->n++;
	return t->err;
}

static int take(struct fence_answer *a, const struct datagram *d, struct taken *t)
{
	return fence_answer_take(a, d->octets, d->len, count, t);
}

static void test_a_list_ends_with_its_end(void **state)
{
	struct fence_answer a = { .seq = SEQ, .dump = true };
	struct datagram first = { .len = 0 }, last = { .len = 0 };
	struct taken t = { 0 };

	(void)state;
	add_rule(&first, 0, SEQ - 1); /* of a request that was given up */
	add_rule(&first, 0, SEQ);
	add_rule(&first, 0, SEQ);
	assert_int_equal(take(&a, &first, &t), ERR_AGAIN);
	assert_int_equal(t.n, 2);
	add_number(&last, NLMSG_DONE, NLM_F_MULTI, 0);
	assert_int_equal(take(&a, &last, &t), 0);
	a.dump = false;
	assert_int_equal(take(&a, &first, &t), 0); /* one object is one message */
	assert_int_equal(t.n, 3);
	t.err = ERR_NOMEM;
	assert_int_equal(take(&a, &first, &t), ERR_NOMEM);
}

/* Only its end frees the socket for the next one. */
static void test_an_interrupted_list_is_read_to_its_end_and_counts_for_nothing(void **state)
{
	struct fence_answer a = { .seq = SEQ, .dump = true };
	struct datagram first = { .len = 0 }, last = { .len = 0 };
	struct taken t = { 0 };

	(void)state;
	add_rule(&first, 0, SEQ);
	add_rule(&first, NLM_F_DUMP_INTR, SEQ);
	add_rule(&first, 0, SEQ);
	assert_int_equal(take(&a, &first, &t), ERR_AGAIN);
	assert_int_equal(t.n, 1);
	add_number(&last, NLMSG_DONE, NLM_F_MULTI, 0);
	assert_int_equal(take(&a, &last, &t), ERR_BUSY);
	a = (struct fence_answer){ .seq = SEQ, .dump = true };
	last.len = 0;
	add_number(&last, NLMSG_DONE, NLM_F_MULTI | NLM_F_DUMP_INTR, 0); /* only its end says it */
	assert_int_equal(take(&a, &last, &t), ERR_BUSY);
}

static int error(int number)
{
	struct fence_answer a = { .seq = SEQ };
	struct datagram d = { .len = 0 };
	struct taken t = { 0 };

	add_number(&d, NLMSG_ERROR, 0, -number);
	return take(&a, &d, &t);
}

static void test_errors(void **state)
{
	struct fence_answer a = { .seq = SEQ };
	struct datagram d = { .len = 0 };
	struct taken t = { 0 };

	(void)state;
	assert_int_equal(error(0), 0);
	assert_int_equal(error(ENOENT), ERR_NOTFOUND);
	assert_int_equal(error(EBUSY), ERR_BUSY);
	assert_int_equal(error(EINTR), ERR_BUSY);
	assert_int_equal(error(EAGAIN), ERR_BUSY);
	assert_int_equal(error(EPERM), ERR_IO);
	assert_int_equal(errno, EPERM);
	add_rule(&d, 0, SEQ);
	d.octets[0] = 200; /* longer than the datagram */
	assert_int_equal(take(&a, &d, &t), ERR_PROTO);
	d.len = 3;
	assert_int_equal(take(&a, &d, &t), ERR_PROTO);
	assert_int_equal(t.n, 0);
}

static void test_rules_that_stood_hold_for_some_checks_and_no_longer(void **state)
{
	struct fence_doubt d = { 0 };

	(void)state;
	for (unsigned i = 1; i < FENCE_DOUBTS_MAX; i++) {
		assert_true(fence_doubt_holds(&d, i % 2 ? ERR_TIMEOUT : ERR_BUSY, 1000 + i));
	}
	assert_false(fence_doubt_holds(&d, ERR_TIMEOUT, 1010));
	assert_false(fence_doubt_holds(&d, ERR_TIMEOUT, 1020)); /* and stays so */
	assert_false(fence_doubt_holds(&d, 0, 1030));           /* seen: what was seen counts */
	assert_true(fence_doubt_holds(&d, ERR_TIMEOUT, 2000));
	assert_false(fence_doubt_holds(&d, ERR_TIMEOUT, 2000 + FENCE_DOUBT_MS)); /* too late */
	assert_false(fence_doubt_holds(&d, ERR_IO, 3000));                       /* not allowed is no doubt */
	assert_true(fence_doubt_holds(&d, ERR_BUSY, 4000));
	assert_false(fence_doubt_holds(&d, ERR_PROTO, 4001));
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_list_ends_with_its_end),
		cmocka_unit_test(test_an_interrupted_list_is_read_to_its_end_and_counts_for_nothing),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_rules_that_stood_hold_for_some_checks_and_no_longer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
