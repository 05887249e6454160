/* jrn_int.h - the inside of the journal (room-private).
 * Owner thread: `gather`, `out`, `spare`, numbers, and counts of waiting operations.
 * Committing side (the thread, or jrn_flush() without one): `store`.
 * Both, under `lock`: `queue` and the members listed with it.
 * A batch moves from `gather` through `queue` to the committing side. From the hand-over on it
 * is also in the owner's list `out`: the committing side never calls `done`. */
#pragma once
#include <pthread.h>
#include <stdatomic.h>
#include <sys/queue.h>

#include "base/obj.h"
#include "journal/jrn.h"
#include "journal/jrn_log.h"

enum jrn_kind { JRN_DEL, JRN_PUT, JRN_ADD }; /* given up in reverse order */

struct jrn_op {
	uint64_t number;
	uint32_t at, len; /* of the record, in the batch's octets */
	uint8_t kind;     /* enum jrn_kind */
	bool glued;       /* in one group with the next operation */
	bool unbounded;   /* does not count in `puts` */
	int err;          /* result; set by the committing side */
	jrn_done_fn *done;
	void *arg;
};

struct jrn_batch { /* the operations of one jrn_submit() */
	struct jrn_op *ops;
	size_t n, cap, puts;
	size_t waited_for; /* operations with `done` */
	uint8_t *octets;   /* the records */
	size_t octets_n, octets_cap;
	uint64_t since_us; /* monotonic time of the hand-over */
	uint64_t next;     /* all numbers given out by then are smaller */
	TAILQ_ENTRY(jrn_batch) of_owner;
	STAILQ_ENTRY(jrn_batch) queued;
};
STAILQ_HEAD(jrn_queue, jrn_batch);

struct jrn_store { /* the committing side */
	struct jrn_log log;
	struct jrn_disk disk; /* the directory; zeroed if the owner brought its own */
	int lock_fd;          /* -1: none */
	uint64_t lock_wait_ms;
	bool marked; /* data.mdb is there and only says that this is a log */
	char *dir;
	uint64_t next;         /* `next` of the newest batch seen */
	struct jrn_queue work; /* batches that were taken and are not finished */
	/* first one with a group that is in no commit yet; NULL: none */
	struct jrn_batch *at;
	size_t at_op; /* its first such operation */
	/* the commit in log.build failed: it has to be written in another segment */
	bool held;
	bool refusing;                    /* a new trigger was given up in this round */
	uint64_t *kept;                   /* deletes not yet committed */
	size_t kept_n, kept_cap, kept_in; /* kept_in: of them in the commit that gathers */
	int state;                        /* 0, ERR_NOSPC, ERR_IO */
	struct jrn_why why;               /* in trouble: the reason at its start */
	struct jrn_why last;              /* of the last failure of the log */
	struct kv_room room;              /* as last checked */
	uint64_t look_us;                 /* monotonic time of the next check */
	uint64_t probe_us, probe_wait_us; /* monotonic time of the next test; the pause after it */
	struct jrn_counts counts;
};

