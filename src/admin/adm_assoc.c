/* adm_assoc.c - commands for rules. A change is in force when it is answered: pending triggers are
 * judged again before they are submitted. */
#include <stdio.h>
#include <string.h>

#include "admin/adm_int.h"
#include "base/clock.h"

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

#define LISTING_MAGIC 0xb773c08cu
struct listing {
	struct obj obj;
	const struct adm *adm;
	struct ctl_request *rq;
	const char *who; /* NULL: every SCS and group */
	int effect;      /* -1: any */
	int64_t now_s;   /* 0: no state is shown */
	uint64_t n, max; /* max 0: all */
	bool more;       /* than max */
};

/* -- rules */

static void put_values(json_t *o, const struct asc_rule_values *v)
{
	json_object_set_new(o, "rights", adm_rights_words(v->rights));
	json_object_set_new(o, "mode", json_string(mode_word(v->mode)));
	if (v->not_before_s) {
		json_object_set_new(o, "not_before", adm_time((uint64_t)v->not_before_s * 1000));
	}
	if (v->not_after_s) {
		json_object_set_new(o, "not_after", adm_time((uint64_t)v->not_after_s * 1000));
	}
}

static struct asc_rule_values values_of(const json_t *args)
{
	/* a block stops every right */
	bool block = effect_of(ctl_arg_text(args, "effect", "allow")) == ASSOC_BLOCK;

	return (struct asc_rule_values){ .rights = block
						       ? ASSOC_RIGHT_ALL
						       : (uint8_t)ctl_arg_bits(args, "rights", CTL_WORDS_RIGHTS, ASSOC_RIGHT_ALL),
					 .mode = mode_of(ctl_arg_text(args, "mode", "enforce")),
					 .not_before_s = (int64_t)ctl_arg_num(args, "not_before", 0),
					 .not_after_s = (int64_t)ctl_arg_num(args, "not_after", 0) };
}

static void assoc_added(const struct adm_changed *done)
{
	struct asc_rule_values now = values_of(done->args);
	json_t *before = json_object(), *last;

	last = json_pack("{s:s, s:s, s:s, s:b}", "scs", ctl_arg_text(done->args, "scs", ""), "device", done->out->device,
			 "effect", ctl_arg_text(done->args, "effect", "allow"), "replaced", done->out->replaced);
	if (last) {
		put_values(last, &now);
	}
	if (last && before && done->out->replaced) {
		put_values(before, &done->out->rule_before);
		json_object_set(last, "before", before);
	}
	json_decref(before);
	if (now.not_after_s && now.not_after_s < (int64_t)(clock_real_ms() / 1000)) {
		adm_warn(last, "the time of this rule is over already: it has no effect");
	}
	adm_warn_change(last, done->out);
	ctl_done(done->rq, last);
}

