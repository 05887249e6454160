/* OCSP: what is believed of a response, and what the store makes of it: RFC 6960 3.2 and 4.2.2.2. The
 * responses are made by OpenSSL's own functions for responders. */
#include "tests/unit/test.h"

#include <time.h>

#include "tests/unit/tls/pki.h"
#include "tls/tls_ocsp_store.h"
#include "tls/tls_revocation.h"

#define ASKED_MAX 8

struct asked {
	uint32_t responder, number;
	uint8_t request[TLS_OCSP_QUESTION_MAX];
	size_t len;
};

struct world {
	struct pki pki;
	struct pki_cert root, twin, other, sub, leaf, second, leaf_of_sub;
	struct pki_cert delegate, old_delegate, sub_delegate, other_delegate, no_eku, weak;
	struct tls_ocsp *store;
	struct asked asked[ASKED_MAX];
	size_t asked_n, answered_n, listed_n;
	uint32_t answered_number;
	bool full;                 /* nobody carries a question now */
	struct tls_ocsp_said said; /* the last one that was spread */
	uint8_t said_octets[TLS_OCSP_SAID_MAX];
	size_t said_n;
	char why[TLS_OCSP_WHY_MAX];
};

static uint64_t now(void)
{
	return (uint64_t)time(NULL);
}

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof *w);
	struct pki_spec scs = { .cn = "scs", .san = "DNS:scs.example", .eku = "clientAuth" };
	struct pki_spec signer = { .cn = "responder", .eku = "OCSPSigning" };

	assert_non_null(w);
	pki_init(&w->pki);
	w->root = pki_make(&w->pki, &(struct pki_spec){ .cn = "Root", .ca = true }, NULL);
	w->twin = pki_make(&w->pki, &(struct pki_spec){ .cn = "Root", .ca = true }, NULL);
	w->other = pki_make(&w->pki, &(struct pki_spec){ .cn = "Other", .ca = true }, NULL);
	w->sub = pki_make(&w->pki, &(struct pki_spec){ .cn = "Sub", .ca = true }, &w->root);
	w->leaf = pki_make(&w->pki, &scs, &w->root);
	w->second = pki_make(&w->pki, &scs, &w->root);
	w->leaf_of_sub = pki_make(&w->pki, &scs, &w->sub);
	w->delegate = pki_make(&w->pki, &signer, &w->root);
	w->sub_delegate = pki_make(&w->pki, &signer, &w->sub);
	w->other_delegate = pki_make(&w->pki, &signer, &w->other);
	signer.from_s = -86400 * 2;
	signer.to_s = -60;
	w->old_delegate = pki_make(&w->pki, &signer, &w->root);
	w->no_eku = pki_make(&w->pki, &scs, &w->root);
	w->weak = pki_make(&w->pki, &(struct pki_spec){ .cn = "responder", .eku = "OCSPSigning", .key = PKI_P521 }, &w->root);
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;
	struct pki_cert *all[] = { &w->root,           &w->twin,        &w->other,    &w->sub,          &w->leaf,
				   &w->second,         &w->leaf_of_sub, &w->delegate, &w->old_delegate, &w->sub_delegate,
				   &w->other_delegate, &w->no_eku,      &w->weak };

	for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
		pki_free(all[i]);
	}
	pki_fini(&w->pki);
	free(w);
	return 0;
}

/* -- a responder */

struct said {
	const struct pki_cert *about, *issuer; /* NULL: the leaf of the root */
	const struct pki_cert *signer;         /* NULL: the root */
	int status;                            /* V_OCSP_CERTSTATUS_ */
	long this_s, next_s;                   /* from now; next_s 0: none */
	const EVP_MD *digest;                  /* NULL: SHA-256 */
	bool no_cert;                          /* the response has not the certificate of its signer */
	bool twice;                            /* it says `good`, too */
	const struct asked *nonce;             /* repeat the nonce of this request */
	int code;                              /* of the response; 0: successful */
};

static void add_status(OCSP_BASICRESP *b, const struct pki_cert *about, const struct pki_cert *issuer, int status,
		       const struct said *s)
{
	OCSP_CERTID *id = OCSP_cert_to_id(EVP_sha1(), about->x, issuer->x);
	ASN1_TIME *this_update = X509_gmtime_adj(NULL, s->this_s), *next = s->next_s ? X509_gmtime_adj(NULL, s->next_s) : NULL;
	ASN1_TIME *revoked = X509_gmtime_adj(NULL, -3600);

	assert_non_null(OCSP_basic_add1_status(b, id, status,
					       status == V_OCSP_CERTSTATUS_REVOKED ? OCSP_REVOKED_STATUS_KEYCOMPROMISE : 0,
					       revoked, this_update, next));
	ASN1_TIME_free(this_update);
	ASN1_TIME_free(next);
	ASN1_TIME_free(revoked);
	OCSP_CERTID_free(id);
}

static void copy_nonce(OCSP_BASICRESP *b, const struct asked *a)
{
	const unsigned char *p = a->request;
	OCSP_REQUEST *r = d2i_OCSP_REQUEST(NULL, &p, (long)a->len);

	assert_non_null(r);
	assert_int_equal(OCSP_copy_nonce(b, r), 1);
	OCSP_REQUEST_free(r);
}

