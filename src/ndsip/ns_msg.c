/* ns_msg.c - see ns_msg.h. Octets: u32 NS_MAGIC, u8 kind, then the fields in the order of the
 * struct, numbers little-endian, a text as u16 length and octets, an address as u8 family and 4 or
 * 16 octets. */
#include "ndsip/ns_msg.h"

#include <string.h>

#include "base/buf.h"

const char *ns_reason_word(unsigned reason)
{
	static const char *const all[NS_REASONS] = {
#define NS_REASON_ROW(name, reason, words) [NS_REASON_##name] = (reason),
		NS_REASON_TABLE(NS_REASON_ROW)
#undef NS_REASON_ROW
	};

	return reason < NS_REASONS ? all[reason] : "unknown";
}

const char *ns_reason_words(unsigned reason)
{
	static const char *const all[NS_REASONS] = {
#define NS_REASON_ROW(name, reason, words) [NS_REASON_##name] = (words),
		NS_REASON_TABLE(NS_REASON_ROW)
#undef NS_REASON_ROW
	};

	return reason == NS_REASON_SA_PROVEN ? "" : reason < NS_REASONS ? all[reason] : "unknown";
}

bool ns_is_peer(const char *name)
{
	return strncmp(name, SA_PEER_PREFIX, strlen(SA_PEER_PREFIX)) == 0;
}

/* -- fields */

static void put_text(struct buf *b, const char *text)
{
	size_t len = strlen(text);

	buf_le16(b, (uint16_t)len);
	buf_bytes(b, text, len);
}

static void put_address(struct buf *b, const struct sa_address *a)
{
	buf_u8(b, a->family);
	buf_bytes(b, a->octets, a->family == 4 ? 4 : 16);
}

static void put_addresses(struct buf *b, const struct sa_address *a, uint8_t n, uint8_t max)
{
	buf_u8(b, n);
	for (uint8_t i = 0; i < n && i < max; i++) {
		put_address(b, &a[i]);
	}
}

static void wrong_unless(struct rd *r, bool right)
{
	if (!right) {
		r->bad = true;
	}
}

static uint8_t get_u8(struct rd *r, uint8_t min, uint8_t max)
{
	uint8_t v = rd_u8(r);

	wrong_unless(r, v >= min && v <= max);
	return v;
}

/* Printable ASCII; blanks inside a sentence. */
static void get_text(struct rd *r, char *out, size_t cap)
{
	size_t len = rd_le16(r);
	const uint8_t *p = len < cap ? rd_take(r, len) : NULL;

	wrong_unless(r, p != NULL);
	for (size_t i = 0; p && i < len; i++) {
		wrong_unless(r, p[i] >= 0x20 && p[i] < 0x7f);
		out[i] = (char)p[i];
	}
	out[p ? len : 0] = 0;
}

static void get_name(struct rd *r, char out[IDENT_SCS_MAX + 1])
{
	get_text(r, out, IDENT_SCS_MAX + 1);
	wrong_unless(r, !r->bad && sa_conn_name_ok(out));
}

static void get_anchors(struct rd *r, char out[ANCHOR_LIST_LEN])
{
	get_text(r, out, ANCHOR_LIST_LEN);
	wrong_unless(r, !r->bad && anchor_list_ok(out));
}

static void get_host(struct rd *r, char *out, size_t cap)
{
	char canonical[IDENT_HOST_MAX + 1];

	get_text(r, out, cap);
	wrong_unless(r, !r->bad && ident_host(canonical, out, strlen(out)) == 0 && !strcmp(canonical, out));
}

static void get_address(struct rd *r, struct sa_address *out)
{
	uint8_t family = rd_u8(r);
	size_t len = family == 4 ? 4 : 16;
	const uint8_t *p = family == 4 || family == 6 ? rd_take(r, len) : NULL;

	memset(out, 0, sizeof *out);
	wrong_unless(r, p != NULL);
	if (p) {
		out->family = family;
		memcpy(out->octets, p, len);
	}
}

static uint8_t get_addresses(struct rd *r, struct sa_address *out, uint8_t min, uint8_t max)
{
	uint8_t n = get_u8(r, min, max);

	for (uint8_t i = 0; i < n && !r->bad; i++) {
		get_address(r, &out[i]);
	}
	return n;
}

/* -- edge and helper */

static void put_open(struct buf *b, const struct ns_open *m)
{
	buf_le64(b, m->id);
	buf_u8(b, m->protocol);
	buf_u8(b, m->again);
	buf_le16(b, m->local_port);
	buf_le16(b, m->remote_port);
	put_addresses(b, m->local, m->local_n, NS_ENDS_MAX);
	put_addresses(b, m->remote, m->remote_n, NS_ENDS_MAX);
}

