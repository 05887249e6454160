/* What a kernel said (nft-1.0.6/README.md) beside what is wanted; and messages that are damaged. */
#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>

#include "tests/unit/fence/fence_test.h"

/* Takes the messages of a recording; the first error, or 0. */
static int take(struct fence_found *f, const uint8_t *p, size_t len)
{
	struct nlmsghdr head;
	int err = 0;

	while (len >= sizeof head && !err) {
		size_t step;

		memcpy(&head, p, sizeof head);
		if (head.nlmsg_len < NLMSG_HDRLEN || head.nlmsg_len > len) {
			return ERR_PROTO;
		}
		err = fence_found_take(f, head.nlmsg_type & 0xffu, p + NLMSG_HDRLEN, head.nlmsg_len - NLMSG_HDRLEN);
		step = NLMSG_ALIGN(head.nlmsg_len);
		step = step < len ? step : len;
		p += step;
		len -= step;
	}
	return err;
}

static struct fence_verdict verdict_on(const char *name, enum fence_mode mode)
{
	struct fence_rules *wanted = test_rules(mode);
	struct fence_found found;
	struct fence_verdict v;
	char file[64];
	size_t len;
	uint8_t *octets;

	snprintf(file, sizeof file, "%s.nl", name);
	octets = test_file(file, &len);
	assert_int_equal(fence_found_init(&found, fence_found_room(wanted)), 0);
	if (take(&found, octets, len)) {
		fail_msg("%s", name);
	}
	fence_judge(&v, wanted, &found);
	fence_found_fini(&found);
	fence_rules_free(wanted);
	free(octets);
	return v;
}

static void test_what_nft_put_in_place_stands(void **state)
{
	(void)state;
	assert_int_equal(verdict_on("libipsec", FENCE_LIBIPSEC).state, FENCE_STANDS);
	assert_int_equal(verdict_on("xfrm", FENCE_XFRM).state, FENCE_STANDS);
	assert_int_equal(verdict_on("no-comments", FENCE_XFRM).state, FENCE_STANDS);
	assert_string_equal(verdict_on("xfrm", FENCE_XFRM).why, "");
}

static void test_every_change_is_named(void **state)
{
	static const struct {
		const char *name, *why;
		enum fence_mode mode;
	} rows[] = {
		{ "flushed",
		  "in chain input the rule 'ip daddr 10.77.1.1 tcp dport 3868 iifname != \"ipsec0\" counter drop' (listener scs: "
		  "input from outside the tunnel) is missing",
		  FENCE_LIBIPSEC },
		{ "no-output", "chain postrouting is missing", FENCE_LIBIPSEC },
		{ "dormant", "is dormant: none of its rules is applied", FENCE_LIBIPSEC },
		{ "accept-first", "in chain input another rule stands before 'ip daddr 10.77.1.1", FENCE_LIBIPSEC },
		{ "limit-first", "in chain postrouting rule 1 is none of ours: it has 'limit'", FENCE_LIBIPSEC },
		{ "jump-first", "in chain input rule 1 is none of ours: it has 'another verdict'", FENCE_LIBIPSEC },
		{ "set-first", "in chain input rule 1 is none of ours: it has 'lookup'", FENCE_LIBIPSEC },
		{ "log-last", "in chain postrouting rule 4 is none of ours: it has 'log'", FENCE_LIBIPSEC },
		{ "other-device", "in chain input the rule 'ip daddr 10.77.1.1 tcp dport 3868 iifname != \"ipsec0\"",
		  FENCE_LIBIPSEC },
		{ "any-device", "in chain input the rule 'ip daddr 10.77.1.1 tcp dport 3868 iifname != \"ipsec0\"",
		  FENCE_LIBIPSEC },
		{ "longer-device", "in chain input the rule 'ip daddr 10.77.1.1 tcp dport 3868 iifname != \"ipsec0\"",
		  FENCE_LIBIPSEC },
		{ "with-limit", "in chain postrouting the rule 'ip saddr 10.77.1.1 tcp sport 3868", FENCE_LIBIPSEC },
		{ "other-port", "in chain postrouting the rule 'ip saddr 10.77.1.1 tcp sport 3868 oifname != \"ipsec0\"",
		  FENCE_LIBIPSEC },
		{ "other-address", "in chain postrouting the rule 'ip saddr 10.77.1.1 tcp sport", FENCE_LIBIPSEC },
		{ "other-verdict", "in chain input the rule 'ip daddr 10.77.1.1 tcp dport 3868", FENCE_LIBIPSEC },
		{ "other-order",
		  "in chain input another rule stands before 'ip daddr 10.77.1.1 tcp dport 3868 iifname \"ipsec0\" counter "
		  "accept'",
		  FENCE_LIBIPSEC },
		{ "late", "chain postrouting has priority 200, expected -10", FENCE_LIBIPSEC },
		{ "policy-drop", "chain forward drops what no rule names", FENCE_LIBIPSEC },
		{ "wrong-hook", "chain postrouting does not filter at the hook postrouting", FENCE_LIBIPSEC },
		{ "no-hook", "chain postrouting does not filter at the hook postrouting", FENCE_LIBIPSEC },
		{ "xfrm-exists", "in chain postrouting the rule 'ip saddr 10.77.1.1 tcp sport 3868 rt ipsec missing",
		  FENCE_XFRM },
		{ "xfrm", "in chain input the rule 'ip daddr 10.77.1.1 tcp dport 3868 iifname != \"ipsec0\"", FENCE_LIBIPSEC },
		{ "libipsec", "in chain input the rule 'ip daddr 10.77.1.1 tcp dport 3868 meta ipsec missing", FENCE_XFRM },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct fence_verdict v = verdict_on(rows[i].name, rows[i].mode);

		if (v.state != FENCE_CHANGED || !strstr(v.why, rows[i].why)) {
			fail_msg("%s: %s: %s", rows[i].name, fence_state_word(v.state), v.why);
		}
	}
}

