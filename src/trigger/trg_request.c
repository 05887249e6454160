/* trg_request.c - copies of requests and subscriber data, each in one allocation. */
#include "trigger/trg_request.h"

#include <stdlib.h>
#include <string.h>

#include "trigger/trg_int.h"

struct text { /* one string to copy */
	const char **slot;
	const char *from;
	size_t max;
	bool shared; /* interned: equal in many triggers */
};

static const char *or_empty(const char *s)
{
	return s ? s : "";
}

/* Copies the strings and then the octets into one block. Afterwards each `slot` points into it,
 * or to the interned copy. */
static int copy_block(void **block, struct trg_names *names, struct text *texts, size_t n, const uint8_t **octets,
		      const uint8_t *from, size_t len)
{
	size_t need = len, used = 0;
	char *p;

	for (size_t i = 0; i < n; i++) {
		size_t text_len = strlen(texts[i].from);

		if (text_len > texts[i].max) {
			return ERR_LIMIT;
		}
		*texts[i].slot = !text_len ? "" : texts[i].shared && names ? trg_names_keep(names, texts[i].from) : NULL;
		if (!*texts[i].slot) {
			need += text_len + 1;
		}
	}
	p = need ? malloc(need) : NULL;
	if (need && !p) {
		return ERR_NOMEM;
	}
	for (size_t i = 0; i < n; i++) {
		size_t text_len = strlen(texts[i].from) + 1;

		if (*texts[i].slot) {
			continue;
		}
		memcpy(p + used, texts[i].from, text_len);
		*texts[i].slot = p + used;
		used += text_len;
	}
	if (len) {
		memcpy(p + used, from, len);
	}
	*octets = len ? (const uint8_t *)p + used : (const uint8_t *)"";
	*block = p;
	return 0;
}

int trg_set_request(struct trg *t, const struct trg_request *in)
{
	struct trg_request r = *in;
	struct text texts[] = {
		{ &r.scs, or_empty(in->scs), IDENT_SCS_MAX, true },
		{ &r.scs_e164, or_empty(in->scs_e164), STR_DIGITS_MAX, true },
		{ &r.origin_host, or_empty(in->origin_host), IDENT_HOST_MAX, true },
		{ &r.origin_realm, or_empty(in->origin_realm), IDENT_HOST_MAX, true },
		{ &r.external, or_empty(in->external), IDENT_EXTERNAL_MAX, false },
		{ &r.msisdn, or_empty(in->msisdn), IDENT_MSISDN_MAX, false },
		{ &r.groups, or_empty(in->groups), TRG_GROUPS_LEN_MAX, true },
	};
	const uint8_t *none;
	int err;

	if (in->payload_len > TRG_PAYLOAD_MAX) {
		return ERR_LIMIT;
	}
	if (!texts[0].from[0] || !texts[2].from[0] || !texts[3].from[0] || (!texts[4].from[0] && !texts[5].from[0])) {
		return ERR_INVAL;
	}
	err = copy_block(&t->req_block, t->conf->scs_names, texts, sizeof texts / sizeof texts[0], &none, NULL, 0);
	if (!err) {
		err = copy_block(&t->payload_block, NULL, NULL, 0, &r.payload, in->payload, in->payload_len);
	}
	if (!err) {
		t->req = r;
	}
	return err;
}

void trg_shed(struct trg *t)
{
	struct trg_subscriber s = t->sub;

	free(t->payload_block);
	t->payload_block = NULL;
	t->req.payload = (const uint8_t *)"";
	t->req.payload_len = 0;
	s.nodes_len = 0;
	if (t->sub.nodes_len && trg_set_subscriber(t, &s)) {
		return; /* no memory: they stay */
	}
}

int trg_set_subscriber(struct trg *t, const struct trg_subscriber *in)
{
	struct trg_subscriber s = *in;
	void *block;
	struct text texts[] = {
		{ &s.imsi, or_empty(in->imsi), STR_DIGITS_MAX, false },
		{ &s.msisdn, or_empty(in->msisdn), STR_DIGITS_MAX, false },
	};
	int err;

	if (in->nodes_len > TRG_NODES_LEN_MAX) {
		return ERR_LIMIT;
	}
	err = copy_block(&block, NULL, texts, sizeof texts / sizeof texts[0], &s.nodes, in->nodes, in->nodes_len);
	if (err) {
		return err;
	}
	free(t->sub_block);
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
