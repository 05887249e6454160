/* csl_tls.h - certificate, key and client CAs of the HTTPS listener, and what a client certificate
 * says. GnuTLS, because libmicrohttpd has its TLS from there. */
#pragma once
#include <gnutls/gnutls.h>
#include <microhttpd.h>

#include "base/report.h"
#include "console/csl_cert.h"

#define CSL_TLS_FILE_MAX ((size_t)1024 * 1024) /* octets of one file */
#define CSL_TLS_WHY_MAX 512
#define CSL_TLS_OPTIONS 6

struct csl_tls;

/* Reads the files and checks them as one set: the key is that of the certificate, and nobody but
 * its owner and group may read it; client_ca has a certificate. An expired certificate is a
 * warning. `out` NULL: checks only. ERR_INVAL, ERR_IO, ERR_LIMIT, ERR_NOMEM: the reasons are in
 * `why`. */
ERR_MUST_USE int csl_tls_new(struct csl_tls **out, const struct csl_listen_tls *conf, struct report *why);
void csl_tls_free(struct csl_tls *t); /* NULL allowed; overwrites the key */

/* Options of MHD_start_daemon(), which borrows everything until it returns. TLS 1.2 or 1.3, with
 * forward secrecy. */
void csl_tls_options(const struct csl_tls *t, struct MHD_OptionItem options[CSL_TLS_OPTIONS]);

/* The client certificate of a session whose handshake is done, verified now: chain, dates, purpose.
 * The handshake has proven its key. ERR_NOTFOUND: none was sent. ERR_AUTH: not to be believed.
 * ERR_LIMIT: it has more names than CSL_CERT_NAMES_MAX. `why` has words for the person. */
ERR_MUST_USE int csl_tls_peer(struct csl_cert *out, gnutls_session_t session, char why[CSL_TLS_WHY_MAX]);

const char *csl_tls_library_version(void);
