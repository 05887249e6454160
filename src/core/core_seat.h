/* core_seat.h - the place of a trigger in the tables of the core. It is the same for each trigger,
 * whatever object holds the rest. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/heap.h"
#include "base/multimap.h"

struct core_reference;
struct core_scs;
struct core_smpp_name;

struct core_seat {
	struct core_scs *scs;
	struct heap_node deadline; /* ms of the core's timeline */
	/* in no table for a recall, which has no number of its own */
	struct multimap_node by_ref;
	struct multimap_node by_device; /* in the table from when a DTR may have been sent */
	TAILQ_ENTRY(core_seat) of_scs;
	TAILQ_ENTRY(core_seat) entry; /* in the list of all triggers */
	struct core_smpp_name *smpp;  /* its name at an SMS-SC over SMPP (core_smpp_names.c); owned; NULL: none */
	uint32_t reference;
	bool parked; /* the rest is a parked trigger (core_park.h), not a struct core_trigger */
};

TAILQ_HEAD(core_seats, core_seat);

struct core;
struct trg;

struct core_seat_key { /* hashes in the tables by_ref and by_device */
	uint64_t by_ref, by_device;
};
struct core_seat_key core_seat_key(const struct core *c, const struct trg *trg);
/* Ask the processor for the memory that entering looks at: first the one, and a little later the
 * other. They change nothing. */
void core_seat_prefetch(const struct core *c, const struct core_seat_key *key);
void core_seat_prefetch_first(const struct core *c, const struct core_seat_key *key);

/* Enters the trigger in the lists, and under its Reference-Number (by_ref: its core_seat_hash());
 * action: enum tsp_action_type. */
void core_seat_enter(struct core *c, struct core_seat *seat, struct core_scs *scs, uint32_t reference, uint32_t action,
		     uint64_t by_ref);
/* Enters the trigger under the name of its device (by_device: its core_seat_device()). No effect if
 * it is entered already, and for a recall. */
void core_seat_by_device(struct core *c, struct core_seat *seat, uint32_t action, uint64_t by_device);
void core_seat_leave(struct core *c, struct core_seat *seat); /* all lists and tables */
/* `to` stands in all of them where `from` stood, also for the walks. */
void core_seat_move(struct core *c, struct core_seat *from, struct core_seat *to);

/* Hashes in the table by_ref. */
uint64_t core_seat_hash_of(const struct core *c, const struct core_reference *r);
uint64_t core_seat_hash(const struct core *c, const char *e164, uint32_t reference);
/* Hashes in the table by_device: of the name that comes first in the DTR of a trigger; and of any
 * name, with its kind as there. */
uint64_t core_seat_device(const struct core *c, const struct trg *trg);
uint64_t core_seat_name(const struct core *c, const char *e164, char kind, const void *name, size_t len);
