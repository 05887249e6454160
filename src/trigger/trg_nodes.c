/* trg_nodes.c - serving nodes as octets: version, number of additional nodes, then each node as
 * a run of { u8 member, u16 length, octets } that ends with member 0.
 * The table below numbers the members: append new ones only. */
#include <stddef.h>

#include "trigger/trg_request.h"

#define VERSION 1u

#define MEMBER(name) offsetof(struct app_serving_node, name)

static const size_t members[] = {
	MEMBER(sgsn_name),          MEMBER(sgsn_realm),
	MEMBER(sgsn_number),        MEMBER(mme_name),
	MEMBER(mme_realm),          MEMBER(mme_number_for_mt_sms),
	MEMBER(msc_number),         MEMBER(ip_sm_gw_number),
	MEMBER(ip_sm_gw_name),      MEMBER(ip_sm_gw_realm),
	MEMBER(smsf_3gpp_number),   MEMBER(smsf_3gpp_name),
	MEMBER(smsf_3gpp_realm),    MEMBER(smsf_non_3gpp_number),
	MEMBER(smsf_non_3gpp_name), MEMBER(smsf_non_3gpp_realm),
};

#define MEMBERS_N (sizeof members / sizeof members[0])

static void pack_node(struct buf *out, const struct app_serving_node *node)
{
	for (size_t i = 0; i < MEMBERS_N; i++) {
		const struct dia_bytes *v = (const void *)((const char *)node + members[i]);

		if (!v->p) {
			continue;
		}
		if (v->len > UINT16_MAX) {
			out->full = true;
			return;
		}
		buf_u8(out, (uint8_t)(i + 1));
		buf_be16(out, (uint16_t)v->len);
		buf_bytes(out, v->p, v->len);
	}
	buf_u8(out, 0);
}

void trg_nodes_pack(struct buf *out, const struct app_serving_node *node, const struct app_serving_node *additional, size_t n)
{
	static const struct app_serving_node none = { 0 };

	if (n > APP_ADDITIONAL_NODES_MAX) {
		n = APP_ADDITIONAL_NODES_MAX; /* limit of the codec */
	}
	buf_u8(out, VERSION);
	buf_u8(out, node && node->present);
	buf_u8(out, (uint8_t)n);
	pack_node(out, node && node->present ? node : &none);
	for (size_t i = 0; i < n; i++) {
		pack_node(out, &additional[i]);
	}
}

static void unpack_node(struct rd *r, struct app_serving_node *node)
{
	uint8_t member;

	*node = (struct app_serving_node){ .present = true };
	while ((member = rd_u8(r)) != 0 && !r->bad) {
		struct dia_bytes v = { .len = rd_be16(r) };

		v.p = rd_take(r, v.len);
		if (!v.p || member > MEMBERS_N) {
			r->bad = true;
			return;
		}
		*(struct dia_bytes *)(void *)((char *)node + members[member - 1]) = v;
	}
}

int trg_nodes_unpack(const void *p, size_t len, struct app_serving_node *node,
		     struct app_serving_node additional[APP_ADDITIONAL_NODES_MAX], uint8_t *n)
{
	struct rd r = rd_over(p, len);
	uint8_t version, present, count;

	*n = 0;
	*node = (struct app_serving_node){ 0 };
	if (len == 0) {
		return 0;
	}
	version = rd_u8(&r);
	present = rd_u8(&r);
	count = rd_u8(&r);
	if (version != VERSION || present > 1 || count > APP_ADDITIONAL_NODES_MAX) {
		return ERR_PROTO;
	}
	unpack_node(&r, node);
	node->present = present;
	for (uint8_t i = 0; i < count && !r.bad; i++) {
		unpack_node(&r, &additional[i]);
	}
	if (r.bad || rd_left(&r)) {
		*node = (struct app_serving_node){ 0 };
		return ERR_PROTO;
	}
	*n = count;
	return 0;
}
