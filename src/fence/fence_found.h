/* fence_found.h - what the kernel has of our table: the table, its chains and rules as netlink
 * messages of nf_tables describe them. Read from the kernel itself, because libnftables is under
 * the GPL, version 2 only, and because what the kernel executes is what protects.
 *
 * A rule is a list of expressions: a load puts a part of the packet into a register, a cmp compares
 * it, and the last one is the verdict. Expressions that no rule of ours has are not understood:
 * their name is kept as `foreign`. PURE but for the allocator. */
#pragma once
#include "fence/fence_rules.h"

#define FENCE_CHAIN_TYPE_MAX 16
struct fence_found_chain {
	bool exists;
	bool at_hook; /* false: nothing calls it */
	bool drops;   /* its policy */
	uint32_t hook;
	int32_t priority;
	char type[FENCE_CHAIN_TYPE_MAX];
};

struct fence_found {
	bool table;
	bool dormant; /* no rule of the table is applied */
	struct fence_found_chain chain[FENCE_CHAINS];
	struct fence_rule *rule; /* of our chains, in their order */
	size_t n, max;
	bool more; /* there are more rules than max */
};

/* Room for the rules that are wanted and for some that are not, which can be named then. */
static inline size_t fence_found_room(const struct fence_rules *wanted)
{
	return wanted->n + 8;
}
/* Room for so many rules. The caller calls fence_found_fini(). ERR_NOMEM. */
ERR_MUST_USE int fence_found_init(struct fence_found *f, size_t max);
void fence_found_fini(struct fence_found *f);
/* Forgets all that was found; the room stays. */
void fence_found_clear(struct fence_found *f);

/* Takes one message of nf_tables, without the header of netlink: `type` is enum
 * nf_tables_msg_types, `p` begins with struct nfgenmsg. Tables and chains of others are passed
 * over. ERR_PROTO: its lengths are wrong, or something that every such message has is missing. */
ERR_MUST_USE int fence_found_take(struct fence_found *f, unsigned type, const void *p, size_t len);

/* The number of the rule set in an answer to NFT_MSG_GETGEN. ERR_PROTO. */
ERR_MUST_USE int fence_generation_read(uint32_t *out, const void *p, size_t len);
