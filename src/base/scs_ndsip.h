/* scs_ndsip.h - what an SCS has when it is protected by NDS/IP (IPsec), one row each: lists of
 * addresses. As for the limits (scs_limits.h), the members of struct asc_scs, the record on disk,
 * arguments, options and columns are made from these rows, and tests compare the manuals with them.
 *
 * X(ID, member, max, "option", "meaning")
 *   ID      of the bit ASC_KEEP_ID
 *   member  of struct asc_scs; also the name of the argument and of the column
 *   max     addresses
 *   option  of mtcctl, without -- */
#pragma once

#define SCS_NDSIP_ADDRESSES_MAX 32 /* of each row */

#define SCS_NDSIP(X)                                                                                                             \
	X(NDSIP_IKE, ndsip_ike, 8, "ndsip-ike",                                                                                  \
	  "NDS/IP: IKE addresses of the SCS, at most 8, outside the tunnels; none: the SCS initiates, from any address")         \
	X(NDSIP_HOSTS, ndsip_hosts, 32, "ndsip-hosts",                                                                           \
	  "NDS/IP: addresses that the SCS connects from, at most 32, inside its tunnels; none: it has no NDS/IP")

#define SCS_NDSIP_INDEX(id_, member_, max_, option_, meaning_) SCS_##id_,
enum { SCS_NDSIP(SCS_NDSIP_INDEX) SCS_NDSIP_N };
