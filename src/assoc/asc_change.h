/* asc_change.h - the hand-over of finished work to the thread that owns the store. Work that waits for the disk is done on a thread of
 * the store; what it brings about comes into force, and is told, on the owner's thread inside asc_completions(). */
#pragma once
#include "base/err.h"

struct asc;

/* Readable while something waits for asc_completions(). Borrowed: the store's; only to be watched. */
int asc_wake_fd(const struct asc *a);
/* Owner thread: brings what is finished into force, in the order in which it was handed in, and calls each one's `done`, which may hand
 * in more but not close the store. Does not wait. */
void asc_completions(struct asc *a);
