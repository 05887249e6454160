/* jrn.h - the durable state of triggers (CONTRACTS section 3): opaque records under sequential 64-bit numbers in an LMDB environment
 * of its own, never WRITEMAP.
 *
 * One thread, the owner, calls everything here and never waits for the disk: operations gather, jrn_submit() hands them over once a turn
 * of the owner's loop, a thread of the journal commits what waits in one transaction (a group commit), and the owner, told by
 * jrn_wake_fd(), runs the completions in order with jrn_complete(). A commit begins when the oldest operation has waited batch_window_ms,
 * or batch_max wait, or at once when the window is 0: then what comes while one commit runs is the next.
 *
 * Trouble (no room, or a disk that fails): new triggers are refused by jrn_add() at once; records of those that are known and deletes are
 * still tried, each commit without what cannot be stored. The journal tries by itself, with back-off, whether it can store again. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/kv_room.h"

struct jrn; /* opaque */

#define JRN_RECORD_MAX 16384u        /* octets of one record */
#define JRN_WAITING_MAX (128u << 20) /* octets of records that wait for a commit */
#define JRN_WHY_MAX 384
struct jrn_why { /* what was wrong, in words for a person */
	char text[JRN_WHY_MAX];
};

struct jrn_conf {
	const char *dir;          /* copied; created with mode 0700 when missing */
	uint64_t map_max;         /* octets the journal may grow to; 0: 4 GiB */
	uint32_t pending_max;     /* records that wait for a commit or their completion; 0: 4096 */
	uint32_t batch_window_ms; /* how long the oldest operation waits for others; 0: not at all */
	uint32_t batch_max;       /* operations that are committed without waiting longer; 0: 4096 */
	uint64_t compact_above;   /* a larger file, more than half of it free, is written anew by jrn_open(); 0: never */
	bool threaded;            /* false: nothing is committed but by jrn_flush() and jrn_close(), on the caller's thread */
};

/* Opens or creates. Errors, each with words in `why`: ERR_VERSION, ERR_BUSY (another process holds it), ERR_PROTO (not a journal,
 * truncated or damaged), ERR_NOSPC, ERR_IO, ERR_NOMEM. Nothing is repaired or deleted. */
ERR_MUST_USE int jrn_open(struct jrn **out, const struct jrn_conf *conf, struct jrn_why *why);
/* Takes; NULL allowed. Commits what waits first; outstanding completions are called from here, with 0 or an error. */
void jrn_close(struct jrn *j);

/* The number for a new trigger: larger than every one ever in use here, also before a restart. */
uint64_t jrn_next(struct jrn *j);

/* Called exactly once for an accepted operation, never before the call returns: from jrn_complete(), jrn_flush() or jrn_close(), in the
 * order of the operations (so `arg` stays valid until then), with 0 once the commit that holds it is on disk, or ERR_NOSPC / ERR_IO: then nothing of it is kept (the
 * older record of that number, if any, is). It may add, put and delete; that goes into a later commit. */
typedef void jrn_done_fn(void *arg, uint64_t number, int err);

/* The first record of a new trigger. Copies `record`, which begins with a version and is never all zeros. `done` may be NULL: then a
 * failure is only counted. Refused, and done is not called: ERR_NOSPC or ERR_IO while the journal is in trouble, ERR_BUSY when
 * pending_max records or JRN_WAITING_MAX octets wait, ERR_LIMIT above JRN_RECORD_MAX, ERR_NOMEM. */
ERR_MUST_USE int jrn_add(struct jrn *j, uint64_t number, const void *record, size_t len, jrn_done_fn *done, void *arg);
/* A record in place of an older one of that number. As jrn_add(), but tried in trouble too. */
ERR_MUST_USE int jrn_put(struct jrn *j, uint64_t number, const void *record, size_t len, jrn_done_fn *done, void *arg);
/* A record that is written again and again, of one number and one length. Until the next jrn_submit() it is one operation with the newest
 * content, which stands where it was first put: what is added behind it is never durable without it. `place` is the caller's, zeroed at
 * first and not looked at. It is not refused for pending_max. Errors: ERR_BUSY (JRN_WAITING_MAX), ERR_LIMIT, ERR_NOMEM; a failure of the commit is only counted. */
struct jrn_place {
	uint64_t batch;
	size_t op;
};
ERR_MUST_USE int jrn_put_again(struct jrn *j, struct jrn_place *place, uint64_t number, const void *record, size_t len);
/* Deletes a record; one that is not there is deleted already. A delete that cannot be committed is kept and tried again, because it
 * makes room. It is never refused for pending_max; ERR_NOMEM. */
ERR_MUST_USE int jrn_del(struct jrn *j, uint64_t number);

/* What is added, put and deleted between begin and end belongs together: all of it is durable, or nothing of it is, and each of its
 * completions says the same. Ends before the next jrn_submit(), jrn_flush() or jrn_close(). Abandon takes back everything since begin
 * (for when one of its operations was refused): no completion of it is called. */
void jrn_group_begin(struct jrn *j);
void jrn_group_end(struct jrn *j);
void jrn_group_abandon(struct jrn *j);

/* Hands what gathered to the thread; once a turn of the owner's loop. Cheap when nothing gathered. */
void jrn_submit(struct jrn *j);
/* Readable when jrn_complete() has something to do, or jrn_state() has changed. Owned by the journal. */
int jrn_wake_fd(const struct jrn *j);
/* Calls the completions of what is committed. */
void jrn_complete(struct jrn *j);
/* Commits everything, waits for the disk, calls the completions, returns 0, or the first error they were given. In a journal without
 * a thread it also tries whether trouble is over. */
int jrn_flush(struct jrn *j);
size_t jrn_pending(const struct jrn *j); /* operations without completion */

/* 0, or why new triggers are refused: ERR_NOSPC, ERR_IO. */
int jrn_state(const struct jrn *j);

/* Calls fn for every committed record in order of numbers; stops when fn returns other than 0 and returns that; ERR_IO.
 * `record` is borrowed until fn returns. fn may add, put and delete. */
typedef int jrn_record_fn(void *arg, uint64_t number, const void *record, size_t len);
ERR_MUST_USE int jrn_replay(struct jrn *j, jrn_record_fn *fn, void *arg);

/* A copy of what is committed, while the journal is used (base/kv_copy.h). The owner begins it and ends it before jrn_close(); one other
 * thread reads it. The store is not opened anew meanwhile, also if its trouble wants that. ERR_BUSY: the journal is in trouble. ERR_NOMEM. */
struct kv_copy;
ERR_MUST_USE int jrn_copy_begin(struct kv_copy **out, struct jrn *j);
/* As kv_copy_end(). */
ERR_MUST_USE int jrn_copy_end(struct jrn *j, struct kv_copy *c);

struct jrn_counts {
	uint64_t records, commits, commits_failed, operations;
	uint64_t lost;     /* operations without `done` that failed */
	uint64_t troubles; /* times that jrn_state() left 0 */
	uint64_t octets;   /* of the file, free pages included */
};
struct jrn_counts jrn_counts(struct jrn *j);

/* The room in the store and who holds old pages of it, as last seen: at the opening, at each beginning of trouble, and every
 * JRN_LOOK_MS. A journal without a thread looks in jrn_flush() only. jrn_wake_fd() does not tell of it. */
#define JRN_LOOK_MS 5000u
void jrn_room(struct jrn *j, struct kv_room *out);
/* Why jrn_state() left 0 the last time, and what to do; "" when it never did. */
void jrn_trouble(struct jrn *j, struct jrn_why *out);
