/* asc_copy.h - a copy of one of the two files of an association store while the store is used and
 * changed. A whole backup consists of a copy of the rows of devices and a later copy of the main
 * file, both of one generation. Entries of the rows whose SCS, group or set the main file does not
 * have count for nothing. An import that ends in between makes another generation, and the backup
 * begins again. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "assoc/asc.h"

struct asc_copy;
struct kv_copy;

enum asc_file { ASC_FILE_ROWS, ASC_FILE_MAIN };

/* Owner thread. ERR_NOMEM, ERR_IO. */
ERR_MUST_USE int asc_copy_begin(struct asc_copy **out, struct asc *a, enum asc_file which);
/* Where the octets come from, on one other thread; kv_copy_end() is not for the caller. */
struct kv_copy *asc_copy_stream(struct asc_copy *c);
/* Owner thread, before asc_close(). Takes the copy. 0: the copy is whole and of this generation.
 * ERR_STATE: an import ended meanwhile. Else as kv_copy_end(). */
ERR_MUST_USE int asc_copy_end(struct asc_copy *c, uint64_t *generation);
