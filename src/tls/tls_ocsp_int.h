/* tls_ocsp_int.h - the inside of OCSP; for src/tls only. */
#pragma once
#include "tls/tls_ocsp.h"
#include "tls/tls_openssl.h"

enum tls_ocsp_status { TLS_OCSP_GOOD, TLS_OCSP_REVOKED, TLS_OCSP_UNKNOWN };

/* What a verified response says about one certificate. */
struct tls_ocsp_fact {
	enum tls_ocsp_status status;
	uint64_t this_s, until_s; /* thisUpdate; nextUpdate, or the end by max_age_s */
	uint64_t revoked_s;       /* 0: not revoked */
	int reason;               /* CRLReason (RFC 5280 5.3.1); -1: none is given */
};

struct tls_ocsp_question { /* all borrowed */
	OCSP_CERTID *id;
	OCSP_REQUEST *nonce; /* the request, when the response has to repeat its nonce; else NULL */
	X509 *issuer;
};

/* Judges a response (RFC 6960 3.2): it is about this certificate, the CA or its delegate signed
 * it, and it is in force at `now_s`. ERR_AUTH, ERR_PROTO or ERR_NOMEM with `why`. */
ERR_MUST_USE int tls_ocsp_verify(struct tls_ocsp_fact *out, const uint8_t *response, size_t len,
				 const struct tls_ocsp_question *q, uint64_t now_s, uint64_t max_age_s,
				 char why[TLS_OCSP_WHY_MAX]);

enum tls_ocsp_known {
	TLS_OCSP_ABSENT, /* nothing is kept */
	TLS_OCSP_STALE,  /* a `good` whose time is over */
	TLS_OCSP_FRESH,  /* a `good` in force */
	TLS_OCSP_LISTED, /* revoked or unknown, whatever its age */
};

struct tls_ocsp_view {
	enum tls_ocsp_known known;
	struct tls_ocsp_fact fact; /* unless ABSENT */
	uint32_t number;           /* of the question that is open; 0: none is, and waiting helps nobody */
	uint64_t ask_at_s;         /* when it is asked for again, if somebody looks then */
	const char *why;           /* why there is nothing newer: ""; valid until the next call */
};

/* What is kept about a certificate. Asks when that is due. */
void tls_ocsp_look(struct tls_ocsp_view *out, struct tls_ocsp *o, uint32_t responder, X509 *cert, X509 *issuer, uint64_t now_s);
/* Notes in the tally of its responder that a certificate was denied: LISTED, by its fact.
 * `leaf`: the first of its chain, whose name is noted; without a host name nothing is. */
void tls_ocsp_deny(struct tls_ocsp *o, uint32_t responder, const X509 *leaf, const struct tls_ocsp_fact *fact, uint64_t now_s);
/* The same for our own certificate, which stays in the store. `*response` is the response in force
 * for stapling (RFC 6066 8), owned by the store until the next call; NULL: there is none. */
void tls_ocsp_own(struct tls_ocsp_view *out, struct tls_ocsp *o, uint32_t responder, X509 *cert, X509 *issuer, uint64_t now_s,
		  const uint8_t **response, size_t *len);
