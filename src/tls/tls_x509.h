/* tls_x509.h - reads the certificates of a PEM text; for src/tls only. */
#pragma once
#include "tls/tls_openssl.h"

/* The next certificate of `b`; NULL: there is none, or a damaged or an encrypted one, and OpenSSL
 * has queued the reason. Owned by the caller. No passphrase is ever asked for. */
X509 *tls_x509_next(BIO *b);
/* The same for the first of our own chain, which may have OpenSSL's trust settings behind it. */
X509 *tls_x509_own(BIO *b);
