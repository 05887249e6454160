/* cfg_iwf.h - the configuration of mtc-iwfd: one plain snapshot of a file. A reload changes what is
 * in force by another snapshot (cfg_merge.h).
 * Its rows are in cfg_iwf.c. docs/man/mtc-iwfd.yaml.5 and docs/user/configuration.md are generated
 * from them (cfg_manual.h). */
#pragma once
#include <stdio.h>

#include "base/http_url.h"
#include "base/log.h"
#include "base/protection.h"
#include "base/screen_rule.h"
#include "base/transport.h"
#include "conf/cfg_schema.h"

#define CFG_ANCHORS_MAX 64
#define CFG_CRLS_MAX 4 /* files of one anchor */
#define CFG_LISTEN_MAX 16
#define CFG_PEERS_MAX 16
#define CFG_URI_PREFIX_MAX 128
#define CFG_NDSIP_ADDRESSES_MAX 8
#define CFG_NDSIP_PROPOSALS_MAX 8
#define CFG_PROPOSAL_MAX 65 /* of strongSwan, such as aes128gcm16-ecp256; with NUL */
#define CFG_DEVICE_MAX 16   /* name of a network device, with NUL */

#define CFG_PKCS11_PATHS_MAX 8
#define CFG_TOKEN_MAX 33 /* a label of 32 octets, and NUL */

struct sa_address; /* ipsec/sa_ts.h */

struct cfg_identity {
	char host[CFG_HOST_MAX], realm[CFG_HOST_MAX];
};

struct cfg_anchor {
	char name[CFG_NAME_MAX];
	char file[CFG_PATH_MAX];
	char crl[CFG_CRLS_MAX][CFG_PATH_MAX]; /* files of revocation lists of its CAs */
	size_t crl_n;                         /* 0: there are none */
	char ocsp[HTTP_URL_MAX];            /* URL of the responder; "": there is none. Without both, revocation is not checked */
	char ocsp_address[CFG_ADDRESS_MAX]; /* of its host; "": the URL has it */
	bool ocsp_chain;                    /* it is asked about the CAs below the anchor, too */
	/* a reload began or ended its checks of revocation: sessions of before may say either */
	bool checks_changed;
	uint64_t gone_ms; /* as of a listener */
};

struct cfg_listen {
	char name[CFG_NAME_MAX];
	int zone;       /* enum zone */
	int protection; /* enum protection */
	int transport;  /* enum transport */
	char address[CFG_ADDRESS_MAX];
	char more_addresses[TRANSPORT_MORE_MAX][CFG_ADDRESS_MAX]; /* sctp */
	size_t more_addresses_n;
	/* 0: the system chooses one, and the ready line names it */
	uint16_t port;
	uint16_t udp_port;                                 /* sctp-udp */
	char certificate[CFG_PATH_MAX], key[CFG_PATH_MAX]; /* "": none (protection without tls) */
	char key_object[CFG_NAME_MAX];                     /* label in the token of keyholder.pkcs11, in place of key; "": none */
	char ocsp[HTTP_URL_MAX], ocsp_address[CFG_ADDRESS_MAX]; /* responder of our own certificate, as of an anchor */
	/* 0: it is in the configuration. Else a reload took it out at this time (clock_mono_ms()),
	 * and it keeps its place, so that the others keep their numbers (cfg_merge.h) */
	uint64_t gone_ms;
};

struct cfg_peer { /* a node of our own domain that the core connects to */
	char name[CFG_NAME_MAX];
	char host[CFG_HOST_MAX], realm[CFG_HOST_MAX];
	int transport; /* enum transport */
	char address[CFG_ADDRESS_MAX];
	/* sctp: further addresses of the peer, and all of ours, at least one. tcp with ndsip:
	 * the one of ours */
	char more_addresses[TRANSPORT_MORE_MAX][CFG_ADDRESS_MAX];
	char local_addresses[TRANSPORT_MORE_MAX + 1][CFG_ADDRESS_MAX];
	size_t more_addresses_n, local_addresses_n;
	uint16_t port;
	uint16_t udp_port; /* sctp-udp */
	int protection;    /* enum protection, none, tls or ndsip; tls needs certificate and key */
	char certificate[CFG_PATH_MAX], key[CFG_PATH_MAX];
	char trust[CFG_NAME_MAX];                           /* tls, ndsip: the trust anchor of this peer */
	char ike[CFG_NDSIP_ADDRESSES_MAX][CFG_ADDRESS_MAX]; /* ndsip: its addresses for IKE */
	size_t ike_n;                                       /* 0: the peer initiates */
	char identity[CFG_HOST_MAX];                        /* ndsip: of IKE; then never "" */
	bool reopen_detect;                                 /* look for state REOPEN of this peer */
	bool strict_answers;                                /* forgive nothing in its answers (APP_LAPSE_TABLE) */
	uint64_t gone_ms;                                   /* as of a listener */
};

