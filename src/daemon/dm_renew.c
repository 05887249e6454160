/* dm_renew.c - a reload from who asks for it to a set that may be used: what is read, what is asked
 * for, what is checked. dm_reload.c has the drawing, and what comes after. */
#include "daemon/dm_back.h"
#include "daemon/dm_change.h"
#include "daemon/dm_console.h"
#include "daemon/dm_key_check.h"
#include "daemon/dm_names.h"
#include "daemon/dm_parent_int.h"
#include "keyholder/kh_sets.h"

#include <signal.h>

/* It runs, no answer of it is outstanding, and the newest set can be used: it was offered that one
 * and refused it. */
static bool has_refused(const struct dm_child *edge)
{
	return dm_child_ready(edge) && edge->set_sent == edge->set_taken &&
	       dm_holders_have(edge->parent, edge->parent->set->generation);
}

/* A keyholder keeps the keys of so many sets: one more, and this edge would have none. */
static struct dm_child *in_the_way(struct dm_parent *p, const struct dm_set *fresh, uint32_t *oldest)
{
	struct dm_child *edge = dm_holders_oldest(p, oldest);

	return edge && p->holders_n && fresh->generation - *oldest >= KH_SETS_MAX ? edge : NULL;
}

/* An edge that refuses every newer set makes room for one that starts with the newest. */
static int check_room(struct dm_parent *p, const struct dm_set *fresh, struct report *r)
{
	struct dm_child *edge;
	char name[EDGE_WORDS_MAX];
	uint32_t oldest;

	while ((edge = in_the_way(p, fresh, &oldest)) && has_refused(edge)) {
		log_error(&p->log, "daemon",
			  "%s still uses set %u of the files and refuses the newer ones; it is ended and started again",
			  dm_child_name(edge, name), oldest);
		dm_child_set(edge, DM_CHILD_KILLED);
		kill(edge->pid, SIGKILL);
	}
	if (!edge) {
		return 0;
	}
	report_add(r, REPORT_ERROR,
		   "%s still uses set %u of the files, and keys of at most %u sets are kept: end that process (pid %d), or wait",
		   dm_child_name(edge, name), oldest, KH_SETS_MAX, (int)edge->pid);
	return ERR_LIMIT;
}

/* Everything is checked and opened: from here on nothing fails in this process. */
static void take(struct dm_parent *p, struct dm_change *c, struct dm_set *fresh, struct adm_console *names)
{
	struct dm_reload *r = &p->reload;

	if (c->cfg) {
		r->config = r->config || c->other || c->what.changes;
		dm_change_behind(p, c->what.anew);
		dm_change_use(c, p);
	}
	if (names) {
		dm_console_use(p, names);
	}
	dm_disk_look(p);
	dm_set_use(p, fresh);
}

const struct cfg_iwf *dm_reload_cfg(const struct dm_parent *p)
{
	return p->reload.next->cfg ? p->reload.next->cfg : p->cfg;
}

/* All is checked: what is right is used. */
static void conclude(struct dm_parent *p, int err)
{
	struct dm_reload *r = &p->reload;
	struct dm_change *change = r->next;
	struct dm_set *fresh = r->fresh;
	struct adm_console names = ADM_CONSOLE_NONE;
	struct report unsaid = { .len = 0 };
	unsigned files = 0;
	bool named = false;

	r->fresh = NULL;
	if (!err) {
		err = check_room(p, fresh, &r->report);
	}
	if (!err) {
		files = dm_set_changes(p->set, fresh, fresh->cfg, &r->report);
		/* the check of a changed configuration has warned of missing names already */
		named = dm_console_changed(p, dm_reload_cfg(p), &names, change->other ? &unsaid : &r->report);
		r->config = named; /* who may do what is another one */
	}
	if (!err && !r->dry_run) {
		err = dm_back_keep(r->back, p, change->cfg != NULL);
		if (err) {
			report_add(&r->report, REPORT_ERROR, "what is in force cannot be kept for a way back: %s", err_str(err));
		}
	}
	if (err || r->dry_run || (!files && !change->what.changes && !change->other)) {
		dm_set_free(fresh);
		dm_back_drop(r->back);
		if (!err && !r->dry_run && named) {
			dm_console_use(p, &names);
		}
		dm_answer(p, !err);
	} else {
		take(p, change, fresh, named ? &names : NULL);
	}
	dm_console_fini(&names);
	dm_change_drop(change);
}

/* What was read is checked with these names, and then its keys in a token are tried. */
static void go_on(struct dm_parent *p, const struct cfg_names *asked)
{
	struct dm_reload *r = &p->reload;
	int err;

	p->cfg->names = *asked;
	err = dm_change_prepare(r->next, p, asked, &r->report);
	r->read = r->next->cfg != NULL;
	if (!err) {
		err = dm_set_load(&r->fresh, dm_reload_cfg(p), p->set, p->set->generation + 1, &r->report);
	}
	if (!err && dm_key_check_needed(r->fresh)) {
		err = dm_key_check_begin(p, r->fresh->fd[DM_PART_P11]);
		r->asks = !err;
	}
	if (!r->asks) {
		conclude(p, err);
	}
}

