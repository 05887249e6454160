/* dm_reload.c - the configuration (dm_change.h), certificates, keys and anchors while the daemon
 * runs: read again when somebody asks, used by all processes or by none, and looked at for their
 * end.
 *
 *   SIGHUP, DM_RELOAD --> read, ask for users and groups (dm_names.h)
 *                               | (within timers.names; else as for errors)
 *                               check --(errors)--> log, answer; the old set stays
 *                               | (fine)
 *                               try the keys in a token, if any (dm_key_check.h); as above
 *                               | (fine)
 *                               +--> DM_SET to each process
 *                                       | (DM_SET_TAKEN of all, or WAIT_MS)
 *                                       +--> answer
 *                                       | (no DM_SET_TAKEN of one for timers.hang)
 *                                       +--> that process is ended; the next one has the set
 *                                       | (one refuses, and somebody has asked for the reload)
 *                                       +--> the set before once more as the next one (dm_back.h),
 *                                            DM_SET to each process; then the answer
 *
 * An edge gets a set when the keyholders have it, those that start included, and they keep the keys
 * of each set as long as an edge uses it: an edge never asks for one too early or too late. An edge
 * that starts before they have the newest gets the one that they have.
 *
 * What is asked for before the set is there follows when this one has ended, once for all of them:
 * a SIGHUP each second would let none end otherwise. What is asked for later ends the wait for the
 * processes.
 *
 * A process has one DM_SET at most that it did not answer, so that its queue of messages stays
 * short however often files are renewed. */
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "daemon/dm_back.h"
#include "daemon/dm_change.h"
#include "daemon/dm_console.h"
#include "daemon/dm_ends.h"
#include "daemon/dm_parent_int.h"

#define WAIT_MS 5000          /* for the processes to take a set */
#define LOOK_MS (3600 * 1000) /* a warning is at most an hour late, also after the clock was set */

/* -- the ends of certificates */

static void say_end(const struct dm_parent *p, const struct dm_end *end, enum dm_ends_level level, uint64_t now_s)
{
	char words[DM_ENDS_WORDS_MAX];

	log_write(&p->log, level >= DM_ENDS_OVER ? LOG_LEVEL_ERROR : LOG_LEVEL_WARN, "daemon", "%s",
		  dm_ends_words(words, p->cfg, end, level, now_s));
}

static void look(struct dm_parent *p)
{
	uint64_t now_s = clock_real_ms() / 1000;

	for (size_t i = 0; i < p->set->ends_n; i++) {
		enum dm_ends_level level = dm_ends_level_of(&p->set->ends[i], now_s);

		if (dm_ends_tell(&p->ends_said[i], level)) {
			say_end(p, &p->set->ends[i], level, now_s);
		}
	}
}

static void on_look(void *arg)
{
	struct dm_parent *p = OBJ_OF(arg, struct dm_parent, DM_PARENT_MAGIC);

	look(p);
	net_timer_start(p->look, LOOK_MS);
}

/* A file with the same end was spoken of already. */
static void forget_renewed(struct dm_parent *p, const struct dm_set *fresh)
{
	for (size_t i = 0; i < fresh->ends_n; i++) {
		if (i >= p->set->ends_n || p->set->ends[i].not_after_s != fresh->ends[i].not_after_s) {
			p->ends_said[i] = DM_ENDS_FAR;
		}
	}
}

/* -- the start */

static void on_late(void *arg);

int dm_files_watch(struct dm_parent *p)
{
	int err = net_timer_new(&p->look, p->loop, on_look, p);

	p->reload.back = malloc(sizeof *p->reload.back);
	if (!p->reload.back) {
		return ERR_NOMEM;
	}
	dm_back_init(p->reload.back);
	p->reload.next = malloc(sizeof *p->reload.next);
	if (!p->reload.next) {
		return ERR_NOMEM;
	}
	dm_change_none(p->reload.next);
	if (!err) {
		err = net_timer_new(&p->reload.timer, p->loop, on_late, p);
	}
	if (!err) {
		err = dm_reload_init(p);
	}
	if (!err) {
		on_look(p);
	}
	return err;
}

void dm_files_free(struct dm_parent *p)
{
	net_timer_free(p->look);
	net_timer_free(p->reload.timer);
	dm_reload_fini(p);
	if (p->reload.back) {
		dm_back_drop(p->reload.back);
	}
	free(p->reload.back);
	p->reload.back = NULL;
	if (p->reload.next) {
		dm_change_drop(p->reload.next);
	}
	free(p->reload.next);
	p->reload.next = NULL;
	dm_set_free(p->reload.fresh);
	p->reload.fresh = NULL;
	dm_set_free(p->set_signed);
	dm_set_free(p->set);
}