static void get_open(struct rd *r, struct ns_open *m)
{
	m->id = rd_le64(r);
	m->protocol = rd_u8(r);
	wrong_unless(r, m->protocol == SA_TCP || m->protocol == SA_SCTP);
	m->again = get_u8(r, 0, 1) == 1;
	m->local_port = rd_le16(r);
	m->remote_port = rd_le16(r);
	m->local_n = get_addresses(r, m->local, 1, NS_ENDS_MAX);
	m->remote_n = get_addresses(r, m->remote, 1, NS_ENDS_MAX);
}

static void put_state(struct buf *b, const struct ns_state *m)
{
	buf_le64(b, m->id);
	buf_u8(b, m->proof);
	buf_u8(b, m->reason);
	put_text(b, m->identity);
	if (m->proof == NS_PROVEN) {
		put_text(b, m->scs);
		put_text(b, m->anchor);
	}
}

static void get_state(struct rd *r, struct ns_state *m)
{
	m->id = rd_le64(r);
	m->proof = get_u8(r, NS_HELD, NS_CUT);
	m->reason = get_u8(r, 0, NS_REASONS - 1);
	wrong_unless(r, (m->proof == NS_PROVEN) == (m->reason == NS_REASON_SA_PROVEN));
	if (m->proof == NS_PROVEN) {
		get_host(r, m->identity, sizeof m->identity);
		get_name(r, m->scs);
		get_anchors(r, m->anchor);
	} else {
		get_text(r, m->identity, sizeof m->identity);
	}
}

/* -- core and helper */

static void put_scs(struct buf *b, const struct ns_scs *m)
{
	buf_le32(b, m->list);
	buf_u8(b, m->known);
	put_text(b, m->name);
	put_text(b, m->identity);
	put_text(b, m->anchor);
	put_addresses(b, m->ike, m->ike_n, NS_IKE_MAX);
	put_addresses(b, m->hosts, m->hosts_n, NS_HOSTS_MAX);
	if (ns_is_peer(m->name)) {
		buf_u8(b, m->service.protocol);
		buf_le16(b, m->service.port);
		put_addresses(b, m->service.local, m->service.local_n, NS_ENDS_MAX);
	}
}

static void get_scs(struct rd *r, struct ns_scs *m)
{
	m->list = rd_le32(r);
	m->known = get_u8(r, 0, 1) == 1;
	get_name(r, m->name);
	get_host(r, m->identity, sizeof m->identity);
	get_anchors(r, m->anchor);
	m->ike_n = get_addresses(r, m->ike, 0, NS_IKE_MAX);
	m->hosts_n = get_addresses(r, m->hosts, 1, NS_HOSTS_MAX);
	if (!r->bad && ns_is_peer(m->name)) {
		m->service.protocol = rd_u8(r);
		m->service.port = rd_le16(r);
		wrong_unless(r, m->service.protocol == SA_TCP || m->service.protocol == SA_SCTP);
		wrong_unless(r, m->service.port != 0);
		m->service.local_n = get_addresses(r, m->service.local, 1, NS_ENDS_MAX);
	}
}

static void put_summary(struct buf *b, const struct ns_summary *m)
{
	buf_u8(b, m->charon);
	buf_u8(b, m->rules);
	put_text(b, m->version);
	put_text(b, m->words);
	buf_le64(b, m->loss_s);
	buf_le32(b, m->list);
	buf_le32(b, m->ended);
	buf_le32(b, m->scs);
	buf_le32(b, m->loaded);
	buf_le32(b, m->ikes);
	buf_le32(b, m->children);
	buf_le32(b, m->open);
	buf_le32(b, m->proven);
	buf_le64(b, m->proofs);
	buf_le64(b, m->refused);
	buf_le64(b, m->cut);
	buf_le64(b, m->losses);
	buf_le64(b, m->events);
	buf_le64(b, m->lists);
}

static void get_summary(struct rd *r, struct ns_summary *m)
{
	m->charon = get_u8(r, 0, 1) == 1;
	m->rules = get_u8(r, NS_RULES_UNCHECKED, NS_RULES_UNREADABLE);
	get_text(r, m->version, sizeof m->version);
	get_text(r, m->words, sizeof m->words);
	m->loss_s = rd_le64(r);
	m->list = rd_le32(r);
	m->ended = rd_le32(r);
	m->scs = rd_le32(r);
	m->loaded = rd_le32(r);
	m->ikes = rd_le32(r);
	m->children = rd_le32(r);
	m->open = rd_le32(r);
	m->proven = rd_le32(r);
	wrong_unless(r, m->loaded <= m->scs && m->proven <= m->open);
	wrong_unless(r, !m->ended || (m->charon && m->list));
	m->proofs = rd_le64(r);
	m->refused = rd_le64(r);
	m->cut = rd_le64(r);
	m->losses = rd_le64(r);
	m->events = rd_le64(r);
	m->lists = rd_le64(r);
}

