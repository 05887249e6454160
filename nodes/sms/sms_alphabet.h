/* sms_alphabet.h - which alphabet a TP-DCS names (TS 23.038 4), and the 7-bit default alphabet: its
 * packing (TS 23.038 6.1.2.1) and its characters (6.2.1). PURE. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SMS_SEPTETS_MAX 160u /* characters of 7 bits in 140 octets */

enum sms_alphabet {
	SMS_ALPHABET_DEFAULT, /* 7 bits; also of a reserved TP-DCS */
	SMS_ALPHABET_8BIT,
	SMS_ALPHABET_UCS2,
	SMS_ALPHABET_COMPRESSED, /* 7 bits, compressed (TS 23.042): nobody can read it here */
};
enum sms_alphabet sms_alphabet(uint8_t dcs);
bool sms_is_compressed(uint8_t dcs); /* in whatever alphabet */

/* Characters of 7 bits that lie packed: `n` of them from bit `first` of `p` on, the lowest bit of
 * an octet first. */
struct sms_packed {
	const uint8_t *p;
	uint16_t first;
	uint8_t n;
};
/* One character an octet. */
void sms_unpack(uint8_t out[SMS_SEPTETS_MAX], const struct sms_packed *in);
/* Writes `n` characters of `text`, one an octet, into `out` from bit `first` on; the bits are 0
 * before. */
void sms_pack(uint8_t *out, uint16_t first, const uint8_t *text, uint8_t n);
/* How many characters these octets of a header take: the rest up to the next character is fill
 * bits. */
static inline unsigned sms_septets_of(unsigned octets)
{
	return (octets * 8 + 6) / 7;
}

/* The UCS2 characters of a text with one character an octet. The escape (0x1b) and a character are
 * one of the extension table, or that character itself if the table does not have it; an escape
 * alone is a blank. Returns how many there are; `out` has room for `n`. */
unsigned sms_to_ucs2(uint16_t *out, const uint8_t *text, unsigned n);