static size_t respond(uint8_t out[TLS_OCSP_ANSWER_MAX], const struct world *w, const struct said *s)
{
	const struct pki_cert *signer = s->signer ? s->signer : &w->root;
	OCSP_BASICRESP *b = OCSP_BASICRESP_new();
	OCSP_RESPONSE *r;
	unsigned char *p = out;
	int len;

	assert_non_null(b);
	add_status(b, s->about ? s->about : &w->leaf, s->issuer ? s->issuer : &w->root, s->status, s);
	if (s->twice) {
		add_status(b, s->about ? s->about : &w->leaf, s->issuer ? s->issuer : &w->root, V_OCSP_CERTSTATUS_GOOD, s);
	}
	if (s->nonce) {
		copy_nonce(b, s->nonce);
	}
	assert_int_equal(
	    OCSP_basic_sign(b, signer->x, signer->key, s->digest ? s->digest : EVP_sha256(), NULL, s->no_cert ? OCSP_NOCERTS : 0),
	    1);
	r = OCSP_response_create(s->code, s->code ? NULL : b);
	assert_non_null(r);
	len = i2d_OCSP_RESPONSE(r, NULL);
	assert_in_range(len, 1, TLS_OCSP_ANSWER_MAX);
	assert_int_equal(i2d_OCSP_RESPONSE(r, &p), len);
	OCSP_RESPONSE_free(r);
	OCSP_BASICRESP_free(b);
	return (size_t)len;
}

/* -- one response */

static int verify(struct world *w, struct tls_ocsp_fact *f, const struct said *s, uint64_t max_age_s)
{
	uint8_t octets[TLS_OCSP_ANSWER_MAX];
	size_t n = respond(octets, w, s);
	OCSP_CERTID *id = OCSP_cert_to_id(EVP_sha1(), w->leaf.x, w->root.x);
	int err = tls_ocsp_verify(f, octets, n, &(struct tls_ocsp_question){ id, NULL, w->root.x }, now(), max_age_s, w->why);

	OCSP_CERTID_free(id);
	return err;
}

static void believes_the_ca_and_its_delegate(void **state)
{
	struct world *w = *state;
	struct tls_ocsp_fact f;

	assert_int_equal(verify(w, &f, &(struct said){ .this_s = -5, .next_s = 600 }, 60), 0);
	assert_int_equal(f.status, TLS_OCSP_GOOD);
	assert_in_range(f.until_s, now() + 590, now() + 600);
	assert_int_equal(verify(w, &f, &(struct said){ .next_s = 600, .no_cert = true }, 60), 0);
	assert_int_equal(verify(w, &f, &(struct said){ .next_s = 600, .signer = &w->delegate, .digest = EVP_sha384() }, 60), 0);
	assert_int_equal(verify(w, &f, &(struct said){ .next_s = 600, .status = V_OCSP_CERTSTATUS_REVOKED }, 60), 0);
	assert_int_equal(f.status, TLS_OCSP_REVOKED);
	assert_int_equal(f.reason, OCSP_REVOKED_STATUS_KEYCOMPROMISE);
	assert_in_range(f.revoked_s, now() - 3605, now() - 3595);
	assert_int_equal(verify(w, &f, &(struct said){ .next_s = 600, .status = V_OCSP_CERTSTATUS_UNKNOWN }, 60), 0);
	assert_int_equal(f.status, TLS_OCSP_UNKNOWN);
}

static void believes_nobody_else(void **state)
{
	struct world *w = *state;
	const struct {
		struct said said;
		const char *why;
	} rows[] = {
		{ { .signer = &w->other }, "neither the CA of the certificate nor one that this CA issued" },
		{ { .signer = &w->twin }, "its signature is wrong" }, /* another CA of the same name */
		{ { .signer = &w->other_delegate }, "neither the CA" },
		{ { .signer = &w->sub_delegate }, "neither the CA" }, /* of a CA below: it may speak for that one only */
		{ { .signer = &w->sub }, "extendedKeyUsage of its signer lacks OCSPSigning" },
		{ { .signer = &w->no_eku }, "lacks OCSPSigning" },
		{ { .signer = &w->leaf }, "lacks OCSPSigning" }, /* it says so itself */
		{ { .signer = &w->old_delegate }, "has expired" },
		{ { .signer = &w->weak }, "key secp521r1" },
		{ { .signer = &w->delegate, .no_cert = true }, "lacks the certificate of its signer" },
		{ { .digest = EVP_sha512() }, "its signature ecdsa-with-SHA512" },
		{ { .digest = EVP_sha1() }, "its signature ecdsa-with-SHA1" },
		{ { .about = &w->second }, "about another certificate" },
		{ { .issuer = &w->twin }, "about another certificate" },
		{ { .about = &w->leaf_of_sub, .issuer = &w->sub }, "about another certificate" },
		{ { .twice = true, .status = V_OCSP_CERTSTATUS_REVOKED }, "two things" },
		{ { .this_s = 3600, .next_s = 7200 }, "ahead of our clock" },
		{ { .this_s = -600, .next_s = -60 }, "out of date" },
		{ { .this_s = -10, .next_s = -60 }, "cannot be" },
		{ { .this_s = -61 }, "ocsp.max_age is over" },
		{ { .code = OCSP_RESPONSE_STATUS_TRYLATER }, "trylater" },
		{ { .code = OCSP_RESPONSE_STATUS_UNAUTHORIZED }, "unauthorized" },
	};
	struct tls_ocsp_fact f = { .reason = 77 };

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct said said = rows[i].said;

		said.next_s = said.next_s || said.this_s ? said.next_s : 600;
		if (!verify(w, &f, &said, 60) || !strstr(w->why, rows[i].why)) {
			fail_msg("row %zu: expected '%s', and it is '%s'", i, rows[i].why, w->why);
		}
		assert_int_equal(f.reason, 77); /* nothing is written */
	}
	assert_int_equal(verify(w, &f, &(struct said){ .this_s = -50 }, 60), 0); /* without nextUpdate, and young */
}

