/* trc_read.h - reads the Diameter messages of a pcapng file with packets of link type
 * WIRESHARK_UPPER_PDU: one that a trace wrote, or that Wireshark exported ("Export PDUs to file").
 * The file is hostile: each length is checked before it is used, and a block has at most
 * TRC_READ_BLOCK_MAX octets. PURE: the caller brings the octets. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define TRC_READ_BLOCK_MAX (20u << 20) /* a Diameter message has less than 16 MiB */
#define TRC_READ_INTERFACES_MAX 64u
#define TRC_READ_WHY_MAX 160

struct trc_read {    /* holds no memory; may be copied */
	bool begun;  /* a section header was read */
	bool big;    /* the section is big-endian */
	bool marked; /* the comment of the section is that of a trace */
	bool redacted;
	uint32_t interfaces_n;
	struct {
		bool upper_pdu;
		uint64_t per_s; /* units of a time stamp in a second; 0: not usable */
	} interfaces[TRC_READ_INTERFACES_MAX];
	uint64_t blocks, skipped; /* read; packets without a whole Diameter message */
	char why[TRC_READ_WHY_MAX];
};

struct trc_message { /* one Diameter message; `p` NULL: the block has none */
	const uint8_t *p;
	size_t len;
	uint64_t time_us; /* since 1970; 0: unknown */
};

void trc_read_init(struct trc_read *r); /* before the first block of a file */
/* Octets of the block that begins with these 12 octets. ERR_PROTO with r->why: it is none. */
#define TRC_READ_HEAD 12u
ERR_MUST_USE int trc_read_size(struct trc_read *r, const uint8_t head[TRC_READ_HEAD], size_t *size);
/* Reads one whole block. `out` is a view into it. ERR_PROTO with r->why. */
ERR_MUST_USE int trc_read_block(struct trc_read *r, const uint8_t *block, size_t size, struct trc_message *out);
