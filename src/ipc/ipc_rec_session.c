/* ipc_rec_session.c - the ring records about sessions and counters. Writing and reading side by
 * side. */
#include "ipc/ipc_rec_io.h"

static void identity_put(struct buf *b, const struct ipc_identity *in)
{
	assert(in->names_n <= IDENTITY_NAMES_MAX && in->groups_n <= IDENTITY_GROUPS_MAX && in->anchors_n <= IDENTITY_ANCHORS_MAX);
	buf_u8(b, in->kind);
	buf_le64(b, in->not_after_s);
	buf_u8(b, in->names_n);
	for (uint8_t i = 0; i < in->names_n; i++) {
		ipc_io_put_text(b, in->names[i]);
	}
	buf_u8(b, in->groups_n);
	for (uint8_t i = 0; i < in->groups_n; i++) {
		ipc_io_put_text(b, in->groups[i]);
	}
	buf_u8(b, in->anchors_n);
	for (uint8_t i = 0; i < in->anchors_n; i++) {
		ipc_io_put_text(b, in->anchors[i]);
		buf_u8(b, in->revocation[i]);
	}
	ipc_io_put_text(b, in->ike);
}

static bool is_host_or_none(const char *p, size_t len)
{
	return !len || ipc_io_is_host(p, len);
}

static void identity_get(struct rd *r, struct ipc_identity *out)
{
	size_t names_len = 0;

	out->kind = ipc_io_u8(r, IDENTITY_TLS, IDENTITY_INTERNAL);
	out->not_after_s = rd_le64(r);
	out->names_n = ipc_io_u8(r, 0, IDENTITY_NAMES_MAX);
	for (uint8_t i = 0; i < out->names_n && !r->bad; i++) {
		ipc_io_text(r, out->names[i], sizeof out->names[i], ipc_io_is_host);
		names_len += strlen(out->names[i]);
	}
	if (names_len > IDENTITY_NAMES_LEN_MAX) {
		r->bad = true;
	}
	out->groups_n = ipc_io_u8(r, 0, IDENTITY_GROUPS_MAX);
	for (uint8_t i = 0; i < out->groups_n && !r->bad; i++) {
		ipc_io_text(r, out->groups[i], sizeof out->groups[i], ipc_io_is_printable);
	}
	out->anchors_n = ipc_io_u8(r, 0, IDENTITY_ANCHORS_MAX);
	for (uint8_t i = 0; i < out->anchors_n && !r->bad; i++) {
		ipc_io_text(r, out->anchors[i], sizeof out->anchors[i], ipc_io_is_name);
		out->revocation[i] =
		    ipc_io_u8(r, REVOCATION_UNCHECKED, out->kind == IDENTITY_TLS ? REVOCATION_STALE : REVOCATION_UNCHECKED);
	}
	ipc_io_text(r, out->ike, sizeof out->ike, is_host_or_none);
	/* An IKE identity is one name, by one of the trust anchors of its SCS. */
	if (out->kind == IDENTITY_IPSEC && (out->names_n != 1 || out->groups_n)) {
		r->bad = true;
	}
	/* An internal identity has no names. A proven one has at least one name and one trust
	 * anchor. */
	if (out->kind == IDENTITY_INTERNAL ? out->names_n || out->groups_n || out->anchors_n : !out->names_n || !out->anchors_n) {
		r->bad = true;
	}
}

size_t ipc_session_open_put(uint8_t *out, uint32_t generation, uint64_t session, const struct ipc_session_open *in)
{
	struct buf b = ipc_io_begin(out, IPC_REC_SESSION_OPEN, generation, session);

	identity_put(&b, &in->identity);
	ipc_io_put_text(&b, in->origin_host);
	ipc_io_put_text(&b, in->origin_realm);
	ipc_io_put_text(&b, in->address);
	buf_u8(&b, in->listener);
	buf_u8(&b, in->zone);
	buf_u8(&b, in->protection);
	buf_u8(&b, in->transport);
	buf_u8(&b, in->tls_version);
	buf_u8(&b, in->tls_suite);
	buf_u8(&b, in->again);
	return ipc_io_end(&b);
}

int ipc_session_open_get(struct ipc_session_open *out, const uint8_t *record, size_t len)
{
	struct rd r = ipc_io_body(record, len, IPC_REC_SESSION_OPEN);
	struct ipc_session_open s = { 0 };

	identity_get(&r, &s.identity);
	ipc_io_text(&r, s.origin_host, sizeof s.origin_host, ipc_io_is_host);
	ipc_io_text(&r, s.origin_realm, sizeof s.origin_realm, ipc_io_is_host);
	ipc_io_text(&r, s.address, sizeof s.address, ipc_io_is_printable);
	s.listener = ipc_io_u8(&r, 0, IPC_LISTENERS_MAX - 1);
	s.zone = ipc_io_u8(&r, ZONE_EXTERNAL, ZONE_INTERNAL);
	s.protection = ipc_io_u8(&r, PROTECTION_NONE, PROTECTION_TLS_NDSIP);
	s.transport = ipc_io_u8(&r, TRANSPORT_TCP, TRANSPORT_SCTP_UDP);
	s.tls_version = ipc_io_u8(&r, AGREED_TLS_NONE, AGREED_TLS_1_3);
	s.tls_suite = ipc_io_u8(&r, 0, AGREED_SUITES_N);
	s.again = ipc_io_bool(&r);
	if (ipc_io_done(&r)) {
		return ERR_PROTO;
	}
	/* An external session needs a protection, and the kind of the identity must match the
	 * protection. */
	if (s.zone == ZONE_EXTERNAL && s.protection == PROTECTION_NONE) {
		return ERR_PROTO;
	}
	if ((s.identity.kind == IDENTITY_TLS) != protection_has_tls(s.protection) ||
	    (s.identity.kind == IDENTITY_IPSEC) != (s.protection == PROTECTION_NDSIP) ||
	    (s.identity.ike[0] != 0) != (s.protection == PROTECTION_TLS_NDSIP)) {
		return ERR_PROTO;
	}
	/* TLS has a version and a suite that belong together, anything else has neither. */
	if (protection_has_tls(s.protection) != (s.tls_version != AGREED_TLS_NONE) ||
	    !agreed_tls_possible(s.tls_version, s.tls_suite)) {
		return ERR_PROTO;
	}
	*out = s;
	return 0;
}

