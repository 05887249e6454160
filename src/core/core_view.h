/* core_view.h - the core as operators see it and change it. The room admin includes this header
 * and core.h, and no other header of the core.
 * All calls belong to the thread of the core's loop.
 * Texts and pointers in a view are borrowed: valid until the handler returns to the loop or
 * changes the core, whichever is first.
 * A `struct core_trigger *` is valid as long; a later turn must look it up again.
 * The functions of a `_each` call the callback once for each object, in the order of their
 * creation. The callback changes nothing. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "assoc/asc.h"
#include "base/edge_name.h"
#include "base/err.h"
#include "base/kv_room.h"
#include "base/screen_rule.h"
#include "base/log.h"
#include "base/str.h"
#include "conf/cfg_iwf.h"
#include "policy/pol_judge.h"
#include "stats/st.h"
#include "trace/trc_filter.h"
#include "trigger/trg.h"

struct core;
struct core_file;    /* core.h */
struct core_sandbox; /* core.h */
struct core_trigger; /* one trigger that has not ended */
struct net_loop;
struct timeline_kept; /* base/timeline.h */

#define CORE_TRANSACTION_TEXT_MAX 32
#define CORE_DEVICE_TEXT_MAX (POL_DEVICE_TEXT_MAX + 8)
#define CORE_NAMES_TEXT_MAX 256

/* -- the parts that the core shares; all borrowed and valid until core_free() */

const struct cfg_iwf *core_cfg(const struct core *c);
const struct log *core_log(const struct core *c);
struct net_loop *core_loop(const struct core *c);
struct st_counters *core_counters(struct core *c);
/* The association store. It completes pending changes during core_free(), see asc_submit(). */
struct asc *core_store(const struct core *c);

/* Sets the log level of all processes. Returns the level before. */
enum log_level core_log_level(struct core *c, enum log_level level);

/* -- the time */

/* The present time. Times in a view are of the core's timeline (base/timeline.h) unless stated
 * otherwise. */
uint64_t core_now_ms(const struct core *c);
/* Such a time as the wall clock tells it: for people. */
uint64_t core_wall_ms(const struct core *c, uint64_t at_ms);

/* State that another machine needs to continue the times in a copy of the journal. */
void core_timeline(const struct core *c, struct timeline_kept *out);

/* -- the audit */

#define CORE_AUDIT_WHY_MAX 640
struct core_audit_view {
	uint64_t records, unsealed; /* written; of them, not sealed yet */
	uint64_t checkpoint;        /* records that the last one covers; 0: none yet */
	uint64_t signed_ms;         /* when it was made, in this run; 0: none yet */
	uint64_t interval;          /* number of the one under way */
	uint64_t octets, waiting;   /* of all files of records; of lines that wait for the disk */
	uint64_t lost, recovered;   /* records since the start */
	bool broken;                /* nothing is written any more: why */
	int error;                  /* errno of the last write; 0: it succeeded */
	uint64_t since_ms;          /* when writing last began to fail */
	bool unsigned_now;          /* the last checkpoint could not be made: not_signed */
	const char *not_signed;
	bool posts;                 /* audit.publish_url is set */
	uint64_t posted, posted_ms; /* records of the last checkpoint that it took, and when; 0: none yet */
	const char *post_failing;   /* why the last attempt failed; "": it did not */
	char why[CORE_AUDIT_WHY_MAX];
};
/* False: the configuration has no audit. */
bool core_audit_view(const struct core *c, struct core_audit_view *out);

/* -- status */

struct core_status {
	uint64_t started_ms;
	uint32_t sessions;
	uint32_t pending;          /* unanswered requests */
	uint32_t triggers;         /* accepted, not yet reported and acknowledged; includes undecided ones after a restart */
	uint32_t entering;         /* of them in the journal only, after a start (core_later.h) */
	uint32_t files_generation; /* generation of the set of files in use; 0: none yet */
	bool stopping;
	struct {
		int failing;       /* errno of the last write to the decision log; 0: it succeeded, or there is no log */
		uint64_t since_ms; /* when writing last began to fail */
		uint64_t lost;     /* decisions lost since the start */
	} decisions;
	struct {
		bool is_short;     /* memory is at its limit: new triggers are refused */
		uint64_t since_ms; /* when is_short last changed */
		uint64_t reserve;  /* octets */
	} memory;
	int log_failing; /* errno of the last line of the core's log; 0: it was written */
	struct {
		int state;         /* 0, ERR_NOSPC or ERR_IO */
		uint64_t since_ms; /* when `state` last changed */
		uint64_t records, octets, waiting;
		uint64_t files;     /* segments and spares */
		uint64_t commit_us; /* microseconds that all its commits took since the start */
	} journal;
};
void core_status(const struct core *c, struct core_status *out);
/* Brings the gauges of the core's own objects up to date in its counters. Those of edges are as old
 * as their last report. */