struct cfg_pkcs11 {                  /* the token with keys of listeners */
	char module[CFG_PATH_MAX];   /* shared object; "": none */
	char token[CFG_TOKEN_MAX];   /* label */
	char pin_file[CFG_PATH_MAX]; /* its first line is the PIN of the user */
	char paths[CFG_PKCS11_PATHS_MAX][CFG_PATH_MAX];
	size_t paths_n;
};

struct cfg_keyholder {
	uint32_t signatures_per_second; /* for each edge */
	uint64_t sign_wait_ms;
	uint32_t waiting; /* handshakes of an edge */
	struct cfg_pkcs11 pkcs11;
};

enum cfg_ndsip_mode { CFG_NDSIP_XFRM, CFG_NDSIP_LIBIPSEC };
enum cfg_ndsip_loss { CFG_NDSIP_CUT, CFG_NDSIP_KEEP };

struct cfg_ndsip {                      /* IPsec of strongSwan under listeners (docs/user/ndsip.md) */
	bool present;                   /* the section is in the file; else nothing here counts */
	char vici[CFG_PATH_MAX];        /* UNIX socket of charon */
	int mode;                       /* enum cfg_ndsip_mode */
	char device[CFG_DEVICE_MAX];    /* libipsec: TUN device of charon */
	char local_id[CFG_HOST_MAX];    /* our IKE identity; never "" when present */
	char certificate[CFG_PATH_MAX]; /* ours, whose key charon has; never "" when present */
	char local_ike[CFG_NDSIP_ADDRESSES_MAX][CFG_ADDRESS_MAX];
	size_t local_ike_n;      /* at least 1 when present */
	int on_loss;             /* enum cfg_ndsip_loss */
	uint64_t grace_ms;       /* an unproven session may be proven again in this time */
	uint64_t check_ms;       /* interval of the whole list of security associations */
	uint64_t rules_check_ms; /* interval of the check of the packet filter's rules */
	char ike_proposals[CFG_NDSIP_PROPOSALS_MAX][CFG_PROPOSAL_MAX];
	size_t ike_proposals_n; /* 0: SA_IKE_PROPOSALS */
	char esp_proposals[CFG_NDSIP_PROPOSALS_MAX][CFG_PROPOSAL_MAX];
	size_t esp_proposals_n; /* 0: SA_ESP_PROPOSALS */
	uint64_t child_rekey_ms, ike_rekey_ms, reauth_ms;
};

struct cfg_route { /* s6m, t4 */
	char peer[CFG_NAME_MAX];
	size_t peer_index; /* of that name in peers[] */
	char destination_realm[CFG_HOST_MAX];
	char destination_host[CFG_HOST_MAX]; /* "": none */
	uint64_t answer_wait_ms;
	uint32_t priority_drmp;  /* DRMP of requests for priority triggers */
	int recall_replace;      /* t4: enum cfg_recall_replace */
	int congestion;          /* t4: enum cfg_congestion */
	int replace_not_pending; /* t4: enum cfg_not_pending */
	bool copy_to_new_peer;   /* t4: a DTR without an answer may go to another SMS-SC */
};

enum cfg_smssc_protocol { CFG_SMSSC_T4, CFG_SMSSC_SMPP };
enum cfg_smssc_ports { CFG_SMSSC_PORTS_HEADER, CFG_SMSSC_PORTS_PARAMETERS, CFG_SMSSC_PORTS_NONE };
enum cfg_smssc_long { CFG_SMSSC_LONG_PAYLOAD, CFG_SMSSC_LONG_REFUSE, CFG_SMSSC_LONG_HEADER, CFG_SMSSC_LONG_PARAMETERS };
enum cfg_smssc_unknown { CFG_SMSSC_HOLD, CFG_SMSSC_RESUBMIT };
#define CFG_SYSTEM_ID_MAX 16 /* with NUL; SMPP 3.4 5.2.1 */
#define CFG_SYSTEM_TYPE_MAX 13
#define CFG_SOURCE_MAX 21

