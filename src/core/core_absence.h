/* core_absence.h - what an SCS learns about the presence of a device from its triggers, counted
 * (core_absent.h) under each name: those that it gave, and the IMSI of the HSS, which is one
 * whatever name was given. A recall tells nothing of a device and is never refused here. */
#pragma once
#include <stdbool.h>

#include "base/err.h"

struct asc_scs;
struct core;
struct core_trigger;
struct pol_request;

ERR_MUST_USE int core_absence_init(struct core *c); /* ERR_NOMEM, ERR_IO */
void core_absence_fini(struct core *c);             /* a zeroed part is allowed */

/* Whether the SCS may not ask about the device of a request now. */
bool core_absence_over(const struct core *c, const struct asc_scs *scs, const struct pol_request *r);
/* The same when the HSS has answered, with the IMSI that it gave ("": none). Other triggers of the
 * SCS for the device may have been answered meanwhile, and under another name. */
bool core_absence_over_now(const struct core_trigger *t, const char *imsi);
/* The SCS is about to learn that the device of this trigger is absent, or was as long as the
 * trigger could wait. */
void core_absence_learnt(const struct core_trigger *t, const char *imsi);
