/* tls_ocsp.c - the store of OCSP answers: its entries, and the questions. See tls_ocsp.h and
 * tls_ocsp_store.h. */
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "tls/tls_ocsp_store.h"

#define GIVE_UP_LOOKS 32u /* entries that are looked at for one that can be given up */

/* -- entries */

static void entry_free(struct tls_ocsp_entry *e)
{
	OCSP_CERTID_free(e->id);
	OCSP_REQUEST_free(e->request);
	X509_free(e->issuer);
	free(e->response);
	free(e);
}

static void drop(struct tls_ocsp *o, struct tls_ocsp_entry *e)
{
	map_del(&o->by_key, &e->by_key);
	map_del(&o->by_number, &e->by_number);
	TAILQ_REMOVE(&o->recent, e, recent);
	o->kept--;
	entry_free(e);
}

bool tls_ocsp_is_listed(const struct tls_ocsp_entry *e)
{
	return e->have && e->fact.status != TLS_OCSP_GOOD;
}

/* Gives up what nobody has looked at for longest; what is revoked only when there is nothing else,
 * because it is what an older answer must not beat. */
static bool make_room(struct tls_ocsp *o)
{
	struct tls_ocsp_entry *e = TAILQ_LAST(&o->recent, tls_ocsp_entries), *listed = NULL;

	if (o->kept < o->conf.entries_max) {
		return true;
	}
	for (unsigned n = 0; e && n < GIVE_UP_LOOKS; n++, e = TAILQ_PREV(e, tls_ocsp_entries, recent)) {
		if (e->turn == TLS_OCSP_IDLE && !e->own && !tls_ocsp_is_listed(e)) {
			drop(o, e);
			return true;
		}
		listed = !listed && e->turn == TLS_OCSP_IDLE && !e->own ? e : listed;
	}
	if (listed) {
		drop(o, listed);
	}
	return listed != NULL;
}

/* Of the CA (name and key) and the serial number, in an order that never changes: other stores have
 * it, too. False: no memory. */
static bool key_of(uint8_t key[TLS_OCSP_KEY_LEN], struct tls_ocsp *o, X509 *cert, X509 *issuer)
{
	const ASN1_BIT_STRING *bits = X509_get0_pubkey_bitstr(issuer);
	const ASN1_INTEGER *serial = X509_get0_serialNumber(cert);
	const unsigned char *name = NULL;
	size_t name_len = 0;

	return bits && serial && X509_NAME_get0_der(X509_get_issuer_name(cert), &name, &name_len) == 1 &&
	       EVP_DigestInit_ex(o->hash, EVP_sha256(), NULL) == 1 &&
	       EVP_DigestUpdate(o->hash, &name_len, sizeof name_len) == 1 && EVP_DigestUpdate(o->hash, name, name_len) == 1 &&
	       EVP_DigestUpdate(o->hash, &bits->length, sizeof bits->length) == 1 &&
	       EVP_DigestUpdate(o->hash, bits->data, (size_t)bits->length) == 1 &&
	       EVP_DigestUpdate(o->hash, serial->data, (size_t)serial->length) == 1 &&
	       EVP_DigestFinal_ex(o->hash, key, NULL) == 1;
}

static struct tls_ocsp_entry *entry_new(struct tls_ocsp *o, const struct tls_ocsp_key *key, X509 *cert, X509 *issuer)
{
	struct tls_ocsp_entry *e = make_room(o) ? calloc(1, sizeof *e) : NULL;

	if (!e) {
		return NULL;
	}
	/* SHA-1 names the CA here, as every responder has to understand (RFC 5019 2.1.1). It proves
	 * nothing: the signature does. */
	e->id = OCSP_cert_to_id(EVP_sha1(), cert, issuer);
	if (!e->id || !X509_up_ref(issuer)) {
		entry_free(e);
		return NULL;
	}
	e->issuer = issuer;
	e->key = *key;
	do {
		e->number = o->number_next++;
	} while (!e->number || map_find(&o->by_number, &e->number, sizeof e->number));
	map_add(&o->by_key, &e->by_key, &e->key, sizeof e->key);
	map_add(&o->by_number, &e->by_number, &e->number, sizeof e->number);
	TAILQ_INSERT_HEAD(&o->recent, e, recent);
	o->kept++;
	tls_ocsp_learn_of(o, e);
	return e;
}

/* The entry for a certificate, made if need be. NULL: there is no room. */
static struct tls_ocsp_entry *entry_of(struct tls_ocsp *o, uint32_t responder, X509 *cert, X509 *issuer)
{
	struct tls_ocsp_key key = { .responder = responder };
	struct tls_ocsp_entry *e = NULL;

	if (key_of(key.certificate, o, cert, issuer)) {
		e = MAP_OF(map_find(&o->by_key, &key, sizeof key), struct tls_ocsp_entry, by_key);
		if (!e) {
			e = entry_new(o, &key, cert, issuer);
		}
	}
	if (!e) {
		o->unplaced++;
		ERR_clear_error();
		return NULL;
	}
	TAILQ_REMOVE(&o->recent, e, recent);
	TAILQ_INSERT_HEAD(&o->recent, e, recent);
	return e;
}

