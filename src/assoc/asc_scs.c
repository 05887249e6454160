/* asc_scs.c - the default limits of an SCS record. */
#include "assoc/asc_scs.h"

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
