/* core_seen.h - lines about requests beside their decisions: rows of the screening that only
 * detect, copies and replays. An SCS, or an edge in other hands, decides how often these come, and
 * none of them is limited by a rate. So many lines a minute are written, and one more counts the
 * rest, a few seconds after the minute. The counters count all of them. */
#pragma once
#include "base/few.h"
#include "core/core_sessions.h"

#define CORE_SEEN_A_MINUTE 30u

enum core_seen_kind { CORE_SEEN_COPY, CORE_SEEN_REPLAY, CORE_SEEN_KINDS };

struct core_seen {
	struct few said[CORE_SEEN_KINDS]; /* lines of the log, over all SCSs */
	TAILQ_HEAD(, core_scs) left_out;  /* SCSs of which lines of the decision log were left out */
};

void core_seen_init(struct core *c);
/* A row that only detects caught a request: a line in the decision log, bounded for each SCS, so
 * that none hides what another one does. */
void core_seen_row(struct core *c, const struct core_session *s, enum screen_row row);
/* True: a line of this kind may be written to the log. */
bool core_seen_say(struct core *c, enum core_seen_kind kind);
/* Tells how many lines were left out. Every few seconds. */
void core_seen_look(struct core *c);
