/* scs_run.h - trigger, replace and recall: connects, sends, waits for answers (and reports), prints
 * events, ends. */
#pragma once
#include "nodes/scs/scs_options.h"

struct log;

/* Returns the exit code (nodes/common/node.h). */
int scs_run(const struct scs_options *o, const struct log *log);
