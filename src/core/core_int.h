/* core_int.h - the parts of the core, for the core's files only. */
#pragma once
#include <sys/queue.h>

#include "apps/app_common.h"
#include "assoc/asc.h"
#include "assoc/asc_change.h"
#include "audit/aud.h"
#include "base/clock.h"
#include "base/heap.h"
#include "base/multimap.h"
#include "core/core.h"
#include "core/core_dup.h"
#include "base/map.h"
#include "core/core_finished.h"
#include "core/core_view.h"
#include "ipc/ipc_rec.h"
#include "journal/jrn.h"
#include "link/link_ids.h"
#include "link/link_peer.h"
#include "policy/pol_admit.h"
#include "policy/pol_judge.h"
#include "stats/st.h"
#include "trigger/trg.h"

#define CORE_DRR_MAX 65536u /* DRRs that wait for their DRA */

struct core_scs;
struct core_peer;
struct core_probe;
struct core_trigger;

/* The groups that a session's certificate names, for as long as it is valid. */
struct core_proven {
	uint64_t not_after_s; /* 0: no end known */
	uint8_t n;
	char name[IPC_GROUPS_MAX][IDENT_SCS_MAX + 1];
	const char *names[IPC_GROUPS_MAX];
};

struct core_edge { /* an edge, seen from the core */
	struct core *core;
	struct core_edge_id who;
	struct ipc_ring *ring;
	struct net_watch *bell;
	bool bad; /* broke a rule: read no more, freed at the end of the turn */
	uint32_t sessions_n;
	TAILQ_ENTRY(core_edge) entry;
};

struct core_session_key { /* a session's name among all edges; no padding */
	uint64_t generation, number;
};

struct core_notice { /* a DNR on its way */
	uint64_t transaction;
	struct core_session *session;
	struct core_trigger *trigger;
	struct map_node node;
	TAILQ_ENTRY(core_notice) entry;
};

/* What ends with a session, told to its owners. */
struct core_session_events {
	void (*notice_lost)(struct core_trigger *t);  /* its DNR was on its way over the session; may free t */
	void (*probe_answered)(struct core_probe *p); /* the session was probed, and is gone */
};

struct core_session { /* an admitted session */
	struct core *core;
	struct core_edge *edge;
	struct core_scs *scs;
	struct core_session_key key;
	char address[IPC_ADDRESS_MAX + 1];
	const struct cfg_listen *listen;
	struct core_proven *proven;     /* NULL: none */
	uint64_t since_ms, not_after_s; /* not_after_s: 0 when nothing ends by itself */
	struct core_probe *probe;       /* asked whether it is still there, because another one would take its place */
	struct map_node node;
	TAILQ_HEAD(, core_notice) notices;
	TAILQ_ENTRY(core_session) entry; /* of all */
	TAILQ_ENTRY(core_session) of_scs;
};

struct core_scs { /* what the core remembers of an SCS while it runs; what is provisioned stands in the store */
	char name[IDENT_SCS_MAX + 1];
	struct pol_rate rate;
	uint64_t quota_day, quota_used; /* day since 1970 */
	uint32_t pending;               /* requests without an answer */
	uint32_t sessions_n;
	TAILQ_HEAD(, core_session) sessions;
	TAILQ_HEAD(, core_trigger) triggers;
	struct map_node node;
};

struct core_reference {              /* names a trigger: who triggers, and its number */
	char e164[ASC_E164_MAX + 1]; /* zeroed behind its end */
	uint32_t reference;
};

struct core_decision_input { /* for the decision line of a trigger */
	char address[IPC_ADDRESS_MAX + 1];
	char rule[ASSOC_RULE_TEXT_MAX]; /* that allowed it, or that refused it later */
};

/* A request that waits for its turn at a core peer. The queue knows only these two functions of it. */
struct core_turn {
	int (*leave)(struct core_trigger *t, bool again); /* its turn has come: sends it; an error: it did not leave */
	void (*late)(struct core_trigger *t);             /* it did not leave in time, or not at all; may free t */
};

