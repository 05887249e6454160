/* tls_verify.c - judges a presented certificate: first its chain, anchor by anchor, then the leaf's
 * own rules, then its names. Names are read only from a certificate whose chain is good.
 * Rules and names of the leaf are in tls_leaf.c, revocation in tls_revocation.c. */
#include "tls/tls_verify.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/str.h"
#include "tls/tls_leaf.h"
#include "tls/tls_revocation.h"

#define CHAIN_DEPTH_MAX 4 /* intermediates between leaf and anchor */
#define DEAD_ENDS_MAX 4u  /* ways that lead to no anchor, of one anchor */
#define ONE_WHY_MAX 556u  /* words about one anchor */
#define SECURITY_LEVEL 2  /* 112 bits: no SHA-1, no RSA below 2048 */

void tls_subject(char *out, size_t size, const X509 *cert)
{
	tls_name_text(out, size, X509_get_subject_name(cert));
}

void tls_name_text(char *out, size_t size, const X509_NAME *name)
{
	BIO *b = BIO_new(BIO_s_mem());
	const char *text = NULL;
	long n = 0;
	size_t i;

	if (b && X509_NAME_print_ex(b, name, 0, XN_FLAG_RFC2253 & ~XN_FLAG_DN_REV) >= 0) {
		n = BIO_get_mem_data(b, &text);
	}
	for (i = 0; i + 1 < size && i < (size_t)n; i++) {
		out[i] = text[i] >= 0x20 && text[i] < 0x7f ? text[i] : '?';
	}
	out[i] = 0;
	BIO_free(b);
}

/* -- the chain */

uint64_t tls_verify_seconds(const ASN1_TIME *t)
{
	ASN1_TIME *epoch = ASN1_TIME_new();
	int days = 0, seconds = 0;
	bool ok = epoch && ASN1_TIME_set_string(epoch, "19700101000000Z") && ASN1_TIME_diff(&days, &seconds, epoch, t);

	ASN1_TIME_free(epoch);
	return ok && days >= 0 && seconds >= 0 ? (uint64_t)days * 86400u + (uint64_t)seconds : 0;
}

/* Our rules for a chain that OpenSSL accepted. Its last certificate is the anchor, whose own
 * signature is not checked. */
static int verify_chain_rules(STACK_OF(X509) * chain, uint64_t *not_after_s, char *why, size_t why_size)
{
	char words[160], subject[160];
	int n = sk_X509_num(chain);

	for (int i = 0; i < n; i++) {
		X509 *cert = sk_X509_value(chain, i);
		uint64_t end = tls_verify_seconds(X509_get0_notAfter(cert));
		int err = tls_verify_key(cert, words, sizeof words);

		if (!err && i + 1 < n) {
			err = tls_verify_signature(cert, words, sizeof words);
		}
		if (!err && !end) { /* 0 would mean that it never ends */
			snprintf(words, sizeof words, "its end cannot be read");
			err = ERR_AUTH;
		}
		if (err) {
			tls_subject(subject, sizeof subject, cert);
			snprintf(why, why_size, "certificate of '%s': %s", subject, words);
			return err;
		}
		if (end < *not_after_s) {
			*not_after_s = end;
		}
	}
	return 0;
}

static bool is_missing_issuer(int e)
{
	return e == X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT || e == X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY ||
	       e == X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE || e == X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT ||
	       e == X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN || e == X509_V_ERR_CERT_UNTRUSTED;
}

