/* tls_x509.c - see tls_x509.h. */
#include "tls/tls_x509.h"

/* A PEM block of any kind may say that it is encrypted. Without this OpenSSL asks for the
 * passphrase at the terminal of the process, and waits. */
static int no_passphrase(char *buf, int size, int rwflag, void *arg)
{
	(void)buf, (void)size, (void)rwflag, (void)arg;
	return -1;
}

X509 *tls_x509_next(BIO *b)
{
	return PEM_read_bio_X509(b, NULL, no_passphrase, NULL);
}

X509 *tls_x509_own(BIO *b)
{
	return PEM_read_bio_X509_AUX(b, NULL, no_passphrase, NULL);
}
