/* gw_ctl_set.c - named sets of devices over the control socket. A change is in force when it is answered. */
#include "ctl/ctl_commands.h"
#include "gateway/gw_core_int.h"

static void end(struct ctl_request *rq, const struct asc_why *why, int err, json_t *last)
{
	if (!err) {
		ctl_done(rq, last);
		return;
	}
	json_decref(last);
	ctl_fail(rq, "%s", why->text[0] ? why->text : err_str(err));
}

static void on_set_add(void *arg, struct ctl_request *rq, const json_t *args)
{
	const char *name = ctl_arg_text(args, "name", "");
	struct gw_core *c = arg;
	struct asc_why why = { "" };
	int err = asc_dset_add(c->asc, name, &why);

	end(rq, &why, err, json_pack("{s:s}", "set", name));
}

static void on_set_del(void *arg, struct ctl_request *rq, const json_t *args)
{
	struct gw_core *c = arg;
	const char *name = ctl_arg_text(args, "name", "");
	uint64_t rules = asc_dset_rules(c->asc, name), members = asc_dset_members(c->asc, name);
	struct asc_why why = { "" };
	int err = asc_dset_del(c->asc, name, &why);

	end(rq, &why, err,
	    json_pack("{s:s, s:I, s:I}", "set", name, "members", (json_int_t)members, "rules_deleted", (json_int_t)rules));
}

struct listing {
	struct gw_core *core;
	struct ctl_request *rq;
	uint64_t n, max;
};

static int list_set(void *arg, const struct asc_dset *s)
{
	struct listing *l = arg;

	ctl_line(l->rq,
		 json_pack("{s:s, s:I, s:I}", "name", s->name, "members", (json_int_t)asc_dset_members(l->core->asc, s->name),
			   "rules", (json_int_t)asc_dset_rules(l->core->asc, s->name)));
	l->n++;
	return 0;
}

static void on_set_list(void *arg, struct ctl_request *rq, const json_t *args)
{
	struct listing l = { .core = arg, .rq = rq };

	(void)args;
	(void)asc_dset_each(l.core->asc, list_set, &l);
	ctl_done(rq, json_pack("{s:I}", "count", (json_int_t)l.n));
}

static int list_member(void *arg, const char *device)
{
	struct listing *l = arg;

	if (l->max && l->n >= l->max)
		return 1;
	ctl_line(l->rq, json_pack("{s:s}", "device", device));
	l->n++;
	return 0;
}

static void on_set_show(void *arg, struct ctl_request *rq, const json_t *args)
{
	struct listing l = { .core = arg, .rq = rq, .max = ctl_arg_num(args, "limit", 1000) };
	const char *name = ctl_arg_text(args, "name", "");
	int stop;

	if (!asc_dset_there(l.core->asc, name)) {
		ctl_fail(rq, "no device set '%s'", name);
		return;
	}
	stop = asc_dset_member_each(l.core->asc, name, list_member, &l);
	if (stop < 0)
		ctl_fail(rq, "the association store cannot be read");
	else
		ctl_done(rq, json_pack("{s:I, s:b, s:I, s:I}", "count", (json_int_t)l.n, "more", stop > 0, "members",
				       (json_int_t)asc_dset_members(l.core->asc, name), "rules",
				       (json_int_t)asc_dset_rules(l.core->asc, name)));
}

static void member(void *core, struct ctl_request *rq, const json_t *args, bool add)
{
	const char *name = ctl_arg_text(args, "set", ""), *device = ctl_arg_text(args, "device", "");
	struct gw_core *c = core;
	struct asc_why why = { "" };
	int err = add ? asc_dset_member_add(c->asc, name, device, &why) : asc_dset_member_del(c->asc, name, device, &why);

	end(rq, &why, err, json_pack("{s:s, s:s, s:b}", "set", name, "device", device, "member", add));
}

static void on_member_add(void *arg, struct ctl_request *rq, const json_t *args)
{
	member(arg, rq, args, true);
}

static void on_member_del(void *arg, struct ctl_request *rq, const json_t *args)
{
	member(arg, rq, args, false);
}

const struct ctl_command gw_ctl_set_rows[] = {
	{ "set.add", "a named set of devices", ctl_args_set_add, true, on_set_add },
	{ "set.del", "remove a set, its memberships and the rules on it", ctl_args_set_name, true, on_set_del },
	{ "set.list", "all sets", NULL, false, on_set_list },
	{ "set.show", "the devices of one set", ctl_args_set_show, false, on_set_show },
	{ "set.member.add", "put a device into a set", ctl_args_set_member, true, on_member_add },
	{ "set.member.del", "take a device out of a set", ctl_args_set_member, true, on_member_del },
	{ .name = NULL },
};
