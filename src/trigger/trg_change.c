/* trg_change.c - recall and replace: two triggers that change together (TS 23.682 5.2.3;
 * CONTRACTS section 1, "recall names its trigger by").
 * The original carries the number of the request that changes it. So there is only one such
 * request at a time, and a reused reference is never mistaken for the original. */
#include <string.h>

#include "apps/tsp.h"
#include "trigger/trg_int.h"

static bool is_change(const struct trg *t)
{
	return t->req.action == TSP_ACTION_RECALL || t->req.action == TSP_ACTION_REPLACE;
}

bool trg_changes(const struct trg *t)
{
	return is_change(t) && !t->as_new;
}

static bool pending(const struct trg *o)
{
	return o->state == TRG_ACCEPTED || o->state == TRG_REVOKING;
}

static bool refuse_change(struct trg_refusal *out, uint32_t status, int reason)
{
	*out = (struct trg_refusal){ status, reason };
	return false;
}

/* State of the trigger under the old reference. */
enum standing {
	STANDING_REFUSED, /* see the refusal */
	STANDING_PENDING,
	STANDING_ENDED, /* its facts are in struct trg_ended */
};

static enum standing refused(struct trg_refusal *out, uint32_t status, int reason)
{
	*out = (struct trg_refusal){ status, reason };
	return STANDING_REFUSED;
}

static const char *msisdn_of(const struct trg *t)
{
	return t->sub.msisdn[0] ? t->sub.msisdn : t->req.msisdn;
}

static struct trg_ended facts_of(const struct trg *o)
{
	return (struct trg_ended){
		o->req.scs, o->sub.imsi, msisdn_of(o), o->req.external, o->accepted_by ? o->accepted_by : "", o->drr != NULL
	};
}

/* True if the original was reported and awaits the SCS's acknowledgement, or is only remembered
 * by the caller. */
static bool has_ended(const struct trg *t, const struct trg *o, struct trg_ended *out)
{
	if (o) {
		*out = facts_of(o);
	} else if (!t->ports->ended(t->arg, t, out)) {
		return false;
	}
	return (!o || (o->has_outcome && o->accepted)) && strcmp(out->scs, t->req.scs) == 0;
}

/* An unknown original was never accepted from this SCS, or is forgotten.
 * The SMS-SC is not asked, because the device of the trigger cannot be checked.
 * Fills `out` for an ended or a pending original. */
static enum standing look_up(const struct trg *t, const struct trg *o, struct trg_ended *out, struct trg_refusal *refusal)
{
	const struct trg_reasons *why = &t->conf->reasons;

	if (has_ended(t, o, out)) {
		return STANDING_ENDED;
	}
	if (!o || o->has_outcome || strcmp(o->req.scs, t->req.scs) != 0) {
		return refused(refusal, TSP_STATUS_PERMANENTERROR, why->original_unknown);
	}
	if (o->state != TRG_ACCEPTED || (o->changer && o->changer != t->number)) {
		return refused(refusal, TSP_STATUS_TEMPORARYERROR, why->original_busy);
	}
	return STANDING_PENDING;
}

static void to_smssc_of_original(struct trg *t, const struct trg_ended *e)
{
	if (e->accepted_by[0]) {
		t->accepted_by = trg_names_keep(t->conf->smssc_hosts, e->accepted_by);
	}
}

bool trg_claim(struct trg *t, struct trg_refusal *out)
{
	struct trg *o = t->ports->original(t->arg, t);
	struct trg_ended e = { "", "", "", "", "", false };
	enum standing found = look_up(t, o, &e, out);

	if (found == STANDING_REFUSED) {
		return false;
	}
	if (found == STANDING_PENDING) {
		o->changer = t->number;
	}
	to_smssc_of_original(t, &e);
	return true;
}

