/* adm_check_reply.c - the answer to `assoc check`: the decision and its rule, the changes that
 * would reverse it, and the deciders that were not asked. */
#include <string.h>

#include "admin/adm_check.h"
#include "base/str.h"

static json_t *rule_texts(const struct check *k, const uint8_t *which, uint8_t n)
{
	json_t *list = json_array();

	for (uint8_t i = 0; i < n; i++) {
		char text[ASSOC_RULE_TEXT_MAX];

		json_array_append_new(list, json_string(assoc_rule_text(text, &k->found.rules[which[i]])));
	}
	return list;
}

/* Does this group, given as proven, count for the SCS? */
static bool is_proven(const struct check *k, const char *group)
{
	const struct asc_group *groups[ASC_ASKER_GROUPS_MAX];
	uint8_t n = asc_asker_groups(k->adm->asc, &k->who, groups), at = 0;

	while (at < n && strcmp(groups[at]->name, group) != 0) {
		at++;
	}
	return at < n;
}

static json_t *why_unproven(const struct check *k, const char *group)
{
	const struct asc_group *g = asc_group_find(k->adm->asc, group);

	if (!g) {
		return json_sprintf("%s: no such group", group);
	}
	if (!k->provisioned) {
		return json_sprintf("%s: the SCS is not provisioned", group);
	}
	if (!g->anchor[0]) {
		return json_sprintf("%s: the group has no trust anchor, so no certificate proves it: its members are stored",
				    group);
	}
	return json_sprintf("%s: the trust anchor of the group is %s, that of the SCS is %s", group, g->anchor,
			    k->provisioned->anchor);
}

/* Groups given as proven that the SCS is not in: their names, or why. */
static json_t *unproven(const struct check *k, bool why)
{
	json_t *list = json_array();

	for (uint8_t i = 0; i < k->who.proven_n; i++) {
		if (!is_proven(k, k->who.proven[i])) {
			json_array_append_new(list, why ? why_unproven(k, k->who.proven[i]) : json_string(k->who.proven[i]));
		}
	}
	return list;
}

/* Reasons to refuse that do not come from rules. */
static json_t *path(const struct check *k)
{
	json_t *list = json_array();

	if (!k->provisioned) {
		json_array_append_new(list,
				      json_string("no SCS is provisioned under this name: none of its connections is admitted"));
	}
	if (k->proof == CHECK_CERTIFICATE && k->refused[0]) {
		json_array_append_new(list, json_sprintf("no connection with this certificate is made: %s", k->refused));
	} else if (k->proof == CHECK_CERTIFICATE && k->provisioned && k->certificate.admission != POL_NONE) {
		json_array_append_new(list, json_sprintf("no connection with this certificate is admitted as %s: %s", k->scs,
							 pol_reason_words(k->certificate.admission)));
	}
	if (k->proof_not_after_s && k->c.now_ms / 1000 > k->proof_not_after_s) {
		json_array_append_new(
		    list, json_string("the certificate has ended by then: it proves no group, and its session is cut"));
	}
	if (!(k->c.scs.actions & pol_right_of(k->c.request.action))) {
		json_array_append_new(list, json_sprintf("the SCS may not ask for %s at all", k->action));
	}
	if (k->c.scs.quota_per_day && k->c.load.quota_used >= k->c.scs.quota_per_day) {
		json_array_append_new(list, json_sprintf("the SCS has used up its quota of the day, %u", k->c.scs.quota_per_day));
	}
	return list;
}

