/* core_admit.h - admission of a session (CONTRACTS section 1): one authenticated name, Origin-Host and provisioned SCS agree. */
#pragma once
#include <stdbool.h>
#include <sys/queue.h>

#include "core/core_sessions.h"
#include "policy/pol_reason.h"

struct core_probes { /* connections that wait for the watchdog answer of the oldest session of their SCS */
	TAILQ_HEAD(, core_probe) list;
	uint32_t n;
};

struct pol_identity;
/* Of a certificate that names two SCSs nobody can say whose it is. The Origin-Host of the other one, borrowed from `id`; NULL: there is none. */
const char *core_also_named(const struct core *c, const struct pol_identity *id, const struct asc_scs *scs);

void core_probes_init(struct core *c);
void core_probes_fini(struct core *c); /* a zeroed part is allowed */

/* ERR_PROTO: the record claims a listener that the edge does not have. */
ERR_MUST_USE int core_on_session_open(struct core_edge *e, uint64_t number, const struct ipc_session_open *open);
void core_on_session_closed(struct core_edge *e, uint64_t number, const struct ipc_session_closed *closed);

void core_probe_session_gone(struct core_probe *p); /* the probed session has ended: the new connection is judged again */
/* The new connection is gone; number 0: all of this edge. */
void core_probe_forget(struct core *c, uint32_t generation, uint64_t number);
