/* core_past.c - the facts remembered of a trigger after its end. Their record in the journal is in
 * core_past_record.c. */
#include "core/core_past.h"

#include <stdlib.h>
#include <string.h>

#include "apps/tsp.h"
#include "base/str.h"
#include "core/core_absence.h"
#include "core/core_int.h"
#include "core/core_past_record.h"

#define RECORD_ROOM 1024u   /* octets of the journal's file; more than most records need */
#define FORGOTTEN_A_TIME 8u /* entries dropped with each new one: no call drops thousands */
#define FORGOTTEN_A_LOOK 16384u

/* -- the entries */

static void entry_free(struct core *c, struct core_past_entry *e)
{
	struct core_pasts *p = &c->past;

	if (e->number && !p->closing && jrn_del(c->journal.jrn, e->number)) {
		log_error(c->log, "core", "journal record %llu stays for now", (unsigned long long)e->number);
	}
	if (map_has(&e->node)) {
		map_del(&p->by_ref, &e->node);
	}
	TAILQ_REMOVE(&p->by_age, e, entry);
	p->n--;
	free(e);
}

/* Drops the oldest entry before its time. False: there is none. */
static bool drop_oldest(struct core *c)
{
	struct core_past_entry *e = TAILQ_FIRST(&c->past.by_age);

	if (!e) {
		return false;
	}
	entry_free(c, e);
	st_count(&c->st, ST_REPORT_DUPLICATES_FULL);
	return true;
}

static void forget(struct core *c, uint64_t now_ms, uint32_t most)
{
	struct core_pasts *p = &c->past;
	struct core_past_entry *e;

	while (most-- && (e = TAILQ_FIRST(&p->by_age)) && now_ms >= e->ended_ms + p->keep_ms) {
		entry_free(c, e);
	}
}

void core_past_look(struct core *c)
{
	forget(c, core_now_ms(c), FORGOTTEN_A_LOOK);
}

static void make_room(struct core *c, uint64_t now_ms)
{
	struct core_pasts *p = &c->past;

	forget(c, now_ms, FORGOTTEN_A_TIME);
	if (p->n >= p->max) {
		(void)drop_oldest(c);
	}
}

static const char *keep(char **at, const char *text)
{
	char *kept = *at;
	size_t size = strlen(text) + 1;

	memcpy(kept, text, size);
	*at += size;
	return kept;
}

/* oldest entries dropped at most when there is no memory */
#define NOMEM_DROPS 8

static struct core_past_entry *entry_new(struct core *c, const struct core_past_texts *x, uint64_t now_ms, int drops)
{
	struct core_past_entry *e;
	size_t size =
	    sizeof *e + strlen(x->scs) + strlen(x->imsi) + strlen(x->msisdn) + strlen(x->external) + strlen(x->accepted_by) + 5;
	char *at;

	make_room(c, now_ms);
	e = calloc(1, size);
	if (!e && core_memory_spend(c)) { /* the entry belongs to an accepted trigger */
		e = calloc(1, size);
	}
	for (int i = 0; !e && i < drops && drop_oldest(c); i++) {
		e = calloc(1, size);
	}
	if (!e) {
		return NULL;
	}
	at = (char *)(e + 1);
	e->scs = keep(&at, x->scs);
	e->imsi = keep(&at, x->imsi);
	e->msisdn = keep(&at, x->msisdn);
	e->external = keep(&at, x->external);
	e->accepted_by = keep(&at, x->accepted_by);
	e->ended_ms = now_ms;
	TAILQ_INSERT_TAIL(&c->past.by_age, e, entry);
	c->past.n++;
	return e;
}

static struct core_past_entry *under(const struct core *c, const struct core_reference *ref)
{
	return MAP_OF(map_find(&c->past.by_ref, ref, sizeof *ref), struct core_past_entry, node);
}

/* A key of the table; the octets behind the digits are zero. */
static struct core_reference reference_of(const char *e164, uint32_t number)
{
	struct core_reference r = { .reference = number };

