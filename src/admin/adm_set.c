/* adm_set.c - commands for named sets of devices. A change is in force when it is answered. */
#include "admin/adm_int.h"

static void set_added(const struct adm_changed *done)
{
	ctl_done(done->rq, json_pack("{s:s}", "set", ctl_arg_text(done->args, "name", "")));
}

static void on_set_add(void *arg, struct ctl_request *rq, const json_t *args)
{
	adm_change(arg, rq, args, &(struct asc_change){ .op = ASC_SET_ADD, .name = ctl_arg_text(args, "name", "") }, set_added);
}

static void set_renamed(const struct adm_changed *done)
{
	const char *name = ctl_arg_text(done->args, "new_name", "");

	ctl_done(done->rq, json_pack("{s:s, s:[{s:s, s:s, s:s, s:b}]}", "set", name, "changed", "key", "name", "before",
				     ctl_arg_text(done->args, "name", ""), "now", name, "named", 1));
}

static void on_set_set(void *arg, struct ctl_request *rq, const json_t *args)
{
	struct asc_change change = { .op = ASC_SET_RENAME,
				     .name = ctl_arg_text(args, "name", ""),
				     .member = ctl_arg_text(args, "new_name", NULL) };

	if (change.member) {
		adm_change(arg, rq, args, &change, set_renamed);
	} else {
		ctl_fail(rq, "nothing to set: a set has a name");
	}
}

static void set_deleted(const struct adm_changed *done)
{
	ctl_done(done->rq,
		 json_pack("{s:s, s:I, s:I}", "set", ctl_arg_text(done->args, "name", ""), "members",
			   (json_int_t)done->out->members_deleted, "rules_deleted", (json_int_t)done->out->rules_deleted));
}

#define MEMBERS_MAGIC 0xcb1e1b52u
struct members {
	struct obj obj;
	const struct adm *adm;
	uint64_t n;
};

static int count_members(void *arg, const struct asc_dset *s)
{
	struct members *m = OBJ_OF(arg, struct members, MEMBERS_MAGIC);

	m->n += asc_dset_members(m->adm->asc, s->name);
	return 0;
}

static void on_set_del(void *arg, struct ctl_request *rq, const json_t *args)
{
	const char *name = ctl_arg_text(args, "name", "");
	struct members all = { .obj = OBJ(MEMBERS_MAGIC), .adm = OBJ_OF(arg, struct adm, ADM_MAGIC) };
	const struct asc *asc = all.adm->asc;
	struct adm_goes goes = { .rules_there = asc_rule_count(asc) };

	if (asc_dset_there(asc, name)) {
		(void)asc_dset_each(asc, count_members, &all);
		goes.rules = asc_dset_rules(asc, name);
		goes.members = asc_dset_members(asc, name);
		goes.members_there = all.n;
	}
	if (adm_unsure(rq, args, "set", &goes)) {
		return;
	}
	adm_change(arg, rq, args, &(struct asc_change){ .op = ASC_SET_DEL, .name = ctl_arg_text(args, "name", "") }, set_deleted);
}

#define LISTING_MAGIC 0xa548d3f8u
struct listing {
	struct obj obj;
	const struct adm *adm;
	struct ctl_request *rq;
	uint64_t n, max;
};

static int list_set(void *arg, const struct asc_dset *s)
{
	struct listing *l = OBJ_OF(arg, struct listing, LISTING_MAGIC);

	ctl_line(l->rq,
		 json_pack("{s:s, s:I, s:I}", "name", s->name, "members", (json_int_t)asc_dset_members(l->adm->asc, s->name),
			   "rules", (json_int_t)asc_dset_rules(l->adm->asc, s->name)));
	l->n++;
	return 0;
}

static void on_set_list(void *arg, struct ctl_request *rq, const json_t *args)
{
	struct listing l = { .obj = OBJ(LISTING_MAGIC), .adm = OBJ_OF(arg, struct adm, ADM_MAGIC), .rq = rq };

	(void)args;
	(void)asc_dset_each(l.adm->asc, list_set, &l);
	ctl_done(rq, json_pack("{s:I}", "count", (json_int_t)l.n));
}

static int list_member(void *arg, const char *device)
{
	struct listing *l = OBJ_OF(arg, struct listing, LISTING_MAGIC);

	if (l->max && l->n >= l->max) {
		return 1;
	}
	ctl_line(l->rq, json_pack("{s:s}", "device", device));
	l->n++;
	return 0;
}

static void on_set_show(void *arg, struct ctl_request *rq, const json_t *args)
{
	struct listing l = { .obj = OBJ(LISTING_MAGIC),
			     .adm = OBJ_OF(arg, struct adm, ADM_MAGIC),
			     .rq = rq,
			     .max = ctl_arg_num(args, "limit", 1000) };
	const char *name = ctl_arg_text(args, "name", "");
	json_t *last;
	int stop;

	if (!asc_dset_there(l.adm->asc, name)) {
		ctl_fail(rq, "no device set '%s'; 'mtcctl set list' lists them", name);
		return;
	}
	stop = asc_dset_member_each(l.adm->asc, name, list_member, &l);
	if (stop < 0) {
		ctl_fail(rq, "the association store cannot be read");
	} else {
		last = adm_listed(l.n, stop > 0);
		json_object_set_new(last, "members", json_integer((json_int_t)asc_dset_members(l.adm->asc, name)));
		json_object_set_new(last, "rules", json_integer((json_int_t)asc_dset_rules(l.adm->asc, name)));
		ctl_done(rq, last);
	}
}

static void on_member_add(void *arg, struct ctl_request *rq, const json_t *args)
{
	adm_change_member(arg, rq, args, ASC_SET_MEMBER_ADD);
}

static void on_member_del(void *arg, struct ctl_request *rq, const json_t *args)
{
	adm_change_member(arg, rq, args, ASC_SET_MEMBER_DEL);
}

const struct ctl_command adm_set_rows[] = {
	{ "set.add", "add a named set of devices", ctl_args_set_add, true, on_set_add },
	{ "set.set", "rename a set; its members and the rules on it stay", ctl_args_set_set, true, on_set_set },
	{ "set.del", "remove a set, its memberships and the rules on it", ctl_args_set_del, true, on_set_del },
	{ "set.list", "list all sets", NULL, false, on_set_list },
	{ "set.show", "list the devices of one set", ctl_args_set_show, false, on_set_show },
	{ "set.member.add", "add a device to a set", ctl_args_set_member, true, on_member_add },
	{ "set.member.del", "remove a device from a set", ctl_args_set_member, true, on_member_del },
	{ .name = NULL },
};
