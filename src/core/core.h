/* core.h - the core: admission, judgement, triggers, the peers of our own domain, the journal
 * and the decision log (ARCHITECTURE.md, stages 8 to 12 and 14).
 * The core exchanges only records with the edges and checks each of them as hostile input. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/edge_name.h"
#include "base/log.h"
#include "conf/cfg_iwf.h"
#include "ipc/ipc_ring.h"
#include "net/net_loop.h"
#include "stats/st.h"
#include "tls/tls_stream.h"

struct core;
struct mrk_ask; /* merkle/mrk_ask.h */

struct core_cb {
	/* The edge broke a rule of the ring and must be ended. The core reads no more of its
	 * records. */
	void (*on_bad_edge)(void *arg, uint32_t generation);
	/* An operator sets the log level of all processes. */
	void (*on_log_level)(void *arg, enum log_level level);
	/* An operator wants the configuration, certificates, keys and anchors read again;
	 * `dry_run`: only to see what would change.
	 * The implementation reports the result to the operator's commands under the same
	 * `number`.
	 * After an ERR_* there is no result. NULL allowed: this core has no reader of files. */
	int (*on_reload)(void *arg, uint32_t number, bool dry_run);
	/* The channel to the NDS/IP helper has closed; the core has freed its end. NULL allowed. */
	void (*on_ndsip_lost)(void *arg);
	/* The same of the channel to the fetcher. */
	void (*on_fetch_lost)(void *arg);
};

struct core_conf { /* borrowed as long as the core lives */
	const struct cfg_iwf *cfg;
	struct log *log;                         /* its level changes by command */
	struct tls_ctx *peer_tls[CFG_PEERS_MAX]; /* by index of cfg->peers; NULL: plain */
	const char *smssc_password;              /* of the bind to an SMS-SC over SMPP; NULL: none; copied */
	int decisions_fd;                        /* owned by the core on success; -1: none */
	const uint8_t *audit_key;                /* public key of the audit's checkpoints; NULL: no audit */
	const struct mrk_ask *audit_last;        /* the last one that was signed; NULL: not known */
	int publish_fd;                          /* taken with audit_key: of published checkpoints; -1: none */
	const struct core_cb *cb;
	void *arg;
};

#define CORE_WHY_MAX 512
/* Opens the stores, restores the triggers of the journal and starts to connect to the peers.
 * On an error `why` holds its text. */
ERR_MUST_USE int core_new(struct core **out, struct net_loop *loop, const struct core_conf *conf, char why[CORE_WHY_MAX]);
void core_free(struct core *c); /* NULL allowed */

/* Opens and closes the association store below this directory and, if `journal`, the journal, as
 * core_new() does.
 * Returns the error of the first store that the core could not use, with its text in `why`.
 * No other process may use the stores meanwhile. */
ERR_MUST_USE int core_stores_check(const struct cfg_iwf *cfg, const char *state_dir, bool journal, char why[CORE_WHY_MAX]);
/* Reads the screening rules that were set at run time, if there are some that this process may
 * read. As core_journal_check(). */
ERR_MUST_USE int core_screening_check(const struct cfg_iwf *cfg, char why[CORE_WHY_MAX]);
/* Warns of SCSs that are exempt from a screening row by the configuration and are not in the
 * association store, if there is a store that this process may read. Another process may be using
 * it. */
void core_screening_names(const struct cfg_iwf *cfg, struct report *why);
/* Warns of SCSs with NDS/IP that do not go with the configuration, if there is a store that this
 * process may read. ERR_EXISTS with words: two have one host, and a start would refuse the
 * store. */
ERR_MUST_USE int core_ndsip_check(const struct cfg_iwf *cfg, struct report *report, char why[CORE_WHY_MAX]);
/* Reads the journal, if there is one that no process uses, and changes nothing. ERR_PROTO with
 * words in `why`: a start would refuse it. Other errors: it cannot be read. */
ERR_MUST_USE int core_journal_check(const struct cfg_iwf *cfg, char why[CORE_WHY_MAX]);
/* Makes a journal in `dir` (made) of `file`, the journal of a backup. On an error nothing is left
 * that opens, and `why` says the reason. Errors as of jrn_copy_restore(). */
ERR_MUST_USE int core_journal_restore(const char *file, const char *dir, char why[CORE_WHY_MAX]);

struct core_edge_id { /* an edge, as the parent says: the core believes nothing else about it (core_claims.h) */
	uint32_t slot, generation;
	enum zone zone;
	pid_t pid;
	uint32_t listeners; /* those that it was given: a bit for each, by index in the configuration */
};
/* Adds an edge with its ring. Takes the descriptors on success. */
ERR_MUST_USE int core_edge_add(struct core *c, const struct core_edge_id *edge, struct ipc_ring_fds *fds);
/* The edge process has ended, and all its sessions with it. */
void core_edge_gone(struct core *c, uint32_t generation);

/* Adds `lines` to the lost lines of the parent's log, and updates the counter with those of the
 * core's own log.
 * `lines` may be 0. */
void core_log_lost(struct core *c, uint64_t lines);

/* What is in force in one process, for operators. */
#define CORE_SANDBOX_WORDS_MAX 512
struct core_sandbox {
	char process[EDGE_NAME_MAX]; /* "parent", "core", "edge-0" */
	const char *mode;            /* as configured; static */
	pid_t pid;
	uint32_t uid;
	bool seccomp, no_new_privs, dumpable;
	unsigned landlock; /* version; 0: none */
	uint64_t capabilities;
	char lacks[CORE_SANDBOX_WORDS_MAX]; /* what is missing, in words; "": nothing */
};
#define CORE_SANDBOXES_MAX 136 /* more are left out */
/* Adds the row of a process, or replaces that of the process before it in its place. Copies. */
void core_sandbox_set(struct core *c, const struct core_sandbox *s);
/* The process has ended. */
void core_sandbox_gone(struct core *c, pid_t pid);