static void put_scs_is(struct buf *b, const struct ns_scs_is *m)
{
	put_text(b, m->name);
	buf_u8(b, m->state);
	buf_u8(b, m->children);
	buf_le16(b, m->open);
	put_text(b, m->words);
}

static void get_scs_is(struct rd *r, struct ns_scs_is *m)
{
	get_name(r, m->name);
	m->state = get_u8(r, NS_SCS_WAITS, NS_SCS_UP);
	m->children = rd_u8(r);
	m->open = rd_le16(r);
	get_text(r, m->words, sizeof m->words);
	wrong_unless(r, (m->state == NS_SCS_UP) == (m->words[0] == 0));
	wrong_unless(r, m->state != NS_SCS_UP || m->children);
}

/* -- messages */

static bool sends(enum ns_side from, unsigned kind)
{
	switch (from) {
	case NS_FROM_EDGE:
		return kind == NS_OPEN || kind == NS_CLOSE;
	case NS_TO_EDGE:
		return kind == NS_STATE;
	case NS_FROM_CORE:
		return (kind >= NS_BEGIN && kind <= NS_TERMINATE) || kind == NS_OPEN || kind == NS_CLOSE;
	default:
		return kind == NS_SUMMARY || kind == NS_SCS_STATE || kind == NS_STATE;
	}
}

static enum ns_side sender(enum ns_kind kind)
{
	return kind == NS_OPEN || kind == NS_CLOSE          ? NS_FROM_EDGE
	       : kind == NS_STATE                           ? NS_TO_EDGE
	       : kind == NS_SUMMARY || kind == NS_SCS_STATE ? NS_TO_CORE
							    : NS_FROM_CORE;
}

static void put(struct buf *b, const struct ns_msg *m)
{
	switch (m->kind) {
	case NS_OPEN:
		put_open(b, &m->open);
		break;
	case NS_CLOSE:
		buf_le64(b, m->close.id);
		break;
	case NS_STATE:
		put_state(b, &m->state);
		break;
	case NS_BEGIN:
		buf_le32(b, m->begin.list);
		buf_le32(b, m->begin.n);
		buf_le32(b, m->begin.files);
		break;
	case NS_SCS:
		put_scs(b, &m->scs);
		break;
	case NS_END:
		buf_le32(b, m->end.list);
		buf_le32(b, m->end.n);
		break;
	case NS_TERMINATE:
		put_text(b, m->terminate.name);
		buf_u8(b, m->terminate.why);
		break;
	case NS_SUMMARY:
		put_summary(b, &m->summary);
		break;
	case NS_SCS_STATE:
		put_scs_is(b, &m->scs_is);
		break;
	}
}

static void get(struct rd *r, struct ns_msg *m)
{
	switch (m->kind) {
	case NS_OPEN:
		get_open(r, &m->open);
		break;
	case NS_CLOSE:
		m->close.id = rd_le64(r);
		break;
	case NS_STATE:
		get_state(r, &m->state);
		break;
	case NS_BEGIN:
		m->begin.list = rd_le32(r);
		m->begin.n = rd_le32(r);
		m->begin.files = rd_le32(r);
		break;
	case NS_SCS:
		get_scs(r, &m->scs);
		break;
	case NS_END:
		m->end.list = rd_le32(r);
		m->end.n = rd_le32(r);
		break;
	case NS_TERMINATE:
		get_name(r, m->terminate.name);
		m->terminate.why = get_u8(r, NS_WHY_REMOVED, NS_WHY_OPERATOR);
		break;
	case NS_SUMMARY:
		get_summary(r, &m->summary);
		break;
	case NS_SCS_STATE:
		get_scs_is(r, &m->scs_is);
		break;
	}
}

int ns_msg_decode(struct ns_msg *out, enum ns_side from, const void *p, size_t n)
{
	struct rd r = rd_over(p, n);
	struct ns_msg m;
	uint8_t kind;

	memset(&m, 0, sizeof m);
	wrong_unless(&r, rd_le32(&r) == NS_MAGIC);
	kind = rd_u8(&r);
	if (r.bad || !sends(from, kind)) {
		return ERR_PROTO;
	}
	m.kind = (enum ns_kind)kind;
	get(&r, &m);
	if (r.bad || rd_left(&r)) {
		return ERR_PROTO;
	}
	*out = m;
	return 0;
}

size_t ns_msg_encode(uint8_t out[NS_MSG_OCTETS_MAX], const struct ns_msg *m)
{
	struct buf b = buf_over(out, NS_MSG_OCTETS_MAX);
	struct ns_msg same;

	buf_le32(&b, NS_MAGIC);
	buf_u8(&b, (uint8_t)m->kind);
	put(&b, m);
	return b.full || ns_msg_decode(&same, sender(m->kind), out, b.len) ? 0 : b.len;
}