static json_t *needs(const struct check *k)
{
	json_t *list = json_array();

	if (!k->provisioned) {
		json_array_append_new(list, json_sprintf("provision the SCS: mtcctl scs add %s", k->scs));
	}
	if (k->changes.needs_action) {
		json_array_append_new(list,
				      json_sprintf("let the SCS ask for %s: mtcctl scs set %s actions LIST", k->action, k->scs));
	}
	if (k->changes.needs_quota) {
		json_array_append_new(list, json_string("a higher quota of the day, or the next day (UTC)"));
	}
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

	for (uint8_t i = 0; i < k->changes.n && !k->beyond; i++) {
		const struct pol_change *c = &k->changes.list[i];
		char text[ASSOC_RULE_TEXT_MAX];
		json_t *row = json_pack("{s:s, s:s}", "change", words[c->kind], "rule", assoc_rule_text(text, c->rule));

		if (row && c->at_s) {
			json_object_set_new(row, "at", adm_time((uint64_t)c->at_s * 1000));
		}
		if (row && name_in(c)) {
			json_object_set_new(row, "name", json_string(name_in(c)));
		}
		json_array_append_new(list, row);
	}
	return list;
}

/* Where the groups come from. */
static json_t *proof(const struct check *k)
{
	static const char *const words[] = { "nothing", "names", "session", "certificate" };
	json_t *o = json_pack("{s:s}", "by", words[k->proof]), *names = json_array();

	if (k->proof == CHECK_SESSION) {
		json_object_set_new(o, "session", json_string(ctl_arg_text(k->args, "session", "")));
	}
	if (k->proof == CHECK_CERTIFICATE && k->certificate.subject[0]) {
		json_object_set_new(o, "subject", json_string(k->certificate.subject));
	}
	if (k->proof_not_after_s) {
		json_object_set_new(o, "until", adm_time(k->proof_not_after_s * 1000));
	}
	for (uint8_t i = 0; i < k->who.proven_n; i++) {
		if (is_proven(k, k->who.proven[i])) {
			json_array_append_new(names, json_string(k->who.proven[i]));
		}
	}
	json_object_set_new(o, "groups", names);
	return o;
}

static json_t *hss(const struct check *k)
{
	const struct core_hss_answer *a = &k->hss;
	bool answered = !k->hss_err && !a->err;
	bool allowed = answered && a->verdict.status == TSP_STATUS_SUCCESS;
	json_t *names = json_array();
	json_t *o = json_pack("{s:b, s:b, s:s, s:s}", "answered", answered, "allowed", allowed, "reason",
			      allowed || !answered ? "" : pol_reason_str(a->verdict.reason), "meaning",
			      allowed || !answered ? "" : pol_reason_words(a->verdict.reason));

	for (uint8_t i = 0; i < a->externals_n; i++) {
		json_array_append_new(names, json_string(a->externals[i]));
	}
	for (uint8_t i = 0; i < a->msisdns_n; i++) {
		json_array_append_new(names, json_sprintf("msisdn:%s", a->msisdns[i]));
	}
	json_object_set_new(o, "names", names);
	if (answered) {
		json_object_set_new(o, "absent", json_boolean(a->absent));
		json_object_set_new(o, "took_ms", json_integer(a->took_ms));
	} else {
		json_object_set_new(o, "error",
				    json_string(k->hss_err == ERR_NOTFOUND ? "not asked: the SCS is not provisioned"
						: k->hss_err == ERR_BUSY
						    ? "not asked: as many requests are on their way as may be"
						: k->hss_err == ERR_CLOSED ? "not asked: it is not connected, see 'mtcctl peers'"
						: k->hss_err               ? err_str(k->hss_err)
						: a->err == ERR_TIMEOUT    ? "asked, and it did not answer in time"
									: "asked, and the connection ended before the answer"));
	}
	return o;
}

#define PROVING_MAGIC 0x9b6ef80eu
struct proving { /* looks for a session that proves more than the question says */
	struct obj obj;
	const struct check *k;
	json_t *list;
};