static void chain_words(char *why, size_t why_size, int e, X509 *culprit, const struct tls_presented *p)
{
	char subject[160], issuer[160], words[200];
	BIO *b;
	long n;
	const char *text;

	tls_subject(subject, sizeof subject, culprit ? culprit : p->leaf);
	if (is_missing_issuer(e)) {
		tls_subject(subject, sizeof subject, p->leaf);
		b = BIO_new(BIO_s_mem());
		n = b && X509_NAME_print_ex(b, X509_get_issuer_name(p->leaf), 0, XN_FLAG_RFC2253 & ~XN_FLAG_DN_REV) >= 0
			? BIO_get_mem_data(b, &text)
			: 0;
		snprintf(issuer, sizeof issuer, "%.*s", n > 150 ? 150 : (int)n, n ? text : "");
		BIO_free(b);
		snprintf(why, why_size, "certificate of '%s' (issuer '%s') does not chain to any configured anchor", subject,
			 issuer);
	} else if (e == X509_V_ERR_CERT_HAS_EXPIRED) {
		snprintf(why, why_size, "certificate of '%s' expired", subject);
	} else if (e == X509_V_ERR_CERT_NOT_YET_VALID) {
		snprintf(why, why_size, "certificate of '%s' is not yet valid", subject);
	} else if (e == X509_V_ERR_INVALID_PURPOSE) {
		snprintf(why, why_size, "certificate of '%s' is not for a TLS %s", subject, p->is_client ? "client" : "server");
	} else if (e == X509_V_ERR_CERT_SIGNATURE_FAILURE) {
		snprintf(why, why_size, "certificate of '%s': signed with another key than that of the CA with its issuer's name",
			 subject);
	} else if (e == X509_V_ERR_CERT_CHAIN_TOO_LONG) {
		snprintf(why, why_size, "certificate of '%s': more than %d CAs between it and an anchor", subject,
			 CHAIN_DEPTH_MAX);
	} else if (e == X509_V_ERR_PERMITTED_VIOLATION || e == X509_V_ERR_EXCLUDED_VIOLATION) {
		snprintf(why, why_size, "certificate of '%s': a name of it is outside the nameConstraints of its CA", subject);
	} else {
		/* Prefer our own reason, which names what is expected. */
		if (!culprit || (tls_verify_key(culprit, words, sizeof words) == 0 &&
				 tls_verify_signature(culprit, words, sizeof words) == 0)) {
			str_cut(words, sizeof words, X509_verify_cert_error_string(e));
		}
		snprintf(why, why_size, "certificate of '%s': %s", subject, words);
	}
}

/* Of the CAs with one name in an anchor's file, the issuer is the one whose key made the signature.
 * Only these are tried, so that a peer cannot cause further verifications. */
int tls_verify_issued(X509_STORE_CTX *x, X509 *cert, X509 *issuer)
{
	const struct tls_anchor *a = X509_STORE_CTX_get_app_data(x);
	EVP_PKEY *key;

	if (X509_check_issued(issuer, cert) != X509_V_OK) {
		return 0;
	}
	for (int i = 0; i < sk_X509_num(a->twins); i++) {
		if (sk_X509_value(a->twins, i) != issuer) {
			continue;
		}
		key = X509_get0_pubkey(issuer);
		return key && X509_verify(cert, key) == 1;
	}
	return 1;
}

/* What is known of one chain. */
struct judged {
	uint64_t not_after_s; /* lowered to the earliest end in the chain */
	int x509_error;
	const X509 *dead_end;   /* borrowed of what was sent: its issuer was not found; else NULL */
	STACK_OF(X509) * chain; /* owned */
	struct tls_revocation revocation;
};

void tls_chains_fini(struct tls_chains *c)
{
	for (size_t i = 0; i < IDENTITY_ANCHORS_MAX; i++) {
		sk_X509_pop_free(c->to[i], X509_free);
		c->to[i] = NULL;
	}
}

/* A chain that is good but for revocation. */
static int verify_revocation(struct judged *j, const struct tls_anchor *a, X509_STORE_CTX *x, char *why, size_t why_size)
{
	j->chain = X509_STORE_CTX_get1_chain(x);
	if (!j->chain) {
		str_cut(why, why_size, err_str(ERR_NOMEM));
		return ERR_NOMEM;
	}
	tls_revocation_judge(&j->revocation, a, j->chain, clock_real_ms() / 1000);
	if (j->revocation.listed) {
		str_cut(why, why_size, j->revocation.words);
		j->x509_error = X509_V_ERR_CERT_REVOKED;
		return ERR_AUTH;
	}
	return 0;
}

