/* tls_keyholder.c - the keyholder that reads the key from a file. */
#include "tls/tls_keyholder.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "tls/tls_openssl.h"

/* Nobody is there to type it: never prompt. */
static int on_passphrase(char *buf, int size, int rwflag, void *arg)
{
	(void)buf, (void)size, (void)rwflag;
	*(bool *)arg = true;
	return -1;
}

static EVP_PKEY *read_key(FILE *f, const char *path, char *why, size_t why_size)
{
	bool encrypted = false;
	EVP_PKEY *key = PEM_read_PrivateKey(f, NULL, on_passphrase, &encrypted);

	if (!key && encrypted)
		snprintf(why, why_size, "key '%s' is encrypted; a key without passphrase is expected", path);
	else if (!key)
		snprintf(why, why_size, "'%s' holds no PEM private key", path);
	return key;
}

static int attach(void *arg, struct ssl_ctx_st *ctx, char *why, size_t why_size)
{
	const char *path = arg;
	X509 *cert = SSL_CTX_get0_certificate(ctx);
	struct stat st;
	EVP_PKEY *key;
	int err = 0;
	FILE *f = fopen(path, "re");

	if (!f || fstat(fileno(f), &st)) {
		snprintf(why, why_size, "cannot read key '%s': %s", path, strerror(errno));
		if (f)
			fclose(f);
		return ERR_IO;
	}
	key = read_key(f, path, why, why_size);
	fclose(f);
	if (!key) {
		err = ERR_INVAL;
	} else if (!cert || X509_check_private_key(cert, key) != 1) {
		snprintf(why, why_size, "key '%s' does not match the certificate", path);
		err = ERR_INVAL;
	} else if (SSL_CTX_use_PrivateKey(ctx, key) != 1) {
		snprintf(why, why_size, "key '%s': %s", path, ERR_reason_error_string(ERR_peek_error()));
		err = ERR_INVAL;
	} else if (st.st_mode & 0027) {
		snprintf(why, why_size, "warning: key '%s' has mode %04o; 0600 is expected", path, (unsigned)st.st_mode & 07777u);
	}
	EVP_PKEY_free(key);
	ERR_clear_error();
	return err;
}

struct tls_keyholder tls_keyholder_file(const char *path)
{
	return (struct tls_keyholder){ .attach = attach, .arg = (void *)(uintptr_t)path };
}
