/* tls_judge.h - the verdict of a handshake on a client's certificate, without a handshake: for
 * operators, before an SCS connects. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "tls/tls_identity.h"
#include "tls/tls_stream.h"

struct tls_judge; /* trust anchors */

/* Errors with a reason in `why`, as from tls_anchor_check(). Borrows nothing. ERR_INVAL, ERR_IO,
 * ERR_LIMIT, ERR_NOMEM. */
ERR_MUST_USE int tls_judge_new(struct tls_judge **out, const struct tls_anchor_conf *anchors, size_t anchors_n, char *why,
			       size_t why_size);
void tls_judge_free(struct tls_judge *j); /* NULL allowed */

/* `chain`: PEM, the client's certificate first, then the rest of its chain. 0: `out` is the
 * identity, `why` is "". ERR_AUTH: the handshake would be refused, with the reason of the handshake
 * in `why`. ERR_INVAL: no certificate, or more than TLS_JUDGE_CHAIN_MAX. ERR_NOMEM. */
#define TLS_JUDGE_CHAIN_MAX 16
ERR_MUST_USE int tls_judge_client(struct tls_identity *out, const struct tls_judge *j, const struct tls_pem *chain, char *why,
				  size_t why_size);

/* Why a certificate is refused, for who explains it. */
enum tls_refusal {
	TLS_TAKEN,
	TLS_REFUSED_ENDED,   /* it, or a CA above it, is past its end */
	TLS_REFUSED_EARLY,   /* or before its begin */
	TLS_REFUSED_ISSUER,  /* no anchor is above it */
	TLS_REFUSED_SIGNER,  /* another key signed it than the one of the CA with its issuer's name */
	TLS_REFUSED_PURPOSE, /* not for this side of TLS */
	TLS_REFUSED_REVOKED, /* a CRL lists it, or a CA above it */
	TLS_REFUSED_NAME,    /* none of its names is the expected one */
	TLS_REFUSED_OTHER,   /* a rule of the profile, as `why` says: key, signature, names, CA, length of the chain */
};

/* The same for either side of TLS. `expected_name`: NULL: any. *kind is set with 0 and
 * ERR_AUTH. */
struct tls_side {
	bool is_client;
	const char *expected_name;
};
ERR_MUST_USE int tls_judge_side(struct tls_identity *out, enum tls_refusal *kind, const struct tls_judge *j,
				const struct tls_pem *chain, const struct tls_side *side, char *why, size_t why_size);

/* What a certificate of a CA is to the anchors. */
enum tls_ca {
	TLS_CA_STRANGER,
	TLS_CA_NAMESAKE, /* an anchor has another certificate with its name */
	TLS_CA_BELOW,    /* an anchor is above it, by the certificates of its file */
	TLS_CA_ANCHOR,   /* an anchor has it */
};
/* Of the first certificate of this file; *name: of the anchor, NULL for a stranger; valid as long
 * as `j`. ERR_INVAL, ERR_NOMEM. */
ERR_MUST_USE int tls_judge_ca(enum tls_ca *out, const char **name, const struct tls_judge *j, const struct tls_pem *file);

/* The name of an anchor whose file has a CA of this name, as people read it (tls_look.h); NULL: no
 * anchor has. Valid as long as `j`. */
const char *tls_judge_named(const struct tls_judge *j, const char *subject);