static void every_octet_counts(void **state)
{
	struct world *w = *state;
	uint8_t octets[TLS_OCSP_ANSWER_MAX + 1];
	size_t n = respond(octets, w, &(struct said){ .next_s = 600, .signer = &w->delegate });
	OCSP_CERTID *id = OCSP_cert_to_id(EVP_sha1(), w->leaf.x, w->root.x);
	struct tls_ocsp_question q = { id, NULL, w->root.x };
	struct tls_ocsp_fact f;

	assert_int_equal(tls_ocsp_verify(&f, octets, n, &q, now(), 60, w->why), 0);
	assert_int_equal(tls_ocsp_verify(&f, octets, n + 1, &q, now(), 60, w->why), ERR_PROTO);
	for (size_t i = 0; i < n; i++) {
		int err;

		octets[i] ^= 0x10;
		err = tls_ocsp_verify(&f, octets, n, &q, now(), 60, w->why);
		if (!err && f.status != TLS_OCSP_GOOD) { /* what is not signed (a version) may change, and no verdict */
			fail_msg("octet %zu changes the verdict", i);
		}
		octets[i] ^= 0x10;
	}
	for (size_t i = 0; i < n; i += 7) {
		assert_int_not_equal(tls_ocsp_verify(&f, octets, i, &q, now(), 60, w->why), 0);
	}
	OCSP_CERTID_free(id);
}

/* -- the store */

static int ask(void *arg, uint32_t responder, uint32_t number, const uint8_t *request, size_t len)
{
	struct world *w = arg;
	struct asked *a = &w->asked[w->asked_n];

	if (w->full || w->asked_n == ASKED_MAX) {
		return ERR_BUSY;
	}
	w->asked_n++;
	*a = (struct asked){ .responder = responder, .number = number, .len = len };
	memcpy(a->request, request, len);
	return 0;
}

static void answered(void *arg, uint32_t number, bool listed)
{
	struct world *w = arg;

	w->answered_n++;
	w->listed_n += listed;
	w->answered_number = number;
}

static void spread(void *arg, const struct tls_ocsp_said *said)
{
	struct world *w = arg;

	w->said = *said;
	memcpy(w->said_octets, said->response, said->len);
	w->said.response = w->said_octets;
	w->said_n++;
}

static void open_store(struct world *w, struct tls_ocsp_conf conf)
{
	conf.entries_max = conf.entries_max ? conf.entries_max : 16;
	conf.asked_max = conf.asked_max ? conf.asked_max : 4;
	conf.responders_n = 8; /* 7 is tallied */
	conf.refresh_s = 100;
	conf.retry_s = 10;
	conf.max_age_s = 60;
	conf.ask = ask;
	conf.answered = answered;
	conf.known_max = conf.known_max ? conf.known_max : 4;
	conf.spread = spread;
	conf.arg = w;
	w->asked_n = w->answered_n = w->listed_n = w->said_n = 0;
	w->full = false;
	assert_int_equal(tls_ocsp_new(&w->store, &conf), 0);
}

static enum tls_ocsp_known known(struct world *w, const struct pki_cert *c, uint64_t at_s)
{
	struct tls_ocsp_view v;

	tls_ocsp_look(&v, w->store, 7, c->x, w->root.x, at_s);
	return v.known;
}

static int answer(struct world *w, size_t question, const struct said *s)
{
	uint8_t octets[TLS_OCSP_ANSWER_MAX];
	size_t n = respond(octets, w, s);

	assert_true(question < w->asked_n);
	return tls_ocsp_answer(w->store, w->asked[question].number, octets, n, now(), w->why);
}

static void keeps_answers_and_asks_in_time(void **state)
{
	const struct tls_ocsp_tally *tally;
	struct world *w = *state;
	struct tls_ocsp_view v;
	uint64_t t = now();

	open_store(w, (struct tls_ocsp_conf){ 0 });
	tls_ocsp_look(&v, w->store, 7, w->leaf.x, w->root.x, t);
	assert_int_equal(v.known, TLS_OCSP_ABSENT);
	assert_int_equal(w->asked_n, 1);
	assert_int_equal(w->asked[0].responder, 7);
	assert_int_equal(v.number, w->asked[0].number);
	assert_int_equal(known(w, &w->leaf, t), TLS_OCSP_ABSENT);
	assert_int_equal(w->asked_n, 1); /* one question for all who look */
	assert_int_equal(answer(w, 0, &(struct said){ .this_s = -1, .next_s = 1000 }), 0);
	assert_int_equal(w->answered_n, 1);
	assert_int_equal(answer(w, 0, &(struct said){ .next_s = 1000 }), ERR_NOTFOUND); /* nobody asked */
	tls_ocsp_look(&v, w->store, 7, w->leaf.x, w->root.x, t + 99);
	assert_int_equal(v.known, TLS_OCSP_FRESH);
	assert_int_equal(v.number, 0);
	assert_int_equal(w->asked_n, 1);
	assert_in_range(v.ask_at_s, t + 100, t + 101);
	assert_int_equal(known(w, &w->leaf, t + 102), TLS_OCSP_FRESH); /* it holds while it is asked for again */
	assert_int_equal(w->asked_n, 2);
	tls_ocsp_failed(w->store, w->asked[1].number, "no", t + 102);
	assert_int_equal(known(w, &w->leaf, t + 110), TLS_OCSP_FRESH);
	assert_int_equal(w->asked_n, 2); /* not before ocsp.retry */
	assert_int_equal(known(w, &w->leaf, t + 1001), TLS_OCSP_STALE);
	assert_int_equal(w->asked_n, 3);
	assert_int_equal(known(w, &w->second, t), TLS_OCSP_ABSENT);
	assert_int_equal(w->asked_n, 4);
	tally = tls_ocsp_tally(w->store, 7);
	assert_true(tally->answers == 1 && tally->failures == 1 && tally->open == 2);
	assert_true(tally->answered_s >= t && tally->failed_s == t + 102);
	assert_string_equal(tally->why, "no");
	assert_null(tls_ocsp_tally(w->store, 8));
	tls_ocsp_look(&v, w->store, 8, w->leaf.x, w->root.x, t); /* what another responder said is another matter */
	assert_int_equal(v.known, TLS_OCSP_ABSENT);
	tls_ocsp_free(w->store);
}