/* One anchor. 0 when the leaf chains to it. */
static int verify_with(const struct tls_anchor *a, const struct tls_presented *p, struct judged *j, char *why, size_t why_size)
{
	X509_STORE_CTX *x = X509_STORE_CTX_new();
	X509_VERIFY_PARAM *param;
	int err = ERR_AUTH;

	j->x509_error = X509_V_ERR_OUT_OF_MEM;
	str_cut(why, why_size, err_str(ERR_NOMEM));
	if (!x || !X509_STORE_CTX_init(x, a->store, p->leaf, p->others)) {
		X509_STORE_CTX_free(x);
		return ERR_NOMEM;
	}
	X509_STORE_CTX_set_app_data(x, (void *)a);
	param = X509_STORE_CTX_get0_param(x);
	X509_VERIFY_PARAM_set_purpose(param, p->is_client ? X509_PURPOSE_SSL_CLIENT : X509_PURPOSE_SSL_SERVER);
	X509_VERIFY_PARAM_set_auth_level(param, SECURITY_LEVEL);
	X509_VERIFY_PARAM_set_depth(param, CHAIN_DEPTH_MAX);
	/* The file decides what is an anchor, also if that is an intermediate CA. */
	X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_PARTIAL_CHAIN | X509_V_FLAG_TRUSTED_FIRST);
	if (X509_verify_cert(x) == 1) {
		err = verify_chain_rules(X509_STORE_CTX_get0_chain(x), &j->not_after_s, why, why_size);
		j->x509_error = err ? X509_V_ERR_CERT_REJECTED : X509_V_OK;
		if (!err) {
			err = verify_revocation(j, a, x, why, why_size);
		}
	} else {
		j->x509_error = X509_STORE_CTX_get_error(x);
		j->dead_end = is_missing_issuer(j->x509_error) ? X509_STORE_CTX_get_current_cert(x) : NULL;
		chain_words(why, why_size, j->x509_error, X509_STORE_CTX_get_current_cert(x), p);
	}
	X509_STORE_CTX_free(x);
	return err;
}

/* What was sent, without what leads to no anchor: the certificate at which OpenSSL found no way
 * on, and the roots that were sent when it ended at one of them. NULL: nothing is left, or no
 * memory. */
static STACK_OF(X509) * without_dead_ends(STACK_OF(X509) * sent, const struct judged *j)
{
	bool roots = j->x509_error == X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN;
	STACK_OF(X509) *left = sk_X509_new_null();

	for (int i = 0; left && i < sk_X509_num(sent); i++) {
		X509 *cert = sk_X509_value(sent, i);
		bool dead = cert == j->dead_end || (roots && X509_self_signed(cert, 0) == 1);

		if (!dead && !sk_X509_push(left, cert)) {
			break; /* one that is missing lets nobody in */
		}
	}
	if (sk_X509_num(left) <= 0 || sk_X509_num(left) == sk_X509_num(sent)) {
		sk_X509_free(left);
		return NULL;
	}
	return left;
}

/* OpenSSL takes the first issuer that it finds and does not try another one (RFC 8446 4.4.2: a
 * peer may send certificates in any order, and more than are needed). So a peer that sends the root
 * of its CA, or its CA signed by another one, before the certificate that leads to the anchor would
 * be refused. A certificate that leads to no anchor proves nothing and is left out in the next
 * attempt. No signature is verified on such a way, so that many of them cost nothing. */
static int verify_crossed(const struct tls_anchor *a, const struct tls_presented *p, struct judged *j, char *why, size_t why_size)
{
	struct judged again = { .not_after_s = j->not_after_s };
	struct tls_presented q = *p;
	char words[ONE_WHY_MAX];
	int err = verify_with(a, p, j, why, why_size), first = err;
	const struct judged *last = j;

	for (unsigned i = 0; err && i < DEAD_ENDS_MAX && is_missing_issuer(last->x509_error); i++) {
		STACK_OF(X509) *left = without_dead_ends(q.others, last);

		if (q.others != p->others) {
			sk_X509_free(q.others);
		}
		q.others = left;
		if (!left) {
			break;
		}
		again = (struct judged){ .not_after_s = j->not_after_s };
		err = verify_with(a, &q, &again, words, sizeof words);
		last = &again;
	}
	if (q.others != p->others) {
		sk_X509_free(q.others);
	}
	if (last == j) {
		return first;
	}
	if (!err || again.revocation.listed) {
		sk_X509_pop_free(j->chain, X509_free);
		*j = again;
		if (err) {
			str_cut(why, why_size, words);
		}
		return err;
	}
	sk_X509_pop_free(again.chain, X509_free);
	return first;
}

