/* adm_triggers.c - the list of the triggers that have not ended. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin/adm_int.h"
#include "apps/tsp.h"
#include "base/str.h"

static json_t *row_of(const struct adm *a, const struct core_trigger_view *t)
{
	json_t *row = json_pack("{s:s, s:I, s:s, s:s, s:s, s:o}", "scs", t->scs, "reference", (json_int_t)t->reference, "device",
				t->device, "action", tsp_action_str(t->action), "state", trg_state_str(t->state), "received",
				adm_core_time(a, t->received_ms));

	if (row && t->accepted_ms) {
		json_object_set_new(row, "accepted", adm_core_time(a, t->accepted_ms));
	}
	if (row && t->expires_ms) {
		json_object_set_new(row, "expires", adm_core_time(a, t->expires_ms));
	}
	if (row && t->has_outcome) {
		json_object_set_new(row, "outcome", json_string(tsp_delivery_outcome_str(t->outcome)));
	}
	return row;
}

/* -- all of them, or some */

#define LOOK_AT 64 /* triggers a call; then the queue of the client is checked again */

#define LIST_MAGIC 0xa93f32b1u
struct list {
	struct obj obj;
	const struct adm *adm;
	struct core_walk *walk;
	char device[CORE_DEVICE_TEXT_MAX], state[32]; /* "": any */
	uint64_t received_by_ms, limit, n;            /* limit 0: all */
};

static bool wanted(const struct list *l, const struct core_trigger_view *t)
{
	return t->received_ms <= l->received_by_ms && (!l->state[0] || strcmp(l->state, trg_state_str(t->state)) == 0) &&
	       (!l->device[0] || strcmp(l->device, t->device) == 0);
}

static int list_next(void *arg, struct ctl_request *rq)
{
	char device[CORE_DEVICE_TEXT_MAX];
	struct core_trigger_view view;
	struct core_trigger *t = NULL;
	struct list *l = OBJ_OF(arg, struct list, LIST_MAGIC);
	bool more = false;

	for (int i = 0; i < LOOK_AT && !more && (t = core_walk_next(l->walk)); i++) {
		core_trigger_brief(&view, device, t);
		if (!wanted(l, &view)) {
			continue;
		}
		more = l->limit && l->n == l->limit;
		if (more) {
			break;
		}
		ctl_line(rq, row_of(l->adm, &view));
		l->n++;
	}
	if (t && !more) {
		return 1;
	}
	ctl_each_last(rq, adm_listed(l->n, more));
	return 0;
}

static void list_end(void *arg)
{
	struct list *l = OBJ_OF(arg, struct list, LIST_MAGIC);

	OBJ_END(l, LIST_MAGIC);
	core_walk_free(l->walk);
	free(l);
}

static bool state_known(const char *word)
{
	for (unsigned i = 0; i < TRG_STATE_COUNT; i++) {
		if (strcmp(word, trg_state_str((enum trg_state)i)) == 0) {
			return true;
		}
	}
	return false;
}

static void refuse_state(struct ctl_request *rq, const char *word)
{
	char known[512] = "";

	for (unsigned i = 0; i < TRG_STATE_COUNT; i++) {
		snprintf(known + strlen(known), sizeof known - strlen(known), "%s'%s'", i ? ", " : "",
			 trg_state_str((enum trg_state)i));
	}
	ctl_fail(rq, "'%s' is not a state of a trigger, expected one of: %s", word, known);
}

/* The filter is compared with the name that the SCS gave: a set of devices would select nothing. */
static bool is_many(const char *device)
{
	bool number = strncmp(device, "msisdn:", 7) == 0 && !strchr(device, '@');

	return ident_looks_like_pattern(device) || (number && strchr(device, '-')) ||
	       (strncmp(device, ASSOC_SET_PREFIX, sizeof ASSOC_SET_PREFIX - 1) == 0 && !strchr(device, '@'));
}

static void on_list(void *arg, struct ctl_request *rq, const json_t *args)
{
	const struct adm *a = OBJ_OF(arg, struct adm, ADM_MAGIC);
	const char *state = ctl_arg_text(args, "state", "");
	uint64_t now = core_now_ms(a->core), older_ms = 1000 * ctl_arg_num(args, "older_s", 0);
	struct list *l;
	int err;

	if (*state && !state_known(state)) {
		refuse_state(rq, state);
		return;
	}
	if (is_many(ctl_arg_text(args, "device", ""))) {
		ctl_fail(rq, "device selects one device, as the SCS named it: local@domain or msisdn:DIGITS, not a pattern");
		return;
	}
	l = calloc(1, sizeof *l);
	if (l) {
		obj_begin(&l->obj, LIST_MAGIC);
		l->adm = a;
	}
	err = l ? core_walk_new(&l->walk, a->core, ctl_arg_text(args, "scs", NULL)) : ERR_NOMEM;
	if (err) {
		free(l);
		if (err == ERR_NOTFOUND) { /* such an SCS has no triggers */
			ctl_done(rq, json_pack("{s:i, s:b}", "count", 0, "more", 0));
		} else {
			ctl_fail(rq, "out of memory");
		}
		return;
	}
	str_cut(l->device, sizeof l->device, ctl_arg_text(args, "device", ""));
	str_cut(l->state, sizeof l->state, state);
	l->received_by_ms = older_ms < now ? now - older_ms : 0;
	l->limit = ctl_arg_num(args, "limit", 100);
	ctl_each(rq, list_next, list_end, l);
}

const struct ctl_command adm_trigger_rows[] = {
	{ "triggers.list", "list triggers whose report is not acknowledged yet", ctl_args_triggers_list, false, on_list },
	{ .name = NULL },
};
