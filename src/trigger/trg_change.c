/* trg_change.c - recall and replace: two triggers that change together (TS 23.682 5.2.3; CONTRACTS section 1, "recall names its
 * trigger by"). The original carries the number of the request that is about to change it, so that there is only one at a time, and so
 * that a reference used again meanwhile is never taken for it. */
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

static bool no(struct trg_refusal *out, uint32_t status, int reason)
{
	*out = (struct trg_refusal){ status, reason };
	return false;
}

/* What a request finds under the old reference. */
enum standing {
	STANDING_REFUSED, /* the refusal says why */
	STANDING_PENDING,
	STANDING_ENDED, /* struct trg_ended says what is known of it */
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
	return (struct trg_ended){ o->req.scs,    o->sub.imsi, msisdn_of(o), o->req.external, o->taker ? o->taker : "",
				   o->drr != NULL };
}

/* Reported, and the SCS has not acknowledged it yet; or in the caller's memory. */
static bool has_ended(const struct trg *t, const struct trg *o, struct trg_ended *out)
{
	if (o) {
		*out = facts_of(o);
	} else if (!t->ports->ended(t->arg, t, out)) {
		return false;
	}
	return (!o || (o->has_outcome && o->accepted)) && strcmp(out->scs, t->req.scs) == 0;
}

/* What is not here was never accepted from this SCS, or is forgotten: the SMS-SC is not asked, because nobody could say whose device it
 * is. `out` is of one that has ended, or is pending. */
static enum standing look(const struct trg *t, const struct trg *o, struct trg_ended *out, struct trg_refusal *no)
{
	const struct trg_reasons *why = &t->conf->reasons;

	if (has_ended(t, o, out)) {
		return STANDING_ENDED;
	}
	if (!o || o->has_outcome || strcmp(o->req.scs, t->req.scs) != 0) {
		return refused(no, TSP_STATUS_PERMANENTERROR, why->original_unknown);
	}
	if (o->state != TRG_ACCEPTED || (o->changer && o->changer != t->number)) {
		return refused(no, TSP_STATUS_TEMPORARYERROR, why->original_busy);
	}
	return STANDING_PENDING;
}

static void to_taker(struct trg *t, const struct trg_ended *e)
{
	if (e->taker[0]) {
		t->taker = trg_names_keep(t->conf->takers, e->taker);
	}
}

bool trg_claim(struct trg *t, struct trg_refusal *out)
{
	struct trg *o = t->ports->original(t->arg, t);
	struct trg_ended e = { "", "", "", "", "", false };
	enum standing found = look(t, o, &e, out);

	if (found == STANDING_REFUSED) {
		return false;
	}
	if (found == STANDING_PENDING) {
		o->changer = t->number;
	}
	to_taker(t, &e);
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

static bool both(const char *a, const char *b)
{
	return a[0] && b[0];
}

/* Are both about one device? By what the HSS said (IMSI, then MSISDN), else by the names that the SCS gave. */
static bool same_device(const struct trg *t, const struct trg_ended *e)
{
	if (both(t->sub.imsi, e->imsi)) {
		return strcmp(t->sub.imsi, e->imsi) == 0;
	}
	if (both(msisdn_of(t), e->msisdn)) {
		return strcmp(msisdn_of(t), e->msisdn) == 0;
	}
	return both(t->req.external, e->external) && strcmp(t->req.external, e->external) == 0;
}

bool trg_claims_pending(struct trg *t)
{
	const struct trg *o = trg_claimed(t);

	return o && !o->has_outcome;
}

/* It may have been reported meanwhile, and has ended then. One that came under its reference since is another. */
bool trg_claim_stands(struct trg *t, struct trg_refusal *out)
{
	struct trg *o = is_change(t) ? t->ports->original(t->arg, t) : NULL;
	const struct trg_reasons *why = &t->conf->reasons;
	struct trg_ended e = { "", "", "", "", "", false };
	enum standing found;

	if (!is_change(t)) {
		return true;
	}
	found = look(t, o, &e, out);
	if (found == STANDING_REFUSED) {
		return false;
	}
	if (found == STANDING_PENDING && o->changer != t->number) {
		return no(out, TSP_STATUS_TEMPORARYERROR, why->original_busy);
	}
	if (found == STANDING_PENDING) {
		e = facts_of(o);
	}
	if (!same_device(t, &e)) { /* a right on one device says nothing about a trigger to another */
		return no(out, TSP_STATUS_NOTAUTHORIZED, why->original_device);
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

/* Did the SMS-SC report the original, as far as is known? The report of one that is there is on its way to the SCS. */
static bool original_reported(struct trg *t)
{
	struct trg *o = t->ports->original(t->arg, t);
	struct trg_ended e;

	if (trg_claimed(t) && pending(o)) {
		return false;
	}
	return (o && o->has_outcome) || (has_ended(t, NULL, &e) && e.reported);
}

/* The SMS-SC says that it has deleted the original. When the original's report is here all the same, that is what the SCS is told: it
 * was sent. A recall that comes back after a restart may find that the end of the original was written and its own was not. */
enum trg_state trg_recall_taken(struct trg_step *s)
{
	struct trg *t = s->t;
	bool reported = original_reported(t);

	trg_original_gone(t, TRG_EV_TAKEN_BACK);
	if (reported) {
		trg_say(t, TSP_STATUS_ORIGINALMESSAGESENT, t->conf->reasons.original_reported);
	} else {
		trg_say(t, TSP_STATUS_SUCCESS, t->conf->reasons.none);
	}
	return trg_end(s, false);
}
