/* node_events.h - a file of JSON lines that agrees with a node's store: lines gather during a turn of the loop, are on disk before the
 * commit they belong to, and are taken back when that commit fails. One process at a time writes it. */
#pragma once
#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct node_events; /* opaque */

#define NODE_EVENTS_WHY_MAX 384
/* Opens or makes the file. What stands behind its last newline is the torn end of a crash and is cut off. ERR_BUSY (another process
 * writes it), ERR_INVAL (more stands there than a line of ours has), ERR_IO, ERR_NOMEM, with words in `why`. */
ERR_MUST_USE int node_events_open(struct node_events **out, const char *path, char why[NODE_EVENTS_WHY_MAX]);
/* After its file was moved away: opens or makes the one that has the name now, and goes on there. Nothing when it is the same file. Lines that
 * gathered go to the new one: flush before, and tell the store the new end after it. Errors as above; the old file stays in use.
 *
 * A file that is copied and cut (logrotate's copytruncate) needs no such call: the next line goes to its beginning. */
ERR_MUST_USE int node_events_reopen(struct node_events *e, const char *path, char why[NODE_EVENTS_WHY_MAX]);
void node_events_close(struct node_events *e); /* takes; NULL allowed; what was not flushed is dropped */

/* Calls fn for each line there is, without its newline, and stops when it returns other than 0; returns that; ERR_IO, ERR_NOMEM. */
typedef int node_events_fn(void *arg, const char *line);
ERR_MUST_USE int node_events_each(struct node_events *e, node_events_fn *fn, void *arg);

/* One more line of this turn. Takes `event`; NULL, and no memory, make the next flush fail. */
void node_events_add(struct node_events *e, json_t *event);
/* The lines of this turn to the disk. On failure (ERR_NOSPC, ERR_IO, ERR_NOMEM) nothing of them stays. */
ERR_MUST_USE int node_events_flush(struct node_events *e);
/* Takes back what the last flush wrote: its commit failed. */
void node_events_undo(struct node_events *e);

uint64_t node_events_end(const struct node_events *e); /* octets of the file */
/* Cuts the file to that length, if it is longer: lines whose commit a crash prevented. Nothing when no line ends there: then it is another
 * file than the one that had this end. ERR_IO. */
ERR_MUST_USE int node_events_cut(struct node_events *e, uint64_t end);
