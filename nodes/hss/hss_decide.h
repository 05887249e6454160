/* hss_decide.h - the decision on a Subscriber-Information-Request (TS 29.336 5.2.1.2). PURE: facts
 * in, answer out. */
#pragma once
#include "apps/s6m_sir.h"
#include "nodes/hss/hss_subscriber.h"

/* Fills `out` except the origin and session of its head: result, User-Identifier, Service-Data.
 * `sub` is NULL if no subscriber matches. `out` borrows from sub and sir. Returns a static text for
 * the log. */
const char *hss_decide(struct s6m_sia *out, const struct hss_subscriber *sub, const struct s6m_sir *sir);
