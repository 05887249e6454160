/* dia_msg.c - views of one message. Every length is compared with the octets that exist before
 * anything behind it is read. */
#include "diameter/dia_msg.h"

#include "diameter/dia_dict.h"
#include "diameter/dia_failed.h"

/* Of the number of four octets that begins one octet before it. */
static uint32_t low24(uint32_t word)
{
	return word & 0xffffffu;
}

int dia_hdr_parse(struct dia_hdr *out, const uint8_t *p, size_t len)
{
	uint32_t first, second;

	if (len < DIA_HEADER_LEN) {
		return ERR_AGAIN;
	}
	first = be32_get(p);
	second = be32_get(p + 4);
	*out = (struct dia_hdr){
		.version = (uint8_t)(first >> 24),
		.length = low24(first),
		.flags = (uint8_t)(second >> 24),
		.code = low24(second),
		.app_id = be32_get(p + 8),
		.hop_by_hop = be32_get(p + 12),
		.end_to_end = be32_get(p + 16),
	};
	return 0;
}

int dia_msg_parse(struct dia_msg *out, const uint8_t *bytes, size_t len, const struct dia_limits *limits,
		  struct dia_failed *failed)
{
	struct dia_hdr h;

	if (dia_hdr_parse(&h, bytes, len)) {
		return dia_refuse(failed, DIA_RESULT_INVALID_MESSAGE_LENGTH, "message of %zu octets, a header has 20", len);
	}
	*out = (struct dia_msg){ .hdr = h, .bytes = bytes, .limits = limits };
	if (h.version != 1) {
		out->hdr.length = DIA_HEADER_LEN; /* nothing behind the header is trusted */
		return dia_refuse(failed, DIA_RESULT_UNSUPPORTED_VERSION, "version %u, expected 1", h.version);
	}
	if (h.length < DIA_HEADER_LEN || h.length % 4 || h.length != len || h.length > limits->message_len_max) {
		out->hdr.length = DIA_HEADER_LEN;
		return dia_refuse(failed, DIA_RESULT_INVALID_MESSAGE_LENGTH,
				  "length field %u in a message of %zu octets, at most %u, a multiple of 4 expected", h.length,
				  len, limits->message_len_max);
	}
	if ((h.flags & DIA_FLAG_R) && (h.flags & DIA_FLAG_E)) {
		return dia_refuse(failed, DIA_RESULT_INVALID_HDR_BITS, "request with the E bit");
	}
	return 0;
}

struct dia_win dia_msg_win(const struct dia_msg *m, uint16_t *avps_left)
{
	*avps_left = m->limits->avps_max;
	return (struct dia_win){
		.p = m->bytes + DIA_HEADER_LEN,
		.end = m->bytes + m->hdr.length,
		.limits = m->limits,
		.avps_left = avps_left,
	};
}

void dia_win_refuse(const struct dia_win *w, struct dia_failed *failed)
{
	const uint8_t *p = w->p;
	size_t left = (size_t)(w->end - p);
	struct dia_avp avp = { .raw = p };
	uint32_t header = left >= 5 && (p[4] & DIA_AVP_V) ? DIA_AVP_HEADER_V_LEN : DIA_AVP_HEADER_LEN;

	if (!*w->avps_left) {
		dia_failed_set(failed, DIA_RESULT_RESOURCES_EXCEEDED, "more than %u AVPs in one message", w->limits->avps_max);
		return;
	}
	if (left < header) {
		(void)dia_failed_header(failed, p, left, "AVP header is cut short");
		return;
	}
	avp.raw_len = low24(be32_get(p + 4));
	if (avp.raw_len < header) {
		(void)dia_failed_header(failed, p, header, "AVP length is smaller than the AVP header");
	} else if (avp.raw_len > left) {
		(void)dia_failed_header(failed, p, header, "AVP length reaches past the end");
	} else {
		(void)dia_failed_avp(failed, DIA_RESULT_INVALID_AVP_BIT_COMBO, &avp, "AVP %u: flags 0x%02x, vendor %u",
				     be32_get(p), p[4], header == DIA_AVP_HEADER_V_LEN ? be32_get(p + 8) : 0);
	}
}

int dia_win_enter(struct dia_win *out, const struct dia_win *parent, const struct dia_avp *group, struct dia_failed *failed)
{
	if (parent->depth >= parent->limits->depth_max) {
		return dia_refuse(failed, DIA_RESULT_RESOURCES_EXCEEDED, "groups nested deeper than %u",
				  parent->limits->depth_max);
	}
	*out = *parent;
	out->p = group->data;
	out->end = group->data + group->data_len;
	out->depth++;
	return 0;
}

int dia_msg_check(const struct dia_msg *m, struct dia_failed *failed)
{
	uint16_t left;
	struct dia_win w = dia_msg_win(m, &left);
	struct dia_avp avp;
	int err;

	do {
		err = dia_win_next(&w, &avp, failed);
	} while (err == DIA_MORE);
	return err;
}

bool dia_msg_find(const struct dia_msg *m, uint32_t code, uint32_t vendor, struct dia_avp *out)
{
	uint16_t left;
	struct dia_win w = dia_msg_win(m, &left);
	struct dia_failed ignored;
	struct dia_avp avp;

	while (dia_win_next(&w, &avp, &ignored) == DIA_MORE) {
		if (avp.code == code && avp.vendor == vendor) {
			*out = avp;
			return true;
		}
	}
	return false;
}