void core_gauges(struct core *c);

struct core_store_view {
	const char *name, *key;     /* key: configuration item of its size */
	const struct kv_room *room; /* a few seconds old */
	uint64_t reader_s;          /* age of the oldest reader, since it was first seen */
};
typedef void core_store_fn(void *arg, const struct core_store_view *store);
void core_store_each(const struct core *c, core_store_fn *fn, void *arg); /* in core_rooms.c */

/* Copies the journal for a backup (journal/jrn_copy.h). The copy must end before core_free().
 * Errors as of jrn_copy_begin() and jrn_copy_end(). */
struct jrn_copy;
ERR_MUST_USE int core_journal_copy_begin(struct core *c, struct jrn_copy **out);
uint64_t core_journal_copy_size(const struct jrn_copy *copy);
ssize_t core_journal_copy_read(struct jrn_copy *copy, void *p, size_t n);
void core_journal_copy_cut(struct jrn_copy *copy);
ERR_MUST_USE int core_journal_copy_end(struct core *c, struct jrn_copy *copy);

struct core_edge_view {
	char name[EDGE_NAME_MAX];
	enum zone zone;
	pid_t pid;
	uint32_t generation, sessions;
	uint32_t files_generation; /* generation of the set of files in use; 0: not yet known */
	bool up;                   /* false: it broke a rule of the ring and is being ended */
};
typedef void core_edge_fn(void *arg, const struct core_edge_view *edge);
void core_edge_each(const struct core *c, core_edge_fn *fn, void *arg);

/* How long the turns of a loop took (net_loop_turns()); that of an edge as it reported them
 * last. */
typedef void core_loop_fn(void *arg, const char *process, const uint64_t *turns);
void core_loop_each(const struct core *c, core_loop_fn *fn, void *arg);

struct core_keyholder_view {
	const char *name, *state;
	pid_t pid;
	uint32_t generation;
	uint64_t signed_n, refused; /* since the start of this core, over all processes in this place */
};
typedef void core_keyholder_fn(void *arg, const struct core_keyholder_view *keyholder);
void core_keyholder_each(const struct core *c, core_keyholder_fn *fn, void *arg);

/* For each kind of process of which the parent has ended one because it hung: how many, since the
 * start of the parent. */
typedef void core_hung_fn(void *arg, const char *name, uint32_t total);
void core_hung_each(const struct core *c, core_hung_fn *fn, void *arg);

#define CORE_LAPSES_TEXT_MAX 128
#define CORE_PEER_REASON_MAX 512
struct core_peer_view {
	const struct cfg_peer *conf;
	bool smpp;                                     /* the protocol is SMPP, else Diameter */
	const char *state;                             /* a word of link_peer_state(); "closing" while the core ends */
	char reason[CORE_PEER_REASON_MAX];             /* why; "": the state says it all */
	uint64_t next_ms;                              /* time until the next attempt to connect; UINT64_MAX: none is planned */
	uint64_t since_ms;                             /* of the last change of `state`; waiting and connecting are one */
	uint64_t requests, answers, timeouts, pending; /* pending: requests that wait for their answer now */
	uint64_t forgiven;                             /* answers taken although they break their grammar */
	char lapses[CORE_LAPSES_TEXT_MAX];             /* how */
};
typedef void core_peer_fn(void *arg, const struct core_peer_view *peer);
void core_peer_each(const struct core *c, core_peer_fn *fn, void *arg);

/* -- NDS/IP (core_ndsip.c) */