/* A clock that was ahead and is set right: questions that were due are not put off until it is there again. */
static void a_clock_that_goes_back_stops_no_questions(void **state)
{
	struct world *w = *state;
	uint64_t t = now(), ahead = t + 86400;
	struct tls_ocsp_view v;

	open_store(w, (struct tls_ocsp_conf){ 0 });
	tls_ocsp_look(&v, w->store, 7, w->leaf.x, w->root.x, ahead);
	tls_ocsp_failed(w->store, w->asked[0].number, "no", ahead);
	assert_int_equal(known(w, &w->leaf, t), TLS_OCSP_ABSENT);
	assert_int_equal(w->asked_n, 1);
	assert_int_equal(known(w, &w->leaf, t + 10), TLS_OCSP_ABSENT); /* ocsp.retry from now */
	assert_int_equal(w->asked_n, 2);
	assert_int_equal(answer(w, 1, &(struct said){ .next_s = 200000 }), 0);
	assert_true(tls_ocsp_tally(w->store, 7)->failed_s <= tls_ocsp_tally(w->store, 7)->answered_s);
	assert_int_equal(known(w, &w->leaf, t - 90000), TLS_OCSP_FRESH);
	assert_int_equal(w->asked_n, 2);
	assert_int_equal(known(w, &w->leaf, t - 90000 + 101), TLS_OCSP_FRESH); /* ocsp.refresh from then */
	assert_int_equal(w->asked_n, 3);
	tls_ocsp_free(w->store);
}

static void asks_before_the_end(void **state)
{
	struct world *w = *state;
	struct tls_ocsp_view v;
	uint64_t t = now();

	open_store(w, (struct tls_ocsp_conf){ 0 });
	assert_int_equal(known(w, &w->leaf, t), TLS_OCSP_ABSENT);
	assert_int_equal(answer(w, 0, &(struct said){ .next_s = 40 }), 0);
	tls_ocsp_look(&v, w->store, 7, w->leaf.x, w->root.x, t + 20);
	assert_int_equal(w->asked_n, 1);
	assert_in_range(v.ask_at_s, t + 29, t + 32); /* three quarters, and not ocsp.refresh */
	tls_ocsp_free(w->store);
}

static void an_old_good_does_not_beat_revoked(void **state)
{
	struct world *w = *state;
	uint64_t t = now();

	open_store(w, (struct tls_ocsp_conf){ 0 });
	assert_int_equal(known(w, &w->leaf, t), TLS_OCSP_ABSENT);
	assert_int_equal(answer(w, 0, &(struct said){ .status = V_OCSP_CERTSTATUS_REVOKED, .this_s = -100, .next_s = 1000 }), 0);
	assert_int_equal(w->listed_n, 1);
	assert_int_equal(known(w, &w->leaf, t + 200), TLS_OCSP_LISTED);
	assert_int_equal(answer(w, 1, &(struct said){ .this_s = -101, .next_s = 1000 }), ERR_AUTH); /* sent again by somebody */
	assert_string_equal(w->why, "it is older than the one that is known");
	assert_int_equal(known(w, &w->leaf, t + 220), TLS_OCSP_LISTED);
	assert_int_equal(answer(w, 2, &(struct said){ .this_s = -100, .next_s = 1000 }), ERR_AUTH); /* of the same second */
	assert_int_equal(known(w, &w->leaf, t + 1000000), TLS_OCSP_LISTED);                 /* its end makes it no better */
	assert_int_equal(answer(w, 3, &(struct said){ .this_s = -99, .next_s = 1000 }), 0); /* a hold that was lifted */
	assert_int_equal(known(w, &w->leaf, t), TLS_OCSP_FRESH);
	tls_ocsp_free(w->store);
}

#define REVOKED V_OCSP_CERTSTATUS_REVOKED

