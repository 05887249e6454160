/* dia_msg.h - header and AVP views of one whole Diameter message (RFC 6733 3 and 4).
 * PURE: no socket, no clock, no configuration. Views point into the message's octets, which the
 * caller keeps. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"

#define DIA_HEADER_LEN 20u

enum {
	DIA_FLAG_R = 0x80, /* request */
	DIA_FLAG_P = 0x40, /* proxiable */
	DIA_FLAG_E = 0x20, /* protocol error */
	DIA_FLAG_T = 0x10, /* possible retransmission */
	DIA_FLAG_RESERVED = 0x0f,
};

enum { DIA_AVP_V = 0x80, DIA_AVP_M = 0x40, DIA_AVP_P = 0x20, DIA_AVP_RESERVED = 0x1f };

#define DIA_VENDOR_3GPP 10415u

/* a view; absent when p is NULL; len 0 with p set is "there and empty" */
struct dia_bytes {
	const uint8_t *p;
	uint32_t len;
};

struct dia_u32 {
	uint32_t v;
	bool present;
};

struct dia_u64 {
	uint64_t v;
	bool present;
};

struct dia_hdr {
	uint8_t version, flags;
	uint32_t length; /* whole message, octets */
	uint32_t code, app_id, hop_by_hop, end_to_end;
};

struct dia_limits {
	uint32_t message_len_max; /* octets, header included */
	uint16_t avps_max;        /* AVPs in one message, nested ones counted */
	uint8_t depth_max;        /* nesting of grouped AVPs; top level is 0 */
};

/* CONTRACTS section 3: 64 KiB from outside, 1 MiB in the core; 512 AVPs; nesting 8. */
#define DIA_LIMITS_OUTSIDE ((struct dia_limits){ 64u * 1024u, 512, 8 })
#define DIA_LIMITS_CORE ((struct dia_limits){ 1024u * 1024u, 512, 8 })

struct dia_msg {
	struct dia_hdr hdr;
	const uint8_t *bytes;            /* borrowed; hdr.length octets */
	const struct dia_limits *limits; /* borrowed */
};

struct dia_avp {
	uint32_t code, vendor; /* vendor 0: base */
	uint8_t flags;
	const uint8_t *raw; /* from the AVP's header on */
	uint32_t raw_len;   /* without padding */
	const uint8_t *data;
	uint32_t data_len;
};

/* The inside of a message or of a grouped AVP: nothing read through it lies outside it. */
struct dia_win {
	const uint8_t *p, *end;
	uint8_t depth;
	const struct dia_limits *limits; /* borrowed */
	uint16_t *avps_left;             /* borrowed; shared by all windows of one message */
};

struct dia_failed; /* dia_failed.h */

/* Reads the 20 octets at `p`; checks nothing but their presence (ERR_AGAIN when fewer than 20). */
ERR_MUST_USE int dia_hdr_parse(struct dia_hdr *out, const uint8_t *p, size_t len);

/* Makes `out` of one whole message and checks the header on its own, in the order of RFC 6733 7:
 * version 5011, length 5015 (20 or more, multiple of 4, equal to len, within the limit), header
 * bits 3008 (R with E). Reserved bits are ignored (RFC 6733 3). Borrows bytes and limits. ERR_PROTO
 * with `failed` filled. If there are 20 octets, `out` then still has the contents of the header, so
 * that an answer can be made. */
ERR_MUST_USE int dia_msg_parse(struct dia_msg *out, const uint8_t *bytes, size_t len, const struct dia_limits *limits,
			       struct dia_failed *failed);

/* First window of a message. `avps_left` is set to the limit and must live as long as the
 * window. */
struct dia_win dia_msg_win(const struct dia_msg *m, uint16_t *avps_left);

enum dia_next { DIA_END = 0, DIA_MORE = 1 };

#define DIA_AVP_HEADER_LEN 8u
#define DIA_AVP_HEADER_V_LEN 12u

/* For dia_win_next(): fills `failed` with why the window holds no good AVP where it stands. */
void dia_win_refuse(const struct dia_win *w, struct dia_failed *failed);

/* The next AVP: DIA_MORE, DIA_END, or ERR_PROTO with `failed` filled (5014 with the offending
 * header, 5016 for V with vendor 0 or reserved bits, 5006 when the count limit is hit). Inline:
 * each message is walked two or three times. */
ERR_MUST_USE static inline int dia_win_next(struct dia_win *w, struct dia_avp *out, struct dia_failed *failed)
{
	const uint8_t *p = w->p;
	size_t left = (size_t)(w->end - p);
	uint32_t header = DIA_AVP_HEADER_LEN, word, len, vendor = 0;

	if (!left) {
		return DIA_END;
	}
	if (!*w->avps_left || left < DIA_AVP_HEADER_LEN) {
		goto refuse;
	}
	word = be32_get(p + 4); /* flags, length */
	len = word & 0xffffffu;
	if (word >> 24 & DIA_AVP_V) {
		header = DIA_AVP_HEADER_V_LEN;
		vendor = left < header ? 0 : be32_get(p + 8);
		if (!vendor) {
			goto refuse;
		}
	}
	if (len < header || len > left || (word >> 24 & DIA_AVP_RESERVED)) {
		goto refuse;
	}
	out->code = be32_get(p);
	out->vendor = vendor;
	out->flags = (uint8_t)(word >> 24);
	out->raw = p;
	out->raw_len = len;
	out->data = p + header;
	out->data_len = len - header;
	len = (len + 3) & ~3u;
	w->p += len < left ? len : left; /* a group may end without its last padding */
	--*w->avps_left;
	return DIA_MORE;

refuse:
	dia_win_refuse(w, failed);
	return ERR_PROTO;
}

/* The inside of a grouped AVP of `parent`. ERR_PROTO (5006) beyond depth_max. */
ERR_MUST_USE int dia_win_enter(struct dia_win *out, const struct dia_win *parent, const struct dia_avp *group,
			       struct dia_failed *failed);

/* Walks the top level once: every AVP header and length, bits, the count limit. Groups are read by
 * their decoder. */
ERR_MUST_USE int dia_msg_check(const struct dia_msg *m, struct dia_failed *failed);

/* The first AVP of the top level with this code and vendor. False if there is none before the end
 * or before the first unreadable AVP. */
bool dia_msg_find(const struct dia_msg *m, uint32_t code, uint32_t vendor, struct dia_avp *out);

static inline struct dia_bytes dia_text(const char *s) /* view of a string, without its NUL */
{
	return (struct dia_bytes){ (const uint8_t *)s, s ? (uint32_t)strlen(s) : 0 };
}

static inline struct dia_u32 dia_u32_of(uint32_t v)
{
	return (struct dia_u32){ v, true };
}
