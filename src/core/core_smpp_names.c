/* core_smpp_names.c - triggers by the id that the SMS-SC gave them; before they have one, by their
 * user_message_reference and device. Only triggers over SMPP have an entry. */
#include <stdlib.h>
#include <string.h>

#include "base/container.h"
#include "core/core_int.h"

struct core_smpp_name {
	struct multimap_node node;
	struct core_seat *seat;
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
	return CONTAINER_OF(n, struct core_smpp_name, node)->seat;
}

int core_smpp_name(struct core *c, struct core_seat *seat, const struct trg *trg)
{
	bool decided = trg->has_outcome || trg->req.action == TSP_ACTION_RECALL;
	struct core_smpp_name *n = seat->smpp;

	if (!trg->message_id && decided) {
		return 0;
	}
	if (!n) {
		n = calloc(1, sizeof *n);
	} else {
		multimap_del(&c->smpp_names, &n->node);
	}
	if (!n) {
		return ERR_NOMEM;
	}
	n->seat = seat;
	seat->smpp = n;
	multimap_add(&c->smpp_names, &n->node,
		     trg->message_id ? hash(c, 'i', trg->message_id, 0) : hash(c, 'r', msisdn_of(trg), core_smpp_reference(trg)));
	return 0;
}

void core_smpp_unname(struct core *c, struct core_seat *seat)
{
	if (seat->smpp) {
		multimap_del(&c->smpp_names, &seat->smpp->node);
		free(seat->smpp);
		seat->smpp = NULL;
	}
}

void core_smpp_name_move(struct core_seat *from, struct core_seat *to)
{
	to->smpp = from->smpp;
	from->smpp = NULL;
	if (to->smpp) {
		to->smpp->seat = to;
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