/* One edge was told, and another one, or one of a later process, is sent the `good` of before. */
static void what_another_store_was_told_holds(void **state)
{
	struct world *w = *state;
	struct tls_ocsp_said told;
	uint8_t octets[TLS_OCSP_SAID_MAX];
	struct tls_ocsp_view v;
	uint64_t t = now();

	open_store(w, (struct tls_ocsp_conf){ 0 });
	assert_int_equal(known(w, &w->leaf, t), TLS_OCSP_ABSENT);
	assert_int_equal(answer(w, 0, &(struct said){ .this_s = -100, .next_s = 1000 }), 0);
	assert_int_equal(w->said_n, 0); /* `good` is nobody else's matter */
	assert_int_equal(known(w, &w->leaf, t + 101), TLS_OCSP_FRESH);
	assert_int_equal(answer(w, 1, &(struct said){ .status = REVOKED, .this_s = -50, .next_s = 1 }), 0);
	assert_int_equal(w->said_n, 1);
	assert_in_range(w->said.this_s, t - 50, t - 48);
	told = w->said;
	memcpy(octets, told.response, told.len);
	told.response = octets;
	tls_ocsp_spread_again(w->store);
	assert_int_equal(w->said_n, 2);
	tls_ocsp_free(w->store);

	open_store(w, (struct tls_ocsp_conf){ 0 });
	tls_ocsp_learn(w->store, &told, t + 500); /* long after its nextUpdate */
	assert_int_equal(w->answered_n, 0);       /* nobody looks at it yet */
	tls_ocsp_look(&v, w->store, 7, w->leaf.x, w->root.x, t + 500);
	assert_int_equal(v.known, TLS_OCSP_LISTED);
	assert_int_equal(v.fact.reason, OCSP_REVOKED_STATUS_KEYCOMPROMISE);
	assert_int_equal(known(w, &w->second, t), TLS_OCSP_ABSENT);
	assert_int_equal(w->asked_n, 2); /* and its own responder is asked about both */
	assert_int_equal(answer(w, 0, &(struct said){ .this_s = -100, .next_s = 1000 }), ERR_AUTH);
	assert_string_equal(w->why, "it is older than the one that is known");
	assert_int_equal(known(w, &w->leaf, t + 1000), TLS_OCSP_LISTED);
	tls_ocsp_spread_again(w->store);
	assert_int_equal(w->said_n, 0); /* it is not this store that found it */
	assert_int_equal(answer(w, w->asked_n - 1, &(struct said){ .this_s = -1, .next_s = 2000 }), 0);
	assert_int_equal(known(w, &w->leaf, t), TLS_OCSP_FRESH); /* the CA took it back */
	assert_int_equal(w->said_n, 1);                          /* which others should know, too */
	tls_ocsp_learn(w->store, &told, t);
	assert_int_equal(known(w, &w->leaf, t), TLS_OCSP_FRESH); /* and the old one does not come back */
	tls_ocsp_free(w->store);

	open_store(w, (struct tls_ocsp_conf){ 0 }); /* an open session is looked at at once */
	assert_int_equal(known(w, &w->leaf, t), TLS_OCSP_ABSENT);
	assert_int_equal(answer(w, 0, &(struct said){ .this_s = -100, .next_s = 1000 }), 0);
	tls_ocsp_learn(w->store, &told, t);
	assert_int_equal(w->answered_n, 2);
	assert_int_equal(w->listed_n, 1);
	assert_int_equal(known(w, &w->leaf, t), TLS_OCSP_LISTED);
	tls_ocsp_learn(w->store, &told, t); /* its echo */
	assert_int_equal(w->answered_n, 2);
	tls_ocsp_free(w->store);
}

/* Another edge may be in other hands, and the journal is a file. */
static void what_another_store_says_is_judged(void **state)
{
	static const struct said lies[] = { { .status = REVOKED, .this_s = -50, .next_s = 900, .no_cert = true } };
	struct world *w = *state;
	uint8_t octets[TLS_OCSP_ANSWER_MAX];
	struct said of_other = lies[0], of_second = lies[0];
	struct tls_ocsp_said said = { .this_s = 0 };
	uint64_t t = now();

	open_store(w, (struct tls_ocsp_conf){ 0 });
	assert_int_equal(known(w, &w->leaf, t), TLS_OCSP_ABSENT);
	assert_int_equal(answer(w, 0, &(struct said){ .status = REVOKED, .this_s = -40, .next_s = 900 }), 0);
	said = w->said; /* the key of the leaf */
	tls_ocsp_free(w->store);
	of_other.signer = &w->other;
	of_second.about = &w->second;
	for (int i = 0; i < 6; i++) {
		size_t n = respond(octets, w, i == 0 ? &of_other : i == 1 ? &of_second : &lies[0]);
		struct tls_ocsp_said lie = { .this_s = t - 50, .response = octets, .len = n };

		memcpy(lie.key, said.key, sizeof lie.key);
		octets[n - 1] ^= i == 2;
		lie.this_s += i == 3 ? 20 : i == 4 ? 400 : 0;
		lie.len = i == 5 ? 3 : n;
		open_store(w, (struct tls_ocsp_conf){ 0 });
		tls_ocsp_learn(w->store, &lie, t);
		assert_int_equal(known(w, &w->leaf, t), TLS_OCSP_ABSENT);
		assert_int_equal(answer(w, 0, &(struct said){ .this_s = -100, .next_s = 1000 }), 0);
		tls_ocsp_free(w->store);
	}
}

static void known_answers_have_a_bound(void **state)
{
	struct world *w = *state;
	struct tls_ocsp_said said = { .this_s = 5, .response = (const uint8_t *)"x", .len = 1 };

	open_store(w, (struct tls_ocsp_conf){ .known_max = 2 });
	for (unsigned i = 0; i < 200; i++) {
		said.key[0] = (uint8_t)i;
		tls_ocsp_learn(w->store, &said, 10);
	}
	assert_int_equal(w->store->knowns.by_key.n, 2);
	assert_non_null(tls_ocsp_known_find(&w->store->knowns, said.key));
	said.len = TLS_OCSP_SAID_MAX + 1;
	said.this_s++;
	tls_ocsp_learn(w->store, &said, 10);
	assert_int_equal(tls_ocsp_known_find(&w->store->knowns, said.key)->said.this_s, 5);
	tls_ocsp_free(w->store);
}

