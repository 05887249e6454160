/* dm_names.h - the users and groups that a configuration names, asked for by a process of their
 * own: the name service of this machine may hang, and the parent must not. That process is this
 * program again, with one end of a pair, and no file and no key of the parent. It has what sandbox
 * the parent has. */
#pragma once
#include <stdint.h>

#include "base/report.h"
#include "conf/cfg_names.h"

#define DM_NAMES_WHY_MAX 320

/* Waits for the answers, `wait_ms` at most: for the start, -t and --restore. Asks for nothing when
 * there are no names. An error has its words in `why`. ERR_TIMEOUT, ERR_CLOSED, ERR_PROTO,
 * ERR_IO. */
ERR_MUST_USE int dm_names_wait(struct cfg_names *n, uint64_t wait_ms, char why[DM_NAMES_WHY_MAX]);

/* The process that asks: its exit status. */
int dm_names_main(void);

struct dm_parent;
/* The same beside the parent's loop: dm_reload_named() follows, within timers.names. ERR_NOMEM,
 * ERR_IO: it does not. */
ERR_MUST_USE int dm_names_begin(struct dm_parent *p, const struct cfg_names *n);