struct core_ndsip_view {
	bool serves;                         /* a listener of the configuration has it */
	bool used;                           /* a listener or a peer has it */
	bool helper;                         /* the process that asks charon runs and has reported */
	bool charon;                         /* charon answers */
	bool rules_lost;                     /* the rules of the packet filter are not in force */
	const char *rules, *version, *words; /* of the rules; of charon; what is wrong, "": nothing is known to be */
	uint64_t since_ms;                   /* when the helper or charon came or went */
	uint64_t loss_s;                     /* wall clock: last loss of charon; 0: none */
	uint32_t list, list_in_use;          /* number of the list of SCSs sent last, and that the helper uses */
	uint32_t scs, loaded, refused_scs;   /* in the list; in charon, peers included; left out by us */
	uint32_t ikes, children, open, proven;
	uint64_t proofs, refused, cut, losses; /* as in struct ns_summary */
	uint64_t helper_losses;                /* since the start of this core */
};
void core_ndsip_view(const struct core *c, struct core_ndsip_view *out);

struct core_ndsip_scs_view {
	const char *state; /* unknown, waits, refused, blocked, down, childless, up */
	bool up;
	bool refused;      /* by the core: blocked, or it does not go with the configuration */
	uint8_t children;  /* installed; 255: that many or more */
	uint16_t open;     /* proven connections; 65535: that many or more */
	const char *words; /* why it is not protected; "": it is, or nothing was said */
};
/* ERR_NOTFOUND: the SCS was in no list yet. */
ERR_MUST_USE int core_ndsip_scs_view(const struct core *c, const char *scs, struct core_ndsip_scs_view *out);
#define CORE_NDSIP_WHY_MAX 256
struct core_ndsip_peer_view { /* a peer with NDS/IP */
	const struct cfg_peer *conf;
	const char *state;            /* as of an SCS */
	uint8_t children;             /* installed */
	bool proven;                  /* there is a connection, and it is protected */
	char why[CORE_NDSIP_WHY_MAX]; /* it is not protected, in a sentence; "": it is */
};
typedef void core_ndsip_peer_fn(void *arg, const struct core_ndsip_peer_view *peer);
void core_ndsip_peer_each(const struct core *c, core_ndsip_peer_fn *fn, void *arg);
/* Of enum ns_rules (ndsip/ns_msg.h). Static. */
const char *core_ndsip_rules_word(unsigned rules);

/* -- certificates, keys and anchors */

typedef void core_file_fn(void *arg, const struct core_file *file);
/* The certificates and anchors in use, in the order of core_files_set(). */
void core_file_each(const struct core *c, core_file_fn *fn, void *arg);
/* The anchors of core_crls_wrong(). */
uint64_t core_crls_are_wrong(const struct core *c);

typedef void core_sandbox_fn(void *arg, const struct core_sandbox *sandbox);
/* What is in force in the sandbox of each process that is up. */
void core_sandbox_each(const struct core *c, core_sandbox_fn *fn, void *arg);

/* The items of the configuration that wait for the next start, for each "ITEM: OLD -> NEW". */
#define CORE_WAITS_MAX 4096u /* octets of all lines; a last one says how many more there are */
typedef void core_wait_fn(void *arg, const char *item, size_t len);
void core_wait_each(const struct core *c, core_wait_fn *fn, void *arg);
/* The file of the configuration is another one than that in force. */
bool core_config_waits(const struct core *c);
/* A line of the decision log about the configuration: `who` ("uid 0", "SIGHUP") changed `what`, or,
 * `refused`, wanted to. */
void core_decide_configuration(struct core *c, const char *who, const char *what, bool refused);

/* Requests that all files are read again, see core_cb.on_reload.
 * On an error nothing was requested: ERR_CLOSED when this core has no reader of files, else as
 * on_reload. */
ERR_MUST_USE int core_reload(struct core *c, uint32_t number, bool dry_run);

/* Connects to a peer now, also after core_peer_stop(). Does nothing when it is connected or
 * connecting.
 * `*state` becomes the state that follows, see core_peer_view.
 * ERR_NOTFOUND: no peer has this name. ERR_CLOSED: the core is ending. */
ERR_MUST_USE int core_peer_start(struct core *c, const char *name, const char **state);
/* Disconnects from a peer (DO_NOT_WANT_TO_TALK_TO_YOU) until core_peer_start() or the next start
 * of the core.
 * `*state` and errors as above. */
