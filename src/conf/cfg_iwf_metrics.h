/* cfg_iwf_metrics.h - the section `metrics` (room-private). */
#pragma once
#include "conf/cfg_schema.h"

struct cfg_iwf;

extern const struct cfg_row cfg_metrics_rows[];

/* ERR_INVAL: a listener of SCSs has the same place. Warns when others than this machine reach
 * it. */
ERR_MUST_USE int cfg_metrics_check(const struct cfg_iwf *c, struct report *why);
