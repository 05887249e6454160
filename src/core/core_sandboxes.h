/* core_sandboxes.h - what is in force in the sandbox of each process, as the processes say it; for
 * operators. */
#pragma once
#include <stddef.h>

#include "core/core.h"

struct core_sandboxes { /* all zero at the start */
	struct core_sandbox row[CORE_SANDBOXES_MAX];
	size_t n;
};
