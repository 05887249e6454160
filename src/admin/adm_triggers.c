/* adm_triggers.c - the triggers the core holds, for operators. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin/adm_int.h"

static struct core_scs *live_scs(struct core *c, const char *name)
{
	return MAP_OF(map_find(&c->scs_by_name, name, (uint32_t)strlen(name)), struct core_scs, node);
}

static json_t *row_of(const struct core_trigger *t)
{
	const struct trg *g = t->trg;
	char device[CORE_DEVICE_TEXT_MAX];
	json_t *row = json_pack("{s:s, s:I, s:s, s:s, s:s, s:o}", "scs", t->scs->name, "reference", (json_int_t)g->req.reference,
				"device", core_trigger_device(device, g), "action", tsp_action_str(g->req.action), "state",
				trg_state_str(g->state), "received", adm_time(g->req.received_ms));

	if (row && g->answered && g->answer_status == TSP_STATUS_SUCCESS)
		json_object_set_new(row, "accepted", adm_time(t->accepted_ms ? t->accepted_ms : g->req.received_ms));
	if (row && g->req.has_validity)
		json_object_set_new(row, "expires", adm_time(g->req.expires_ms));
	if (row && g->has_outcome)
		json_object_set_new(row, "outcome", json_string(tsp_delivery_outcome_str(g->outcome)));
	return row;
}

/* -- all of them, or some */

#define LOOK_AT 64 /* triggers, before the client's queue is looked at again */

struct list {
	struct core_cursor walk;
	char device[CORE_DEVICE_TEXT_MAX], state[32]; /* "": any */
	uint64_t received_by_ms, limit, n;            /* limit 0: all */
};

static bool wanted(const struct list *l, const struct core_trigger *t)
{
	char device[CORE_DEVICE_TEXT_MAX];

	return t->trg->req.received_ms <= l->received_by_ms &&
	       (!l->state[0] || strcmp(l->state, trg_state_str(t->trg->state)) == 0) &&
	       (!l->device[0] || strcmp(l->device, core_trigger_device(device, t->trg)) == 0);
}

static int list_next(void *arg, struct ctl_request *rq)
{
	struct list *l = arg;
	struct core_trigger *t = NULL;
	bool more = false;

	for (int i = 0; i < LOOK_AT && !more && (t = core_cursor_next(&l->walk)); i++) {
		if (!wanted(l, t))
			continue;
		more = l->limit && l->n == l->limit;
		if (more)
			break;
		ctl_line(rq, row_of(t));
		l->n++;
	}
	if (t && !more)
		return 1;
	ctl_each_last(rq, json_pack("{s:I, s:b}", "count", (json_int_t)l->n, "more", more));
	return 0;
}

static void list_end(void *arg)
{
	struct list *l = arg;

	core_cursor_end(&l->walk);
	free(l);
}

static bool state_known(const char *word)
{
	for (unsigned i = 0; i < TRG_STATE_COUNT; i++) {
		if (strcmp(word, trg_state_str((enum trg_state)i)) == 0)
			return true;
	}
	return false;
}

static void refuse_state(struct ctl_request *rq, const char *word)
{
	char known[512] = "";

	for (unsigned i = 0; i < TRG_STATE_COUNT; i++)
		snprintf(known + strlen(known), sizeof known - strlen(known), "%s'%s'", i ? ", " : "",
			 trg_state_str((enum trg_state)i));
	ctl_fail(rq, "'%s' is no state of a trigger: %s", word, known);
}

static void on_list(void *arg, struct ctl_request *rq, const json_t *args)
{
	struct core *c = arg;
	const char *scs = ctl_arg_text(args, "scs", NULL), *state = ctl_arg_text(args, "state", "");
	struct core_scs *live = scs ? live_scs(c, scs) : NULL;
	uint64_t now = clock_real_ms(), older_ms = 1000 * ctl_arg_num(args, "older_s", 0);
	struct list *l;

	if (*state && !state_known(state)) {
		refuse_state(rq, state);
		return;
	}
	if (scs && !live) { /* it has none */
		ctl_done(rq, json_pack("{s:i, s:b}", "count", 0, "more", 0));
		return;
	}
	l = calloc(1, sizeof *l);
	if (!l) {
		ctl_fail(rq, "out of memory");
		return;
	}
	snprintf(l->device, sizeof l->device, "%s", ctl_arg_text(args, "device", ""));
	snprintf(l->state, sizeof l->state, "%s", state);
	l->received_by_ms = older_ms < now ? now - older_ms : 0;
	l->limit = ctl_arg_num(args, "limit", 100);
	core_cursor_begin(&l->walk, c, live);
	ctl_each(rq, list_next, list_end, l);
}

const struct ctl_command adm_trigger_rows[] = {
	{ "triggers.list", "triggers that are not reported and acknowledged yet", ctl_args_triggers_list, false, on_list },
	{ .name = NULL },
};
