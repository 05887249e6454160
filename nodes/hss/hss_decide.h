/* hss_decide.h - what a Subscriber-Information-Request is answered (TS 29.336 5.2.1.2). PURE: facts in, answer out. */
#pragma once
#include "apps/s6m_sir.h"
#include "nodes/hss/hss_subscriber.h"

/* Fills everything of `out` but its head's origin and session: result, User-Identifier, Service-Data. `sub` is NULL when the request
 * names nobody. Borrows from sub and sir as long as `out` is used. Returns words for the log, static. */
const char *hss_decide(struct s6m_sia *out, const struct hss_subscriber *sub, const struct s6m_sir *sir);
