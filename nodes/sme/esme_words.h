/* esme_words.h - the events of mtc-sme as JSON (man mtc-sme). NULL: no memory. */
#pragma once
#include <jansson.h>

#include "smpp/smpp_receipt.h"

/* `p` NULL: a response without a readable body. */
json_t *esme_answer_event(uint32_t command, uint32_t status, const struct smpp_pdu *p);
/* A deliver_sm or data_sm: "receipt", or "message" if it is none. What is known of the receipt goes to
 * *receipt: its id is "" for a message. */
json_t *esme_delivered_event(struct smpp_receipt *receipt, const struct smpp_pdu *p);
json_t *esme_error_event(const char *words);
