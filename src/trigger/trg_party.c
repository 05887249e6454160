/* trg_party.c - a table (base/map) of parties, each in a block of its own. */
#include "trigger/trg_party.h"

#include <stdlib.h>
#include <string.h>

#define TIME_LEN sizeof(uint64_t)
#define KEY_MAX (TIME_LEN + IDENT_SCS_MAX + STR_DIGITS_MAX + 2u * IDENT_HOST_MAX + TRG_GROUPS_LEN_MAX + 5u)

static const char *or_empty(const char *text)
{
	return text ? text : "";
}

static void put_text(struct buf *b, const char *text)
{
	buf_bytes(b, or_empty(text), strlen(or_empty(text)) + 1);
}

static const char *next_text(char **at)
{
	const char *text = *at;

	*at += strlen(text) + 1;
	return text;
}

static void pack(struct buf *b, const char *text)
{
	size_t len = strlen(text);

	buf_u8(b, (uint8_t)len);
	buf_bytes(b, text, len);
}

static struct trg_party *party_new(const struct buf *key, uint64_t not_after_s)
{
	/* a text has a length where it had a NUL */
	struct trg_party *party = calloc(1, sizeof *party + 2 * key->len);
	struct buf packed;
	char *at;

	if (!party) {
		return NULL;
	}
	memcpy(party->key, key->p, key->len);
	at = party->key + TIME_LEN;
	party->scs = next_text(&at);
	party->scs_e164 = next_text(&at);
	party->origin_host = next_text(&at);
	party->origin_realm = next_text(&at);
	party->groups = next_text(&at);
	party->groups_not_after_s = not_after_s;
	packed = buf_over(party->key + key->len, key->len);
	pack(&packed, party->scs);
	pack(&packed, party->scs_e164);
	pack(&packed, party->origin_host);
	pack(&packed, party->origin_realm);
	party->packed = packed.p;
	party->packed_len = packed.len;
	return party;
}

/* The place of a party among the recent ones. An SCS that chooses numbers with the same place only
 * causes look-ups in the table. */
static size_t place_of(const struct trg_request *req)
{
	size_t h = 0;

	for (const char *p = or_empty(req->scs_e164); *p; p++) {
		h = 31 * h + (unsigned char)*p;
	}
	return h % TRG_PARTIES_RECENT;
}

static bool is_of(const struct trg_party *party, const struct trg_request *req)
{
	return party->groups_not_after_s == req->groups_not_after_s && strcmp(party->scs_e164, or_empty(req->scs_e164)) == 0 &&
	       strcmp(party->scs, or_empty(req->scs)) == 0 && strcmp(party->origin_host, or_empty(req->origin_host)) == 0 &&
	       strcmp(party->origin_realm, or_empty(req->origin_realm)) == 0 && strcmp(party->groups, or_empty(req->groups)) == 0;
}

static const struct trg_party *keep(struct trg_parties *parties, const struct trg_request *req)
{
	uint8_t octets[KEY_MAX];
	struct buf key = buf_over(octets, sizeof octets);
	struct trg_party *party;

	buf_bytes(&key, &req->groups_not_after_s, TIME_LEN);
	put_text(&key, req->scs);
	put_text(&key, req->scs_e164);
	put_text(&key, req->origin_host);
	put_text(&key, req->origin_realm);
	put_text(&key, req->groups);
	if (key.full || (!parties->map.buckets && map_init_keyed(&parties->map, &parties->key))) {
		return NULL;
	}
	party = MAP_OF(map_find(&parties->map, key.p, (uint32_t)key.len), struct trg_party, node);
	if (party || parties->map.n >= parties->max) {
		return party;
	}
	party = party_new(&key, req->groups_not_after_s);
	if (party) {
		map_add(&parties->map, &party->node, party->key, (uint32_t)key.len);
	}
	return party;
}

const struct trg_party *trg_party_keep(struct trg_parties *parties, const struct trg_request *req)
{
	const struct trg_party **recent = &parties->recent[place_of(req)];

	if (!*recent || !is_of(*recent, req)) {
		const struct trg_party *party = keep(parties, req);

		*recent = party ? party : *recent;
		return party;
	}
	return *recent;
}

static void free_party(void *arg, struct map_node *node)
{
	(void)arg;
	free(MAP_OF(node, struct trg_party, node));
}

void trg_parties_fini(struct trg_parties *parties)
{
	map_each(&parties->map, free_party, NULL);
	map_fini(&parties->map);
	*parties = (struct trg_parties){ .max = parties->max, .key = parties->key };
}
