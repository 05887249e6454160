/* adm.h - the operator's commands on the control socket. They read the core and change it; the core does not know them. */
#pragma once
#include "base/err.h"

struct core;

/* Serves the commands on the listening UNIX socket `fd` (borrowed). Both outlive it. ERR_NOMEM, ERR_IO: nothing is served. */
ERR_MUST_USE int adm_open(struct core *c, int fd);
/* Ends all clients, imports and exports; nothing of an unfinished import is applied. Before core_free(). */
void adm_close(struct core *c);
