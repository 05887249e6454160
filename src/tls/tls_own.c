/* tls_own.c - see tls_own.h, and tls_pem_ike() of tls_pem.h. */
#include "tls/tls_own.h"

#include <stdio.h>

#include "tls/tls_pem.h"
#include "tls/tls_x509.h"

static void time_text(char *out, size_t size, const ASN1_TIME *t)
{
	BIO *b = BIO_new(BIO_s_mem());
	const char *text = NULL;
	long n = 0;

	if (b && ASN1_TIME_print(b, t) == 1) {
		n = BIO_get_mem_data(b, &text);
	}
	snprintf(out, size, "%.*s", (int)n, n ? text : "");
	BIO_free(b);
}

int tls_own_dates(X509 *cert, const char *file, char *why, size_t why_size)
{
	char when[64];

	if (X509_cmp_current_time(X509_get0_notAfter(cert)) < 0) {
		time_text(when, sizeof when, X509_get0_notAfter(cert));
		snprintf(why, why_size, "certificate '%s' expired on %s", file, when);
		return ERR_INVAL;
	}
	if (X509_cmp_current_time(X509_get0_notBefore(cert)) > 0) {
		time_text(when, sizeof when, X509_get0_notBefore(cert));
		snprintf(why, why_size, "certificate '%s' is not valid before %s", file, when);
		return ERR_INVAL;
	}
	return 0;
}

void tls_own_first_name(char *out, size_t size, X509 *leaf)
{
	GENERAL_NAMES *san = X509_get_ext_d2i(leaf, NID_subject_alt_name, NULL, NULL);

	snprintf(out, size, "none");
	for (int i = sk_GENERAL_NAME_num(san); i-- > 0;) {
		const GENERAL_NAME *name = sk_GENERAL_NAME_value(san, i);

		if (name->type == GEN_DNS) {
			snprintf(out, size, "%.*s", ASN1_STRING_length(name->d.dNSName),
				 (const char *)ASN1_STRING_get0_data(name->d.dNSName));
		}
	}
	for (char *p = out; *p; p++) {
		*p = (unsigned char)*p < 0x20 || (unsigned char)*p > 0x7e ? '?' : *p;
	}
	GENERAL_NAMES_free(san);
}

static int check_ike(X509 *leaf, const char *file, const char *id, char *why, size_t why_size)
{
	unsigned flags = X509_CHECK_FLAG_NO_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT;
	char first[256];
	int err = tls_own_dates(leaf, file, why, why_size);

	if (err || X509_check_host(leaf, id, 0, flags, NULL) == 1) {
		return err;
	}
	tls_own_first_name(first, sizeof first, leaf);
	snprintf(
	    why, why_size,
	    "certificate '%s' is not for our IKE identity '%s' (first dNSName in subjectAltName: %s): strongSwan looks for it "
	    "there, and the other end refuses us; have it issued for this name, or set ndsip.local_id",
	    file, id, first);
	return ERR_INVAL;
}

int tls_pem_ike(const struct tls_pem *pem, const char *file, const char *id, char *why, size_t why_size)
{
	BIO *b = BIO_new_mem_buf(pem->p, (int)pem->len);
	X509 *leaf = b ? tls_x509_next(b) : NULL;
	int err = ERR_INVAL;

	if (leaf) {
		err = check_ike(leaf, file, id, why, why_size);
	} else {
		snprintf(why, why_size, "ndsip.certificate '%s' has no certificate that can be read, expected PEM", file);
	}
	X509_free(leaf);
	BIO_free(b);
	ERR_clear_error();
	return err;
}