static void on_assoc_add(void *arg, struct ctl_request *rq, const json_t *args)
{
	struct asc_rule_values v = values_of(args);
	struct asc_change change = {
		.op = ASC_RULE_ADD,
		.rule = { .who = ctl_arg_text(args, "scs", ""),
			  .device = ctl_arg_text(args, "device", ""),
			  .verdict = (uint8_t)effect_of(ctl_arg_text(args, "effect", "allow")),
			  .rights = v.rights,
			  .not_before_s = v.not_before_s,
			  .not_after_s = v.not_after_s,
			  .mode = v.mode },
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
	if (r->not_before_s && now_s < r->not_before_s) {
		return "not yet";
	}
	return r->not_after_s && now_s > r->not_after_s ? "over" : "in force";
}

static int list_rule(void *arg, const struct assoc_rule *r)
{
	struct listing *l = OBJ_OF(arg, struct listing, LISTING_MAGIC);
	json_t *row;

	if ((l->who && strcmp(l->who, r->who) != 0) || (l->effect >= 0 && l->effect != r->verdict)) {
		return 0;
	}
	if (l->max && l->n >= l->max) {
		l->more = true;
		return 1;
	}
	row = json_pack("{s:s, s:s, s:s, s:o, s:s}", "scs", r->who, "device", r->device, "effect", effect_word(r->verdict),
			"rights", adm_rights_words(r->rights), "mode", mode_word(r->mode));
	if (row && r->not_before_s) {
		json_object_set_new(row, "not_before", adm_time((uint64_t)r->not_before_s * 1000));
	}
	if (row && r->not_after_s) {
		json_object_set_new(row, "not_after", adm_time((uint64_t)r->not_after_s * 1000));
	}
	if (row && l->now_s) {
		json_object_set_new(row, "state", json_string(state_word(r, l->now_s)));
	}
	ctl_line(l->rq, row);
	l->n++;
	return 0;
}

static struct listing listing_of(const struct adm *a, struct ctl_request *rq, const json_t *args)
{
	return (struct listing){ .obj = OBJ(LISTING_MAGIC),
				 .adm = a,
				 .rq = rq,
				 .who = ctl_arg_has(args, "scs") ? ctl_arg_text(args, "scs", "") : NULL,
				 .effect = ctl_arg_has(args, "effect") ? effect_of(ctl_arg_text(args, "effect", "")) : -1 };
}

/* Rules of one device or set are found by an index; any other question reads all rules of the SCS,
 * or all. */
static int each_rule(struct listing *l, const json_t *args, struct asc_why *why)
{
	why->text[0] = 0;
	if (ctl_arg_has(args, "device")) {
		return asc_rule_each_on(l->adm->asc, ctl_arg_text(args, "device", ""), list_rule, l, why);
	}
	return asc_rule_each(l->adm->asc, l->who, list_rule, l);
}

/* True if the name looks like a pattern, which rules do not have. Rules that an older version
 * stored under such a name can still be listed. */
static bool is_trap(const json_t *args)
{
	const char *device = ctl_arg_text(args, "device", "");

	return strcmp(device, "*") != 0 && strncmp(device, "*@", 2) != 0 && ident_looks_like_pattern(device);
}

static void on_assoc_list(void *arg, struct ctl_request *rq, const json_t *args)
{
	struct listing l = listing_of(OBJ_OF(arg, struct adm, ADM_MAGIC), rq, args);
	struct asc_why why;
	int err;

	l.max = ctl_arg_num(args, "limit", 1000);
	err = each_rule(&l, args, &why);
	if (err < 0) {
		ctl_fail(rq, "%s", why.text[0] ? why.text : "the association store cannot be read");
	} else if (l.n == 0 && is_trap(args)) {
		ctl_fail(rq, "a rule cannot be on '%s': %s", ctl_arg_text(args, "device", ""), IDENT_PATTERN_WORDS);
	} else {
		ctl_done(rq, adm_listed(l.n, l.more));
	}
}

static void on_assoc_show(void *arg, struct ctl_request *rq, const json_t *args)
{
	struct listing l = listing_of(OBJ_OF(arg, struct adm, ADM_MAGIC), rq, args);
	struct asc_why why;
	int err;

	l.now_s = (int64_t)(clock_real_ms() / 1000);
	err = each_rule(&l, args, &why);
	if (err < 0) {
		ctl_fail(rq, "%s", why.text[0] ? why.text : "the association store cannot be read");
	} else if (l.n == 0) {
		ctl_fail(rq, "no such rule: %s on %s; 'mtcctl assoc list' shows the rules", ctl_arg_text(args, "scs", ""),
			 ctl_arg_text(args, "device", ""));
	} else {
		ctl_done(rq, json_pack("{s:I}", "count", (json_int_t)l.n));
	}
}

const struct ctl_command adm_assoc_rows[] = {
	{ "assoc.add", "add a rule: who may trigger what", ctl_args_assoc_add, true, on_assoc_add },
	{ "assoc.del", "remove a rule", ctl_args_assoc_del, true, on_assoc_del },
	{ "assoc.list", "list rules", ctl_args_assoc_list, false, on_assoc_list },
	{ "assoc.show", "the rules of one SCS on one device", ctl_args_assoc_show, false, on_assoc_show },
	{ .name = NULL },
};