/* Counts the processes that their sandbox ended. */
void core_refused(struct core *c, uint64_t processes);

/* The parent has ended processes of a kind because they hung: `total` since its start, `more` since
 * it said so last. `which` is below CORE_HUNG_KINDS; `name` is static. */
#define CORE_HUNG_KINDS 12u
void core_hung(struct core *c, uint32_t which, const char *name, uint32_t total, uint64_t more);

/* A process with private keys of listeners, as the parent tells of it. */
struct core_keyholder {
	const char *name, *state; /* static; state: up, starting, killed or down */
	pid_t pid;                /* 0: none runs */
	uint32_t generation;
};
#define CORE_KEYHOLDERS_MAX 2u
/* `which` is below CORE_KEYHOLDERS_MAX. */
void core_keyholder_set(struct core *c, uint32_t which, const struct core_keyholder *k);
/* One of its counters (ST_KEYHOLDER_SIGNED to ST_KEYHOLDER_LOST) has grown by `n`. */
void core_keyholder_count(struct core *c, uint32_t which, enum st_counter counter, uint64_t n);

/* The channel to the NDS/IP helper (a SOCK_SEQPACKET pair, ndsip/ns_msg.h), which has just started:
 * it gets the list of SCSs. In place of the channel before. Takes fd in every case.
 * ERR_NOMEM, ERR_IO. */
ERR_MUST_USE int core_ndsip_channel(struct core *c, int fd);

/* The channel to the keyholder that signs checkpoints of the audit (a SOCK_SEQPACKET pair,
 * merkle/mrk_ask.h), in place of the one before; the file for published checkpoints. Take fd. */
void core_audit_channel(struct core *c, int fd);
void core_audit_publish(struct core *c, int fd);
/* A file in state_dir by which `mtc-iwfd --restore` tells the next core: "UID TIME\n". The core
 * makes a decision line of it. */
#define CORE_RESTORED_FILE "restored"
#define CORE_RESTORED_MAX 128u
/* The channel to the fetcher, which sends checkpoints to audit.publish_url. Takes fd. */
void core_audit_fetcher(struct core *c, int fd);

/* Switches to the decision log opened after rotation. Takes fd. */
void core_decisions(struct core *c, int fd);

/* Sets the password of the next bind to an SMS-SC over SMPP. Copies; NULL: none. */
void core_smpp_password(struct core *c, const char *password);

/* The content of core_conf.cfg is another one, at the same address: peers are added and left, the
 * edges may have the new listeners, and sessions that it permits no longer are ended. `peer_tls`
 * (borrowed) as in core_conf. */
void core_reconfigure(struct core *c, struct tls_ctx *const peer_tls[CFG_PEERS_MAX]);
/* The file of the configuration is (`other`) another one than that in force. */
void core_config_disk(struct core *c, bool other);
/* Counts the reloads that the name service of this machine did not answer in time. */
void core_names_late(struct core *c, uint64_t reloads);
/* The items of the configuration that wait for the next start: lines "restart ITEM: OLD -> NEW\n",
 * in place of those before. Copies; what has no room is counted. */
void core_waits_set(struct core *c, const char *lines, size_t len);

struct tls_judge;
/* Sets the trust anchors of the set in use (borrowed); operators' checks of certificates use
 * them. NULL: none. */
void core_judge(struct core *c, struct tls_judge *judge);

#define CORE_ISSUER_MAX 160
#define CORE_CRL_NUMBER_MAX 41
/* A certificate, trust anchor or CRL in use, as operators see it. */
struct core_file {               /* texts are borrowed until core_free() */
	const char *kind, *name; /* kind: "listener", "peer", "anchor" or "crl"; and its name, of a CRL the anchor's */
	const char *path;
	uint64_t not_before_s; /* before it the file cannot be used; of a CRL 0 */
	uint64_t not_after_s;  /* earliest end of the certificates in the file; of a CRL its nextUpdate */
	/* of a CRL, a row for each CA: the CA and the number in hexadecimal; else "" */
	char issuer[CORE_ISSUER_MAX], number[CORE_CRL_NUMBER_MAX];
};
#define CORE_CRLS_MAX 256
#define CORE_FILES_MAX (CFG_ANCHORS_MAX + CFG_LISTEN_MAX + CFG_PEERS_MAX + CORE_CRLS_MAX + 1)
/* The core now uses the set of files with this generation. Copies at most CORE_FILES_MAX rows. */
void core_files_set(struct core *c, uint32_t generation, const struct core_file *files, size_t n);
/* The files of CRLs of these anchors are wrong now, and those before stay in use: a bit for each
 * anchor, by index in the configuration. */
void core_crls_wrong(struct core *c, uint64_t anchors);
/* So many more times files of CRLs were taken without a reload, or refused. */
void core_crls_count(struct core *c, uint64_t renewed, uint64_t refused);
/* The edge now uses the set of files with this generation. An unknown edge is ignored. */
void core_files_edge(struct core *c, uint32_t edge_generation, uint32_t files_generation);
/* Whole days from now_s to not_after_s. A day that has begun does not count. Negative after the
 * end. */
int64_t core_files_days_left(uint64_t not_after_s, uint64_t now_s);

/* Sends DPR to the peers and makes the journal durable. Calls `done`, once, in a later turn: when
 * no peer has an open connection any more, and not more than 300 ms later. */
void core_stop(struct core *c, void (*done)(void *arg), void *arg);
