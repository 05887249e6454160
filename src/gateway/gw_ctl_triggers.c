/* gw_ctl_triggers.c - the triggers the core holds, for operators. */
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "ctl/ctl_commands.h"
#include "gateway/gw_core_int.h"

static json_t *row_of(const struct gw_trigger *t)
{
	const struct trg *g = t->trg;
	char device[POL_DEVICE_TEXT_MAX + 8];
	json_t *row;

	snprintf(device, sizeof device, "%s%s",
		 g->req.external[0] ? "" : "msisdn:", g->req.external[0] ? g->req.external : g->req.msisdn);
	row = json_pack("{s:s, s:I, s:s, s:s, s:s}", "scs", t->scs->name, "reference", (json_int_t)g->req.reference, "device",
			device, "action", tsp_action_str(g->req.action), "state", trg_state_str(g->state));
	if (row && g->answered && g->answer_status == TSP_STATUS_SUCCESS)
		json_object_set_new(row, "accepted", gw_ctl_time(t->accepted_ms ? t->accepted_ms : g->req.received_ms));
	if (row && g->req.has_validity)
		json_object_set_new(row, "expires", gw_ctl_time(g->req.expires_ms));
	if (row && g->has_outcome)
		json_object_set_new(row, "outcome", json_string(tsp_delivery_outcome_str(g->outcome)));
	return row;
}

static void on_list(void *arg, struct ctl_request *rq, const json_t *args)
{
	struct gw_core *c = arg;
	const char *scs = ctl_arg_text(args, "scs", NULL), *state = ctl_arg_text(args, "state", NULL);
	uint64_t limit = ctl_arg_num(args, "limit", 100), n = 0;
	bool more = false;
	struct gw_trigger *t;

	TAILQ_FOREACH(t, &c->triggers, entry)
	{
		if ((scs && strcmp(scs, t->scs->name) != 0) || (state && strcmp(state, trg_state_str(t->trg->state)) != 0))
			continue;
		more = limit && n == limit;
		if (more)
			break;
		ctl_line(rq, row_of(t));
		n++;
	}
	ctl_done(rq, json_pack("{s:I, s:b}", "count", (json_int_t)n, "more", more));
}

static void on_show(void *arg, struct ctl_request *rq, const json_t *args)
{
	struct gw_core *c = arg;
	const char *scs = ctl_arg_text(args, "scs", "");
	uint32_t reference = (uint32_t)ctl_arg_num(args, "reference", 0);
	struct gw_scs *live = GW_MAP_OF(gw_map_find(&c->scs_by_name, scs, (uint32_t)strlen(scs)), struct gw_scs, node);
	char digest[2 * TRG_DIGEST_LEN + 1];
	struct gw_trigger *t;
	json_t *row;

	for (t = live ? TAILQ_FIRST(&live->triggers) : NULL; t && t->trg->req.reference != reference; t = TAILQ_NEXT(t, of_scs))
		;
	if (!t) {
		ctl_fail(rq, "the core holds no trigger %u of '%s'; what is reported and acknowledged is in the decision log",
			 reference, scs);
		return;
	}
	row = row_of(t);
	str_hex(digest, t->trg->req.digest, TRG_DIGEST_LEN);
	json_object_set_new(row, "end_to_end", json_integer(t->trg->req.end_to_end));
	json_object_set_new(row, "dtr_end_to_end", json_integer(t->trg->dtr_end_to_end));
	json_object_set_new(row, "payload_digest", json_string(digest));
	json_object_set_new(row, "transaction", json_string(t->transaction));
	ctl_line(rq, row);
	ctl_done(rq, json_pack("{s:I}", "count", (json_int_t)1));
}

const struct ctl_command gw_ctl_trigger_rows[] = {
	{ "triggers.list", "triggers that are not reported and acknowledged yet", ctl_args_triggers_list, false, on_list },
	{ "triggers.show", "one of them", ctl_args_triggers_show, false, on_show },
	{ .name = NULL },
};