static void a_bad_answer_changes_nothing(void **state)
{
	struct world *w = *state;
	uint64_t t = now();
	struct tls_ocsp_view v;

	open_store(w, (struct tls_ocsp_conf){ 0 });
	assert_int_equal(known(w, &w->leaf, t), TLS_OCSP_ABSENT);
	assert_int_equal(answer(w, 0, &(struct said){ .next_s = 1000 }), 0);
	assert_int_equal(known(w, &w->leaf, t + 200), TLS_OCSP_FRESH);
	assert_int_equal(answer(w, 1, &(struct said){ .status = V_OCSP_CERTSTATUS_REVOKED, .next_s = 1000, .signer = &w->other }),
			 ERR_AUTH);
	assert_int_equal(w->answered_n, 2);
	assert_int_equal(w->listed_n, 0);
	tls_ocsp_look(&v, w->store, 7, w->leaf.x, w->root.x, t);
	assert_int_equal(v.known, TLS_OCSP_FRESH);
	assert_non_null(strstr(v.why, "neither the CA")); /* said when it is out of date */
	tls_ocsp_free(w->store);
}

static void a_nonce_is_repeated(void **state)
{
	struct world *w = *state;
	uint64_t t = now();

	open_store(w, (struct tls_ocsp_conf){ .nonce = true });
	assert_int_equal(known(w, &w->leaf, t), TLS_OCSP_ABSENT);
	assert_int_equal(known(w, &w->second, t), TLS_OCSP_ABSENT);
	assert_int_equal(answer(w, 0, &(struct said){ .next_s = 1000 }), ERR_AUTH);
	assert_non_null(strstr(w->why, "nonce"));
	assert_int_equal(answer(w, 1, &(struct said){ .about = &w->second, .next_s = 1000, .nonce = &w->asked[0] }), ERR_AUTH);
	assert_int_equal(known(w, &w->leaf, t + 60), TLS_OCSP_ABSENT);
	assert_int_equal(answer(w, 2, &(struct said){ .next_s = 1000, .nonce = &w->asked[2] }), 0);
	assert_int_equal(known(w, &w->leaf, t), TLS_OCSP_FRESH);
	tls_ocsp_free(w->store);
}

static void has_bounds(void **state)
{
	struct world *w = *state;
	uint64_t t = now();
	struct tls_ocsp_counts n;

	open_store(w, (struct tls_ocsp_conf){ .entries_max = 2, .asked_max = 1 });
	assert_int_equal(known(w, &w->leaf, t), TLS_OCSP_ABSENT);
	assert_int_equal(known(w, &w->second, t), TLS_OCSP_ABSENT);
	assert_int_equal(w->asked_n, 1); /* the second waits for its turn */
	assert_int_equal(known(w, &w->no_eku, t), TLS_OCSP_ABSENT);
	n = tls_ocsp_counts(w->store);
	assert_int_equal(n.kept, 2);
	assert_int_equal(n.waiting, 1);
	assert_int_equal(n.unplaced, 1); /* what is asked is not given up */
	assert_int_equal(answer(w, 0, &(struct said){ .status = V_OCSP_CERTSTATUS_REVOKED, .next_s = 1000 }), 0);
	assert_int_equal(w->asked_n, 2);
	assert_int_equal(answer(w, 1, &(struct said){ .about = &w->second, .next_s = 1000 }), 0);
	assert_int_equal(known(w, &w->no_eku, t),
			 TLS_OCSP_ABSENT); /* takes the place of the good one, not of the older revoked */
	assert_int_equal(w->asked_n, 3);
	assert_int_equal(known(w, &w->leaf, t), TLS_OCSP_LISTED);
	tls_ocsp_free(w->store);
}

static void a_fetcher_that_goes_and_comes(void **state)
{
	struct world *w = *state;
	uint64_t t = now();

	open_store(w, (struct tls_ocsp_conf){ 0 });
	w->full = true;
	assert_int_equal(known(w, &w->leaf, t), TLS_OCSP_ABSENT);
	assert_int_equal(w->asked_n, 0);
	w->full = false;
	tls_ocsp_go(w->store, t);
	assert_int_equal(w->asked_n, 1);
	tls_ocsp_lost(w->store, "gone", t);
	assert_int_equal(w->answered_n, 1);
	assert_int_equal(w->answered_number, w->asked[0].number);
	assert_int_equal(tls_ocsp_counts(w->store).asked, 0);
	assert_int_equal(known(w, &w->leaf, t + 9), TLS_OCSP_ABSENT);
	assert_int_equal(w->asked_n, 1);
	assert_int_equal(known(w, &w->leaf, t + 10), TLS_OCSP_ABSENT);
	assert_int_equal(w->asked_n, 2);
	tls_ocsp_free(w->store);
}

static void ours_is_kept_whole(void **state)
{
	struct world *w = *state;
	uint64_t t = now();
	struct tls_ocsp_view v;
	const uint8_t *response;
	size_t len;

	open_store(w, (struct tls_ocsp_conf){ 0 });
	tls_ocsp_own(&v, w->store, 7, w->leaf.x, w->root.x, t, &response, &len);
	assert_null(response);
	assert_int_equal(answer(w, 0, &(struct said){ .next_s = 1000 }), 0);
	tls_ocsp_own(&v, w->store, 7, w->leaf.x, w->root.x, t + 50, &response, &len);
	assert_non_null(response);
	assert_true(len > 100);
	tls_ocsp_own(&v, w->store, 7, w->leaf.x, w->root.x, t + 1002, &response, &len);
	assert_null(response); /* out of date */
	assert_int_equal(answer(w, 1, &(struct said){ .status = V_OCSP_CERTSTATUS_REVOKED, .next_s = 1000 }), 0);
	tls_ocsp_own(&v, w->store, 7, w->leaf.x, w->root.x, t, &response, &len);
	assert_null(response); /* it is no use to say that */
	tls_ocsp_free(w->store);
}

