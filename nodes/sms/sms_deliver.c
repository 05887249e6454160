/* sms_deliver.c - SMS-DELIVER with ports and parts. The ports come first, then the part number. So
 * a receiver that knows only ports finds them in the place where single messages have them. */
#include "nodes/sms/sms_deliver.h"

#include <string.h>
#include <time.h>

enum {
	MTI_MASK = 0x03,
	MTI_DELIVER = 0x00,
	MMS_NO_MORE = 0x04,
	UDHI = 0x40,
	IE_PART_8BIT = 0x00,
	IE_PORTS_16BIT = 0x05,
	IE_PART_16BIT = 0x08,
	HEADER_PORTS = 6, /* identifier, length, value */
	HEADER_PART = 6,
};

static unsigned header_len(bool has_port, bool has_part)
{
	unsigned n = (has_port ? HEADER_PORTS : 0) + (has_part ? HEADER_PART : 0);

	return n ? n + 1 : 0; /* the length octet of the header itself */
}

unsigned sms_parts(size_t payload_len, bool has_port)
{
	size_t room = SMS_USER_DATA_MAX - header_len(has_port, false);
	size_t parts;

	if (payload_len <= room) {
		return 1;
	}
	room = SMS_USER_DATA_MAX - header_len(has_port, true);
	parts = (payload_len + room - 1) / room;
	return parts > SMS_PARTS_MAX ? 0 : (unsigned)parts;
}

void sms_part_place(size_t *at, uint8_t *len, size_t payload_len, bool has_port, unsigned parts, unsigned part)
{
	size_t room = SMS_USER_DATA_MAX - header_len(has_port, parts > 1);
	size_t start = (part - 1) * room;
	size_t left = payload_len > start ? payload_len - start : 0;

	*at = start;
	*len = (uint8_t)(left < room ? left : room);
}

static uint8_t swapped(int v)
{
	return (uint8_t)((unsigned)v / 10 % 10 | (unsigned)v % 10 << 4);
}

int sms_time_build(struct buf *out, int64_t sent_s)
{
	time_t t = (time_t)sent_s;
	struct tm tm;

	if (!gmtime_r(&t, &tm) || tm.tm_year < 100 || tm.tm_year > 199) {
		return ERR_INVAL;
	}
	buf_u8(out, swapped(tm.tm_year - 100));
	buf_u8(out, swapped(tm.tm_mon + 1));
	buf_u8(out, swapped(tm.tm_mday));
	buf_u8(out, swapped(tm.tm_hour));
	buf_u8(out, swapped(tm.tm_min));
	buf_u8(out, swapped(tm.tm_sec));
	buf_u8(out, 0); /* UTC */
	return 0;
}

static void put_header(struct buf *out, const struct sms_deliver *in, unsigned len)
{
	if (!len) {
		return;
	}
	buf_u8(out, (uint8_t)(len - 1));
	buf_bytes(out, in->header, in->header_len);
	if (in->has_port) {
		buf_u8(out, IE_PORTS_16BIT);
		buf_u8(out, 4);
		buf_be16(out, in->port);
		buf_be16(out, in->port_from);
	}
	if (in->has_part) {
		buf_u8(out, IE_PART_16BIT);
		buf_u8(out, 4);
		buf_be16(out, in->part_reference);
		buf_u8(out, in->parts);
		buf_u8(out, in->part);
	}
}

static int put_septets(struct buf *out, const uint8_t *header, unsigned header_len, const uint8_t *payload, unsigned payload_len)
{
	unsigned taken = sms_septets_of(header_len);
	uint8_t packed[SMS_USER_DATA_MAX] = { 0 };

	if (taken + payload_len > SMS_SEPTETS_MAX) {
		return ERR_LIMIT;
	}
	for (unsigned i = 0; i < payload_len; i++) {
		if (payload[i] > 0x7f) {
			return ERR_INVAL;
		}
	}
	memcpy(packed, header, header_len);
	sms_pack(packed, (uint16_t)(taken * 7), payload, (uint8_t)payload_len);
	buf_u8(out, (uint8_t)(taken + payload_len));
	buf_bytes(out, packed, ((taken + payload_len) * 7 + 7) / 8);
	return out->full ? ERR_LIMIT : 0;
}