ERR_MUST_USE int core_peer_stop(struct core *c, const char *name, const char **state);

/* -- screening (core_screen.c) */

struct core_screen_view {
	struct screen_rule rule; /* in force */
	struct screen_rule file; /* of the configuration */
	bool own;                /* the rule in force was set at run time */
	bool relaxed;            /* it lets pass what the row refuses without a configuration */
	uint64_t caught;         /* messages since the start */
};
void core_screen_view(const struct core *c, enum screen_row row, struct core_screen_view *out);
/* Sets the rule of a row, for now and for later starts; NULL: that of the configuration again.
 * `who` is for the decision log. The edges have it in the next turn. ERR_INVAL: the row does not
 * take this rule; ERR_IO, ERR_STATE: it cannot be kept; then nothing has changed and `why`, of
 * CORE_WHY_MAX octets (core.h), holds the text. */
ERR_MUST_USE int core_screen_set(struct core *c, enum screen_row row, const struct screen_rule *rule, const char *who, char *why);
/* The SCS was removed: takes it out of the rules that were set at run time, so that a later SCS of
 * its name is not exempt. A line in the decision log for each row; returns their number. Rules of
 * the configuration stay as they are written there. What else removes SCSs (an import, an undo) is
 * noticed in the same turn of the loop. */
uint32_t core_screen_forget(struct core *c, const char *scs);

/* The latest lines of the decision log, numbered in the order of their coming: those from *first to
 * *next - 1 are kept in memory (log.kept). */
void core_decisions_range(const struct core *c, uint64_t *first, uint64_t *next);
/* The line, borrowed until the next decision, without NUL at its end; NULL: not kept. */
const char *core_decisions_line(const struct core *c, uint64_t number, size_t *len);

/* An operator has changed who may trigger what: a line of the decision log (action
 * "provisioning"). `who`: "uid 1000", or the person and the console; `what`: the command with its
 * arguments; `scs`, `device`: "" when it names none. */
void core_decide_provisioning(struct core *c, const char *who, const char *what, const char *scs, const char *device);

/* What no SCS may exceed, whatever its own limits: octets of a payload, seconds of validity. */
void core_ceilings(const struct core *c, uint32_t *payload, uint32_t *validity_s);

/* -- decisions as they are made */

struct core_decision_line {                                   /* valid during the call */
	const char *scs, *device, *action, *verdict, *reason; /* as in the line; "" when it has none */
	const char *line;                                     /* of the decision log: JSON, `len` octets */
	size_t len;
};
/* Called for each decision, also for one that the decision log loses. It changes nothing of the
 * core. */
typedef void core_decision_fn(void *arg, const struct core_decision_line *d);
/* fn NULL: nobody. One at a time. */
void core_decisions_follow(struct core *c, core_decision_fn *fn, void *arg);

/* -- traces (core_trace.c) */

#define CORE_TRACE_NAME_MAX 256
#define CORE_TRACE_WHO_MAX 128
#define CORE_TRACE_END_MAX (CORE_TRACE_WHO_MAX + 16)
struct core_trace_start {
	const struct trc_filter *filter; /* a peer in it is one of the configuration */
	bool unredacted;
	uint64_t seconds, octets; /* bounds; not above trace.time_max and trace.size_max */
	uint32_t uid;             /* of the operator */
	const char *who;          /* "uid 1000", or the person and the console */
	const char *name;         /* of the file, for people */
};
struct core_trace_view {
	uint32_t number; /* 0: no trace since the start of this core */
	bool running;    /* false: these are the last values of the one before */
	bool unredacted;
	uint32_t uid;
	char who[CORE_TRACE_WHO_MAX];
	uint64_t since_ms, until_ms, octets_max;
	uint64_t messages, lost, octets;
	char filter[TRC_FILTER_TEXT_MAX], name[CORE_TRACE_NAME_MAX];
	char end[CORE_TRACE_END_MAX]; /* why it ended; "": it runs */
};
/* False: there was none since the start of this core. */
bool core_trace_view(const struct core *c, struct core_trace_view *out);
/* Takes fd on success. ERR_BUSY: one runs. ERR_NOTFOUND: no such peer. ERR_INVAL, ERR_NOMEM, ERR_IO
 * with `why` (static). A line in the decision log. */
