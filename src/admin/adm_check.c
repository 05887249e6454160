/* adm_check.c - the command assoc.check: the code that judges requests judges a question, and judges it again after each single change that
 * could reverse the answer. Nothing is changed, sent or counted. */
#include <stdlib.h>
#include <string.h>

#include "admin/adm_int.h"
#include "base/clock.h"
#include "policy/pol_change.h"

struct check { /* one question, the facts about it and the verdict */
	const struct adm *adm;
	const char *scs, *action;
	const struct asc_scs *provisioned; /* NULL: no such SCS */
	const char *proven[ASC_PROVEN_MAX];
	struct asc_asker who;
	struct assoc_found found;
	struct asc_near near;
	struct pol_case c;
	struct pol_verdict verdict;
	struct pol_assoc assoc;
	struct pol_changes changes;
};

/* -- the question */

/* The names of the device as in a request: the argument device is one, msisdn the other. Returns NULL, or an error text. */
static const char *names_of(struct pol_request *r, const json_t *args)
{
	const char *device = ctl_arg_text(args, "device", ""), *msisdn = ctl_arg_text(args, "msisdn", NULL);

	if (strncmp(device, "msisdn:", 7) != 0) {
		if (ident_looks_like_pattern(device))
			return "a question is about one device, local@domain or msisdn:DIGITS: " IDENT_PATTERN_WORDS;
		if (ident_external(r->external, device, strlen(device)))
			return "device is none: local@domain or msisdn:DIGITS is";
	} else if (msisdn) {
		return "two MSISDNs of one device: give local@domain with msisdn";
	} else {
		msisdn = device + 7;
	}
	if (msisdn && ident_msisdn(r->msisdn, msisdn, strlen(msisdn)))
		return "an MSISDN has 5 to 15 digits, no '+' and no leading 0";
	return NULL;
}

static const char *question_of(struct check *k, const json_t *args)
{
	static const uint32_t actions[] = { TSP_ACTION_TRIGGER, TSP_ACTION_RECALL, TSP_ACTION_REPLACE };
	const char *wrong = names_of(&k->c.request, args);
	uint8_t right;

	k->scs = ctl_arg_text(args, "scs", "");
	k->action = ctl_arg_text(args, "action", "trigger");
	k->who = (struct asc_asker){ k->scs, k->proven, ctl_arg_texts(args, "group", k->proven, ASC_PROVEN_MAX) };
	k->c.now_ms = ctl_arg_has(args, "at") ? ctl_arg_num(args, "at", 0) * 1000 : clock_real_ms();
	if (wrong)
		return wrong;
	if (assoc_rights_parse(&right, k->action))
		return "action is one of trigger, recall, replace";
	for (size_t i = 0; i < sizeof actions / sizeof *actions; i++) {
		if (pol_right_of(actions[i]) == right)
			k->c.request.action = actions[i];
	}
	return NULL;
}

/* -- the facts, as the wire path has them */

static uint64_t quota_used(const struct check *k, bool now)
{
	struct core_scs_view live;

	core_scs_view(k->adm->core, k->scs, &live);
	return now ? live.quota_used + live.quota_asking : 0;
}

static int look_up(struct check *k, bool now)
{
	struct asc_device device = { k->c.request.external[0] ? k->c.request.external : NULL,
				     k->c.request.msisdn[0] ? k->c.request.msisdn : NULL };
	struct asc_scs nobody;
	int err;

	k->provisioned = asc_scs_find(k->adm->asc, k->scs);
	asc_scs_init(&nobody);
	core_scs_facts(&k->c.scs, k->provisioned ? k->provisioned : &nobody);
	k->c.scs.name = k->scs;
	k->c.load.quota_used = quota_used(k, now);
	k->c.found = &k->found;
	k->c.near_groups = &k->near.groups;
	k->c.near_sets = &k->near.sets;
	err = asc_find_rules(k->adm->asc, &k->who, &device, &k->found);
	return err ? err : asc_find_near(k->adm->asc, &k->who, &device, &k->near);
}

static void judge(struct check *k)
{
	pol_case_judge(&k->verdict, &k->c);
	pol_assoc_judge(&k->assoc, &k->found, pol_right_of(k->c.request.action), (int64_t)(k->c.now_ms / 1000));
	pol_changes_find(&k->changes, &k->c);
}

/* -- the reply */

static json_t *rule_texts(const struct check *k, const uint8_t *which, uint8_t n)
{
	json_t *list = json_array();

	for (uint8_t i = 0; i < n; i++) {
		char text[ASSOC_RULE_TEXT_MAX];

		json_array_append_new(list, json_string(assoc_rule_text(text, &k->found.rules[which[i]])));
	}
	return list;
}

/* Groups given as proven that the SCS is not in: the group does not exist, or its anchor is not the anchor of the SCS. */
static json_t *unproven(const struct check *k)
{
	const struct asc_group *groups[ASC_ASKER_GROUPS_MAX];
	uint8_t n = asc_asker_groups(k->adm->asc, &k->who, groups);
	json_t *list = json_array();

	for (uint8_t i = 0; i < k->who.proven_n; i++) {
		uint8_t at = 0;

		while (at < n && strcmp(groups[at]->name, k->who.proven[i]) != 0)
			at++;
		if (at == n)
			json_array_append_new(list, json_string(k->who.proven[i]));
	}
	return list;
}

