/* sms_deliver.h - the SMS-DELIVER TPDU that carries a device trigger (TS 23.040 9.2.2.1, 9.2.3.24),
 * and the segmentation of a payload into several TPDUs. PURE. */
#pragma once
#include "base/buf.h"
#include "base/err.h"
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
	bool ucs2;      /* set by parsing: TP-DCS is UCS2. If neither, the user data is not parsed */
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
	const uint8_t *payload;
	uint8_t payload_len;
};

/* Writes the TPDU, time zone 0. ERR_INVAL: a year outside 2000 to 2099, a bad address length or
 * part number; ERR_LIMIT: header and payload do not fit in 140 octets, or out is too small. */
ERR_MUST_USE int sms_deliver_build(struct buf *out, const struct sms_deliver *in);

/* Reads a TPDU. The payload points into `p`. ERR_PROTO if it is not a whole SMS-DELIVER; `out` is
 * untouched then. Unknown information elements are skipped; of a repeated one the last counts; an
 * impossible part number makes its element ignored. */
ERR_MUST_USE int sms_deliver_parse(struct sms_deliver *out, const uint8_t *p, size_t len);

/* How many TPDUs a payload needs (1 for an empty one); 0 when it would be more than 255. */
unsigned sms_parts(size_t payload_len, bool has_port);
/* Where part `part` (from 1) of `parts` lies in the payload. */
void sms_part_place(size_t *at, uint8_t *len, size_t payload_len, bool has_port, unsigned parts, unsigned part);
