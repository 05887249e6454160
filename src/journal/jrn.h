/* jrn.h - the durable state of triggers (CONTRACTS section 3): opaque records under sequential 64-bit numbers in an LMDB environment
 * of its own, never WRITEMAP. What is put in one turn of the loop is committed together by one jrn_flush(): a group commit.
 * One process and one thread use a journal at a time. */
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct jrn; /* opaque */

#define JRN_RECORD_MAX 16384u /* octets of one record */
#define JRN_WHY_MAX 384
struct jrn_why { /* what was wrong, in words for a person */
	char text[JRN_WHY_MAX];
};

struct jrn_conf {
	const char *dir;      /* borrowed during jrn_open(); created with mode 0700 when missing */
	uint64_t map_max;     /* octets the journal may grow to; 0: 4 GiB */
	uint32_t pending_max; /* operations waiting for a commit; 0: 4096 */
};

/* Opens or creates. Errors, each with words in `why`: ERR_VERSION, ERR_BUSY (another process holds it), ERR_PROTO (not a journal,
 * truncated or damaged), ERR_NOSPC, ERR_IO, ERR_NOMEM. Nothing is repaired or deleted. */
ERR_MUST_USE int jrn_open(struct jrn **out, const struct jrn_conf *conf, struct jrn_why *why);
/* Takes; NULL allowed. Commits what waits first; outstanding completions are called from here, with 0 or an error. */
void jrn_close(struct jrn *j);

/* The number for a new trigger: larger than every one ever in use here, also before a restart. */
uint64_t jrn_next(struct jrn *j);

/* Called exactly once for an accepted operation, never before the call returns: from jrn_flush() or jrn_close(), with 0 once the
 * commit that holds it is on disk, or ERR_NOSPC / ERR_IO: then nothing of it is kept (the older record of that number, if any, is).
 * It may put and delete; that goes into the next commit. */
typedef void jrn_done_fn(void *arg, uint64_t number, int err);

/* Writes a record, in place of an older one of that number. Copies `record`, which begins with a version and is never all zeros. `done` may be NULL: then a failure is only counted.
 * ERR_BUSY when pending_max operations wait, ERR_LIMIT above JRN_RECORD_MAX, ERR_NOMEM: done is not called. */
ERR_MUST_USE int jrn_put(struct jrn *j, uint64_t number, const void *record, size_t len, jrn_done_fn *done, void *arg);
/* Deletes a record; one that is not there is deleted already. A delete that cannot be committed is kept and tried again with every
 * flush, because it makes room. It is never refused for pending_max; ERR_NOMEM. */
ERR_MUST_USE int jrn_del(struct jrn *j, uint64_t number);
/* Completions still owed to `arg` are not called any more; what they stand for is committed all the same. */
void jrn_forget(struct jrn *j, const void *arg);

/* Commits what waits, calls the completions, returns 0, or the error they were given. Cheap when nothing waits.
 * The caller's loop calls it once a turn; a thread of its own can take its place without a change here. */
int jrn_flush(struct jrn *j);
size_t jrn_pending(const struct jrn *j);

/* Calls fn for every committed record in order of numbers; stops when fn returns other than 0 and returns that; ERR_IO.
 * `record` is borrowed until fn returns. fn may put and delete. */
typedef int jrn_record_fn(void *arg, uint64_t number, const void *record, size_t len);
ERR_MUST_USE int jrn_replay(struct jrn *j, jrn_record_fn *fn, void *arg);

struct jrn_counts {
	uint64_t records, commits, commits_failed, operations, lost; /* lost: operations without `done` that failed */
};
struct jrn_counts jrn_counts(const struct jrn *j);
