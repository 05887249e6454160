/* cfg_iwf_screen.h - the section `screening`, made from the rows of base/screen_rule.h; for
 * cfg_iwf*.c only. */
#pragma once
#include "conf/cfg_schema.h"

struct cfg_iwf;

extern const struct cfg_row cfg_screening_rows[]; /* of struct cfg_screening */
/* Checks each rule against its row. ERR_INVAL: all errors are in `why`. */
ERR_MUST_USE int cfg_screening_check(const struct cfg_iwf *c, struct report *why);
