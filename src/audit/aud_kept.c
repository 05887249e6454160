/* aud_kept.c - a ring of octets, and a ring of the places of its lines. A line stands in one piece:
 * what does not fit before the end of the room begins at its start. */
#include "audit/aud_kept.h"

#include <stdlib.h>
#include <string.h>

#include "base/obj.h"

#define OCTETS_A_PLACE 128u /* shorter lines fill the places before the octets */

#define AUD_KEPT_MAGIC 0x5e1b03c7u
struct aud_kept {
	struct obj obj;
	size_t room, at; /* octets; where the next line begins */
	size_t places_n;
	uint64_t first, next;
	struct place {
		size_t at, len;
	} * places; /* of line N: N modulo places_n; owned */
	char octets[];
};

int aud_kept_new(struct aud_kept **out, size_t octets)
{
	struct aud_kept *k = calloc(1, sizeof *k + octets);

	if (!k) {
		return ERR_NOMEM;
	}
	k->places_n = octets / OCTETS_A_PLACE + 1;
	k->places = calloc(k->places_n, sizeof *k->places);
	if (!k->places) {
		free(k);
		return ERR_NOMEM;
	}
	k->room = octets;
	obj_begin(&k->obj, AUD_KEPT_MAGIC);
	*out = k;
	return 0;
}

void aud_kept_free(struct aud_kept *k)
{
	if (!k) {
		return;
	}
	OBJ_END(k, AUD_KEPT_MAGIC);
	free(k->places);
	free(k);
}

static struct place *place_of(const struct aud_kept *k, uint64_t number)
{
	return &k->places[number % k->places_n];
}

/* Forgets the oldest lines that have an octet in [from, until). They are met in the order of their
 * places, so the first that lies outside ends the walk. */
static void forget(struct aud_kept *k, size_t from, size_t until)
{
	while (k->first < k->next) {
		const struct place *p = place_of(k, k->first);

		if (p->at >= until || p->at + p->len <= from) {
			return;
		}
		k->first++;
	}
}

void aud_kept_add(struct aud_kept *k, const char *line, size_t len)
{
	OBJ_CHECK(k, AUD_KEPT_MAGIC);
	if (!len || len > k->room) {
		return;
	}
	if (len > k->room - k->at) {
		forget(k, k->at, k->room);
		k->at = 0;
	}
	forget(k, k->at, k->at + len);
	if (k->next - k->first == k->places_n) {
		k->first++;
	}
	memcpy(k->octets + k->at, line, len);
	*place_of(k, k->next) = (struct place){ k->at, len };
	k->next++;
	k->at += len;
}

void aud_kept_range(const struct aud_kept *k, uint64_t *first, uint64_t *next)
{
	OBJ_CHECK(k, AUD_KEPT_MAGIC);
	*first = k->first;
	*next = k->next;
}

const char *aud_kept_line(const struct aud_kept *k, uint64_t number, size_t *len)
{
	OBJ_CHECK(k, AUD_KEPT_MAGIC);
	if (number < k->first || number >= k->next) {
		return NULL;
	}
	*len = place_of(k, number)->len;
	return k->octets + place_of(k, number)->at;
}
