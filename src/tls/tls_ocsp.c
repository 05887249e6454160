/* tls_ocsp.c - the store of OCSP answers: see tls_ocsp.h.
 *
 *   IDLE --(looked at, and due)--> WAITING --ask()--> ASKED --(answer, failure)--> IDLE
 *
 * An entry that is not IDLE is never given up. */
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "base/map.h"
#include "base/obj.h"
#include "base/str.h"
#include "tls/tls_ocsp_int.h"

#define KEY_LEN 32u
#define GIVE_UP_LOOKS 32u /* entries that are looked at for one that can be given up */

enum turn { IDLE, WAITING, ASKED };

struct entry {
	struct map_node by_key, by_number;
	uint8_t key[KEY_LEN];
	uint32_t number, responder;
	OCSP_CERTID *id;
	OCSP_REQUEST *request; /* with its nonce, while it is ASKED with one */
	X509 *issuer;
	enum turn turn;
	bool own, have; /* our own certificate; `fact` is one */
	struct tls_ocsp_fact fact;
	uint64_t answered_s, failed_s; /* when the last answer was taken; when the last question failed, 0: it did not */
	char why[TLS_OCSP_WHY_MAX];
	uint8_t *response; /* of our own certificate */
	size_t response_len;
	TAILQ_ENTRY(entry) recent; /* the first was looked at last */
	TAILQ_ENTRY(entry) queue;  /* WAITING and ASKED */
};

#define TLS_OCSP_MAGIC 0x70c5e21du
struct tls_ocsp {
	struct obj obj;
	struct tls_ocsp_conf conf;
	struct map by_key, by_number;
	TAILQ_HEAD(entries, entry) recent;
	struct entries waiting, asked;
	uint32_t kept, waiting_n, asked_n, number_next;
	uint64_t unplaced;
	EVP_MD_CTX *hash;
};
OBJ_FIRST(struct tls_ocsp);

/* -- entries */

static void entry_free(struct entry *e)
{
	OCSP_CERTID_free(e->id);
	OCSP_REQUEST_free(e->request);
	X509_free(e->issuer);
	free(e->response);
	free(e);
}

static void drop(struct tls_ocsp *o, struct entry *e)
{
	map_del(&o->by_key, &e->by_key);
	map_del(&o->by_number, &e->by_number);
	TAILQ_REMOVE(&o->recent, e, recent);
	o->kept--;
	entry_free(e);
}

static bool is_listed(const struct entry *e)
{
	return e->have && e->fact.status != TLS_OCSP_GOOD;
}

/* Gives up what nobody has looked at for longest; what is revoked only when there is nothing else,
 * because it is what an older answer must not beat. */
static bool make_room(struct tls_ocsp *o)
{
	struct entry *e = TAILQ_LAST(&o->recent, entries), *listed = NULL;

	if (o->kept < o->conf.entries_max) {
		return true;
	}
	for (unsigned n = 0; e && n < GIVE_UP_LOOKS; n++, e = TAILQ_PREV(e, entries, recent)) {
		if (e->turn == IDLE && !e->own && !is_listed(e)) {
			drop(o, e);
			return true;
		}
		listed = !listed && e->turn == IDLE && !e->own ? e : listed;
	}
	if (listed) {
		drop(o, listed);
	}
	return listed != NULL;
}

/* By responder, CA (name and key) and serial number. False: no memory. */
static bool key_of(uint8_t key[KEY_LEN], struct tls_ocsp *o, uint32_t responder, X509 *cert, X509 *issuer)
{
	const ASN1_BIT_STRING *bits = X509_get0_pubkey_bitstr(issuer);
	const ASN1_INTEGER *serial = X509_get0_serialNumber(cert);
	const unsigned char *name = NULL;
	size_t name_len = 0;

	return bits && serial && X509_NAME_get0_der(X509_get_issuer_name(cert), &name, &name_len) == 1 &&
	       EVP_DigestInit_ex(o->hash, EVP_sha256(), NULL) == 1 &&
	       EVP_DigestUpdate(o->hash, &responder, sizeof responder) == 1 &&
	       EVP_DigestUpdate(o->hash, &name_len, sizeof name_len) == 1 && EVP_DigestUpdate(o->hash, name, name_len) == 1 &&
	       EVP_DigestUpdate(o->hash, &bits->length, sizeof bits->length) == 1 &&
	       EVP_DigestUpdate(o->hash, bits->data, (size_t)bits->length) == 1 &&
	       EVP_DigestUpdate(o->hash, serial->data, (size_t)serial->length) == 1 &&
	       EVP_DigestFinal_ex(o->hash, key, NULL) == 1;
}

