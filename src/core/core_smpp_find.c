/* core_smpp_find.c - the trigger that a receipt is about. */
#include <string.h>

#include "core/core_int.h"
#include "core/core_park.h"

static const char *msisdn_of(const struct trg *trg)
{
	return trg->sub.msisdn[0] ? trg->sub.msisdn : trg->req.msisdn;
}

static bool is_of(const struct trg *trg, const char *host)
{
	const char *its = trg->accepted_by ? trg->accepted_by : trg->sent_to;

	return its && strcmp(its, host) == 0;
}

/* An SMS-SC may give every message the same id (OsmoMSC does). Two that fit: neither is taken,
 * because a wrong report is worse than none. */
struct core_trigger *core_smpp_by_id(struct core *c, const char *id, const char *host)
{
	struct multimap_node *n = core_smpp_named_id(c, id);
	struct core_trigger *found = NULL;

	for (; n; n = multimap_next(n)) {
		struct core_seat *seat = core_smpp_named(n);
		struct core_trigger *t = core_seat_has_id(seat, id) ? core_seat_wake(c, seat) : NULL;

		if (!t || !is_of(t->trg, host)) {
			continue;
		}
		if (found && found != t) {
			return NULL;
		}
		found = t;
	}
	return found;
}

/* Of two that fit neither is taken, here too. */
struct core_trigger *core_smpp_by_reference(struct core *c, uint16_t reference, const char *msisdn, const char *host)
{
	struct multimap_node *n = core_smpp_named_reference(c, reference, msisdn);
	struct core_trigger *found = NULL;

	for (; n; n = multimap_next(n)) {
		struct core_seat *seat = core_smpp_named(n);
		struct core_trigger *t = seat->parked ? NULL : core_trigger_at(seat);

		if (!t || t->trg->message_id || core_smpp_reference(t->trg) != reference ||
		    strcmp(msisdn_of(t->trg), msisdn) != 0 || !is_of(t->trg, host)) {
			continue;
		}
		if (found) {
			return NULL;
		}
		found = t;
	}
	return found;
}