struct cfg_smssc {    /* the SMS-SC that t4.peer names: docs/user/southbound.md */
	int protocol; /* enum cfg_smssc_protocol; the rest is for SMPP */
	char system_id[CFG_SYSTEM_ID_MAX], system_type[CFG_SYSTEM_TYPE_MAX];
	char password_file[CFG_PATH_MAX]; /* "": no password */
	uint32_t window;                  /* requests without response */
	uint64_t enquire_link_ms, pause_ms;
	char source[CFG_SOURCE_MAX]; /* digits; "": SCS-Identity */
	int ports;                   /* enum cfg_smssc_ports */
	int long_form;               /* enum cfg_smssc_long */
	int on_unknown;              /* enum cfg_smssc_unknown */
	uint32_t receipts;           /* at most so many receipts without an answer */
	uint32_t early_receipts;     /* of these, at most so many that wait for the response of their submit_sm */
	uint32_t cancels;            /* at most so many cancel_sm that wait for room: core/core_smpp_apart.c */
	uint64_t cancel_wait_ms;     /* that one of them waits at least */
};

enum cfg_recall_replace { CFG_RECALL_LEARN, CFG_RECALL_ON, CFG_RECALL_OFF };
enum cfg_not_pending { CFG_NOT_PENDING_STORED, CFG_NOT_PENDING_REFUSED };
enum cfg_congestion { CFG_CONGESTION_PERMANENT, CFG_CONGESTION_TEMPORARY };

struct cfg_dnr {
	uint64_t answer_wait_ms, retry_min_ms, retry_max_ms;
};

struct cfg_limits {
	/* edge: limits for traffic from outside */
	uint32_t message_max;      /* octets of a message from outside */
	uint32_t core_message_max; /* octets of a message from a core peer */
	uint32_t avps_max;         /* of a message */
	uint32_t nesting_max;      /* of grouped AVPs */
	uint32_t connections_total, connections_per_address;
	/* prefix lengths in bits: addresses with the same prefix share connections_per_address */
	uint32_t address_prefix_ipv4, address_prefix_ipv6;
	/* connections of which is not known yet whose they are */
	uint32_t unauthenticated, unauthenticated_per_address;
	/* connections that begin in a second; 0: no limit */
	uint32_t connection_rate, connection_rate_per_address, connection_rate_per_scs;
	uint32_t handshake_max; /* octets that a client may send before its handshake is done */
	uint32_t cer_max;       /* octets of a CER */
	/* octets of requests without an answer: of one edge, and of one connection of it */
	uint32_t request_octets, request_octets_per_connection;
	uint64_t handshake_wait_ms; /* TLS handshake */
	/* from the accept to the CER, idle time included */
	uint64_t cer_wait_ms;
	/* for the answer to the DWR that probes the oldest connection at the limit */
	uint64_t probe_wait_ms;
	/* core: defaults of each SCS, which its record may narrow */
	uint32_t connections_per_scs;
	uint32_t pending_per_scs;
	uint32_t payload_max; /* octets of Trigger-Data */
	uint32_t validity_max_s;
	/* core: totals */
	uint32_t pending_total;    /* triggers between DAR and DAA */
	uint32_t triggers_max;     /* held until reported and acknowledged */
	uint32_t resume;           /* undecided ones, asked about at a time after a restart */
	uint32_t enter_first;      /* of a journal with more records, triggers are entered while requests are taken */
	uint32_t peer_pending_max; /* requests without answer at one core peer */
	/* trigger requests outstanding at one peer; further ones are queued, priority first */
	uint32_t peer_window;
	uint32_t peer_queue;     /* and so many may wait */
	uint32_t duplicates_max; /* entries */
	uint64_t duplicates_window_ms;
	uint32_t report_duplicates_max; /* DRRs, and ended triggers */
	uint64_t report_duplicates_window_ms;
	uint32_t reports_pending; /* DRRs and receipts that await their answer, copies included */
	uint32_t ended_max;       /* triggers remembered after their end */
	uint32_t sessions_max;    /* admitted sessions in the core */
	uint32_t ring_size;       /* bytes of one ring between edge and core, a power of two */
	uint64_t memory;          /* bytes of memory of the core process; 0: no limit of our own */
	uint64_t memory_reserve;  /* bytes of it reserved for accepted triggers */
	uint32_t ctl_clients;     /* connections to the control socket */
	/* how long an import waits for its file, and an export or backup for its target */
	uint64_t exchange_idle_ms;
	uint64_t exchange_max_ms; /* an export or a file of a backup in all */
};

