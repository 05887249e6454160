/* dm_child.h - the roles of a child process. Each main function is entered once, after the re-exec,
 * with the child's end of the socket pair as DM_CHILD_FD. It returns the exit status of the
 * process. Apart from what ARCHITECTURE.md lists for its role, a child uses nothing of the file
 * system: the parent hands over everything else before DM_START. A sandbox can be entered after
 * that point. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "admin/adm.h"
#include "base/log.h"
#include "conf/cfg_iwf.h"
#include "daemon/dm_audit.h"
#include "daemon/dm_msg.h"
#include "daemon/dm_part.h"
#include "net/net_loop.h"
#include "tls/tls_stream.h"

int dm_edge_main(void);
int dm_core_main(void);
int dm_keyholder_main(void);     /* keys in files */
int dm_keyholder_p11_main(void); /* keys in a PKCS#11 token */
int dm_ndsip_main(void);         /* asks charon who protects a connection */
int dm_fetcher_main(void);       /* asks OCSP responders */
int dm_metrics_main(void);       /* answers scrapes; in a program of its own, mtc-iwf-metrics */
/* Not a child of the daemon: dm_key_check.c tries the keys in the token before a set of files is
 * used. */
int dm_key_check_main(void);

/* What the parent hands over before DM_START. */
struct dm_inherited {
	struct cfg_iwf *cfg;
	struct log log;
	uint32_t slot, generation;
	enum zone zone;             /* of an edge */
	struct adm_console console; /* of the core only; its accounts are owned */
	int caps_fd, beat_fd, control_fd, decisions_fd;
	uint32_t caps_slot; /* of an edge */
	int listen_fds[CFG_LISTEN_MAX];
	bool has_audit;
	struct dm_audit_hand audit; /* of the keyholder and of the core; wiped when it is used */
	int publish_fd;             /* core: of published checkpoints */
	int metrics_fd;             /* core, metrics: page; -1: none */
	int metrics_listen_fd;      /* metrics */
	struct dm_part part;        /* certificates, keys and anchors; closed when the contexts are made */
	uint32_t set;               /* generation of these files */
};

/* Reads messages until DM_START. `role` names the process in the log, which may wait for its reader
 * until the caller calls log_queue(): a thread before the sandbox would stay outside. The caller
 * calls log_fini() in every case. Returns 0, or an error that was logged. */
ERR_MUST_USE int dm_inherit(struct dm_inherited *in, const char *role);
void dm_inherited_free(struct dm_inherited *in);

/* Sign of life of this process while its loop turns; the parent watches it (dm_watch.c).
 * `limit_ms`: timers.hang; 0 makes none, and *out is NULL. Borrows fd until return. ERR_NOMEM,
 * ERR_INVAL, ERR_IO. */
struct dm_beat;
ERR_MUST_USE int dm_beat_new(struct dm_beat **out, struct net_loop *loop, int fd, uint64_t limit_ms);
/* A step of a turn that may be a long one has ended. NULL allowed. */
void dm_beat_now(struct dm_beat *b);
void dm_beat_free(struct dm_beat *b); /* NULL allowed; before its loop */

/* A configuration that was received with a new set of files. Takes fd. The caller owns *fresh.
 * Errors are logged. */
ERR_MUST_USE int dm_config_take(struct cfg_iwf **fresh, const struct log *log, int fd);
/* It is in force from now on, at the address of the one before. Takes `fresh`; NULL does
 * nothing. */
void dm_config_use(struct dm_inherited *in, struct cfg_iwf *fresh);

/* Opens the part of a new set of files, received while the process runs, and closes the descriptor.
 * Errors are logged. */
ERR_MUST_USE int dm_set_open(struct dm_part *out, const struct log *log, int fd);
