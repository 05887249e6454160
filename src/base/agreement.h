/* agreement.h - what operator and owner of an SCS agreed about its connections: which transports,
 * protections, TLS versions and TLS cipher suites it may use. The sets are limits of the SCS
 * (scs_limits.h); the core judges each connection by them at its admission, and again when they
 * change. PURE.
 *
 * A set is a bit mask over a list of words: bit n is the n-th word, from 0. The word 0 of each list
 * is "any". A connection has one number of each list, which is also the number in the ring's
 * record; 0: the connection has no such thing (a version of TLS without TLS). */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/protection.h"
#include "base/transport.h"

#define AGREED_ANY 0x1u

/* In the order of enum transport and of enum protection. SCTP inside UDP counts as SCTP. */
#define AGREED_TRANSPORTS "any tcp sctp"
#define AGREED_PROTECTIONS "any none tls ndsip tls+ndsip"
/* In the order of enum agreed_tls and of AGREED_SUITE_TABLE. */
#define AGREED_TLS_VERSIONS "any 1.2 1.3"
#define AGREED_TLS_SUITES                                                                                                        \
	"any TLS_AES_128_GCM_SHA256 TLS_AES_256_GCM_SHA384 TLS_CHACHA20_POLY1305_SHA256 "                                        \
	"TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256 TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 "                                         \
	"TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384 TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"

enum agreed_tls { AGREED_TLS_NONE = 0, AGREED_TLS_1_2 = 1, AGREED_TLS_1_3 = 2 };

/* X(number, value in the IANA registry of TLS cipher suites, its version). The suites of the
 * profile (tls/tls_ctx.c, TS 33.210 6.2.3). */
#define AGREED_SUITE_TABLE(X)                                                                                                    \
	X(1, 0x1301, AGREED_TLS_1_3)                                                                                             \
	X(2, 0x1302, AGREED_TLS_1_3)                                                                                             \
	X(3, 0x1303, AGREED_TLS_1_3)                                                                                             \
	X(4, 0xc02b, AGREED_TLS_1_2)                                                                                             \
	X(5, 0xc02f, AGREED_TLS_1_2)                                                                                             \
	X(6, 0xc02c, AGREED_TLS_1_2)                                                                                             \
	X(7, 0xc030, AGREED_TLS_1_2)
#define AGREED_SUITES_N 7

/* The number of a suite of the profile; 0: it is none. */
uint8_t agreed_suite(uint16_t iana);
/* Whether a connection can have both: a suite belongs to one version. Both 0: no TLS. */
bool agreed_tls_possible(uint8_t version, uint8_t suite);

struct agreed_connection {   /* what one connection has, by the numbers above */
	uint8_t transport;   /* enum transport */
	uint8_t protection;  /* enum protection */
	uint8_t tls_version; /* enum agreed_tls */
	uint8_t tls_suite;
};

struct agreement { /* sets; all zero admits nothing */
	uint16_t transports, protections, tls_versions, tls_suites;
};

enum agreed_item { AGREED_ALL = 0, AGREED_TRANSPORT, AGREED_PROTECTION, AGREED_TLS_VERSION, AGREED_TLS_SUITE };

/* The first item of the connection that is not in its set; AGREED_ALL: it has none. What the
 * connection does not have is not compared. */
enum agreed_item agreement_check(const struct agreement *a, const struct agreed_connection *c);

/* "1.2, agreed: 1.3", for lines and logs. Returns `out`; "" for AGREED_ALL. */
#define AGREEMENT_TEXT_MAX 384
const char *agreement_text(char out[AGREEMENT_TEXT_MAX], enum agreed_item item, const struct agreement *a,
			   const struct agreed_connection *c);

/* -- words of a list such as AGREED_TRANSPORTS */

#define AGREED_WORD_MAX 48
/* The n-th word; "" for 0 and for a number that the list does not have. Returns `out`. */
const char *agreed_word(char out[AGREED_WORD_MAX], const char *words, unsigned n);
/* The words of the set with `between` between them; "any" alone when it is in the set. Returns
 * `out`. */
#define AGREED_TEXT_MAX 320
const char *agreed_text(char out[AGREED_TEXT_MAX], const char *words, uint16_t set, char between);
/* Words with blanks or commas between them. ERR_INVAL: none, or one that the list does not have;
 * then `out` is untouched. */
ERR_MUST_USE int agreed_read(uint16_t *out, const char *words, const char *text, size_t len);
/* The set with what "any" makes superfluous taken out, so that equal sets are equal numbers. */
uint16_t agreed_set(uint32_t bits);
/* Whether the set has a bit of the list, and none besides. */
bool agreed_known(const char *words, uint16_t set);
