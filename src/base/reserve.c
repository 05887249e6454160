/* reserve.c - a list of pieces, and when to give them up and to take them back. */
#include "base/reserve.h"

#include <stdlib.h>
#include <sys/mman.h>

struct reserve_piece {
	struct reserve_piece *next;
};

/* -- the process's own memory */

static void *heap_take(void *arg, size_t octets)
{
	(void)arg;
	return malloc(octets);
}

static void heap_give(void *arg, void *piece)
{
	(void)arg;
	free(piece);
}

/* Asks the system without touching a page. A limit of the address space or of the data of a process
 * counts such pages. */
static bool heap_room(void *arg, size_t octets)
{
	void *p = mmap(NULL, octets, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)arg;
	if (p == MAP_FAILED) {
		return false;
	}
	munmap(p, octets);
	return true;
}

static const struct reserve_source heap = { heap_take, heap_give, heap_room, NULL };

/* -- pieces */

static void give_all(const struct reserve *r, struct reserve_piece *first)
{
	struct reserve_piece *next;

	for (; first; first = next) {
		next = first->next;
		r->source->give(r->source->arg, first);
	}
}

/* All of it, or NULL. */
static struct reserve_piece *take_all(const struct reserve *r, size_t octets)
{
	struct reserve_piece *first = NULL, *p;

	for (size_t got = 0; got < octets; got += RESERVE_PIECE) {
		p = r->source->take(r->source->arg, RESERVE_PIECE);
		if (!p) {
			give_all(r, first);
			return NULL;
		}
		p->next = first;
		first = p;
	}
	return first;
}

/* If the system gives no more memory, free pieces of the heap serve as well. */
static bool room_for(const struct reserve *r, size_t octets)
{
	struct reserve_piece *p;

	if (r->source->room(r->source->arg, octets)) {
		return true;
	}
	p = take_all(r, octets);
	give_all(r, p);
	return p != NULL;
}

/* -- well and short */

static void get_short(struct reserve *r, uint64_t now_ms)
{
	give_all(r, r->pieces);
	r->pieces = NULL;
	r->is_short = true;
	r->wait_ms = RESERVE_LOOK_MS;
	r->look_ms = now_ms + r->wait_ms;
}

/* The same again has to be there, too: else the next request would make it short again. */
static void try_well(struct reserve *r, uint64_t now_ms)
{
	r->pieces = take_all(r, r->octets);
	if (r->pieces && room_for(r, r->octets)) {
		r->is_short = false;
		r->look_ms = now_ms + RESERVE_LOOK_MS;
		return;
	}
	give_all(r, r->pieces);
	r->pieces = NULL;
	r->wait_ms = 2 * r->wait_ms < RESERVE_WAIT_MAX_MS ? 2 * r->wait_ms : RESERVE_WAIT_MAX_MS;
	r->look_ms = now_ms + r->wait_ms;
}

void reserve_init(struct reserve *r, size_t octets, const struct reserve_source *source, uint64_t now_ms)
{
	*r =
	    (struct reserve){ .source = source ? source : &heap, .octets = octets, .is_short = true, .wait_ms = RESERVE_LOOK_MS };
	try_well(r, now_ms);
}

void reserve_fini(struct reserve *r)
{
	give_all(r, r->pieces);
	r->pieces = NULL;
}

bool reserve_look(struct reserve *r, uint64_t now_ms)
{
	bool before = r->is_short;

	if (!r->source) {
		return false;
	}
	if (before) {
		try_well(r, now_ms);
	} else if (!room_for(r, r->octets)) {
		get_short(r, now_ms);
	} else {
		r->look_ms = now_ms + RESERVE_LOOK_MS;
	}
	return r->is_short != before;
}

bool reserve_spend(struct reserve *r, uint64_t now_ms)
{
	if (!r->source || r->is_short) {
		return false;
	}
	get_short(r, now_ms);
	return true;
}
