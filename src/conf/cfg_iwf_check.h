/* cfg_iwf_check.h - checks that span several keys. Inside conf/ only. */
#pragma once
#include "conf/cfg_iwf.h"

/* Also fills derived members (peer_index, ring_size as a power of two). ERR_INVAL: all errors are
 * in `why`. Errors of the reader are not repeated (cfg_sound()). */
ERR_MUST_USE int cfg_iwf_check(struct cfg_iwf *c, struct report *why);

/* An address in the form that an IPv6 socket cannot reach. `key` is the whole name of its key. */
ERR_MUST_USE int cfg_check_form(const struct cfg_iwf *c, const char *key, const char *address, struct report *why);
