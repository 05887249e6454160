/* core_restore.h - restores the triggers of the journal after a restart (CONTRACTS section 3,
 * "recovery"). */
#pragma once
#include "base/err.h"

struct core;

ERR_MUST_USE int core_triggers_restore(struct core *c); /* ERR_NOMEM, ERR_IO */
