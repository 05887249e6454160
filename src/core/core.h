/* core.h - the core: admission, judgement, triggers, the peers of our own domain, the journal and the decision log
 * (ARCHITECTURE.md, stages 8 to 12 and 14). It speaks with edges in records only, each of which it checks as hostile. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/log.h"
#include "conf/cfg_iwf.h"
#include "ipc/ipc_ring.h"
#include "net/net_loop.h"
#include "tls/tls_stream.h"

struct core;

struct core_cb {
	/* This edge broke a rule of the ring: it is to be ended. The core listens to it no more. */
	void (*on_bad_edge)(void *arg, uint32_t generation);
	/* An operator wants another log level in all processes. */
	void (*on_log_level)(void *arg, enum log_level level);
	/* An operator wants certificates, keys and anchors read again. Whoever does that tells the operator's commands the result with the
	 * same number; after an ERR_* there is no result. NULL allowed: nobody reads files for this core. */
	int (*on_reload)(void *arg, uint32_t number);
};

struct core_conf { /* borrowed as long as the core lives */
	const struct cfg_iwf *cfg;
	struct log *log;                         /* its level changes by command */
	struct tls_ctx *peer_tls[CFG_PEERS_MAX]; /* by index of cfg->peers; NULL: plain */
	int decisions_fd;                        /* taken; -1: none */
	const struct core_cb *cb;
	void *arg;
};

#define CORE_WHY_MAX 512
/* Opens the stores, takes up what the journal holds, begins to connect to the peers. Errors with words in `why`. */
ERR_MUST_USE int core_new(struct core **out, struct net_loop *loop, const struct core_conf *conf, char why[CORE_WHY_MAX]);
void core_free(struct core *c); /* NULL allowed */

/* Opens and closes the association store below this directory, and (`journal`) the journal, as core_new() would: the first of them that a
 * core could not use is an error with words. Nobody else uses them. */
ERR_MUST_USE int core_stores_check(const struct cfg_iwf *cfg, const char *state_dir, bool journal, char why[CORE_WHY_MAX]);

struct core_edge_id {
	uint32_t slot, generation;
	enum cfg_zone zone;
	pid_t pid;
};
/* The ring of an edge: takes the descriptors on success. */
ERR_MUST_USE int core_edge_add(struct core *c, const struct core_edge_id *edge, struct ipc_ring_fds *fds);
/* The edge is dead and all its sessions with it. */
void core_edge_gone(struct core *c, uint32_t generation);

/* That many more lines of the parent's log were lost. Counts the lost lines of the core's own log, too, which 0 is enough for. */
void core_log_lost(struct core *c, uint64_t lines);

/* That many more processes were ended by the parent because they hung: counted. */
void core_hung(struct core *c, uint64_t processes);

/* The decision log after rotation. Takes fd. */
void core_decisions(struct core *c, int fd);

/* The peer with this index in the configuration uses `tls` (borrowed) when it connects the next time. */
void core_peer_tls(struct core *c, size_t peer, struct tls_ctx *tls);

struct tls_judge;
/* The trust anchors of the set in use (borrowed), for operators who ask about a certificate. NULL: none. */
void core_judge(struct core *c, struct tls_judge *judge);

/* Certificates and anchors in use, for those who operate the gateway. */
struct core_file {             /* texts are borrowed as long as the core lives */
	const char *of, *name; /* "listener", "peer" or "anchor", and which */
	const char *path;
	uint64_t not_after_s; /* the first end among the certificates in it */
};
#define CORE_FILES_MAX (CFG_ANCHORS_MAX + CFG_LISTEN_MAX + CFG_PEERS_MAX)
/* The set of files with this generation is in use here. At most CORE_FILES_MAX rows are copied. */
void core_files_set(struct core *c, uint32_t generation, const struct core_file *files, size_t n);
/* That edge uses the set with this generation; an edge that is not known is left out. */
void core_files_edge(struct core *c, uint32_t edge_generation, uint32_t files_generation);
/* Whole days until then; a day that has begun does not count; negative once it is over. */
int64_t core_files_days_left(uint64_t not_after_s, uint64_t now_s);

/* DPR to the peers, everything durable, then `done`, once. */
void core_stop(struct core *c, void (*done)(void *arg), void *arg);
