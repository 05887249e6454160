/* dm_process.h - what the core and the edges have in common as processes: the start from what the
 * parent hands over, messages of the parent, the sign of life, the end. A role adds its own part by
 * struct dm_process_kind. */
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "base/obj.h"
#include "daemon/dm_child.h"
#include "daemon/dm_sandbox.h"
#include "ipc/ipc_ring.h"

struct dm_process {     /* first member of the object of a role */
	struct obj obj; /* with the magic of the role */
	const struct dm_process_kind *kind;
	struct dm_inherited in;
	struct net_loop *loop;
	struct net_watch *parent;
	struct dm_beat *beat;
	struct dm_sandbox sandbox;
	struct dm_msg set_answer; /* that the parent did not take yet; kind 0: none */
	int status;               /* exit status of the process */
};
OBJ_FIRST(struct dm_process);

struct dm_process_kind {
	const char *program; /* name in the log until the role renames it */
	size_t size;         /* of the object of the role, in bytes */
	uint32_t magic;
	/* `in` and `loop` are there. An error is logged by the caller; tear_down() follows in any
	 * case. */
	int (*set_up)(struct dm_process *p);
	/* A message of the parent. Descriptors that are kept are set to -1 in `fds`; the others are
	 * closed by the caller. */
	void (*on_message)(struct dm_process *p, const struct dm_msg *m, int fds[DM_FDS_MAX]);
	/* Frees what set_up() made, also when it failed half-way. The loop is freed after it. */
	void (*tear_down)(struct dm_process *p);
	enum sbx_role sandbox; /* confined before set_up(), sealed after it */
};

/* The life of the process. Returns its exit status. */
int dm_process_main(const struct dm_process_kind *kind);
/* Stops the loop; dm_process_main() returns `status`. */
void dm_process_end(struct dm_process *p, int status);
/* Tells the parent whether the set of files is in use; `err` 0: it is, else what failed. An answer
 * for which the socket has no room now follows when it has: the parent sends no further set before
 * it. */
void dm_process_set_answer(struct dm_process *p, uint32_t generation, enum dm_set_step step, int err);
/* Takes the descriptors of a ring out of `fds`. */
struct ipc_ring_fds dm_process_ring(int fds[DM_FDS_MAX]);
