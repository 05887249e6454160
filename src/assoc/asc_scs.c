/* asc_scs.c - the default limits of an SCS record, what of it a session hangs on, and a record of which only some members are said. */
#include "assoc/asc_scs.h"

#include <string.h>

#define MEMBER(bit_, member_)                                                                                                    \
	{                                                                                                                        \
		bit_, offsetof(struct asc_scs, member_), sizeof((struct asc_scs *)0)->member_                                    \
	}
static const struct {
	uint32_t bit;
	size_t offset, size;
} members[] = {
	MEMBER(ASC_KEEP_E164, e164),
	MEMBER(ASC_KEEP_ORIGIN_HOST, origin_host),
	MEMBER(ASC_KEEP_REALM, realm),
	MEMBER(ASC_KEEP_ANCHOR, anchor),
	MEMBER(ASC_KEEP_PAYLOAD_MAX, payload_max),
	MEMBER(ASC_KEEP_VALIDITY_MAX, validity_max_s),
	MEMBER(ASC_KEEP_PORT_MIN, port_min),
	MEMBER(ASC_KEEP_PORT_MAX, port_max),
	MEMBER(ASC_KEEP_PRIORITY, priority_allowed),
	MEMBER(ASC_KEEP_ACTIONS, actions),
	MEMBER(ASC_KEEP_RATE, rate_per_s),
	MEMBER(ASC_KEEP_BURST, burst),
	MEMBER(ASC_KEEP_QUOTA, quota_per_day),
	MEMBER(ASC_KEEP_CONNECTIONS_MAX, connections_max),
	MEMBER(ASC_KEEP_PENDING_MAX, pending_max),
	MEMBER(ASC_KEEP_P_BIT, p_bit_optional),
	MEMBER(ASC_KEEP_STRICT_ANSWERS, strict_answers),
};

void asc_scs_keep(struct asc_scs *scs, const struct asc_scs *stored, uint32_t keep)
{
	for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
		if (keep & members[i].bit) {
			memcpy((char *)scs + members[i].offset, (const char *)stored + members[i].offset, members[i].size);
		}
	}
}

void asc_scs_init(struct asc_scs *scs)
{
	*scs = (struct asc_scs){
		.port_min = 0,
		.port_max = 65535,
		.priority_allowed = true,
		.actions = ASSOC_RIGHT_ALL,
	};
}

bool asc_scs_same_peer(const struct asc_scs *a, const struct asc_scs *b)
{
	return strcmp(a->origin_host, b->origin_host) == 0 && strcmp(a->realm, b->realm) == 0 &&
	       strcmp(a->anchor, b->anchor) == 0;
}
