/* edge.h - an edge: the part that reads octets from outside (ARCHITECTURE.md, stages 1 to 7 and
 * 13). It accepts connections, authenticates them, frames and screens messages, and exchanges only
 * typed records with the core. Its sessions outlive a restart of the core. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/log.h"
#include "conf/cfg_iwf.h"
#include "ipc/ipc_caps.h"
#include "ipc/ipc_ring.h"
#include "net/net_loop.h"
#include "stats/st.h"
#include "tls/tls_stream.h"

struct edge;

struct edge_conf { /* its pointers are borrowed until edge_free() */
	const struct cfg_iwf *cfg;
	uint32_t generation; /* larger than that of each earlier edge */
	struct ipc_caps *caps;
	const struct log *log;
	/* The ring is closed: the core broke the protocol or does not read. The edge cannot go on
	 * without a new ring; restart it. Called once for a ring, at the end of a turn. NULL
	 * allowed. */
	void (*on_ring_broken)(void *arg);
	void *arg;
};

ERR_MUST_USE int edge_new(struct edge **out, struct net_loop *loop, const struct edge_conf *conf);
void edge_free(struct edge *e); /* NULL allowed; connections are dropped */

/* Its counters, for parts of the process that count for it. Borrowed until edge_free(). */
struct st_counters *edge_counters(struct edge *e);

/* Accepts connections on `fd` (borrowed) under the rules of `listen` (borrowed). `tls` (borrowed)
 * is not NULL if the protection of the listener has TLS, else ERR_INVAL; without TLS it does not
 * count (a place may have had a listener with TLS before). ERR_INVAL also:
 * too many listeners. While nobody can sign for it (tls_ctx_ready()), connections are closed at
 * once. */
ERR_MUST_USE int edge_listen(struct edge *e, int fd, const struct cfg_listen *listen, struct tls_ctx *tls);

/* Accepts no more connections of this listener, and drops those that the core does not know yet.
 * The core ends the others. edge_listen() with the same `listen` opens it again. */
void edge_unlisten(struct edge *e, const struct cfg_listen *listen);

/* The content of edge_conf.cfg is another one: what the edge has made of it is made again. Sessions
 * stay, and have the new limits. */
void edge_reconfigure(struct edge *e);

/* Later handshakes of this listener use `tls` (borrowed); existing sessions stay.
 * ERR_NOTFOUND: the edge has no such listener, or its protection is not TLS. */
ERR_MUST_USE int edge_renew(struct edge *e, const struct cfg_listen *listen, struct tls_ctx *tls);

/* Takes a channel to the NDS/IP helper, in every case; without one, connections of listeners with
 * NDS/IP are refused. `number` is given to `lost` when it closes. ERR_NOMEM, ERR_IO: `lost` was
 * called. */
ERR_MUST_USE int edge_ndsip(struct edge *e, int fd, uint32_t number, void (*lost)(void *arg, uint32_t number), void *arg);

/* Takes a channel to the fetcher, in every case; without one no OCSP responder is asked.
 * `number` is given to `lost` when it closes. ERR_NOMEM, ERR_IO: `lost` was called. */
ERR_MUST_USE int edge_fetcher(struct edge *e, int fd, uint32_t number, void (*lost)(void *arg, uint32_t number), void *arg);
/* What OCSP responders said, for the contexts of its listeners. Borrowed until edge_free(). */
struct tls_ocsp *edge_ocsp(struct edge *e);

/* Connects to the core, or to a new core. Takes the descriptors on success only.
 * Announces the known sessions and offers the unanswered requests. */
ERR_MUST_USE int edge_ring_open(struct edge *e, struct ipc_ring_fds *fds);

/* Accepts no more connections, sends DPR to every SCS and calls `done` once: when all sessions have
 * ended, or after timers.disconnect_wait_ms. A second call does nothing. */
void edge_stop(struct edge *e, void (*done)(void *arg), void *arg);