int sms_user_data(struct buf *out, uint8_t dcs, const uint8_t *header, unsigned header_len, const uint8_t *payload,
		  unsigned payload_len)
{
	if (sms_alphabet(dcs) == SMS_ALPHABET_DEFAULT) {
		return put_septets(out, header, header_len, payload, payload_len);
	}
	if (header_len + payload_len > SMS_USER_DATA_MAX) {
		return ERR_LIMIT;
	}
	buf_u8(out, (uint8_t)(header_len + payload_len));
	buf_bytes(out, header, header_len);
	buf_bytes(out, payload, payload_len);
	return out->full ? ERR_LIMIT : 0;
}

void sms_packed_text(struct sms_packed *out, struct rd *r, const uint8_t *start, unsigned header_len, uint8_t septets)
{
	unsigned taken = sms_septets_of(header_len);

	(void)rd_take(r, rd_left(r));
	if (r->bad || taken > septets) {
		r->bad = true;
		return;
	}
	*out = (struct sms_packed){ start, (uint16_t)(taken * 7), (uint8_t)(septets - taken) };
}

int sms_deliver_build(struct buf *out, const struct sms_deliver *in)
{
	unsigned header = in->header ? in->header_len + 1u : header_len(in->has_port, in->has_part);
	uint8_t octets[1 + UINT8_MAX];
	struct buf elements = buf_over(octets, sizeof octets);
	int err;

	if (in->originator_len < 2 || in->originator_len > SMS_ADDRESS_MAX) {
		return ERR_INVAL;
	}
	if (in->has_part && (in->part == 0 || in->part > in->parts)) {
		return ERR_INVAL;
	}
	if (in->header && (in->has_port || in->has_part)) {
		return ERR_INVAL;
	}
	buf_u8(out, (uint8_t)(MTI_DELIVER | (in->more ? 0 : MMS_NO_MORE) | (header ? UDHI : 0)));
	buf_bytes(out, in->originator, in->originator_len);
	buf_u8(out, in->pid);
	buf_u8(out, in->dcs);
	err = sms_time_build(out, in->sent_s);
	if (err) {
		return err;
	}
	put_header(&elements, in, header);
	return sms_user_data(out, in->dcs, octets, header, in->payload, in->payload_len);
}

static int two_digits(struct rd *r, int min, int max)
{
	uint8_t v = rd_u8(r);
	int low = v & 15, high = v >> 4, n = low * 10 + high;

	if (low > 9 || high > 9 || n < min || n > max) {
		r->bad = true;
	}
	return n;
}

int64_t sms_time_take(struct rd *r)
{
	struct tm tm = { 0 };
	uint8_t zone;
	int quarters;

	tm.tm_year = two_digits(r, 0, 99) + 100;
	tm.tm_mon = two_digits(r, 1, 12) - 1;
	tm.tm_mday = two_digits(r, 1, 31);
	tm.tm_hour = two_digits(r, 0, 23);
	tm.tm_min = two_digits(r, 0, 59);
	tm.tm_sec = two_digits(r, 0, 59);
	zone = rd_u8(r);
	quarters = (zone & 7) * 10 + (zone >> 4); /* bit 3 is the sign, TS 23.040 9.2.3.11 */
	if (zone >> 4 > 9 || r->bad) {
		r->bad = true;
		return 0;
	}
	return (int64_t)timegm(&tm) - (int64_t)(zone & 8 ? -quarters : quarters) * 15 * 60;
}