/* -- questions */

struct tls_ocsp_tally *tls_ocsp_tally_of(struct tls_ocsp *o, const struct tls_ocsp_entry *e)
{
	return e->key.responder < o->conf.responders_n ? &o->tallies[e->key.responder] : NULL;
}

void tls_ocsp_set_turn(struct tls_ocsp *o, struct tls_ocsp_entry *e, enum tls_ocsp_turn turn)
{
	struct tls_ocsp_tally *t = tls_ocsp_tally_of(o, e);

	if (t) {
		t->open += (turn != TLS_OCSP_IDLE) - (e->turn != TLS_OCSP_IDLE);
	}
	if (e->turn != TLS_OCSP_IDLE) {
		TAILQ_REMOVE(e->turn == TLS_OCSP_WAITING ? &o->waiting : &o->asked, e, queue);
		*(e->turn == TLS_OCSP_WAITING ? &o->waiting_n : &o->asked_n) -= 1;
	}
	if (turn != TLS_OCSP_IDLE) {
		TAILQ_INSERT_TAIL(turn == TLS_OCSP_WAITING ? &o->waiting : &o->asked, e, queue);
		*(turn == TLS_OCSP_WAITING ? &o->waiting_n : &o->asked_n) += 1;
	}
	e->turn = turn;
	if (turn != TLS_OCSP_ASKED) {
		OCSP_REQUEST_free(e->request);
		e->request = NULL;
	}
}

void tls_ocsp_note_failure(struct tls_ocsp *o, struct tls_ocsp_entry *e, const char *why, uint64_t now_s)
{
	struct tls_ocsp_tally *t = tls_ocsp_tally_of(o, e);

	e->failed_s = now_s ? now_s : 1;
	str_cut(e->why, sizeof e->why, why);
	if (t) {
		t->failures++;
		t->failed_s = e->failed_s;
		t->answered_s = t->answered_s > t->failed_s ? t->failed_s : t->answered_s;
		str_cut(t->why, sizeof t->why, why);
	}
}

/* Octets of the request, 0: it cannot be made. *kept is needed to check the nonce. */
static size_t make_request(uint8_t out[TLS_OCSP_QUESTION_MAX], OCSP_REQUEST **kept, const struct tls_ocsp *o,
			   const struct tls_ocsp_entry *e)
{
	OCSP_REQUEST *r = OCSP_REQUEST_new();
	OCSP_CERTID *id = OCSP_CERTID_dup(e->id);
	unsigned char *p = out;
	int len = 0;

	if (!r || !id || !OCSP_request_add0_id(r, id)) {
		OCSP_CERTID_free(id);
		OCSP_REQUEST_free(r);
		return 0;
	}
	if (!o->conf.nonce || OCSP_request_add1_nonce(r, NULL, -1) == 1) {
		len = i2d_OCSP_REQUEST(r, NULL);
	}
	len = len > 0 && (size_t)len <= TLS_OCSP_QUESTION_MAX ? i2d_OCSP_REQUEST(r, &p) : 0;
	if (len > 0 && o->conf.nonce) {
		*kept = r;
	} else {
		OCSP_REQUEST_free(r);
	}
	return len > 0 ? (size_t)len : 0;
}

void tls_ocsp_ask_next(struct tls_ocsp *o, uint64_t now_s)
{
	uint8_t request[TLS_OCSP_QUESTION_MAX];
	struct tls_ocsp_entry *e;

	while (o->asked_n < o->conf.asked_max && (e = TAILQ_FIRST(&o->waiting))) {
		OCSP_REQUEST *kept = NULL;
		size_t len = make_request(request, &kept, o, e);
		int err = len ? o->conf.ask(o->conf.arg, e->key.responder, e->number, request, len) : ERR_NOMEM;

		if (err == ERR_BUSY) {
			OCSP_REQUEST_free(kept);
			return;
		}
		tls_ocsp_set_turn(o, e, err ? TLS_OCSP_IDLE : TLS_OCSP_ASKED);
		if (err) { /* who waits for it has a time limit */
			OCSP_REQUEST_free(kept);
			tls_ocsp_note_failure(o, e, "the responder cannot be asked", now_s);
			ERR_clear_error();
		} else {
			e->request = kept;
		}
	}
}

/* Before an answer ends, so that the next one is there in time. */
static uint64_t ask_at(const struct tls_ocsp *o, const struct tls_ocsp_entry *e)
{
	uint64_t retry = e->failed_s ? e->failed_s + o->conf.retry_s : 0, at = 0, life;

	if (e->have) {
		life = e->fact.until_s > e->answered_s ? e->fact.until_s - e->answered_s : 0;
		life = life / 4 * 3 + 1;
		at = e->answered_s + (life < o->conf.refresh_s ? life : o->conf.refresh_s);
	}
	return at > retry ? at : retry;
}

/* The clock was set back: times that are ahead of it count from now, or nothing would be asked
 * until it is there again. */
