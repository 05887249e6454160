/* tls_ocsp_store.h - the inside of the store of OCSP answers: tls_ocsp.c has its entries and asks,
 * tls_ocsp_answer.c takes answers.
 *
 *   IDLE --(looked at, and due)--> WAITING --ask()--> ASKED --(answer, failure)--> IDLE
 *
 * An entry that is not IDLE is never given up. */
#pragma once
#include <sys/queue.h>

#include "base/map.h"
#include "base/obj.h"
#include "tls/tls_ocsp_int.h"
#include "tls/tls_ocsp_known.h"

enum tls_ocsp_turn { TLS_OCSP_IDLE, TLS_OCSP_WAITING, TLS_OCSP_ASKED };

struct tls_ocsp_entry {
	struct map_node by_key, by_number;
	struct tls_ocsp_key {
		uint8_t certificate[TLS_OCSP_KEY_LEN];
		uint32_t responder; /* no padding */
	} key;
	uint32_t number;
	OCSP_CERTID *id;
	OCSP_REQUEST *request; /* with its nonce, while it is ASKED with one */
	X509 *issuer;
	enum tls_ocsp_turn turn;
	bool own, have; /* our own certificate; `fact` is one */
	struct tls_ocsp_fact fact;
	uint64_t answered_s, failed_s; /* when the last answer was taken; when the last question failed, 0: it did not */
	char why[TLS_OCSP_WHY_MAX];
	uint8_t *response; /* of our own certificate */
	size_t response_len;
	TAILQ_ENTRY(tls_ocsp_entry) recent; /* the first was looked at last */
	TAILQ_ENTRY(tls_ocsp_entry) queue;  /* WAITING and ASKED */
};

#define TLS_OCSP_MAGIC 0x70c5e21du
struct tls_ocsp {
	struct obj obj;
	struct tls_ocsp_conf conf;
	struct map by_key, by_number;
	TAILQ_HEAD(tls_ocsp_entries, tls_ocsp_entry) recent;
	struct tls_ocsp_entries waiting, asked;
	uint32_t kept, waiting_n, asked_n, number_next;
	uint64_t unplaced;
	struct tls_ocsp_knowns knowns;
	struct tls_ocsp_tally *tallies; /* of conf.responders_n */
	EVP_MD_CTX *hash;
};
OBJ_FIRST(struct tls_ocsp);

/* Revoked, or unknown to its responder. */
bool tls_ocsp_is_listed(const struct tls_ocsp_entry *e);
void tls_ocsp_set_turn(struct tls_ocsp *o, struct tls_ocsp_entry *e, enum tls_ocsp_turn turn);
void tls_ocsp_note_failure(struct tls_ocsp *o, struct tls_ocsp_entry *e, const char *why, uint64_t now_s);
/* NULL: its responder is not tallied. */
struct tls_ocsp_tally *tls_ocsp_tally_of(struct tls_ocsp *o, const struct tls_ocsp_entry *e);
void tls_ocsp_ask_next(struct tls_ocsp *o, uint64_t now_s);
/* What other stores were told about the certificate of this entry. False: nothing new. */
bool tls_ocsp_learn_of(struct tls_ocsp *o, struct tls_ocsp_entry *e);