struct cfg_trace { /* bounds of a trace; its buffer in octets */
	uint64_t time_max_ms, size_max;
	uint32_t buffer;
};

struct cfg_ocsp {                                  /* what is asked of responders */
	uint64_t refresh_ms, retry_ms, max_age_ms; /* cfg_iwf_ocsp.c says what each is */
	uint32_t size_max;                         /* octets */
	uint32_t entries, asked, connections, revoked;
	bool nonce;
};

struct cfg_timers {
	uint64_t watchdog_ms;          /* Tw */
	uint64_t reopen_ms;            /* pause between the watchdogs of a core peer that is back after a loss; 0: Tw */
	uint64_t reconnect_ms;         /* Tc */
	uint64_t reconnect_refused_ms; /* the same after a DPR with BUSY or DO_NOT_WANT_TO_TALK_TO_YOU */
	uint64_t disconnect_wait_ms;   /* for the DPA at the end */
	uint64_t edge_restart_ms;      /* pause before an ended edge is started again */
	uint64_t restart_max_ms;       /* longest pause between attempts to start what cannot start */
	uint64_t hang_ms;              /* a process whose loop does not turn for so long is ended; 0: never */
	uint64_t lock_wait_ms;         /* a store's last owner may take so long to end */
	uint64_t stats_ms;             /* interval at which edges send their counters to the core */
	uint64_t names_ms;             /* for the answers of the name service of this machine at a reload */
	uint64_t crl_check_ms;         /* interval at which the parent looks at the files of CRLs */
	uint64_t crl_grace_ms;         /* for open sessions, after the nextUpdate of a CRL; 0: none */
	uint64_t ocsp_ms;              /* for an answer of a responder, and so for who waits for it in a handshake */
};

struct cfg_sctp { /* of every association (RFC 9260 16) */
	uint64_t heartbeat_ms, rto_initial_ms, rto_min_ms, rto_max_ms;
	uint32_t path_retransmits, association_retransmits;
};

struct cfg_journal {
	uint64_t report_retention_ms, report_grace_ms;
	uint64_t size_max;           /* octets of all files */
	uint64_t segment_size;       /* octets of one file */
	uint32_t commit_pending_max; /* records that wait for a commit */
	uint64_t compact_above;      /* not used */
	uint64_t lazy_ms;            /* longest wait of what nobody waits for */
	uint64_t batch_window_ms;
	uint32_t batch_max;
};

enum cfg_audit_failure { CFG_AUDIT_REFUSE, CFG_AUDIT_CONTINUE };

struct cfg_audit { /* docs/user/audit.md */
	bool on;
	char origin[CFG_HOST_MAX]; /* of its checkpoints; never "" */
	char key[CFG_PATH_MAX];    /* PEM file of the key that signs them; made when it is missing */
	uint64_t interval_ms;
	int on_failure;     /* enum cfg_audit_failure */
	uint32_t queue_max; /* octets of records that wait for the disk */
	uint64_t segment_size, size_max;
	uint32_t refusals_per_second;    /* of one SCS; 0: no bound */
	char publish_file[CFG_PATH_MAX]; /* "": none */
	char archive[CFG_PATH_MAX];      /* directory of 'mtcctl audit prune' that searches reach, too; "": none */
	bool publish_log;
	char publish_url[HTTP_URL_MAX], publish_address[CFG_ADDRESS_MAX]; /* as of a responder; "": none */
};

#define CFG_METRICS_HOSTS_MAX 8

struct cfg_metrics { /* docs/user/metrics.md */
	bool on;
	char address[CFG_ADDRESS_MAX];
	uint16_t port;
	uint64_t every_ms; /* between two snapshots of the core */
	uint32_t scs_max;  /* SCSs with samples of their own */
	uint32_t connections;
	uint64_t wait_ms; /* that a connection may take for a request and its answer */
	/* names by which scrapes may ask, besides addresses and localhost */
	char hosts[CFG_METRICS_HOSTS_MAX][CFG_HOST_MAX];
	size_t hosts_n;
};

