/* asc_store.h - the state of an open store (room-private).
 *
 *   owner's thread                      the store's thread (asc_work.c)
 *   asc_submit() ---- queue ----------> checks against ITS newest model, one transaction, new view
 *   asc_completions() <-- finished ---- {the outcome, the view}
 *   takes the view; the one before ---> retired: freed there
 *
 * The owner reads only from its view (asc_view.h). The store's thread makes new views. No lock is
 * held during I/O. */
#pragma once
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/obj.h"
#include "assoc/asc.h"
#include "assoc/asc_view.h"

struct asc_gen;
struct asc_job;
struct asc_kept_list;
struct asc_kept_state;
struct asc_main;
struct asc_manual;
struct asc_model;

#define ASC_MAGIC 0xa1725102u
struct asc {
	struct obj obj;
	/* the owner's */
	struct asc_view *view;                   /* in force; owned */
	bool importing;                          /* from asc_import_begin() to asc_import_free() */
	struct asc_job *handing, **handing_tail; /* queued, and not yet moved to `queue` */
	struct asc_view *retiring;               /* given up, and not yet moved to `retired` */
	struct asc_rooms rooms_seen;             /* copy of `rooms`: what asc_rooms() gave last */
	struct asc_kept_list *kept_seen;         /* the states that are kept; owned */
	uint32_t waiting;                        /* jobs whose `finished` is still to be called */

	/* read by both threads, never changed after asc_open() */
	char *dir;
	uint64_t map_max;
	uint64_t lock_wait_ms;
	size_t import_memory;
	uint32_t changes_max, undo_max;
	uint64_t undo_octets_max;
	/* eventfd: readable while jobs are in `done`, or the owner is to try the lock again */
	int wake_fd;

	/* under `lock`, which is held briefly. The owner only tries the lock, except in calls that
	 * wait anyway */
	pthread_mutex_t lock;
	pthread_cond_t work, finished;
	struct asc_job *queue, **queue_tail;
	struct asc_job *done, **done_tail;
	struct asc_view *retired;
	struct asc_rooms rooms; /* as last seen */
	bool stop;

	/* the store's thread's, after asc_open() */
	pthread_t thread;
	bool thread_runs;
	struct asc_main *main; /* the main environment; owned */
	uint32_t next_number;
	/* counted in the two environments; the sum is asc_generation() */
	uint64_t main_changes, gen_changes;
	uint64_t next_gen;
	struct asc_model *model;     /* the newest; owned */
	struct asc_gen *gen;         /* the generation that counts; owned */
	struct asc_kept_state *kept; /* the states that are kept, the oldest first; owned */
	uint32_t kept_n, kept_next;  /* kept_next: id of the next one */
	/* list of manual changes of the import under way; NULL: no import. Borrowed */
	struct asc_manual *manual;
	uint64_t look_ms; /* monotonic: when the next look at the room is due */
	/* the last change could not be written: ERR_NOSPC or ERR_IO (asc_room.h) */
	int failing;
	uint64_t failing_disk; /* octets that the disk had then */
	bool failing_disk_known;
	bool broken; /* a commit succeeded but cannot be read: further changes are refused */
};

/* The view in force, for the owner. */
static inline struct asc_view *asc_view_of(const struct asc *a)
{
	OBJ_CHECK(a, ASC_MAGIC);
	return a->view;
}