ERR_MUST_USE int core_trace_begin(struct core *c, const struct core_trace_start *s, int fd, const char **why);
/* Ends it for `who`; `done` is called once, when its file is complete, at the latest in
 * core_free(). ERR_NOTFOUND: none runs. ERR_BUSY: it is ending already. */
typedef void core_trace_done_fn(void *arg);
ERR_MUST_USE int core_trace_stop(struct core *c, const char *who, core_trace_done_fn *done, void *arg);

/* -- OCSP responders */

#define CORE_OCSP_DENIED_MAX 8u
struct core_ocsp_denied { /* a certificate that was shown to an edge, and that its responder denies */
	const char *host; /* its first host name */
	bool unknown;     /* else revoked */
	uint64_t shown_s; /* last */
};
struct core_ocsp_view {
	const char *anchor, *listener; /* which of them has this responder; the other is NULL */
	const char *url;
	uint32_t edges;                /* that asked it */
	uint64_t answers, failures;    /* since these edges started */
	uint64_t answered_s, failed_s; /* the last of each; 0: none */
	uint32_t open;                 /* questions */
	const char *why;               /* of the last failure */
	uint64_t revoked, unknown;     /* answers that say so, since these edges started */
	struct core_ocsp_denied denied[CORE_OCSP_DENIED_MAX];
	unsigned denied_n;
	/* Of a listener: what its edges staple, the one that ends first; 0: an edge has none. */
	uint64_t staple_this_s, staple_until_s;
};
typedef void core_ocsp_fn(void *arg, const struct core_ocsp_view *responder);
/* In the order of the configuration: trust anchors, listeners. */
void core_ocsp_each(const struct core *c, core_ocsp_fn *fn, void *arg);

/* -- sessions and SCSs */

struct core_session_view {
	char session[CORE_TRANSACTION_TEXT_MAX]; /* name of the session in the decision log */
	char edge[EDGE_NAME_MAX];
	const char *scs, *origin_host, *address; /* origin_host: "" when the SCS is no longer provisioned */
	const struct cfg_listen *listen;
	struct agreed_connection connection;
	uint64_t since_ms;
	uint32_t pending;     /* unanswered requests of the SCS */
	uint64_t not_after_s; /* end of its certificate; 0: unknown */
	uint64_t forgiven;    /* DNAs accepted although they break their grammar */
	char lapses[CORE_LAPSES_TEXT_MAX];
	struct asc_asker asker; /* the SCS with the groups that its certificate proves now */
};
typedef void core_session_fn(void *arg, const struct core_session_view *session);
void core_session_each(const struct core *c, core_session_fn *fn, void *arg);

/* Judges a certificate before its first use. `pem` holds the SCS's own certificate first, then
 * its chain.
 * ERR_AUTH: a TLS handshake with it would fail. ERR_INVAL: not a certificate. ERR_STATE: no
 * trust anchors are known here.
 * On an error `why`, of CORE_WHY_MAX octets (core.h), holds its text. */
struct core_certificate {
	char subject[256];
	uint64_t not_after_s; /* earliest end in its chain */
	/* Groups named by its SAN URIs; asc_asker_groups() tells which of them count. */
	char groups[IDENTITY_GROUPS_MAX][IDENT_SCS_MAX + 1];
	uint8_t groups_n;
	char anchor[IDENT_SCS_MAX + 1]; /* by which the SCS would be admitted; "": by none */
	/* Verdict on a connection as this SCS at now_s. NONE: admitted, unless the limit of
	 * connections is reached. */
	enum pol_reason admission;
};
ERR_MUST_USE int core_certificate(const struct core *c, const char *scs, const char *pem, uint64_t now_s,
				  struct core_certificate *out, char *why);

enum core_cut {
	CORE_CUT_SCS_REMOVED,
	CORE_CUT_SCS_CHANGED,
	CORE_CUT_CERTIFICATE_EXPIRED,
	CORE_CUT_LISTENER_REMOVED,
	CORE_CUT_ANCHOR_REMOVED,
	CORE_CUT_NOT_AGREED
};
/* Ends all sessions of an SCS. The edge logs the reason and sends the corresponding
 * Disconnect-Cause.
 * Returns the number of sessions ended. */
