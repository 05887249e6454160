/* dm_watch.c - the parent watches whether its children turn their loops; the other end, the beat of
 * a child, is here, too.
 *
 * Only a process that is ready is watched: a start may read a large journal, and has its own end
 * (dm_again.h). Writes of the stores run in threads, so that a long commit or import does not hold
 * the loop.
 *
 * A process whose loop turns must answer a set of files in the same time. One that was taken over
 * could otherwise keep an old set as long as it likes, and reloads end when too many are kept. */
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/obj.h"
#include "daemon/dm_child.h"
#include "daemon/dm_parent_int.h"

/* -- the parent */

static char kernel_state(pid_t pid)
{
	char path[48], text[256];
	ssize_t n;
	int fd;

	snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		return 0;
	}
	n = read(fd, text, sizeof text - 1);
	close(fd);
	if (n <= 0) {
		return 0;
	}
	text[n] = 0;
	return dm_hang_state(text);
}

/* `what`: it has done or not done that. */
static void end_hung(struct dm_child *c, const char *hangs, const char *what)
{
	struct dm_parent *p = c->parent;
	const char *excuse = dm_hang_excuse(kernel_state(c->pid));
	uint64_t limit_ms = p->cfg->timers.hang_ms;
	char name[EDGE_WORDS_MAX];

	if (excuse) {
		log_warn(&p->log, "daemon", "%s has %s for %" PRIu64 " ms; it is not ended: %s", dm_child_name(c, name), what,
			 limit_ms, excuse);
		return;
	}
	p->hangs++;
	log_error(&p->log, "daemon", "%s %shas %s for %" PRIu64 " ms (timers.hang); it is ended and started again",
		  dm_child_name(c, name), hangs, what, limit_ms);
	dm_child_set(c, DM_CHILD_KILLED);
	kill(c->pid, SIGKILL);
}

/* The next line about one that is excused, or its end, comes after as long again. */
static void look_at(struct dm_child *c, uint64_t elapsed_ms)
{
	uint64_t limit_ms = c->parent->cfg->timers.hang_ms;
	char what[64];

	if (!c->pid || c->state != DM_CHILD_READY) {
		return;
	}
	if (dm_hang_look(&c->hang, ipc_beat_read(c->beat), elapsed_ms, limit_ms)) {
		dm_hang_begin(&c->hang, ipc_beat_read(c->beat));
		end_hung(c, "hangs: it ", "done nothing");
	} else if (dm_set_unanswered(c, elapsed_ms, limit_ms)) {
		snprintf(what, sizeof what, "not answered set %u of the files", c->set_sent);
		end_hung(c, "", what);
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

void dm_watch_ready(struct dm_child *c)
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
