/* dm_open.h - what the parent will open, as needed by the check of a configuration. */
#pragma once
#include <sys/resource.h>

#include "conf/cfg_iwf.h"

/* Descriptors that one process may need. */
rlim_t dm_descriptors(const struct cfg_iwf *c);

#define DM_BACKLOG 1024 /* connections that wait for an edge, for each listener */
