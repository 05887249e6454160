/* core_sessions.h - the admitted sessions, the SCSs they belong to, and the DNRs on their way over each session. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/heap.h"
#include "base/machine.h"
#include "base/map.h"
#include "base/obj.h"
#include "conf/cfg_iwf.h"
#include "core/core_edges.h"
#include "core/core_groups.h"
#include "core/core_lapses.h"
#include "core/core_quota.h"
#include "policy/pol_judge.h"

struct core_probe;
struct core_trigger;

struct core_session_key { /* a session's name among all edges; no padding */
	uint64_t generation, number;
};

#define CORE_NOTICE_MAGIC 0xffec3feeu
struct core_notice { /* a DNR on its way */
	struct obj obj;
	uint64_t transaction;
	struct core_session *session;
	struct core_trigger *trigger;
	struct map_node node;
	TAILQ_ENTRY(core_notice) entry;
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
	struct core_proven *proven;     /* NULL: no proven group */
	uint64_t since_ms, not_after_s; /* not_after_s: end of the certificate, 0 when none is known */
	struct heap_node expiry;        /* in the order of not_after_s */
	struct core_lapses lapses;      /* of its DNAs; log_next_ms is the SCS's */
	uint64_t refuses_until_ms;      /* loop time; reports go to others until then. 0: it takes reports */
	uint64_t refuses_ms;            /* the last such pause */
	uint32_t pending_max;           /* this and p_bit_optional: as its edge was told last */
	bool p_bit_optional;
	struct core_probe *probe; /* in state PROBED */
	struct map_node node;
	TAILQ_HEAD(, core_notice) notices;
	TAILQ_ENTRY(core_session) entry; /* of all */
	TAILQ_ENTRY(core_session) of_scs, of_edge;
};

#define CORE_SCS_MAGIC 0xf08db22fu
struct core_scs { /* an SCS while the core runs; its provisioning is in the association store */
	struct obj obj;
	struct core *core;
	char name[IDENT_SCS_MAX + 1];
	struct pol_rate rate;
	struct core_quota quota;
	uint32_t pending; /* requests without an answer */
	uint32_t sessions_n;
	uint32_t notices_n;           /* DNRs on their way */
	uint32_t parked_n, wake_left; /* wake_left: how many of `parked` are still to be woken; 0: not in core_wakes */
	struct core_lapses lapses;    /* of all DNAs */
	TAILQ_HEAD(, core_session) sessions;
	TAILQ_HEAD(, core_trigger) triggers;
	TAILQ_HEAD(, core_trigger) parked; /* those whose report waits to be sent again (core_wake.h) */
	TAILQ_ENTRY(core_scs) wakes, quotas;
	struct map_node node;
};

/* What ends with a session or on it; given when the core is made. */
struct core_session_events {
	void (*notice_ended)(struct core_scs *scs);   /* a DNR of it is no longer on its way */
	void (*notice_lost)(struct core_trigger *t);  /* its DNR was on its way over the session; may free t */
	void (*probe_answered)(struct core_probe *p); /* the probed session has ended */
};

struct core_sessions {
	TAILQ_HEAD(, core_session) list;
	struct map by_key, scs_by_name, notices_by_number;
	uint64_t notice_next;
	struct net_timer *expiry; /* fires at expiry_s */
	uint64_t expiry_s;        /* the earliest end of a certificate that it runs for; UINT64_MAX: none */
	struct heap expiries;     /* sessions whose certificate ends */
	uint64_t looked_at;       /* sessions that were looked at for that, since the start: tests hold it against all */
	const struct core_session_events *events;
	uint32_t in_state[CORE_SESSION_STATES]; /* sessions in each state */
};

ERR_MUST_USE int core_sessions_init(struct core *c, const struct core_session_events *events); /* borrows; ERR_NOMEM */
void core_sessions_fini(struct core *c); /* after all edges and triggers; a zeroed part is allowed */

/* Cuts the sessions whose certificate has ended. */
void core_sessions_look(struct core *c);

struct core_session *core_session_find(struct core *c, uint32_t generation, uint64_t number); /* NULL: none */
/* Returns owned by the table. NULL: no memory. `open` was checked (core_admit.c). */
struct core_session *core_session_new(struct core_edge *e, uint64_t number, const struct ipc_session_open *open,
				      struct core_scs *scs);
void core_session_free(struct core_session *s);
/* Its watchdog answer is waited for, or no longer (NULL). Borrows. */
void core_session_probe(struct core_session *s, struct core_probe *probe);

/* Makes the SCS when it is not known yet. NULL: no memory. */
struct core_scs *core_scs_get(struct core *c, const char *name);
/* NULL: the SCS has done nothing since the core started. */
struct core_scs *core_scs_find(const struct core *c, const char *name);

/* Puts a DNR on the session; the trigger points to it. NULL: no memory. The number in `transaction` is set before it is sent. */
void core_notice_free(struct core_notice *n);
