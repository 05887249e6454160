/* adm_group.c - commands for groups of SCSs. A change is in force when it is answered, for open
 * sessions too. */
#include <stdio.h>
#include <string.h>

#include "admin/adm_int.h"
#include "base/str.h"

static uint64_t rules_of(const struct adm *a, const char *group)
{
	char who[ASSOC_WHO_TEXT_MAX + 1];

	snprintf(who, sizeof who, ASSOC_GROUP_PREFIX "%s", group);
	return asc_rule_count_of(a->asc, who);
}

static int add_member(void *arg, const char *scs)
{
	json_array_append_new(arg, json_string(scs));
	return 0;
}

static json_t *members_of(const struct adm *a, const char *group)
{
	json_t *list = json_array();

	(void)asc_group_member_each(a->asc, group, add_member, list);
	return list;
}

static void group_added(const struct adm_changed *done)
{
	const char *anchor = ctl_arg_text(done->args, "anchor", "");
	json_t *changed = json_array();

	if (done->out->replaced && strcmp(done->out->group_before.anchor, anchor) != 0) {
		json_array_append_new(changed,
				      json_pack("{s:s, s:s, s:s, s:b}", "key", "anchor", "before", done->out->group_before.anchor,
						"now", anchor, "named", ctl_arg_has(done->args, "anchor")));
	}
	ctl_done(done->rq, json_pack("{s:s, s:s, s:b, s:o}", "group", ctl_arg_text(done->args, "name", ""), "anchor", anchor,
				     "replaced", done->out->replaced, "changed", changed));
}

static void put_group(struct adm *a, struct ctl_request *rq, const json_t *args, struct asc_change *change)
{
	const char *name = ctl_arg_text(args, "name", ""), *anchor = ctl_arg_text(args, "anchor", "");

	change->op = ASC_GROUP_PUT;
	/* the rows of its argument and of the anchor's bound the length */
	str_cut(change->group.name, sizeof change->group.name, name);
	str_cut(change->group.anchor, sizeof change->group.anchor, anchor);
	if (anchor[0] && !cfg_anchor_known(a->cfg, anchor)) {
		ctl_fail(
		    rq, "trust anchor '%s' is not in the configuration (trust_anchors); 'mtcctl status all' lists those that are",
		    anchor);
	} else if (change->only_new && asc_group_find(a->asc, name)) {
		ctl_fail(rq, "group '%s' exists already: 'group set' changes its anchor", name);
	} else {
		adm_change(a, rq, args, change, group_added);
	}
}

static void on_group_add(void *arg, struct ctl_request *rq, const json_t *args)
{
	put_group(OBJ_OF(arg, struct adm, ADM_MAGIC), rq, args,
		  &(struct asc_change){ .only_new = !ctl_arg_bool(args, "replace", false) });
}

static void on_group_set(void *arg, struct ctl_request *rq, const json_t *args)
{
	if (ctl_arg_has(args, "anchor")) {
		put_group(OBJ_OF(arg, struct adm, ADM_MAGIC), rq, args, &(struct asc_change){ .only_there = true });
	} else {
		ctl_fail(rq, "nothing to set: a group has an anchor");
	}
}

static void group_deleted(const struct adm_changed *done)
{
	ctl_done(done->rq, json_pack("{s:s, s:I}", "group", ctl_arg_text(done->args, "name", ""), "rules_deleted",
				     (json_int_t)done->out->rules_deleted));
}

static void on_group_del(void *arg, struct ctl_request *rq, const json_t *args)
{
	const char *name = ctl_arg_text(args, "name", "");
	struct adm *a = OBJ_OF(arg, struct adm, ADM_MAGIC);
	struct adm_goes goes = { .rules = rules_of(a, name), .rules_there = asc_rule_count(a->asc) };

	if (!adm_unsure(rq, args, "group", &goes)) {
		adm_change(a, rq, args, &(struct asc_change){ .op = ASC_GROUP_DEL, .name = name }, group_deleted);
	}
}

#define LISTING_MAGIC 0xa4c6920fu
struct listing {
	struct obj obj;
	const struct adm *adm;
	struct ctl_request *rq;
	json_int_t n;
};

static int list_group(void *arg, const struct asc_group *g)
{
	struct listing *l = OBJ_OF(arg, struct listing, LISTING_MAGIC);
	json_t *members = members_of(l->adm, g->name);

	ctl_line(l->rq, json_pack("{s:s, s:s, s:I, s:I}", "name", g->name, "anchor", g->anchor, "members",
				  (json_int_t)json_array_size(members), "rules", (json_int_t)rules_of(l->adm, g->name)));
	json_decref(members);
	l->n++;
	return 0;
}

