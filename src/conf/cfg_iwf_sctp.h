/* cfg_iwf_sctp.h - checks of listeners and peers over SCTP. Inside conf/ only. All: ERR_INVAL, the
 * errors are in `why`. */
#pragma once
#include "conf/cfg_iwf.h"

ERR_MUST_USE int cfg_sctp_check_listener(const struct cfg_iwf *c, size_t i, struct report *why);
ERR_MUST_USE int cfg_sctp_check_peer(const struct cfg_iwf *c, size_t i, struct report *why);
ERR_MUST_USE int cfg_sctp_check_times(const struct cfg_iwf *c, struct report *why);
