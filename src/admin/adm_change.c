/* adm_change.c - changes of the association store. The answer is sent when the change is durable
 * and in force. The loop does not wait for the disk. */
#include <stdio.h>
#include <stdlib.h>

#include "admin/adm_int.h"

#define CHANGE_MAGIC 0xa93f32adu
struct change {
	struct obj obj;
	struct adm_wait wait;
	struct ctl_request *rq;
	const json_t *args; /* borrowed until the answer */
	enum asc_op op;
	struct st_counters *st; /* outlives adm */
	adm_changed_fn *changed;
};

static void fail(struct ctl_request *rq, const struct asc_why *why, int err)
{
	ctl_fail(rq, "%s", why->text[0] ? why->text : err_str(err));
}

static void on_done(void *arg, const struct asc_outcome *out)
{
	struct change *ended = OBJ_OF(arg, struct change, CHANGE_MAGIC), w = *ended;
	struct adm *a = adm_wait_end(&ended->wait);

	free(ended);
	if (out->err) {
		fail(w.rq, &out->why, out->err);
		return;
	}
	st_count(w.st, ST_ASSOC_CHANGES);
	if (a) {
		w.changed(&(struct adm_changed){ a, w.rq, w.args, w.op, out });
	} else {
		ctl_fail(w.rq, "the gateway stops; the change is stored");
	}
}

void adm_change(struct adm *a, struct ctl_request *rq, const json_t *args, const struct asc_change *change,
		adm_changed_fn *changed)
{
	struct change *w = malloc(sizeof *w);
	struct asc_why why = { "" };
	int err;

	OBJ_CHECK(a, ADM_MAGIC);
	if (!w) {
		ctl_fail(rq, "out of memory");
		return;
	}
	*w = (struct change){ .rq = rq, .args = args, .op = change->op, .st = a->st, .changed = changed };
	obj_begin(&w->obj, CHANGE_MAGIC);
	adm_wait_begin(&w->wait, a);
	err = asc_submit(a->asc, change, on_done, w, &why);
	if (!err) {
		return;
	}
	adm_wait_end(&w->wait);
	free(w);
	if (err == ERR_BUSY) {
		st_count(a->st, ST_ASSOC_BUSY);
	}
	fail(rq, &why, err);
}

/* -- members of groups and sets */

struct membership {
	enum asc_op op;
	const char *in, *member; /* names of arguments and of reply members */
	bool is_member;          /* after the change */
};

static const struct membership *membership_of(enum asc_op op)
{
	static const struct membership rows[] = {
		{ ASC_GROUP_MEMBER_ADD, "group", "scs", true },
		{ ASC_GROUP_MEMBER_DEL, "group", "scs", false },
		{ ASC_SET_MEMBER_ADD, "set", "device", true },
		{ ASC_SET_MEMBER_DEL, "set", "device", false },
	};
	size_t i = 0;

	while (rows[i].op != op) {
		i++;
	}
	return &rows[i];
}

void adm_warn_change(json_t *last, const struct asc_outcome *out)
{
	char text[2 * ASSOC_DEVICE_TEXT_MAX + 128];

	adm_warn(last, out->why.text);
	snprintf(text, sizeof text,
		 "'%s' has entries already and differs only in case: they are two devices, and this one is '%s'", out->twin,
		 out->device);
	if (out->twin[0]) {
		adm_warn(last, text);
	}
}

static void member_changed(const struct adm_changed *done)
{
	const struct membership *m = membership_of(done->op);

	json_t *last = json_pack("{s:s, s:s, s:b}", m->in, ctl_arg_text(done->args, m->in, ""), m->member,
				 ctl_arg_text(done->args, m->member, ""), "member", m->is_member);

	adm_warn_change(last, done->out);
	ctl_done(done->rq, last);
}

void adm_change_member(struct adm *a, struct ctl_request *rq, const json_t *args, enum asc_op op)
{
	const struct membership *m = membership_of(op);
	struct asc_change change = { .op = op,
				     .name = ctl_arg_text(args, m->in, ""),
				     .member = ctl_arg_text(args, m->member, "") };

	OBJ_CHECK(a, ADM_MAGIC);
	adm_change(a, rq, args, &change, member_changed);
}
