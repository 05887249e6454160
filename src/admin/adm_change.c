/* adm_change.c - a change of the association store that somebody at the control socket asked for: the answer goes when it is durable and in
 * force. Nobody waits for the disk meanwhile. */
#include <stdlib.h>

#include "admin/adm_int.h"

struct change {
	struct core *core;
	struct ctl_request *rq;
	const json_t *args; /* borrowed until the answer */
	adm_changed_fn *changed;
};

static void fail(struct ctl_request *rq, const struct asc_why *why, int err)
{
	ctl_fail(rq, "%s", why->text[0] ? why->text : err_str(err));
}

static void on_done(void *arg, const struct asc_outcome *out)
{
	struct change w = *(struct change *)arg;

	free(arg);
	if (out->err) {
		fail(w.rq, &out->why, out->err);
		return;
	}
	st_count(&w.core->st, ST_ASSOC_CHANGES);
	if (w.core->ctl)
		w.changed(w.core, w.rq, w.args, out);
	else
		ctl_fail(w.rq, "the gateway stops; the change is stored");
}

void adm_change(struct core *c, struct ctl_request *rq, const json_t *args, const struct asc_change *change,
		adm_changed_fn *changed)
{
	struct change *w = malloc(sizeof *w);
	struct asc_why why = { "" };
	int err;

	if (!w) {
		ctl_fail(rq, "out of memory");
		return;
	}
	*w = (struct change){ c, rq, args, changed };
	err = asc_submit(c->asc, change, on_done, w, &why);
	if (!err)
		return;
	free(w);
	if (err == ERR_BUSY)
		st_count(&c->st, ST_ASSOC_BUSY);
	fail(rq, &why, err);
}
