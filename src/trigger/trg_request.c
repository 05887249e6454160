/* trg_request.c - copies of requests and subscriber data, each in one block. */
#include "trigger/trg_request.h"

#include <string.h>

#include "trigger/trg_int.h"

struct text { /* one string to copy */
	const char **slot;
	const char *from;
	size_t max, len; /* len: set by check() */
};

static const char *or_empty(const char *s)
{
	return s ? s : "";
}

static int check(struct text *texts, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		texts[i].len = strlen(texts[i].from);
		if (texts[i].len > texts[i].max) {
			return ERR_LIMIT;
		}
	}
	return 0;
}

/* Copies the strings, which check() has measured, and then the octets into one block. Afterwards
 * each `slot` points into it. */
static int copy_block(struct trg *t, void **block, struct text *texts, size_t n, const uint8_t **octets, const uint8_t *from,
		      size_t len)
{
	size_t need = len, used = 0;
	char *p;

	for (size_t i = 0; i < n; i++) {
		need += texts[i].len ? texts[i].len + 1 : 0;
	}
	p = need ? trg_room_take(t, need) : NULL;
	if (need && !p) {
		return ERR_NOMEM;
	}
	for (size_t i = 0; i < n; i++) {
		if (!texts[i].len) {
			*texts[i].slot = "";
			continue;
		}
		memcpy(p + used, texts[i].from, texts[i].len + 1);
		*texts[i].slot = p + used;
		used += texts[i].len + 1;
	}
	if (len) {
		memcpy(p + used, from, len);
	}
	*octets = len ? (const uint8_t *)p + used : (const uint8_t *)"";
	*block = p;
	return 0;
}

static void take_party(struct trg_request *r, const struct trg_party *party)
{
	r->scs = party->scs;
	r->scs_e164 = party->scs_e164;
	r->origin_host = party->origin_host;
	r->origin_realm = party->origin_realm;
	r->groups = party->groups;
}

bool trg_request_whole(const struct trg_request *in)
{
	return or_empty(in->scs)[0] && or_empty(in->origin_host)[0] && or_empty(in->origin_realm)[0] &&
	       (or_empty(in->external)[0] || or_empty(in->msisdn)[0]);
}

int trg_set_request(struct trg *t, const struct trg_request *in)
{
	struct trg_request r = *in;
	struct text texts[] = {
		{ &r.external, or_empty(in->external), IDENT_EXTERNAL_MAX, 0 },
		{ &r.msisdn, or_empty(in->msisdn), IDENT_MSISDN_MAX, 0 },
		{ &r.scs, or_empty(in->scs), IDENT_SCS_MAX, 0 }, /* from here on: of the party */
		{ &r.scs_e164, or_empty(in->scs_e164), STR_DIGITS_MAX, 0 },
		{ &r.origin_host, or_empty(in->origin_host), IDENT_HOST_MAX, 0 },
		{ &r.origin_realm, or_empty(in->origin_realm), IDENT_HOST_MAX, 0 },
		{ &r.groups, or_empty(in->groups), TRG_GROUPS_LEN_MAX, 0 },
	};
	size_t n = sizeof texts / sizeof texts[0];
	const uint8_t *none;
	int err;

	if (in->payload_len > TRIGGER_PAYLOAD_MAX || check(texts, n)) {
		return ERR_LIMIT;
	}
	if (!trg_request_whole(in)) {
		return ERR_INVAL;
	}
	t->party = t->conf->parties ? trg_party_keep(t->conf->parties, in) : NULL;
	if (t->party) {
		take_party(&r, t->party);
		n = 2;
	}
	err = copy_block(t, &t->req_block, texts, n, &none, NULL, 0);
	if (!err) {
		err = copy_block(t, &t->payload_block, NULL, 0, &r.payload, in->payload, in->payload_len);
	}
	if (!err) {
		t->req = r;
	}
	return err;
}

void trg_shed(struct trg *t)
{
	struct trg_subscriber s = t->sub;

	trg_room_give(t, t->payload_block);
	t->payload_block = NULL;
	t->req.payload = (const uint8_t *)"";
	t->req.payload_len = 0;
	s.nodes_len = 0;
	if (trg_room_is_own(t, t->sub_block)) { /* a copy without them would free nothing */
		t->sub.nodes = (const uint8_t *)"";
		t->sub.nodes_len = 0;
		return;
	}
	if (t->sub.nodes_len && trg_set_subscriber(t, &s)) {
		return; /* no memory: they stay */
	}
}

int trg_set_subscriber(struct trg *t, const struct trg_subscriber *in)
{
	struct trg_subscriber s = *in;
	void *block;
	struct text texts[] = {
		{ &s.imsi, or_empty(in->imsi), STR_DIGITS_MAX, 0 },
		{ &s.msisdn, or_empty(in->msisdn), STR_DIGITS_MAX, 0 },
	};
	int err;

	if (in->nodes_len > TRG_NODES_LEN_MAX || check(texts, sizeof texts / sizeof texts[0])) {
		return ERR_LIMIT;
	}
	err = copy_block(t, &block, texts, sizeof texts / sizeof texts[0], &s.nodes, in->nodes, in->nodes_len);
	if (err) {
		return err;
	}
	trg_room_give(t, t->sub_block);
	t->sub_block = block;
	t->sub = s;
	return 0;
}

uint32_t trg_old_reference(const struct trg_request *req)
{
	return req->has_old_reference ? req->old_reference : req->reference;
}

uint32_t trg_validity_left_s(const struct trg_request *req, uint64_t now_ms)
{
	uint64_t left_s = req->expires_ms > now_ms ? (req->expires_ms - now_ms + 999) / 1000 : 0;

	return left_s < req->validity_s ? (uint32_t)left_s
					: req->validity_s; /* at most validity_s, even if the clock went back */
}
