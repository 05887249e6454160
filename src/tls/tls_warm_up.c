/* tls_warm_up.c - see tls_warm_up.h. */
#include "tls/tls_warm_up.h"

#include "base/err.h"
#include "tls/tls_openssl.h"

const char *tls_library_version(void)
{
	return OpenSSL_version(OPENSSL_VERSION_STRING);
}

void tls_warm_up(void)
{
	SSL_CTX *ctx;

	err_ignore(
	    OPENSSL_init_ssl(OPENSSL_INIT_LOAD_SSL_STRINGS | OPENSSL_INIT_LOAD_CRYPTO_STRINGS | OPENSSL_INIT_LOAD_CONFIG, NULL),
	    "the first context reports it");
	ctx = SSL_CTX_new(TLS_method()); /* fetches the algorithms of the providers, and seeds the random numbers */
	SSL_CTX_free(ctx);
	ERR_clear_error();
}
