/* cfg_iwf_ndsip.h - the section `ndsip` (room-private). */
#pragma once
#include "conf/cfg_schema.h"

struct cfg_iwf;
struct cfg_peer;
struct sa_address;

extern const struct cfg_row cfg_ndsip_rows[];

/* Notes whether the section is present, fills local_id in, and checks what spans several keys: the
 * section by itself, and with the listeners that need it. ERR_INVAL; errors are in `why`. */
ERR_MUST_USE int cfg_ndsip_check(struct cfg_iwf *c, struct report *why);

/* -- cfg_iwf_ndsip_peers.c */

/* The peers with protection ndsip, with each other, with the listeners and with the section; fills
 * their identities in. ERR_INVAL; errors are in `why`. */
ERR_MUST_USE int cfg_ndsip_check_peers(struct cfg_iwf *c, struct report *why);
/* The peer with NDS/IP that has this address, or to which it is one of ours; NULL: there is
 * none. */
const struct cfg_peer *cfg_ndsip_peer_with(const struct cfg_iwf *c, const struct sa_address *address);
