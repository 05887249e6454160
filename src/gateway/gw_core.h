/* gw_core.h - the core: admission, judgement, triggers, the peers of our own domain, the journal and the decision log
 * (ARCHITECTURE.md, stages 8 to 12 and 14). It speaks with edges in records only, each of which it checks as hostile. */
#pragma once
#include <stdint.h>
#include <sys/types.h>

#include "base/log.h"
#include "conf/cfg_iwf.h"
#include "ipc/ipc_ring.h"
#include "net/net_loop.h"
#include "tls/tls_stream.h"

struct gw_core;

struct gw_core_cb {
	/* This edge broke a rule of the ring: it is to be ended. The core listens to it no more. */
	void (*on_bad_edge)(void *arg, uint32_t generation);
	/* An operator wants another log level in all processes. */
	void (*on_log_level)(void *arg, enum log_level level);
};

struct gw_core_conf { /* borrowed as long as the core lives */
	const struct cfg_iwf *cfg;
	struct log *log;                         /* its level changes by command */
	struct tls_ctx *peer_tls[CFG_PEERS_MAX]; /* by index of cfg->peers; NULL: plain */
	int decisions_fd;                        /* taken; -1: none */
	const struct gw_core_cb *cb;
	void *arg;
};

#define GW_CORE_WHY_MAX 512
/* Opens the stores, takes up what the journal holds, begins to connect to the peers. Errors with words in `why`. */
ERR_MUST_USE int gw_core_new(struct gw_core **out, struct net_loop *loop, const struct gw_core_conf *conf,
			     char why[GW_CORE_WHY_MAX]);
void gw_core_free(struct gw_core *c); /* NULL allowed */

struct gw_core_edge {
	uint32_t slot, generation;
	enum cfg_zone zone;
	pid_t pid;
};
/* The ring of an edge: takes the descriptors on success. */
ERR_MUST_USE int gw_core_edge_add(struct gw_core *c, const struct gw_core_edge *edge, struct ipc_ring_fds *fds);
/* The edge is dead and all its sessions with it. */
void gw_core_edge_gone(struct gw_core *c, uint32_t generation);

/* The decision log after rotation. Takes fd. */
void gw_core_decisions(struct gw_core *c, int fd);

/* DPR to the peers, everything durable, then `done`, once. */
void gw_core_stop(struct gw_core *c, void (*done)(void *arg), void *arg);