/* Reasons to refuse that do not come from rules. */
static json_t *path(const struct check *k)
{
	json_t *list = json_array();

	if (!k->provisioned)
		json_array_append_new(list,
				      json_string("no SCS is provisioned under this name: none of its connections is admitted"));
	if (!(k->c.scs.actions & pol_right_of(k->c.request.action)))
		json_array_append_new(list, json_sprintf("the SCS may not ask for %s at all", k->action));
	if (k->c.scs.quota_per_day && k->c.load.quota_used >= k->c.scs.quota_per_day)
		json_array_append_new(list, json_sprintf("the SCS has used up its quota of the day, %u", k->c.scs.quota_per_day));
	return list;
}

static json_t *needs(const struct check *k)
{
	json_t *list = json_array();

	if (!k->provisioned)
		json_array_append_new(list, json_sprintf("provision the SCS: mtcctl scs add %s", k->scs));
	if (k->changes.needs_action)
		json_array_append_new(
		    list, json_sprintf("let the SCS ask for %s: mtcctl scs add %s --actions --replace", k->action, k->scs));
	if (k->changes.needs_quota)
		json_array_append_new(list, json_string("a higher quota of the day, or the next day (UTC)"));
	return list;
}

/* The name of the group or set that the change concerns; NULL: none. */
static const char *name_in(const struct pol_change *c)
{
	switch (c->kind) {
	case POL_CHANGE_JOIN_GROUP:
	case POL_CHANGE_LEAVE_GROUP:
		return c->rule->who + sizeof ASSOC_GROUP_PREFIX - 1;
	case POL_CHANGE_JOIN_SET:
	case POL_CHANGE_LEAVE_SET:
		return c->rule->device + sizeof ASSOC_SET_PREFIX - 1;
	default:
		return NULL;
	}
}

static json_t *changes(const struct check *k)
{
	static const char *const words[] = { "add", "delete",     "detect-only", "enforce",     "right",    "begin",
					     "end", "join-group", "join-set",    "leave-group", "leave-set" };
	json_t *list = json_array();

	for (uint8_t i = 0; i < k->changes.n; i++) {
		const struct pol_change *c = &k->changes.list[i];
		char text[ASSOC_RULE_TEXT_MAX];
		json_t *row = json_pack("{s:s, s:s}", "change", words[c->kind], "rule", assoc_rule_text(text, c->rule));

		if (row && c->at_s)
			json_object_set_new(row, "at", adm_time((uint64_t)c->at_s * 1000));
		if (row && name_in(c))
			json_object_set_new(row, "name", json_string(name_in(c)));
		json_array_append_new(list, row);
	}
	return list;
}

static json_t *reply(const struct check *k)
{
	bool allowed = k->verdict.status == TSP_STATUS_SUCCESS;
	const struct pol_request *r = &k->c.request;
	char rule[ASSOC_RULE_TEXT_MAX] = "", device[POL_DEVICE_TEXT_MAX];
	json_t *last;

	if (k->assoc.winner >= 0)
		assoc_rule_text(rule, &k->found.rules[k->assoc.winner]);
	last = json_pack("{s:b, s:s, s:s, s:s, s:o, s:o, s:s, s:s, s:s, s:o}", "allowed", allowed, "reason",
			 allowed ? "" : pol_reason_str(k->verdict.reason), "meaning",
			 allowed ? "" : pol_reason_words(k->verdict.reason), "rule", rule, "beaten",
			 rule_texts(k, k->assoc.beaten, k->assoc.beaten_n), "detected",
			 rule_texts(k, k->assoc.detected, k->assoc.detected_n), "device", pol_request_device(device, r), "scs",
			 k->scs, "action", k->action, "at", adm_time(k->c.now_ms));
	if (!last)
		return NULL;
	if (r->external[0] && r->msisdn[0])
		json_object_set_new(last, "msisdn", json_string(r->msisdn));
	json_object_set_new(last, "groups", adm_groups(k->adm, &k->who));
	json_object_set_new(last, "unproven", unproven(k));
	json_object_set_new(last, "path", path(k));
	json_object_set_new(last, "changes", changes(k));
	json_object_set_new(last, "needs", needs(k));
	json_object_set_new(last, "needs_suffice", json_boolean(k->changes.needs_suffice));
	json_object_set_new(last, "more", json_boolean(k->changes.more));
	return last;
}

static void on_assoc_check(void *arg, struct ctl_request *rq, const json_t *args)
{
	struct check *k = calloc(1, sizeof *k); /* rules by the dozen: too much for a stack */
	const char *wrong;

	if (!k) {
		ctl_fail(rq, "out of memory");
		return;
	}
	k->adm = arg;
	wrong = question_of(k, args);
	if (wrong) {
		ctl_fail(rq, "%s", wrong);
	} else if (look_up(k, !ctl_arg_has(args, "at"))) {
		ctl_fail(rq, "the association store cannot be read");
	} else {
		judge(k);
		ctl_done(rq, reply(k));
	}
	free(k);
}

const struct ctl_command adm_check_rows[] = {
	{ "assoc.check", "what would be decided, by which rule, and what would change it", ctl_args_assoc_check, false,
	  on_assoc_check },
	{ .name = NULL },
};
