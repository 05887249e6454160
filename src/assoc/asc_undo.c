/* asc_undo.c - going back to the state before the last import, on the store's thread. */
#include "assoc/asc_undo.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "assoc/asc_edit.h"
#include "assoc/asc_kept.h"
#include "assoc/asc_store.h"
#include "assoc/asc_why.h"
#include "assoc/asc_work.h"
#include "base/str.h"

struct asc_undoing { /* of a job */
	struct asc_undo_conf conf;
	struct asc_undo_result result;
	struct asc_import_peer *peers; /* owned; of the result */
	asc_undo_fn *done;
	void *arg;
};

uint32_t asc_kept(const struct asc *a, const struct asc_kept **out)
{
	OBJ_CHECK(a, ASC_MAGIC);
	*out = a->kept_seen->all;
	return a->kept_seen->n;
}

/* The SCSs whose sessions would not be admitted in the state that comes. 0 or ENOMEM. */
static int gather_peers(struct asc_undoing *u, const struct asc_model *now, const struct asc_model *then)
{
	u->peers = calloc((size_t)now->index->scs_n + 1, sizeof *u->peers);
	if (!u->peers) {
		return ENOMEM;
	}
	for (uint32_t i = 0; i < now->index->scs_n; i++) {
		const struct asc_node *scs = now->index->scs[i], *other = asc_model_scs(then, scs->who);
		struct asc_import_peer *p = &u->peers[u->result.peers_n];

		if (other && asc_scs_same_peer(&scs->scs, &other->scs)) {
			continue;
		}
		p->removed = !other;
		str_set(p->name, sizeof p->name, scs->who);
		u->result.peers_n++;
	}
	u->result.peers = u->peers;
	return 0;
}

static int judge(struct asc *a, struct asc_undoing *u, struct asc_why *why)
{
	struct asc_undo_result *r = &u->result;
	uint64_t there;

	if (!a->kept_n) {
		return asc_refuse(why, ERR_NOTFOUND, "no state before an import is kept");
	}
	r->kept = a->kept[a->kept_n - 1].info;
	r->left = a->kept_n - 1;
	r->since = asc_kept_manual(&r->kept, a->main_changes + a->gen_changes);
	r->goes = r->kept.added + r->since;
	there = r->kept.there - r->kept.deleted + r->goes;
	r->much = asc_deletes_much(r->goes, there);
	if (!r->much || u->conf.dry_run || u->conf.sure || (u->conf.deletes_max && r->goes <= u->conf.deletes_max)) {
		return 0;
	}
	return asc_refuse(why, ERR_LIMIT, "it would take away up to %llu rows, with what was changed since",
			  (unsigned long long)r->goes);
}

static int go_back(struct asc *a, struct asc_job *job)
{
	struct asc_undoing *u = job->undo;
	struct asc_why *why = &job->out.why;
	struct asc_keeping k = { .list = NULL };
	struct asc_gen *before = a->gen, *then;
	struct asc_edit e;
	int rc, err = judge(a, u, why);

	if (err || u->conf.dry_run) {
		return err;
	}
	then = a->kept[a->kept_n - 1].gen;
	err = asc_gen_put_changes(then, a, why); /* asc_generation() never goes back */
	if (err) {
		return err;
	}
	err = asc_edit_begin(&e, a, job, false, then);
	if (err) {
		return err;
	}
	rc = asc_kept_restore(&e, &k);
	if (!rc) {
		err = asc_edit_reload(&e);
	}
	if (!rc && !err) {
		rc = gather_peers(u, a->model, e.model);
	}
	if (!rc && !err) {
		rc = asc_edit_gen(&e);
	}
	err = asc_edit_end(&e, err, rc, "go back to what was kept");
	if (err) {
		asc_keeping_drop(&k);
		return err;
	}
	a->gen = then;
	asc_gen_drop(before);
	asc_kept_restored(a, job, &k);
	return 0;
}

static void on_undo(struct asc *a, struct asc_job *job)
{
	job->out.err = go_back(a, job);
}

static void on_undone(struct asc *a, struct asc_job *job)
{
	struct asc_undoing *u = job->undo;

	(void)a;
	u->done(u->arg, job->out.err, &job->out.why, &u->result);
	free(u->peers);
	free(u);
}

int asc_undo(struct asc *a, const struct asc_undo_conf *conf, asc_undo_fn *done, void *arg, struct asc_why *why)
{
	struct asc_undoing *u;
	struct asc_job *job;

	OBJ_CHECK(a, ASC_MAGIC);
	why->text[0] = 0;
	if (a->importing) {
		return asc_refuse(why, ERR_BUSY, "an import is under way");
	}
	u = calloc(1, sizeof *u);
	job = calloc(1, sizeof *job);
	if (!u || !job) {
		free(u);
		free(job);
		return asc_refuse(why, ERR_NOMEM, "out of memory");
	}
	*u = (struct asc_undoing){ .conf = *conf, .done = done, .arg = arg };
	job->undo = u;
	job->run = on_undo;
	job->finished = on_undone;
	asc_enqueue(a, job);
	return 0;
}
