/* jrn_format.h - the octets of the journal on the disk. PURE.
 *
 * Directory:
 *   NNNNNNNNNN.log         a segment; the numbers rise by one and have ten digits or more
 *   spare-K.log            a prepared file of the whole size; its content means nothing
 *   spare-K.new            a spare while it is prepared; left over after a crash
 *   new-NNNNNNNNNN.log     a segment while an LMDB journal is taken over (jrn_take_over.c)
 *   torn-NNNNNNNNNN-OFFSET octets that a torn write left at the end of a last segment
 *   owner.lock             locked by the process that uses the journal
 *   data.mdb, lock.mdb     tells programs older than format 4 that they cannot read this journal
 *
 * Segment: blocks of JRN_BLOCK octets. Block 0 is the header. A commit begins at a block and is
 * filled up with zeros to the next. So no block that holds a committed record is written again.
 *
 * Segment header, little-endian:
 *    0 magic "MTCJRNL\n"       8 version u32            12 block u32        16 number u64
 *   24 nonce, 16 octets       40 size of the file u64   48 previous segment u64; 0: none
 *   56 end of the previous segment's commits u64        64 sequence of the first commit u64
 *   72 oldest needed segment u64                        80 checksum u64 of octets 0 to 80
 *   Every version to come keeps magic, version and checksum in their places: a version is believed
 *   only with its checksum.
 *
 * Commit header (64 octets):
 *    0 magic u32    4 records u32    8 nonce, 16 octets   24 sequence u64
 *   32 octets u32, this header included, without the filling   36 zero u32
 *   40 reserved u64: numbers below were or may have been given out
 *   48 oldest u64: segments below were not needed any more when this commit was made
 *   56 checksum u64
 * Then the records, each at a multiple of 8 octets from the commit's start:
 *    0 checksum u64    8 number u64   16 length u32   20 kind u32   24 content
 *
 * Mark, in the block behind the last commit of a segment, once there is a next one (not after a
 * failed write, and not by programs before it):
 *    0 magic u32    4 zero u32   8 number of the next segment u64
 *   16 checksum u64 of octets 0 to 16
 * Nothing needs it but the start that does not find the next segment, and would take this one for
 * the last.
 *
 * A checksum is XXH3 over the octets (of a record: 8 to 24 + length; of a commit: 0 to 56), mixed
 * with the segment's nonce and the position in the file. The nonce is random at each use of a
 * file, and nobody outside knows it. So neither the octets of an earlier use nor a payload that
 * looks like a record is ever taken for one. It is no authentication: whoever writes to the disk
 * can write anything.
 *
 * A commit counts only as a whole: its header, and as many records as it says, must be right. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define JRN_BLOCK 4096u
#define JRN_VERSION 6u
/* The oldest log that is read. 1 to 3 were LMDB environments. A start writes nothing more into a
 * segment of before, so that each record stands in a segment of the program that wrote it. */
#define JRN_VERSION_OLDEST 4u
#define JRN_NONCE 16u
#define JRN_COMMIT_HEAD 64u
#define JRN_RECORD_HEAD 24u
#define JRN_COMMIT_MAX (4u << 20) /* octets of one commit with its filling */
#define JRN_SEGMENT_MIN (128u << 10)
#define JRN_SEGMENT_MAX (1u << 30)
#define JRN_NUMBER_DIGITS 10

enum jrn_record_kind { JRN_RECORD_PUT = 1, JRN_RECORD_DEL = 2 };

struct jrn_seg_head {
	uint64_t number, size;
	uint64_t prev, prev_end; /* 0, 0: the first segment of this journal */
	uint64_t first_seq, oldest;
	uint8_t nonce[JRN_NONCE];
	uint32_t version; /* read only */
};

struct jrn_commit_head {
	uint64_t seq, reserved, oldest;
	uint32_t records, octets; /* octets: without the filling */
};

struct jrn_record {
	uint64_t number;
	const uint8_t *content; /* borrowed from the commit's octets */
	uint32_t len;
	enum jrn_record_kind kind;
};

static inline size_t jrn_record_size(size_t len) /* octets that a record takes in a commit */
{
	return JRN_RECORD_HEAD + ((len + 7) & ~(size_t)7);
}

static inline size_t jrn_blocks(size_t octets) /* octets with the filling */
{
	return (octets + JRN_BLOCK - 1) & ~(size_t)(JRN_BLOCK - 1);
}

/* -- writing */

void jrn_put_seg_head(uint8_t block[JRN_BLOCK], const struct jrn_seg_head *h);
/* Writes a record at `p`, which is at position `at` of the segment, zeroes its filling, and
 * returns its size. */
size_t jrn_put_record(uint8_t *p, const uint8_t nonce[JRN_NONCE], uint64_t at, const struct jrn_record *r);
void jrn_put_commit_head(uint8_t p[JRN_COMMIT_HEAD], const uint8_t nonce[JRN_NONCE], uint64_t at,
			 const struct jrn_commit_head *h);

/* The mark behind the last commit, at position `at`: a segment with the number `next` follows. */
void jrn_put_mark(uint8_t block[JRN_BLOCK], const uint8_t nonce[JRN_NONCE], uint64_t at, uint64_t next);

/* -- reading */

/* ERR_VERSION (of a newer program, with a checksum that fits; only `version` is set), ERR_PROTO (no
 * such header, or damaged). */
ERR_MUST_USE int jrn_get_seg_head(struct jrn_seg_head *out, const uint8_t block[JRN_BLOCK]);
/* True if a commit of this segment was begun here: magic and nonce are right, whatever the rest
 * is. */
bool jrn_is_of_segment(const uint8_t p[JRN_COMMIT_HEAD], const uint8_t nonce[JRN_NONCE]);
/* ERR_PROTO. The lengths are checked: `octets` is at least a header, at most JRN_COMMIT_MAX. */
ERR_MUST_USE int jrn_get_commit_head(struct jrn_commit_head *out, const uint8_t p[JRN_COMMIT_HEAD],
				     const uint8_t nonce[JRN_NONCE], uint64_t at);
/* The record at `p`, position `at`, of which `left` octets are there. Returns its size, or 0: it is
 * not whole. Without `nonce` the checksum is not looked at. */
size_t jrn_get_record(struct jrn_record *out, const uint8_t *p, size_t left, const uint8_t *nonce, uint64_t at);

/* Number of the segment that the mark at this position names. 0: there is no mark. */
uint64_t jrn_get_mark(const uint8_t block[JRN_BLOCK], const uint8_t nonce[JRN_NONCE], uint64_t at);

/* -- names */

void jrn_segment_name(char out[32], uint64_t number); /* "0000000007.log" */
enum jrn_name {
	JRN_NAME_SEGMENT,
	JRN_NAME_SPARE,
	JRN_NAME_SPARE_NEW,
	JRN_NAME_TAKING_OVER,
	JRN_NAME_TORN,
	JRN_NAME_OURS, /* lock and LMDB files */
	JRN_NAME_FOREIGN
};
enum jrn_name jrn_name_kind(const char *name, uint64_t *number); /* number of a segment or spare */
