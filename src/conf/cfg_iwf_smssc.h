/* cfg_iwf_smssc.h - the section smssc: its rows, and what they need of the peer that t4.peer
 * names. */
#pragma once
#include "conf/cfg_iwf.h"

extern const struct cfg_row cfg_smssc_rows[];
/* Adds the errors and warnings to `why`. ERR_INVAL. */
ERR_MUST_USE int cfg_smssc_check(const struct cfg_iwf *c, struct report *why);
