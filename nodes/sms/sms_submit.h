/* sms_submit.h - the SMS-SUBMIT TPDU by which a mobile sends a short message (TS 23.040 9.2.2.2).
 * PURE. */
#pragma once
#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"
#include "nodes/sms/sms_alphabet.h"
#include "nodes/sms/sms_deliver.h"

struct sms_submit {
	uint8_t reference;                    /* TP-Message-Reference */
	char destination[STR_DIGITS_MAX + 1]; /* digits of the TP-DA; "" unless they are a number */
	bool international;                   /* type of that number */
	uint8_t address[SMS_ADDRESS_MAX];     /* TP-DA as it is; set by parsing */
	uint8_t address_len;
	uint8_t pid, dcs;
	bool eight_bit, ucs2;     /* of the dcs; set by parsing. If neither, the text is `packed` */
	bool wants_report;        /* TP-Status-Report-Request */
	uint32_t validity_s;      /* relative TP-VP; 0: none, or in another format */
	bool has_header;          /* TP-UDHI */
	const uint8_t *header;    /* its elements; NULL: none */
	uint8_t header_len;       /* octets of it */
	struct sms_packed packed; /* parsing: text of the 7-bit alphabet after the header, not of a compressed one */
	/* after the header; parsing: NULL with the 7-bit alphabet; building: with it one character
	 * an octet */
	const uint8_t *payload;
	uint8_t payload_len;
};

/* Reads a TPDU; borrows `p`. ERR_PROTO if it is not a whole SMS-SUBMIT, or its header is longer than
 * its user data; `out` is untouched then. Compressed text is not looked into. */
ERR_MUST_USE int sms_submit_parse(struct sms_submit *out, const uint8_t *p, size_t len);
/* Writes one with a destination of international type, or of unknown type if it is shorter than 5
 * digits, and without TP-VP; `header` and `payload` as they are.
 * ERR_INVAL: no number, or a character above 7 bits; ERR_LIMIT: they do not fit into 140 octets, or
 * out is too small. */
ERR_MUST_USE int sms_submit_build(struct buf *out, const struct sms_submit *in);
