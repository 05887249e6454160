/* core_park.c - parks triggers and wakes them. */
#include "core/core_park.h"

#include <stdlib.h>
#include <string.h>

#include "core/core_int.h"
#include "trigger/trg_park.h"
#include "trigger/trg_parts.h"

#define LOOKED_A_TURN 256u

enum { WAS_DETECTED = 0x1, WAS_LEFT = 0x2, WAS_GIVEN_UP = 0x4, HAS_QUOTA = 0x8, WAS_KEPT = 0x10, HAS_ACCEPTED_MS = 0x20 };

struct core_parked {
	struct core_seat seat;
	const char *rule, *address; /* interned; NULL: not known */
	uint16_t machine_len;
	uint8_t flags, transaction_len;
	uint8_t protection; /* as of the trigger */
	uint64_t machine[]; /* struct trg_parked, and behind it the text of the transaction; none: after a restart */
};

static struct core_parked *parked_at(struct core_seat *seat)
{
	return CONTAINER_OF(seat, struct core_parked, seat);
}

static struct trg_parked *machine_of(struct core_parked *p)
{
	return (struct trg_parked *)(void *)p->machine;
}

bool core_seat_has_id(struct core_seat *seat, const char *id)
{
	const struct trg *trg = seat->parked ? NULL : core_trigger_at(seat)->trg;

	if (!trg) {
		return trg_parked_has_id(machine_of(parked_at(seat)), id);
	}
	return (trg->message_id && strcmp(trg->message_id, id) == 0) || trg_parts_find(trg->parts, id) != TRG_NO_PART;
}

const char *core_seat_e164(struct core_seat *seat)
{
	return seat->parked ? trg_parked_party(machine_of(parked_at(seat)))->scs_e164 : core_trigger_at(seat)->ref.e164;
}

/* -- finding */

static struct core_seat *seat_of(const struct core *c, const char *e164, uint32_t reference, uint64_t hash)
{
	struct multimap_node *n = multimap_first(&c->triggers.by_ref, hash);

	for (; n; n = multimap_next(n)) {
		struct core_seat *seat = CONTAINER_OF(n, struct core_seat, by_ref);

		if (seat->reference == reference && strcmp(core_seat_e164(seat), e164) == 0) {
			return seat;
		}
	}
	return NULL;
}

struct core_seat *core_seat_find(const struct core *c, const char *e164, uint32_t reference)
{
	return seat_of(c, e164, reference, core_seat_hash(c, e164, reference));
}

/* -- parking */

/* True if nothing refers to the trigger but the tables. */
static bool is_quiet(const struct core_trigger *t)
{
	bool busy =
	    t->input || t->dup || t->ask || t->turn || t->notice || t->stepping || t->storing || t->wait != CORE_WAIT_NOTHING;
	bool counts = t->counted || t->asks_quota || t->resuming || t->cancelled_ms;

	return !busy && !counts && !t->forgotten && !t->gone && t->seat.deadline.place &&
	       (!t->accepted_ms || t->accepted_ms == t->trg->taken_ms);
}

static uint8_t flags_of(const struct core_trigger *t)
{
	return (uint8_t)((t->detected ? WAS_DETECTED : 0) | (t->left ? WAS_LEFT : 0) | (t->given_up ? WAS_GIVEN_UP : 0) |
			 (t->has_quota ? HAS_QUOTA : 0) | (t->kept ? WAS_KEPT : 0) | (t->accepted_ms ? HAS_ACCEPTED_MS : 0));
}

/* ERR_STATE: it does more than wait for its report. ERR_NOMEM. */
static int parked_new(struct core_parked **out, struct core *c, const struct trg *trg, const char *transaction)
{
	uint64_t room[TRG_PARKED_MAX / sizeof(uint64_t)];
	size_t machine = trg_park((struct trg_parked *)(void *)room, trg), text = strlen(transaction);
	struct core_parked *p;

	if (!machine) {
		return ERR_STATE;
	}
	p = malloc(sizeof *p + machine + text);
	if (!p) {
		return ERR_NOMEM;
	}
	*p = (struct core_parked){ .seat = { .parked = true },
				   .machine_len = (uint16_t)machine,
				   .transaction_len = (uint8_t)text };
	memcpy(p->machine, room, machine);
	memcpy((uint8_t *)p->machine + machine, transaction, text);
	trg_parked_begin(machine_of(p), &c->triggers.conf);
	*out = p;
	return 0;
}

static void parked_end(struct core *c, struct core_parked *p)
{
	machine_end(&core_wait_machine, c->triggers.in_wait, CORE_WAIT_NOTHING);
	trg_parked_end(machine_of(p), &c->triggers.conf);
	c->triggers.parked--;
	free(p);
}

bool core_trigger_park(struct core_trigger *t)
{
	struct core *c = t->core;
	struct core_parked *p;

	OBJ_CHECK(t, CORE_TRIGGER_MAGIC);
	if (!is_quiet(t) || parked_new(&p, c, t->trg, t->transaction)) {
		return false;
	}
	p->rule = t->rule;
	p->address = t->address;
	p->protection = t->protection;
	p->flags = flags_of(t);
	core_seat_move(c, &t->seat, &p->seat);
	c->triggers.parked++;
	trg_free(t->trg);
	OBJ_END(t, CORE_TRIGGER_MAGIC);
	core_piece_trigger_end(c, t);
	return true;
}

