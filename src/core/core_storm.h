/* core_storm.h - an SCS that connects again and again (limits.connection_rate_per_scs). */
#pragma once
#include <stdbool.h>

struct core;
struct asc_scs;

/* Takes a token for one more connection; true: none is left. Only for an SCS that has proven who
 * it is: nobody else can take its tokens. It may begin as many at once as it may have, so that it
 * comes back whole after a restart of either side. */
bool core_storm_too_often(struct core *c, const struct asc_scs *scs);
/* Whether the log gets a line about the refusal: one a second, and how many more there were.
 * `scs` is one that core_storm_too_often() was asked about. */
bool core_storm_may_log(struct core *c, const struct asc_scs *scs);
