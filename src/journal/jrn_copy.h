/* jrn_copy.h - a copy of a journal that is in use, as one stream of octets, and the way back.
 *
 * The stream is the segments one after the other, each from its header to the end of its commits.
 * It carries its own lengths: each commit has its size in its header, and a segment's header
 * looks different from a commit's. */
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "journal/jrn.h"

struct jrn_copy;

/* The owner begins the copy and ends it before jrn_close(); one other thread reads it. Meanwhile
 * no segment that is copied is used again. ERR_BUSY: another copy is under way, or the journal is
 * in trouble. ERR_NOMEM, ERR_IO. */
ERR_MUST_USE int jrn_copy_begin(struct jrn_copy **out, struct jrn *j);
uint64_t jrn_copy_size(const struct jrn_copy *c); /* octets of the stream */
/* At least one octet; 0 at the end, which is the end of the copy only if jrn_copy_end() says so;
 * ERR_IO. One thread at a time. */
ssize_t jrn_copy_read(struct jrn_copy *c, void *p, size_t n);
/* Any thread: jrn_copy_read() comes to its end. */
void jrn_copy_cut(struct jrn_copy *c);
/* Takes. Not while jrn_copy_read() runs. 0: everything was read. ERR_CLOSED (cut, or not read to
 * the end), ERR_IO. */
ERR_MUST_USE int jrn_copy_end(struct jrn *j, struct jrn_copy *c);

/* Makes a journal in `dir` (made if missing; it must have no segments) from such a stream in the
 * file `path`. Everything is checked; on an error nothing is left that opens. ERR_PROTO (not such a
 * stream, or damaged), ERR_VERSION, ERR_EXISTS, ERR_NOSPC, ERR_IO, ERR_NOMEM, with words in
 * `why`. */
ERR_MUST_USE int jrn_copy_restore(const char *path, const char *dir, struct jrn_why *why);
