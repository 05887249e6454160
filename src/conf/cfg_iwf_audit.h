/* cfg_iwf_audit.h - the section `audit` (room-private). */
#pragma once
#include "conf/cfg_schema.h"

struct cfg_iwf;

extern const struct cfg_row cfg_audit_rows[];

/* Fills the origin in, and checks it. ERR_INVAL; errors are in `why`. */
ERR_MUST_USE int cfg_audit_check(struct cfg_iwf *c, struct report *why);
