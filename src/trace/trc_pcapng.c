/* trc_pcapng.c - see trc_pcapng.h. Blocks are little-endian, as their section says; the tags of an
 * upper PDU are big-endian. */
#include "trace/trc_pcapng.h"

#include <arpa/inet.h>
#include <string.h>

#include "base/str.h"

enum { BLOCK_INTERFACE = 1, BLOCK_STATISTICS = 5, BLOCK_PACKET = 6 };
#define BLOCK_SECTION 0x0a0d0d0au
#define BYTE_ORDER_MAGIC 0x1a2b3c4du
enum { OPT_END = 0, OPT_COMMENT = 1, SHB_USERAPPL = 4, IF_NAME = 2, EPB_FLAGS = 2, ISB_RECEIVED = 4, ISB_DROPPED = 5 };
enum { FLAG_INBOUND = 1, FLAG_OUTBOUND = 2 };
/* Exported PDU tags of Wireshark (exported_pdu.h) */
enum {
	TAG_END = 0,
	TAG_DISSECTOR = 12,
	TAG_IPV4_FROM = 20,
	TAG_IPV4_TO = 21,
	TAG_IPV6_FROM = 22,
	TAG_IPV6_TO = 23,
	TAG_PORT_TYPE = 24,
	TAG_PORT_FROM = 25,
	TAG_PORT_TO = 26,
};
enum { PORT_SCTP = 1, PORT_TCP = 2 };

static void pad(struct buf *b)
{
	static const uint8_t zero[4];

	buf_bytes(b, zero, (4 - b->len % 4) % 4);
}

/* The place of its first length; trc_end_block() fills both. Blocks begin at a multiple of four. */
static size_t begin(struct buf *b, uint32_t type)
{
	size_t at = b->len;

	buf_le32(b, type);
	buf_le32(b, 0);
	return at;
}

static void end(struct buf *b, size_t at)
{
	uint32_t len;

	pad(b);
	len = (uint32_t)(b->len - at + 4);
	buf_le32(b, len);
	if (!b->full) {
		struct buf field = buf_over(b->p + at + 4, 4);

		buf_le32(&field, len);
	}
}

static void option(struct buf *b, uint16_t code, const void *p, size_t len)
{
	buf_le16(b, code);
	buf_le16(b, (uint16_t)len);
	buf_bytes(b, p, len);
	pad(b);
}

static void option_text(struct buf *b, uint16_t code, const char *text)
{
	size_t len = strnlen(text, TRC_TEXT_MAX);

	if (len) {
		option(b, code, text, len);
	}
}

static void option_u64(struct buf *b, uint16_t code, uint64_t v)
{
	buf_le16(b, code);
	buf_le16(b, 8);
	buf_le64(b, v);
}

void trc_put_begin(struct buf *out, const char *software, const char *comment)
{
	size_t at = begin(out, BLOCK_SECTION);

	buf_le32(out, BYTE_ORDER_MAGIC);
	buf_le16(out, 1); /* version 1.0 */
	buf_le16(out, 0);
	buf_le64(out, UINT64_MAX); /* length of the section: not known */
	option_text(out, OPT_COMMENT, comment);
	option_text(out, SHB_USERAPPL, software);
	buf_le32(out, OPT_END);
	end(out, at);
	at = begin(out, BLOCK_INTERFACE);
	buf_le16(out, TRC_LINKTYPE_UPPER_PDU);
	buf_le16(out, 0);
	buf_le32(out, 0); /* no limit of a packet */
	option_text(out, IF_NAME, "diameter");
	buf_le32(out, OPT_END);
	end(out, at);
}

/* -- the tags of one message */

static void tag(struct buf *b, uint16_t code, const void *p, size_t len)
{
	static const uint8_t zero[4];

	buf_be16(b, code);
	buf_be16(b, (uint16_t)((len + 3) & ~(size_t)3));
	buf_bytes(b, p, len);
	buf_bytes(b, zero, (4 - len % 4) % 4);
}

static void tag_u32(struct buf *b, uint16_t code, uint32_t v)
{
	uint8_t octets[4];

	be32_set(octets, v);
	tag(b, code, octets, sizeof octets);
}

/* Splits "ADDRESS:PORT" and "[ADDRESS]:PORT"; an address alone has the port of `e`. */
static uint32_t split(char host[64], const struct trc_end *e)
{
	const char *colon = strrchr(e->address, ':'), *from = e->address;
	uint32_t port = e->port;
	size_t len = strlen(e->address);

	if (*from == '[' && colon && colon > from && colon[-1] == ']') {
		from++;
		len = (size_t)(colon - 1 - from);
	} else if (colon && strchr(e->address, ':') == colon) {
		len = (size_t)(colon - from);
	} else {
		colon = NULL;
	}
	if (colon && str_parse_u32(&port, colon + 1, 0, 65535)) {
		port = 0;
	}
	*host = 0;
	if (str_copy(host, 64, from, len)) {
		*host = 0;
	}
	return port;
}

static void tag_end(struct buf *b, const struct trc_end *e, bool from)
{
	uint8_t octets[16];
	char host[64];
	uint32_t port = split(host, e);

	if (inet_pton(AF_INET, host, octets) == 1) {
		tag(b, from ? TAG_IPV4_FROM : TAG_IPV4_TO, octets, 4);
	} else if (inet_pton(AF_INET6, host, octets) == 1) {
		tag(b, from ? TAG_IPV6_FROM : TAG_IPV6_TO, octets, 16);
	}
	tag_u32(b, from ? TAG_PORT_FROM : TAG_PORT_TO, port);
}

void trc_put_packet(struct buf *out, const struct trc_packet *p)
{
	size_t at = begin(out, BLOCK_PACKET), lengths, tags;
	uint32_t flags = p->out ? FLAG_OUTBOUND : FLAG_INBOUND;

	buf_le32(out, 0); /* the interface */
	buf_le32(out, (uint32_t)(p->time_us >> 32));
	buf_le32(out, (uint32_t)p->time_us);
	lengths = out->len;
	buf_le64(out, 0);
	tags = out->len;
	tag(out, TAG_DISSECTOR, p->smpp ? "smpp" : "diameter", p->smpp ? 4 : 8);
	tag_u32(out, TAG_PORT_TYPE, p->sctp ? PORT_SCTP : PORT_TCP);
	tag_end(out, &p->from, true);
	tag_end(out, &p->to, false);
	buf_be32(out, TAG_END);
	buf_bytes(out, p->message, p->len);
	if (!out->full) {
		struct buf field = buf_over(out->p + lengths, 8);

		buf_le32(&field, (uint32_t)(out->len - tags));
		buf_le32(&field, (uint32_t)(out->len - tags) + p->len_before - p->len);
	}
	pad(out);
	buf_le16(out, EPB_FLAGS);
	buf_le16(out, 4);
	buf_le32(out, flags);
	option_text(out, OPT_COMMENT, p->comment);
	buf_le32(out, OPT_END);
	end(out, at);
}

void trc_put_counts(struct buf *out, uint64_t time_us, uint64_t received, uint64_t lost, const char *comment)
{
	size_t at = begin(out, BLOCK_STATISTICS);

	buf_le32(out, 0); /* the interface */
	buf_le32(out, (uint32_t)(time_us >> 32));
	buf_le32(out, (uint32_t)time_us);
	option_u64(out, ISB_RECEIVED, received);
	option_u64(out, ISB_DROPPED, lost);
	option_text(out, OPT_COMMENT, comment);
	buf_le32(out, OPT_END);
	end(out, at);
}
