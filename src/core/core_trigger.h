/* core_trigger.h - a trigger machine (trigger/) and its surroundings in the core: tables,
 * request to a peer, journal record. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "assoc/asc_scs.h"
#include "base/container.h"
#include "base/heap.h"
#include "base/machine.h"
#include "base/map.h"
#include "base/multimap.h"
#include "base/obj.h"
#include "base/pages.h"
#include "base/str.h"
#include "core/core_cursor.h"
#include "core/core_decision.h"
#include "core/core_dup.h"
#include "core/core_lanes.h"
#include "core/core_rights.h"
#include "core/core_seat.h"
#include "core/core_view.h"
#include "journal/jrn.h"
#include "trigger/trg.h"

struct core_turn;

/* key of a trigger: (SCS, Reference-Number); no padding, zeroed behind the end of the text */
struct core_reference {
	char e164[ASC_E164_MAX + 1];
	uint32_t reference;
};

static inline struct core_reference core_reference_of(const char *e164, uint32_t reference)
{
	struct core_reference r = { .reference = reference };

	str_cut(r.e164, sizeof r.e164, e164);
	return r;
}

/* What a trigger stands in a list for: one at a time, because it has one entry. */
enum core_wait {
	CORE_WAIT_NOTHING,
	CORE_WAIT_TURN, /* its turn at a core peer: in core_queue.c */
	CORE_WAIT_SCS,  /* its report waits for its SCS: in core_wake.c */
	CORE_WAITS
};
extern const struct machine core_wait_machine;

/* until it is answered: for its decision line, and the time for its answer */
struct core_decision_input {
	struct core_trigger *trigger;
	struct heap_node overdue; /* in core_overdue's heap; ms of the loop's clock */
	struct core_given given;
	char address[IPC_ADDRESS_MAX + 1];
	char rule[ASSOC_RULE_TEXT_MAX]; /* the rule that allowed it, or that refused it later */
};

#define CORE_TRIGGER_MAGIC 0x9d74bd1cu
struct core_trigger {
	/* until it is freed; core_trigger_free() may leave that to the journal's last completion
	 * (`gone`) */
	struct obj obj;
	enum core_wait wait;
	struct core *core;
	struct core_scs *scs;
	struct trg *trg;
	char transaction[CORE_TRANSACTION_TEXT_MAX];
	/* Inputs of the decision line; freed with the answer. NULL if the allocation failed or
	 * the trigger was restored. */
	struct core_decision_input *input;
	/* kept after the answer (interned); NULL if the table was full */
	const char *rule, *address;
	struct core_dup_entry *dup;   /* unanswered request; NULL after the answer */
	struct core_dup_waiter asker; /* the first requester; used if there is no `dup` */
	bool host_named;              /* Destination-Host named this host */
	bool counted;                 /* counts among the pending requests of its SCS */
	/* the line of a detect-only rule was written: one per transaction */
	bool detected;
	uint8_t protection;   /* enum protection of its session; 0: not known */
	struct core_ask *ask; /* outstanding SIR, DTR or recall */
	/* waits in the queue of a peer, `ask` is NULL; NULL: not queued */
	const struct core_turn *turn;
	bool waits_again;
	/* it counts among those that ask; against the quota of the day (core_quota.h) */
	bool asks_quota, has_quota;
	struct core_peer *waits_at;
	uint64_t waits_until_ms; /* of the loop's clock */
	/* in state TURN at a peer, in state SCS in `parked` of its SCS */
	TAILQ_ENTRY(core_trigger) waiting;
	struct core_lane_place lane; /* in state TURN, unless it waits again */
	struct core_notice *notice;  /* DNR on its way; NULL: none */
	uint64_t accepted_ms;
	uint64_t stage_ns; /* clock_mono_ns() when its present stage began (core_took.h); 0: not known */
	bool stepping, forgotten, late;
	uint8_t storing; /* journal completions outstanding; only the last is acted on */
	bool gone;       /* core_trigger_free() was called: only `storing` is valid */
	bool left;       /* a DTR may have been sent */
	bool decided;    /* core_trigger_decide_early(): its line was written before its answer */
	/* to the peer with this number; 0: by an earlier core, or to none. And its
	 * Destination-Host (interned; NULL: none) */
	uint32_t dtr_peer;
	uint32_t dtr_validity_s; /* its Validity-Time, which a copy repeats; 0: not known, or none */
	const char *dtr_host;
	/* The edge gave up although the core had answered SUCCESS; this was acted on. */
	bool given_up;
	bool resuming; /* its request after a restart counts in limits.resume */
	uint32_t cancelled_uid;
	uint64_t cancelled_ms; /* 0: no operator cancelled it */
	bool cancel_durable;   /* the cancellation is in the journal */
	/* core_trigger_keep() was called: a record may exist even if the machine's own was not
	 * written. */
	bool kept;
	struct core_reference ref;
	struct core_seat seat;
};

