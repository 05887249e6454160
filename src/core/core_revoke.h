/* core_revoke.h - rights that end while a trigger is under way (CONTRACTS section 3, "removal of
 * an association in flight"). */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "core/core_cursor.h"
#include "trigger/trg.h"

struct core_sweep { /* judges all triggers after a change of the associations */
	struct net_timer *timer;
	struct core_cursor cursor;
	uint64_t generation; /* generation of the store, last seen */
	uint32_t left;       /* triggers still to be judged; 0: idle */
	bool unread;         /* the store could not be read for at least one trigger */
};

ERR_MUST_USE int core_sweep_init(struct core *c); /* ERR_NOMEM */
void core_sweep_fini(struct core *c);             /* a zeroed part is allowed */
/* end of a turn: starts a sweep if the store has changed */
void core_revoke_look(struct core *c);
/* at the end of the next turn a sweep starts in any case */
void core_revoke_again(struct core *c);
/* one portion of the sweep; called by its timer */
void core_revoke_sweep(void *core);
/* port of the machine */
void core_revoke_audit(void *arg, struct trg *trg, enum trg_revocation how);
