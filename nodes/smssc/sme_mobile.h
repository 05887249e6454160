/* sme_mobile.h - what an SME gets of a message of a mobile: esm_class, data_coding and octets of a
 * deliver_sm (SMPP 3.4 4.6, 5.2.19). PURE.
 * 8-bit data and UCS2 pass as they are. Text of the 7-bit alphabet becomes the default alphabet of
 * this SMS-SC, which is Latin-1 (data_coding 0), or UCS2 (8) if Latin-1 does not have all of its
 * characters. A user data header stands in front of the text, without fill bits. */
#pragma once
#include "nodes/smssc/dlv_msg.h"
#include "smpp/smpp_content.h"

#define SME_MOBILE_MAX (2u * SMS_SEPTETS_MAX + SMS_USER_DATA_MAX)

/* Fills the PDU; it borrows `octets` and the text. ERR_INVAL: a message that no mobile could have
 * sent. */
ERR_MUST_USE int sme_mobile_text(struct smpp_pdu *p, uint8_t octets[SME_MOBILE_MAX], const struct dlv_text *t);