/* The one door to the wait of a trigger. */
void core_trigger_wait(struct core_trigger *t, enum core_wait wait);

/* The trigger of a seat that is not parked. */
static inline struct core_trigger *core_trigger_at(struct core_seat *seat)
{
	return CONTAINER_OF(seat, struct core_trigger, seat);
}

/* The trigger around a machine. */
static inline struct core_trigger *core_trigger_of(const struct trg *t)
{
	return OBJ_OF(t->owner, struct core_trigger, CORE_TRIGGER_MAGIC);
}

struct core_triggers {
	struct core_seats list;    /* oldest first */
	struct sip_key key;        /* of the hashes in the two tables */
	struct multimap by_ref;    /* key: SCS-Identity and Reference-Number */
	struct multimap by_device; /* key: SCS and one name of the device (core_devices.c) */
	TAILQ_HEAD(, core_cursor) cursors;
	/* pending: without an answer; resuming: requests after a restart that are out */
	uint32_t n, pending, resuming;
	/* of n; accepted triggers that are not parked (core_park.h) */
	uint32_t parked, awake_max;
	uint64_t unwoken;                   /* wakings that failed, since the start */
	struct core_cursor park;            /* the next to be parked */
	bool in_group;                      /* journal records that are put now belong together */
	uint32_t in_state[TRG_STATE_COUNT]; /* machines in each state */
	uint32_t in_wait[CORE_WAITS];       /* triggers in each wait */
	struct trg_conf conf;
	const struct trg_ports *ports;
	struct trg_names smssc_hosts; /* interned hosts of SMS-SCs */
	struct trg_names dtr_hosts;   /* interned Destination-Hosts of DTRs */
	struct trg_parties parties;   /* names of SCSs and groups */
	struct trg_names rule_texts;  /* interned rules and addresses of answered triggers */
	struct pages_ahead ahead;     /* memory for those of the journal, during the start */
	struct pages_heap heap;       /* and for new ones */
};

/* borrows; ERR_NOMEM */
ERR_MUST_USE int core_triggers_init(struct core *c, const struct trg_ports *ports);
void core_triggers_fini(struct core *c); /* frees all triggers; a zeroed part is allowed */

ERR_MUST_USE int core_trigger_new(struct core_trigger **out, struct core *c, struct core_scs *scs, const struct trg_request *req);
/* enters it in the tables */
void core_trigger_attach(struct core_trigger *t, struct core *c, struct core_scs *scs);
void core_trigger_free(struct core_trigger *t);
/* Awake. NULL: none, or no memory to wake it (core_triggers.unwoken). */
struct core_trigger *core_trigger_find(struct core *c, const char *e164, uint32_t reference);
/* true: there is one; wakes nothing */
bool core_trigger_known(struct core *c, const char *e164, uint32_t reference);
void core_trigger_step(struct core_trigger *t, const struct trg_event *ev); /* may free t */

/* Gives up a trigger because its answer is overdue, or because the edge has answered by itself.
 * An unanswered trigger is answered 201, and recalled if its DTR may have been sent. An accepted
 * trigger is recalled.
 * False: the trigger was freed. */
bool core_trigger_give_up(struct core_trigger *t);

/* Writes its record. `first`: it has none yet. `done` as of jrn_add() and jrn_put(), with their
 * errors. */
ERR_MUST_USE int core_trigger_put(struct core_trigger *t, bool first, jrn_done_fn *done, void *arg);

/* core_trigger_decide.c: writes the decision line of this answer; `as_new`: of a replacement that
 * is stored as a new trigger. */
void core_trigger_decide(struct core_trigger *t, const struct trg_answer *answer, bool as_new);
/* Writes the line of a SUCCESS whose answer waits for the journal. The line is in the log before
 * the record is durable: otherwise a crash in between would leave an accepted trigger without
 * one. */
void core_trigger_decide_early(struct core_trigger *t);
/* Fills the decision line; borrows from t and device. */
struct core_decision core_trigger_decision(const struct core_trigger *t, char device[POL_DEVICE_TEXT_MAX]);
/* NULL: none did */
void core_trigger_set_rule(struct core_trigger *t, const struct assoc_rule *decided);
/* Writes the line of a detect-only rule on a name that the HSS returned, or of a rule added
 * later.
 * Does nothing if `v` has none, or if one was written already. */
void core_trigger_say_detected(struct core_trigger *t, const struct pol_verdict *v);

/* In core_trigger_view.c: the rule that decided, and the address of the session; "" when
 * unknown. */
const char *core_trigger_rule(const struct core_trigger *t);
const char *core_trigger_address(const struct core_trigger *t);
/* the trigger has ended: keeps a view for operators */
void core_finished_keep(struct core_trigger *t);
