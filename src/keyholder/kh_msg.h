/* kh_msg.h - the messages between an edge and the keyholder, one a datagram of a SOCK_SEQPACKET
 * pair. Both ends treat the octets of the other one as hostile: a message is decoded into a typed
 * struct before any field is used. PURE.
 *
 * Octets, all numbers little-endian:
 *   request  u32 KH_REQUEST_MAGIC, u32 id, u32 set, u16 key, u16 scheme, u16 length, u16 zero,
 *            content
 *   answer   u32 KH_ANSWER_MAGIC,  u32 id, u16 status, u16 length, signature
 *
 * The pair of sockets decides which keys an edge may use: the keyholder knows the listeners of each
 * pair from its parent, and refuses a request for another key. */
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define KH_REQUEST_MAGIC 0x3153484bu /* "KHS1" */
#define KH_ANSWER_MAGIC 0x3141484bu  /* "KHA1" */

/* Two randoms and a P-384 point are 165 octets, a TLS 1.3 content is 146 at most. */
#define KH_CONTENT_MAX 192u
#define KH_SIGNATURE_MAX 1024u /* RSA of 8192 bits */

#define KH_WHY_MAX 512u /* bytes of words about a key that cannot sign */

#define KH_REQUEST_HEAD 20u
#define KH_ANSWER_HEAD 12u
#define KH_REQUEST_OCTETS_MAX (KH_REQUEST_HEAD + KH_CONTENT_MAX)
#define KH_ANSWER_OCTETS_MAX (KH_ANSWER_HEAD + KH_SIGNATURE_MAX)

struct kh_request {
	uint32_t id;     /* chosen by the edge; the answer repeats it */
	uint32_t set;    /* generation of the set of files that holds the key */
	uint16_t key;    /* index of the listener in the configuration */
	uint16_t scheme; /* SignatureScheme, RFC 8446 4.2.3 */
	uint16_t content_len;
	uint8_t content[KH_CONTENT_MAX]; /* all that is signed, not a digest of it */
};

/* name, number on the wire, words for the log of the edge */
#define KH_STATUS_TABLE(X)                                                                                                       \
	X(KH_SIGNED, 0, "signed")                                                                                                \
	X(KH_NO_KEY, 1, "the keyholder has no such key for this edge")                                                           \
	X(KH_BAD_SCHEME, 2, "the signature scheme does not fit the key")                                                         \
	X(KH_BAD_CONTENT, 3, "the content is not what a TLS server signs")                                                       \
	X(KH_TOO_MANY, 4, "keyholder.signatures_per_second is reached")                                                          \
	X(KH_FAILED, 5, "the key could not sign; the log of the keyholder says why")

enum kh_status {
#define KH_STATUS_ROW(name, value, words) name = (value),
	KH_STATUS_TABLE(KH_STATUS_ROW)
#undef KH_STATUS_ROW
	    KH_STATUSES
};

/* Words for a status; "unknown status" for a number that is none. Static. */
const char *kh_status_words(unsigned status);

struct kh_answer {
	uint32_t id;
	uint16_t status;        /* enum kh_status */
	uint16_t signature_len; /* 0 unless KH_SIGNED */
	uint8_t signature[KH_SIGNATURE_MAX];
};

/* Writes the octets of a message; returns their number. 0: a length beyond its bound, or an answer
 * with both a refusal and a signature, or with neither. */
size_t kh_request_encode(uint8_t out[KH_REQUEST_OCTETS_MAX], const struct kh_request *r);
size_t kh_answer_encode(uint8_t out[KH_ANSWER_OCTETS_MAX], const struct kh_answer *a);

/* ERR_PROTO: the octets are no such message; `out` is unchanged. Whether key, scheme and content
 * may be signed is for kh_judge.h. */
ERR_MUST_USE int kh_request_decode(struct kh_request *out, const void *p, size_t n);
ERR_MUST_USE int kh_answer_decode(struct kh_answer *out, const void *p, size_t n);
