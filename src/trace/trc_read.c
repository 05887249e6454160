/* trc_read.c - see trc_read.h. */
#include "trace/trc_read.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "trace/trc_pcapng.h"

enum { BLOCK_INTERFACE = 1, BLOCK_PACKET = 6 };
#define BLOCK_SECTION 0x0a0d0d0au
#define BYTE_ORDER_MAGIC 0x1a2b3c4du
enum { OPT_END = 0, OPT_COMMENT = 1, IF_TSRESOL = 9 };
enum { TAG_END = 0, TAG_DISSECTOR = 12 };
#define BLOCK_OUTSIDE 12u /* type and both lengths */

void trc_read_init(struct trc_read *r)
{
	*r = (struct trc_read){ .begun = false };
}

static int refuse(struct trc_read *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static int refuse(struct trc_read *r, const char *fmt, ...)
{
	int n = snprintf(r->why, sizeof r->why, "block %llu: ", (unsigned long long)r->blocks + 1);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(r->why + n, sizeof r->why - (size_t)n, fmt, ap);
	va_end(ap);
	return ERR_PROTO;
}

static uint32_t u32(const struct trc_read *r, struct rd *in)
{
	return r->big ? rd_be32(in) : rd_le32(in);
}

static uint16_t u16(const struct trc_read *r, struct rd *in)
{
	return r->big ? rd_be16(in) : rd_le16(in);
}

int trc_read_size(struct trc_read *r, const uint8_t head[TRC_READ_HEAD], size_t *size)
{
	struct rd in = rd_over(head, TRC_READ_HEAD);
	uint32_t type = rd_le32(&in), len, magic;

	if (type == BLOCK_SECTION) { /* the same in both orders */
		(void)rd_take(&in, 4);
		magic = rd_le32(&in);
		if (magic != BYTE_ORDER_MAGIC && __builtin_bswap32(magic) != BYTE_ORDER_MAGIC) {
			return refuse(r, "no byte order: this is no pcapng file");
		}
		r->big = magic != BYTE_ORDER_MAGIC;
	} else if (!r->begun) {
		return refuse(r, "no section header: this is no pcapng file");
	}
	in = rd_over(head + 4, 4);
	len = u32(r, &in);
	if (len % 4 || len < BLOCK_OUTSIDE || len > TRC_READ_BLOCK_MAX) {
		return refuse(r, "a length of %u, expected a multiple of 4 from %u to %u", len, BLOCK_OUTSIDE,
			      TRC_READ_BLOCK_MAX);
	}
	*size = len;
	return 0;
}

/* The next option. False: there is none. */
static bool option(struct trc_read *r, struct rd *in, uint16_t *code, struct rd *value)
{
	uint16_t len;
	const uint8_t *p;

	if (rd_left(in) < 4) {
		return false;
	}
	*code = u16(r, in);
	len = u16(r, in);
	if (*code == OPT_END) {
		return false;
	}
	p = rd_take(in, len);
	(void)rd_take(in, (4u - len % 4u) % 4u);
	if (!p) {
		return false;
	}
	*value = rd_over(p, len);
	return true;
}

static bool begins(const struct rd *value, const char *word)
{
	struct rd in = *value;
	size_t n = strlen(word);
	const uint8_t *p = rd_left(&in) < n ? NULL : rd_take(&in, n);

	return p && memcmp(p, word, n) == 0;
}

static int section(struct trc_read *r, struct rd *in)
{
	uint16_t code;
	struct rd value;

	(void)rd_take(in, 4); /* trc_read_size() has seen the byte order */
	if (u16(r, in) != 1) {
		return refuse(r, "a version of pcapng that is not known, expected 1");
	}
	(void)rd_take(in, 10); /* the minor version; the length of the section, which nothing here needs */
	if (in->bad) {
		return refuse(r, "a section header that is too short");
	}
	r->begun = true;
	r->interfaces_n = 0;
	while (option(r, in, &code, &value)) {
		if (code == OPT_COMMENT && begins(&value, TRC_WORD_REDACTED)) {
			r->marked = r->redacted = true;
		} else if (code == OPT_COMMENT && begins(&value, TRC_WORD_UNREDACTED)) {
			r->marked = true;
		}
	}
	return 0;
}

/* Units in a second. Resolutions finer than a nanosecond are not usable. */
static uint64_t units(uint8_t resolution)
{
	uint64_t n = 1;

	if (resolution & 0x80) {
		return (resolution & 0x7f) <= 30 ? UINT64_C(1) << (resolution & 0x7f) : 0;
	}
	for (uint8_t i = 0; i < resolution && resolution <= 9; i++) {
		n *= 10;
	}
	return resolution <= 9 ? n : 0;
}

static int interface(struct trc_read *r, struct rd *in)
{
	uint16_t type = u16(r, in), code;
	uint64_t per_s = 1000000;
	struct rd value;

	(void)rd_take(in, 6);
	if (in->bad) {
		return refuse(r, "an interface that is too short");
	}
	if (r->interfaces_n == TRC_READ_INTERFACES_MAX) {
		return refuse(r, "more than %u interfaces", TRC_READ_INTERFACES_MAX);
	}
	while (option(r, in, &code, &value)) {
		if (code == IF_TSRESOL && rd_left(&value) == 1) {
			per_s = units(rd_u8(&value));
		}
	}
	r->interfaces[r->interfaces_n].upper_pdu = type == TRC_LINKTYPE_UPPER_PDU;
	r->interfaces[r->interfaces_n++].per_s = per_s;
	return 0;
}

/* Passes the tags. True: a Diameter message follows. */
static bool is_diameter(struct rd *in)
{
	bool named = false;

	for (;;) {
		uint16_t code = rd_be16(in), len = rd_be16(in);
		const uint8_t *p = rd_take(in, len);

		if (!p || in->bad) {
			return false;
		}
		if (code == TAG_END) {
			return named && !len;
		}
		if (code == TAG_DISSECTOR) {
			named = len >= 8 && memcmp(p, "diameter", 8) == 0 && (len == 8 || p[8] == 0);
		}
	}
}

/* Seconds and the rest apart, so that nothing overflows. */
static uint64_t us_of(uint64_t stamp, uint64_t per_s)
{
	if (!per_s || stamp / per_s > UINT64_MAX / 2000000) {
		return 0;
	}
	return stamp / per_s * 1000000 + stamp % per_s * 1000000 / per_s;
}

static int packet(struct trc_read *r, struct rd *in, struct trc_message *out)
{
	uint32_t interface = u32(r, in), high = u32(r, in), low = u32(r, in), len = u32(r, in), before = u32(r, in);
	const uint8_t *p = rd_take(in, len);
	struct rd data;

	if (!p || in->bad) {
		return refuse(r, "a packet that is longer than its block");
	}
	if (interface >= r->interfaces_n) {
		return refuse(r, "a packet of interface %u, which the file does not have", interface);
	}
	data = rd_over(p, len);
	if (!r->interfaces[interface].upper_pdu || len != before || !is_diameter(&data)) {
		r->skipped++;
		return 0;
	}
	out->len = rd_left(&data);
	out->p = rd_take(&data, out->len);
	out->time_us = us_of((uint64_t)high << 32 | low, r->interfaces[interface].per_s);
	return 0;
}

int trc_read_block(struct trc_read *r, const uint8_t *block, size_t size, struct trc_message *out)
{
	struct rd in, last;
	uint32_t type;
	size_t says;
	int err = 0;

	*out = (struct trc_message){ .p = NULL };
	if (size < BLOCK_OUTSIDE || trc_read_size(r, block, &says) || says != size) {
		return r->why[0] ? ERR_PROTO : refuse(r, "another length than it says");
	}
	last = rd_over(block + size - 4, 4);
	if (u32(r, &last) != size) {
		return refuse(r, "its two lengths differ");
	}
	in = rd_over(block, 4);
	type = u32(r, &in);
	in = rd_over(block + 8, size - BLOCK_OUTSIDE);
	if (type == BLOCK_SECTION) {
		err = section(r, &in);
	} else if (type == BLOCK_INTERFACE) {
		err = interface(r, &in);
	} else if (type == BLOCK_PACKET) {
		err = packet(r, &in, out);
	} /* others say nothing that is needed here */
	r->blocks += !err;
	return err;
}