struct core_trigger { /* a trigger machine and what the core has around it */
	struct core *core;
	struct core_scs *scs;
	struct trg *trg;
	char transaction[CORE_TRANSACTION_TEXT_MAX];
	struct core_decision_input *asked; /* until it is answered; NULL also when there is no memory, or restored */
	const char *rule, *address;        /* of `asked` afterwards; NULL when too many are kept */
	struct core_dup_entry *dup;        /* until it is answered */
	struct core_dup_waiter asker;      /* the first; used when there is no entry */
	bool host_named, counted;          /* counted: among the pending of its SCS */
	bool detected;                     /* the line of a detect-only rule is written: one a transaction */
	struct core_ask *ask;              /* SIR, DTR or recall on its way */
	const struct core_turn
	    *turn; /* it waits for its turn at a core peer, core_queue.c, and no `ask` is out; NULL: it does not wait */
	bool waits_again;
	struct core_peer *waits_at;
	uint64_t waits_until_ms; /* of the loop's clock */
	TAILQ_ENTRY(core_trigger) waiting;
	struct core_notice *notice;
	struct heap_node deadline;
	uint64_t accepted_ms;
	bool stepping, forgotten, late;
	uint8_t storing; /* completions that the journal owes; the last one counts */
	bool resuming;   /* asked again after a restart: one of limits.resume */
	uint32_t cancelled_uid;
	uint64_t cancelled_ms; /* 0: no operator took it back */
	bool cancel_durable;   /* the journal knows of it */
	bool kept;             /* core_trigger_keep(): there may be a record even if the machine's own could not be written */
	struct core_reference ref;
	struct map_node node;           /* not in the table when it is a recall: it has no number of its own */
	struct multimap_node by_device; /* in the bag once a DTR may be out */
	TAILQ_ENTRY(core_trigger) of_scs;
	TAILQ_ENTRY(core_trigger) entry; /* of all */
};

struct core_ask { /* one request to a core peer; outlives its trigger when that ends first */
	struct core_peer *peer;
	struct core_trigger *trigger; /* NULL: nobody waits any more */
};

struct core_drr { /* a DRR that waits for its DRA: owns its octets */
	uint64_t token;
	size_t peer;
	struct link *link; /* valid until its peer is down */
	struct map_node node;
	TAILQ_ENTRY(core_drr) entry;
	uint32_t len;
	uint8_t message[];
};

/* What happens at a core peer, told to those who were given when the peers were opened. */
struct core_peer_events {
	void (*usable)(struct core_peer *p); /* requests may leave again */
	void (*request)(struct core_peer *p, struct link *l, const struct dia_msg *m);
	void (*down)(struct core_peer *p); /* its link is about to go */
};

struct core_peer {
	struct core *core;
	const struct cfg_peer *conf;
	struct link_peer_conf link_peer_conf;
	struct link_peer *peer;
	uint64_t since_ms; /* of the state */
	uint64_t requests, answers, timeouts, lost;
	uint32_t outstanding, waiting_n;
	TAILQ_HEAD(, core_trigger) waiting[2]; /* [1]: of priority */
	bool open;
};

struct core_decision {
	const char *transaction, *scs, *origin_host, *address, *device;
	uint32_t action, reference;
	uint32_t result_code, request_status;
	enum pol_reason reason;
	const char *rule;
};

TAILQ_HEAD(core_triggers, core_trigger);

enum core_feature { CORE_FEATURE_UNKNOWN, CORE_FEATURE_THERE, CORE_FEATURE_MISSING };

struct core_cursor { /* someone looks at all triggers, some at a time; triggers come and go meanwhile */
	struct core *core;
	struct core_scs *scs;      /* NULL: of all SCSs */
	struct core_trigger *next; /* NULL: at the end */
	TAILQ_ENTRY(core_cursor) entry;
};

struct core {
	const struct cfg_iwf *cfg;
	struct log *log;
	const struct core_cb *cb;
	void *arg;
	struct net_loop *loop;
	uint64_t started_ms;
	struct st_counters st;

	struct asc *asc;
	struct jrn *jrn;
	struct net_watch *jrn_wake;
	struct jrn_counts jrn_counted; /* what the counters of `st` have of the journal's */
	int jrn_state;                 /* as logged: 0, ERR_NOSPC, ERR_IO */
	uint64_t jrn_since_ms;         /* of it */
	struct aud *aud;
	bool decisions_failing; /* the decision log took nothing the last time */
	struct net_watch *store_bell; /* of what the store has finished */
	struct core_dup *dup;
	struct link_ids ids_external, ids_internal;
	struct link_conf link_conf;
	struct core_peer peers[CFG_PEERS_MAX];
	size_t peers_n;
	const struct core_peer_events *peer_events;

