/* tls_judge.h - the verdict of a handshake on a client's certificate, without a handshake: for
 * operators, before an SCS connects. */
#pragma once
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
