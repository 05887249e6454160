/* core_trigger.c - what is around the trigger machine (trigger/): its place in the tables, its timer, its journal record, its answer. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/core_int.h"

/* -- finding */

static struct core_reference reference_of(const char *e164, uint32_t number)
{
	struct core_reference r = { .reference = number };

	strncpy(r.e164, e164, sizeof r.e164 - 1);
	return r;
}

struct core_trigger *core_trigger_find(struct core *c, const char *e164, uint32_t reference)
{
	struct core_reference r = reference_of(e164, reference);

	return MAP_OF(map_find(&c->triggers_by_ref, &r, sizeof r), struct core_trigger, node);
}

/* -- making and ending */

void core_trigger_attach(struct core_trigger *t, struct core *c, struct core_scs *scs)
{
	t->core = c;
	t->scs = scs;
	t->ref = reference_of(t->trg->req.scs_e164, t->trg->req.reference);
	if (t->trg->req.action != TSP_ACTION_RECALL)
		map_add(&c->triggers_by_ref, &t->node, &t->ref, sizeof t->ref);
	TAILQ_INSERT_TAIL(&scs->triggers, t, of_scs);
	TAILQ_INSERT_TAIL(&c->triggers, t, entry);
	c->triggers_n++;
}

int core_trigger_new(struct core_trigger **out, struct core *c, struct core_scs *scs, const struct trg_request *req)
{
	struct core_trigger *t = calloc(1, sizeof *t);
	int err;

	if (!t)
		return ERR_NOMEM;
	err = trg_new(&t->trg, jrn_next(c->jrn), req, &c->trg_conf, c->trg_ports, c);
	if (err) {
		free(t);
		return err;
	}
	t->trg->owner = t;
	core_trigger_attach(t, c, scs);
	*out = t;
	return 0;
}

void core_trigger_free(struct core_trigger *t)
{
	struct core *c = t->core;

	core_cursors_pass(t);
	core_trigger_ask_drop(t);
	if (t->notice)
		core_notice_free(t->notice);
	if (t->storing && c->jrn)
		jrn_forget(c->jrn, t);
	if (t->counted) {
		t->scs->pending--;
		c->pending--;
	}
	multimap_del(&c->triggers_by_device, &t->by_device);
	if (map_has(&t->node))
		map_del(&c->triggers_by_ref, &t->node);
	TAILQ_REMOVE(&t->scs->triggers, t, of_scs);
	TAILQ_REMOVE(&c->triggers, t, entry);
	c->triggers_n--;
	heap_del(&c->deadlines, &t->deadline);
	trg_free(t->trg);
	free(t->asked);
	free(t);
}

void core_trigger_step(struct core_trigger *t, const struct trg_event *ev)
{
	struct core *c = t->core;
	bool group = t->trg->req.action != TSP_ACTION_TRIGGER && !c->in_group; /* it may end or report its original: together */

	if (group)
		jrn_group_begin(c->jrn);
	c->in_group |= group;
	t->stepping = true;
	(void)trg_step(t->trg, ev, clock_real_ms()); /* an unwelcome event was traced and changed nothing */
	t->stepping = false;
	if (group) {
		jrn_group_end(c->jrn);
		c->in_group = false;
	}
	if (t->forgotten) {
		core_finished_keep(t);
		core_trigger_free(t);
	}
}

struct core_decision core_trigger_decision(const struct core_trigger *t, char device[POL_DEVICE_TEXT_MAX])
{
	const struct trg_request *r = &t->trg->req;

	snprintf(device, POL_DEVICE_TEXT_MAX, "%s%s", r->external[0] ? "" : "msisdn:", r->external[0] ? r->external : r->msisdn);
	return (struct core_decision){
		.transaction = t->transaction,
		.scs = t->scs->name,
		.origin_host = r->origin_host,
		.address = core_trigger_address(t),
		.device = device,
		.action = r->action,
		.reference = r->reference,
	};
}

void core_trigger_say_detected(struct core_trigger *t, const struct pol_verdict *v)
{
	char device[POL_DEVICE_TEXT_MAX];
	struct core_decision d = core_trigger_decision(t, device);

	if (t->detected || !v->detected[0])
		return;
	t->detected = true;
	d.reason = v->detected_reason;
	d.rule = v->detected;
	core_decide_detected(t->core, &d);
}

void core_trigger_set_rule(struct core_trigger *t, const char *rule)
{
	const char *kept = t->asked ? NULL : trg_names_keep(&t->core->words, rule); /* answered long ago, or restored */

	if (kept)
		t->rule = kept;
	else if (!t->asked)
		t->asked = calloc(1, sizeof *t->asked);
	if (t->asked)
		snprintf(t->asked->rule, sizeof t->asked->rule, "%s", rule);
}
