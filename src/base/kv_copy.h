/* kv_copy.h - a consistent copy of a store that is in use, as a stream of octets: the data file of
 * a store of the same kind, without free pages. LMDB writes the copy on a thread of its own into a
 * socket, so the caller may wait for a slow target.
 * A copy is a reader that keeps old pages. kv_copy_cut() ends the copy at once, whatever its target
 * does. */
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

struct kv;
struct kv_copy;

/* The store stays open until kv_copy_end(). ERR_NOMEM. */
ERR_MUST_USE int kv_copy_begin(struct kv_copy **out, const struct kv *k);
/* upper bound in octets: the store with its free pages */
uint64_t kv_copy_size(const struct kv_copy *c);
/* Returns at least one octet; 0 at the end; ERR_IO. kv_copy_end() alone says whether the copy is
 * complete. One thread at a time. */
ssize_t kv_copy_read(struct kv_copy *c, void *p, size_t n);
/* Any thread: LMDB stops, kv_copy_read() comes to its end. */
void kv_copy_cut(struct kv_copy *c);
/* Takes the copy. Not while kv_copy_read() runs. 0: everything was written and read. ERR_CLOSED
 * (cut), ERR_PROTO (damaged), ERR_NOMEM, ERR_IO. */
ERR_MUST_USE int kv_copy_end(struct kv_copy *c);
