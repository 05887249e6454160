/* dm_child.h - the roles a child can have. Each is entered once, after the re-exec, with the pair's end on DM_CHILD_FD, and returns the
 * exit status of the process. A child needs nothing of the file system but what stands in ARCHITECTURE.md for its role: everything
 * else was handed to it before DM_START. After that point, where each role says so, a sandbox can close the door. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/log.h"
#include "conf/cfg_iwf.h"
#include "daemon/dm_msg.h"
#include "daemon/dm_part.h"
#include "net/net_loop.h"
#include "tls/tls_stream.h"

int dm_edge_main(const char *config_path);
int dm_core_main(const char *config_path);

/* What every child is handed before DM_START. */
struct dm_inherited {
	struct cfg_iwf *cfg;
	struct log log;
	uint32_t slot, generation;
	enum zone zone;
	int caps_fd, beat_fd, control_fd, decisions_fd;
	int listen_fds[CFG_LISTEN_MAX];
	struct dm_part part; /* certificates, keys and anchors; closed when the contexts are made */
};

/* Reads messages until DM_START. `role` names the process in the log, which nobody waits for from here on; the caller ends it by
 * log_fini() whatever is returned. 0, or an error that was logged. */
ERR_MUST_USE int dm_inherit(struct dm_inherited *in, const char *role, const char *config_path);
void dm_inherited_free(struct dm_inherited *in);

/* The sign of life of this process while its loop turns, for the parent (dm_watch.c). `limit_ms`: timers.hang; 0: none, `*out` is NULL.
 * Borrows fd until return. ERR_NOMEM, ERR_INVAL, ERR_IO. */
struct dm_beat;
ERR_MUST_USE int dm_beat_new(struct dm_beat **out, struct net_loop *loop, int fd, uint64_t limit_ms);
void dm_beat_free(struct dm_beat *b); /* NULL allowed; before its loop */

/* A new set of files that came while the process runs: opens the part, closes the descriptor. Words on the log. */
ERR_MUST_USE int dm_set_open(struct dm_part *out, const struct log *log, int fd);
/* The parent is told whether it is in use. */
void dm_set_answer(const struct log *log, uint32_t generation, bool taken);