#define CFG_NAMES_WAIT_MAX_MS 60000 /* timers.names is at most this */

#define CFG_NAMES_MAX 20
struct cfg_names { /* users and groups of this machine */
	struct cfg_named {
		char name[CFG_NAME_MAX];
		bool group, found;
		uint32_t uid, gid; /* of a group: only gid */
	} of[CFG_NAMES_MAX];
	uint32_t n;
	bool asked; /* false: whoever needs one asks himself, and waits */
};

enum cfg_replay_mode { CFG_REPLAY_DETECT, CFG_REPLAY_REFUSE };

struct cfg_replay { /* of requests: core/core_replay.h */
	int mode;   /* enum cfg_replay_mode */
	uint64_t window_ms;
	uint32_t entries_max; /* finished Session-Ids remembered */
};

struct cfg_privacy {             /* of devices: core/core_absent.h */
	uint32_t absent_answers; /* in the window, for each SCS and device */
	uint64_t absent_window_ms;
	uint32_t absent_devices; /* pairs of an SCS and a name of a device that are remembered */
};

enum cfg_sandbox { CFG_SANDBOX_OFF, CFG_SANDBOX_PREFER, CFG_SANDBOX_REQUIRE };

struct cfg_screen { /* of one row */
	int mode;   /* enum screen_mode */
	uint32_t answer;
	char except[SCREEN_EXCEPT_MAX][CFG_NAME_MAX];
	size_t except_n;
};

/* As enum ctl_role, which this room does not see. */
enum cfg_role { CFG_ROLE_NONE, CFG_ROLE_READ, CFG_ROLE_OPERATE, CFG_ROLE_ADMIN };

struct cfg_console { /* who may what there; groups of this machine, "": nobody */
	char read[CFG_NAME_MAX], operate[CFG_NAME_MAX], admin[CFG_NAME_MAX];
	int certificates; /* enum cfg_role: the most that the console may say of a person */
	uint64_t session_ms, idle_ms;
	uint32_t log_ins;
};

struct cfg_screening {
	struct cfg_screen row[SCREEN_ROWS_N];
};

#define CFG_DIGEST_MAX 65 /* SHA-256 as hex digits, with NUL */

struct cfg_source { /* the file that is in force */
	char digest[CFG_DIGEST_MAX];
	uint64_t read_ms; /* wall clock */
};

struct cfg_iwf {
	struct cfg_identity external, internal; /* side by side: one section of the file */
	char state_dir[CFG_PATH_MAX];
	char control_path[CFG_PATH_MAX];
	char console_user[CFG_NAME_MAX]; /* "": no console */
	struct cfg_console console;
	uint32_t decisions_kept; /* bytes of decisions kept in memory for searches; 0: none */
	char user[CFG_NAME_MAX]; /* "": keep the user of the process */
	/* of the kinds of process; "": `user` */
	char user_core[CFG_NAME_MAX], user_edge[CFG_NAME_MAX], user_keyholder[CFG_NAME_MAX];
	int sandbox;                         /* enum cfg_sandbox */
	int log_level;                       /* enum log_level */
	uint32_t log_queue_max;              /* bytes of log lines buffered in each process */
	uint32_t decision_lines;             /* of one SCS in a second, accepted requests apart; 0: no bound */
	char decisions[CFG_PATH_MAX];        /* "": none */
	uint32_t edges;                      /* per zone that has a listener */
	uint64_t associations_size_max;      /* octets of each of the store's memory maps */
	uint32_t associations_changes_max;   /* that wait at once */
	uint64_t associations_import_memory; /* octets */
	/* number of states before imports that are kept; 0: none */
	uint32_t associations_undo_max;
	uint64_t associations_undo_size_max;       /* octets of all of them */
	char group_uri_prefix[CFG_URI_PREFIX_MAX]; /* of a SAN URI that names a group */
	struct cfg_anchor anchors[CFG_ANCHORS_MAX];
	size_t anchors_n;
	struct cfg_listen listen[CFG_LISTEN_MAX];
	size_t listen_n;
	struct cfg_peer peers[CFG_PEERS_MAX];
	size_t peers_n;
	struct cfg_route s6m, t4;
	struct cfg_smssc smssc;
	struct cfg_dnr dnr;
	struct cfg_replay replay;
	struct cfg_privacy privacy;
	struct cfg_keyholder keyholder;
	struct cfg_ndsip ndsip;
	struct cfg_trace trace;
	struct cfg_limits limits;
	struct cfg_timers timers;
	struct cfg_ocsp ocsp;
	struct cfg_sctp sctp;
	struct cfg_journal journal;
	struct cfg_audit audit;
	struct cfg_metrics metrics;
	struct cfg_screening screening;
	struct cfg_source source; /* set by who read the file */
	struct cfg_names names;   /* set by who asked for them (cfg_names.h) */
	struct cfg_lines *lines;  /* for cfg_line() */
};

