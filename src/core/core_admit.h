/* core_admit.h - admission of a session (CONTRACTS section 1): the authenticated name, the
 * Origin-Host and the provisioned SCS must agree. */
#pragma once
#include <stdbool.h>
#include <sys/queue.h>

#include "core/core_sessions.h"
#include "policy/pol_reason.h"

struct core_probes { /* connections that wait until the oldest session of their SCS has answered a watchdog request */
	TAILQ_HEAD(, core_probe) list;
	uint32_t n;
};

struct pol_identity;
/* Finds another SCS that the same certificate names: such a certificate identifies neither.
 * Returns the Origin-Host of the other SCS, borrowed from `id`; NULL: none. */
const char *core_also_named(const struct core *c, const struct pol_identity *id, const struct asc_scs *scs);

void core_probes_init(struct core *c);
void core_probes_fini(struct core *c); /* a zeroed part is allowed */

/* An edge that announces a session which it cannot have is ended (core_claims.h). */
void core_on_session_open(struct core_edge *e, uint64_t number, const struct ipc_session_open *open);
/* Sends the edge the verdict and the limits of an admitted session. */
void core_session_terms(struct core_session *s, const struct asc_scs *scs);
void core_on_session_closed(struct core_edge *e, uint64_t number, const struct ipc_session_closed *closed);

void core_probe_session_gone(struct core_probe *p); /* The probed session has ended: judges the new connection again. */
/* Forgets the probe of a new connection that has closed. number 0: all probes of this edge. */
void core_probe_forget(struct core *c, uint32_t generation, uint64_t number);
