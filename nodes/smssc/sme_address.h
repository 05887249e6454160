/* sme_address.h - addresses of SMPP (3.4 5.2.5 to 5.2.9) at the SMS-SC: which source an SME may
 * use, how a device sees it (TS 23.040 9.1.2.5), which device a destination names. PURE. */
#pragma once
#include "base/ident.h"
#include "nodes/sms/sms_rp.h"
#include "smpp/smpp_pdu.h"

enum sme_ton {
	SME_TON_UNKNOWN,
	SME_TON_INTERNATIONAL,
	SME_TON_NATIONAL,
	SME_TON_NETWORK,
	SME_TON_SUBSCRIBER,
	SME_TON_ALPHANUMERIC
};
enum { SME_ALPHANUMERIC_MAX = 11 }; /* characters: what fits into a TP-OA */

/* A source as an operator writes it: digits, digits and a '*' at the end, or a name of 1 to 11
 * letters, digits, '.', '-' and blanks with at least one letter. */
bool sme_pattern_is_sound(const char *pattern);
bool sme_pattern_matches(const char *pattern, const char *address);

/* The TP-OA: digit count, type, digits. SMPP_ROK; RINVSRCTON: neither international, national, unknown
 * nor alphanumeric; RINVSRCNPI: neither unknown nor E.164; RINVSRCADR: no digits of 1 to 15, or no name
 * of the kind above. */
enum smpp_status sme_originator(uint8_t out[SMS_ADDRESS_MAX], uint8_t *len, const struct smpp_address *source);

/* The E.164 number: 5 to 15 digits, a '+' in front is taken away. SMPP_ROK; RINVDSTTON: neither
 * international, national nor unknown; RINVDSTNPI; RINVDSTADR. */
enum smpp_status sme_destination(char out[IDENT_MSISDN_MAX + 1], const struct smpp_address *destination);
