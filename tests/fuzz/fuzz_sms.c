/* fuzz_sms.c - the promises of the short message: TPDUs and RPDUs of either side, frames of the lab link. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nodes/sms/sms_deliver.h"
#include "nodes/sms/sms_frame.h"
#include "nodes/sms/sms_join.h"
#include "nodes/sms/sms_status.h"
#include "nodes/sms/sms_submit.h"
#include "tests/fuzz/fuzz.h"

static bool inside(const uint8_t *p, size_t n, const uint8_t *data, size_t size)
{
	return !p || (p >= data && n <= (size_t)(data + size - p));
}

/* What was read and can be written again is read as the same. */
static void rebuild(const struct sms_deliver *d)
{
	uint8_t octets[SMS_TPDU_MAX];
	struct buf b = buf_over(octets, sizeof octets);
	struct sms_deliver again;

	if (!d->eight_bit || sms_deliver_build(&b, d)) {
		return;
	}
	promise(!sms_deliver_parse(&again, octets, b.len), "what is built can be read");
	promise(again.sent_s == d->sent_s && again.port == d->port && again.has_part == d->has_part && again.part == d->part &&
		    again.payload_len == d->payload_len && !memcmp(again.payload, d->payload, d->payload_len),
		"what is built is what was meant");
}

/* Text of seven bits lies in the message, and packs to the same bits. */
static void text_of(const struct sms_packed *packed, const uint8_t *data, size_t size)
{
	uint8_t text[SMS_SEPTETS_MAX], octets[SMS_USER_DATA_MAX] = { 0 };
	uint16_t ucs2[SMS_SEPTETS_MAX];
	size_t len = (packed->first + 7u * packed->n + 7) / 8;

	if (!packed->p) {
		return;
	}
	promise(packed->n <= SMS_SEPTETS_MAX && len <= sizeof octets && inside(packed->p, len, data, size), "text has bounds");
	sms_unpack(text, packed);
	promise(sms_to_ucs2(ucs2, text, packed->n) <= packed->n, "a character is at least one");
	sms_pack(octets, packed->first, text, packed->n);
	for (unsigned bit = packed->first; bit < packed->first + 7u * packed->n; bit++) {
		promise((octets[bit / 8] >> bit % 8 & 1) == (packed->p[bit / 8] >> bit % 8 & 1),
			"what is packed is what was read");
	}
}

/* What a mobile sends. */
static void fuzz_submit(const uint8_t *data, size_t size)
{
	struct sms_submit s, again;
	uint8_t octets[SMS_TPDU_MAX + 16];
	struct buf b = buf_over(octets, sizeof octets);

	if (sms_submit_parse(&s, data, size)) {
		return;
	}
	promise(inside(s.payload, s.payload_len, data, size) && inside(s.header, s.header_len, data, size),
		"the user data lies in the message");
	promise(strspn(s.destination, "0123456789") == strlen(s.destination), "a number is digits");
	promise(!s.payload || s.eight_bit || s.ucs2, "text of seven bits is packed");
	text_of(&s.packed, data, size);
	if (!s.payload || !s.destination[0] || (s.has_header && !s.header_len) || sms_submit_build(&b, &s)) {
		return;
	}
	promise(!sms_submit_parse(&again, octets, b.len), "what is built can be read");
	promise(!strcmp(again.destination, s.destination) && again.pid == s.pid && again.header_len == s.header_len &&
		    again.payload_len == s.payload_len && !memcmp(again.payload, s.payload, s.payload_len),
		"what is built is what was meant");
}

/* What the SMS-SC tells a mobile of a message that it has sent. */
static void fuzz_status(const uint8_t *data, size_t size)
{
	struct sms_status s, again;
	uint8_t octets[64];
	struct buf b = buf_over(octets, sizeof octets);

	if (sms_status_parse(&s, data, size) || sms_status_build(&b, &s)) {
		return;
	}
	promise(!sms_status_parse(&again, octets, b.len), "what is built can be read");
	promise(again.reference == s.reference && again.status == s.status && again.sent_s == s.sent_s &&
		    again.done_s == s.done_s && again.recipient_len == s.recipient_len &&
		    !memcmp(again.recipient, s.recipient, s.recipient_len),
		"what is built is what was meant");
}