static void test_no_table_is_missing(void **state)
{
	struct fence_rules *wanted = test_rules(FENCE_XFRM);
	struct fence_found found;
	struct fence_verdict v;

	(void)state;
	assert_int_equal(fence_found_init(&found, 1), 0);
	fence_judge(&v, wanted, &found);
	assert_int_equal(v.state, FENCE_MISSING);
	assert_string_equal(v.why, "table inet mtc_iwf_ndsip does not exist");
	fence_found_fini(&found);
	fence_rules_free(wanted);
}

/* Whatever octet is another one: no message is read outside its octets, and no change makes rules
 * stand that are not ours. What may differ are numbers that nobody compares: handles, counters,
 * texts of comments. */
static void test_damaged_messages(void **state)
{
	struct fence_rules *wanted = test_rules(FENCE_LIBIPSEC);
	struct fence_found found;
	struct fence_verdict v;
	size_t len, stands = 0, changed = 0, refused = 0;
	uint8_t *whole = test_file("libipsec.nl", &len);

	(void)state;
	assert_int_equal(fence_found_init(&found, fence_found_room(wanted)), 0);
	for (size_t at = 0; at < len; at++) {
		uint8_t *octets = malloc(len);

		memcpy(octets, whole, len);
		octets[at] ^= 0xff;
		fence_found_clear(&found);
		if (take(&found, octets, len)) {
			refused++;
		} else {
			fence_judge(&v, wanted, &found);
			stands += v.state == FENCE_STANDS;
			changed += v.state != FENCE_STANDS;
		}
		free(octets);
	}
	for (size_t cut = 0; cut < len; cut++) {
		uint8_t *octets = malloc(cut ? cut : 1); /* its size is its end, for the sanitizer */

		memcpy(octets, whole, cut);
		fence_found_clear(&found);
		if (!take(&found, octets, cut)) {
			fence_judge(&v, wanted, &found);
			assert_int_not_equal(v.state, FENCE_STANDS);
		}
		free(octets);
	}
	assert_true(refused > len / 10 && changed > len / 10 && stands < len / 2);
	free(whole);
	fence_found_fini(&found);
	fence_rules_free(wanted);
}

struct made { /* a message of nf_tables */
	uint8_t p[512];
	size_t len;
};

static void attr(struct made *m, uint16_t type, const void *p, size_t len)
{
	struct nlattr head = { .nla_len = (uint16_t)(NLA_HDRLEN + len), .nla_type = type };

	memcpy(m->p + m->len, &head, sizeof head);
	memcpy(m->p + m->len + NLA_HDRLEN, p, len);
	m->len += NLA_ALIGN(head.nla_len);
}

static void attr_u32(struct made *m, uint16_t type, uint32_t value)
{
	value = htonl(value);
	attr(m, type, &value, sizeof value);
}

static void nest(struct made *m, uint16_t type, const struct made *inside)
{
	attr(m, type | NLA_F_NESTED, inside->p, inside->len);
}

