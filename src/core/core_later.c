/* core_later.c - see core_later.h. */
#include "core/core_later.h"

#include <stdlib.h>

#include "base/fault.h"
#include "base/pages.h"
#include "base/shown.h"
#include "core/core_int.h"
#include "journal/jrn_later.h"

#define ENTERED_A_TURN 256u /* less than a millisecond */
#define TROUBLE_MS 1000u    /* until the next try without memory, or with a journal that cannot be read */
#define BEHIND_MS 5u        /* until the next look at an audit that has much to write */
#define BITS 64u

/* -- names */

static void place(struct core_later *l, uint64_t hash, uint32_t at)
{
	size_t i = hash & l->mask;

	while (l->names[i].at) {
		i = (i + 1) & l->mask;
	}
	l->names[i] = (struct core_later_name){ (uint32_t)(hash >> 32), at };
}

static void place_first(struct core_later *l)
{
	size_t i = l->placed++ % CORE_LATER_AHEAD;

	place(l, l->coming[i].hash, l->coming[i].at);
}

/* A large table comes from memory: the place is asked for some names ahead. */
static void note(struct core_later *l, uint64_t hash, uint32_t at)
{
	size_t i = l->noted % CORE_LATER_AHEAD;

	if (l->noted - l->placed == CORE_LATER_AHEAD) {
		place_first(l);
	}
	__builtin_prefetch(&l->names[hash & l->mask], 1);
	l->coming[i].hash = hash;
	l->coming[i].at = at;
	l->noted++;
}

static bool waits(const struct core_later *l, size_t i)
{
	return l->waits[i / BITS] >> i % BITS & 1;
}

void core_later_note(struct core *c, size_t i, const struct trg_waits *w)
{
	struct core_later *l = &c->later;

	l->waits[i / BITS] |= UINT64_C(1) << i % BITS;
	l->left++;
	note(l, core_seat_hash(c, w->scs_e164, w->reference), (uint32_t)i + 1);
	if (w->received_ms > l->old_ms) {
		note(l, core_dup_hash(c->dup, w->origin_host, w->end_to_end), (uint32_t)i + 1);
	}
}

/* -- entering */

static int enter(struct core *c, size_t i)
{
	struct core_later *l = &c->later;
	int err;

	l->waits[i / BITS] &= ~(UINT64_C(1) << i % BITS);
	l->left--;
	l->restoring.place = i;
	err = jrn_later_one(l->records, i, l->by->record, &l->restoring);
	if (err) {
		core_later_again(c, i);
	}
	return err;
}

void core_later_again(struct core *c, size_t i)
{
	struct core_later *l = &c->later;

	if (!l->waits || waits(l, i)) {
		return;
	}
	l->waits[i / BITS] |= UINT64_C(1) << i % BITS;
	l->left++;
	l->next = i < l->next ? i : l->next;
}

bool core_later_tells(struct core *c, size_t i)
{
	struct core_later *l = &c->later;
	uint64_t bit = UINT64_C(1) << i % BITS;
	bool first = !l->told || !(l->told[i / BITS] & bit);

	if (l->told) {
		l->told[i / BITS] |= bit;
	}
	return first;
}

/* Those that were read, and are not yet in the tables. */
static int settle(struct core *c, int err)
{
	if (!err) {
		err = c->later.by->enter_all(&c->later.restoring);
	}
	if (err) {
		c->later.by->drop_all(&c->later.restoring);
	}
	return err;
}

static int enter_named(struct core *c, uint64_t hash)
{
	struct core_later *l = &c->later;
	size_t before = l->left;
	int err = 0;

	for (size_t i = hash & l->mask; !err && l->names[i].at; i = (i + 1) & l->mask) {
		const struct core_later_name *n = &l->names[i];

		if (n->tag == (uint32_t)(hash >> 32) && waits(l, n->at - 1)) {
			err = enter(c, n->at - 1);
		}
	}
	if (!err && l->left == before) {
		return 0;
	}
	return settle(c, err);
}

int core_later_reference(struct core *c, const char *e164, uint32_t reference)
{
	return c->later.left ? enter_named(c, core_seat_hash(c, e164, reference)) : 0;
}

int core_later_request(struct core *c, const char *origin_host, uint32_t end_to_end)
{
	return c->later.left ? enter_named(c, core_dup_hash(c->dup, origin_host, end_to_end)) : 0;
}

int core_later_asked(struct core *c, const struct asc_scs *scs, const struct ipc_device_action *a)
{
	int err;

	if (!c->later.left) {
		return 0;
	}
	err = core_later_request(c, scs->origin_host, a->end_to_end);
	if (!err) {
		err = core_later_reference(c, scs->e164, a->reference);
	}
	if (!err && a->old_reference.present) {
		err = core_later_reference(c, scs->e164, a->old_reference.v);
	}
	return err;
}