static void session_line(void *arg, const struct core_session_view *s)
{
	struct proving *p = OBJ_OF(arg, struct proving, PROVING_MAGIC);
	char groups[IDENTITY_GROUPS_MAX * (IDENT_SCS_MAX + 2)] = "";

	if (strcmp(s->scs, p->k->scs) != 0 || s->asker.proven_n == 0) {
		return;
	}
	for (uint8_t i = 0; i < s->asker.proven_n && i < IDENTITY_GROUPS_MAX; i++) {
		str_add(groups, sizeof groups, i ? ", " : "");
		str_add(groups, sizeof groups, s->asker.proven[i]);
	}
	json_array_append_new(p->list, json_sprintf("its open session %s, whose certificate proves %s: --session %s", s->session,
						    groups, s->session));
}

/* A yes is a yes of those who were asked. */
static json_t *not_asked(const struct check *k)
{
	struct proving p = { OBJ(PROVING_MAGIC), k, json_array() };

	if (k->proof == CHECK_NOTHING && !(k->provisioned && strcmp(k->provisioned->anchor, IDENT_ANCHOR_INTERNAL) == 0)) {
		json_array_append_new(
		    p.list, json_string("a certificate of the SCS, which may prove groups: --cert FILE, --session or --group"));
		core_session_each(k->adm->core, session_line, &p);
	}
	if (!k->hss_asked) {
		json_array_append_new(
		    p.list, json_string("the HSS, which decides again and knows the other names of the device: --ask-hss"));
	}
	json_array_append_new(p.list, json_string("the SMS-SC and the device"));
	json_array_append_new(p.list,
			      json_string("the limits for one request: payload, validity, priority, port, rate, pending"));
	return p.list;
}

static const char *meaning(const struct check *k)
{
	if (k->verdict.status == TSP_STATUS_SUCCESS) {
		return "";
	}
	if (k->beyond && k->refused[0]) {
		/* the reason for the refusal says more than the missing connection */
		return k->refused;
	}
	return pol_reason_words(k->verdict.reason);
}

json_t *adm_check_reply(const struct check *k)
{
	bool allowed = k->verdict.status == TSP_STATUS_SUCCESS;
	const struct pol_request *r = &k->c.request;
	char rule[ASSOC_RULE_TEXT_MAX] = "", device[POL_DEVICE_TEXT_MAX];
	json_t *last;

	if (k->assoc.winner >= 0) {
		assoc_rule_text(rule, &k->found.rules[k->assoc.winner]);
	}
	last = json_pack("{s:b, s:s, s:s, s:s, s:o, s:o, s:s, s:s, s:s, s:o}", "allowed", allowed, "reason",
			 allowed ? "" : pol_reason_str(k->verdict.reason), "meaning", meaning(k), "rule", rule, "beaten",
			 rule_texts(k, k->assoc.beaten, k->assoc.beaten_n), "detected",
			 rule_texts(k, k->assoc.detected, k->assoc.detected_n), "device", pol_request_device(device, r), "scs",
			 k->scs, "action", k->action, "at", adm_time(k->c.now_ms));
	if (!last) {
		return NULL;
	}
	if (r->external[0] && r->msisdn[0]) {
		json_object_set_new(last, "msisdn", json_string(r->msisdn));
	}
	json_object_set_new(last, "groups", adm_groups(k->adm, &k->who));
	json_object_set_new(last, "unproven", unproven(k, false));
	json_object_set_new(last, "unproven_why", unproven(k, true));
	json_object_set_new(last, "proof", proof(k));
	if (k->hss_asked) {
		json_object_set_new(last, "hss", hss(k));
	}
	json_object_set_new(last, "not_asked", not_asked(k));
	json_object_set_new(last, "path", path(k));
	json_object_set_new(last, "changes", changes(k));
	if (k->beyond) {
		json_object_set_new(last, "beyond_rules", json_string(k->beyond));
	}
	json_object_set_new(last, "needs", needs(k));
	json_object_set_new(last, "needs_suffice", json_boolean(k->changes.needs_suffice && !k->beyond));
	json_object_set_new(last, "more", json_boolean(k->changes.more && !k->beyond));
	return last;
}
