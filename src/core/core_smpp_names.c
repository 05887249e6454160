/* core_smpp_names.c - triggers by the ids that the SMS-SC gave their messages; while one has none,
 * by their user_message_reference and device. Only triggers over SMPP have an entry. */
#include <stdlib.h>
#include <string.h>

#include "base/container.h"
#include "core/core_int.h"
#include "trigger/trg_parts.h"

struct name {
	struct multimap_node node;
	struct core_seat *seat;
};

struct core_smpp_name { /* all names of a trigger */
	uint32_t n, room;
	struct name each[];
};

static const char *msisdn_of(const struct trg *trg)
{
	return trg->sub.msisdn[0] ? trg->sub.msisdn : trg->req.msisdn;
}

static uint64_t hash(const struct core *c, char kind, const char *text, uint16_t reference)
{
	uint8_t key[3 + TRG_MESSAGE_ID_MAX + SMPP_ADDRESS_LONG_MAX];
	struct buf b = buf_over(key, sizeof key);

	buf_u8(&b, (uint8_t)kind);
	buf_be16(&b, reference);
	buf_bytes(&b, text, strlen(text));
	return sip_hash(&c->triggers.key, key, b.len);
}

struct multimap_node *core_smpp_named_id(struct core *c, const char *id)
{
	return multimap_first(&c->smpp_names, hash(c, 'i', id, 0));
}

struct multimap_node *core_smpp_named_reference(struct core *c, uint16_t reference, const char *msisdn)
{
	return multimap_first(&c->smpp_names, hash(c, 'r', msisdn, reference));
}

struct core_seat *core_smpp_named(struct multimap_node *n)
{
	return CONTAINER_OF(n, struct name, node)->seat;
}

/* Takes all names of the seat out of the table. */
static void leave(struct core *c, struct core_seat *seat)
{
	for (uint32_t i = 0; seat->smpp && i < seat->smpp->n; i++) {
		multimap_del(&c->smpp_names, &seat->smpp->each[i].node);
	}
	if (seat->smpp) {
		seat->smpp->n = 0;
	}
}

/* No name, and room for so many. */
static struct core_smpp_name *anew(struct core *c, struct core_seat *seat, uint32_t room)
{
	struct core_smpp_name *names = seat->smpp;

	if (!names || names->room < room) {
		names = malloc(sizeof *names + room * sizeof names->each[0]);
	}
	if (!names) {
		return NULL;
	}
	leave(c, seat);
	if (names != seat->smpp) {
		free(seat->smpp);
		*names = (struct core_smpp_name){ .room = room };
		seat->smpp = names;
	}
	return names;
}

static void add(struct core *c, struct core_smpp_name *names, struct core_seat *seat, uint64_t key)
{
	struct name *n = &names->each[names->n++];

	*n = (struct name){ .seat = seat };
	multimap_add(&c->smpp_names, &n->node, key);
}

int core_smpp_name(struct core *c, struct core_seat *seat, const struct trg *trg)
{
	const struct trg_parts *parts = trg->parts;
	bool decided = trg->has_outcome || trg->req.action == TSP_ACTION_RECALL;
	bool wanted = !decided && (parts ? !trg_parts_known(parts) : !trg->message_id);
	struct core_smpp_name *names;

	if (decided && !trg->message_id) {
		return 0;
	}
	names = anew(c, seat, parts ? parts->n + 1u : 1u);
	if (!names) {
		return ERR_NOMEM;
	}
	if (trg->message_id && !parts) {
		add(c, names, seat, hash(c, 'i', trg->message_id, 0));
	}
	for (uint8_t i = 0; parts && i < parts->n; i++) {
		if (parts->part[i].id[0]) {
			add(c, names, seat, hash(c, 'i', parts->part[i].id, 0));
		}
	}
	if (wanted) {
		add(c, names, seat, hash(c, 'r', msisdn_of(trg), core_smpp_reference(trg)));
	}
	return 0;
}

void core_smpp_unname(struct core *c, struct core_seat *seat)
{
	if (seat->smpp) {
		leave(c, seat);
		free(seat->smpp);
		seat->smpp = NULL;
	}
}

void core_smpp_name_move(struct core_seat *from, struct core_seat *to)
{
	to->smpp = from->smpp;
	from->smpp = NULL;
	for (uint32_t i = 0; to->smpp && i < to->smpp->n; i++) {
		to->smpp->each[i].seat = to;
	}
}

int core_smpp_names_init(struct core *c)
{
	return multimap_init(&c->smpp_names);
}

void core_smpp_names_fini(struct core *c)
{
	multimap_fini(&c->smpp_names);
}
