/* cfg_iwf_ndsip.h - the section `ndsip` (room-private). */
#pragma once
#include "conf/cfg_schema.h"

struct cfg_iwf;

extern const struct cfg_row cfg_ndsip_rows[];

/* Notes whether the section is present, fills local_id in, and checks what spans several keys: the
 * section by itself, and with the listeners that need it. ERR_INVAL; errors are in `why`. */
ERR_MUST_USE int cfg_ndsip_check(struct cfg_iwf *c, struct report *why);
