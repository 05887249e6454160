/* jrn.h - the durable state of triggers (CONTRACTS section 3): opaque records under sequential
 * 64-bit numbers in a log of segments (jrn_format.h).
 *
 * One thread, the owner, makes all calls and never waits for the disk.
 * Operations gather. jrn_submit() hands them over, as often in a turn of the owner's loop as it
 * likes. A thread of the journal commits all waiting operations with one write (a group commit).
 * jrn_wake_fd() wakes the owner, which runs the completions in order with jrn_complete().
 * A commit starts when the oldest operation has waited batch_window_ms, or when batch_max
 * operations wait.
 * With a window of 0 it starts at once: operations that arrive during one commit form the next.
 * Operations without a completion start no commit: they go with the next one that somebody
 * waits for, or after lazy_ms.
 *
 * Trouble means no space, or a disk that fails.
 * In trouble jrn_add() refuses new triggers at once.
 * Without space, records of known triggers and deletes go on in a reserve; a commit leaves out the
 * part that cannot be stored.
 * When a write fails, nobody can know whether a start would find it. So its completions, and
 * those of all later operations, wait until it stands in another place, or the journal is closed.
 * The journal itself tests with back-off whether it can store again. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/kv_room.h"
#include "base/machine.h"

struct jrn; /* opaque */

#define JRN_RECORD_MAX 16384u        /* octets of one record */
#define JRN_WAITING_MAX (128u << 20) /* octets of records waiting for a commit */
#define JRN_WHY_MAX 512
struct jrn_why { /* error text for people */
	char text[JRN_WHY_MAX];
};

struct jrn_conf {
	const char *dir;   /* copied; created with mode 0700 when missing */
	uint64_t size_max; /* octets the journal may grow to; 0: 4 GiB */
	/* octets of a file of the log; 0: 8 MiB; at most an eighth of size_max and a 16th of
	 * the disk, at least 128 KiB */
	uint64_t segment_size;
	uint32_t pending_max;     /* records waiting for a commit or their completion; 0: 4096 */
	uint32_t batch_window_ms; /* time that the oldest operation waits for others; 0: none */
	uint32_t batch_max;       /* operations that start a commit at once; 0: 4096 */
	uint64_t lock_wait_ms;    /* time that the process before has to end (base/lock.h); 0: none */
	uint32_t lazy_ms;         /* operations that nobody waits for are handed over at the latest after this time; 0: at once */
	const struct jrn_disk *disk; /* NULL: the directory itself; else borrowed, and nothing is locked (jrn_disk.h) */
	bool threaded;               /* false: only jrn_flush() and jrn_close() commit, on the caller's thread */
};

struct jrn_disk;

/* Opens or creates the journal. A journal of an older version (LMDB) is taken over.
 * A torn write at the end of the log was never told to anybody: its octets are kept aside in a
 * file, and the journal opens. Then, and after a take-over, `why` has words for the log; else "".
 * Errors, with text in `why`: ERR_VERSION, ERR_BUSY (another process holds it), ERR_PROTO (not a
 * journal, truncated or damaged), ERR_NOSPC, ERR_IO, ERR_NOMEM. */
ERR_MUST_USE int jrn_open(struct jrn **out, const struct jrn_conf *conf, struct jrn_why *why);
/* Takes; NULL allowed. Commits all waiting operations and calls all outstanding completions,
 * with 0 or an error. After ERR_IO of a failing disk the next opening may find the record, or
 * not. */
void jrn_close(struct jrn *j);

/* Returns the number for a new trigger, larger than every number used before, also before a
 * restart. */
uint64_t jrn_next(struct jrn *j);
/* The next n numbers are given to nobody, also after a restart, once an operation is durable. */
void jrn_pass(struct jrn *j, uint64_t n);

/* Called exactly once for an accepted operation, never before the call returns: from
 * jrn_complete(), jrn_flush() or jrn_close(), in the order of the operations. `arg` must stay
 * valid until then.
 * err is 0 when the commit with the operation is on disk.
 * ERR_NOSPC: nothing of it is kept; an older record of that number stays. ERR_IO: see jrn_close().
 * ERR_LIMIT: its group is larger than a commit.
 * It may add, put and delete; those operations go into a later commit. */
typedef void jrn_done_fn(void *arg, uint64_t number, int err);

/* Adds the first record of a new trigger.
 * Copies `record`.
 * `done` may be NULL: then a failure is only counted.
 * On an error `done` is not called: ERR_NOSPC or ERR_IO while the journal is in trouble,
 * ERR_BUSY when pending_max records or JRN_WAITING_MAX octets wait, ERR_LIMIT above
 * JRN_RECORD_MAX, ERR_NOMEM. */
