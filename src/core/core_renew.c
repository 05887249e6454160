/* core_renew.c - open sessions after a change of their SCS or of the configuration: each is judged
 * by what its record has, and ends or gets its new limits. */
#include <string.h>

#include "base/anchor_list.h"
#include "core/core_int.h"
#include "core/core_limits.h"
#include "policy/pol_admit.h"

/* Ends a session that has what is no longer agreed, and returns true. */
static bool end_not_agreed(struct core_session *s, const struct asc_scs *scs)
{
	struct agreement agreed = core_agreement(scs);
	enum agreed_item item = agreement_check(&agreed, &s->connection);
	char words[AGREEMENT_TEXT_MAX];

	if (item == AGREED_ALL) {
		return false;
	}
	agreement_text(words, item, &agreed, &s->connection);
	log_warn(s->core->log, "core", "session of %s at %s is cut: %s: %s", s->scs->name, s->address,
		 pol_reason_words(pol_not_agreed(item)), words);
	core_decide_session_end(s->core, s, pol_reason_str(pol_not_agreed(item)), words);
	core_session_cut(s, CORE_CUT_NOT_AGREED);
	return true;
}

/* Ends a session that was admitted by a trust anchor that the SCS has no longer, and returns true.
 */
static bool end_other_anchor(struct core_session *s, const struct asc_scs *scs)
{
	if (!s->anchor_name[0] || anchor_list_has(scs->anchor, s->anchor_name)) {
		return false;
	}
	log_warn(s->core->log, "core", "session of %s at %s is cut: its trust anchor '%s' was taken from the SCS", s->scs->name,
		 s->address, s->anchor_name);
	core_decide_session_end(s->core, s, "anchor-removed", s->anchor_name);
	core_session_cut(s, CORE_CUT_SCS_CHANGED);
	return true;
}

/* Returns the number of sessions ended, 0 or 1. */
static uint32_t renew(struct core_session *s, const struct asc_scs *scs)
{
	struct scs_limits limits;

	if (end_other_anchor(s, scs) || end_not_agreed(s, scs)) {
		return 1;
	}
	core_scs_limits(s->core, scs, &limits);
	if (limits.pending_max != s->pending_max || scs->p_bit_optional != s->p_bit_optional ||
	    scs->revocation_soft != s->revocation_soft) {
		core_session_terms(s, scs);
	}
	return 0;
}

uint32_t core_sessions_renew(struct core *c, const char *scs)
{
	struct core_session *s, *next;
	uint32_t ended = 0;

	for (s = TAILQ_FIRST(&c->sessions.list); s; s = next) {
		const struct asc_scs *now =
		    scs && strcmp(scs, s->scs->name) != 0 ? NULL : asc_scs_find(c->store.asc, s->scs->name);

		next = TAILQ_NEXT(s, entry);
		if (now && !s->edge->bad) {
			ended += renew(s, now);
		}
	}
	return ended;
}
