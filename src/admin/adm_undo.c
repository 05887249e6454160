/* adm_undo.c - the states before the last imports: which are kept, and going back to the newest. */
#include <stdlib.h>
#include <string.h>

#include "admin/adm_exchange.h"
#include "assoc/asc_undo.h"
#include "base/shown.h"

/* The members about a kept state, in a row and in the last line. */
static json_t *state_of(const struct asc_kept *k, uint64_t since)
{
	return json_pack("{s:o, s:s, s:s, s:b, s:I, s:I, s:I, s:I, s:I, s:I}", "at", adm_time(k->at_ms), "kind",
			 exc_kind_name(k->kind), "file", k->name, "replace", k->replace, "rows", (json_int_t)k->rows, "added",
			 (json_int_t)k->added, "replaced", (json_int_t)k->replaced, "deleted", (json_int_t)k->deleted, "along",
			 (json_int_t)k->along, "since", (json_int_t)since);
}

static void on_list(void *arg, struct ctl_request *rq, const json_t *args)
{
	struct adm *a = OBJ_OF(arg, struct adm, ADM_MAGIC);
	const struct asc_kept *k;
	uint32_t n = asc_kept(a->asc, &k);
	uint64_t now = asc_generation(a->asc);

	(void)args;
	for (uint32_t i = 0; i < n; i++) {
		json_t *row = state_of(&k[i], asc_kept_manual(&k[i], now));

		if (row) {
			json_object_set_new(row, "octets", json_integer((json_int_t)k[i].octets));
		}
		ctl_line(rq, row);
		now = k[i].generation - 1;
	}
	ctl_done(rq, json_pack("{s:I}", "count", (json_int_t)n));
}

/* Words that stand in the reply and in the record of the change. */
static void answer(struct ctl_request *rq, const struct asc_undo_result *r, bool dry_run)
{
	json_t *last = state_of(&r->kept, r->since);
	char changes[SHOWN_COUNT_MAX];

	if (last) {
		json_object_update_new(last, json_pack("{s:I, s:I, s:b, s:b}", "goes", (json_int_t)r->goes, "left",
						       (json_int_t)r->left, "needs_yes", dry_run && r->much, "dry_run", dry_run));
	}
	ctl_note(rq, "restored the state before the %s import of %s%s, %s made since then lost%s", exc_kind_name(r->kept.kind),
		 r->kept.name, r->kept.replace ? " --replace" : "", shown_count(changes, r->since, "change"),
		 dry_run ? " (dry run)" : "");
	ctl_done(rq, last);
}

#define UNDO_MAGIC 0xa93f32b0u
struct undo {
	struct obj obj;
	struct adm_wait wait;
	struct ctl_request *rq;
	struct st_counters *st; /* outlives adm */
	bool dry_run;
};

static void on_done(void *arg, int err, const struct asc_why *why, const struct asc_undo_result *r)
{
	struct undo *ended = OBJ_OF(arg, struct undo, UNDO_MAGIC), u = *ended;
	struct adm *a = adm_wait_end(&ended->wait);

	free(ended);
	if (err == ERR_LIMIT && r->much) {
		adm_needs_yes(u.rq, why, r->goes);
		ctl_fail(u.rq,
			 "%s; nothing was changed. --yes or --deletes-max %llu does it, --dry-run only shows what comes back",
			 why->text, (unsigned long long)r->goes);
		return;
	}
	if (err) {
		ctl_fail(u.rq, "%s; nothing was changed", why->text[0] ? why->text : err_str(err));
		return;
	}
	if (!u.dry_run) {
		st_count(u.st, ST_ASSOC_UNDONE);
	}
	for (size_t i = 0; a && !u.dry_run && i < r->peers_n; i++) {
		core_sessions_cut(a->core, r->peers[i].name, r->peers[i].removed ? CORE_CUT_SCS_REMOVED : CORE_CUT_SCS_CHANGED);
	}
	if (a && !u.dry_run) {
		core_sessions_renew(a->core, NULL);
	}
	answer(u.rq, r, u.dry_run);
}

static void on_undo(void *arg, struct ctl_request *rq, const json_t *args)
{
	struct adm *a = OBJ_OF(arg, struct adm, ADM_MAGIC);
	struct asc_undo_conf conf = { .dry_run = ctl_arg_bool(args, "dry_run", false),
				      .sure = ctl_arg_bool(args, "yes", false),
				      .deletes_max = ctl_arg_num(args, "deletes_max", 0) };
	struct undo *u = malloc(sizeof *u);
	struct asc_why why = { "" };
	int err;

	if (!u) {
		ctl_fail(rq, "out of memory");
		return;
	}
	*u = (struct undo){ .rq = rq, .st = a->st, .dry_run = conf.dry_run };
	obj_begin(&u->obj, UNDO_MAGIC);
	adm_wait_begin(&u->wait, a);
	err = asc_undo(a->asc, &conf, on_done, u, &why);
	if (!err) {
		return;
	}
	adm_wait_end(&u->wait);
	free(u);
	ctl_fail(rq, "%s; nothing was changed", why.text[0] ? why.text : err_str(err));
}

const struct ctl_command adm_undo_rows[] = {
	{ "assoc.undo", "restore the state before the last import", ctl_args_assoc_undo, true, on_undo },
	{ "assoc.undo.list", "list the states before imports that are kept", NULL, false, on_list },
	{ .name = NULL },
};