	TAILQ_HEAD(, core_edge) edges;
	TAILQ_HEAD(, core_session) sessions;
	struct map sessions_by_key;
	const struct core_session_events *session_events;
	struct net_timer *expiry; /* the earliest end of a certificate among the sessions */
	uint64_t expiry_s;        /* UINT64_MAX: none */
	struct map scs_by_name;
	struct map triggers_by_ref;
	struct multimap triggers_by_device; /* SCS and one name of the device, core_trigger_by_device() */
	struct core_triggers triggers;      /* oldest first */
	TAILQ_HEAD(, core_cursor) walks;
	struct core_finished *ended;
	struct net_timer *retry;     /* the SMS-SC is back: the next turn */
	struct core_cursor retry_at; /* while retrying */
	bool retrying;
	uint32_t triggers_n, pending, resuming;
	struct trg_conf trg_conf;
	const struct trg_ports *trg_ports;
	struct trg_names takers; /* names of SMS-SCs */
	struct trg_names names;  /* of SCSs and their groups, as triggers have them */
	struct trg_names words;  /* rules and addresses, as triggers have them once answered */
	struct heap deadlines;   /* of triggers, in real ms */
	struct net_timer *deadline;
	uint64_t deadline_ms;             /* that it is started for; UINT64_MAX: none */
	bool in_group;                    /* what is put into the journal now belongs together */
	bool queue_moves;                 /* who waited is being sent */
	struct net_timer *queue;          /* the end of the longest wait in a queue */
	enum core_feature recall_replace; /* of the SMS-SC, as it said last */
	struct map notices_by_number;
	uint64_t notice_next;
	struct map drrs_by_token;
	TAILQ_HEAD(, core_drr) drrs;
	TAILQ_HEAD(, core_probe) probes;
	uint32_t probes_n;
	uint64_t token_next;

	struct net_timer *sweep; /* of the triggers, after a change of the associations */
	struct core_cursor sweep_walk;
	uint64_t sweep_generation; /* of the store, seen last */
	uint32_t sweep_left;       /* to be judged; 0: at rest */
	bool sweep_unread;         /* the store could not be read for one of them */

	struct net_check *check;
	struct net_timer *again; /* one more turn of the loop, for what the end of this one left */
	struct net_timer *stop_timer;
	void (*stopped)(void *arg);
	void *stopped_arg;
	bool stopping;

	uint8_t record[IPC_REC_MAX];
	uint8_t scratch[32768]; /* for one message to a core peer */
};

/* core.c */
/* Puts the record of `len` octets in c->record on the edge's ring. ERR_BUSY, ERR_CLOSED (the edge is bad). */
ERR_MUST_USE int core_send(struct core_edge *e, size_t len);
struct core_edge *core_edge_find(struct core *c, uint32_t generation);
const char *core_edge_name(char out[CORE_EDGE_NAME_MAX], const struct core_edge *e);

/* core_edges.c */
/* An edge that breaks a rule is ended; everything it said before was checked and stands. */
void core_edge_bad(struct core_edge *e, const char *what);

/* core_records.c */
void core_edge_free(struct core_edge *e);
void core_records_again(void *core); /* one more turn for what the last one left in the rings */

/* core_sessions.c */
struct core_session *core_session_new(struct core_edge *e, uint64_t number, const struct ipc_session_open *open,
				      struct core_scs *scs);

/* core_devices.c */
struct core_trigger *core_device_find(struct core *c, const char *e164, const struct app_user_identifier *u);
bool core_device_same(const struct trg *t, const struct app_user_identifier *u);

/* core_features.c */
void core_features_learn(struct core *c, const struct app_head *head);
enum core_feature core_feature_of(const struct core *c);
bool core_says_unsupported(const struct app_head *head);

/* core_trigger.c */
void core_trigger_attach(struct core_trigger *t, struct core *c, struct core_scs *scs);

/* core_admit.c: admission. */
ERR_MUST_USE int core_on_session_open(struct core_edge *e, uint64_t number, const struct ipc_session_open *open);
void core_on_session_closed(struct core_edge *e, uint64_t number, const struct ipc_session_closed *closed);
struct core_session *core_session_find(struct core *c, uint32_t generation, uint64_t number);
void core_session_free(struct core_session *s);
void core_sessions_expire(void *core); /* cuts those whose certificate has ended; its timer goes on */
struct core_scs *core_scs_get(struct core *c, const char *name); /* made when it is not there; NULL: no memory */

/* Judges and lets the CEA go, or refuses; true: admitted. */
bool core_session_admit(struct core_edge *e, uint64_t number, const struct ipc_session_open *open);
void core_session_refuse(struct core_edge *e, uint64_t number, const struct ipc_session_open *open, enum pol_reason reason);