ERR_MUST_USE int jrn_add(struct jrn *j, uint64_t number, const void *record, size_t len, jrn_done_fn *done, void *arg);
/* Replaces the record of that number. As jrn_add(), but also tried in trouble. */
ERR_MUST_USE int jrn_put(struct jrn *j, uint64_t number, const void *record, size_t len, jrn_done_fn *done, void *arg);
/* Writes a record that changes often, always with the same number and length.
 * Until the next jrn_submit() it is one operation with the newest content, at the position of
 * the first put: an operation added after it is never durable without it.
 * `place` belongs to the caller, starts zeroed and is opaque.
 * pending_max does not apply. A failure of the commit is only counted.
 * Errors: ERR_BUSY (JRN_WAITING_MAX), ERR_LIMIT, ERR_NOMEM. */
struct jrn_place {
	uint64_t batch;
	size_t op;
};
ERR_MUST_USE int jrn_put_again(struct jrn *j, struct jrn_place *place, uint64_t number, const void *record, size_t len);
/* Deletes a record; a missing one counts as deleted.
 * A delete that cannot be committed is kept and tried again, because it frees space. pending_max
 * does not apply. ERR_NOMEM. */
ERR_MUST_USE int jrn_del(struct jrn *j, uint64_t number);

/* Operations between begin and end are one group: all of it becomes durable, or nothing. All its
 * completions get the same result.
 * The group ends before the next jrn_submit(), jrn_flush() or jrn_close(). */
void jrn_group_begin(struct jrn *j);
void jrn_group_end(struct jrn *j);

/* Hands the gathered operations to the thread if somebody waits for one of them. Cheap when there
 * are none. */
void jrn_submit(struct jrn *j);
/* The same if the thread has nothing to do; else the operations wait for more. */
void jrn_submit_early(struct jrn *j);
/* Readable when a completion is due or jrn_state() has changed. Owned by the journal. */
int jrn_wake_fd(const struct jrn *j);
/* Calls the completions of committed operations. */
void jrn_complete(struct jrn *j);
/* Commits everything, waits for the disk and calls the completions. Returns 0, or the first
 * error that a completion got, or ERR_IO when the disk fails and completions still wait.
 * A journal without a thread also tests whether trouble is over. */
int jrn_flush(struct jrn *j);
size_t jrn_pending(const struct jrn *j); /* operations without completion */

/* Returns 0, or the reason for refusing new triggers: ERR_NOSPC, ERR_IO. */
int jrn_state(const struct jrn *j);

/* Calls fn for every committed record in the order of numbers. Stops when fn returns non-zero
 * and returns that; ERR_IO.
 * `record` is borrowed until fn returns. fn may add, put and delete. */
typedef int jrn_record_fn(void *arg, uint64_t number, const void *record, size_t len);
ERR_MUST_USE int jrn_replay(struct jrn *j, jrn_record_fn *fn, void *arg);

/* The health behind jrn_state(): 0, ERR_NOSPC, ERR_IO. */
enum jrn_health { JRN_WELL, JRN_FULL, JRN_FAILING, JRN_HEALTHS };
extern const struct machine jrn_machine; /* the legal changes */

/* The thread that prepares the next file of a journal with a thread: nothing to do, asked for one
 * (which it makes), done. */
enum jrn_maker_state { JRN_MAKER_IDLE, JRN_MAKER_ASKED, JRN_MAKER_MADE, JRN_MAKER_STATES };
extern const struct machine jrn_maker_machine; /* the legal changes */

struct jrn_counts {
	uint64_t records, commits, commits_failed, operations;
	uint64_t lost;                       /* operations without `done` that failed */
	uint64_t troubles;                   /* number of times that jrn_state() left 0 */
	uint64_t octets;                     /* size of all files, spares included */
	uint64_t waits;                      /* times that a commit waited until a file was prepared */
	uint64_t files;                      /* segments and spares */
	uint64_t commit_us;                  /* microseconds that all writes of commits took, failed ones included */
	uint32_t in_health[JRN_HEALTHS];     /* 1 for the present health, else 0 */
	uint32_t in_maker[JRN_MAKER_STATES]; /* likewise; all 0: the journal has no thread */
};
struct jrn_counts jrn_counts(struct jrn *j);

/* Returns the free space of the journal, as last checked: at the opening, at each start of
 * trouble, and every JRN_LOOK_MS.
 * A journal without a thread checks in jrn_flush() only. jrn_wake_fd() does not signal a change. */
#define JRN_LOOK_MS 5000u
void jrn_room(struct jrn *j, struct kv_room *out);
/* Returns the reason for the last trouble and a remedy; "" if there was none. */
void jrn_trouble(struct jrn *j, struct jrn_why *out);
