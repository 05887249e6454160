/* jrn_int.h - the journal inside (room-private). What belongs to which thread:
 * the owner: `gather`, `out`, `spare`, numbers and counts of what waits; the committing side (the thread, or jrn_flush() without one):
 * `store`; both, under `lock`: `queue` and what stands with it. A batch wanders from gather over queue to the committing side and is
 * in the owner's list `out` from the hand-over on: the committing side never calls `done`. */
#pragma once
#include <lmdb.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/queue.h>

#include "base/kv_readers.h"
#include "base/obj.h"
#include "journal/jrn.h"

enum jrn_kind { JRN_DEL, JRN_PUT, JRN_ADD }; /* in order of what is given up first, from the end */

struct jrn_op {
	uint64_t number;
	uint32_t at, len; /* of the record, in the batch's octets */
	uint8_t kind;     /* enum jrn_kind */
	bool glued;       /* belongs together with the one behind it */
	bool unbounded;   /* does not count in `puts` */
	int err;          /* what became of it; set by the committing side */
	jrn_done_fn *done;
	void *arg;
};

struct jrn_batch { /* what one jrn_submit() hands over */
	struct jrn_op *ops;
	size_t n, cap, puts;
	uint8_t *octets; /* the records */
	size_t octets_n, octets_cap;
	uint64_t since_us; /* monotonic: when it was handed over */
	uint64_t next;     /* numbers below it were given out by then */
	TAILQ_ENTRY(jrn_batch) of_owner;
	STAILQ_ENTRY(jrn_batch) queued;
};
STAILQ_HEAD(jrn_queue, jrn_batch);

struct jrn_store { /* the committing side */
	struct kv kv;
	MDB_dbi triggers; /* u64 in host order -> record */
	MDB_dbi ballast;  /* u32 -> octets of no use: jrn_trouble.c */
	bool ballast_there;
	char *dir;
	uint64_t map_max, compact_above;
	uint64_t reserved; /* below it the store has already promised not to start again */
	uint64_t next;     /* of the newest batch seen */
	uint64_t *kept;    /* deletes that could not be committed yet */
	size_t kept_n, kept_cap;
	int state;                        /* 0, ERR_NOSPC, ERR_IO */
	struct jrn_why why;               /* in trouble: of its beginning */
	struct kv_room room;              /* as last seen */
	uint64_t look_us;                 /* monotonic: when the next look is due */
	uint64_t probe_us, probe_wait_us; /* monotonic: when the next try is due; the pause before the one after it */
	struct jrn_counts counts;
};

#define JRN_MAGIC 0x8e4edc90u
struct jrn {
	struct obj obj;
	/* the owner's */
	struct jrn_batch *gather;
	TAILQ_HEAD(, jrn_batch) out; /* handed over, not completed; in order */
	struct jrn_batch *spare[4];
	size_t spares;
	size_t pending, puts, octets; /* of gather and out */
	size_t pending_max;
	size_t group_at;    /* first operation of the open group, or SIZE_MAX */
	uint64_t next;      /* number for the next trigger */
	uint64_t submitted; /* batches that were handed over */
	uint64_t completed;
	bool completing;
	uint32_t batch_window_ms, batch_max;
	/* shared, under lock */
	pthread_mutex_t lock;
	pthread_cond_t work, idle; /* for the thread; for the owner when it waits for the thread */
	struct jrn_queue queue;
	size_t queue_ops;
	uint64_t handed, finished; /* batches */
	bool urgent, stop;
	unsigned pins; /* while the store is read through, it is not opened anew */
	bool busy;     /* the committing side works without the lock */
	struct jrn_counts counts;
	struct kv_room room;
	struct jrn_why why; /* of the last trouble */
	atomic_int state;
	/* the thread */
	bool threaded;
	pthread_t thread;
	int wake;
	struct jrn_store store;
};

/* How many numbers one write of the promise covers: it costs a page in one commit of so many. */
#define JRN_RESERVE 65536u

static inline bool jrn_counts_as_put(const struct jrn_op *op)
{
	return op->kind != JRN_DEL && !op->unbounded;
}

/* jrn_batch.c */
ERR_MUST_USE int jrn_batch_push(struct jrn_batch *b, const struct jrn_op *op, const void *record);
void jrn_batch_free(struct jrn_batch *b);

/* jrn_commit.c: everything below is for the committing side. */
/* Commits all batches of the queue in one transaction, as much of it as can be; sets `err` of each operation. */
void jrn_commit(struct jrn_store *s, const struct jrn_queue *q, uint64_t now_us);
/* The same after it failed with `rc` of LMDB: as much as can be, in order of what was promised. */
void jrn_commit_less(struct jrn_store *s, const struct jrn_queue *q, int rc, uint64_t now_us);
void jrn_set_trouble(struct jrn_store *s, int rc, uint64_t now_us);
/* The room and the readers; frees the slots of dead ones. */
void jrn_look(struct jrn_store *s, uint64_t now_us);
/* In trouble: opens LMDB anew when it wants that and `may_reopen`, tries whether a record can be stored. */
void jrn_probe(struct jrn_store *s, bool may_reopen, uint64_t now_us);

struct jrn_group { /* operations that belong together: [at, end) of a batch */
	size_t at, end;
	enum jrn_kind kind; /* the most that is in it */
};
struct jrn_group jrn_group_at(const struct jrn_batch *b, size_t at);
struct jrn_pass {           /* what of a queue one transaction takes */
	size_t from, to;    /* groups */
	enum jrn_kind most; /* what is more than this gets `failed` instead */
	int failed;
};
void jrn_count_octets(struct jrn_store *s); /* of the file, as it is now; at its opening and after each commit */
/* The next three return LMDB's code; on failure nothing is kept. */
ERR_MUST_USE int jrn_try(struct jrn_store *s, const struct jrn_queue *q, const struct jrn_pass *p);
ERR_MUST_USE int jrn_txn_end(struct jrn_store *s, MDB_txn *txn, int rc); /* commits, or aborts because of rc */
ERR_MUST_USE int jrn_ballast_in(struct jrn_store *s);                    /* when it is not there */

/* jrn_open.c; LMDB's code. */
ERR_MUST_USE int jrn_put_reserved(struct jrn_store *s, MDB_txn *txn, uint64_t reserved);
ERR_MUST_USE int jrn_store_open(struct jrn_store *s, uint64_t *next, struct jrn_why *why);

/* jrn_thread.c */
uint64_t jrn_now_us(void);
ERR_MUST_USE int jrn_thread_start(struct jrn *j);
void jrn_thread_end(struct jrn *j);
void jrn_hand_over(struct jrn *j, struct jrn_batch *b);
void jrn_wait_all(struct jrn *j); /* until everything handed over is committed; commits it itself when there is no thread */
