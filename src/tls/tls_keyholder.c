/* tls_keyholder.c - keyholders with the key in this process, read from a file or passed as bytes,
 * and the one that asks another process. */
#include "tls/tls_keyholder.h"

#include <stdbool.h>
#include <stdio.h>

#include "base/file.h"
#include "tls/tls_openssl.h"
#include "tls/tls_private.h"
#include "tls/tls_provider.h"

/* Never prompts for a passphrase: there is no terminal. */
static int on_passphrase(char *buf, int size, int rwflag, void *arg)
{
	(void)buf, (void)size, (void)rwflag;
	*(bool *)arg = true;
	return -1;
}

EVP_PKEY *tls_private_parse(const struct tls_key *k, char *why, size_t why_size)
{
	BIO *b = BIO_new_mem_buf(k->pem.p, (int)k->pem.len);
	bool encrypted = false;
	EVP_PKEY *key = b ? PEM_read_bio_PrivateKey(b, NULL, on_passphrase, &encrypted) : NULL;

	BIO_free(b);
	if (!key && encrypted) {
		snprintf(why, why_size, "key '%s' is encrypted; a key without passphrase is expected", k->path);
	} else if (!key) {
		snprintf(why, why_size, "'%s' holds no PEM private key", k->path);
	}
	return key;
}

static int attach_octets(void *arg, struct ssl_ctx_st *ctx, char *why, size_t why_size)
{
	const struct tls_key *k = arg;
	X509 *cert = SSL_CTX_get0_certificate(ctx);
	EVP_PKEY *key = tls_private_parse(k, why, why_size);
	int err = 0;

	if (!key) {
		err = ERR_INVAL;
	} else if (!cert || X509_check_private_key(cert, key) != 1) {
		snprintf(why, why_size, "key '%s' does not match the certificate", k->path);
		err = ERR_INVAL;
	} else if (SSL_CTX_use_PrivateKey(ctx, key) != 1) {
		snprintf(why, why_size, "key '%s': %s", k->path, ERR_reason_error_string(ERR_peek_error()));
		err = ERR_INVAL;
	}
	EVP_PKEY_free(key);
	ERR_clear_error();
	return err;
}

static int attach_file(void *arg, struct ssl_ctx_st *ctx, char *why, size_t why_size)
{
	struct tls_key k = { .path = arg };
	struct file_copy f;
	char words[FILE_WHY_MAX];
	int err = file_read(&f, k.path, TLS_PEM_MAX, words);

	if (err) {
		snprintf(why, why_size, "cannot read key '%s': %s", k.path, words);
		return err;
	}
	k.pem = (struct tls_pem){ f.p, f.len };
	err = attach_octets(&k, ctx, why, why_size);
	if (!err && !*why && (f.mode & TLS_KEY_MODE_LOOSE)) {
		snprintf(why, why_size, "key '%s' has mode %04o, so others may read it; 0600 is expected", k.path, f.mode);
	}
	file_copy_fini(&f);
	return err;
}

struct tls_keyholder tls_keyholder_file(const char *path)
{
	return (struct tls_keyholder){ .attach = attach_file, .arg = (void *)(uintptr_t)path };
}

struct tls_keyholder tls_keyholder_pem(const struct tls_key *key)
{
	return (struct tls_keyholder){ .attach = attach_octets, .arg = (void *)(uintptr_t)key };
}

static int attach_remote(void *arg, struct ssl_ctx_st *ctx, char *why, size_t why_size)
{
	const struct tls_remote_key *k = arg;
	X509 *cert = SSL_CTX_get0_certificate(ctx);
	EVP_PKEY *key = cert ? tls_provider_key(k->remote, cert, k->key, k->set) : NULL;
	int err = 0;

	if (!key || SSL_CTX_use_PrivateKey(ctx, key) != 1) {
		const char *reason = ERR_reason_error_string(ERR_peek_error());

		snprintf(why, why_size, "key '%s' in the keyholder cannot be used: %s", k->path,
			 reason ? reason : "its certificate has a key of another kind than EC or RSA");
		err = ERR_INVAL;
	}
	EVP_PKEY_free(key);
	ERR_clear_error();
	return err;
}

struct tls_keyholder tls_keyholder_remote(const struct tls_remote_key *key)
{
	return (struct tls_keyholder){
		.attach = attach_remote, .arg = (void *)(uintptr_t)key, .remote = key->remote, .remote_key = key->key
	};
}
