/* dm_hear.c - messages of children. They have one size. The parent keeps nothing that they say but
 * "ready", "end that edge", a log level, which set of files they use, and that an operator wants a
 * reload. */
#include "daemon/dm_parent_int.h"

#include <signal.h>
#include <unistd.h>

#define MESSAGES_A_TURN 16 /* of one child, so that none keeps the parent busy */

static void end_edge(struct dm_parent *p, uint32_t generation, const char *of)
{
	char name[EDGE_WORDS_MAX];

	for (uint32_t i = 0; i < p->edges_n; i++) {
		if (p->edges[i].pid && p->edges[i].generation == generation) {
			log_error(&p->log, "daemon", "%s broke the rules of %s and is ended", dm_child_name(&p->edges[i], name),
				  of);
			kill(p->edges[i].pid, SIGKILL);
			return;
		}
	}
}

static void tell_edges(struct dm_parent *p, const struct dm_msg *m)
{
	char name[EDGE_WORDS_MAX];

	for (uint32_t i = 0; i < p->edges_n; i++) {
		if (p->edges[i].pid && dm_send(p->edges[i].sock, m, NULL, 0)) {
			log_warn(&p->log, "daemon", "%s does not take messages", dm_child_name(&p->edges[i], name));
		}
	}
}

/* False: this child must not send this message now. */
static bool on_message(struct dm_child *c, const struct dm_msg *m)
{
	struct dm_parent *p = c->parent;
	struct dm_msg level = { .kind = DM_LOG_LEVEL, .value = m->value };

	if (m->kind == DM_READY && !dm_child_ready(c)) {
		dm_life_ready(c);
	} else if (m->kind == DM_SANDBOX && !dm_child_ready(c)) {
		return dm_sandboxes_take(c, m);
	} else if (m->kind == DM_BAD_EDGE && c->role != DM_EDGE) {
		end_edge(p, m->generation,
			 c->role == DM_CORE     ? "its ring"
			 : c->role == DM_HOLDER ? "the keyholder"
			 : c->role == DM_HELPER ? "the NDS/IP helper"
						: "the fetcher");
	} else if (m->kind == DM_KEYS_LOST && c->role == DM_EDGE) {
		return dm_holders_lost(c, m);
	} else if (m->kind == DM_NDSIP_LOST) {
		return dm_ndsips_lost(c, m);
	} else if (m->kind == DM_VICI_WANTED) {
		return dm_ndsips_connect(c);
	} else if (m->kind == DM_FETCH_LOST) {
		return dm_fetchers_lost(c, m);
	} else if (m->kind == DM_FETCH_WANTED) {
		return dm_fetchers_connect(c, m);
	} else if (m->kind == DM_COUNT && c->role == DM_HOLDER) {
		return dm_holders_count(c, m);
	} else if (m->kind == DM_AUDIT_SIGNED) {
		return dm_audit_signed(c, m);
	} else if (m->kind == DM_LOG_LEVEL && c->role == DM_CORE && m->value <= LOG_LEVEL_DEBUG) {
		tell_edges(p, &level);
	} else if (m->kind == DM_SET_TAKEN && dm_child_ready(c)) {
		return dm_set_taken(c, m);
	} else if (m->kind == DM_RELOAD && c->role == DM_CORE && m->index) {
		dm_reload(p, m->index, m->value != 0);
	} else {
		return false;
	}
	return true;
}

void dm_hear(void *arg, int events)
{
	struct dm_child *c = OBJ_OF(arg, struct dm_child, DM_CHILD_MAGIC);
	int fds[DM_FDS_MAX], err = 0;
	struct dm_msg m;

	(void)events;
	for (int n = 0; n < MESSAGES_A_TURN && !err; n++) {
		err = dm_recv(c->sock, &m, fds);
		for (int i = 0; i < DM_FDS_MAX; i++) {
			if (fds[i] >= 0) {
				close(fds[i]); /* children send no descriptors */
			}
		}
		if (!err && !on_message(c, &m)) {
			err = ERR_PROTO;
		}
	}
	if (!err || err == ERR_AGAIN) {
		return;
	}
	net_watch_stop(c->watch); /* SIGCHLD follows */
	if (err != ERR_PROTO) {
		return;
	}
	log_error(&c->parent->log, "daemon", "pid %d says what no child says and is ended", (int)c->pid);
	kill(c->pid, SIGKILL);
}