uint8_t sms_address_take(uint8_t out[SMS_ADDRESS_MAX], struct rd *r)
{
	const uint8_t *start = r->p, *rest;
	unsigned digits = rd_u8(r);

	rest = rd_take(r, 1 + (digits + 1) / 2);
	if (!rest || digits > 20) {
		r->bad = true;
		return 0;
	}
	memcpy(out, start, 2 + (digits + 1) / 2);
	return (uint8_t)(2 + (digits + 1) / 2);
}

static void take_part(struct sms_deliver *d, uint16_t reference, struct rd *r)
{
	uint8_t parts = rd_u8(r), part = rd_u8(r);

	if (parts == 0 || part == 0 || part > parts) {
		return; /* TS 23.040 9.2.3.24.1: such an element is ignored */
	}
	d->has_part = true;
	d->part_reference = reference;
	d->parts = parts;
	d->part = part;
}

static void take_element(struct sms_deliver *d, struct rd *r)
{
	uint8_t id = rd_u8(r), len = rd_u8(r);
	const uint8_t *value = rd_take(r, len);
	struct rd in;

	if (!value) {
		return;
	}
	in = rd_over(value, len);
	switch (id) {
	case IE_PORTS_16BIT:
		d->has_port = true;
		d->port = rd_be16(&in);
		d->port_from = rd_be16(&in);
		break;
	case IE_PART_16BIT:
		take_part(d, rd_be16(&in), &in);
		break;
	case IE_PART_8BIT:
		take_part(d, rd_u8(&in), &in);
		break;
	default:
		return; /* TS 23.040 9.2.3.24: not understood is skipped */
	}
	if (in.bad || rd_left(&in)) {
		r->bad = true;
	}
}

static void take_user_data(struct sms_deliver *d, struct rd *r, bool has_header)
{
	uint8_t len = rd_u8(r), header = 0;
	const uint8_t *start = r->p;
	bool septets = !d->eight_bit && !d->ucs2;

	if (rd_left(r) > SMS_USER_DATA_MAX) {
		r->bad = true;
		return;
	}
	if (septets && (sms_alphabet(d->dcs) == SMS_ALPHABET_COMPRESSED || (len * 7u + 7) / 8 != rd_left(r))) {
		return; /* nobody reads it */
	}
	if (!septets && len != rd_left(r)) {
		r->bad = true;
		return;
	}
	if (has_header) {
		const uint8_t *elements;
		struct rd in;

		header = rd_u8(r);
		elements = rd_take(r, header);
		if (!elements) {
			return;
		}
		in = rd_over(elements, header);
		while (!in.bad && rd_left(&in)) {
			take_element(d, &in);
		}
		if (in.bad) {
			r->bad = true;
		}
	}
	if (r->bad) {
		return;
	}
	if (septets) {
		sms_packed_text(&d->packed, r, start, has_header ? 1u + header : 0, len);
		return;
	}
	d->payload = r->p;
	d->payload_len = (uint8_t)rd_left(r);
}

int sms_deliver_parse(struct sms_deliver *out, const uint8_t *p, size_t len)
{
	struct rd r = rd_over(p, len);
	struct sms_deliver d = { 0 };
	uint8_t first = rd_u8(&r);

	if (r.bad || (first & MTI_MASK) != MTI_DELIVER) {
		return ERR_PROTO;
	}
	d.more = !(first & MMS_NO_MORE);
	d.originator_len = sms_address_take(d.originator, &r);
	d.pid = rd_u8(&r);
	d.dcs = rd_u8(&r);
	d.eight_bit = sms_alphabet(d.dcs) == SMS_ALPHABET_8BIT;
	d.ucs2 = sms_alphabet(d.dcs) == SMS_ALPHABET_UCS2;
	d.sent_s = sms_time_take(&r);
	if (!r.bad) {
		take_user_data(&d, &r, first & UDHI);
	}
	if (r.bad) {
		return ERR_PROTO;
	}
	*out = d;
	return 0;
}
