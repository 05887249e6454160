/* tls_anchor.c - one trust anchor: a file of CA certificates, a store of its own. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "tls/tls_ctx.h"
#include "tls/tls_verify.h"

#define CERTIFICATES_MAX 64

static int check_ca(X509 *cert, const char *file, char *why, size_t why_size)
{
	char subject[160], words[160];
	int err = 0;

	tls_subject(subject, sizeof subject, cert);
	if (X509_check_ca(cert) != 1) {
		snprintf(why, why_size, "anchor '%s': certificate of '%s' is not of a CA (basicConstraints CA:TRUE)", file,
			 subject);
		return ERR_INVAL;
	}
	if (tls_verify_key(cert, words, sizeof words)) {
		snprintf(why, why_size, "anchor '%s': certificate of '%s': %s", file, subject, words);
		err = ERR_INVAL;
	}
	return err;
}

static int load_all(X509_STORE *store, FILE *f, const char *file, char *why, size_t why_size)
{
	int n = 0, err = 0;
	X509 *cert;

	while (!err && (cert = PEM_read_X509(f, NULL, NULL, NULL))) {
		err = check_ca(cert, file, why, why_size);
		if (!err && ++n > CERTIFICATES_MAX) {
			snprintf(why, why_size, "anchor '%s': more than %d certificates", file, CERTIFICATES_MAX);
			err = ERR_LIMIT;
		}
		if (!err && X509_STORE_add_cert(store, cert) != 1) {
			snprintf(why, why_size, "anchor '%s': %s", file, err_str(ERR_NOMEM));
			err = ERR_NOMEM;
		}
		X509_free(cert);
	}
	if (!err && ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE) {
		snprintf(why, why_size, "anchor '%s': certificate %d is damaged", file, n + 1);
		err = ERR_INVAL;
	} else if (!err && !n) {
		snprintf(why, why_size, "anchor '%s' holds no PEM certificate", file);
		err = ERR_INVAL;
	}
	ERR_clear_error();
	return err;
}

int tls_anchor_load(struct tls_anchor *out, const struct tls_anchor_conf *conf, char *why, size_t why_size)
{
	struct tls_anchor a = { .store = X509_STORE_new() };
	FILE *f;
	int err;

	if (!a.store)
		return ERR_NOMEM;
	memcpy(a.name, conf->name, sizeof a.name);
	f = fopen(conf->file, "re");
	if (!f) {
		snprintf(why, why_size, "cannot read anchor '%s': %s", conf->file, strerror(errno));
		tls_anchor_fini(&a);
		return ERR_IO;
	}
	ERR_clear_error();
	err = load_all(a.store, f, conf->file, why, why_size);
	fclose(f);
	if (err)
		tls_anchor_fini(&a);
	else
		*out = a;
	return err;
}

void tls_anchor_fini(struct tls_anchor *a)
{
	X509_STORE_free(a->store);
	a->store = NULL;
}
