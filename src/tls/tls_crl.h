/* tls_crl.h - certificate revocation lists (RFC 5280 clause 5) of a trust anchor: what its CA and
 * the CAs below it revoked.
 *
 * A list is used when the key of its CA signed it, when it is whole (no delta, no indirect one, no
 * part of what the CA issued) and has a number (5.2.3). Of two lists of one CA the higher number
 * counts. All of this is judged once, when the files are loaded; a certificate is then only looked
 * up. So one function judges a handshake and a session that has been open for days. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/protection.h"
#include "tls/tls_pem.h"

#define TLS_CRLS_MAX 16        /* CAs of one anchor that have a list */
#define TLS_CRL_READ_MAX 64    /* lists in the files of one anchor, older ones included; and as many certificates */
#define TLS_CRL_NUMBER_MAX 40  /* hexadecimal digits: 20 octets */
#define TLS_CRL_ISSUER_MAX 160 /* bytes of an issuer's name for people, with the NUL */
#define TLS_CRL_ID_LEN 32

/* PEM: one or more lists, and certificates of the CAs that issued them if those are not in the
 * anchor's file. Such a certificate is used for the check of its lists only. Or DER: one list. */
struct tls_crl_file {
	const char *file;      /* for messages */
	struct tls_pem octets; /* always given */
};

/* One list that is used. */
struct tls_crl_fact {
	uint8_t issuer_id[TLS_CRL_ID_LEN];     /* the CA: a hash over its name and key */
	char issuer[TLS_CRL_ISSUER_MAX];       /* its name for people */
	char number[TLS_CRL_NUMBER_MAX + 1];   /* lower-case hexadecimal without leading zeros */
	uint64_t this_update_s, next_update_s; /* seconds since 1970 */
	size_t file;                           /* index in the files */
	uint32_t entries;
};

/* Below, equal to or above 0, as the number `a` is lower than, equal to or higher than `b`. Both in
 * the form of struct tls_crl_fact. */
int tls_crl_number_cmp(const char *a, const char *b);

/* Loads the anchor with its lists as a context does, and tells what is used. ERR_INVAL,
 * ERR_LIMIT or ERR_NOMEM with `why`, which begins with "crl 'FILE'" when a list is wrong.
 * `now_s`: a list whose thisUpdate lies ahead of it by more than TLS_CRL_AHEAD_S is refused. A
 * list past its nextUpdate is not. */
#define TLS_CRL_AHEAD_S 300u
struct tls_anchor_conf;
ERR_MUST_USE int tls_crl_facts(struct tls_crl_fact out[TLS_CRLS_MAX], size_t *n, const struct tls_anchor_conf *conf,
			       uint64_t now_s, char *why, size_t why_size);

/* The lists that are used of one anchor in a form of their own: sorted, and already judged. One
 * process reads the files, which takes some microseconds for each entry; the others, whose loops
 * must not stand still for that long, take the table. It is for processes of one program on one
 * machine. */
struct tls_crl_table {
	uint8_t *p; /* owned */
	size_t len;
};
/* As tls_crl_facts(), and the table of the lists, if all is well. */
ERR_MUST_USE int tls_crl_read(struct tls_crl_fact out[TLS_CRLS_MAX], size_t *n, struct tls_crl_table *table,
			      const struct tls_anchor_conf *conf, uint64_t now_s, char *why, size_t why_size);
void tls_crl_table_fini(struct tls_crl_table *table); /* an empty one is allowed */

#define TLS_REVOCATION_WORDS_MAX 512
struct tls_revocation {
	enum revocation state;
	bool listed;            /* the certificate or a CA above it is revoked, as `words` say; `state` is not used then */
	uint64_t fresh_until_s; /* earliest nextUpdate of what was used; UINT64_MAX: none */
	uint32_t wait_for;      /* OCSP: number of a question whose answer may change this; 0: none is out (tls_ocsp.h) */
	uint64_t ask_at_s;      /* OCSP: judge again at this time, so that a responder is asked; UINT64_MAX: never */
	char words[TLS_REVOCATION_WORDS_MAX]; /* what is wrong and which issuer it is about; "": nothing */
};