/* core_probe.c: one connection more than the SCS may have. */
/* Asks the oldest session whether it is there; true: the new connection waits for the outcome. */
bool core_probe_begin(struct core_edge *e, uint64_t number, const struct ipc_session_open *open, struct core_scs *scs);
void core_probe_session_gone(struct core_probe *p);                           /* the probed session has ended */
void core_probe_forget(struct core *c, uint32_t generation, uint64_t number); /* who waited is gone; number 0: the whole edge */
void core_probes_free(struct core *c);

/* core_groups.c: what the certificate proves beside the name. NULL when it names no group, and when there is no memory: nobody is in a
 * group then. */
struct core_proven *core_proven_of(const struct core *c, const struct ipc_identity *id);
void core_proven_free(struct core_proven *p); /* NULL allowed */
/* As text, for a trigger that outlives the session and the core, and back; empty for NULL. The second borrows nothing. */
void core_proven_text(char out[TRG_GROUPS_LEN_MAX + 1], const struct core_proven *p);
void core_proven_from(struct core_proven *out, const char *text, uint64_t not_after_s);
struct asc_asker core_asker(const char *scs, const struct core_proven *p, uint64_t now_ms);

/* core_path.c: a request through the stages. */
void core_on_device_action(struct core_edge *e, uint64_t transaction, const struct ipc_device_action *a);
/* The one answer of a request: to everyone who waits for it. */
void core_answer(struct core *c, struct core_dup_entry *dup, const struct core_dup_waiter *asker,
		 const struct ipc_device_action_answer *a);

/* core_trigger.c: the machine's surroundings. */
extern const struct trg_ports core_trigger_ports;
ERR_MUST_USE int core_trigger_new(struct core_trigger **out, struct core *c, struct core_scs *scs, const struct trg_request *req);
void core_trigger_step(struct core_trigger *t, const struct trg_event *ev); /* may free t */
void core_trigger_free(struct core_trigger *t);
ERR_MUST_USE int core_triggers_restore(struct core *c); /* from the journal */
struct core_trigger *core_trigger_find(struct core *c, const char *e164, uint32_t reference);
/* core_rights.c. Rules of the trigger's device, with the groups that were proven for it as far as the proof was good at when_ms; NULL in
 * case of trouble with the store. `found` is filled. */
const struct assoc_found *core_trigger_rules(struct core_trigger *t, struct assoc_found *found, const char *external,
					     const char *msisdn, uint64_t when_ms);
/* By the rules and the SCS as they are in the store now, at the time when_ms: right, windows of rules, proof of groups. */
void core_trigger_judge(struct core_trigger *t, struct pol_verdict *v, uint64_t when_ms);
struct core_decision core_trigger_decision(const struct core_trigger *t, char device[POL_DEVICE_TEXT_MAX]); /* borrows both */
/* A DTR may leave: from now on it is found by its device. */
void core_trigger_by_device(struct core_trigger *t);
/* Takes its pending question away; the answer will find nobody. */
void core_trigger_ask_drop(struct core_trigger *t);
void core_trigger_resume_end(struct core_trigger *t); /* its question after a restart is no longer out */

const char *core_trigger_rule(const struct core_trigger *t);
void core_trigger_set_rule(struct core_trigger *t, const char *rule);
/* The line of a detect-only rule on a name that the HSS returned, or of one that came while the trigger was under way; nothing when `v` has
 * none, or one was written already. */
void core_trigger_say_detected(struct core_trigger *t, const struct pol_verdict *v);
const char *core_trigger_address(const struct core_trigger *t);
void core_trigger_on_deadline(struct core_trigger *t); /* may free t */

/* core_deadline.c: one timer for all triggers. */
ERR_MUST_USE int core_deadline_set(struct core_trigger *t, uint64_t at_ms); /* real ms; UINT64_MAX: none */
void core_deadlines_due(void *core);

/* core_answers.c: what is over stays in the journal as long as a copy of its request may come. */
bool core_answers_keep(struct core *c, const struct trg *t); /* false: its record is to be deleted */
void core_answers_drop(void *core, uint64_t number);
bool core_answers_is(const void *record, size_t len);
ERR_MUST_USE int core_answers_restore(struct core *c, uint64_t number, const void *record, size_t len); /* ERR_NOMEM */

/* core_journal.c: the journal in the core's loop. */
ERR_MUST_USE int core_journal_open(struct core *c, char why[CORE_WHY_MAX]);
void core_journal_close(struct core *c); /* completions that are owed are called first */

