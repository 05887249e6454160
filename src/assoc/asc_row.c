/* asc_row.c - records on disk and back. */
#include "assoc/asc_row.h"

#include <string.h>

#include "base/str.h"

enum { ENTRY_VERDICT = 0x03, ENTRY_TIMES = 0x04, ENTRY_DETECT = 0x08 };

void asc_entry_put(struct buf *b, const struct asc_entry *e)
{
	bool times = e->not_before_s || e->not_after_s;

	buf_u8(b, (uint8_t)(e->verdict | (times ? ENTRY_TIMES : 0) | (e->mode == ASSOC_DETECT ? ENTRY_DETECT : 0)));
	buf_u8(b, e->rights);
	buf_le32(b, e->scs_number);
	if (!times) {
		return;
	}
	buf_le64(b, (uint64_t)e->not_before_s);
	buf_le64(b, (uint64_t)e->not_after_s);
}

bool asc_entry_next(struct rd *r, struct asc_entry *e)
{
	uint8_t flags;

	if (r->bad || rd_left(r) == 0) {
		return false;
	}
	*e = (struct asc_entry){ 0 };
	flags = rd_u8(r);
	e->verdict = flags & ENTRY_VERDICT;
	e->mode = flags & ENTRY_DETECT ? ASSOC_DETECT : ASSOC_ENFORCE;
	e->rights = rd_u8(r);
	e->scs_number = rd_le32(r);
	if (flags & ENTRY_TIMES) {
		e->not_before_s = (int64_t)rd_le64(r);
		e->not_after_s = (int64_t)rd_le64(r);
	}
	if (e->verdict == ASC_ENTRY_MEMBER && (e->rights || (flags & ENTRY_TIMES))) {
		r->bad = true;
	}
	if (e->mode == ASSOC_DETECT && e->verdict != ASSOC_DENY && e->verdict != ASSOC_BLOCK) {
		r->bad = true;
	}
	if ((flags & ~(ENTRY_VERDICT | ENTRY_TIMES | ENTRY_DETECT)) || (e->rights & ~ASSOC_RIGHT_ALL)) {
		r->bad = true;
	}
	return !r->bad;
}

static void put_text(struct buf *b, const char *text)
{
	size_t len = strlen(text);

	buf_u8(b, (uint8_t)len); /* every name is shorter than 255 */
	buf_bytes(b, text, len);
}

static void get_text(struct rd *r, char *out, size_t cap)
{
	size_t len = rd_u8(r);
	const uint8_t *p = rd_take(r, len);

	if (!p || str_copy(out, cap, p, len)) {
		r->bad = true;
	}
}

/* The limits in an SCS's record. Version 3 has their number, and each limit in the order of
 * SCS_LIMITS. Limits at the end that have their default are not written, down to the 13 that
 * version 3 began with. So a program that knows fewer limits reads a record that does not use the
 * others, and refuses a record that does, because it would not enforce them. Version 2 had 13
 * limits in another form. Version 1 had no flags and wrote down the default of a limit, so it does
 * not show whether an operator chose that value. Such a value is read as the configuration's, whose
 * default it was.
 * Version 4 is version 3 with the lists of addresses of an SCS with NDS/IP behind the limits: for
 * each row of SCS_NDSIP their number, and each as a family (4 or 6) and its octets. An SCS without
 * NDS/IP is written as version 3.
 * Version 5 is version 4 with several trust anchors: their number, and each as a string, stand in
 * place of the one string, and the lists of addresses may be empty. An SCS with one anchor is never
 * written so. */
enum { SCS_VERSION_1 = 1, SCS_VERSION_2 = 2, SCS_VERSION = 3, SCS_VERSION_NDSIP = 4, SCS_VERSION_ANCHORS = 5 };
#define LIMITS_AT_LEAST 13 /* of version 3, from its beginning */
enum { V2_ACTIONS_P_BIT_OPTIONAL = 0x80, V2_STRICT_ANSWERS = 0x01 };
enum { V1_PAYLOAD = 1024, V1_VALIDITY_S = 7 * 24 * 3600, V1_CONNECTIONS = 8, V1_PENDING = 1024 };
_Static_assert(SCS_LIMITS_N >= LIMITS_AT_LEAST && SCS_LIMITS_N <= UINT8_MAX, "limits are added at the end and never taken away");

static uint32_t unless_default(uint32_t limit, uint32_t of_version_1)
{
	return limit == of_version_1 ? 0 : limit;
}