static void fuzz_tpdu(const char *target, const uint8_t *data, size_t size)
{
	struct sms_deliver d;
	struct sms_join *j;

	(void)target;
	fuzz_submit(data, size);
	fuzz_status(data, size);
	if (sms_deliver_parse(&d, data, size)) {
		return;
	}
	promise(inside(d.payload, d.payload_len, data, size), "the payload lies in the message");
	text_of(&d.packed, data, size);
	promise(d.originator_len >= 2 && d.originator_len <= SMS_ADDRESS_MAX, "an address has bounds");
	promise(!d.has_part || (d.part >= 1 && d.part <= d.parts), "a part is one of the parts");
	if (d.has_part && d.eight_bit && sms_join_new(&j, &d) == 0) {
		promise(!sms_join_add(j, &d) && sms_join_add(j, &d) == ERR_EXISTS, "a part is taken once");
		promise(sms_join_whole(j) == (d.parts == 1), "a message is whole with its last part");
		sms_join_free(j);
	}
	rebuild(&d);
}

static void fuzz_rpdu(const char *target, const uint8_t *data, size_t size)
{
	struct sms_rp rp;

	(void)target;
	if (sms_rp_parse(&rp, data, size)) {
		return;
	}
	promise(inside(rp.user_data, rp.user_data_len, data, size), "the TPDU lies in the message");
	promise(inside(rp.originator, rp.originator_len, data, size), "the address lies in the message");
	promise(rp.cause < 128, "a cause has seven bits");
	if (rp.user_data) {
		fuzz_tpdu(target, rp.user_data, rp.user_data_len);
	}
}

static int on_frame(void *arg, uint8_t type, const uint8_t *body, size_t len)
{
	char imsi[SMS_IMSI_MAX + 1];
	const uint8_t *rpdu;
	size_t rpdu_len;
	uint64_t id;

	promise(len <= SMS_FRAME_BODY_MAX, "a frame has bounds");
	if (!sms_frame_imsi_parse(imsi, body, len)) {
		promise(strlen(imsi) == len && strspn(imsi, "0123456789") == len, "an IMSI is digits");
	}
	if (!sms_frame_rpdu_parse(&id, &rpdu, &rpdu_len, body, len)) {
		fuzz_rpdu("", rpdu, rpdu_len);
	}
	if (!sms_frame_submit_parse(imsi, &rpdu, &rpdu_len, body, len)) {
		promise(strlen(imsi) >= 6 && strspn(imsi, "0123456789") == strlen(imsi), "an IMSI is digits");
		fuzz_rpdu("", rpdu, rpdu_len);
	}
	*(unsigned *)arg = *(unsigned *)arg * 31 + type + (unsigned)len;
	return 0;
}

/* The first octet cuts the stream into pieces: pieces do not change what is read. */
static void fuzz_ue_link(const char *target, const uint8_t *data, size_t size)
{
	struct sms_framer whole = { 0 }, cut = { 0 };
	size_t piece;
	unsigned a = 0, b = 0;
	int err, cut_err = 0;

	(void)target;
	if (size < 1) {
		return;
	}
	piece = data[0] % 7 + 1u;
	data++;
	size--;
	err = sms_frame_feed(&whole, data, size, on_frame, &a);
	for (size_t at = 0; at < size && !cut_err; at += piece) {
		cut_err = sms_frame_feed(&cut, data + at, size - at < piece ? size - at : piece, on_frame, &b);
	}
	promise(err == cut_err && a == b, "pieces do not change what is read");
}

fuzz_fn *fuzz_find(const char *target)
{
	return !strcmp(target, "tpdu")      ? fuzz_tpdu
	       : !strcmp(target, "rpdu")    ? fuzz_rpdu
	       : !strcmp(target, "ue-link") ? fuzz_ue_link
					    : NULL;
}
