/* tls_ocsp.h - what OCSP responders said about certificates (RFC 6960).
 *
 * The store asks by a callback and takes what comes back. It believes only what the CA of the
 * certificate signed, or a responder that this CA named (4.2.2.2); whoever carries the answer is
 * not trusted. Answers are kept until they end, and asked for again before. An older answer
 * never takes the place of a newer one: a `good` of yesterday that is sent again does not beat a
 * `revoked`. So that this holds in other stores, too, and in those that come later, the owner is
 * given each answer that revokes, and gives it to them (tls_ocsp_learn()).
 *
 *   a chain is judged --(nothing kept, or old)--> question --ask()--> responder
 *                                                                         |
 *   judged again <--answered()-- kept <--(verified)-- tls_ocsp_answer() <-+
 *
 * One thread. Time is an argument: seconds since 1970. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/ident.h"

#define TLS_OCSP_QUESTION_MAX 512u /* octets of one request */
#define TLS_OCSP_ANSWER_MAX 32768u /* octets of one response */
#define TLS_OCSP_WHY_MAX 192
#define TLS_OCSP_AHEAD_S 300u      /* a thisUpdate that is further ahead of our clock is refused */
#define TLS_OCSP_NOBODY UINT32_MAX /* no responder */

#define TLS_OCSP_KEY_LEN 32u
#define TLS_OCSP_SAID_MAX 6144u /* octets of a response that is given to other stores */

struct tls_ocsp;

/* A response about one certificate, for other stores. */
struct tls_ocsp_said {
	uint8_t key[TLS_OCSP_KEY_LEN]; /* of the CA (name and key) and the serial number */
	uint64_t this_s;               /* its thisUpdate */
	const uint8_t *response;       /* borrowed */
	size_t len;                    /* at most TLS_OCSP_SAID_MAX */
};

struct tls_ocsp_conf {
	uint32_t responders_n; /* responders have smaller numbers; a larger one is asked, and not tallied */
	uint32_t entries_max;  /* certificates about which something is kept */
	uint32_t asked_max;    /* questions without an answer at one time; others wait for their turn */
	uint64_t refresh_s;    /* an answer of this age is asked for again; at least 1 */
	uint64_t retry_s;      /* so is one that did not come; at least 1 */
	uint64_t max_age_s;    /* end of an answer without nextUpdate, counted from its thisUpdate */
	bool nonce;            /* ask with one, and refuse answers without it (4.4.1) */
	/* Sends a request to the responder of this number. It must not call the store. ERR_BUSY:
	 * there is no room now, tls_ocsp_go() follows; others: it cannot be asked. */
	int (*ask)(void *arg, uint32_t responder, uint32_t number, const uint8_t *request, size_t len);
	/* The question of this number has its answer, or has got none. `listed`: the certificate is
	 * now known to be revoked, or its responder does not know it. It may call the store. */
	void (*answered)(void *arg, uint32_t number, bool listed);
	uint32_t known_max; /* answers of other stores, and for them, that are kept; 0: none */
	/* Other stores should know this answer: it revokes, or takes back one that did. It must
	 * not call the store. NULL: there are no others. */
	void (*spread)(void *arg, const struct tls_ocsp_said *said);
	void *arg;
};

/* Borrows conf->arg. ERR_NOMEM, ERR_IO. */
ERR_MUST_USE int tls_ocsp_new(struct tls_ocsp **out, const struct tls_ocsp_conf *conf);
void tls_ocsp_free(struct tls_ocsp *o); /* NULL allowed */

/* The response to a question, `len` octets of DER from a stranger. 0: it is kept. ERR_AUTH,
 * ERR_PROTO or ERR_NOMEM with `why`: what was kept before stays. ERR_NOTFOUND: nothing was asked
 * (no call of answered()). */
ERR_MUST_USE int tls_ocsp_answer(struct tls_ocsp *o, uint32_t number, const uint8_t *response, size_t len, uint64_t now_s,
				 char why[TLS_OCSP_WHY_MAX]);
/* There is none, for a reason in words. Ignored when nothing was asked. */
void tls_ocsp_failed(struct tls_ocsp *o, uint32_t number, const char *why, uint64_t now_s);
/* Nobody carries questions any more: all that are out have failed. */
void tls_ocsp_lost(struct tls_ocsp *o, const char *why, uint64_t now_s);
/* Questions can be carried again. */
void tls_ocsp_go(struct tls_ocsp *o, uint64_t now_s);

/* What another store, or one of an earlier process, was told by a responder. Nobody is believed:
 * it is judged as of its thisUpdate when the certificate is looked at, or at once if that is
 * known here; then answered() is called with the number of the certificate's question, open or
 * not. One that is ahead of our clock, or not newer than what is known, is left out. */
void tls_ocsp_learn(struct tls_ocsp *o, const struct tls_ocsp_said *said, uint64_t now_s);
/* Calls spread() for all that this store was the first to have. */
void tls_ocsp_spread_again(struct tls_ocsp *o);

/* A certificate that was shown to us, and that its responder revokes or does not know, or one of a
 * CA above it. Whoever showed it need not own its key. */
#define TLS_OCSP_DENIED_MAX 4u
struct tls_ocsp_denied {
	char name[IDENT_HOST_MAX + 1]; /* its first host name, lower-case */
	bool unknown;                  /* to the responder; else revoked */
	uint64_t at_s;                 /* when it was looked at last; 0: the place is free */
};

/* What one responder did, since the start of the store. */
struct tls_ocsp_tally {
	uint64_t answers, failures;    /* taken; refused or missing */
	uint64_t revoked, unknown;     /* of the answers: those that say so */
	uint64_t answered_s, failed_s; /* the last of each; 0: there was none */
	uint32_t open;                 /* questions in the queue, and out */
	char why[TLS_OCSP_WHY_MAX];    /* of the last failure */
	/* Each with another name: a new one takes the place of the one that was looked at
	 * longest ago. */
	struct tls_ocsp_denied denied[TLS_OCSP_DENIED_MAX];
};
/* NULL: there is no responder of this number. Valid as long as the store. */
const struct tls_ocsp_tally *tls_ocsp_tally(const struct tls_ocsp *o, uint32_t responder);

struct tls_ocsp_counts {
	uint32_t kept, waiting, asked; /* entries; questions in the queue, and out */
	uint64_t unplaced;             /* questions that found no room, since the start */
};
struct tls_ocsp_counts tls_ocsp_counts(const struct tls_ocsp *o);
