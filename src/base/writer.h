/* writer.h - whole lines to a descriptor that may have a slow reader or none: a log on standard error, events on standard output. The
 * caller never waits for the reader.
 *
 * A thread of its own writes what gathered in a bounded queue. Nothing else serves every kind of descriptor that a service manager, a
 * shell or a container hands in:
 *   - O_NONBLOCK is a property of the open file description, which we share with the operator's shell and with every other process on
 *     the same terminal or pipe. Setting it would break them, and they could clear it again. Where one of them set it, the thread waits with poll().
 *   - poll() and then write() can still block: parent, edges and core write to the same pipe, and another one may fill it in between.
 *   - Opening /proc/self/fd/N makes a description of our own, but not of a socket (journald) and not without the right to open it (a
 *     pipe of another user, in a container or after the change to `user`).
 * A regular file has no reader that could stand still: its lines are written at once, in the caller, and none is lost when the process
 * is killed. It may end in half a line, of an earlier run or of another process that found the disk full: after writer_look(), and after
 * each of our own writes that failed, the end is looked at before the next line, and a torn one is ended first. */
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct writer; /* opaque */

#define WRITER_OCTETS 262144u /* room for buffered lines, where nothing else is configured */
#define WRITER_END_MS 500u    /* time that the end of a program waits for the reader to take the buffered lines */

/* Called once lines are written again after `lost` ones were not, on the writer's thread or, for a file, in writer_line(): puts one line
 * that says so into out, with its newline, and returns its length; 0: no line. `error` is errno of the last write that failed among
 * them; 0: the queue was full because the reader was slow. The writer is locked: no call of it. When the line cannot be written, the
 * next gap has these lines too. */
typedef size_t writer_gap_fn(void *arg, char *out, size_t size, uint64_t lost, int error);
#define WRITER_GAP_LINE_MAX 256
/* Called when a file is found to end in `octets` octets of a torn line: puts the line that follows it and says so to a reader into out, as
 * above. */
typedef size_t writer_torn_fn(void *arg, char *out, size_t size, uint64_t octets);

/* Borrows fd, which must stay open as long as the process lives. `gap` may be NULL. ERR_NOMEM: no memory or no thread. */
ERR_MUST_USE int writer_open(struct writer **out, int fd, size_t octets_max, writer_gap_fn *gap, void *arg);
/* Incomplete lines are reported with `torn`. NULL, the default: they are ended without a report.
 * Before the first line. */
void writer_on_torn(struct writer *w, writer_torn_fn *torn);
/* Looks at the end of the file before the next line. For the first process that writes to a file: one that looks while another is in the
 * middle of its write takes that for torn. */
void writer_look(struct writer *w);
/* Changes the limit of buffered bytes. */
void writer_octets_max(struct writer *w, size_t octets_max);
/* One line, with its newline. Copies. Any thread. ERR_LIMIT: the reader did not take the lines before it; ERR_IO: the file or the reader
 * took nothing; ERR_NOMEM. After an error the line is lost and counted. */
ERR_MUST_USE int writer_line(struct writer *w, const char *line, size_t len);
void writer_put(struct writer *w, const char *line, size_t len); /* the same; a lost line is counted and reported by `gap` */
/* Lines lost since writer_open(), also those that the thread could not write. Any thread. */
uint64_t writer_lost(struct writer *w);
/* errno of the last write when it failed; 0: it did not, or there was none. Any thread. */
int writer_failing(struct writer *w);
/* Takes w; NULL allowed. Waits until everything is written, at most wait_ms. 0; ERR_TIMEOUT: what is left is abandoned, and the thread
 * ends with its write or with the process. Lines that are missing and were not told, those that are abandoned too, are told by `gap`
 * before this returns; after it neither `gap` nor `torn` is called: the caller may free `arg`. */
ERR_MUST_USE int writer_close(struct writer *w, uint32_t wait_ms);
/* The same with WRITER_END_MS, for a process that ends either way. */
void writer_end(struct writer *w);
