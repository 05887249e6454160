/* tls_ocsp_verify.c - is a response about this certificate, from somebody who may say it, and in
 * force? Each failure has words, which name the rule. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/str.h"
#include "tls/tls_crl_int.h"
#include "tls/tls_ocsp_int.h"
#include "tls/tls_verify.h"

#define FLAGS_SIGNATURE_ONLY (OCSP_NOVERIFY | OCSP_NOINTERN) /* of one signer, which is judged here */

static int refuse(char why[TLS_OCSP_WHY_MAX], const char *words)
{
	str_cut(why, TLS_OCSP_WHY_MAX, words);
	return ERR_AUTH;
}

/* -- who signed it */

static bool in_force(const X509 *cert, uint64_t now_s)
{
	return tls_verify_seconds(X509_get0_notBefore(cert)) <= now_s && now_s <= tls_verify_seconds(X509_get0_notAfter(cert));
}

/* RFC 6960 4.2.2.2: a delegate is named by the CA of the certificate itself, not by one above
 * it. */
static int judge_delegate(X509 *signer, X509 *issuer, uint64_t now_s, char why[TLS_OCSP_WHY_MAX])
{
	EVP_PKEY *key = X509_get0_pubkey(issuer);
	const X509_ALGOR *algorithm = X509_get0_tbs_sigalg(signer);
	char words[160];

	if (X509_check_issued(issuer, signer) != X509_V_OK || !key || X509_verify(signer, key) != 1) {
		return refuse(why, "its signer is neither the CA of the certificate nor one that this CA issued");
	}
	if (!(X509_get_extension_flags(signer) & EXFLAG_XKUSAGE) || !(X509_get_extended_key_usage(signer) & XKU_OCSP_SIGN)) {
		return refuse(why, "extendedKeyUsage of its signer lacks OCSPSigning");
	}
	if (!in_force(signer, now_s)) {
		return refuse(why, "the certificate of its signer has expired, or is not yet valid");
	}
	if (tls_verify_key(signer, words, sizeof words) ||
	    tls_verify_signed(X509_get_signature_nid(signer), algorithm, words, sizeof words)) {
		snprintf(why, TLS_OCSP_WHY_MAX, "the certificate of its signer: %s", words);
		return ERR_AUTH;
	}
	return 0;
}

static int verify_signature(OCSP_BASICRESP *basic, X509 *signer, char why[TLS_OCSP_WHY_MAX])
{
	const X509_ALGOR *algorithm = OCSP_resp_get0_tbs_sigalg(basic);
	const ASN1_OBJECT *kind = NULL;
	STACK_OF(X509) *only = sk_X509_new_null();
	char words[160];
	int ok;

	X509_ALGOR_get0(&kind, NULL, NULL, algorithm);
	if (!only || !sk_X509_push(only, signer)) {
		sk_X509_free(only);
		str_cut(why, TLS_OCSP_WHY_MAX, err_str(ERR_NOMEM));
		return ERR_NOMEM;
	}
	ok = OCSP_basic_verify(basic, only, NULL, FLAGS_SIGNATURE_ONLY);
	sk_X509_free(only);
	if (ok != 1) {
		return refuse(why, "its signature is wrong");
	}
	if (tls_verify_signed(OBJ_obj2nid(kind), algorithm, words, sizeof words)) {
		snprintf(why, TLS_OCSP_WHY_MAX, "its %s", words);
		return ERR_AUTH;
	}
	return 0;
}

static int judge_signer(OCSP_BASICRESP *basic, X509 *issuer, uint64_t now_s, char why[TLS_OCSP_WHY_MAX])
{
	STACK_OF(X509) *known = sk_X509_new_null();
	X509 *signer = NULL;
	int err = 0;

	if (!known || !sk_X509_push(known, issuer)) {
		sk_X509_free(known);
		str_cut(why, TLS_OCSP_WHY_MAX, err_str(ERR_NOMEM));
		return ERR_NOMEM;
	}
	if (OCSP_resp_get0_signer(basic, &signer, known) != 1) {
		err = refuse(why, "it lacks the certificate of its signer");
	} else if (!tls_crl_same_ca(signer, issuer)) {
		err = judge_delegate(signer, issuer, now_s, why);
	} else {
		signer = issuer; /* the one that was verified, not its copy in the response */
	}
	if (!err) {
		err = verify_signature(basic, signer, why);
	}
	sk_X509_free(known);
	return err;
}

/* -- what it says */

