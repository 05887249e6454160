/* sms_alphabet.c - the default alphabet, without the tables of nations (TS 23.038 6.2.1.2), which a
 * header would have to name. */
#include "nodes/sms/sms_alphabet.h"

enum {
	ESCAPE = 0x1b,
	SEPTET = 0x7f,
	GENERAL_GROUPS_END = 0x80,
	GROUP_CLASS = 0xf0,
	GROUP_UCS2_WAITING = 0xe0,
	COMPRESSED = 0x20
};

enum sms_alphabet sms_alphabet(uint8_t dcs)
{
	if (dcs < GENERAL_GROUPS_END) { /* 00xx and 01xx */
		switch (dcs & 0x0c) {
		case 0x00:
			return dcs & COMPRESSED ? SMS_ALPHABET_COMPRESSED : SMS_ALPHABET_DEFAULT;
		case 0x04:
			return SMS_ALPHABET_8BIT;
		case 0x08:
			return SMS_ALPHABET_UCS2;
		default:
			return SMS_ALPHABET_DEFAULT; /* reserved */
		}
	}
	if ((dcs & 0xf0) == GROUP_CLASS) {
		return dcs & 0x04 ? SMS_ALPHABET_8BIT : SMS_ALPHABET_DEFAULT;
	}
	return (dcs & 0xf0) == GROUP_UCS2_WAITING ? SMS_ALPHABET_UCS2 : SMS_ALPHABET_DEFAULT;
}

bool sms_is_compressed(uint8_t dcs)
{
	return dcs < GENERAL_GROUPS_END && dcs & COMPRESSED;
}

void sms_unpack(uint8_t out[SMS_SEPTETS_MAX], const struct sms_packed *in)
{
	for (unsigned i = 0; i < in->n; i++) {
		unsigned bit = in->first + 7 * i, at = bit / 8, shift = bit % 8;
		unsigned two = in->p[at];

		if (shift > 1) { /* it goes on in the next octet */
			two |= (unsigned)in->p[at + 1] << 8;
		}
		out[i] = (uint8_t)(two >> shift & SEPTET);
	}
}

void sms_pack(uint8_t *out, uint16_t first, const uint8_t *text, uint8_t n)
{
	for (unsigned i = 0; i < n; i++) {
		unsigned bit = first + 7 * i, at = bit / 8, shift = bit % 8;
		unsigned two = (unsigned)(text[i] & SEPTET) << shift;

		out[at] |= (uint8_t)two;
		if (shift > 1) {
			out[at + 1] |= (uint8_t)(two >> 8);
		}
	}
}

static const uint16_t characters[128] = {
	0x40,   0xa3, 0x24,   0xa5,   0xe8,   0xe9,   0xf9,   0xec,   0xf2,   0xc7,   0x0a,   0xd8, 0xf8, 0x0d, 0xc5, 0xe5,
	0x0394, 0x5f, 0x03a6, 0x0393, 0x039b, 0x03a9, 0x03a0, 0x03a8, 0x03a3, 0x0398, 0x039e, 0x20, 0xc6, 0xe6, 0xdf, 0xc9,
	0x20,   0x21, 0x22,   0x23,   0xa4,   0x25,   0x26,   0x27,   0x28,   0x29,   0x2a,   0x2b, 0x2c, 0x2d, 0x2e, 0x2f,
	0x30,   0x31, 0x32,   0x33,   0x34,   0x35,   0x36,   0x37,   0x38,   0x39,   0x3a,   0x3b, 0x3c, 0x3d, 0x3e, 0x3f,
	0xa1,   0x41, 0x42,   0x43,   0x44,   0x45,   0x46,   0x47,   0x48,   0x49,   0x4a,   0x4b, 0x4c, 0x4d, 0x4e, 0x4f,
	0x50,   0x51, 0x52,   0x53,   0x54,   0x55,   0x56,   0x57,   0x58,   0x59,   0x5a,   0xc4, 0xd6, 0xd1, 0xdc, 0xa7,
	0xbf,   0x61, 0x62,   0x63,   0x64,   0x65,   0x66,   0x67,   0x68,   0x69,   0x6a,   0x6b, 0x6c, 0x6d, 0x6e, 0x6f,
	0x70,   0x71, 0x72,   0x73,   0x74,   0x75,   0x76,   0x77,   0x78,   0x79,   0x7a,   0xe4, 0xf6, 0xf1, 0xfc, 0xe0,
};

/* 0: the table has none, and the character of the alphabet itself is meant. */
static uint16_t extended(uint8_t c)
{
	static const struct {
		uint8_t c;
		uint16_t ucs2;
	} rows[] = { { 0x0a, 0x0c }, { 0x14, '^' }, { 0x28, '{' }, { 0x29, '}' }, { 0x2f, '\\' },
		     { 0x3c, '[' },  { 0x3d, '~' }, { 0x3e, ']' }, { 0x40, '|' }, { 0x65, 0x20ac } };

	for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
		if (rows[i].c == c) {
			return rows[i].ucs2;
		}
	}
	return 0;
}

unsigned sms_to_ucs2(uint16_t *out, const uint8_t *text, unsigned n)
{
	unsigned len = 0;

	for (unsigned i = 0; i < n; i++) {
		uint8_t c = text[i] & SEPTET;
		uint16_t special = 0;

		if (c == ESCAPE && i + 1 < n) {
			c = text[++i] & SEPTET;
			special = extended(c);
		}
		out[len++] = special ? special : characters[c];
	}
	return len;
}
