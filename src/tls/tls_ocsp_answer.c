/* tls_ocsp_answer.c - what the store of OCSP answers makes of a response: from its responder, and
 * from other stores. See tls_ocsp_store.h. */
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "tls/tls_ocsp_store.h"

static struct tls_ocsp_entry *find_number(struct tls_ocsp *o, uint32_t number)
{
	return MAP_OF(map_find(&o->by_number, &number, sizeof number), struct tls_ocsp_entry, by_number);
}

/* RFC 6960 4.4.7 has no order of responses but their times. */
static int judge_age(const struct tls_ocsp_entry *e, const struct tls_ocsp_fact *fresh, char why[TLS_OCSP_WHY_MAX])
{
	if (!e->have || fresh->this_s > e->fact.this_s ||
	    (fresh->this_s == e->fact.this_s && (e->fact.status == TLS_OCSP_GOOD || fresh->status != TLS_OCSP_GOOD))) {
		return 0;
	}
	str_cut(why, TLS_OCSP_WHY_MAX, "it is older than the one that is known");
	return ERR_AUTH;
}

static int keep(struct tls_ocsp_entry *e, const struct tls_ocsp_fact *fact, const uint8_t *response, size_t len)
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

bool tls_ocsp_learn_of(struct tls_ocsp *o, struct tls_ocsp_entry *e)
{
	struct tls_ocsp_known_one *one = tls_ocsp_known_find(&o->knowns, e->key.certificate);
	struct tls_ocsp_question q = { e->id, NULL, e->issuer };
	char why[TLS_OCSP_WHY_MAX];
	struct tls_ocsp_fact fact;

	if (!one) {
		return false;
	}
	/* Its time may be over by now, and what it revoked stays so until a newer one. */
	if (tls_ocsp_verify(&fact, one->said.response, one->said.len, &q, one->said.this_s, o->conf.max_age_s, why) ||
	    fact.this_s != one->said.this_s) {
		tls_ocsp_known_drop(&o->knowns, one);
		return false;
	}
	one->revokes = fact.status != TLS_OCSP_GOOD;
	if ((e->have && fact.this_s <= e->fact.this_s) || keep(e, &fact, one->said.response, one->said.len)) {
		return false;
	}
	e->answered_s = fact.this_s; /* the responder is asked soon: there may be a newer one */
	return true;
}

/* A first `revoked`, one that is newer, and what takes one back. */
static void spread(struct tls_ocsp *o, const struct tls_ocsp_entry *e, const uint8_t *response, size_t len)
{
	struct tls_ocsp_said said = { .this_s = e->fact.this_s, .response = response, .len = len };
	struct tls_ocsp_known_one *one = tls_ocsp_known_find(&o->knowns, e->key.certificate);

	if (!tls_ocsp_is_listed(e) && (!one || !one->revokes)) {
		return;
	}
	memcpy(said.key, e->key.certificate, sizeof said.key);
	one = tls_ocsp_known_put(&o->knowns, &said);
	if (one) {
		one->revokes = tls_ocsp_is_listed(e);
		one->ours = true;
		if (o->conf.spread) {
			o->conf.spread(o->conf.arg, &one->said);
		}
	}
}

void tls_ocsp_learn(struct tls_ocsp *o, const struct tls_ocsp_said *said, uint64_t now_s)
{
	struct tls_ocsp_entry *e, *next;

	OBJ_CHECK(o, TLS_OCSP_MAGIC);
	if (said->this_s > now_s + TLS_OCSP_AHEAD_S || !tls_ocsp_known_put(&o->knowns, said)) {
		return;
	}
	for (e = TAILQ_FIRST(&o->recent); e; e = next) {
		next = TAILQ_NEXT(e, recent);
		if (memcmp(e->key.certificate, said->key, sizeof said->key) == 0 && tls_ocsp_learn_of(o, e)) {
			o->conf.answered(o->conf.arg, e->number, tls_ocsp_is_listed(e));
			return; /* it may have called the store; the entry of another responder learns at its next look */
		}
	}
}

void tls_ocsp_spread_again(struct tls_ocsp *o)
{
	const struct tls_ocsp_known_one *one;

	OBJ_CHECK(o, TLS_OCSP_MAGIC);
	TAILQ_FOREACH (one, &o->knowns.list, entry) {
		if (one->ours && o->conf.spread) {
			o->conf.spread(o->conf.arg, &one->said);
		}
	}
}

static void note_answer(struct tls_ocsp *o, const struct tls_ocsp_entry *e, uint64_t now_s)
{
	struct tls_ocsp_tally *t = tls_ocsp_tally_of(o, e);

	if (t) {
		t->answers++;
		t->revoked += e->fact.status == TLS_OCSP_REVOKED;
		t->unknown += e->fact.status == TLS_OCSP_UNKNOWN;
		t->answered_s = now_s;
		t->failed_s = t->failed_s > now_s ? now_s : t->failed_s;
	}
}

int tls_ocsp_answer(struct tls_ocsp *o, uint32_t number, const uint8_t *response, size_t len, uint64_t now_s,
		    char why[TLS_OCSP_WHY_MAX])
{
	struct tls_ocsp_fact fact;
	struct tls_ocsp_entry *e;
	int err;

	OBJ_CHECK(o, TLS_OCSP_MAGIC);
	why[0] = 0;
	e = find_number(o, number);
	if (!e || e->turn != TLS_OCSP_ASKED) {
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
		tls_ocsp_note_failure(o, e, *why ? why : err_str(err), now_s);
	} else {
		e->answered_s = now_s;
		note_answer(o, e, now_s);
		spread(o, e, response, len);
	}
	tls_ocsp_set_turn(o, e, TLS_OCSP_IDLE);
	tls_ocsp_ask_next(o, now_s);
	o->conf.answered(o->conf.arg, number, !err && tls_ocsp_is_listed(e));
	return err;
}

void tls_ocsp_failed(struct tls_ocsp *o, uint32_t number, const char *why, uint64_t now_s)
{
	struct tls_ocsp_entry *e;

	OBJ_CHECK(o, TLS_OCSP_MAGIC);
	e = find_number(o, number);
	if (!e || e->turn != TLS_OCSP_ASKED) {
		return;
	}
	tls_ocsp_note_failure(o, e, why, now_s);
	tls_ocsp_set_turn(o, e, TLS_OCSP_IDLE);
	tls_ocsp_ask_next(o, now_s);
	o->conf.answered(o->conf.arg, number, false);
}

void tls_ocsp_lost(struct tls_ocsp *o, const char *why, uint64_t now_s)
{
	struct tls_ocsp_entry *e;

	OBJ_CHECK(o, TLS_OCSP_MAGIC);
	for (uint32_t n = o->asked_n; n && (e = TAILQ_FIRST(&o->asked)); n--) {
		tls_ocsp_failed(o, e->number, why, now_s);
	}
}

void tls_ocsp_go(struct tls_ocsp *o, uint64_t now_s)
{
	OBJ_CHECK(o, TLS_OCSP_MAGIC);
	tls_ocsp_ask_next(o, now_s);
}
