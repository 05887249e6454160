/* node_events.h - a file of JSON lines that agrees with a node's store. Lines gather during a turn
 * of the loop, are on disk before the commit that they belong to, and are removed if that commit
 * fails. Written by one process at a time. */
#pragma once
#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct node_events; /* opaque */

#define NODE_EVENTS_WHY_MAX 384
/* Opens or creates the file. Bytes after its last newline are left from a crash and are removed.
 * ERR_BUSY (another process writes it), ERR_INVAL (the tail is longer than any line of ours),
 * ERR_IO, ERR_NOMEM, with a reason in `why`. */
ERR_MUST_USE int node_events_open(struct node_events **out, const char *path, char why[NODE_EVENTS_WHY_MAX]);
/* After the file was moved away: opens or creates the file that has the name now, and continues
 * there. No effect if it is the same file. Gathered lines go to the new file: flush before, and
 * give the store the new end afterwards. Errors as above; the old file stays in use.
 *
 * A file that is copied and truncated (copytruncate of logrotate) needs no such call: the next line
 * goes to its beginning. */
ERR_MUST_USE int node_events_reopen(struct node_events *e, const char *path, char why[NODE_EVENTS_WHY_MAX]);
/* takes; NULL allowed; lines that were not flushed are dropped */
void node_events_close(struct node_events *e);

/* Calls fn for each line, without its newline. Stops if fn returns other than 0 and returns that;
 * ERR_IO, ERR_NOMEM. */
typedef int node_events_fn(void *arg, const char *line);
ERR_MUST_USE int node_events_each(struct node_events *e, node_events_fn *fn, void *arg);

/* One more line of this turn. Takes `event`; NULL, and no memory, make the next flush fail. */
void node_events_add(struct node_events *e, json_t *event);
/* Writes the lines of this turn to the disk. On failure (ERR_NOSPC, ERR_IO, ERR_NOMEM) none of them
 * remains. */
ERR_MUST_USE int node_events_flush(struct node_events *e);
/* Removes the lines of the last flush, after its commit failed. */
void node_events_undo(struct node_events *e);

uint64_t node_events_end(const struct node_events *e); /* size of the file in bytes */
/* Truncates the file to that length if it is longer: removes lines whose commit a crash prevented.
 * Does nothing if no line ends there: then the file is not the one that had this end. ERR_IO. */
ERR_MUST_USE int node_events_cut(struct node_events *e, uint64_t end);
