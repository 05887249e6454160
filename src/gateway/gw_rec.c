/* gw_rec.c - the header of ring records, and the records about sessions and counters. Writing and reading side by side. */
#include "gateway/gw_rec.h"

#include "gateway/gw_rec_io.h"

static const struct {
	const char *name;
	bool to_core;
} types[] = {
	[GW_REC_SESSION_OPEN] = { "session_open", true },
	[GW_REC_SESSION_VERDICT] = { "session_verdict", false },
	[GW_REC_SESSION_CUT] = { "session_cut", false },
	[GW_REC_SESSION_CLOSED] = { "session_closed", true },
	[GW_REC_DEVICE_ACTION] = { "device_action", true },
	[GW_REC_DEVICE_ACTION_ANSWER] = { "device_action_answer", false },
	[GW_REC_DEVICE_NOTIFICATION] = { "device_notification", false },
	[GW_REC_DEVICE_NOTIFICATION_ANSWER] = { "device_notification_answer", true },
	[GW_REC_STATS] = { "stats", true },
};

static bool known(uint16_t type)
{
	return type >= GW_REC_SESSION_OPEN && type <= GW_REC_STATS;
}

const char *gw_rec_str(uint16_t type)
{
	return known(type) ? types[type].name : "unknown";
}

bool gw_rec_to_core(uint16_t type)
{
	return known(type) && types[type].to_core;
}

size_t gw_rec_length(const void *header)
{
	const uint8_t *p = header;

	return (size_t)(p[2] | p[3] << 8);
}

int gw_rec_head_get(struct gw_rec_head *out, const uint8_t *record, size_t len)
{
	struct rd r = rd_over(record, len);
	struct gw_rec_head h;

	h.type = rd_le16(&r);
	h.length = rd_le16(&r);
	h.edge_generation = rd_le32(&r);
	h.transaction = rd_le64(&r);
	if (r.bad || !known(h.type) || h.length != len || len > GW_REC_MAX)
		return ERR_PROTO;
	*out = h;
	return 0;
}

static void identity_put(struct buf *b, const struct gw_identity *in)
{
	assert(in->names_n <= GW_NAMES_MAX && in->groups_n <= GW_GROUPS_MAX && in->anchors_n <= GW_ANCHORS_MAX);
	buf_u8(b, in->kind);
	buf_le64(b, in->not_after_s);
	buf_u8(b, in->names_n);
	for (uint8_t i = 0; i < in->names_n; i++)
		gw_io_put_text(b, in->names[i]);
	buf_u8(b, in->groups_n);
	for (uint8_t i = 0; i < in->groups_n; i++)
		gw_io_put_text(b, in->groups[i]);
	buf_u8(b, in->anchors_n);
	for (uint8_t i = 0; i < in->anchors_n; i++)
		gw_io_put_text(b, in->anchors[i]);
}

static void identity_get(struct rd *r, struct gw_identity *out)
{
	out->kind = gw_io_u8(r, GW_IDENTITY_TLS, GW_IDENTITY_INTERNAL);
	out->not_after_s = rd_le64(r);
	out->names_n = gw_io_u8(r, 0, GW_NAMES_MAX);
	for (uint8_t i = 0; i < out->names_n && !r->bad; i++)
		gw_io_text(r, out->names[i], sizeof out->names[i], gw_io_is_host);
	out->groups_n = gw_io_u8(r, 0, GW_GROUPS_MAX);
	for (uint8_t i = 0; i < out->groups_n && !r->bad; i++)
		gw_io_text(r, out->groups[i], sizeof out->groups[i], gw_io_is_printable);
	out->anchors_n = gw_io_u8(r, 0, GW_ANCHORS_MAX);
	for (uint8_t i = 0; i < out->anchors_n && !r->bad; i++)
		gw_io_text(r, out->anchors[i], sizeof out->anchors[i], gw_io_is_name);
	/* What proves nothing names nobody; what proves something names somebody and says who vouches. */
	if (out->kind == GW_IDENTITY_INTERNAL ? out->names_n || out->groups_n || out->anchors_n
					      : !out->names_n || !out->anchors_n)
		r->bad = true;
}

size_t gw_session_open_put(uint8_t *out, uint32_t generation, uint64_t session, const struct gw_session_open *in)
{
	struct buf b = gw_io_begin(out, GW_REC_SESSION_OPEN, generation, session);

	identity_put(&b, &in->identity);
	gw_io_put_text(&b, in->origin_host);
	gw_io_put_text(&b, in->origin_realm);
	gw_io_put_text(&b, in->address);
	buf_u8(&b, in->listener);
	buf_u8(&b, in->zone);
	buf_u8(&b, in->protection);
	buf_u8(&b, in->again);
	return gw_io_end(&b);
}

