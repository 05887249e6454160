/* sms_deliver.h - the SMS-DELIVER TPDU that carries a device trigger (TS 23.040 9.2.2.1, 9.2.3.24),
 * and the segmentation of a payload into several TPDUs. PURE. */
#pragma once
#include "base/buf.h"
#include "base/err.h"
#include "nodes/sms/sms_alphabet.h"
#include "nodes/sms/sms_rp.h"

enum { SMS_PID_DEVICE_TRIGGER = 0x48, SMS_DCS_8BIT = 0x04, SMS_DCS_UCS2 = 0x08 };

#define SMS_USER_DATA_MAX 140u /* bytes, with the user data header */
#define SMS_PARTS_MAX 255u
#define SMS_PAYLOAD_MAX (SMS_PARTS_MAX * 133u) /* limit of what can be sent; */

struct sms_deliver {
	/* TP-OA: digit count, type, digits: the octets of an SM-RP-SMEA as they are */
	uint8_t originator[SMS_ADDRESS_MAX];
	uint8_t originator_len;
	uint8_t pid, dcs;
	bool eight_bit; /* set by parsing: TP-DCS is 8-bit data */
	bool ucs2;      /* set by parsing: TP-DCS is UCS2. If neither, the text is `packed` */
	bool more;      /* more messages wait for this mobile (TP-MMS 0) */
	int64_t sent_s; /* TP-SCTS, seconds since 1970, UTC */
	bool has_port;  /* 16-bit application port addressing, IE 05 */
	uint16_t port, port_from;
	bool has_part; /* concatenation: IE 08 built; 08 and 00 understood */
	uint16_t part_reference;
	uint8_t parts, part; /* part counts from 1 */
	/* building: elements of a user data header as they are, in place of port and part */
	const uint8_t *header;
	uint8_t header_len;
	struct sms_packed packed; /* parsing: text of the 7-bit alphabet; `p` NULL: its size does not fit, or it is compressed */
	/* parsing: NULL with the 7-bit alphabet; building: with it one character an octet */
	const uint8_t *payload;
	uint8_t payload_len;
};

/* Writes the TPDU, time zone 0. ERR_INVAL: a year outside 2000 to 2099, a bad address length, part
 * number or character above 7 bits; ERR_LIMIT: header and payload do not fit in 140 octets, or out
 * is too small. */
ERR_MUST_USE int sms_deliver_build(struct buf *out, const struct sms_deliver *in);

/* Reads a TPDU. The payload points into `p`. ERR_PROTO if it is not a whole SMS-DELIVER; `out` is
 * untouched then. Unknown information elements are skipped; of a repeated one the last counts; an
 * impossible part number makes its element ignored. */
ERR_MUST_USE int sms_deliver_parse(struct sms_deliver *out, const uint8_t *p, size_t len);

/* What SMS-DELIVER and SMS-SUBMIT share. TP-UDL and TP-UD: the header with its length octet, then
 * the payload, with the 7-bit alphabet one character an octet, which is packed. ERR_LIMIT: more
 * than 140 octets, or out is too small; ERR_INVAL: a character above 7 bits. */
ERR_MUST_USE int sms_user_data(struct buf *out, uint8_t dcs, const uint8_t *header, unsigned header_len, const uint8_t *payload,
			       unsigned payload_len);
/* An address as it stands in a TPDU: digit count, type, digits. Returns its octets; r->bad if there
 * is none. */
uint8_t sms_address_take(uint8_t out[SMS_ADDRESS_MAX], struct rd *r);
/* A time of seven octets, in seconds since 1970: written with time zone 0. ERR_INVAL: a year
 * outside 2000 to 2099; r->bad: it is none. */
ERR_MUST_USE int sms_time_build(struct buf *out, int64_t s);
int64_t sms_time_take(struct rd *r);
/* The text behind `header_len` octets of user data that begins at `start` and has `septets`; r->bad
 * if the header takes more. `r` is at the end then. */
void sms_packed_text(struct sms_packed *out, struct rd *r, const uint8_t *start, unsigned header_len, uint8_t septets);

/* How many TPDUs a payload needs (1 for an empty one); 0 when it would be more than 255. */
unsigned sms_parts(size_t payload_len, bool has_port);
/* Where part `part` (from 1) of `parts` lies in the payload. */
void sms_part_place(size_t *at, uint8_t *len, size_t payload_len, bool has_port, unsigned parts, unsigned part);
