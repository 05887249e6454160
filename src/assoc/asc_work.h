/* asc_work.h - the store's thread and its queue (room-private). asc_store.h has the drawing. All
 * calls are the owner's. */
#pragma once
#include "base/err.h"

struct asc;
struct asc_job;
struct asc_view;

ERR_MUST_USE int asc_work_start(struct asc *a); /* ERR_NOMEM */
/* Waits for the job that runs. Jobs that were not begun end with ERR_CLOSED. Calls `finished` of
 * every job. Nothing when the thread was not started. */
void asc_work_stop(struct asc *a);

/* Queues a job, whose `run` and `finished` are set. Takes it. The queue has no bound of its own:
 * the caller counts. Never waits. */
void asc_enqueue(struct asc *a, struct asc_job *job);
/* Gives up a view of the owner's: takes one reference; the store's thread frees it after the last.
 * NULL allowed. Never waits. */
void asc_view_retire(struct asc *a, struct asc_view *v);

/* With a->lock held: moves queued jobs and retired views to the thread. For an owner that is about
 * to wait, since asc_enqueue() may not have got the lock. */
void asc_hand_over(struct asc *a);
/* Waits until a job has finished, or none is left, and calls `finished` of those that have. */
void asc_work_wait(struct asc *a);
