/* adm_quota.c - what SCSs used of their quotas of the day, and forgetting it. */
#include <stdlib.h>
#include <string.h>

#include "admin/adm_int.h"
#include "base/clock.h"
#include "base/str.h"
#include "policy/pol_quota.h"

#define LISTING_MAGIC 0xa9739091u
struct listing {
	struct obj obj;
	const struct adm *adm;
	struct ctl_request *rq;
	uint64_t n;
};

static int list_one(void *arg, const struct asc_scs *s)
{
	struct listing *l = OBJ_OF(arg, struct listing, LISTING_MAGIC);
	struct core_scs_view live;
	char day[CLOCK_TEXT_MAX];
	json_t *row;

	core_scs_view(l->adm->core, s->name, &live);
	clock_text(day, live.quota_day * POL_QUOTA_DAY_MS);
	day[strcspn(day, "T")] = 0;
	row = json_pack("{s:s, s:s, s:I, s:I}", "scs", s->name, "day", day, "used", (json_int_t)live.quota_used, "asking",
			(json_int_t)live.quota_asking);
	if (row && s->quota_per_day) {
		uint64_t left = s->quota_per_day > live.quota_used ? s->quota_per_day - live.quota_used : 0;

		json_object_set_new(row, "quota", json_integer(s->quota_per_day));
		json_object_set_new(row, "left", json_integer((json_int_t)left));
	}
	ctl_line(l->rq, row);
	l->n++;
	return 0;
}

static void on_show(void *arg, struct ctl_request *rq, const json_t *args)
{
	struct listing l = { .obj = OBJ(LISTING_MAGIC), .adm = OBJ_OF(arg, struct adm, ADM_MAGIC), .rq = rq };
	const char *name = ctl_arg_text(args, "scs", NULL);
	const struct asc_scs *one = name ? asc_scs_find(l.adm->asc, name) : NULL;

	if (name && !one) {
		ctl_fail(rq, "there is no SCS '%s'; 'mtcctl scs list' lists them", name);
		return;
	}
	if (one) {
		(void)list_one(&l, one);
	} else {
		(void)asc_scs_each(l.adm->asc, list_one, &l);
	}
	ctl_done(rq, json_pack("{s:I}", "count", (json_int_t)l.n));
}

/* -- forgetting, answered when the journal has it */

#define RESET_MAGIC 0xa93f32aeu
struct reset {
	struct obj obj;
	struct adm_wait wait;
	struct ctl_request *rq;
	uint64_t used;
	char scs[IDENT_SCS_MAX + 1];
};

static void say_reset(struct ctl_request *rq, const char *scs, uint64_t used)
{
	ctl_done(rq, json_pack("{s:s, s:I}", "scs", scs, "was", (json_int_t)used));
}

static void say_not_durable(struct ctl_request *rq, int err)
{
	ctl_fail(
	    rq,
	    "it is reset, but the journal could not record that: %s. After a restart of the core it may be as before: reset it "
	    "again when 'mtcctl status' says that the journal is ok",
	    err_str(err));
}

static void on_kept(void *arg, uint64_t number, int err)
{
	struct reset *ended = OBJ_OF(arg, struct reset, RESET_MAGIC), w = *ended;

	(void)number;
	(void)adm_wait_end(&ended->wait);
	free(ended);
	if (err) {
		say_not_durable(w.rq, err);
	} else {
		say_reset(w.rq, w.scs, w.used);
	}
}

static void reset(struct adm *a, struct ctl_request *rq, const char *name)
{
	struct reset *w = malloc(sizeof *w);
	struct core_scs_view live;
	int err;

	if (!w) {
		ctl_fail(rq, "out of memory: nothing was done");
		return;
	}
	core_scs_view(a->core, name, &live);
	*w = (struct reset){ .rq = rq, .used = live.quota_used };
	str_cut(w->scs, sizeof w->scs, name);
	obj_begin(&w->obj, RESET_MAGIC);
	adm_wait_begin(&w->wait, a);
	err = core_quota_reset(a->core, name, on_kept, w);
	if (!err) {
		return;
	}
	adm_wait_end(&w->wait);
	free(w);
	if (err == ERR_NOTFOUND) {
		say_reset(rq, name, 0);
	} else {
		say_not_durable(rq, err);
	}
}

static void on_reset(void *arg, struct ctl_request *rq, const json_t *args)
{
	struct adm *a = OBJ_OF(arg, struct adm, ADM_MAGIC);
	const char *name = ctl_arg_text(args, "scs", "");
	struct core_scs_view live;

	core_scs_view(a->core, name, &live);
	/* an SCS that was removed may have used some */
	if (!asc_scs_find(a->asc, name) && !live.quota_used) {
		ctl_fail(rq, "there is no SCS '%s'; 'mtcctl scs list' lists them", name);
	} else {
		reset(a, rq, name);
	}
}

const struct ctl_command adm_quota_rows[] = {
	{ "quota.show", "show how much of their quotas SCSs used today", ctl_args_quota_show, false, on_show },
	{ "quota.reset", "set the use of an SCS's quota today to zero", ctl_args_quota_reset, true, on_reset },
	{ .name = NULL },
};