	str_cut(r.e164, sizeof r.e164, e164);
	return r;
}

/* Enters it under its reference, in place of an earlier one. */
static void enter(struct core *c, struct core_past_entry *e, const char *e164, uint32_t reference)
{
	struct core_past_entry *older;

	e->ref = reference_of(e164, reference);
	older = under(c, &e->ref);
	if (older) {
		map_del(&c->past.by_ref, &older->node);
	}
	map_add(&c->past.by_ref, &e->node, &e->ref, sizeof e->ref);
}

static struct core_past_entry *find(const struct core *c, const char *e164, uint32_t reference)
{
	struct core_reference ref = reference_of(e164, reference);

	return under(c, &ref);
}

bool core_past_reserved(const struct core *c, const char *e164, uint32_t reference, uint64_t now_ms)
{
	const struct core_past_entry *e = find(c, e164, reference);

	return e && now_ms < e->reserved_until_ms;
}

const struct core_past_entry *core_past_find(const struct core *c, const char *e164, uint32_t reference, uint64_t now_ms)
{
	const struct core_past_entry *e = find(c, e164, reference);

	return e && e->accepted && now_ms < e->ended_ms + c->past.window_ms ? e : NULL;
}

const struct core_past_entry *core_past_reported(const struct core *c, const char *e164, uint32_t reference, uint64_t now_ms)
{
	const struct core_past_entry *e = find(c, e164, reference);

	return e && e->reported && now_ms < e->ended_ms + c->past.window_ms ? e : NULL;
}

/* -- the end of a trigger */

/* True if the answer must be remembered: a second execution would contradict SUCCESS or 201, or
 * a replacement that the SMS-SC accepted as a new trigger.
 * A copy of another refused request is judged again. */
static bool answer_matters(const struct trg *trg)
{
	return trg->stored && trg->answered &&
	       (trg->answer_status == TSP_STATUS_SUCCESS || trg->answer_status == TSP_STATUS_TEMPORARYERROR || trg->accepted);
}

static bool trigger_matters(const struct trg *trg)
{
	return trg->req.action != TSP_ACTION_RECALL && (trg->accepted || trg->has_outcome || trg->may_report);
}

static struct core_past_entry *remember(struct core *c, const struct trg *trg, uint64_t now_ms)
{
	struct core_past_texts x = { trg->req.scs, trg->sub.imsi, trg->sub.msisdn[0] ? trg->sub.msisdn : trg->req.msisdn,
				     trg->req.external, trg->accepted_by ? trg->accepted_by : "" };
	struct core_past_entry *e = entry_new(c, &x, now_ms, NOMEM_DROPS);

	if (!e || !trigger_matters(trg)) {
		return e;
	}
	e->accepted = trg->accepted;
	e->reported = trg->drr != NULL;
	if (trg->has_outcome || trg->may_report) {
		e->reserved_until_ms = (trg->has_outcome ? trg->reported_ms : now_ms) + c->past.window_ms;
	}
	enter(c, e, trg->req.scs_e164, trg->req.reference);
	return e;
}

/* The put failed, so the journal still holds the ended trigger. Delete it: replaying it would
 * trigger the device again. */
static void on_kept(void *core, uint64_t number, int err)
{
	struct core *c = OBJ_OF(core, struct core, CORE_MAGIC);

	if (!err) {
		return;
	}
	st_count(&c->st, ST_JOURNAL_ANSWERS_LOST);
	if (jrn_del(c->journal.jrn, number)) {
		log_error(c->log, "core", "journal record %llu stays for now", (unsigned long long)number);
	}
}

