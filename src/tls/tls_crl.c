/* tls_crl.c - looks a certificate up in the revocation lists of its anchor. */
#include "tls/tls_crl.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "tls/tls_crl_int.h"
#include "tls/tls_verify.h"

int tls_crl_number_cmp(const char *a, const char *b)
{
	size_t a_len = strlen(a), b_len = strlen(b);

	return a_len != b_len ? (a_len < b_len ? -1 : 1) : strcmp(a, b);
}

bool tls_crl_same_ca(const X509 *a, const X509 *b)
{
	const ASN1_BIT_STRING *key = X509_get0_pubkey_bitstr(a), *other = X509_get0_pubkey_bitstr(b);

	return X509_NAME_cmp(X509_get_subject_name(a), X509_get_subject_name(b)) == 0 && key && other && key->length > 0 &&
	       key->length == other->length && memcmp(key->data, other->data, (size_t)key->length) == 0;
}

/* The list of the CA that issued `cert`. `issuer` is that CA; NULL: it is not in the chain, and a
 * CA that has its name and the key identifier that `cert` asks for is taken for it. */
static const struct tls_crl *find(const struct tls_crls *crls, X509 *cert, X509 *issuer)
{
	for (size_t i = 0; i < crls->n; i++) {
		X509 *ca = crls->of[i].issuer;

		if (issuer ? tls_crl_same_ca(ca, issuer) : X509_check_issued(ca, cert) == X509_V_OK) {
			return &crls->of[i];
		}
	}
	return NULL;
}

static const char *reason_word(int n)
{
	static const char *const words[] = { "no reason given", "keyCompromise",        "cACompromise",    "affiliationChanged",
					     "superseded",      "cessationOfOperation", "certificateHold", "reason 7",
					     "removeFromCRL",   "privilegeWithdrawn",   "aACompromise" };

	return n < 0 ? words[0] : n < (int)(sizeof words / sizeof *words) ? words[n] : "unknown reason";
}

static void say_listed(char words[TLS_REVOCATION_WORDS_MAX], const struct tls_crl *crl, X509 *cert,
		       const struct tls_crl_entry *entry)
{
	char subject[TLS_CRL_ISSUER_MAX], issuer[TLS_CRL_ISSUER_MAX], when[CLOCK_TEXT_MAX];

	tls_subject(subject, sizeof subject, cert);
	tls_subject(issuer, sizeof issuer, crl->issuer);
	clock_text_s(when, (int64_t)entry->since_s);
	snprintf(words, TLS_REVOCATION_WORDS_MAX, "certificate of '%s' is revoked since %s (%s), says CRL 0x%s of '%s'", subject,
		 when, reason_word(entry->reason), crl->number, issuer);
}

/* No list can name it, so nobody can say that it is good. */
static void say_endless(char words[TLS_REVOCATION_WORDS_MAX], X509 *cert)
{
	char subject[TLS_CRL_ISSUER_MAX];

	tls_subject(subject, sizeof subject, cert);
	snprintf(words, TLS_REVOCATION_WORDS_MAX,
		 "the serial number of the certificate of '%s' has more than %d octets: no CRL is searched for it", subject,
		 TLS_CRL_SERIAL_MAX);
}

static void say_absent(char words[TLS_REVOCATION_WORDS_MAX], X509 *cert)
{
	char subject[TLS_CRL_ISSUER_MAX], issuer[TLS_CRL_ISSUER_MAX];

	tls_subject(subject, sizeof subject, cert);
	tls_name_text(issuer, sizeof issuer, X509_get_issuer_name(cert));
	snprintf(words, TLS_REVOCATION_WORDS_MAX, "there is no CRL of '%s', which issued the certificate of '%s'", issuer,
		 subject);
}

static void say_stale(char words[TLS_REVOCATION_WORDS_MAX], const struct tls_crl *crl)
{
	char issuer[TLS_CRL_ISSUER_MAX], when[CLOCK_TEXT_MAX];

	tls_subject(issuer, sizeof issuer, crl->issuer);
	clock_text_s(when, (int64_t)crl->next_s);
	snprintf(words, TLS_REVOCATION_WORDS_MAX, "CRL 0x%s of '%s' is out of date: its nextUpdate was %s", crl->number, issuer,
		 when);
}

/* A list that is out of date can still revoke. */
void tls_crl_look(struct tls_crl_view *out, const struct tls_crls *crls, X509 *cert, X509 *issuer, uint64_t now_s,
		  char words[TLS_REVOCATION_WORDS_MAX])
{
	const struct tls_crl *crl = crls->configured ? find(crls, cert, issuer) : NULL;
	const struct tls_crl_entry *entry = NULL;
	struct tls_crl_serial serial;
	bool searched = tls_crl_serial_of(&serial, X509_get0_serialNumber(cert));

	words[0] = 0;
	*out = (struct tls_crl_view){ .state = crls->configured ? REVOCATION_GOOD : REVOCATION_UNCHECKED,
				      .fresh_until_s = UINT64_MAX };
	if (crl && searched) {
		entry = tls_crl_find(crl, &serial);
	}
	if (entry) {
		out->listed = true;
		say_listed(words, crl, cert, entry);
	} else if (crl && issuer && !searched) {
		out->state = REVOCATION_ABSENT;
		say_endless(words, cert);
	} else if (crls->configured && issuer && !crl) {
		out->state = REVOCATION_ABSENT;
		say_absent(words, cert);
	} else if (crl && issuer) {
		out->fresh_until_s = crl->next_s;
		if (now_s > crl->next_s) {
			out->state = REVOCATION_STALE;
			say_stale(words, crl);
		}
	}
}
