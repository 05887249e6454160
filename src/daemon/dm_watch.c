/* dm_watch.c - the parent watches whether its children turn their loops; the other end, the beat of
 * a child, is here, too.
 *
 * A process that starts has no loop yet, and may read a large journal: time that its threads run on
 * a processor is its sign of life (dm_pulse.h). The module of a token may ask in vain for ever and
 * run a little each time: a keyholder with a token has its limit for the whole start. Writes of the
 * stores run in threads, so that a long commit or import does not hold the loop.
 *
 * A process whose loop turns must answer a set of files in the same time. One that was taken over
 * could otherwise keep an old set as long as it likes, and reloads end when too many are kept. */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/obj.h"
#include "daemon/dm_child.h"
#include "daemon/dm_parent_int.h"
#include "daemon/dm_pulse.h"
#include "sandbox/sbx.h"

#define TOKEN_ANSWERS 3u /* a token signs for the edges first, and then tries each key of the set */

/* -- the parent */

static bool has_token(const struct dm_child *c)
{
	return c->role == DM_HOLDER && c->slot == KH_PKCS11;
}

/* `what`: it has done or not done that. */
static void end_hung(struct dm_child *c, const char *hangs, const char *what, uint64_t limit_ms)
{
	struct dm_parent *p = c->parent;
	char state = dm_pulse_of(c->pid).state;
	const char *excuse = dm_hang_excuse(state);
	char name[EDGE_WORDS_MAX];

	if (excuse) {
		log_warn(&p->log, "daemon", "%s has %s for %" PRIu64 " ms; it is not ended: %s", dm_child_name(c, name), what,
			 limit_ms, excuse);
		return;
	}
	c->hung++;
	log_error(&p->log, "daemon", "%s %shas %s for %" PRIu64 " ms (timers.hang); it is ended and started again; %s",
		  dm_child_name(c, name), hangs, what, limit_ms, dm_hang_advice(state, has_token(c)));
	if (c->state == DM_CHILD_READY) {
		dm_child_set(c, DM_CHILD_KILLED);
	}
	kill(c->pid, SIGKILL);
}

/* A number that changes while the process lives. What cannot be read counts as life. */
static uint64_t life_of(const struct dm_child *c)
{
	uint64_t life;

	if (c->state != DM_CHILD_STARTING || has_token(c)) {
		return ipc_beat_read(c->beat);
	}
	life = dm_pulse_of(c->pid).life;
	return life ? life : c->hang.beat + 1;
}

/* The next line about one that is excused, or its end, comes after as long again. */
static void look_at(struct dm_child *c, uint64_t elapsed_ms)
{
	bool starts = c->state == DM_CHILD_STARTING;
	uint64_t limit_ms = dm_hang_limit_ms(c->parent->cfg->timers.hang_ms, starts, has_token(c));
	uint64_t answer_ms = has_token(c) ? TOKEN_ANSWERS * limit_ms : limit_ms;
	char what[64];

	if (!c->pid || (!starts && c->state != DM_CHILD_READY)) {
		return;
	}
	if (dm_hang_look(&c->hang, life_of(c), elapsed_ms, limit_ms)) {
		dm_hang_begin(&c->hang, life_of(c));
		end_hung(c, "hangs: it ", starts ? "not started" : "done nothing", limit_ms);
	} else if (!starts && dm_set_unanswered(c, elapsed_ms, answer_ms)) {
		snprintf(what, sizeof what, "not answered set %u of the files", c->set_sent);
		end_hung(c, "", what, answer_ms);
	}
}

static void on_look(void *arg)
{
	struct dm_parent *p = OBJ_OF(arg, struct dm_parent, DM_PARENT_MAGIC);
	uint64_t now_ms = net_loop_now_ms(p->loop), elapsed_ms = now_ms - p->looked_ms;

	if (p->stopping) {
		return; /* the stop has a limit of its own */
	}
	p->looked_ms = now_ms;
	for (uint32_t i = 0; i < dm_children(p); i++) {
		look_at(dm_child_at(p, i), elapsed_ms);
	}
	net_timer_start(p->look_alive, dm_hang_look_ms(p->cfg->timers.hang_ms));
}

static int page_of(struct dm_child *c)
{
	int err = ipc_beat_make(&c->beat_fd);

	return err ? err : ipc_beat_watch(&c->beat, c->beat_fd);
}

/* -- what the core is told */

static enum sbx_role kind_of(const struct dm_child *c)
{
	static const enum sbx_role kinds[] = { [DM_CORE] = SBX_CORE,    [DM_EDGE] = SBX_EDGE,       [DM_HOLDER] = SBX_KEYHOLDER,
					       [DM_HELPER] = SBX_NDSIP, [DM_FETCHER] = SBX_FETCHER, [DM_METER] = SBX_METRICS };

