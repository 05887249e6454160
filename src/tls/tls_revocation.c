/* tls_revocation.c - see tls_revocation.h. */
#include "tls/tls_revocation.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/str.h"
#include "tls/tls_ocsp_int.h"
#include "tls/tls_verify.h"

void tls_revocation_unchecked(struct tls_revocation *out)
{
	*out = (struct tls_revocation){ .state = REVOCATION_UNCHECKED, .fresh_until_s = UINT64_MAX, .ask_at_s = UINT64_MAX };
}

/* -- the responder, in the terms of a CRL */

static const char *reason_word(int reason)
{
	return reason < 0 ? "no reason given" : OCSP_crl_reason_str(reason);
}

static void say(char words[TLS_REVOCATION_WORDS_MAX], const struct tls_ocsp_view *v, const struct tls_anchor *a, X509 *cert)
{
	char subject[TLS_CRL_ISSUER_MAX], when[CLOCK_TEXT_MAX];

	tls_subject(subject, sizeof subject, cert);
	if (v->known == TLS_OCSP_LISTED && v->fact.status == TLS_OCSP_REVOKED) {
		clock_text_s(when, (int64_t)v->fact.revoked_s);
		snprintf(words, TLS_REVOCATION_WORDS_MAX,
			 "certificate of '%s' is revoked since %s (%s), says the OCSP responder of trust anchor '%s'", subject,
			 when, reason_word(v->fact.reason), a->name);
	} else if (v->known == TLS_OCSP_LISTED) {
		snprintf(words, TLS_REVOCATION_WORDS_MAX,
			 "certificate of '%s' is unknown to the OCSP responder of trust anchor '%s'", subject, a->name);
	} else if (v->known == TLS_OCSP_STALE) {
		clock_text_s(when, (int64_t)v->fact.until_s);
		snprintf(words, TLS_REVOCATION_WORDS_MAX,
			 "the OCSP answer about the certificate of '%s' is out of date since %s%s%s", subject, when,
			 *v->why ? "; a newer one was not taken: " : "", v->why);
	} else if (v->known == TLS_OCSP_ABSENT) {
		snprintf(words, TLS_REVOCATION_WORDS_MAX,
			 "there is no OCSP answer about the certificate of '%s' from the responder of trust anchor '%s': %s",
			 subject, a->name, v->why);
	}
}

static void look_ocsp(struct tls_crl_view *out, struct tls_revocation *all, const struct tls_anchor *a, X509 *cert, X509 *issuer,
		      const X509 *leaf, uint64_t now_s, char words[TLS_REVOCATION_WORDS_MAX])
{
	static const enum revocation states[] = { [TLS_OCSP_ABSENT] = REVOCATION_ABSENT,
						  [TLS_OCSP_STALE] = REVOCATION_STALE,
						  [TLS_OCSP_FRESH] = REVOCATION_GOOD,
						  [TLS_OCSP_LISTED] = REVOCATION_GOOD };
	struct tls_ocsp_view v;

	tls_ocsp_look(&v, a->ocsp, a->responder, cert, issuer, now_s);
	words[0] = 0;
	say(words, &v, a, cert);
	*out = (struct tls_crl_view){ .state = states[v.known],
				      .listed = v.known == TLS_OCSP_LISTED,
				      .fresh_until_s = v.known == TLS_OCSP_ABSENT ? UINT64_MAX : v.fact.until_s };
	if (out->listed) {
		tls_ocsp_deny(a->ocsp, a->responder, leaf, &v.fact, now_s);
	}
	if (v.ask_at_s < all->ask_at_s) {
		all->ask_at_s = v.ask_at_s;
	}
	if (!all->wait_for && v.number && out->state != REVOCATION_GOOD) {
		all->wait_for = v.number;
	}
}

/* -- both */

/* What is worse in a chain: an absent one, then one that is out of date. */
static unsigned weight(enum revocation state)
{
	return state == REVOCATION_ABSENT ? 2 : state == REVOCATION_STALE ? 1 : 0;
}

static void take(struct tls_revocation *out, const struct tls_crl_view *v, const char *words)
{
	out->listed = v->listed;
	if (v->listed || weight(v->state) > weight(out->state)) {
		out->state = v->state;
		str_cut(out->words, sizeof out->words, words);
	}
	if (v->fresh_until_s < out->fresh_until_s) {
		out->fresh_until_s = v->fresh_until_s;
	}
}

/* `leaf`: NULL: no responder is asked about it. */
static void judge_one(struct tls_revocation *out, const struct tls_anchor *a, X509 *cert, X509 *issuer, const X509 *leaf,
		      uint64_t now_s)
{
	char words[TLS_REVOCATION_WORDS_MAX], ocsp_words[TLS_REVOCATION_WORDS_MAX];
	struct tls_crl_view crl, answer;

	tls_crl_look(&crl, &a->crls, cert, issuer, now_s, words);
	if (!leaf || crl.listed) {
		take(out, &crl, words);
		return;
	}
	look_ocsp(&answer, out, a, cert, issuer, leaf, now_s, ocsp_words);
	if (answer.listed || crl.state != REVOCATION_GOOD) {
		take(out, &answer, ocsp_words);
	} else if (answer.state == REVOCATION_GOOD) { /* both are in force: good as long as one is */
		take(out, answer.fresh_until_s > crl.fresh_until_s ? &answer : &crl, "");
	} else {
		take(out, &crl, words);
	}
}

void tls_revocation_judge(struct tls_revocation *out, const struct tls_anchor *a, STACK_OF(X509) * chain, uint64_t now_s)
{
	int n = sk_X509_num(chain); /* -1 without a chain */

	tls_revocation_unchecked(out);
	if (!a->crls.configured && !a->ocsp) {
		return;
	}
	if (n < 1) {
		out->state = REVOCATION_ABSENT;
		snprintf(out->words, sizeof out->words, "there is no chain to look up in the CRLs");
		return;
	}
	out->state = REVOCATION_GOOD;
	for (int i = 0; i < n && !out->listed; i++) {
		X509 *issuer = i + 1 < n ? sk_X509_value(chain, i + 1) : NULL;

		bool ask = a->ocsp && issuer && (i == 0 || a->ocsp_chain);

		judge_one(out, a, sk_X509_value(chain, i), issuer, ask ? sk_X509_value(chain, 0) : NULL, now_s);
	}
}
