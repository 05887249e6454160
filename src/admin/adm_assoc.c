/* adm_assoc.c - commands that provision SCSs and rules. A change is in force when it is answered: sessions that would now be refused are
 * cut, and triggers under way are judged again before they leave. */
#include <stdio.h>
#include <string.h>

#include "admin/adm_int.h"
#include "base/clock.h"

static json_t *words_of(uint8_t bits)
{
	static const char *const words[] = { "trigger", "recall", "replace" }; /* CTL_WORDS_RIGHTS, in its order */
	json_t *list = json_array();

	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		if (bits & (1u << i))
			json_array_append_new(list, json_string(words[i]));
	}
	return list;
}

static const char *effect_word(uint8_t verdict)
{
	return verdict == ASSOC_ALLOW ? "allow" : verdict == ASSOC_DENY ? "deny" : "block";
}

static int effect_of(const char *word)
{
	return strcmp(word, "deny") == 0 ? ASSOC_DENY : strcmp(word, "block") == 0 ? ASSOC_BLOCK : ASSOC_ALLOW;
}

static const char *mode_word(uint8_t mode)
{
	return mode == ASSOC_DETECT ? ASSOC_DETECT_WORD : "enforce";
}

static uint8_t mode_of(const char *word)
{
	return strcmp(word, ASSOC_DETECT_WORD) == 0 ? ASSOC_DETECT : ASSOC_ENFORCE;
}

static uint32_t sessions_of(const struct adm *a, const char *scs)
{
	struct core_scs_view view;

	core_scs_view(a->core, scs, &view);
	return view.sessions;
}

/* -- SCSs */

static bool copy_arg(char *out, size_t cap, const json_t *args, const char *name)
{
	const char *text = ctl_arg_text(args, name, "");

	return (size_t)snprintf(out, cap, "%s", text) < cap;
}

static bool scs_of(struct asc_scs *s, const json_t *args)
{
	asc_scs_init(s);
	s->payload_max = (uint32_t)ctl_arg_num(args, "payload_max", s->payload_max);
	s->validity_max_s = (uint32_t)ctl_arg_num(args, "validity_max_s", s->validity_max_s);
	s->port_min = (uint16_t)ctl_arg_num(args, "port_min", s->port_min);
	s->port_max = (uint16_t)ctl_arg_num(args, "port_max", s->port_max);
	s->priority_allowed = ctl_arg_bool(args, "priority_allowed", s->priority_allowed);
	s->actions = (uint8_t)ctl_arg_bits(args, "actions", CTL_WORDS_RIGHTS, s->actions);
	s->rate_per_s = (uint32_t)ctl_arg_num(args, "rate_per_s", s->rate_per_s);
	s->burst = (uint32_t)ctl_arg_num(args, "burst", s->burst);
	s->quota_per_day = (uint32_t)ctl_arg_num(args, "quota_per_day", s->quota_per_day);
	s->connections_max = (uint32_t)ctl_arg_num(args, "connections_max", s->connections_max);
	s->pending_max = (uint32_t)ctl_arg_num(args, "pending_max", s->pending_max);
	s->p_bit_optional = ctl_arg_bool(args, "p_bit_optional", s->p_bit_optional);
	return copy_arg(s->name, sizeof s->name, args, "name") && copy_arg(s->e164, sizeof s->e164, args, "e164") &&
	       copy_arg(s->origin_host, sizeof s->origin_host, args, "origin_host") &&
	       copy_arg(s->realm, sizeof s->realm, args, "realm") && copy_arg(s->anchor, sizeof s->anchor, args, "anchor");
}

/* Would a session that was admitted as `old` be admitted as `now`? */
static bool same_peer(const struct asc_scs *old, const struct asc_scs *now)
{
	return strcmp(old->origin_host, now->origin_host) == 0 && strcmp(old->realm, now->realm) == 0 &&
	       strcmp(old->anchor, now->anchor) == 0;
}

