/* core_int.h - struct core, for the files of the core only. Each part has its header, its init
 * and its fini. */
#pragma once
#include "audit/aud.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/obj.h"
#include "core/core.h"
#include "core/core_audit.h"
#include "core/core_admit.h"
#include "core/core_deadline.h"
#include "core/core_dnr.h"
#include "core/core_dnr_ids.h"
#include "core/core_drr.h"
#include "core/core_features.h"
#include "core/core_files.h"
#include "core/core_finished.h"
#include "core/core_flow.h"
#include "core/core_journal.h"
#include "core/core_later.h"
#include "core/core_look.h"
#include "core/core_memory.h"
#include "core/core_ndsip.h"
#include "core/core_ocsp.h"
#include "core/core_park.h"
#include "core/core_past.h"
#include "core/core_peers.h"
#include "core/core_pieces.h"
#include "core/core_queue.h"
#include "core/core_retry.h"
#include "core/core_revoke.h"
#include "core/core_rooms.h"
#include "core/core_sandboxes.h"
#include "core/core_screen.h"
#include "core/core_seen.h"
#include "core/core_sessions.h"
#include "core/core_smpp.h"
#include "core/core_time.h"
#include "core/core_trace.h"
#include "core/core_trigger.h"
#include "core/core_wake.h"
#include "link/link_ids.h"
#include "policy/pol_screening.h"
#include "stats/st.h"

struct core_overdue { /* unanswered requests in the order of their deadlines (core_overdue.h) */
	struct heap heap;
	struct net_timer *timer;
	uint64_t timer_at_ms; /* when the timer fires; UINT64_MAX: not running */
};

struct core_stop {
	bool begun;
	uint64_t by_ms; /* at the latest */
	struct net_timer *timer;
	void (*done)(void *arg);
	void *arg;
};

#define CORE_MAGIC 0xb170fab2u
struct core {
	struct obj obj;
	const struct cfg_iwf *cfg;
	bool config_on_disk;        /* its file is another one by now */
	char waits[CORE_WAITS_MAX]; /* items of it that wait for the next start, a line each */
	struct log *log;
	struct core_hung_kind {
		const char *name;
		uint32_t total; /* processes of this kind that the parent ended because they hung */
	} hung[CORE_HUNG_KINDS];
	uint64_t parent_log_lost; /* lost lines of the parent's log */
	const struct core_cb *cb;
	void *arg;
	struct net_loop *loop;
	struct core_time time;
	struct st_counters st;

	struct core_memory memory;
	struct core_stores store;
	struct core_decisions decisions;
	struct core_audit audit;

	struct core_journal journal;
	struct core_dnr_ids dnr_ids;
	struct hash *hash; /* for digests of requests */
	struct core_dup *dup;
	struct core_pasts past;
	struct core_replay *replay;
	struct core_absents *absents;
	struct core_finished *finished;
	struct core_pieces pieces;
	struct core_triggers triggers;
	struct core_later later;
	struct core_wakes wakes;
	struct core_quotas quotas;
	struct core_deadlines deadlines;
	struct core_overdue overdue;
	struct core_sessions sessions;
	struct core_probes probes;
	struct core_edges edges;
	struct core_files files;
	struct core_ndsip ndsip;
	struct core_sandboxes sandboxes;
	struct core_holder {
		struct core_keyholder told; /* name NULL: there is none */
		uint64_t signed_n, refused;
	} holders[CORE_KEYHOLDERS_MAX];
	struct core_screen screen;
	struct core_trace trace;
	struct core_ocsp ocsp;
	struct core_seen seen;
	struct core_dnrs dnrs;
	struct core_drrs drrs;
	struct core_queue queue;
	struct multimap smpp_names; /* core_smpp_names.c */
	struct core_smpp_early smpp_early;
	struct core_smpp_apart smpp_apart;
	char smpp_password[SMPP_PASSWORD_MAX + 1]; /* of the bind */
	struct core_peers peers;
	struct core_retry retry;
	struct core_flow flow;
	struct core_sweep sweep;

	struct net_check *check; /* runs at the end of each loop turn */
	struct core_stop stop;

	uint8_t record[IPC_REC_MAX];
	uint8_t scratch[32768]; /* for building one message to a core peer */
};

/* The SMS-SC is reached over SMPP. */
static inline bool core_smpp_used(const struct core *c)
{
	return c->cfg->smssc.protocol == CFG_SMSSC_SMPP;
}
