/* jrn_check.h - looks at a journal that no process uses, and saves what is whole of a damaged one.
 * For `mtcctl journal check` and `mtcctl journal salvage`. Neither changes the journal. */
#pragma once
#include "journal/jrn.h"

struct jrn_disk;

enum jrn_finding {
	JRN_FOUND_SEGMENT, /* one that is whole; `commits`, `records` and `octets` are its own */
	/* the last segment ends with a torn write of `octets` at `at`: the journal opens, without
	 * it */
	JRN_FOUND_TORN,
	JRN_FOUND_ASIDE, /* file torn-*: octets kept aside by an earlier start */
	JRN_FOUND_OLD,   /* a segment that is not needed any more; the next start removes it */
	JRN_FOUND_SPARE,
	JRN_FOUND_DAMAGE,  /* the journal does not open; `text` says why, `at` where in `name` */
	JRN_FOUND_MISSING, /* segment `name` is needed and missing: the journal does not open */
	JRN_FOUND_FOREIGN, /* a file that is not ours: the journal does not open */
	JRN_FOUND_NEWER,   /* written by a newer program: the journal does not open */
	JRN_FOUND_LMDB,    /* the journal of an older version, which the next start takes over */
};

struct jrn_found {
	enum jrn_finding what;
	char name[64];   /* file */
	uint64_t at;     /* octets from its beginning */
	uint64_t octets; /* of the file, or as said above */
	/* read whole; in a segment with damage, both before and after the damage */
	uint64_t commits, records;
	uint64_t live, live_octets; /* records in it that are the newest of their number */
	char text[160];             /* what was expected, for people; "" if nothing is wrong */
};
typedef void jrn_found_fn(void *arg, const struct jrn_found *f);

struct jrn_summary {
	bool opens;                     /* a start would open it, torn octets or not */
	uint64_t segments, spares;      /* files */
	uint64_t commits, records;      /* whole ones */
	uint64_t live, live_octets;     /* records that a start would hand to the core, and their octets */
	uint64_t waste_octets;          /* of the segments, used by nothing that lives */
	uint64_t torn_octets;           /* kept aside, or to be */
	uint64_t damages;               /* findings with which it does not open */
	uint64_t foreign;               /* of them, files that are not ours: without them the journal is as it was */
	uint64_t lost_commits_at_least; /* salvage: commits whose sequence number is missing between whole ones */
};

/* Reads everything. Calls fn (may be NULL) for each file and each damage, in the order of names and
 * positions. `disk` NULL: the directory itself.
 * Returns 0 also when the journal is damaged.
 * Errors with words in `why`: ERR_BUSY (a process uses it), ERR_NOTFOUND (no such directory, or
 * nothing of a journal in it), ERR_IO, ERR_NOMEM. */
ERR_MUST_USE int jrn_check(const char *dir, const struct jrn_disk *disk, jrn_found_fn *fn, void *arg, struct jrn_summary *out,
			   struct jrn_why *why);

/* Writes a new journal into `out_dir` with the newest whole committed record of each number.
 * `out_dir` is made; it must have no entry.
 * Where commits are missing, an older state of a trigger may come back, and a trigger that had
 * ended too. Calls fn as jrn_check() does.
 * On an error `out_dir` is left without segments that count.
 * Errors as of jrn_check(), and ERR_EXISTS, ERR_NOSPC, ERR_VERSION (a newer program's: nothing can
 * be read). */
ERR_MUST_USE int jrn_salvage(const char *dir, const char *out_dir, jrn_found_fn *fn, void *arg, struct jrn_summary *out,
			     struct jrn_why *why);
