/* peer_capabilities.h - whether the other side of a capabilities exchange is the expected one (RFC
 * 6733 5.3).
 * PURE. Returns the Result-Code and sends nothing. */
#pragma once
#include <stdbool.h>

#include "diameter/dia_base.h"

struct peer_expect {
	const char *our_host;         /* a peer that calls itself by our name is refused */
	const char *host, *realm;     /* the expected names; NULL: any, and the caller decides */
	const uint32_t *applications; /* ours */
	size_t applications_n;
	bool relay;            /* we relay: every application is common */
	bool security_missing; /* the transport is not protected although it has to be */
};

/* Code of the AVP whose value is no host name or realm: Origin-Host, Origin-Realm; 0: both are. */
uint32_t peer_capabilities_bad_name(const struct dia_capabilities *theirs);

/* Judges a CER. Returns the Result-Code of the CEA: 2001; 3010: not the expected peer, or it has
 * our name; 5004: Origin-Host or Origin-Realm is not a host name (peer_capabilities_bad_name()
 * gives the AVP for Failed-AVP); 5010: no common application; 5017. `why` points to static words
 * for the log, "" with 2001. */
uint32_t peer_capabilities_judge(const struct dia_capabilities *theirs, const struct peer_expect *expect, const char **why);

/* Judges a CEA. 0 if it reports success and its sender passes the judgement above, else ERR_REFUSED
 * (its Result-Code is a refusal) or ERR_PROTO (not the expected peer, no common application), `why`
 * as above. */
ERR_MUST_USE int peer_capabilities_judge_cea(const struct dia_capabilities *cea, const struct peer_expect *expect,
					     const char **why);
