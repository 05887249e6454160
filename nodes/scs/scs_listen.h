/* scs_listen.h - an SCS that stays connected. It prints each delivery report once and acknowledges
 * every copy. */
#pragma once
#include "nodes/scs/scs_options.h"

struct log;

/* Runs until SIGTERM or SIGINT. Returns the exit code (nodes/common/node.h). */
int scs_listen(const struct scs_options *o, const struct log *log);