int gw_session_open_get(struct gw_session_open *out, const uint8_t *record, size_t len)
{
	struct rd r = gw_io_body(record, len, GW_REC_SESSION_OPEN);
	struct gw_session_open s = { 0 };

	identity_get(&r, &s.identity);
	gw_io_text(&r, s.origin_host, sizeof s.origin_host, gw_io_is_host);
	gw_io_text(&r, s.origin_realm, sizeof s.origin_realm, gw_io_is_host);
	gw_io_text(&r, s.address, sizeof s.address, gw_io_is_printable);
	s.listener = gw_io_u8(&r, 0, GW_LISTENERS_MAX - 1);
	s.zone = gw_io_u8(&r, GW_ZONE_EXTERNAL, GW_ZONE_INTERNAL);
	s.protection = gw_io_u8(&r, GW_PROTECTION_NONE, GW_PROTECTION_IPSEC);
	s.again = gw_io_bool(&r);
	if (gw_io_done(&r))
		return ERR_PROTO;
	/* An external session is a proven one, and the protection is what proves it. */
	if (s.zone == GW_ZONE_EXTERNAL && s.protection == GW_PROTECTION_NONE)
		return ERR_PROTO;
	if ((s.identity.kind == GW_IDENTITY_TLS) != (s.protection == GW_PROTECTION_TLS) ||
	    (s.identity.kind == GW_IDENTITY_IPSEC) != (s.protection == GW_PROTECTION_IPSEC))
		return ERR_PROTO;
	*out = s;
	return 0;
}

size_t gw_session_verdict_put(uint8_t *out, uint32_t generation, uint64_t session, const struct gw_session_verdict *in)
{
	struct buf b = gw_io_begin(out, GW_REC_SESSION_VERDICT, generation, session);

	buf_u8(&b, in->admitted);
	buf_le32(&b, in->result_code);
	buf_le32(&b, in->pending_max);
	gw_io_put_text(&b, in->scs);
	gw_io_put_text(&b, in->reason);
	return gw_io_end(&b);
}

int gw_session_verdict_get(struct gw_session_verdict *out, const uint8_t *record, size_t len)
{
	struct rd r = gw_io_body(record, len, GW_REC_SESSION_VERDICT);
	struct gw_session_verdict v = { 0 };

	v.admitted = gw_io_bool(&r);
	v.result_code = gw_io_u32(&r, v.admitted ? 2001 : 3000, v.admitted ? 2001 : 5999);
	v.pending_max = rd_le32(&r);
	gw_io_text(&r, v.scs, sizeof v.scs, v.admitted ? gw_io_is_name : gw_io_is_name_or_none);
	gw_io_text(&r, v.reason, sizeof v.reason, gw_io_is_reason);
	if (gw_io_done(&r))
		return ERR_PROTO;
	*out = v;
	return 0;
}

size_t gw_session_cut_put(uint8_t *out, uint32_t generation, uint64_t session, const struct gw_session_cut *in)
{
	struct buf b = gw_io_begin(out, GW_REC_SESSION_CUT, generation, session);

	buf_le32(&b, in->probe_ms);
	buf_le32(&b, in->disconnect_cause);
	gw_io_put_text(&b, in->reason);
	return gw_io_end(&b);
}

int gw_session_cut_get(struct gw_session_cut *out, const uint8_t *record, size_t len)
{
	struct rd r = gw_io_body(record, len, GW_REC_SESSION_CUT);
	struct gw_session_cut c = { 0 };

	c.probe_ms = gw_io_u32(&r, 0, GW_PROBE_MAX_MS);
	c.disconnect_cause = gw_io_u32(&r, 0, 2);
	gw_io_text(&r, c.reason, sizeof c.reason, gw_io_is_reason);
	if (gw_io_done(&r))
		return ERR_PROTO;
	*out = c;
	return 0;
}

size_t gw_session_closed_put(uint8_t *out, uint32_t generation, uint64_t session, const struct gw_session_closed *in)
{
	struct buf b = gw_io_begin(out, GW_REC_SESSION_CLOSED, generation, session);

	gw_io_put_text(&b, in->reason);
	return gw_io_end(&b);
}

int gw_session_closed_get(struct gw_session_closed *out, const uint8_t *record, size_t len)
{
	struct rd r = gw_io_body(record, len, GW_REC_SESSION_CLOSED);
	struct gw_session_closed c = { 0 };

	gw_io_text(&r, c.reason, sizeof c.reason, gw_io_is_reason);
	if (gw_io_done(&r))
		return ERR_PROTO;
	*out = c;
	return 0;
}

_Static_assert(ST_PACKED_MAX + GW_REC_HEAD_LEN <= GW_REC_MAX, "all counters fit into one record");

size_t gw_stats_put(uint8_t *out, uint32_t generation, const struct st_counters *in)
{
	struct buf b = gw_io_begin(out, GW_REC_STATS, generation, 0);

	st_pack(&b, in);
	return gw_io_end(&b);
}

int gw_stats_get(struct st_counters *out, const uint8_t *record, size_t len)
{
	struct rd r = gw_io_body(record, len, GW_REC_STATS);
	struct st_counters c;

	if (r.bad || st_unpack(&c, r.p, rd_left(&r)))
		return ERR_PROTO;
	for (unsigned i = ST_EDGE_RING_BAD + 1; i < ST_COUNTERS; i++) {
		if (c.v[i])
			return ERR_PROTO; /* an edge counts for itself only */
	}
	*out = c;
	return 0;
}
