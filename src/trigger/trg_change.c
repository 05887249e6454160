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

/* Everything of ours that the SMS-SC may hold is in the journal before its DTR leaves. So what is not here was refused, reported and
 * acknowledged, or taken back: there is nothing to ask the SMS-SC, and whose device it was nobody could say. */
static bool may_change(const struct trg *t, const struct trg *o, struct trg_refusal *out)
{
	const struct trg_reasons *why = &t->conf->reasons;

	if (!o || strcmp(o->req.scs, t->req.scs) != 0)
		return no(out, TSP_STATUS_ORIGINALMESSAGESENT, why->original_unknown);
	if (o->has_outcome)
		return no(out, TSP_STATUS_ORIGINALMESSAGESENT, why->original_reported);
	if (o->state != TRG_ACCEPTED || (o->changer && o->changer != t->number))
		return no(out, TSP_STATUS_TEMPORARYERROR, why->original_busy);
	return true;
}

bool trg_claim(struct trg *t, struct trg_refusal *out)
{
	struct trg *o = t->ports->original(t->arg, t);

	if (!may_change(t, o, out))
		return false;
	o->changer = t->number;
	return true;
}

/* It was the original before the restart if it is older than the request that names it. */
void trg_claim_again(struct trg *t)
{
	struct trg *o = is_change(t) ? t->ports->original(t->arg, t) : NULL;

	if (o && o->number < t->number && strcmp(o->req.scs, t->req.scs) == 0)
		o->changer = t->number;
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

static const char *msisdn_of(const struct trg *t)
{
	return t->sub.msisdn[0] ? t->sub.msisdn : t->req.msisdn;
}

bool trg_same_device(const struct trg *a, const struct trg *b)
{
	if (both(a->sub.imsi, b->sub.imsi))
		return strcmp(a->sub.imsi, b->sub.imsi) == 0;
	if (both(msisdn_of(a), msisdn_of(b)))
		return strcmp(msisdn_of(a), msisdn_of(b)) == 0;
	return both(a->req.external, b->req.external) && strcmp(a->req.external, b->req.external) == 0;
}

bool trg_claim_stands(struct trg *t, struct trg_refusal *out)
{
	struct trg *o = is_change(t) ? trg_claimed(t) : NULL;

	if (!is_change(t))
		return true;
	if (!o) /* it was pending a moment ago: its report came, and was acknowledged */
		return no(out, TSP_STATUS_ORIGINALMESSAGESENT, t->conf->reasons.original_reported);
	if (!may_change(t, o, out))
		return false;
	if (!trg_same_device(t, o)) /* a right on one device says nothing about a trigger to another */
		return no(out, TSP_STATUS_NOTAUTHORIZED, t->conf->reasons.original_device);
	return true;
}

void trg_release(struct trg *t)
{
	struct trg *o = trg_claimed(t);

	if (o)
		o->changer = 0;
}

void trg_original_gone(struct trg *t, enum trg_event_kind how)
{
	struct trg *o = trg_claimed(t);
	struct trg_event ev = { .kind = how };

	if (!o || t->as_new)
		return;
	o->changer = 0;
	if (pending(o))
		t->ports->tell(t->arg, o, &ev);
}

/* The SMS-SC says that it has deleted the original. When the original's report is here all the same, that is what the SCS is told: it
 * was sent. A recall that comes back after a restart may find that the end of the original was written and its own was not. */
enum trg_state trg_recall_taken(struct trg_step *s)
{
	struct trg *t = s->t, *o = trg_claimed(t);
	bool taken = o ? pending(o) : t->resumed;

	trg_original_gone(t, TRG_EV_TAKEN_BACK);
	if (taken)
		trg_say(t, TSP_STATUS_SUCCESS, t->conf->reasons.none);
	else
		trg_say(t, TSP_STATUS_ORIGINALMESSAGESENT, t->conf->reasons.original_reported);
	return trg_end(s, false);
}