/* It was the original before the restart if it is older than the request that names it. */
void trg_claim_again(struct trg *t)
{
	struct trg *o = is_change(t) ? t->ports->original(t->arg, t) : NULL;

	if (o && o->number < t->number && strcmp(o->req.scs, t->req.scs) == 0) {
		o->changer = t->number;
	}
}

struct trg *trg_claimed(struct trg *t)
{
	struct trg *o = is_change(t) ? t->ports->original(t->arg, t) : NULL;

	return o && o->changer == t->number ? o : NULL;
}

static bool both_known(const char *a, const char *b)
{
	return a[0] && b[0];
}

/* True if both have the same device: by the HSS's IMSI, then MSISDN, else by the names given by
 * the SCS. */
static bool same_device(const struct trg *t, const struct trg_ended *e)
{
	if (both_known(t->sub.imsi, e->imsi)) {
		return strcmp(t->sub.imsi, e->imsi) == 0;
	}
	if (both_known(msisdn_of(t), e->msisdn)) {
		return strcmp(msisdn_of(t), e->msisdn) == 0;
	}
	return both_known(t->req.external, e->external) && strcmp(t->req.external, e->external) == 0;
}

bool trg_claims_pending(struct trg *t)
{
	const struct trg *o = trg_claimed(t);

	return o && !o->has_outcome;
}

/* The original may have been reported meanwhile and has ended then. A later trigger under its
 * reference is another one. */
bool trg_claim_stands(struct trg *t, struct trg_refusal *out)
{
	struct trg *o = is_change(t) ? t->ports->original(t->arg, t) : NULL;
	const struct trg_reasons *why = &t->conf->reasons;
	struct trg_ended e = { "", "", "", "", "", false };
	enum standing found;

	if (!is_change(t)) {
		return true;
	}
	found = look_up(t, o, &e, out);
	if (found == STANDING_REFUSED) {
		return false;
	}
	if (found == STANDING_PENDING && o->changer != t->number) {
		return refuse_change(out, TSP_STATUS_TEMPORARYERROR, why->original_busy);
	}
	if (found == STANDING_PENDING) {
		e = facts_of(o);
	}
	if (!same_device(t, &e)) { /* the right to one device allows nothing for another */
		return refuse_change(out, TSP_STATUS_NOTAUTHORIZED, why->original_device);
	}
	return true;
}

void trg_release(struct trg *t)
{
	struct trg *o = trg_claimed(t);

	if (o) {
		o->changer = 0;
	}
}

void trg_original_gone(struct trg *t, enum trg_event_kind how)
{
	struct trg *o = trg_claimed(t);
	struct trg_event ev = { .kind = how };

	if (!o || t->as_new) {
		return;
	}
	o->changer = 0;
	if (pending(o)) {
		t->ports->tell(t->arg, o, &ev);
	}
}

/* True if the SMS-SC has reported the original, as far as known. A known original's report is on
 * its way to the SCS. */
static bool original_reported(struct trg *t)
{
	struct trg *o = t->ports->original(t->arg, t);
	struct trg_ended e;

	if (o && o->told != TRG_TOLD_NOT) {
		return true;
	}
	if (trg_claimed(t) && pending(o)) {
		return false;
	}
	return (o && o->has_outcome) || (has_ended(t, NULL, &e) && e.reported);
}

/* The SMS-SC has deleted the original. If its report arrived all the same, the SCS learns that:
 * it was sent.
 * A recall repeated after a restart may find the end of the original recorded, but not its own. */
enum trg_state trg_recall_taken(struct trg_step *s)
{
	struct trg *t = s->t;
	bool reported = original_reported(t);

	trg_original_gone(t, TRG_EV_TAKEN_BACK);
	if (reported) {
		trg_send_answer(t, TSP_STATUS_ORIGINALMESSAGESENT, t->conf->reasons.original_reported);
	} else {
		trg_send_answer(t, TSP_STATUS_SUCCESS, t->conf->reasons.none);
	}
	return trg_end(s, false);
}