/* One answer about the certificate. Two could differ, and the reader would choose. */
static int find_single(OCSP_SINGLERESP **out, OCSP_BASICRESP *basic, OCSP_CERTID *id, char why[TLS_OCSP_WHY_MAX])
{
	int at = OCSP_resp_find(basic, id, -1);

	if (at < 0) {
		return refuse(why, "it is about another certificate");
	}
	if (OCSP_resp_find(basic, id, at) >= 0) {
		return refuse(why, "it says two things about the certificate");
	}
	*out = OCSP_resp_get0(basic, at);
	return 0;
}

static int read_single(struct tls_ocsp_fact *out, OCSP_SINGLERESP *single, uint64_t now_s, uint64_t max_age_s,
		       char why[TLS_OCSP_WHY_MAX])
{
	ASN1_GENERALIZEDTIME *revoked = NULL, *this_update = NULL, *next = NULL;
	int status = OCSP_single_get0_status(single, &out->reason, &revoked, &this_update, &next);
	char when[CLOCK_TEXT_MAX];

	out->status = status == V_OCSP_CERTSTATUS_GOOD      ? TLS_OCSP_GOOD
		      : status == V_OCSP_CERTSTATUS_REVOKED ? TLS_OCSP_REVOKED
							    : TLS_OCSP_UNKNOWN;
	out->revoked_s = revoked ? tls_verify_seconds(revoked) : 0;
	out->this_s = this_update ? tls_verify_seconds(this_update) : 0;
	out->until_s = next ? tls_verify_seconds(next) : out->this_s + max_age_s;
	if (!out->this_s || out->until_s < out->this_s) {
		return refuse(why, "its thisUpdate or nextUpdate cannot be");
	}
	if (out->this_s > now_s + TLS_OCSP_AHEAD_S) {
		clock_text_s(when, (int64_t)out->this_s);
		snprintf(why, TLS_OCSP_WHY_MAX, "its thisUpdate %s is ahead of our clock", when);
		return ERR_AUTH;
	}
	if (now_s > out->until_s) {
		clock_text_s(when, (int64_t)out->until_s);
		snprintf(why, TLS_OCSP_WHY_MAX, "it is out of date since %s%s", when,
			 next ? "" : " (it has no nextUpdate, and ocsp.max_age is over)");
		return ERR_AUTH;
	}
	return 0;
}

static int judge_basic(struct tls_ocsp_fact *out, OCSP_BASICRESP *basic, const struct tls_ocsp_question *q, uint64_t now_s,
		       uint64_t max_age_s, char why[TLS_OCSP_WHY_MAX])
{
	OCSP_SINGLERESP *single = NULL;
	int err = find_single(&single, basic, q->id, why);

	if (!err) {
		err = judge_signer(basic, q->issuer, now_s, why);
	}
	if (!err && q->nonce && OCSP_check_nonce(q->nonce, basic) != 1) {
		err = refuse(why, "it does not repeat the nonce of the request (ocsp.nonce)");
	}
	return err ? err : read_single(out, single, now_s, max_age_s, why);
}

int tls_ocsp_verify(struct tls_ocsp_fact *out, const uint8_t *response, size_t len, const struct tls_ocsp_question *q,
		    uint64_t now_s, uint64_t max_age_s, char why[TLS_OCSP_WHY_MAX])
{
	struct tls_ocsp_fact fact = { .reason = -1 };
	OCSP_BASICRESP *basic = NULL;
	const unsigned char *p = response;
	OCSP_RESPONSE *r = len && len <= TLS_OCSP_ANSWER_MAX ? d2i_OCSP_RESPONSE(NULL, &p, (long)len) : NULL;
	int err = ERR_PROTO;

	why[0] = 0;
	if (!r || p != response + len) {
		str_cut(why, TLS_OCSP_WHY_MAX, "it is no OCSP response");
	} else if (OCSP_response_status(r) != OCSP_RESPONSE_STATUS_SUCCESSFUL) {
		snprintf(why, TLS_OCSP_WHY_MAX, "the responder does not answer: %s",
			 OCSP_response_status_str(OCSP_response_status(r)));
	} else if (!(basic = OCSP_response_get1_basic(r))) {
		str_cut(why, TLS_OCSP_WHY_MAX, "it is no basic OCSP response");
	} else {
		err = judge_basic(&fact, basic, q, now_s, max_age_s, why);
	}
	OCSP_BASICRESP_free(basic);
	OCSP_RESPONSE_free(r);
	ERR_clear_error();
	if (!err) {
		*out = fact;
	}
	return err;
}
