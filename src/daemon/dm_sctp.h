/* dm_sctp.h - listeners and peers over SCTP: what the kernel must have for them. */
#pragma once
#include "conf/cfg_iwf.h"
#include "net/net_sctp.h"

/* What listener `i` needs beside address and port, in *ends; it borrows from `c`. NULL: TCP. */
const struct net_sctp_ends *dm_sctp_of(struct net_sctp_ends *ends, const struct cfg_iwf *c, size_t i);

/* What to say of a listener or a peer for which this kernel has no SCTP. */
#define DM_SCTP_MISSING "this kernel has no SCTP; load its module (modprobe sctp), or use transport tcp"

/* The same for either kind: the kernel or this build has none. */
const char *dm_sctp_missing(int transport);

/* A kernel without SCTP, for the peers that need it, and one with ADD-IP: warnings, because the
 * rest runs; a build without SCTP in user space: an error. */
void dm_sctp_check(const struct cfg_iwf *c, struct report *why);