static void on_group_list(void *arg, struct ctl_request *rq, const json_t *args)
{
	struct listing l = { .obj = OBJ(LISTING_MAGIC), .adm = OBJ_OF(arg, struct adm, ADM_MAGIC), .rq = rq };

	(void)args;
	(void)asc_group_each(l.adm->asc, list_group, &l);
	ctl_done(rq, json_pack("{s:I}", "count", l.n));
}

#define PROVEN_SHOWN 100u /* sessions; a line of an answer has a bound */

#define PROVING_MAGIC 0xa2a5bda4u
struct proving {
	struct obj obj;
	const struct adm *adm;
	const char *group;
	json_t *list;
	uint32_t n;
};

/* The group counts only if the session's certificate carries the URI and the group's anchor is the
 * anchor of the SCS. */
static void add_proven(void *arg, const struct core_session_view *s)
{
	struct proving *p = OBJ_OF(arg, struct proving, PROVING_MAGIC);
	const struct asc_group *groups[ASC_ASKER_GROUPS_MAX];
	bool named = false, counts = false;
	uint8_t n = asc_asker_groups(p->adm->asc, &s->asker, groups);

	for (uint8_t i = 0; i < s->asker.proven_n; i++) {
		named = named || strcmp(s->asker.proven[i], p->group) == 0;
	}
	for (uint8_t i = 0; i < n; i++) {
		counts = counts || strcmp(groups[i]->name, p->group) == 0;
	}
	if (!named || !counts) {
		return;
	}
	if (p->n++ < PROVEN_SHOWN) {
		json_array_append_new(p->list,
				      json_pack("{s:s, s:s, s:s, s:o*}", "scs", s->scs, "session", s->session, "address",
						s->address, "until", s->not_after_s ? adm_time(s->not_after_s * 1000) : NULL));
	}
}

/* Puts the members that open sessions prove into the row, and how many sessions these are. */
static void put_proven(const struct adm *a, const char *group, json_t *row)
{
	struct proving p = { OBJ(PROVING_MAGIC), a, group, json_array(), 0 };

	core_session_each(a->core, add_proven, &p);
	json_object_set_new(row, "proven", p.list);
	json_object_set_new(row, "proven_sessions", json_integer(p.n));
}

static void on_group_show(void *arg, struct ctl_request *rq, const json_t *args)
{
	struct adm *a = OBJ_OF(arg, struct adm, ADM_MAGIC);
	const struct asc_group *g = asc_group_find(a->asc, ctl_arg_text(args, "name", ""));
	char uri[CFG_URI_PREFIX_MAX + IDENT_SCS_MAX + 1] = "";
	json_t *row;

	if (!g) {
		ctl_fail(rq, "no group '%s'; 'mtcctl group list' lists them", ctl_arg_text(args, "name", ""));
		return;
	}
	if (g->anchor[0]) {
		snprintf(uri, sizeof uri, "%s%s", a->cfg->group_uri_prefix, g->name);
	}
	row = json_pack("{s:s, s:s, s:s, s:o, s:I}", "name", g->name, "anchor", g->anchor, "uri", uri, "members",
			members_of(a, g->name), "rules", (json_int_t)rules_of(a, g->name));
	if (row) {
		put_proven(a, g->name, row);
	}
	ctl_line(rq, row);
	ctl_done(rq, json_pack("{s:I}", "count", (json_int_t)1));
}

static void on_member_add(void *arg, struct ctl_request *rq, const json_t *args)
{
	adm_change_member(arg, rq, args, ASC_GROUP_MEMBER_ADD);
}

static void on_member_del(void *arg, struct ctl_request *rq, const json_t *args)
{
	adm_change_member(arg, rq, args, ASC_GROUP_MEMBER_DEL);
}

const struct ctl_command adm_group_rows[] = {
	{ "group.add", "add a group of SCSs", ctl_args_group_add, true, on_group_add },
	{ "group.set", "change the anchor of a group", ctl_args_group_set, true, on_group_set },
	{ "group.del", "remove a group, its memberships and its rules", ctl_args_group_del, true, on_group_del },
	{ "group.list", "list all groups", NULL, false, on_group_list },
	{ "group.show", "show one group, its stored members and the members that open sessions prove", ctl_args_group_name, false,
	  on_group_show },
	{ "group.member.add", "store an SCS as a member of a group", ctl_args_group_member, true, on_member_add },
	{ "group.member.del", "remove a stored member from a group", ctl_args_group_member, true, on_member_del },
	{ .name = NULL },
};