#define JRN_MAGIC 0x8e4edc90u
struct jrn {
	struct obj obj;
	/* the owner's */
	struct jrn_batch *gather;
	TAILQ_HEAD(, jrn_batch) out; /* handed over, not completed; in order */
	struct jrn_batch *spare[64]; /* hand-overs may be small and many */
	size_t spares;
	size_t pending, puts, octets; /* of gather and out */
	size_t pending_max;
	size_t group_at;    /* first operation of the open group, or SIZE_MAX */
	uint64_t next;      /* number for the next trigger */
	uint64_t submitted; /* batches handed over */
	uint64_t completed;
	bool completing;
	uint32_t batch_window_ms, batch_max, lazy_ms;
	bool lazy_told; /* the thread knows that operations wait that nobody waits for */
	/* shared, under lock */
	pthread_mutex_t lock;
	/* work: signals the thread. idle: signals the owner that waits for it. */
	pthread_cond_t work, idle;
	struct jrn_queue queue;
	size_t queue_ops;
	uint64_t handed, finished; /* batches */
	bool urgent, stop;
	uint64_t rounds; /* of the committing side */
	/* monotonic time at which the owner is woken to hand over what nobody waits for; 0:
	 * never */
	uint64_t lazy_us;
	/* copies under way: no segment is used again while there are any */
	unsigned pins;
	unsigned laters;           /* the same, for the records of the start (jrn_later.h) */
	bool asleep;               /* the thread waits for `work` */
	uint64_t wakes_us;         /* and wakes by itself then; UINT64_MAX: never */
	uint64_t roused;           /* times that it was woken only for a lazy_us; for tests */
	bool held_by_owner;        /* no round begins */
	struct jrn_extent present; /* of the log after the last round */
	bool busy;                 /* the committing side is working without the lock */
	struct jrn_counts counts;
	struct kv_room room;
	struct jrn_why why; /* of the last trouble */
	atomic_int state;
	atomic_bool lazy_due; /* the owner has to hand over what nobody waits for */
	/* the thread */
	bool threaded;
	pthread_t thread;
	int wake;
	struct jrn_store store;
};

/* Numbers reserved at once. */
#define JRN_RESERVE 65536u

static inline bool jrn_counts_as_put(const struct jrn_op *op)
{
	return op->kind != JRN_DEL && !op->unbounded;
}

/* jrn_batch.c */
ERR_MUST_USE int jrn_batch_push(struct jrn_batch *b, const struct jrn_op *op, const void *record);
void jrn_batch_free(struct jrn_batch *b);

struct jrn_group { /* one group of operations: [at, end) of a batch */
	size_t at, end;
	enum jrn_kind kind; /* highest kind in it */
	size_t octets;      /* of its records in a commit */
};
struct jrn_group jrn_group_at(const struct jrn_batch *b, size_t at);

/* jrn_commit.c: everything below is for the committing side. */
/* Commits the batches in s->work. Returns true when all are finished; their operations have `err`
 * set. False: the disk fails, and nobody can know what is on it; the next call goes on. */
bool jrn_commit(struct jrn_store *s, uint64_t now_us);
/* Ends what could not be committed, at the close: `err` for all that is not known to be durable. */
void jrn_commit_abandon(struct jrn_store *s);
/* One commit of nothing but reclaimed records and kept deletes. */
ERR_MUST_USE int jrn_commit_room(struct jrn_store *s);

/* jrn_trouble.c */
void jrn_set_trouble(struct jrn_store *s, int err, uint64_t now_us);
/* In trouble: tests whether it is over. */
void jrn_probe(struct jrn_store *s, uint64_t now_us);
/* Checks free space. */
void jrn_look(struct jrn_store *s, uint64_t now_us);

/* jrn_take_over.c */
/* Locks the directory; takes over an LMDB journal. Errors as of jrn_open(), with words in s->last.
 * `say`: words for the log, or "". */
ERR_MUST_USE int jrn_take_over(struct jrn_store *s, char *say, size_t say_cap);
/* After the log exists: programs for older formats refuse the directory. */
ERR_MUST_USE int jrn_mark(struct jrn_store *s);

/* jrn_thread.c */
uint64_t jrn_now_us(void);
ERR_MUST_USE int jrn_thread_start(struct jrn *j);
void jrn_thread_end(struct jrn *j);
void jrn_hand_over(struct jrn *j, struct jrn_batch *b);
/* Waits until all batches are committed, or the disk has failed once more. Without a thread commits
 * them itself. */
void jrn_wait_all(struct jrn *j);
void jrn_lazy(struct jrn *j); /* operations wait that nobody waits for */
/* Holds the committing side between its rounds, and lets it go. */
void jrn_hold(struct jrn *j);
void jrn_release(struct jrn *j);
/* True if the thread waits for operations. */
bool jrn_is_idle(struct jrn *j);
