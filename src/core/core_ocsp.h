/* core_ocsp.h - answers of OCSP responders that revoke a certificate, kept for all edges and over
 * restarts: what one edge was told holds in every other one, and an older `good` that is sent again
 * does not beat it there. The core reads nothing of them but their time; the edges judge them.
 *
 * A record of the journal each, so that they are in a backup with it. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/map.h"
#include "core/core_edges.h"

struct core_ocsp_one;

struct core_ocsp {
	struct map by_key;
	TAILQ_HEAD(, core_ocsp_one) list; /* in the order in which they came */
	uint64_t next;                    /* of the numbers in that order; from 1 */
	struct net_timer *again;          /* an edge has not got all of them */
	uint64_t since_ms;                /* begin of the second in which those of edges are counted */
	uint32_t taken;
};

ERR_MUST_USE int core_ocsp_init(struct core *c); /* before the journal is read; ERR_NOMEM, ERR_IO */
void core_ocsp_fini(struct core *c);             /* a zeroed part is allowed */

/* An edge was told this by a responder. Nothing happens when a newer one is known. */
void core_ocsp_on_found(struct core_edge *e, const struct ipc_ocsp *found);
/* A new edge gets all of them, a few in each turn. */
void core_ocsp_edge(struct core_edge *e);

/* What it knows of a responder. ERR_PROTO: there is no such responder. Without memory it is not
 * shown. */
ERR_MUST_USE int core_ocsp_on_state(struct core_edge *e, const struct ipc_ocsp_state *state);

bool core_ocsp_is(const void *record, size_t len);                                                   /* of the journal */
ERR_MUST_USE int core_ocsp_restore(struct core *c, uint64_t number, const void *record, size_t len); /* ERR_NOMEM */