void dm_reload_tried(struct dm_parent *p)
{
	p->reload.asks = false;
	conclude(p, p->reload.report.errors ? ERR_INVAL : 0);
}

static void refuse(struct dm_parent *p, const char *why)
{
	struct dm_reload *r = &p->reload;

	report_add(&r->report, REPORT_ERROR, "%s", why);
	r->read = false;
	dm_change_drop(r->next);
	dm_set_free(r->fresh);
	r->fresh = NULL;
	dm_answer(p, false);
}

void dm_reload_named(struct dm_parent *p, const struct cfg_names *names, const char *why)
{
	p->reload.asks = false;
	if (why) {
		refuse(p, why);
	} else {
		go_on(p, names);
	}
}

static void begin(struct dm_parent *p, uint32_t core, uint32_t number, bool dry_run)
{
	struct dm_reload *r = &p->reload;
	struct cfg_names names = { .asked = true };

	r->number = number;
	r->core = core;
	r->report = (struct report){ .len = 0 };
	r->dry_run = dry_run;
	r->config = r->read = false;
	if (dm_change_read(r->next, p, &r->report)) {
		dm_change_drop(r->next);
		dm_answer(p, false); /* what is wrong is in the report */
		return;
	}
	cfg_names_add(&names, p->cfg);
	dm_change_names(&names, r->next, p);
	if (!names.n) {
		go_on(p, &names);
		return;
	}
	r->asks = true;
	if (dm_names_begin(p, &names)) {
		r->asks = false;
		refuse(p, "no process could be made that asks the name service of this machine");
	}
}

/* -- what is asked for while one is under way */

static bool follows(const struct dm_reload *r)
{
	return r->then.any || r->then.number;
}

/* One for all who ask meanwhile. A request that takes the place of another one has a client; that
 * of the other one is gone, and the file is to be read all the same. */
static void put_off(struct dm_parent *p, uint32_t number, bool dry_run)
{
	struct dm_reload_next *then = &p->reload.then;

	if (!follows(&p->reload)) {
		log_info(&p->log, "daemon", "reload: another one is under way, and this one follows it");
	}
	if (!number) {
		then->any = true;
		return;
	}
	then->any = then->any || (then->number && !then->dry_run);
	then->core = p->core.generation;
	then->number = number;
	then->dry_run = dry_run;
}

/* What a client asked for is for a SIGHUP, too, unless it is a dry run. */
static void on_next(void *arg)
{
	struct dm_parent *p = OBJ_OF(arg, struct dm_parent, DM_PARENT_MAGIC);
	struct dm_reload *r = &p->reload;
	struct dm_reload_next then = r->then;

	if (p->stopping || r->asks || r->waits || !follows(r)) {
		return; /* the end of the one that is under way comes here again */
	}
	r->then.number = 0;
	r->then.any = then.any && then.number && then.dry_run;
	begin(p, then.number ? then.core : p->core.generation, then.number, then.number && then.dry_run);
}

void dm_reload_ended(struct dm_parent *p)
{
	if (follows(&p->reload)) {
		net_timer_start(p->reload.then.timer, 0);
	}
}

int dm_reload_init(struct dm_parent *p)
{
	return net_timer_new(&p->reload.then.timer, p->loop, on_next, p);
}

void dm_reload_fini(struct dm_parent *p)
{
	net_timer_free(p->reload.then.timer);
	p->reload.then.timer = NULL;
}

void dm_reload(struct dm_parent *p, uint32_t number, bool dry_run)
{
	if (p->reload.asks || follows(&p->reload)) {
		put_off(p, number, dry_run);
		return;
	}
	if (p->reload.waits) {
		dm_set_over(p);
	}
	begin(p, p->core.generation, number, dry_run);
}

bool dm_reload_crls(struct dm_parent *p, uint64_t *refused)
{
	struct dm_reload *r = &p->reload;
	struct dm_set *fresh = NULL;
	bool used;

	if (r->waits || r->asks || follows(r)) {
		return false; /* one at a time: the next look finds the same files */
	}
	r->number = 0;
	r->report = (struct report){ .len = 0 };
	r->config = r->dry_run = r->read = false;
	if (dm_set_refresh(&fresh, p->set, p->cfg, p->set->generation + 1, refused, &r->report)) {
		dm_answer(p, false);
		return false;
	}
	used = dm_set_changes(p->set, fresh, p->cfg, &r->report) > 0;
	if (!used || check_room(p, fresh, &r->report)) {
		dm_set_free(fresh);
		dm_answer(p, !used);
		return !used;
	}
	p->crls.renewed++;
	dm_set_use(p, fresh);
	return true;
}