uint32_t core_sessions_cut(struct core *c, const char *scs, enum core_cut why);
/* After a change of SCSs: ends the sessions that have what is no longer agreed, and sends the
 * present values to the edges of the others. NULL: for all SCSs. Returns the number of sessions
 * ended. */
uint32_t core_sessions_renew(struct core *c, const char *scs);

struct core_scs_view { /* run-time state of an SCS; the provisioned record is in the store */
	uint32_t sessions;
	uint64_t quota_day, quota_used; /* triggers that count today; day since 1970-01-01 UTC */
	uint32_t quota_asking;          /* requests not yet decided */
};
/* Only the day is set if the SCS has had no session and no trigger since the core started. */
void core_scs_view(const struct core *c, const char *scs, struct core_scs_view *out);

/* What an SCS did since the core started, and has now. */
struct core_scs_counts {
	const char *scs;
	uint64_t requests, accepted;    /* that reached the core; a copy of one counts among the requests only */
	uint64_t reports, acknowledged; /* DNRs, repeats included */
	const uint64_t *refused;        /* reasons_n numbers, for each of `reasons` */
	const uint8_t *reasons;         /* enum pol_reason, each once */
	size_t reasons_n;
	uint64_t refused_other; /* for further reasons */
	uint32_t sessions, pending;
	uint64_t not_after_s; /* the earliest end of a certificate among its sessions; 0: none is known */
};
typedef void core_scs_fn(void *arg, const struct core_scs_counts *counts);
/* The SCSs that had a session or a trigger since the core started (core_tally.c). */
void core_scs_each(const struct core *c, core_scs_fn *fn, void *arg);
/* Sessions that were refused for this reason since the core started. */
uint64_t core_sessions_refused(const struct core *c, enum pol_reason reason);

/* Sets the used quota of today to 0. A trigger that counted before does not reduce it again when
 * it is refused later.
 * On 0 `done` is called once, with an error if the reset is not durable, at the latest in
 * core_free().
 * ERR_NOTFOUND: nothing was used. Errors as of jrn_put(): the reset holds at least until the
 * next start of the core. */
typedef void core_kept_fn(void *arg, uint64_t number, int err);
ERR_MUST_USE int core_quota_reset(struct core *c, const char *scs, core_kept_fn *done, void *arg);

/* Limits in force for an SCS: where the configuration has one too, the smaller applies.
 * Requests and connections are checked against these. */
void core_scs_limits(const struct core *c, const struct asc_scs *scs, struct scs_limits *out);

/* Sends the SIR that a trigger of this SCS for this device would send ("" for a name that is not
 * given). It changes nothing.
 * On 0 `fn` is called exactly once, after at most cfg->s6m.answer_wait_ms, or in core_free().
 * On an error nothing was sent: ERR_CLOSED (the HSS is not connected), ERR_BUSY
 * (limits.peer_window requests are outstanding), ERR_INVAL, ERR_LIMIT, ERR_NOMEM. */
#define CORE_HSS_NAMES_MAX 8
struct core_hss_answer {
	int err; /* 0; ERR_TIMEOUT, ERR_CLOSED: no answer */
	uint32_t took_ms;
	struct pol_verdict verdict; /* verdict on a trigger; SUCCESS: it would be submitted to the SMS-SC */
	bool absent;                /* not registered now: only a trigger with a validity time waits for the device */
	char externals[CORE_HSS_NAMES_MAX][IDENT_EXTERNAL_MAX + 1]; /* External-Identifiers of the device in the answer */
	char msisdns[CORE_HSS_NAMES_MAX][STR_DIGITS_MAX + 1];
	uint8_t externals_n, msisdns_n;
};
typedef void core_hss_fn(void *arg, const struct core_hss_answer *answer);
ERR_MUST_USE int core_hss_ask(struct core *c, const char *external, const char *msisdn, const char *scs_e164, core_hss_fn *fn,
			      void *arg);

/* Fills the input of pol_judge() about a provisioned SCS. Borrows the texts of `in`. */
void core_scs_facts(struct pol_scs *out, const struct core *c, const struct asc_scs *in);

/* -- one trigger (the first two functions are in core_trigger_view.c) */