/* -- to the processes */

void dm_set_tell_core(const struct dm_child *edge)
{
	const struct dm_parent *p = edge->parent;
	struct dm_msg m = { .kind = DM_EDGE_SET, .generation = edge->generation, .value = edge->set_taken };

	if (edge->role == DM_EDGE && dm_child_ready(edge) && p->core.pid && dm_child_ready(&p->core) &&
	    dm_send(p->core.sock, &m, NULL, 0)) {
		log_warn(&p->log, "daemon", "the core does not take messages");
	}
}

bool dm_set_core_asked(const struct dm_parent *p)
{
	return p->core.pid && dm_child_ready(&p->core) && p->core.set_sent != p->core.set_taken;
}

void dm_set_offer(struct dm_child *c)
{
	const struct dm_parent *p = c->parent;
	char name[EDGE_WORDS_MAX];

	if (!c->pid || !dm_has_files(c) || !dm_child_ready(c) || c->set_sent != c->set_taken ||
	    c->set_taken == p->set->generation) {
		return;
	}
	if (c->role == DM_EDGE && (dm_set_core_asked(p) || !dm_holders_have(p, p->set->generation))) {
		return; /* nobody could sign with its keys yet, or know its listeners; dm_set_step() follows */
	}
	if (c->role == DM_EDGE) {
		dm_holders_keys(c);
	}
	if (dm_hand_set(c) == 0) {
		return;
	}
	log_error(&p->log, "daemon", "%s does not take messages and is restarted", dm_child_name(c, name));
	kill(c->pid, SIGKILL);
}

bool dm_set_unanswered(struct dm_child *c, uint64_t elapsed_ms, uint64_t limit_ms)
{
	bool over;

	if (c->set_sent == c->set_taken) {
		dm_hang_begin(&c->unanswered, c->set_sent);
		return false;
	}
	over = dm_hang_look(&c->unanswered, c->set_sent, elapsed_ms, limit_ms);
	if (over) {
		dm_hang_begin(&c->unanswered, c->set_sent);
	}
	return over;
}

static void look_whether_done(struct dm_parent *p);

void dm_set_step(struct dm_parent *p)
{
	dm_holders_forget(p);
	for (uint32_t i = 0; i < p->edges_n; i++) {
		dm_set_offer(&p->edges[i]);
	}
	dm_holders_used(p);
	look_whether_done(p);
}

static void go_back(struct dm_parent *p, const char *why);

/* The process's own log has more. */
static const char *refusal_words(char *out, size_t size, const struct dm_msg *m)
{
	static const char *const steps[] = {
		[DM_STEP_CONFIG] = "it cannot read the configuration",
		[DM_STEP_FILES] = "it cannot read the certificates and keys",
		[DM_STEP_CONTEXTS] = "it cannot use the certificates and keys",
		[DM_STEP_LISTEN] = "it cannot serve a listener",
	};
	int err = m->index <= INT_MAX ? -(int)m->index : ERR_INVAL;

	snprintf(out, size, "%s (%s)", m->what < DM_STEPS ? steps[m->what] : "for a reason that it does not name", err_str(err));
	return out;
}

#define REFUSAL_MAX 160

static void set_refused(struct dm_child *c, const struct dm_msg *m)
{
	struct dm_parent *p = c->parent;
	bool newest = m->generation == p->set->generation;
	char name[EDGE_WORDS_MAX], words[REFUSAL_MAX], why[EDGE_WORDS_MAX + REFUSAL_MAX + 2];

	log_error(&p->log, "daemon", "%s cannot use set %u of the files and goes on with set %u: %s", dm_child_name(c, name),
		  m->generation, c->set_taken, refusal_words(words, sizeof words, m));
	c->set_sent = c->set_taken;
	if (p->reload.goes_back && newest) { /* it has neither: the next process starts with what is in force */
		dm_child_set(c, DM_CHILD_KILLED);
		kill(c->pid, SIGKILL);
	} else if (p->reload.goes_back) {
		dm_set_offer(c);
	} else if (p->reload.waits && newest && p->reload.back->ready) {
		snprintf(why, sizeof why, "%s: %s", name, words);
		go_back(p, why);
		return;
	}
	if (c->role == DM_CORE) {
		dm_set_step(p); /* the edges waited for it */
	}
	look_whether_done(p); /* it is offered again when something else has changed, and not at once */
}

bool dm_set_taken(struct dm_child *c, const struct dm_msg *m)
{
	struct dm_parent *p = c->parent;

	if (c->set_sent == c->set_taken || m->generation != c->set_sent) {
		return false; /* each answer costs a line, or a message to the core: one for each question */
	}
	if (!m->value) {
		set_refused(c, m);
	} else {
		c->set_taken = m->generation;
		dm_set_tell_core(c);
		dm_set_offer(c); /* there may be a newer one by now */
		dm_set_step(p);
	}
	return true;
}

