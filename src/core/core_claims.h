/* core_claims.h - holds what an edge announces against what the parent gave that edge.
 * The parent tells the core the zone and the listeners of each edge. The configuration says how
 * each listener is protected, and which trust anchors there are. The decoder of the record has held
 * the kind of identity against the protection (ipc_rec.h). An honest edge cannot announce anything
 * else, so an edge that does is in other hands and is ended. */
#pragma once
#include "core/core_edges.h"
#include "policy/pol_reason.h"

#define CORE_CLAIM_MAX 200 /* octets of the words about a false claim */

/* True if the edge can have such a session. Otherwise `why` says what the edge claims and what it
 * has. */
bool core_claim_fits(const struct core_edge *e, const struct ipc_session_open *open, char why[CORE_CLAIM_MAX]);

/* The edge made a claim that no honest edge makes: counts it, logs `why` and ends the edge. */
void core_claim_end(struct core_edge *e, const char *why);