/* Time in ms from the arrival of an SCS's request at the edge to its answer: one SIR, one DTR and
 * one copy of the DTR, each with its wait for a turn (limits.peer_window) and its answer_wait, and
 * the margin. */
uint64_t cfg_answer_within_ms(const struct cfg_iwf *c);
/* At the end of that time the edge answers by itself. The core gives up this much earlier, so that
 * its answer arrives in time. */
#define CFG_ANSWER_MARGIN_MS 2000u
#define CFG_CORE_MARGIN_MS (CFG_ANSWER_MARGIN_MS / 2)

/* Reads and cross-checks (names unique, s6m and t4 name a peer, external listeners protected, TLS
 * complete, ...). All errors and warnings are in `why`. `path` as in cfg_read_all(): give an
 * absolute one if a process with another working directory uses the result; nothing is opened.
 * ERR_INVAL: errors; then the caller owns *out too, unless it is NULL, for further checks such as
 * cfg_iwf_check_files(), which skip everything that is not cfg_sound(), and for no other use. Set
 * *out to NULL before. ERR_LIMIT, ERR_NOMEM. */
ERR_MUST_USE int cfg_iwf_examine(struct cfg_iwf **out, const char *path, const void *text, size_t len, struct report *why);
/* The same for callers that need only the first error: *out is owned on success only. */
ERR_MUST_USE int cfg_iwf_parse(struct cfg_iwf **out, const char *path, const void *text, size_t len, char why[CFG_WHY_MAX]);
/* The same from the file itself. */
ERR_MUST_USE int cfg_iwf_load(struct cfg_iwf **out, const char *path, char why[CFG_WHY_MAX]);
/* Checks against the file system: directories exist and are writable, also by `user`, and existing
 * files are of the right kind. Certificates, keys and anchors: daemon/dm_set.h. ERR_INVAL: all
 * errors are in `why`; the same with other codes (ERR_NOMEM). */
ERR_MUST_USE int cfg_iwf_check_files(const struct cfg_iwf *c, struct report *why);
void cfg_iwf_free(struct cfg_iwf *c); /* NULL allowed */

/* Index of the trust anchor with this name in c->anchors. CFG_ANCHORS_MAX: the configuration has no
 * such anchor. */
size_t cfg_anchor_index(const struct cfg_iwf *c, const char *name);
/* True if a record of an SCS or a group may name this trust anchor: one of the configuration, or
 * IDENT_ANCHOR_INTERNAL. */
bool cfg_anchor_known(const struct cfg_iwf *c, const char *name);

/* Whether a listener has protection ndsip or tls+ndsip. */
bool cfg_ndsip_serves(const struct cfg_iwf *c);
/* The same of a peer, or of one of the two: there is an NDS/IP helper. */
bool cfg_ndsip_has_peers(const struct cfg_iwf *c);
bool cfg_ndsip_used(const struct cfg_iwf *c);
/* Whether an SCS may have this address under NDS/IP: `ike`, for IKE; else as a host inside its
 * tunnel. ERR_INVAL with words: it is ours, or no listener with NDS/IP has an address of its
 * family. Without the section every address is good. */
ERR_MUST_USE int cfg_ndsip_peer_check(const struct cfg_iwf *c, const struct sa_address *address, bool ike, char why[CFG_WHY_MAX]);

/* The rule of a screening row. ERR_INVAL with words: the row does not take it. */
ERR_MUST_USE int cfg_screen_rule(struct screen_rule *out, const struct cfg_iwf *c, enum screen_row row, char why[SCREEN_WHY_MAX]);

/* The rows, for the manual. */
const struct cfg_row *cfg_iwf_rows(void);

/* The whole pages docs/man/mtc-iwfd.yaml.5 and docs/user/configuration.md. */
void cfg_iwf_manual_roff(FILE *f);
void cfg_iwf_manual_markdown(FILE *f);
