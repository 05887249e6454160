/* dm_ndsips.c - the parent's side of the NDS/IP helper: the pairs of sockets between it and the
 * edges and the core, and the connection to charon. The helper may connect to nothing: it asks, and
 * the parent connects to the one path that the configuration names. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/str.h"
#include "daemon/dm_parent_int.h"

#define ASKED_AGAIN_MS 50u /* an honest helper waits longer */

void dm_ndsips_place(struct dm_parent *p)
{
	dm_child_init(&p->ndsip, p, DM_HELPER);
	if (cfg_ndsip_used(p->cfg)) {
		p->ndsip_n = 1;
	}
}

/* -- pairs */

static bool zone_has_ndsip(const struct cfg_iwf *cfg, enum zone zone)
{
	for (size_t i = 0; i < cfg->listen_n; i++) {
		if (cfg->listen[i].zone == (int)zone && protection_has_ndsip(cfg->listen[i].protection)) {
			return true;
		}
	}
	return false;
}

static bool needs_pair(const struct dm_child *c)
{
	return c->role == DM_CORE || (c->role == DM_EDGE && zone_has_ndsip(c->parent->cfg, c->zone));
}

static void lose(struct dm_child *c)
{
	const struct cfg_timers *timers = &c->parent->cfg->timers;
	struct dm_pair *pair = &c->ndsip_pair;

	pair->lost = true;
	dm_again_ended(&pair->again, true, net_loop_now_ms(c->parent->loop) - pair->since_ms);
	net_timer_start(c->ndsip_again, dm_again_pause_ms(&pair->again, timers->edge_restart_ms, timers->restart_max_ms));
}

static int make_pair(struct dm_child *c)
{
	struct dm_parent *p = c->parent;
	struct dm_msg m = { .kind = DM_NDSIP,
			    .generation = c->role == DM_CORE ? 0 : c->generation,
			    .index = c->ndsip_pair.number };
	int pair[2], err;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) < 0) {
		return ERR_IO;
	}
	err = dm_send(p->ndsip.sock, &m, &pair[1], 1);
	if (!err) {
		err = dm_send(c->sock, &m, &pair[0], 1);
	}
	close(pair[0]);
	close(pair[1]);
	return err;
}

static void join(struct dm_child *c)
{
	struct dm_parent *p = c->parent;
	char name[EDGE_WORDS_MAX];
	int err;

	if (!p->ndsip_n || !p->ndsip.pid || !c->pid || !needs_pair(c)) {
		return;
	}
	c->ndsip_pair.number++;
	c->ndsip_pair.lost = false;
	c->ndsip_pair.since_ms = net_loop_now_ms(p->loop);
	err = make_pair(c);
	if (err) {
		log_error(&p->log, "daemon", "%s gets no channel to the NDS/IP helper, it is tried again: %s",
			  dm_child_name(c, name), err_str(err));
		lose(c);
	}
}

void dm_ndsips_join(struct dm_child *c)
{
	struct dm_parent *p = c->parent;

	if (c->role != DM_HELPER) {
		join(c);
		return;
	}
	p->vici_ms = 0; /* a new helper asks when it likes */
	join(&p->core);
	for (uint32_t i = 0; i < p->edges_n; i++) {
		join(&p->edges[i]);
	}
}

static void on_again(void *arg)
{
	struct dm_child *c = OBJ_OF(arg, struct dm_child, DM_CHILD_MAGIC);
	char name[EDGE_WORDS_MAX];

	/* without one of the two the start of the next one makes the pair */
	if (c->ndsip_pair.lost && c->pid && c->parent->ndsip.pid && !c->parent->stopping) {
		log_warn(&c->parent->log, "daemon", "%s gets a new channel to the NDS/IP helper: the one before has closed",
			 dm_child_name(c, name));
		join(c);
	}
}

bool dm_ndsips_lost(struct dm_child *c, const struct dm_msg *m)
{
	if (!needs_pair(c) || !c->parent->ndsip_n) {
		return false;
	}
	if (m->index == c->ndsip_pair.number && !c->ndsip_pair.lost) { /* else it has a newer one already */
		lose(c);
	}
	return true;
}

int dm_ndsips_watch(struct dm_parent *p)
{
	int err = net_timer_new(&p->core.ndsip_again, p->loop, on_again, &p->core);

	for (uint32_t i = 0; i < p->edges_n && !err; i++) {
		err = net_timer_new(&p->edges[i].ndsip_again, p->loop, on_again, &p->edges[i]);
	}
	return err;
}

/* -- charon */

/* Does not wait: a charon that does not accept is one that is away. Returns the descriptor, or -1
 * with errno. */
static int connect_vici(const char *path)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd, failed;

	if (str_copy(a.sun_path, sizeof a.sun_path, path, strlen(path))) {
		errno = ENAMETOOLONG;
		return -1;
	}
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0) {
		return -1;
	}
	if (connect(fd, (const struct sockaddr *)&a, sizeof a) < 0) {
		failed = errno;
		close(fd);
		errno = failed;
		return -1;
	}
	return fd;
}

bool dm_ndsips_connect(struct dm_child *c)
{
	struct dm_parent *p = c->parent;
	struct dm_msg m = { .kind = DM_VICI };
	uint64_t now = net_loop_now_ms(p->loop);
	int fd;

	if (c->role != DM_HELPER || (p->vici_ms && now - p->vici_ms < ASKED_AGAIN_MS)) {
		return false;
	}
	p->vici_ms = now;
	fd = connect_vici(p->cfg->ndsip.vici);
	m.value = fd < 0 ? (uint64_t)errno : 0;
	if (dm_send(c->sock, &m, &fd, fd < 0 ? 0 : 1)) {
		log_warn(&p->log, "daemon", "the NDS/IP helper does not take messages");
	}
	if (fd >= 0) {
		close(fd);
	}
	return true;
}
