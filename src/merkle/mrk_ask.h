/* mrk_ask.h - the request of a log for the signature of a checkpoint, and the answer of the process
 * that has the key: one datagram each of a SOCK_SEQPACKET pair. Both ends treat the octets of the
 * other one as hostile. PURE.
 *
 * Octets, all numbers little-endian:
 *   request  u32 MRK_ASK_MAGIC, u64 size, root
 *   answer   u32 MRK_ANSWER_MAGIC, u32 status, u64 size, root, signature
 *
 * The signer makes the text of the checkpoint itself, of its own origin and of these two values: it
 * signs nothing else with this key. Size and root of an answer are those that it signed last. */
#pragma once
#include "merkle/mrk_note.h"

#define MRK_ASK_MAGIC 0x3151414bu    /* "KAQ1" */
#define MRK_ANSWER_MAGIC 0x3141414bu /* "KAA1" */
#define MRK_ASK_OCTETS (12u + HASH_LEN)
#define MRK_ANSWER_OCTETS (16u + HASH_LEN + MRK_SIGNATURE)

/* name, number on the wire, words */
#define MRK_STATUS_TABLE(X)                                                                                                      \
	X(MRK_SIGNED, 0, "signed")                                                                                               \
	X(MRK_SMALLER, 1, "the keyholder has signed a larger log: this one was rolled back")                                     \
	X(MRK_OTHER_ROOT, 2, "the keyholder has signed another log of this size: this one was changed")                          \
	X(MRK_FOREIGN, 3, "the last checkpoint is not signed with the key of this gateway")                                      \
	X(MRK_TOO_MANY, 4, "more checkpoints in a second than the keyholder signs")                                              \
	X(MRK_FAILED, 5, "the keyholder could not sign")

enum mrk_status {
#define MRK_STATUS_ROW(name, value, words) name = (value),
	MRK_STATUS_TABLE(MRK_STATUS_ROW)
#undef MRK_STATUS_ROW
	    MRK_STATUSES
};

const char *mrk_status_words(unsigned status); /* static */

struct mrk_ask {
	uint64_t size;
	struct mrk_hash root;
};

struct mrk_answer {
	uint32_t status; /* enum mrk_status */
	struct mrk_ask last;
	uint8_t signature[MRK_SIGNATURE]; /* zeros unless MRK_SIGNED */
};

void mrk_ask_encode(uint8_t out[MRK_ASK_OCTETS], const struct mrk_ask *a);
void mrk_answer_encode(uint8_t out[MRK_ANSWER_OCTETS], const struct mrk_answer *a);
/* ERR_PROTO: the octets are no such message; `out` is unchanged. */
ERR_MUST_USE int mrk_ask_decode(struct mrk_ask *out, const void *p, size_t n);
ERR_MUST_USE int mrk_answer_decode(struct mrk_answer *out, const void *p, size_t n);

/* Whether a checkpoint may follow the last one: never of a smaller log, nor of another one of the
 * same size. MRK_SIGNED, MRK_SMALLER or MRK_OTHER_ROOT. A last size of 0 is followed by any. */
enum mrk_status mrk_ask_judge(const struct mrk_ask *last, const struct mrk_ask *next);