static struct entry *entry_new(struct tls_ocsp *o, const uint8_t key[KEY_LEN], uint32_t responder, X509 *cert, X509 *issuer)
{
	struct entry *e = make_room(o) ? calloc(1, sizeof *e) : NULL;

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
	e->responder = responder;
	memcpy(e->key, key, KEY_LEN);
	do {
		e->number = o->number_next++;
	} while (!e->number || map_find(&o->by_number, &e->number, sizeof e->number));
	map_add(&o->by_key, &e->by_key, e->key, KEY_LEN);
	map_add(&o->by_number, &e->by_number, &e->number, sizeof e->number);
	TAILQ_INSERT_HEAD(&o->recent, e, recent);
	o->kept++;
	return e;
}

static struct entry *find_number(struct tls_ocsp *o, uint32_t number)
{
	return MAP_OF(map_find(&o->by_number, &number, sizeof number), struct entry, by_number);
}

/* The entry for a certificate, made if need be. NULL: there is no room. */
static struct entry *entry_of(struct tls_ocsp *o, uint32_t responder, X509 *cert, X509 *issuer)
{
	uint8_t key[KEY_LEN];
	struct entry *e = NULL;

	if (key_of(key, o, responder, cert, issuer)) {
		e = MAP_OF(map_find(&o->by_key, key, KEY_LEN), struct entry, by_key);
		if (!e) {
			e = entry_new(o, key, responder, cert, issuer);
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

static void set_turn(struct tls_ocsp *o, struct entry *e, enum turn turn)
{
	if (e->turn != IDLE) {
		TAILQ_REMOVE(e->turn == WAITING ? &o->waiting : &o->asked, e, queue);
		*(e->turn == WAITING ? &o->waiting_n : &o->asked_n) -= 1;
	}
	if (turn != IDLE) {
		TAILQ_INSERT_TAIL(turn == WAITING ? &o->waiting : &o->asked, e, queue);
		*(turn == WAITING ? &o->waiting_n : &o->asked_n) += 1;
	}
	e->turn = turn;
	if (turn != ASKED) {
		OCSP_REQUEST_free(e->request);
		e->request = NULL;
	}
}

static void note_failure(struct entry *e, const char *why, uint64_t now_s)
{
	e->failed_s = now_s ? now_s : 1;
	str_cut(e->why, sizeof e->why, why);
}

/* Octets of the request, 0: it cannot be made. *kept is needed to check the nonce. */
static size_t make_request(uint8_t out[TLS_OCSP_QUESTION_MAX], OCSP_REQUEST **kept, const struct tls_ocsp *o,
			   const struct entry *e)
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

static void ask_next(struct tls_ocsp *o, uint64_t now_s)
{
	uint8_t request[TLS_OCSP_QUESTION_MAX];
	struct entry *e;

	while (o->asked_n < o->conf.asked_max && (e = TAILQ_FIRST(&o->waiting))) {
		OCSP_REQUEST *kept = NULL;
		size_t len = make_request(request, &kept, o, e);
		int err = len ? o->conf.ask(o->conf.arg, e->responder, e->number, request, len) : ERR_NOMEM;

		if (err == ERR_BUSY) {
			OCSP_REQUEST_free(kept);
			return;
		}
		set_turn(o, e, err ? IDLE : ASKED);
		if (err) { /* who waits for it has a time limit */
			OCSP_REQUEST_free(kept);
			note_failure(e, "the responder cannot be asked", now_s);
			ERR_clear_error();
		} else {
			e->request = kept;
		}
	}
}

/* Before an answer ends, so that the next one is there in time. */
static uint64_t ask_at(const struct tls_ocsp *o, const struct entry *e)
{
	uint64_t retry = e->failed_s ? e->failed_s + o->conf.retry_s : 0, at = 0, life;

	if (e->have) {
		life = e->fact.until_s > e->answered_s ? e->fact.until_s - e->answered_s : 0;
		life = life / 4 * 3 + 1;
		at = e->answered_s + (life < o->conf.refresh_s ? life : o->conf.refresh_s);
	}
	return at > retry ? at : retry;
}

static enum tls_ocsp_known known_of(const struct entry *e, uint64_t now_s)
{
	return !e->have                  ? TLS_OCSP_ABSENT
	       : is_listed(e)            ? TLS_OCSP_LISTED
	       : now_s > e->fact.until_s ? TLS_OCSP_STALE
					 : TLS_OCSP_FRESH;
}

static struct entry *look(struct tls_ocsp_view *out, struct tls_ocsp *o, uint32_t responder, X509 *cert, X509 *issuer,
			  uint64_t now_s)
{
	struct entry *e = entry_of(o, responder, cert, issuer);

	if (!e) {
		*out = (struct tls_ocsp_view){ .known = TLS_OCSP_ABSENT, .ask_at_s = now_s + o->conf.retry_s };
		out->why = "there is no room for it (ocsp.entries)";
		return NULL;
	}
	if (e->turn == IDLE && now_s >= ask_at(o, e)) {
		set_turn(o, e, WAITING);
		ask_next(o, now_s);
	}
	*out = (struct tls_ocsp_view){ .known = known_of(e, now_s),
				       .fact = e->fact,
				       .number = e->turn == IDLE ? 0 : e->number,
				       .ask_at_s = e->turn == IDLE ? ask_at(o, e) : now_s + o->conf.refresh_s,
				       .why = e->failed_s       ? e->why
					      : e->turn != IDLE ? "it has not come yet"
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
	struct entry *e;

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

/* -- answers */

/* RFC 6960 4.4.7 has no order of responses but their times. */
static int judge_age(const struct entry *e, const struct tls_ocsp_fact *fresh, char why[TLS_OCSP_WHY_MAX])
{
	if (!e->have || fresh->this_s > e->fact.this_s ||
	    (fresh->this_s == e->fact.this_s && (e->fact.status == TLS_OCSP_GOOD || fresh->status != TLS_OCSP_GOOD))) {
		return 0;
	}
	str_cut(why, TLS_OCSP_WHY_MAX, "it is older than the one that is known");
	return ERR_AUTH;
}

static int keep(struct entry *e, const struct tls_ocsp_fact *fact, const uint8_t *response, size_t len)
{
	uint8_t *copy = NULL;

	if (e->own) {
		copy = malloc(len);
		if (!copy) {
			return ERR_NOMEM;
		}
		memcpy(copy, response, len);
	}
	free(e->response);
	e->response = copy;
	e->response_len = copy ? len : 0;
	e->fact = *fact;
	e->have = true;
	e->failed_s = 0;
	e->why[0] = 0;
	return 0;
}

int tls_ocsp_answer(struct tls_ocsp *o, uint32_t number, const uint8_t *response, size_t len, uint64_t now_s,
		    char why[TLS_OCSP_WHY_MAX])
{
	struct tls_ocsp_fact fact;
	struct entry *e;
	int err;

	OBJ_CHECK(o, TLS_OCSP_MAGIC);
	why[0] = 0;
	e = find_number(o, number);
	if (!e || e->turn != ASKED) {
		return ERR_NOTFOUND;
	}
	err = tls_ocsp_verify(&fact, response, len, &(struct tls_ocsp_question){ e->id, e->request, e->issuer }, now_s,
			      o->conf.max_age_s, why);
	if (!err) {
		err = judge_age(e, &fact, why);
	}
	if (!err) {
		err = keep(e, &fact, response, len);
	}
	if (err) {
		note_failure(e, *why ? why : err_str(err), now_s);
	} else {
		e->answered_s = now_s;
	}
	set_turn(o, e, IDLE);
	ask_next(o, now_s);
	o->conf.answered(o->conf.arg, number, !err && is_listed(e));
	return err;
}

void tls_ocsp_failed(struct tls_ocsp *o, uint32_t number, const char *why, uint64_t now_s)
{
	struct entry *e;

	OBJ_CHECK(o, TLS_OCSP_MAGIC);
	e = find_number(o, number);
	if (!e || e->turn != ASKED) {
		return;
	}
	note_failure(e, why, now_s);
	set_turn(o, e, IDLE);
	ask_next(o, now_s);
	o->conf.answered(o->conf.arg, number, false);
}

void tls_ocsp_lost(struct tls_ocsp *o, const char *why, uint64_t now_s)
{
	struct entry *e;

	OBJ_CHECK(o, TLS_OCSP_MAGIC);
	for (uint32_t n = o->asked_n; n && (e = TAILQ_FIRST(&o->asked)); n--) {
		tls_ocsp_failed(o, e->number, why, now_s);
	}
}

void tls_ocsp_go(struct tls_ocsp *o, uint64_t now_s)
{
	OBJ_CHECK(o, TLS_OCSP_MAGIC);
	ask_next(o, now_s);
}

/* -- the store */

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
	err = o->hash ? map_init(&o->by_key) : ERR_NOMEM;
	if (!err) {
		err = map_init(&o->by_number);
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
	struct entry *e;

	if (!o) {
		return;
	}
	OBJ_CHECK(o, TLS_OCSP_MAGIC);
	while ((e = TAILQ_FIRST(&o->recent))) {
		drop(o, e);
	}
	map_fini(&o->by_key);
	map_fini(&o->by_number);
	EVP_MD_CTX_free(o->hash);
	OBJ_END(o, TLS_OCSP_MAGIC);
	free(o);
}
