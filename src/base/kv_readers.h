/* kv_readers.h - the readers of a store and the room that they leave. LMDB reuses a freed page only
 * if no reader can still see it. A reader that died, that stands still or that takes hours
 * therefore lets the file grow up to map_max. So each write transaction of ours begins here, where
 * the slots of dead readers are freed. An owner checks the live readers from time to time.
 *
 * All calls belong to the thread that writes to the store. */
#pragma once
#include "base/kv.h"
#include "base/kv_room.h"

/* Frees the slots of dead readers and begins a write transaction. Costs a walk over the table of
 * readers, and a system call for each other process in it. Returns LMDB's code. */
ERR_MUST_USE int kv_write_begin(struct kv *k, MDB_txn **txn);

/* Frees the slots of dead readers and examines the others. Reads the list of free pages, which is
 * on disk. Returns LMDB's code. */
ERR_MUST_USE int kv_room_look(struct kv *k, struct kv_room *out);
/* The oldest reader alone; cheap. */
void kv_reader_oldest(const struct kv *k, struct kv_reader *out);

/* LMDB says EIO also when the disk was full in the middle of a write. Returns ENOSPC then, else
 * `rc`; to be called at once after the failure. `k` may be NULL. */
int kv_cause(const struct kv *k, int rc);

/* Writes the meaning of an LMDB code, after kv_cause(), and the next step. For a full store the
 * text names the configuration key and the reader that holds its pages. `k` may be NULL for a code
 * that is not about room. A text longer than `cap` is cut; 300 octets suffice. Returns `out`. */
const char *kv_words(const struct kv *k, int rc, char *out, size_t cap);