/* core_trigger_view.c */
void core_finished_keep(struct core_trigger *t); /* it has ended */

/* core_retry.c: what pauses before it asks the SMS-SC again, asks now. */
void core_retry_begin(struct core *c);
void core_retry_turn(void *core);
void core_retry_end(struct core *c);

/* core_cursor.c: all triggers, or those of one SCS, oldest first. Between two calls triggers may end, and new ones are seen, too. */
void core_cursor_begin(struct core_cursor *w, struct core *c, struct core_scs *scs);
struct core_trigger *core_cursor_next(struct core_cursor *w); /* NULL: no more */
void core_cursor_end(struct core_cursor *w);
void core_cursors_pass(struct core_trigger *t); /* it is about to go */

/* core_revoke.c: rights that end while a trigger is under way. */
void core_revoke_look(struct core *c);                                    /* at the end of each turn: has the store changed? */
void core_revoke_sweep(void *core);                                       /* its timer */
void core_revoke_said(void *arg, struct trg *t, enum trg_revocation how); /* port of the machine */

/* core_peers.c: the peers of our own domain. */
ERR_MUST_USE int core_peers_open(struct core *c, struct tls_ctx *const tls[CFG_PEERS_MAX], const struct core_peer_events *events);
/* Says DPR to each. Who does not answer in time is cut off by core_peers_close(); nothing of a silent peer may outlive that. */
void core_peers_leave(struct core *c);
void core_peers_close(struct core *c);
/* Sends one request over the peer with this index. `fn` gets a struct core_ask. ERR_CLOSED and others: nothing was sent. */
ERR_MUST_USE int core_peer_ask(struct core_trigger *t, size_t peer, const struct buf *message, uint32_t wait_ms,
			       link_answer_fn *fn);
/* Ends an ask in its callback: its trigger, NULL when nobody waits any more. Frees the ask. */
struct core_trigger *core_peer_answered(void *ask, int err);

/* core_queue.c: whose turn it is at a core peer. */
bool core_queue_full(const struct core *c, size_t peer);
/* It waits; core_queue_move() sends it, or says that it did not leave. ERR_BUSY, ERR_CLOSED. */
ERR_MUST_USE int core_queue_put(struct core_trigger *t, size_t peer, const struct core_turn *turn, bool again, uint64_t wait_ms);
void core_queue_take(struct core_trigger *t); /* it waits no longer; it need not have waited */
void core_queue_move(struct core *c);         /* at the end of each turn */
void core_queue_on_timer(void *core);         /* its timer */

/* core_s6m.c, core_t4.c, core_drr.c: ports of the machine. */
int core_s6m_ask(void *arg, struct trg *t);
int core_t4_submit(void *arg, struct trg *t, bool again);
int core_t4_recall(void *arg, struct trg *t, bool again);
bool core_t4_can_recall(void *arg);
/* Feature-Supported-In-Final-Target, as far as it is known (TS 29.368 6.4.13). */
struct ipc_opt_u32 core_t4_target(const struct core *c);
int core_report_notify(void *arg, struct trg *t, bool again);
void core_report_acknowledge(void *arg, struct trg *t, uint64_t token, bool ok);

/* core_drr.c */
void core_report_on_request(struct core_peer *p, struct link *l, const struct dia_msg *m);
void core_report_on_answer(struct core_edge *e, uint64_t transaction, const struct ipc_device_notification_answer *a);
void core_report_peer_down(struct core_peer *p);
void core_notice_free(struct core_notice *n);

/* core_decision.c: one decision, one line. */
void core_decide_session(struct core *c, uint32_t generation, uint64_t number, const struct ipc_session_open *open,
			 const char *scs, enum pol_reason reason);
/* An admitted session ends against its peer's will: because of what came on it, or with its certificate. */
void core_decide_session_end(struct core *c, const struct core_session *s, const char *reason);
void core_decide_action(struct core *c, const struct core_decision *d);
/* An accepted trigger is taken back, `action` "revoke"; and what became of that, "revoke-outcome". */
void core_decide_revoked(struct core *c, const struct core_decision *d, const char *action);
/* A further line of the transaction: which detect-only rule would have refused it. `result_code` and `request_status` are not looked at. */
void core_decide_detected(struct core *c, const struct core_decision *d);
void core_transaction_text(char out[CORE_TRANSACTION_TEXT_MAX], uint32_t generation, uint64_t number);
