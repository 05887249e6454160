/* tls_crl.c - judges a chain by the revocation lists of its anchor. */
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

void tls_crl_unchecked(struct tls_revocation *out)
{
	out->state = REVOCATION_UNCHECKED;
	out->listed = false;
	out->fresh_until_s = UINT64_MAX;
	out->words[0] = 0;
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

static const char *reason_word(X509_REVOKED *entry)
{
	static const char *const words[] = { "no reason given", "keyCompromise",        "cACompromise",    "affiliationChanged",
					     "superseded",      "cessationOfOperation", "certificateHold", "reason 7",
					     "removeFromCRL",   "privilegeWithdrawn",   "aACompromise" };
	ASN1_ENUMERATED *reason = X509_REVOKED_get_ext_d2i(entry, NID_crl_reason, NULL, NULL);
	long n = reason ? ASN1_ENUMERATED_get(reason) : 0;

	ASN1_ENUMERATED_free(reason);
	return n >= 0 && n < (long)(sizeof words / sizeof *words) ? words[n] : "unknown reason";
}

static void say_listed(struct tls_revocation *out, const struct tls_crl *crl, X509 *cert, X509_REVOKED *entry)
{
	char subject[TLS_CRL_ISSUER_MAX], issuer[TLS_CRL_ISSUER_MAX], when[CLOCK_TEXT_MAX];

	tls_subject(subject, sizeof subject, cert);
	tls_subject(issuer, sizeof issuer, crl->issuer);
	clock_text_s(when, (int64_t)tls_verify_seconds(X509_REVOKED_get0_revocationDate(entry)));
	out->listed = true;
	snprintf(out->words, sizeof out->words, "certificate of '%s' is revoked since %s (%s), says CRL 0x%s of '%s'", subject,
		 when, reason_word(entry), crl->number, issuer);
}

static void say_absent(struct tls_revocation *out, X509 *cert)
{
	char subject[TLS_CRL_ISSUER_MAX], issuer[TLS_CRL_ISSUER_MAX];

	tls_subject(subject, sizeof subject, cert);
	tls_name_text(issuer, sizeof issuer, X509_get_issuer_name(cert));
	out->state = REVOCATION_ABSENT;
	snprintf(out->words, sizeof out->words, "there is no CRL of '%s', which issued the certificate of '%s'", issuer, subject);
}

static void say_stale(struct tls_revocation *out, const struct tls_crl *crl)
{
	char issuer[TLS_CRL_ISSUER_MAX], when[CLOCK_TEXT_MAX];

	tls_subject(issuer, sizeof issuer, crl->issuer);
	clock_text_s(when, (int64_t)crl->next_s);
	out->state = REVOCATION_STALE;
	snprintf(out->words, sizeof out->words, "CRL 0x%s of '%s' is out of date: its nextUpdate was %s", crl->number, issuer,
		 when);
}

/* One certificate of the chain. A list that is out of date can still revoke. */
static void judge_one(struct tls_revocation *out, const struct tls_crls *crls, X509 *cert, X509 *issuer, uint64_t now_s)
{
	const struct tls_crl *crl = find(crls, cert, issuer);
	X509_REVOKED *entry = NULL;

	if (!crl) {
		if (issuer && out->state != REVOCATION_ABSENT) {
			say_absent(out, cert);
		}
		return;
	}
	if (X509_CRL_get0_by_serial(crl->crl, &entry, X509_get_serialNumber(cert))) {
		say_listed(out, crl, cert, entry);
		return;
	}
	if (!issuer) {
		return;
	}
	if (crl->next_s < out->fresh_until_s) {
		out->fresh_until_s = crl->next_s;
	}
	if (now_s > crl->next_s && out->state == REVOCATION_GOOD) {
		say_stale(out, crl);
	}
}

void tls_crl_judge(struct tls_revocation *out, const struct tls_crls *crls, STACK_OF(X509) * chain, uint64_t now_s)
{
	int n = sk_X509_num(chain); /* -1 without a chain */

	tls_crl_unchecked(out);
	if (!crls->configured) {
		return;
	}
	if (n < 1) {
		out->state = REVOCATION_ABSENT;
		snprintf(out->words, sizeof out->words, "there is no chain to look up in the CRLs");
		return;
	}
	out->state = REVOCATION_GOOD;
	for (int i = 0; i < n && !out->listed; i++) {
		judge_one(out, crls, sk_X509_value(chain, i), i + 1 < n ? sk_X509_value(chain, i + 1) : NULL, now_s);
	}
}
