/* smpp_receipt.h - the text of a delivery receipt (SMPP 3.4 appendix B), as most SMS-SCs and SMEs
 * have it. A receipt is a deliver_sm or data_sm whose esm_class says so (smpp_content.h). PURE.
 *
 * 	id:IIIII sub:SSS dlvrd:DDD submit date:YYMMDDhhmm done date:YYMMDDhhmm
 * 	stat:DDDDDDD err:EEE text:... */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "smpp/smpp_pdu.h"

/* message_state (3.4 5.2.28), and the word of a receipt */
#define SMPP_STATE_TABLE(X)                                                                                                      \
	X(ENROUTE, 1, "ENROUTE", 0)                                                                                              \
	X(DELIVERED, 2, "DELIVRD", 1)                                                                                            \
	X(EXPIRED, 3, "EXPIRED", 1)                                                                                              \
	X(DELETED, 4, "DELETED", 1)                                                                                              \
	X(UNDELIVERABLE, 5, "UNDELIV", 1)                                                                                        \
	X(ACCEPTED, 6, "ACCEPTD", 0)                                                                                             \
	X(UNKNOWN, 7, "UNKNOWN", 0)                                                                                              \
	X(REJECTED, 8, "REJECTD", 1)

enum smpp_state {
#define SMPP_ROW(name, value, word, final) SMPP_STATE_##name = (value),
	SMPP_STATE_TABLE(SMPP_ROW)
#undef SMPP_ROW
};

/* "DELIVRD"; NULL for a value without a row. */
const char *smpp_state_word(uint8_t state);
/* Whether nothing follows: not ENROUTE, ACCEPTED, UNKNOWN, nor a value without a row. */
bool smpp_state_final(uint8_t state);

#define SMPP_RECEIPT_MAX 200u     /* octets of a text that is built */
#define SMPP_RECEIPT_TEXT_MAX 20u /* of the message, as appendix B has it */
#define SMPP_RECEIPT_ERR_LEN 3u

struct smpp_receipt {
	char id[SMPP_MESSAGE_ID_MAX + 1];
	uint16_t submitted, delivered;      /* messages of a list: up to 999 */
	int64_t submit_s, done_s;           /* seconds since 1970, UTC; written with minutes only */
	uint8_t state;                      /* enum smpp_state */
	char err[SMPP_RECEIPT_ERR_LEN + 1]; /* of the network or SMS-SC: up to three letters or digits */
	char text[SMPP_RECEIPT_TEXT_MAX + 1];
};

/* Writes the text, dates in UTC. ERR_INVAL: an empty id, or one with anything but printable ASCII
 * and no blank, a state without a row, a number above 999. ERR_RANGE: a year outside 2000 to 2099.
 * ERR_LIMIT: no room. */
ERR_MUST_USE int smpp_receipt_build(struct buf *out, const struct smpp_receipt *in);

/* Reads such a text strictly: these fields in this order with one blank between. `sub`, `dlvrd`,
 * both dates and `err` may be missing (0, 0, 0, 0, ""), dates may have seconds; `text` may be
 * missing, may begin with a capital, and is cut to its size. ERR_PROTO: anything else. */
ERR_MUST_USE int smpp_receipt_parse(struct smpp_receipt *out, const uint8_t *p, size_t len);