static void scs_added(const struct adm_changed *done)
{
	const char *name = ctl_arg_text(done->args, "name", "");
	const struct asc_scs *now = asc_scs_find(done->adm->asc, name);

	if (done->out->replaced && now && !same_peer(&done->out->before, now))
		core_sessions_cut(done->adm->core, name, CORE_CUT_SCS_CHANGED);
	ctl_done(done->rq, json_pack("{s:s, s:b}", "scs", name, "replaced", done->out->replaced));
}

static void on_scs_add(void *arg, struct ctl_request *rq, const json_t *args)
{
	bool replace = ctl_arg_bool(args, "replace", false);
	struct asc_change change = { .op = ASC_SCS_PUT, .only_new = !replace };
	struct adm *a = arg;

	if (!scs_of(&change.scs, args)) {
		ctl_fail(rq, "a name is too long");
		return;
	}
	if (!cfg_anchor_known(a->cfg, change.scs.anchor)) {
		ctl_fail(rq, "trust anchor '%s' is not in the configuration (trust_anchors)", change.scs.anchor);
		return;
	}
	if (!replace && asc_scs_find(a->asc, change.scs.name)) {
		ctl_fail(rq, "SCS '%s' exists already; --replace overwrites it", change.scs.name);
		return;
	}
	adm_change(a, rq, args, &change, scs_added);
}

static void scs_deleted(const struct adm_changed *done)
{
	const char *name = ctl_arg_text(done->args, "name", "");

	ctl_done(done->rq, json_pack("{s:s, s:I, s:I}", "scs", name, "rules_deleted", (json_int_t)done->out->rules_deleted,
				     "sessions_cut", (json_int_t)core_sessions_cut(done->adm->core, name, CORE_CUT_SCS_REMOVED)));
}

static void on_scs_del(void *arg, struct ctl_request *rq, const json_t *args)
{
	struct adm *a = arg;
	struct adm_goes goes = { .rules = asc_rule_count_of(a->asc, ctl_arg_text(args, "name", "")),
				 .rules_there = asc_rule_count(a->asc) };

	if (!adm_unsure(rq, args, "SCS", &goes))
		adm_change(a, rq, args, &(struct asc_change){ .op = ASC_SCS_DEL, .name = ctl_arg_text(args, "name", "") },
			   scs_deleted);
}

struct listing {
	const struct adm *adm;
	struct ctl_request *rq;
	const char *who; /* NULL: every SCS and group */
	int effect;      /* -1: any */
	int64_t now_s;   /* 0: no state is shown */
	uint64_t n, max; /* max 0: all */
};

static int list_scs(void *arg, const struct asc_scs *s)
{
	struct listing *l = arg;

	ctl_line(l->rq,
		 json_pack("{s:s, s:s, s:s, s:s, s:s, s:I}", "name", s->name, "e164", s->e164, "origin_host", s->origin_host,
			   "realm", s->realm, "anchor", s->anchor, "sessions", (json_int_t)sessions_of(l->adm, s->name)));
	l->n++;
	return 0;
}

static void on_scs_list(void *arg, struct ctl_request *rq, const json_t *args)
{
	struct listing l = { .adm = arg, .rq = rq };

	(void)args;
	(void)asc_scs_each(l.adm->asc, list_scs, &l);
	ctl_done(rq, json_pack("{s:I}", "count", (json_int_t)l.n));
}

static int count_rule(void *arg, const struct assoc_rule *r)
{
	uint64_t *n = arg;

	(void)r;
	(*n)++;
	return 0;
}

