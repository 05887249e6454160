/* core_revoke.c - rights that end while a trigger is under way (CONTRACTS section 3, "removal of
 * an association in flight").
 * After a change of the association store, every trigger that the SMS-SC has, or may get, is
 * judged again, some in each loop turn.
 * A trigger that is no longer allowed is revoked by its machine (trigger/, REVOKING). The
 * outcome is a decision line.
 * Only a change ends a right, time does not. If nothing allows the trigger now, it is judged as
 * of its arrival: a rule or certificate that has expired since revokes nothing.
 * A rule that forbids it applies from now on. */
#include <string.h>

#include "core/core_int.h"
#include "core/core_rights.h"

#define JUDGED_A_TURN 256u
#define UNREADABLE_MS 1000u /* until the next try of an unreadable store */

static bool concerned(const struct trg *trg)
{
	if (trg->req.action == TSP_ACTION_RECALL || trg->revoked) {
		return false;
	}
	return trg->state == TRG_ACCEPTED || trg->state == TRG_SUBMITTING || trg->state == TRG_RESUBMITTING ||
	       trg->state == TRG_RESUMING;
}

/* Returns POL_NONE if the trigger may stay. */
static enum pol_reason judge(struct core_trigger *t, struct core_judged *now, uint64_t now_ms)
{
	const struct pol_verdict *v = &now->verdict;
	struct core_judged then;

	core_trigger_judge(t, now, now_ms);
	if (v->status == TSP_STATUS_SUCCESS) {
		return POL_NONE;
	}
	if (v->reason == POL_STORE_UNREADABLE) {
		t->core->sweep.unread = true;
		return POL_NONE;
	}
	if (v->reason != POL_NO_ASSOCIATION) {
		return v->reason;
	}
	core_trigger_judge(t, &then, core_wall_ms(t->core, t->trg->req.received_ms));
	if (then.verdict.status == TSP_STATUS_SUCCESS || then.verdict.reason == POL_STORE_UNREADABLE) {
		return POL_NONE;
	}
	/* The groups proven by its certificate are unknown: one of them may have allowed it. */
	return t->trg->req.groups_unknown && then.verdict.reason == POL_NO_ASSOCIATION ? POL_NONE : v->reason;
}

static void look_at(struct core_trigger *t, uint64_t now_ms)
{
	struct trg_event ev = { .kind = TRG_EV_REVOKE };
	struct core_judged j;

	if (!concerned(t->trg)) {
		return;
	}
	st_count(&t->core->st, ST_TRIGGERS_REJUDGED);
	ev.reason = judge(t, &j, now_ms);
	if (ev.reason == POL_NONE) {
		return;
	}
	ev.status = j.verdict.status;
	core_trigger_set_rule(t, j.verdict.rule);
	core_trigger_step(t, &ev);
}

void core_revoke_sweep(void *core)
{
	struct core *c = OBJ_OF(core, struct core, CORE_MAGIC);
	uint64_t now_ms = clock_real_ms(); /* when a rule holds is a date */

	for (uint32_t i = 0; i < JUDGED_A_TURN && c->sweep.left; i++, c->sweep.left--) {
		struct core_trigger *t = core_park_next(&c->sweep.cursor);

		if (!t) { /* end of the list: a change may have started another round */
			core_cursor_end(&c->sweep.cursor);
			core_cursor_begin(&c->sweep.cursor, c, NULL);
			t = core_park_next(&c->sweep.cursor);
		}
		if (!t) {
			break;
		}
		look_at(t, now_ms);
	}
	c->sweep.unread |= c->sweep.cursor.missed;
	c->sweep.cursor.missed = false;
	if (c->sweep.left && !TAILQ_EMPTY(&c->triggers.list)) {
		net_timer_start(c->sweep.timer, 0);
		return;
	}
	c->sweep.left = 0;
	if (c->sweep.unread) {
		c->sweep.unread = false;
		c->sweep.left = c->triggers.n;
		net_timer_start(c->sweep.timer, UNREADABLE_MS);
	}
}

/* A change during a sweep starts a full round at the present position: a store that changes all
 * the time delays no trigger. */
void core_revoke_look(struct core *c)
{
	uint64_t generation = asc_generation(c->store.asc);

	if (c->stop.begun || generation == c->sweep.generation) {
		return;
	}
	c->sweep.generation = generation;
	c->sweep.left = c->triggers.n;
	if (c->sweep.left) {
		net_timer_start(c->sweep.timer, 0);
	}
}

void core_revoke_again(struct core *c)
{
	c->sweep.generation = UINT64_MAX;
}

/* -- the outcome of a revocation */

void core_revoke_audit(void *arg, struct trg *trg, enum trg_revocation how)
{
	static const enum pol_reason reasons[] = { [TRG_REVOCATION_TAKEN] = POL_NONE,
						   [TRG_REVOCATION_SENT] = POL_SMSSC_SENT,
						   [TRG_REVOCATION_REPORTED] = POL_ORIGINAL_REPORTED,
						   [TRG_REVOCATION_UNANSWERED] = POL_SMSSC_SILENT };
	struct core *c = OBJ_OF(arg, struct core, CORE_MAGIC);
	struct core_trigger *t = core_trigger_of(trg);
	char device[POL_DEVICE_TEXT_MAX];
	struct core_decision d = core_trigger_decision(t, device);

	d.rule = core_trigger_rule(t);
	if (how == TRG_REVOCATION_BEGUN) {
		d.reason = (enum pol_reason)trg->revoke_reason;
		core_decide_revoked(c, &d, "revoke");
		return;
	}
	d.reason = reasons[how];
	st_count(&c->st, how == TRG_REVOCATION_TAKEN ? ST_TRIGGERS_REVOKED : ST_TRIGGERS_NOT_REVOKED);
	core_decide_revoked(c, &d, "revoke-outcome");
}

/* -- the part */

int core_sweep_init(struct core *c)
{
	core_cursor_begin(&c->sweep.cursor, c, NULL);
	c->sweep.generation = UINT64_MAX; /* restored triggers are judged by the present store */
	return net_timer_new(&c->sweep.timer, c->loop, core_revoke_sweep, c);
}

void core_sweep_fini(struct core *c)
{
	if (c->sweep.cursor.core) {
		core_cursor_end(&c->sweep.cursor);
	}
	net_timer_free(c->sweep.timer);
}
