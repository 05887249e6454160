/* esme_message.h - the request that the options of mtc-sme ask for. PURE. */
#pragma once
#include "nodes/sme/esme_options.h"

struct esme_message {
	struct smpp_pdu pdu;
	uint8_t *octets; /* owned: header and content */
	uint8_t *list;   /* owned: destinations of submit_multi */
};

/* Makes the PDU of the command: submit_sm, data_sm or submit_multi, cancel_sm, replace_sm, query_sm.
 * ERR_NOMEM; ERR_INVAL: the number of a destination is too long. */
ERR_MUST_USE int esme_message_make(struct esme_message *out, const struct esme_options *o);
void esme_message_fini(struct esme_message *m);
