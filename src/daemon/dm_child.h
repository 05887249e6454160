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
#include "tls/tls_stream.h"

int dm_edge_main(const char *config_path);
int dm_core_main(const char *config_path);

/* What every child is handed before DM_START. */
struct dm_inherited {
	struct cfg_iwf *cfg;
	struct log log;
	uint32_t slot, generation;
	enum cfg_zone zone;
	int caps_fd, control_fd, decisions_fd;
	int listen_fds[CFG_LISTEN_MAX];
	int listen_cert[CFG_LISTEN_MAX], listen_key[CFG_LISTEN_MAX];
	int peer_cert[CFG_PEERS_MAX], peer_key[CFG_PEERS_MAX];
	int anchors[CFG_ANCHORS_MAX];
};

/* Reads messages until DM_START. `role` names the process in the log, which nobody waits for from here on; the caller ends it by
 * log_fini() whatever is returned. 0, or an error that was logged. */
ERR_MUST_USE int dm_inherit(struct dm_inherited *in, const char *role, const char *config_path);
void dm_inherited_free(struct dm_inherited *in);

/* A TLS context of handed-over files. anchor_index < 0: all anchors. Words in `why`. */
ERR_MUST_USE int dm_tls_of(struct tls_ctx **out, const struct dm_inherited *in, bool server, int cert_fd, int key_fd,
			   int anchor_index, char *why, size_t why_size);
