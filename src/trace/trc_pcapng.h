/* trc_pcapng.h - writes a trace as pcapng (draft-ietf-opsawg-pcapng): one section with one
 * interface of link type WIRESHARK_UPPER_PDU, so that each packet is a Diameter message or an SMPP
 * PDU behind a short list of tags that names its dissector, addresses and ports. PURE. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

#define TRC_LINKTYPE_UPPER_PDU 252u
/* The comment of the section begins with one of these; a reader knows by it what can be done with
 * the messages. */
#define TRC_WORD_REDACTED "mtc-iwf trace, redacted"
#define TRC_WORD_UNREDACTED "mtc-iwf trace, unredacted"
#define TRC_TEXT_MAX 1024u        /* octets of a comment; what is longer is cut */
#define TRC_PACKET_OVERHEAD 1280u /* octets that a packet takes besides its message, at most */
#define TRC_BLOCK_MAX 4096u       /* octets of each other block, at most */

/* "192.0.2.7:3868", "[2001:db8::7]:3868"; any other text has no address in the file */
struct trc_end {
	const char *address;
	uint16_t port; /* when `address` has none; 0: unknown */
};

struct trc_packet {
	uint64_t time_us; /* since 1970 */
	struct trc_end from, to;
	bool sctp;
	bool smpp;                /* it is SMPP, not Diameter */
	bool out;                 /* sent by the gateway */
	const char *comment;      /* "": none */
	const uint8_t *message;   /* borrowed */
	uint32_t len, len_before; /* octets at `message`; of the whole message, when it was cut */
};

/* Each appends whole blocks; out->full when there is no room. */
void trc_put_begin(struct buf *out, const char *software, const char *comment);
void trc_put_packet(struct buf *out, const struct trc_packet *p);
/* An Interface Statistics Block: messages written and lost until now, with words. */
void trc_put_counts(struct buf *out, uint64_t time_us, uint64_t received, uint64_t lost, const char *comment);