bool core_past_keep(struct core *c, const struct trg *trg)
{
	struct ipc_device_action_answer a;
	uint64_t now_ms = core_now_ms(c);
	bool answer = answer_matters(trg) && core_dup_answer_of(c->dup, trg->req.origin_host, trg->req.end_to_end, now_ms, &a);
	struct core_past_entry *e = trg->stored && (answer || trigger_matters(trg)) ? remember(c, trg, now_ms) : NULL;
	uint8_t record[CORE_PAST_RECORD_MAX];
	size_t len;

	if (!e) {
		return false;
	}
	len = core_past_build(record, trg, e, answer ? &a : NULL);
	if (!len || jrn_put(c->journal.jrn, trg->number, record, len, on_kept, c)) {
		return false; /* remembered until the next restart only */
	}
	e->number = trg->number;
	return true;
}

/* -- after a restart */

static int restore_answer(struct core *c, const struct core_past_record *o)
{
	const struct core_past_answer *a = &o->answer;

	if (!(o->flags & CORE_PAST_HAS_ANSWER) || core_now_ms(c) >= a->received_ms + c->cfg->limits.duplicates_window_ms) {
		return 0;
	}
	return core_dup_restore(c->dup, o->room.host, a->end_to_end, a->digest, &a->answer, a->received_ms, NULL);
}

static int restore(struct core *c, uint64_t number, const struct core_past_record *o)
{
	struct core_past_entry *e;
	int err = restore_answer(c, o);

	if (!err && (o->flags & CORE_PAST_HAS_DRR)) {
		err = core_drrs_restore(c, o->drr, o->reported_ms);
	}
	if (err == ERR_NOMEM) {
		return err;
	}
	e = entry_new(c, &o->texts, core_now_ms(c), 0); /* drops no other entry, whose record would be lost */
	if (!e) {
		return ERR_NOMEM;
	}
	e->number = number;
	e->ended_ms = o->ended_ms;
	e->reserved_until_ms = o->reserved_until_ms;
	e->accepted = o->flags & CORE_PAST_WAS_ACCEPTED;
	e->reported = o->flags & CORE_PAST_WAS_REPORTED;
	if (o->flags & CORE_PAST_HAS_TRIGGER) {
		enter(c, e, o->room.e164, o->reference);
	}
	return 0;
}

int core_past_restore(struct core *c, uint64_t number, const void *record, size_t len)
{
	struct core_past_record o;

	if (core_past_parse(&o, record, len) == 0 && core_now_ms(c) < o.ended_ms + c->past.keep_ms) {
		return restore(c, number, &o);
	}
	if (jrn_del(c->journal.jrn, number)) { /* a damaged record, or one past its window */
		log_error(c->log, "core", "journal record %llu stays for now", (unsigned long long)number);
	}
	return 0;
}

/* -- the part */

/* At most half of the journal: triggers under way need the rest. */
static uint32_t max_of(const struct cfg_iwf *cfg)
{
	uint64_t fit = cfg->journal.size_max / 2 / RECORD_ROOM;

	return fit < cfg->limits.report_duplicates_max ? (uint32_t)fit : cfg->limits.report_duplicates_max;
}

int core_past_init(struct core *c)
{
	const struct cfg_limits *l = &c->cfg->limits;
	struct core_pasts *p = &c->past;

	TAILQ_INIT(&p->by_age);
	p->max = max_of(c->cfg);
	p->window_ms = l->report_duplicates_window_ms;
	p->keep_ms = p->window_ms > l->duplicates_window_ms ? p->window_ms : l->duplicates_window_ms;
	if (core_dup_new(&c->dup, l->duplicates_max, l->duplicates_window_ms) ||
	    core_replay_new(&c->replay, c->cfg->replay.entries_max, c->cfg->replay.window_ms)) {
		return ERR_NOMEM;
	}
	if (core_absence_init(c)) {
		return ERR_NOMEM;
	}
	return map_init(&p->by_ref);
}

void core_past_fini(struct core *c)
{
	struct core_past_entry *e;

	c->past.closing = true;
	while (c->past.max && (e = TAILQ_FIRST(&c->past.by_age))) {
		entry_free(c, e);
	}
	map_fini(&c->past.by_ref);
	core_absence_fini(c);
	core_replay_free(c->replay);
	core_dup_free(c->dup);
}