struct core_trigger_view { /* a text is "" when there is none; a time is in ms, 0: not yet */
	const char *scs, *device, *transaction, *address, *rule;
	const char *accepted_by; /* Origin-Host of the SMS-SC that accepted it */
	uint64_t number;         /* its key in the journal */
	enum trg_state state;
	uint32_t action, reference, old_reference;
	bool has_old_reference, answered, has_outcome;
	bool late; /* the trigger ended before its outcome was reported to the SCS */
	bool cancelled;
	bool cancel_durable; /* the cancellation is in the journal */
	uint32_t answer_status, outcome, cancelled_uid;
	uint64_t received_ms, accepted_ms, expires_ms, reported_ms, ended_ms, cancelled_ms;
	uint32_t end_to_end, dtr_end_to_end, recall_end_to_end, dnr_end_to_end; /* 0: none yet */
	uint16_t submits, recalls, notifies;                                    /* requests sent, repetitions included */
	uint8_t digest[HASH_LEN];
	const struct trg_history_entry *history; /* oldest first */
	size_t history_n;
	uint32_t history_dropped; /* entries left out in the middle */
};

struct core_view_room { /* memory of a view */
	char device[CORE_DEVICE_TEXT_MAX];
	struct trg_history_entry history[TRG_HISTORY_MAX];
};
/* Fills all members but the history: history_n is 0. `out` borrows from `device` and `t`. */
void core_trigger_brief(struct core_trigger_view *out, char device[CORE_DEVICE_TEXT_MAX], const struct core_trigger *t);
/* Fills all members. `out` borrows from `room` and `t`. */
void core_trigger_view(struct core_trigger_view *out, struct core_view_room *room, const struct core_trigger *t);

struct core_trigger_match {
	struct core_trigger *first;      /* NULL: none */
	uint32_t n;                      /* SCSs that have a trigger with this number */
	char names[CORE_NAMES_TEXT_MAX]; /* their names, separated by ", "; cut when they are too long */
};
/* The triggers with this reference number, of one SCS or (scs NULL) of all. */
void core_trigger_match(struct core *c, const char *scs, uint32_t reference, struct core_trigger_match *out);

/* Finds the newest ended trigger with this number; scs NULL: of any SCS. NULL: not remembered. */
const struct core_trigger_view *core_trigger_ended(const struct core *c, const char *scs, uint32_t reference);
uint32_t core_triggers_ended(const struct core *c); /* number of ended triggers remembered */

struct core_trigger_outlook {
	const char *waits_for;      /* event it waits for, as text */
	uint64_t next_ms, until_ms; /* as of trg_look(); UINT64_MAX: none */
	bool for_scs;               /* waits for a session of the SCS */
	uint32_t scs_sessions;      /* for_scs: open sessions of the SCS */
	const char *peer;           /* name of the core peer it waits for; NULL: none */
	const char *peer_state;     /* of `peer`, see core_peer_view */
};
void core_trigger_outlook(const struct core_trigger *t, struct core_trigger_outlook *out);

/* Cancels a trigger that is not yet cancelled, on behalf of this user.
 * Steps its machine with TRG_EV_CANCEL; the caller has checked that with trg_takes().
 * The trigger may be freed when the call returns. */
void core_trigger_cancel(struct core_trigger *t, uint32_t uid);
/* Writes the record of the trigger.
 * On 0 `done` is called once, with an error if the record is not durable; also after the end of
 * the trigger, at the latest in core_free().
 * On an error of jrn_put() `done` is not called. */
ERR_MUST_USE int core_trigger_keep(struct core_trigger *t, core_kept_fn *done, void *arg);
/* Notes that the cancellation is durable, or (false) that it could not be written. */
void core_trigger_cancel_durable(struct core_trigger *t, bool durable);

/* -- all triggers, oldest first */

struct core_walk;
/* Walks over the triggers of one SCS or (scs NULL) of all.
 * A walk may last over many turns of the loop. It skips a trigger that ends meanwhile and meets
 * a new one.
 * The caller owns it and ends it before core_free().
 * ERR_NOTFOUND: the SCS has had no session and no trigger since the core started. ERR_NOMEM. */
ERR_MUST_USE int core_walk_new(struct core_walk **out, struct core *c, const char *scs);
struct core_trigger *core_walk_next(struct core_walk *w); /* NULL: at the end */
void core_walk_free(struct core_walk *w);                 /* NULL allowed */
