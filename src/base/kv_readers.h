/* kv_readers.h - readers of a store and the room that they leave. LMDB uses a freed page again only when no reader can still see the
 * page: a reader that died without its end, that stands still, or that takes hours lets the file grow up to map_max. So each write
 * transaction of ours begins here, where the slots of dead readers are freed, and an owner looks now and then at the live ones.
 *
 * All calls belong to the thread that writes to the store. */
#pragma once
#include "base/kv.h"
#include "base/kv_room.h"

/* Begins a write transaction, after the slots of dead readers were freed: costs a walk over the table of readers, and a system call
 * for each process other than this one in it. LMDB's code. */
ERR_MUST_USE int kv_write_begin(struct kv *k, MDB_txn **txn);

/* Frees the slots of dead readers and looks at the others. Reads the list of free pages, which is on disk. LMDB's code. */
ERR_MUST_USE int kv_room_look(struct kv *k, struct kv_room *out);
/* The oldest reader alone; cheap. */
void kv_reader_oldest(const struct kv *k, struct kv_reader *out);

/* Text for an LMDB code: its meaning and the next step. For a full store it names the configuration key and the reader that holds
 * its pages. `k` may be NULL for a code that is not about room. Returns `out`. Longer words than `cap` are cut; 300 octets are enough. */
const char *kv_words(const struct kv *k, int rc, char *out, size_t cap);
