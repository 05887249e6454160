/* fuzz_fence.c - the promises of what reads the rules of NDS/IP from the kernel: bounds hold, words are clean, and rules stand only if each
 * of them was said, in its order. An input is a stream of netlink messages, as the recordings of tests/unit/fence are. */
#include <linux/netfilter/nf_tables.h>
#include <linux/netlink.h>
#include <string.h>

#include "fence/fence_judge.h"
#include "tests/fuzz/fuzz.h"

/* The plan of the recordings. */
static const struct sa_address hosts[] = { { 4, { 10, 77, 2, 1 } },
					   { 4, { 10, 77, 2, 2 } },
					   { 6, { 0xfd, 0, 0, 0x77, 0, 2, [15] = 1 } } };
static const struct fence_selector selectors[] = {
	{ .name = "scs", .address = { 4, { 10, 77, 1, 1 } }, .port = 3868, .protocol = SA_TCP },
	{ .name = "scs", .address = { 6, { 0xfd, 0, 0, 0x77, 0, 1, [15] = 1 } }, .port = 3868, .protocol = SA_TCP },
	{ .name = "scs-sctp",
	  .address = { 4, { 10, 77, 1, 2 } },
	  .port = 3869,
	  .protocol = SA_SCTP,
	  .hosts = hosts,
	  .hosts_n = 3 },
};

static void take(struct fence_found *f, const uint8_t *p, size_t len, size_t *rules)
{
	struct nlmsghdr head;
	size_t step;

	for (; len >= sizeof head; p += step, len -= step) {
		memcpy(&head, p, sizeof head);
		if (head.nlmsg_len < NLMSG_HDRLEN || head.nlmsg_len > len) {
			return;
		}
		*rules += (head.nlmsg_type & 0xffu) == NFT_MSG_NEWRULE;
		if (fence_found_take(f, head.nlmsg_type & 0xffu, p + NLMSG_HDRLEN, head.nlmsg_len - NLMSG_HDRLEN)) {
			return;
		}
		step = NLMSG_ALIGN(head.nlmsg_len) < len ? NLMSG_ALIGN(head.nlmsg_len) : len;
	}
}

static void check_words(const struct fence_verdict *v)
{
	size_t len = strnlen(v->why, sizeof v->why);

	promise(len < sizeof v->why, "the words end");
	promise((v->state == FENCE_STANDS) == !len, "words say what is wrong, and nothing when all is right");
	for (size_t i = 0; i < len; i++) {
		promise(v->why[i] >= 0x20 && v->why[i] < 0x7f, "the words are printable");
	}
}

static void fuzz_rules(const char *target, const uint8_t *data, size_t size)
{
	struct fence_plan plan = { .mode = FENCE_LIBIPSEC, .device = "ipsec0", .selector = selectors, .n = 3 };
	struct fence_rules *wanted;
	struct fence_found found;
	struct fence_verdict v;
	size_t rules = 0;

	(void)target;
	promise(!fence_rules_new(&wanted, &plan) && !fence_found_init(&found, fence_found_room(wanted)), "memory");
	take(&found, data, size, &rules);
	promise(found.n <= found.max && found.n <= rules, "bounds hold");
	for (size_t i = 0; i < found.n; i++) {
		promise(found.rule[i].terms <= FENCE_TERMS_MAX && (unsigned)found.rule[i].chain < FENCE_CHAINS, "bounds hold");
	}
	fence_judge(&v, wanted, &found);
	check_words(&v);
	promise(v.state != FENCE_STANDS || (found.table && !found.dormant && found.n == wanted->n && !found.more),
		"what stands was said");
	fence_found_fini(&found);
	fence_rules_free(wanted);
}

fuzz_fn *fuzz_find(const char *target)
{
	return !strcmp(target, "nft-rules") ? fuzz_rules : NULL;
}
