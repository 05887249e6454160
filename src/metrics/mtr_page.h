/* mtr_page.h - the shared memory through which snapshots (mtr_snap.h) reach the process that
 * answers scrapes. The core writes, and is the only one: it has the counters of all processes.
 * The other side gets a descriptor that can be mapped for reading only.
 *
 * There are two slots. The writer fills the one that is not current and then makes it current,
 * so that a reader has the time between two snapshots to copy one. A reader that was too slow
 * sees it by the number of the slot. */
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct mtr_page; /* mapped */

/* Octets of one snapshot with so many SCSs of their own. */
size_t mtr_page_room(uint32_t scs_max);

/* Makes the memory for snapshots of at most `room` octets; its size is sealed. The second
 * descriptor can be read only. ERR_IO with errno; then both are -1. */
ERR_MUST_USE int mtr_page_make(int *writes, int *reads, size_t room);

/* Maps it. Borrows fd until return. ERR_INVAL (not such a memory), ERR_NOMEM, ERR_IO. */
ERR_MUST_USE int mtr_page_writer(struct mtr_page **out, int fd);
ERR_MUST_USE int mtr_page_reader(struct mtr_page **out, int fd);
void mtr_page_close(struct mtr_page *p); /* takes; NULL allowed */

/* The writer: where the next snapshot goes, `*cap` octets; then it is complete and `len` long. */
void *mtr_page_begin(struct mtr_page *p, size_t *cap);
void mtr_page_publish(struct mtr_page *p, size_t len);

/* The reader: copies the current snapshot, of any content, into memory of the page that is valid
 * until the next call. `*number` grows with each snapshot; a copy of the number that was read
 * last is not made again when nothing is new: then 0 is returned and the octets are those of
 * before. ERR_AGAIN: there is none yet, or it changed again and again meanwhile. ERR_PROTO: it
 * cannot be one. */
ERR_MUST_USE int mtr_page_read(struct mtr_page *p, const void **octets, size_t *len, uint64_t *number);
