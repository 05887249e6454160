/* dm_config.h - the configuration in force, as the parent hands it to its children: sealed, checked
 * once, and not read from the file again. It may be none that a file has, because some items wait
 * for the next start and what was removed keeps its place (conf/cfg_merge.h). */
#pragma once
#include "conf/cfg_iwf.h"

/* A sealed memory of it. A listener with port 0 has the port that it is bound to: ports by place,
 * 0: none. ERR_NOMEM, ERR_IO. */
ERR_MUST_USE int dm_config_make(int *fd, const struct cfg_iwf *cfg, const uint16_t ports[CFG_LISTEN_MAX]);
/* Takes fd. The caller owns *out. ERR_NOMEM, ERR_IO, ERR_PROTO (not made by this program). */
ERR_MUST_USE int dm_config_open(struct cfg_iwf **out, int fd);