/* The next that waits, from `next` on, and then from the first on. There is one. */
static size_t next_waiting(struct core_later *l)
{
	size_t words = l->n / BITS + 1;
	uint64_t bits = l->waits[l->next / BITS] >> l->next % BITS;

	while (!bits) {
		l->next = (l->next / BITS + 1) % words * BITS;
		bits = l->waits[l->next / BITS];
	}
	l->next += (size_t)__builtin_ctzll(bits);
	return l->next;
}

/* One that cannot be read keeps none of the others waiting: ERR_IO, and the others were entered. */
static int enter_some(struct core *c, size_t n)
{
	struct core_later *l = &c->later;
	bool unread = false;
	int err = 0;

	for (n = n < l->left ? n : l->left; n && !err; n--) {
		size_t i = next_waiting(l);

		err = enter(c, i);
		if (err == ERR_IO) {
			unread = true;
			l->next = i + 1;
			err = 0;
		}
	}
	err = settle(c, err);
	return !err && unread ? ERR_IO : err;
}

/* -- the end of it */

static void names_free(struct core_later *l)
{
	free(l->waits);
	free(l->told);
	free(l->names);
	l->waits = l->told = NULL;
	l->names = NULL;
}

static void release(struct core_later *l)
{
	jrn_later_end(l->records);
	l->records = NULL;
	names_free(l);
}

static void say_trouble(struct core *c, int err)
{
	if (c->later.troubled) {
		return;
	}
	c->later.troubled = true;
	log_error(c->log, "core",
		  "%zu triggers of the journal are not taken up yet: %s; they stay in the journal, and are tried again. Raise "
		  "limits.memory if there is no memory",
		  c->later.left, err_str(err));
}

static void on_turn(void *core)
{
	struct core *c = OBJ_OF(core, struct core, CORE_MAGIC);
	size_t left = c->later.left;
	int err;

	if (c->stop.begun || !c->later.records) {
		return;
	}
	if (core_audit_behind(c)) { /* each may need a record there, which must not be lost again */
		net_timer_start(c->later.timer, BEHIND_MS);
		return;
	}
	err = enter_some(c, ENTERED_A_TURN);
	FAULT_POINT(CORE_ENTERED_SOME);
	if (err == ERR_NOMEM && core_memory_spend(c)) { /* they were accepted */
		err = 0;
	}
	if (err) {
		say_trouble(c, err);
	}
	if (!err && !c->later.left) {
		release(&c->later);
		c->later.by->done(c);
		return;
	}
	net_timer_start(c->later.timer, err && c->later.left == left ? TROUBLE_MS : 0);
}

int core_later_all(struct core *c)
{
	return c->later.left ? enter_some(c, SIZE_MAX) : 0; /* the next turn ends it */
}

/* -- begin */

static int names_new(struct core_later *l)
{
	size_t places = 64;

	while (places < 4 * l->n) { /* two names for each */
		places *= 2;
	}
	l->waits = calloc(l->n / BITS + 1, sizeof *l->waits);
	l->told = calloc(l->n / BITS + 1, sizeof *l->told);
	l->names = calloc(places, sizeof *l->names);
	if (!l->waits || !l->told || !l->names) {
		return ERR_NOMEM;
	}
	pages_large(l->names, places * sizeof *l->names);
	l->mask = places - 1;
	return 0;
}

void core_later_begin(struct core *c, struct jrn_later *records, const struct core_restoring_by *by)
{
	struct core_later *l = &c->later;

	uint64_t now_ms = core_now_ms(c), window_ms = c->cfg->limits.duplicates_window_ms;

	l->records = records;
	l->n = jrn_later_count(records);
	l->by = by;
	l->old_ms = now_ms > window_ms ? now_ms - window_ms : 0;
	if (l->n <= c->cfg->limits.enter_first || l->n >= UINT32_MAX) {
		return;
	}
	if (names_new(l)) {
		names_free(l);
	}
}

int core_later_go(struct core *c, bool at_once)
{
	struct core_later *l = &c->later;
	char triggers[SHOWN_COUNT_MAX];
	int err;

	while (l->placed < l->noted) {
		place_first(l);
	}
	err = at_once ? core_later_all(c) : 0;
	if (err) {
		return err;
	}
	if (at_once || !core_later_notes(l)) {
		release(l);
		c->later.by->done(c);
		return 0;
	}
	l->restoring.loop_turns = true;
	err = net_timer_new(&l->timer, c->loop, on_turn, c);
	if (err) {
		return err;
	}
	if (l->left) {
		log_info(c->log, "core", "requests are answered from now on, with %s still to be taken up from the journal",
			 shown_count(triggers, l->left, "trigger"));
	}
	net_timer_start(l->timer, 0);
	return 0;
}

void core_later_fini(struct core *c)
{
	net_timer_free(c->later.timer);
	c->later.timer = NULL;
	c->later.left = 0;
	pages_ahead_end(&c->triggers.ahead);
	release(&c->later);
}
