/* ue_read.c - the checks before a device uses the payload. */
#include "nodes/ue/ue_read.h"

#include <string.h>

enum { TYPE_MASK = 0x70, TYPE_NAME = 0x50 }; /* in the second octet of an address */

static int parse_port(uint32_t *out, const char *p, size_t len)
{
	char text[8];

	if (str_copy(text, sizeof text, p, len)) {
		return ERR_INVAL;
	}
	return str_parse_u32(out, text, 0, 65535);
}

int ue_ports_add(struct ue_ports *p, const char *text)
{
	const char *dash = strchr(text, '-');
	uint32_t first, last;
	int err = parse_port(&first, text, dash ? (size_t)(dash - text) : strlen(text));

	if (err) {
		return err;
	}
	last = first;
	if (dash) {
		err = parse_port(&last, dash + 1, strlen(dash + 1));
	}
	if (err) {
		return err;
	}
	if (last < first) {
		return ERR_RANGE;
	}
	p->some = true;
	for (uint32_t port = first; port <= last; port++) {
		p->bits[port / 8] |= (uint8_t)(1u << port % 8);
	}
	return 0;
}

bool ue_ports_has(const struct ue_ports *p, uint16_t port)
{
	return !p->some || p->bits[port / 8] & 1u << port % 8;
}

/* E.164 digits of a TP address; false for every other type of number. */
static bool read_originator(char *digits, const struct sms_deliver *d)
{
	unsigned n = d->originator[0];

	if (d->originator_len < 3 || d->originator[1] != 0x91) {
		return false;
	}
	return str_untbcd(digits, d->originator + 2, d->originator_len - 2u) == 0 && strlen(digits) == n;
}

static size_t put_utf8(char *out, uint16_t c)
{
	if (c < 0x80) {
		out[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		out[0] = (char)(0xc0 | c >> 6);
		out[1] = (char)(0x80 | (c & 0x3f));
		return 2;
	}
	out[0] = (char)(0xe0 | c >> 12);
	out[1] = (char)(0x80 | (c >> 6 & 0x3f));
	out[2] = (char)(0x80 | (c & 0x3f));
	return 3;
}

/* The digits of a number of any type, or a name (TS 23.040 9.1.2.5). */
static void read_sender(char out[UE_SENDER_MAX], const struct sms_deliver *d)
{
	const struct sms_packed name = { .p = d->originator + 2, .n = (uint8_t)(d->originator[0] * 4u / 7) };
	char digits[STR_DIGITS_MAX + 1];
	uint8_t text[SMS_SEPTETS_MAX];
	uint16_t wide[SMS_SEPTETS_MAX];
	size_t len = 0;

	if ((d->originator[1] & TYPE_MASK) == TYPE_NAME) {
		sms_unpack(text, &name);
		for (unsigned i = 0, n = sms_to_ucs2(wide, text, name.n); i < n; i++) {
			len += put_utf8(out + len, wide[i]);
		}
	} else if (d->originator_len > 2 && !str_untbcd(digits, d->originator + 2, d->originator_len - 2u) &&
		   strlen(digits) == d->originator[0]) {
		str_set(out, UE_SENDER_MAX, digits);
		return;
	}
	out[len] = 0;
}

bool ue_read_message(struct ue_message *out, const uint8_t *rpdu, size_t len)
{
	struct sms_rp rp;

	memset(out, 0, sizeof *out);
	if (sms_rp_parse(&rp, rpdu, len) || rp.type != SMS_RP_DATA ||
	    sms_deliver_parse(&out->deliver, rp.user_data, rp.user_data_len) || out->deliver.pid == SMS_PID_DEVICE_TRIGGER) {
		return false;
	}
	out->reference = rpdu[1];
	read_sender(out->sender, &out->deliver);
	return true;
}

bool ue_read_status(struct sms_status *out, uint8_t *reference, char recipient[STR_DIGITS_MAX + 1], const uint8_t *rpdu,
		    size_t len)
{
	struct sms_rp rp;

	if (sms_rp_parse(&rp, rpdu, len) || rp.type != SMS_RP_DATA || sms_status_parse(out, rp.user_data, rp.user_data_len)) {
		return false;
	}
	*reference = rp.reference;
	if (str_untbcd(recipient, out->recipient + 2, out->recipient_len - 2u) || strlen(recipient) != out->recipient[0]) {
		recipient[0] = 0;
	}
	return true;
}

uint8_t ue_read(struct ue_message *out, const uint8_t *rpdu, size_t len, const struct ue_ports *ports, const char **reason)
{
	struct sms_rp rp;

	memset(out, 0, sizeof *out);
	out->reference = len > 1 ? rpdu[1] : 0;
	*reason = "malformed";
	if (sms_rp_parse(&rp, rpdu, len) || rp.type != SMS_RP_DATA ||
	    sms_deliver_parse(&out->deliver, rp.user_data, rp.user_data_len)) {
		return SMS_RP_CAUSE_INVALID_MESSAGE;
	}
	*reason = "tp-pid"; /* not a device trigger: no application may get it */
	if (out->deliver.pid != SMS_PID_DEVICE_TRIGGER) {
		return SMS_RP_CAUSE_PROTOCOL_ERROR;
	}
	*reason = "tp-dcs";
	if (!out->deliver.eight_bit) {
		return SMS_RP_CAUSE_PROTOCOL_ERROR;
	}
	*reason = "originator";
	if (!read_originator(out->originator, &out->deliver)) {
		return SMS_RP_CAUSE_PROTOCOL_ERROR;
	}
	*reason = "port";
	if (out->deliver.has_port && !ue_ports_has(ports, out->deliver.port)) {
		return SMS_RP_CAUSE_PROTOCOL_ERROR;
	}
	*reason = "";
	return 0;
}