static void on_scs_show(void *arg, struct ctl_request *rq, const json_t *args)
{
	struct adm *a = arg;
	const struct asc_scs *s = asc_scs_find(a->asc, ctl_arg_text(args, "name", ""));
	uint64_t rules = 0;

	if (!s) {
		ctl_fail(rq, "there is no SCS '%s'", ctl_arg_text(args, "name", ""));
		return;
	}
	if (asc_rule_each(a->asc, s->name, count_rule, &rules)) {
		ctl_fail(rq, "the association store cannot be read");
		return;
	}
	ctl_line(
	    rq, json_pack("{s:s, s:s, s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:b, s:o, s:I, s:I, s:I, s:I, s:I, s:b, s:I, s:I, s:o}",
			  "name", s->name, "e164", s->e164, "origin_host", s->origin_host, "realm", s->realm, "anchor", s->anchor,
			  "payload_max", (json_int_t)s->payload_max, "validity_max_s", (json_int_t)s->validity_max_s, "port_min",
			  (json_int_t)s->port_min, "port_max", (json_int_t)s->port_max, "priority_allowed", s->priority_allowed,
			  "actions", words_of(s->actions), "rate_per_s", (json_int_t)s->rate_per_s, "burst", (json_int_t)s->burst,
			  "quota_per_day", (json_int_t)s->quota_per_day, "connections_max", (json_int_t)s->connections_max,
			  "pending_max", (json_int_t)s->pending_max, "p_bit_optional", s->p_bit_optional, "rules",
			  (json_int_t)rules, "sessions",
			  (json_int_t)sessions_of(a, s->name), "groups", adm_groups(a, &(struct asc_asker){ .scs = s->name })));
	ctl_done(rq, json_pack("{s:I}", "count", (json_int_t)1));
}

/* -- rules */

/* Until when it holds, and that this is over. */
static void tell_end(json_t *last, int64_t not_after_s)
{
	json_object_set_new(last, "not_after", adm_time((uint64_t)not_after_s * 1000));
	if (not_after_s < (int64_t)(clock_real_ms() / 1000))
		adm_warn(last, "the time of this rule is over already: it has no effect");
}

static void assoc_added(const struct adm_changed *done)
{
	json_t *last = json_pack("{s:s, s:s, s:s, s:b}", "scs", ctl_arg_text(done->args, "scs", ""), "device", done->out->device,
				 "effect", ctl_arg_text(done->args, "effect", "allow"), "replaced", done->out->replaced);
	int64_t not_after_s = (int64_t)ctl_arg_num(done->args, "not_after", 0);

	if (last && not_after_s)
		tell_end(last, not_after_s);
	adm_warn(last, done->out->why.text);
	ctl_done(done->rq, last);
}

static void on_assoc_add(void *arg, struct ctl_request *rq, const json_t *args)
{
	struct asc_change change = {
		.op = ASC_RULE_ADD,
		.rule = { .who = ctl_arg_text(args, "scs", ""),
			  .device = ctl_arg_text(args, "device", ""),
			  .verdict = (uint8_t)effect_of(ctl_arg_text(args, "effect", "allow")),
			  .rights = (uint8_t)ctl_arg_bits(args, "rights", CTL_WORDS_RIGHTS, ASSOC_RIGHT_ALL),
			  .not_before_s = (int64_t)ctl_arg_num(args, "not_before", 0),
			  .not_after_s = (int64_t)ctl_arg_num(args, "not_after", 0),
			  .mode = mode_of(ctl_arg_text(args, "mode", "enforce")) },
	};

	adm_change(arg, rq, args, &change, assoc_added);
}

static void assoc_deleted(const struct adm_changed *done)
{
	ctl_done(done->rq, json_pack("{s:s, s:s, s:I}", "scs", ctl_arg_text(done->args, "scs", ""), "device",
				     ctl_arg_text(done->args, "device", ""), "count", (json_int_t)done->out->rules_deleted));
}

static void on_assoc_del(void *arg, struct ctl_request *rq, const json_t *args)
{
	struct asc_change change = {
		.op = ASC_RULE_DEL,
		.rule = { .who = ctl_arg_text(args, "scs", ""), .device = ctl_arg_text(args, "device", "") },
		.verdict = ctl_arg_has(args, "effect") ? effect_of(ctl_arg_text(args, "effect", "allow")) : -1,
	};

	adm_change(arg, rq, args, &change, assoc_deleted);
}