static void from_version_1(struct asc_scs *scs)
{
	scs->payload_max = unless_default(scs->payload_max, V1_PAYLOAD);
	scs->validity_max_s = unless_default(scs->validity_max_s, V1_VALIDITY_S);
	scs->connections_max = unless_default(scs->connections_max, V1_CONNECTIONS);
	scs->pending_max = unless_default(scs->pending_max, V1_PENDING);
}

/* How many limits a record has to say. */
static uint8_t limits_said(const struct asc_scs *scs)
{
	uint8_t n = LIMITS_AT_LEAST;

#define SAID(id_, member_, kind_, min_, max_, preset_, option_, where_, meaning_)                                                \
	if (SCS_LIMIT_##id_ >= LIMITS_AT_LEAST && scs->member_ != (preset_)) {                                                   \
		n = SCS_LIMIT_##id_ + 1;                                                                                         \
	}
	SCS_LIMITS(SAID)
#undef SAID
	return n;
}

#define PUT_U32 buf_le32
#define PUT_U16 buf_le16
#define PUT_ON buf_u8
#define PUT_OFF buf_u8
#define PUT_RIGHTS buf_u8
#define PUT_SET buf_le16

static bool has_ndsip(const struct asc_scs *scs)
{
#define HAS(id_, member_, max_, option_, meaning_) || scs->member_.n
	return false SCS_NDSIP(HAS);
#undef HAS
}

static size_t octets_of(uint8_t family)
{
	return family == 4 ? 4 : 16;
}

static void put_addresses(struct buf *b, const struct asc_addresses *a)
{
	buf_u8(b, a->n);
	for (uint8_t i = 0; i < a->n; i++) {
		buf_u8(b, a->at[i].family);
		buf_bytes(b, a->at[i].octets, octets_of(a->at[i].family));
	}
}

static void get_addresses(struct rd *r, struct asc_addresses *a, uint8_t max)
{
	uint8_t n = rd_u8(r);

	r->bad = r->bad || n > max;
	for (; a->n < n && !r->bad; a->n++) {
		struct sa_address *at = &a->at[a->n];
		const uint8_t *octets;

		at->family = rd_u8(r);
		r->bad = r->bad || (at->family != 4 && at->family != 6);
		octets = rd_take(r, octets_of(at->family));
		if (octets) {
			memcpy(at->octets, octets, octets_of(at->family));
		}
	}
}

static void put_anchors(struct buf *b, char names[ANCHOR_LIST_MAX][IDENT_SCS_MAX + 1], uint8_t n)
{
	if (n != 1) {
		buf_u8(b, n);
	}
	for (uint8_t i = 0; i < n; i++) {
		put_text(b, names[i]);
	}
}

/* Several; only a list in its form is one that this program wrote. */
static void get_anchors(struct rd *r, char out[ANCHOR_LIST_LEN])
{
	char name[IDENT_SCS_MAX + 1];
	uint8_t n = rd_u8(r);

	out[0] = 0;
	r->bad = r->bad || n < 2 || n > ANCHOR_LIST_MAX;
	for (uint8_t i = 0; i < n && !r->bad; i++) {
		get_text(r, name, sizeof name);
		if (!r->bad) {
			str_add(out, ANCHOR_LIST_LEN, i ? " " : "");
			str_add(out, ANCHOR_LIST_LEN, name);
		}
	}
	r->bad = r->bad || !anchor_list_ok(out);
}

void asc_scs_record_put(struct buf *b, const struct asc_scs *scs, uint32_t number)
{
	uint8_t n = limits_said(scs);
	char anchors[ANCHOR_LIST_MAX][IDENT_SCS_MAX + 1];
	uint8_t anchors_n = anchor_list_split(anchors, scs->anchor);
	bool ndsip = has_ndsip(scs) || anchors_n > 1;

	buf_u8(b, anchors_n > 1 ? SCS_VERSION_ANCHORS : ndsip ? SCS_VERSION_NDSIP : SCS_VERSION);
	buf_le32(b, number);
	put_text(b, scs->e164);
	put_text(b, scs->origin_host);
	put_text(b, scs->realm);
	put_anchors(b, anchors, anchors_n);
	buf_u8(b, n);
#define PUT(id_, member_, kind_, min_, max_, preset_, option_, where_, meaning_)                                                 \
	if (SCS_LIMIT_##id_ < n) {                                                                                               \
		PUT_##kind_(b, scs->member_);                                                                                    \
	}
	SCS_LIMITS(PUT)
#undef PUT
	if (ndsip) {
#define PUT(id_, member_, max_, option_, meaning_) put_addresses(b, &scs->member_);
		SCS_NDSIP(PUT)
#undef PUT
	}
}

