/* ns_owners.h - how many connections each edge has open at the NDS/IP helper: none may take the
 * places of the others, which a taken-over one would. PURE. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#define NS_OWNERS_MAX 128u

struct ns_owners {
	uint32_t share; /* connections of one owner, at most */
	struct {
		uint64_t owner;
		uint32_t open; /* 0: the row is free */
	} row[NS_OWNERS_MAX];
};

/* One connection more. False: it has its share, or there are too many owners. */
bool ns_owners_take(struct ns_owners *o, uint64_t owner);
/* One that it took is closed. Of another owner nothing is counted. */
void ns_owners_give(struct ns_owners *o, uint64_t owner);