	return has_token(c) ? SBX_KEYHOLDER_P11 : kinds[c->role];
}

/* `all`: also when the core was told of them already. What it does not take is told again. */
static void tell_kind(struct dm_parent *p, enum sbx_role kind, bool all)
{
	struct dm_msg m = { .kind = DM_HUNG, .what = kind };
	struct dm_child *c;

	for (uint32_t i = 0; i < dm_children(p); i++) {
		c = dm_child_at(p, i);
		if (kind_of(c) == kind) {
			m.index += c->hung;
			m.value += c->hung - c->hung_told;
		}
	}
	if (!m.value && !(all && m.index)) {
		return;
	}
	if (dm_send(p->core.sock, &m, NULL, 0)) {
		log_warn(&p->log, "daemon", "the core does not take messages");
		return;
	}
	for (uint32_t i = 0; i < dm_children(p); i++) {
		c = dm_child_at(p, i);
		c->hung_told = kind_of(c) == kind ? c->hung : c->hung_told;
	}
}

static void tell_core(struct dm_parent *p, bool all)
{
	for (unsigned kind = 0; kind < SBX_ROLES; kind++) {
		tell_kind(p, (enum sbx_role)kind, all);
	}
}

void dm_watch_tell(struct dm_parent *p)
{
	bool any = false;

	for (uint32_t i = 0; i < dm_children(p) && !any; i++) {
		any = dm_child_at(p, i)->hung != dm_child_at(p, i)->hung_told;
	}
	if (any && p->core.pid && p->core.state == DM_CHILD_READY) {
		tell_core(p, false);
	}
}

void dm_watch_tell_all(struct dm_parent *p)
{
	tell_core(p, true);
}

int dm_watch_begin(struct dm_parent *p)
{
	int err = 0;

	for (uint32_t i = 0; i < dm_children(p) && !err; i++) {
		err = page_of(dm_child_at(p, i));
	}
	if (err || !p->cfg->timers.hang_ms) {
		return err;
	}
	err = net_timer_new(&p->look_alive, p->loop, on_look, p);
	if (err) {
		return err;
	}
	p->looked_ms = net_loop_now_ms(p->loop);
	net_timer_start(p->look_alive, dm_hang_look_ms(p->cfg->timers.hang_ms));
	return 0;
}

void dm_watch_anew(struct dm_child *c)
{
	dm_hang_begin(&c->hang, ipc_beat_read(c->beat));
}

static void page_free(struct dm_child *c)
{
	ipc_beat_close(c->beat);
	if (c->beat && c->beat_fd >= 0) {
		close(c->beat_fd);
	}
	c->beat = NULL;
}

void dm_watch_end(struct dm_parent *p)
{
	net_timer_free(p->look_alive);
	net_timer_free(p->decisions.timer);
	p->look_alive = NULL;
	for (uint32_t i = 0; i < dm_children(p); i++) {
		page_free(dm_child_at(p, i));
	}
}

/* -- a child */

#define DM_BEAT_MAGIC 0xc5a47d1cu
struct dm_beat {
	struct obj obj;
	struct ipc_beat *page;
	struct net_timer *timer;
	uint64_t every_ms;
};

static void on_beat(void *arg)
{
	struct dm_beat *b = OBJ_OF(arg, struct dm_beat, DM_BEAT_MAGIC);

	ipc_beat(b->page);
	net_timer_start(b->timer, b->every_ms);
}

int dm_beat_new(struct dm_beat **out, struct net_loop *loop, int fd, uint64_t limit_ms)
{
	struct dm_beat *b;
	int err;

	*out = NULL;
	if (!limit_ms) {
		return 0;
	}
	b = calloc(1, sizeof *b);
	if (!b) {
		return ERR_NOMEM;
	}
	obj_begin(&b->obj, DM_BEAT_MAGIC);
	b->every_ms = dm_hang_look_ms(limit_ms);
	err = ipc_beat_open(&b->page, fd);
	if (err) {
		goto free_beat;
	}
	err = net_timer_new(&b->timer, loop, on_beat, b);
	if (err) {
		goto close_page;
	}
	net_timer_start(b->timer, 0);
	*out = b;
	return 0;

close_page:
	ipc_beat_close(b->page);
free_beat:
	free(b);
	return err;
}

void dm_beat_now(struct dm_beat *b)
{
	if (b) {
		OBJ_CHECK(b, DM_BEAT_MAGIC);
		ipc_beat(b->page);
	}
}

void dm_beat_free(struct dm_beat *b)
{
	if (!b) {
		return;
	}
	OBJ_END(b, DM_BEAT_MAGIC);
	net_timer_free(b->timer);
	ipc_beat_close(b->page);
	free(b);
}