/* -- with CRLs */

static void either_revokes_and_either_covers(void **state)
{
	struct world *w = *state;
	STACK_OF(X509) *chain = sk_X509_new_null();
	struct tls_anchor_conf conf = { .name = "anchor-a", .file = w->root.cert_file };
	struct tls_anchor a;
	struct tls_revocation r;
	uint64_t t = now();
	char why[512];

	assert_true(sk_X509_push(chain, w->leaf_of_sub.x) && sk_X509_push(chain, w->sub.x) && sk_X509_push(chain, w->root.x));
	open_store(w, (struct tls_ocsp_conf){ 0 });
	conf.ocsp = w->store;
	conf.responder = 7;
	conf.ocsp_chain = true;
	assert_int_equal(tls_anchor_load(&a, &conf, why, sizeof why), 0);
	tls_revocation_judge(&r, &a, chain, t);
	assert_int_equal(r.state, REVOCATION_ABSENT);
	assert_int_equal(w->asked_n, 2); /* the leaf and the CA below the anchor, and not the anchor */
	assert_int_equal(r.wait_for, w->asked[0].number);
	assert_int_equal(
	    answer(w, 0, &(struct said){ .about = &w->leaf_of_sub, .issuer = &w->sub, .signer = &w->sub, .next_s = 1000 }), 0);
	tls_revocation_judge(&r, &a, chain, t);
	assert_int_equal(r.state, REVOCATION_ABSENT);
	assert_int_equal(r.wait_for, w->asked[1].number);
	assert_int_equal(answer(w, 1, &(struct said){ .about = &w->sub, .next_s = 500 }), 0);
	tls_revocation_judge(&r, &a, chain, t);
	assert_int_equal(r.state, REVOCATION_GOOD);
	assert_int_equal(r.wait_for, 0);
	assert_in_range(r.fresh_until_s, t + 499, t + 501); /* the earlier end */
	assert_in_range(r.ask_at_s, t + 99, t + 101);
	tls_revocation_judge(&r, &a, chain, t + 600);
	assert_int_equal(r.state, REVOCATION_STALE);
	assert_non_null(strstr(r.words, "the OCSP answer about the certificate of"));
	assert_int_equal(
	    answer(w, 2,
		   &(struct said){ .about = &w->leaf_of_sub, .issuer = &w->sub, .signer = &w->sub, .this_s = 1, .next_s = 900 }),
	    0);
	assert_int_equal(
	    answer(w, 3, &(struct said){ .about = &w->sub, .status = V_OCSP_CERTSTATUS_REVOKED, .this_s = 1, .next_s = 900 }), 0);
	assert_int_equal(tls_ocsp_tally(w->store, 7)->revoked, 1);
	assert_int_equal(tls_ocsp_tally(w->store, 7)->denied[0].at_s, 0); /* nobody has shown it since */
	tls_revocation_judge(&r, &a, chain, t);
	assert_true(r.listed);
	assert_non_null(strstr(r.words, "says the OCSP responder of trust anchor 'anchor-a'"));
	assert_string_equal(tls_ocsp_tally(w->store, 7)->denied[0].name, "scs.example"); /* that of the leaf below it */
	assert_true(tls_ocsp_tally(w->store, 7)->denied[0].at_s == t && !tls_ocsp_tally(w->store, 7)->denied[0].unknown);
	a.ocsp_chain = false; /* not asked about the CA: and it has no CRL */
	tls_revocation_judge(&r, &a, chain, t);
	assert_false(r.listed);
	assert_int_equal(r.state, REVOCATION_GOOD);
	tls_anchor_fini(&a);
	sk_X509_free(chain);
	tls_ocsp_free(w->store);
}

static void shown(struct world *w, const char *san, enum tls_ocsp_status status, uint64_t at_s)
{
	struct pki_cert c = pki_make(&w->pki, &(struct pki_spec){ .cn = "scs", .san = san, .eku = "clientAuth" }, &w->root);

	tls_ocsp_deny(w->store, 7, c.x, &(struct tls_ocsp_fact){ .status = status }, at_s);
	pki_free(&c);
}

static void who_is_denied_is_remembered_within_a_bound(void **state)
{
	struct world *w = *state;
	const struct tls_ocsp_denied *d;

	open_store(w, (struct tls_ocsp_conf){ 0 });
	d = tls_ocsp_tally(w->store, 7)->denied;
	shown(w, "URI:urn:mtc:group:a", TLS_OCSP_REVOKED, 1); /* no name: nothing is noted */
	shown(w, "DNS:*.example", TLS_OCSP_REVOKED, 1);       /* no host name either */
	assert_int_equal(d[0].at_s, 0);
	shown(w, "DNS:_x.example,DNS:A.example", TLS_OCSP_UNKNOWN, 10);
	assert_string_equal(d[0].name, "a.example");
	assert_true(d[0].unknown && d[0].at_s == 10);
	shown(w, "DNS:a.example", TLS_OCSP_REVOKED, 11);
	assert_true(!d[0].unknown && d[0].at_s == 11 && !d[1].at_s);
	shown(w, "DNS:b.example", TLS_OCSP_REVOKED, 12);
	shown(w, "DNS:c.example", TLS_OCSP_REVOKED, 13);
	shown(w, "DNS:d.example", TLS_OCSP_REVOKED, 14);
	shown(w, "DNS:a.example", TLS_OCSP_REVOKED, 15);
	shown(w, "DNS:e.example", TLS_OCSP_REVOKED, 16); /* in place of b */
	assert_string_equal(d[0].name, "a.example");
	assert_string_equal(d[1].name, "e.example");
	assert_string_equal(d[2].name, "c.example");
	tls_ocsp_deny(w->store, TLS_OCSP_NOBODY, w->leaf.x, &(struct tls_ocsp_fact){ .status = TLS_OCSP_REVOKED }, 17);
	tls_ocsp_free(w->store);
}