static bool get_bool(struct rd *r)
{
	uint8_t v = rd_u8(r);

	r->bad = r->bad || v > 1;
	return v;
}

/* Words that this program does not know would not be enforced. */
static uint16_t get_set(struct rd *r, const char *words)
{
	uint16_t set = rd_le16(r);

	r->bad = r->bad || !agreed_known(words, set);
	return set;
}

#define GET_U32(r_, min_) rd_le32(r_)
#define GET_U16(r_, min_) rd_le16(r_)
#define GET_ON(r_, min_) get_bool(r_)
#define GET_OFF(r_, min_) get_bool(r_)
#define GET_RIGHTS(r_, min_) rd_u8(r_)
#define GET_SET get_set

static int get_limits(struct rd *r, struct asc_scs *scs)
{
	uint8_t n = rd_u8(r);

	if (n > SCS_LIMITS_N) {
		return ERR_VERSION;
	}
#define GET(id_, member_, kind_, min_, max_, preset_, option_, where_, meaning_)                                                 \
	scs->member_ = preset_;                                                                                                  \
	if (SCS_LIMIT_##id_ < n) {                                                                                               \
		scs->member_ = GET_##kind_(r, min_);                                                                             \
	}
	SCS_LIMITS(GET)
#undef GET
	return r->bad || n < LIMITS_AT_LEAST ? ERR_PROTO : 0;
}

/* The 13 limits in the form of versions 1 and 2. No program writes this form any longer, so it
 * never changes. */
static int get_limits_of_old(struct rd *r, struct asc_scs *scs, uint8_t version)
{
	uint8_t flags = 0, actions;

#define DEFAULT(id_, member_, kind_, min_, max_, preset_, option_, where_, meaning_) scs->member_ = preset_;
	SCS_LIMITS(DEFAULT)
#undef DEFAULT
	scs->payload_max = rd_le32(r);
	scs->validity_max_s = rd_le32(r);
	scs->port_min = rd_le16(r);
	scs->port_max = rd_le16(r);
	scs->priority_allowed = rd_u8(r) != 0;
	actions = rd_u8(r);
	scs->actions = actions & (uint8_t)~V2_ACTIONS_P_BIT_OPTIONAL;
	scs->p_bit_optional = actions & V2_ACTIONS_P_BIT_OPTIONAL;
	scs->rate_per_s = rd_le32(r);
	scs->burst = rd_le32(r);
	scs->quota_per_day = rd_le32(r);
	scs->connections_max = rd_le32(r);
	scs->pending_max = rd_le32(r);
	if (version == SCS_VERSION_2) {
		flags = rd_u8(r);
	} else {
		from_version_1(scs);
	}
	scs->strict_answers = flags & V2_STRICT_ANSWERS;
	return r->bad || (flags & ~V2_STRICT_ANSWERS) ? ERR_PROTO : 0;
}

int asc_scs_record_get(struct asc_scs *scs, uint32_t *number, const void *p, size_t len)
{
	struct rd r = rd_over(p, len);
	uint8_t version = rd_u8(&r);
	int err;

	if (version < SCS_VERSION_1 || version > SCS_VERSION_ANCHORS) {
		return r.bad ? ERR_PROTO : ERR_VERSION;
	}
	*number = rd_le32(&r);
	get_text(&r, scs->e164, sizeof scs->e164);
	get_text(&r, scs->origin_host, sizeof scs->origin_host);
	get_text(&r, scs->realm, sizeof scs->realm);
	if (version == SCS_VERSION_ANCHORS) {
		get_anchors(&r, scs->anchor);
	} else {
		get_text(&r, scs->anchor, IDENT_SCS_MAX + 1);
		r.bad = r.bad || strpbrk(scs->anchor, " ,"); /* one name: asc_scs_check() would take several */
	}
	if (r.bad) {
		return ERR_PROTO;
	}
	err = version >= SCS_VERSION ? get_limits(&r, scs) : get_limits_of_old(&r, scs, version);
#define GET(id_, member_, max_, option_, meaning_)                                                                               \
	scs->member_ = (struct asc_addresses){ .n = 0 };                                                                         \
	if (!err && version >= SCS_VERSION_NDSIP) {                                                                              \
		get_addresses(&r, &scs->member_, max_);                                                                          \
	}
	SCS_NDSIP(GET)
#undef GET
	if (!err && (r.bad || (version == SCS_VERSION_NDSIP && !has_ndsip(scs)))) {
		return ERR_PROTO;
	}
	return !err && (rd_left(&r) || *number == ASC_NOBODY) ? ERR_PROTO : err;
}
