/* sme_told.h - what the SMS-SC keeps with a message of an SME for its receipt: addresses as they
 * were sent, which receipts are wanted, the beginning of its text; in a record of the store. PURE. */
#pragma once
#include "base/buf.h"
#include "base/err.h"
#include "smpp/smpp_receipt.h"

#define SME_TOLD_NO_CODING 0xff /* of a record of version 1; no message has it */

struct sme_told {
	struct smpp_address source, destination; /* of the message: a receipt has them exchanged */
	uint8_t registered;                      /* registered_delivery */
	bool has_reference;
	uint16_t reference;                   /* user_message_reference */
	uint8_t coding;                       /* data_coding, which replace_sm does not have */
	char text[SMPP_RECEIPT_TEXT_MAX + 1]; /* printable, else "" */
};

/* Check out->full. */
void sme_told_encode(struct buf *out, const struct sme_told *t);
/* ERR_VERSION: of a newer program; ERR_PROTO: damaged. */
ERR_MUST_USE int sme_told_decode(struct sme_told *out, const void *p, size_t len);
/* Whether the SME wants a receipt for this final state (3.4 5.2.17; 3: only of success, SMPP 5.0). */
bool sme_told_wants(const struct sme_told *t, uint8_t state);
