/* core_trace_file.h - writes the file of a trace: blocks gather in one buffer while a thread writes
 * the other. The loop never waits; what has no room is refused. When the file takes no more, it
 * is cut back to whole blocks, so that what it has can be read. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "net/net_loop.h"

struct core_trace_file;

/* The file takes no more, for this reason (static words), or all of it is written: err 0. Once, and
 * not from inside a call of this header. The owner calls core_trace_file_drop() in a later turn. */
typedef void core_trace_ended_fn(void *arg, int err, const char *why);

/* Takes `fd` on success. `room`: octets of each buffer. ERR_INVAL with `why` (static): nothing can
 * be written to it. ERR_NOMEM. */
ERR_MUST_USE int core_trace_file_open(struct core_trace_file **out, struct net_loop *loop, int fd, size_t room, uint32_t idle_ms,
				      core_trace_ended_fn *ended, void *arg, const char **why);
/* A buffer with room for `need` octets, to append whole blocks to; NULL: none. */
struct buf *core_trace_file_room(struct core_trace_file *f, size_t need);
/* Something waits for core_trace_file_push(), or for the thread. */
bool core_trace_file_gathers(const struct core_trace_file *f);
/* Lets the thread write what has gathered; does nothing while it writes. */
void core_trace_file_push(struct core_trace_file *f);
/* Writes what has gathered; `ended` follows. */
void core_trace_file_end(struct core_trace_file *f);
/* Takes; NULL allowed. Closes the file at once, also in the middle of a block; no `ended`. False: a
 * write does not come back, and the object is left alone. */
bool core_trace_file_drop(struct core_trace_file *f);
