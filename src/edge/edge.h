/* edge.h - an edge: everything that touches octets from outside (ARCHITECTURE.md, stages 1 to 7 and 13). It accepts, authenticates,
 * frames, screens, and speaks with the core in records only. It keeps its sessions when the core restarts. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/log.h"
#include "conf/cfg_iwf.h"
#include "ipc/ipc_caps.h"
#include "ipc/ipc_ring.h"
#include "net/net_loop.h"
#include "tls/tls_stream.h"

struct edge;

struct edge_conf { /* borrowed as long as the edge lives */
	const struct cfg_iwf *cfg;
	uint32_t generation; /* larger than that of every edge before */
	struct ipc_caps *caps;
	const struct log *log;
	/* The core lied or does not read: without it this edge is of no use and had better begin anew. Called once, at the end of a turn. */
	void (*on_ring_broken)(void *arg);
	void *arg;
};

ERR_MUST_USE int edge_new(struct edge **out, struct net_loop *loop, const struct edge_conf *conf);
void edge_free(struct edge *e); /* NULL allowed; connections are dropped */

/* Accepts on `fd` (borrowed) as the listener says. `tls` (borrowed) is there exactly when its protection is TLS. */
ERR_MUST_USE int edge_listen(struct edge *e, int fd, const struct cfg_listen *listen, struct tls_ctx *tls);

/* The ring to the core, or to a new core: takes the descriptors on success. Sessions are announced and what is unanswered is offered. */
ERR_MUST_USE int edge_ring_open(struct edge *e, struct ipc_ring_fds *fds);

/* Accepts no more, says DPR to every SCS and calls `done` once, when all are gone or after limits of time. */
void edge_stop(struct edge *e, void (*done)(void *arg), void *arg);