size_t ipc_session_verdict_put(uint8_t *out, uint32_t generation, uint64_t session, const struct ipc_session_verdict *in)
{
	struct buf b = ipc_io_begin(out, IPC_REC_SESSION_VERDICT, generation, session);

	buf_u8(&b, in->admitted);
	buf_le32(&b, in->result_code);
	buf_le32(&b, in->pending_max);
	ipc_io_put_text(&b, in->scs);
	ipc_io_put_text(&b, in->reason);
	buf_u8(&b, in->p_bit_optional);
	buf_u8(&b, in->anchor);
	buf_u8(&b, in->revocation_soft);
	return ipc_io_end(&b);
}

int ipc_session_verdict_get(struct ipc_session_verdict *out, const uint8_t *record, size_t len)
{
	struct rd r = ipc_io_body(record, len, IPC_REC_SESSION_VERDICT);
	struct ipc_session_verdict v = { 0 };

	v.admitted = ipc_io_bool(&r);
	v.result_code = ipc_io_u32(&r, v.admitted ? IPC_RESULT_SUCCESS : IPC_RESULT_ERROR_MIN,
				   v.admitted ? IPC_RESULT_SUCCESS : IPC_RESULT_ERROR_MAX);
	v.pending_max = rd_le32(&r);
	ipc_io_text(&r, v.scs, sizeof v.scs, v.admitted ? ipc_io_is_name : ipc_io_is_name_or_none);
	ipc_io_text(&r, v.reason, sizeof v.reason, ipc_io_is_reason);
	v.p_bit_optional = ipc_io_bool(&r);
	v.anchor = ipc_io_u8(&r, 0, v.admitted ? IDENTITY_ANCHORS_MAX - 1 : 0);
	v.revocation_soft = ipc_io_bool(&r);
	if (ipc_io_done(&r) || ((v.p_bit_optional || v.revocation_soft) && !v.admitted)) {
		return ERR_PROTO;
	}
	*out = v;
	return 0;
}

size_t ipc_session_cut_put(uint8_t *out, uint32_t generation, uint64_t session, const struct ipc_session_cut *in)
{
	struct buf b = ipc_io_begin(out, IPC_REC_SESSION_CUT, generation, session);

	buf_le32(&b, in->probe_ms);
	buf_le32(&b, in->disconnect_cause);
	ipc_io_put_text(&b, in->reason);
	return ipc_io_end(&b);
}

int ipc_session_cut_get(struct ipc_session_cut *out, const uint8_t *record, size_t len)
{
	struct rd r = ipc_io_body(record, len, IPC_REC_SESSION_CUT);
	struct ipc_session_cut c = { 0 };

	c.probe_ms = ipc_io_u32(&r, 0, IPC_PROBE_MAX_MS);
	c.disconnect_cause = ipc_io_u32(&r, 0, IPC_DISCONNECT_CAUSE_MAX);
	ipc_io_text(&r, c.reason, sizeof c.reason, ipc_io_is_reason);
	if (ipc_io_done(&r)) {
		return ERR_PROTO;
	}
	*out = c;
	return 0;
}

size_t ipc_session_closed_put(uint8_t *out, uint32_t generation, uint64_t session, const struct ipc_session_closed *in)
{
	struct buf b = ipc_io_begin(out, IPC_REC_SESSION_CLOSED, generation, session);

	ipc_io_put_text(&b, in->reason);
	return ipc_io_end(&b);
}

int ipc_session_closed_get(struct ipc_session_closed *out, const uint8_t *record, size_t len)
{
	struct rd r = ipc_io_body(record, len, IPC_REC_SESSION_CLOSED);
	struct ipc_session_closed c = { 0 };

	ipc_io_text(&r, c.reason, sizeof c.reason, ipc_io_is_reason);
	if (ipc_io_done(&r)) {
		return ERR_PROTO;
	}
	*out = c;
	return 0;
}

_Static_assert(ST_PACKED_MAX + IPC_REC_HEAD_LEN <= IPC_REC_MAX, "all counters fit into one record");

size_t ipc_stats_put(uint8_t *out, uint32_t generation, const struct st_counters *in)
{
	struct buf b = ipc_io_begin(out, IPC_REC_STATS, generation, 0);

	st_pack(&b, in);
	return ipc_io_end(&b);
}

int ipc_stats_get(struct st_counters *out, const uint8_t *record, size_t len)
{
	struct rd r = ipc_io_body(record, len, IPC_REC_STATS);
	struct st_counters c;

	if (r.bad || st_unpack(&c, r.p, rd_left(&r))) {
		return ERR_PROTO;
	}
	for (unsigned i = 0; i < ST_COUNTERS; i++) {
		if (c.v[i] && st_owner(i) != ST_EDGE) {
			return ERR_PROTO; /* an edge reports its own counters only */
		}
		if (st_is_gauge(i) && c.v[i] > UINT32_MAX) {
			return ERR_PROTO;
		}
	}
	*out = c;
	return 0;
}
