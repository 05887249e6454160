/* core_seat.c - enters triggers in the tables of the core and takes them out. */
#include <string.h>

#include "core/core_int.h"

uint64_t core_seat_hash_of(const struct core *c, const struct core_reference *r)
{
	return sip_hash(&c->triggers.key, r, sizeof *r);
}

uint64_t core_seat_hash(const struct core *c, const char *e164, uint32_t reference)
{
	struct core_reference r = core_reference_of(e164, reference);

	return core_seat_hash_of(c, &r);
}

/* Hash of one name of a device and its SCS. The caller compares all names of each match. */
uint64_t core_seat_name(const struct core *c, const char *e164, char kind, const void *name, size_t len)
{
	uint8_t key[STR_DIGITS_MAX + 2 + IDENT_EXTERNAL_MAX];
	struct buf b = buf_over(key, sizeof key);

	buf_bytes(&b, e164, strlen(e164));
	buf_u8(&b, (uint8_t)kind);
	buf_bytes(&b, name, len < IDENT_EXTERNAL_MAX ? len : IDENT_EXTERNAL_MAX);
	return sip_hash(&c->triggers.key, key, b.len);
}

/* The key is the first of these that the DTR carries: IMSI, MSISDN, External-Identifier. */
uint64_t core_seat_device(const struct core *c, const struct trg *trg)
{
	const char *msisdn = trg->sub.msisdn[0] ? trg->sub.msisdn : trg->req.msisdn;
	const char *name = trg->sub.imsi[0] ? trg->sub.imsi : msisdn[0] ? msisdn : trg->req.external;
	char kind = trg->sub.imsi[0] ? 'i' : msisdn[0] ? 'm' : 'e';

	return core_seat_name(c, trg->req.scs_e164, kind, name, strlen(name));
}

struct core_seat_key core_seat_key(const struct core *c, const struct trg *trg)
{
	return (struct core_seat_key){ core_seat_hash(c, trg->req.scs_e164, trg->req.reference), core_seat_device(c, trg) };
}

void core_seat_prefetch(const struct core *c, const struct core_seat_key *key)
{
	multimap_prefetch(&c->triggers.by_ref, key->by_ref);
	multimap_prefetch(&c->triggers.by_device, key->by_device);
}

void core_seat_prefetch_first(const struct core *c, const struct core_seat_key *key)
{
	multimap_prefetch_first(&c->triggers.by_ref, key->by_ref);
	multimap_prefetch_first(&c->triggers.by_device, key->by_device);
}

void core_seat_enter(struct core *c, struct core_seat *seat, struct core_scs *scs, uint32_t reference, uint32_t action,
		     uint64_t by_ref)
{
	seat->scs = scs;
	seat->reference = reference;
	if (action != TSP_ACTION_RECALL) {
		multimap_add(&c->triggers.by_ref, &seat->by_ref, by_ref);
	}
	TAILQ_INSERT_TAIL(&scs->triggers, seat, of_scs);
	TAILQ_INSERT_TAIL(&c->triggers.list, seat, entry);
	c->triggers.n++;
}

void core_seat_by_device(struct core *c, struct core_seat *seat, uint32_t action, uint64_t by_device)
{
	if (!seat->by_device.hash && action != TSP_ACTION_RECALL) {
		multimap_add(&c->triggers.by_device, &seat->by_device, by_device);
	}
}

void core_seat_leave(struct core *c, struct core_seat *seat)
{
	core_smpp_unname(c, seat);
	multimap_del(&c->triggers.by_device, &seat->by_device);
	multimap_del(&c->triggers.by_ref, &seat->by_ref);
	TAILQ_REMOVE(&seat->scs->triggers, seat, of_scs);
	TAILQ_REMOVE(&c->triggers.list, seat, entry);
	heap_del(&c->deadlines.heap, &seat->deadline);
	c->triggers.n--;
}

void core_seat_move(struct core *c, struct core_seat *from, struct core_seat *to)
{
	to->scs = from->scs;
	to->reference = from->reference;
	core_cursors_move(c, from, to);
	core_smpp_name_move(from, to);
	TAILQ_INSERT_BEFORE(from, to, of_scs);
	TAILQ_REMOVE(&from->scs->triggers, from, of_scs);
	TAILQ_INSERT_BEFORE(from, to, entry);
	TAILQ_REMOVE(&c->triggers.list, from, entry);
	multimap_replace(&c->triggers.by_ref, &from->by_ref, &to->by_ref);
	multimap_replace(&c->triggers.by_device, &from->by_device, &to->by_device);
	heap_replace(&c->deadlines.heap, &from->deadline, &to->deadline);
}
