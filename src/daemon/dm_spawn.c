/* dm_spawn.c - starts a child: this program again in another role, or that of the metrics
 * (dm_become.h). Here is also the one door to the state of a child. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/str.h"
#include "daemon/dm_become.h"
#include "daemon/dm_parent_int.h"

static const char *const state_words[] = {
	[DM_CHILD_NONE] = "none", [DM_CHILD_STARTING] = "starting", [DM_CHILD_READY] = "ready", [DM_CHILD_KILLED] = "killed"
};

static const uint32_t next_states[] = {
	[DM_CHILD_NONE] = MACHINE_TO(DM_CHILD_STARTING) | MACHINE_TO(DM_CHILD_NONE), /* ended again at the end of the parent */
	[DM_CHILD_STARTING] = MACHINE_TO(DM_CHILD_READY) | MACHINE_TO(DM_CHILD_NONE),
	[DM_CHILD_READY] = MACHINE_TO(DM_CHILD_KILLED) | MACHINE_TO(DM_CHILD_NONE),
	[DM_CHILD_KILLED] = MACHINE_TO(DM_CHILD_NONE),
};

const struct machine dm_child_machine = { "daemon", "process", state_words, next_states, DM_CHILD_STATES };

void dm_child_init(struct dm_child *c, struct dm_parent *p, enum dm_role role)
{
	*c = (struct dm_child){ .obj = { DM_CHILD_MAGIC }, .parent = p, .role = role, .sock = -1 };
	machine_begin(&dm_child_machine, p->in_state, c->state);
}

void dm_child_set(struct dm_child *c, enum dm_child_state state)
{
	char name[EDGE_WORDS_MAX];

	OBJ_CHECK(c, DM_CHILD_MAGIC);
	c->state = (enum dm_child_state)machine_go_traced(&dm_child_machine, c->parent->in_state, &c->parent->log,
							  dm_child_name(c, name), c->state, state);
}

const char *dm_role_word(const struct dm_child *c)
{
	switch (c->role) {
	case DM_EDGE:
		return "edge";
	case DM_CORE:
		return "core";
	case DM_HELPER:
		return "ndsip";
	case DM_FETCHER:
		return "fetcher";
	case DM_METER:
		return "metrics";
	default:
		return kh_kind_name(c->slot);
	}
}

int dm_spawn(struct dm_child *c)
{
	char generation[16];
	char program[] = "mtc-iwfd", role_opt[] = "--role", conf_opt[] = "-c", generation_opt[] = "--generation";
	char role[32];
	char *path = strdup(c->parent->path);
	char *argv[] = { program, role_opt, role, generation_opt, generation, conf_opt, path, NULL };
	pid_t parent = getpid(), pid;
	int pair[2];

	str_set(role, sizeof role, dm_role_word(c));
	snprintf(generation, sizeof generation, "%u", c->generation);
	if (!path) {
		return ERR_NOMEM;
	}
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0) {
		free(path);
		return ERR_IO;
	}
	pid = fork();
	if (pid == 0) {
		dm_become(dm_user_of(c->parent, c->role), pair[1], parent,
			  c->role == DM_METER ? c->parent->scrape.program : "/proc/self/exe", argv);
	}
	free(path);
	close(pair[1]);
	if (pid < 0 || fcntl(pair[0], F_SETFL, O_NONBLOCK) < 0) {
		close(pair[0]);
		return ERR_IO;
	}
	c->pid = pid;
	dm_child_set(c, DM_CHILD_STARTING);
	c->sock = pair[0];
	return 0;
}
