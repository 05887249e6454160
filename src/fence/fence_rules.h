/* fence_rules.h - the rules of a plan, as conditions that can be written in the language of nft and
 * compared with what the kernel has. Three chains at the hooks input, forward and postrouting:
 *
 *   input        drop what is for a protected address and port and is not from a tunnel; accept it
 *                from a tunnel; drop everything else from a tunnel
 *   forward      drop everything from a tunnel: other hosts cannot be reached through it
 *   postrouting  drop what comes from a protected address and port and does not go into a tunnel
 *
 * The port of a peer is that of its own end, and it makes no connection to us: what would open one
 * (SYN without ACK, INIT) is not accepted from its tunnel, whatever port it comes from.
 * With kernel-libipsec a tunnel is the TUN device. With XFRM it is what the kernel decrypted, or is
 * about to encrypt. Output is looked at in postrouting, where no other rule can send the packet to
 * another device any more. An accept of ours holds within our table only: what the operator's own
 * table drops is dropped. IKE and ESP are not touched. PURE but for the allocator. */
#pragma once
#include <stdbool.h>
#include <stdio.h>

#include "fence/fence_plan.h"

enum fence_chain { FENCE_INPUT, FENCE_FORWARD, FENCE_POSTROUTING, FENCE_CHAINS };

/* What a condition looks at. */
enum fence_key {
	FENCE_FAMILY = 1,  /* one octet: NFPROTO_IPV4 or NFPROTO_IPV6 */
	FENCE_TRANSPORT,   /* one octet: number of the transport protocol */
	FENCE_FROM_DEVICE, /* its name, filled with zeros to FENCE_DEVICE_MAX */
	FENCE_TO_DEVICE,
	FENCE_DECRYPTED,      /* one octet: 1 if the kernel's IPsec decrypted the packet, else 0 */
	FENCE_ENCRYPTED,      /* the same for a packet that it will encrypt */
	FENCE_FRAGMENT,       /* the same for a fragment of IPv6 */
	FENCE_NETWORK_HEADER, /* octets of it, from `offset` on */
	FENCE_TRANSPORT_HEADER,
	FENCE_TCP_OPENING, /* one octet: the flags SYN and ACK of a TCP segment, the others are 0 */
};
#define FENCE_TCP_SYN 0x02u
#define FENCE_TCP_ACK 0x10u

#define FENCE_DATA_MAX 16u
struct fence_term {      /* octets only, so that terms can be compared as memory */
	uint8_t key;     /* enum fence_key */
	uint8_t differs; /* 1: is not `data`; 0: is */
	uint8_t offset, len;
	uint8_t data[FENCE_DATA_MAX];
};

#define FENCE_TERMS_MAX 16u
#define FENCE_COMMENT_MAX 128
#define FENCE_FOREIGN_MAX 32

struct fence_rule { /* all terms hold: drop or accept */
	enum fence_chain chain;
	bool drop;
	uint8_t terms;
	struct fence_term term[FENCE_TERMS_MAX];
	char comment[FENCE_COMMENT_MAX]; /* what it is for; "" in rules that were read */
	/* of a rule that was read: the part that no rule of ours has; "": none */
	char foreign[FENCE_FOREIGN_MAX];
};

struct fence_rules {
	struct fence_rule *rule; /* those of a chain stand together, in their order */
	size_t n;
};

/* The rules of a checked plan. The caller owns *out. ERR_NOMEM. */
ERR_MUST_USE int fence_rules_new(struct fence_rules **out, const struct fence_plan *plan);
void fence_rules_free(struct fence_rules *r); /* NULL allowed */

/* Whether two rules of one chain do the same to every packet; comments do not matter. */
bool fence_rule_equal(const struct fence_rule *a, const struct fence_rule *b);

/* Name, hook (enum nf_inet_hooks) and priority of a chain. */
const char *fence_chain_name(enum fence_chain chain);
unsigned fence_chain_hook(enum fence_chain chain);
#define FENCE_PRIORITY (-10) /* before the filters of others, so that our counters see everything */

/* One rule of ours in the language of nft, without its comment. */
#define FENCE_RULE_TEXT_MAX 320
void fence_rule_text(char out[FENCE_RULE_TEXT_MAX], const struct fence_rule *rule);

/* A whole file for `nft -f`: it replaces the table, all at once. */
void fence_rules_print(FILE *out, const struct fence_rules *r);
/* The same, that removes the table, also if there is none. */
void fence_rules_print_removal(FILE *out);