int core_park_restored(struct core_park_new *out, struct core *c, struct core_scs *scs, const struct trg *trg)
{
	struct core_parked *p;
	int err = parked_new(&p, c, trg, "");

	if (err) {
		return err;
	}
	p->flags = WAS_LEFT;
	if (trg->message_id && core_smpp_name(c, &p->seat, trg)) {
		free(p);
		return ERR_NOMEM;
	}
	machine_begin(&core_wait_machine, c->triggers.in_wait, CORE_WAIT_NOTHING);
	c->triggers.parked++;
	*out = (struct core_park_new){ &p->seat, scs, core_seat_key(c, trg), trg->req.reference, trg->req.action };
	return 0;
}

int core_park_enter(struct core *c, const struct core_park_new *p)
{
	if (p->action != TSP_ACTION_RECALL && seat_of(c, core_seat_e164(p->seat), p->reference, p->key.by_ref)) {
		core_park_drop(c, p);
		return ERR_EXISTS;
	}
	core_seat_enter(c, p->seat, p->scs, p->reference, p->action, p->key.by_ref);
	core_seat_by_device(c, p->seat, p->action, p->key.by_device);
	return 0;
}

void core_park_drop(struct core *c, const struct core_park_new *p)
{
	core_smpp_unname(c, p->seat);
	parked_end(c, parked_at(p->seat));
}

void core_park_look(struct core *c)
{
	struct core_triggers *all = &c->triggers;

	for (uint32_t i = 0; i < LOOKED_A_TURN && all->in_state[TRG_ACCEPTED] > all->parked + all->awake_max; i++) {
		struct core_seat *seat = core_cursor_seat(&all->park);

		if (!seat) {
			core_cursor_restart(&all->park);
		} else if (!seat->parked) {
			(void)core_trigger_park(core_trigger_at(seat));
		}
	}
}

/* -- looking without waking */

void core_seat_look(struct core_seat *seat, struct core_seat_facts *out)
{
	if (seat->parked) {
		const struct trg_parked *m = machine_of(parked_at(seat));

		*out = (struct core_seat_facts){ trg_parked_received_ms(m), trg_parked_action(m), TRG_ACCEPTED };
	} else {
		const struct trg *trg = core_trigger_at(seat)->trg;

		*out = (struct core_seat_facts){ trg->req.received_ms, trg->req.action, trg->state };
	}
}

void core_seat_counts(struct core_seat *seat)
{
	if (seat->parked) {
		parked_at(seat)->flags |= HAS_QUOTA;
	} else {
		core_trigger_at(seat)->has_quota = true;
	}
}

/* -- waking */

static struct core_trigger *trigger_of(struct core *c, struct core_parked *p)
{
	struct core_trigger *t = core_piece_trigger(c);

	if (t && trg_unpark(&t->trg, machine_of(p), p->seat.deadline.at, &c->triggers.conf, c->triggers.ports, c)) {
		core_piece_trigger_end(c, t);
		return NULL;
	}
	return t;
}

static void take_rest(struct core_trigger *t, struct core *c, const struct core_parked *p)
{
	obj_begin(&t->obj, CORE_TRIGGER_MAGIC);
	t->trg->owner = t;
	t->core = c;
	t->scs = p->seat.scs;
	t->ref = core_reference_of(t->trg->req.scs_e164, t->trg->req.reference);
	t->rule = p->rule;
	t->address = p->address;
	t->protection = p->protection;
	t->detected = p->flags & WAS_DETECTED;
	t->left = p->flags & WAS_LEFT;
	t->given_up = p->flags & WAS_GIVEN_UP;
	t->has_quota = p->flags & HAS_QUOTA;
	t->kept = p->flags & WAS_KEPT;
	t->accepted_ms = p->flags & HAS_ACCEPTED_MS ? t->trg->taken_ms : 0;
	if (p->transaction_len) {
		memcpy(t->transaction, (const uint8_t *)p->machine + p->machine_len, p->transaction_len);
	} else {
		core_transaction_text(t->transaction, 0, t->trg->number);
	}
}

struct core_trigger *core_seat_wake(struct core *c, struct core_seat *seat)
{
	struct core_parked *p;
	struct core_trigger *t;

	if (!seat->parked) {
		return core_trigger_at(seat);
	}
	p = parked_at(seat);
	t = trigger_of(c, p);
	if (!t && core_memory_spend(c)) { /* it was accepted */
		t = trigger_of(c, p);
	}
	if (!t) {
		c->triggers.unwoken++;
		log_error(c->log, "core", "no memory for a trigger that is woken");
		return NULL;
	}
	take_rest(t, c, p);
	core_seat_move(c, seat, &t->seat);
	c->triggers.parked--;
	trg_parked_end(machine_of(p), &c->triggers.conf);
	free(p);
	return t;
}

/* -- walks */

static void park_again(struct core_cursor *w)
{
	struct core_seat *woken = w->woken;

	w->woken = NULL;
	if (woken) {
		(void)core_trigger_park(core_trigger_at(woken)); /* it stays awake if it does more than wait now */
	}
}

struct core_trigger *core_park_next(struct core_cursor *w)
{
	struct core_trigger *t = NULL;
	struct core_seat *seat;

	park_again(w);
	while (!t && (seat = core_cursor_seat(w))) {
		bool parked = seat->parked;

		if (parked && w->awake_only) {
			continue;
		}
		t = core_seat_wake(w->core, seat);
		w->woken = t && parked ? &t->seat : NULL;
		w->missed |= !t;
	}
	return t;
}

/* -- the end */

void core_parked_free(struct core *c, struct core_seat *seat)
{
	core_seat_leave(c, seat);
	parked_end(c, parked_at(seat));
}
