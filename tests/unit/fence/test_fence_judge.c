/* What a kernel said (nft-1.0.6/README.md) beside what is wanted; and messages that are damaged. */
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

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_nft_put_in_place_stands), cmocka_unit_test(test_every_change_is_named),
		cmocka_unit_test(test_no_table_is_missing),          cmocka_unit_test(test_damaged_messages),
		cmocka_unit_test(test_more_rules_than_room),
	};

	test_folder = argc > 1 ? argv[1] : ".";
	return cmocka_run_group_tests(tests, NULL, NULL);
}
