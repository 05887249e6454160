/* tls_judge.h - what a handshake would say of a client's certificate, without a handshake: for operators who ask before an SCS connects. */
#pragma once
#include <stddef.h>

#include "tls/tls_identity.h"
#include "tls/tls_stream.h"

struct tls_judge; /* trust anchors */

/* Errors in words in `why`, as tls_anchor_check() says them. Borrows nothing. ERR_INVAL, ERR_IO, ERR_LIMIT, ERR_NOMEM. */
ERR_MUST_USE int tls_judge_new(struct tls_judge **out, const struct tls_anchor_conf *anchors, size_t anchors_n, char *why,
			       size_t why_size);
void tls_judge_free(struct tls_judge *j); /* NULL allowed */

/* `chain`: PEM, the client's certificate first, whatever it would send along behind it. 0: `out` says who it is, `why` is "". ERR_AUTH: the handshake would be
 * refused, `why` says so in the words of the handshake. ERR_INVAL: there is no certificate in it, or more than TLS_JUDGE_CHAIN_MAX. ERR_NOMEM. */
#define TLS_JUDGE_CHAIN_MAX 16
ERR_MUST_USE int tls_judge_client(struct tls_identity *out, const struct tls_judge *j, const struct tls_pem *chain, char *why,
				  size_t why_size);