static void expression(struct made *list, const char *name, const struct made *data)
{
	struct made e = { .len = 0 };

	attr(&e, NFTA_EXPR_NAME, name, strlen(name) + 1);
	nest(&e, NFTA_EXPR_DATA, data);
	nest(list, NFTA_LIST_ELEM, &e);
}

static void add_cmp(struct made *list)
{
	struct made data = { .len = 0 }, value = { .len = 0 };

	attr(&value, NFTA_DATA_VALUE, "\x0a\x4d\x01\x01", 4);
	attr_u32(&data, NFTA_CMP_SREG, NFT_REG_1);
	attr_u32(&data, NFTA_CMP_OP, NFT_CMP_EQ);
	nest(&data, NFTA_CMP_DATA, &value);
	expression(list, "cmp", &data);
}

static void add_drop(struct made *list)
{
	struct made code = { .len = 0 }, verdict = { .len = 0 }, data = { .len = 0 };

	attr_u32(&code, NFTA_VERDICT_CODE, NF_DROP);
	nest(&verdict, NFTA_DATA_VERDICT, &code);
	attr_u32(&data, NFTA_IMMEDIATE_DREG, NFT_REG_VERDICT);
	nest(&data, NFTA_IMMEDIATE_DATA, &verdict);
	expression(list, "immediate", &data);
}

/* A rule with one comparison, before the verdict or behind it. */
static const char *foreign_of(struct fence_found *found, bool behind)
{
	struct nfgenmsg head = { .nfgen_family = NFPROTO_INET };
	struct made list = { .len = 0 }, load = { .len = 0 }, rule = { .len = NLMSG_ALIGN(sizeof head) };

	memcpy(rule.p, &head, sizeof head);
	attr_u32(&load, NFTA_PAYLOAD_DREG, NFT_REG_1);
	attr_u32(&load, NFTA_PAYLOAD_BASE, NFT_PAYLOAD_NETWORK_HEADER);
	attr_u32(&load, NFTA_PAYLOAD_OFFSET, 16);
	attr_u32(&load, NFTA_PAYLOAD_LEN, 4);
	expression(&list, "payload", &load);
	if (behind) {
		add_drop(&list);
		add_cmp(&list);
	} else {
		add_cmp(&list);
		add_drop(&list);
	}
	attr(&rule, NFTA_RULE_TABLE, FENCE_TABLE, sizeof FENCE_TABLE);
	attr(&rule, NFTA_RULE_CHAIN, "input", sizeof "input");
	nest(&rule, NFTA_RULE_EXPRESSIONS, &list);
	fence_found_clear(found);
	assert_int_equal(fence_found_take(found, NFT_MSG_NEWRULE, rule.p, rule.len), 0);
	assert_int_equal(found->n, 1);
	return found->rule[0].foreign;
}

/* It drops all, whatever it compares then. */
static void test_what_stands_behind_the_verdict_is_not_of_the_rule(void **state)
{
	struct fence_found found;

	(void)state;
	assert_int_equal(fence_found_init(&found, 1), 0);
	assert_string_equal(foreign_of(&found, false), "");
	assert_int_equal(found.rule[0].terms, 1);
	assert_string_equal(foreign_of(&found, true), "more behind the verdict");
	fence_found_fini(&found);
}

/* A rule more than there is room for is no rule of ours. */
static void test_more_rules_than_room(void **state)
{
	struct fence_rules *wanted = test_rules(FENCE_LIBIPSEC);
	struct fence_found found;
	struct fence_verdict v;
	size_t len;
	uint8_t *octets = test_file("log-last.nl", &len);

	(void)state;
	assert_int_equal(fence_found_init(&found, wanted->n), 0);
	assert_int_equal(take(&found, octets, len), 0);
	assert_true(found.more);
	fence_judge(&v, wanted, &found);
	assert_int_equal(v.state, FENCE_CHANGED);
	assert_non_null(strstr(v.why, "more rules than ours"));
	fence_found_fini(&found);
	fence_rules_free(wanted);
	free(octets);
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_nft_put_in_place_stands),
		cmocka_unit_test(test_every_change_is_named),
		cmocka_unit_test(test_no_table_is_missing),
		cmocka_unit_test(test_damaged_messages),
		cmocka_unit_test(test_what_stands_behind_the_verdict_is_not_of_the_rule),
		cmocka_unit_test(test_more_rules_than_room),
	};

	test_folder = test_argument();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
