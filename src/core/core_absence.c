/* core_absence.c - the names of a device, and the limit of the SCS. */
#include "core/core_absence.h"

#include "base/str.h"
#include "core/core_absent.h"
#include "core/core_int.h"

/* An IMSI is digits, as an MSISDN is: the letter keeps them apart. */
#define IMSI_NAME_MAX (1 + STR_DIGITS_MAX + 1)
static const char *imsi_name(char out[IMSI_NAME_MAX], const char *imsi)
{
	out[0] = imsi[0] ? 'i' : 0;
	str_set(out + 1, IMSI_NAME_MAX - 1, imsi);
	return out;
}

int core_absence_init(struct core *c)
{
	return core_absents_new(&c->absents, c->cfg->privacy.absent_devices, c->cfg->privacy.absent_window_ms);
}

void core_absence_fini(struct core *c)
{
	core_absents_free(c->absents);
}

static uint32_t answers_max(const struct core *c, const struct asc_scs *scs)
{
	return asc_scs_limit(scs->absent_max, c->cfg->privacy.absent_answers);
}

bool core_absence_over(const struct core *c, const struct asc_scs *scs, const struct pol_request *r)
{
	uint64_t now_ms = core_now_ms(c);
	uint32_t max = answers_max(c, scs);

	return r->action != TSP_ACTION_RECALL && core_absents_n(c->absents) &&
	       (core_absent_over(c->absents, scs->e164, r->external, max, now_ms) ||
		core_absent_over(c->absents, scs->e164, r->msisdn, max, now_ms));
}

bool core_absence_over_now(const struct core_trigger *t, const char *imsi)
{
	const struct core *c = t->core;
	const struct trg_request *r = &t->trg->req;
	const struct asc_scs *scs = core_absents_n(c->absents) ? asc_scs_find(c->store.asc, t->scs->name) : NULL;
	uint64_t now_ms = core_now_ms(c);
	char name[IMSI_NAME_MAX];
	uint32_t max;

	if (!scs || r->action == TSP_ACTION_RECALL) {
		return false; /* an SCS that was removed meanwhile is refused by its own reason */
	}
	max = answers_max(c, scs);
	return core_absent_over(c->absents, r->scs_e164, r->external, max, now_ms) ||
	       core_absent_over(c->absents, r->scs_e164, r->msisdn, max, now_ms) ||
	       core_absent_over(c->absents, r->scs_e164, imsi_name(name, imsi), max, now_ms);
}

void core_absence_learnt(const struct core_trigger *t, const char *imsi)
{
	struct core *c = t->core;
	const struct trg_request *r = &t->trg->req;
	const struct asc_scs *scs = asc_scs_find(c->store.asc, t->scs->name);
	uint32_t max = scs ? answers_max(c, scs) : c->cfg->privacy.absent_answers;
	uint64_t now_ms = core_now_ms(c), before = core_absents_forgotten(c->absents);
	char name[IMSI_NAME_MAX];

	st_count(&c->st, ST_ABSENT_ANSWERS);
	core_absent_count(c->absents, r->scs_e164, r->external, max, now_ms);
	core_absent_count(c->absents, r->scs_e164, r->msisdn, max, now_ms);
	core_absent_count(c->absents, r->scs_e164, imsi_name(name, imsi), max, now_ms);
	st_count_n(&c->st, ST_ABSENT_FULL, core_absents_forgotten(c->absents) - before);
}
