/* aud_verify_int.h - inside the verifier: aud_verify.c reads the records, aud_verify_keys.c what
 * they are compared with. */
#pragma once
#include "audit/aud_verify.h"
#include "base/clock.h"

#define AUD_VERIFIER_MAGIC 0xd0573be1u
struct aud_verifier {
	struct obj obj;
	aud_problem_fn *problem;
	void *arg;
	struct aud_summary *out;
	struct hash *hash;
	uint8_t public_key[MRK_KEY];
	struct mrk_checkpoint last;     /* the directory's own */
	struct mrk_checkpoint *against; /* owned */
	size_t against_n;
	struct aud_tile_reader tiles;
	int archive; /* -1: none */

	struct mrk_edge edge;
	uint64_t next, interval; /* number of the record that comes; interval of the last one */
	uint64_t interval_first, seal_seq;
	uint8_t key[MRK_KEY]; /* of the interval */
	bool has_key;         /* it is known */
	bool vouched;         /* a checkpoint covers it, or a seal that one covers */
	bool next_key, sealed_now, ended, at_start;
	bool after_pruned; /* no record yet, or no key yet: the first ones are not here */
	bool chain_broken; /* a seal did not fit: those behind it cannot */
	bool root_good;
	uint64_t differs[AUD_PROBLEMS_MAX]; /* records whose hash in the tile is another one */
	size_t differs_n;
	uint64_t differs_more, tiles_missing;
	char time[CLOCK_TEXT_MAX]; /* of the last record */
};

void aud_problem(struct aud_verifier *v, uint64_t seq, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Opens the directory; reads the key, the checkpoint and those to compare with. */
ERR_MUST_USE int aud_verify_begin(struct aud_verifier *v, const struct aud_verify_conf *conf, struct aud_why *why);
void aud_verify_end(struct aud_verifier *v);
