/* cfg_iwf_check.h - what one row cannot know: checks that span several keys. Inside conf/ only. */
#pragma once
#include "conf/cfg_iwf.h"

/* Also fills what follows from other keys (peer_index, ring_size as a power of two). ERR_INVAL: all errors are in `why`. What the reader
 * found wrong is not spoken of again (cfg_sound()). */
ERR_MUST_USE int cfg_iwf_check(struct cfg_iwf *c, struct report *why);
