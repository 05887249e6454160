/* tls_revocation.h - one verdict about a chain from the CRLs and the OCSP responder of its
 * anchor; for src/tls only.
 *
 *   revoked by either                  -> listed, also when that CRL or answer is out of date
 *   neither, and one of them in force  -> good: a CRL covers for a responder, and it for a CRL
 *   neither is in force                -> stale or absent: a matter of the SCS (revocation_soft) */
#pragma once
#include "tls/tls_ctx.h"

void tls_revocation_unchecked(struct tls_revocation *out); /* nothing is known */
/* Judges a verified chain, leaf first, at the time `now_s`. The last certificate is trusted
 * because it is in the anchor's file. Asks the responder of the anchor for what is due. */
void tls_revocation_judge(struct tls_revocation *out, const struct tls_anchor *a, STACK_OF(X509) * chain, uint64_t now_s);