static const char *state_word(const struct assoc_rule *r, int64_t now_s)
{
	if (r->not_before_s && now_s < r->not_before_s)
		return "not yet";
	return r->not_after_s && now_s > r->not_after_s ? "over" : "in force";
}

static int list_rule(void *arg, const struct assoc_rule *r)
{
	struct listing *l = arg;
	json_t *row;

	if ((l->who && strcmp(l->who, r->who) != 0) || (l->effect >= 0 && l->effect != r->verdict))
		return 0;
	if (l->max && l->n >= l->max)
		return 1;
	row = json_pack("{s:s, s:s, s:s, s:o, s:s}", "scs", r->who, "device", r->device, "effect", effect_word(r->verdict),
			"rights", words_of(r->rights), "mode", mode_word(r->mode));
	if (row && r->not_before_s)
		json_object_set_new(row, "not_before", adm_time((uint64_t)r->not_before_s * 1000));
	if (row && r->not_after_s)
		json_object_set_new(row, "not_after", adm_time((uint64_t)r->not_after_s * 1000));
	if (row && l->now_s)
		json_object_set_new(row, "state", json_string(state_word(r, l->now_s)));
	ctl_line(l->rq, row);
	l->n++;
	return 0;
}

static struct listing listing_of(const struct adm *a, struct ctl_request *rq, const json_t *args)
{
	return (struct listing){ .adm = a,
				 .rq = rq,
				 .who = ctl_arg_has(args, "scs") ? ctl_arg_text(args, "scs", "") : NULL,
				 .effect = ctl_arg_has(args, "effect") ? effect_of(ctl_arg_text(args, "effect", "")) : -1 };
}

/* Rules of one device or set are found by an index; any other question reads all rules of the SCS, or all. */
static int each_rule(struct listing *l, const json_t *args, struct asc_why *why)
{
	why->text[0] = 0;
	if (ctl_arg_has(args, "device"))
		return asc_rule_each_on(l->adm->asc, ctl_arg_text(args, "device", ""), list_rule, l, why);
	return asc_rule_each(l->adm->asc, l->who, list_rule, l);
}

static void on_assoc_list(void *arg, struct ctl_request *rq, const json_t *args)
{
	struct listing l = listing_of(arg, rq, args);
	struct asc_why why;
	int err;

	l.max = ctl_arg_num(args, "limit", 1000);
	err = each_rule(&l, args, &why);
	if (err < 0)
		ctl_fail(rq, "%s", why.text[0] ? why.text : "the association store cannot be read");
	else
		ctl_done(rq, json_pack("{s:I}", "count", (json_int_t)l.n));
}

static void on_assoc_show(void *arg, struct ctl_request *rq, const json_t *args)
{
	struct listing l = listing_of(arg, rq, args);
	struct asc_why why;
	int err;

	l.now_s = (int64_t)(clock_real_ms() / 1000);
	err = each_rule(&l, args, &why);
	if (err < 0)
		ctl_fail(rq, "%s", why.text[0] ? why.text : "the association store cannot be read");
	else if (l.n == 0)
		ctl_fail(rq, "no such rule");
	else
		ctl_done(rq, json_pack("{s:I}", "count", (json_int_t)l.n));
}

const struct ctl_command adm_assoc_rows[] = {
	{ "scs.add", "provision an SCS", ctl_args_scs_add, true, on_scs_add },
	{ "scs.del", "remove an SCS, its rules and its connections", ctl_args_scs_del, true, on_scs_del },
	{ "scs.list", "all SCSs", NULL, false, on_scs_list },
	{ "scs.show", "one SCS with its limits", ctl_args_scs_name, false, on_scs_show },
	{ "assoc.add", "a rule: who may trigger what", ctl_args_assoc_add, true, on_assoc_add },
	{ "assoc.del", "remove a rule", ctl_args_assoc_del, true, on_assoc_del },
	{ "assoc.list", "rules", ctl_args_assoc_list, false, on_assoc_list },
	{ "assoc.show", "the rules of one SCS on one device", ctl_args_assoc_show, false, on_assoc_show },
	{ .name = NULL },
};
