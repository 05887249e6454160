/* asc_scs.c - the default limits of an SCS record, and what of it a session hangs on. */
#include "assoc/asc_scs.h"

#include <string.h>

void asc_scs_init(struct asc_scs *scs)
{
	*scs = (struct asc_scs){
		.payload_max = 1024,
		.validity_max_s = 7 * 24 * 3600,
		.port_min = 0,
		.port_max = 65535,
		.priority_allowed = true,
		.actions = ASSOC_RIGHT_ALL,
		.connections_max = 8,
		.pending_max = 1024,
	};
}

bool asc_scs_same_peer(const struct asc_scs *a, const struct asc_scs *b)
{
	return strcmp(a->origin_host, b->origin_host) == 0 && strcmp(a->realm, b->realm) == 0 && strcmp(a->anchor, b->anchor) == 0;
}
