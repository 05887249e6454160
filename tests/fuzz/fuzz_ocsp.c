/* fuzz_ocsp.c - the promises of what judges a responder's answer: without the key of the CA nothing is believed, a refusal has words
 * and changes nothing, and the store keeps its bounds. */
#include <string.h>

#include "tests/fuzz/fuzz.h"
#include "tls/tls_ocsp_int.h"

struct asker {
	X509 *ca, *leaf;
	struct tls_ocsp *store;
	uint32_t number; /* of the last question */
	unsigned answered;
};

static X509 *certificate(const char *cn, EVP_PKEY *key, X509 *issuer, EVP_PKEY *issuer_key, long serial)
{
	X509 *x = X509_new();
	X509_NAME *n = x ? X509_get_subject_name(x) : NULL;

	promise(n && X509_set_version(x, 2) && ASN1_INTEGER_set(X509_get_serialNumber(x), serial) &&
		    X509_NAME_add_entry_by_txt(n, "CN", MBSTRING_ASC, (const unsigned char *)cn, -1, -1, 0) == 1 &&
		    X509_gmtime_adj(X509_getm_notBefore(x), -86400) && X509_gmtime_adj(X509_getm_notAfter(x), 86400) &&
		    X509_set_issuer_name(x, X509_get_subject_name(issuer ? issuer : x)) && X509_set_pubkey(x, key) &&
		    X509_sign(x, issuer_key, EVP_sha256()) > 0,
		"a certificate");
	return x;
}

static int ask(void *arg, uint32_t responder, uint32_t number, const uint8_t *request, size_t len)
{
	struct asker *a = arg;

	(void)responder, (void)request;
	promise(len && len <= TLS_OCSP_QUESTION_MAX, "a question has a bound");
	a->number = number;
	return 0;
}

static void answered(void *arg, uint32_t number, bool listed)
{
	struct asker *a = arg;

	promise(number == a->number && !listed, "nobody is revoked by a stranger");
	a->answered++;
}

static struct asker *asker(void)
{
	static struct asker a;
	struct tls_ocsp_conf conf = { .entries_max = 4,
				      .asked_max = 1,
				      .refresh_s = 1,
				      .retry_s = 1,
				      .max_age_s = 60,
				      .ask = ask,
				      .answered = answered,
				      .arg = &a };
	EVP_PKEY *key, *leaf_key;

	if (a.ca) {
		return &a;
	}
	key = EVP_EC_gen("P-256");
	leaf_key = EVP_EC_gen("P-256");
	promise(key && leaf_key, "keys");
	a.ca = certificate("anchor", key, NULL, key, 1);
	a.leaf = certificate("scs", leaf_key, a.ca, key, 2);
	EVP_PKEY_free(key);
	EVP_PKEY_free(leaf_key);
	promise(tls_ocsp_new(&a.store, &conf) == 0, "a store");
	return &a;
}

static void fuzz_response(const char *target, const uint8_t *data, size_t size)
{
	static uint64_t now_s = 1700000000;
	struct asker *a = asker();
	char why[TLS_OCSP_WHY_MAX];
	struct tls_ocsp_view v;
	unsigned before = a->answered;

	(void)target;
	now_s += 2; /* what failed is asked again */
	tls_ocsp_look(&v, a->store, 0, a->leaf, a->ca, now_s);
	promise(v.known == TLS_OCSP_ABSENT && v.number == a->number, "it is asked, and nothing is known");
	promise(tls_ocsp_answer(a->store, a->number, data, size, now_s, why) != 0 && *why, "without the key nothing is believed");
	promise(a->answered == before + 1, "each question ends once");
	tls_ocsp_look(&v, a->store, 0, a->leaf, a->ca, now_s);
	promise(v.known == TLS_OCSP_ABSENT && v.number == 0, "and it is not asked again at once");
	promise(!ERR_peek_error(), "OpenSSL's list of errors is left empty");
}

fuzz_fn *fuzz_find(const char *target)
{
	return !strcmp(target, "ocsp-response") ? fuzz_response : NULL;
}
