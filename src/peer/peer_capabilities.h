/* peer_capabilities.h - is the other side of a capabilities exchange the one we expect? (RFC 6733 5.3)
 * PURE. Says the Result-Code, never sends it. */
#pragma once
#include <stdbool.h>

#include "diameter/dia_base.h"

struct peer_expect {
	const char *our_host;         /* a peer that calls itself by our name is refused */
	const char *host, *realm;     /* who it has to be; NULL: anybody, for somebody else to decide on */
	const uint32_t *applications; /* ours */
	size_t applications_n;
	bool relay;            /* we relay: every application is common */
	bool security_missing; /* the transport is not protected although it has to be */
};

/* Code of the AVP whose value is no host name or realm: Origin-Host, Origin-Realm; 0: both are. */
uint32_t peer_capabilities_bad_name(const struct dia_capabilities *theirs);

/* A CER: the Result-Code of the CEA. 2001; 3010 it is not the expected one, or bears our name; 5004 Origin-Host or Origin-Realm is
 * no host name (the AVP for Failed-AVP: peer_capabilities_bad_name()); 5010 no common application; 5017. `why` points to static words for the log, "" with 2001. */
uint32_t peer_capabilities_judge(const struct dia_capabilities *theirs, const struct peer_expect *expect, const char **why);

/* A CEA: 0 when it says success and its sender passes the judgement above, else ERR_REFUSED (its Result-Code says no) or ERR_PROTO
 * (not the one we expected, nothing in common), `why` as above. */
ERR_MUST_USE int peer_capabilities_judge_cea(const struct dia_capabilities *cea, const struct peer_expect *expect,
					     const char **why);
