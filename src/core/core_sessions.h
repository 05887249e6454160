/* core_sessions.h - the admitted sessions, their SCSs, and the outstanding DNRs of each session. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/few.h"
#include "base/heap.h"
#include "base/machine.h"
#include "base/map.h"
#include "base/obj.h"
#include "conf/cfg_iwf.h"
#include "core/core_edges.h"
#include "core/core_groups.h"
#include "core/core_lanes.h"
#include "core/core_lapses.h"
#include "core/core_quota.h"
#include "core/core_seat.h"
#include "core/core_tally.h"
#include "policy/pol_judge.h"

struct core_probe;
struct core_trigger;

struct core_session_key { /* identifies a session among all edges; no padding */
	uint64_t generation, number;
};

#define CORE_NOTICE_MAGIC 0xffec3feeu
struct core_notice { /* a DNR on its way */
	struct obj obj;
	uint64_t transaction;
	struct core_session *session;
	struct core_trigger *trigger;
	uint64_t until_ms; /* loop time until which its edge may report the outcome */
	struct map_node node;
	TAILQ_ENTRY(core_notice) entry, by_age; /* of its session; of struct core_dnrs */
};

enum core_session_state {
	CORE_SESSION_OPEN,
	CORE_SESSION_PROBED, /* a new connection waits for its watchdog answer */
	CORE_SESSION_ENDED,  /* only while it is being freed */
	CORE_SESSION_STATES
};
extern const struct machine core_session_machine;

#define CORE_SESSION_MAGIC 0xd293056au
struct core_session {
	struct obj obj;
	enum core_session_state state;
	struct core *core;
	struct core_edge *edge;
	struct core_scs *scs;
	struct core_session_key key;
	char address[IPC_ADDRESS_MAX + 1];
	const struct cfg_listen *listen;
	struct core_proven *proven; /* NULL: no proven group */
	struct agreed_connection connection;
	uint64_t since_ms, not_after_s; /* not_after_s: end of the certificate, 0 when none is known */
	struct heap_node expiry;        /* ordered by not_after_s */
	struct core_lapses lapses;      /* lapses of its DNAs; the SCS's log_next_ms applies */
	uint64_t refuses_until_ms;      /* loop time until which reports prefer other sessions; 0: it accepts reports */
	uint64_t refuses_ms;            /* length of the last such pause */
	uint32_t pending_max;           /* this and the next two: values last sent to its edge */
	bool p_bit_optional, revocation_soft;
	uint8_t anchor; /* index in the anchors of its identity, as the edge announced them */
	/* its name, which is that of the session's trust anchor; "": an internal SCS has none */
	char anchor_name[IDENT_SCS_MAX + 1];
	struct core_probe *probe; /* in state PROBED */
	struct map_node node;
	TAILQ_HEAD(, core_notice) notices;
	TAILQ_ENTRY(core_session) entry; /* in the list of all sessions */
	TAILQ_ENTRY(core_session) of_scs, of_edge;
};

#define CORE_SCS_MAGIC 0xf08db22fu
struct core_scs { /* an SCS while the core runs; its provisioning is in the association store */
	struct obj obj;
	struct core *core;
	char name[IDENT_SCS_MAX + 1];
	struct pol_rate rate;
	struct pol_rate begins;  /* connections that it begins: limits.connection_rate_per_scs */
	struct few begins_lines; /* lines of the log about those that were refused for it */
	struct core_quota quota;
	uint32_t pending; /* unanswered requests */
	uint32_t sessions_n;
	uint32_t notices_n; /* outstanding DNRs */
	/* wake_left: entries of `parked` still to be woken; 0: not in core_wakes. */
	uint32_t parked_n, wake_left;
	struct core_lapses lapses; /* lapses of all its DNAs */
	struct few screened; /* lines about rows that only detect; while some are left out, in the list of struct core_seen */
	TAILQ_HEAD(, core_session) sessions;
	struct core_seats triggers;
	TAILQ_HEAD(, core_trigger) parked; /* triggers whose report waits to be sent again (core_wake.h) */
	TAILQ_ENTRY(core_scs) wakes, quotas, screened_entry;
	TAILQ_ENTRY(core_scs) all; /* in scs_list */
	struct map_node node;
	struct core_tally tally;
	struct core_lane lanes[CFG_PEERS_MAX][2]; /* its requests that wait at each peer (core_queue.c) */
};

/* Events of sessions; set by core_sessions_init(). */
struct core_session_events {
	void (*notice_ended)(struct core_scs *scs);   /* an outstanding DNR of the SCS has ended */
	void (*notice_lost)(struct core_trigger *t);  /* the session ended with the trigger's DNR outstanding; may free t */
	void (*probe_answered)(struct core_probe *p); /* the probed session has ended */
};

struct core_sessions {
	TAILQ_HEAD(, core_session) list;
	TAILQ_HEAD(, core_scs) scs_list; /* in the order of their creation; all that scs_by_name has */
	struct map by_key, scs_by_name, notices_by_number;
	uint64_t notice_next;
	struct net_timer *expiry; /* fires at expiry_s */
	uint64_t expiry_s;        /* the certificate end that the timer runs for; UINT64_MAX: none */
	struct heap expiries;     /* sessions whose certificate has an end */
	/* Sessions visited for expiry, since the start. Tests compare it with the total. */
	uint64_t looked_at;
	const struct core_session_events *events;
	uint64_t refused[POL_REASON_COUNT];     /* sessions, by reason */
	uint32_t in_state[CORE_SESSION_STATES]; /* sessions in each state */
};

ERR_MUST_USE int core_sessions_init(struct core *c, const struct core_session_events *events); /* borrows; ERR_NOMEM, ERR_IO */
void core_sessions_fini(struct core *c); /* after all edges and triggers; a zeroed part is allowed */

/* Cuts the sessions whose certificate has ended. */
void core_sessions_look(struct core *c);

struct core_session *core_session_find(struct core *c, uint32_t generation, uint64_t number); /* NULL: none */
/* Creates a session; the table owns it. NULL: no memory. core_admit.c has checked `open`. */
struct core_session *core_session_new(struct core_edge *e, uint64_t number, const struct ipc_session_open *open,
				      struct core_scs *scs);
void core_session_free(struct core_session *s);
/* Whether the configuration still has its listener and the trust anchor of its SCS. False: it is
 * ended, with a line in the decision log. */
bool core_session_permitted(struct core_session *s);
void core_sessions_permitted(struct core *c); /* the same of all */
/* Ends a session and frees it. Its further records are ignored. */
void core_session_cut(struct core_session *s, enum core_cut why);
/* Its watchdog answer is waited for, or no longer (NULL). Borrows. */
void core_session_probe(struct core_session *s, struct core_probe *probe);

/* Finds the SCS or creates it. NULL: no memory. */
struct core_scs *core_scs_get(struct core *c, const char *name);
/* NULL: the SCS has had no session and no trigger since the core started. */
struct core_scs *core_scs_find(const struct core *c, const char *name);

/* Adds an outstanding DNR to the session and the trigger. NULL: no memory.
 * The number in `transaction` is set before the DNR is sent. */
void core_notice_free(struct core_notice *n);