static void look_at_clock(struct tls_ocsp_entry *e, uint64_t now_s)
{
	e->answered_s = e->answered_s > now_s ? now_s : e->answered_s;
	e->failed_s = e->failed_s > now_s && now_s ? now_s : e->failed_s;
}

static enum tls_ocsp_known known_of(const struct tls_ocsp_entry *e, uint64_t now_s)
{
	return !e->have                  ? TLS_OCSP_ABSENT
	       : tls_ocsp_is_listed(e)   ? TLS_OCSP_LISTED
	       : now_s > e->fact.until_s ? TLS_OCSP_STALE
					 : TLS_OCSP_FRESH;
}

static struct tls_ocsp_entry *look(struct tls_ocsp_view *out, struct tls_ocsp *o, uint32_t responder, X509 *cert, X509 *issuer,
				   uint64_t now_s)
{
	struct tls_ocsp_entry *e = entry_of(o, responder, cert, issuer);

	if (!e) {
		*out = (struct tls_ocsp_view){ .known = TLS_OCSP_ABSENT, .ask_at_s = now_s + o->conf.retry_s };
		out->why = "there is no room for it (ocsp.entries)";
		return NULL;
	}
	look_at_clock(e, now_s);
	if (e->turn == TLS_OCSP_IDLE && now_s >= ask_at(o, e)) {
		tls_ocsp_set_turn(o, e, TLS_OCSP_WAITING);
		tls_ocsp_ask_next(o, now_s);
	}
	*out = (struct tls_ocsp_view){ .known = known_of(e, now_s),
				       .fact = e->fact,
				       .number = e->turn == TLS_OCSP_IDLE ? 0 : e->number,
				       .ask_at_s = e->turn == TLS_OCSP_IDLE ? ask_at(o, e) : now_s + o->conf.refresh_s,
				       .why = e->failed_s                ? e->why
					      : e->turn != TLS_OCSP_IDLE ? "it has not come yet"
									 : "" };
	return e;
}

void tls_ocsp_look(struct tls_ocsp_view *out, struct tls_ocsp *o, uint32_t responder, X509 *cert, X509 *issuer, uint64_t now_s)
{
	OBJ_CHECK(o, TLS_OCSP_MAGIC);
	(void)look(out, o, responder, cert, issuer, now_s);
}

void tls_ocsp_own(struct tls_ocsp_view *out, struct tls_ocsp *o, uint32_t responder, X509 *cert, X509 *issuer, uint64_t now_s,
		  const uint8_t **response, size_t *len)
{
	struct tls_ocsp_entry *e;

	OBJ_CHECK(o, TLS_OCSP_MAGIC);
	*response = NULL;
	*len = 0;
	e = look(out, o, responder, cert, issuer, now_s);
	if (e) {
		e->own = true;
	}
	if (e && out->known == TLS_OCSP_FRESH && e->response) {
		*response = e->response;
		*len = e->response_len;
	}
}

/* -- the store */

const struct tls_ocsp_tally *tls_ocsp_tally(const struct tls_ocsp *o, uint32_t responder)
{
	OBJ_CHECK(o, TLS_OCSP_MAGIC);
	return responder < o->conf.responders_n ? &o->tallies[responder] : NULL;
}

struct tls_ocsp_counts tls_ocsp_counts(const struct tls_ocsp *o)
{
	OBJ_CHECK(o, TLS_OCSP_MAGIC);
	return (struct tls_ocsp_counts){ o->kept, o->waiting_n, o->asked_n, o->unplaced };
}

int tls_ocsp_new(struct tls_ocsp **out, const struct tls_ocsp_conf *conf)
{
	struct tls_ocsp *o = calloc(1, sizeof *o);
	int err;

	if (!o) {
		return ERR_NOMEM;
	}
	obj_begin(&o->obj, TLS_OCSP_MAGIC);
	o->conf = *conf;
	o->number_next = 1;
	TAILQ_INIT(&o->recent);
	TAILQ_INIT(&o->waiting);
	TAILQ_INIT(&o->asked);
	o->hash = EVP_MD_CTX_new();
	o->tallies = calloc(conf->responders_n ? conf->responders_n : 1, sizeof *o->tallies);
	err = o->hash && o->tallies ? map_init(&o->by_key) : ERR_NOMEM;
	if (!err) {
		err = map_init(&o->by_number);
	}
	if (!err) {
		err = tls_ocsp_knowns_init(&o->knowns, conf->known_max);
	}
	if (err) {
		tls_ocsp_free(o);
		return err;
	}
	*out = o;
	return 0;
}

void tls_ocsp_free(struct tls_ocsp *o)
{
	struct tls_ocsp_entry *e;

	if (!o) {
		return;
	}
	OBJ_CHECK(o, TLS_OCSP_MAGIC);
	while ((e = TAILQ_FIRST(&o->recent))) {
		drop(o, e);
	}
	map_fini(&o->by_key);
	map_fini(&o->by_number);
	tls_ocsp_knowns_fini(&o->knowns);
	free(o->tallies);
	EVP_MD_CTX_free(o->hash);
	OBJ_END(o, TLS_OCSP_MAGIC);
	free(o);
}
