/* sme_address.c - addresses of SMPP. Names are written in the default alphabet of TS 23.038 6.2.1,
 * where the letters and digits that are allowed here have the numbers of ASCII. */
#include "nodes/smssc/sme_address.h"

#include <ctype.h>
#include <string.h>

#include "base/str.h"

enum { NPI_UNKNOWN = 0, NPI_E164 = 1, TP_INTERNATIONAL = 0x91, TP_UNKNOWN = 0x81, TP_ALPHANUMERIC = 0xd0 };

/* Kannel calls an international number national when it has no plus. */
static bool ton_is_number(uint8_t ton)
{
	return ton == SME_TON_UNKNOWN || ton == SME_TON_INTERNATIONAL || ton == SME_TON_NATIONAL;
}

static bool is_name(const char *text)
{
	bool letter = false;
	size_t n = 0;

	for (; text[n]; n++) {
		unsigned char c = (unsigned char)text[n];

		if (n >= SME_ALPHANUMERIC_MAX || c > 127 || (!isalnum(c) && !strchr(".- ", c))) {
			return false;
		}
		letter = letter || isalpha(c);
	}
	return letter;
}

static bool is_digits(const char *text, size_t len, size_t max)
{
	return len >= 1 && len <= max && strspn(text, "0123456789") >= len;
}

bool sme_pattern_is_sound(const char *pattern)
{
	size_t len = strlen(pattern);

	return is_name(pattern) || is_digits(pattern, len, IDENT_MSISDN_MAX) ||
	       (len > 1 && pattern[len - 1] == '*' && is_digits(pattern, len - 1, IDENT_MSISDN_MAX));
}

bool sme_pattern_matches(const char *pattern, const char *address)
{
	size_t len = strlen(pattern);

	if (len && pattern[len - 1] == '*') {
		/* of numbers only: a name that begins with the digits is another sender */
		return strncmp(pattern, address, len - 1) == 0 && is_digits(address, strlen(address), IDENT_MSISDN_MAX);
	}
	return strcmp(pattern, address) == 0;
}

/* Seven bits a character, the first in the low bits (TS 23.038 6.1.2.1.1). */
static uint8_t pack_name(uint8_t *out, const char *name)
{
	unsigned held = 0, bits = 0, n = 0;

	for (; *name; name++) {
		held |= ((unsigned)*name & 0x7f) << bits;
		bits += 7;
		if (bits >= 8) {
			out[n++] = (uint8_t)held;
			held >>= 8;
			bits -= 8;
		}
	}
	if (bits) {
		out[n++] = (uint8_t)held;
	}
	return (uint8_t)n;
}

enum smpp_status sme_originator(uint8_t out[SMS_ADDRESS_MAX], uint8_t *len, const struct smpp_address *source)
{
	const char *text = source->digits + (source->digits[0] == '+');
	size_t digits = strlen(text), octets;

	if (!ton_is_number(source->ton) && source->ton != SME_TON_ALPHANUMERIC) {
		return SMPP_RINVSRCTON;
	}
	if (source->npi != NPI_UNKNOWN && source->npi != NPI_E164) {
		return SMPP_RINVSRCNPI;
	}
	if (source->ton == SME_TON_ALPHANUMERIC || is_name(source->digits)) {
		if (!is_name(source->digits)) {
			return SMPP_RINVSRCADR;
		}
		octets = pack_name(out + 2, source->digits);
		out[0] = (uint8_t)((7 * strlen(source->digits) + 3) / 4); /* useful semi-octets */
		out[1] = TP_ALPHANUMERIC;
		*len = (uint8_t)(2 + octets);
		return SMPP_ROK;
	}
	if (!is_digits(text, digits, IDENT_MSISDN_MAX) || str_tbcd(out + 2, &octets, text)) {
		return SMPP_RINVSRCADR;
	}
	out[0] = (uint8_t)digits;
	out[1] = digits >= 5 && text[0] != '0' ? TP_INTERNATIONAL : TP_UNKNOWN; /* a short number is of this network */
	*len = (uint8_t)(2 + octets);
	return SMPP_ROK;
}

enum smpp_status sme_destination(char out[IDENT_MSISDN_MAX + 1], const struct smpp_address *destination)
{
	const char *text = destination->digits + (destination->digits[0] == '+');

	if (!ton_is_number(destination->ton)) {
		return SMPP_RINVDSTTON;
	}
	if (destination->npi != NPI_UNKNOWN && destination->npi != NPI_E164) {
		return SMPP_RINVDSTNPI;
	}
	return ident_msisdn(out, text, strlen(text)) ? SMPP_RINVDSTADR : SMPP_ROK;
}
