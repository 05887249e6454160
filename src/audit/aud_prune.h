/* aud_prune.h - moves the oldest files of records to an archive. The tiles stay, so that every
 * proof stays: the tree of the next checkpoint still begins with the records that are gone. */
#pragma once
#include "audit/aud_verify.h"

struct aud_prune_conf {            /* borrowed */
	const char *dir, *archive; /* archive: made if it is missing; its records are in `records`, too */
	const char *vkey;          /* as of aud_verify_conf */
	const char *before;        /* time as text; files move whose last record is older */
	bool try_only;             /* says what would move */
};

struct aud_pruned {
	uint64_t files, octets; /* moved */
	uint64_t first;         /* record that the audit begins with now */
	struct aud_summary summary;
};

/* Verifies everything first. A file moves when the next one begins before `before` and the last
 * checkpoint covers all its records; the last file never does. A process may write the audit
 * meanwhile. Started as root, what it makes belongs to the owner of `dir`; an archive that was
 * there stays as it is, but for its `records` if root owns them. After a crash the same call goes
 * on. ERR_STATE: there are problems, and nothing was moved; ERR_IO with words: some files may
 * have been moved, and each is in one of the two places. Others as of aud_verify(). */
ERR_MUST_USE int aud_prune(const struct aud_prune_conf *conf, aud_problem_fn *problem, void *arg, struct aud_pruned *out,
			   struct aud_why *why);
