/* adm_health_peer.h - the words of health for a peer that is not open. */
#pragma once
#include <jansson.h>

#include "core/core_view.h"

/* Returns an object of `reason`, `text`, `advice` as of adm_health(); new reference. `since`: time
 * of the last change of the state. `role`: the node that the peer is for triggers; NULL: none. */
json_t *adm_health_of_peer(const struct core_peer_view *p, const char *since, const char *role);