static void finish(struct dm_parent *p)
{
	bool back = p->reload.goes_back;

	p->reload.waits = p->reload.goes_back = false;
	net_timer_stop(p->reload.timer);
	dm_back_drop(p->reload.back);
	log_info(&p->log, "daemon", "set %u of the files is in use", p->set->generation);
	dm_answer(p, !back);
	dm_change_anew(p);
}

static bool lags(const struct dm_child *c)
{
	return c->pid && dm_has_files(c) && dm_child_ready(c) && c->set_taken != c->parent->set->generation;
}

/* It does not have the set yet and will: it was asked, or it is a keyholder that was started with
 * an older one. */
static bool is_to_come(const struct dm_child *c)
{
	if (c->role == DM_HOLDER && c->pid && !dm_child_ready(c)) {
		return c->set_sent != c->parent->set->generation;
	}
	return c->set_sent != c->set_taken && lags(c);
}

static void say_lagging(const struct dm_child *c, struct report *r)
{
	char name[EDGE_WORDS_MAX];

	if (lags(c)) {
		report_add(r, REPORT_WARNING, "%s still uses set %u of the files", dm_child_name(c, name), c->set_taken);
	}
}

static void look_whether_done(struct dm_parent *p)
{
	bool still = false;

	if (!p->reload.waits) {
		return;
	}
	for (uint32_t i = 0; i < dm_children(p) && !still; i++) {
		still = is_to_come(dm_child_at(p, i));
	}
	if (!still) {
		dm_set_over(p);
	}
}

void dm_set_over(struct dm_parent *p)
{
	if (!p->reload.waits) {
		return;
	}
	for (uint32_t i = 0; i < dm_children(p); i++) {
		say_lagging(dm_child_at(p, i), &p->reload.report);
	}
	finish(p);
}

static void begin_time(struct dm_parent *p)
{
	p->reload.since_ms = net_loop_now_ms(p->loop);
	net_timer_start(p->reload.timer, WAIT_MS);
}

/* The time is up. */
static void on_late(void *arg)
{
	struct dm_parent *p = OBJ_OF(arg, struct dm_parent, DM_PARENT_MAGIC);

	if (dm_hang_stood(p->reload.since_ms, net_loop_now_ms(p->loop), WAIT_MS)) {
		begin_time(p); /* the answers may be there, unread */
	} else {
		dm_set_over(p);
	}
}

/* -- the reload */

void dm_set_use(struct dm_parent *p, struct dm_set *fresh)
{
	forget_renewed(p, fresh);
	if (p->reload.goes_back) {
		dm_holders_back(p, fresh, p->reload.back->set);
		p->reload.back->set = NULL;
	} else {
		dm_holders_renew(p, fresh);
	}
	dm_crls_keep(p);
	look(p);
	p->reload.waits = true;
	begin_time(p);
	for (uint32_t i = 0; i < p->holders_n; i++) {
		dm_set_offer(&p->holders[i]);
	}
	dm_set_offer(&p->core);
	dm_set_offer(&p->ndsip);
	dm_set_step(p); /* the edges get it at once when no keyholder runs; else when those that run have the set */
}

/* The groups are those of the configuration before again. */
static void console_back(struct dm_parent *p)
{
	struct report unsaid = { .len = 0 };
	struct adm_console names;

	dm_console_look(&names, p->cfg, &unsaid);
	dm_console_use(p, &names);
}

/* A process refuses what others have already. The answer follows when all have the one before. */
static void go_back(struct dm_parent *p, const char *why)
{
	struct dm_reload *r = &p->reload;
	struct dm_set *set = NULL;
	struct dm_change change;
	int err;

	dm_change_none(&change);
	err = dm_back_make(&change, &set, r->back, p);
	if (err) {
		report_add(&r->report, REPORT_WARNING,
			   "%s; it goes on with the configuration before, and the others have the new one", why);
		log_error(&p->log, "daemon", "the configuration before cannot be used again: %s", err_str(err));
		dm_set_free(set);
		dm_back_drop(r->back);
		look_whether_done(p);
	} else {
		report_add(&r->report, REPORT_ERROR, "%s; all processes have the configuration before again", why);
		r->goes_back = true;
		if (change.cfg) {
			dm_back_starts(r->back, p, change.what.anew);
			dm_change_use(&change, p);
			console_back(p);
		}
		dm_disk_look(p);
		dm_set_use(p, set);
	}
	dm_change_drop(&change);
}
