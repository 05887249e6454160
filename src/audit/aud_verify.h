/* aud_verify.h - checks an audit from its files alone, whether or not a process writes it. It finds
 * each change, removal or reordering of a record in front of the last checkpoint. What stands
 * behind is sealed by interval; what is in no sealed interval may have been changed by who could
 * write the files. A roll-back of the whole directory shows only against a checkpoint that was kept
 * elsewhere. */
#pragma once
#include "audit/aud_files.h"

#define AUD_AGAINST_MAX 1024u /* checkpoints to compare with */

struct aud_verify_conf { /* borrowed */
	const char *dir;
	const char *archive; /* directory with records that were moved away; NULL: none */
	/* text of the public key; NULL: the file vkey of the directory, which a forger could have
	 * replaced, too */
	const char *vkey;
	/* checkpoints that were kept elsewhere, as text: notes, or lines of JSON with a member
	 * "checkpoint" */
	const char *against;
	size_t against_len;
};

struct aud_summary {
	char origin[MRK_ORIGIN_MAX];
	uint64_t records, checkpoint, sealed; /* sealed: the first so many records */
	uint64_t intervals, broken_intervals; /* sealed ones; those that a crash ended */
	uint64_t lost, summed;                /* records that the log itself says are missing; refusals that it only counted */
	uint64_t recovered, clock_back;       /* records made again after a crash; steps of the clock */
	uint64_t torn;                        /* octets behind the last newline */
	uint64_t cut;                         /* octets that openings cut off and moved aside */
	uint64_t pruned;                      /* first records that are not here; tiles stand for them */
	uint64_t against;                     /* checkpoints that were compared */
	uint64_t problems;
	bool has_checkpoint;
};

/* One problem, in words. `seq`: the record; UINT64_MAX: of none. */
typedef void aud_problem_fn(void *arg, uint64_t seq, const char *words);
#define AUD_PROBLEMS_MAX 20u /* given to the function; further ones are counted */

/* 0: everything was read, and `out` says what was found. Else the reason is in `why`: ERR_NOTFOUND,
 * ERR_VERSION, ERR_IO, ERR_NOMEM, ERR_INVAL (the key or a checkpoint to compare with is none). */
ERR_MUST_USE int aud_verify(const struct aud_verify_conf *conf, aud_problem_fn *problem, void *arg, struct aud_summary *out,
			    struct aud_why *why);

/* The proof that a record is in the tree of the last checkpoint, checked. */
struct aud_proof {
	struct mrk_checkpoint checkpoint;
	struct mrk_hash leaf, path[MRK_PROOF_MAX];
	size_t n;
};
/* `record` without its newline. ERR_RANGE: the last checkpoint does not cover the record.
 * ERR_PROTO with words: there is no proof. Others as of aud_verify(). */
ERR_MUST_USE int aud_prove(const char *dir, const char *vkey, uint64_t seq, const char *record, size_t len, struct aud_proof *out,
			   struct aud_why *why);