static void crl_world(struct world *w, struct tls_anchor *a, const struct pki_crl_spec *spec)
{
	X509_CRL *crl = pki_crl(&w->root, w->root.key, spec);
	unsigned char *p = NULL;
	int n = i2d_X509_CRL(crl, &p);
	struct tls_crl_file file = { "a.crl", { (char *)p, (size_t)n } };
	struct tls_anchor_conf conf = {
		.name = "anchor-a", .file = w->root.cert_file, .crls = &file, .crls_n = 1, .ocsp = w->store, .responder = 7
	};
	char why[512];

	assert_true(n > 0);
	if (tls_anchor_load(a, &conf, why, sizeof why)) {
		fail_msg("%s", why);
	}
	OPENSSL_free(p);
	X509_CRL_free(crl);
}

static void a_crl_covers_for_a_responder(void **state)
{
	struct world *w = *state;
	STACK_OF(X509) *chain = sk_X509_new_null();
	struct tls_anchor a;
	struct tls_revocation r;
	uint64_t t = now();

	assert_true(sk_X509_push(chain, w->leaf.x) && sk_X509_push(chain, w->root.x));
	open_store(w, (struct tls_ocsp_conf){ 0 });
	crl_world(w, &a, &(struct pki_crl_spec){ .number = "1", .to_s = 700 });
	tls_revocation_judge(&r, &a, chain, t);
	assert_int_equal(r.state, REVOCATION_GOOD); /* by the CRL */
	assert_int_equal(w->asked_n, 1);
	assert_int_equal(r.wait_for, w->asked[0].number); /* and still it is worth waiting */
	tls_ocsp_failed(w->store, w->asked[0].number, "no", t);
	tls_revocation_judge(&r, &a, chain, t + 5);
	assert_int_equal(r.wait_for, 0);
	tls_revocation_judge(&r, &a, chain, t + 701);
	assert_int_equal(r.state, REVOCATION_ABSENT);
	assert_int_equal(answer(w, 1, &(struct said){ .next_s = 900 }), 0);
	tls_revocation_judge(&r, &a, chain, t + 701);
	assert_int_equal(r.state, REVOCATION_GOOD); /* by the responder */
	tls_revocation_judge(&r, &a, chain, t + 1000);
	assert_int_equal(r.state, REVOCATION_STALE);
	assert_int_equal(answer(w, 2, &(struct said){ .status = V_OCSP_CERTSTATUS_REVOKED, .this_s = 1, .next_s = 900 }), 0);
	tls_revocation_judge(&r, &a, chain, t);
	assert_true(r.listed); /* though the CRL does not say so yet */
	tls_anchor_fini(&a);
	crl_world(w, &a, &(struct pki_crl_spec){ .number = "1", .lists = { &w->leaf } });
	assert_int_equal(answer(w, w->asked_n - 1, &(struct said){ .this_s = 2, .next_s = 900 }), ERR_NOTFOUND);
	tls_revocation_judge(&r, &a, chain, t + 200);
	assert_true(r.listed);
	assert_non_null(strstr(r.words, "says CRL 0x1"));
	tls_anchor_fini(&a);
	sk_X509_free(chain);
	tls_ocsp_free(w->store);
}

TEST_GROUP()
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(believes_the_ca_and_its_delegate, setup, teardown),
		cmocka_unit_test_setup_teardown(believes_nobody_else, setup, teardown),
		cmocka_unit_test_setup_teardown(every_octet_counts, setup, teardown),
		cmocka_unit_test_setup_teardown(keeps_answers_and_asks_in_time, setup, teardown),
		cmocka_unit_test_setup_teardown(a_clock_that_goes_back_stops_no_questions, setup, teardown),
		cmocka_unit_test_setup_teardown(asks_before_the_end, setup, teardown),
		cmocka_unit_test_setup_teardown(an_old_good_does_not_beat_revoked, setup, teardown),
		cmocka_unit_test_setup_teardown(what_another_store_was_told_holds, setup, teardown),
		cmocka_unit_test_setup_teardown(what_another_store_says_is_judged, setup, teardown),
		cmocka_unit_test_setup_teardown(known_answers_have_a_bound, setup, teardown),
		cmocka_unit_test_setup_teardown(a_bad_answer_changes_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(a_nonce_is_repeated, setup, teardown),
		cmocka_unit_test_setup_teardown(has_bounds, setup, teardown),
		cmocka_unit_test_setup_teardown(a_fetcher_that_goes_and_comes, setup, teardown),
		cmocka_unit_test_setup_teardown(ours_is_kept_whole, setup, teardown),
		cmocka_unit_test_setup_teardown(either_revokes_and_either_covers, setup, teardown),
		cmocka_unit_test_setup_teardown(who_is_denied_is_remembered_within_a_bound, setup, teardown),
		cmocka_unit_test_setup_teardown(a_crl_covers_for_a_responder, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
