/* trc_smpp.h - makes a copy of an SMPP PDU fit to be shown, as trc_redact.h does with Diameter: the
 * number of the device and what is sent to it become digests. The number has the same digest as in
 * an AVP MSISDN of the same trace. Kept: results, ids, times, the other address, ports, part
 * numbers, user data headers, and of a receipt all but the text of its message. PURE. */
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/sip.h"
#include "smpp/smpp_pdu.h"

/* Changes the PDU, which then points into `room`. ERR_LIMIT: `size` octets are not enough. */
ERR_MUST_USE int trc_redact_smpp(struct smpp_pdu *pdu, uint8_t *room, size_t size, const struct sip_key *key);
/* A password is not shown, whatever else is. */
void trc_hide_password(struct smpp_pdu *pdu);