/* Takes over what was found out about one anchor. */
static int add_anchor(struct tls_identity *id, struct tls_chains *chains, const struct tls_anchor *a, struct judged *j, char *why,
		      size_t why_size)
{
	if (id->anchors_n == IDENTITY_ANCHORS_MAX) {
		snprintf(why, why_size, "certificate chains to more than %d anchors", IDENTITY_ANCHORS_MAX);
		return ERR_AUTH;
	}
	memcpy(id->anchors[id->anchors_n], a->name, sizeof a->name);
	id->revocation[id->anchors_n] = (uint8_t)j->revocation.state;
	id->not_after_s = j->not_after_s;
	if (chains) {
		chains->to[id->anchors_n] = j->chain;
		j->chain = NULL;
	}
	id->anchors_n++;
	return 0;
}

/* Tries all anchors. Of several refusals, reports the one of the anchor that knew the issuer. A
 * certificate that one CRL lists is refused, whatever other anchors say. */
static int verify_anchors(struct tls_identity *id, struct tls_chains *chains, const struct tls_presented *p,
			  const struct tls_anchor *anchors, size_t anchors_n, int *x509_error, char *why, size_t why_size)
{
	bool informed = false;

	id->not_after_s = UINT64_MAX;
	for (size_t i = 0; i < anchors_n; i++) {
		char words[ONE_WHY_MAX];
		struct judged j = { .not_after_s = id->not_after_s };
		int err = verify_crossed(&anchors[i], p, &j, words, sizeof words);
		bool final = err == ERR_NOMEM || j.revocation.listed;

		if (!err) {
			err = add_anchor(id, chains, &anchors[i], &j, words, sizeof words);
			if (err) {
				j.x509_error = X509_V_ERR_CERT_REJECTED;
				final = true;
			}
		}
		sk_X509_pop_free(j.chain, X509_free);
		if (err && (final || !informed)) {
			informed = !is_missing_issuer(j.x509_error);
			*x509_error = j.x509_error;
			str_cut(why, why_size, words);
		}
		if (final) {
			return err;
		}
	}
	return id->anchors_n ? 0 : ERR_AUTH;
}

static int verify_expected(const struct tls_identity *id, const char *expected, char *why, size_t why_size)
{
	for (int i = 0; expected && i < id->names_n; i++) {
		if (str_equal_nocase(id->names[i], strlen(id->names[i]), expected, strlen(expected))) {
			return 0;
		}
	}
	if (!expected) {
		return 0;
	}
	snprintf(why, why_size, "it is for '%s', expected '%s'", id->names[0], expected);
	return ERR_AUTH;
}

int tls_verify(struct tls_identity *out, struct tls_chains *chains, const struct tls_presented *p,
	       const struct tls_anchor *anchors, size_t anchors_n, int *x509_error, char *why, size_t why_size)
{
	struct tls_identity id = { 0 };
	char words[600];
	int err;

	tls_subject(id.subject, sizeof id.subject, p->leaf);
	err = verify_anchors(&id, chains, p, anchors, anchors_n, x509_error, why, why_size);
	if (err) {
		goto refuse;
	}
	*x509_error = X509_V_ERR_CERT_REJECTED;
	err = tls_leaf_rules(p, words, sizeof words);
	if (!err) {
		err = tls_leaf_names(&id, p->leaf, words, sizeof words);
	}
	if (!err) {
		*x509_error = X509_V_ERR_HOSTNAME_MISMATCH;
		err = verify_expected(&id, p->expected_name, words, sizeof words);
	}
	if (err) {
		snprintf(why, why_size, "certificate of '%s': %s", id.subject, words);
		goto refuse;
	}
	*x509_error = X509_V_OK;
	*out = id;
	return 0;

refuse:
	if (chains) {
		tls_chains_fini(chains);
	}
	return err;
}
