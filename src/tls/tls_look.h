/* tls_look.h - what a file of certificates, keys and revocation lists has in it, for people.
 * Nothing is trusted here and nothing is judged as a whole: tls_judge.h does that. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "tls/tls_keyholder.h"
#include "tls/tls_pem.h"

#define TLS_LOOK_CERTS_MAX 16
#define TLS_LOOK_NAME_MAX 256  /* bytes of a subject or issuer, with the NUL; a longer one is cut */
#define TLS_LOOK_WORDS_MAX 160 /* bytes of a reason, with the NUL */

struct tls_look_cert {
	char subject[TLS_LOOK_NAME_MAX], issuer[TLS_LOOK_NAME_MAX];
	uint64_t not_before_s, not_after_s;   /* seconds since 1970; 0: before that, or not readable */
	int issuer_at;                        /* index of the certificate in the file that issued it; -1: none did */
	bool ca;                              /* of a CA */
	bool for_client, for_server;          /* its extendedKeyUsage has clientAuth, serverAuth */
	char usage[TLS_LOOK_WORDS_MAX];       /* its extendedKeyUsage; "none" */
	char names[TLS_LOOK_NAME_MAX];        /* DNS names of its subjectAltName, ", " between them; "" */
	char wildcard[TLS_LOOK_NAME_MAX];     /* the first of them with a '*'; "" */
	char weak_key[TLS_LOOK_WORDS_MAX];    /* why its key is not of the profile; "": it is */
	char weak_signed[TLS_LOOK_WORDS_MAX]; /* the same for its signature, which does not count for a root */
};

struct tls_look {
	struct tls_look_cert cert[TLS_LOOK_CERTS_MAX];
	size_t certs_n;
	size_t keys_n, crls_n;            /* private keys; revocation lists, also one in DER */
	char damaged[TLS_LOOK_WORDS_MAX]; /* why a part cannot be read; "": none */
};

/* Reads PEM, or one revocation list in DER. Whatever the bytes are, the call ends and says what it
 * found. What it does not know is left out. ERR_NOMEM. */
ERR_MUST_USE int tls_look(struct tls_look *out, const struct tls_pem *file);

/* Whether a private key can be used, and what it is ("P-256"). ERR_INVAL with a reason. */
ERR_MUST_USE int tls_look_key(char kind[TLS_LOOK_WORDS_MAX], const struct tls_key *key, char *why, size_t why_size);

/* Whether a private key belongs to the first certificate of a PEM file. ERR_AUTH: it does not.
 * ERR_INVAL: one of them cannot be read. */
ERR_MUST_USE int tls_look_pair(const struct tls_pem *certificate, const struct tls_key *key);
